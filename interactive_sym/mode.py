"""Modes: which passes rewrite a program, which rules they have, and what runs it.

`PASSES` is the whole order of rewriting, one line a pass. A `Mode` picks a linker, switches passes and rules on and off
by name, and never changes: `including`, `excluding` and `requiring` give new ones.

Read next: `function`, `core.rules`.
"""

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from .core import rules as _rules  # noqa: F401 - importing it registers the rules of the house
from .core.collecting import uncollected
from .core.configuration import FLAGS, config
from .core.ops.body import Body
from .core.program import Program, make_program
from .core.rewrite import run_pass, run_program_pass, start
from .core.rule import RULES, Rule
from .core.rules.loops import rewrite_inside
from .core.trace import Trace


@dataclass(frozen=True)
class Pass:
    """A step of compilation: its name, the stages whose rules it runs, what it is for, and other names for it."""

    name: str
    stages: tuple[str, ...]
    why: str
    aliases: tuple[str, ...] = ()


#: Every pass, in the order they run. "merge" comes first and is part of importing the graph.
PASSES: tuple[Pass, ...] = (
    Pass("merge", (), "equal nodes become one"),
    Pass("useless", ("useless",), "operations that change nothing go away"),
    Pass("canonicalise", ("useless", "canonicalise"), "one way to write each thing", ("canonicalize",)),
    Pass(
        "stabilise",
        ("useless", "canonicalise", "stabilise"),
        "forms that lose digits or overflow become stable ones",
        ("stabilize",),
    ),
    Pass(
        "specialise",
        ("useless", "canonicalise", "specialise"),
        "general operations become cheaper special ones",
        ("specialize",),
    ),
    Pass("indexing", ("useless", "indexing"), "only what is read is computed"),
    Pass(
        "sizes",
        ("useless", "sizes"),
        "sizes come from the inputs, without computing values",
        ("ShapeOpt", "local_shape_to_shape_i"),
    ),
    Pass(
        "loops",
        ("loops",),
        "loops store only what is read, branches hold their own work; both are rewritten inside",
        ("scan",),
    ),
)

#: Passes of each optimizer name.
OPTIMIZERS: dict[str, tuple[str, ...]] = {
    "None": ("loops",),
    "merge": ("merge", "loops"),
    "fast_compile": ("merge", "useless", "sizes", "loops"),
    "stabilize": ("merge", "useless", "canonicalise", "stabilise", "sizes", "loops"),
    "fast_run": tuple(p.name for p in PASSES),
    "o1": ("merge", "useless", "sizes", "loops"),
    "o2": tuple(p.name for p in PASSES),
    "o3": tuple(p.name for p in PASSES),
    "o4": tuple(p.name for p in PASSES),
    "unsafe": tuple(p.name for p in PASSES),
}

LINKERS = ("c", "py")
_LINKER_NAMES = {
    "c": "c",
    "py": "py",
    "c|py": "c",
    "cvm": "c",
    "cvm_nogc": "c",
    "c|py_nogc": "c",
    "vm": "c",
    "vm_nogc": "c",
}


@dataclass(frozen=True)
class Mode:
    """How functions are compiled.

    Args:
        linker: `"c"` (a compiled kernel) or `"py"` (the NumPy interpreter); the names `c|py`, `cvm` and `vm` mean `c`;
            None is the configured one.
        optimizer: a name from `OPTIMIZERS`; "default" is the configured one.
        included: passes or rules switched on besides.
        excluded: passes, stages or rules switched off, by name or alias.

    Example:
        >>> from interactive_sym.mode import Mode
        >>> mode = Mode().excluding("log_one_plus")
        >>> any(rule.name == "log_one_plus" for p in mode.passes() for rule in mode.rules_of(p))
        False
    """

    linker: str | None = "c"
    optimizer: str | None = "fast_run"
    included: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()

    def fill(self, **fields: Any) -> None:
        """Set the fields of a mode that is being made, and check them; for subclasses with their own `__init__`."""
        for name, value in fields.items():
            object.__setattr__(self, name, value)
        self.__post_init__()

    def __post_init__(self) -> None:
        if self.linker is None:
            object.__setattr__(self, "linker", config.linker)
        if self.optimizer == "default":
            object.__setattr__(self, "optimizer", config.optimizer)
        if self.linker not in _LINKER_NAMES:
            raise ValueError(f"no linker {self.linker!r}; there are {', '.join(sorted(_LINKER_NAMES))}")
        if str(self.optimizer) not in OPTIMIZERS:
            raise ValueError(f"no optimizer {self.optimizer!r}; there are {', '.join(sorted(OPTIMIZERS))}")

    def including(self, *names: str) -> "Mode":
        """The mode with passes or rules of these names on, such as the rules that are off by default.

        Example:
            >>> "stabilise" in [p.name for p in Mode(optimizer="fast_compile").including("stabilise").passes()]
            True
        """
        return replace(self, included=self.included | set(names), excluded=self.excluded - set(names))

    def excluding(self, *names: str) -> "Mode":
        """The mode with passes, stages or rules of these names off.

        Raises:
            ValueError: there is no pass, stage or rule of a name; nearest names are given.

        Example:
            >>> "stabilise" in [p.name for p in Mode().excluding("stabilise").passes()]
            False
        """
        for name in names:
            _check_known(name)
        return replace(self, excluded=self.excluded | set(names), included=self.included - set(names))

    def requiring(self, *names: str) -> "Mode":
        """The mode with passes or rules of these names on: `including`, under the name that programs know.

        Example:
            >>> Mode().requiring("merge") == Mode().including("merge")
            True
        """
        return self.including(*names)

    @property
    def compiles(self) -> bool:
        """Whether functions run as compiled C."""
        return _LINKER_NAMES[str(self.linker)] == "c"

    def link(self, function: Any) -> Callable[..., Any] | None:
        """What runs a function's program, for modes that watch it; None where the program runs by itself."""
        return None

    def clone(self, link_kwargs: Any = None, optimizer: str | None = "", **kwargs: Any) -> "Mode":
        """The same mode, perhaps with another optimizer; `link_kwargs` is accepted for old programs.

        Example:
            >>> Mode().clone(optimizer="fast_compile").optimizer
            'fast_compile'
        """
        return self if optimizer == "" else replace(self, optimizer=optimizer)

    def passes(self) -> list[Pass]:
        """The passes this mode runs, in order."""
        names = set(OPTIMIZERS[str(self.optimizer)]) | self.included
        return [p for p in PASSES if _named(p.name, p.aliases, names) and not _named(p.name, p.aliases, self.excluded)]

    def rules_of(self, p: Pass) -> list[Rule]:
        """The rules of a pass that are switched on."""
        stages = [stage for stage in p.stages if stage not in self.excluded]
        return [rule for stage in stages for rule in RULES.of_stage(stage) if not self.switches_off(rule)]

    def switches_off(self, rule: Rule) -> bool:
        return _named(rule.name, rule.aliases, self.excluded)

    @uncollected()
    def rewrite(self, program: Program) -> Trace:
        """Run the passes over a program; the trace has every step and the program they lead to."""
        passes = self.passes()
        disabled = [rule.name for rule in RULES if self.switches_off(rule)]
        trace = start(program, merge=any(p.name == "merge" for p in passes), disabled=disabled)
        for p in passes:
            if p.name == "loops":
                if any(node.op.family == "control" for node in trace.final.nodes):  # type: ignore[union-attr]
                    inside = self._inside()
                    rules = [inside if rule.name == inside.name else rule for rule in self.rules_of(p)]
                    run_program_pass(trace, p.name, rules)
            elif p.stages and (p.name != "indexing" or _indexes(trace)):
                run_pass(trace, p.name, self.rules_of(p))
        return trace

    def _inside(self) -> Rule:
        """The rule that rewrites inner graphs as this mode rewrites programs."""

        def rewritten(body: Body) -> tuple[Body, Trace]:
            trace = self.rewrite(make_program(body.inputs, body.outputs, []))
            assert trace.final is not None
            return Body(body.inputs, trace.final.outputs), trace

        return rewrite_inside(rewritten)


def _indexes(trace: Trace) -> bool:
    """Whether the program reads parts of tensors."""
    assert trace.final is not None
    return any(node.op.name == "subtensor" for node in trace.final.nodes)


def _named(name: str, aliases: Iterable[str], names: Iterable[str]) -> bool:
    return name in names or any(alias in names for alias in aliases)


def _check_known(name: str) -> None:
    known = {p.name for p in PASSES} | {alias for p in PASSES for alias in p.aliases}
    if name in known or name in RULES or any(name in p.stages for p in PASSES) or name in _FOREIGN:
        return
    names = known | {stage for p in PASSES for stage in p.stages}
    names |= {rule_name for rule in RULES for rule_name in (rule.name, *rule.aliases)}
    word = name.lower()
    near = difflib.get_close_matches(word, sorted(names), n=4)
    near = near or sorted(other for other in names if word in other.lower() or other.lower() in word)[:4]
    near = near or [p.name for p in PASSES]
    raise ValueError(f"no pass, stage or rule is called {name!r}" + (f"; near: {', '.join(near)}" if near else ""))


#: Names that programs written for other systems switch off, which have no counterpart here because the memory plan and
#: the scheduler decide it: accepted, without effect.
_FOREIGN = frozenset(
    ("inplace", "fusion", "inplace_elemwise_optimizer", "local_elemwise_fusion", "BlasOpt", "gpuarray")
)

#: Modes by name; a class is made an instance of when it is asked for, with the settings of that moment.
predefined_modes: dict[str, Mode | type[Mode]] = {
    "FAST_RUN": Mode("c", "fast_run"),
    "FAST_COMPILE": Mode("py", "fast_compile"),
}
FAST_RUN = predefined_modes["FAST_RUN"]
FAST_COMPILE = predefined_modes["FAST_COMPILE"]


def register_mode(name: str, mode: Mode | type[Mode]) -> None:
    """Give a mode a name for `function(mode=...)` and `config.mode`.

    Raises:
        ValueError: another mode has that name.
    """
    if predefined_modes.get(name, mode) is not mode:
        raise ValueError(f"there is a mode {name!r} already")
    predefined_modes[name] = mode


def get_mode(mode: "Mode | str | None" = None) -> Mode:
    """The mode of a name (`"FAST_RUN"`, `"FAST_COMPILE"`), or the configured one for None.

    Raises:
        ValueError: there is no mode of that name.

    Example:
        >>> get_mode("FAST_COMPILE").optimizer
        'fast_compile'
    """
    if isinstance(mode, Mode):
        return mode
    name = config.mode if mode is None else mode
    chosen = (config.linker, config.optimizer) != (FLAGS["linker"].default, FLAGS["optimizer"].default)
    if name == "Mode" or (mode is None and chosen and name == FLAGS["mode"].default):
        return _with_configured_rules(Mode(config.linker, config.optimizer))
    try:
        known = predefined_modes[name]
    except KeyError:
        raise ValueError(f"no mode {name!r}; there are {', '.join(sorted(predefined_modes))}") from None
    return _with_configured_rules(known() if isinstance(known, type) else known)


def _with_configured_rules(found: Mode) -> Mode:
    """The mode with the rules on and off that the configuration says."""
    including, excluding = (
        [part for part in names.split(":") if part]
        for names in (config.optimizer_including, config.optimizer_excluding)
    )
    if including:
        found = found.including(*including)
    if excluding:
        found = found.excluding(*excluding)
    return found


get_default_mode = get_mode
