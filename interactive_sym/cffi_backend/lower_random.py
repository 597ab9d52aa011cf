"""Random streams in C: a `RandomState` is an array of words, and a draw is a call of `runtime/mersenne.h`.

`with_states_as_arrays` puts, in a program, a vector of `STATE_WORDS` words in the place of every state, and a
`MersenneDraw` in the place of every draw. Then states need no treatment of their own: they are carried through loops
and branches as any vector. The calling layer reads the words from the `RandomState` that a shared variable or an
argument holds, and writes them to that which is stored or returned.

Where a state goes to an operation that has no such form, all states of the program stay Python objects.

Read next: `core.ops.random`, `call`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core import source
from ..core.graph import Apply, Constant, Variable
from ..core.op import Op
from ..core.ops.body import Body
from ..core.ops.control import Branches, IfElse
from ..core.ops.elementwise import C_TYPES
from ..core.ops.random import STATE_WORDS, RandomFunction, pack_state, unpack_state
from ..core.ops.scan import Scan
from ..core.program import Program
from ..core.types import COMPLEXES, RandomStateType, TensorType
from .indexmap import View, whole
from .loopir import Dim, Value, cast
from .lower import SIZE, VALUE, Lowering, lowers, op_text

#: The element types in which the parameters of the distributions go to C; what is not here is drawn in Python.
PARAMETERS = {
    "uniform": ("float64", "float64"),
    "normal": ("float64", "float64"),
    "random_integers": ("int64", "int64"),
    "binomial": ("int64", "float64"),
    "poisson": ("float64",),
    "permutation": ("int64",),
    "choice": ("int64",),
}
_MACROS = {"random_integers": "INTEGERS", "choice": "INTEGERS"}


class MersenneDraw(Op):
    """A draw from a state given as words: the words of the state after the draw, and the sample.

    Args:
        draw: the draw from a `RandomState`.
    """

    __props__ = ("draw",)
    family = "random"

    def __init__(self, draw: RandomFunction) -> None:
        self.draw = draw

    @property
    def name(self) -> str:
        return self.draw.name

    @property
    def doc(self) -> str:
        return self.draw.doc

    def make_node(self, words: Any, *operands: Any) -> Apply:
        return Apply(self, [words, *operands], [_words(), TensorType(self.draw.dtype, shape=self.draw.shape)()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        self.draw.perform(node, [unpack_state(inputs[0].tobytes()), *inputs[1:]], output_storage)
        output_storage[0][0] = np.frombuffer(pack_state(output_storage[0][0]) or b"", "uint32").copy()

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [(STATE_WORDS,), self.draw.infer_shape(node, input_shapes)[1]]


def _words(name: str | None = None) -> Variable:
    return TensorType("uint32", shape=(STATE_WORDS,)).make_variable(name)


# -- programs ----------------------------------------------------------------------------------------------------------


class _NoForm(Exception):
    """A state goes to an operation that has no form on words."""


def with_states_as_arrays(program: Program) -> Program:
    """The program with vectors in the place of states; itself where it has no state, or one that C can't draw from.

    Nodes keep their numbers.

    Example:
        >>> from interactive_sym import function
        >>> from interactive_sym.tensor.shared_randomstreams import RandomStreams
        >>> program = function([], RandomStreams(1).normal((2,))).program
        >>> [str(x.type) for x in with_states_as_arrays(program).results]
        ['TensorType(float64, vector)', 'TensorType(uint32, vector)']
    """
    leaves = (*program.inputs, *program.shared)
    if not any(_is_state(x) for x in (*leaves, *(y for node in program.nodes for y in node.outputs))):
        return program
    made = {x: _words(x.name) if _is_state(x) else x for x in leaves}
    try:
        nodes = _converted(program.nodes, made)
        updates = tuple((target, _counterpart(x, made)) for target, x in program.updates)
        outputs = tuple(_counterpart(x, made) for x in program.outputs)
    except _NoForm:
        return program
    shared: Any = tuple(made[x] for x in program.shared)
    return Program(tuple(made[x] for x in program.inputs), shared, outputs, updates, tuple(nodes))


def _is_state(x: Variable) -> bool:
    return isinstance(x.type, RandomStateType)


def _counterpart(x: Variable, made: dict[Variable, Variable]) -> Variable:
    if x in made:
        return made[x]
    if _is_state(x):
        raise _NoForm
    return x


def _converted(nodes: Sequence[Apply], made: dict[Variable, Variable]) -> list[Apply]:
    """The nodes on counterparts of their inputs; those of their outputs are added to `made`."""
    result = []
    for node in nodes:
        inputs = [_counterpart(x, made) for x in node.inputs]
        if all(new is old for new, old in zip(inputs, node.inputs)) and not any(map(_is_state, node.outputs)):
            result.append(node)
            continue
        with source.attributed_to(node.where, node.origin):
            if any(map(_is_state, (*node.inputs, *node.outputs))):
                new = _operation(node).make_node(*inputs)
            else:
                new = Apply(node.op, inputs, [x.type.make_variable(x.name) for x in node.outputs])
        made.update(zip(node.outputs, new.outputs))
        result.append(new)
    return result


def _operation(node: Apply) -> Any:
    """The operation on words that does what the node's does on states."""
    op = node.op
    if isinstance(op, RandomFunction) and _drawn_in_c(node):
        return MersenneDraw(op)
    if isinstance(op, Scan):
        return Scan(_body(op.body), op.layout, op.label)
    if isinstance(op, Branches):
        return Branches(_body(op.then), _body(op.otherwise))
    if isinstance(op, IfElse):
        return op
    raise _NoForm


def _body(body: Body) -> Body:
    made = {x: _words(x.name) if _is_state(x) else x for x in body.inputs}
    _converted(body.nodes, made)
    return Body([made[x] for x in body.inputs], [_counterpart(x, made) for x in body.outputs])


def _drawn_in_c(node: Apply) -> bool:
    op = node.op
    parameters = node.inputs[1 + op.sized :]
    if op.distribution not in PARAMETERS or op.dtype in COMPLEXES:
        return False
    if op.distribution == "choice":
        elements, again = parameters[:2]
        if len(parameters) > 2 or elements.type.ndim or not isinstance(again, Constant) or not again.data:
            return False
    return all(x.type.dtype != "uint64" for x in parameters)


# -- C -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Parameter:
    """A parameter as C gets it.

    Attributes:
        view: a number, read as an operand, or None.
        array: the parameter in memory, or None.
        room: where it is stretched to the size of the sample, None where it lies so already.
        known: for each dimension whether it is known to be that of the sample.
    """

    view: View | None
    array: Value | None
    room: Value | None
    known: tuple[bool, ...] = ()


def _parameter(low: Lowering, x: Variable, wanted: str, dims: Sequence[Dim], extents: Sequence[int], index: int) -> Any:
    view = low.view(x)
    if not view.dims:
        return _Parameter(view, None, None)
    shift = len(dims) - len(view.dims)
    for k, static in enumerate(x.type.shape):
        if static != 1 and k + shift in extents:
            low.unify(dims[k + shift], view.dims[k], k + shift)
    array = low.materialised(x)
    known = tuple(low.same(a, b) for a, b in zip(dims[shift:], view.dims))
    if not shift and all(known) and x.type.dtype == wanted:
        return _Parameter(None, array, None)
    return _Parameter(None, array, low.new_value(wanted, dims, index), known)


def _stretched(low: Lowering, parameter: _Parameter, x: Variable, dims: Sequence[Dim], wanted: str) -> list[str]:
    """Lines that write a parameter to its room, element by element of the sample."""
    array, room = parameter.array, parameter.room
    assert array is not None and room is not None
    shift = len(dims) - len(array.dims)
    checks, loops, place, offset = [], [], "0", "0"
    for axis, dim in enumerate(dims):
        size, name = low.text(dim), f"b{axis}"
        loops.append(f"for (int64_t {name} = 0; {name} < {size}; {name}++)")
        place = name if not axis else f"({place}) * {size} + {name}"
        if axis < shift:
            continue
        mine, at = low.text(array.dims[axis - shift]), name
        if mine == "1":
            at = "0"
        elif not parameter.known[axis - shift]:
            checks.append(
                f"if ({mine} != 1 && {mine} != {size}) "
                f"return isym_fail(ctx, {SIZE}, {low.node}, {axis}, {mine}, {size});"
            )
            at = f"({mine} == 1 ? 0 : {name})"
        offset = at if axis == shift else f"({offset}) * {mine} + {at}"
    element = cast(f"{array.storage.buffer}[{offset}]", x.type.dtype, wanted)
    return [*checks, *loops, f"  {room.buffer}[{place}] = {element};"]


@lowers(MersenneDraw)
def _draw(low: Lowering, node: Apply, value: bool) -> bool:
    op = node.op.draw
    kind, number = op.distribution, low.node
    views = [low.view(x) for x in node.inputs]
    shape = node.op.infer_shape(node, [view.dims for view in views])[1]
    dims: list[Dim] = []
    for axis, (size, static) in enumerate(zip(shape, op.shape)):
        dim = low.size_of(size)
        dims.append(dim if static is None else low.unify(dim, static, axis))
    if not value:
        low.views[node.outputs[0]] = View(None, (), (STATE_WORDS,))
        low.views[node.outputs[1]] = View(None, (), tuple(dims))
        return True
    low.headers.setdefault("mersenne.h")
    c_type = "_Bool" if op.dtype == "bool" else C_TYPES[op.dtype]
    name = f"isym_draw_{kind}_{op.dtype}"
    low.support.setdefault(f"ISYM_MT_{_MACROS.get(kind, kind.upper())}({name}, {c_type})\n")
    state = low.materialised(node.inputs[0])
    after, sample = low.new_value("uint32", (STATE_WORDS,)), low.new_value(op.dtype, dims, 1)
    wanted = PARAMETERS[kind]
    operands = node.inputs[1 + op.sized :][: len(wanted)]
    batch = dims[: len(dims) - op.record.event]
    parameters = [
        _parameter(low, x, dtype, batch, op.extents, 2 + k) for k, (x, dtype) in enumerate(zip(operands, wanted))
    ]
    row = low.new_value("int64", dims[-1:], 2) if kind == "permutation" else None
    low.messages.append(f"{kind}: a parameter is out of its range")
    message = len(low.messages) - 1

    def lines(texts: Sequence[str]) -> list[str]:
        remaining = iter(texts)
        written, arguments = [], ["words"]
        for k, (x, parameter, dtype) in enumerate(zip(operands, parameters, wanted)):
            if parameter.view is not None:
                written.append(f"const {C_TYPES[dtype]} parameter{k} = {cast(next(remaining), x.type.dtype, dtype)};")
                arguments.append(f"&parameter{k}, 0")
                continue
            if parameter.room is not None:
                written += _stretched(low, parameter, x, batch, dtype)
            arguments.append(f"{(parameter.room or parameter.array).storage.buffer}, 1")
        count = " * ".join(low.text(dim) for dim in dims) or "1"
        if kind == "permutation":
            arguments[1:] = [row.buffer if row is not None else "0", "parameter0"]
        elif kind == "choice":
            written.append("const int64_t first = 0, last = parameter0 - 1;")
            arguments[1:] = ["&first, 0", "&last, 0"]
        written.append(f"memcpy({after.buffer}, {state.storage.buffer}, sizeof(isym_mt));")
        written.append(f"isym_mt *const words = (isym_mt *){after.buffer};")
        call = f"{name}({', '.join(arguments)}, ({c_type} *){sample.buffer}, {count})"
        if kind == "choice":
            call = f"{count} > 0 && {call}"
        written.append(f"if ({call}) return isym_fail(ctx, {VALUE}, {number}, {message}, 0, 0);")
        return ["{", *(f"  {line}" for line in written), "}"]

    arrays = [state, *(p.array for p in parameters if p.array is not None)]
    rooms = [p.room for p in parameters if p.room is not None]
    made = low.kernel(
        op_text(node.op),
        "call",
        reads=tuple(low.access(p.view, []) for p in parameters if p.view is not None),
        lines=lines,
        whole=tuple(arrays),
        dims=tuple(dim for x in (*arrays, sample) for dim in x.dims),
        after=[k for view in views for k in view.needs],
        results=(after, sample, *rooms, *([row] if row is not None else [])),
    )
    for result in made.results:
        result.writers.append(made)
    low.views[node.outputs[0]], low.views[node.outputs[1]] = whole(after), whole(sample)
    return True
