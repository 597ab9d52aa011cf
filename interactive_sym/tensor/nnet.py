"""Functions of neural networks, composed of the operations of `interactive_sym.tensor`.

Each is written as its formula; the rewriting of `function` makes it numerically stable and fast.

Read next: `core.rules`.
"""

from typing import Any

from ..core.constants import as_tensor_variable
from ..core.errors import message
from ..core.op import call
from ..core.ops.create import arange
from ..core.ops.elementwise import cast, clip, exp, log, sigmoid, softplus, switch
from ..core.ops.reduce import max, sum
from ..core.ops.shape import shape_padleft
from ..core.source import here
from ..core.types import DISCRETE

__all__ = [
    "binary_crossentropy",
    "categorical_crossentropy",
    "elu",
    "hard_sigmoid",
    "logsoftmax",
    "relu",
    "sigmoid",
    "sigmoid_binary_crossentropy",
    "softmax",
    "softplus",
    "softsign",
]


def _rows(x: Any, what: str) -> Any:
    x = as_tensor_variable(x)
    if len(x.type.shape) == 0:
        raise ValueError(message(f"{what} wants a vector or a matrix, got a scalar", here()[0]))
    return shape_padleft(x) if len(x.type.shape) == 1 else x


def softmax(x: Any) -> Any:
    """Each row as probabilities: `eˣ / Σ eˣ` along the last axis; the largest element is taken off first.

    Args:
        x: a matrix `(n, d)`; a vector `(d,)` becomes one row `(1, d)`.

    Returns:
        A float tensor of the same shape, rows of which sum to 1.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.nnet.softmax(T.dmatrix("x")).type
        TensorType(float64, matrix)
    """
    x = _rows(x, "softmax")
    powers = exp(x - max(x, axis=-1, keepdims=True))
    return powers / sum(powers, axis=-1, keepdims=True)


def logsoftmax(x: Any) -> Any:
    """The logarithm of `softmax`: `x - log Σ eˣ` along the last axis, without overflow.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.nnet.logsoftmax(T.dvector("x")).type.broadcastable
        (True, False)
    """
    x = _rows(x, "logsoftmax")
    shifted = x - max(x, axis=-1, keepdims=True)
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
    slope = call("constant", 0.2, dtype=x.type.dtype if x.type.dtype not in DISCRETE else None)
    return clip(x * slope + 0.5, 0.0, 1.0)


def binary_crossentropy(output: Any, target: Any) -> Any:
    """The cost of predicting `output` where `target` holds: `-(t log o + (1 - t) log(1 - o))`, elementwise.

    Args:
        output: probabilities, strictly between 0 and 1.
        target: 0, 1 or between, of the same shape.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.nnet.binary_crossentropy(T.dvector("o"), T.ivector("t")).type
        TensorType(float64, vector)
    """
    output, target = as_tensor_variable(output), as_tensor_variable(target)
    return -(target * log(output) + (1.0 - target) * log(1.0 - output))


def sigmoid_binary_crossentropy(output: Any, target: Any) -> Any:
    """`binary_crossentropy` of `sigmoid(output)`, without overflow: `o (1 - t) + softplus(-o)`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.nnet.sigmoid_binary_crossentropy(T.dvector("o"), T.dvector("t")).type
        TensorType(float64, vector)
    """
    output, target = as_tensor_variable(output), as_tensor_variable(target)
    return output * (1.0 - target) + softplus(-output)


def categorical_crossentropy(coding_dist: Any, true_dist: Any) -> Any:
    """For each row of probabilities the cost of predicting it: `-Σ t log p`.

    Args:
        coding_dist: probabilities `(n, k)`.
        true_dist: the true distribution `(n, k)`, or for each row the true class, integers `(n,)`.

    Returns:
        A vector `(n,)`.

    Raises:
        TypeError: `true_dist` is neither.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.nnet.categorical_crossentropy(T.dmatrix("p"), T.lvector("t")).type
        TensorType(float64, vector)
    """
    coding_dist, true_dist = as_tensor_variable(coding_dist), as_tensor_variable(true_dist)
    if len(true_dist.type.shape) == len(coding_dist.type.shape):
        return -sum(true_dist * log(coding_dist), axis=-1)
    if len(true_dist.type.shape) == len(coding_dist.type.shape) - 1 and true_dist.type.dtype in DISCRETE:
        classes = arange(call("getitem", coding_dist.shape, -1))
        chosen = call("eq", classes, call("shape_padright", cast(true_dist, "int64")))
        return -sum(switch(chosen, log(coding_dist), 0), axis=-1)
    raise TypeError(
        message(
            f"true_dist is a distribution or integer classes for {coding_dist.type}, got {true_dist.type}", here()[0]
        )
    )
