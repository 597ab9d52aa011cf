"""The one configuration object: defaults, the environment variable, and a context manager (floor A).

Values come, strongest first, from an assignment or `config.change_flags(...)`, from the environment variable
`INTERACTIVE_SYM_FLAGS` (`"floatX=float32,mode=FAST_COMPILE"`), and from the table below.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
        Flag("on_unused_input", "raise", _one_of("raise", "warn", "ignore"), "what an unused input does"),
        Flag("int_division", "floatX", _one_of("int", "floatX", "raise"), "meaning of `/` between integers"),
        Flag("exception_verbosity", "low", _one_of("low", "high"), "how much an error message tells"),
        Flag("openmp", False, _boolean, "run large loops on several threads"),
        Flag("cxx", "", str, "accepted for old programs; the C compiler is found by itself"),
        Flag("device", "cpu", str, "accepted for old programs; programs run on the CPU"),
    )
}


class Config:
    """Settings read as attributes: `config.floatX`.

    Example:
        >>> from interactive_sym import config
        >>> with config.change_flags(floatX="float32"):
        ...     config.floatX
        'float32'
    """

    def __init__(self, environment: str | None = None) -> None:
        self.__dict__["_values"] = {name: flag.default for name, flag in FLAGS.items()}
        self.read_flags(os.environ.get(ENVIRONMENT_VARIABLE, "") if environment is None else environment)

    def read_flags(self, text: str) -> None:
        """Take settings from a text such as `"floatX=float32,mode=FAST_COMPILE"`."""
        for part in filter(None, (piece.strip() for piece in text.split(","))):
            name, separator, value = part.partition("=")
            if not separator:
                raise ValueError(f"configuration: {part!r} is not of the form name=value")
            setattr(self, name.strip(), value.strip())

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_values"][name]
        except KeyError:
            raise AttributeError(f"no setting named {name!r}; there are {', '.join(sorted(FLAGS))}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        flag = FLAGS.get(name)
        if flag is None:
            raise AttributeError(f"no setting named {name!r}; there are {', '.join(sorted(FLAGS))}")
        try:
            self.__dict__["_values"][name] = flag.parse(value)
        except ValueError as error:
            raise ValueError(f"configuration: {name} {error}") from None

    @contextmanager
    def change_flags(self, **changes: Any) -> Iterator[None]:
        """Within the block the given settings hold; afterwards the old ones do again."""
        before = {name: getattr(self, name) for name in changes}
        try:
            for name, value in changes.items():
                setattr(self, name, value)
            yield
        finally:
            self.__dict__["_values"].update(before)

    def __repr__(self) -> str:
        return "\n".join(f"{name} = {getattr(self, name)!r}  ({flag.doc})" for name, flag in sorted(FLAGS.items()))


config = Config()
