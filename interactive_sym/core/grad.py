"""Symbolic differentiation, reverse mode (floor D).

`grad` walks the graph from the cost to the variables asked for and lets each operation turn the cotangents of its
outputs into cotangents of its inputs. Each node it makes remembers the forward node it is the gradient of, and that
node's line.

Read next: `derivatives`.
"""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from . import source, testvalue
from .configuration import config
from .errors import DisconnectedInputError, NullTypeGradError, message
from .graph import Apply, Variable, leaves, toposort
from .op import Op, UndefinedDerivative, call, public
from .types import DISCRETE, GenericType, TensorType


class DisconnectedType(GenericType):
    """The type of a variable that an operation's `grad` returns for an input on which the output does not depend.

    Example:
        >>> DisconnectedType()
        Disconnected
    """


class NullType(GenericType):
    """The type of a variable that stands for a gradient that does not exist.

    Args:
        why: what is said where the gradient is asked for.

    Example:
        >>> NullType("a table has no slope").why
        'a table has no slope'
    """

    def __init__(self, why: str = "it is not defined") -> None:
        self.why = why


def grad(
    cost: Variable | None,
    wrt: Any,
    consider_constant: Sequence[Variable] | None = None,
    disconnected_inputs: str = "raise",
    add_names: bool = True,
    known_grads: Mapping[Variable, Any] | None = None,
    return_disconnected: str = "zero",
    null_gradients: str = "raise",
) -> Any:
    """Gradient of a scalar cost with respect to one or several variables.

    Args:
        cost: a 0-d float variable, or None where `known_grads` says where to start.
        wrt: a variable, or a list or tuple of them; need not be inputs.
        consider_constant: variables through which no gradient passes; what is behind them counts as constant.
        disconnected_inputs: what happens where the cost does not depend on a variable: "raise", "warn" or "ignore".
        add_names: name the gradients, as in `(dcost/dw)`.
        known_grads: variable -> its gradient, which is known; the walk goes on from it.
        return_disconnected: what stands for the gradient of a variable the cost does not depend on, where that is no
            error: "zero" (zeros of its shape) or "none" (None).
        null_gradients: what happens where a gradient is needed through an operation that has none: "raise" or "return"
            (None in its place).

    Returns:
        A variable of `wrt`'s type for one variable; a list or tuple of them for a list or tuple.

    Raises:
        TypeError: the cost is not a scalar, or `wrt` is a set or another thing without order.
        DisconnectedInputError: the cost does not depend on a variable.
        NullTypeGradError: an operation on the way has no gradient.
        ValueError: an option is none of its words.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dscalar("x")
        >>> float(T.grad(x**2, x).eval({x: 4.0}))
        8.0
    """
    if cost is None and not known_grads:
        raise ValueError(message("grad wants a cost, or known_grads to start from", source.here()[0]))
    if cost is not None:
        _check_cost(cost)
    if isinstance(wrt, (set, frozenset)) or not isinstance(wrt, (list, tuple, Variable)):
        raise TypeError(
            message(
                f"wrt wants a variable, or a list of them, got {type(wrt).__name__}", source.here()[0], cure="[x, y]"
            )
        )
    for name, value, choices in (
        ("disconnected_inputs", disconnected_inputs, ("raise", "warn", "ignore")),
        ("return_disconnected", return_disconnected, ("zero", "none", "disconnected")),
        ("null_gradients", null_gradients, ("raise", "return")),
    ):
        if value.lower() not in choices:
            raise ValueError(f"{name} is one of {', '.join(map(repr, choices))}, not {value!r}")
    wanted: list[Variable] = [wrt] if isinstance(wrt, Variable) else list(wrt)
    for variable in wanted:
        if not isinstance(variable, Variable):
            raise TypeError(message(f"wrt wants variables, got {variable!r:.60}", source.here()[0]))

    walk = _Walk(cost, wanted, consider_constant or (), known_grads or {}, null_gradients.lower())
    found = []
    for variable in wanted:
        gradient = walk.gradient(variable, disconnected_inputs.lower(), return_disconnected.lower())
        if add_names and gradient is not None and cost is not None and cost.name and variable.name:
            made = gradient.owner
            if gradient.name is None and made is not None and made.origin is not None:
                gradient.name = f"(d{cost.name}/d{variable.name})"
        found.append(gradient)
    if isinstance(wrt, Variable):
        return found[0]
    return tuple(found) if isinstance(wrt, tuple) else found


def _check_cost(cost: Any) -> None:
    if not isinstance(cost, Variable) or not isinstance(cost.type, TensorType):
        raise TypeError(message(f"the cost must be a symbolic scalar, got {type(cost).__name__}", source.here()[0]))
    if len(cost.type.shape) != 0:
        dims = len(cost.type.shape)
        raise TypeError(
            message(
                f"the cost must be a scalar, {cost} has {dims} dimension{'s' * (dims > 1)}",
                cost.owner.where if cost.owner is not None else source.here()[0],
                operands=[(str(cost)[:40], cost.type.dtype, cost.type.form)],
                cure="cost.mean() or cost.sum()",
            )
        )


class _Walk:
    """One walk from the cost back: cotangents by variable, and what was found on the way.

    With `totals` the known cotangents are all there is to say of their variables; without, what comes from other known
    variables that depend on them is added.
    """

    def __init__(
        self,
        cost: Variable | None,
        wanted: Sequence[Variable],
        consider_constant: Sequence[Variable],
        known: Mapping[Variable, Any],
        null_gradients: str,
        totals: bool = True,
    ) -> None:
        self.cost = cost
        self.null_gradients = null_gradients
        self.blocked = set(consider_constant)
        self.cotangents: dict[Variable, Variable] = {}
        self.broken: dict[Variable, NullTypeGradError] = {}
        starts = [*([cost] if cost is not None else ()), *known]
        self.starts = set(starts)
        self.totals = set(known) if totals else set()
        self.order = toposort(starts, [x for x in self.blocked if x not in starts])
        self.needed = _between(self.order, wanted)
        if cost is not None:
            with source.attributed_to(cost.owner.where if cost.owner is not None else None, None):
                self.cotangents[cost] = call("fill", cost, call("constant", 1.0, dtype=_cotangent_dtype(cost)))
        for variable, value in known.items():
            cotangent = call("as_tensor_variable", value)
            if cotangent.type.ndim != variable.type.ndim:
                raise ValueError(
                    message(
                        f"known_grads: the cotangent of {variable} has {cotangent.type.ndim} dimensions, "
                        f"the variable {variable.type.ndim}",
                        source.here()[0],
                    )
                )
            self.cotangents[variable] = cotangent
        for node in reversed(self.order):
            if node in self.needed:
                self._back(node)

    def _back(self, node: Apply) -> None:
        op: Op = node.op
        outputs = [x for x in node.outputs if x not in self.blocked or x in self.starts]
        reached = [x for x in outputs if x in self.cotangents]
        broken = next((self.broken[x] for x in outputs if x in self.broken), None)
        if not reached and broken is None:
            return
        if not any(map(is_differentiable, node.outputs)):
            return
        connected = op.connection_pattern(node)
        if broken is not None:
            for variable, row in zip(node.inputs, connected):
                if any(row[k] for k, x in enumerate(node.outputs) if x in self.broken):
                    self._break(variable, broken)
        live = [any(row[k] for k, x in enumerate(node.outputs) if x in reached) for row in connected]
        if not any(live):
            return
        with source.attributed_to(node.where, source.Origin("gradient", op.name, node)):
            cotangents = [
                self.cotangents[output]
                if output in reached
                else call("zeros_like", output, _cotangent_dtype(output))
                if isinstance(output.type, TensorType)
                else output
                for output in node.outputs
            ]
            try:
                with testvalue.lenient():
                    gradients = op.L_op(node.inputs, node.outputs, cotangents)
            except TypeError as error:
                own = type(op).grad is not Op.grad or type(op).L_op is not Op.L_op
                if own and not isinstance(error, UndefinedDerivative):
                    raise
                for variable, alive in zip(node.inputs, live):
                    if alive:
                        self._break(variable, _null(node, str(error)))
                return
            if len(gradients) != len(node.inputs):
                raise ValueError(f"{op.name}.grad gave {len(gradients)} gradients for {len(node.inputs)} inputs")
            for variable, gradient, alive in zip(node.inputs, gradients, live):
                if gradient is None or not alive or variable in self.totals:
                    continue
                if isinstance(gradient, Variable) and isinstance(gradient.type, DisconnectedType):
                    continue
                if not is_differentiable(variable):
                    continue
                if isinstance(gradient, Variable) and isinstance(gradient.type, NullType):
                    self._break(variable, _null(node, gradient.type.why))
                    continue
                fitted = fit_cotangent(gradient, variable)
                before: Any = self.cotangents.get(variable)
                self.cotangents[variable] = fitted if before is None else before + fitted

    def _break(self, variable: Variable, error: NullTypeGradError) -> None:
        """Record that the gradient of a variable does not exist."""
        if is_differentiable(variable):
            self.broken.setdefault(variable, error)

    def gradient(self, variable: Variable, disconnected_inputs: str, return_disconnected: str) -> Variable | None:
        if variable in self.broken:
            if self.null_gradients == "return":
                return None
            raise self.broken[variable]
        found = self.cotangents.get(variable)
        if found is not None:
            return found
        if not self._reaches(variable):
            error = self._disconnected(variable)
            if disconnected_inputs == "raise":
                raise error
            if disconnected_inputs == "warn":
                warnings.warn(str(error), UserWarning, stacklevel=4)
            if return_disconnected != "zero":
                return None
        zeros: Variable
        if isinstance(variable.type, TensorType):
            zeros = call("zeros_like", variable, _cotangent_dtype(variable))
        else:
            zeros = variable.type.zeros_like(variable)
        return zeros

    def _reaches(self, variable: Variable) -> bool:
        """Whether the cost depends on the variable through operations that a gradient may pass (perhaps as zero)."""
        reached = {variable}
        for node in self.order:
            if any(x in reached for x in node.inputs):
                pattern = node.op.connection_pattern(node)
                for k, output in enumerate(node.outputs):
                    if any(x in reached and row[k] for x, row in zip(node.inputs, pattern)):
                        reached.add(output)
        return not reached.isdisjoint(self.starts)

    def _disconnected(self, variable: Variable) -> DisconnectedInputError:
        used = leaves([self.cost]) if self.cost is not None else []
        for node in self.order:
            if node.op.gradient_stops and variable in leaves(node.inputs) + list(node.inputs):
                return DisconnectedInputError(
                    message(
                        f"no gradient reaches {variable}: it stops at {node.op.name}, {node.op.gradient_stops}",
                        node.where,
                        detail=[f"path: {' -> '.join([str(variable), *_path(self.order, variable)])}"],
                        cure="disconnected_inputs='ignore' gives zeros",
                    )
                )
        names = [x.name for x in used if x.name]
        near = f"it depends on {', '.join(names[:6])}" if names else "it depends on no named variable"
        return DisconnectedInputError(
            message(
                f"the cost does not depend on {variable}: {near}",
                self.cost.owner.where if self.cost is not None and self.cost.owner is not None else None,
                cure="disconnected_inputs='ignore' gives zeros",
            )
        )


def _null(node: Apply, why: str) -> NullTypeGradError:
    return NullTypeGradError(
        message(f"{node.op.name} has no gradient, and one is needed through it", node.where, detail=[why])
    )


def _path(order: Sequence[Apply], variable: Variable) -> list[str]:
    reached = {variable}
    path = []
    for node in order:
        if any(x in reached for x in node.inputs):
            reached.update(node.outputs)
            path.append(node.op.name)
    return path[:8]


def _between(order: Sequence[Apply], wanted: Sequence[Variable]) -> set[Apply]:
    """Nodes of `order` that depend on a variable of `wanted`."""
    reached: set[Variable] = set(wanted)
    nodes: set[Apply] = set()
    for node in order:
        if any(x in reached for x in node.inputs):
            nodes.add(node)
            reached.update(node.outputs)
    return nodes


@public
def cotangents(known: Mapping[Variable, Any], wrt: Sequence[Variable]) -> list[Variable | None]:
    """What cotangents of some variables make of others: the gradient of a part of a graph, for operations holding one.

    Args:
        known: variables -> their cotangents; where one depends on another, what comes from it is added.
        wrt: variables to differentiate with respect to.

    Returns:
        For each of `wrt` its cotangent; None where none reaches it; a variable of `NullType` where an operation on the
        way has no gradient.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x, g = T.dscalars("x", "g")
        >>> cotangents({x * 3: g}, [x])[0].eval({g: 2.0})
        array(6.)
    """
    walk = _Walk(None, wrt, (), known, "raise", totals=False)
    return [NullType(str(walk.broken[x])).make_variable() if x in walk.broken else walk.cotangents.get(x) for x in wrt]


def _cotangent_dtype(variable: Variable) -> str:
    dtype: str = variable.type.dtype
    return config.floatX if dtype in DISCRETE else dtype


def is_differentiable(variable: Variable) -> bool:
    """Whether a variable may have a gradient: its type says so."""
    return bool(getattr(variable.type, "differentiable", False))


def fit_cotangent(cotangent: Variable, variable: Variable) -> Variable:
    """A cotangent in the element type and shape of `variable`: summed over the dimensions in which it was stretched."""
    if not isinstance(variable.type, TensorType):
        fitted: Variable = variable.type.fit_cotangent(cotangent, variable)
        return fitted
    cotangent = call("as_tensor_variable", cotangent)
    wanted, got = variable.type, cotangent.type
    extra = len(got.shape) - len(wanted.shape)
    axes = list(range(extra))
    kept = [
        axis + extra
        for axis, size in enumerate(wanted.shape)
        if extra + axis >= 0 and size == 1 and got.shape[extra + axis] != 1
    ]
    if kept:
        cotangent = call("sum", cotangent, axis=kept, keepdims=True)
    if axes:
        cotangent = call("sum", cotangent, axis=axes)
    if cotangent.type.dtype != wanted.dtype:
        cotangent = call("cast", cotangent, wanted.dtype)
    got = cotangent.type
    short = len(wanted.shape) - len(got.shape)
    padded = (1,) * short + got.shape
    if short > 0 or any(mine == 1 and its != 1 for mine, its in zip(padded, wanted.shape)):
        cotangent = call("fill", variable, cotangent)
    return cotangent


@public
def undefined(why: str) -> Variable:
    """What `grad` of an operation returns for an operand with respect to which there is no derivative.

    Args:
        why: what is said where the gradient is asked for.
    """
    return NullType(why).make_variable()
