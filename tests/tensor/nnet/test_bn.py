"""Batch normalisation against its formulas, and its gradients."""

from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.tensor.nnet import bn
from tests.core.ops.evaluation import RUNNERS, check_gradient

RNG = np.random.RandomState(9)
X = RNG.normal(1.0, 2.0, size=(5, 3, 2, 4))


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("axes", ["per-activation", "spatial", (0, 2)], ids=str)
@pytest.mark.parametrize("full", [True, False], ids=["kept dimensions", "left out dimensions"])
def test_formulas(way: str, axes: Any, full: bool) -> None:
    chosen = {"per-activation": (0,), "spatial": (0, 2, 3)}.get(axes, axes)
    stretched = tuple(1 if axis in chosen else size for axis, size in enumerate(X.shape))
    short = tuple(size for axis, size in enumerate(X.shape) if axis not in chosen)
    values = [RNG.uniform(0.5, 2, size=stretched if full else short) for _ in range(4)]
    x, (gamma, beta, mean, var) = T.dtensor4("x"), [T.TensorType("float64", (False,) * v.ndim)() for v in values]
    trained = bn.batch_normalization_train(x, gamma, beta, axes, 1e-3, 0.2, mean, var)
    tested = bn.batch_normalization_test(x, gamma, beta, mean, var, axes, 1e-3)
    got = RUNNERS[way]([x, gamma, beta, mean, var], [*trained, tested], [X, *values])
    g, b, m, v = (value.reshape(stretched) for value in values)
    middle, spread = X.mean(axis=chosen, keepdims=True), X.var(axis=chosen, keepdims=True)
    invstd = 1 / np.sqrt(spread + 1e-3)
    count = np.prod([X.shape[axis] for axis in chosen])
    wanted = [
        (X - middle) * invstd * g + b,
        middle,
        invstd,
        (0.8 * m + 0.2 * middle).reshape(values[2].shape),
        (0.8 * v + 0.2 * spread * count / (count - 1)).reshape(values[3].shape),
        (X - m) / np.sqrt(v + 1e-3) * g + b,
    ]
    for mine, want in zip(got, wanted, strict=True):
        assert mine.shape == want.shape
        np.testing.assert_allclose(mine, want, rtol=1e-11, atol=1e-12)
    assert [v.type.dtype for v in trained[3:]] == ["float64"] * 2
    assert [v.type.broadcastable for v in trained[3:]] == [mean.type.broadcastable, var.type.broadcastable]


def test_gradients() -> None:
    x = X[:, :, 0, :2]
    weights = T.constant(RNG.normal(size=x.shape))
    check_gradient(
        lambda x, g, b: bn.batch_normalization_train(x, g, b, "spatial")[0] * weights, x, x[0, :, 0], x[1, :, 0]
    )
    check_gradient(lambda x: bn.batch_normalization_train(x, np.ones((3, 2)), np.ones((3, 2)))[2], x)
    v = np.abs(x[2, :, 0]) + 0.5
    check_gradient(lambda *a: bn.batch_normalization_test(*a, "spatial") * weights, x, v, v, v, v)
    check_gradient(lambda x, g, b, m, s: bn.batch_normalization(x, g, b, m, s), x, *[np.abs(x[:1]) + 0.5] * 4)


def test_float32_stays() -> None:
    x, v = T.fmatrix("x"), T.fvector("v")
    outputs = bn.batch_normalization_train(x, v, v, running_mean=v, running_var=v)
    assert {output.type.dtype for output in outputs} == {"float32"}
    assert bn.batch_normalization_test(x, v, v, v, v).type.dtype == "float32"
    assert bn.batch_normalization(x, v, v, v, v, mode="high_mem").type.dtype == "float32"


def test_running_averages_are_updates() -> None:
    """As shared variables of any of the two forms, they can be updated."""
    import interactive_sym

    x = T.dmatrix("x")
    mean, var = interactive_sym.shared(np.zeros(2)), interactive_sym.shared(np.ones(2))
    out, _, _, new_mean, new_var = bn.batch_normalization_train(
        x, np.ones(2), np.zeros(2), running_mean=mean, running_var=var
    )
    train = interactive_sym.function([x], out, updates=[(mean, new_mean), (var, new_var)])
    data = RNG.normal(3.0, 2.0, size=(2000, 2))
    for _ in range(100):
        train(data)
    np.testing.assert_allclose(mean.get_value(), data.mean(axis=0), rtol=1e-3)
    np.testing.assert_allclose(var.get_value(), data.var(axis=0, ddof=1), rtol=1e-3)


def test_errors() -> None:
    x, v = T.dmatrix("x"), T.dvector("v")
    for arguments, words in (
        ({"axes": "all"}, "'per-activation', 'spatial'"),
        ({"axes": (2,)}, "axes of"),
        ({"axes": (0, 0)}, "axes of"),
        ({"axes": ()}, "no axes"),
        ({"epsilon": 1e-6}, "at least 1e-5"),
        ({"running_mean": v}, "go together"),
    ):
        with pytest.raises(ValueError, match=words):
            bn.batch_normalization_train(x, v, v, **arguments)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="gamma has 3 dimensions"):
        bn.batch_normalization_train(x, T.dtensor3(), v)
    with pytest.raises(ValueError, match="mode"):
        bn.batch_normalization(x, v, v, v, v, mode="fast")
