"""Rules and their registry: definition, redefinition, removal; rules of users at work."""

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym import Mode, function
from interactive_sym.core.pattern import Any_, head
from interactive_sym.core.rule import RULES, Registry, Rule, rewrites, rule

a, b = Any_("a"), Any_("b")
sin, cos, sqr = map(head, ("sin", "cos", "sqr"))


@pytest.fixture
def pythagoras():
    made = rule(
        "pythagoras", sqr(sin(a)) + sqr(cos(a)), 1 + a * 0, stage="canonicalise", changes="last digits", why="A circle."
    )
    yield made
    RULES.remove("pythagoras")


def rules_fired(*expressions, mode=None):
    inputs = T.dvectors("x", "y")
    f = function(inputs, [build(*inputs) for build in expressions], mode=mode, on_unused_input="ignore")
    return [firing.rule for firing in f.trace.firings]


def circle(x, y):
    return T.sqr(T.sin(x)) + T.sqr(T.cos(x))


def test_a_rule_of_the_user_works_and_can_be_removed(pythagoras):
    assert "pythagoras" in rules_fired(circle)
    x = T.dvector("x")
    np.testing.assert_array_equal(function([x], circle(x, x))([1.0, 2.0]), [1.0, 1.0])
    RULES.remove("pythagoras")
    assert "pythagoras" not in rules_fired(circle)
    assert "pythagoras" not in RULES
    RULES.remove("pythagoras")


def test_defining_a_rule_again_replaces_it(pythagoras):
    count, position = len(RULES), [r.name for r in RULES].index("pythagoras")
    rule("pythagoras", sqr(sin(a)) + sqr(cos(a)), a * 0 + 1, stage="canonicalise", changes="last digits", why="Again.")
    assert len(RULES) == count and [r.name for r in RULES].index("pythagoras") == position
    assert RULES["pythagoras"].why == "Again."
    assert rules_fired(circle).count("pythagoras") == 1


def test_a_rule_knows_the_line_that_defined_it(pythagoras):
    assert pythagoras.where.filename == __file__ and "pythagoras" not in pythagoras.where.label


def test_a_rule_of_the_user_is_excluded_by_name(pythagoras):
    assert "pythagoras" not in rules_fired(circle, mode=Mode().excluding("pythagoras"))


def test_a_function_rule_of_the_user():
    @rewrites("arctan", name="arctan_of_tan", stage="specialise", why="One undoes the other.", changes="nan")
    def arctan_of_tan(node):
        inner = node.inputs[0].owner
        return inner.inputs[0] if inner is not None and inner.op.name == "tan" else None

    try:
        assert "arctan_of_tan" in rules_fired(lambda x, y: T.arctan(T.tan(x)))
        assert "arctan_of_tan" not in rules_fired(lambda x, y: T.arctan(T.sin(x)))
    finally:
        RULES.remove("arctan_of_tan")


def test_a_condition_narrows_a_rule():
    rule("only_named_x", sqr(a), cos(a), stage="specialise", why="For the test.", when=lambda f: f["a"].name == "x")
    try:
        assert rules_fired(lambda x, y: T.sqr(x)).count("only_named_x") == 1
        assert "only_named_x" not in rules_fired(lambda x, y: T.sqr(y))
    finally:
        RULES.remove("only_named_x")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stage": "later"}, "no stage 'later'"),
        ({"changes": "much"}, "changes is one of"),
        ({"why": " "}, "wants a reason"),
    ],
    ids=["stage", "changes", "why"],
)
def test_what_a_rule_must_say(change, message):
    fields = {"stage": "useless", "changes": "nothing", "why": "Because.", **change}
    with pytest.raises(ValueError, match=message):
        Registry().add(Rule("r", ("add",), fields["stage"], fields["why"], fields["changes"]))


def test_looking_up():
    assert RULES["local_log1p"] is RULES["log_one_plus"]
    assert "local_log1p" in RULES and "nonsense" not in RULES
    with pytest.raises(KeyError, match="no rule named 'nonsense'"):
        RULES["nonsense"]


def test_a_result_of_another_element_type_is_no_result():
    k = T.bvector("k")
    f = function([k], k ** T.constant(np.float32(2)))
    np.testing.assert_array_equal(f(np.array([100], "int8")), np.array([10000.0], "float32"))
