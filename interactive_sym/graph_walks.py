"""Walking graphs by the names Theano programs know: `inputs`, `ancestors`, `io_toposort`, `is_same_graph`, ...

Variables have `.owner` (the node that makes them) and nodes `.inputs`, `.outputs` and `.op`; these functions follow
them. Each is iterative, so the depth of a graph is no limit.

Read next: `core.graph`, whose functions they call; `core.program`.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .core.graph import Apply, Constant, Variable, leaves, rebuild, toposort
from .core.program import Program, make_program

__all__ = [
    "FunctionGraph",
    "ancestors",
    "as_string",
    "clone",
    "clone_get_equiv",
    "general_toposort",
    "inputs",
    "io_connection_pattern",
    "io_toposort",
    "is_same_graph",
    "list_of_nodes",
    "op_as_string",
    "ops",
    "orphans",
    "stack_search",
    "variables",
    "variables_and_orphans",
    "view_roots",
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


def variables_and_orphans(i: Iterable[Variable], o: Iterable[Variable]) -> tuple[list[Variable], list[Variable]]:
    """Every variable that outputs need from the inputs `i` on, and those of them that no node computes nor `i` has.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x, y = T.dvectors("x", "y")
        >>> found, missing = variables_and_orphans([x], [x * y])
        >>> len(found), missing
        (3, [y])
    """
    given = list(i)
    found = ancestors(o, given)
    return found, [x for x in found if x.owner is None and x not in set(given)]


def stack_search(
    start: Iterable[Any],
    expand: Callable[[Any], Iterable[Any] | None],
    mode: str = "bfs",
    build_inv: bool = False,
) -> Any:
    """Everything that is reached from `start`, each once, in the order of the search.

    Args:
        start: where it begins: any hashable objects.
        expand: from an object those that come after it; None or empty for none.
        mode: "bfs", what is near first, or "dfs", what was met last first.
        build_inv: return besides a dict from each object to those whose `expand` gave it.

    Raises:
        ValueError: `mode` is neither.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dvector("x")
        >>> y = T.exp(x)
        >>> stack_search([y], lambda v: v.owner and v.owner.inputs) == [y, x]
        True
    """
    if mode not in ("bfs", "dfs"):
        raise ValueError(f"stack_search: mode must be 'bfs' or 'dfs', got {mode!r}")
    pending = deque(start)
    found: dict[Any, None] = {}
    reached_from: dict[Any, list[Any]] = {}
    while pending:
        here = pending.popleft() if mode == "bfs" else pending.pop()
        if here in found:
            continue
        found[here] = None
        for following in expand(here) or ():
            reached_from.setdefault(following, []).append(here)
            pending.append(following)
    return (list(found), reached_from) if build_inv else list(found)


def io_connection_pattern(inputs: Sequence[Variable], outputs: Sequence[Variable]) -> list[list[bool]]:
    """`[input][output]`: whether a gradient may pass from that output to that input, by the operations between.

    Args:
        inputs, outputs: the graph.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x, y = T.dvectors("x", "y")
        >>> io_connection_pattern([x, y], [T.exp(x), T.argmax(x * y)])
        [[True, False], [False, False]]
    """
    nodes = toposort(outputs, inputs)
    pattern = []
    for x in inputs:
        connected = {x}
        for node in nodes:
            if connected.isdisjoint(node.inputs):
                continue
            passes = node.op.connection_pattern(node)
            for k, output in enumerate(node.outputs):
                if any(a in connected and passes[position][k] for position, a in enumerate(node.inputs)):
                    connected.add(output)
        pattern.append([y in connected for y in outputs])
    return pattern


def op_as_string(
    i: Sequence[Variable],
    op: Apply,
    leaf_formatter: Callable[[Variable], str] = str,
    node_formatter: Callable[[Any, Sequence[str]], str] | None = None,
) -> str:
    """A node as text: its operation and, in brackets, what it reads, down to the inputs `i`.

    Args:
        i: inputs of the graph, written as they are.
        op: the node (the name is Theano's).
        leaf_formatter: writes a variable that is not looked behind.
        node_formatter: writes an operation from it and the texts of its inputs.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dvector("x")
        >>> op_as_string([x], T.exp(x * x).owner)
        'exp(mul(x, x))'
    """
    return _texts(i, op.outputs, leaf_formatter, node_formatter)[op.outputs[0]].removesuffix("::0")


def as_string(
    i: Sequence[Variable],
    o: Sequence[Variable],
    leaf_formatter: Callable[[Variable], str] = str,
    node_formatter: Callable[[Any, Sequence[str]], str] | None = None,
) -> list[str]:
    """Outputs as texts: what is computed from what; `op(...)::k` is output k of several.

    Args:
        i: inputs of the graph, not looked behind.
        o: the outputs.
        leaf_formatter: writes a variable that is not looked behind.
        node_formatter: writes an operation from it and the texts of its inputs.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x, y = T.dvectors("x", "y")
        >>> as_string([x], [T.exp(x) + y, x])
        ['add(exp(x), y)', 'x']
    """
    texts = _texts(i, o, leaf_formatter, node_formatter)
    return [texts.get(x) or leaf_formatter(x) for x in o]


def _texts(
    i: Sequence[Variable],
    o: Iterable[Variable],
    leaf_formatter: Callable[[Variable], str],
    node_formatter: Callable[[Any, Sequence[str]], str] | None,
) -> dict[Variable, str]:
    """The text of every variable that a node computes."""
    texts: dict[Variable, str] = {}
    for node in toposort(o, i):
        operands = [texts.get(x) or leaf_formatter(x) for x in node.inputs]
        text = node_formatter(node.op, operands) if node_formatter else f"{node.op}({', '.join(operands)})"
        several = len(node.outputs) > 1
        texts.update((y, f"{text}::{k}" if several else text) for k, y in enumerate(node.outputs))
    return texts


def view_roots(r: Variable) -> list[Variable]:
    """The variables whose memory `r` shows, as the operations between say (`view_map`); `[r]` where it has its own.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dvector("x")
        >>> y = T.exp(x)
        >>> view_roots(y) == [y]
        True
    """
    roots: dict[Variable, None] = {}
    pending = [r]
    while pending:
        x = pending.pop()
        shown = (getattr(x.owner.op, "view_map", None) or {}).get(x.index, ()) if x.owner is not None else ()
        if x.owner is not None and shown:
            pending.extend(x.owner.inputs[position] for position in reversed(shown))
        else:
            roots[x] = None
    return list(roots)


def clone_get_equiv(
    inputs: Sequence[Variable],
    outputs: Sequence[Variable],
    copy_inputs: bool = True,
    copy_orphans: bool = True,
    memo: dict[Any, Any] | None = None,
) -> dict[Any, Any]:
    """A copy of a graph, as a dict from variables and nodes to their copies.

    Args:
        inputs, outputs: the graph.
        copy_inputs: whether the copy has inputs of its own.
        copy_orphans: whether it has its own of what it needs besides the inputs.
        memo: copies that there are already; it is added to and returned.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dvector("x")
        >>> y = x + 1
        >>> copies = clone_get_equiv([x], [y])
        >>> copies[y].owner.inputs[0] is copies[x], copies[x] is x
        (True, False)
    """
    copies: dict[Any, Any] = {} if memo is None else memo
    for own, found in ((copy_inputs, inputs), (copy_orphans, orphans(inputs, outputs))):
        for x in found:
            copies.setdefault(x, x.clone() if own else x)
    for node in toposort(outputs, inputs):
        if node not in copies:
            copies[node] = made = node.clone_with_new_inputs([copies[x] for x in node.inputs])
            for old, new in zip(node.outputs, made.outputs):
                new.name = old.name
                copies.setdefault(old, new)
    for x in outputs:
        copies.setdefault(x, x)
    return copies


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
