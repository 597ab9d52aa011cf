"""Derivatives: the public names, and numeric checks of them.

Read next: `core.grad`, `core.derivatives`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .core import source
from .core.derivatives import (
    Lop,
    Rop,
    format_as,
    hessian,
    hessian_vector_product,
    jacobian,
    subgraph_grad,
)
from .core.errors import DisconnectedInputError, GradientError, NullTypeGradError, message
from .core.grad import DisconnectedType, NullType, grad
from .core.graph import Variable
from .core.op import Op, public, register
from .core.ops.marks import (
    ConsiderConstant,
    DisconnectedGrad,
    GradClip,
    GradScale,
    UndefinedGrad,
    ZeroGrad,
    consider_constant,
    disconnected_grad,
    grad_clip,
    grad_scale,
    undefined_grad,
    zero_grad,
)
from .core.types import COMPLEXES, FLOATS, TensorType
from .function import function
from .mode import Mode
from .scan import scan

__all__ = [
    "ConsiderConstant",
    "DisconnectedGrad",
    "DisconnectedInputError",
    "DisconnectedType",
    "GradClip",
    "GradScale",
    "GradientError",
    "Lop",
    "NullType",
    "NullTypeGradError",
    "Rop",
    "UndefinedGrad",
    "ZeroGrad",
    "consider_constant",
    "disconnected_grad",
    "disconnected_type",
    "format_as",
    "grad",
    "grad_clip",
    "grad_not_implemented",
    "grad_scale",
    "grad_undefined",
    "hessian",
    "hessian_vector_product",
    "jacobian",
    "numeric_grad",
    "subgraph_grad",
    "undefined_grad",
    "verify_grad",
    "zero_grad",
]

disconnected_type = DisconnectedType()
register("scan", scan)  # `jacobian` loops with it

#: Step of the differences, and the error that is allowed, by element type.
STEP = {"float32": 3e-4, "float64": 1e-7, "complex64": 3e-4, "complex128": 1e-7}
TOLERANCE = {"float32": 1e-2, "float64": 1e-4}


def grad_not_implemented(op: Op, x_pos: int, x: Variable, comment: str = "") -> Variable:
    """What an operation's `grad` returns for an input whose gradient it has no code for.

    Args:
        op: the operation.
        x_pos: the input's position.
        x: the input.
        comment: why.

    Returns:
        A variable that raises NullTypeGradError where the gradient is asked for.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dscalar("x")
        >>> grad_not_implemented(T.exp, 0, x, "not yet needed").type.why
        'the gradient of exp with respect to input 0 (x) is not implemented: not yet needed'
    """
    why = f"the gradient of {op} with respect to input {x_pos} ({x}) is not implemented"
    return NullType(f"{why}: {comment}" if comment else why)()


def grad_undefined(op: Op, x_pos: int, x: Variable, comment: str = "") -> Variable:
    """What an operation's `grad` returns for an input with respect to which it has no derivative.

    Args and returned value: as for `grad_not_implemented`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dscalar("x")
        >>> grad_undefined(T.sgn, 0, x).type.why
        'sgn has no derivative with respect to input 0 (x)'
    """
    why = f"{op} has no derivative with respect to input {x_pos} ({x})"
    return NullType(f"{why}: {comment}" if comment else why)()


class numeric_grad:
    """The gradient of a scalar function of arrays by one-sided differences.

    Args:
        f: a function of as many arrays as there are in `pt`, that returns a number.
        pt: an array, or a list or tuple of them.
        eps: the step; by default 1e-7 for float64 and 3e-4 where a float32 is among the arrays.
        out_type: the element type of `f`'s result, where it is less exact than the arrays.

    Attributes:
        gf: the gradient: an array, or a list of them where `pt` is one.

    Example:
        >>> import numpy as np
        >>> found = numeric_grad(lambda x: (x**2).sum(), np.array([1.0, 2.0])).gf
        >>> np.round(found, 4)
        array([2., 4.])
    """

    type_eps = STEP

    def __init__(self, f: Callable[..., Any], pt: Any, eps: float | None = None, out_type: str | None = None) -> None:
        packed = not isinstance(pt, (list, tuple))
        points = [np.array(x) for x in ([pt] if packed else pt)]
        for x in points:
            if x.dtype.name not in (*FLOATS, *COMPLEXES):
                raise TypeError(f"numeric_grad wants arrays of floats, got {x.dtype}")
        if eps is None:
            kinds = [x.dtype.name for x in points] + ([out_type] if out_type is not None else [])
            eps = max(STEP[np.dtype(kind).name] for kind in kinds)
        start = np.array(f(*[x.copy() for x in points]))
        self.gf: Any = [np.zeros_like(x) for x in points]
        for x, gradient in zip(points, self.gf):
            for place in np.ndindex(x.shape):
                kept = x[place]
                x[place] = kept + eps
                moved = x[place] - kept
                gradient[place] = np.asarray(f(*[y.copy() for y in points]) - start).reshape(()) / moved
                x[place] = kept
        if packed:
            self.gf = self.gf[0]

    @staticmethod
    def abs_rel_err(a: Any, b: Any) -> tuple[Any, Any]:
        """Absolute and relative difference of each element; the relative one is of the mean of both sizes.

        Example:
            >>> numeric_grad.abs_rel_err(np.array([1.0, 2.0]), np.array([1.0, 2.5]))[0]
            array([0. , 0.5])
        """
        difference = np.abs(a - b)
        size = np.maximum(np.abs(a) + np.abs(b), 1e-8)
        return difference, difference / size

    def abs_rel_errors(self, g_pt: Sequence[Any]) -> list[tuple[Any, Any]]:
        """For each array the differences between `g_pt` and the numeric gradient.

        Raises:
            ValueError: another number of arrays, or other shapes.

        Example:
            >>> found = numeric_grad(lambda x: (x**2).sum(), np.array([1.0, 2.0]))
            >>> [(absolute, relative)] = found.abs_rel_errors([np.array([2.0, 4.5])])
            >>> np.round(absolute, 4)
            array([0. , 0.5])
        """
        mine = self.gf if isinstance(self.gf, list) else [self.gf]
        if len(g_pt) != len(mine):
            raise ValueError(f"{len(mine)} gradients are wanted, got {len(g_pt)}")
        for position, (a, b) in enumerate(zip(g_pt, mine)):
            if a.shape != b.shape:
                raise ValueError(f"gradient {position} has shape {a.shape}, not {b.shape}")
        return [self.abs_rel_err(a, b) for a, b in zip(g_pt, mine)]

    def max_err(self, g_pt: Sequence[Any], abs_tol: float, rel_tol: float) -> tuple[int, int, float, float]:
        """Where `g_pt` is worst: (array, position in it, absolute error, relative error).

        An element is as bad as the smaller of its errors, each measured in its tolerance.

        Example:
            >>> found = numeric_grad(lambda x: (x**2).sum(), np.array([1.0, 2.0]))
            >>> which, place, absolute, relative = found.max_err([np.array([2.0, 4.5])], 1e-4, 1e-4)
            >>> which, place, round(absolute, 4)
            (0, 1, 0.5)
        """
        worst: tuple[float, int, int, float, float] = (-1.0, 0, 0, 0.0, 0.0)
        for position, (absolute, relative) in enumerate(self.abs_rel_errors(g_pt)):
            if not absolute.size:
                continue
            scaled = np.minimum(absolute / abs_tol, relative / rel_tol)
            scaled = np.where(np.isnan(scaled), np.inf, scaled)
            k = int(np.argmax(scaled))
            bad = float(scaled.flat[k])
            if bad > worst[0]:
                worst = (bad, position, k, float(absolute.flat[k]), float(relative.flat[k]))
        return worst[1:]


@public
def verify_grad(
    fun: Callable[..., Any],
    pt: Sequence[Any],
    n_tests: int = 2,
    rng: Any = None,
    eps: float | None = None,
    out_type: str | None = None,
    abs_tol: float | None = None,
    rel_tol: float | None = None,
    mode: Mode | str | None = None,
    cast_to_output_type: bool = False,
    no_debug_ref: bool = True,
) -> None:
    """Check a symbolic gradient against differences, along random directions of the output.

    Args:
        fun: from symbolic variables, as many as there are arrays in `pt`, to one symbolic tensor; or an operation.
        pt: arrays of floats, where the gradient is checked.
        n_tests: how many random directions.
        rng: a NumPy `RandomState` that draws them.
        eps: the step of the differences; by default 1e-7, and 3e-4 where float32 is among the element types.
        out_type: the element type of the output, where it is less exact than the arrays.
        abs_tol, rel_tol: an element is wrong where it is beyond both; by default 1e-4, and 1e-2 with float32.
        mode: how the functions are compiled.
        cast_to_output_type: convert the arrays' element types to the output's.
        no_debug_ref: accepted; the function that is differenced is compiled in the same mode.

    Raises:
        GradientError: an element differs; it carries the place and both values.
        ValueError: `rng` is no RandomState, or `fun` gives more than one tensor.
        TypeError: an array is not of floats.

    Example:
        >>> import numpy as np
        >>> import interactive_sym.tensor as T
        >>> verify_grad(lambda x, W: T.tanh(T.dot(x, W)), [np.ones((1, 3)), np.eye(3)], rng=np.random.RandomState(1))
    """
    arrays = [np.array(x) for x in pt]
    for position, x in enumerate(arrays):
        if x.dtype.name not in FLOATS:
            raise TypeError(f"verify_grad wants arrays of floats, array {position} is of {x.dtype}")
    if rng is None:
        rng = np.random.RandomState(0)
    inputs = [
        TensorType(x.dtype.name, tuple(size == 1 for size in x.shape))(f"input {k}") for k, x in enumerate(arrays)
    ]
    made = fun(*inputs)
    if isinstance(made, (list, tuple)):
        if len(made) != 1:
            raise ValueError("verify_grad wants a function that gives one tensor: sum or choose its outputs")
        made = made[0]
    output: Any = made
    kinds = [x.dtype.name for x in arrays] + [out_type if out_type is not None else output.type.dtype]
    coarse = "float32" if any(kind in ("float32", "complex64") for kind in kinds) else "float64"
    eps = STEP[coarse] if eps is None else eps
    abs_tol = TOLERANCE[coarse] if abs_tol is None else abs_tol
    rel_tol = TOLERANCE[coarse] if rel_tol is None else rel_tol
    value = function(inputs, output, mode=mode, on_unused_input="ignore", name="the function")
    shape = value(*arrays).shape
    weights = TensorType(output.type.dtype, output.type.broadcastable)("weights")
    cost = (weights * output).sum()
    if cast_to_output_type and output.type.dtype in FLOATS:
        cost = cost.astype(output.type.dtype)
    costs = function([*inputs, weights], cost, mode=mode, on_unused_input="ignore", name="the cost")
    gradients = function(
        [*inputs, weights],
        grad(cost, inputs, disconnected_inputs="ignore"),
        mode=mode,
        on_unused_input="ignore",
        name="the gradient",
    )
    for test in range(n_tests):
        drawn = np.asarray(rng.random_sample(shape) + 0.5, dtype=output.type.dtype)
        numeric = numeric_grad(lambda *xs, w=drawn: costs(*xs, w), arrays, eps, out_type)
        symbolic = gradients(*arrays, drawn)
        which, place, absolute, relative = numeric.max_err(symbolic, abs_tol, rel_tol)
        if not (absolute <= abs_tol or relative <= rel_tol):
            raise _wrong(test, which, place, symbolic[which], numeric.gf[which], absolute, relative, abs_tol, rel_tol)


def _wrong(
    test: int,
    which: int,
    place: int,
    symbolic: Any,
    numeric: Any,
    absolute: float,
    relative: float,
    abs_tol: float,
    rel_tol: float,
) -> GradientError:
    element = tuple(int(k) for k in np.unravel_index(place, symbolic.shape))
    error = GradientError(
        message(
            f"the gradient of argument {which} is wrong" + (f" at {element}" if symbolic.ndim else ""),
            source.here()[0],
            operands=[
                ("symbolic", f"{symbolic.flat[place]:.9g}"),
                ("by differences", f"{numeric.flat[place]:.9g}"),
                ("absolute error", f"{absolute:.3g}", f"allowed {abs_tol:.3g}"),
                ("relative error", f"{relative:.3g}", f"allowed {rel_tol:.3g}"),
            ],
            detail=[f"argument of shape {symbolic.shape}, random direction {test}"],
        )
    )
    error.arg, error.err_pos, error.shape = which, place, symbolic.shape
    error.val1, error.val2 = symbolic.flat[place], numeric.flat[place]
    error.abs_err, error.rel_err, error.abs_tol, error.rel_tol = absolute, relative, abs_tol, rel_tol
    return error
