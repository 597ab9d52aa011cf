"""Every elementwise operation: values, element types, layouts, gradients, documentation. A new record is tested too."""

import doctest
import itertools
import pickle
from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.core.configuration import config
from interactive_sym.core.ops.elementwise import CASTS, ELEMENTWISE, Elementwise
from interactive_sym.core.types import COMPLEXES, DISCRETE, DTYPES, FLOATS, upcast
from tests.core.ops.evaluation import RUNNERS, assert_same, check_gradient, interpreted

OPERATIONS = [*ELEMENTWISE.values(), *CASTS.values()]
REALS = [dtype for dtype in DTYPES if dtype not in COMPLEXES]


def edge_values(dtype: str) -> Any:
    """Values where implementations go wrong: limits, zeros of both signs, halves, infinities, NaN, denormals."""
    kind = np.dtype(dtype).kind
    if kind == "b":
        return np.array([False, True])
    if kind in "iu":
        info = np.iinfo(dtype)
        candidates = (info.min, info.min + 1, -7, -3, -2, -1, 0, 1, 2, 3, 7, info.max - 1, info.max)
        return np.array([v for v in candidates if info.min <= v <= info.max], dtype=dtype)
    halves = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 0.49999999999999994, 7.25, -7.25, 0.1, 0.9]
    extremes = [1e-30, -1e-30, 17.5, 20.0, 100.0, -100.0, -800.0, np.inf, -np.inf, np.nan, 5e-324, 1e300, -1e300]
    with np.errstate(over="ignore", under="ignore"):
        return np.array(halves + extremes).astype(dtype)


def applicable(op: Elementwise, dtypes: tuple[str, ...]) -> str | None:
    """The output's element type, or None where the operation rejects these operands."""
    try:
        return op.out_dtype(*dtypes)
    except TypeError:
        return None


def as_numpy_gives(op: Elementwise, out: str, operands: list[Any]) -> Any:
    want = op.apply_numpy(operands, out)
    if (
        op.name == "cast"
        and np.dtype(out).kind in "iu"
        and operands[0].dtype.kind == "f"
        and out not in ("uint32", "uint64")
    ):
        info = np.iinfo(out)
        with np.errstate(invalid="ignore"):
            inside = (operands[0] > info.min - 1.0) & (operands[0] < float(info.max)) & (operands[0] < 2.0**31)
        return want, inside  # elsewhere C and NumPy leave the result undefined
    return want, np.ones(want.shape, dtype=bool)


#: Functions with zeros, near which their absolute error is small and the relative one is not.
NEAR_ZEROS = ("psi", "gammaln", "j0", "j1", "jv", "gammainc_der", "gammainc_by_order")


def check(runner: Any, operations: list[tuple[Elementwise, tuple[str, ...]]], sets: list[Any]) -> None:
    """All operations in one function of the operands `sets`."""
    inputs = [T.tensor(x.dtype.name, (False,) * x.ndim) for x in sets]
    outputs = [op(*inputs[: len(dtypes)]) for op, dtypes in operations]
    results = runner(inputs, outputs, sets)
    for (op, dtypes), got, output in zip(operations, results, outputs, strict=True):
        want, defined = as_numpy_gives(op, output.type.dtype, sets[: len(dtypes)])
        assert got.shape == want.shape
        assert_same(got[defined], want[defined], f"{op}{dtypes}", small=1e-13 if op.name in NEAR_ZEROS else 0.0)


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("dtype", REALS)
def test_one_operand_equals_numpy(dtype: str, way: str) -> None:
    operations = [(op, (dtype,)) for op in OPERATIONS if op.nin == 1 and applicable(op, (dtype,))]
    check(RUNNERS[way], operations, [edge_values(dtype)])


def test_complex_operands_equal_numpy() -> None:
    parts = np.array([0.0, 1.0, -1.0, 0.5, -2.5, 3.0])
    for dtype in COMPLEXES:
        values = (parts[:, None] + 1j * parts).ravel().astype(dtype)
        operations = [(op, (dtype,)) for op in OPERATIONS if op.nin == 1 and applicable(op, (dtype,))]
        check(interpreted, operations, [values])


PAIRS = [(dtype, dtype) for dtype in REALS] + [
    ("int8", "float32"),
    ("uint8", "int8"),
    ("uint64", "int64"),
    ("bool", "int32"),
    ("float32", "int64"),
    ("float32", "float64"),
]


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("dtypes", PAIRS, ids="-".join)
def test_two_operands_equal_numpy(dtypes: tuple[str, str], way: str) -> None:
    grid = np.meshgrid(*[edge_values(dtype) for dtype in dtypes], indexing="ij")
    operations = [(op, dtypes) for op in OPERATIONS if op.nin in (2, None) and applicable(op, dtypes)]
    check(RUNNERS[way], operations, [np.ascontiguousarray(x.ravel()) for x in grid])


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("dtypes", [("bool", "int64", "float32"), ("float64",) * 3, ("int32",) * 3], ids="-".join)
def test_three_operands_equal_numpy(dtypes: tuple[str, str, str], way: str) -> None:
    grid = np.meshgrid(*[edge_values(dtype)[::2] for dtype in dtypes], indexing="ij")
    operations = [(op, dtypes) for op in (*OPERATIONS, ELEMENTWISE["add"], ELEMENTWISE["mul"]) if op.nin == 3]
    check(RUNNERS[way], operations, [np.ascontiguousarray(x.ravel()) for x in grid])


@pytest.mark.parametrize("way", RUNNERS)
def test_sums_and_products_of_many(way: str) -> None:
    x, y, z = T.dvector(), T.fvector(), T.lscalar()
    values = [np.array([1.5, -2.0]), np.array([0.25, 3.0], "float32"), np.array(3)]
    total, product = RUNNERS[way]([x, y, z], [T.add(x, y, z), T.mul(x, y, z)], values)
    assert_same(total, values[0] + values[1] + 3)
    assert_same(product, values[0] * values[1] * 3)


LAYOUTS = {
    "contiguous": lambda a: a,
    "fortran": np.asfortranarray,
    "reversed": lambda a: np.ascontiguousarray(a[::-1, ::-1])[::-1, ::-1],
    "strided": lambda a: np.repeat(np.repeat(a, 2, axis=0), 3, axis=1)[::2, ::3],
    "stretched": lambda a: np.broadcast_to(a[:1], a.shape),
    "byte-swapped": lambda a: a.astype(a.dtype.newbyteorder()),
    "read-only": lambda a: np.frombuffer(a.tobytes(), dtype=a.dtype).reshape(a.shape),
    "unaligned": lambda a: np.frombuffer(b"x" + a.tobytes(), dtype=a.dtype, offset=1).reshape(a.shape),
}


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout: str, way: str) -> None:
    a = np.arange(12.0).reshape(3, 4) - 5
    b = np.linspace(-1, 1, 12).reshape(3, 4)
    given = LAYOUTS[layout](a)
    x, y = T.dmatrices("x", "y")
    (got,) = RUNNERS[way]([x, y], [T.exp(x) * y - x], [given, b])
    plain = np.array(given, dtype="float64")
    assert_same(got, np.exp(plain) * b - plain)


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (), (1,), (1, 1), (7,), (31,), (33,), (2, 3, 1)])
def test_shapes(shape: tuple[int, ...], way: str) -> None:
    x = T.tensor("float64", (False,) * len(shape))
    value = np.random.RandomState(1).normal(size=shape)
    got, flags = RUNNERS[way]([x], [T.tanh(x) + 1, x > 0], [value])
    assert_same(got, np.tanh(value) + 1)
    assert_same(flags, np.asarray(value > 0))


@pytest.mark.parametrize("way", RUNNERS)
def test_stretching(way: str) -> None:
    row, column, matrix, scalar = T.row(), T.col(), T.matrix(), T.scalar()
    r, c, m, s = np.array([[1.0, 2.0, 3.0]]), np.array([[10.0], [20.0]]), np.arange(6.0).reshape(2, 3), np.array(0.5)
    outputs = [row + column, row * matrix, column - matrix, scalar + row, T.vector("v") * matrix]
    got = RUNNERS[way]([row, column, matrix, scalar, outputs[-1].owner.inputs[0]], outputs, [r, c, m, s, r[0]])
    for value, want in zip(got, [r + c, r * m, c - m, s + r, r[0] * m], strict=True):
        assert_same(value, want)
    assert outputs[0].type.broadcastable == (False, False)
    assert outputs[3].type.broadcastable == (True, False)


@pytest.mark.parametrize("way", RUNNERS)
def test_a_size_of_one_that_was_not_declared_does_not_stretch(way: str) -> None:
    x, y = T.dvectors("x", "y")
    with pytest.raises(ValueError, match="mis-match"):
        RUNNERS[way]([x, y], [x + y], [np.ones(1), np.ones(3)])


def test_sizes_known_to_differ_are_an_error_at_the_line() -> None:
    x, y = T.TensorType("float64", (3,))("x"), T.TensorType("float64", (4,))("y")
    with pytest.raises(ValueError, match=r"axis 0: 3 against 4[\s\S]*test_elementwise.py"):
        x + y


# -- element types -----------------------------------------------------------------------------------------------------

NARROW = ("bool", "int8", "int16", "uint8", "uint16")


def test_unary_float_functions_make_floats() -> None:
    for name in [
        "exp",
        "log",
        "sqrt",
        "sin",
        "tanh",
        "arctan",
        "ceil",
        "floor",
        "trunc",
        "sigmoid",
        "softplus",
        "inv",
        "deg2rad",
        "expm1",
    ]:
        for dtype in REALS:
            wanted = dtype if dtype in FLOATS else "float32" if dtype in NARROW else "float64"
            assert ELEMENTWISE[name](T.vector(dtype=dtype)).dtype == wanted, name


def test_functions_that_keep_the_type() -> None:
    for dtype in DTYPES:
        x = T.vector(dtype=dtype)
        assert T.sqr(x).dtype == dtype
        assert abs(x).dtype == {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)
        for function in (T.neg, T.sgn):
            if dtype == "bool":
                with pytest.raises(TypeError, match="bool"):
                    function(x)
            else:
                assert function(x).dtype == dtype


def test_arithmetic_upcasts_like_numpy() -> None:
    for left, right in itertools.product(DTYPES, DTYPES):
        x, y = T.vector(dtype=left), T.vector(dtype=right)
        common = np.promote_types(left, right).name
        assert (
            upcast(left, right)
            == (x + y).dtype
            == (x * y).dtype
            == T.switch(x > 0 if left not in COMPLEXES else 1, x, y).dtype
            == common
        )
        if (left, right) == ("bool", "bool"):
            with pytest.raises(TypeError, match="bool"):
                x - y
        else:
            assert (x - y).dtype == common
        quotient = config.floatX if left in DISCRETE and right in DISCRETE else common
        assert (x / y).dtype == T.true_div(x, y).dtype == quotient
        assert T.eq(x, y).dtype == "bool"
        if left not in COMPLEXES and right not in COMPLEXES:
            assert (x < y).dtype == "bool"
            assert (x // y).dtype == (x % y).dtype == (common if common != "bool" else "int8")
            assert T.maximum(x, y).dtype == T.clip(x, y, y).dtype == common
        else:
            for rejected in (T.lt, T.mod, T.int_div, T.maximum, T.arctan2):
                with pytest.raises(TypeError):
                    rejected(x, y)


def test_python_numbers_take_the_smallest_type() -> None:
    assert (T.vector(dtype="uint8") + 1).dtype == "int16"
    assert (T.vector(dtype="bool") + 1).dtype == "int8"
    assert (T.fvector() + 1.1).dtype == "float64"
    assert (T.fvector() + 0.5).dtype == "float32"
    assert (T.fvector() + np.float64(0.5)).dtype == "float64"
    with config.change_flags(floatX="float32"):
        assert (T.fvector() + 1.1).dtype == "float32"
        assert (T.lvector() / T.lvector()).dtype == "float32"
    with config.change_flags(int_division="int"):
        assert (T.lvector() / T.ivector()).dtype == "int64"
    with config.change_flags(int_division="raise"), pytest.raises(TypeError, match="divides integers"):
        T.lvector() / T.ivector()


def test_bits_and_rounding_reject_other_types() -> None:
    for function in (T.and_, T.or_, T.xor):
        assert function(T.bvector(), T.lvector()).dtype == "int64"
        with pytest.raises(TypeError, match="booleans or integers"):
            function(T.dvector(), T.dvector())
    with pytest.raises(TypeError, match="float"):
        T.round(T.lvector())
    with pytest.raises(ValueError, match="mode"):
        T.round(T.dvector(), mode="up")
    assert T.iround(T.fvector()).dtype == "int64"


def test_integer_zero_divisor() -> None:
    with pytest.raises(ZeroDivisionError):
        T.lscalar("n") // 0
    assert (T.dscalar() // 0).dtype == "float64"


def test_cast() -> None:
    x = T.fvector()
    assert T.cast(x, "float32") is x
    assert x.astype("floatX").dtype == config.floatX
    with pytest.raises(TypeError, match="ambiguous"):
        T.cast(T.zvector(), "float64")
    with pytest.raises(TypeError):
        T.cast(x, "text")


@pytest.mark.parametrize("way", RUNNERS)
def test_floats_beyond_unsigned_types_wrap(way: str) -> None:
    values = np.array([-1.0, -1.5, 5e9, 2.0**63, 1.5e19, 2.0**64, 1e20, np.nan, np.inf, -np.inf, -3e9, -(2.0**63), 7.9])
    small = [2**32 - 1, 2**32 - 1, 5 * 10**9 % 2**32, 0, 0, 0, 0, 0, 0, 0, -3 * 10**9 % 2**32, 0, 7]
    wide = [2**64 - 1, 2**64 - 1, 5 * 10**9, 2**63, 15 * 10**18, 0, 0, 0, 0, 0, 2**64 - 3 * 10**9, 0, 7]
    x = T.dvector("x")
    got = RUNNERS[way]([x], [T.cast(x, "uint32"), T.cast(x, "uint64")], [values])
    assert [array.tolist() for array in got] == [small, wide]
    f = T.fvector("f")
    whole = np.array([-1.0, 2.0**33, np.nan, 3.0], dtype="float32")
    assert RUNNERS[way]([f], [T.cast(f, "uint32")], [whole])[0].tolist() == [2**32 - 1, 0, 0, 3]


def test_python_bools_are_no_tensors() -> None:
    with pytest.raises(TypeError, match="bool"):
        T.dvector() + True


@pytest.mark.parametrize("way", RUNNERS)
def test_saturation(way: str) -> None:
    x, y = T.dvector(), T.fvector()
    wide = np.array([-745.1, -709.1, -709.0, 16.1, 19.0, 19.1, np.nan])
    narrow = np.array([-104.0, -88.5, 14.5, 15.5], "float32")
    got = RUNNERS[way](
        [x, y], [T.nnet.sigmoid(x), T.nnet.softplus(x), T.nnet.sigmoid(y), T.nnet.softplus(y)], [wide, narrow]
    )
    assert got[0][1] == 0 and got[0][2] > 0 and got[0][4] < 1 and got[0][5] == 1 and np.isnan(got[0][6])
    assert got[1][0] == 0 and got[1][3] == 16.1 and np.isnan(got[1][6])
    assert got[2].tolist()[:2] == [0, 0] and got[2][3] == 1
    assert got[3][0] == 0 and got[3][2] == np.float32(14.5)


# -- gradients ---------------------------------------------------------------------------------------------------------


def _points(op: Elementwise, shape: tuple[int, ...]) -> list[Any]:
    random = np.random.RandomState(3)
    return [random.uniform(low, high, size=shape) for low, high in op.samples[: op.nin or 2]]


DIFFERENTIABLE = [
    op
    for op in ELEMENTWISE.values()
    if op.gradient is not None and applicable(op, ("float64",) * (op.nin or 2)) in FLOATS
]


@pytest.mark.parametrize("op", DIFFERENTIABLE, ids=lambda op: op.name)
def test_gradient_equals_differences(op: Elementwise) -> None:
    points = _points(op, (3,))
    if op.name == "fill":
        check_gradient(lambda y: op(T.constant(points[0]), y), points[1])
    elif op.name == "switch":
        check_gradient(lambda y, z: op(T.constant([1, 0, 2]), y, z), *points[1:])
    elif op.name in ("jv", "iv", "polygamma", "gammainc_by_order", "gamma_density_by_order"):  # by the order is none
        check_gradient(lambda *xs: op(T.constant(points[0]), *xs), *points[1:])
    else:
        check_gradient(lambda *xs: op(*xs), *points)


def test_gradient_of_stretched_operands() -> None:
    random = np.random.RandomState(5)
    row, column, scalar = random.uniform(1, 2, (1, 3)), random.uniform(1, 2, (2, 1)), random.uniform(1, 2, ())
    check_gradient(lambda r, c, s: r * c / s + T.exp(r) ** s, row, column, scalar)


def test_gradient_conventions() -> None:
    x, y = T.dvectors("x", "y")

    def slopes(expression: Any, a: list[float], b: list[float]) -> list[list[float]]:
        gradients = T.grad(expression.sum(), [x, y], disconnected_inputs="ignore")
        return [g.tolist() for g in interpreted([x, y], gradients, [a, b])]

    assert slopes(T.maximum(x, y), [1, 2, 3], [1, 3, 2]) == [[1, 0, 1], [0, 1, 0]]
    assert slopes(T.minimum(x, y), [1, 2, 3], [1, 3, 2]) == [[1, 1, 0], [0, 0, 1]]
    assert slopes(abs(x), [0, -2, 3], [0, 0, 0])[0] == [0, -1, 1]
    assert slopes(T.clip(x, 1, 2), [1, 2, 3], [0, 0, 0])[0] == [1, 1, 0]
    assert slopes(x**y, [0, 0, 2], [2, 3, 2])[1] == [0, 0, pytest.approx(4 * np.log(2))]
    assert slopes(x // y, [5, 6, 7], [2, 2, 2]) == [[0, 0, 0], [0, 0, 0]]
    assert slopes(T.ceil(x), [0.5, 1.5, 2.5], [0, 0, 0])[0] == [0, 0, 0]


def test_gradient_with_respect_to_integers_is_zero() -> None:
    n, x = T.lvector("n"), T.dvector("x")
    gradient = T.grad((n * x).sum(), n)
    assert gradient.dtype == config.floatX
    assert interpreted([n, x], [gradient], [[1, 2], [3.0, 4.0]])[0].tolist() == [0, 0]


def test_gradient_keeps_float32() -> None:
    x = T.fvector("x")
    for name in ("exp2", "log2", "log10", "erf", "deg2rad", "sqrt", "sigmoid", "sqr"):
        gradient = T.grad(ELEMENTWISE[name](x).sum(), x)
        assert gradient.dtype == "float32", name
        assert gradient.owner.op.name != "cast", f"{name}: an intermediate result became float64"


# -- documentation -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("op", ELEMENTWISE.values(), ids=lambda op: op.name)
def test_documentation_runs(op: Elementwise) -> None:
    text = op.__doc__
    assert text and "Example:" in text and op.formula in text
    test = doctest.DocTestParser().get_doctest(text, {}, op.name, None, 0)
    assert doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test).failed == 0


def test_records_survive_pickling_and_compare_by_name() -> None:
    for op in OPERATIONS:
        assert pickle.loads(pickle.dumps(op)) is op
