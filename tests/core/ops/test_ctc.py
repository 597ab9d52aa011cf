"""The cost of a labelling against the sum over all paths; its gradient; C against NumPy."""

import itertools
from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.core.ops.ctc import CTC, as_loop
from interactive_sym.core.ops.shape import sizes_of
from tests.core.ops.evaluation import RUNNERS, check_gradient, compiled, interpreted

RNG = np.random.RandomState(6)
X = RNG.normal(size=(6, 5, 4)) * 2
LABELS = np.array([[1, 2, -1, -1], [1, 1, 3, 2], [3, -1, -1, -1], [-1, -1, -1, -1], [2, -1, 2, -1]])
LENGTHS = np.array([6, 6, 2, 3, 4])


def by_paths(x: Any, labels: Any) -> float:
    """All paths of labels and blanks, one after the other."""
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    total = 0.0
    for path in itertools.product(range(x.shape[1]), repeat=len(x)):
        said = [k for t, k in enumerate(path) if k and (t == 0 or path[t - 1] != k)]
        if said == [k for k in labels if k >= 0]:
            total += np.prod(p[range(len(x)), path])
    return float(-np.log(total))


def variables(dtype: str = "float64") -> tuple[Any, Any, Any]:
    return T.tensor3("x", dtype=dtype), T.imatrix("labels"), T.ivector("lengths")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_costs_and_gradients(dtype: str) -> None:
    x, labels, lengths = variables(dtype)
    costs, gradients = CTC(dtype)(x, labels, lengths)
    outputs = [costs, gradients, T.grad((costs * [1, 2, 3, 4, 5]).sum(), x), *sizes_of(costs), *sizes_of(gradients)]
    arguments = [X.astype(dtype), LABELS.astype("int32"), LENGTHS.astype("int32")]
    want = interpreted([x, labels, lengths], outputs, arguments)
    tolerance = 1e-10 if dtype == "float64" else 1e-4
    expected = [by_paths(X[:n, k], LABELS[k]) for k, n in enumerate(LENGTHS)]
    np.testing.assert_allclose(want[0], expected, rtol=tolerance)
    assert [int(n) for n in want[3:]] == [5, *X.shape]
    for got, its in zip(compiled([x, labels, lengths], outputs, arguments), want, strict=True):
        assert got.dtype == its.dtype
        np.testing.assert_allclose(got, its, rtol=tolerance, atol=tolerance)


def test_gradient() -> None:
    check_gradient(lambda x: CTC("float64")(x, LABELS, LENGTHS)[0], X)


def test_higher_derivatives() -> None:
    def slope(x: Any, labels: Any = LABELS, lengths: Any = LENGTHS) -> Any:
        return T.grad((CTC("float64")(x, labels, lengths)[0] * np.arange(1.0, len(labels) + 1)).sum(), x)

    check_gradient(lambda x: slope(x) ** 2, X)
    small, one, few = X[:3, :1], np.array([[1, 2]]), np.array([3])
    check_gradient(lambda x: T.grad((slope(x, one, few) ** 2).sum(), x), small)
    for x, labels, lengths in ((X[:2], LABELS, LENGTHS.clip(0, 2)), (X[:, :0], LABELS[:0], LENGTHS[:0])):
        check_gradient(lambda x, labels=labels, lengths=lengths: slope(x, labels, lengths) ** 2, x)
    check_gradient(lambda x: slope(x, one[:, :0], few) ** 2, small)


def test_costs_as_a_loop() -> None:
    x, labels, lengths = variables()
    given = [X, LABELS.astype("int32"), LENGTHS.astype("int32")]
    (want,) = interpreted([x, labels, lengths], [CTC("float64")(x, labels, lengths)[0]], given)
    for runner in RUNNERS.values():
        (got,) = runner([x, labels, lengths], [as_loop(x, labels, lengths)], given)
        np.testing.assert_allclose(got, np.where(np.isfinite(want), want, 0), rtol=1e-12)


@pytest.mark.parametrize("way", RUNNERS)
def test_large_numbers_and_impossible_labels(way: str) -> None:
    """Activations of thousands do not overflow; what no path says costs infinity, with a gradient of 0."""
    x, labels, lengths = variables()
    costs, gradients = CTC("float64")(x, labels, lengths)
    value = np.zeros((2, 4, 3))
    value[:, 0, 1] = 5000.0
    value[:, 1, 2] = 5000.0
    marks = np.array([[1, -1], [1, -1], [1, 1], [2, -1]], dtype="int32")
    arguments = [value, marks, np.array([2, 2, 2, 0], dtype="int32")]
    got = RUNNERS[way]([x, labels, lengths], [costs, gradients], arguments)
    assert got[0][0] == 0 and abs(got[0][1] - 10000 + np.log(3)) < 1e-8 and got[0][2] == np.inf and got[0][3] == np.inf
    assert np.isfinite(got[1]).all() and not got[1][:, 2:].any()


@pytest.mark.parametrize("way", RUNNERS)
def test_no_examples_and_errors(way: str) -> None:
    x, labels, lengths = variables()
    outputs = list(CTC("float64")(x, labels, lengths))
    run = lambda *values: RUNNERS[way]([x, labels, lengths], outputs, values)  # noqa: E731
    marks, counts = LABELS.astype("int32"), LENGTHS.astype("int32")
    assert [v.shape for v in run(X[:, :0], marks[:0], counts[:0])] == [(0,), (6, 0, 4)]
    with pytest.raises(ValueError, match="from 1 to 3"):
        run(X, marks + 2, counts)
    with pytest.raises(ValueError, match="from 0 to 6"):
        run(X, marks, counts + 1)
    with pytest.raises(ValueError, match="5, 4 labellings"):
        run(X, marks[:4], counts)


def test_types() -> None:
    x, labels, lengths = variables()
    for arguments in ((T.dmatrix(), labels, lengths), (x, x, lengths), (x, labels, labels)):
        with pytest.raises(TypeError, match="ctc"):
            CTC("float64")(*arguments)
