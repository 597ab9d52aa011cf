"""Every rule is proved on samples: it fires, types stay, values change only as the rule says.

Rules that are data are sampled from their pattern; each rule that computes has graphs in `GRAPHS`. A rule without
samples fails.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.builders import OpFromGraph
from interactive_sym.core.graph import Variable
from interactive_sym.core.op import call
from interactive_sym.core.ops import marks
from interactive_sym.core.ops.elementwise import CASTS
from interactive_sym.core.ops.shape import DimShuffle, Join, SpecifyShape
from interactive_sym.core.pattern import Any_, Head, Number, Pattern, variables
from interactive_sym.core.rule import CHANGES, RULES, STAGES, Rule
from interactive_sym.core.types import FLOATS, TensorType
from tests.core.rules.rewriting import assert_as_allowed, final, rewrite_with, values_of

Graph = tuple[Sequence[Variable], Variable]

HOUSE = [rule for rule in RULES if rule.where is not None]
DTYPES = ("float64", "float32", "int64", "int8", "uint8", "bool")
SHAPES: dict[str, tuple[tuple[int | None, ...], ...]] = {
    "matrices": ((None, None),),
    "matrix and row": ((None, None), (1, None)),
    "row and matrix": ((1, None), (None, None)),
    "scalars": ((),),
    "static": ((3, 4),),
}


def draw(type_: TensorType, low: float = -3.0, high: float = 3.0, special: bool = False, seed: int = 3) -> Any:
    """An array of the type; `special` puts in NaN, infinities, signed zeros and the ends of integer types."""
    shape = [size if size is not None else 3 + axis for axis, size in enumerate(type_.shape)]
    random = np.random.RandomState(seed)
    kind = np.dtype(type_.dtype).kind
    if kind == "f":
        array = random.uniform(low, high, size=shape)
        corners: list[Any] = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0]
    elif kind == "b":
        array, corners = random.randint(0, 2, size=shape), []
    else:
        array = random.randint(0 if kind == "u" else -5, 6, size=shape)
        corners = [np.iinfo(type_.dtype).min, np.iinfo(type_.dtype).max, 0]
    array = np.asarray(array).astype(type_.dtype)
    if special:
        flat = array.reshape(-1)
        places = random.permutation(flat.size)[: len(corners)]
        flat[places] = np.array(corners[: len(places)], dtype=type_.dtype)
    return array


def prove(rule: Rule, inputs: Sequence[Variable], output: Variable, values: Sequence[Any], what: str = "") -> bool:
    """Whether the rule fired; where it did, types and values are checked."""
    trace = rewrite_with([rule], inputs, [output])
    if not any(firing.rule == rule.name for firing in trace.firings):
        return False
    new = trace.graph_at(len(trace))[0]
    assert new.type.dtype == output.type.dtype
    assert len(new.type.shape) == len(output.type.shape)
    for mine, its in zip(output.type.shape, new.type.shape):
        assert its == mine or (mine is None and its != 1), f"{rule.name}: {new.type} from {output.type}"
    (old_value,) = values_of(trace.initial, values)
    (new_value,) = values_of(final(trace), values)
    assert_as_allowed(rule.changes, old_value, new_value, f"{rule.name} {what}")
    return True


# -- rules that are data -----------------------------------------------------------------------------------------------


def expression(pattern: Pattern, leaves: dict[str, Variable]) -> Variable:
    """The pattern as a graph over `leaves`."""
    if isinstance(pattern, Any_):
        return leaves[pattern.name]
    if isinstance(pattern, Number):
        dtypes = [x.type.dtype for x in leaves.values()]
        dtype = next((d for d in dtypes if d in FLOATS), dtypes[0])
        if pattern.value != int(pattern.value):
            return call("constant", np.asarray(pattern.value, "float32"))
        if dtype == "uint8" and pattern.value < 0:
            raise TypeError("no negative numbers")
        return call("constant", np.asarray(pattern.value, dtype=dtype))
    assert isinstance(pattern, Head)
    return call(pattern.name, *[expression(part, leaves) for part in pattern.operands])


def data_samples(rule: Rule) -> Iterator[tuple[str, Sequence[Variable], Variable, list[Any]]]:
    assert rule.pattern is not None
    wanted = variables(rule.pattern)
    for dtype in DTYPES:
        for form, shapes in SHAPES.items():
            leaves = {name: TensorType(dtype, shapes[min(k, len(shapes) - 1)])(name) for k, name in enumerate(wanted)}
            try:
                output = expression(rule.pattern, leaves)
            except TypeError:
                continue  # the operation has no meaning for this element type
            inputs = list(leaves.values())
            for special in (False, True):
                if special and (rule.changes != "nothing" or rule.samples):
                    continue
                values = [
                    draw(x.type, *rule.samples.get(name, (-3.0, 3.0)), special=special, seed=5 + k)
                    for k, (name, x) in enumerate(leaves.items())
                ]
                yield f"{dtype} {form}{' special' * special}", inputs, output, values


@pytest.mark.parametrize("rule", [r for r in HOUSE if r.pattern is not None], ids=lambda r: r.name)
def test_data_rules(rule: Rule) -> None:
    fired = [what for what, *sample in data_samples(rule) if prove(rule, *sample, what=what)]
    assert fired, f"{rule} never fired on its own pattern"


# -- rules that compute ------------------------------------------------------------------------------------------------

x, y = T.dmatrix("x"), T.dmatrix("y")
v, w = T.dvector("v"), T.dvector("w")
s, t = T.dscalar("s"), T.dscalar("t")
f, k = T.fmatrix("f"), T.lmatrix("k")
q = T.bmatrix("q")
n = T.lscalar("n")
row, col = T.row("row", dtype="float64"), T.col("col", dtype="float64")
fixed = TensorType("float64", (3, 4))("fixed")
cond = T.dmatrix("cond")
one = T.constant(np.asarray(1.0))


def _exp_share(a: Any) -> Any:
    return T.exp(a) / T.exp(a).sum(axis=1, keepdims=True)


_ROWS, _CLASSES = T.constant([0, 1, 2]), T.constant([3, 0, 0])


def _choice_gradient(a: Any, shifted: bool) -> Any:
    """The gradient of the cost of classes chosen out of a softmax, perhaps with the largest number taken off first."""
    e = T.exp(a)
    s = e.sum(axis=1).dimshuffle(0, "x")
    p = _exp_share(a - a.max(axis=1, keepdims=True)) if shifted else e / s
    weights = T.constant([0.5, 2.0, -1.0])
    g = T.inc_subtensor(T.zeros_like(a)[_ROWS, _CLASSES], weights / p[_ROWS, _CLASSES])
    return e * (g / s - (g * e).sum(axis=1).dimshuffle(0, "x") / (s * s))


GRAPHS: dict[str, Callable[[], list[Graph]]] = {
    "constant_folding": lambda: [
        ([], T.exp(T.constant([1.0, 2.0])) + 1),
        ([x], x * (T.constant(2.0) + T.constant(0.1))),
        ([], T.arange(5)),
        ([], T.constant(np.arange(6)).reshape((2, 3)).sum(axis=0)),
    ],
    "known_condition": lambda: [([x, y], T.switch(T.constant(1), x, y)), ([x, y], T.switch(T.constant(0), x, y))],
    "same_condition": lambda: [
        ([cond, x, y], T.switch(cond, T.switch(cond, x, y), x + y)),
        ([cond, x, y], T.switch(cond, x, T.switch(cond, x + y, y))),
    ],
    "useless_cast": lambda: [([x], CASTS["float64"](x))],
    "gradient_mark": lambda: (
        [
            ([x], mark(x))
            for mark in (marks.zero_grad, marks.ConsiderConstant(), marks.disconnected_grad, marks.undefined_grad)
        ]
        + [([x], marks.grad_clip(x, -1, 1)), ([x], marks.grad_scale(x, 2.0))]
    ),
    "inline_graph": lambda: [
        ([x], OpFromGraph([y], [T.exp(y) + 1])(x) * 2),
        ([x], OpFromGraph([y], [T.sum(y), y - 1])(T.tanh(x))[1]),
    ],
    "useless_assert": lambda: [
        ([x], marks.assert_op(x, T.constant(1))),
        ([x, s], marks.assert_op(x, T.constant(1), s > -100)),
        ([x, s], marks.assert_op(x, s > -100, s > -100)),
    ],
    "cast_of_cast": lambda: [
        ([q], T.cast(T.cast(q, "int64"), "float32")),
        ([f], T.cast(T.cast(f, "float64"), "float32")),
        ([f], T.cast(T.cast(f, "float64"), "int32")),
    ],
    "useless_dimshuffle": lambda: [([x], DimShuffle((0, 1))(x))],
    "dimshuffle_of_dimshuffle": lambda: [
        ([x], x.T.T),
        ([x], x.dimshuffle(1, "x", 0).dimshuffle(2, 0, "x", 1)),
        ([v], v.dimshuffle("x", 0).dimshuffle(1)),
    ],
    "useless_reshape": lambda: [
        ([x], x.reshape(x.shape)),
        ([v], v.reshape((-1,))),
        ([fixed], fixed.reshape((3, 4))),
        ([fixed], fixed.reshape((3, -1))),
    ],
    "reshape_of_reshape": lambda: [
        ([x], x.reshape((2, -1)).reshape((-1,))),
        ([fixed], fixed.reshape((2, 6)).flatten()),
    ],
    "useless_alloc": lambda: [([fixed], T.alloc(fixed, 3, 4)), ([v], T.alloc(v, T.shape_i(v, 0)))],
    "alloc_of_alloc": lambda: [([s, n], T.alloc(T.alloc(s, 4), n, 4))],
    "useless_fill": lambda: [
        ([x], T.fill(x, x)),
        ([fixed], T.fill(fixed, fixed * 2)),
        ([x, s], T.fill(x, T.fill(x, s))),
    ],
    "useless_subtensor": lambda: [([x], x[:]), ([x], x[:, :]), ([fixed], fixed[0:3]), ([x], x[0:, ::1])],
    "reduction_over_size_one": lambda: [
        ([row], row.sum(axis=0)),
        ([col], col.max(axis=1)),
        ([row], row.prod(axis=(0,))),
    ],
    "join_of_one": lambda: [([x], Join(1)(x))],
    "known_shape": lambda: [([fixed], SpecifyShape((3, None))(fixed))],
    "binary_chain": lambda: [([x, y, f], T.add(x, y, f)), ([q, k], T.mul(q, q, k)), ([x], T.add(x))],
    "difference_of_equal": lambda: [([k], k - k), ([q], q - q)],
    "canonical_sum": lambda: [
        ([x], 2 * x + 3 * x),
        ([x, y], x + y - x),
        ([x], x - x),
        ([x], (x + 2) + 3),
        ([x, y], -(-x - y)),
        ([k], k + k + k - k * 4),
        ([x, row], (x + row) - x),
        ([f], (f - 1.5) - 2.5),
        ([s], s - 3 + 3),
    ],
    "canonical_product": lambda: [
        ([x, y], x * y / x),
        ([x], 2 * (3 * x)),
        ([x, y], x / y * y),
        ([x], x**3 / x),
        ([x], x / x),
        ([k], (k * 2) * 3),
        ([f, x], (f * f) / f),
        ([x, row], x * row / x),
        ([x], T.sqrt(T.exp(x)) * T.sqrt(T.exp(x))),
    ],
    "negative_coefficient": lambda: [([x, y], x + y * -2.0), ([x, y], x - -0.5 * y), ([f], f - f * -2)],
    "common_factor": lambda: [
        ([x, y, s], x * s + y * s),
        ([x, y, s], x / s - y / s),
        ([x, y, s, t], (s * x) * t - (y * s) * t),
    ],
    "distribute_over_quotients": lambda: [
        ([x, y, v, w], (x / v + y / w) * (v * w)),
        ([x, y, v], (x / v - y) * v),
    ],
    "fill_cut": lambda: [
        ([x, s], T.fill(x, s) * x),
        ([x, y], T.fill(x, T.exp(y)) + y),
        ([fixed], T.alloc(np.float64(2), 3, 4) - fixed),
    ],
    "useless_leading_dimensions": lambda: [
        ([x, v], x + v.dimshuffle("x", 0)),
        ([x, s], x * s.dimshuffle("x", "x")),
        ([x], x * np.array([[2.0]])),
    ],
    "leading_dimensions_later": lambda: [
        ([v, w], v.dimshuffle("x", 0) * w.dimshuffle("x", 0)),
        ([s], T.exp(s.dimshuffle("x"))),
        ([s, t], s.dimshuffle("x", "x") + t),
    ],
    "dimshuffle_of_product": lambda: [
        ([v, w], (v / w).dimshuffle(0, "x")),
        ([v, s], (v * s).dimshuffle(0, "x")),
        ([v], (-v).dimshuffle(0, "x")),
    ],
    "spread_later": lambda: [([x, s], T.exp(T.fill(x, s))), ([n, s], T.alloc(s, n, 2) * 2), ([x, s], -T.fill(x, s))],
    "reduction_of_spread": lambda: [
        ([x, s], T.fill(x, s).sum()),
        ([n, s], T.alloc(s, n, 3).sum()),
        ([s], T.alloc(s, 2, 3).max()),
        ([s], T.alloc(s, 2, 3).prod()),
        ([k], T.fill(k, np.int64(2)).sum()),
    ],
    "dimshuffle_of_spread": lambda: [([n, s], T.alloc(s, n, 3).T), ([n, s], T.alloc(s, n).dimshuffle(0, "x"))],
    "sum_of_product": lambda: [
        ([x, s], (x * s).sum()),
        ([x, s], (s * x).sum(axis=0)),
        ([x, s], (x / s).sum(axis=1)),
        ([x, col], (x * col).sum(axis=1)),
        ([x, row], (x * row).sum(axis=0)),
        ([f], (f * np.float32(2)).sum()),
    ],
    "sum_of_negatives": lambda: [([x], (-x).sum()), ([f], (-f).sum(axis=1))],
    "reduction_of_reduction": lambda: [
        ([x], x.sum(axis=0).sum()),
        ([x], x.max(axis=1).max()),
        ([x], (x > 0).all(axis=0).all()),
        ([k], k.prod(axis=0).prod(axis=0)),
    ],
    "reduction_of_dimshuffle": lambda: [([x], x.T.sum()), ([x], x.dimshuffle(1, "x", 0).max())],
    "transpose_of_dot": lambda: [([x, y], T.dot(x, y.T).T)],
    "sign_out_of_dot": lambda: [([x, w], T.dot(-x[:, :3], w)), ([x, y], T.dot(x, -y.T))],
    "dot_with_zeros": lambda: [([x], T.dot(x, np.zeros((4, 2)))), ([x, n], T.dot(x, T.zeros((4, n))))],
    "logistic": lambda: [
        ([x], 1 / (1 + T.exp(-x))),
        ([x], T.inv(1 + T.exp(x))),
        ([x], T.exp(x) / (1 + T.exp(x))),
        ([x, y], y / (1 + T.exp(x))),
        ([x], T.exp(x) * T.nnet.sigmoid(-x)),
        ([x], T.nnet.sigmoid(x) / T.exp(x)),
        ([x], (1 + T.exp(-x)) * T.nnet.sigmoid(x)),
        ([x, y], T.exp(x - y) * T.nnet.sigmoid(y - x)),
        ([f], 1 / (1 + T.exp(-f))),
    ],
    "one_minus_logistic": lambda: [([x], 1 - T.nnet.sigmoid(x)), ([f], 1 - T.nnet.sigmoid(f))],
    "log_of_logistic": lambda: [([x], T.log(T.nnet.sigmoid(x))), ([f], T.log(T.nnet.sigmoid(-f)))],
    "logistic_residual": lambda: [
        ([x, y], (1 - y) * T.nnet.sigmoid(x) - y * T.nnet.sigmoid(-x)),
        ([x, y], y * T.nnet.sigmoid(x) - (1 - y) * T.nnet.sigmoid(-x)),
        ([x, y], (1 - y) * T.nnet.sigmoid(-x) - T.nnet.sigmoid(x) * y),
        ([x, y], (1 - y) * T.nnet.sigmoid(x - y) - T.nnet.sigmoid(y - x) * y),
    ],
    "log_sum_exp": lambda: [
        ([x], T.log(T.exp(x).sum())),
        ([x], T.log(T.exp(x).sum(axis=1))),
        ([x], T.log(T.exp(x).sum(axis=0, keepdims=True))),
        ([f], T.log(T.exp(f).sum(axis=1))),
    ],
    "softmax": lambda: [
        ([x], _exp_share(x)),
        ([f], _exp_share(f)),
        ([x], T.exp(x) / T.exp(x).sum()),
        ([x, y], y / T.exp(x).sum(axis=1, keepdims=True) * T.exp(x)),
        ([x], T.exp(x) / T.exp(x).sum(axis=0)),
        ([x], -2 * T.exp(x) / T.exp(x).sum(axis=0) / T.exp(x).sum(axis=0)),
    ],
    "log_of_chosen_probability": lambda: [
        ([x, y], T.log((T.exp(x) / T.exp(y))[_ROWS, _CLASSES])),
        ([f], T.log(_exp_share(f)[_ROWS, _CLASSES])),
    ],
    "softmax_residual": lambda: [([x], _choice_gradient(x, False)), ([x], _choice_gradient(x, True))],
    "log_of_softmax": lambda: [([x, y], T.log(T.exp(x) / T.exp(y))), ([f], T.log(_exp_share(f)))],
    "reciprocal_of_constant": lambda: [
        ([x], x / 4),
        ([f], f / np.float32(0.5)),
        ([x], x / np.array([1.0, 2.0, 4.0, -8.0])),
    ],
    "one_over": lambda: [([x], 1 / x), ([f], 1 / f)],
    "shape_from_sizes": lambda: [([x], x.shape), ([fixed], T.exp(fixed).shape), ([s], s.shape)],
    "size_from_inputs": lambda: [
        ([x, y], T.shape_i(T.exp(x) + y, 0)),
        ([x], T.shape_i(T.dot(x, x.T).T, 1)),
        ([x], T.shape_i(x.sum(axis=0), 0)),
        ([x, y], T.shape_i(T.concatenate([x, y], axis=0), 0)),
        ([x], T.shape_i(x[1:], 0)),
        ([s, n], T.shape_i(T.alloc(s, n, 2), 0)),
        ([n], T.shape_i(T.arange(n), 0)),
        ([x], T.shape_i(x.flatten(), 0)),
    ],
    "fill_to_alloc": lambda: [([x, s], T.fill(T.exp(x), s)), ([x, s], T.fill(x.sum(axis=0), s))],
    "entry_of_shape": lambda: [([x], x.shape[0]), ([x], x.shape[-1]), ([x, y], (x + y).shape[1])],
    "entry_of_vector": lambda: [
        ([s, t], T.stack([s, t])[1]),
        ([s, t], T.stack([s, t])[-2]),
        ([s, t], T.stack([s, t, s])[1:]),
    ],
    "slope_of_logistic": lambda: [
        ([x], T.nnet.sigmoid(x) * T.nnet.sigmoid(-x)),
        ([x, y], y * T.nnet.sigmoid(x - y) * 2 * T.nnet.sigmoid(y - x)),
        ([f], T.nnet.sigmoid(-f) * (f * T.nnet.sigmoid(f))),
    ],
    "subtensor_of_elementwise": lambda: [
        ([x, y], (x + T.exp(y))[1]),
        ([x, v], (x * v)[1:, 2]),
        ([x, row, s], T.switch(x > row, x, s)[:, 1:3]),
        ([x, n], T.cast(T.exp(x), "float32")[n - 3, ::2]),
        ([x, col], (x / (2 + T.sqr(col)))[-1, -1]),
        ([x], T.sqr(x)[::-1]),
    ],
    "subtensor_of_dot": lambda: [
        ([x, y], T.dot(x, y.T)[1]),
        ([x, y, n], T.dot(x.T, y)[n - 4, 1:]),
        ([x, y], T.dot(x, y.T)[:, 2]),
        ([x, v], T.dot(x, v)[1:]),
        ([x, v], T.dot(v, x.T)[-1]),
    ],
    "subtensor_of_reduction": lambda: [
        ([x], x.sum(axis=1)[1]),
        ([x], x.max(axis=0)[1:3]),
        ([x], T.argmax(x, axis=1)[-1]),
        ([x, y], T.stack([x, y]).sum(axis=1)[0, 1:]),
        ([x, y, n], T.stack([x, y]).prod(axis=(0, 2))[n - 3]),
    ],
    "subtensor_of_dimshuffle": lambda: [
        ([x], T.exp(x).T[1]),
        ([x, v], (x * v).dimshuffle(1, "x", 0)[1:, :, 2]),
        ([x, y], T.dot(x, y.T).T[:, 0]),
    ],
    "subtensor_of_subtensor": lambda: [
        ([x], x[1][2]),
        ([x], x[1:][0]),
        ([x], x[::-1][0, 1:]),
        ([x, n], x[::-1, ::2][n - 3, 1:]),
        ([x, n], x[n - 3 :][:, 2]),
        ([fixed], fixed[1:][-1]),
        ([fixed], fixed[:, ::-1][:, ::-2]),
        ([x], x[:, :-1][:, :-1]),
    ],
    "subtensor_of_set_subtensor": lambda: [([x, w], T.set_subtensor(x[1], T.exp(x[2]))[1])],
}


@pytest.mark.parametrize("rule", [r for r in HOUSE if r.pattern is None and r.whole is None], ids=lambda r: r.name)
def test_rules_that_compute(rule: Rule) -> None:
    assert rule.name in GRAPHS, f"{rule.name} has no sample graph in GRAPHS"
    graphs = GRAPHS[rule.name]()
    assert graphs
    for inputs, output in graphs:
        values = []
        for position, variable in enumerate(inputs):
            positive = variable in (v, w, t)
            value = draw(variable.type, 0.5 if positive else -2.0, 3.0 if positive else 2.0, seed=7 + position)
            if variable is n:
                value = np.asarray(4)
            if variable in (v, w) and any(u in (x, y) for u in inputs):
                value = np.resize(value, 3 if rule.name in ("sign_out_of_dot", "useless_dimshuffle") else 4)
            values.append(value)
        assert prove(rule, inputs, output, values, str(output.owner)), f"{rule.name} does not fire on {output.owner}"


# -- the registry ------------------------------------------------------------------------------------------------------


def test_every_rule_says_what_it_is() -> None:
    assert len(HOUSE) > 100
    seen: dict[str, str] = {}
    for rule in HOUSE:
        assert rule.stage in STAGES and rule.changes in CHANGES
        assert rule.why.endswith((".", ")")) and 15 < len(rule.why) <= 120, rule.why
        assert rule.where is not None and rule.where.filename.endswith(".py")
        assert rule.name.replace("_", "").isalnum() and rule.name == rule.name.lower()
        for alias in (rule.name, *rule.aliases):
            assert seen.setdefault(alias, rule.name) == rule.name, f"{alias} means {seen[alias]} and {rule.name}"


def test_rules_of_the_data_kind_print_both_sides() -> None:
    assert RULES["log_one_plus"].text == "log((1 + a)) -> log1p(a)"
    assert str(RULES["local_neg_neg"]) == "double_negative: (-(-a)) -> a"


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_has_rules(stage: str) -> None:
    assert RULES.of_stage(stage)
