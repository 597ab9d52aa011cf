"""Names that programs written for two Pythons import: those of `theano.compat`, and of `six` within it.

Nothing here is for new programs: each name is what Python 3 has instead (`izip` is `zip`, `xrange` is `range`).

Read next: `theano_names`, which maps the modules.
"""

import builtins
import copyreg
import io
import itertools
import operator
import pickle
import types
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, ItemsView, Iterable, Iterator, KeysView, Mapping, MutableMapping, ValuesView
from functools import partial, reduce, wraps
from importlib import reload as reload_module
from typing import Any, NoReturn

__all__ = [
    "PY2",
    "PY3",
    "BytesIO",
    "Counter",
    "DefaultOrderedDict",
    "DictMixin",
    "OrderedDict",
    "StringIO",
    "add_metaclass",
    "advance_iterator",
    "all",
    "any",
    "b",
    "binary_type",
    "builtins",
    "cPickle",
    "cStringIO",
    "callable",
    "class_types",
    "cmp",
    "copyreg",
    "decode",
    "decode_iter",
    "decode_with",
    "defaultdict",
    "deque",
    "exc_message",
    "filter",
    "filterfalse",
    "get_function_code",
    "get_function_defaults",
    "get_unbound_function",
    "ifilter",
    "imap",
    "input",
    "integer_types",
    "iteritems",
    "iterkeys",
    "itervalues",
    "izip",
    "map",
    "moves",
    "next",
    "operator_div",
    "partial",
    "pickle",
    "print_",
    "raise_from",
    "range",
    "reduce",
    "reload_module",
    "reraise",
    "string_types",
    "text_type",
    "u",
    "unichr",
    "viewitems",
    "viewkeys",
    "viewvalues",
    "with_metaclass",
    "wraps",
    "xrange",
    "zip",
    "zip_longest",
]

PY2, PY3 = False, True
string_types, text_type, binary_type = (str,), str, bytes
integer_types, class_types = (int,), (type,)
izip = zip = builtins.zip
imap = map = builtins.map
ifilter = filter = builtins.filter
xrange = range = builtins.range
all, any, callable, input, next = builtins.all, builtins.any, builtins.callable, builtins.input, builtins.next
unichr = builtins.chr
print_ = builtins.print
advance_iterator = builtins.next
zip_longest, filterfalse = itertools.zip_longest, itertools.filterfalse
StringIO, BytesIO = io.StringIO, io.BytesIO
cStringIO = io.StringIO
cPickle = pickle
DictMixin = MutableMapping
operator_div = operator.floordiv

moves = types.SimpleNamespace(
    **{
        name: value
        for name, value in dict(globals()).items()
        if name in ("builtins", "cPickle", "copyreg", "cStringIO", "filter", "filterfalse", "input", "map", "range",
                    "reduce", "reload_module", "StringIO", "xrange", "zip", "zip_longest")
    }
)  # fmt: skip


def cmp(x: Any, y: Any) -> int:
    """-1, 0 or 1 as `x` is less than, equal to or greater than `y`.

    Example:
        >>> cmp(1, 2), cmp("b", "a")
        (-1, 1)
    """
    return int(x > y) - int(x < y)


def exc_message(error: BaseException) -> Any:
    """The first argument of an exception.

    Args:
        error: any exception; one without arguments gives "".

    Example:
        >>> exc_message(ValueError("too long"))
        'too long'
    """
    return error.args[0] if error.args else ""


def decode(x: Any) -> str:
    """Text from bytes; text as it is.

    Example:
        >>> decode(b"name"), decode("name")
        ('name', 'name')
    """
    return x.decode() if isinstance(x, bytes) else str(x)


decode_with = bytes.decode


def decode_iter(values: Iterable[Any]) -> Iterator[str]:
    """`decode` of each.

    Args:
        values: bytes and texts.

    Example:
        >>> list(decode_iter([b"a", "b"]))
        ['a', 'b']
    """
    return builtins.map(decode, values)


def b(text: str) -> bytes:
    """The bytes of a Latin-1 text.

    Example:
        >>> b("name")
        b'name'
    """
    return text.encode("latin-1")


def u(text: str) -> str:
    """The text itself.

    Example:
        >>> u("name")
        'name'
    """
    return text


def get_unbound_function(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function of a method; functions as they are.

    Example:
        >>> get_unbound_function(len) is len
        True
    """
    unbound: Callable[..., Any] = getattr(function, "__func__", function)
    return unbound


def get_function_code(function: Any) -> Any:
    """The code of a function.

    Example:
        >>> get_function_code(cmp).co_name
        'cmp'
    """
    return function.__code__


def get_function_defaults(function: Any) -> Any:
    """The default values of a function's arguments.

    Example:
        >>> get_function_defaults(lambda x, y=2: x)
        (2,)
    """
    return function.__defaults__


def iterkeys(mapping: Mapping[Any, Any], **options: Any) -> Iterator[Any]:
    """An iterator of a mapping's keys.

    Example:
        >>> list(iterkeys({"a": 1}))
        ['a']
    """
    return iter(mapping.keys(**options))


def itervalues(mapping: Mapping[Any, Any], **options: Any) -> Iterator[Any]:
    """An iterator of a mapping's values.

    Example:
        >>> list(itervalues({"a": 1}))
        [1]
    """
    return iter(mapping.values(**options))


def iteritems(mapping: Mapping[Any, Any], **options: Any) -> Iterator[tuple[Any, Any]]:
    """An iterator of a mapping's pairs.

    Example:
        >>> list(iteritems({"a": 1}))
        [('a', 1)]
    """
    return iter(mapping.items(**options))


def viewkeys(mapping: Mapping[Any, Any]) -> KeysView[Any]:
    """A mapping's keys.

    Example:
        >>> "a" in viewkeys({"a": 1})
        True
    """
    return mapping.keys()


def viewvalues(mapping: Mapping[Any, Any]) -> ValuesView[Any]:
    """A mapping's values.

    Example:
        >>> list(viewvalues({"a": 1}))
        [1]
    """
    return mapping.values()


def viewitems(mapping: Mapping[Any, Any]) -> ItemsView[Any, Any]:
    """A mapping's pairs.

    Example:
        >>> ("a", 1) in viewitems({"a": 1})
        True
    """
    return mapping.items()


def reraise(kind: type[BaseException], value: BaseException | None, traceback: Any = None) -> NoReturn:
    """Raise an exception again, with its traceback.

    Args:
        kind, value, traceback: as `sys.exc_info()` gives them.

    Example:
        >>> reraise(ValueError, ValueError("again"))
        Traceback (most recent call last):
            ...
        ValueError: again
    """
    raise (kind() if value is None else value).with_traceback(traceback)


def raise_from(value: BaseException, cause: BaseException | None) -> NoReturn:
    """Raise an exception that another one caused.

    Args:
        value: the exception that is raised.
        cause: what caused it, or None.

    Example:
        >>> raise_from(ValueError("later"), None)
        Traceback (most recent call last):
            ...
        ValueError: later
    """
    raise value from cause


def with_metaclass(metaclass: type[Any], *bases: type[Any]) -> Any:
    """A base class for classes of a metaclass.

    Example:
        >>> import abc
        >>> class Shape(with_metaclass(abc.ABCMeta, object)):
        ...     pass
        >>> type(Shape).__name__
        'ABCMeta'
    """
    return metaclass("_with_metaclass", bases or (object,), {})


def add_metaclass(metaclass: type[Any]) -> Callable[[type[Any]], Any]:
    """Decorator: the class made again by a metaclass.

    Example:
        >>> import abc
        >>> type(add_metaclass(abc.ABCMeta)(type("Shape", (), {}))).__name__
        'ABCMeta'
    """

    def again(cls: type[Any]) -> Any:
        parts = {name: value for name, value in vars(cls).items() if name not in ("__dict__", "__weakref__")}
        return metaclass(cls.__name__, cls.__bases__, parts)

    return again


class DefaultOrderedDict(OrderedDict[Any, Any]):
    """An ordered dictionary that makes a value for a key it does not have.

    Args:
        default_factory: makes a value, without arguments; None for none.
        pairs, more: as for `dict`.

    Example:
        >>> counts = DefaultOrderedDict(int)
        >>> counts["a"] += 1
        >>> counts["a"]
        1
    """

    def __init__(self, default_factory: Callable[[], Any] | None = None, *pairs: Any, **more: Any) -> None:
        super().__init__(*pairs, **more)
        self.default_factory = default_factory

    def __missing__(self, key: Any) -> Any:
        if self.default_factory is None:
            raise KeyError(key)
        self[key] = value = self.default_factory()
        return value

    def __reduce__(self) -> Any:
        return type(self), (self.default_factory, list(self.items()))

    def copy(self) -> "DefaultOrderedDict":
        """Another one with the same pairs.

        Example:
            >>> DefaultOrderedDict(int, [("a", 1)]).copy()["a"]
            1
        """
        return type(self)(self.default_factory, list(self.items()))
