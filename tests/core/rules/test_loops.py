"""Rules of loops and branches: what they leave, and that values stay."""

from typing import Any

import numpy as np

import interactive_sym.tensor as T
from interactive_sym import Function, Mode, function, grad, scan
from interactive_sym.core.graph import Apply
from interactive_sym.core.ops.control import Branches
from interactive_sym.core.ops.scan import Scan
from interactive_sym.ifelse import ifelse
from interactive_sym.scan import until
from interactive_sym.tensor.shared_randomstreams import RandomStreams

ZERO = T.constant(0.0, dtype="float64")


def loops(f: Function) -> list[Apply]:
    return [node for node in f.program.nodes if isinstance(node.op, Scan)]


def fired(f: Function) -> list[str]:
    return [firing.rule for firing in f.trace.firings if firing.pass_name == "loops"]


def same_without(rule: str, inputs: list[Any], outputs: list[Any], *values: Any) -> Function:
    """A function whose results do not depend on whether `rule` is on; every step of its trace can be shown."""
    f = function(inputs, outputs)
    other = function(inputs, outputs, mode=Mode().excluding(rule))
    assert rule in fired(f)
    assert rule not in fired(other)
    for got, want in zip(f(*values), other(*values), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12)
    for k in range(len(f.trace) + 1):
        assert len(f.trace.graph_at(k)) == len(outputs)
    return f


def test_last_rows_are_enough() -> None:
    x = T.dmatrix("x")
    (a, b), _ = scan(lambda row, s: [s + row, row * 2], x, [T.zeros_like(x[0]), None])
    f = same_without("keep_last_rows", [x], [a[-1], b[-2:], b[-1]], np.arange(8.0).reshape(4, 2))
    (node,) = loops(f)
    assert node.op.layout.kept == (1, 2)
    all_read = function([x], [a[-1], b, a[0]])
    assert loops(all_read)[0].op.layout.kept == (None, None)
    assert function([x], a[-1], mode=Mode().excluding("scan_save_memory")).program.nodes


def test_what_no_one_reads_goes() -> None:
    x, y, w = T.dvector("x"), T.dvector("y"), T.dscalar("w")
    outputs, _ = scan(lambda x, y, s, r: [s + x, r * y, T.exp(x) * w], [x, y], [ZERO, ZERO + 1, None])
    f = same_without("unused_outputs_of_loops", [x, y, w], [outputs[0], y + w], [1.0, 2.0], [0.0, 0.0], 1.0)
    (node,) = loops(f)
    assert (node.op.layout.states, node.op.layout.collected, node.op.layout.sequences) == (1, 0, 1)
    assert f([1.0, 2.0], [0.0, 0.0], 1.0)[0].tolist() == [1.0, 3.0]
    assert not any(v is w for v in node.inputs)


def test_states_that_others_need_stay() -> None:
    x = T.dvector("x")
    (a, b), _ = scan(lambda x, s, r: [s + x, r + s], x, [ZERO, ZERO])
    f = function([x], b)
    (node,) = loops(f)
    assert node.op.layout.kept == (1, None), "the other state is only handed from step to step"
    assert f([1.0, 2.0, 3.0]).tolist() == [0.0, 1.0, 4.0]
    assert a.type == b.type


def test_equal_loops_become_one() -> None:
    x, w = T.dvector("x"), T.dscalar("w")
    one, _ = scan(lambda x, s: s * w + x, x, ZERO)
    (two, extra), _ = scan(lambda x, s: [s * w + x, T.exp(s)], x, [ZERO, None])
    f = same_without("merge_loops", [x, w], [one, two, extra], [1.0, 2.0, 3.0], 0.5)
    assert len(loops(f)) == 1
    (again, more), _ = scan(lambda x, s: [s * w + x, T.exp(s)], x, [ZERO, None])
    g = function([x, w], [two, again, extra, more])
    assert len(loops(g)) == 1


def test_gradients_share_the_forward_loop() -> None:
    x, w = T.dvector("x"), T.dscalar("w")
    states, _ = scan(lambda x, s: T.tanh(s * w + x), x, ZERO)
    f = function([x, w], [states[-1], *grad(states[-1], [x, w])])
    assert len(loops(f)) == 2, "one forward, one back"
    (back,) = (node for node in loops(f) if node.op.layout.carried)
    assert "tanh" not in [node.op.name for node in back.op.body.nodes], "it reads what the forward loop has stored"


def test_steps_are_rewritten() -> None:
    x = T.dvector("x")
    outputs, _ = scan(lambda x: T.log(1 + x), x)
    f = same_without("rewrite_inside", [x], [outputs], [0.5, 1.0])
    (node,) = loops(f)
    assert [n.op.name for n in node.op.body.nodes] == ["log1p"]
    (trace,) = node.op.traces
    assert "log_one_plus" in [firing.rule for firing in trace.firings]


def test_branches_take_their_work_along() -> None:
    c, x = T.iscalar("c"), T.dvector("x")
    common = T.exp(x)
    chosen = ifelse(c, ifelse(T.gt(c, 1), T.sin(common), T.cos(common)), T.tanh(common) + T.sqrt(x))
    for value in (0, 1, 2):
        f = same_without("work_into_branches", [c, x], [chosen], value, [0.5, 1.0])
    (node,) = (node for node in f.program.nodes if isinstance(node.op, Branches))
    assert [n.op.name for n in node.op.then.nodes][-1] == "branches", "branches within branches"
    assert {"exp", "branches"} == {n.op.name for n in f.program.nodes}
    assert not [n for n in node.op.then.nodes if n.op.name in ("sin", "cos")]


def test_results_stay_outside_of_branches() -> None:
    c, x = T.iscalar("c"), T.dvector("x")
    shown = T.exp(x)
    f = function([c, x], [ifelse(c, shown, T.sin(x)), shown])
    assert "exp" in [node.op.name for node in f.program.nodes]
    assert f(1, [0.0])[0].tolist() == [1.0]


def body_names(node: Apply) -> list[str]:
    return [inner.op.name for inner in node.op.body.nodes]


def test_what_is_the_same_in_every_step_is_computed_before_the_loop() -> None:
    """A gradient divides by the square of what stays: that is made once."""
    x, w = T.dvector("x"), T.dvector("w")
    states, _ = scan(lambda x, s, w: T.tanh(s + x) / w, x, T.zeros_like(w), w)
    f = same_without("invariants_out_of_loops", [x, w], [*grad(states[-1].sum(), [x, w])], [0.5, -0.3], [1.0, 2.0])
    (back,) = (node for node in loops(f) if node.op.layout.carried)
    fixed = back.op.body.inputs[back.op.layout.first_fixed :]
    assert not [n for n in back.op.body.nodes if n.inputs and all(v in fixed for v in n.inputs)]


def test_invariants_leave_loops_in_loops() -> None:
    x, w = T.dmatrix("x"), T.dscalar("w")

    def row(r: Any, w: Any) -> Any:
        inner, _ = scan(lambda e, s: s * T.exp(w) + e, r, ZERO)
        return inner[-1] * T.cos(w)

    rows, _ = scan(row, x, non_sequences=w)
    f = function([x, w], [rows.sum(), grad(rows.sum(), w)])
    value, at = np.arange(6.0).reshape(2, 3), 0.3
    step = 1e-6
    (above, _), (below, _) = f(value, at + step), f(value, at - step)
    np.testing.assert_allclose(f(value, at)[1], (above - below) / (2 * step), rtol=1e-7)
    for node in loops(f):
        assert "exp" not in body_names(node) and "cos" not in body_names(node)


def test_views_and_draws_and_effects_stay_in_the_step() -> None:
    streams = RandomStreams(3)
    x, w = T.dvector("x"), T.dmatrix("w")
    noisy, updates = scan(lambda x, w: x + streams.uniform((2,)) + w.T[0], x, non_sequences=w)
    f = function([x, w], noisy, updates=updates)
    (node,) = loops(f)
    assert "invariants_out_of_loops" not in fired(f)
    got = f([0.0, 0.0], np.zeros((2, 2)))
    assert len(np.unique(got)) == 4, "each step draws anew"
    assert node.op.layout.carried == 1


def recurrent(x: Any, h: Any, w: Any, u: Any) -> Any:
    return scan(lambda x, h, w, u: T.tanh(T.dot(x, w) + T.dot(h, u)), x, h, [w, u])[0]


def test_products_with_weights_are_one_before_or_after_the_loop() -> None:
    """Rows as vectors and as matrices; the gradient of the weights too."""
    draw = np.random.RandomState(1)
    w, u = T.dmatrix("w"), T.dmatrix("u")
    values = [draw.normal(size=shape) / 2 for shape in ((3, 2), (2, 2))]
    for x, h, at in (
        (T.dmatrix("x"), T.dvector("h"), [draw.normal(size=(5, 3)), draw.normal(size=2)]),
        (T.dtensor3("x"), T.dmatrix("h"), [draw.normal(size=(5, 4, 3)), draw.normal(size=(4, 2))]),
    ):
        states = recurrent(x, h, w, u)
        cost = (states**2).sum()
        outputs = [states, *grad(cost, [x, h, w, u])]
        f = same_without("products_out_of_loops", [x, h, w, u], outputs, *at, *values)
        same_without("sums_out_of_loops", [x, h, w, u], outputs, *at, *values)
        same_without("products_after_loops", [x, h, w, u], outputs, *at, *values)
        forward = next(node for node in loops(f) if not node.op.layout.carried)
        back = next(node for node in loops(f) if node.op.layout.carried)
        assert body_names(forward).count("dot") == 1, "the state's"
        assert body_names(back).count("dot") == 1 and back.op.layout.carried == 1
        assert "mul" not in [n.op.name for n in back.op.body.nodes if n.outputs[0].type.ndim > h.ndim]
        empty = [np.zeros_like(at[0][:0]), at[1]]
        for mine, its in zip(f(*empty, *values), function([x, h, w, u], outputs, mode="FAST_COMPILE")(*empty, *values)):
            np.testing.assert_allclose(mine, its)


def test_products_of_second_derivatives_leave_too() -> None:
    x, h, w, u = T.dmatrix("x"), T.dvector("h"), T.dmatrix("w"), T.dmatrix("u")
    draw = np.random.RandomState(2)
    values = [draw.normal(size=shape) / 2 for shape in ((4, 3), (2,), (3, 2), (2, 2))]
    slopes = grad((recurrent(x, h, w, u) ** 2).sum(), [w, u])
    second = grad(sum((slope**2).sum() for slope in slopes), [x, w, u])
    got = function([x, h, w, u], second)(*values)
    for mine, its in zip(got, function([x, h, w, u], second, mode="FAST_COMPILE")(*values), strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-10, atol=1e-12)


def test_products_stay_where_steps_may_not_be_made() -> None:
    x, w = T.dmatrix("x"), T.dmatrix("w")
    rows, _ = scan(lambda x, w: (T.dot(x, w), until(T.gt(x[0], 2.0))), x, non_sequences=w)
    f = function([x, w], rows)
    assert "products_out_of_loops" not in fired(f)
    value = np.arange(8.0).reshape(4, 2)
    np.testing.assert_allclose(f(value, np.eye(2)), value[:3])


def test_sums_that_are_read_on_the_way_stay() -> None:
    x, w = T.dmatrix("x"), T.dmatrix("w")
    (total, seen), _ = scan(
        lambda x, s, w: [s + T.outer(x, x), T.dot(s, w)[0]], x, [T.zeros((2, 2)), None], non_sequences=w
    )
    f = function([x, w], [total[-1], seen])
    assert "sums_out_of_loops" not in fired(f)
    got = f([[1.0, 2.0], [3.0, 4.0]], np.eye(2))
    np.testing.assert_allclose(got[0], [[10, 14], [14, 20]])
    np.testing.assert_allclose(got[1], [[0, 0], [1, 2]])
