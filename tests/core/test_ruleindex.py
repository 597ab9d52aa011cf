"""Which rules a node is offered: fewer than there are, and never one too few."""

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym import Mode
from interactive_sym.core.pattern import Any_, head
from interactive_sym.core.program import make_program
from interactive_sym.core.rewrite import run_pass, start
from interactive_sym.core.rule import Rule
from interactive_sym.core.ruleindex import RuleIndex
from tests.core.rules.test_random_graphs import graph

a, b, k = Any_("a"), Any_("b"), Any_("k", constant=True)
exp, log, add, sub, mul = map(head, ("exp", "log", "add", "sub", "mul"))
x, y = T.dvector("x"), T.dvector("y")
NOTHING: frozenset[str] = frozenset()


def data(name, pattern):
    return Rule(name, (pattern.name,), "useless", "For the test.", "nan", pattern, a)


def computed(name, *heads, operands=()):
    return Rule(name, heads, "useless", "For the test.", "nan", function=lambda node: None, operands=operands)


def offered(expression, *rules, tried=NOTHING):
    return [rule.name for rule in RuleIndex(rules).offered(expression.owner, tried)]


def test_patterns_are_offered_by_what_made_the_operands():
    rules = data("of_exp", log(exp(a))), data("of_any", log(a)), data("sum", add(a, exp(b)))
    assert offered(T.log(T.exp(x)), *rules) == ["of_exp", "of_any"]
    assert offered(T.log(x), *rules) == offered(T.log(T.sin(x)), *rules) == ["of_any"]
    assert offered(x + T.exp(y), *rules) == offered(T.exp(y) + x, *rules) == ["sum"]
    assert offered(x + y, *rules) == []


def test_patterns_are_offered_by_the_numbers_they_speak_of():
    rules = data("zero", sub(a, 0)), data("two", sub(2, a)), data("constant", sub(k, a))
    assert offered(x - 0, *rules) == offered(x - np.zeros(3), *rules) == ["zero"]
    assert offered(2 - x, *rules) == ["two", "constant"]
    assert offered(5 - x, *rules) == ["constant"]
    assert offered(x - 2, *rules) == offered(x - y, *rules) == []
    assert offered(x - np.array([0.0, 1.0]), *rules) == []


def test_functions_are_offered_by_the_operands_they_name():
    rules = (
        computed("all", "*"),
        computed("folded", "*", operands=("constant",)),
        computed("of_exp", "log", operands=("exp", "sin")),
    )
    assert offered(T.log(x), *rules) == ["all"]
    assert offered(T.log(T.sin(x)), *rules) == ["of_exp", "all"]
    assert offered(x + 1, *rules) == ["all", "folded"]


def test_rules_that_found_nothing_are_not_offered_again():
    rules = data("of_any", log(a)), computed("all", "*")
    index = RuleIndex(rules)
    after = index.after(NOTHING)
    assert after == {"of_any", "all"}
    assert offered(T.log(x), *rules, tried=after) == []
    assert offered(T.log(x), *rules, computed("more", "log"), tried=after) == ["more"]


def test_why_not_says_which_operands_a_rule_wants():
    trace = Mode().rewrite(make_program([x, y], [x + y], []))
    said = trace.why_not("fill_cut", trace.initial.nodes[-1])
    assert said == "fill_cut wants an operand made by one of fill, alloc"


@pytest.mark.parametrize("seed", range(12))
def test_what_was_tried_before_changes_no_firing(seed):
    program = graph(seed)[0]
    mode = Mode()

    def firings(forgetful):
        trace = start(program)
        for p in mode.passes():
            if p.stages and p.name != "loops":
                run_pass(trace, p.name, mode.rules_of(p))
                if forgetful:
                    trace.tried.clear()
        return [(firing.rule, firing.old.op.name, firing.pass_name) for firing in trace.firings]

    assert firings(False) == firings(True)
