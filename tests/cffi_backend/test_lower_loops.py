"""Loops and branches as C: in the same unit, without Python steps, without copies, with errors that are explained."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym import Mode, Op, function, grad, scan
from interactive_sym.cffi_backend import unit
from interactive_sym.core.graph import Apply
from interactive_sym.ifelse import ifelse
from interactive_sym.scan import map, until

ZERO = T.constant(0.0, dtype="float64")


def steps_of(f: Any) -> int:
    """How many Python steps a function's unit has."""
    return len(unit.generate(f.program).spec.steps)


class PythonOnly(Op):
    """Twice its input, in Python."""

    __props__ = ()
    python_only = "it is a test"

    def make_node(self, x: Any) -> Apply:
        return Apply(self, [x], [x.type()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        output_storage[0][0] = np.asarray(2 * inputs[0])


def test_a_loop_is_in_the_unit() -> None:
    x, w = T.dmatrix("x"), T.dmatrix("w")
    states, _ = scan(lambda x, s: T.tanh(x + T.dot(s, w)), x, T.zeros(3))
    f = function([x, w], [states[-1], *grad(states[-1].sum(), [x, w])])
    assert steps_of(f) == 0
    assert f.c_source.count("for (int64_t s") == 2, "one loop forward, one back"


def test_rows_are_read_where_they_are() -> None:
    x = T.dmatrix("x")
    rows, _ = scan(lambda row: row.sum(), x[::-1, :])
    f = function([x], rows)
    assert f.c_source.count("isym_temporary") == 0
    transposed, _ = scan(lambda row: row.sum(), x.T)
    g = function([x], transposed)
    assert g.c_source.count("isym_temporary") == 1, "columns are copied once, so that a step reads along memory"


def test_memory_of_a_step_is_taken_once() -> None:
    x = T.dtensor3("x")
    states, _ = scan(lambda m, s: T.dot(T.tanh(m), T.exp(s)), x, T.eye(3))
    source = function([x], states[-1]).c_source
    inside = source[source.index("for (int64_t s") :]
    assert "isym_temporary" not in inside[: inside.index("\n    }\n")]


def test_operations_without_c_make_the_loop_a_python_step() -> None:
    x = T.dvector("x")
    states, _ = scan(lambda x, s: PythonOnly()(x) + s, x, ZERO)
    f = function([x], states * 2)
    assert steps_of(f) == 1
    assert f([1.0, 2.0]).tolist() == [4.0, 12.0]
    c = T.iscalar("c")
    g = function([c, x], ifelse(c, PythonOnly()(x), x))
    assert steps_of(g) == 1
    assert g(1, [1.0]).tolist() == [2.0]


def test_loops_in_loops_and_branches_in_steps() -> None:
    m, c = T.dmatrix("m"), T.iscalar("c")

    def inner(row: Any) -> Any:
        sums, _ = scan(lambda x, s: ifelse(T.gt(c, 0), T.exp(x) + s, s - x), row, ZERO)
        return sums[-1]

    rows, _ = map(inner, m)
    f = function([m, c], rows)
    assert steps_of(f) == 0
    values = np.array([[0.0, 1.0], [2.0, 3.0]])
    np.testing.assert_allclose(f(values, 1), np.exp(values).sum(axis=1))
    np.testing.assert_allclose(f(values, 0), -values.sum(axis=1))


def test_large_constants_are_passed_in() -> None:
    table = np.random.default_rng(0).normal(size=(20, 20))
    x = T.dmatrix("x")
    nested, _ = map(
        lambda row: map(lambda v: v * T.constant(table).sum() + T.dot(T.constant(table), row)[0], row)[0], x
    )
    f = function([x], nested)
    assert steps_of(f) == 0
    values = np.random.default_rng(1).normal(size=(3, 20))
    np.testing.assert_allclose(f(values), values * table.sum() + (values @ table[0])[:, None], rtol=1e-10)


def test_errors_in_a_step_are_explained() -> None:
    x, y = T.dmatrix("x"), T.dvector("y")
    sums, _ = scan(lambda row: row + y, x)
    f = function([x, y], sums)
    assert steps_of(f) == 0
    with pytest.raises(ValueError, match="add") as found:
        f(np.ones((2, 3)), [1.0, 2.0])
    assert "row + y" in str(found.value)
    picked, _ = scan(lambda i: y[i], T.lvector("i"))
    (i,) = (v for v in picked.owner.inputs if v.name == "i")
    g = function([i, y], picked)
    with pytest.raises(IndexError, match="index 5 is out of range"):
        g([0, 5], [1.0, 2.0])


def test_states_must_keep_their_shape() -> None:
    s, n = T.dvector("s"), T.lscalar("n")
    states, _ = scan(lambda s: s[1:], outputs_info=s, n_steps=n)
    f = function([s, n], states)
    with pytest.raises(ValueError, match=r"output 0 has shape \(2,\) at step 0, and \(3,\) before"):
        f([1.0, 2.0, 3.0], 1)
    assert f([1.0, 2.0, 3.0], 0).shape == (0, 3)


def test_ten_million_steps_need_no_memory() -> None:
    n = T.lscalar("n")
    states, _ = scan(lambda s: (s + 1.0, until(s < 0)), outputs_info=ZERO, n_steps=n)
    assert float(function([n], states[-1])(10_000_000)) == 10_000_000
    with pytest.raises(MemoryError):
        function([n], [states])(2**60)


def test_modes_that_leave_bodies_alone() -> None:
    x, c = T.dvector("x"), T.iscalar("c")
    sums, _ = scan(lambda x, s: ifelse(c, s + x, s - x), x, ZERO)
    for mode in (Mode("c", None), Mode("c", "fast_run").excluding("loops"), Mode("c", "fast_compile")):
        f = function([x, c], sums, mode=mode)
        assert steps_of(f) == 0
        assert f([1.0, 2.0], 0).tolist() == [-1.0, -3.0]
