"""The graph: variables, constants, apply nodes, and walks over them (floor A).

A `Variable` is compared by identity: two equal graphs are two graphs, for `grad` and for `givens`. An `Apply` is an
operation applied to variables; it never changes once made, so graphs are acyclic by construction.

Read next: `op` (what an operation knows), `types` (tensor types), `variable` (operators and methods).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any, Protocol

from . import source
from .configuration import config


class Type(Protocol):
    """What the graph asks of a type: equality by structure, and checking values."""

    def filter(self, value: Any, strict: bool = False, allow_downcast: bool | None = None) -> Any: ...

    def make_variable(self, name: str | None = None) -> "Variable": ...


class Variable:
    """A symbolic value: an input, or output `index` of the node `owner`.

    Attributes:
        type: what values it may have.
        owner: the Apply that computes it, None for inputs, constants and shared variables.
        index: which of the owner's outputs it is.
        name: the user's name for it, or None.
        tag: a free namespace.
    """

    __slots__ = ("__weakref__", "_tag", "index", "name", "owner", "type")

    type: Any
    owner: "Apply | None"

    def __init__(self, type: Any, owner: "Apply | None" = None, index: int | None = None, name: str | None = None):
        self.type = type
        self.owner = owner
        self.index = index
        self.name = name
        self._tag: SimpleNamespace | None = None

    @property
    def tag(self) -> SimpleNamespace:
        if self._tag is None:
            self._tag = SimpleNamespace()
        return self._tag

    def clone(self) -> "Variable":
        """A fresh input variable of the same type and name."""
        variable: Variable = self.type.make_variable(self.name)
        return variable

    def __str__(self) -> str:
        if self.name is not None:
            return self.name
        if self.owner is not None:
            return f"{self.owner.op}.{self.index}"
        return f"<{self.type}>"

    def __repr__(self) -> str:
        if config.print_test_value and self._tag is not None and hasattr(self._tag, "test_value"):
            return f"{self}\n{self._tag.test_value}"
        return str(self)


class Constant(Variable):
    """A variable whose value is known: `data`."""

    __slots__ = ("_signature", "data")

    def __init__(self, type: Any, data: Any, name: str | None = None):
        super().__init__(type, None, None, name)
        self.data = data
        self._signature: tuple[Any, ...] | None = None

    @property
    def value(self) -> Any:
        return self.data

    def signature(self) -> tuple[Any, ...]:
        """A hashable key: equal for constants that may stand for each other (same type, same bits)."""
        if self._signature is None:
            data = self.data
            content = data.tobytes() if hasattr(data, "tobytes") else id(data)
            self._signature = (self.type, content)
        return self._signature

    def clone(self) -> "Constant":
        return type(self)(self.type, self.data, self.name)


#: Called with every node that is made; see `observe_nodes`.
_observer: Callable[["Apply"], None] | None = None


def observe_nodes(observer: Callable[["Apply"], None] | None) -> None:
    """Have `observer` called with every node as it is made, or with None no longer; there is at most one."""
    global _observer
    _observer = observer


class Apply:
    """An operation applied to input variables.

    Attributes:
        op: the operation.
        inputs: variables it reads.
        outputs: variables it computes; each has this node as its `owner`.
        where: the user's line that made it.
        origin: how it came to be where the user did not write it himself (gradient, rewrite), else None.
    """

    __slots__ = ("__weakref__", "inputs", "op", "origin", "outputs", "where")

    def __init__(self, op: Any, inputs: Sequence[Variable], outputs: Sequence[Variable]):
        self.op = op
        self.inputs = tuple(inputs)
        self.outputs = tuple(outputs)
        for index, variable in enumerate(self.outputs):
            if variable.owner is None:
                variable.owner = self
                variable.index = index
            elif variable.owner is not self or variable.index != index:
                raise ValueError(f"output {index} of {op} already belongs to another node")
        self.where, self.origin = source.here()
        if _observer is not None:
            _observer(self)

    @property
    def out(self) -> Variable:
        """The only output."""
        if len(self.outputs) != 1:
            raise AttributeError(f"{self.op} has {len(self.outputs)} outputs; name one with .outputs[k]")
        return self.outputs[0]

    @property
    def nin(self) -> int:
        return len(self.inputs)

    @property
    def nout(self) -> int:
        return len(self.outputs)

    def clone_with_new_inputs(self, inputs: Sequence[Variable]) -> "Apply":
        """The same operation on other inputs, at the same place in the user's text."""
        with source.attributed_to(self.where, self.origin):
            node: Apply = self.op.make_node(*inputs)
        return node

    def __str__(self) -> str:
        return f"{self.op}({', '.join(map(str, self.inputs))})"

    def __repr__(self) -> str:
        return str(self)


def toposort(outputs: Iterable[Variable], stop: Iterable[Variable] = ()) -> list[Apply]:
    """Nodes needed for `outputs`, inputs before users, each once; variables in `stop` are not looked behind.

    The order is that of a depth-first walk from the first output, so it is the same for equal graphs. Iterative: depth
    is no limit.
    """
    stops = set(stop)
    done: set[Apply] = set()
    order: list[Apply] = []
    for output in outputs:
        if output.owner is None or output in stops or output.owner in done:
            continue
        stack: list[tuple[Apply, Iterator[Variable]]] = [(output.owner, iter(output.owner.inputs))]
        seen = {output.owner}
        while stack:
            node, remaining = stack[-1]
            for variable in remaining:
                owner = variable.owner
                if owner is not None and owner not in done and owner not in seen and variable not in stops:
                    seen.add(owner)
                    stack.append((owner, iter(owner.inputs)))
                    break
            else:
                stack.pop()
                done.add(node)
                order.append(node)
    return order


def leaves(outputs: Iterable[Variable], stop: Iterable[Variable] = ()) -> list[Variable]:
    """Variables without owner (and those in `stop`) that `outputs` depend on, in the order they are met, each once."""
    stops = set(stop)
    outputs = list(outputs)
    found: dict[Variable, None] = {}
    for node in toposort(outputs, stops):
        for variable in node.inputs:
            if variable.owner is None or variable in stops:
                found.setdefault(variable)
    for variable in outputs:
        if variable.owner is None or variable in stops:
            found.setdefault(variable)
    return list(found)


def clients(nodes: Iterable[Apply]) -> dict[Variable, list[tuple[Apply, int]]]:
    """For each variable read by `nodes`: the nodes that read it and at which input."""
    users: dict[Variable, list[tuple[Apply, int]]] = {}
    for node in nodes:
        for position, variable in enumerate(node.inputs):
            users.setdefault(variable, []).append((node, position))
    return users


def rebuild(
    outputs: Sequence[Variable],
    replace: dict[Variable, Variable],
    make: Callable[[Apply, Sequence[Variable]], Sequence[Variable]] | None = None,
) -> list[Variable]:
    """Copies of `outputs` in which each key of `replace` is its value; parts without a replacement are shared.

    Args:
        outputs: variables to rebuild.
        replace: variable -> what stands in its place.
        make: makes the outputs of a node from its old node and new inputs; by default a clone at the same line.
    """
    done: dict[Variable, Variable] = dict(replace)
    for node in toposort(outputs, replace):
        inputs = [done.get(variable, variable) for variable in node.inputs]
        if all(new is old for new, old in zip(inputs, node.inputs)):
            continue
        new_outputs = make(node, inputs) if make is not None else node.clone_with_new_inputs(inputs).outputs
        for old, new in zip(node.outputs, new_outputs):
            if new.name is None and old.name is not None and old not in replace:
                new.name = old.name
            done.setdefault(old, new)
    return [done.get(variable, variable) for variable in outputs]


class Flat:
    """A graph as a flat list, for saving: depth is no limit, and what is shared stays shared.

    Args:
        variables: the variables to keep; what they depend on is kept with them.
    """

    def __init__(self, variables: Sequence[Variable]) -> None:
        nodes = toposort(variables)
        self.leaves = leaves(variables)
        index = {variable: k for k, variable in enumerate(self.leaves)}
        self.nodes: list[tuple[Any, list[int], list[tuple[Any, str | None]], source.Where]] = []
        for node in nodes:
            outputs = [(output.type, output.name) for output in node.outputs]
            self.nodes.append((node.op, [index[variable] for variable in node.inputs], outputs, node.where))
            for output in node.outputs:
                index[output] = len(index)
        self.variables = [index[variable] for variable in variables]

    def restore(self) -> list[Variable]:
        """The variables again: fresh nodes on the kept leaves."""
        known = list(self.leaves)
        for op, inputs, outputs, where in self.nodes:
            with source.attributed_to(where, None):
                made = [type_.make_variable(name) for type_, name in outputs]
                known.extend(Apply(op, [known[k] for k in inputs], made).outputs)
        return [known[k] for k in self.variables]
