"""`DebugMode`: every rewrite and every node is checked while a function runs.

Four checks, in this order: the rewriting is the same each time; each rewrite keeps the values of what it replaced; each
node's C gives what its `perform` gives, and `perform` leaves its inputs alone; the function's own kernel gives what its
nodes give one by one.

Read next: `profiling`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.configuration import config
from ..core.errors import message
from ..core.graph import Apply, Constant, Variable, toposort
from ..core.op import performed
from ..core.ops.body import is_lazy
from ..core.reference import Interpreter
from ..core.rule import RULES
from ..core.shared import SharedVariable
from ..core.source import Where
from ..core.trace import Firing
from ..core.types import TensorType
from ..mode import register_mode
from .watch import Watched, Watcher, WatchingMode

__all__ = [
    "BadDestroyMap",
    "BadOptimization",
    "BadThunkOutput",
    "BadViewMap",
    "DebugMode",
    "DebugModeError",
    "InvalidValueError",
    "StochasticOrder",
]


class DebugModeError(Exception):
    """Something is wrong inside a compiled function; the classes derived from it say what.

    Attributes:
        node: the node, where one is to blame.

    Example:
        >>> from interactive_sym.debugging import BadOptimization, BadThunkOutput
        >>> issubclass(BadOptimization, DebugModeError), issubclass(BadThunkOutput, DebugModeError)
        (True, True)
    """

    node: Apply | None = None


class BadThunkOutput(DebugModeError):
    """Compiled code does not give what the reference gives.

    Attributes:
        expected, got: both values.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import function
        >>> x = T.dvector("x")
        >>> right, T.cosh.c = T.cosh.c, "sinh{f}({0})"
        >>> f = function([x], T.cosh(x), mode="DebugMode", name="f")
        >>> f([1.0])
        Traceback (most recent call last):
            ...
        interactive_sym.debugging.debugmode.BadThunkOutput: f: compiled node 0, cosh, output 0, differs from ...
        >>> T.cosh.c = right
    """

    expected: Any = None
    got: Any = None


class BadOptimization(DebugModeError):
    """A rewrite changed a value.

    Attributes:
        rule: the rule's name.
        old, new: both values.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import RULES, function, rewrites
        >>> @rewrites("cosh", name="cosh_is_exp", stage="specialise", why="an example of a wrong rule")
        ... def cosh_is_exp(node):
        ...     return T.exp(node.inputs[0])
        >>> x = T.dvector("x")
        >>> f = function([x], T.cosh(x), mode="DebugMode", name="f")
        >>> f([1.0])
        Traceback (most recent call last):
            ...
        interactive_sym.debugging.debugmode.BadOptimization: f: the rule cosh_is_exp (pass specialise) ...
        >>> RULES.remove("cosh_is_exp")
    """

    rule: str = ""
    old: Any = None
    new: Any = None


class BadDestroyMap(DebugModeError):
    """`perform` changed an input that its `destroy_map` does not name.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import Op, function
        >>> class Cleared(Op):
        ...     "One more than its input, which it clears without saying so."
        ...     __module__ = "__main__"  # as in a program
        ...     __props__ = ()
        ...     itypes, otypes = [T.dvector], [T.dvector]
        ...     def perform(self, node, inputs, output_storage):
        ...         output_storage[0][0] = inputs[0] + 1
        ...         inputs[0][:] = 0
        >>> x = T.dvector("x")
        >>> f = function([x], Cleared()(x), mode="DebugMode", name="f")
        >>> f([1.0])
        Traceback (most recent call last):
            ...
        interactive_sym.debugging.debugmode.BadDestroyMap: perform of Cleared changes its input 0...
    """


class BadViewMap(DebugModeError):
    """`perform` of a user's operation gave a view of an input that its `view_map` does not name.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import Apply, Op, function
        >>> class First(Op):
        ...     "The first element, without saying that it is a view."
        ...     __module__ = "__main__"  # as in a program
        ...     __props__ = ()
        ...     itypes, otypes = [T.dvector], [T.dvector]
        ...     def perform(self, node, inputs, output_storage):
        ...         output_storage[0][0] = inputs[0][:1]
        >>> x = T.dvector("x")
        >>> f = function([x], First()(x), mode="DebugMode", name="f")
        >>> f([1.0, 2.0])
        Traceback (most recent call last):
            ...
        interactive_sym.debugging.debugmode.BadViewMap: perform of First gives as output 0 a view of input 0...
    """


class StochasticOrder(DebugModeError):
    """Rewriting the same program twice gave two programs.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import RULES, function, rewrites
        >>> numbers = iter(range(1000))
        >>> @rewrites("cosh", name="by_chance", stage="specialise", why="an example of a rule with a memory")
        ... def by_chance(node):
        ...     return T.exp(node.inputs[0]) + next(numbers)
        >>> x = T.dvector("x")
        >>> function([x], T.cosh(x), mode="DebugMode", name="f")
        Traceback (most recent call last):
            ...
        interactive_sym.debugging.debugmode.StochasticOrder: f: rewriting the program gave another result at ...
        >>> RULES.remove("by_chance")
    """


class InvalidValueError(DebugModeError):
    """A value is not one of its variable's type, or not finite where that is wanted.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import function
        >>> x = T.dvector("x")
        >>> f = function([x], T.log(x), mode="DebugMode", name="f")
        >>> f([0.0])
        Traceback (most recent call last):
            ...
        interactive_sym.debugging.debugmode.InvalidValueError: the result of node 0, log, is not finite...
    """


@dataclass(frozen=True, init=False)
class DebugMode(WatchingMode):
    """A mode in which everything that was done to a program is checked with each call, at a price: calls are slow.

    Args:
        optimizer, linker, included, excluded: as in `Mode`.
        stability_patience: how often the program is rewritten when it is compiled, to see that the result is one.
        check_c_code: compare each node's compiled code, and the function's, with the reference.
        check_py_code: check what `perform` gives and leaves.
        check_isfinite: refuse NaN and infinity. Each defaults to `config.DebugMode`'s.
        patience, check_c, check_py, check_finite: other names of `stability_patience` and of the `check_` arguments.

    Raises:
        BadOptimization, BadThunkOutput, BadDestroyMap, BadViewMap, InvalidValueError: when the function is called;
            shared variables then keep their values.
        StochasticOrder: when it is compiled.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import function
        >>> x = T.dvector("x")
        >>> f = function([x], T.log(1 + T.exp(x)), mode="DebugMode")
        >>> f([0.0])
        array([0.69314718])
    """

    patience: int = 10
    check_c: bool = True
    check_py: bool = True
    check_finite: bool = True

    def __init__(
        self,
        optimizer: str | None = "default",
        stability_patience: int | None = None,
        check_c_code: bool | None = None,
        check_py_code: bool | None = None,
        check_isfinite: bool | None = None,
        linker: str | None = None,
        included: frozenset[str] = frozenset(),
        excluded: frozenset[str] = frozenset(),
        patience: int | None = None,
        check_c: bool | None = None,
        check_py: bool | None = None,
        check_finite: bool | None = None,
    ) -> None:
        def chosen(name: str, *values: Any) -> Any:
            return next((value for value in values if value is not None), getattr(config.DebugMode, name))

        self.fill(
            linker=linker,
            optimizer=optimizer,
            included=included,
            excluded=excluded,
            patience=chosen("patience", stability_patience, patience),
            check_c=chosen("check_c", check_c_code, check_c),
            check_py=chosen("check_py", check_py_code, check_py),
            check_finite=chosen("check_finite", check_isfinite, check_finite),
        )

    def watcher(self, function: Watched) -> "_Checker":
        return _Checker(function, self)


for _name in ("DebugMode", "DEBUG_MODE"):
    register_mode(_name, DebugMode)


class _Checker:
    """A function's program with all its checks."""

    def __init__(self, function: Watched, mode: DebugMode) -> None:
        self.function, self.mode = function, mode
        self.program = function.program
        self.trace = function.trace
        digest = self.program.digest()
        for attempt in range(mode.patience - 1):
            again = mode.rewrite(self.trace.initial).final
            if again is None or again.digest() != digest:
                raise StochasticOrder(
                    message(f"{function.name}: rewriting the program gave another result at attempt {attempt + 2}")
                )
        self.watcher = Watcher(function)
        self.real: Callable[..., Any] | None = function.kernel(self.program) if mode.compiles else None
        self.steps = [(firing, *self._sides(number, firing)) for number, firing in enumerate(self.trace.firings)]
        replaced = [x for _, old, new in self.steps for x in (*old, *new)]
        self.order = toposort([*self.trace.initial.results, *replaced, *self.program.results], self.program.inputs)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        inputs = self.function.checked(arguments, keywords)
        reference = self._reference(_copies(inputs))
        wanted = Interpreter(self.trace.initial.inputs, self.trace.initial.results)(
            *_copies(inputs)
        )  # the user's errors
        self._rewrites(reference, wanted)
        table = self.watcher.values(inputs)
        for number, node in enumerate(self.program.nodes):
            self._node(number, node, table)
        results = [table[x] for x in self.program.results]
        return self.function.finished(results if self.real is None else self._whole(inputs, results))

    def _sides(self, number: int, firing: Firing) -> tuple[Sequence[Variable], Sequence[Variable]]:
        """What a rewrite promises to keep: the values of the node it replaced, or those of the whole program."""
        if firing.rule in RULES and RULES[firing.rule].whole is not None:
            return self.trace.graph_at(number), self.trace.graph_at(number + 1)
        return firing.old.outputs, firing.new

    # -- rewrites ------------------------------------------------------------------------------------------------------

    def _rewrites(self, table: dict[Variable, Any], wanted: Sequence[Any]) -> None:
        for firing, before, after in self.steps:
            for old, new in zip(before, after):
                if old in table and (new not in table or not _kept(firing.rule, table[old], table[new])):
                    raise self._bad_rewrite(firing, table.get(old), table.get(new))
        for variable, value in zip(self.program.results, wanted):
            if variable in table and not _kept("", value, table[variable]):
                error = BadOptimization(
                    message(
                        f"{self.function.name}: the rewritten program gives another value of {variable}",
                        variable.owner.where if variable.owner is not None else None,
                        operands=_both("before", value, "after", table[variable]),
                    )
                )
                error.old, error.new = value, table[variable]
                raise error

    def _reference(self, inputs: Sequence[Any]) -> dict[Variable, Any]:
        """Values of all variables before, during and after rewriting; what can't be computed is absent."""
        table: dict[Variable, Any] = dict(zip(self.program.inputs, inputs))
        sides = (x for _, old, new in self.steps for x in (*old, *new))
        for variable in (*(x for node in self.order for x in node.inputs), *sides, *self.program.results):
            if variable not in table and variable.owner is None:
                if isinstance(variable, Constant):
                    table[variable] = variable.data
                elif isinstance(variable, SharedVariable):
                    table[variable] = variable.container.storage[0]
        for node in self.order:
            needed = node.op.wanted(node, table) if is_lazy(node) and node.inputs[0] in table else node.inputs
            if not all(x in table for x in needed):
                continue
            values = [table.get(x) for x in node.inputs]
            mine = values if _is_ours(node) else _copies(values)
            try:
                results = performed(node, mine)
            except Exception:
                continue  # of branches not taken; the user's own errors come when his program is run
            if self.mode.check_py and mine is not values:
                self._python(f"{node.op.name}", node, values, mine, results)
            table.update((x, value) for x, value in zip(node.outputs, results) if x not in table)
        return table

    def _bad_rewrite(self, firing: Firing, old: Any, new: Any) -> BadOptimization:
        why = RULES[firing.rule].why if firing.rule in RULES else "equal nodes become one"
        made = firing.new[0].owner
        error = BadOptimization(
            message(
                f"{self.function.name}: the rule {firing.rule} (pass {firing.pass_name}) changed a value",
                firing.old.where,
                operands=[
                    ("rewritten", str(firing.old)[:50]),
                    ("to", str(made if made is not None else firing.new[0])[:50]),
                    *_both("old", old, "new", new),
                ],
                detail=[f"its reason: {why}"],
                cure=f"mode.excluding('{firing.rule}')",
            )
        )
        error.node, error.rule, error.old, error.new = firing.old, firing.rule, old, new
        return error

    # -- nodes ---------------------------------------------------------------------------------------------------------

    def _node(self, number: int, node: Apply, table: dict[Variable, Any]) -> None:
        if any(x not in table for x in (*node.inputs, *node.outputs)):
            return  # in a branch that was not taken
        inputs = [table[x] for x in node.inputs]
        outputs = [table[x] for x in node.outputs]
        mine = _copies(inputs)
        expected = performed(node, mine)
        if self.mode.check_py:
            self._python(f"node {number}, {node.op.name},", node, inputs, mine, expected)
        for position, (variable, want, got) in enumerate(zip(node.outputs, expected, outputs)):
            if self.mode.check_c and not _alike(want, got):
                error = BadThunkOutput(
                    message(
                        f"{self.function.name}: compiled node {number}, {node.op.name}, output {position}, "
                        "differs from the reference",
                        node.where,
                        operands=[
                            *((str(x)[:30], *_shown(value)) for x, value in zip(node.inputs, inputs)),
                            *_both("reference", want, "compiled", got),
                        ],
                    )
                )
                error.node, error.expected, error.got = node, want, got
                raise error
            self._valid(f"node {number}, {node.op.name},", node, variable, got)

    def _python(
        self, name: str, node: Apply, before: Sequence[Any], after: Sequence[Any], expected: Sequence[Any]
    ) -> None:
        where: Where | None = node.where
        destroyed = getattr(node.op, "destroy_map", None) or {}
        allowed = {position for positions in destroyed.values() for position in positions}
        views = getattr(node.op, "view_map", None) or {}
        for position, (old, new) in enumerate(zip(before, after)):
            if position not in allowed and isinstance(old, np.ndarray) and not _same_bits(old, new):
                error: DebugModeError = BadDestroyMap(
                    message(
                        f"perform of {name} changes its input {position}",
                        where,
                        operands=_both("before", old, "after", new),
                        cure=f"work on a copy, or destroy_map = {{0: [{position}]}}",
                    )
                )
                error.node = node
                raise error
        for position, (variable, value) in enumerate(zip(node.outputs, expected)):
            self._valid(name, node, variable, value)
            if _is_ours(node) or not isinstance(value, np.ndarray):
                continue
            for place, given in enumerate(after):
                named = place in views.get(position, ()) or place in destroyed.get(position, ())
                if isinstance(given, np.ndarray) and np.shares_memory(value, given) and not named:
                    error = BadViewMap(
                        message(
                            f"perform of {name} gives as output {position} a view of input {place}",
                            where,
                            cure=f"give a copy, or view_map = {{{position}: [{place}]}}",
                        )
                    )
                    error.node = node
                    raise error

    def _valid(self, name: str, node: Apply, variable: Variable, value: Any) -> None:
        trouble = ""
        if isinstance(variable.type, TensorType):
            if not variable.type.accepts(value):
                trouble = f"of {_shown(value)[0]} {_shown(value)[1]}, not of {variable.type}"
            elif self.mode.check_finite and value.dtype.kind in "fc" and not np.isfinite(value).all():
                trouble = "not finite"
        if trouble:
            error = InvalidValueError(
                message(
                    f"the result of {name} is {trouble}",
                    node.where,
                    operands=[(str(variable)[:30], *_shown(value))],
                    cure="DebugMode(check_isfinite=False)" if trouble == "not finite" else "",
                )
            )
            error.node = node
            raise error

    # -- the function --------------------------------------------------------------------------------------------------

    def _whole(self, inputs: Sequence[Any], results: Sequence[Any]) -> Sequence[Any]:
        """Results of the function's own kernel, with what it stores taken back: the caller stores it."""
        assert self.real is not None
        containers = [target.container for target, _ in self.program.updates]
        before = [(container.storage[0], container.version) for container in containers]
        kept = [(value.copy() if isinstance(value, np.ndarray) else value, version) for value, version in before]
        try:
            outputs = self.real(*inputs)
            stored = [container.storage[0] for container in containers]
        finally:
            for container, (value, version) in zip(containers, kept):
                container.storage[0], container.changes[0] = value, version
        found = [*outputs, *stored]
        for variable, want, got in zip(self.program.results, results, found):
            if self.mode.check_c and not _alike(want, got):
                node = variable.owner
                error = BadThunkOutput(
                    message(
                        f"{self.function.name}: its loops give another {variable} than its nodes one by one",
                        node.where if node is not None else None,
                        operands=_both("nodes", want, "loops", got),
                    )
                )
                error.node, error.expected, error.got = node, want, got
                raise error
        return found


# -- comparing ---------------------------------------------------------------------------------------------------------

#: Relative and absolute difference allowed; the absolute one is of the largest number of the array.
TOLERANCES = {"float32": (1e-4, 1e-5), "complex64": (1e-4, 1e-5), "float64": (1e-7, 1e-9), "complex128": (1e-7, 1e-9)}


def _copies(values: Sequence[Any]) -> list[Any]:
    return [x.copy() if isinstance(x, np.ndarray) else x for x in values]


def _is_ours(node: Apply) -> bool:
    """Whether the operation is one of the house."""
    return type(node.op).__module__.startswith(__name__.partition(".")[0] + ".")


def _same_bits(a: Any, b: Any) -> bool:
    return bool(a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes())


def _alike(want: Any, got: Any, lost: bool = False) -> bool:
    """Whether two values are the same, floats up to rounding; with `lost` they may differ where one is not finite."""
    if isinstance(want, np.random.RandomState):
        return isinstance(got, np.random.RandomState) and _states_alike(want, got)
    if not isinstance(want, np.ndarray) or not isinstance(got, np.ndarray):
        return want is got or bool(want == got)
    if want.shape != got.shape or want.dtype != got.dtype:
        return False
    if want.dtype.name not in TOLERANCES:
        return bool(np.array_equal(want, got))
    relative, absolute = TOLERANCES[want.dtype.name]
    with np.errstate(all="ignore"):
        sizes = np.abs(want[np.isfinite(want)])
        room = absolute * max(1.0, float(sizes.max()) if sizes.size else 1.0)
        same = (want == got) | ((want != want) & (got != got)) | (np.abs(want - got) <= relative * np.abs(want) + room)
        if lost:
            same |= ~np.isfinite(want) | ~np.isfinite(got)
    return bool(np.all(same))


def _states_alike(a: np.random.RandomState, b: np.random.RandomState) -> bool:
    mine, its = a.get_state(legacy=False), b.get_state(legacy=False)
    return (
        mine["bit_generator"] == its["bit_generator"]
        and bool(np.array_equal(mine["state"]["key"], its["state"]["key"]))
        and mine["state"]["pos"] == its["state"]["pos"]
    )


def _kept(rule: str, old: Any, new: Any) -> bool:
    """Whether a rewrite kept a value, as far as its rule promises."""
    lost = not rule or (rule in RULES and RULES[rule].changes == "nan")
    return _alike(old, new, lost)


def _shown(value: Any) -> tuple[str, str, str]:
    if not isinstance(value, np.ndarray):
        return type(value).__name__, "", ""
    numbers = np.array2string(value.reshape(-1)[:4], precision=6, separator=", ")
    return value.dtype.name, str(value.shape), numbers if value.size <= 4 else f"{numbers[:-1]}, ...]"


def _both(first: str, a: Any, second: str, b: Any) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [(first, *_shown(a)), (second, *_shown(b))]
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and a.shape == b.shape and a.dtype.kind in "fc":
        with np.errstate(all="ignore"):
            apart = np.abs(a - b)
        if apart.size and not np.isnan(apart).all():
            place = tuple(int(k) for k in np.unravel_index(int(np.nanargmax(apart)), apart.shape))
            rows.append(("worst at", str(place), f"{a[place]:.9g} against {b[place]:.9g}"))
    return rows
