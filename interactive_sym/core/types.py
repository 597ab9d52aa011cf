"""Tensor types: element type and what is known of each size (floor A).

Read next: `constants`, `shared`.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from .configuration import config
from .errors import message
from .graph import Constant, Variable
from .op import Op, call
from .source import here
from .variable import TensorConstant, TensorVariable

_HOUSE = __name__.partition(".")[0] + "."
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
FLOATS = ("float32", "float64")
COMPLEXES = ("complex64", "complex128")
DISCRETE = ("bool", *INTEGERS)
CONTINUOUS = (*FLOATS, *COMPLEXES)
DTYPES = (*DISCRETE, *CONTINUOUS)

_SUFFIXES = {
    (): "scalar",
    (False,): "vector",
    (True, False): "row",
    (False, True): "col",
    (False, False): "matrix",
    **{(False,) * n: f"tensor{n}" for n in range(3, 8)},
}


@lru_cache(maxsize=4096)
def upcast(*dtypes: str) -> str:
    """The element type that holds all the given ones: NumPy's promotion, folded from the left; bool is lowest.

    Example:
        >>> upcast("int8", "uint8"), upcast("int32", "float32"), upcast("int16", "float32")
        ('int16', 'float64', 'float32')
    """
    result = np.dtype(dtypes[0])
    for dtype in dtypes[1:]:
        result = np.promote_types(result, dtype)
    return result.name


def as_dtype(dtype: Any) -> str:
    """The name of a supported element type; `'floatX'` is the configured one. TypeError for any other."""
    if type(dtype) is str and dtype in DTYPES:
        return dtype
    name: str = config.floatX if dtype == "floatX" else np.dtype(dtype).name
    if name not in DTYPES:
        raise TypeError(f"element type {name!r} is not supported; there are {', '.join(DTYPES)}")
    return name


class TensorType:
    """Arrays of one element type; for each dimension its size where known, else None.

    Args:
        dtype: element type, such as `"float64"`.
        broadcastable, shape: a sequence with an entry a dimension: True (size 1), False or None (any size), or the size
            itself.
        name: accepted for old programs; types are told apart by what they hold.

    A dimension of known size 1 stretches in elementwise operations; a dimension that only happens to have size 1 when
    a function is called does not.

    Example:
        >>> TensorType("float64", (False, True))
        TensorType(float64, col)
        >>> TensorType("float64", (3, None)).shape
        (3, None)
    """

    __slots__ = ("_hash", "broadcastable", "dtype", "shape")

    dtype: str
    shape: tuple[int | None, ...]
    broadcastable: tuple[bool, ...]

    def __init__(
        self,
        dtype: Any,
        broadcastable: Sequence[Any] | None = None,
        shape: Sequence[int | None] | None = None,
        name: str | None = None,
    ) -> None:
        sizes = broadcastable if shape is None else shape
        if sizes is None:
            raise TypeError("TensorType wants a dtype and, for each dimension, True, False or its size")
        dims = tuple(
            (1 if size else None) if isinstance(size, (bool, np.bool_)) else None if size is None else int(size)
            for size in sizes
        )
        set_ = object.__setattr__
        set_(self, "dtype", as_dtype(dtype))
        set_(self, "shape", dims)
        set_(self, "broadcastable", tuple(size == 1 for size in dims))
        set_(self, "_hash", hash((self.dtype, dims)))

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("a type never changes")

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, TensorType) and self.dtype == other.dtype and self.shape == other.shape
        )

    def __hash__(self) -> int:
        return self._hash  # type: ignore[attr-defined,no-any-return]

    def __reduce__(self) -> tuple[Any, ...]:
        return TensorType, (self.dtype, None, self.shape)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def differentiable(self) -> bool:
        """Whether values of this type may have a gradient."""
        return self.dtype not in DISCRETE

    @property
    def numpy_dtype(self) -> np.dtype[Any]:
        return np.dtype(self.dtype)

    def __str__(self) -> str:
        return f"TensorType({self.dtype}, {self.form})"

    __repr__ = __str__

    @property
    def form(self) -> str:
        """`matrix`, `row`, ...: the shape's name, or the sizes where it has none; `?` is an unknown size."""
        if all(size in (None, 1) for size in self.shape):
            name = _SUFFIXES.get(self.broadcastable)
            if name is not None:
                return name
        return f"({', '.join('?' if size is None else str(size) for size in self.shape)}{',' * (self.ndim == 1)})"

    def clone(self, dtype: Any = None, broadcastable: Sequence[Any] | None = None) -> "TensorType":
        """The same type with another element type or other sizes."""
        return TensorType(dtype or self.dtype, self.shape if broadcastable is None else broadcastable)

    def make_variable(self, name: str | None = None) -> TensorVariable:
        """A fresh symbolic input of this type."""
        return TensorVariable(self, None, None, name)

    __call__ = make_variable

    def make_constant(self, value: Any, name: str | None = None) -> TensorConstant:
        """A constant of this type."""
        return TensorConstant(self, value, name)

    # -- values ------------------------------------------------------------------------------------------------------

    @staticmethod
    def values_eq(a: Any, b: Any, force_same_dtype: bool = True) -> bool:
        """Whether two arrays are equal, element by element; NaN equals NaN.

        Args:
            a, b: arrays.
            force_same_dtype: arrays of different element types are not equal.

        Example:
            >>> TensorType.values_eq(np.array([1.0, np.nan]), np.array([1.0, np.nan]))
            True
        """
        a, b = np.asarray(a), np.asarray(b)
        if a.shape != b.shape or (force_same_dtype and a.dtype != b.dtype):
            return False
        return bool(np.all((a == b) | ((a != a) & (b != b))))

    @staticmethod
    def values_eq_approx(
        a: Any,
        b: Any,
        allow_remove_inf: bool = False,
        allow_remove_nan: bool = False,
        rtol: float | None = None,
        atol: float | None = None,
    ) -> bool:
        """Whether two arrays are equal but for the rounding of computations.

        Args:
            a, b: arrays of one element type.
            allow_remove_inf, allow_remove_nan: elements of `b` that are infinite, or NaN, may be anything in `a`.
            rtol, atol: relative and absolute difference; by default 1e-5 and 1e-8, for float32 1e-5 and 1e-5.

        Example:
            >>> TensorType.values_eq_approx(np.array([1.0]), np.array([1.0 + 1e-9]))
            True
        """
        a, b = np.asarray(a), np.asarray(b)
        if a.shape != b.shape or a.dtype != b.dtype:
            return False
        if a.dtype.kind not in "fc":
            return bool(np.all(a == b))
        small = 1e-5 if a.dtype in ("float32", "complex64") else 1e-8
        rtol, atol = 1e-5 if rtol is None else rtol, small if atol is None else atol
        close = np.isclose(a, b, rtol=rtol, atol=atol, equal_nan=True)
        if allow_remove_inf:
            close |= np.isinf(b)
        if allow_remove_nan:
            close |= np.isnan(b)
        return bool(np.all(close))

    @staticmethod
    def may_share_memory(a: Any, b: Any) -> bool:
        """Whether two arrays may use the same memory.

        Example:
            >>> row = np.zeros(3)
            >>> TensorType.may_share_memory(row, row[1:])
            True
        """
        return isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and np.may_share_memory(a, b)

    def is_valid_value(self, value: Any, strict: bool = True) -> bool:
        """Whether `filter` takes a value; strictly, whether it already is an array of this type.

        Example:
            >>> TensorType("float64", (False,)).is_valid_value(np.zeros(3))
            True
        """
        if strict:
            return self.accepts(value)
        try:
            self.filter(value)
        except TypeError:
            return False
        return True

    def value_zeros(self, shape: Sequence[int]) -> np.ndarray[Any, Any]:
        """An array of zeros of this element type.

        Example:
            >>> TensorType("int8", (False,)).value_zeros((2,))
            array([0, 0], dtype=int8)
        """
        return np.zeros(tuple(shape), dtype=self.dtype)

    def accepts(self, value: Any) -> bool:
        """Whether `value` already is an array of this type."""
        return (
            isinstance(value, np.ndarray)
            and value.dtype == self.dtype
            and value.ndim == len(self.shape)
            and all(size is None or size == actual for size, actual in zip(self.shape, value.shape))
        )

    def filter(
        self, value: Any, strict: bool = False, allow_downcast: bool | None = None, name: str = "the value"
    ) -> np.ndarray[Any, Any]:
        """`value` as an array of this type, in native byte order.

        Arrays are accepted where their element type is held by this one (int64 for float64, not float64 for float32);
        Python data where each number is held exactly (2.0 for int32, not 2.5).

        Args:
            value: an array, a number, or nested lists.
            strict: accept only arrays of exactly this element type.
            allow_downcast: True casts anything; False only what loses nothing; None also a Python float into floatX.
            name: what to call the value in an error message.

        Raises:
            TypeError: wrong element type, number of dimensions, or size of a dimension of known size.
        """
        if isinstance(value, Variable):
            raise TypeError(
                message(f"{name} wants an array or a number, got the symbolic variable {value}", cure="see `givens`")
            )
        wanted = self.numpy_dtype
        if isinstance(value, np.ndarray) and value.dtype == wanted:
            array = np.asarray(value, dtype=wanted)
        elif strict:
            got = f"an array of {value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__
            raise TypeError(message(f"{name} wants an array of {self.dtype} (strict), got {got}"))
        else:
            array = self._convert(value, allow_downcast, name)
        if array.ndim != len(self.shape):
            cure = ""
            if array.ndim + 1 == len(self.shape):
                cure = "x[None, :] makes one row of it, x[:, None] one column" if array.ndim == 1 else "x[None]"
            raise TypeError(
                message(
                    f"{name} wants {len(self.shape)} dimensions ({self.form}), got an array of shape {array.shape}",
                    cure=cure,
                )
            )
        for axis, (size, actual) in enumerate(zip(self.shape, array.shape)):
            if size is not None and size != actual:
                raise TypeError(
                    message(f"{name} wants size {size} along axis {axis} ({self}), got an array of shape {array.shape}")
                )
        return array

    def _convert(self, value: Any, allow_downcast: bool | None, name: str) -> np.ndarray[Any, Any]:
        wanted = self.numpy_dtype
        try:
            array = np.asarray(value)
        except ValueError as error:
            raise TypeError(message(f"{name} can't be made an array: {error}")) from None
        if array.dtype.kind not in "biufc":
            raise TypeError(message(f"{name} wants numbers, got {type(value).__name__} ({array.dtype})"))
        if array.dtype == wanted:
            return array.astype(wanted, copy=False)
        if wanted.kind != "c" and array.dtype.kind == "c":
            raise TypeError(message(f"{name} wants {self.dtype}, got complex numbers", cure="x.real"))
        if allow_downcast or array.size == 0:
            return array.astype(wanted)
        if isinstance(value, (np.ndarray, np.generic)):
            if np.promote_types(array.dtype, wanted) == wanted:
                return array.astype(wanted)
            loses = "conversion loses precision" if wanted.kind in "fc" else "conversion loses digits"
            raise TypeError(
                message(
                    f"{name} wants {self.dtype}, got {array.dtype}: {loses}",
                    cure=f"x.astype('{self.dtype}'), or allow_input_downcast=True for the function",
                )
            )
        if allow_downcast is None and isinstance(value, float) and self.dtype == config.floatX:
            return np.asarray(value, dtype=wanted)
        with np.errstate(all="ignore"):
            converted = array.astype(wanted)
            same = (converted == array) | ((converted != converted) & (array != array))
        if wanted.kind in "iu" and array.dtype.kind in "iuf":
            info = np.iinfo(wanted)
            same = same & (array >= info.min) & (array <= info.max)
        if np.all(same):
            return converted
        worst = array[~same].reshape(-1)[0]
        raise TypeError(
            message(
                f"{name} wants {self.dtype}, which does not hold {worst!r} exactly",
                cure="allow_input_downcast=True for the function, or round the values first",
            )
        )

    def filter_variable(self, other: Any, allow_convert: bool = True, name: str = "the value") -> Variable:
        """`other` as a variable that may stand where one of this type is wanted; TypeError where it may not."""
        variable: Variable = call("as_tensor_variable", other)
        if not self.holds(variable.type):
            raise TypeError(message(f"{name} wants {self}, got {variable} of {variable.type}"))
        return variable

    def holds(self, other: Any) -> bool:
        """Whether every array of type `other` is one of this type."""
        return (
            isinstance(other, TensorType)
            and self.dtype == other.dtype
            and len(self.shape) == len(other.shape)
            and all(mine is None or mine == its for mine, its in zip(self.shape, other.shape))
        )

    def is_super(self, other: Any) -> bool:
        """`holds`, under the name programs know.

        Example:
            >>> TensorType("float64", (False, False)).is_super(TensorType("float64", (True, False)))
            True
        """
        return self.holds(other)

    def in_same_class(self, other: Any) -> bool:
        """Whether a type has the same element type, and dimensions of size 1 in the same places.

        Example:
            >>> TensorType("float64", (3,)).in_same_class(TensorType("float64", (4,)))
            True
        """
        return isinstance(other, TensorType) and self.dtype == other.dtype and self.broadcastable == other.broadcastable

    def convert_variable(self, var: Variable) -> Variable | None:
        """A variable that may stand where one of this type is wanted, itself; None for any other.

        Example:
            >>> TensorType("float64", (False,)).convert_variable(TensorType("float32", (False,))("x")) is None
            True
        """
        return var if self.holds(var.type) else None


class GenericType:
    """Any Python value; what shared variables of other values have.

    Class attributes:
        differentiable: whether values may have a gradient. A class that says so defines `fit_cotangent(cotangent,
            variable)`, which makes a cotangent one of the variable's type, and `zeros_like(variable)`; its variables
            have `+`.

    Example:
        >>> from interactive_sym import shared
        >>> shared({"any": "value"}).type
        Generic
    """

    differentiable = False

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return type(self).__name__.removesuffix("Type")

    def accepts(self, value: Any) -> bool:
        return True

    def filter(
        self, value: Any, strict: bool = False, allow_downcast: bool | None = None, name: str = "the value"
    ) -> Any:
        """The value itself: any Python object is one of this type.

        Example:
            >>> from interactive_sym import shared
            >>> shared({"any": "value"}).type.filter([1, "two"])
            [1, 'two']
        """
        return value

    def make_variable(self, name: str | None = None) -> Variable:
        return Variable(self, None, None, name)

    __call__ = make_variable

    @staticmethod
    def values_eq(a: Any, b: Any) -> bool:
        """Whether two values are equal.

        Example:
            >>> GenericType.values_eq([1, 2], [1, 2])
            True
        """
        return bool(a == b)

    def values_eq_approx(self, a: Any, b: Any) -> bool:
        """Whether two values are equal; types of numbers may say how nearly.

        Example:
            >>> GenericType().values_eq_approx("a", "a")
            True
        """
        return self.values_eq(a, b)

    def is_valid_value(self, value: Any) -> bool:
        """Whether `filter` takes a value.

        Example:
            >>> RandomStateType().is_valid_value(3)
            False
        """
        try:
            self.filter(value, strict=True)
        except (TypeError, ValueError):
            return False
        return True

    def is_super(self, other: Any) -> bool:
        """`holds`, under the name programs know.

        Example:
            >>> GenericType().is_super(GenericType())
            True
        """
        return self.holds(other)

    def make_constant(self, value: Any, name: str | None = None) -> Constant:
        """A constant of this type.

        Example:
            >>> GenericType().make_constant("text").data
            'text'
        """
        return Constant(self, value, name)

    def clone(self) -> "GenericType":
        """The type itself: it never changes."""
        return self

    def filter_variable(self, other: Any, allow_convert: bool = True, name: str = "the value") -> Variable:
        if not isinstance(other, Variable) or not self.holds(other.type):
            raise TypeError(message(f"{name} wants a variable of type {self}, got {other}"))
        return other

    def holds(self, other: Any) -> bool:
        return bool(self == other)


class RandomStateType(GenericType):
    """NumPy's `RandomState`: the state of a random stream.

    Example:
        >>> import numpy as np
        >>> RandomStateType().filter(np.random.RandomState(1)).randint(10)
        5
    """

    def accepts(self, value: Any) -> bool:
        return isinstance(value, np.random.RandomState)

    def filter(
        self, value: Any, strict: bool = False, allow_downcast: bool | None = None, name: str = "the value"
    ) -> Any:
        if not isinstance(value, np.random.RandomState):
            raise TypeError(message(f"{name} wants a numpy.random.RandomState, got {type(value).__name__}"))
        return value


def filtered(type_: Any, value: Any, strict: bool, allow_downcast: bool | None, name: str) -> Any:
    """`type_.filter(value)`; types of users need not take what to call the value in an error message."""
    if type(type_).filter.__module__.startswith(_HOUSE):
        return type_.filter(value, strict=strict, allow_downcast=allow_downcast, name=name)
    try:
        return type_.filter(value, strict=strict, allow_downcast=allow_downcast)
    except (TypeError, ValueError) as error:
        error.add_note(f"while checking {name}")
        raise


generic = GenericType()
random_state_type = RandomStateType()


def broadcast_shapes(op: Op, inputs: Sequence[Any]) -> tuple[int | None, ...]:
    """The static shape of an elementwise operation on `inputs`.

    Shapes are aligned at their last dimensions; a size known to be 1 stretches.

    Raises:
        ValueError: two known sizes differ and neither is 1; the message names the user's line and the axis.
    """
    ndim = max((len(x.type.shape) for x in inputs), default=0)
    result: list[int | None] = []
    for axis in range(ndim):
        size: int | None = 1
        for x in inputs:
            position = axis - ndim + len(x.type.shape)
            mine = x.type.shape[position] if position >= 0 else 1
            if mine == 1:
                continue
            if size == 1 or size is None:
                size = mine
            elif mine is not None and mine != size:
                raise _size_clash(op, inputs, axis, size, mine)
        result.append(size)
    return tuple(result)


def _size_clash(op: Op, inputs: Sequence[Any], axis: int, left: int, right: int) -> ValueError:
    return ValueError(
        message(
            f"{op.name}: the operands differ along axis {axis}: {left} against {right}",
            here()[0],
            operands=[(str(x)[:30], x.type.dtype, x.type.form) for x in inputs],
            cure="give both the same length, or index one with None to add a dimension that stretches",
        )
    )
