"""Rules: named, reasoned rewrites, and their registry (floor C).

Most rules are data, a pattern and a result:

    rule("log_one_plus", log(1 + a), log1p(a), stage="stabilise", changes="last digits", why="...")

Those that need to compute are functions from a node to its replacement, made rules by `@rewrites(...)`.

Read next: `trace`, `rewrite`, then `rules.canonical`.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import source
from .graph import Apply, Variable
from .pattern import Bindings, Head, Pattern, build, match

#: The stages, in the order passes run them.
STAGES = ("useless", "canonicalise", "stabilise", "specialise", "indexing", "sizes", "loops")

#: What a rule may change of the values.
CHANGES = ("nothing", "last digits", "nan")

Result = Pattern | Callable[[Bindings], Variable | None]


@dataclass(frozen=True)
class Rule:
    """One rewrite.

    Attributes:
        name: unique; what views show and what `excluding` switches off.
        heads: names of the operations it looks at.
        stage: which pass it belongs to.
        why: one sentence for people.
        changes: "nothing" (the same bits), "last digits" (rounding), or "nan" (finite where the old one was not, or the
            other way).
        pattern, result: the two sides, where the rule is data.
        when: a further condition on the bindings.
        function: from a node to its replacement, where the rule computes; None where it does not apply.
        whole: from a program to a node of it and what its outputs become, where the rule must see who reads what; None
            where it does not apply.
        alone: it applies only where the node is the one reader of its first operand, which then goes away.
        aliases: names under which users of other systems know it.
        operands: names of operations, one of which must have made an operand of the node ("constant" for constants);
            empty where that does not matter.
        samples: for each pattern variable (low, high), where tests draw values.
        where: the line that defined it.
    """

    name: str
    heads: tuple[str, ...]
    stage: str
    why: str
    changes: str
    pattern: Head | None = None
    result: Result | None = None
    when: Callable[[Bindings], bool] | None = None
    function: Callable[[Apply], Variable | Sequence[Variable] | None] | None = None
    aliases: tuple[str, ...] = ()
    samples: dict[str, tuple[float, float]] = field(default_factory=dict)
    where: source.Where | None = None
    whole: Callable[[Any], tuple[Apply, Sequence[Variable]] | None] | None = None
    alone: bool = False
    operands: tuple[str, ...] = ()

    def apply(self, node: Apply) -> Sequence[Variable] | None:
        """Replacements of the node's outputs, or None where the rule does not apply."""
        if self.function is not None:
            new = self.function(node)
            return [new] if isinstance(new, Variable) else new
        if self.pattern is None:
            return None
        for bindings in match(self.pattern, node.outputs[0], {}):
            if self.when is not None and not self.when(bindings):
                continue
            result = self.result
            replacement = build(result, bindings) if isinstance(result, Pattern) else result and result(bindings)
            if replacement is None:
                continue
            if isinstance(result, Head) and replacement.type.dtype != node.outputs[0].type.dtype:
                continue  # computed in another element type it would round or wrap in other places
            return [replacement]
        return None

    def bindings(self, node: Apply) -> Bindings:
        """What the pattern variables stand for at `node`; empty for function rules."""
        if self.pattern is None:
            return {}
        for found in match(self.pattern, node.outputs[0], {}):
            if self.when is None or self.when(found):
                return found
        return {}

    @property
    def text(self) -> str:
        """`pattern -> result` as people write it."""
        if self.pattern is None:
            return f"{' | '.join(self.heads)} -> computed"
        return f"{self.pattern} -> {self.result if isinstance(self.result, Pattern) else 'computed'}"

    def __str__(self) -> str:
        return f"{self.name}: {self.text}"


class Registry:
    """Rules by name, in the order they were defined; defining one again replaces it in its place.

    Example:
        >>> from interactive_sym import RULES
        >>> "log1p_of_exp" in RULES, RULES["log1p_of_exp"].stage
        (True, 'stabilise')
    """

    def __init__(self) -> None:
        self._rules: dict[str, Rule] = {}

    def add(self, rule: Rule) -> Rule:
        if rule.stage not in STAGES:
            raise ValueError(f"rule {rule.name}: no stage {rule.stage!r}; there are {', '.join(STAGES)}")
        if rule.changes not in CHANGES:
            raise ValueError(f"rule {rule.name}: changes is one of {', '.join(CHANGES)}, not {rule.changes!r}")
        if not rule.why.strip():
            raise ValueError(f"rule {rule.name} wants a reason (`why`)")
        self._rules[rule.name] = rule
        return rule

    def remove(self, name: str) -> None:
        """Take the rule `name` out; nothing happens where there is none."""
        self._rules.pop(name, None)

    def __getitem__(self, name: str) -> Rule:
        found = self._rules.get(name)
        if found is None:
            for rule in self._rules.values():
                if name in rule.aliases:
                    return rule
            raise KeyError(f"no rule named {name!r}")
        return found

    def __contains__(self, name: str) -> bool:
        return name in self._rules or any(name in rule.aliases for rule in self._rules.values())

    def __iter__(self) -> Iterator[Rule]:
        return iter(list(self._rules.values()))

    def __len__(self) -> int:
        return len(self._rules)

    def of_stage(self, stage: str) -> list[Rule]:
        return [rule for rule in self._rules.values() if rule.stage == stage]


#: Every rule of the house and of its users.
RULES = Registry()


def _definition() -> source.Where:
    """The line that calls `rule` or `rewrites`, in this package or out of it."""
    frame = sys._getframe(2)
    code = frame.f_code
    return source.Where(code.co_filename, frame.f_lineno, code.co_name, None, code, frame.f_lasti)


def rule(
    name: str,
    pattern: Head,
    result: Result,
    *,
    stage: str,
    why: str,
    changes: str = "nothing",
    when: Callable[[Bindings], bool] | None = None,
    aliases: Iterable[str] = (),
    samples: dict[str, tuple[float, float]] | None = None,
) -> Rule:
    """Define a rule that is data: `pattern` becomes `result`, a pattern over the same variables or a function of them.

    Args:
        name: what it is called in views, in `Mode.excluding` and in `RULES`.
        pattern: what it looks for; see `core.pattern`.
        result: what stands there afterwards: a pattern over the same variables, or a function of what they stand for
            that returns a variable, or None to leave the place as it is.
        stage: where in the order it runs: one of `STAGES`.
        why: the reason, one sentence; shown in the views.
        changes: what may change in a value: one of `CHANGES`.
        when: whether it applies, from what the pattern's variables stand for.
        aliases: other names it is known by.
        samples: for a pattern's variable the range (low, high) in which tests try the rule.

    Raises:
        ValueError: unknown stage or `changes`, or no reason given.

    Example:
        >>> from interactive_sym import RULES, rule
        >>> from interactive_sym.core.pattern import Any_, head
        >>> x = Any_("x")
        >>> made = rule("sqrt_of_sqr", head("sqrt")(x**2), head("abs")(x), stage="specialise", why="no root is needed")
        >>> made.text
        'sqrt((x ** 2)) -> abs(x)'
        >>> RULES.remove("sqrt_of_sqr")
    """
    return RULES.add(
        Rule(
            name, (pattern.name,), stage, why, changes, pattern, result, when, None, tuple(aliases), samples or {},
            _definition(),
        )
    )  # fmt: skip


def rewrites(
    *heads: str,
    name: str,
    stage: str,
    why: str,
    changes: str = "nothing",
    aliases: Iterable[str] = (),
    alone: bool = False,
    operands: Iterable[str] = (),
) -> Callable[[Callable[[Apply], Any]], Callable[[Apply], Any]]:
    """Decorator: make a function from a node to its replacement (or None) a rule looking at the operations `heads`.

    Args:
        heads: names of the operations whose nodes it is called with; `"*"` is every operation.
        name, stage, why, changes, aliases: as for `rule`.
        alone: call it only where the node is the one reader of its first operand.
        operands: call it only where one of these operations made an operand ("constant": where one is a constant).

    Raises:
        ValueError: unknown stage or `changes`, or no reason given.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import RULES, function, rewrites
        >>> @rewrites("abs", name="abs_of_exp", stage="specialise", why="an exponential is never negative")
        ... def abs_of_exp(node):
        ...     inner = node.inputs[0].owner
        ...     return node.inputs[0] if inner is not None and inner.op.name == "exp" else None
        >>> x = T.dvector("x")
        >>> [firing.rule for firing in function([x], abs(T.exp(x))).trace.firings]
        ['abs_of_exp']
        >>> RULES.remove("abs_of_exp")
    """

    def decorate(function: Callable[[Apply], Any]) -> Callable[[Apply], Any]:
        RULES.add(
            Rule(
                name, heads, stage, why, changes, function=function, aliases=tuple(aliases), where=_definition(),
                alone=alone, operands=tuple(operands),
            )
        )  # fmt: skip
        return function

    return decorate


def rewrites_program(
    *heads: str, name: str, stage: str, why: str, changes: str = "nothing", aliases: Iterable[str] = ()
) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Decorator: make a rule of a function that looks at a whole program, for what depends on who reads a result.

    The function gives a node (of one of the operations `heads`) and what its outputs become, or None. It is called
    again until it finds nothing more.
    """

    def decorate(whole: Callable[[Any], Any]) -> Callable[[Any], Any]:
        RULES.add(Rule(name, heads, stage, why, changes, aliases=tuple(aliases), where=_definition(), whole=whole))
        return whole

    return decorate
