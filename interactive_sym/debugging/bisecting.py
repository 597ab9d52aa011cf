"""`bisect`: the first rewrite after which a value differs.

The graphs between the user's and the compiled one share most of their nodes, so every node is computed once, with
NumPy, and each graph is compared with the user's. That finds the first difference exactly, also where later rewrites
take it back.

Read next: `core.trace`, `watch`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.graph import Apply, Variable
from ..core.ops.body import run_lazily
from ..core.rule import RULES
from ..core.trace import Firing, Trace
from .watch import Watched

__all__ = ["DIFFERENCES", "Bisection", "Difference", "bisect", "difference", "first_difference"]

#: What `bisect` can look for.
DIFFERENCES = ("digits", "nan")


@dataclass(frozen=True)
class Difference:
    """How two values differ.

    Attributes:
        equal: whether they are the same, bit for bit but for the kind of NaN.
        largest: greatest difference of elements that are finite in both, 0 where there is none.
        relative: the same, divided by the greater of the two elements.
        finite: whether NaN and infinity are at the same places in both.
        text: all this in words.

    Example:
        >>> import numpy as np
        >>> found = difference(np.array([1.0, 2.0]), np.array([1.0, 2.5]))
        >>> found.equal, found.largest, found.text
        (False, 0.5, '1 of 2 elements differ, at most by 2.0e-01 of it')
    """

    equal: bool
    largest: float
    relative: float
    finite: bool
    text: str


def difference(old: Any, new: Any) -> Difference:
    """Compare two values of a variable: arrays, or states of random number generators.

    Args:
        old, new: the two values.

    Example:
        >>> import numpy as np
        >>> difference(np.array([1.0, 2.0]), np.array([1.0, np.nan])).text
        '1 of 2 elements finite in one only'
    """
    if not isinstance(old, np.ndarray | np.generic) or not isinstance(new, np.ndarray | np.generic):
        same = old is new or type(old) is type(new)
        return Difference(same, 0.0, 0.0, same, "equal" if same else f"{type(old).__name__} and {type(new).__name__}")
    a, b = np.asarray(old), np.asarray(new)
    if a.shape != b.shape or a.dtype != b.dtype:
        return Difference(False, np.inf, np.inf, False, f"{a.dtype} {a.shape} and {b.dtype} {b.shape}")
    if a.dtype.kind not in "fc":
        wrong = int((a != b).sum())
        return Difference(
            not wrong, float(wrong), float(wrong), True, _of(wrong, a.size, "differ") if wrong else "equal"
        )
    with np.errstate(all="ignore"):
        both = np.isfinite(a) & np.isfinite(b)
        same = (a == b) & (np.signbit(a.real) == np.signbit(b.real)) | (np.isnan(a) & np.isnan(b))
        wrong = int((~same).sum())
        if not wrong:
            return Difference(True, 0.0, 0.0, True, "equal")
        lost = int((~same & ~both).sum())
        gap = np.abs(a - b)[both]
        largest = float(gap.max()) if gap.size else 0.0
        scale = np.maximum(np.abs(a), np.abs(b))[both]
        relative = float((gap / np.where(scale == 0, 1, scale)).max()) if gap.size else 0.0
    if lost:
        return Difference(False, largest, relative, False, _of(lost, a.size, "finite in one only"))
    if largest == 0.0:
        return Difference(False, 0.0, 0.0, True, _of(wrong, a.size, "differ in the sign of zero"))
    return Difference(
        False, largest, relative, True, f"{_of(wrong, a.size, 'differ')}, at most by {relative:.1e} of it"
    )


def _of(count: int, size: int, what: str) -> str:
    return f"{count} of {size} element{'s' * (size != 1)} {what}"


@dataclass(frozen=True)
class Bisection:
    """The first rewrite after which a value differs; falsy where no rewrite changes any.

    Attributes:
        step: number of the rewrite, counted from 1, as in `trace.graph_at(step)`; 0 where none changes a value.
        steps: how many rewrites there are.
        firing: the rewrite: its rule, the node it replaced, what it put there.
        output: which result differs: outputs, then updates, counted from 0.
        before, after: that result in the user's graph, and after the rewrite.
        difference: how the two differ.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import function
        >>> x = T.dvector("x")
        >>> found = bisect(function([x], 2 * x + 0), [[1.0]])
        >>> bool(found), found.step
        (False, 0)
    """

    step: int
    steps: int
    firing: Firing | None = None
    output: int = 0
    before: Any = None
    after: Any = None
    difference: Difference | None = None

    def __bool__(self) -> bool:
        return self.step > 0

    def __str__(self) -> str:
        if self.firing is None or self.difference is None:
            return f"no difference in {self.steps} rewrites"
        node: Apply = self.firing.old
        known = self.firing.rule in RULES
        lines = [
            f"rewrite {self.step} of {self.steps}: {self.firing.rule} (pass {self.firing.pass_name})",
            f"  why: {RULES[self.firing.rule].why if known else 'equal nodes become one'}",
            f"  replaced: {node}",
        ]
        if node.where is not None:
            lines.append(f"  your line: {node.where.label}: {node.where.text.strip()}")
        lines.append(f"  result {self.output}: {self.difference.text}")
        if known:
            lines.append(f"  to compile without it: mode.excluding('{self.firing.rule}')")
        return "\n".join(lines)


def bisect(
    function: Watched,
    inputs: Sequence[Any] | Mapping[str, Any] = (),
    difference_in: str = "digits",
    tolerance: float = 0.0,
    result: int | None = None,
) -> Bisection:
    """Find the first rewrite of a compiled function after which a result differs from the user's graph's.

    Args:
        function: a compiled function.
        inputs: values of its arguments, as in a call: a list by position, or a dictionary by name. Shared variables
            keep their values; nothing is stored.
        difference_in: "digits" for any difference, "nan" only for elements that become, or stop being, NaN or
            infinite.
        tolerance: relative differences of finite elements up to this are not one.
        result: look at this result only, counted from 0, outputs first and then updates; by default at all.

    Raises:
        ValueError: `difference_in` is neither, or there is no such result.
        TypeError: the inputs do not fit the function.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import function
        >>> from interactive_sym.debugging import bisect
        >>> x = T.dvector("x")
        >>> f = function([x], T.log(1 + T.exp(x)))
        >>> found = bisect(f, [[1.0, 800.0]], difference_in="nan")
        >>> found.firing.rule, found.before, found.after
        ('log1p_of_exp', array([1.31326169,        inf]), array([  1.31326169, 800.        ]))
    """
    trace = function.trace
    named = isinstance(inputs, Mapping)
    values = function.checked(() if named else tuple(inputs), dict(inputs) if isinstance(inputs, Mapping) else {})
    return first_difference(trace, dict(zip(trace.initial.inputs, values)), difference_in, tolerance, result)


def first_difference(
    trace: Trace,
    values: Mapping[Variable, Any],
    difference_in: str = "digits",
    tolerance: float = 0.0,
    result: int | None = None,
) -> Bisection:
    """`bisect` for values of the variables themselves: inputs, and shared variables that are to have other values.

    Args:
        trace: every rewrite of a function: `f.trace`.
        values: what the inputs and shared variables hold.
        difference_in, tolerance, result: as for `bisect`.

    Raises:
        ValueError: `difference_in` is neither "digits" nor "nan", or there is no such result.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import function
        >>> x = T.dvector("x")
        >>> f = function([x], T.log(1 + T.exp(x)))
        >>> first_difference(f.trace, {x: np.array([800.0])}, difference_in="nan").firing.rule
        'log1p_of_exp'
    """
    if difference_in not in DIFFERENCES:
        raise ValueError(f"bisect: difference_in is one of {', '.join(DIFFERENCES)}, not {difference_in!r}")
    count = len(trace.graph_at(0))
    if result is not None and not 0 <= result < count:
        raise ValueError(f"bisect: there is no result {result}, they are numbered 0 to {count - 1}")
    chosen = slice(None) if result is None else slice(result, result + 1)
    table: dict[Variable, Any] = dict(values)
    with np.errstate(all="ignore"):
        last: Sequence[Variable] = trace.graph_at(0)[chosen]
        wanted = run_lazily(last, table)
        for step in range(1, len(trace) + 1):
            results = trace.graph_at(step)[chosen]
            if all(new is old for new, old in zip(results, last)):
                continue
            last = results
            for position, (old, new) in enumerate(zip(wanted, run_lazily(results, table)), result or 0):
                found = difference(old, new)
                differs = not found.finite or (
                    difference_in == "digits" and not found.equal and (found.relative > tolerance or not tolerance)
                )
                if differs:
                    return Bisection(step, len(trace), trace.firings[step - 1], position, old, new, found)
    return Bisection(0, len(trace))
