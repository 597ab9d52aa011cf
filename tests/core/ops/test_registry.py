"""Every registered function has samples: C equals the reference in any layout, and for nothing; two derivatives.

Elementwise functions are tested from their own table in `test_elementwise.py`; the others are sampled here. A function
that is registered without samples fails `test_every_function_has_samples`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym import function, grad
from interactive_sym.core.op import registered
from interactive_sym.core.ops.elementwise import ELEMENTWISE
from tests.core.ops.evaluation import assert_same, interpreted, numeric_gradient

Build = Callable[[Any, Any], Any]

#: By name, an expression of a square matrix `a` (n, n), symmetric and positive definite, and a vector `v` (n,).
SMOOTH: dict[str, Build] = {
    "addbroadcast": lambda a, v: T.addbroadcast(a[:1], 0) * a,
    "advanced_getitem": lambda a, v: a[v.argsort()],
    "alloc": lambda a, v: T.alloc(v, 2, v.shape[0]),
    "batched_dot": lambda a, v: T.batched_dot(a.dimshuffle(0, "x", 1), a.dimshuffle(0, 1, "x")),
    "batched_tensordot": lambda a, v: T.batched_tensordot(a, a, 1),
    "choose": lambda a, v: T.choose(T.cast(a > 0.5, "int32"), [a, a * 2]),
    "cholesky": lambda a, v: T.slinalg.cholesky(T.dot(a, a.T)),
    "clip": lambda a, v: T.clip(a, 0.21, 3.3),
    "compress": lambda a, v: T.compress(v > 0.7, a, axis=0),
    "concatenate": lambda a, v: T.concatenate([a, a * a], axis=1),
    "complex_from_polar": lambda a, v: T.real(T.complex_from_polar(a, v)),
    "cov": lambda a, v: T.cov(a),
    "cumprod": lambda a, v: T.cumprod(a, axis=1),
    "cumsum": lambda a, v: T.cumsum(a, axis=0),
    "default": lambda a, v: T.default(a, v),
    "det": lambda a, v: T.nlinalg.det(a),
    "diag": lambda a, v: T.diag(a),
    "diagonal": lambda a, v: T.diagonal(a, 1),
    "diff": lambda a, v: T.diff(a, axis=0),
    "dimshuffle": lambda a, v: a.dimshuffle(1, "x", 0),
    "dot": lambda a, v: T.dot(a, v),
    "eigvalsh": lambda a, v: T.slinalg.eigvalsh(a, None),
    "eigh": lambda a, v: T.nlinalg.eigh(a)[0],
    "expm": lambda a, v: T.slinalg.expm(a * 0.2),
    "fill": lambda a, v: T.fill(a, v),
    "fill_diagonal": lambda a, v: T.fill_diagonal(a, v.sum()),
    "fill_diagonal_offset": lambda a, v: T.fill_diagonal_offset(a, v.sum(), 1),
    "flatten": lambda a, v: a.flatten(),
    "getitem": lambda a, v: a[1:, ::-1],
    "gammal": lambda a, v: T.gammal(T.constant(2.0), a),
    "gammau": lambda a, v: T.gammau(T.constant(2.0), a),
    "horizontal_stack": lambda a, v: T.horizontal_stack(a, a),
    "inc_subtensor": lambda a, v: T.inc_subtensor(a[:, ::2], v[:, None]),
    "irfft": lambda a, v: T.fft.irfft(T.fft.rfft(a)),
    "join": lambda a, v: T.join(0, a, a),
    "lstsq": lambda a, v: T.nlinalg.lstsq(a, v, T.constant(-1.0))[0],
    "make_vector": lambda a, v: T.as_tensor_variable([a.sum(), v.sum()]),
    "matrix_inverse": lambda a, v: T.nlinalg.matrix_inverse(a),
    "max": lambda a, v: T.max(a, axis=1),
    "max_and_argmax": lambda a, v: T.max_and_argmax(a, axis=0)[0],
    "mean": lambda a, v: T.mean(a, axis=1, keepdims=True),
    "min": lambda a, v: T.min(a, axis=0),
    "nonzero_values": lambda a, v: T.nonzero_values(a * (a > 0.5)),
    "norm": lambda a, v: T.nlinalg.norm(a, "fro"),
    "outer": lambda a, v: T.outer(v, v),
    "patternbroadcast": lambda a, v: T.patternbroadcast(a[:1], (True, False)) * a,
    "permute_row_elements": lambda a, v: T.permute_row_elements(a, v.argsort()),
    "pinv": lambda a, v: T.nlinalg.pinv(a),
    "prod": lambda a, v: T.prod(a, axis=0),
    "ptp": lambda a, v: T.ptp(a, axis=1),
    "qr": lambda a, v: T.nlinalg.qr(a)[1],
    "repeat": lambda a, v: T.repeat(a, 2, axis=1),
    "reshape": lambda a, v: a.reshape((a.shape[0] * a.shape[1],)),
    "rfft": lambda a, v: T.fft.rfft(a),
    "roll": lambda a, v: T.roll(a, 1, axis=0),
    "set_subtensor": lambda a, v: T.set_subtensor(a[0], v),
    "shape_padaxis": lambda a, v: T.shape_padaxis(a, 1),
    "shape_padleft": lambda a, v: T.shape_padleft(a) * 2,
    "shape_padright": lambda a, v: T.shape_padright(a, 2),
    "solve": lambda a, v: T.slinalg.solve(a, v),
    "solve_symmetric": lambda a, v: T.slinalg.solve_symmetric(a, v),
    "solve_lower_triangular": lambda a, v: T.slinalg.solve_lower_triangular(T.tril(a), v),
    "solve_upper_triangular": lambda a, v: T.slinalg.solve_upper_triangular(T.triu(a), v),
    "sort": lambda a, v: T.sort(a, axis=0),
    "specify_shape": lambda a, v: T.specify_shape(a, a.type.shape),
    "split": lambda a, v: T.split(a, [v.shape[0] - 1, 1], 2, axis=1)[0],
    "squeeze": lambda a, v: T.squeeze(a.dimshuffle(0, "x", 1)),
    "stack": lambda a, v: T.stack([a, a * a], axis=1),
    "stacklists": lambda a, v: T.stacklists([[v.sum(), a.sum()], [v.max(), a.max()]]),
    "std": lambda a, v: T.std(a, axis=0),
    "sum": lambda a, v: T.sum(a, axis=1),
    "svd": lambda a, v: T.nlinalg.svd(a)[1],
    "swapaxes": lambda a, v: T.swapaxes(a, 0, 1),
    "take": lambda a, v: T.take(a, v.argsort(), axis=1),
    "tensordot": lambda a, v: T.tensordot(a, a, axes=[[1], [0]]),
    "tile": lambda a, v: T.tile(a, (2, 1)),
    "topk_and_argtopk": lambda a, v: T.topk_and_argtopk(v, 2)[0],
    "topk": lambda a, v: T.topk(v, 2),
    "trace": lambda a, v: T.nlinalg.trace(a),
    "transfer": lambda a, v: a.transfer("cpu") * 2,
    "transpose": lambda a, v: T.transpose(a),
    "tril": lambda a, v: T.tril(a, -1),
    "triu": lambda a, v: T.triu(a),
    "unbroadcast": lambda a, v: T.unbroadcast(v.dimshuffle("x", 0), 0),
    "var": lambda a, v: T.var(a, axis=1),
    "vertical_stack": lambda a, v: T.vertical_stack(a, a),
}

#: Results without derivatives.
DISCRETE: dict[str, Build] = {
    "all": lambda a, v: T.all(a > 0.2, axis=0),
    "allclose": lambda a, v: T.allclose(a, a + 1e-12),
    "any": lambda a, v: T.any(a > 1.0, axis=1),
    "arange": lambda a, v: T.arange(a.shape[0]),
    "argmax": lambda a, v: T.argmax(a, axis=0),
    "argmin": lambda a, v: T.argmin(a, axis=1),
    "argsort": lambda a, v: T.argsort(a, axis=1),
    "argtopk": lambda a, v: T.argtopk(v, 2),
    "bartlett": lambda a, v: T.bartlett(v.shape[0] + 1),
    "bincount": lambda a, v: T.bincount(v.argsort()),
    "eye": lambda a, v: T.eye(v.shape[0], 5, 1),
    "flatnonzero": lambda a, v: T.flatnonzero(a > 0.5),
    "identity_like": lambda a, v: T.identity_like(a),
    "inverse_permutation": lambda a, v: T.inverse_permutation(v.argsort()),
    "isclose": lambda a, v: T.isclose(a, v),
    "nonzero": lambda a, v: T.nonzero(a > 0.5)[1],
    "ones": lambda a, v: T.ones((v.shape[0], 2)),
    "ones_like": lambda a, v: T.ones_like(a),
    "round": lambda a, v: T.round(a),
    "ravel_multi_index": lambda a, v: T.ravel_multi_index((v.argsort(), v.argsort()), (9, 9)),
    "searchsorted": lambda a, v: T.searchsorted(T.sort(v), a),
    "get_vector_length": lambda a, v: T.zeros((T.get_vector_length(a.shape),)),
    "iround": lambda a, v: T.iround(a),
    "shape_i": lambda a, v: a.shape[1],
    "shape": lambda a, v: T.shape(a),
    "size": lambda a, v: a.size,
    "to_one_hot": lambda a, v: T.to_one_hot(v.argsort(), 9),
    "tri": lambda a, v: T.tri(4, 3),
    "unravel_index": lambda a, v: T.unravel_index(v.argsort(), (9, 9))[1],
    "zeros": lambda a, v: T.zeros((2, v.shape[0])),
    "zeros_like": lambda a, v: T.zeros_like(a),
}

#: Functions of other kinds of operand or of the house's own use, and the file of tests that calls each.
ELSEWHERE: dict[str, tuple[str, ...]] = {
    "core/ops/test_advanced.py": ("advanced_changed", "is_advanced"),
    "core/ops/test_control.py": ("ifelse",),
    "core/ops/test_elementwise.py": ("cast", "ceil_intdiv", "divmod", "div_proxy", "undefined"),
    "core/ops/test_extra.py": ("alloc_validate_shape", "extract_constant", "is_flat", "makeKeepDims", "numpy_scalar"),
    "core/ops/test_marks.py": ("assert_op",),
    "core/ops/test_special.py": ("chi2sf",),
    "core/test_derivatives.py": (
        "consider_constant", "cotangents", "disconnected_grad", "grad_clip", "grad_scale", "undefined_grad",
        "zero_grad",
    ),
    "core/test_view.py": ("mimebundle",),
    "sparse/test_sparse.py": (
        "csm_data", "csm_indices", "csm_indptr", "csm_shape", "dense_from_sparse", "sp_sum", "sparse_add",
        "sparse_cast",
        "sparse_dot", "sparse_eq", "sparse_ge", "sparse_getitem", "sparse_gt", "sparse_le", "sparse_lt", "sparse_mul",
        "sparse_neg", "sparse_neq", "sparse_sampled", "sparse_shape", "sparse_sub", "sparse_transpose",
        "sparse_zeros_like",
    ),
    "tensor/test_nlinalg.py": ("eig",),
    "test_function.py": ("as_tensor_variable", "constant", "eval", "get_scalar_constant_value"),
    "test_gradient.py": ("verify_grad",),
    "test_scan.py": ("scan",),
    "typed_list/test_typed_list.py": (
        "list_append", "list_count", "list_extend", "list_getitem", "list_index", "list_insert", "list_length",
        "list_remove", "list_reverse",
    ),
}  # fmt: skip

SAMPLES = {**SMOOTH, **DISCRETE}


def values(n: int, dtype: str = "float64") -> list[Any]:
    draw = np.random.RandomState(11)
    square = draw.uniform(0.3, 1.0, size=(n, n))
    return [
        (square @ square.T + np.diag(np.arange(1.0, n + 1))).astype(dtype),
        draw.uniform(0.5, 1.5, size=n).astype(dtype),
    ]


LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "reversed": lambda x: np.ascontiguousarray(x[::-1])[::-1],
    "every other": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
}


def same_function_as_sampled(name: str) -> bool:
    """Whether a name is another one for a function that is sampled, such as `power` for `pow`."""
    others = [registered()[one] for one in {*SAMPLES, *ELEMENTWISE} if one in registered() and one != name]
    return any(registered()[name] is one for one in others)


def test_every_function_has_samples() -> None:
    elsewhere = {name for names in ELSEWHERE.values() for name in names}
    known = {*SAMPLES, *ELEMENTWISE, *elsewhere}
    ours = [
        name for name, made in registered().items() if getattr(made, "__module__", "").startswith("interactive_sym")
    ]
    missing = [name for name in ours if name not in known and not same_function_as_sampled(name)]
    assert not missing, f"give samples of {missing}"
    assert set(SAMPLES) | elsewhere <= set(registered())
    folder = Path(__file__).parents[2]
    assert all((folder / file).is_file() for file in ELSEWHERE)


def expressions(names: Any, a: Any, v: Any) -> list[Any]:
    return [SAMPLES[name](a, v) for name in names]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_c_equals_the_reference_in_every_layout(dtype: str) -> None:
    a, v = T.matrix("a", dtype), T.vector("v", dtype)
    outputs = expressions(SAMPLES, a, v)
    f = function([a, v], outputs)
    want = interpreted([a, v], outputs, values(4, dtype))
    close = {"float64": 1e-11, "float32": 2e-4}[dtype]
    for layout, arrange in LAYOUTS.items():
        given = [arrange(x) for x in values(4, dtype)]
        for name, got, expected in zip(SAMPLES, f(*given), want, strict=True):
            what = f"{name}, {layout}"
            assert got.dtype == expected.dtype and got.shape == expected.shape, what
            np.testing.assert_allclose(got, expected, rtol=close, atol=close, err_msg=what)


def test_nothing_at_all() -> None:
    """Of empty operands: where the reference has a value, C has it too."""
    a, v = T.dmatrix("a"), T.dvector("v")
    given = [np.zeros((0, 0)), np.zeros(0)]
    names, want = [], []
    for name in SAMPLES:
        try:
            want.append(interpreted([a, v], expressions([name], a, v), given)[0])
        except (ValueError, IndexError, np.linalg.LinAlgError):
            continue  # such as the largest of nothing
        names.append(name)
    assert len(names) > 60
    for name, got, expected in zip(names, function([a, v], expressions(names, a, v))(*given), want, strict=True):
        assert_same(got, expected, name)


@pytest.mark.parametrize("name", SMOOTH)
def test_two_derivatives(name: str) -> None:
    a, v = T.dmatrix("a"), T.dvector("v")
    point = values(4)
    draw = np.random.RandomState(2)

    def weighted(outputs: list[Any]) -> Any:
        """One number that every element of the outputs changes."""
        shapes = [value.shape for value in interpreted([a, v], outputs, point)]
        return sum(T.sum(T.constant(draw.uniform(0.5, 1.5, size=shape)) * x) for x, shape in zip(outputs, shapes))

    cost = weighted(expressions([name], a, v))
    for tolerance in (1e-5, 1e-4):
        gradients = grad(cost, [a, v], disconnected_inputs="ignore")
        want = numeric_gradient(lambda at, y=cost: float(interpreted([a, v], [y], at)[0]), point)  # type: ignore[misc]
        for got, expected in zip(interpreted([a, v], gradients, point), want):
            np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)
        cost = weighted(gradients)
