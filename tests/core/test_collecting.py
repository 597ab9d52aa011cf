"""The garbage collector rests while a function is compiled, and not longer."""

import gc

import pytest

import interactive_sym.tensor as T
from interactive_sym import function
from interactive_sym.core.collecting import uncollected
from interactive_sym.core.graph import Apply
from interactive_sym.core.rule import RULES, rewrites


def test_it_rests_within_the_block_and_after_errors_works_again() -> None:
    assert gc.isenabled()
    with pytest.raises(ValueError, match="inside"), uncollected():
        with uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
        raise ValueError("inside")
    assert gc.isenabled()


def test_where_it_is_off_it_stays_off() -> None:
    gc.disable()
    try:
        with uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_it_rests_while_rules_run_and_works_again_after_compilation() -> None:
    seen: list[bool] = []

    @rewrites("cos", name="looks_at_the_collector", stage="specialise", why="For the test.")
    def look(node: Apply) -> None:
        seen.append(gc.isenabled())

    x = T.dvector("x")
    try:
        function([x], T.cos(x))
    finally:
        RULES.remove("looks_at_the_collector")
    assert seen == [False]
    assert gc.isenabled()
