"""Two derivatives of every operation: by differences, or declared absent with a reason.

`CASES` are expressions of smooth points; the derivative of the derivative of each is compared with central differences
of the derivative. Every class of operation either occurs in one of them, or stops gradients, or stands in `ABSENT`.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import interactive_sym
import interactive_sym.tensor as T
from interactive_sym import builders, sparse
from interactive_sym.core.errors import NullTypeGradError
from interactive_sym.core.graph import toposort
from interactive_sym.core.op import Op
from interactive_sym.core.ops import blocksparse, convolution, ctc, decompositions, neighbours, pooling, solving
from interactive_sym.core.ops.cumulative import Recurrence
from interactive_sym.core.ops.shape import Unbroadcast
from interactive_sym.ifelse import ifelse
from interactive_sym.scan import foldl, foldr, map, reduce, scan, scan_checkpoints
from interactive_sym.tensor import nnet
from tests.core.ops.evaluation import compiled, interpreted, numeric_gradient
from tests.core.ops.test_registry import SMOOTH

RNG = np.random.RandomState(23)
Case = tuple[Callable[..., Any], list[Any]]


def smooth(*shape: int) -> Any:
    return RNG.uniform(0.4, 1.6, size=shape)


def apart(*shape: int) -> Any:
    """Numbers no two of which are nearly equal."""
    return (RNG.permutation(int(np.prod(shape))) * 0.13 + 0.4).reshape(shape)


def whole(*numbers: Any) -> list[Any]:
    return [T.constant(np.array(value, dtype="int64")) for value in numbers]


SQUARE = smooth(3, 3) + 2 * np.eye(3)
SYMMETRIC = SQUARE @ SQUARE.T + np.diag([0.0, 2.0, 5.0])
IMAGES, FILTERS = smooth(1, 2, 4, 5), smooth(2, 2, 2, 3)
VOLUMES, CUBES = smooth(1, 1, 3, 4, 3), smooth(2, 1, 2, 2, 2)
STEPS = whole((2, 2), (1, 2), (0, 1))
LABELS, LENGTHS = np.array([[1, 2]]), np.array([3])
FORM = convolution.Form(((0, 0), (0, 0)), (1, 1), (1, 1), False, 1, False)
SPARSE = np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 1.5]])


def as_sparse(data: Any) -> Any:
    return sparse.CSR(data, np.array([0, 2, 1, 2]), np.array([0, 2, 4]), np.array([2, 3]))


def loop(x: Any, w: Any) -> Any:
    return scan(lambda x, s, w: T.tanh(w * s + x), x, T.constant(0.2), w)[0]


def inner(x: Any, y: Any) -> Any:
    a, b = T.dvectors("a", "b")
    return builders.OpFromGraph([a, b], [T.exp(a) * b])(x, y)


def branch(x: Any, y: Any) -> Any:
    return ifelse(T.gt(x.sum(), 1.0), (x * y).sum() ** 2, T.exp(y).sum())


def by(shortcut: Callable[..., Any]) -> Case:
    """A loop's state after all steps, by a shortcut of `scan`."""
    return (lambda x, w: shortcut(lambda x, s, w: T.tanh(w * s + x), x, T.constant(0.2), w)[0], [smooth(4), 0.7])


LEARNING: dict[str, Case] = {
    "ctc": (lambda x: ctc.CTC("float64")(x, LABELS, LENGTHS)[0], [smooth(3, 1, 4)]),
    "softmax": (lambda x: nnet.softmax(x), [smooth(2, 3)]),
    "logsoftmax": (lambda x: nnet.logsoftmax(x), [smooth(2, 3)]),
    "categorical crossentropy": (
        lambda x: nnet.categorical_crossentropy(nnet.softmax(x), np.array([0, 2])),
        [smooth(2, 3)],
    ),
    "categorical crossentropy, soft": (
        lambda x, t: nnet.categorical_crossentropy(nnet.softmax(x), t),
        [smooth(2, 3), smooth(2, 3)],
    ),
    "binary crossentropy": (lambda x, t: nnet.binary_crossentropy(nnet.sigmoid(x), t), [smooth(3), smooth(3)]),
    "sigmoid crossentropy": (lambda x, t: nnet.sigmoid_binary_crossentropy(x, t), [smooth(3), smooth(3)]),
    "h_softmax": (
        lambda x, a, b, c, d: nnet.h_softmax(x, 2, 4, 2, 2, a, b, c, d, np.array([1, 2])),
        [smooth(2, 3), smooth(3, 2), smooth(2), smooth(2, 3, 2), smooth(2, 2)],
    ),
    "batch normalisation": (
        lambda x, g, b: nnet.batch_normalization_train(x, g, b)[0],
        [smooth(4, 3), smooth(3), smooth(3)],
    ),
    "batch normalisation, means": (lambda x: nnet.batch_normalization_train(x, *T.ones((2, 3)))[1:3], [smooth(4, 3)]),
    "batch normalisation, fixed": (
        lambda x, g, b, m, v: nnet.batch_normalization_test(x, g, b, m, v),
        [smooth(4, 3), smooth(3), smooth(3), smooth(3), smooth(3)],
    ),
    "conv2d": (lambda x, w: nnet.conv2d(x, w, border_mode="half", subsample=(1, 2)), [IMAGES, FILTERS]),
    "conv2d, dilated groups": (
        lambda x, w: nnet.conv2d(x, w, border_mode=(1, 2), filter_dilation=(2, 1), num_groups=2),
        [IMAGES, smooth(2, 1, 2, 3)],
    ),
    "conv3d": (lambda x, w: nnet.conv3d(x, w, border_mode="full"), [VOLUMES, CUBES]),
    "conv2d transposed": (
        lambda g, w: nnet.conv2d_transpose(g, w, (1, 2, 4, 5)),
        [smooth(1, 2, 3, 3), FILTERS],
    ),
    "separable_conv2d": (
        lambda x, d, p: nnet.separable_conv2d(x, d, p, num_channels=2),
        [IMAGES, smooth(2, 1, 2, 2), smooth(3, 2, 1, 1)],
    ),
    "convolution": (lambda x, w: convolution.Convolution(FORM, "float64")(x, w), [IMAGES, FILTERS]),
    "convolution's gradient by inputs": (
        lambda w, g: convolution.ConvolutionGradInputs(FORM, "float64")(w, g, 4, 5),
        [FILTERS, smooth(1, 2, 3, 3)],
    ),
    "convolution's gradient by filters": (
        lambda x, g: convolution.ConvolutionGradWeights(FORM, "float64")(x, g, 2, 3),
        [IMAGES, smooth(1, 2, 3, 3)],
    ),
    "images to neighbours": (
        lambda x: neighbours.ImagesToNeighbours("valid", "float64")(x, *whole((2, 2), (2, 1))) ** 2,
        [smooth(1, 1, 4, 3)],
    ),
    "neighbours to images": (
        lambda x: neighbours.NeighboursToImages("valid", "float64")(x, *whole((2, 2), (2, 1)), 1, 1, 4, 3) ** 2,
        [smooth(4, 4)],
    ),
    "blocks of a sparse product": (
        lambda o, w, h: blocksparse.SparseBlockGemv("float64")(o, w, h, np.array([[0]]), np.array([[1]])),
        [smooth(1, 1, 2), smooth(2, 2, 3, 2), smooth(1, 1, 3)],
    ),
    "blocks of an outer product": (
        lambda o, x, y: blocksparse.SparseBlockOuter("float64")(o, x, y, np.array([[0]]), np.array([[1]])),
        [smooth(2, 2, 3, 2), smooth(1, 1, 3), smooth(1, 1, 2)],
    ),
    **{
        f"pool, {mode}": (
            lambda x, mode=mode: pooling.Pool(mode, True, 2, 3, "float64")(x, *STEPS) ** 2,
            [apart(1, 4, 5)],
        )
        for mode in pooling.MODES
    },
    "pool, max, its gradient": (
        lambda x, g: pooling.MaxPoolGrad("max", True, 2, 3, "float64")(
            x, pooling.Pool("max", True, 2, 3, "float64")(x, *STEPS), g * g, *STEPS
        ),
        [apart(1, 4, 5), smooth(1, 3, 3)],
    ),
    "pool, max, its tangent": (
        lambda t: pooling.MaxPoolTangent("max", True, 2, 3, "float64")(
            T.constant(apart(1, 4, 5)), pooling.Pool("max", True, 2, 3, "float64")(T.constant(apart(1, 4, 5)), *STEPS),
            t * t, *STEPS,
        ),
        [smooth(1, 4, 5)],
    ),
    "pool, average, its gradient": (
        lambda g: pooling.AveragePoolGrad("average_inc_pad", True, 2, 3, "float64")(
            T.constant(apart(1, 4, 5)), g * g, *STEPS
        ),
        [smooth(1, 3, 3)],
    ),
}  # fmt: skip
LINALG: dict[str, Case] = {
    "cholesky": (lambda a: T.slinalg.cholesky(T.dot(a, a.T)), [SQUARE]),
    "cholesky, upper": (lambda a: T.slinalg.Cholesky(lower=False)(T.dot(a, a.T)), [SQUARE]),
    "solve": (lambda a, b: T.slinalg.solve(a, b), [SQUARE, smooth(3, 2)]),
    "solve, symmetric": (lambda a, b: T.slinalg.solve_symmetric(T.dot(a, a.T), b), [SQUARE, smooth(3)]),
    "solve, lower": (lambda a, b: T.slinalg.solve_lower_triangular(a, b), [SQUARE, smooth(3)]),
    "solve, upper": (lambda a, b: T.slinalg.solve_upper_triangular(a, b), [SQUARE, smooth(3)]),
    "svd": (lambda a: list(T.nlinalg.svd(a, full_matrices=False)), [smooth(3, 2) + np.eye(3, 2) * 2]),
    "qr": (lambda a: list(T.nlinalg.qr(a)), [smooth(4, 3) + np.eye(4, 3)]),
    "qr, wide": (lambda a: list(T.nlinalg.qr(a)), [smooth(2, 3) + np.eye(2, 3)]),
    "eigh": (lambda a: list(T.nlinalg.eigh(a)), [SYMMETRIC]),
    "eigh, upper": (lambda a: list(T.nlinalg.eigh(a, "U")), [SYMMETRIC]),
    "eigvalsh": (lambda a, b: T.slinalg.eigvalsh(a, T.dot(b, b.T)), [SYMMETRIC, SQUARE]),
    "eig": (lambda a: T.nlinalg.eig(a)[0], [SYMMETRIC]),
    "det": (lambda a: T.nlinalg.det(a), [SQUARE]),
    "det, of many": (lambda a: solving.Det()(a), [SQUARE]),
    "inverse": (lambda a: T.nlinalg.matrix_inverse(a), [SQUARE]),
    "pinv": (lambda a: decompositions.Pinv()(a), [smooth(3, 2) + np.eye(3, 2)]),
    "lstsq": (lambda a, b: T.nlinalg.lstsq(a, b, T.constant(-1.0))[0], [smooth(4, 2) + np.eye(4, 2), smooth(4)]),
    "expm": (lambda a: T.slinalg.expm(a * 0.2), [SQUARE]),
    "kron": (lambda a, b: T.slinalg.kron(a, b), [smooth(2, 2), smooth(1, 2)]),
    "matrix power": (lambda a: T.nlinalg.matrix_power(a, 3), [SQUARE]),
    "tensorinv": (lambda a: T.nlinalg.tensorinv(a.reshape((3, 1, 3)), 1), [SQUARE]),
    "tensorsolve": (lambda a, b: T.nlinalg.tensorsolve(a, b), [SQUARE, smooth(3)]),
}
CONTROL: dict[str, Case] = {
    "scan": (loop, [smooth(4), 0.7]),
    "scan, checkpoints": (
        lambda x, w: scan_checkpoints(lambda x, s, w: T.tanh(w * s + x), x, [T.constant(0.2)], w, save_every_N=2)[0],
        [smooth(4), 0.7],
    ),
    "scan in a scan": (lambda x, w: scan(lambda row: loop(row, w).sum(), x)[0], [smooth(2, 3), 0.7]),
    "foldl": by(foldl),
    "foldr": by(foldr),
    "reduce": by(reduce),
    "map": (lambda x, w: map(lambda x, w: T.sin(x * w), x, w)[0], [smooth(4), 0.7]),
    "ifelse": (branch, [smooth(2), smooth(2)]),
    "OpFromGraph": (inner, [smooth(2), smooth(2)]),
    "sort": (lambda x: T.sort(x, axis=1) ** 2, [apart(2, 3)]),
    "topk": (lambda x: T.topk(x, 2) ** 2, [apart(4)]),
    "unbroadcast": (lambda x: Unbroadcast((0,))(x) ** 3, [smooth(1, 2)]),
    "grad_scale": (lambda x: T.sqr(interactive_sym.gradient.grad_scale(x, 1.0)), [smooth(2)]),
    "grad_clip": (lambda x: T.sqr(interactive_sym.gradient.grad_clip(x, -99.0, 99.0)), [smooth(2)]),
    "bincount": (lambda x: T.bincount(T.constant([0, 1, 0]), x**3), [smooth(3)]),
    "cumprod": (lambda x: T.cumprod(x**2), [smooth(4)]),
    "recurrence": (lambda a, b: Recurrence(0, "float64")(a * a, b), [smooth(4), smooth(4)]),
    "print": (lambda x: ifelse(T.gt(x.sum(), 99.0), interactive_sym.printing.Print("")(x**3), x**3), [smooth(2)]),
    "assert": (lambda x: T.opt.Assert("")(x**3, T.all(x > 0)), [smooth(2)]),
    "permute": (lambda x: T.permute_row_elements(x**3, np.array([1, 0, 2])), [smooth(2, 3)]),
}
STORED: dict[str, Case] = {
    "sparse + sparse": (lambda a, b: (as_sparse(a * a) + as_sparse(b)).toarray(), [smooth(4), smooth(4)]),
    "sparse * sparse": (lambda a, b: (as_sparse(a) * as_sparse(b)).toarray(), [smooth(4), smooth(4)]),
    "sparse * dense": (lambda a, d: (as_sparse(a) * d).toarray(), [smooth(4), smooth(2, 3)]),
    "col_scale": (lambda a, d: sparse.col_scale(as_sparse(a), d).toarray(), [smooth(4), smooth(3)]),
    "row_scale": (lambda a, d: sparse.row_scale(as_sparse(a), d).toarray(), [smooth(4), smooth(2)]),
    "sp_sum": (lambda a: sparse.sp_sum(as_sparse(a * a), 0), [smooth(4)]),
    "structured_exp": (lambda a: sparse.structured_exp(as_sparse(a)).toarray(), [smooth(4)]),
    "sparse dot dense": (lambda a, d: sparse.dot(as_sparse(a), d), [smooth(4), smooth(3, 2)]),
    "sparse dot sparse": (lambda a, b: sparse.true_dot(as_sparse(a), as_sparse(b).T).toarray(), [smooth(4), smooth(4)]),
    "sampling_dot": (
        lambda x, y: sparse.sampling_dot(x, y, as_sparse(T.ones(4))).toarray(),
        [smooth(2, 2), smooth(3, 2)],
    ),
    "hstack": (lambda a, b: sparse.hstack([as_sparse(a * a), as_sparse(b)]).toarray() ** 2, [smooth(4), smooth(4)]),
    "diagonal": (lambda a: sparse.diag(sparse.square_diagonal(a * a)), [smooth(3)]),
    "rows": (lambda v: sparse.construct_sparse_from_list(T.zeros((4, 2)), v * v, [2, 0]).toarray(), [smooth(2, 2)]),
    "part of a sparse matrix": (lambda a: as_sparse(a * a)[:, 1:].toarray(), [smooth(4)]),
    "element of a sparse matrix": (lambda a: as_sparse(a * a)[1, 2], [smooth(4)]),
    "from dense": (lambda d: sparse.csr_from_dense(d * d).toarray(), [smooth(2, 2)]),
    "data": (lambda a: sparse.csm_data(as_sparse(a)) ** 3, [smooth(4)]),
    "tidy": (lambda a: sparse.clean(as_sparse(a * a)).toarray(), [smooth(4)]),
    "transposed": (lambda a: as_sparse(a * a).T.toarray(), [smooth(4)]),
}  # fmt: skip


CASES: dict[str, Case] = {**LEARNING, **LINALG, **CONTROL, **STORED}

#: Classes of operation that only gather what others share; no node is of them.
BASES = ("GradientMark", "MatrixOp", "_Decomposition", "_InC")
#: Operations that occur in no case, and why none is needed.
ABSENT: dict[str, str] = {
    "ConsiderConstant": "its derivative is 0 by its meaning",
    "Eye": "it has no continuous operand",
    "UndefinedGrad": "its meaning is that there is no derivative",
    "ZeroGrad": "its derivative is 0 by its meaning",
}


def made(case: Case) -> tuple[list[Any], list[Any]]:
    """The variables and outputs of a case."""
    build, point = case
    variables: list[Any] = [T.TensorType("float64", (None,) * np.ndim(x))() for x in point]
    outputs = build(*variables)
    return variables, list(outputs) if isinstance(outputs, list | tuple) else [outputs]


def weighted(variables: list[Any], outputs: list[Any], point: list[Any]) -> Any:
    """One number that every element of the outputs changes."""
    draw = np.random.RandomState(2)
    shapes = [np.shape(value) for value in interpreted(variables, outputs, point)]
    return sum(T.sum(T.constant(draw.uniform(0.5, 1.5, size=shape)) * x) for x, shape in zip(outputs, shapes))


def two_derivatives(case: Case) -> tuple[list[Any], Any, list[Any], list[Any]]:
    """Variables, a number made of a case's gradient, the gradient, and the gradient of that number."""
    variables, outputs = made(case)
    first = T.grad(weighted(variables, outputs, case[1]), variables, disconnected_inputs="ignore")
    slope = weighted(variables, first, case[1])
    return variables, slope, first, T.grad(slope, variables, disconnected_inputs="ignore")


@pytest.mark.parametrize("name", CASES)
def test_second_derivative_equals_differences(name: str) -> None:
    point = CASES[name][1]
    variables, slope, _, second = two_derivatives(CASES[name])
    want = numeric_gradient(lambda at: float(interpreted(variables, [slope], at)[0]), point)
    for got, expected in zip(interpreted(variables, second, point), want, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("group", [LEARNING, LINALG, CONTROL, STORED], ids=["learning", "linalg", "control", "stored"])
def test_compiled_equals_the_reference(group: dict[str, Case]) -> None:
    """Both derivatives of a whole group in one function."""
    inputs, outputs, values, names = [], [], [], []
    for name, case in group.items():
        variables, _, first, second = two_derivatives(case)
        inputs += variables
        values += case[1]
        outputs += [*first, *second]
        names += [name] * 2 * len(first)
    want = interpreted(inputs, outputs, values)
    for name, got, expected in zip(names, compiled(inputs, outputs, values), want, strict=True):
        assert got.shape == expected.shape and got.dtype == expected.dtype, name
        np.testing.assert_allclose(got, expected, rtol=1e-7, atol=1e-8, err_msg=name)


def classes(cls: type[Op] = Op) -> Iterator[type[Op]]:
    for child in cls.__subclasses__():
        yield child
        yield from classes(child)


def test_every_operation_has_a_case_or_a_reason() -> None:
    house = [cls for cls in classes() if cls.__module__.startswith("interactive_sym.")]
    derived = [cls for cls in house if cls.grad is not Op.grad or cls.L_op is not Op.L_op]  # without, it is an error
    assert len(derived) > 60
    point = [T.dmatrix("a"), T.dvector("v")]
    graphs = [output for case in CASES.values() for output in made(case)[1]]
    graphs += [output for build in SMOOTH.values() for output in [build(*point)]]
    graphs += [g for name in CASES if "sparse" in name or name == "hstack" for g in two_derivatives(CASES[name])[2]]
    seen = {type(node.op) for node in toposort(graphs)}
    unknown = [
        cls.__name__
        for cls in derived
        if cls not in seen and not cls.gradient_stops and cls.__name__ not in (*BASES, *ABSENT)
    ]
    assert not unknown, f"give cases of {unknown}"
    assert {cls.__name__ for cls in house} >= {*BASES, *ABSENT}


def test_what_has_no_second_derivative_says_so() -> None:
    a = T.dmatrix("a")
    for output, why in (
        (T.nlinalg.qr(a, "complete")[0], "mode 'reduced' has"),
        (T.nlinalg.svd(a)[0], "full_matrices=False has"),
        (T.nlinalg.lstsq(a, a, -1.0)[3], "of the solution only"),
    ):
        with pytest.raises(NullTypeGradError, match=why):
            T.grad(output.sum(), a)
