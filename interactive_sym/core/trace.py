"""The record of a compilation's rewrites, and questions to it (floor C).

Every firing of a rule is one tuple, appended; the graph after k firings is rebuilt on request.

Read next: `rewrite`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .graph import Apply, Constant, Variable
from .pattern import mismatch
from .program import Interner, Program, rewritten
from .rule import RULES


class Firing(NamedTuple):
    """One rewrite that took place.

    Attributes:
        rule: the rule's name ("merge" for equal nodes made one).
        old: the node replaced.
        new: what its outputs were replaced by.
        pass_name: in which pass.
    """

    rule: str
    old: Apply
    new: tuple[Variable, ...]
    pass_name: str


@dataclass
class PassRecord:
    """One pass over the program: its name, the rules it had, and which firings are its own."""

    name: str
    rules: tuple[str, ...]
    start: int
    end: int
    seconds: float = 0.0


@dataclass
class Trace:
    """All rewrites of one compilation.

    Attributes:
        initial: the user's program, before the first rewrite.
        merged: the results right after equal nodes became one.
        final: the program that is compiled.
        firings: every rewrite, in order.
        passes: which of them belong to which pass.
        disabled: names of rules that were switched off.
        tried: for nodes, the names of the rules that found nothing there.
    """

    initial: Program
    interner: Interner
    firings: list[Firing] = field(default_factory=list)
    passes: list[PassRecord] = field(default_factory=list)
    disabled: frozenset[str] = frozenset()
    final: Program | None = None
    merged: tuple[Variable, ...] = field(default=(), repr=False)
    rebuilt: dict[Apply, Apply] = field(default_factory=dict, repr=False)
    tried: dict[Apply, frozenset[str]] = field(default_factory=dict, repr=False, compare=False)
    _apart: dict[tuple[Any, ...], Apply] = field(default_factory=dict, repr=False)
    _begun: dict[int, tuple[Variable, ...]] = field(default_factory=dict, repr=False, compare=False)
    _last: tuple[int, tuple[Variable, ...]] | None = field(default=None, repr=False, compare=False)

    def __repr__(self) -> str:
        rewrites, passes = len(self.firings), len(self.passes)
        return f"<Trace: {rewrites} rewrite{'s' * (rewrites != 1)} in {passes} pass{'es' * (passes != 1)}>"

    def __len__(self) -> int:
        return len(self.firings)

    def __iter__(self) -> Iterator[Firing]:
        return iter(self.firings)

    def graph_at(self, k: int) -> tuple[Variable, ...]:
        """The results (outputs, then updates) after the first `k` rewrites; `graph_at(0)` is the user's graph.

        Raises:
            IndexError: there are fewer than `k` rewrites.
        """
        if not 0 <= k <= len(self.firings):
            raise IndexError(f"step {k}: there are steps 0 to {len(self.firings)}")
        results: Sequence[Variable] = self.initial.results
        for record in self.passes:
            if record.start >= k:
                break
            if record.name == "merge":
                if k < record.end:
                    return tuple(self._partly_merged(k))
                results = self.merged
                continue
            # what was asked for before is where this goes on from: a walk forwards replays nothing twice
            if k > record.end and record.end in self._begun:
                results = self._begun[record.end]
                continue
            if self._last is not None and record.start < self._last[0] <= min(k, record.end):
                results = self._last[1]
            replaced = {firing.old: firing.new for firing in self.firings[record.start : min(k, record.end)]}
            results = tuple(rewritten(results, self.initial.inputs, self.interner, replaced.get))
            if k >= record.end:
                self._begun[record.end] = results
        self._last = (k, tuple(results))
        return tuple(results)

    def program_at(self, k: int) -> Program:
        """The program after the first `k` rewrites."""
        return self.initial.with_results(self.graph_at(k))

    def _partly_merged(self, k: int) -> list[Variable]:
        """The user's graph with the first `k` of the equal nodes made one, the others still apart."""
        replaced = {firing.old: firing.new[0].owner for firing in self.firings[:k]}
        interned_from = {made: node for node, made in self.rebuilt.items()}
        done: dict[Variable, Variable] = {}
        for node in self.initial.nodes:
            inputs = [done.get(variable, variable) for variable in node.inputs]
            twin = replaced.get(node)
            if twin is not None:
                first = interned_from.get(twin, twin)
                outputs: Sequence[Variable] = [done.get(variable, variable) for variable in first.outputs]
            elif any(new is not old for new, old in zip(inputs, node.inputs)):
                outputs = self._apart.setdefault((node, *inputs), node.clone_with_new_inputs(inputs)).outputs
            else:
                continue
            done.update(zip(node.outputs, outputs))
        return [done.get(variable, variable) for variable in self.initial.results]

    def follow(self, node: Apply) -> list[Firing]:
        """The rewrites that lead to `node` and those it took part in afterwards, oldest first."""
        made_by: dict[Apply, Firing] = {}
        for firing in self.firings:
            for variable in firing.new:
                if variable.owner is not None:
                    made_by.setdefault(variable.owner, firing)
        rebuilt_from = {new: old for old, new in self.rebuilt.items()}
        before: list[Firing] = []
        current: Apply | None = node
        seen: set[Apply] = set()
        while current is not None and current not in seen:
            seen.add(current)
            firing_ = made_by.get(current)
            if firing_ is not None:
                before.append(firing_)
                current = firing_.old
            elif current in rebuilt_from:
                current = rebuilt_from[current]
            elif current.origin is not None and current.origin.kind == "rewrite":
                found = next((f for f in self.firings if f.old is current.origin.of), None)
                if found is not None:
                    before.append(found)
                current = current.origin.of
            else:
                current = None
        after: list[Firing] = []
        replaced = {firing.old: firing for firing in self.firings}
        current = node
        seen = set()
        while current is not None and current not in seen:
            seen.add(current)
            gone = replaced.get(current)
            if gone is not None:
                after.append(gone)
                current = gone.new[0].owner
            else:
                current = self.rebuilt.get(current)
        return before[::-1] + after

    def why_not(self, rule: str, node: Apply) -> str:
        """Why the rule `rule` did not rewrite `node`, as a sentence.

        Raises:
            KeyError: there is no rule of that name.
        """
        wanted = RULES[rule]
        replaced: dict[Apply, Firing] = {}
        for firing in self.firings:
            replaced.setdefault(firing.old, firing)
        seen: set[Apply] = set()
        while node not in seen:
            seen.add(node)
            gone = replaced.get(node)
            if gone is None:
                node = self.rebuilt.get(node, node)
            elif gone.rule == "merge" and gone.new[0].owner is not None:
                node = gone.new[0].owner
            elif gone.rule == wanted.name:
                return f"it did: {wanted.name} replaced {node.op.name} by {gone.new[0]}"
            else:
                return f"{gone.rule} replaced the node first, in pass {gone.pass_name}"
        if wanted.name in self.disabled:
            return f"{wanted.name} is switched off in this mode"
        if not any(wanted.name in record.rules for record in self.passes):
            return f"no pass of this mode has {wanted.name}: it belongs to stage {wanted.stage}"
        if "*" not in wanted.heads and node.op.name not in wanted.heads:
            return f"{wanted.name} looks at {', '.join(wanted.heads)}, this node is {node.op.name}"
        makers = {"constant" if isinstance(x, Constant) else x.owner and x.owner.op.name for x in node.inputs}
        if wanted.operands and not makers.intersection(wanted.operands):
            return f"{wanted.name} wants an operand made by one of {', '.join(wanted.operands)}"
        if wanted.pattern is not None:
            reason = mismatch(wanted.pattern, node.outputs[0])
            if reason:
                return reason
            if wanted.when is not None and not wanted.bindings(node):
                return f"the condition of {wanted.name} does not hold for what its pattern variables stand for here"
        if wanted.apply(node) is None:
            return f"{wanted.name} found nothing to change at this {node.op.name}"
        return f"{wanted.name} matches now, but the node was not there when pass {wanted.stage} ran"
