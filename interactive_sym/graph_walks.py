"""Walking graphs by the names Theano programs know: `inputs`, `ancestors`, `io_toposort`, `is_same_graph`, ...

Variables have `.owner` (the node that makes them) and nodes `.inputs`, `.outputs` and `.op`; these functions follow
them. Each is iterative, so the depth of a graph is no limit.

Read next: `core.graph`, whose functions they call; `core.program`.
"""

from collections.abc import Iterable, Mapping, Sequence

from .core.graph import Apply, Constant, Variable, leaves, rebuild, toposort
from .core.program import Program, make_program

__all__ = [
    "FunctionGraph",
    "ancestors",
    "clone",
    "general_toposort",
    "inputs",
    "io_toposort",
    "is_same_graph",
    "list_of_nodes",
    "ops",
    "orphans",
    "variables",
]


def inputs(variable_list: Iterable[Variable], blockers: Iterable[Variable] | None = None) -> list[Variable]:
    """The variables without owner that others depend on: free, shared and constant ones, in the order they are met.

    Args:
        variable_list: what depends on them.
        blockers: variables that are not looked behind.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x, y = T.dvectors("x", "y")
        >>> inputs([T.exp(x) * y])
        [x, y]
    """
    return [x for x in leaves(variable_list, blockers or ()) if x.owner is None]


def ancestors(variable_list: Iterable[Variable], blockers: Iterable[Variable] | None = None) -> list[Variable]:
    """All variables that others depend on, themselves too, each once, users before what they use.

    Args:
        variable_list: where to start.
        blockers: variables that are not looked behind.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dvector("x")
        >>> y = T.exp(x)
        >>> ancestors([y]) == [y, x]
        True
    """
    stops = set(blockers or ())
    found: dict[Variable, None] = {}
    pending = list(variable_list)[::-1]
    while pending:
        x = pending.pop()
        if x not in found:
            found[x] = None
            if x.owner is not None and x not in stops:
                pending.extend(reversed(x.owner.inputs))
    return list(found)


def io_toposort(
    inputs: Iterable[Variable],
    outputs: Iterable[Variable],
    orderings: Mapping[Apply, Sequence[Apply]] | None = None,
) -> list[Apply]:
    """The nodes between inputs and outputs, each after those it reads.

    Args:
        inputs: not looked behind.
        outputs: what the nodes are needed for.
        orderings: accepted for old programs; nothing here overwrites what another node reads.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dvector("x")
        >>> [node.op.name for node in io_toposort([x], [T.exp(x) + 1])]
        ['exp', 'add']
    """
    return toposort(outputs, inputs)


def general_toposort(outputs: Iterable[Variable]) -> list[Apply]:
    """The nodes that outputs need, each after those it reads.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import graph_walks
        >>> x = T.dvector("x")
        >>> [node.op.name for node in graph_walks.general_toposort([T.exp(x) * 2])][-1]
        'mul'
    """
    return toposort(outputs)


def list_of_nodes(inputs: Iterable[Variable], outputs: Iterable[Variable]) -> list[Apply]:
    """The nodes between inputs and outputs; see `io_toposort`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import graph_walks
        >>> x = T.dvector("x")
        >>> len(graph_walks.list_of_nodes([x], [T.exp(T.sin(x))]))
        2
    """
    return toposort(outputs, inputs)


def ops(i: Iterable[Variable], o: Iterable[Variable]) -> set[Apply]:
    """The nodes between inputs and outputs, as a set (the name is Theano's).

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import graph_walks
        >>> x = T.dvector("x")
        >>> sorted(node.op.name for node in graph_walks.ops([x], [T.exp(T.sin(x))]))
        ['exp', 'sin']
    """
    return set(toposort(o, i))


def variables(i: Iterable[Variable], o: Iterable[Variable]) -> set[Variable]:
    """Every variable from inputs to outputs, with constants and other inputs that the outputs need.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import graph_walks
        >>> x = T.dvector("x")
        >>> len(graph_walks.variables([x], [T.exp(T.sin(x))]))
        3
    """
    i, o = list(i), list(o)
    found = {*i, *o}
    for node in toposort(o, i):
        found.update(node.inputs, node.outputs)
    return found


def orphans(i: Iterable[Variable], o: Iterable[Variable]) -> list[Variable]:
    """The variables that outputs need besides the inputs `i`: constants, shared variables, forgotten inputs.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x, y = T.dvectors("x", "y")
        >>> orphans([x], [x * y])
        [y]
    """
    given = list(i)
    return [x for x in leaves(o, given) if x not in set(given)]


def clone(
    i: Sequence[Variable], o: Sequence[Variable], copy_inputs: bool = True
) -> tuple[list[Variable], list[Variable]]:
    """A copy of a graph.

    Args:
        i: its inputs.
        o: its outputs.
        copy_inputs: whether the copy has inputs of its own.

    Returns:
        The copy's inputs and outputs.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dvector("x")
        >>> (z,), (y,) = clone([x], [x + 1])
        >>> z is x, y.owner.inputs[0] is z
        (False, True)
    """
    made = [x.type.make_variable(x.name) if copy_inputs else x for x in i]
    nodes: dict[Variable, Variable] = dict(zip(i, made))
    for node in toposort(o, i):
        nodes.update(zip(node.outputs, node.clone_with_new_inputs([nodes.get(x, x) for x in node.inputs]).outputs))
    return made, [nodes.get(x, x) for x in o]


def is_same_graph(var1: Variable, var2: Variable, givens: Mapping[Variable, Variable] | None = None) -> bool:
    """Whether two graphs apply equal operations to the same variables in the same way.

    Args:
        var1, var2: their outputs.
        givens: variables of either graph and what to take them for.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x, y = T.dvectors("x", "y")
        >>> is_same_graph(x + 1, x + 1), is_same_graph(x + 1, y + 1), is_same_graph(x + 1, y + 1, {x: y})
        (True, False, True)
    """
    first, second = rebuild([var1, var2], dict(givens or {}))
    pending, agreed = [(first, second)], set()
    while pending:
        a, b = pending.pop()
        if a is b or (a, b) in agreed:
            continue
        if isinstance(a, Constant) and isinstance(b, Constant) and a.type == b.type:
            if a.signature() != b.signature():
                return False
            continue
        m, n = a.owner, b.owner
        if m is None or n is None or m.op != n.op or len(m.inputs) != len(n.inputs):
            return False
        if m.outputs.index(a) != n.outputs.index(b):
            return False
        agreed.add((a, b))
        pending.extend(zip(m.inputs, n.inputs))
    return True


def FunctionGraph(inputs: Sequence[Variable], outputs: Sequence[Variable], clone: bool = True) -> Program:
    """A graph as compilation starts from: `.inputs`, `.outputs`, `.nodes`, `.toposort()`.

    Args:
        inputs: the graph's inputs.
        outputs: its outputs.
        clone: accepted for old programs; the caller's graph is never changed.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dvector("x")
        >>> [node.op.name for node in FunctionGraph([x], [T.exp(x) + 1]).toposort()]
        ['exp', 'add']
    """
    return make_program(list(inputs), list(outputs), [])
