"""The graph: variables, constants, apply nodes, and walks over them (floor A).

A `Variable` is compared by identity: two equal graphs are two graphs, for `grad` and for `givens`. An `Apply` is an
operation applied to variables; it never changes once made, so graphs are acyclic by construction.

Read next: `op` (what an operation knows), `types` (tensor types), `variable` (operators and methods).
"""

import weakref
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
        tag: a free namespace. Programs may also set attributes of their own on the variable itself.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dvector("x")
        >>> y = T.exp(x)
        >>> x.owner, y.owner.op.name, y.owner.inputs
        (None, 'exp', (x,))
    """

    __slots__ = ("__dict__", "__weakref__", "_tag", "index", "name", "owner", "type")

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

    def __reduce_ex__(self, protocol: Any) -> Any:
        if self.owner is None:
            return super().__reduce_ex__(max(2, int(protocol)))
        kept = Kept.of(self)
        return _variable_again, (kept.flat, kept.place)

    def __getstate__(self) -> Any:
        state = {name: getattr(self, name) for name in _own_names(self)}
        state.update(type=self.type, name=self.name, owner=None, index=None, _tag=None)
        if self._tag is not None:
            state["_tag"] = SimpleNamespace(**_tag_to_save(self._tag))
        return None, state

    def clone(self) -> "Variable":
        """A fresh input variable of the same type and name.

        Example:
            >>> import interactive_sym.tensor as T
            >>> x = T.dvector("x")
            >>> x.clone().type == x.type, x.clone() is x
            (True, False)
        """
        variable: Variable = self.type.make_variable(self.name)
        return variable

    def get_parents(self) -> "list[Apply]":
        """The node that computes it, as a list; empty for variables without owner.

        Example:
            >>> import interactive_sym.tensor as T
            >>> x = T.dvector("x")
            >>> x.get_parents(), T.exp(x).get_parents()
            ([], [exp(x)])
        """
        return [] if self.owner is None else [self.owner]

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
    """A variable whose value is known: `data`.

    Args:
        type: its type, which has checked `data`.
        data: the value; not to be changed.
        name: its name, or None.

    Example:
        >>> import interactive_sym.tensor as T
        >>> two = T.constant(2)
        >>> two.data, two.type
        (array(2, dtype=int8), TensorType(int8, scalar))
    """

    __slots__ = ("_signature", "data")

    def __init__(self, type: Any, data: Any, name: str | None = None):
        super().__init__(type, None, None, name)
        self.data = data
        self._signature: tuple[Any, ...] | None = None

    @property
    def value(self) -> Any:
        return self.data

    def signature(self) -> tuple[Any, ...]:
        """A hashable key: equal for constants that may stand for each other (same type, same bits).

        Example:
            >>> import interactive_sym.tensor as T
            >>> two, float_two = T.constant(2), T.constant(2.0)
            >>> two.signature() == T.constant(2).signature(), two.signature() == float_two.signature()
            (True, False)
        """
        if self._signature is None:
            data = self.data
            content = data.tobytes() if hasattr(data, "tobytes") else id(data)
            self._signature = (self.type, content)
        return self._signature

    def equals(self, other: Any) -> bool:
        """Whether `other` is a constant of the same type and bits.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant(2).equals(T.constant(2)), T.constant(2).equals(T.constant(2.0))
            (True, False)
        """
        return isinstance(other, Constant) and self.signature() == other.signature()

    def merge_signature(self) -> tuple[Any, ...]:
        """The key by which equal constants are merged: `signature()`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant(2).merge_signature() == T.constant(2).signature()
            True
        """
        return self.signature()

    def clone(self) -> "Constant":
        """Another constant of the same type, value and name.

        Example:
            >>> import interactive_sym.tensor as T
            >>> two = T.constant(2)
            >>> two.clone() is two, two.clone().equals(two)
            (False, True)
        """
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

    Example:
        >>> import interactive_sym.tensor as T
        >>> x, y = T.dscalars("x", "y")
        >>> node = (x + y).owner
        >>> node.op, node.inputs, node.outputs[0].owner is node
        (add, (x, y), True)
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

    def __reduce__(self) -> tuple[Any, ...]:
        kept = Kept.of(self.outputs[0])
        return _node_again, (kept.flat, kept.place)

    @property
    def out(self) -> Variable:
        """The only output."""
        if len(self.outputs) != 1:
            raise AttributeError(f"{self.op} has {len(self.outputs)} outputs; name one with .outputs[k]")
        return self.outputs[0]

    def default_output(self) -> Variable:
        """The output that stands for the node in expressions: the only one, or the operation's `default_output`.

        Raises:
            ValueError: the node has several outputs, and its operation does not say which it is.

        Example:
            >>> import interactive_sym.tensor as T
            >>> y = T.exp(T.dvector("x"))
            >>> y.owner.default_output() is y
            True
        """
        chosen = getattr(self.op, "default_output", None)
        if chosen is None:
            if len(self.outputs) != 1:
                raise ValueError(f"{self.op} has {len(self.outputs)} outputs and no default; name one with .outputs[k]")
            chosen = 0
        return self.outputs[chosen]

    def get_parents(self) -> list[Variable]:
        """Its inputs, as a list.

        Example:
            >>> import interactive_sym.tensor as T
            >>> x, y = T.dvectors("x", "y")
            >>> (x + y).owner.get_parents()
            [x, y]
        """
        return list(self.inputs)

    def clone(self) -> "Apply":
        """The same operation on the same inputs, with fresh outputs.

        Example:
            >>> import interactive_sym.tensor as T
            >>> node = T.exp(T.dvector("x")).owner
            >>> twin = node.clone()
            >>> twin.inputs == node.inputs, twin.outputs[0] is node.outputs[0]
            (True, False)
        """
        outputs = [output.type.make_variable(output.name) for output in self.outputs]
        with source.attributed_to(self.where, self.origin):
            return type(self)(self.op, self.inputs, outputs)

    @property
    def nin(self) -> int:
        return len(self.inputs)

    @property
    def nout(self) -> int:
        return len(self.outputs)

    def clone_with_new_inputs(self, inputs: Sequence[Variable], strict: bool = True) -> "Apply":
        """The same operation on other inputs, at the same place in the user's text.

        `strict` is accepted for old programs: output types always follow from the new inputs.

        Example:
            >>> import interactive_sym.tensor as T
            >>> x, y = T.dscalars("x", "y")
            >>> T.exp(x).owner.clone_with_new_inputs([y])
            exp(y)
        """
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


#: For nodes that a pickler is writing: the flat list that has them. Lists live as long as the pickler remembers them.
_kept_in: "weakref.WeakKeyDictionary[Apply, weakref.ref[Flat]]" = weakref.WeakKeyDictionary()


class Flat:
    """A graph as a flat list, for saving: depth is no limit, and what is shared stays shared.

    Nodes that another living list has already are referred to, so that all variables that one pickler writes are parts
    of one graph again when they are read.

    Args:
        variables: the variables to keep; what they depend on is kept with them.
    """

    def __init__(self, variables: Sequence[Variable]) -> None:
        nodes = _not_kept(variables)
        mine = set(nodes)
        self._index: dict[Variable, int] = {}
        #: Variables without owner, and places in other lists.
        self.leaves: list[Variable | Kept] = []
        for variable in [x for node in nodes for x in node.inputs] + list(variables):
            if variable not in self._index and variable.owner not in mine:
                self._index[variable] = len(self.leaves)
                self.leaves.append(variable if variable.owner is None else Kept.of(variable))
        for node in nodes:
            for output in node.outputs:
                self._index[output] = len(self._index)
        place = {node: number for number, node in enumerate(nodes)}
        self.nodes: list[tuple[Any, ...]] = []
        for node in nodes:
            outputs = [(type(output), output.type, output.name, self._extras(output)) for output in node.outputs]
            origin = node.origin
            kept = (origin.kind, origin.detail, place.get(origin.of)) if origin is not None else None
            self.nodes.append((node.op, [self._index[x] for x in node.inputs], outputs, node.where, kept))
        self.variables = [self._index[variable] for variable in variables]
        self._restored: list[Variable] | None = None
        me = weakref.ref(self)
        for node in nodes:
            _kept_in[node] = me

    def _extras(self, variable: Variable) -> dict[str, Any]:
        """What a variable has beside type and name: its tag, and attributes of its class."""
        found = {}
        if variable._tag is not None:
            tag = _tag_to_save(variable._tag)
            if tag:
                found["_tag"] = {name: self._referring(value) for name, value in tag.items()}
        for name in _own_names(variable):
            found[name] = self._referring(getattr(variable, name))
        return found

    def _referring(self, value: Any) -> Any:
        """`value` with places in this list for its variables."""
        if isinstance(value, Variable) and value in self._index:
            return _Place(self._index[value])
        if type(value) in (list, tuple):
            return type(value)(map(self._referring, value))
        return value

    def __getstate__(self) -> tuple[Any, ...]:
        return self.leaves, self.nodes, self.variables

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.leaves, self.nodes, self.variables = state
        self._index, self._restored = {}, None

    def place(self, variable: Variable) -> int:
        """The place of a variable, for `variable`."""
        return self._index[variable]

    def variable(self, place: int) -> Variable:
        """The variable at a place."""
        return self._all()[place]

    def restore(self) -> list[Variable]:
        """The variables again: fresh nodes on the kept leaves, the same each time."""
        known = self._all()
        return [known[k] for k in self.variables]

    def _all(self) -> list[Variable]:
        if self._restored is not None:
            return self._restored
        known = [x.variable() if isinstance(x, Kept) else x for x in self.leaves]
        made: list[Apply] = []
        pending = []
        for op, inputs, outputs, where, kept in self.nodes:
            origin = source.Origin(kept[0], kept[1], None) if kept is not None else None
            fresh = []
            for class_, type_, name, extras in outputs:
                variable = class_.__new__(class_)
                Variable.__init__(variable, type_, None, None, name)
                fresh.append(variable)
                if extras:
                    pending.append((variable, extras))
            with source.attributed_to(where, origin):
                made.append(Apply(op, [known[k] for k in inputs], fresh))
            if origin is not None:  # the node it was made of where that was kept, else this one
                made_of = kept[2]
                origin.of = made[made_of if made_of is not None and made_of < len(made) else -1]
            known.extend(fresh)
        self._restored = known

        def resolved(value: Any) -> Any:
            if isinstance(value, _Place):
                return known[value.place]
            if type(value) in (list, tuple):
                return type(value)(map(resolved, value))
            return value

        for variable, extras in pending:
            for name, value in extras.items():
                found = (
                    SimpleNamespace(**{k: resolved(v) for k, v in value.items()}) if name == "_tag" else resolved(value)
                )
                setattr(variable, name, found)
        return known


class _Place:
    """A place in the list that refers to it."""

    __slots__ = ("place",)

    def __init__(self, place: int) -> None:
        self.place = place


class Kept:
    """A variable in a flat list, looked up when it is wanted."""

    __slots__ = ("flat", "place")

    def __init__(self, flat: Flat, place: int) -> None:
        self.flat = flat
        self.place = place

    @classmethod
    def of(cls, variable: Variable) -> "Kept":
        """A variable that a node computes, in the living list that has its node, or in a new one."""
        assert variable.owner is not None
        found = _living(variable.owner)
        flat = found if found is not None else Flat([variable])
        return cls(flat, flat.place(variable))

    def variable(self) -> Variable:
        return self.flat.variable(self.place)


def _living(node: Apply) -> Flat | None:
    """The flat list that has the node, if there is one."""
    kept = _kept_in.get(node)
    return kept() if kept is not None else None


def _not_kept(outputs: Sequence[Variable]) -> list[Apply]:
    """Nodes needed for `outputs` that no living list has, inputs before users."""
    order: list[Apply] = []
    seen: set[Apply] = set()
    for output in outputs:
        if output.owner is None or output.owner in seen or _living(output.owner) is not None:
            continue
        seen.add(output.owner)
        stack = [(output.owner, iter(output.owner.inputs))]
        while stack:
            node, remaining = stack[-1]
            for variable in remaining:
                owner = variable.owner
                if owner is not None and owner not in seen and _living(owner) is None:
                    seen.add(owner)
                    stack.append((owner, iter(owner.inputs)))
                    break
            else:
                stack.pop()
                order.append(node)
    return order


def _own_names(variable: Variable) -> list[str]:
    """Attributes that a variable has beside those of every variable: of its class, and what a program has set."""
    slots = [name for base in type(variable).__mro__ if base is not Variable for name in getattr(base, "__slots__", ())]
    return [name for name in slots if name != "__weakref__" and hasattr(variable, name)] + list(vars(variable))


def _tag_to_save(tag: SimpleNamespace) -> dict[str, Any]:
    """A tag without what belongs to this process: functions kept for `eval`."""
    left_out = {"eval_functions"} | (set() if config.pickle_test_value else {"test_value"})
    return {name: value for name, value in vars(tag).items() if name not in left_out}


def _variable_again(flat: Flat, place: int) -> Variable:
    return flat.variable(place)


def _node_again(flat: Flat, place: int) -> Apply | None:
    return flat.variable(place).owner
