"""The NumPy interpreter: performs the nodes of a graph one after the other (floor D).

It is the reference that compiled functions are compared with, and what runs where there is no C compiler.

Read next: `interactive_sym.function`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .graph import Apply, Constant, Variable, leaves, toposort
from .op import performed
from .ops.body import is_lazy, run_lazily
from .shared import SharedVariable

_MAY_HAND_ON = ("specify_shape", "unbroadcast", "ifelse", "branches", "scan")


class Interpreter:
    """Nodes made ready to run: a value has a place in one list, and places of dead values are emptied on the way.

    Args:
        inputs: variables whose values a call gets.
        outputs: variables whose values a call returns.
        nodes: the nodes needed, inputs before users; worked out where not given.
    """

    def __init__(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], nodes: Sequence[Apply] | None = None
    ) -> None:
        self.inputs = tuple(inputs)
        self.outputs = tuple(outputs)
        self.nodes = tuple(toposort(outputs, inputs) if nodes is None else nodes)
        place: dict[Variable, int] = {}
        for variable in self.inputs:
            place.setdefault(variable, len(place))
        self._fixed: list[tuple[int, Any]] = []
        self._shared: list[tuple[int, SharedVariable]] = []
        for variable in [x for node in self.nodes for x in node.inputs] + list(self.outputs):
            if variable.owner is None and variable not in place:
                place[variable] = len(place)
                if isinstance(variable, Constant):
                    self._fixed.append((place[variable], variable.data))
                elif isinstance(variable, SharedVariable):
                    self._shared.append((place[variable], variable))
                else:
                    raise ValueError(f"no value for {variable}: it is neither an input, a constant nor shared")
        for node in self.nodes:
            for variable in node.outputs:
                place.setdefault(variable, len(place))
        self._place = place
        self._size = len(place)
        self._steps = self._plan()
        self._lazy = any(is_lazy(node) for node in self.nodes)

    def _plan(self) -> list[tuple[Apply, list[int], list[int], list[int]]]:
        """For each node: places it reads, places it writes, places not read by anyone after it."""
        place = self._place
        last: dict[int, int] = {}
        for position, node in enumerate(self.nodes):
            for variable in (*node.inputs, *node.outputs):
                last[place[variable]] = position
        kept = {place[variable] for variable in self.outputs}
        kept.update(index for index, _ in self._fixed)
        dead: dict[int, list[int]] = {}
        for index, position in last.items():
            if index not in kept:
                dead.setdefault(position, []).append(index)
        return [
            (node, [place[x] for x in node.inputs], [place[x] for x in node.outputs], dead.get(position, []))
            for position, node in enumerate(self.nodes)
        ]

    def __call__(self, *values: Any, observe: Callable[[Apply, list[Any], list[Any]], None] | None = None) -> list[Any]:
        """Values of the outputs.

        Args:
            values: one for each input, already of the input's type.
            observe: called after each node with the node, its input values and its output values.

        Outputs share no memory with inputs, shared values, constants or each other.
        """
        if len(values) != len(self.inputs):
            raise TypeError(f"{len(self.inputs)} values are wanted, got {len(values)}")
        if self._lazy:
            return self._detached(run_lazily(self.outputs, dict(zip(self.inputs, values)), observe), values)
        table: list[Any] = [None] * self._size
        for variable, value in zip(self.inputs, values, strict=True):
            table[self._place[variable]] = value
        for index, value in self._fixed:
            table[index] = value
        for index, shared in self._shared:
            table[index] = shared.container.storage[0]
        for node, reads, writes, dead in self._steps:
            arguments = [table[index] for index in reads]
            results = performed(node, arguments)
            for index, result in zip(writes, results, strict=True):
                table[index] = result
            if observe is not None:
                observe(node, arguments, results)
            for index in dead:
                table[index] = None
        return self._detached([table[self._place[variable]] for variable in self.outputs], values)

    def _detached(self, results: list[Any], values: Sequence[Any]) -> list[Any]:
        """Outputs as arrays of their own."""
        made = {id(x) for node in self.nodes for x in node.outputs}
        given = {id(value) for value in values} | {id(shared.container.storage[0]) for _, shared in self._shared}
        separate = []
        for variable, result in zip(self.outputs, results, strict=True):
            if isinstance(result, np.ndarray):
                own = id(variable) in made and result.base is None and result.flags.writeable
                if not own or id(result) in given or not result.flags.c_contiguous or _may_be_input(variable):
                    result = np.array(result, order="C")
                given.add(id(result))
            separate.append(result)
        return separate


def _may_be_input(variable: Variable) -> bool:
    """Whether the variable's operation may hand on an input array itself (checks, forgotten sizes, branches, loops)."""
    return variable.owner is not None and variable.owner.op.name in _MAY_HAND_ON


def run(nodes: Sequence[Apply], values: Mapping[Variable, Any]) -> dict[Variable, Any]:
    """Perform `nodes` in order, from the given values: the values of all variables on the way.

    Constants and shared variables have their own values.
    """
    table: dict[Variable, Any] = dict(values)
    for node in nodes:
        arguments = []
        for variable in node.inputs:
            if variable not in table:
                if isinstance(variable, Constant):
                    table[variable] = variable.data
                elif isinstance(variable, SharedVariable):
                    table[variable] = variable.container.storage[0]
                else:
                    raise ValueError(f"no value for {variable}: it is neither given, constant nor shared")
            arguments.append(table[variable])
        table.update(zip(node.outputs, performed(node, arguments), strict=True))
    return table


def evaluate(outputs: Sequence[Variable], values: Mapping[Variable, Any] | None = None) -> list[Any]:
    """Values of `outputs` for the given values of the variables they depend on.

    Raises:
        ValueError: a variable has no value.
    """
    given = values or {}
    for variable in leaves(outputs, given):
        if variable not in given and not isinstance(variable, (Constant, SharedVariable)):
            raise ValueError(f"no value for {variable}")
    filtered = [variable.type.filter(value, name=str(variable)) for variable, value in given.items()]
    return Interpreter(list(given), outputs)(*filtered)
