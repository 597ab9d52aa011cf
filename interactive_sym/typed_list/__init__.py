"""Lists whose elements are all of one type, under the names of `theano.typed_list`.

A list never changes: each operation gives a new one. Lists are Python's own and have no gradient.

    >>> from interactive_sym import function
    >>> import interactive_sym.tensor as T
    >>> from interactive_sym.typed_list import TypedListType
    >>> lists, x = TypedListType(T.dvector().type)("lists"), T.dvector("x")
    >>> [v.tolist() for v in function([lists, x], lists.append(x))([[1.0, 2.0]], [3.0])]
    [[1.0, 2.0], [3.0]]

Read next: `type`, `basic`.
"""

from .basic import append, count, extend, getitem, index_, insert, length, make_list, remove, reverse
from .type import TypedListConstant, TypedListType, TypedListVariable

__all__ = [
    "TypedListConstant",
    "TypedListType",
    "TypedListVariable",
    "append",
    "count",
    "extend",
    "getitem",
    "index_",
    "insert",
    "length",
    "make_list",
    "remove",
    "reverse",
]
