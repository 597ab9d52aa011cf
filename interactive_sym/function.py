"""`function`: from a graph to something that can be called.

It closes the graph (givens, updates, defaults), rewrites it as its mode says, and gives the result to the C back end,
or to the NumPy interpreter where there is no compiler.

Read next: `mode`, `cffi_backend.unit`, `cffi_backend.call`.
"""

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .cffi_backend import build, call, unit
from .core import source
from .core.configuration import config
from .core.errors import MissingInputError, NoCompilerWarning, UnusedInputError, message
from .core.graph import Apply, Constant, Flat, Variable, leaves, rebuild, toposort
from .core.op import call as call_public
from .core.op import public
from .core.program import Program, make_program
from .core.reference import Interpreter
from .core.shared import Container, SharedVariable
from .core.shared import shared as shared_
from .core.trace import Trace
from .core.types import TensorType
from .mode import Mode, get_mode


class In:
    """An input of a function, with what a call may do.

    Args:
        variable: the symbolic input.
        name: the keyword for it; by default the variable's name.
        value: a default, used and restored where a call gives no value; a `Container` or shared variable is used
        directly.
        update: an expression whose value becomes the default after each call (it needs `value`).
        mutable: whether the function may write to the array it is given.
        strict: accept only arrays of exactly this type.
        allow_downcast: True: cast anything; False: only lossless; None: also a Python float into floatX.
        autoname: take the variable's name where `name` is None.
        implicit: a call can't give a value for it.
        borrow: whether the function may keep a reference to the given array.

    Raises:
        AssertionError: `mutable` without `borrow`.
        TypeError: `implicit` without `value`, or an `update` of another type.

    Example:
        >>> from interactive_sym import function, In
        >>> import interactive_sym.tensor as T
        >>> x, y = T.dscalars("x", "y")
        >>> f = function([x, In(y, value=1)], x + y)
        >>> float(f(33)), float(f(33, 2)), float(f(33, y=3))
        (34.0, 35.0, 36.0)
    """

    def __init__(
        self,
        variable: Variable,
        name: str | None = None,
        value: Any = None,
        update: Any = None,
        mutable: bool | None = None,
        strict: bool = False,
        allow_downcast: bool | None = None,
        autoname: bool = True,
        implicit: bool | None = None,
        borrow: bool | None = None,
        shared: bool = False,
    ) -> None:
        if not isinstance(variable, Variable):
            raise TypeError(message(f"In wants a symbolic variable, got {variable!r:.60}", source.here()[0]))
        if implicit and value is None:
            raise TypeError(f"input {variable} is implicit: it wants a value")
        self.variable = variable
        self.name = name if name is not None or not autoname else variable.name
        self.value = value
        self.update = (
            None if update is None else variable.type.filter_variable(update, name=f"the update of {variable}")
        )
        self.mutable = mutable if mutable is not None else update is not None
        self.borrow = borrow if borrow is not None else self.mutable
        assert self.borrow or not self.mutable, (
            f"input {variable}: a mutable input is borrowed, but borrow=False was given"
        )
        self.strict = strict
        self.allow_downcast = allow_downcast
        self.implicit = implicit if implicit is not None else isinstance(value, (Container, SharedVariable))
        self.shared = shared
        self._state: SharedVariable | None = None

    @property
    def keeps_state(self) -> bool:
        """Whether the value persists between calls, rather than being a default that is restored."""
        return self.update is not None or self.implicit

    def state(self) -> SharedVariable:
        """The shared variable that stands for an input that keeps state."""
        if self._state is None:
            value = self.value
            if isinstance(value, SharedVariable):
                self._state = value
            elif isinstance(value, Container):
                state: SharedVariable = shared_(value.value, name=self.name)
                state.container = value
                self._state = state
            else:
                if value is None:
                    raise TypeError(message(f"input {self.variable} has an update: it wants a value to start from"))
                filtered = self.variable.type.filter(value, name=f"the value of input {self.variable}")
                sizes = getattr(self.variable.type, "shape", None)
                self._state = shared_(filtered, name=self.name, broadcastable=sizes)
        return self._state

    def __repr__(self) -> str:
        default = f" = {self.value}" if self.value is not None else ""
        update = f" -> {self.update}" if self.update is not None else ""
        return f"In({self.variable}{default}{update})"


class Param(In):
    """The old name of `In`, with `default` for `value`. New code uses `In`.

    Example:
        >>> from interactive_sym import function, Param
        >>> import interactive_sym.tensor as T
        >>> x, y = T.dscalars("x", "y")
        >>> float(function([x, Param(y, default=1)], x + y)(33))
        34.0
    """

    def __init__(
        self,
        variable: Variable,
        default: Any = None,
        name: str | None = None,
        mutable: bool = False,
        strict: bool = False,
        allow_downcast: bool | None = None,
        implicit: bool | None = None,
        borrow: bool | None = None,
    ) -> None:
        warnings.warn("Param is the old name of In: In(variable, value=...)", DeprecationWarning, stacklevel=2)
        super().__init__(
            variable,
            name=name,
            value=default,
            mutable=mutable or None,
            strict=strict,
            allow_downcast=allow_downcast,
            implicit=implicit,
            borrow=borrow,
        )


class Out:
    """An output of a function. `borrow` is accepted; outputs are always the caller's own."""

    def __init__(self, variable: Any, borrow: bool = False) -> None:
        self.variable = call_public("as_tensor_variable", variable)
        self.borrow = borrow


def function(
    inputs: Sequence[Any],
    outputs: Any = None,
    mode: Mode | str | None = None,
    updates: Any = None,
    givens: Any = None,
    no_default_updates: bool | Sequence[Variable] = False,
    accept_inplace: bool = False,
    name: str | None = None,
    rebuild_strict: bool = True,
    allow_input_downcast: bool | None = None,
    profile: Any = None,
    on_unused_input: str | None = None,
) -> "Function":
    """Compile a graph into a function.

    Args:
        inputs: a list of variables and `In`s; tuples `(name, variable, value)` and shorter are taken for `In`s.
        outputs: None, a variable, a list, or a dictionary with string keys; calls return the same.
        mode: a `Mode` or the name of one; by default `config.mode`.
        updates: pairs or a dictionary (shared variable, expression), computed from the old values and stored after a
        call.
        givens: pairs or a dictionary (variable, what stands in its place).
        no_default_updates: True: ignore default updates (as of random streams); a list: ignore those variables'.
        accept_inplace: accepted for old programs.
        name: what to call it in messages; by default the line that made it.
        rebuild_strict: replacements in `givens` must have the type of what they replace.
        allow_input_downcast: for inputs that do not say: True casts anything, False only what loses nothing, None also
        a
            Python float into floatX.
        profile: accepted for old programs.
        on_unused_input: "raise", "warn" or "ignore"; by default `config.on_unused_input`.

    Raises:
        TypeError: inputs, outputs or updates of the wrong kind or type.
        MissingInputError: an output needs a variable that is neither an input, shared, nor given.
        UnusedInputError: an input has no influence, or is listed twice.

    Example:
        >>> from interactive_sym import function
        >>> import interactive_sym.tensor as T
        >>> x = T.dmatrix("x")
        >>> logistic = function([x], 1 / (1 + T.exp(-x)))
        >>> logistic([[0, 1], [-1, -2]])
        array([[0.5       , 0.73105858],
               [0.26894142, 0.11920292]])
    """
    where = source.here()[0]
    definition = _Definition(
        _as_inputs(inputs, where),
        outputs,
        _as_pairs(updates, "updates"),
        _as_pairs(givens, "givens"),
        no_default_updates,
        name or where.label,
        rebuild_strict,
        allow_input_downcast,
        on_unused_input or config.on_unused_input,
        where,
    )
    return Function(definition, get_mode(mode))


def _as_inputs(inputs: Any, where: source.Where) -> list[In]:
    if not isinstance(inputs, (list, tuple)):
        raise TypeError(
            message(f"inputs must be a list, got {type(inputs).__name__}", where, cure="function([x, y], ...)")
        )
    result: list[In] = []
    for position, given in enumerate(inputs):
        made = given if isinstance(given, In) else _shortcut(given, position, where)
        if isinstance(made.variable, SharedVariable):
            raise TypeError(
                message(
                    f"input {position} is the shared variable {made.variable}: it has its value already",
                    where,
                    cure=f"use a new variable, and givens={{{made.variable}: new}} to put it in its place",
                )
            )
        if isinstance(made.variable, Constant):
            raise TypeError(message(f"input {position} is the constant {made.variable}", where))
        if any(made.variable is other.variable for other in result):
            raise UnusedInputError(message(f"input {position}, {made.variable}, is listed twice", where))
        result.append(made)
    seen_default: In | None = None
    for made in result:
        if made.implicit:
            continue
        if made.value is not None:
            seen_default = made
        elif seen_default is not None and seen_default.update is None:
            raise TypeError(
                message(
                    f"input {made.variable} has no default and follows {seen_default.variable}, which has one",
                    where,
                    cure="list inputs with defaults last, as in Python's functions",
                )
            )
    return result


def _shortcut(given: Any, position: int, where: source.Where) -> In:
    """An input written as a variable or a tuple: (name, r), (r, value), ((r, update), value), (name, r, value), ..."""
    if isinstance(given, Variable):
        return In(given)
    if isinstance(given, (tuple, list)) and 1 <= len(given) <= 3:
        parts = list(given)
        name = parts.pop(0) if isinstance(parts[0], str) else None
        if parts:
            first = parts.pop(0)
            variable, update = first if isinstance(first, (tuple, list)) and len(first) == 2 else (first, None)
            if isinstance(variable, Variable) and len(parts) <= 1:
                return In(variable, name=name, value=parts[0] if parts else None, update=update)
    raise TypeError(
        message(
            f"input {position} is {given!r:.60}: an input is a variable or an In",
            where,
            cure="In(x, value=1, name='x')",
        )
    )


def _as_pairs(pairs: Any, what: str) -> list[tuple[Any, Any]]:
    if pairs is None:
        return []
    items: Iterable[Any] = pairs.items() if isinstance(pairs, Mapping) else pairs
    if not isinstance(pairs, Mapping) and not isinstance(pairs, (list, tuple)):
        items = getattr(pairs, "items", lambda: pairs)()
    result = []
    for item in items:
        if not isinstance(item, (tuple, list)) or len(item) != 2:
            raise ValueError(message(f"{what} wants pairs (variable, expression), got {item!r:.60}", source.here()[0]))
        result.append((item[0], item[1]))
    return result


@dataclass
class _Definition:
    """What `function` was asked for, closed into a program by `program`."""

    inputs: list[In]
    outputs: Any
    updates: list[tuple[Any, Any]]
    givens: list[tuple[Any, Any]]
    no_default_updates: bool | Sequence[Variable]
    name: str
    rebuild_strict: bool
    allow_input_downcast: bool | None
    on_unused_input: str
    where: source.Where
    keys: list[str] | None = field(default=None, init=False)

    def flattened(self) -> tuple[Flat, Any]:
        """The definition for saving: its graph as a flat list, and the rest with positions in place of variables."""
        variables: list[Variable] = []

        def kept(thing: Any) -> Any:
            if isinstance(thing, Variable):
                variables.append(thing)
                return _Kept(len(variables) - 1)
            if isinstance(thing, In):
                return type(thing), {key: kept(value) for key, value in thing.__dict__.items()}
            if isinstance(thing, Out):
                return kept(thing.variable)
            if isinstance(thing, dict):
                return {kept(key): kept(value) for key, value in thing.items()}
            if type(thing) in (list, tuple):
                return type(thing)(map(kept, thing))
            return thing

        rest = {key: kept(value) for key, value in self.__dict__.items()}
        return Flat(variables), rest

    def output_list(self) -> list[Variable]:
        outputs = self.outputs
        if isinstance(outputs, dict):
            if not all(isinstance(key, str) for key in outputs):
                raise TypeError(message("keys of a dictionary of outputs must be strings", self.where))
            self.keys = sorted(outputs)
            outputs = [outputs[key] for key in self.keys]
        elif outputs is None:
            outputs = []
        elif not isinstance(outputs, (list, tuple)):
            outputs = [outputs]
        result = []
        for position, output in enumerate(outputs):
            if isinstance(output, Out):
                output = output.variable
            elif isinstance(output, (list, tuple, dict, set)) and not isinstance(output, Variable):
                raise TypeError(message(f"output {position} is a {type(output).__name__}", self.where))
            elif not isinstance(output, Variable):
                output = call_public("as_tensor_variable", output)
            result.append(output)
        return result

    def replacements(self) -> dict[Variable, Variable]:
        replace: dict[Variable, Variable] = {}
        inputs = {made.variable for made in self.inputs}
        for old, new in self.givens:
            if not isinstance(old, Variable):
                raise TypeError(message(f"givens wants variables to replace, got {old!r:.60}", self.where))
            if old in inputs:
                raise RuntimeError(
                    message(f"{old} is both an input and replaced by givens", self.where, cure="drop one of the two")
                )
            if old in replace:
                raise ValueError(message(f"givens replaces {old} twice", self.where))
            if not isinstance(new, Variable):
                new = shared_(old.type.filter(new, name=f"what stands for {old}"))
            convertible = isinstance(old.type, TensorType) and not self.rebuild_strict
            if not old.type.holds(new.type) and not convertible:
                raise TypeError(
                    message(
                        f"givens: {new} of {new.type} can't stand for {old} of {old.type}",
                        self.where,
                        cure=f"T.cast(new, '{getattr(old.type, 'dtype', '')}'), or rebuild_strict=False",
                    )
                )
            replace[old] = new
        for old, new in replace.items():
            behind = {x for node in toposort([new]) for x in node.outputs} | set(leaves([new]))
            if any(other in behind and other is not new for other in replace if other is not old):
                raise AssertionError(f"givens: what stands for {old} depends on another variable that is replaced")
        return replace

    def program(self) -> Program:
        replace = self.replacements()
        states: dict[Variable, SharedVariable] = {}
        for made in self.inputs:
            if made.keeps_state:
                states[made.variable] = made.state()
        replace.update(states)
        outputs = self.output_list()
        targets: dict[SharedVariable, Variable] = {}
        for target, expression in self.updates:
            if not isinstance(target, SharedVariable):
                raise TypeError(
                    message(
                        f"updates wants shared variables to store to, got {target!r:.60}",
                        self.where,
                        cure="make it with shared(value)",
                    )
                )
            if target in targets:
                raise ValueError(message(f"updates stores to {target} twice", self.where))
            targets[target] = _update_expression(target, expression, self.where)
        expressions = rebuild([*outputs, *targets.values()], replace)
        outputs = expressions[: len(outputs)]
        targets = dict(zip(targets, expressions[len(outputs) :]))
        for made in self.inputs:
            if made.update is not None:
                targets[states[made.variable]] = rebuild([made.update], replace)[0]
        explicit = [made.variable for made in self.inputs if made.variable not in states]
        self._default_updates(outputs, targets, replace, explicit)
        self._check(outputs, targets, explicit, states)
        return make_program(explicit, outputs, list(targets.items()))

    def _default_updates(
        self,
        outputs: Sequence[Variable],
        targets: dict[SharedVariable, Variable],
        replace: dict[Variable, Variable],
        explicit: Sequence[Variable],
    ) -> None:
        if self.no_default_updates is True:
            return
        left_out = set() if self.no_default_updates is False else set(self.no_default_updates)
        pending: list[Variable] = [*outputs, *targets.values()]
        while pending:
            found = [
                x
                for x in leaves(pending, explicit)
                if isinstance(x, SharedVariable) and x not in targets and x not in left_out
            ]
            pending = []
            for variable in found:
                if variable.default_update is not None:
                    targets[variable] = rebuild([variable.default_update], replace)[0]
                    pending.append(targets[variable])

    def _check(
        self,
        outputs: Sequence[Variable],
        targets: Mapping[SharedVariable, Variable],
        explicit: Sequence[Variable],
        states: Mapping[Variable, SharedVariable],
    ) -> None:
        results = [*outputs, *targets.values()]
        needed = leaves(results, explicit)
        for variable in needed:
            if variable not in explicit and not isinstance(variable, (SharedVariable, Constant)):
                raise self._missing(variable, results)
        needed_set = set(needed)
        for position, made in enumerate(self.inputs):
            variable = states.get(made.variable, made.variable)
            if variable in needed_set or variable in targets:
                continue
            text = message(
                f"input {position}, {made.variable}, has no influence on the outputs and updates",
                self.where,
                cure="leave it out, or on_unused_input='ignore'",
            )
            if self.on_unused_input == "raise":
                raise UnusedInputError(text)
            if self.on_unused_input == "warn":
                warnings.warn(text, UserWarning, stacklevel=5)

    def _missing(self, variable: Variable, results: Sequence[Variable]) -> MissingInputError:
        path: list[Apply] = []
        reached = {variable}
        for node in toposort(results):
            if any(x in reached for x in node.inputs):
                path.append(node)
                reached.update(node.outputs)
        users = [node for node in path if variable in node.inputs]
        steps = " -> ".join([str(variable), *[node.op.name for node in path[:8]]])
        return MissingInputError(
            message(
                f"an output needs {variable}, which is neither an input, nor shared, nor given",
                users[0].where if users else self.where,
                operands=[(str(variable), str(variable.type))],
                detail=[f"path: {steps}"],
                cure=f"add it to the inputs, or givens={{{variable}: value}}",
            )
        )


@dataclass(frozen=True)
class _Kept:
    """A variable's position, where a definition is saved."""

    position: int


def _restored(flat: Flat, rest: Mapping[str, Any], mode: Mode) -> "Function":
    variables = flat.restore()

    def back(thing: Any) -> Any:
        if isinstance(thing, _Kept):
            return variables[thing.position]
        if isinstance(thing, tuple) and len(thing) == 2 and isinstance(thing[0], type) and issubclass(thing[0], In):
            made = In.__new__(thing[0])
            made.__dict__.update({key: back(value) for key, value in thing[1].items()})
            return made
        if isinstance(thing, dict):
            return {back(key): back(value) for key, value in thing.items()}
        if type(thing) in (list, tuple):
            return type(thing)(map(back, thing))
        return thing

    definition = _Definition.__new__(_Definition)
    definition.__dict__.update({key: back(value) for key, value in rest.items()})
    return Function(definition, mode)


def _update_expression(target: SharedVariable, expression: Any, where: source.Where) -> Variable:
    if not isinstance(expression, Variable):
        expression = call_public("constant", target.type.filter(expression, name=f"the update of {target}"))
    new = expression.type
    if target.type.holds(new):
        found: Variable = expression
        return found
    made = expression.owner.where if expression.owner is not None else where
    detail = []
    cure = f"T.cast(expression, '{getattr(target.type, 'dtype', '')}')"
    if isinstance(new, TensorType) and isinstance(target.type, TensorType) and new.dtype != target.type.dtype:
        culprit = _widening(expression, target.type.dtype)
        if culprit is not None:
            made = culprit.where
            detail = [f"{culprit.op.name} made it {culprit.outputs[0].type.dtype} here"]
    else:
        cure = "T.unbroadcast or T.patternbroadcast changes which dimensions stretch"
    raise TypeError(
        message(
            f"the update of {target} is of {new}, the shared variable of {target.type}",
            made,
            operands=[(str(target), str(target.type)), (str(expression)[:40], str(new))],
            detail=detail,
            cure=cure,
        )
    )


def _widening(expression: Variable, dtype: str) -> Apply | None:
    """The first node on the way that has another element type than `dtype` though one of its inputs has that."""
    for node in toposort([expression]):
        if any(getattr(x.type, "dtype", None) == dtype for x in node.inputs) and node.outputs[0].type.dtype != dtype:
            return node
    return expression.owner


class Function:
    """A compiled function: call it by position and by name.

    Attributes:
        name: what it is called in messages.
        trace: every rewrite, from the user's graph to the program.
        program: what is computed.
        mode: how it was compiled.
        c_source: the C that runs, empty for the interpreter.
        receipt: milliseconds of each stage of compilation, and whether the kernel was in the cache.
        plan: loop nests and buffers, None for the interpreter.
    """

    def __init__(self, definition: _Definition, mode: Mode) -> None:
        self._definition = definition
        self.mode = mode
        self.name = definition.name
        self.where = definition.where
        initial = definition.program()
        self.trace: Trace = mode.rewrite(initial)
        assert self.trace.final is not None
        self.program: Program = self.trace.final
        self._arguments = [made for made in definition.inputs if not made.keeps_state]
        self._parameters = [made for made in definition.inputs if not made.implicit]
        self._states = {made.variable: made.state() for made in definition.inputs if made.keeps_state}
        self._filters = [self._filter(position, made) for position, made in enumerate(self._arguments)]
        self._defaults = [
            None if made.value is None else contiguous(check(made.value))
            for made, check in zip(self._arguments, self._filters)
        ]
        self._single = not isinstance(definition.outputs, (list, tuple, dict)) and definition.outputs is not None
        self._plain = not any(made.value is not None for made in self._parameters) and not self._states
        self.c_source = ""
        self.receipt: Any = None
        self.plan: Any = None
        self._run = self._link()
        self._kept: dict[str, Any] = {}
        self.trust_input = False
        self.profile = None

    # -- linking -------------------------------------------------------------------------------------------------------

    def _link(self) -> Callable[..., list[Any]]:
        storages = [variable.container.storage for variable in self.program.shared]
        if self.mode.compiles:
            compiler = build.compiler()
            if compiler is not None:
                generated = unit.generate(self.program)
                loaded = build.load(generated.spec.source)
                self.c_source, self.receipt, self.plan = generated.spec.source, loaded.receipt, generated.plan
                return call.make(generated.spec, loaded, storages, self._contiguous_filters(), self._runtime_error)
            warnings.warn(build.missing_compiler_message(), NoCompilerWarning, stacklevel=4)
        return Interpreter(self.program, storages, self._filters)

    def _filter(self, position: int, made: In) -> Callable[[Any], Any]:
        allow = made.allow_downcast if made.allow_downcast is not None else self._definition.allow_input_downcast
        type_, strict = made.variable.type, made.strict
        name = f"input '{made.name}'" if made.name else f"input {position}"
        label = f"{name} (argument {position} of {self.name})"

        def check(value: Any) -> Any:
            return type_.filter(value, strict=strict, allow_downcast=allow, name=label)

        return check

    def _contiguous_filters(self) -> list[Callable[[Any], Any]]:
        def wrap(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
            return lambda value: contiguous(check(value))

        return [wrap(check) for check in self._filters]

    def _runtime_error(self, code: int, details: Sequence[int]) -> BaseException:
        return unit.runtime_error(self.program, code, details)

    # -- calling -------------------------------------------------------------------------------------------------------

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        if keywords or not self._plain or len(arguments) != len(self._arguments):
            subset = keywords.pop("output_subset", None)
            results = self._call_bound(arguments, keywords)
        else:
            subset = None
            results = self._run(*arguments)
        if self._single:
            return results[0]
        outputs = self._definition.outputs
        if outputs is None:
            return None
        keys = self._definition.keys
        if keys is not None:
            wanted = keys if subset is None else subset
            return {key: value for key, value in zip(keys, results) if key in wanted}
        return results if subset is None else [results[k] for k in subset]

    def _call_bound(self, arguments: Sequence[Any], keywords: dict[str, Any]) -> list[Any]:
        given = self._bind(arguments, keywords)
        values = []
        restore: list[tuple[Container, Any]] = []
        try:
            position = 0
            for made in self._parameters:
                state = self._states.get(made.variable)
                if state is not None:
                    if made in given:
                        container = state.container
                        old = container.storage[0]
                        container.value = given[made]
                        restore.append((container, old))
                    continue
                values.append(given[made] if made in given else self._defaults[position])
                position += 1
            results = self._run(*values)
        except BaseException:
            for container, old in restore:
                container.storage[0] = old
            raise
        return results

    def _bind(self, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> dict[In, Any]:
        """Which value goes to which input; TypeError as Python would for its own functions."""
        if len(arguments) > len(self._parameters):
            raise TypeError(
                message(
                    f"{self.name} takes {_count(len(self._parameters), 'argument')}, got {len(arguments)}",
                    operands=[
                        (made.name or f"input {k}", str(made.variable.type)) for k, made in enumerate(self._parameters)
                    ],
                )
            )
        given: dict[In, Any] = dict(zip(self._parameters, arguments))
        for key, value in keywords.items():
            named = [made for made in self._parameters if made.name == key]
            if not named:
                if any(made.name == key for made in self._definition.inputs):
                    raise TypeError(
                        message(f"{self.name}: input {key!r} is implicit, a call can't give a value for it")
                    )
                known = ", ".join(repr(made.name) for made in self._parameters if made.name)
                raise TypeError(message(f"{self.name} has no argument {key!r}", detail=[f"its arguments: {known}"]))
            if len(named) > 1:
                raise TypeError(message(f"{self.name} has {len(named)} arguments named {key!r}: give them by position"))
            if named[0] in given:
                raise TypeError(message(f"{self.name} got several values for argument {key!r}"))
            given[named[0]] = value
        missing = [made for made in self._parameters if made not in given and made.value is None]
        if missing:
            names = ", ".join(repr(made.name) if made.name else str(made.variable) for made in missing)
            raise TypeError(
                message(f"{self.name} is missing {_count(len(missing), 'required argument')}: {names}", self.where)
            )
        return given

    # -- what it holds -------------------------------------------------------------------------------------------------

    @property
    def inputs(self) -> list[In]:
        """The inputs, as they were given."""
        return list(self._definition.inputs)

    @property
    def outputs(self) -> tuple[Variable, ...]:
        """The outputs' expressions, after rewriting."""
        return self.program.outputs

    def get_shared(self) -> list[SharedVariable]:
        """The shared variables it reads or writes."""
        return list(self.program.shared)

    def _find(self, key: Any) -> Any:
        """The container, or the input with a default, that `key` (index, name or variable) stands for."""
        made: In | None = None
        if isinstance(key, int):
            made = self._definition.inputs[key]
        elif isinstance(key, str):
            named: list[Any] = [x for x in self._definition.inputs if x.name == key]
            held = [x for x in self.program.shared if x.name == key and all(x is not s for s in self._states.values())]
            if len(named) + len(held) > 1:
                raise TypeError(f"{self.name}: the name {key!r} is ambiguous")
            if held:
                return held[0].container
            made = named[0] if named else None
        else:
            for x in self.program.shared:
                if x is key:
                    return x.container
            made = next((x for x in self._definition.inputs if x.variable is key), None)
        if made is None:
            raise KeyError(f"{self.name} has no input or shared variable {key!r}")
        state = self._states.get(made.variable)
        return state.container if state is not None else _Default(self, self._arguments.index(made))

    def __getitem__(self, key: Any) -> Any:
        """The value that an input (its default) or a shared variable has now, by index, name or variable."""
        return self._find(key).value

    def __setitem__(self, key: Any, value: Any) -> None:
        self._find(key).value = value

    def __contains__(self, key: Any) -> bool:
        try:
            self._find(key)
        except (KeyError, IndexError, TypeError):
            return False
        return True

    @property
    def value(self) -> "Function":
        """Values by index, name or variable: `f.value[x]`."""
        return self

    @property
    def container(self) -> "_Containers":
        """Containers by index, name or variable: `f.container[x].value`."""
        return _Containers(self)

    finder = container

    def free(self) -> None:
        """Give back memory kept between calls."""
        release = getattr(self._run, "free", None)
        if release is not None:
            release()

    def copy(
        self,
        share_memory: bool = False,
        swap: Mapping[Any, SharedVariable] | None = None,
        delete_updates: bool = False,
        name: str | None = None,
        profile: Any = None,
    ) -> "Function":
        """Another function computing the same, perhaps on other shared variables; it always returns a list.

        Args:
            share_memory: accepted; memory is never shared between functions.
            swap: shared variable (or its name) -> the one to use in its place.
            delete_updates: store nothing after a call.
            name: the copy's name.
            profile: accepted.

        Raises:
            KeyError: a variable to swap is not used by the function.

        Example:
            >>> from interactive_sym import function, shared
            >>> import interactive_sym.tensor as T
            >>> state, inc = shared(0), T.iscalar("inc")
            >>> accumulate = function([inc], state, updates=[(state, state + inc)])
            >>> other = shared(0)
            >>> twin = accumulate.copy(swap={state: other})
            >>> twin(100), int(other.get_value()), int(state.get_value())
            ([array(0)], 100, 0)
        """
        old = self._definition
        initial = self.trace.initial
        replace: dict[Variable, Variable] = {}
        for key, new in (swap or {}).items():
            target = next((x for x in initial.shared if x is key or (isinstance(key, str) and x.name == key)), None)
            if target is None:
                raise KeyError(f"copy: {self.name} does not use the shared variable {key}")
            if not target.type.holds(new.type):
                raise TypeError(message(f"copy: {new} of {new.type} can't stand for {target} of {target.type}"))
            replace[target] = new
        results = rebuild(initial.results, replace)
        outputs = results[: len(initial.outputs)]
        updates = [] if delete_updates else [
            (replace.get(target, target), new) for (target, _), new in zip(initial.updates, results[len(outputs) :])
        ]  # fmt: skip
        inputs = []
        for made in old.inputs:
            state = self._states.get(made.variable)
            twin = In.__new__(In)
            twin.__dict__.update(made.__dict__)
            if state is not None:
                twin.value, twin.update, twin.implicit = replace.get(state, state), None, True
                twin._state = None
            inputs.append(twin)
        definition = _Definition(
            inputs,
            outputs,
            updates,
            [],
            True,
            name or self.name,
            True,
            old.allow_input_downcast,
            "ignore",
            source.here()[0],
        )
        return Function(definition, self.mode)

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        inputs = ", ".join(made.name or str(made.variable) for made in self._parameters)
        return f"<Function {self.name}({inputs})>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (*self._definition.flattened(), self.mode)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return call_public("mimebundle", self, include, exclude)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


class _Default:
    """The default of an input, readable and assignable."""

    def __init__(self, owner: Function, position: int) -> None:
        self._owner = owner
        self._position = position

    @property
    def value(self) -> Any:
        return self._owner._defaults[self._position]

    @value.setter
    def value(self, value: Any) -> None:
        made = self._owner._arguments[self._position]
        self._owner._defaults[self._position] = contiguous(self._owner._filters[self._position](value))
        made.value = value
        self._owner._plain = False


class _Containers:
    """Containers by index, name or variable."""

    def __init__(self, owner: Function) -> None:
        self._owner = owner

    def __getitem__(self, key: Any) -> Any:
        return self._owner._find(key)

    def __contains__(self, key: Any) -> bool:
        return key in self._owner


def contiguous(array: Any) -> Any:
    """`array` as kernels read it: C-contiguous, aligned, a plain ndarray; itself where it already is."""
    if not isinstance(array, np.ndarray):
        return array
    if array.flags.c_contiguous and array.flags.aligned and type(array) is np.ndarray:
        return array
    return np.require(array, requirements=["C", "A"]).view(np.ndarray)


@public
def eval_(variable: Variable, inputs_to_values: Mapping[Any, Any]) -> Any:
    """The value of a variable for given inputs (variables or names), through a function kept with the variable."""
    named = {x.name: x for x in leaves([variable])}
    inputs = []
    for key in inputs_to_values:
        found = named.get(key) if isinstance(key, str) else key
        if found is None:
            raise KeyError(f"eval: the expression has no input named {key!r}")
        inputs.append(found)
    kept = variable.tag.__dict__.setdefault("eval_functions", {})
    key = tuple(inputs)
    if key not in kept:
        kept[key] = function(inputs, variable, on_unused_input="ignore")
    return kept[key](*inputs_to_values.values())
