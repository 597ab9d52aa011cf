"""What an operation knows about itself, and the registry of public functions (floor A).

An `Op` makes nodes, computes them with NumPy, differentiates them and infers their shapes. Ops are immutable; two are
equal when they have the same class and the same parameters (`__props__`). Users extend the house by subclassing `Op`
with the same method names.

The registry maps a name (`"add"`, `"reshape"`) to the public function of that name, so that operators on variables and
gradients of one room can use functions of another without importing it.

Read next: `types`, `variable`, then `ops.elementwise`.
"""

import copy
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from . import source
from .graph import Apply, Variable

_HOUSE = __name__.partition(".")[0] + "."

Gradient = Variable | None


class UndefinedDerivative(TypeError):
    """What an operation's `grad` raises where it has no derivative."""


class _Name:
    """The name of an operation: one that it sets, or that of its class.

    Rules look at names, so an operation of a user that takes the name of one of the house, such as `mul`, is called by
    its class too.
    """

    def __get__(self, op: "Op | None", cls: type[Any]) -> str:
        own = cls.__name__ if op is None else op.__dict__.get("name", cls.__name__)
        return _apart(cls, str(own))

    def __set__(self, op: "Op", name: Any) -> None:
        op.__dict__["name"] = name


#: Names of the operations of the house, besides those of public functions.
_taken: set[str] = set()


def _apart(cls: type[Any], name: str) -> str:
    """`name`, with that of its class where it is taken."""
    if cls.__module__.startswith(_HOUSE) or (name not in _taken and name not in _functions):
        return name
    return f"{cls.__name__}.{name}"


class Op:
    """Base class of operations.

    Subclasses define `make_node` (check and convert the inputs, say the output types) and `perform` (compute with
    NumPy); `grad` where there is a derivative, and `infer_shape` where sizes are known without computing values.

    Class attributes:
        __props__: names of the attributes that make two ops of a class equal.
        family: what kind of operation it is, one of `FAMILIES`; views colour by it.
        python_only: why it has no C, empty where it has.
        gradient_stops: why no gradient passes it, empty where one may.
        effect: what it does besides computing (such as "prints"), empty for most; such nodes are never computed ahead
            of a call.
        itypes, otypes: types of inputs and outputs, for classes that leave `make_node` as it is.

    Ops of a class that names no `__props__` are equal where they have no attributes of their own.

    Example:
        >>> import numpy as np
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import Apply, Op, function
        >>> class Double(Op):
        ...     "Twice a vector, with its gradient."
        ...     __props__ = ()
        ...     itypes, otypes = [T.dvector], [T.dvector]
        ...     def perform(self, node, inputs, output_storage):
        ...         output_storage[0][0] = 2 * inputs[0]
        ...     def grad(self, inputs, output_grads):
        ...         return [2 * output_grads[0]]
        >>> x = T.dvector("x")
        >>> y = Double()(x)
        >>> function([x], [y, T.grad(y.sum(), x)])([1.0, 2.0])
        [array([2., 4.]), array([2., 2.])]
    """

    __props__: ClassVar[tuple[str, ...]] = ()
    itypes: Sequence[Any] | None = None
    otypes: Sequence[Any] | None = None
    effect: str = ""
    family: str = "other"
    python_only: str = ""
    gradient_stops: str = ""

    if TYPE_CHECKING:

        @property
        def name(self) -> str:
            """The operation's name: what `T.<name>` is called, what rules index by."""

    else:
        name = _Name()  # no property, so that classes of users may set `self.name`

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = cls.__dict__.get("name")
        if isinstance(own, str):
            if cls.__module__.startswith(_HOUSE):
                _taken.add(own)
            else:
                type.__setattr__(cls, "name", _apart(cls, own))

    @property
    def doc(self) -> str:
        """One line for people: what it computes."""
        return (type(self).__doc__ or "").strip().partition("\n")[0]

    def props(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__props__)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Op) or type(self) is not type(other):
            return False
        return self.props() == other.props() and (bool(self.__props__) or not (self._state() or other._state()))

    def _state(self) -> bool:
        """Whether the op has attributes of its own."""
        return any(key != "_hash" for key in self.__dict__)

    def __hash__(self) -> int:
        try:
            return self.__dict__["_hash"]  # type: ignore[no-any-return]
        except KeyError:
            value = self.__dict__["_hash"] = hash((type(self), self.props()))
            return value

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "_hash"}

    def __str__(self) -> str:
        if not self.__props__:
            return self.name
        return f"{self.name}{{{', '.join(f'{name}={getattr(self, name)}' for name in self.__props__)}}}"

    def __repr__(self) -> str:
        return str(self)

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Apply to inputs: the output variable, or the list of them where there are several."""
        if type(self).__module__.startswith(_HOUSE):
            outputs = self.make_node(*inputs, **options).outputs
        else:  # the user's line is the one that applies his operation, not the one in its `make_node`
            with source.attributed_to(*source.here()):
                outputs = self.make_node(*inputs, **options).outputs
        return outputs[0] if len(outputs) == 1 else list(outputs)

    def make_node(self, *inputs: Any) -> Apply:
        """Check and convert `inputs`, and make the node with fresh output variables."""
        if self.itypes is None or self.otypes is None:
            raise TypeError(f"{self} does not define make_node")
        if len(inputs) != len(self.itypes):
            raise TypeError(f"{self} takes {len(self.itypes)} inputs, got {len(inputs)}")
        operands = [x if isinstance(x, Variable) else call("as_tensor_variable", x) for x in inputs]
        for position, (x, wanted) in enumerate(zip(operands, self.itypes)):
            if not wanted.holds(x.type):
                raise TypeError(f"{self}: input {position} must be of {wanted}, got {x} of {x.type}")
        return Apply(self, operands, [type_.make_variable() for type_ in self.otypes])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        """Compute the outputs with NumPy: `output_storage[k][0] = ...`."""
        raise TypeError(f"{self} does not define perform")

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Gradient]:
        """For each input the cotangent (shaped like the output where the op broadcasts), or None where none flows."""
        raise TypeError(f"{self} has no gradient")

    def L_op(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], output_grads: Sequence[Variable]
    ) -> Sequence[Gradient]:
        """As `grad`, for classes whose cotangents are cheaper from the outputs, which are given besides."""
        return self.grad(inputs, output_grads)

    def R_op(self, inputs: Sequence[Variable], eval_points: Sequence[Variable | None]) -> Sequence[Variable | None]:
        """For each output its derivative along `eval_points` (None: that input does not vary).

        Optional: where a class does not define it, forward mode differentiates `grad`, which is linear in its
        cotangents, with respect to them.
        """
        raise TypeError(f"{self} has no forward derivative of its own")

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """`[input][output]`: whether a gradient may pass from that output to that input."""
        connected = not self.gradient_stops
        return [[connected] * len(node.outputs) for _ in node.inputs]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        """Shapes of the outputs, as tuples of symbolic or known sizes, from those of the inputs."""
        raise TypeError(f"{self} does not infer shapes")


def performed(node: Apply, inputs: Sequence[Any]) -> list[Any]:
    """Values of a node's outputs from those of its inputs, by its operation's `perform`.

    Inputs that the operation says it overwrites (`destroy_map`: output -> list of inputs) are copied first. An
    exception that a user's operation raises gets a note of the node, its line and its inputs.
    """
    op: Op = node.op
    destroyed = getattr(op, "destroy_map", None)
    if destroyed:
        lost = {position for positions in destroyed.values() for position in positions}
        inputs = [copy.deepcopy(x) if position in lost else x for position, x in enumerate(inputs)]
    storage: list[list[Any]] = [[None] for _ in node.outputs]
    if type(op).__module__.startswith(_HOUSE):
        op.perform(node, inputs, storage)
    else:
        try:
            op.perform(node, inputs, storage)
        except Exception as error:
            annotate(error, node, inputs)
            raise
    return [cell[0] for cell in storage]


def annotate(error: Exception, node: Apply, inputs: Sequence[Any]) -> None:
    """Add to an exception a note of the node that raised it, its line and its inputs."""
    lines = node.where.excerpt() if node.where is not None else [""]
    shapes = ", ".join(_described(x) for x in inputs)
    error.add_note("\n".join([f"raised by {node.op}, at {lines[0]}", *lines[1:], f"inputs: {shapes}"]))


def _described(value: Any) -> str:
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if shape is None or dtype is None:
        return type(value).__name__
    shown = f" {value.tolist()}" if value.size <= 5 else ""
    return f"{dtype} {tuple(shape)}{shown}"


#: What kinds of operation there are; each has a colour and a glyph in the views.
FAMILIES = ("elementwise", "reduce", "shape", "indexing", "linalg", "random", "create", "control", "other")

_functions: dict[str, Callable[..., Any]] = {}


def register(name: str, function: Callable[..., Any]) -> None:
    """Make `function` the public function called `name`. Running a cell twice replaces it, and breaks nothing."""
    _functions[name] = function


def public(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: register a function under its own name (a trailing underscore is dropped)."""
    register(function.__name__.rstrip("_"), function)
    return function


def call(name: str, *arguments: Any, **options: Any) -> Any:
    """Call the public function `name`."""
    return _functions[name](*arguments, **options)


def lookup(name: str) -> Callable[..., Any]:
    """The public function `name`; KeyError where there is none."""
    return _functions[name]


def registered() -> dict[str, Callable[..., Any]]:
    """A copy of the registry."""
    return dict(_functions)
