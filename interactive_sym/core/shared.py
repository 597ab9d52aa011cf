"""Shared variables: values that live between calls and are common to the functions that use them (floor A).

Read next: `function`.
"""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from .errors import message
from .graph import Kept, Variable
from .op import call
from .source import Where, here
from .types import GenericType, RandomStateType, TensorType, generic, random_state_type
from .variable import TensorVariable


class Container:
    """Where a value is kept: a one-element list that compiled functions read and write, with its type's check.

    Attributes:
        changes: int64 `(1,)`, how often a value was stored; compiled functions count there too.
    """

    __slots__ = ("allow_downcast", "changes", "name", "storage", "strict", "type")

    def __init__(
        self, type: Any, value: Any, name: str | None = None, strict: bool = False, allow_downcast: bool | None = None
    ):
        self.type = type
        self.name = name
        self.strict = strict
        self.allow_downcast = allow_downcast
        self.storage: list[Any] = [value]
        self.changes = np.zeros(1, "int64")

    def __getstate__(self) -> tuple[None, dict[str, Any]]:
        """For pickle protocols 0 and 1, which know no slots."""
        return None, {name: getattr(self, name) for name in Container.__slots__ if name != "changes"}

    def __setstate__(self, state: tuple[None, dict[str, Any]]) -> None:
        for name, value in state[1].items():
            setattr(self, name, value)
        self.changes = np.zeros(1, "int64")

    def store(self, value: Any) -> None:
        """Replace the value by one that is known to be right."""
        self.storage[0] = value
        self.changes[0] += 1

    @property
    def version(self) -> int:
        """How often a value was stored since this was made. A change inside the array itself does not count."""
        return int(self.changes[0])

    @property
    def value(self) -> Any:
        return self.storage[0]

    @value.setter
    def value(self, value: Any) -> None:
        name = f"{self.name or 'the shared variable'}"
        self.store(self.type.filter(value, strict=self.strict, allow_downcast=self.allow_downcast, name=name))

    data = value


class SharedVariable(Variable):
    """A variable with a value that persists between calls.

    Args:
        type, value: made and checked by `shared`, which is how to make one.
        name, strict, allow_downcast: as for `shared`.

    Attributes:
        container: where the value lives.
        default_update: an expression that functions using this variable store to it after each call, or None.
        where: the user's line that made it.

    Example:
        >>> from interactive_sym import function, shared
        >>> count = shared(0, name="count")
        >>> count.default_update = count + 1
        >>> tick = function([], count)
        >>> int(tick()), int(tick()), int(count.get_value())
        (0, 1, 2)
    """

    __slots__ = ("_default_update", "container", "where")

    def __init__(self, type: Any, value: Any, name: str | None, strict: bool, allow_downcast: bool | None) -> None:
        Variable.__init__(self, type, None, None, name)
        self.container = Container(type, value, name, strict, allow_downcast)
        self._default_update: Variable | Kept | None = None
        self.where: Where = here()[0]

    @property
    def default_update(self) -> Variable | None:
        """An expression that functions using this variable store to it after each call, or None.

        `updates` of a function go before it, `no_default_updates=True` leaves it out.

        Example:
            >>> count = shared(0)
            >>> count.default_update = count + 1
            >>> str(count.default_update.owner.op)
            'add'
        """
        if isinstance(self._default_update, Kept):  # read from a file, and not looked at yet
            self._default_update = self._default_update.variable()
        return self._default_update

    @default_update.setter
    def default_update(self, value: Any) -> None:
        if value is not None:
            value = self.type.filter_variable(value, name=f"the default update of {self}")
        self._default_update = value

    def __getstate__(self) -> Any:
        _, state = super().__getstate__()
        update = self.default_update
        if update is not None and update.owner is not None:
            state["_default_update"] = Kept.of(update)  # its graph may lead back here
        return None, state

    def get_value(self, borrow: bool = False, return_internal_type: bool = False) -> Any:
        """The value: a copy, or with `borrow=True` the value itself, which may change with the next call.

        `return_internal_type` is accepted: values always live in the memory of the host.

        Example:
            >>> import numpy as np
            >>> w = shared(np.zeros(2))
            >>> w.get_value()[0] = 5.0
            >>> w.get_value()
            array([0., 0.])
        """
        value = self.container.storage[0]
        return value if borrow else _copied(value)

    def set_value(self, new_value: Any, borrow: bool = False) -> None:
        """Replace the value by a copy of `new_value`, or with `borrow=True` by itself.

        Raises:
            TypeError: the value is not of this variable's type; the old value stays.

        Example:
            >>> import numpy as np
            >>> w = shared(np.zeros(2))
            >>> w.set_value([1.0, 2.0])
            >>> w.get_value()
            array([1., 2.])
        """
        self.container.value = new_value if borrow else _copied(new_value)

    def zero(self, borrow: bool = False) -> None:
        """Set every element to 0.

        Example:
            >>> import numpy as np
            >>> w = shared(np.ones(2))
            >>> w.zero()
            >>> w.get_value()
            array([0., 0.])
        """
        value = self.container.storage[0]
        self.container.store(np.zeros_like(value))

    @property
    def value(self) -> Any:
        raise AttributeError(
            message(f"{self} has no attribute 'value'", here()[0], cure="use get_value() and set_value(value)")
        )

    @value.setter
    def value(self, new_value: Any) -> None:
        raise AttributeError(
            message(f"{self}: 'value' can't be assigned", here()[0], cure="use get_value() and set_value(value)")
        )

    def clone(self) -> "SharedVariable":
        """Another variable that has the same container.

        Example:
            >>> count = shared(1)
            >>> twin = count.clone()
            >>> count.set_value(7)
            >>> twin is count, int(twin.get_value())
            (False, 7)
        """
        twin = type(self).__new__(type(self))
        Variable.__init__(twin, self.type, None, None, self.name)
        twin.container, twin._default_update, twin.where = self.container, self._default_update, self.where
        return twin

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return call("mimebundle", self, include, exclude)


class TensorSharedVariable(SharedVariable, TensorVariable):
    """A shared array: a `SharedVariable` with the operators and methods of `TensorVariable`.

    For the arguments see `SharedVariable`.

    Example:
        >>> import numpy as np
        >>> w = shared(np.ones((2, 3)), name="w")
        >>> w.type, float(w.sum().eval())
        (TensorType(float64, matrix), 6.0)
    """

    __slots__ = ()


def _copied(value: Any) -> Any:
    return value.copy() if type(value) is np.ndarray else copy.deepcopy(value)


Constructor = Callable[..., SharedVariable | None]

_constructors: list[Constructor] = []


def shared_constructor(make: Constructor) -> Constructor:
    """Decorator: `shared` asks `make` first for values that are neither numbers, arrays nor random states.

    Args:
        make: takes `value, name, strict, allow_downcast, borrow`; gives None for values that are not for it.
    """
    _constructors.append(make)
    return make


def shared(
    value: Any,
    name: str | None = None,
    strict: bool = False,
    allow_downcast: bool | None = None,
    borrow: bool = False,
    broadcastable: tuple[bool, ...] | None = None,
) -> Any:
    """A variable whose value persists between calls and is common to all functions that use it.

    Args:
        value: an array, a number, a `RandomState`, or any other Python value (which then has no operators).
        name: a name for it.
        strict: `set_value` accepts only arrays of exactly this element type.
        allow_downcast: whether `set_value` may lose precision (see `TensorType.filter`).
        borrow: keep `value` itself, not a copy of it.
        broadcastable: which dimensions have size 1 for good; by default none, so that a value of another shape can be
        set.

    Raises:
        TypeError: `value` is symbolic.

    Example:
        >>> from interactive_sym import function, shared
        >>> import interactive_sym.tensor as T
        >>> state, step = shared(0, name="state"), T.lscalar("step")
        >>> accumulate = function([step], state, updates=[(state, state + step)])
        >>> int(accumulate(10)), int(state.get_value())
        (0, 10)
    """
    if isinstance(value, Variable):
        raise TypeError(
            message(
                f"shared wants a value, got the symbolic variable {value}",
                here()[0],
                cure="a shared variable starts from an array or a number: evaluate the expression first",
            )
        )
    type_: TensorType | GenericType
    if isinstance(value, np.random.RandomState):
        type_ = random_state_type
        return SharedVariable(type_, value if borrow else copy.deepcopy(value), name, strict, allow_downcast)
    if isinstance(value, (bool, int, float, complex, np.generic, np.ndarray)):
        array = np.asarray(value)
        if array.dtype.kind in "biufc":
            if not (borrow and array.flags.carray and array.dtype.isnative):
                array = np.array(array, dtype=array.dtype.newbyteorder("="), order="C")
            sizes = broadcastable if broadcastable is not None else (False,) * array.ndim
            type_ = TensorType(array.dtype.name, sizes)
            stored = type_.filter(array, name=name or "the shared value")
            return TensorSharedVariable(type_, stored, name, strict, allow_downcast)
    for make in _constructors:
        made = make(value, name, strict, allow_downcast, borrow)
        if made is not None:
            return made
    return SharedVariable(generic, value if borrow else copy.deepcopy(value), name, strict, allow_downcast)


def random_state_shared(value: np.random.RandomState, name: str | None = None, borrow: bool = False) -> SharedVariable:
    """A shared variable holding the state of a random stream."""
    variable = shared(value, name=name, borrow=borrow)
    assert isinstance(variable.type, RandomStateType)
    return variable  # type: ignore[no-any-return]
