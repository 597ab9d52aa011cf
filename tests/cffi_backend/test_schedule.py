"""Scheduling: what runs in one loop, why something does not, and what needs memory in between."""

from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.cffi_backend.schedule import BLOCK_BUDGET, GROUP_LIMIT, MANY_ROWS, ROWS
from interactive_sym.core.shared import shared
from tests.cffi_backend.kernels import Compiled, assert_same, check, with_numpy


def train_step() -> tuple[Compiled, Any, Any]:
    """One step of a logistic regression: prediction and loss out, weights updated."""
    x, y = T.dmatrix("x"), T.dvector("y")
    w, b = shared(np.random.default_rng(0).standard_normal(13), name="w"), shared(0.5, name="b")
    p = 1 / (1 + T.exp(-T.dot(x, w) - b))
    loss = -y * T.log(p) - (1 - y) * T.log(1 - p)
    error = (p - y) / T.cast(x.shape[0], "float64")
    return (
        Compiled([x, y], [p > 0.5, loss], [(w, w - 0.1 * (T.dot(x.T, error) + 0.02 * w)), (b, b - 0.1 * error.sum())]),
        w,
        b,
    )


def test_the_train_step_reads_its_data_once() -> None:
    compiled, w, b = train_step()
    nests = [group for group in compiled.plan.groups if group.domain]
    assert len(nests) == 2
    assert nests[0].rows == MANY_ROWS
    assert "sum" not in nests[0].reason
    assert [buffer.kind for buffer in compiled.plan.buffers].count("scratch") == 1  # the gradient
    for rows in (1, 3, 7, 8, 9, 31):
        x, y = np.random.default_rng(rows).standard_normal((rows, 13)), np.arange(rows) % 2.0
        expected = with_numpy(compiled.program, [x, y])
        assert_same([*compiled(x, y), w.get_value(), b.get_value()], expected)


def test_elementwise_chains_are_one_loop_without_memory() -> None:
    x = T.dmatrix("x")
    compiled = check([x], [T.exp(-(x**2)) / (1 + abs(x))], np.random.default_rng(1).standard_normal((5, 7)))
    assert len([group for group in compiled.plan.groups if group.domain]) == 1
    assert [buffer.name for buffer in compiled.plan.buffers] == ["out0"]
    assert compiled.source.split("int part0(")[1].count("for (") == 1  # both dimensions in one


def test_reasons_of_splits() -> None:
    x, v = T.dmatrix("x"), T.dvector("v")
    y = T.exp(v)
    compiled = check([v], [y, v - (v * y).sum()], np.arange(5.0))
    assert compiled.plan.groups[-1].reason == "it needs node 2 (sum) summed up over the whole loop"
    compiled = check([x], [T.exp(x) + T.exp(x).T], np.ones((3, 3)))
    assert any("other elements" in group.reason for group in compiled.plan.groups)


def test_rows_of_a_temporary_only() -> None:
    x = T.dmatrix("x")
    e = T.exp(x - x.max(axis=1, keepdims=True))
    compiled = check([x], [e / e.sum(axis=1, keepdims=True)], np.random.default_rng(2).standard_normal((9, 5)))
    (scratch,) = [buffer for buffer in compiled.plan.buffers if buffer.kind == "scratch"]
    assert scratch.shape.startswith(f"{ROWS} x ")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sums_along_rows_go_row_by_row_in_blocks_of_many(dtype: str) -> None:
    """Sums along rows, over rows and over all, arrays and numbers in between, outputs of every kind, in one nest."""
    x, w = T.matrix("x", dtype=dtype), T.vector("w", dtype=dtype)
    scaled = x * w
    gate = T.tanh(scaled.sum(axis=1) + x.prod(axis=1))
    results = [scaled, gate, T.dot(x.T, gate), (scaled * scaled).sum(), (x * gate[:, None]).sum(axis=1)]
    for rows in (0, 1, MANY_ROWS - 1, MANY_ROWS, 2 * MANY_ROWS + 3):
        rng = np.random.default_rng(rows)
        compiled = check([x, w], results, rng.uniform(-1, 1, (rows, 5)).astype(dtype), rng.random(5).astype(dtype))
    assert next(group.rows for group in compiled.plan.groups if group.domain) == MANY_ROWS
    assert f"for (int r = 0; r < {MANY_ROWS}; r++) {{" in compiled.source


def test_maps_go_where_they_are_read() -> None:
    x, w = T.dmatrix("x"), T.dvector("w")
    decay = w * 0.5
    compiled = check([x, w], [x.sum(axis=0) - decay], np.ones((6, 4)), np.arange(4.0))
    assert [buffer.kind for buffer in compiled.plan.buffers].count("scratch") == 1


def test_memory_is_used_again() -> None:
    v = T.dvector("v")
    y = v
    for _ in range(6):
        y = T.exp(y[::-1] * 0.1)
    compiled = check([v], [y], np.arange(9.0))
    scratch = [buffer for buffer in compiled.plan.buffers if buffer.kind == "scratch"]
    assert len(scratch) == 2
    assert sum(len(buffer.values) for buffer in scratch) == 5


def test_long_programs_are_cut() -> None:
    v = T.dvector("v")
    y = v
    for k in range(2 * GROUP_LIMIT + 10):
        y = y + v if k % 2 else y * 0.5
    compiled = check([v], [y], np.arange(5.0))
    assert max(len(group.nodes) for group in compiled.plan.groups) <= GROUP_LIMIT


def test_independent_loops_of_one_size_are_one() -> None:
    a, b = T.dvectors("a", "b")
    compiled = check([a, b], [T.exp(a), T.log(b), a + b, a.sum(), b.max()], np.arange(1.0, 6.0), np.arange(2.0, 7.0))
    assert len([group for group in compiled.plan.groups if group.domain]) == 1


def test_large_programs_are_not_written_row_by_row_everywhere() -> None:
    x = T.dmatrix("x")
    y = x
    for _ in range(BLOCK_BUDGET // 2):
        y = (y - y.sum(axis=0)) * 0.5
    compiled = check([x], [y], np.linspace(-1, 1, 30).reshape(6, 5))
    side_by_side = [group for group in compiled.plan.groups if group.rows == ROWS]
    assert 0 < sum(len(group.nodes) for group in side_by_side) <= BLOCK_BUDGET
    assert any(group.rows == 1 for group in compiled.plan.groups)


def test_chains_along_rows_are_one_nest() -> None:
    x = T.dmatrix("x")
    shifted = T.exp(x - x.max(axis=1, keepdims=True))
    largest = x.max(axis=1, keepdims=True)
    centred = x - x.mean(axis=1, keepdims=True)
    for chain, rows in (
        (shifted / shifted.sum(axis=1, keepdims=True), ROWS),
        (largest + T.log(T.exp(x - largest).sum(axis=1, keepdims=True)), MANY_ROWS),
        (centred / T.sqrt((centred * centred).mean(axis=1, keepdims=True) + 1e-5), ROWS),
    ):
        compiled = check([x], [chain], np.linspace(-3, 3, 42).reshape(6, 7) ** 2)
        assert [group.rows for group in compiled.plan.groups if group.domain] == [rows]
