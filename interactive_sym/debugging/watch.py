"""Values of every node of a program that runs.

The program is compiled once more, with all its nodes as outputs: the same nodes in the same order, computed by the same
C. Where a function is interpreted, where a node may never be computed (branches), or where the compiled code stops with
an error, the interpreter computes them.

Read next: `monitor`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ..core.errors import KernelError
from ..core.graph import Apply, Constant, Variable
from ..core.ops.body import is_lazy
from ..core.program import Program
from ..core.reference import Interpreter
from ..core.shared import SharedVariable
from ..mode import Mode

#: Called with a node's number, the node, its input values and its output values.
Hook = Callable[[int, Apply, list[Any], list[Any]], None]


class Watched(Protocol):
    """What a watcher asks of a function."""

    name: str
    program: Program
    trace: Any
    mode: Mode

    def kernel(self, program: Program, shape: str = "all") -> Callable[..., Any]: ...

    def checked(self, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> list[Any]: ...

    def finished(self, results: Sequence[Any]) -> Any: ...


class Watcher:
    """Runs a function's program, and shows each node with its values before results are stored or returned.

    Args:
        function: whose program it is.
        before, after: called for each node, in order.
    """

    def __init__(self, function: Watched, before: Hook | None = None, after: Hook | None = None) -> None:
        self.function = function
        self.program = function.program
        self.before, self.after = before, after
        self.numbers = self.program.numbers
        self._outputs = [x for node in self.program.nodes for x in node.outputs]
        self._kernel: Callable[..., Any] | None = None
        if function.mode.compiles and not any(is_lazy(node) for node in self.program.nodes):
            observed = replace(self.program, outputs=tuple(self._outputs), updates=())
            self._kernel = function.kernel(observed)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        table = self.values(self.function.checked(arguments, keywords))
        return self.function.finished([table[x] for x in self.program.results])

    def values(self, inputs: Sequence[Any]) -> dict[Variable, Any]:
        """Values of all variables of the program, each shown to the hooks."""
        if self._kernel is None:
            return self._interpreted(inputs)
        try:
            results = self._kernel(*inputs)
        except Exception as error:
            self._interpreted(inputs)  # shows the nodes before the failure, and raises the error that names the line
            if isinstance(error, KernelError):
                raise RuntimeError(
                    f"{self.function.name}: the compiled code fails where the reference does not"
                ) from None
            raise
        table = self._leaves(inputs)
        table.update(zip(self._outputs, results))
        for number, node in enumerate(self.program.nodes):
            self._show(number, node, [table[x] for x in node.inputs], [table[x] for x in node.outputs])
        return table

    def _leaves(self, inputs: Sequence[Any]) -> dict[Variable, Any]:
        table: dict[Variable, Any] = dict(zip(self.program.inputs, inputs))
        for variable in (*(x for node in self.program.nodes for x in node.inputs), *self.program.results):
            if variable.owner is None and variable not in table:
                if isinstance(variable, Constant):
                    table[variable] = variable.data
                elif isinstance(variable, SharedVariable):
                    table[variable] = variable.container.storage[0]
        return table

    def _interpreted(self, inputs: Sequence[Any]) -> dict[Variable, Any]:
        table = self._leaves(inputs)
        done: set[Apply] = set()

        def observe(node: Apply, values: list[Any], results: list[Any]) -> None:
            table.update(zip(node.outputs, results))
            done.add(node)
            if node in self.numbers:
                self._show(self.numbers[node], node, values, results)

        interpreter = Interpreter(self.program.inputs, self.program.results, self.program.nodes)
        try:
            results = interpreter(*inputs, observe=observe)
        except Exception:
            for number, node in enumerate(self.program.nodes):
                if node not in done and all(x in table for x in node.inputs):
                    if self.before is not None:
                        self.before(number, node, [table[x] for x in node.inputs], [None] * len(node.outputs))
                    break
            raise
        table.update(zip(self.program.results, results))
        return table

    def _show(self, number: int, node: Apply, inputs: list[Any], outputs: list[Any]) -> None:
        if self.before is not None:
            self.before(number, node, inputs, outputs)
        if self.after is not None:
            self.after(number, node, inputs, outputs)


@dataclass(frozen=True)
class WatchingMode(Mode, ABC):
    """A mode whose functions are watched: `watcher` says how."""

    @abstractmethod
    def watcher(self, function: Watched) -> Callable[..., Any]:
        """What is called instead of the function."""

    def link(self, function: Any) -> Callable[..., Any] | None:
        return self.watcher(function)
