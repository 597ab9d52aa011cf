"""Indexing against NumPy, errors where an index is out of range, and tensors with elements changed."""

from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from tests.core.ops.evaluation import RUNNERS, assert_same, check_gradient

VALUE = np.arange(60.0).reshape(3, 4, 5)
INDICES: list[Any] = [
    0,
    -1,
    (1, 2, 3),
    (slice(None), 1),
    slice(1, None),
    slice(None, -1),
    slice(-2, None),
    slice(5, 9),
    slice(2, 1),
    (slice(None, None, -1), slice(None, None, 2)),
    (slice(3, 0, -2), 0),
    (slice(None), slice(-1, -4, -1)),
    (slice(None), slice(10, None, -3)),
    None,
    (None, 0, None),
    (Ellipsis, 1),
    (Ellipsis, None),
    (0, Ellipsis, slice(1, 3)),
    Ellipsis,
    slice(None),
    (slice(None), None, slice(1, 3)),
    (slice(0, 0),),
]


@pytest.mark.parametrize("way", RUNNERS)
def test_indexing_equals_numpy(way: str) -> None:
    x = T.dtensor3("x")
    fixed = T.TensorType("float64", VALUE.shape)("fixed")
    outputs = [x[index] for index in INDICES] + [fixed[index] for index in INDICES]
    results = RUNNERS[way]([x, fixed], outputs, [VALUE, VALUE])
    for index, got, output in zip(INDICES * 2, results, outputs, strict=True):
        assert_same(got, VALUE[index], str(index))
        assert all(size in (None, actual) for size, actual in zip(output.type.shape, got.shape, strict=True)), index
    for index, output in zip(INDICES, outputs[len(INDICES) :], strict=True):
        assert None not in output.type.shape, f"{index}: sizes are known"


@pytest.mark.parametrize("way", RUNNERS)
def test_lengths_of_slices(way: str) -> None:
    x = T.dtensor3("x")
    (got,) = RUNNERS[way]([x], [T.stack([x[index].size for index in INDICES])], [VALUE])
    assert got.tolist() == [VALUE[index].size for index in INDICES]


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize(("i", "j", "k"), [(0, 3, 1), (-1, -1, 2), (2, -5, -1), (1, 9, 3), (-3, 0, -2)])
def test_symbolic_indices(i: int, j: int, k: int, way: str) -> None:
    x, a, b, c = T.dtensor3("x"), T.lscalar("i"), T.iscalar("j"), T.bscalar("k")
    outputs = [
        x[a],
        x[a:],
        x[:, :b],
        x[:, a:b],
        x[::c],
        x[:, a:b:c],
        x[a, ..., 0],
        x[:, ::-1][:, b:].sum(axis=1),
        x[:, a:b].shape,
    ]
    values = [VALUE, np.array(i), np.array(j, "int32"), np.array(k, "int8")]
    wanted = [
        VALUE[i],
        VALUE[i:],
        VALUE[:, :j],
        VALUE[:, i:j],
        VALUE[::k],
        VALUE[:, i:j:k],
        VALUE[i, ..., 0],
        VALUE[:, ::-1][:, j:].sum(axis=1),
        np.array(VALUE[:, i:j].shape),
    ]
    for got, want in zip(RUNNERS[way]([x, a, b, c], outputs, values), wanted, strict=True):
        assert_same(got, want)


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("index", [3, -4, 10**12])
def test_out_of_range(index: int, way: str) -> None:
    x, i = T.dtensor3("x"), T.lscalar("i")
    with pytest.raises(IndexError, match=r"axis 0[\s\S]*size 3"):
        RUNNERS[way]([x, i], [x[i] * 2], [VALUE, np.array(index)])
    with pytest.raises(IndexError, match=r"axis 0[\s\S]*size 3"):
        RUNNERS[way]([x, i], [T.inc_subtensor(x[i], 1.0)], [VALUE, np.array(index)])
    with pytest.raises(IndexError, match=r"axis 0 of size 3[\s\S]*test_indexing.py"):
        T.constant(VALUE)[index]


def test_what_an_index_may_be() -> None:
    x = T.matrix("x")
    for index in (True, 1.5, "a", T.dscalar("s"), [0.5], T.dvector()):
        with pytest.raises((IndexError, TypeError), match="index"):
            x[index]
    with pytest.raises(IndexError, match="3 indices for a tensor of 2"):
        x[0, 0, 0]
    with pytest.raises(IndexError, match="Ellipsis"):
        x[..., ...]
    with pytest.raises(ValueError, match="step"):
        x[::0]
    with pytest.raises(TypeError, match="set_subtensor"):
        x[0] = 1


@pytest.mark.parametrize("way", RUNNERS)
def test_changed_elements(way: str) -> None:
    x, v, s, i = T.dtensor3("x"), T.dvector("v"), T.dscalar("s"), T.lscalar("i")
    cases: list[Any] = [(index, 2.5) for index in INDICES]
    symbolic = [x[index] for index, _ in cases]
    outputs, wanted = [], []
    for (index, number), part in zip(cases, symbolic, strict=True):
        replaced, increased = VALUE.copy(), VALUE.copy()
        replaced[index] = number
        increased[index] += number
        outputs += [T.set_subtensor(part, number), T.inc_subtensor(part, number)]
        wanted += [replaced, increased]
    row = np.arange(5.0)
    for part, index, y, number in (
        (x[i], 1, v, row),
        (x[:, i, None], np.s_[:, 1, None], v, row),
        (x[i, 1:3], np.s_[1, 1:3], s, 9.0),
    ):
        replaced, increased = VALUE.copy(), VALUE.copy()
        replaced[index] = number
        increased[index] += number
        outputs += [T.set_subtensor(part, y), T.inc_subtensor(part, y)]
        wanted += [replaced, increased]
    results = RUNNERS[way]([x, v, s, i], outputs, [VALUE, row, np.array(9.0), np.array(1)])
    for got, want, output in zip(results, wanted, outputs, strict=True):
        assert_same(got, want, str(output.owner))
    assert VALUE[0, 0, 0] == 0


def test_what_can_be_changed() -> None:
    x = T.fvector("x")
    with pytest.raises(TypeError, match="indexed"):
        T.set_subtensor(x, 1.0)
    with pytest.raises(TypeError, match="does not hold float64"):
        T.inc_subtensor(x[0], T.dscalar())
    assert T.inc_subtensor(x[0], 1.1).dtype == "float32"
    with pytest.raises(ValueError, match="dimensions"):
        T.set_subtensor(x[0], T.fvector())
    with pytest.raises(ValueError, match="size 3"):
        T.set_subtensor(x[:2].reshape((2,))[:2], T.constant(np.ones(3, "float32")))


@pytest.mark.parametrize(
    "index", [1, (slice(None), 1), (slice(None, None, -2), slice(1, None)), (None, 0), (0, 1), slice(0, 0)]
)
def test_gradients(index: Any) -> None:
    value = np.random.RandomState(0).normal(size=(3, 4))
    check_gradient(lambda x: x[index] ** 2, value)
    y = np.random.RandomState(1).normal(size=value[index].shape)
    check_gradient(lambda x, y: T.set_subtensor(x[index], y) ** 2, value, y)
    check_gradient(lambda x, y: T.inc_subtensor(x[index], y) ** 2, value, y)


def test_gradient_of_a_stretched_value() -> None:
    value = np.random.RandomState(0).normal(size=(3, 4))
    check_gradient(lambda x, s: T.set_subtensor(x[1:], s) ** 2, value, np.array(1.5))
    check_gradient(lambda x, s: T.inc_subtensor(x[:, 1:], s) ** 2, value, np.array([[1.5], [2.0], [1.0]]))


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("shape", [(3, 4), (None, None)])
def test_parts_of_a_computed_value_that_is_an_output_too(shape: tuple[int | None, ...], way: str) -> None:
    x, n = T.TensorType("float64", shape)("x"), T.lscalar("n")
    value = np.arange(12.0).reshape(3, 4)
    doubled = x * 2
    for part, index in (
        (np.s_[0:0], np.s_[0:0]),
        (np.s_[:2], np.s_[:2]),
        (np.s_[:n], np.s_[:2]),
        (np.s_[:, 0:1], np.s_[:, 0:1]),
    ):
        for outputs in ([doubled[part]], [doubled, doubled[part]], [doubled + 1, doubled[part]]):
            assert_same(RUNNERS[way]([x, n], outputs, [value, np.array(2)])[-1], (value * 2)[index])
