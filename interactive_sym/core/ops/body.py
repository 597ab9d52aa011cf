"""Inner graphs: what operations that hold a graph of their own (loops, branches) have inside (floor B).

A `Body` is closed: every variable it depends on is one of its inputs or a constant. Two bodies are equal when they
compute the same in the same way, so that equal loops become one.

Read next: `control`, `scan`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..errors import message
from ..graph import Apply, Constant, Flat, Variable, leaves, rebuild, toposort
from ..op import performed
from ..shared import SharedVariable

Observer = Callable[[Apply, list[Any], list[Any]], None]


class Body:
    """An inner graph.

    Args:
        inputs: variables whose values a run gets; they may be unused.
        outputs: variables whose values a run gives.

    Attributes:
        nodes: the nodes needed, inputs before users.

    Raises:
        ValueError: it depends on a variable that is neither an input nor constant.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x, y = T.dscalars("x", "y")
        >>> Body([x], [x + 1]) == Body([y], [y + 1])
        True
    """

    def __init__(self, inputs: Sequence[Variable], outputs: Sequence[Variable]) -> None:
        self.inputs = tuple(inputs)
        self.outputs = tuple(outputs)
        self.nodes = tuple(toposort(outputs, inputs))
        given = set(self.inputs)
        for variable in leaves(outputs, inputs):
            if variable not in given and not isinstance(variable, Constant):
                raise ValueError(f"an inner graph needs {variable}, which is not one of its inputs")
        self._key: Any = None
        self._plan: Any = None

    @property
    def key(self) -> Any:
        """A hashable value, equal for bodies that compute the same in the same way."""
        if self._key is None:
            names: dict[Variable, Any] = {variable: (-1, k) for k, variable in enumerate(self.inputs)}

            def name(variable: Variable) -> Any:
                known = names.get(variable)
                return known if known is not None else variable.signature()  # type: ignore[attr-defined]

            rows = []
            for number, node in enumerate(self.nodes):
                rows.append((node.op, tuple(name(x) for x in node.inputs)))
                for k, output in enumerate(node.outputs):
                    names.setdefault(output, (number, k))
            self._key = (
                tuple(x.type for x in self.inputs),
                tuple(rows),
                tuple(name(x) for x in self.outputs),
            )
        return self._key

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Body) and self.key == other.key)

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"<{len(self.nodes)} node{'s' * (len(self.nodes) != 1)}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (Flat([*self.inputs, *self.outputs]), len(self.inputs))

    def __call__(self, values: Sequence[Any]) -> list[Any]:
        """Values of the outputs, which may share memory with those of the inputs; performed with NumPy."""
        if self._plan is None:
            self._plan = self._planned()
        steps, template, results, lazy = self._plan
        if lazy:
            table = dict(zip(self.inputs, values))
            return run_lazily(self.outputs, table)
        table = template.copy()
        table[: len(values)] = values
        for node, reads, writes in steps:
            storage: list[list[Any]] = [[None] for _ in writes]
            node.op.perform(node, [table[index] for index in reads], storage)
            for index, cell in zip(writes, storage):
                table[index] = cell[0]
        return [table[index] for index in results]

    def _planned(self) -> tuple[Any, ...]:
        place: dict[Variable, int] = {}
        template: list[Any] = [None] * len(self.inputs)
        for k, variable in enumerate(self.inputs):
            place[variable] = k

        def position(variable: Variable) -> int:
            if variable not in place:
                place[variable] = len(template)
                template.append(variable.data if isinstance(variable, Constant) else None)
            return place[variable]

        steps = [(node, [position(x) for x in node.inputs], [position(x) for x in node.outputs]) for node in self.nodes]
        results = [position(x) for x in self.outputs]
        return steps, template, results, any(is_lazy(node) for node in self.nodes)


def _restored(flat: Flat, count: int) -> Body:
    variables = flat.restore()
    return Body(variables[:count], variables[count:])


def is_lazy(node: Apply) -> bool:
    """Whether the node's operation says, from values it has seen, which inputs it needs (`wanted`)."""
    return hasattr(node.op, "wanted")


def run_lazily(outputs: Sequence[Variable], table: dict[Variable, Any], observe: Observer | None = None) -> list[Any]:
    """Values of `outputs`, computing only what is needed: of a branch that is not taken, nothing.

    Args:
        outputs: variables wanted.
        table: values known; those computed are added.
        observe: called after each node with the node, its input values and its output values.
    """
    stack = list(reversed(outputs))
    while stack:
        variable = stack[-1]
        if variable in table:
            stack.pop()
            continue
        node = variable.owner
        if node is None:
            table[variable] = _known(variable)
            continue
        needed: Sequence[Variable] = node.op.wanted(node, table) if is_lazy(node) else node.inputs
        missing = [x for x in needed if x not in table]
        if missing:
            stack.extend(reversed(missing))
            continue
        arguments = [table.get(x) for x in node.inputs]
        results = performed(node, arguments)
        for output, value in zip(node.outputs, results):
            table.setdefault(output, value)
        if observe is not None:
            observe(node, arguments, results)
    return [table[variable] for variable in outputs]


def _known(variable: Variable) -> Any:
    if isinstance(variable, Constant):
        return variable.data
    if isinstance(variable, SharedVariable):
        return variable.container.storage[0]
    raise ValueError(message(f"no value for {variable}: it is neither given, constant nor shared"))


def row_sizes(
    outputs: Sequence[Variable], shapes: Mapping[Variable, Any], stands_for: Mapping[Variable, Variable]
) -> list[Any]:
    """Shapes of inner variables in terms of outer ones.

    Args:
        outputs: inner variables.
        shapes: inner inputs -> their shapes, sequences of sizes that are ints or outer variables.
        stands_for: inner inputs -> the outer variables of the same value.

    Raises:
        TypeError: they can't be told without computing values.
    """
    from_outside = dict(stands_for)
    known: dict[Variable, Any] = dict(shapes)

    def of(variable: Variable) -> Any:
        if variable not in known:
            shape = getattr(variable.type, "shape", None)
            if variable.owner is None or shape is None or None not in shape:
                known[variable] = shape
            else:
                raise TypeError(f"the shape of {variable} is not known")
        return known[variable]

    for node in toposort(outputs, shapes):
        static = [getattr(x.type, "shape", None) for x in node.outputs]
        if all(shape is None or None not in shape for shape in static):
            known.update(zip(node.outputs, static))
            continue
        inferred = node.op.infer_shape(node, [of(x) for x in node.inputs])
        for output, shape, sizes in zip(node.outputs, static, inferred):
            known[output] = (
                None
                if shape is None or sizes is None
                else tuple(size if mine is None else mine for mine, size in zip(shape, sizes))
            )
    result = []
    for output in outputs:
        sizes = []
        for size in of(output):
            if isinstance(size, Variable):
                (size,) = rebuild([size], from_outside)
                if any(x in shapes for x in leaves([size])):
                    raise TypeError(f"the shape of {output} depends on values inside")
            sizes.append(size)
        result.append(tuple(sizes))
    return result
