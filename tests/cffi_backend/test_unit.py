"""Whole programs as kernels, against NumPy: element types, sizes, views, several results, updates, Python steps."""

import itertools
import random
from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.cffi_backend import unit
from interactive_sym.core.graph import Apply
from interactive_sym.core.op import Op, lookup
from interactive_sym.core.program import make_program
from interactive_sym.core.shared import shared
from interactive_sym.core.types import TensorType
from interactive_sym.tensor.shared_randomstreams import RandomStreams
from tests.cffi_backend.kernels import Compiled, KernelError, assert_same, check, with_numpy

SIZES = (0, 1, 2, 3, 7, 8, 9, 31, 33)
KINDS = ("map", "map", "map", "sigmoid", "sum", "extremum", "shuffle", "dot", "row", "column", "slice", "item", "flat")
KINDS += ("set", "join")
NUMBERS = np.random.default_rng(7)


def matrix(rows: int, columns: int, dtype: str = "float64") -> Any:
    """A sample: small whole numbers for integers, truth values for bool."""
    if dtype == "bool":
        return NUMBERS.random((rows, columns)) > 0.5
    if dtype.startswith(("int", "uint")):
        return NUMBERS.integers(0 if dtype.startswith("u") else -9, 10, (rows, columns)).astype(dtype)
    return NUMBERS.standard_normal((rows, columns)).astype(dtype)


@pytest.mark.parametrize("n", SIZES)
def test_rows_columns_and_totals(n: int) -> None:
    x, w, v = T.dmatrix("x"), T.dvector("w"), T.dvector("v")
    z = T.dot(x, w)
    outputs = [
        z,
        T.dot(v, x),
        T.dot(x.T, v),
        x.sum(),
        x.sum(axis=0),
        x.prod(axis=1),
        (x * w).sum(axis=1),
        x + v[:, None],
        x.T,
    ]
    for m in SIZES:
        check([x, w, v], outputs, matrix(n, m), matrix(1, m)[0], matrix(1, n)[0])


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 9, 33])
def test_softmax_of_rows(n: int) -> None:
    x = T.dmatrix("x")
    e = T.exp(x - x.max(axis=1, keepdims=True))
    check([x], [e / e.sum(axis=1, keepdims=True), x.argmax(axis=1), x.argmin(axis=0)], matrix(n, 7))


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"])
def test_integers_are_exact(dtype: str) -> None:
    x, y = TensorType(dtype, (False, False))("x"), TensorType(dtype, (False, False))("y")
    outputs = [x + y, x * y, T.eq(x, y), x.sum(axis=0), x.max(axis=1), x.min(axis=0), x.argmax(axis=1), T.dot(x, y.T)]
    outputs += [x.any(axis=0), x.all(axis=1), T.cast(x, "int16"), T.switch(x, y, x), x.sum(), x.prod(axis=0)]
    check([x, y], outputs, matrix(5, 9, dtype), matrix(5, 9, dtype))


def test_float32_sums_in_float64() -> None:
    x = T.fvector("x")
    values = np.full(10**6, 0.1, "float32")
    (total,) = check([x], [x.sum()], values)(values)
    assert total.dtype == np.float32
    assert total == np.float32(np.sum(values, dtype="float64"))


def test_nan_passes_through_extrema() -> None:
    x = T.dmatrix("x")
    outputs = [
        x.max(),
        x.min(),
        x.max(axis=0),
        x.max(axis=1),
        x.min(axis=0),
        x.min(axis=1),
        x.argmax(axis=1),
        x.argmin(axis=0),
    ]
    for place in ((0, 0), (3, 5), (8, 32)):
        values = matrix(9, 33)
        values[place] = np.nan
        check([x], outputs, values, exact=True)
    check([x], outputs, np.full((5, 6), -np.inf), exact=True)


def test_special_values_of_vector_mathematics() -> None:
    x = T.dvector("x")
    special = [
        0.0,
        -0.0,
        np.inf,
        -np.inf,
        np.nan,
        5e-324,
        -5e-324,
        1e-310,
        1e308,
        -1e308,
        709.0,
        710.0,
        -745.0,
        -746.0,
        1.0,
    ]
    values = np.array(special * 3)
    outputs = [
        T.exp(x),
        T.log(x),
        T.sin(x),
        T.tanh(x),
        T.sqrt(x),
        T.log1p(x),
        T.expm1(x),
        T.pow(x, 3.0),
        T.arctan(x),
        abs(x),
    ]
    compiled = Compiled([x], outputs)
    for got, expected in zip(compiled(values), with_numpy(compiled.program, [values])):
        np.testing.assert_array_equal(np.isnan(got), np.isnan(expected))
        finite = np.isfinite(expected)
        np.testing.assert_array_equal(got[~finite & ~np.isnan(got)], expected[~finite & ~np.isnan(expected)])
        np.testing.assert_array_max_ulp(got[finite], expected[finite], 4)
        zero = expected == 0
        np.testing.assert_array_equal(np.signbit(got[zero]), np.signbit(expected[zero]))


def test_vector_mathematics_within_four_ulp() -> None:
    x = T.dvector("x")
    values = np.concatenate([NUMBERS.uniform(-30, 30, 20001), NUMBERS.uniform(-1e-3, 1e-3, 5000)])
    outputs = [T.exp(x), T.log(abs(x)), T.tanh(x), T.log1p(abs(x)), T.expm1(x), T.arctan(x), T.sin(x), T.cos(x)]
    compiled = Compiled([x], outputs)
    for got, expected in zip(compiled(values), with_numpy(compiled.program, [values])):
        np.testing.assert_array_max_ulp(got, expected, 4)


@pytest.mark.parametrize(("m", "k", "n"), [(3, 4, 5), (1, 7, 1), (0, 3, 4), (3, 0, 4), (33, 31, 9)])
@pytest.mark.parametrize("dtype", ["float64", "float32", "int32", "bool"])
def test_matrix_products(m: int, k: int, n: int, dtype: str) -> None:
    a, b = TensorType(dtype, (False, False))("a"), TensorType(dtype, (False, False))("b")
    c, d = TensorType(dtype, (False, False))("c"), TensorType(dtype, (False, False))("d")
    outputs = [T.dot(a, b), T.dot(c.T, d.T), T.dot(a[::-1], b), T.dot(a, b[:, ::2]), T.dot(a[1:], b), T.dot(b.T, a.T)]
    check([a, b, c, d], outputs, matrix(m, k, dtype), matrix(k, n, dtype), matrix(k, m, dtype), matrix(n, k, dtype))


def test_stretched_operand_of_a_product() -> None:
    row, n, b = T.drow("row"), T.lscalar("n"), T.dmatrix("b")
    check([row, n, b], [T.dot(T.alloc(row, n, row.shape[1]), b)], matrix(1, 4), np.int64(3), matrix(4, 2))


def test_views_cost_nothing() -> None:
    x = T.dtensor3("x")
    outputs = [x.dimshuffle(2, 0, 1), x[::-1, 1:, -1], x[1] * 2, x[:, ::-2].sum(axis=0), x.dimshuffle(1, "x", 0, 2) + 1]
    compiled = check([x], outputs, NUMBERS.standard_normal((4, 5, 6)))
    assert all(buffer.kind == "result" for buffer in compiled.plan.buffers)


def test_reshape_join_and_assignment() -> None:
    x, n, y = T.dmatrix("x"), T.lscalar("n"), T.dvector("y")
    outputs = [
        x.reshape((n, -1)),
        (x * 2).reshape((x.shape[1], x.shape[0])).sum(axis=0),
        T.concatenate([x, x * 2, x[:1]], axis=0),
        T.concatenate([x, x], axis=1).sum(axis=1),
        T.set_subtensor(x[1:, 0], 7.0),
        T.inc_subtensor(x[:, ::2], 1.0),
        T.inc_subtensor(T.zeros_like(x)[0], y),
        T.stack([y, y * 2]),
        T.arange(n),
        T.eye(n, n + 1, 1),
        T.ones((n, 2)) * 3,
    ]
    check([x, n, y], outputs, matrix(4, 6), np.int64(3), matrix(1, 6)[0])


def test_one_value_in_several_results() -> None:
    x, s = T.dvector("x"), shared(np.zeros(3), name="s")
    y = T.exp(x)
    compiled = Compiled([x], [y, y, x, s], [(s, y)])
    values = np.arange(3.0)
    first, second, same, old = compiled(values)
    assert first is not second
    assert not np.shares_memory(first, second)
    assert not np.shares_memory(same, values)
    assert_same(
        [first, second, same, old, s.get_value()], [np.exp(values), np.exp(values), values, np.zeros(3), np.exp(values)]
    )
    same[0] = 9.0
    assert values[0] == 0.0


def test_updates_read_old_values() -> None:
    a, b = shared(1.0, name="a"), shared(2.0, name="b")
    compiled = Compiled([], [a + b], [(a, b), (b, a)])
    assert compiled()[0] == 3.0
    assert (a.get_value(), b.get_value()) == (2.0, 1.0)


def test_a_failed_call_updates_nothing() -> None:
    x, y, s = T.dvector("x"), T.dvector("y"), shared(0.0, name="s")
    compiled = Compiled([x, y], [(x * y).sum()], [(s, s + 1.0)])
    with pytest.raises(KernelError) as error:
        compiled(np.ones(3), np.ones(4))
    assert (error.value.code, error.value.error) == (1, (0, 0, 3, 4))
    assert s.get_value() == 0.0


def test_size_one_at_run_time_does_not_stretch() -> None:
    x, y = T.dmatrix("x"), T.dmatrix("y")
    with pytest.raises(KernelError) as error:
        Compiled([x, y], [x + y])(np.ones((3, 2)), np.ones((3, 1)))
    assert error.value.error == (0, 1, 2, 1)


@pytest.mark.parametrize(("index", "code"), [(3, 2), (-4, 2), (2, 0), (-3, 0)])
def test_indices_are_checked(index: int, code: int) -> None:
    x, i = T.dvector("x"), T.lscalar("i")
    compiled = Compiled([x, i], [x[i]])
    if code:
        with pytest.raises(KernelError) as error:
            compiled(np.arange(3.0), index)
        assert (error.value.code, error.value.error[1:]) == (code, (0, index, 3))
    else:
        assert compiled(np.arange(3.0), index)[0] == np.arange(3.0)[index]


@pytest.mark.parametrize("size", [0, 1, 2, 7])
def test_slices_like_numpy(size: int) -> None:
    x, a, b, c = T.dvector("x"), T.lscalar("a"), T.lscalar("b"), T.lscalar("c")
    compiled = Compiled([x, a, b, c], [x[a:b:c], x[a:], x[:b], x[::c]])
    values = np.arange(float(size))
    ends = (-(2**63), -9, -3, -1, 0, 1, 2, 6, 7, 8, 2**63 - 1)
    for start, stop, step in itertools.product(ends, ends, (-(2**63), -3, -1, 1, 2, 2**63 - 1)):
        expected = [values[start:stop:step], values[start:], values[:stop], values[::step]]
        assert_same(compiled(values, start, stop, step), expected)


@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        (lambda x, n: x.max(), (np.zeros(0), 0), 1),
        (lambda x, n: T.alloc(1.0, n), (np.zeros(1), -1), 2),
        (lambda x, n: x[::n], (np.zeros(3), 0), 3),
        (lambda x, n: x.reshape((n, 2)), (np.zeros(3), 5), 4),
        (lambda x, n: x.reshape((-1, n)), (np.zeros(3), 2), 4),
        (lambda x, n: x.reshape((n, n)), (np.zeros(3), -1), 4),
        (lambda x, n: T.arange(0, 5, n), (np.zeros(3), 0), 5),
    ],
)
def test_value_errors(make: Any, arguments: tuple[Any, ...], message: int) -> None:
    x, n = T.dvector("x"), T.lscalar("n")
    compiled = Compiled([x, n], [make(x, n)])
    with pytest.raises(KernelError) as error:
        compiled(*arguments)
    assert (error.value.code, error.value.error[1]) == (6, message)
    assert compiled.generated.messages[message]


def test_sizes_beyond_memory_are_an_error() -> None:
    n = T.lscalar("n")
    compiled = Compiled([n], [T.alloc(n + 1, n, n, n).sum(axis=0).sum()])
    assert compiled(2)[0] == 24
    two = Compiled([n], [T.set_subtensor(T.zeros((n, n))[0], 1.0).sum()])
    with pytest.raises((KernelError, MemoryError)):
        two(2**40)


def test_large_constants_are_passed_in() -> None:
    x = T.dmatrix("x")
    large, small = np.arange(600.0).reshape(20, 30), np.arange(6).reshape(2, 3)
    compiled = check([x], [x + large, T.constant(small), T.constant(large), T.constant(np.nan) * x], matrix(20, 30))
    assert [array.shape for array in compiled.generated.constants] == [(20, 30)]


class Doubled(Op):
    """Twice the operand, in Python only; a vector."""

    python_only = "tests the steps between kernels"

    def make_node(self, x: Any) -> Apply:
        return Apply(self, [x], [TensorType("float64", (False,))()])

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        output_storage[0][0] = np.concatenate([inputs[0].reshape(-1), inputs[0].reshape(-1)])


def test_python_steps_between_kernels() -> None:
    x = T.dvector("x")
    y = Doubled()(T.exp(x)[::-1])
    z = Doubled()(y * 2 + y.shape[0])
    compiled = check([x], [z.sum(), y, z + 1, Doubled()(T.constant(np.float64(3)))], np.arange(3.0))
    assert len(compiled.generated.spec.steps) == 3
    doubled = Doubled()(x)
    with pytest.raises(KernelError) as error:
        Compiled([x], [doubled + x])(np.arange(3.0))
    assert error.value.error[2:] in ((6, 3), (3, 6))


def test_random_states_stay_outside_c() -> None:
    stream = RandomStreams(234)
    uniform, normal = stream.uniform((2, 2)), stream.normal((2, 2))
    compiled = Compiled([], [uniform, normal, uniform + normal], list(stream.state_updates))
    first = compiled()
    np.testing.assert_allclose(first[0], [[0.12672381, 0.97091597], [0.13989098, 0.88754825]], atol=1e-8)
    np.testing.assert_allclose(first[2], first[0] + first[1])
    assert not np.array_equal(compiled()[0], first[0])


@pytest.mark.parametrize("kind", ["vector", "scalar"])
def test_ten_thousand_operations_in_a_chain(kind: str) -> None:
    x = getattr(T, "d" + kind)("x")
    y = x
    for k in range(10_000):
        y = y + x if k % 2 else y * (0.5 + k / 1e5)
    generated = unit.generate(make_program([x], [y], []))
    assert generated.spec.source.count("\n") > 10_000


def test_random_programs() -> None:
    for seed in range(60):
        inputs, values, outputs = random_program(seed)
        check(inputs, outputs, *values)


def random_program(seed: int) -> tuple[list[Any], list[Any], list[Any]]:
    """Inputs, values for them, and results of up to fourteen operations of all kinds, with sizes drawn first."""
    draw = random.Random(seed)
    n, m = draw.choice(SIZES), draw.choice(SIZES)
    pool: list[tuple[Any, tuple[int, ...]]] = []
    values: list[Any] = []
    for shape in ((n, m), (n, m), (m, n), (n,), (m,), (), (n, m, 3)):
        dtype = draw.choice(["float64", "float64", "float64", "int64", "int32", "int8"])
        pool.append((TensorType(dtype, (False,) * len(shape))(f"x{len(pool)}"), shape))
        values.append(np.asarray(NUMBERS.standard_normal(shape) * 3).astype(dtype))
    inputs = [x for x, _ in pool]
    for _ in range(draw.randint(1, 14)):
        made = random_operation(draw, pool)
        if made is not None:
            pool.append(made)
    return inputs, values, [draw.choice(pool[4:])[0] for _ in range(draw.randint(1, 4))] + [pool[-1][0]]


def random_operation(
    draw: random.Random, pool: list[tuple[Any, tuple[int, ...]]]
) -> tuple[Any, tuple[int, ...]] | None:
    """An operation on members of the pool, and the shape of its result; None where the one drawn does not apply."""
    x, shape = draw.choice(pool)
    ndim = len(shape)
    axis = draw.randrange(ndim) if ndim else 0
    without = shape[:axis] + shape[axis + 1 :]
    kind = draw.choice(KINDS)
    if kind == "map":
        other = draw.choice([y for y, its in pool if its == shape])
        return lookup(draw.choice(["add", "mul", "maximum", "lt", "sub"]))(x, other), shape
    if kind == "sigmoid":
        return 1 / (1 + T.exp(x * -0.1)), shape
    if ndim == 0:
        return None
    if kind == "sum":
        return x.sum(axis=axis), without
    if kind == "extremum" and shape[axis] and 0 not in without:
        return getattr(x, draw.choice(["max", "min", "argmax", "argmin"]))(axis=axis), without
    if kind == "shuffle":
        order = draw.sample(range(ndim), ndim)
        return x.dimshuffle(order), tuple(shape[k] for k in order)
    if kind == "dot" and ndim < 3:
        others = [pair for pair in pool if len(pair[1]) in (1, 2) and pair[1][0] == shape[-1]]
        if others:
            other, its = draw.choice(others)
            return T.dot(x, other), shape[:-1] + its[1:]
    if kind == "row":
        rows = [y for y, its in pool if its == shape[1:]]
        return (x * draw.choice(rows).dimshuffle(["x", *range(ndim - 1)]), shape) if rows else None
    if kind == "column":
        columns = [y for y, its in pool if its == shape[:1]]
        return (x + draw.choice(columns).dimshuffle([0] + ["x"] * (ndim - 1)), shape) if columns else None
    if kind == "slice":
        part = draw.choice(
            [slice(1, None), slice(None, -1), slice(None, None, -1), slice(None, None, 2), slice(-3, -1)]
        )
        return x[part], np.empty(shape)[part].shape
    if kind == "item" and shape[0]:
        return x[draw.choice([0, -1])], shape[1:]
    if kind == "flat":
        return x.flatten(), (int(np.prod(shape)),)
    if kind == "set" and shape[0] > 1:
        value = T.cast(pool[5][0], x.type.dtype)
        return draw.choice([T.set_subtensor, T.inc_subtensor])(x[1:], value), shape
    if kind == "join":
        other, its = draw.choice([pair for pair in pool if len(pair[1]) == ndim and pair[1][1:] == shape[1:]])
        return T.concatenate([x, other], axis=0), (shape[0] + its[0], *shape[1:])
    return None
