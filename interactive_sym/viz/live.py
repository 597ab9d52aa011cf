"""Shared variables and random streams, live: samples while a cell runs, edits, undo, history, seeds, saved states.

A `Live` answers the questions of one panel. Looking changes nothing: next numbers and counts of draws come from copies
of states. Changes are made with the public calls (`set_value`, `seed`), between calls of functions: where a call that
stores to the same variable is running, the change waits for its end, and the panel says so.

Read next: `sampler` (who pushes), `widgets` (the verbs), `frontend/src/live.ts` (the browser's end), `densities`.
"""

import ast
import copy
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol

import numpy as np

from ..core.graph import Variable
from ..core.ops.body import run_lazily
from ..core.running import between_calls
from ..core.shared import SharedVariable
from ..core.text import brief
from ..core.types import TensorType
from ..core.view import shorten, value_text
from ..function import Function
from ..tensor.rng_mrg import MRG_RandomStreams
from ..tensor.shared_randomstreams import RandomStreams, state_fingerprint
from . import theme
from .densities import binned, reference
from .sampler import sampler

Streams = RandomStreams | MRG_RandomStreams

#: Elements looked at per sample; arrays up to that size are kept whole in the history.
ELEMENTS = 4096
#: Samples and undo steps kept.
KEPT = 200
UNDONE = 50
CELLS = 32
BINS = 24
#: How often values are read again that a call changed meanwhile.
TRIES = 3
TEXT_LIMIT = 100_000
ROWS = 50
NODES = 200
#: Seconds that counting draws takes, at each sample and when asked for.
COUNTING, COUNTING_LONG = 0.002, 0.3
#: Draws after which a state is taken for one that was set otherwise.
MOST_DRAWS = 1_000_000
PREVIEWED = 2000
#: Seconds that a request waits for a running call; after that the change is queued.
PATIENCE = 0.2
#: Changes that wait, at most.
QUEUED = 20


@dataclass
class _Past:
    """What is kept of one variable: samples seen, values before edits."""

    seen: list[tuple[int, float, Any]]
    undo: list[Any]
    changes: int = 0
    mark: str = ""

    def kept(self, version: int) -> Any:
        """The value at a version, None where it was not kept."""
        return next((value for number, _, value in reversed(self.seen) if number == version), None)


class Watched(Protocol):
    """What a view asks of a node watch."""

    calls: int

    def last(self) -> dict[str, Any]: ...


class Live:
    """The state behind one panel.

    Args:
        variables: shared variables to show.
        streams: random streams to show; their variables may become more later.
        nodes: a watch of a function's nodes to show.
    """

    def __init__(
        self, variables: Sequence[SharedVariable] = (), streams: Sequence[Streams] = (), nodes: Watched | None = None
    ) -> None:
        self.variables = list(variables)
        self.streams = list(streams)
        self.nodes = nodes
        self._past: dict[int, _Past] = {}
        self._counters: dict[tuple[int, int], _Counter] = {}
        self._saved: list[tuple[str, list[list[Any]]]] = []
        #: Versions and kept values of all variables at one moment each.
        self._moments: list[tuple[tuple[int, ...], tuple[Any, ...]]] = []
        self._lock = threading.RLock()
        self._queue: deque[tuple[str, list[Any], Callable[[], None]]] = deque()
        self._failed = ""

    # -- looking -------------------------------------------------------------------------------------------------------

    def sample(self, long: bool = False) -> dict[str, Any]:
        """All rows as they are now, ready for `json.dumps`; `long` counts draws with more patience."""
        functions = named_functions()
        with self._lock:
            now = self._now()
            rows = [{**self._still(k, functions), **self._moving(k, *now[k])} for k in range(len(now))]
            return {
                "rows": rows,
                "moments": self._moment(now),
                "streams": [
                    self._stream(k, each, functions, COUNTING_LONG if long else COUNTING)
                    for k, each in enumerate(self.streams[:ROWS])
                ],
                "saved": [label for label, _ in self._saved],
                "queued": [label for label, _, _ in self._queue],
                "failed": self._failed,
                **self._nodes(),
            }

    def version(self) -> tuple[int, ...]:
        """How often each variable and each stream's state was stored, and the calls of watched nodes."""
        states = [state for each in self.streams[:ROWS] for state, _ in each.updates()]
        stored = (x.container.version for x in (*self.variables[:ROWS], *states))
        return (*stored, self.nodes.calls) if self.nodes is not None else tuple(stored)

    def _nodes(self) -> dict[str, Any]:
        if self.nodes is None:
            return {}
        found = self.nodes.last()
        return {"nodes": {**found, "rows": found["rows"][:NODES]}}

    def news(self, since: Any) -> dict[str, Any]:
        """What has changed since a version; all there is for None, with draws counted again."""
        if since is None:
            return self.sample(long=True)
        with self._lock:
            values = self._now()
            now = (*(version for _, version in values), *self.version()[len(values) :])
            moved = [k for k, (old, new) in enumerate(zip(since, now)) if old != new]
            rows = [{"k": k, **self._moving(k, *values[k])} for k in moved if k < len(values)]
            changed, first = [], len(values)
            for number, each in enumerate(self.streams[:ROWS]):
                last = first + len(each.updates())
                if len(since) != len(now) or any(first <= k < last for k in moved):
                    changed.append({"k": number, **self._stream(number, each, None, 0.0)})
                first = last
            moments = {"moments": self._moment(values)} if rows else {}
            return {"moved": rows, "streams_moved": changed, **moments, **self._nodes()}

    def _now(self) -> list[tuple[Any, int]]:
        """Values and versions of all variables at one moment, between two calls."""
        containers = [variable.container for variable in self.variables[:ROWS]]
        values, versions = [], [-1] * len(containers)
        for _ in range(TRIES):
            versions = [container.version for container in containers]
            values = [container.storage[0] for container in containers]
            if versions == [container.version for container in containers]:
                break
        return list(zip(values, versions))

    def _moment(self, now: list[tuple[Any, int]]) -> int:
        """Remember the moment, if all its values are kept; how many there are. One variable's history says as much."""
        if len(now) < 2:
            return 0
        versions = tuple(version for _, version in now)
        found = tuple(self._past[k].seen[-1][2] if self._past[k].seen else None for k in range(len(now)))
        if (not self._moments or self._moments[-1][0] != versions) and not any(value is None for value in found):
            self._moments.append((versions, found))
            if len(self._moments) > KEPT:
                self._moments[:-1] = self._moments[:-1:2]
        return len(self._moments)

    def _still(self, k: int, functions: dict[str, Function]) -> dict[str, Any]:
        """What is said of a variable once."""
        variable = self.variables[k]
        return {
            "name": shorten(str(variable), 60),
            "type": theme.short_type(str(variable.type)),
            "where": variable.where.label,
            "editable": isinstance(variable.type, TensorType),
            "writers": writers(variable, functions),
        }

    def _moving(self, k: int, value: Any, version: int) -> dict[str, Any]:
        """What changes with a variable's value."""
        past = self._past.setdefault(k, _Past([], []))
        row: dict[str, Any] = {
            "version": version,
            "shape": list(value.shape) if isinstance(value, np.ndarray) else None,
            "statistics": [],
            "sample": value_text(value, 200),
        }
        if isinstance(value, np.random.RandomState):
            row["sample"] = f"state {state_fingerprint(value)}"
        if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
            seen, step = strided(value)
            kept = value.copy() if value.size <= ELEMENTS else None
            row.update(figures(seen))
            row["strided"] = step
            row["heat"] = heat(value)
            self._remember(past, version, seen, kept)
        row.update(
            changes=past.changes,
            undo=len(past.undo),
            spark=[norm if np.isfinite(norm) else None for _, norm, _ in past.seen],
            kept=[number if old is not None else -1 for number, _, old in past.seen],
        )
        return row

    @staticmethod
    def _remember(past: _Past, version: int, seen: np.ndarray[Any, Any], kept: Any) -> None:
        mark = state_fingerprint(seen)
        if mark == past.mark:
            return
        past.changes += bool(past.mark)
        past.mark = mark
        with np.errstate(all="ignore"):
            norm = float(f"{np.sqrt(np.square(seen.astype(np.float64)).sum()):.4g}")
        if past.seen and past.seen[-1][0] == version:  # changed in place since
            past.seen.pop()
        past.seen.append((version, norm, kept))
        if len(past.seen) > KEPT:  # thinned, so that the first values stay in reach
            past.seen[:-1] = past.seen[:-1:2]

    def _stream(
        self, number: int, streams: Streams, functions: dict[str, Function] | None, seconds: float
    ) -> dict[str, Any]:
        """One object's streams; with functions also which use them; draws are counted again for so many seconds."""
        rows = []
        for k, (shown, (state, after)) in enumerate(zip(streams.draws(), streams.updates())):
            draw, type_, where, fingerprint = shown
            row: dict[str, Any] = {
                "draw": draw,
                "name": shorten(str(after.owner.outputs[1]), 40),
                "type": theme.short_type(type_),
                "where": where,
                "state": fingerprint,
                "count": self._counter(number, k).count(seconds),
            }
            if functions is not None:
                row["used"] = [
                    name for name, f in functions.items() if any(x.container is state.container for x in f.get_shared())
                ]
                row["still"] = [name for name in row["used"] if not writers(state, {name: functions[name]})]
            rows.append(row)
        seed = getattr(streams, "last_seed", None)
        return {
            "title": type(streams).__name__,
            "algorithm": streams.algorithm,
            "seed": str(streams.default_instance_seed if seed is None else seed),
            "state": streams.fingerprint(),
            "rows": rows,
        }

    def _counter(self, number: int, k: int) -> "_Counter":
        streams = self.streams[number]
        state, after = streams.updates()[k]
        if (number, k) not in self._counters:
            self._counters[number, k] = _Counter(_starts(streams, k), state, after)
        return self._counters[number, k]

    def preview(self, number: int, row: int) -> dict[str, Any]:
        """The next numbers of a stream, and a histogram of those after, drawn from a copy of its state.

        Beside it the counts that are expected, where the distribution is known.
        """
        state, after = self._own(number).updates()[_within(row, len(self._own(number).updates()))]
        value, parts, total = copy.deepcopy(state.get_value(borrow=True)), [], 0
        known = reference(state, after, value)
        end = perf_counter() + COUNTING_LONG
        while total < PREVIEWED and perf_counter() < end:
            value, drawn = _drawn(state, after, value)
            parts.append(np.asarray(drawn).reshape(-1))
            total += max(1, parts[-1].size)
        numbers = np.concatenate(parts)
        found = {"next": value_text(parts[0][:12], 300), **figures(numbers[: 4 * PREVIEWED]), "count": numbers.size}
        finite = numbers[np.isfinite(numbers)]
        return {**found, **binned(finite, known)} if finite.size else found

    # -- changing ------------------------------------------------------------------------------------------------------

    def _change(self, label: str, variables: Iterable[SharedVariable], change: Callable[[], None]) -> dict[str, Any]:
        """Make a change between calls: now, or, where a call that stores to the variables goes on, at its end."""
        containers = [variable.container for variable in variables]
        with self._lock:
            waiting = bool(self._queue)
            if len(self._queue) >= QUEUED:
                raise ValueError("too many changes wait for the running call")
        self._failed = ""
        # not while the panel's lock is held: samples go on
        if waiting or not between_calls(containers, change, PATIENCE):
            with self._lock:
                self._queue.append((label, containers, change))
                if len(self._queue) == 1:
                    threading.Thread(target=self._catch_up, name="interactive_sym changes", daemon=True).start()
        return self.sample()

    def _catch_up(self) -> None:
        """Make the changes that wait, in their order."""
        while True:
            with self._lock:
                if not self._queue:
                    return
                label, containers, change = self._queue[0]
            try:
                between_calls(containers, change)
            except Exception as error:
                self._failed = f"{label}: {error}"
            with self._lock:
                self._queue.popleft()
            sampler.look()

    def _replace(self, row: int, label: str, value: Callable[[], Any], undone: bool = False) -> dict[str, Any]:
        """Give a variable another value, and remember the one before unless this takes an edit back."""
        variable, past = self.variables[row], self._past.setdefault(row, _Past([], []))

        def change() -> None:
            old, new = variable.get_value(), value()
            variable.set_value(new)
            if undone:
                past.undo.pop()
            else:
                past.undo.append(old)
                del past.undo[:-UNDONE]

        return self._change(f"{label} {shorten(str(variable), 60)}", [variable], change)

    def edit(self, row: int, text: str) -> dict[str, Any]:
        """Give a variable the value that `text` writes as a number or nested lists; one number fills the shape.

        Raises:
            ValueError: `text` is no such value, or of another shape.
            TypeError: the variable's type refuses it.
        """
        variable = self.variables[_within(row, len(self.variables))]
        if not isinstance(variable.type, TensorType):
            raise ValueError("only arrays and numbers can be edited here")

        def value() -> Any:
            return variable.type.filter(_literal(text, variable.get_value(borrow=True)), name=str(variable))

        value()  # what is wrong is said at once, also where the change has to wait
        return self._replace(row, "set", value)

    def undo(self, row: int) -> dict[str, Any]:
        """Take the last edit of a variable back."""
        past = self._past.get(_within(row, len(self.variables)))
        if past is None or not past.undo:
            raise ValueError("there is no edit to take back")
        return self._replace(row, "undo", lambda: past.undo[-1], undone=True)

    def _kept(self, row: int, version: int) -> Any:
        """The value a variable had at a version.

        Raises:
            ValueError: it was not kept.
        """
        past = self._past.get(_within(row, len(self.variables)))
        kept = None if past is None else past.kept(version)
        if kept is None:
            raise ValueError("that value was not kept")
        return kept

    def back(self, row: int, version: int) -> dict[str, Any]:
        """Give a variable the value it had when a sample was taken; undo takes that back."""
        kept = self._kept(row, version)
        return self._replace(row, "go back with", lambda: kept)

    def at(self, row: int, version: int) -> dict[str, Any]:
        """What a variable was when a sample was taken: text, figures, heat map."""
        kept = self._kept(row, version)
        return {"sample": value_text(kept, 200), "heat": heat(kept), **figures(kept.reshape(-1))}

    def moment(self, number: int) -> dict[str, Any]:
        """What all variables were at one moment: text and version of each."""
        versions, values = self._moments[_within(number, len(self._moments))]
        names = [shorten(str(variable), 60) for variable in self.variables]
        return {
            "values": [[name, version, value_text(value, 80)] for name, version, value in zip(names, versions, values)]
        }

    def back_all(self, number: int) -> dict[str, Any]:
        """Give all variables the values they had at one moment; each has its undo."""
        _, values = self._moments[_within(number, len(self._moments))]
        variables = self.variables[: len(values)]

        def change() -> None:
            for k, (variable, value) in enumerate(zip(variables, values)):
                past = self._past[k]
                past.undo.append(variable.get_value())
                del past.undo[:-UNDONE]
                variable.set_value(value)

        return self._change("go back with all", variables, change)

    def seed(self, number: int, text: str, row: int | None = None) -> dict[str, Any]:
        """Seed all of a stream's variables, or one; the states before are saved first."""
        streams = self._own(number)
        if row is not None:
            _within(row, len(streams.updates()))
        try:
            seed = int(text)
        except ValueError:
            raise ValueError("a seed is a whole number") from None
        fresh = _seeded(streams, seed, row)
        which = "" if row is None else f" of {row}"

        def change() -> None:
            self._keep(number, f"before seed {seed}{which}")
            if row is None:
                streams.seed(seed)
            for k, value in fresh.items():
                state, after = streams.updates()[k]
                if row is not None:
                    state.set_value(value)
                self._counters[number, k] = _Counter([(f"seed {seed}{which}", value)], state, after)

        return self._change(f"seed {seed}{which}", [state for state, _ in streams.updates()], change)

    def _keep(self, number: int, label: str = "") -> None:
        streams = self._own(number)
        states = [state.get_value() for state, _ in streams.updates()]
        self._saved.append((label or f"state {streams.fingerprint()}", [[number], states]))
        del self._saved[:-UNDONE]

    def save(self, number: int) -> dict[str, Any]:
        """Keep the states of a stream's variables, to restore them later."""
        streams = self._own(number)
        return self._change("save", [state for state, _ in streams.updates()], lambda: self._keep(number))

    def restore(self, saved: int) -> dict[str, Any]:
        """Give a stream's variables the states that were saved."""
        label, ([number], states) = self._saved[_within(saved, len(self._saved))]
        variables = [state for state, _ in self._own(number).updates()]

        def change() -> None:
            for state, value in zip(variables, states):
                state.set_value(value)
            for k in range(len(variables)):
                self._counters.pop((number, k), None)

        return self._change(f"restore {label}", variables, change)

    def transfer(self, number: int, name: str, apply: bool) -> dict[str, Any]:
        """Copy states in order to the streams that the user calls `name`; without `apply` only say which goes where."""
        target = user_names().get(name)
        source = self._own(number)
        if not isinstance(target, RandomStreams | MRG_RandomStreams) or type(target) is not type(source):
            raise ValueError(f"{shorten(name, 40)!r} is no {type(source).__name__}")
        pairs = list(zip(source.updates(), target.updates()))
        fitting, lines = [], []
        for k, ((mine, made), (other, wanted)) in enumerate(pairs):
            names = made.owner.op.name, wanted.owner.op.name
            fits = not isinstance(mine.get_value(borrow=True), np.ndarray) or (
                mine.get_value(borrow=True).shape == other.get_value(borrow=True).shape
            )
            lines.append(f"{k}: {names[0]} → {names[1]}" + ("" if fits else ", left out: another number of streams"))
            fitting += [(mine, other)] if fits else []
        for k in range(len(pairs), len(source.updates())):
            lines.append(f"{k}: {source.updates()[k][1].owner.op.name}, left out: {name} has no such stream")

        def change() -> None:
            for mine, other in fitting:
                other.set_value(mine.get_value())

        if apply:
            self._change(f"copy to {name}", [x for pair in fitting for x in pair], change)
        return {"lines": lines or ["nothing to copy"], "applied": apply}

    def _own(self, number: int) -> Streams:
        return self.streams[_within(number, len(self.streams))]


class _Counter:
    """How often a stream has been drawn: draws are made again from where it may have begun until its state comes."""

    def __init__(self, starts: list[tuple[str, Any]], state: SharedVariable, after: Variable) -> None:
        if not starts:
            starts = [("the first look", copy.deepcopy(state.get_value(borrow=True)))]
        self._ways = [[origin, value, 0] for origin, value in starts]
        self._state, self._after = state, after
        self._found: list[Any] | None = None
        #: Where the last count ended: the version of the state, the draws, and since when.
        self._known = (state.container.version, 0, "the first look")

    def count(self, seconds: float) -> str:
        """Draws so far and since when, as far as `seconds` of work tell; without, each store is taken for a draw."""
        version, counted, origin = self._known
        now = self._state.container.version
        about = f"about {counted + now - version} since {origin}"
        if not seconds:
            return about if now != version or self._found is None else f"{counted} since {origin}"
        target = state_fingerprint(self._state.get_value(borrow=True))
        ways = [self._found] if self._found is not None else self._ways
        end = perf_counter() + seconds
        try:
            for way in ways:
                if state_fingerprint(way[1]) == target:
                    return self._settled(way, now)
            while perf_counter() < end and ways[0][2] < MOST_DRAWS:
                for way in ways:
                    way[1] = _drawn(self._state, self._after, way[1])[0]
                    way[2] += 1
                    if state_fingerprint(way[1]) == target:
                        return self._settled(way, now)
        except Exception:
            return f"{about}, not counted: what is drawn depends on inputs"
        return f"more than {ways[0][2]} since {ways[0][0]}, or set otherwise; stored {now} times"

    def _settled(self, way: list[Any], version: int) -> str:
        self._found = way
        self._known = (version, way[2], way[0])
        return f"{way[2]} since {way[0]}"


def _starts(streams: Streams, k: int) -> list[tuple[str, Any]]:
    """States that variable `k` of a stream may have begun with, as far as seeds are known."""
    seeds = dict.fromkeys([getattr(streams, "last_seed", None), streams.default_instance_seed])
    return [(f"seed {seed}", _seeded(streams, seed, None)[k]) for seed in seeds if seed is not None]


def _seeded(streams: Streams, seed: Any, row: int | None) -> dict[int, Any]:
    """States that a seed gives to all of a stream's variables, or to one alone."""
    rows = range(len(streams.updates())) if row is None else [row]
    if isinstance(streams, MRG_RandomStreams):
        fresh = MRG_RandomStreams(seed)
        return {k: fresh.get_substream_rstates(streams.state_updates[k][3]) for k in rows}
    if row is not None:
        return {row: np.random.RandomState(seed)}
    generator = np.random.RandomState(seed)
    return {k: np.random.RandomState(int(generator.randint(2**30))) for k in rows}


def _drawn(state: SharedVariable, after: Variable, value: Any) -> tuple[Any, Any]:
    """The state after a draw from the state `value`, and the draw."""
    assert after.owner is not None
    table: dict[Variable, Any] = {state: value}
    results = run_lazily([after, after.owner.outputs[1]], table)
    return results[0], results[1]


def user_names() -> dict[str, Any]:
    """What the user's names stand for: those of the notebook's cells, or of the script."""
    module = sys.modules.get("__main__")
    return dict(vars(module)) if module is not None else {}


def named_functions() -> dict[str, Function]:
    """The functions that the user's names stand for."""
    return {name: f for name, f in user_names().items() if isinstance(f, Function) and not name.startswith("_")}


def writers(variable: SharedVariable, functions: dict[str, Function]) -> list[dict[str, str]]:
    """Which functions store to a variable, what, and on which line that was written."""
    found = []
    for name, function in functions.items():
        for target, value in function.trace.initial.updates:
            if isinstance(target, SharedVariable) and target.container is variable.container:
                where = value.owner.where if value.owner is not None else None
                found.append(
                    {
                        "function": name,
                        "what": f"{shorten(str(target), 30)} ← {shorten(brief(value), 80)}",
                        "where": where.label if where is not None else "",
                        "line": shorten(where.text, 200) if where is not None else "",
                    }
                )
    return found


def strided(array: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], int]:
    """A copy of at most `ELEMENTS` elements at equal distances, and the distance."""
    flat = array.reshape(-1)
    step = max(1, -(-flat.size // ELEMENTS))
    return flat[::step].copy(), step


def figures(values: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Statistics and a histogram of numbers."""
    real = values.astype(np.float64)
    finite = real[np.isfinite(real)]
    statistics: list[list[str]] = []
    histogram: list[int] = []
    if finite.size:
        with np.errstate(all="ignore"):
            pairs = (("min", finite.min()), ("max", finite.max()), ("mean", finite.mean()), ("std", finite.std()))
        statistics = [[name, f"{float(figure):.4g}"] for name, figure in pairs]
        try:
            with np.errstate(all="ignore"):
                histogram = [int(n) for n in np.histogram(finite, BINS)[0]]
        except ValueError:  # the range is not finite
            histogram = []
    for name, count in (("nan", int(np.isnan(real).sum())), ("inf", int(np.isinf(real).sum()))):
        if count:
            statistics.append([name, str(count)])
    return {"statistics": statistics, "histogram": histogram}


def heat(array: np.ndarray[Any, Any]) -> list[list[int]]:
    """An array as at most 32 by 32 levels from 0 to 100, -1 where a value is not finite; numbers have none."""
    if array.ndim == 0 or array.size == 0:
        return []
    matrix = array.reshape(-1, array.shape[-1]) if array.ndim > 1 else array.reshape(1, -1)
    rows, columns = (max(1, -(-n // CELLS)) for n in matrix.shape)
    picked = matrix[::rows, ::columns].astype(np.float64)
    good = np.isfinite(picked)
    if not good.any():
        return [[-1] * picked.shape[1] for _ in range(picked.shape[0])]
    low, high = picked[good].min(), picked[good].max()
    with np.errstate(all="ignore"):
        scaled = (picked / 2 - low / 2) / (high / 2 - low / 2) if high > low else np.full_like(picked, 0.5)
    levels = np.where(good, np.nan_to_num(scaled * 100), -1.0)
    return [[int(level) for level in line] for line in levels]


def _literal(text: str, old: np.ndarray[Any, Any]) -> Any:
    if len(text) > TEXT_LIMIT:
        raise ValueError("the text is too long to be edited here")
    try:
        value = ast.literal_eval(text.strip())
        array = np.asarray(value)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        raise ValueError("write a number, or numbers in nested lists: [1.5, 2]") from None
    if array.dtype.kind not in "iufb":
        raise ValueError("write a number, or numbers in nested lists: [1.5, 2]")
    if array.ndim == 0 and old.ndim:
        array = np.full(old.shape, array)
    if array.shape != old.shape:
        raise ValueError(f"the value has shape {old.shape}, the text {array.shape}")
    return array.astype(old.dtype) if array.dtype.kind == "f" and old.dtype.kind == "f" else array.tolist()


def _within(index: int, count: int) -> int:
    if not 0 <= index < count:
        raise ValueError("there is no such row")
    return index


def live_of(subject: object) -> Live:
    """The live state of a shared variable or of streams.

    Raises:
        ValueError: `subject` has none.
    """
    if isinstance(subject, Live):
        return subject
    if isinstance(subject, RandomStreams | MRG_RandomStreams):
        return Live(streams=[subject])
    if isinstance(subject, SharedVariable):
        return Live([subject])
    raise ValueError("this view has no live state")
