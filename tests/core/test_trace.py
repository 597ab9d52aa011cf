"""The record of rewrites and the questions it answers."""

from itertools import pairwise

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym import Mode
from interactive_sym.core.program import make_program
from interactive_sym.core.reference import Interpreter
from interactive_sym.core.rule import RULES

x, y = T.dvectors("x", "y")


@pytest.fixture
def trace():
    p = 1 / (1 + T.exp(-x))
    return Mode().rewrite(make_program([x, y], [-y * T.log(p) - (1 - y) * T.log(1 - p), p * 1], []))


def node_of(outputs, name):
    return next(n for n in make_program([x, y], outputs, []).nodes if n.op.name == name)


def test_firings_are_in_order_of_passes(trace):
    order = [record.name for record in trace.passes]
    assert order == ["merge", "useless", "canonicalise", "stabilise", "specialise", "sizes"]
    ends = [(record.start, record.end) for record in trace.passes]
    assert ends[0][0] == 0 and ends[-1][1] == len(trace)
    assert all(before[1] == after[0] for before, after in pairwise(ends))
    for record in trace.passes:
        assert all(firing.pass_name == record.name for firing in trace.firings[record.start : record.end])


def test_every_step_has_a_graph_of_equal_value(trace):
    assert len(trace) > 8
    point = [np.linspace(-2, 2, 5), np.array([0, 1, 0.5, 1, 0])]
    want = Interpreter([x, y], trace.initial.results)(*point)
    for k in range(len(trace) + 1):
        for new, old in zip(Interpreter([x, y], trace.graph_at(k))(*point), want, strict=True):
            np.testing.assert_allclose(new, old, rtol=1e-12)


def test_the_first_graph_is_the_users_and_the_last_is_compiled(trace):
    assert trace.graph_at(0) == trace.initial.results
    assert trace.program_at(len(trace)).digest() == trace.final.digest()
    for k in (-1, len(trace) + 1):
        with pytest.raises(IndexError, match="there are steps 0 to"):
            trace.graph_at(k)


def test_each_step_changes_the_graph(trace):
    digests = [trace.program_at(k).digest() for k in range(len(trace) + 1)]
    assert all(before != after for before, after in pairwise(digests))


def test_following_a_node_of_the_user_to_what_became_of_it(trace):
    quotient = node_of(trace.initial.outputs, "true_div")
    assert "logistic" in [firing.rule for firing in trace.follow(quotient)]


def test_following_a_compiled_node_back(trace):
    softplus = node_of(trace.final.outputs, "softplus")
    story = trace.follow(softplus)
    assert "log_of_logistic" in [firing.rule for firing in story]
    assert [trace.firings.index(firing) for firing in story] == sorted(trace.firings.index(firing) for firing in story)


def test_a_node_nothing_happened_to_has_no_story():
    quiet = Mode().rewrite(make_program([x], [T.exp(x)], []))
    assert quiet.follow(quiet.initial.nodes[0]) == []


def why_not(rule, expression, mode=None):
    trace = (mode or Mode()).rewrite(make_program([x, y], [expression], []))
    return trace.why_not(rule, trace.initial.nodes[-1])


def test_why_not_answers():
    assert "it did: log_one_plus replaced log" in why_not("log_one_plus", T.log(1 + x))
    assert "it did" in why_not("local_log1p", T.log(1 + x))
    assert "made by mul, the pattern wants add" in why_not("log_one_plus", T.log(x * 2.5))
    assert "looks at log, this node is exp" in why_not("log_one_plus", T.exp(x))
    assert "switched off" in why_not("log_one_plus", T.log(1 + x), Mode().excluding("log_one_plus"))
    assert "no pass of this mode" in why_not("log_one_plus", T.log(1 + x), Mode("c", "fast_compile"))
    assert "double_negative replaced the node first" in why_not("canonical_sum", T.neg(-x))
    assert "found nothing to change" in why_not("canonical_sum", x + y)


def test_why_not_follows_a_node_whose_inputs_were_rewritten():
    assert "it did" in why_not("log_one_plus", T.log(1 + x * 1))
    twice = T.log(1 + x) * T.log(1 + x)
    trace = Mode().rewrite(make_program([x], [twice], []))
    for node in trace.initial.nodes:
        if node.op.name == "log":
            assert "it did" in trace.why_not("log_one_plus", node)


def test_why_not_tells_of_conditions():
    k = T.lvector("k")
    trace = Mode().rewrite(make_program([k], [k**3], []))
    assert "condition of cube does not hold" in trace.why_not("cube", trace.initial.nodes[-1])


def test_why_not_of_an_unknown_rule():
    with pytest.raises(KeyError, match="no rule named"):
        why_not("nonsense", x + y)


def test_firings_print_names_people_can_look_up(trace):
    from_rules = {firing.rule for firing in trace} - {"merge"}

    assert all(name in RULES and RULES[name].why for name in from_rules)
