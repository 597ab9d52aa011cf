"""Programs: closed, topologically sorted, interned graphs (floor C).

`function` imports the user's graph into a `Program`. Nodes are interned: one node per (operation, inputs), so equal
subexpressions are one node, and identity is equality. Nodes never change; rewriting makes new ones.

Read next: `trace`, `rewrite`.
"""

import hashlib
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import source
from .graph import Apply, Constant, Variable, toposort
from .shared import SharedVariable


class Interner:
    """Makes nodes, each (operation, inputs) once.

    With `merge=False` equal nodes stay apart: a node is shared only with its own rebuilt self.
    """

    def __init__(self, merge: bool = True) -> None:
        self.merge = merge
        self._nodes: dict[Any, Apply] = {}
        self._constants: dict[Any, Constant] = {}
        self._known: set[Apply] = set()

    def __contains__(self, node: Apply) -> bool:
        return node in self._known

    def constant(self, constant: Constant) -> Constant:
        """The one constant of this type and value."""
        return self._constants.setdefault(constant.signature(), constant)

    def leaf(self, variable: Variable) -> Variable:
        return self.constant(variable) if isinstance(variable, Constant) else variable

    def node(self, old: Apply, inputs: Sequence[Variable]) -> Apply:
        """The node of `old`'s operation on `inputs`: one that exists, `old` itself if nothing changed, or a new one."""
        key: Any = (old.op, *inputs) if self.merge else (old, *inputs)
        found = self._nodes.get(key)
        if found is not None:
            return found
        if all(new is mine for new, mine in zip(inputs, old.inputs)):
            made = old
        elif all(new.type == mine.type for new, mine in zip(inputs, old.inputs)):
            with source.attributed_to(old.where, old.origin):
                made = Apply(old.op, inputs, [output.type.make_variable(output.name) for output in old.outputs])
        else:
            made = old.clone_with_new_inputs(inputs)
            for new, mine in zip(made.outputs, old.outputs):
                new.name = mine.name
        self._nodes[key] = made
        self._known.add(made)
        return made

    def adopt(self, outputs: Sequence[Variable]) -> list[Variable]:
        """The interned counterparts of `outputs`; what is interned already is not walked through again."""
        done: dict[Variable, Variable] = {}
        for node in _unknown(outputs, self._known):
            made = self.node(node, [self._counterpart(variable, done) for variable in node.inputs])
            for old, new in zip(node.outputs, made.outputs):
                done[old] = new
        return [self._counterpart(variable, done) for variable in outputs]

    def _counterpart(self, variable: Variable, done: dict[Variable, Variable]) -> Variable:
        found = done.get(variable)
        if found is not None:
            return found
        return self.constant(variable) if isinstance(variable, Constant) else variable


def _unknown(outputs: Sequence[Variable], known: set[Apply]) -> list[Apply]:
    """Nodes behind `outputs` that are not in `known`, inputs first; known nodes are not looked behind."""
    order: list[Apply] = []
    done: set[Apply] = set()
    for output in outputs:
        if output.owner is None or output.owner in known or output.owner in done:
            continue
        stack = [(output.owner, iter(output.owner.inputs))]
        seen = {output.owner}
        while stack:
            node, remaining = stack[-1]
            for variable in remaining:
                owner = variable.owner
                if owner is not None and owner not in known and owner not in done and owner not in seen:
                    seen.add(owner)
                    stack.append((owner, iter(owner.inputs)))
                    break
            else:
                stack.pop()
                done.add(node)
                order.append(node)
    return order


class Cycle(Exception):
    """Replacements lead back to a node that is being replaced; `node` is that node."""

    def __init__(self, node: Apply) -> None:
        super().__init__(f"the replacements of {node} have no end")
        self.node = node


def rewritten(
    results: Sequence[Variable],
    inputs: Sequence[Variable],
    interner: Interner,
    replacement: Callable[[Apply], Sequence[Variable] | None],
    rebuilt: dict[Apply, Apply] | None = None,
    nodes: Sequence[Apply] | None = None,
) -> list[Variable]:
    """`results` with every node replaced by what `replacement` gives for it, until it gives None for all.

    Nodes are asked about inputs first, once their own inputs are final, and so are the nodes of replacements: one walk
    brings everything to its end. Iterative: neither the depth of a graph nor the length of a chain of replacements is a
    limit.

    Args:
        results, inputs: where the graph begins and ends.
        interner: makes nodes on replaced inputs.
        replacement: from a node to new variables for its outputs, or None.
        rebuilt: filled with the nodes that were only made anew, on other inputs.
        nodes: the nodes behind `results`, inputs before users as a depth-first walk finds them, where they are known.

    Raises:
        Cycle: replacements lead back to where they began.
    """
    normal: set[Apply] = set()
    final: dict[Variable, Variable] = {}
    finished: set[Apply] = {x.owner for x in inputs if x.owner is not None}
    replaced: dict[Apply, Sequence[Variable]] = {}
    waiting: set[Apply] = set()
    if nodes is None:
        stack = [x.owner for x in reversed(results) if x.owner is not None]
    else:
        stack = list(reversed(nodes))
    while stack:
        node = stack[-1]
        if node in finished:
            stack.pop()
            continue
        pending = [owner for x in node.inputs if (owner := x.owner) is not None and owner not in finished]
        if pending:
            if waiting:
                for owner in pending:
                    if owner in waiting:
                        raise Cycle(owner)
            pending.reverse()
            stack += pending
            continue
        made = node
        if final:
            operands = [final.get(x, x) for x in node.inputs]
            if any(map(operator.is_not, operands, node.inputs)):
                made = interner.node(node, operands)
                if rebuilt is not None and made is not node:
                    rebuilt[node] = made
        if made is not node and made in finished:
            outputs: Sequence[Variable] = [final.get(x, x) for x in made.outputs]
        elif made in normal:
            outputs = made.outputs
        else:
            new = replaced.get(made)
            if new is None:
                new = replacement(made)
                if new is None:
                    normal.add(made)
                    if made is node:
                        finished.add(node)
                        waiting.discard(node)
                        stack.pop()
                        continue
                    new = made.outputs
                else:
                    replaced[made] = new
            if new is not made.outputs:
                pending = [owner for x in new if (owner := x.owner) is not None and owner not in finished]
                if pending:
                    waiting.update((node, made))
                    for owner in pending:
                        if owner in waiting:
                            raise Cycle(owner)
                    pending.reverse()
                    stack += pending
                    continue
            outputs = [final.get(x, x) for x in new]
        for mine, its in ((node, outputs), (made, outputs)):
            waiting.discard(mine)
            finished.add(mine)
            final.update((old, x) for old, x in zip(mine.outputs, its) if old is not x)
        stack.pop()
    return [final.get(x, x) for x in results]


@dataclass(frozen=True)
class Program:
    """What a function computes: closed and topologically sorted.

    Attributes:
        inputs: the variables a call gives values for.
        shared: the shared variables it reads or writes.
        outputs: what a call returns.
        updates: pairs (shared variable, expression stored to it after the call).
        nodes: every node needed, inputs before users.
    """

    inputs: tuple[Variable, ...]
    shared: tuple[SharedVariable, ...]
    outputs: tuple[Variable, ...]
    updates: tuple[tuple[SharedVariable, Variable], ...]
    nodes: tuple[Apply, ...] = field(repr=False)

    @property
    def results(self) -> tuple[Variable, ...]:
        """Outputs, then the updates' expressions."""
        return (*self.outputs, *(expression for _, expression in self.updates))

    @property
    def numbers(self) -> dict[Apply, int]:
        """Each node's number: its position in `nodes`."""
        return {node: number for number, node in enumerate(self.nodes)}

    @property
    def apply_nodes(self) -> set[Apply]:
        """The nodes, without order."""
        return set(self.nodes)

    @property
    def variables(self) -> set[Variable]:
        """Every variable that a node reads or computes, and the inputs."""
        return {*self.inputs, *(x for node in self.nodes for x in (*node.inputs, *node.outputs))}

    def toposort(self) -> list[Apply]:
        """The nodes, inputs before users."""
        return list(self.nodes)

    def with_results(self, results: Sequence[Variable]) -> "Program":
        """The same inputs and targets with other results (as many)."""
        count = len(self.outputs)
        updates = tuple((target, new) for (target, _), new in zip(self.updates, results[count:]))
        return make_program(self.inputs, results[:count], updates)

    def digest(self) -> str:
        """A hash of its structure: equal for programs that compute the same in the same way."""
        names: dict[Variable, str] = {}
        lines = []
        for kind, variables in (("in", self.inputs), ("shared", self.shared)):
            for k, variable in enumerate(variables):
                names[variable] = f"{kind}{k}"
                lines.append(f"{kind}{k}:{variable.type}")

        def name(variable: Variable) -> str:
            if variable not in names and isinstance(variable, Constant):
                return f"const{hashlib.sha256(repr(variable.signature()).encode()).hexdigest()[:16]}"
            return names[variable]

        for number, node in enumerate(self.nodes):
            lines.append(f"{number}:{node.op!r}({','.join(name(x) for x in node.inputs)})")
            for index, output in enumerate(node.outputs):
                names[output] = f"{number}.{index}"
        lines.append(f"out:{','.join(name(x) for x in self.outputs)}")
        lines.append(f"up:{','.join(f'{names[target]}={name(x)}' for target, x in self.updates)}")
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def make_program(
    inputs: Sequence[Variable],
    outputs: Sequence[Variable],
    updates: Sequence[tuple[SharedVariable, Variable]],
) -> Program:
    """A program from its inputs and results; shared variables and nodes are found from them."""
    results = [*outputs, *(expression for _, expression in updates)]
    nodes = toposort(results, inputs)
    given = set(inputs)
    shared = dict.fromkeys(
        x
        for variables in (*(node.inputs for node in nodes), results)
        for x in variables
        if x.owner is None and isinstance(x, SharedVariable) and x not in given
    )
    shared.update(dict.fromkeys(target for target, _ in updates))
    return Program(tuple(inputs), tuple(shared), tuple(outputs), tuple(updates), tuple(nodes))
