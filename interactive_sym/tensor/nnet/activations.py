"""Activations: elementwise functions of what a layer of a neural network computes, and the softmax.

Each is written as its formula; the rewriting of `function` makes it numerically stable and fast.

Read next: `costs`.
"""

from typing import Any

from ...core.constants import as_tensor_variable, constant
from ...core.errors import message
from ...core.op import call
from ...core.ops.elementwise import clip, exp, log, sigmoid, softplus, switch
from ...core.ops.reduce import max, sum
from ...core.ops.shape import shape_padleft
from ...core.source import here
from ...core.types import DISCRETE

__all__ = [
    "elu",
    "hard_sigmoid",
    "logsoftmax",
    "relu",
    "selu",
    "sigmoid",
    "softmax",
    "softmax_graph",
    "softmax_with_bias",
    "softplus",
    "softsign",
    "ultra_fast_sigmoid",
]


def _rows(x: Any, what: str) -> Any:
    x = as_tensor_variable(x)
    if len(x.type.shape) == 0:
        raise ValueError(message(f"{what} wants a vector or a matrix, got a scalar", here()[0]))
    return shape_padleft(x) if len(x.type.shape) == 1 else x


def softmax(c: Any) -> Any:
    """Each row as probabilities: `eˣ / Σ eˣ` along the last axis; the largest element is taken off first.

    Args:
        c: a matrix `(n, d)`; a vector `(d,)` becomes one row `(1, d)`.

    Returns:
        A float tensor of the same shape, rows of which sum to 1.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.nnet.softmax(T.dmatrix("x")).type
        TensorType(float64, matrix)
    """
    c = _rows(c, "softmax")
    powers = exp(c - max(c, axis=-1, keepdims=True))
    return powers / sum(powers, axis=-1, keepdims=True)


softmax_graph = softmax


def softmax_with_bias(x: Any, b: Any) -> Any:
    """`softmax(x + b)`: `(n, d), (d,) -> (n, d)`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.nnet.softmax_with_bias(T.fmatrix("x"), T.fvector("b")).type
        TensorType(float32, matrix)
    """
    return softmax(as_tensor_variable(x) + as_tensor_variable(b))


def logsoftmax(c: Any) -> Any:
    """The logarithm of `softmax`: `c - log Σ eˣ` along the last axis, without overflow.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.nnet.logsoftmax(T.dvector("x")).type.broadcastable
        (True, False)
    """
    c = _rows(c, "logsoftmax")
    shifted = c - max(c, axis=-1, keepdims=True)
    return shifted - log(sum(exp(shifted), axis=-1, keepdims=True))


def relu(x: Any, alpha: Any = 0) -> Any:
    """`x` where positive, else `alpha x`. At 0 the derivative is the mean of both sides'.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.nnet.relu(T.fvector("x")).type
        TensorType(float32, vector)
    """
    x = as_tensor_variable(x)
    if isinstance(alpha, (int, float)) and alpha == 0:
        return 0.5 * (x + abs(x))
    alpha = as_tensor_variable(alpha)
    return 0.5 * (1 + alpha) * x + 0.5 * (1 - alpha) * abs(x)


def elu(x: Any, alpha: Any = 1) -> Any:
    """`x` where positive, else `alpha (eˣ - 1)`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.nnet.elu(T.dvector("x")).type
        TensorType(float64, vector)
    """
    x = as_tensor_variable(x)
    return switch(x > 0, x, alpha * call("expm1", x))


#: The two numbers of `selu`: with them, activations of mean 0 and variance 1 keep both through layer after layer.
SELU_ALPHA, SELU_SCALE = 1.6732632423543772848, 1.0507009873554804934


def selu(x: Any) -> Any:
    """`λ x` where positive, else `λ α (eˣ - 1)`, with λ = 1.0507... and α = 1.6732...

    Klambauer, Unterthiner, Mayr and Hochreiter, "Self-normalizing neural networks", 2017.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.nnet.selu(T.constant([-1.0, 0.0, 1.0])).eval().round(4).tolist()
        [-1.1113, 0.0, 1.0507]
    """
    x = as_tensor_variable(x)
    return _like(SELU_SCALE, x) * elu(x, _like(SELU_ALPHA, x))


def _like(value: float, x: Any) -> Any:
    """A constant that leaves the element type of x as it is."""
    return constant(value, dtype=x.type.dtype if x.type.dtype not in DISCRETE else None)


def softsign(x: Any) -> Any:
    """`x / (1 + |x|)`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.nnet.softsign(T.dvector("x")).type
        TensorType(float64, vector)
    """
    x = as_tensor_variable(x)
    return x / (1.0 + abs(x))


def hard_sigmoid(x: Any) -> Any:
    """Three straight lines near the logistic function: `0.2 x + 0.5` clipped to [0, 1].

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.nnet.hard_sigmoid(T.dvector("x")).type
        TensorType(float64, vector)
    """
    x = as_tensor_variable(x)
    return clip(x * _like(0.2, x) + 0.5, 0.0, 1.0)


def ultra_fast_sigmoid(x: Any) -> Any:
    """The logistic function without an exponential, at most 0.028 off: three pieces in `|x|`, of few operations each,
    that do not quite meet.

    With `t = |x| / 2` it is `(1 ± f(t)) / 2`, f(t) = 1.5 t / (1 + t) below 1.7, a straight line from there to 3, then
    constant.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.nnet.ultra_fast_sigmoid(T.constant([-8.0, 0.0, 2.0])).eval().round(3).tolist()
        [0.002, 0.5, 0.875]
    """
    x = as_tensor_variable(x)
    t = abs(x) * 0.5
    curve = t * 1.5 / (t + 1)
    line = _like(0.935409070603099, x) + _like(0.0458812946797165, x) * (t - _like(1.7, x))
    f = switch(t < _like(1.7, x), curve, switch(t < 3, line, _like(0.99505475368673, x)))
    return 0.5 + 0.5 * switch(x < 0, -f, f)
