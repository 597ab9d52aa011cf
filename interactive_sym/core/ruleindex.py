"""Which rules a node is offered: by its operation, and by what made its operands (floor C).

A pass has hundreds of rules, and few of them can fire at a node. Which ones depends on the names of a few operations
and on constants that patterns speak of, so it is worked out once for each combination that is met. A rule that found
nothing at a node finds nothing there in a later pass either: nodes never change.

Read next: `rewrite`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from .graph import Apply, Constant, Variable
from .pattern import COMMUTATIVE, Any_, Head, Number, Pattern, uniform_value
from .rule import Rule

#: What stands for operands that no rule asks anything about.
LEAF = ""


class RuleIndex:
    """The rules of a pass, in their order.

    Args:
        rules: what the pass has; those for an operation come before those for every one.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym.core.rule import RULES
        >>> index, x = RuleIndex([RULES["plus_zero"], RULES["log_one_plus"]]), T.dvector("x")
        >>> [len(index.offered(y.owner, frozenset())) for y in (x + 0, x + 1, T.log(x), T.log(1 + x))]
        [1, 0, 0, 1]
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._everywhere = [rule for rule in rules if "*" in rule.heads]
        self._by_head: dict[str, list[Rule]] = {}
        for rule in rules:
            for head in rule.heads:
                self._by_head.setdefault(head, []).append(rule)
        self._names = frozenset(rule.name for rule in rules if not rule.alone)
        self._numbers = {part.value for rule in rules if rule.pattern is not None for part in _numbers(rule.pattern)}
        self._left: dict[tuple[str, frozenset[str]], tuple[Rule, ...]] = {}
        self._offered: dict[Any, tuple[Rule, ...]] = {}
        self._after: dict[frozenset[str], frozenset[str]] = {}

    def offered(self, node: Apply, tried: frozenset[str]) -> tuple[Rule, ...]:
        """The rules that may fire at a node, less those named in `tried`, which found nothing there."""
        name = node.op.name
        key: Any = name, tried
        left = self._left.get(key)
        if left is None:
            rules = (*self._by_head.get(name, ()), *self._everywhere)
            left = self._left[key] = tuple(rule for rule in rules if rule.name not in tried)
        if not left:
            return left
        makers = tuple([self._maker(x) for x in node.inputs])
        key = name, tried, makers
        found = self._offered.get(key)
        if found is None:
            found = self._offered[key] = tuple(rule for rule in left if _may_fire(rule, makers))
        return found

    def after(self, tried: frozenset[str]) -> frozenset[str]:
        """The names of rules that have found nothing at a node once those of this pass have not either."""
        found = self._after.get(tried)
        if found is None:
            found = self._after[tried] = tried | self._names
        return found

    def _maker(self, variable: Variable) -> Any:
        """What made an operand: the name of an operation, `(number,)` for constants, `LEAF` for others."""
        if variable.owner is not None:
            return variable.owner.op.name
        if not isinstance(variable, Constant):
            return LEAF
        value = uniform_value(variable)
        return (value if value is not None and value in self._numbers else None,)


def _numbers(pattern: Head) -> Iterator[Number]:
    """The numbers that are operands of a pattern's root."""
    return (part for part in pattern.operands if isinstance(part, Number))


def _may_fire(rule: Rule, makers: Sequence[Any]) -> bool:
    """Whether a rule has a chance at nodes whose operands were made by these."""
    pattern = rule.pattern
    if pattern is None:
        return not rule.operands or any(
            maker in rule.operands or (isinstance(maker, tuple) and "constant" in rule.operands) for maker in makers
        )
    if len(pattern.operands) != len(makers):
        return False
    orders = [makers]
    if len(makers) == 2 and pattern.name in COMMUTATIVE:
        orders.append(makers[::-1])
    return any(all(map(_fits, pattern.operands, order)) for order in orders)


def _fits(part: Pattern, maker: Any) -> bool:
    if isinstance(part, Head):
        return bool(maker == part.name)
    if isinstance(part, Number):
        return isinstance(maker, tuple) and maker[0] is not None and bool(maker[0] == part.value)
    return not (isinstance(part, Any_) and part.constant) or isinstance(maker, tuple)
