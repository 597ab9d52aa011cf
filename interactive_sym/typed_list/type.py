"""The type of lists, their variables and constants.

Read next: `basic`.
"""

from typing import Any

import numpy as np

from ..core.errors import message
from ..core.graph import Constant, Variable
from ..core.op import call
from ..core.source import here
from ..core.types import GenericType


class TypedListType(GenericType):
    """Lists whose elements are all of one type.

    Args:
        ttype: the type of the elements, itself a list's perhaps.
        depth: how often lists are nested around it, beyond once.

    Attributes:
        ttype: the type of the elements.

    Raises:
        TypeError: `ttype` is not a type.
        ValueError: `depth` is negative.

    Example:
        >>> import interactive_sym.tensor as T
        >>> TypedListType(T.dvector().type)
        TypedListType(TensorType(float64, vector))
    """

    def __init__(self, ttype: Any, depth: int = 0) -> None:
        if not hasattr(ttype, "filter") or not hasattr(ttype, "make_variable"):
            raise TypeError(message(f"a list's elements want a type, got {ttype!r:.60}", here()[0], cure="x.type"))
        if depth < 0:
            raise ValueError(message(f"the depth of a list is at least 0, got {depth}", here()[0]))
        self.ttype = ttype if depth == 0 else TypedListType(ttype, depth - 1)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and isinstance(other, TypedListType) and self.ttype == other.ttype

    def __hash__(self) -> int:
        return hash((type(self), self.ttype))

    def __repr__(self) -> str:
        return f"TypedListType({self.ttype})"

    def get_depth(self) -> int:
        """How many lists are nested, without the outermost.

        Example:
            >>> import interactive_sym.tensor as T
            >>> TypedListType(T.dvector).get_depth(), TypedListType(TypedListType(T.dvector)).get_depth()
            (0, 1)
        """
        return 1 + self.ttype.get_depth() if isinstance(self.ttype, TypedListType) else 0

    def accepts(self, value: Any) -> bool:
        return isinstance(value, list) and all(map(self.ttype.accepts, value))

    def filter(
        self, value: Any, strict: bool = False, allow_downcast: bool | None = None, name: str = "the value"
    ) -> list[Any]:
        """`value` as a list of elements of the type.

        Raises:
            TypeError: it is no list, or an element is of another type.

        Example:
            >>> import interactive_sym.tensor as T
            >>> TypedListType(T.dvector).filter([[1, 2], [3]])
            [array([1., 2.]), array([3.])]
        """
        if not isinstance(value, (list, tuple)) or (strict and not isinstance(value, list)):
            raise TypeError(message(f"{name} wants a list ({self}), got {type(value).__name__}"))
        return [
            self.ttype.filter(item, strict=strict, allow_downcast=allow_downcast, name=f"element {k} of {name}")
            for k, item in enumerate(value)
        ]

    @staticmethod
    def values_eq(a: Any, b: Any) -> bool:
        """Whether two lists have the same elements in the same order.

        Example:
            >>> import numpy as np
            >>> import interactive_sym.tensor as T
            >>> TypedListType(T.dvector).values_eq([np.ones(2)], [np.ones(3)])
            False
        """
        return same(a, b)

    def values_eq_approx(self, a: Any, b: Any) -> bool:
        """Whether two lists have as many elements, and these are nearly equal in their order.

        Example:
            >>> import numpy as np
            >>> import interactive_sym.tensor as T
            >>> TypedListType(T.dvector).values_eq_approx([np.ones(2)], [np.ones(2) + 1e-9])
            True
        """
        return len(a) == len(b) and all(map(self.ttype.values_eq_approx, a, b))

    def make_variable(self, name: str | None = None) -> "TypedListVariable":
        return TypedListVariable(self, None, None, name)

    __call__ = make_variable

    def make_constant(self, value: Any, name: str | None = None) -> "TypedListConstant":
        return TypedListConstant(self, self.filter(value), name)


def same(a: Any, b: Any) -> bool:
    """Whether two elements are equal: lists and arrays element by element, with the same shape."""
    if isinstance(a, list) or isinstance(b, list):
        return isinstance(a, list) and isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return bool(np.array_equal(a, b))
    if hasattr(a, "nnz") and hasattr(b, "nnz"):
        return bool(a.shape == b.shape and (a != b).nnz == 0)
    return bool(a == b)


class _ListOperators:
    """Operators and methods that variables and constants of lists have alike."""

    __slots__ = ()

    type: Any

    @property
    def ttype(self) -> Any:
        """The type of the elements."""
        return self.type.ttype

    def __getitem__(self, index: Any) -> Any:
        return call("list_getitem", self, index)

    def __len__(self) -> int:
        raise TypeError(message(f"the length of {self!s} is symbolic: {self!s}.length() is it", here()[0]))

    def __iter__(self) -> Any:
        raise TypeError(message(f"{self!s} is symbolic: it can't be iterated over", here()[0]))

    def __bool__(self) -> bool:
        raise TypeError(message(f"{self!s} is a symbolic value: it has no truth value until called", here()[0]))

    def length(self) -> Any:
        return call("list_length", self)

    def append(self, element: Any) -> Any:
        return call("list_append", self, element)

    def extend(self, other: Any) -> Any:
        return call("list_extend", self, other)

    def insert(self, index: Any, element: Any) -> Any:
        return call("list_insert", self, index, element)

    def remove(self, element: Any) -> Any:
        return call("list_remove", self, element)

    def reverse(self) -> Any:
        return call("list_reverse", self)

    def count(self, element: Any) -> Any:
        return call("list_count", self, element)

    def ind(self, element: Any) -> Any:
        """The position of the first element equal to `element`."""
        return call("list_index", self, element)


class TypedListVariable(_ListOperators, Variable):
    """A symbolic list.

    A `TypedListType` makes them, as do operations; for the arguments see `Variable`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym.typed_list import TypedListType
        >>> words = TypedListType(T.dvector)("words")
        >>> words[0].type, words.append(T.dvector("x")).type
        (TensorType(float64, vector), TypedListType(TensorType(float64, vector)))
    """

    __slots__ = ()

    def eval(self, inputs_to_values: dict[Any, Any] | None = None) -> Any:
        """Its value for the given inputs."""
        return call("eval", self, inputs_to_values or {})


class TypedListConstant(Constant, _ListOperators):
    """A list whose value is known: `data`.

    For the arguments see `Constant`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym.typed_list import TypedListType
        >>> TypedListConstant(TypedListType(T.lscalar), [1, 2]).data
        [1, 2]
    """

    __slots__ = ()

    def __str__(self) -> str:
        return self.name or f"TypedListConstant{{{len(self.data)} elements}}"
