"""How tests of operations compute: one graph, its values by the NumPy interpreter and by a compiled function."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import interactive_sym.tensor as T
from interactive_sym.core.graph import Variable
from interactive_sym.core.reference import Interpreter
from interactive_sym.function import function


def interpreted(inputs: Sequence[Variable], outputs: Sequence[Variable], values: Sequence[Any]) -> list[Any]:
    """Values by the NumPy interpreter, without any rewriting."""
    arrays = [x.type.filter(value) for x, value in zip(inputs, values, strict=True)]
    return Interpreter(inputs, outputs)(*arrays)


def compiled(inputs: Sequence[Variable], outputs: Sequence[Variable], values: Sequence[Any]) -> list[Any]:
    """Values by a compiled function, rewritten as by default."""
    return list(function(list(inputs), list(outputs), on_unused_input="ignore")(*values))


Runner = Callable[[Sequence[Variable], Sequence[Variable], Sequence[Any]], list[Any]]
RUNNERS: dict[str, Runner] = {"numpy": interpreted, "c": compiled}


def assert_same(got: Any, want: Any, what: str = "", ulp: float = 8.0, small: float = 0.0) -> None:
    """Exactly equal for discrete types; within a few units in the last place for floats; NaN equals NaN."""
    want = np.asarray(want)
    assert isinstance(got, np.ndarray), what
    assert got.dtype == want.dtype, f"{what}: {got.dtype}, not {want.dtype}"
    assert got.shape == want.shape, f"{what}: {got.shape}, not {want.shape}"
    with np.errstate(all="ignore"):
        same = (got == want) | ((got != got) & (want != want))
        if want.dtype.kind in "fc":
            same |= np.abs(got - want) <= ulp * np.finfo(want.dtype).eps * np.abs(want) + small
    assert np.all(same), f"{what}: {got[~same][:3]}, not {want[~same][:3]}"


def numeric_gradient(cost: Callable[[list[Any]], float], point: Sequence[Any], step: float = 1e-5) -> list[Any]:
    """The gradient of a scalar function by central differences, one array for each argument."""
    point = [np.array(x, dtype="float64") for x in point]
    gradients = []
    for x in point:
        gradient = np.zeros_like(x)
        for place in np.ndindex(x.shape):
            kept = x[place]
            x[place] = kept + step
            above = cost(point)
            x[place] = kept - step
            below = cost(point)
            x[place] = kept
            gradient[place] = (above - below) / (2 * step)
        gradients.append(gradient)
    return gradients


def check_gradient(build: Callable[..., Any], *point: Any, tolerance: float = 1e-6) -> None:
    """The symbolic gradient of `sum(weights * build(x...))` against central differences, by both ways of computing."""
    point = tuple(np.asarray(x, dtype="float64") for x in point)
    inputs = [T.TensorType("float64", x.shape)() for x in point]
    output = build(*inputs)
    weights = np.random.RandomState(7).uniform(0.5, 1.5, size=interpreted(inputs, [output], point)[0].shape)
    cost = T.sum(T.constant(weights) * output)
    gradients = T.grad(cost, inputs)
    want = numeric_gradient(lambda values: float(interpreted(inputs, [cost], values)[0]), point)
    for runner in RUNNERS.values():
        for got, expected, x in zip(runner(inputs, gradients, point), want, point, strict=True):
            assert got.dtype == "float64" and got.shape == x.shape
            np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


#: Numbers of both signs in three dimensions.
CUBE = np.arange(24.0).reshape(2, 3, 4) - 7


def compare(way: str, inputs: list[Any], values: list[Any], pairs: list[tuple[Any, Any]]) -> None:
    """Outputs of inputs, computed in one of the `RUNNERS`, against what NumPy gives, with their sizes and types."""
    results = RUNNERS[way](inputs, [output for output, _ in pairs], values)
    for k, (got, (output, want)) in enumerate(zip(results, pairs, strict=True)):
        assert_same(got, want, f"{k}: {output.owner}")
        assert all(size in (None, actual) for size, actual in zip(output.type.shape, got.shape, strict=True))
