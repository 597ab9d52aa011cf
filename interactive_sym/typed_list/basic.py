"""Operations on lists.

Read next: `type`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.constants import as_tensor_variable
from ..core.errors import message
from ..core.graph import Apply, Constant, Variable
from ..core.op import Op, register
from ..core.source import here
from ..core.types import TensorType
from ..core.variable import TensorVariable
from .type import TypedListType, same


class ListOp(Op):
    """What operations on lists have alike."""

    family = "other"
    python_only = "Python's lists"
    gradient_stops = "lists have no gradient"


def _list(x: Any, what: str) -> Any:
    if not isinstance(x, Variable) or not isinstance(x.type, TypedListType):
        raise TypeError(message(f"{what} wants a list variable, got {x!r:.60}", here()[0], cure="make_list([x, y])"))
    return x


def _element(x: Any, element: Any, what: str) -> Variable:
    """An element that fits into the list `x`; a Python or NumPy value becomes a constant of the elements' type."""
    ttype = x.type.ttype
    if not isinstance(element, Variable):
        if hasattr(ttype, "make_constant"):
            constant: Variable = ttype.make_constant(ttype.filter(element, name=f"{what}: the element"))
            return constant
        return Constant(ttype, ttype.filter(element))
    if not ttype.holds(element.type):
        raise TypeError(message(f"{what}: {x} has elements of {ttype}, got {element} of {element.type}", here()[0]))
    return element


def _integer(index: Any, what: str) -> Any:
    index = as_tensor_variable(index)
    if len(index.type.shape) or not index.type.dtype.startswith(("int", "uint")):
        raise TypeError(message(f"{what}: an index is an integer scalar, got {index.type}", here()[0]))
    return index


class GetItem(ListOp):
    """An element of a list."""

    name = "list_getitem"

    def make_node(self, x: Any, index: Any) -> Apply:
        x = _list(x, "getitem")
        return Apply(self, [x, _integer(index, "getitem")], [x.type.ttype.make_variable()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        x, index = inputs
        if not -len(x) <= index < len(x):
            raise IndexError(message(f"getitem: index {index} is out of range for {len(x)} elements", node.where))
        output_storage[0][0] = x[int(index)]


class GetSlice(ListOp):
    """A part of a list.

    Args:
        given: which of start, stop and step are given.
    """

    __props__ = ("given",)
    name = "list_slice"

    def __init__(self, given: tuple[bool, bool, bool]) -> None:
        self.given = given

    def make_node(self, x: Any, *bounds: Any) -> Apply:
        x = _list(x, "getitem")
        return Apply(self, [x, *(_integer(bound, "getitem") for bound in bounds)], [x.type.make_variable()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        x, *bounds = inputs
        remaining = iter(bounds)
        output_storage[0][0] = x[slice(*(int(next(remaining)) if has else None for has in self.given))]


class Change(ListOp):
    """A list with an element or a list added, an element taken out, or the order reversed.

    Args:
        kind: "append", "extend", "insert", "remove" or "reverse".
    """

    __props__ = ("kind",)

    def __init__(self, kind: str) -> None:
        self.kind = kind

    @property
    def name(self) -> str:
        return f"list_{self.kind}"

    def make_node(self, x: Any, *operands: Any) -> Apply:
        x = _list(x, self.kind)
        made: list[Any] = list(operands)
        if self.kind == "extend":
            other = made[0] if isinstance(made[0], Variable) else x.type.make_constant(made[0])
            if not x.type.holds(_list(other, "extend").type):
                raise TypeError(message(f"extend: {x} is of {x.type}, {other} of {other.type}", here()[0]))
            made = [other]
        elif self.kind == "insert":
            made = [_integer(made[0], "insert"), _element(x, made[1], "insert")]
        elif made:
            made = [_element(x, made[0], self.kind)]
        return Apply(self, [x, *made], [x.type.make_variable()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        x, *operands = inputs
        made = list(x)
        if self.kind == "append":
            made.append(operands[0])
        elif self.kind == "extend":
            made.extend(operands[0])
        elif self.kind == "insert":
            made.insert(int(operands[0]), operands[1])
        elif self.kind == "reverse":
            made.reverse()
        else:
            del made[_position(x, operands[0], "remove", node)]
        output_storage[0][0] = made


def _position(x: list[Any], element: Any, what: str, node: Apply) -> int:
    for k, item in enumerate(x):
        if same(item, element):
            return k
    raise ValueError(message(f"{what}: no element of the list is equal to the one given", node.where))


class Find(ListOp):
    """How many elements are equal to one ("count"), or the position of the first ("index"); int64.

    Args:
        kind: "count" or "index".
    """

    __props__ = ("kind",)

    def __init__(self, kind: str) -> None:
        self.kind = kind

    @property
    def name(self) -> str:
        return f"list_{self.kind}"

    def make_node(self, x: Any, element: Any) -> Apply:
        x = _list(x, self.kind)
        return Apply(self, [x, _element(x, element, self.kind)], [TensorVariable(TensorType("int64", ()))])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        x, element = inputs
        found = (
            sum(same(item, element) for item in x) if self.kind == "count" else _position(x, element, "index_", node)
        )
        output_storage[0][0] = np.asarray(found, dtype="int64")


class Length(ListOp):
    """The number of elements, int64."""

    name = "list_length"

    def make_node(self, x: Any) -> Apply:
        return Apply(self, [_list(x, "length")], [TensorVariable(TensorType("int64", ()))])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        output_storage[0][0] = np.asarray(len(inputs[0]), dtype="int64")


class MakeList(ListOp):
    """A list of values of one type."""

    name = "make_list"

    def make_node(self, *elements: Any) -> Apply:
        items = [x if isinstance(x, Variable) else as_tensor_variable(x) for x in elements]
        if not items:
            raise ValueError(message("make_list wants at least one element: it tells the type", here()[0]))
        ttype = next((x.type for x in items if all(x.type.holds(y.type) for y in items)), None)
        if ttype is None:
            types = ", ".join(dict.fromkeys(str(x.type) for x in items))
            raise TypeError(message(f"make_list: the elements are of different types: {types}", here()[0]))
        return Apply(self, items, [TypedListType(ttype).make_variable()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        output_storage[0][0] = [x.copy() if isinstance(x, np.ndarray) else x for x in inputs]


def getitem(x: Any, index: Any) -> Any:
    """An element of a list, or for a slice a part of it.

    Args:
        x: a list.
        index: an integer, symbolic or not, or a slice of such.

    Raises:
        IndexError: out of range, when called.

    Example:
        >>> from interactive_sym import typed_list
        >>> x = typed_list.make_list([[1.0], [2.0]])
        >>> typed_list.getitem(x, 1).eval().tolist(), len(typed_list.getitem(x, slice(1)).eval())
        ([2.0], 1)
    """
    if isinstance(index, slice):
        bounds = [index.start, index.stop, index.step]
        given = tuple(bound is not None for bound in bounds)
        return GetSlice(given)(x, *(bound for bound in bounds if bound is not None))  # type: ignore[arg-type]
    return GetItem()(x, index)


def append(x: Any, element: Any) -> Any:
    """The list with an element more at its end.

    Raises:
        TypeError: `x` is not a list, or the element of another type.

    Example:
        >>> from interactive_sym import typed_list
        >>> len(typed_list.append(typed_list.make_list([1.0, 2.0]), 3.0).eval())
        3
    """
    return Change("append")(x, element)


def extend(x: Any, other: Any) -> Any:
    """The elements of one list, then those of another.

    Example:
        >>> from interactive_sym import typed_list
        >>> x = typed_list.make_list([1.0, 2.0])
        >>> len(typed_list.extend(x, x).eval())
        4
    """
    return Change("extend")(x, other)


def insert(x: Any, index: Any, element: Any) -> Any:
    """The list with an element more before position `index`.

    Example:
        >>> from interactive_sym import typed_list
        >>> [float(v) for v in typed_list.insert(typed_list.make_list([1.0, 2.0]), 1, 3.0).eval()]
        [1.0, 3.0, 2.0]
    """
    return Change("insert")(x, index, element)


def remove(x: Any, element: Any) -> Any:
    """The list without the first element that is equal to `element`.

    Raises:
        ValueError: there is none, when called.

    Example:
        >>> from interactive_sym import typed_list
        >>> [float(v) for v in typed_list.remove(typed_list.make_list([1.0, 2.0]), 1.0).eval()]
        [2.0]
    """
    return Change("remove")(x, element)


def reverse(x: Any) -> Any:
    """The elements in reversed order.

    Example:
        >>> from interactive_sym import typed_list
        >>> [float(v) for v in typed_list.reverse(typed_list.make_list([1.0, 2.0])).eval()]
        [2.0, 1.0]
    """
    return Change("reverse")(x)


def count(x: Any, element: Any) -> Any:
    """How many elements are equal to `element`, int64; arrays are equal where their shapes and elements are.

    Example:
        >>> from interactive_sym import typed_list
        >>> int(typed_list.count(typed_list.make_list([1.0, 1.0]), 1.0).eval())
        2
    """
    return Find("count")(x, element)


def index_(x: Any, element: Any) -> Any:
    """The position of the first element that is equal to `element`, int64.

    Raises:
        ValueError: there is none, when called.

    Example:
        >>> from interactive_sym import typed_list
        >>> int(typed_list.index_(typed_list.make_list([1.0, 2.0]), 2.0).eval())
        1
    """
    return Find("index")(x, element)


def length(x: Any) -> Any:
    """The number of elements, int64.

    Example:
        >>> from interactive_sym import typed_list
        >>> int(typed_list.length(typed_list.make_list([1.0, 2.0])).eval())
        2
    """
    return Length()(x)


def make_list(elements: Sequence[Any]) -> Any:
    """A list of variables, arrays or numbers of one type.

    Raises:
        ValueError: no element.
        TypeError: elements of different types.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import typed_list
        >>> typed_list.make_list([T.dvector("x"), T.dvector("y")]).type
        TypedListType(TensorType(float64, vector))
    """
    return MakeList()(*elements)


_METHODS: dict[str, Callable[..., Any]] = {
    "getitem": getitem,
    "length": length,
    "append": append,
    "extend": extend,
    "insert": insert,
    "remove": remove,
    "reverse": reverse,
    "count": count,
    "index": index_,
}
for _name, _function in _METHODS.items():
    register(f"list_{_name}", _function)
