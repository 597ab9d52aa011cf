"""The one configuration object: defaults, the environment variable, and a context manager (floor A).

Values come, strongest first, from an assignment or `config.change_flags(...)`, from the environment variable
`INTERACTIVE_SYM_FLAGS` (`"floatX=float32,mode=FAST_COMPILE"`), and from the table below. Names with dots are read as
nested attributes: `config.scan.allow_gc`.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

ENVIRONMENT_VARIABLE = "INTERACTIVE_SYM_FLAGS"


def _boolean(text: Any) -> bool:
    if isinstance(text, bool):
        return text
    lowered = str(text).strip().lower()
    if lowered in ("1", "true", "yes", "on"):
        return True
    if lowered in ("0", "false", "no", "off"):
        return False
    raise ValueError(f"wants True or False, got {text!r}")


def _one_of(*choices: str) -> Callable[[Any], str]:
    def parse(text: Any) -> str:
        if text not in choices:
            raise ValueError(f"wants one of {', '.join(map(repr, choices))}, got {text!r}")
        return str(text)

    return parse


@dataclass(frozen=True)
class Flag:
    """One setting: its name, default, parser and what it does."""

    name: str
    default: Any
    parse: Callable[[Any], Any]
    doc: str
    accepted: bool = False


def _compatible(name: str, default: Any, doc: str) -> Flag:
    """A flag of Theano's that changes nothing here: programs may set it, of the kind of its default."""
    parse: Callable[[Any], Any] = _boolean if isinstance(default, bool) else type(default)
    return Flag(name, default, parse, f"accepted for old programs: {doc}", accepted=True)


TEST_VALUES = ("off", "ignore", "warn", "raise", "pdb")

FLAGS: dict[str, Flag] = {
    flag.name: flag
    for flag in (
        Flag("floatX", "float64", _one_of("float32", "float64"), "dtype of unprefixed constructors"),
        Flag(
            "cast_policy",
            "custom",
            _one_of("custom", "numpy", "numpy+floatX"),
            "dtype given to Python numbers in expressions",
        ),
        Flag("mode", "FAST_RUN", str, "mode of functions compiled without `mode=`"),
        Flag("linker", "c", str, "what runs a program: 'c' or 'py' (the NumPy interpreter)"),
        Flag("optimizer", "fast_run", str, "which rewrites a function gets when its mode names none"),
        Flag("optimizer_including", "", str, "rules or stages switched on, separated by ':'"),
        Flag("optimizer_excluding", "", str, "rules or stages switched off, separated by ':'"),
        Flag(
            "background_compile",
            False,
            _boolean,
            "functions return at once and run with NumPy until their C is compiled; sums and functions such as exp may "
            "differ in their last digits between the two",
        ),
        Flag("on_unused_input", "raise", _one_of("raise", "warn", "ignore"), "what an unused input does"),
        Flag("int_division", "floatX", _one_of("int", "floatX", "raise"), "meaning of `/` between integers"),
        Flag("exception_verbosity", "low", _one_of("low", "high"), "how much an error message tells"),
        Flag("traceback.limit", 8, int, "how many of the user's frames a message with high verbosity shows"),
        Flag("openmp", True, _boolean, "threads share large loops, as many as OMP_NUM_THREADS or the processors"),
        Flag("openmp_elemwise_minsize", 200_000, int, "operations on elements from which threads share a loop"),
        Flag(
            "compute_test_value",
            "off",
            _one_of(*TEST_VALUES),
            "compute each expression's value for test values when it is written: off, ignore (where inputs have some), "
            "warn or raise (where they have none)",
        ),
        Flag("print_test_value", False, _boolean, "show test values with variables"),
        Flag("profile", False, _boolean, "profile every function and print a summary at the end"),
        Flag("profile_memory", False, _boolean, "add memory to profiles"),
        Flag("profile_optimizer", False, _boolean, "add the time of rewriting, pass by pass, to profiles"),
        Flag("profiling.n_apply", 20, int, "nodes a profile shows"),
        Flag("profiling.n_ops", 20, int, "operations a profile shows"),
        Flag("profiling.min_memory_size", 1024, int, "bytes below which a profile does not show a buffer"),
        Flag("profiling.ignore_first_call", False, _boolean, "leave the first call out of profiles"),
        Flag("profiling.destination", "stderr", str, "where profiles are printed: stderr, stdout or a file's name"),
        Flag("DebugMode.patience", 10, int, "how often DebugMode rewrites a program, to see that the result is one"),
        Flag("DebugMode.check_c", True, _boolean, "DebugMode compares compiled code with the reference"),
        Flag("DebugMode.check_py", True, _boolean, "DebugMode checks what `perform` gives and leaves"),
        Flag("DebugMode.check_finite", True, _boolean, "DebugMode refuses NaN and infinity"),
        Flag("NanGuardMode.nan_is_error", True, _boolean, "NanGuardMode refuses NaN"),
        Flag("NanGuardMode.inf_is_error", True, _boolean, "NanGuardMode refuses infinity"),
        Flag("NanGuardMode.big_is_error", True, _boolean, "NanGuardMode refuses numbers beyond 1e10"),
        Flag("NanGuardMode.action", "raise", _one_of("raise", "warn", "pdb"), "what NanGuardMode does"),
        Flag("pickle_test_value", True, _boolean, "keep test values in pickles"),
        _compatible("allow_gc", True, "memory between calls is the memory plan's"),
        _compatible("scan.allow_gc", False, "memory between steps is the memory plan's"),
        _compatible("scan.allow_output_prealloc", True, "outputs are allocated before the loop"),
        _compatible("cxx", "", "the C compiler is found by itself"),
        _compatible("device", "cpu", "programs run on the CPU"),
        _compatible("force_device", False, "programs run on the CPU"),
        _compatible("init_gpu_device", "", "programs run on the CPU"),
        _compatible("gpuarray.preallocate", 0.0, "programs run on the CPU"),
        _compatible("lib.cnmem", 0.0, "programs run on the CPU"),
        _compatible("dnn.enabled", "auto", "programs run on the CPU"),
        _compatible("dnn.conv.algo_fwd", "small", "programs run on the CPU"),
        _compatible("optdb.max_use_ratio", 8.0, "rules that chase each other are found and named"),
        _compatible("optimizer_verbose", False, "a function's trace has every rewrite"),
        _compatible("optimizer_requiring", "", "rules are switched on with optimizer_including"),
        _compatible("on_opt_error", "warn", "a rule that fails is an error"),
        _compatible("on_shape_error", "warn", "a size that can't be inferred is computed"),
        _compatible("reoptimize_unpickled_function", True, "functions are rewritten when they are loaded"),
        _compatible("numpy.seterr_all", "ignore", "NumPy's own warnings stay as they are"),
        _compatible("gcc.cxxflags", "", "the flags are chosen for the machine"),
        _compatible("blas.ldflags", "", "the library of matrix products is found by itself"),
        _compatible("base_compiledir", "", "where kernels are kept is INTERACTIVE_SYM_CACHE"),
        _compatible("compiledir", "", "where kernels are kept is INTERACTIVE_SYM_CACHE"),
        _compatible("nvcc.fastmath", False, "programs run on the CPU"),
        _compatible("lib.amdlibm", False, "the compiler's functions are used"),
        _compatible("assert_no_cpu_op", "ignore", "programs run on the CPU"),
        _compatible("unpickle_function", True, "functions are compiled when they are loaded"),
        _compatible("cycle_detection", "regular", "graphs have no cycles"),
        _compatible("check_input", True, "inputs are always checked"),
        _compatible("deterministic", "default", "results do not depend on the run"),
        _compatible("experimental.local_alloc_elemwise", False, "fills vanish under elementwise operations"),
        _compatible("warn.ignore_bug_before", "0.9", "warnings about bugs of other systems"),
        _compatible("warn.argmax_pushdown_bug", False, "warnings about bugs of other systems"),
        _compatible("warn.gpusum_01_011_0111_bug", False, "warnings about bugs of other systems"),
        _compatible("warn.inc_set_subtensor1", False, "warnings about bugs of other systems"),
        _compatible("warn.reduce_join", False, "warnings about bugs of other systems"),
        _compatible("warn.round", False, "warnings about bugs of other systems"),
        _compatible("warn.subtensor_merge_bug", False, "warnings about bugs of other systems"),
        _compatible("warn.sum_div_dimshuffle_bug", False, "warnings about bugs of other systems"),
        _compatible("warn.sum_sum_bug", False, "warnings about bugs of other systems"),
        _compatible("warn.vm_gc_bug", False, "warnings about bugs of other systems"),
        _compatible("warn_float64", "ignore", "what makes a value float64 is told where it matters"),
        _compatible("compute_test_value_opt", "off", "values after each rewrite are what DebugMode checks"),
        _compatible("DebugMode.check_strides", 0, "kernels write arrays in C order"),
        _compatible("DebugMode.warn_input_not_reused", True, "operations do not reuse inputs"),
        _compatible("DebugMode.check_preallocated_output", "", "outputs are always fresh"),
        _compatible("DebugMode.check_preallocated_output_ndim", 4, "outputs are always fresh"),
    )
}


def _parents(names: Iterable[str]) -> frozenset[str]:
    """`a` and `a.b` of every `a.b.c`."""
    return frozenset(
        ".".join(parts[:k])
        for name in names
        if "." in name
        for parts in [name.split(".")]
        for k in range(1, len(parts))
    )


SECTIONS = _parents(FLAGS)


class Section:
    """Settings whose names begin alike, read and set as attributes: `config.profiling.n_apply`."""

    __slots__ = ("_config", "_prefix")

    def __init__(self, config: "Config", prefix: str) -> None:
        object.__setattr__(self, "_config", config)
        object.__setattr__(self, "_prefix", prefix)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._config, f"{self._prefix}.{name}")

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._config, f"{self._prefix}.{name}", value)

    def __dir__(self) -> list[str]:
        start = f"{self._prefix}."
        return sorted({name[len(start) :].partition(".")[0] for name in FLAGS if name.startswith(start)})

    def __repr__(self) -> str:
        return "\n".join(line for line in repr(self._config).split("\n") if line.startswith(f"{self._prefix}."))


class Config:
    """Settings read as attributes: `config.floatX`, `config.profiling.n_apply`.

    Example:
        >>> from interactive_sym import config
        >>> with config.change_flags(floatX="float32"):
        ...     config.floatX
        'float32'
        >>> with config.change_flags({"profiling.n_apply": 5}):
        ...     config.profiling.n_apply
        5
    """

    def __init__(self, environment: str | None = None) -> None:
        self.__dict__["_values"] = {name: flag.default for name, flag in FLAGS.items()}
        self.__dict__["_listeners"] = {}
        self.read_flags(os.environ.get(ENVIRONMENT_VARIABLE, "") if environment is None else environment)

    def read_flags(self, text: str, unknown: Callable[[str], None] | None = None) -> None:
        """Take settings from a text such as `"floatX=float32,mode=FAST_COMPILE"`.

        Args:
            text: settings, separated by commas.
            unknown: called with the name of a setting that there is not, which else is an error.

        Raises:
            ValueError: a part is not of the form name=value, or the value is not one of the flag's.
            AttributeError: there is no setting of a name.
        """
        for part in filter(None, (piece.strip() for piece in text.split(","))):
            name, separator, value = part.partition("=")
            if not separator:
                raise ValueError(f"configuration: {part!r} is not of the form name=value")
            if unknown is not None and name.strip() not in FLAGS:
                unknown(name.strip())
                continue
            setattr(self, name.strip(), value.strip())

    def listen(self, name: str, listener: Callable[[Any], None]) -> None:
        """Call `listener` with the value of a setting, now and whenever it changes."""
        self.__dict__["_listeners"].setdefault(name, []).append(listener)
        listener(self.__dict__["_values"][name])

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_values"][name]
        except KeyError:
            if name in SECTIONS:
                return Section(self, name)
            raise AttributeError(_no_setting(name)) from None

    def __setattr__(self, name: str, value: Any) -> None:
        flag = FLAGS.get(name)
        if flag is None:
            raise AttributeError(_no_setting(name))
        try:
            self._store(name, flag.parse(value))
        except ValueError as error:
            raise ValueError(f"configuration: {name} {error}") from None

    def _store(self, name: str, value: Any) -> None:
        self.__dict__["_values"][name] = value
        for listener in self.__dict__["_listeners"].get(name, ()):
            listener(value)

    @contextmanager
    def change_flags(self, flags: Mapping[str, Any] | None = None, **changes: Any) -> Iterator[None]:
        """Within the block the given settings hold; afterwards the old ones do again.

        Args:
            flags: settings by name, for names with dots.
            changes: settings whose names are Python names.
        """
        wanted = {**(flags or {}), **changes}
        before = {name: getattr(self, name) for name in wanted}
        try:
            for name, value in wanted.items():
                setattr(self, name, value)
            yield
        finally:
            for name, value in before.items():
                self._store(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *(name.partition(".")[0] for name in FLAGS)})

    def __repr__(self) -> str:
        return "\n".join(f"{name} = {getattr(self, name)!r}  ({flag.doc})" for name, flag in sorted(FLAGS.items()))


def _no_setting(name: str) -> str:
    near = get_close_matches(name, FLAGS, 4)
    mine = [flag.name for flag in FLAGS.values() if not flag.accepted]
    return f"no setting named {name!r}; " + (
        f"near: {', '.join(near)}" if near else f"there are {', '.join(sorted(mine))}"
    )


config = Config()
change_flags = config.change_flags
