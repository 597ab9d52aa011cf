"""Connectionist temporal classification: the cost of a labelling whose alignment in time is not known (floor B).

A path says for each time step a label or blank (class 0); dropping repetitions, then blanks, makes it a labelling. The
cost is minus the logarithm of the summed probability of all paths that make the given one, where each step's
probabilities are the softmax of its activations. With the labels l' = (blank, l1, blank, l2, ..., blank) and

    a[t, s] = log p(l'[s] at t) + log(exp a[t-1, s] + exp a[t-1, s-1] (+ exp a[t-1, s-2] where l'[s] is no repetition)),

and b the same from the end without the step's own probability, the gradient with respect to the activations of step t
is softmax less the posterior probability `sum over s with l'[s] = k of exp(a[t, s] + b[t, s] + cost)` of each class k.

Graves, Fernandez, Gomez and Schmidhuber, "Connectionist temporal classification", 2006. Read next: `tensor.nnet.ctc`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..constants import as_tensor_variable, get_scalar_constant_value
from ..errors import NotScalarConstantError, message
from ..graph import Apply, Variable, rebuild
from ..op import Op, call
from ..source import here
from ..types import FLOATS, INTEGERS, TensorType
from ..variable import TensorVariable
from .elementwise import C_TYPES
from .library import LibraryCall

Array = np.ndarray[Any, Any]

_ERRORS = (
    "ctc: activations, labels and lengths are not of one batch",
    "ctc: a label is not one of the classes 1, 2, ...",
    "ctc: a length is negative or more than the number of steps",
)


class CTC(Op):
    """Costs `(n,)` of labellings, and their gradients with respect to the activations `(steps, n, classes)`.

    Args:
        dtype: element type, float32 or float64. C and NumPy compute in float64.
    """

    __props__ = ("dtype",)
    family = "other"
    name = "ctc"

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype

    @property
    def library_c(self) -> LibraryCall:
        made = f"isym_ctc_{self.dtype}"
        places = ((0, 0, 1), (0, 1, 2), (0, 2, 3), (1, 0, 1), (1, 1, 2))
        definition = f"ISYM_CTC({made}, {C_TYPES[self.dtype]})"
        return LibraryCall("ctc.h", made, _ERRORS, places, definition, context=True)

    def make_node(self, activations: Any, labels: Any, lengths: Any) -> Apply:
        x, marks, n = as_tensor_variable(activations), as_tensor_variable(labels), as_tensor_variable(lengths)
        if len(x.type.shape) != 3 or x.type.dtype != self.dtype or self.dtype not in FLOATS:
            raise TypeError(message(f"ctc: activations are floats (steps, n, classes), got {x.type}", here()[0]))
        if len(marks.type.shape) != 2 or marks.type.dtype not in INTEGERS:
            raise TypeError(message(f"ctc: labels are integers (n, longest), got {marks.type}", here()[0]))
        if len(n.type.shape) != 1 or n.type.dtype not in INTEGERS:
            raise TypeError(message(f"ctc: lengths are integers (n,), got {n.type}", here()[0]))
        costs = TensorVariable(TensorType(self.dtype, None, x.type.shape[1:2]))
        return Apply(self, [x, call("cast", marks, "int64"), call("cast", n, "int64")], [costs, x.type.make_variable()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        x, labels, lengths = inputs
        steps, count, classes = x.shape
        if len(labels) != count or len(lengths) != count:
            raise ValueError(
                message(f"ctc: activations of {count}, {len(labels)} labellings, {len(lengths)} lengths", node.where)
            )
        if np.any(labels == 0) or np.any(labels >= classes):
            raise ValueError(message(f"ctc: labels are from 1 to {classes - 1}; class 0 is blank", node.where))
        if np.any(lengths < 0) or np.any(lengths > steps):
            raise ValueError(message(f"ctc: lengths are from 0 to {steps}, got {lengths}", node.where))
        costs, gradients = np.zeros(count), np.zeros(x.shape)
        for n in range(count):
            costs[n], gradients[: lengths[n], n] = _one(x[: lengths[n], n].astype("float64"), labels[n])
        output_storage[0][0] = costs.astype(x.dtype)
        output_storage[1][0] = gradients.astype(x.dtype)

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        """The costs' gradient is the other output; of that the cotangent goes through the costs written as a loop."""
        by_cost, by_gradient = output_grads
        found: Any = None
        if not _is_zero(by_cost):
            found = call("dimshuffle", by_cost, ("x", 0, "x")) * self(*inputs)[1]
        if not _is_zero(by_gradient):
            cost = call("sum", as_loop(*inputs))
            (slope,) = call("cotangents", {cost: call("constant", 1.0, dtype=self.dtype)}, [inputs[0]])
            # the matrix of second derivatives is symmetric: what it makes of a cotangent is a gradient, too
            weight = by_gradient.type.make_variable()
            weighted = call("sum", slope * weight)
            (curved,) = call("cotangents", {weighted: call("constant", 1.0, dtype=self.dtype)}, [inputs[0]])
            (curved,) = rebuild([curved], {weight: by_gradient})
            found = curved if found is None else found + curved
        return [call("zeros_like", inputs[0]) if found is None else found, None, None]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True, True], [False, False], [False, False]]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        sizes = tuple(input_shapes[0])
        return [(sizes[1],), sizes]


def _is_zero(x: Variable) -> bool:
    """Whether a cotangent is known to be all zeros."""
    try:
        return bool(get_scalar_constant_value(x) == 0)
    except NotScalarConstantError:
        return False


#: Stands for the logarithm of 0, and can be subtracted from itself.
_NEVER = -1e30


def as_loop(x: Any, labels: Any, lengths: Any) -> Any:
    """The costs `(n,)` as a loop over the steps, of which every derivative exists; 0 where no path makes the labels.

    Args:
        x, labels, lengths: as for `CTC`.

    Example:
        >>> import numpy as np
        >>> import interactive_sym.tensor as T
        >>> x, labels, lengths = map(T.constant, (np.zeros((2, 1, 3)), np.array([[1]]), np.array([2])))
        >>> as_loop(x, labels, lengths).eval().round(4).tolist()
        [1.0986]
    """
    dtype = x.type.dtype
    never = call("constant", _NEVER, dtype=dtype)
    batch, longest = call("shape_i", labels, 0), call("shape_i", labels, 1)
    rows = call("arange", batch).dimshuffle(0, "x")
    # labels first, what fills them up last; then a blank before, between and after
    order = call("argsort", call("cast", labels < 0, "int64") * longest + call("arange", longest), axis=1)
    count = call("sum", labels >= 0, axis=1)
    packed = call("maximum", labels[rows, order], 0)
    states = call("set_subtensor", call("zeros", (batch, 2 * longest + 1), dtype="int64")[:, 1::2], packed)
    odd = call("eq", call("arange", 2 * longest + 1) % 2, 1)
    before = call("zeros_like", states)[:, :2] - 1
    skips = call("and", odd, call("neq", states, call("join", 1, before, states[:, :-2])))
    powers = x - call("disconnected_grad", call("max", x, axis=2, keepdims=True))
    logs = powers - call("log", call("sum", call("exp", powers), axis=2, keepdims=True))
    emitted = logs.dimshuffle(1, 2, 0)[rows, states].dimshuffle(2, 0, 1)
    first = call("fill", call("cast", states, dtype), never)
    first = call("set_subtensor", first[:, 0], call("constant", 0.0, dtype=dtype))

    def step(now: Any, t: Any, reached: Any) -> Any:
        one = call("join", 1, reached[:, :1] * 0 + never, reached[:, :-1])
        two = call("join", 1, reached[:, :2] * 0 + never, reached[:, :-2])
        two = call("switch", skips, two, never)
        top = call("disconnected_grad", call("maximum", call("maximum", reached, one), two))
        total = call("exp", reached - top) + call("exp", one - top) + call("exp", two - top)
        return call("switch", (t < lengths).dimshuffle(0, "x"), now + top + call("log", total), reached)

    made, _ = call("scan", step, sequences=[emitted, call("arange", call("shape_i", x, 0))], outputs_info=[first])
    whole = call("join", 0, first.dimshuffle("x", 0, 1), made)[-1]
    blank, label = whole[rows[:, 0], 2 * count], whole[rows[:, 0], call("maximum", 2 * count - 1, 0)]
    label = call("switch", count > 0, label, never)
    top = call("disconnected_grad", call("maximum", blank, label))
    logarithm = top + call("log", call("exp", blank - top) + call("exp", label - top))
    possible = call("and", logarithm > _NEVER / 2, lengths > 0)
    return call("switch", possible, -logarithm, call("constant", 0.0, dtype=dtype))


def _one(x: Array, labels: Array) -> tuple[float, Array]:
    """The cost of one labelling and its gradient, from activations `(steps, classes)`."""
    steps = len(x)
    labels = labels[labels >= 0]
    states = np.zeros(2 * len(labels) + 1, dtype=int)
    states[1::2] = labels
    skips = np.zeros(len(states), dtype=bool)
    skips[3::2] = labels[1:] != labels[:-1]
    if steps == 0:
        return (0.0 if len(labels) == 0 else np.inf), np.zeros_like(x)
    with np.errstate(all="ignore"):
        logs = x - x.max(axis=1, keepdims=True)
        logs -= np.log(np.exp(logs).sum(axis=1, keepdims=True))
        emitted = logs[:, states]
        forward = np.full((steps, len(states)), -np.inf)
        forward[0, :2] = emitted[0, :2]
        for t in range(1, steps):
            forward[t] = emitted[t] + _from_before(forward[t - 1], skips)
        total = np.logaddexp.reduce(forward[-1, -2:])
        if not np.isfinite(total):
            return 0.0 - float(total), np.zeros_like(x)
        backward = np.full(len(states), -np.inf)
        backward[-2:] = 0.0
        gradient = np.exp(logs)
        for t in range(steps - 1, -1, -1):
            np.subtract.at(gradient[t], states, np.exp(forward[t] + backward - total))
            backward = _from_before((backward + emitted[t])[::-1], np.roll(skips, -2)[::-1])[::-1]
    return 0.0 - float(total), gradient


def _from_before(a: Array, skips: Array) -> Array:
    """The logarithm of the summed probabilities of the states from which each state is reached."""
    one = np.concatenate([[-np.inf], a[:-1]])
    two = np.concatenate([[-np.inf, -np.inf], a[:-2]])[: len(a)]
    result: Array = np.logaddexp(np.logaddexp(a, one), np.where(skips, two, -np.inf))
    return result
