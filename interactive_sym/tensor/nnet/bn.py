"""Batch normalisation: a layer's inputs shifted and scaled to mean 0 and variance 1 over the batch.

Ioffe and Szegedy, "Batch normalization: accelerating deep network training by reducing internal covariate shift", 2015.

Read next: `abstract_conv`.
"""

from collections.abc import Sequence
from typing import Any

from ...core.constants import as_tensor_variable, constant
from ...core.errors import message
from ...core.op import call
from ...core.ops.reduce import mean as mean_of
from ...core.ops.shape import known_size, size_of
from ...core.source import here

__all__ = ["batch_normalization", "batch_normalization_test", "batch_normalization_train"]


def batch_normalization(inputs: Any, gamma: Any, beta: Any, mean: Any, std: Any, mode: str = "low_mem") -> Any:
    """`(x - mean) gamma / std + beta`, with all of them stretched to the shape of the inputs.

    Args:
        inputs: a tensor.
        gamma, beta, mean, std: tensors that stretch to it.
        mode: "low_mem" or "high_mem"; both give the same, as one loop.

    Raises:
        ValueError: another mode.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x, v = T.fmatrix("x"), T.fvector("v")
        >>> T.nnet.bn.batch_normalization(x, v, v, x.mean(0), x.std(0)).type
        TensorType(float32, matrix)
    """
    if mode not in ("low_mem", "high_mem"):
        raise ValueError(message(f"batch_normalization: mode is 'low_mem' or 'high_mem', not {mode!r}", here()[0]))
    x, gamma, beta, mean, std = map(as_tensor_variable, (inputs, gamma, beta, mean, std))
    return (x - mean) * (gamma / std) + beta


def batch_normalization_train(
    inputs: Any,
    gamma: Any,
    beta: Any,
    axes: str | Sequence[int] = "per-activation",
    epsilon: float = 1e-4,
    running_average_factor: float = 0.1,
    running_mean: Any = None,
    running_var: Any = None,
) -> tuple[Any, ...]:
    """Batch normalisation while learning: with the mean and variance of the batch.

        mean = x.mean(axes);  invstd = 1 / sqrt(x.var(axes) + epsilon);  out = (x - mean) gamma invstd + beta
        new_mean = (1 - r) running_mean + r mean
        new_var  = (1 - r) running_var  + r m / (m - 1) x.var(axes),   m numbers of each mean

    Args:
        inputs: `(n, ...)`.
        gamma, beta: scale and shift, with the sizes of `inputs`, 1 along `axes`; or without these axes.
        axes: "per-activation" (0), "spatial" (0 and all from 2 on), or the axes to take means over.
        epsilon: added to the variance; at least 1e-5.
        running_average_factor: the weight r of this batch.
        running_mean, running_var: running averages, shaped like `gamma`; both or none.

    Returns:
        `(out, mean, invstd)`, and `new_mean, new_var` where there are running averages. Gradients pass all of them.

    Raises:
        ValueError: axes, epsilon or dimensions out of range; one running average without the other.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x, gamma, beta = T.dmatrix("x"), T.dvector("gamma"), T.dvector("beta")
        >>> out, mean, invstd = T.nnet.bn.batch_normalization_train(x, gamma, beta)
        >>> out.type, mean.type
        (TensorType(float64, matrix), TensorType(float64, row))
    """
    x = as_tensor_variable(inputs)
    chosen = _axes(x, axes, "batch_normalization_train")
    _check_epsilon(epsilon)
    if (running_mean is None) != (running_var is None):
        raise ValueError(message("batch_normalization_train: running_mean and running_var go together", here()[0]))
    scale, shift = (_stretching(x, v, chosen, name) for v, name in ((gamma, "gamma"), (beta, "beta")))
    mean = mean_of(x, axis=chosen, keepdims=True)
    variance = call("var", x, axis=chosen, keepdims=True)
    invstd = call("inv", call("sqrt", variance + _like(epsilon, x)))
    out = (x - mean) * (scale * invstd) + shift
    if running_mean is None:
        return out, mean, invstd
    sizes = [size_of(x, axis) for axis in chosen]
    known = [known_size(size) for size in sizes]
    count: Any = call("mul", *sizes) if len(sizes) > 1 else sizes[0]
    if None not in known:
        count = constant(known[0]) if len(known) == 1 else call("mul", *map(constant, known))
    m = call("cast", count, x.type.dtype)
    averages = []
    for running, now, name in (
        (running_mean, mean, "running_mean"),
        (running_var, variance * (m / (m - 1)), "running_var"),
    ):
        before = as_tensor_variable(running)
        fitted = _stretching(x, before, chosen, name)
        after = fitted * _like(1 - running_average_factor, x) + now * _like(running_average_factor, x)
        averages.append(_as_given(after, before, chosen))
    return out, mean, invstd, averages[0], averages[1]


def batch_normalization_test(
    inputs: Any,
    gamma: Any,
    beta: Any,
    mean: Any,
    var: Any,
    axes: str | Sequence[int] = "per-activation",
    epsilon: float = 1e-4,
) -> Any:
    """Batch normalisation with a given mean and variance: `(x - mean) gamma / sqrt(var + epsilon) + beta`.

    Args:
        inputs: `(n, ...)`.
        gamma, beta, mean, var: with the sizes of `inputs`, 1 along `axes`; or without these axes.
        axes, epsilon: as for `batch_normalization_train`.

    Raises:
        ValueError: axes, epsilon or dimensions out of range.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x, v = T.dtensor4("x"), T.dvector("v")
        >>> T.nnet.bn.batch_normalization_test(x, v, v, v, v, axes="spatial").type
        TensorType(float64, tensor4)
    """
    x = as_tensor_variable(inputs)
    chosen = _axes(x, axes, "batch_normalization_test")
    _check_epsilon(epsilon)
    names = {"gamma": gamma, "beta": beta, "mean": mean, "var": var}
    scale, shift, middle, spread = (_stretching(x, v, chosen, name) for name, v in names.items())
    return (x - middle) * (scale / call("sqrt", spread + _like(epsilon, x))) + shift


def _axes(x: Any, axes: Any, what: str) -> tuple[int, ...]:
    ndim = len(x.type.shape)
    if axes == "per-activation":
        axes = (0,)
    elif axes == "spatial":
        axes = (0, *range(2, ndim))
    if isinstance(axes, str) or not all(0 <= axis < ndim for axis in axes) or len(set(axes)) != len(tuple(axes)):
        raise ValueError(
            message(f"{what}: axes are 'per-activation', 'spatial' or axes of {x.type}, not {axes!r}", here()[0])
        )
    if not len(tuple(axes)):
        raise ValueError(message(f"{what}: a mean over no axes", here()[0]))
    return tuple(sorted(axes))


def _check_epsilon(epsilon: float) -> None:
    if epsilon < 1e-5:
        raise ValueError(message(f"batch normalisation: epsilon is at least 1e-5, got {epsilon}", here()[0]))


def _like(value: float, x: Any) -> Any:
    return constant(value, dtype=x.type.dtype if x.type.dtype.startswith("float") else None)


def _stretching(x: Any, parameter: Any, axes: tuple[int, ...], name: str) -> Any:
    """A parameter that stretches along `axes`."""
    v = as_tensor_variable(parameter)
    ndim, its = len(x.type.shape), len(v.type.shape)
    if its == ndim - len(axes) and its != ndim:
        remaining = iter(range(its))
        return call("dimshuffle", v, ["x" if axis in axes else next(remaining) for axis in range(ndim)])
    if its != ndim:
        raise ValueError(
            message(
                f"batch normalisation: {name} has {its} dimensions, {ndim} or {ndim - len(axes)} are wanted", here()[0]
            )
        )
    return call("addbroadcast", v, *axes)


def _as_given(value: Any, model: Any, axes: tuple[int, ...]) -> Any:
    """A running average in the form of the one before."""
    if len(model.type.shape) != len(value.type.shape):
        value = call("dimshuffle", value, [axis for axis in range(len(value.type.shape)) if axis not in axes])
    else:
        value = call("patternbroadcast", value, model.type.broadcastable)
    return call("cast", value, model.type.dtype)
