"""Profiles: where the time of functions goes, and how much memory they take.

A profiled function's compiled program is the same, with the clock read between its loop nests (20 ns each time). Nodes
that share a loop have one time together: in a fused loop there is none of a single node. An interpreted program is
measured node by node.

Read next: `cffi_backend.profiled`.
"""

import atexit
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, TextIO

import numpy as np

from ..core.configuration import config
from ..core.graph import Apply
from ..core.program import Program
from ..core.trace import Trace


@dataclass
class Row:
    """A loop nest, or a node of an interpreted program.

    Attributes:
        nodes: what it computes.
        what: operations, as text.
        where: the user's lines.
        seconds, calls: time in all, and how often it ran.
    """

    nodes: tuple[Apply, ...]
    what: str
    where: str
    seconds: float
    calls: int


@dataclass
class BufferRow:
    """Memory that a program took in its last call: bytes, what kind, the sizes, what it holds in turn."""

    name: str
    kind: str
    dtype: str
    shape: str
    size: int
    values: tuple[str, ...]


@dataclass
class Part:
    """What a profile knows of one function.

    Attributes:
        name: the function's.
        calls, seconds: calls of the function, and the time in them.
        slowest, fastest: seconds of single calls.
        peak_bytes: the most memory a call took beside its arguments.
    """

    name: str
    where: str
    program: Program
    trace: Trace
    calls: int = 0
    peak_bytes: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    fastest: float = float("inf")
    compile_seconds: float = 0.0
    receipt: Any = None
    plan: Any = None
    measured: Any = None
    timed: dict[Apply, list[float]] = field(default_factory=dict)
    bytes: dict[Apply, int] = field(default_factory=dict)

    def rows(self) -> list[Row]:
        """Loop nests or nodes with their times, slowest first."""
        nodes = self.program.nodes
        found: list[Row] = []
        if self.measured is not None:
            for number, group in enumerate(self.plan.groups):
                mine = tuple(nodes[k] for k in group.nodes)
                calls = int(self.measured[2 * number + 1])
                found.append(Row(mine, _operations(mine, group), _places(mine), self.measured[2 * number] / 1e9, calls))
        else:
            for node, (seconds, count) in self.timed.items():
                found.append(Row((node,), node.op.name, _places((node,)), seconds, int(count)))
        return sorted(found, key=lambda row: -row.seconds)

    def buffers(self) -> list[BufferRow]:
        """Memory of the last call, largest first."""
        if self.measured is not None:
            first = 2 * len(self.plan.groups)
            found = [
                BufferRow(b.name, b.kind, b.dtype, b.shape, int(self.measured[first + k]), b.values)
                for k, b in enumerate(self.plan.buffers)
            ]
        else:
            numbers = self.program.numbers
            found = [
                BufferRow(f"node {numbers.get(node, -1)}", "result", "", node.op.name, size, ())
                for node, size in self.bytes.items()
            ]
        return sorted(found, key=lambda row: -row.size)

    def clear(self) -> None:
        """Forget what was measured so far."""
        self.calls, self.seconds, self.slowest, self.fastest = 0, 0.0, 0.0, float("inf")
        self.timed.clear()
        if self.measured is not None:
            self.measured[:] = 0


class ProfileStats:
    """Time and memory of one function, or of several that are compiled with the same profile.

    Args:
        message: what to call it in the summary.
        options: `atexit_print`, `flag_time_thunks` and `gpu_checks` are accepted for old programs: a summary is printed
            when it is asked for, and each node is timed always.

    Attributes:
        parts: one for each function.

    Example:
        >>> import io
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import function
        >>> x = T.dvector("x")
        >>> f = function([x], T.exp(x).sum(), profile=True, name="f")
        >>> value = f([0.0, 1.0])
        >>> f.profile.fct_callcount
        1
        >>> text = io.StringIO()
        >>> f.profile.summary(text)
        >>> text.getvalue().splitlines()[0]
        'Profile of f'
    """

    def __init__(self, message: str | None = None, **options: Any) -> None:
        unknown = options.keys() - {"atexit_print", "flag_time_thunks", "gpu_checks"}
        if unknown:
            raise TypeError(f"ProfileStats has no option {min(unknown)!r}")
        self.message = message
        self.parts: list[Part] = []

    # -- totals --------------------------------------------------------------------------------------------------------

    @property
    def fct_callcount(self) -> int:
        """Calls in all."""
        return sum(part.calls for part in self.parts)

    @property
    def fct_call_time(self) -> float:
        """Seconds in calls, checks of arguments included."""
        return sum(part.seconds for part in self.parts)

    @property
    def vm_call_time(self) -> float:
        """Seconds in programs alone."""
        return sum(row.seconds for part in self.parts for row in part.rows())

    @property
    def compile_time(self) -> float:
        """Seconds of compilation, rewriting included."""
        return sum(part.compile_seconds for part in self.parts)

    @property
    def optimizer_time(self) -> float:
        """Seconds of rewriting."""
        return sum(record.seconds for part in self.parts for record in part.trace.passes)

    @property
    def apply_time(self) -> dict[tuple[Apply, ...], float]:
        """Seconds by the nodes of each loop nest."""
        return {row.nodes: row.seconds for part in self.parts for row in part.rows()}

    def reset(self) -> None:
        """Forget what was measured so far."""
        for part in self.parts:
            part.clear()

    # -- summary -------------------------------------------------------------------------------------------------------

    def summary(
        self, file: TextIO | None = None, n_ops_to_print: int | None = None, n_apply_to_print: int | None = None
    ) -> None:
        """Print what was measured.

        Args:
            file: where to; by default as `config.profiling.destination` says.
            n_ops_to_print, n_apply_to_print: how many operations and loop nests; by default `config.profiling`'s.
        """
        lines = self.lines(n_ops_to_print, n_apply_to_print)
        text = "\n".join(lines) + "\n"
        if file is not None:
            file.write(text)
            return
        destination = config.profiling.destination
        if destination in ("stdout", "stderr"):
            getattr(sys, destination).write(text)
        else:
            with open(destination, "a", encoding="utf-8") as opened:
                opened.write(text)

    def lines(self, n_ops: int | None = None, n_apply: int | None = None) -> list[str]:
        """The lines of the summary."""
        n_ops = config.profiling.n_ops if n_ops is None else n_ops
        n_apply = config.profiling.n_apply if n_apply is None else n_apply
        name = self.message or ", ".join(part.name for part in self.parts) or "nothing"
        calls, seconds, inside = self.fct_callcount, self.fct_call_time, self.vm_call_time
        lines = [f"Profile of {name}", "=" * min(80, 11 + len(name))]
        lines.append(f"  {calls} calls, {_time(seconds)} in all, {_time(seconds / calls if calls else 0)} each")
        if calls:
            fastest = min(part.fastest for part in self.parts if part.calls)
            slowest = max(part.slowest for part in self.parts)
            lines.append(f"  fastest call {_time(fastest)}, slowest {_time(slowest)}")
        lines.append(
            f"  in the program {_time(inside)} ({_percent(inside, seconds)}), around it {_time(seconds - inside)}"
        )
        lines.append(f"  compiled in {_time(self.compile_time)}, of that rewriting {_time(self.optimizer_time)}")
        for part in self.parts:
            if part.receipt is not None:
                lines.append(f"  C of {part.name}: {part.receipt}")
        rows = sorted((row for part in self.parts for row in part.rows()), key=lambda row: -row.seconds)
        lines += ["", "Operations", "  share  of all        time     calls  operations"]
        lines += _table(_by_operation(rows), inside, n_ops, lambda row: row.what)
        measured = any(part.measured is not None for part in self.parts)
        lines += ["", "Loop nests" if measured else "Nodes", "  share  of all        time     calls  what, where"]
        lines += _table(rows, inside, n_apply, lambda row: f"{row.what}  [{row.where}]")
        if config.profile_optimizer:
            lines += ["", "Passes of rewriting", "        time   rewrites  pass"]
            for part in self.parts:
                for record in part.trace.passes:
                    lines.append(f"  {_time(record.seconds):>10}  {record.end - record.start:9d}  {record.name}")
        if config.profile_memory:
            lines += ["", *self._memory()]
        return lines

    def _memory(self) -> list[str]:
        lines = ["Memory of the last call", "       bytes  kind       what"]
        smallest = config.profiling.min_memory_size
        for part in self.parts:
            buffers = part.buffers()
            for row in buffers:
                if row.size >= smallest:
                    holds = f" holds {', '.join(row.values)}" if row.values else ""
                    lines.append(f"  {row.size:10d}  {row.kind:9}  {row.dtype} {row.shape}{holds}"[:100])
            total = sum(row.size for row in buffers)
            small = sum(row.size < smallest for row in buffers)
            lines.append(f"  {total:10d}  in all, {small} buffers of less than {smallest} bytes not shown")
            if part.peak_bytes:
                lines.append(f"  {part.peak_bytes:10d}  at most in a call, with what loops and library functions need")
        return lines


def _operations(nodes: Sequence[Apply], group: Any) -> str:
    names = list(dict.fromkeys(op for _, op in group.kernels)) if not nodes else []
    names = names or list(dict.fromkeys(node.op.name for node in nodes))
    shown = " ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    return shown or "copies"


def _places(nodes: Sequence[Apply]) -> str:
    labels = list(dict.fromkeys(node.where.label for node in nodes if node.where is not None))
    return ", ".join(labels[:3]) + (", ..." if len(labels) > 3 else "")


def _by_operation(rows: Sequence[Row]) -> list[Row]:
    found: dict[str, Row] = {}
    for row in rows:
        mine = found.setdefault(row.what, Row((), row.what, "", 0.0, 0))
        mine.seconds += row.seconds
        mine.calls += row.calls
    return sorted(found.values(), key=lambda row: -row.seconds)


def _table(rows: Sequence[Row], total: float, limit: int, text: Callable[[Row], str]) -> list[str]:
    lines, so_far = [], 0.0
    for row in rows[:limit]:
        so_far += row.seconds
        lines.append(
            f"  {_percent(row.seconds, total):>5}  {_percent(so_far, total):>6}  {_time(row.seconds):>10}  "
            f"{row.calls:8d}  {text(row)}"
        )
    if len(rows) > limit:
        rest = sum(row.seconds for row in rows[limit:])
        lines.append(f"  ... {len(rows) - limit} more, {_time(rest)}")
    return lines


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f}%" if whole > 0 else "-"


def _time(seconds: float) -> str:
    for unit, factor in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if abs(seconds) >= factor:
            return f"{seconds / factor:.2f} {unit}"
    return f"{seconds * 1e9:.0f} ns"


class Timed:
    """A function's program, timed.

    Args:
        run: what runs the program.
        part: where times go.
    """

    def __init__(self, run: Callable[..., Any], part: Part) -> None:
        self._run, self._part = run, part
        self._first = True

    @property
    def peak_bytes(self) -> int:
        """The most bytes a call took so far."""
        return int(getattr(self._run, "peak_bytes", 0))

    def free(self) -> None:
        """Give back memory kept between calls."""
        getattr(self._run, "free", lambda: None)()

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        began = perf_counter()
        result = self._run(*arguments, **keywords)
        seconds = perf_counter() - began
        part = self._part
        if self._first and config.profiling.ignore_first_call:
            part.clear()
        else:
            part.peak_bytes = max(part.peak_bytes, self.peak_bytes)
            part.calls += 1
            part.seconds += seconds
            part.slowest, part.fastest = max(part.slowest, seconds), min(part.fastest, seconds)
        self._first = False
        return result


class NodeClock:
    """Times the nodes of an interpreted program: what passes between one node's end and the next one's."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._last = 0.0

    def start(self) -> None:
        self._last = perf_counter()

    def __call__(self, node: Apply, inputs: list[Any], results: list[Any]) -> None:
        now = perf_counter()
        entry = self._part.timed.setdefault(node, [0.0, 0])
        entry[0] += now - self._last
        entry[1] += 1
        self._part.bytes[node] = sum(x.nbytes for x in results if isinstance(x, np.ndarray))
        self._last = perf_counter()


#: Profiles that are printed when the program ends, because `config.profile` was set.
_printed_at_exit: list[ProfileStats] = []


def print_at_exit(profile: ProfileStats) -> None:
    """Have a profile's summary printed when the program ends."""
    if not _printed_at_exit:
        atexit.register(_print_all)
    _printed_at_exit.append(profile)


def _print_all() -> None:
    for profile in _printed_at_exit:
        if profile.fct_callcount:
            profile.summary()


def profile_of(asked: Any) -> ProfileStats | None:
    """The profile for what was given as `profile`: None takes `config.profile`; True, a text, or a profile to share.

    Raises:
        TypeError: for anything else.
    """
    if isinstance(asked, ProfileStats):
        return asked
    if asked is None:
        if not config.profile:
            return None
        made = ProfileStats()
        print_at_exit(made)
        return made
    if asked is False or asked is True:
        return ProfileStats() if asked else None
    if isinstance(asked, str):
        return ProfileStats(asked)
    raise TypeError(f"profile is True, False, a text or a ProfileStats, got {type(asked).__name__}")
