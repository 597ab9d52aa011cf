"""Loops: `scan` and what is made of it.

`scan(step, ...)` calls the Python function `step` once, with symbolic values, to learn what one step computes; the loop
itself runs when a compiled function is called, in C.

Read next: `core.ops.scan`, the operation.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .core import source, testvalue
from .core.constants import as_tensor_variable, constant
from .core.errors import message
from .core.graph import Apply, Constant, Variable, leaves, rebuild, toposort
from .core.op import call
from .core.ops.body import Body
from .core.ops.scan import Layout, Scan
from .core.shared import SharedVariable
from .core.types import INTEGERS, TensorType, upcast

__all__ = [
    "OrderedUpdates",
    "Until",
    "clone",
    "foldl",
    "foldr",
    "map",
    "reduce",
    "scan",
    "scan_checkpoints",
    "until",
]


class Until:
    """A condition that ends a loop; made by `until`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> until(T.dscalar("x") > 10).condition.type
        TensorType(bool, scalar)
    """

    def __init__(self, condition: Any) -> None:
        self.condition = condition


def until(condition: Any) -> Until:
    """Returned by a step beside its outputs: the loop ends after the first step for which `condition` holds.

    Args:
        condition: a symbolic scalar; anything but 0 holds. The outputs of the step that ends the loop are kept.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import function, scan
        >>> limit = T.dscalar("limit")
        >>> one = T.constant(1.0, dtype="float64")
        >>> powers, _ = scan(lambda x: (2 * x, until(2 * x > limit)), outputs_info=one, n_steps=99)
        >>> function([limit], powers)(10.0)
        array([ 2.,  4.,  8., 16.])
    """
    return Until(condition)


class OrderedUpdates(OrderedDict[Any, Any]):
    """Updates of shared variables in the order they were given: shared variable -> what is stored to it.

    Raises:
        TypeError: a key is not a shared variable.
        KeyError: a variable gets two different expressions.

    Example:
        >>> from interactive_sym import shared
        >>> state = shared(0, name="state")
        >>> updates = OrderedUpdates({state: state + 1})
        >>> list(updates)
        [state]
    """

    def __init__(self, *updates: Any, **options: Any) -> None:
        super().__init__()
        for given in updates:
            self.update(given)
        self.update(options)

    def __setitem__(self, key: Any, value: Any) -> None:
        if not isinstance(key, SharedVariable):
            raise TypeError(
                message(
                    f"updates go to shared variables, got {key!r:.60}",
                    source.here()[0],
                    cure="make it with shared(value)",
                )
            )
        super().__setitem__(key, value)

    def update(self, other: Any = None, **options: Any) -> None:  # type: ignore[override]
        """Add the pairs of a mapping or of a list of pairs.

        Raises:
            TypeError: a key is not a shared variable.
            KeyError: a variable gets two different expressions.

        Example:
            >>> from interactive_sym import shared
            >>> state, updates = shared(0, name="state"), OrderedUpdates()
            >>> updates.update([(state, state + 1)])
            >>> list(updates)
            [state]
        """
        pairs = [] if other is None else list(other.items() if isinstance(other, Mapping) else other)
        for key, value in [*pairs, *options.items()]:
            if key in self and self[key] is not value:
                raise KeyError(message(f"{key} gets two different updates", source.here()[0]))
            self[key] = value

    def __add__(self, other: Any) -> "OrderedUpdates":
        return OrderedUpdates(self, other)

    def __radd__(self, other: Any) -> "OrderedUpdates":
        return OrderedUpdates(other, self)


def clone(
    output: Any,
    replace: Any = None,
    strict: bool = True,
    share_inputs: bool = True,
    copy_inputs: Any = None,
) -> Any:
    """A copy of an expression, with some of the variables it depends on replaced.

    Args:
        output: a variable, or a list or tuple of them.
        replace: pairs or a dictionary (variable, what stands in its place).
        strict: a replacement must be of the type of what it replaces.
        share_inputs: the copy has the inputs of the original; False makes fresh ones for those not replaced.
        copy_inputs: the old name of `share_inputs`.

    Returns:
        A variable, or a list of them.

    Raises:
        TypeError: a replacement is of another type.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x, y = T.dscalars("x", "y")
        >>> float(clone(x**2, replace={x: y + 1}).eval({y: 2.0}))
        9.0
    """
    if copy_inputs is not None:
        share_inputs = bool(copy_inputs)
    pairs = list(replace.items() if isinstance(replace, Mapping) else replace or ())
    swaps: dict[Variable, Variable] = {}
    for old, new in pairs:
        if not isinstance(new, Variable):
            new = as_tensor_variable(new)
        if not old.type.holds(new.type):
            fits = isinstance(old.type, TensorType) and isinstance(new.type, TensorType)
            if strict or not fits or len(old.type.shape) != len(new.type.shape):
                raise TypeError(
                    message(f"clone: {new} of {new.type} can't stand for {old} of {old.type}", source.here()[0])
                )
            new = call("cast", new, old.type.dtype)
        swaps[old] = new
    outputs = list(output) if isinstance(output, (list, tuple)) else [output]
    if not share_inputs:
        for leaf in leaves(outputs, swaps):
            if leaf not in swaps and not isinstance(leaf, (Constant, SharedVariable)):
                swaps[leaf] = leaf.clone()
    copies = rebuild(outputs, swaps)
    return copies if isinstance(output, (list, tuple)) else copies[0]


# -- what a user gives -----------------------------------------------------------------------------------------------


@dataclass
class _Sequence:
    """A sequence and the offsets at which each step reads it."""

    whole: Any
    taps: tuple[int, ...]

    @property
    def before(self) -> int:
        return -min(0, *self.taps)

    @property
    def after(self) -> int:
        return max(0, *self.taps)

    def length(self) -> Any:
        """How many steps it has elements for: an int where known."""
        known = self.whole.type.shape[0]
        spare = self.before + self.after
        if known is not None:
            return max(known - spare, 0)
        size = call("shape_i", self.whole, 0)
        return size if spare == 0 else size - constant(spare, dtype="int64")

    def pieces(self, backwards: bool) -> list[Any]:
        """For each tap the elements that the steps read, in the order of the steps."""
        result = []
        for tap in self.taps:
            first, spare = tap + self.before, self.after - tap
            piece = self.whole if not first and not spare else self.whole[first or None : -spare if spare else None]
            result.append(piece[::-1] if backwards else piece)
        return result


@dataclass
class _Info:
    """What `outputs_info` says of an output: where its values start from and how many steps back they are read."""

    initial: Any
    taps: tuple[int, ...]
    number: bool = False

    @property
    def single(self) -> bool:
        """Whether the initial value is that of the step before, not a row each of several."""
        return self.taps == (-1,)


def _listed(things: Any) -> list[Any]:
    if things is None:
        return []
    return list(things) if isinstance(things, (list, tuple)) else [things]


def _tap_tuple(taps: Any, default: tuple[int, ...]) -> tuple[int, ...]:
    if taps is None:
        return default
    items = taps if isinstance(taps, (list, tuple)) else [taps]
    return tuple(int(tap) for tap in items)


def _sequence(given: Any, where: source.Where) -> _Sequence:
    taps: tuple[int, ...] = (0,)
    if isinstance(given, Mapping):
        unknown = set(given) - {"input", "taps"}
        if "input" not in given or unknown:
            raise ValueError(
                message(
                    f"scan: a sequence as a dictionary has 'input' and 'taps', got {sorted(str(key) for key in given)}",
                    where,
                )
            )
        given, taps = given["input"], _tap_tuple(given.get("taps"), (0,))
    whole = as_tensor_variable(given)
    if len(whole.type.shape) == 0:
        raise TypeError(
            message(
                f"scan: the sequence {whole} has no dimensions, there is nothing to go through",
                where,
                cure="what is the same in every step goes to non_sequences; the number of steps to n_steps",
            )
        )
    if not taps:
        raise ValueError(message(f"scan: the sequence {whole} has an empty list of taps", where))
    return _Sequence(whole, taps)


def _info(given: Any, where: source.Where) -> _Info | None:
    taps: tuple[int, ...] = (-1,)
    several = False
    if isinstance(given, Mapping):
        unknown = set(given) - {"initial", "taps", "inplace", "return_steps", "membuf"}
        if unknown:
            raise ValueError(
                message(f"scan: outputs_info has 'initial' and 'taps', got {sorted(str(key) for key in given)}", where)
            )
        initial = given.get("initial")
        if "taps" in given and given["taps"] is None:
            return None
        taps = _tap_tuple(given.get("taps"), (-1,))
        if initial is None:
            if given.get("taps"):
                raise ValueError(message(f"scan: an output with taps {list(taps)} wants an initial value", where))
            return None
        several = taps != (-1,)
        given = initial
    if given is None:
        return None
    if not taps or any(tap >= 0 for tap in taps):
        raise ValueError(
            message(
                f"scan: taps of an output are negative (steps back), got {list(taps)}",
                where,
                cure="taps=[-1] reads the step before, taps=[-2, -1] the two steps before",
            )
        )
    number = isinstance(given, (int, float)) and not isinstance(given, np.generic)
    start: Any = (
        as_tensor_variable(given) if not isinstance(given, Variable) or isinstance(given.type, TensorType) else given
    )
    if not isinstance(start.type, TensorType):
        raise TypeError(message(f"scan: the initial state {start} is of {start.type}, not a tensor", where))
    if several:
        depth = -min(taps)
        if len(start.type.shape) == 0:
            raise ValueError(
                message(
                    f"scan: taps {list(taps)} read {depth} steps back: the initial state {start} wants a first "
                    f"dimension with {depth} rows",
                    where,
                )
            )
        known = start.type.shape[0]
        if known is not None and known < depth:
            raise ValueError(
                message(
                    f"scan: taps {list(taps)} read {depth} steps back, the initial state {start} has {known} rows",
                    where,
                )
            )
        if known != depth:
            start = start[:depth]
    return _Info(start, taps, number)


def _step_count(n_steps: Any, where: source.Where) -> tuple[Any, bool]:
    """The number of steps as an int64 scalar, and whether it is negative (then the loop goes backwards)."""
    if isinstance(n_steps, float) and n_steps == int(n_steps):
        n_steps = int(n_steps)
    steps = as_tensor_variable(n_steps)
    if len(steps.type.shape) != 0 or steps.type.dtype not in INTEGERS:
        raise TypeError(
            message(
                f"scan: n_steps must be an integer scalar, got {steps} of {steps.type}",
                where,
                cure="T.cast(n_steps, 'int64'), or n_steps[0] for an array of one number",
            )
        )
    if isinstance(steps, Constant):
        count = int(steps.data)
        return constant(abs(count), dtype="int64"), count < 0
    return call("cast", steps, "int64"), False


# -- what a step returns ---------------------------------------------------------------------------------------------


def _is_updates(thing: Any) -> bool:
    if isinstance(thing, Mapping):
        return True
    return (
        isinstance(thing, (list, tuple))
        and len(thing) > 0
        and all(isinstance(x, (list, tuple)) and len(x) == 2 and isinstance(x[0], SharedVariable) for x in thing)
    )


def _returned(result: Any, where: source.Where) -> tuple[list[Any], dict[Any, Any], Any]:
    """Outputs, updates and condition of what the user's function returned."""
    outputs: list[Any] = []
    updates: dict[Any, Any] = {}
    condition: Any = None
    parts = [result]
    if isinstance(result, (list, tuple)) and not _is_updates(result):
        if any(isinstance(x, Until) or _is_updates(x) for x in result):
            parts = list(result)
        elif len(result) == 2 and isinstance(result[0], (list, tuple)) and isinstance(result[1], (list, tuple)):
            parts = list(result)  # (outputs, empty list of updates)
        else:
            parts = [list(result)]
    for part in parts:
        if part is None:
            continue
        if isinstance(part, Until):
            condition = as_tensor_variable(part.condition)
            if len(condition.type.shape) != 0:
                raise TypeError(
                    message(
                        f"scan: the condition of until must be a scalar, it has {len(condition.type.shape)} dimensions",
                        condition.owner.where if condition.owner is not None else where,
                        cure="condition.all() or condition.any()",
                    )
                )
        elif _is_updates(part):
            updates.update(part.items() if isinstance(part, Mapping) else part)
        elif isinstance(part, (list, tuple)):
            outputs.extend(part)
        else:
            outputs.append(part)
    return [as_tensor_variable(x) for x in outputs], updates, condition


def _line_of(fn: Any, where: source.Where) -> source.Where:
    """The line that defines the user's function."""
    code = getattr(fn, "__code__", None)
    return source.Where(code.co_filename, code.co_firstlineno, code.co_name) if code is not None else where


def _made_at(variable: Variable, where: source.Where) -> source.Where:
    return variable.owner.where if variable.owner is not None else getattr(variable, "where", where)


# -- scan ------------------------------------------------------------------------------------------------------------


def scan(
    fn: Callable[..., Any],
    sequences: Any = None,
    outputs_info: Any = None,
    non_sequences: Any = None,
    n_steps: Any = None,
    truncate_gradient: int = -1,
    go_backwards: bool = False,
    mode: Any = None,
    name: str | None = None,
    profile: Any = False,
    allow_gc: Any = None,
    strict: bool = False,
    return_list: bool = False,
) -> tuple[Any, OrderedUpdates]:
    """Repeat a step: go through sequences, with results of earlier steps at hand.

    `fn` is called once, with symbolic arguments in this order: of each sequence the element of the present step (one
    for each of its taps), of each output with an initial state its values in earlier steps (one for each tap), then
    `non_sequences`. It returns one output or a list of them, and beside these, in a tuple, a dictionary of updates of
    shared variables, and `until(condition)`.

    Args:
        fn: what one step computes. It may use other variables and shared variables without getting them as arguments.
        sequences: a tensor, or a list of them, gone through along the first dimension; a dictionary
            `{"input": x, "taps": [-1, 0]}` where a step reads other elements than the present one.
        outputs_info: for each output its initial state: a tensor (what the step before the first one would have given),
            a dictionary `{"initial": x, "taps": [-2, -1]}` whose `x` has a row for each step read back, oldest first,
            or None for an output that no step reads. None in all: no output is read.
        non_sequences: what is the same in every step: a variable, or a list of them.
        n_steps: how many steps, int or symbolic; by default as many as the shortest sequence has elements for.
        truncate_gradient: how many steps, counted from the last one, gradients go back; -1: all.
        go_backwards: go through the sequences from the end.
        mode: without effect, as the loop is compiled in one piece with the function it is in; that mode counts.
        name: what to call the loop in graphs.
        profile: without effect, for the same reason: `function(..., profile=True)` times the loop among its nodes.
        allow_gc: without effect: values inside a step live in buffers of the function, which all steps share.
        strict: a shared variable that `fn` uses must be among `non_sequences` (or be updated).
        return_list: outputs as a list also where there is one.

    Returns:
        The outputs, each with a row for every step `(n, ...)`: None, a variable, or a list; and the updates of shared
        variables, to be given to `function`.

    Raises:
        TypeError: an output differs from its initial state in element type or dimensions; a sequence has no dimensions.
        ValueError: the number of steps is not known; taps are wrong; `fn` gives another number of outputs than
            `outputs_info` has.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import function, scan
        >>> A, k = T.dvector("A"), T.iscalar("k")
        >>> powers, updates = scan(lambda p, A: p * A, outputs_info=T.ones_like(A), non_sequences=A, n_steps=k)
        >>> function([A, k], powers[-1], updates=updates)([0.0, 1.0, 2.0], 3)
        array([0., 1., 8.])
    """
    where = source.here()[0]
    given = [_sequence(x, where) for x in _listed(sequences)]
    infos = [_info(x, where) for x in _listed(outputs_info)]
    fixed = [x if isinstance(x, Variable) else as_tensor_variable(x) for x in _listed(non_sequences)]
    steps, pieces = _pieces(given, n_steps, go_backwards, where)

    rows = [
        _row(piece, f"{sequence.whole.name}[t{tap:+d}]" if tap else f"{sequence.whole.name}[t]", sequence.whole.name)
        for (sequence, tap), piece in zip(((s, tap) for s in given for tap in s.taps), pieces)
    ]
    states = [_state_inputs(info, position) if info is not None else [] for position, info in enumerate(infos)]
    for row, piece in zip(rows, pieces):
        testvalue.pass_on(piece, row, 0)
    returned = fn(*rows, *(x for inputs in states for x in inputs), *fixed)
    outputs, updates, condition = _returned(returned, where)
    if not infos:
        infos = [None] * len(outputs)
        states = [[]] * len(outputs)
    if len(outputs) != len(infos):
        raise ValueError(
            message(
                f"scan: the step gives {_count(len(outputs), 'output')}, "
                f"outputs_info is for {_count(len(infos), 'output')}",
                _line_of(fn, where),
                detail=[f"scan was called at {where.label}"],
                cure="outputs_info has an entry for each output, in the order they are returned: None for one that no "
                "step reads",
            )
        )
    step = _Step(where, fn, rows, infos, states, outputs, updates, condition)
    with testvalue.lenient():
        step.find_updates()
        step.fit_states()
        return step.loop(steps, pieces, fixed, truncate_gradient, name, strict, return_list)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _pieces(given: Sequence[_Sequence], n_steps: Any, go_backwards: bool, where: source.Where) -> tuple[Any, list[Any]]:
    """The number of steps, and for each sequence and tap the elements that the steps read."""
    if n_steps is None and not given:
        raise ValueError(
            message(
                "scan: how many steps? There is no sequence to go through", where, cure="give n_steps, or sequences"
            )
        )
    lengths = [sequence.length() for sequence in given]
    if n_steps is not None:
        steps, negative = _step_count(n_steps, where)
        go_backwards = go_backwards != negative
    elif all(isinstance(length, int) for length in lengths):
        steps = constant(min(lengths), dtype="int64")
    else:
        known = [length for length in lengths if isinstance(length, int)]
        others = [length for length in lengths if not isinstance(length, int)]
        steps = others[0] if not known else call("minimum", others[0], constant(min(known), dtype="int64"))
        for length in others[1:]:
            steps = call("minimum", steps, length)
        if any(sequence.before + sequence.after for sequence in given):
            steps = call("maximum", steps, constant(0, dtype="int64"))
        steps = call("cast", steps, "int64")
    pieces = []
    for sequence, length in zip(given, lengths):
        exact = (n_steps is None and len(given) == 1) or (
            isinstance(length, int) and isinstance(steps, Constant) and length == int(steps.data)
        )
        for piece in sequence.pieces(go_backwards):
            pieces.append(piece if exact else piece[:steps])
    return steps, pieces


def _row(piece: Any, name: str, of: str | None) -> Variable:
    row: Variable = TensorType(piece.type.dtype, shape=piece.type.shape[1:]).make_variable(name if of else None)
    return row


def _state_inputs(info: _Info, position: int) -> list[Variable]:
    """What the step gets of an output's earlier values."""
    type_ = info.initial.type
    row = type_ if info.single else TensorType(type_.dtype, shape=type_.shape[1:])
    name = info.initial.name or f"output {position}"
    made = [row.make_variable(f"{name}[t{tap:+d}]") for tap in info.taps]
    first = min(info.taps)
    for variable, tap in zip(made, info.taps):
        testvalue.pass_on(info.initial, variable, None if info.single else tap - first)
    return made


@dataclass
class _Step:
    """A step on the way to becoming a loop."""

    where: source.Where
    fn: Any
    rows: list[Variable]
    infos: list[_Info | None]
    states: list[list[Variable]]
    outputs: list[Any]
    updates: dict[Any, Any]
    condition: Any

    def results(self) -> list[Any]:
        return [*self.outputs, *([self.condition] if self.condition is not None else []), *self.updates.values()]

    def find_updates(self) -> None:
        """Check the updates, and add those that shared variables make by themselves (states of random streams)."""
        for target, new in list(self.updates.items()):
            if not isinstance(target, SharedVariable):
                raise TypeError(
                    message(f"scan: updates go to shared variables, got {target!r:.60}", _line_of(self.fn, self.where))
                )
            if not isinstance(new, Variable):
                new = constant(target.type.filter(new, name=f"the update of {target}"))
            if not target.type.holds(new.type):
                raise TypeError(
                    message(
                        f"scan: the update of {target} is of {new.type}, the shared variable of {target.type}",
                        _made_at(new, self.where),
                        cure=f"T.cast(expression, '{getattr(target.type, 'dtype', '')}')",
                    )
                )
            self.updates[target] = new
        while True:
            found = {
                x: x.default_update
                for x in leaves(self.results())
                if isinstance(x, SharedVariable) and x.default_update is not None and x not in self.updates
            }
            if not found:
                return
            self.updates.update(found)

    def fit_states(self) -> None:
        """Make each output and what the step gets of its earlier values agree in type, or say where they do not."""
        for _ in range(4):
            replace: dict[Variable, Variable] = {}
            for position, info in enumerate(self.infos):
                if info is None:
                    continue
                mine, new = self.states[position][0].type, self.outputs[position].type
                if len(mine.shape) != len(new.shape):
                    raise self._differ(position, info, "dimensions")
                if new.dtype != mine.dtype:
                    if not (info.number and upcast(mine.dtype, new.dtype) == new.dtype):
                        raise self._differ(position, info, "dtype")
                    info.initial = call("cast", info.initial, new.dtype)
                shape = [a if b is None or a == b else None for a, b in zip(mine.shape, new.shape)]
                shape = [a if b is not None or a != 1 else None for a, b in zip(shape, new.shape)]
                wanted = TensorType(new.dtype, shape=shape)
                if wanted != mine:
                    fresh = [wanted.make_variable(x.name) for x in self.states[position]]
                    replace.update(zip(self.states[position], fresh))
                    self.states[position] = list(fresh)
            if not replace:
                return
            renewed = rebuild(self.results(), replace)
            count = len(self.outputs)
            self.outputs = renewed[:count]
            if self.condition is not None:
                self.condition = renewed[count]
                count += 1
            self.updates = dict(zip(self.updates, renewed[count:]))
        raise RuntimeError(f"scan: the types of the states have no end: {self.states}")

    def _differ(self, position: int, info: _Info, how: str) -> TypeError:
        new = self.outputs[position]
        state = self.states[position][0]
        initial = info.initial
        what = {
            "dimensions": f"{len(new.type.shape)} dimensions, its initial state {len(state.type.shape)}",
            "dtype": f"element type {new.type.dtype}, its initial state {state.type.dtype}",
        }.get(how, f"type {new.type}, its initial state {state.type}")
        cure = "give the initial state the shape of what a step returns, without the steps' dimension"
        if how == "dtype":
            cure = f"start from T.cast(initial, '{new.type.dtype}'), or return T.cast(output, '{state.type.dtype}')"
        return TypeError(
            message(
                f"scan: output {position} of the step has {what}",
                _made_at(new, _line_of(self.fn, self.where)),
                operands=[
                    ("initial state", str(initial)[:30], str(initial.type), _made_at(initial, self.where).label),
                    ("output", str(new)[:30], str(new.type), _made_at(new, _line_of(self.fn, self.where)).label),
                ],
                detail=[f"scan was called at {self.where.label}"],
                cure=cure,
            )
        )

    def _captured(self, inner: set[Variable], results: list[Any]) -> list[Variable]:
        """Variables from outside that the step uses: what does not depend on the loop is computed before it, once."""
        depends = set(inner)
        literal: set[Variable] = set()  # made of constants alone
        found: dict[Variable, None] = {}

        def take(variable: Variable) -> None:
            if variable in depends or variable in literal or isinstance(variable, Constant):
                return
            found.setdefault(variable)

        for node in toposort(results, inner):
            if any(x in depends for x in node.inputs):
                depends.update(node.outputs)
            elif all(x in literal or isinstance(x, Constant) for x in node.inputs):
                literal.update(node.outputs)
        for node in toposort(results, inner):
            if any(x in depends for x in node.outputs):
                for x in node.inputs:
                    take(x)
        for x in results:
            take(x)
        return list(found)

    def loop(
        self,
        steps: Any,
        pieces: list[Any],
        fixed: list[Any],
        truncate: int,
        name: str | None,
        strict: bool,
        return_list: bool,
    ) -> tuple[Any, OrderedUpdates]:
        recurrent = [k for k, info in enumerate(self.infos) if info is not None]
        stored = [k for k, info in enumerate(self.infos) if info is None]
        targets = list(self.updates)
        carried: list[Any] = [target.type.make_variable(target.name) for target in targets]
        inner = [*self.rows, *(x for k in recurrent for x in self.states[k])]
        results = [
            *(self.outputs[k] for k in recurrent),
            *(self.outputs[k] for k in stored),
            *self.updates.values(),
            *([self.condition] if self.condition is not None else []),
        ]
        captured = self._captured({*inner, *targets}, results)
        if strict:
            self._check_strict(captured, fixed)
        stays = [x.type.make_variable(x.name) for x in captured]
        results = rebuild(results, {**dict(zip(targets, carried)), **dict(zip(captured, stays))})
        infos = [self.infos[k] for k in recurrent]
        layout = Layout(
            len(self.rows),
            tuple(info.taps for info in infos if info is not None),
            len(stored),
            len(targets),
            self.condition is not None,
            (),
            int(truncate),
        )
        initial = [
            call("shape_padleft", info.initial, 1) if info.single else info.initial
            for info in infos
            if info is not None
        ]
        op = Scan(Body([*inner, *carried, *stays], results), layout, name)
        node: Apply = op.make_node(steps, *pieces, *initial, *targets, *captured)
        made: dict[int, Any] = dict(zip([*recurrent, *stored], node.outputs))
        ordered = [made[k] for k in range(len(self.outputs))]
        if name:
            for k, output in enumerate(ordered):
                output.name = name if len(ordered) == 1 else f"{name}[{k}]"
        updates = OrderedUpdates()
        for target, final in zip(targets, node.outputs[len(self.outputs) :]):
            updates[target] = final
        if return_list:
            return ordered, updates
        return (None if not ordered else ordered[0] if len(ordered) == 1 else ordered), updates

    def _check_strict(self, captured: Sequence[Variable], fixed: Sequence[Variable]) -> None:
        allowed = set(fixed)
        used = [x for x in leaves(captured, allowed) if x not in allowed and not isinstance(x, Constant)]
        if used:
            raise ValueError(
                message(
                    f"scan: the step uses {used[0]}, and with strict=True everything it uses is an argument",
                    _line_of(self.fn, self.where),
                    operands=[(str(x)[:30], str(x.type), _made_at(x, self.where).label) for x in used[:6]],
                    cure=f"non_sequences=[..., {used[0]}]",
                )
            )


# -- made of scan ----------------------------------------------------------------------------------------------------


def map(
    fn: Callable[..., Any],
    sequences: Any,
    non_sequences: Any = None,
    truncate_gradient: int = -1,
    go_backwards: bool = False,
    mode: Any = None,
    name: str | None = None,
) -> tuple[Any, OrderedUpdates]:
    """What `fn` gives for each element of the sequences: a `scan` whose steps do not read each other.

    Args: those of `scan`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym.scan import map
        >>> x = T.dmatrix("x")
        >>> sums, updates = map(lambda row: row.sum(), x)
        >>> sums.eval({x: [[1.0, 2.0], [3.0, 4.0]]})
        array([3., 7.])
    """
    return scan(
        fn,
        sequences=sequences,
        outputs_info=[],
        non_sequences=non_sequences,
        truncate_gradient=truncate_gradient,
        go_backwards=go_backwards,
        mode=mode,
        name=name,
    )


def reduce(
    fn: Callable[..., Any],
    sequences: Any,
    outputs_info: Any,
    non_sequences: Any = None,
    go_backwards: bool = False,
    mode: Any = None,
    name: str | None = None,
) -> tuple[Any, OrderedUpdates]:
    """The last state after going through the sequences: a `scan` of which only the last row is kept.

    `fn` gets the elements of the sequences, then the states, then `non_sequences`. Other args: those of `scan`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym.scan import reduce
        >>> x = T.dvector("x")
        >>> largest, updates = reduce(T.maximum, x, x[0])
        >>> float(largest.eval({x: [1.0, 3.0, 2.0]}))
        3.0
    """
    outputs, updates = scan(
        fn,
        sequences=sequences,
        outputs_info=outputs_info,
        non_sequences=non_sequences,
        go_backwards=go_backwards,
        mode=mode,
        name=name,
    )
    if isinstance(outputs, (list, tuple)):
        return [output[-1] for output in outputs], updates
    return (None if outputs is None else outputs[-1]), updates


def foldl(
    fn: Callable[..., Any],
    sequences: Any,
    outputs_info: Any,
    non_sequences: Any = None,
    mode: Any = None,
    name: str | None = None,
) -> tuple[Any, OrderedUpdates]:
    """The last state after going through the sequences from the first element to the last; see `reduce`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym.scan import foldl
        >>> x = T.dvector("x")
        >>> digits, updates = foldl(lambda digit, number: 10 * number + digit, x, T.constant(0.0, dtype="float64"))
        >>> float(digits.eval({x: [1.0, 2.0, 3.0]}))
        123.0
    """
    return reduce(fn, sequences, outputs_info, non_sequences, False, mode, name)


def foldr(
    fn: Callable[..., Any],
    sequences: Any,
    outputs_info: Any,
    non_sequences: Any = None,
    mode: Any = None,
    name: str | None = None,
) -> tuple[Any, OrderedUpdates]:
    """The last state after going through the sequences from the last element to the first; see `reduce`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym.scan import foldr
        >>> x = T.dvector("x")
        >>> digits, updates = foldr(lambda digit, number: 10 * number + digit, x, T.constant(0.0, dtype="float64"))
        >>> float(digits.eval({x: [1.0, 2.0, 3.0]}))
        321.0
    """
    return reduce(fn, sequences, outputs_info, non_sequences, True, mode, name)


def scan_checkpoints(
    fn: Callable[..., Any],
    sequences: Any = (),
    outputs_info: Any = None,
    non_sequences: Any = (),
    name: str | None = "checkpointscan_fn",
    n_steps: Any = None,
    save_every_N: int = 10,
    padding: bool = True,
) -> tuple[Any, OrderedUpdates]:
    """A loop that stores its states every `save_every_N` steps only; gradients compute those between again.

    For long loops whose states are large: memory goes with `n / N + N` instead of `n` rows.

    Args:
        fn: the step, as for `scan`.
        sequences: tensors without taps; elements beyond the last whole group of N steps are left out where `padding` is
            False.
        outputs_info: an initial state for every output.
        non_sequences: as for `scan`.
        name: what to call the loop.
        n_steps: how many steps; by default as many as the shortest sequence has.
        save_every_N: how many steps lie between two that are stored.
        padding: the number of steps need not be a multiple of N.

    Returns:
        The outputs, with a row for every N-th step (the last one included), and the updates.

    Raises:
        ValueError: `save_every_N` is below 1, or the number of steps is not known and there are no sequences.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym.scan import scan_checkpoints
        >>> x = T.dvector("x")
        >>> zero = T.constant(0.0, dtype="float64")
        >>> sums, updates = scan_checkpoints(lambda x, s: s + x, [x], [zero], save_every_N=2)
        >>> sums.eval({x: [1.0, 2.0, 3.0, 4.0, 5.0]})
        array([ 3., 10., 15.])
    """
    where = source.here()[0]
    given = _listed(sequences)
    infos = _listed(outputs_info)
    fixed = _listed(non_sequences)
    every = int(save_every_N)
    if every < 1:
        raise ValueError(message(f"scan_checkpoints: save_every_N is at least 1, got {every}", where))
    if not infos or any(info is None or isinstance(info, Mapping) for info in infos):
        raise ValueError(message("scan_checkpoints: every output wants an initial state, without taps", where))
    steps, pieces = _pieces([_sequence(x, where) for x in given], n_steps, False, where)
    groups = call("int_div", steps + (every - 1 if padding else 0), every)
    firsts = call("arange", groups) * every

    def group(first: Any, *states: Any) -> Any:
        last = call("minimum", first + every, steps)
        inner, updates = scan(
            fn,
            sequences=[piece[first:last] for piece in pieces],
            outputs_info=list(states[: len(infos)]),
            non_sequences=fixed,
            n_steps=last - first,
            name=name,
            return_list=True,
        )
        return [output[-1] for output in inner], updates

    return scan(group, sequences=[firsts], outputs_info=infos, name=name)
