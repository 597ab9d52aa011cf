"""What a function's inputs and outputs may say: `In`, `Param`, `Out`, and the shortcuts for them.

Read next: `definition`.
"""

import warnings
from typing import Any

from .core import source
from .core.errors import UnusedInputError, message
from .core.graph import Constant, Variable
from .core.op import call
from .core.shared import Container, SharedVariable, shared


class In:
    """An input of a function, with what a call may do.

    Args:
        variable: the symbolic input.
        name: the keyword for it; by default the variable's name.
        value: a default, used and restored where a call gives no value; a `Container` or shared variable is used
        directly.
        update: an expression whose value becomes the default after each call (it needs `value`).
        mutable: whether the function may write to the array it is given.
        strict: accept only arrays of exactly this type.
        allow_downcast: True: cast anything; False: only lossless; None: also a Python float into floatX.
        autoname: take the variable's name where `name` is None.
        implicit: a call can't give a value for it.
        borrow: whether the function may keep a reference to the given array.

    Raises:
        AssertionError: `mutable` without `borrow`.
        TypeError: `implicit` without `value`, or an `update` of another type.

    Example:
        >>> from interactive_sym import function, In
        >>> import interactive_sym.tensor as T
        >>> x, y = T.dscalars("x", "y")
        >>> f = function([x, In(y, value=1)], x + y)
        >>> float(f(33)), float(f(33, 2)), float(f(33, y=3))
        (34.0, 35.0, 36.0)
    """

    def __init__(
        self,
        variable: Variable,
        name: str | None = None,
        value: Any = None,
        update: Any = None,
        mutable: bool | None = None,
        strict: bool = False,
        allow_downcast: bool | None = None,
        autoname: bool = True,
        implicit: bool | None = None,
        borrow: bool | None = None,
        shared: bool = False,
    ) -> None:
        if not isinstance(variable, Variable):
            raise TypeError(message(f"In wants a symbolic variable, got {variable!r:.60}", source.here()[0]))
        if implicit and value is None:
            raise TypeError(f"input {variable} is implicit: it wants a value")
        self.variable = variable
        self.name = name if name is not None or not autoname else variable.name
        self.value = value
        self.update = (
            None if update is None else variable.type.filter_variable(update, name=f"the update of {variable}")
        )
        self.mutable = mutable if mutable is not None else update is not None
        self.borrow = borrow if borrow is not None else self.mutable
        assert self.borrow or not self.mutable, (
            f"input {variable}: a mutable input is borrowed, but borrow=False was given"
        )
        self.strict = strict
        self.allow_downcast = allow_downcast
        self.implicit = implicit if implicit is not None else isinstance(value, (Container, SharedVariable))
        self.shared = shared
        self._state: SharedVariable | None = None

    @property
    def keeps_state(self) -> bool:
        """Whether the value persists between calls, rather than being a default that is restored."""
        return self.update is not None or self.implicit

    def state(self) -> SharedVariable:
        """The shared variable that stands for an input that keeps state."""
        if self._state is None:
            value = self.value
            if isinstance(value, SharedVariable):
                self._state = value
            elif isinstance(value, Container):
                state: SharedVariable = shared(value.value, name=self.name)
                state.container = value
                self._state = state
            else:
                if value is None:
                    raise TypeError(message(f"input {self.variable} has an update: it wants a value to start from"))
                filtered = self.variable.type.filter(value, name=f"the value of input {self.variable}")
                sizes = getattr(self.variable.type, "shape", None)
                self._state = shared(filtered, name=self.name, broadcastable=sizes)
        return self._state

    def __repr__(self) -> str:
        default = f" = {self.value}" if self.value is not None else ""
        update = f" -> {self.update}" if self.update is not None else ""
        return f"In({self.variable}{default}{update})"


class Param(In):
    """The old name of `In`, with `default` for `value`. New code uses `In`.

    For the other arguments see `In`.

    Example:
        >>> from interactive_sym import function, Param
        >>> import interactive_sym.tensor as T
        >>> x, y = T.dscalars("x", "y")
        >>> float(function([x, Param(y, default=1)], x + y)(33))
        34.0
    """

    def __init__(
        self,
        variable: Variable,
        default: Any = None,
        name: str | None = None,
        mutable: bool = False,
        strict: bool = False,
        allow_downcast: bool | None = None,
        implicit: bool | None = None,
        borrow: bool | None = None,
    ) -> None:
        warnings.warn("Param is the old name of In: In(variable, value=...)", DeprecationWarning, stacklevel=2)
        super().__init__(
            variable,
            name=name,
            value=default,
            mutable=mutable or None,
            strict=strict,
            allow_downcast=allow_downcast,
            implicit=implicit,
            borrow=borrow,
        )


class Out:
    """An output of a function. `borrow` is accepted; outputs are always the caller's own.

    Args:
        variable: the output's expression.
        borrow: accepted.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import Out, function
        >>> x = T.dscalar("x")
        >>> float(function([x], Out(2 * x, borrow=True))(3.0))
        6.0
    """

    def __init__(self, variable: Any, borrow: bool = False) -> None:
        self.variable = call("as_tensor_variable", variable)
        self.borrow = borrow


def as_inputs(inputs: Any, where: source.Where) -> list[In]:
    if not isinstance(inputs, (list, tuple)):
        raise TypeError(
            message(f"inputs must be a list, got {type(inputs).__name__}", where, cure="function([x, y], ...)")
        )
    result: list[In] = []
    for position, given in enumerate(inputs):
        made = given if isinstance(given, In) else _shortcut(given, position, where)
        if isinstance(made.variable, SharedVariable):
            raise TypeError(
                message(
                    f"input {position} is the shared variable {made.variable}: it has its value already",
                    where,
                    cure=f"use a new variable, and givens={{{made.variable}: new}} to put it in its place",
                )
            )
        if isinstance(made.variable, Constant):
            raise TypeError(message(f"input {position} is the constant {made.variable}", where))
        if any(made.variable is other.variable for other in result):
            raise UnusedInputError(message(f"input {position}, {made.variable}, is listed twice", where))
        result.append(made)
    seen_default: In | None = None
    for made in result:
        if made.implicit:
            continue
        if made.value is not None:
            seen_default = made
        elif seen_default is not None and seen_default.update is None:
            raise TypeError(
                message(
                    f"input {made.variable} has no default and follows {seen_default.variable}, which has one",
                    where,
                    cure="list inputs with defaults last, as in Python's functions",
                )
            )
    return result


def _shortcut(given: Any, position: int, where: source.Where) -> In:
    """An input written as a variable or a tuple: (name, r), (r, value), ((r, update), value), (name, r, value), ..."""
    if isinstance(given, Variable):
        return In(given)
    if isinstance(given, (tuple, list)) and 1 <= len(given) <= 3:
        parts = list(given)
        name = parts.pop(0) if isinstance(parts[0], str) else None
        if parts:
            first = parts.pop(0)
            variable, update = first if isinstance(first, (tuple, list)) and len(first) == 2 else (first, None)
            if isinstance(variable, Variable) and len(parts) <= 1:
                return In(variable, name=name, value=parts[0] if parts else None, update=update)
    raise TypeError(
        message(
            f"input {position} is {given!r:.60}: an input is a variable or an In",
            where,
            cure="In(x, value=1, name='x')",
        )
    )
