"""Rules of loops and branches: what they leave, and that values stay."""

from typing import Any

import numpy as np

import interactive_sym.tensor as T
from interactive_sym import Function, Mode, function, grad, scan
from interactive_sym.core.graph import Apply
from interactive_sym.core.ops.control import Branches
from interactive_sym.core.ops.scan import Scan
from interactive_sym.ifelse import ifelse

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
