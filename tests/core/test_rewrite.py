"""The driver: passes, types, fuel, names and places of what rules make, speed."""

from time import process_time

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym import Mode
from interactive_sym.core.errors import InconsistencyError
from interactive_sym.core.pattern import Any_, head
from interactive_sym.core.program import make_program
from interactive_sym.core.rewrite import run_pass, start
from interactive_sym.core.rule import RULES, Rule

a, b = Any_("a"), Any_("b")
sin, cos, exp = map(head, ("sin", "cos", "exp"))
x, y, s = T.dvector("x"), T.dvector("y"), T.dscalar("s")


def a_rule(name, pattern=None, result=None, heads=None, function=None):
    return Rule(name, heads or (pattern.name,), "useless", "For the test.", "nan", pattern, result, function=function)


def traced(expression, *rules, inputs=(x, y, s)):
    trace = start(make_program(inputs, [expression], []))
    run_pass(trace, "test", rules)
    return trace


def test_rules_that_chase_each_other_are_named():
    there, back = a_rule("there", sin(a), cos(a)), a_rule("back", cos(a), sin(a))
    with pytest.raises(RuntimeError, match=r"pass test has no end.* there .*back"):
        traced(T.sin(x), there, back)


def test_a_rule_that_grows_for_ever_is_named():
    grow = a_rule("grow", heads=("exp",), function=lambda node: T.exp(node.inputs[0] + 1))
    with pytest.raises(RuntimeError, match=r"no end.*grow"):
        traced(T.exp(x), grow)


def test_a_rule_that_wraps_what_it_replaces_is_named():
    wrap = a_rule("wrap", heads=("exp",), function=lambda node: T.tanh(node.outputs[0]))
    with pytest.raises(RuntimeError, match=r"no end.*wrap"):
        traced(T.exp(x), wrap)


def test_a_result_is_stretched_to_the_shape_it_had():
    trace = traced(x * s, a_rule("drop", a * b, b))
    (result,) = trace.graph_at(1)
    assert result.type == x.type and result.owner.op.name == "alloc"
    assert result.owner.inputs[1].owner.inputs == (x,)


def test_a_result_is_cast_to_the_type_it_had():
    f = T.fvector("f")
    (result,) = traced(f + x, a_rule("drop", a + b, a), inputs=(f, x)).graph_at(1)
    assert result.type == x.type


def test_a_result_that_does_not_fit_is_an_error_that_names_the_rule():
    with pytest.raises(InconsistencyError, match="rule outer made"):
        traced(T.exp(x), a_rule("outer", heads=("exp",), function=lambda node: T.outer(node.inputs[0], node.inputs[0])))


def test_a_wrong_number_of_results_is_an_error():
    with pytest.raises(InconsistencyError, match="rule two gave 2 results"):
        traced(T.exp(x), a_rule("two", heads=("exp",), function=lambda node: [node.inputs[0]] * 2))


def test_new_nodes_have_the_place_of_the_old_and_say_where_they_come_from():
    old = T.sin(x)
    (new,) = traced(old, a_rule("turn", sin(a), cos(a))).graph_at(1)
    assert new.owner.where is old.owner.where
    assert new.owner.origin.kind == "rewrite" and new.owner.origin.detail == "turn" and new.owner.origin.of is old.owner


def test_names_go_to_what_replaces():
    old = T.sin(x)
    old.name = "wave"
    (new,) = traced(old, a_rule("turn", sin(a), cos(a))).graph_at(1)
    assert new.name == "wave"


def test_rules_for_every_operation():
    seen = []
    traced(T.exp(x) + y, a_rule("look", heads=("*",), function=lambda node: seen.append(node.op.name)))
    assert seen == ["exp", "add"]


def test_passes_and_rules_are_switched_off_by_name():
    program = make_program([x], [T.log(1 + x) * 1], [])

    def operations(mode):
        return [node.op.name for node in mode.rewrite(program).final.nodes]

    assert operations(Mode()) == ["log1p"]
    assert operations(Mode().excluding("log_one_plus")) == operations(Mode().excluding("local_log1p")) == ["add", "log"]
    assert operations(Mode().excluding("stabilise")) == ["add", "log"]
    assert operations(Mode("c", "None")) == ["add", "log", "mul"]


def test_each_rule_can_be_switched_off():
    for rule in RULES:
        assert not any(r.name == rule.name for p in Mode().passes() for r in Mode().excluding(rule.name).rules_of(p))


@pytest.mark.parametrize("kind", ["sum", "product", "mixed", "transposes"])
def test_long_chains_are_rewritten_in_linear_time(kind):
    m = T.dmatrix("m")
    step = {
        "sum": lambda u, k: u + T.sin(x * float(k)),
        "product": lambda u, k: u * T.sin(x * float(k)),
        "mixed": lambda u, k: [T.tanh(u), u + x, u * 2.5, u - 1.5, -u, u / 3.0, T.exp(-u)][k % 7],
        "transposes": lambda u, k: T.dot(m, u),
    }[kind]

    def seconds(length):
        u = m if kind == "transposes" else x
        for k in range(length):
            u = step(u, k)
        program = make_program([x, m], [u.T if kind == "transposes" else u], [])
        began = process_time()
        Mode().rewrite(program)
        return process_time() - began

    seconds(100)
    short = min(seconds(300) for _ in range(3))
    assert seconds(3000) < 40 * short + 0.5


def test_values_stay_when_only_some_passes_run():
    expression = T.log(1 + T.exp(x)) - T.log(1 / (1 + T.exp(-x))) + x * 1
    program = make_program([x], [expression], [])
    point = np.linspace(-3, 3, 7)
    want = np.log1p(np.exp(point)) + np.log1p(np.exp(-point)) + point
    for name in ("useless", "canonicalise", "stabilise", "specialise", "sizes"):
        trace = Mode().excluding(name).rewrite(program)
        assert not any(firing.pass_name == name for firing in trace)
        np.testing.assert_allclose(trace.final.outputs[0].eval({x: point}), want)
