"""How tests rewrite: a program, some rules, values of both, compared as a rule allows."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from interactive_sym.core.graph import Variable
from interactive_sym.core.program import Program, make_program
from interactive_sym.core.reference import Interpreter
from interactive_sym.core.rewrite import run_pass, start
from interactive_sym.core.rule import Rule
from interactive_sym.core.trace import Trace
from interactive_sym.mode import Mode


def values_of(program: Program, values: Sequence[Any]) -> list[Any]:
    """The program's results by the NumPy interpreter."""
    with np.errstate(all="ignore"):
        return Interpreter(program.inputs, program.results)(*values)


def rewrite_with(rules: Iterable[Rule], inputs: Sequence[Variable], outputs: Sequence[Variable]) -> Trace:
    """One pass with the given rules only."""
    trace = start(make_program(inputs, outputs, []))
    run_pass(trace, "test", list(rules))
    return trace


def rewrite(inputs: Sequence[Variable], *outputs: Variable, mode: Mode = Mode()) -> Trace:  # noqa: B008 - never changes
    """All passes of a mode."""
    return mode.rewrite(make_program(inputs, outputs, []))


def final(trace: Trace) -> Program:
    assert trace.final is not None
    return trace.final


def names(program: Program) -> list[str]:
    """The operations of a program, in order."""
    return [node.op.name for node in program.nodes]


def assert_as_allowed(changes: str, old: Any, new: Any, what: str = "") -> None:
    """Equal bits, equal but for last digits, or equal but for last digits where both are finite."""
    assert new.dtype == old.dtype and new.shape == old.shape, (
        f"{what}: {new.dtype} {new.shape}, {old.dtype} {old.shape}"
    )
    if changes == "nothing" or old.dtype.kind not in "fc":
        same = (old == new) & (np.signbit(old) == np.signbit(new)) | ((old != old) & (new != new))
        assert np.all(same), f"{what}: {old[~same][:3]} became {new[~same][:3]}"
        return
    if changes == "nan":
        both = np.isfinite(old) & np.isfinite(new)
        old, new = old[both], new[both]
    digits = 2000 * np.finfo(old.dtype).eps
    scale = float(np.max(np.abs(old[np.isfinite(old)]), initial=1.0))
    np.testing.assert_allclose(new, old, rtol=digits, atol=digits * scale, err_msg=what)
