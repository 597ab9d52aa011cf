"""Operations that hand on their input and say something about it: gradients' marks, `Print`, `Assert` (floor B).

A mark changes how derivatives pass a place and nothing else: the rule `gradient_mark` takes it away before a function
is compiled. `Print` and `Assert` stay.

Read next: `core.grad`, `core.derivatives`.
"""

import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from ..constants import as_tensor_variable, constant
from ..errors import message
from ..graph import Apply, Constant, Variable
from ..op import Op, UndefinedDerivative, call, public
from ..source import here
from ..types import DISCRETE, TensorType


class GradientMark(Op):
    """Hands on its input; subclasses say what derivatives do here."""

    family = "other"
    name: str = "gradient_mark"

    def make_node(self, x: Any) -> Apply:
        x = as_tensor_variable(x)
        return Apply(self, [x], [x.type.make_variable()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        output_storage[0][0] = inputs[0].copy()

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [tuple(input_shapes[0])]

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        return [output_grads[0]]

    def R_op(self, inputs: Sequence[Variable], eval_points: Sequence[Variable | None]) -> Sequence[Variable | None]:
        return [eval_points[0]]


class ZeroGrad(GradientMark):
    """Hands on its input; the gradient through it is 0.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dscalar("x")
        >>> float(T.grad(x + ZeroGrad()(x) ** 2, x).eval({x: 3.0}))
        1.0
    """

    name = "zero_grad"

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        return [call("zeros_like", inputs[0])]

    def R_op(self, inputs: Sequence[Variable], eval_points: Sequence[Variable | None]) -> Sequence[Variable | None]:
        return [None if eval_points[0] is None else call("zeros_like", inputs[0])]


class ConsiderConstant(ZeroGrad):
    """Hands on its input; the gradient through it is 0.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dscalar("x")
        >>> float(T.grad(x * ConsiderConstant()(x), x).eval({x: 3.0}))
        3.0
    """

    name = "consider_constant"


class DisconnectedGrad(GradientMark):
    """Hands on its input, and is no path from the cost to it.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dscalar("x")
        >>> float(T.grad(x * DisconnectedGrad()(x), x).eval({x: 3.0}))
        3.0
    """

    name = "disconnected_grad"
    gradient_stops = "the mark disconnected_grad"

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        return [None]

    def R_op(self, inputs: Sequence[Variable], eval_points: Sequence[Variable | None]) -> Sequence[Variable | None]:
        return [None]


class UndefinedGrad(GradientMark):
    """Hands on its input; a gradient asked for through it is an error.

    Args:
        why: what the error says.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dscalar("x")
        >>> T.grad(UndefinedGrad()(x), x)
        Traceback (most recent call last):
            ...
        interactive_sym.core.errors.NullTypeGradError: undefined_grad has no gradient, and one is needed through it...
    """

    __props__ = ("why",)
    name = "undefined_grad"

    def __init__(self, why: str = "the mark undefined_grad stands there") -> None:
        self.why = why

    def __str__(self) -> str:
        return self.name

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        raise UndefinedDerivative(self.why)

    def R_op(self, inputs: Sequence[Variable], eval_points: Sequence[Variable | None]) -> Sequence[Variable | None]:
        if eval_points[0] is None:
            return [None]
        raise UndefinedDerivative(self.why)


class GradClip(GradientMark):
    """Hands on its input; the gradient through it is clipped to `[low, high]`, element by element.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dscalar("x")
        >>> float(T.grad(GradClip(-1.0, 1.0)(x) ** 2, x).eval({x: 3.0}))
        1.0
    """

    __props__: ClassVar[tuple[str, ...]] = ("low", "high")
    name = "grad_clip"

    def __init__(self, low: float, high: float) -> None:
        if not low <= high:
            raise ValueError(message(f"grad_clip: the lower bound {low} is above the upper {high}", here()[0]))
        self.low, self.high = low, high

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        g = output_grads[0]
        low, high = (constant(bound, dtype=g.type.dtype) for bound in (self.low, self.high))
        return [call("clip", g, low, high)]


class GradScale(GradientMark):
    """Hands on its input; the gradient through it is multiplied by `multiplier`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dscalar("x")
        >>> float(T.grad(GradScale(0.5)(x) ** 2, x).eval({x: 3.0}))
        3.0
    """

    __props__: ClassVar[tuple[str, ...]] = ("multiplier",)
    name = "grad_scale"

    def __init__(self, multiplier: float) -> None:
        self.multiplier = multiplier

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        g = output_grads[0]
        return [call("mul", g, constant(self.multiplier, dtype=g.type.dtype))]


#: The classes whose nodes hand on their input and vanish before compilation.
MARKS = ("zero_grad", "consider_constant", "disconnected_grad", "undefined_grad", "grad_clip", "grad_scale")


@public
def zero_grad(x: Any) -> Any:
    """`x`, with a gradient of 0 through it.

    The cost still depends on `x` as far as `grad` is concerned: the gradient is zeros, not an error.

    Args:
        x: a tensor of any shape and element type.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym.gradient import zero_grad
        >>> x = T.dscalar("x")
        >>> float(T.grad(x * zero_grad(x), x).eval({x: 3.0}))
        3.0
    """
    return ZeroGrad()(x)


@public
def consider_constant(x: Any) -> Any:
    """`x`, with a gradient of 0 through it: the old name of `zero_grad`, which warns.

    Example:
        >>> import warnings
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym.gradient import consider_constant
        >>> x = T.dscalar("x")
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     cost = x * consider_constant(x)
        >>> float(T.grad(cost, x).eval({x: 3.0}))
        3.0
    """
    warnings.warn(
        "consider_constant is deprecated: zero_grad gives zeros, disconnected_grad no path at all",
        DeprecationWarning,
        stacklevel=2,
    )
    return ConsiderConstant()(x)


@public
def disconnected_grad(x: Any) -> Any:
    """`x`, and no path for a gradient: `grad` behaves as though the cost did not depend on what is behind it.

    Args:
        x: a tensor of any shape and element type.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym.gradient import disconnected_grad
        >>> x = T.dscalar("x")
        >>> float(T.grad(x * disconnected_grad(x), x).eval({x: 3.0}))
        3.0
    """
    return DisconnectedGrad()(x)


@public
def undefined_grad(x: Any) -> Any:
    """`x`, and an error where a gradient through it is asked for.

    Raises:
        NullTypeGradError: later, from `grad`, where the gradient is needed.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym.gradient import undefined_grad
        >>> x = T.dscalar("x")
        >>> T.grad(undefined_grad(x) ** 2, x)
        Traceback (most recent call last):
            ...
        interactive_sym.core.errors.NullTypeGradError: undefined_grad has no gradient...
    """
    return UndefinedGrad()(x)


@public
def grad_clip(x: Any, lower_bound: float, upper_bound: float) -> Any:
    """`x`, with the gradient through it clipped to `[lower_bound, upper_bound]`, element by element.

    The values are not changed. Useful against gradients that explode on the way back through a recurrence.

    Args:
        x: a tensor of any shape.
        lower_bound, upper_bound: numbers.

    Raises:
        ValueError: the lower bound is above the upper.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym.gradient import grad_clip
        >>> x = T.dscalar("x")
        >>> float(T.grad(grad_clip(x, -1, 1) ** 2, x).eval({x: 3.0}))
        1.0
    """
    return GradClip(lower_bound, upper_bound)(x)


@public
def grad_scale(x: Any, multiplier: float) -> Any:
    """`x`, with the gradient through it multiplied by a number.

    With a negative multiplier it reverses the gradient, as adversarial training of features does.

    Args:
        x: a tensor of any shape.
        multiplier: a number.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym.gradient import grad_scale
        >>> x = T.dscalar("x")
        >>> float(T.grad(grad_scale(x, -0.5) ** 2, x).eval({x: 3.0}))
        -3.0
    """
    return GradScale(multiplier)(x)


# -- Print -------------------------------------------------------------------------------------------------------------


def print_attributes(op: "Print", value: Any) -> None:
    """Write the message and each attribute of a value to standard output: what `Print` does by default."""
    for attribute in op.attrs:
        found = getattr(value, attribute)
        shown = found() if callable(found) else found
        print(op.message, attribute, "=", shown, file=sys.stdout)


class Print(Op):
    """Hands on its input and prints it, whenever a function computes it.

    What is printed is what the compiled program really has there: the node runs as a step of the program, between the
    C before it and the C after it. Rules do not look through it, so it may keep them from doing their work.

    Args:
        message: printed before each attribute.
        attrs: names of attributes or methods of the array to print, such as `("__str__", "shape", "dtype")`.
        global_fn: a function of the op and the value that is called instead of printing.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import function
        >>> from interactive_sym.printing import Print
        >>> x = T.dvector("x")
        >>> f = function([x], Print("half of x", attrs=("shape", "__str__"))(x / 2) + 1)
        >>> f([2.0, 4.0])
        half of x shape = (2,)
        half of x __str__ = [1. 2.]
        array([2., 3.])
    """

    __props__: ClassVar[tuple[str, ...]] = ("message", "attrs", "global_fn")
    name = "print"
    effect = "prints"
    python_only = "writes to Python's standard output"

    def __init__(
        self,
        message: str = "",
        attrs: Sequence[str] = ("__str__",),
        global_fn: Callable[["Print", Any], None] = print_attributes,
    ) -> None:
        self.message, self.attrs, self.global_fn = message, tuple(attrs), global_fn

    def __str__(self) -> str:
        return f"print{{{self.message}}}"

    def make_node(self, x: Any) -> Apply:
        x = x if isinstance(x, Variable) else as_tensor_variable(x)
        return Apply(self, [x], [x.type.make_variable()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        value = inputs[0]
        self.global_fn(self, value)
        output_storage[0][0] = value.copy() if isinstance(value, np.ndarray) else value

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        return list(output_grads)

    def R_op(self, inputs: Sequence[Variable], eval_points: Sequence[Variable | None]) -> Sequence[Variable | None]:
        return list(eval_points)

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [None if input_shapes[0] is None else tuple(input_shapes[0])]


# -- Assert ------------------------------------------------------------------------------------------------------------


class Assert(Op):
    """Hands on its first input and fails where one of the others is 0.

    Conditions are checked by the compiled code, before the value is used. They are numbers or booleans without
    dimensions; of an array of conditions take `T.all`.

    Args:
        msg: the message of the AssertionError.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import function
        >>> x = T.dvector("x")
        >>> positive = T.opt.Assert("x has a negative element")
        >>> f = function([x], T.sqrt(positive(x, T.all(x >= 0))))
        >>> f([4.0, 9.0])
        array([2., 3.])
        >>> f([4.0, -9.0])
        Traceback (most recent call last):
            ...
        AssertionError: x has a negative element...
    """

    __props__: ClassVar[tuple[str, ...]] = ("msg",)
    name = "assert"
    effect = "checks"

    def __init__(self, msg: str = "This assertion does not hold") -> None:
        self.msg = msg

    def make_node(self, value: Any, *conditions: Any) -> Apply:
        value = as_tensor_variable(value)
        checks = [as_tensor_variable(np.bool_(x)) if isinstance(x, bool) else as_tensor_variable(x) for x in conditions]
        for check in checks:
            if check.type.ndim != 0:
                raise TypeError(
                    message(
                        f"assert: a condition has no dimensions, {check} has {check.type.ndim}",
                        here()[0],
                        cure="T.all(condition)",
                    )
                )
        return Apply(self, [value, *checks], [value.type.make_variable()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        for variable, value in zip(node.inputs[1:], inputs[1:]):
            if not value:
                raise AssertionError(message(self.msg, node.where, detail=[f"the condition: {_condition(variable)}"]))
        output_storage[0][0] = inputs[0].copy()

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        return [output_grads[0], *[None] * (len(inputs) - 1)]

    def R_op(self, inputs: Sequence[Variable], eval_points: Sequence[Variable | None]) -> Sequence[Variable | None]:
        return [eval_points[0]]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True], *[[False]] * (len(node.inputs) - 1)]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [tuple(input_shapes[0])]


def _condition(variable: Variable) -> str:
    node = variable.owner
    if node is None:
        return str(variable)
    return f"{node.op.name}({', '.join(str(x)[:20] for x in node.inputs)}), {node.where.label}"


@public
def assert_op(value: Any, *conditions: Any) -> Any:
    """`value`, and an AssertionError where one of the conditions is 0: `Assert()` with its usual message.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dscalar("x")
        >>> float(T.opt.assert_op(x, x > 0).eval({x: 2.0}))
        2.0
    """
    return Assert()(value, *conditions)


def holds_always(condition: Variable) -> bool:
    """Whether a condition is a constant that holds."""
    return isinstance(condition, Constant) and bool(condition.data)


def is_discrete(variable: Variable) -> bool:
    """Whether a variable has no derivatives: it is no tensor, or one of integers or booleans."""
    return not isinstance(variable.type, TensorType) or variable.type.dtype in DISCRETE
