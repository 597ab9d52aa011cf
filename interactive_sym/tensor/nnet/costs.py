"""Costs: how far what a network says is from what is true.

Read next: `bn`, `abstract_conv`.
"""

from typing import Any

from ...core.constants import as_tensor_variable, constant
from ...core.errors import message
from ...core.op import call
from ...core.ops.advanced import InRange
from ...core.ops.counting import Unique
from ...core.ops.create import arange
from ...core.ops.elementwise import cast, log, softplus, switch
from ...core.ops.linalg import dot, tensordot
from ...core.ops.reduce import sum
from ...core.ops.shape import size_of
from ...core.source import here
from ...core.types import DISCRETE
from .activations import logsoftmax, softmax
from .blocksparse import sparse_block_dot

__all__ = [
    "binary_crossentropy",
    "categorical_crossentropy",
    "confusion_matrix",
    "crossentropy_softmax_1hot",
    "crossentropy_softmax_1hot_with_bias",
    "crossentropy_softmax_argmax_1hot_with_bias",
    "crossentropy_softmax_max_and_argmax_1hot",
    "crossentropy_softmax_max_and_argmax_1hot_with_bias",
    "h_softmax",
    "sigmoid_binary_crossentropy",
]


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

    Args:
        output: before the sigmoid, any real numbers.
        target: what is to come out, from 0 to 1.

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
        true_dist: the true distribution `(n, k)`, or for each row the true class, integers `(n,)` from 0 to k - 1.

    Returns:
        A vector `(n,)`. Of a softmax it is computed from what the softmax is of, without overflow, and so is its
        gradient.

    Raises:
        TypeError: `true_dist` is neither.
        ValueError: a class is not one of the k, when called.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.nnet.categorical_crossentropy(T.dmatrix("p"), T.lvector("t")).type
        TensorType(float64, vector)
    """
    coding_dist, true_dist = as_tensor_variable(coding_dist), as_tensor_variable(true_dist)
    ndim = len(coding_dist.type.shape)
    if len(true_dist.type.shape) == ndim:
        return -sum(true_dist * log(coding_dist), axis=-1)
    if len(true_dist.type.shape) == ndim - 1 and true_dist.type.dtype in DISCRETE:
        return -_at_class(log(coding_dist), true_dist)
    raise TypeError(
        message(
            f"true_dist is a distribution or integer classes for {coding_dist.type}, got {true_dist.type}", here()[0]
        )
    )


def _at_class(x: Any, classes: Any) -> Any:
    """The element of each row of x at the given class. Others take no part, not even as `0 * inf`."""
    size = size_of(x, len(x.type.shape) - 1)
    checked = InRange("a class")(cast(classes, "int64"), size)
    chosen = call("eq", arange(size), call("shape_padright", checked))
    return sum(switch(chosen, x, constant(0, dtype=x.type.dtype)), axis=-1)


def crossentropy_softmax_1hot(x: Any, y_idx: Any) -> list[Any]:
    """The cost `-log softmax(x)[i, y_idx[i]]` of each row, and the softmax.

    Args:
        x: `(n, k)`; a vector `(k,)` is one row.
        y_idx: for each row its class, integers `(n,)`.

    Returns:
        The costs `(n,)` and the probabilities `(n, k)`.

    Raises:
        ValueError: a class is not one of the k, when called.

    Example:
        >>> import interactive_sym.tensor as T
        >>> cost, p = T.nnet.crossentropy_softmax_1hot(T.constant([[1000.0, 0.0]]), T.constant([1]))
        >>> cost.eval().tolist(), p.eval().tolist()
        ([1000.0], [[1.0, 0.0]])
    """
    return [-_at_class(logsoftmax(x), as_tensor_variable(y_idx)), softmax(x)]


def crossentropy_softmax_1hot_with_bias(x: Any, b: Any, y_idx: Any) -> list[Any]:
    """`crossentropy_softmax_1hot(x + b, y_idx)`: `(n, k), (k,), (n,) -> (n,), (n, k)`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> [v.ndim for v in T.nnet.crossentropy_softmax_1hot_with_bias(T.dmatrix(), T.dvector(), T.lvector())]
        [1, 2]
    """
    return crossentropy_softmax_1hot(as_tensor_variable(x) + as_tensor_variable(b), y_idx)


def crossentropy_softmax_argmax_1hot_with_bias(x: Any, b: Any, y_idx: Any) -> list[Any]:
    """The costs, the softmax, and the most probable class of each row of `x + b`.

    Args:
        x, b, y_idx: as for `crossentropy_softmax_1hot_with_bias`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> parts = T.nnet.crossentropy_softmax_argmax_1hot_with_bias(T.dmatrix(), T.dvector(), T.lvector())
        >>> [v.type.dtype for v in parts]
        ['float64', 'float64', 'int64']
    """
    logits = as_tensor_variable(x) + as_tensor_variable(b)
    return [*crossentropy_softmax_1hot(logits, y_idx), call("argmax", logits, axis=-1)]


def crossentropy_softmax_max_and_argmax_1hot(x: Any, y_idx: Any) -> list[Any]:
    """The costs, the softmax, and of each row the largest probability and its class.

    Args:
        x, y_idx: as for `crossentropy_softmax_1hot`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> [v.ndim for v in T.nnet.crossentropy_softmax_max_and_argmax_1hot(T.dmatrix(), T.lvector())]
        [1, 2, 1, 1]
    """
    costs, p = crossentropy_softmax_1hot(x, y_idx)
    return [costs, p, call("max", p, axis=-1), call("argmax", p, axis=-1)]


def crossentropy_softmax_max_and_argmax_1hot_with_bias(x: Any, b: Any, y_idx: Any) -> list[Any]:
    """`crossentropy_softmax_max_and_argmax_1hot(x + b, y_idx)`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> y = T.lvector("y")
        >>> len(T.nnet.crossentropy_softmax_max_and_argmax_1hot_with_bias(T.dmatrix("x"), T.dvector("b"), y))
        4
    """
    return crossentropy_softmax_max_and_argmax_1hot(as_tensor_variable(x) + as_tensor_variable(b), y_idx)


def h_softmax(
    x: Any,
    batch_size: Any,
    n_outputs: Any,
    n_classes: Any,
    n_outputs_per_class: Any,
    W1: Any,
    b1: Any,
    W2: Any,
    b2: Any,
    target: Any = None,
) -> Any:
    """Two softmaxes, one over classes and one over the outputs of a class: `P(output) = P(class) P(output | class)`.

    With classes of about the square root of the number of outputs, the probability of one output costs the square root
    of what a softmax over all of them costs. Goodman, "Classes for fast maximum entropy training", 2001.

    Args:
        x: `(batch_size, d)`.
        batch_size: rows of x.
        n_outputs: how many outputs there are, at most `n_classes * n_outputs_per_class`.
        n_classes, n_outputs_per_class: how they are divided: output k is number `k % n_outputs_per_class` of class
            `k // n_outputs_per_class`.
        W1, b1: `(d, n_classes)` and `(n_classes,)`.
        W2, b2: `(n_classes, d, n_outputs_per_class)` and `(n_classes, n_outputs_per_class)`.
        target: for each row one output, integers `(batch_size,)`; None gives the probabilities of all.

    Returns:
        Probabilities: `(batch_size,)` of the targets, or `(batch_size, n_outputs)`.

    Raises:
        IndexError: a target is not one of the outputs, when called.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x, W1, b1, W2, b2 = T.dmatrix(), T.dmatrix(), T.dvector(), T.dtensor3(), T.dmatrix()
        >>> T.nnet.h_softmax(x, 8, 10, 4, 3, W1, b1, W2, b2).type
        TensorType(float64, (8, ?))
    """
    x, W1, b1, W2, b2 = map(as_tensor_variable, (x, W1, b1, W2, b2))
    classes = softmax(dot(x, W1) + b1)
    if target is None:
        logits = tensordot(x, W2, [[1], [1]]) + b2
        outputs = softmax(logits) * call("shape_padright", classes)
        return call("getitem", call("reshape", outputs, [batch_size, -1]), (slice(None), slice(None, n_outputs)))
    target = cast(call("flatten", as_tensor_variable(target)), "int64")
    per_class = as_tensor_variable(n_outputs_per_class)
    its_class, place = call("int_div", target, per_class), call("mod", target, per_class)
    logits = sparse_block_dot(
        call("dimshuffle", W2, ("x", 0, 1, 2)),
        call("dimshuffle", x, (0, "x", 1)),
        call("zeros", [batch_size, 1], dtype="int64"),
        b2,
        call("shape_padright", its_class),
    )
    outputs = softmax(call("getitem", logits, (slice(None), 0)))
    rows = arange(size_of(x, 0))
    return call("getitem", classes, (rows, its_class)) * call("getitem", outputs, (rows, place))


def confusion_matrix(actual: Any, pred: Any) -> list[Any]:
    """How often each class was predicted where each class is true.

    Args:
        actual, pred: the true and the predicted classes, integers `(n,)`.

    Returns:
        The counts, int64 `(k, k)`, row i column j for class `order[i]` predicted as `order[j]`; and the classes that
        appear, `order`, ascending `(k,)`.

    Raises:
        ValueError: `actual` or `pred` is not a vector.

    Example:
        >>> import interactive_sym.tensor as T
        >>> counts, order = T.nnet.confusion_matrix(T.constant([2, 0, 2, 2]), T.constant([0, 0, 2, 2]))
        >>> counts.eval().tolist(), order.eval().tolist()
        ([[1, 0], [1, 2]], [0, 2])
    """
    actual, pred = as_tensor_variable(actual), as_tensor_variable(pred)
    for x, what in ((actual, "actual"), (pred, "pred")):
        if len(x.type.shape) != 1:
            raise ValueError(message(f"confusion_matrix: {what} is a vector of classes, got {x.type}", here()[0]))
    order = Unique()(call("join", 0, actual, pred))
    truly, said = (cast(call("eq", call("shape_padright", x), order), "int64") for x in (actual, pred))
    return [dot(call("transpose", truly), said), order]
