"""`function`: from a graph to something that can be called.

It closes the graph (givens, updates, defaults), rewrites it as its mode says, and gives the result to the C back end,
or to the NumPy interpreter where there is no compiler.

Read next: `mode`, `cffi_backend.unit`, `cffi_backend.call`.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from time import perf_counter
from types import SimpleNamespace
from typing import Any

import numpy as np

from .arguments import In, Out, Param, as_inputs
from .cffi_backend import build, call, threads, unit
from .cffi_backend.background import Pending
from .core import source, testvalue
from .core.configuration import config
from .core.errors import ForeignStateError, KernelError, NoCompilerWarning, message
from .core.graph import Apply, Flat, Variable, leaves, rebuild
from .core.op import call as call_public
from .core.op import public
from .core.ops.elementwise import C_TYPES
from .core.program import Program
from .core.reference import Interpreter
from .core.running import Writing
from .core.shared import SharedVariable
from .core.text import listing
from .core.trace import Trace
from .core.types import TensorType, filtered
from .debugging.profiling import NodeClock, Part, ProfileStats, Timed, profile_of
from .definition import Definition, as_pairs, restored
from .mode import Mode, get_mode

__all__ = ["Function", "In", "Out", "Param", "function"]

EMPTY: Mapping[str, Any] = {}

#: What has been said already about a compiler that is missing or broken.
_warned: set[str] = set()


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
        inputs: a list of variables and `In` objects; tuples `(name, variable, value)` and shorter are taken for them.
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
        profile: True, a name, or a `ProfileStats`: measure calls, loop nests and memory; see the function's `profile`.
            None takes `config.profile`.
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
    call.prepare()
    definition = Definition(
        as_inputs(inputs, where),
        outputs,
        as_pairs(updates, "updates"),
        as_pairs(givens, "givens"),
        no_default_updates,
        name or where.label,
        rebuild_strict,
        allow_input_downcast,
        on_unused_input or config.on_unused_input,
        where,
    )
    with testvalue.paused():
        return Function(definition, get_mode(mode), profile_of(profile))


class Function:
    """A compiled function: call it by position and by name.

    Args:
        definition: inputs, outputs and updates, as `function` has read them.
        mode: how to compile.
        profile: where measurements go, None for none.

    Attributes:
        name: what it is called in messages.
        trace: every rewrite, from the user's graph to the program.
        program: what is computed.
        mode: how it was compiled.
        c_source: the C that runs, empty for the interpreter.
        receipt: milliseconds of each stage of compilation, and whether the kernel was in the cache.
        plan: loop nests and buffers, None for the interpreter.
        profile: what was measured, None where nothing is; `profile.summary()` prints it.
        trust_input: accepted for old programs; arguments are always checked.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import function
        >>> x = T.dvector("x")
        >>> f = function([x], T.log(1 + T.exp(x)), name="softplus")
        >>> [firing.rule for firing in f.trace.firings]
        ['log_one_plus', 'log1p_of_exp']
        >>> f([0.0])
        array([0.69314718])
    """

    __slots__ = ("__dict__", "__weakref__", "_kernel")  # `_kernel`: what plain calls go straight to

    _kernel: Any

    def __init__(self, definition: Definition, mode: Mode, profile: ProfileStats | None = None) -> None:
        began = perf_counter()
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
        self.c_source = ""
        self.receipt: Any = None
        self.plan: Any = None
        self.trust_input = False
        self.profile = profile
        self._part: Part | None = None
        if profile is not None:
            self._part = Part(self.name, self.where.label, self.program, self.trace)
            profile.parts.append(self._part)
        self._direct = not self._states and definition.keys is None
        self._run = self._link()
        if self._part is not None:
            self._part.compile_seconds = perf_counter() - began
            self._part.receipt = self.receipt
            self._run = Timed(self._run, self._part)
        elif self._direct:
            self._take(self._run)
        if isinstance(self._run, _Meanwhile):
            self._run.pending.start()

    # -- linking -------------------------------------------------------------------------------------------------------

    def _link(self) -> Callable[..., Any]:
        """What runs the program: a compiled kernel, or the interpreter where the mode says so or nothing compiles."""
        watched = self.mode.link(self)
        if watched is None:
            later = config.background_compile and self._part is None
            return self._linked(self.program, self._shape_of_result(), main=True, later=later)
        return _Guarded(watched, self._written(self.program)) if self.program.updates else watched

    @staticmethod
    def _written(program: Program) -> list[Any]:
        """The containers that a program stores to, in the order of its updates."""
        return [target.container for target, _ in program.updates]

    def _linked(self, program: Program, shape: str, main: bool = False, later: bool = False) -> Callable[..., Any]:
        """What runs a program that has this function's inputs.

        Args:
            main: it is the function's own.
            later: the compiler may take its time; NumPy runs the program meanwhile.
        """
        if self.mode.compiles:
            if build.compiler() is None:
                problem = build.missing_compiler_message()
            else:
                try:
                    return self._compiled(program, shape, main, later)
                except build.BuildError as error:
                    problem = _slower(error)
            _warn_once(problem, 5)
        return _Interpreted(program, self._filters, shape, self._bound, part=self._part if main else None)

    def _compiled(self, program: Program, shape: str, main: bool, later: bool) -> Callable[..., Any]:
        began = perf_counter()
        generated = unit.generate(program, profile=main and self._part is not None)
        generate_ms = 1e3 * (perf_counter() - began)
        loaded = build.at_hand(generated.spec.source) if later else build.load(generated.spec.source)
        waiting = build.Receipt("", False, "not yet, in the background", background=True)
        receipt = waiting if loaded is None else loaded.receipt
        if main or not self.c_source:
            rewrite_ms = 1e3 * sum(record.seconds for record in self.trace.passes)
            receipt = self.receipt = replace(
                receipt, rewrite_ms=rewrite_ms, generate_ms=generate_ms, threads=threads.thread_count()
            )
            self.c_source, self.plan = generated.plan.source, generated.plan
        if main and self._part is not None:
            self._part.plan, self._part.measured = generated.plan, generated.measured
        if loaded is not None:
            return self._made(generated, loaded, program, shape, main)

        def make() -> tuple[Callable[..., Any], build.Receipt]:
            loaded = build.load(generated.spec.source)
            kernel = self._made(generated, loaded, program, shape, main)
            return kernel, replace(
                loaded.receipt,
                rewrite_ms=receipt.rewrite_ms,
                generate_ms=receipt.generate_ms,
                threads=receipt.threads,
                background=True,
            )

        return _Meanwhile(_Interpreted(program, self._filters, shape, self._bound), Pending(make, self._switch))

    def _switch(self, made: tuple[Callable[..., Any], "build.Receipt"]) -> None:
        """From NumPy to the C that was compiled in the background."""
        kernel, receipt = made
        meanwhile = self._run
        assert isinstance(meanwhile, _Meanwhile)
        self.receipt = replace(receipt, interpreted=meanwhile.calls)
        if meanwhile.pending.warnings:  # the next call says them first, in the user's thread
            meanwhile.switch = lambda: self._switch_to(kernel)
        else:
            self._switch_to(kernel)

    def _switch_to(self, kernel: Callable[..., Any]) -> Callable[..., Any]:
        self._run = kernel
        if self._direct:
            self._take(kernel)
        return kernel

    def _take(self, kernel: Callable[..., Any]) -> None:
        """Let plain calls go straight to a kernel."""
        if isinstance(kernel, call.WarmingKernel):
            kernel.then = lambda fast: setattr(self, "_kernel", fast)
        self._kernel = kernel

    def ready(self, patience: float | None = None) -> bool:
        """Wait for a compilation in the background (`config.background_compile`).

        Args:
            patience: seconds to wait at most; None as long as it takes.

        Returns:
            Whether it is over: calls run as C from now on, or as before where the compiler failed, which the next call
            warns of.

        Example:
            >>> import interactive_sym.tensor as T
            >>> from interactive_sym import config, function
            >>> x = T.dvector("x")
            >>> with config.change_flags(background_compile=True):
            ...     f = function([x], x * 3)
            >>> f([1.0, 2.0])
            array([3., 6.])
            >>> f.ready()
            True
        """
        return self._run.pending.wait(patience) if isinstance(self._run, _Meanwhile) else True

    def _made(
        self, generated: unit.Generated, loaded: build.Loaded, program: Program, shape: str, main: bool
    ) -> Callable[..., Any]:
        """A compiled unit that can be called like the function."""
        storages = [variable.container.storage for variable in program.shared]
        storages += [[array] for array in generated.constants]
        kernel = call.make(
            generated.spec,
            loaded,
            storages,
            [_contiguous_after(check) for check in self._filters],
            KernelError,
            single=shape == "one",
            none=shape == "none",
            bind=self._bound,
            threads=threads.thread_count(),
            enough=threads.enough(),
            written=self._written(program),
            names=self._names(),
            defaults=self._defaults,
            accepted=[self._converted_unasked(made) for made in self._arguments],
        )
        if not any(slot.dtype == call.STATE for slot in (*generated.spec.inputs, *generated.spec.shared)):
            return kernel
        interpreted = _Interpreted(program, self._filters, shape, self._bound)
        if not (main and self._direct):
            return _AnyState(kernel, interpreted)
        self._interpreted = interpreted
        return kernel

    # -- for modes that watch ------------------------------------------------------------------------------------------

    def kernel(self, program: Program, shape: str = "all") -> Callable[..., Any]:
        """What computes a program that has this function's inputs and shared variables.

        Args:
            program: such as the function's own, with other outputs.
            shape: "all" to return a list of outputs, "one" for the only one, "none".
        """
        return self._linked(program, shape, main=program is self.program)

    def checked(self, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> list[Any]:
        """A call's arguments as the program gets them: all of them, in order, of the inputs' types."""
        return [contiguous(check(value)) for check, value in zip(self._filters, self._bound(arguments, keywords))]

    def finished(self, results: Sequence[Any]) -> Any:
        """End a call: store updates and return outputs; `results` are the program's, outputs before updates."""
        count = len(self.program.outputs)
        own = [np.array(x, order="C") if isinstance(x, np.ndarray) else x for x in results]
        for (target, _), value in zip(self.program.updates, own[count:]):
            target.container.store(value)
        shape = self._shape_of_result()
        return None if shape == "none" else own[0] if shape == "one" else own[:count]

    def _names(self) -> list[str | None]:
        """The names that keywords may say, for each argument; none where calls need more than that."""
        if self._arguments != self._parameters:
            return []
        names = [made.name for made in self._arguments]
        return [name if names.count(name) == 1 else None for name in names]

    def _converted_unasked(self, made: In) -> Sequence[str]:
        """Element types of which arrays are accepted by an input, see `TensorType.filter`."""
        type_ = made.variable.type
        if type(type_) is not TensorType or made.strict:
            return ()
        wanted = type_.numpy_dtype
        return [name for name in C_TYPES if np.promote_types(name, wanted) == wanted]

    def _shape_of_result(self) -> str:
        """Whether a call returns "one" output, "none", or "all" of them as a list."""
        if self._definition.keys is None and self._definition.outputs is None:
            return "none"
        return "one" if self._single else "all"

    def _filter(self, position: int, made: In) -> Callable[[Any], Any]:
        allow = made.allow_downcast if made.allow_downcast is not None else self._definition.allow_input_downcast
        type_, strict = made.variable.type, made.strict
        name = f"input '{made.name}'" if made.name else f"input {position}"
        label = f"{name} (argument {position} of {self.name})"

        def check(value: Any) -> Any:
            return filtered(type_, value, strict, allow, label)

        return check

    # -- calling -------------------------------------------------------------------------------------------------------

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        try:
            if self._direct and "output_subset" not in keywords:
                return self._run(*arguments, **keywords)
            return self._call_with_states(arguments, keywords)
        except Exception as error:
            failure = error
        return self._failed(failure, arguments, keywords)

    def _failed(self, error: Exception, arguments: Sequence[Any], keywords: Mapping[str, Any] = EMPTY) -> Any:
        """What comes of a call in which `error` was raised: an error that says where and why, or after all a result."""
        if isinstance(error, ForeignStateError):
            return self._interpreted(*arguments, **keywords)
        if isinstance(error, KernelError):
            raise self._explain(error, arguments, keywords)
        if config.exception_verbosity == "high":
            self._tell_more(error, arguments, keywords)
        raise error

    def _call_with_states(self, arguments: Sequence[Any], keywords: dict[str, Any]) -> Any:
        """A call that sets values of inputs that keep state, or whose results are picked or named."""
        subset = keywords.pop("output_subset", None)
        given = self._bind(arguments, keywords)
        before = []
        try:
            for variable, state in self._states.items():
                for made, value in given.items():
                    if made.variable is variable:
                        before.append((state.container.storage, state.container.storage[0]))
                        state.container.value = value
            results = self._run(*self._values(given))
        except BaseException:
            for storage, value in before:
                storage[0] = value
            raise
        keys = self._definition.keys
        if keys is not None:
            return {key: value for key, value in zip(keys, results) if subset is None or key in subset}
        if subset is None or results is None:
            return results
        everything = [results] if self._single else results
        return [everything[k] for k in subset]

    def _bound(self, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> list[Any]:
        """A value for every argument, in order."""
        return self._values(self._bind(arguments, keywords))

    def _values(self, given: Mapping[In, Any]) -> list[Any]:
        return [given.get(made, value) for made, value in zip(self._arguments, self._defaults)]

    def _explain(self, error: "KernelError", arguments: Sequence[Any], keywords: Mapping[str, Any]) -> BaseException:
        """The interpreter's error for the same call: it names the node, the user's line and the operands' shapes."""
        kind = call.default_error(error.code, error.details)
        if isinstance(kind, MemoryError):  # the interpreter would need as much, and may take very long to find that out
            return MemoryError(message(f"{self.name}: there is not so much memory", self.where))
        again = _Interpreted(self.program, self._filters, "all", self._bound, store=False)
        done: dict[Variable, Any] = {}
        again.observe = lambda node, inputs, results: done.update(zip(node.outputs, results))
        values = self._bound(arguments, {k: v for k, v in keywords.items() if k != "output_subset"})
        try:
            again(*values)
        except Exception as found:
            if config.exception_verbosity == "high":
                _extend(found, "\n".join(self._situation(done, values)))
            return found.with_traceback(None)
        node = self.program.nodes[error.details[0]] if 0 <= error.details[0] < len(self.program.nodes) else None
        return type(kind)(message(f"{self.name}: {kind}", node.where if node is not None else self.where))

    def _tell_more(self, error: Exception, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> None:
        """Add to an exception that an operation raised what the call came to, from running it again with NumPy."""
        done: dict[Variable, Any] = {}
        interpreter = Interpreter(self.program.inputs, self.program.results, self.program.nodes)
        try:
            values = self.checked(arguments, {k: v for k, v in keywords.items() if k != "output_subset"})
        except Exception:
            return  # the arguments are wrong, not the computation
        try:
            interpreter(*values, observe=lambda node, inputs, results: done.update(zip(node.outputs, results)))
        except type(error):
            _extend(error, "\n".join(self._situation(done, values)))
        except Exception:
            return

    def _situation(self, done: Mapping[Variable, Any], values: Sequence[Any]) -> list[str]:
        """What a call came to: the node that failed with what is behind it, and all values there are."""
        failed = next((node for node in self.program.nodes if not any(x in done for x in node.outputs)), None)
        lines = []
        if failed is not None:
            users = [node for node in self.program.nodes if any(x in node.inputs for x in failed.outputs)]
            lines.append(f"Node {self.program.numbers[failed]} of {len(self.program.nodes)} failed: {failed.op}")
            lines.append(f"  its results are used by: {', '.join(str(node.op) for node in users) or 'the outputs'}")
            lines += ["Graph behind it:", *(f"  {line}" for line in listing(failed, limit=40))]
        lines.append("Values:")
        held: dict[Variable, Any] = dict(zip(self.program.inputs, values))
        held.update((x, x.container.storage[0]) for x in self.program.shared)
        held.update(done)
        for variable, value in list(held.items())[:60]:
            kind = "shared" if isinstance(variable, SharedVariable) else "input" if variable.owner is None else "node"
            number = f" {self.program.numbers[variable.owner]}" if variable.owner in self.program.numbers else ""
            array = np.asarray(value) if not isinstance(value, np.random.RandomState) else None
            if array is None or array.dtype == object:
                lines.append(f"  {kind}{number} {variable}: {type(value).__name__}")
                continue
            shown = f" = {array.tolist()}" if array.size <= 5 else ""
            lines.append(f"  {kind}{number} {variable}: {array.dtype} {array.shape}, {array.nbytes} bytes{shown}")
        return lines

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
    def maker(self) -> SimpleNamespace:
        """How it was made, under the names programs know: `f.maker.fgraph.toposort()`, `.mode`, `.inputs`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> x = T.dvector("x")
            >>> function([x], T.exp(x) + 1).maker.fgraph.toposort()
            [exp(x), add(exp.0, TensorConstant{1})]
        """
        return SimpleNamespace(
            fgraph=self.program, mode=self.mode, inputs=self.inputs, outputs=self.program.outputs, name=self.name
        )

    @property
    def outputs(self) -> tuple[Variable, ...]:
        """The outputs' expressions, after rewriting."""
        return self.program.outputs

    def get_shared(self) -> list[SharedVariable]:
        """The shared variables it reads or writes.

        Example:
            >>> from interactive_sym import shared
            >>> w = shared(1.0, name="w")
            >>> function([], 2 * w).get_shared()
            [w]
        """
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
        """Values by index, name or variable: `f.value[x]`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> from interactive_sym import shared
            >>> x, w = T.dscalar("x"), shared(2.0, name="w")
            >>> f = function([x], w * x)
            >>> f.value[w] = 5.0
            >>> float(f(3.0))
            15.0
        """
        return self

    @property
    def container(self) -> "_Containers":
        """Containers by index, name or variable: `f.container[x].value`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> x = T.dscalar("x")
            >>> f = function([In(x, value=1.0)], 2 * x)
            >>> float(f.container["x"].value)
            1.0
        """
        return _Containers(self)

    finder = container

    @property
    def peak_bytes(self) -> int:
        """The most bytes that a call took so far beside its arguments: results, new shared values, scratch memory.

        `plan.peak_bytes` is the formula by which they were planned. 0 for the interpreter.

        Example:
            >>> import interactive_sym.tensor as T
            >>> x = T.dvector("x")
            >>> f = function([x], T.exp(x) / T.exp(x).sum())
            >>> print(f.plan.peak_bytes)
            16 * x.shape[0]
            >>> y = f([1.0, 2.0, 3.0])
            >>> f.peak_bytes >= 48
            True
        """
        return int(getattr(self._run, "peak_bytes", 0))

    def free(self) -> None:
        """Give back memory kept between calls; the next call takes it again.

        Example:
            >>> import interactive_sym.tensor as T
            >>> x = T.dvector("x")
            >>> f = function([x], 2 * x)
            >>> f.free()
            >>> f([1.0])
            array([2.])
        """
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
            profile: as for `function`; by default the copy is profiled where this function is.

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
        definition = Definition(
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
        asked = profile if profile is not None else self.profile is not None
        with testvalue.paused():
            return Function(definition, self.mode, profile_of(asked))

    def recompiled(self, mode: Mode | str | None) -> "Function":
        """The same function compiled from the user's graph in another mode, on the same shared variables.

        Example:
            >>> from interactive_sym import function
            >>> import interactive_sym.tensor as T
            >>> x = T.dvector("x")
            >>> f = function([x], T.log(1 + x))
            >>> plain = f.recompiled(f.mode.excluding("log_one_plus"))
            >>> len(f.trace) - len(plain.trace)
            1
        """
        with testvalue.paused():
            return Function(self._definition, get_mode(mode))

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        inputs = ", ".join(made.name or str(made.variable) for made in self._parameters)
        return f"<Function {self.name}({inputs})>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (*self._definition.flattened(), self.mode)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return call_public("mimebundle", self, include, exclude)


call.direct(Function, Function._kernel)


def _restored(flat: Flat, rest: Mapping[str, Any], mode: Mode) -> Function:
    with testvalue.paused():
        return Function(restored(flat, rest), mode)


def _extend(error: Exception, text: str) -> None:
    """Add text to an exception's message."""
    if len(error.args) == 1 and isinstance(error.args[0], str):
        error.args = (f"{error.args[0]}\n{text}",)
    else:
        error.add_note(text)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


class _Interpreted:
    """A program run by the NumPy interpreter, called like a compiled kernel."""

    def __init__(
        self,
        program: Program,
        filters: Sequence[Callable[[Any], Any]],
        shape: str,
        bind: Callable[[Sequence[Any], Mapping[str, Any]], list[Any]],
        store: bool = True,
        part: Part | None = None,
    ) -> None:
        self._interpreter = Interpreter(program.inputs, program.results, program.nodes)
        self._filters = filters
        self._shape = shape
        self._bind = bind
        self._count = len(program.outputs)
        self._written = [target.container for target, _ in program.updates] if store else []
        self._guard: AbstractContextManager[Any] = Writing(self._written) if self._written else nullcontext()
        self.observe: Callable[[Apply, list[Any], list[Any]], None] | None = None
        self._clock = None if part is None else NodeClock(part)
        if self._clock is not None:
            self.observe = self._clock

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        values = arguments
        if keywords or len(arguments) != len(self._filters):
            values = tuple(self._bind(arguments, keywords))
        checked = [check(value) for check, value in zip(self._filters, values)]
        if self._clock is not None:
            self._clock.start()
        with self._guard:
            results = self._interpreter(*checked, observe=self.observe)
            for container, value in zip(self._written, results[self._count :]):
                container.store(value)
        if self._shape == "none":
            return None
        return results[0] if self._shape == "one" else results[: self._count]


class _Meanwhile:
    """The interpreter, until the C is compiled in the background."""

    def __init__(self, interpreted: _Interpreted, pending: Pending) -> None:
        self._interpreted = interpreted
        self.pending = pending
        self.calls = 0
        self.switch: Callable[[], Callable[..., Any]] | None = None

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        self.pending.nudge()
        if self.switch is not None:
            for warning in self.pending.warnings:
                warnings.warn(warning, stacklevel=3)
            return self.switch()(*arguments, **keywords)
        failure = self.pending.failure
        if isinstance(failure, build.BuildError):
            _warn_once(_slower(failure), 4)
        elif failure is not None:
            raise failure
        self.calls += 1
        return self._interpreted(*arguments, **keywords)


def _slower(error: build.BuildError) -> str:
    return f"{error}\nRunning with NumPy: correct, slower."


def _warn_once(problem: str, level: int) -> None:
    """Say what is wrong with the compiler, unless it was said before."""
    if problem not in _warned:
        _warned.add(problem)
        warnings.warn(problem, NoCompilerWarning, stacklevel=level)


class _AnyState:
    """A kernel that draws from states of MT19937, and what computes the same where a call meets another generator's."""

    def __init__(self, kernel: Callable[..., Any], other: Callable[..., Any]) -> None:
        self._kernel = kernel
        self._other = other

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        try:
            return self._kernel(*arguments, **keywords)
        except ForeignStateError:
            return self._other(*arguments, **keywords)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kernel, name)


class _Guarded:
    """A mode's way to call a function that stores values: changes from elsewhere wait until a call has ended."""

    def __init__(self, call: Callable[..., Any], containers: Sequence[Any]) -> None:
        self._call = call
        self._guard = Writing(containers)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        with self._guard:
            return self._call(*arguments, **keywords)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._call, name)


def _contiguous_after(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: contiguous(check(value))


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
