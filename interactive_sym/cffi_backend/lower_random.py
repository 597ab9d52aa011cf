"""Random streams in C: a `RandomState` is an array of words, and a draw is a call of `runtime/mersenne.h`.

`with_states_as_arrays` puts, in a program, a vector of `STATE_WORDS` words in the place of every state, and a
`MersenneDraw` in the place of every draw. Then states need no treatment of their own: they are carried through loops
and branches as any vector. The calling layer reads the words from the `RandomState` that a shared variable or an
argument holds, and writes them to that which is stored or returned.

Where a state goes to an operation that has no such form, all states of the program stay Python objects.

Read next: `core.ops.random`, `call`.
"""

from collections.abc import Callable, Sequence
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
from ..core.types import COMPLEXES, FLOATS, RandomStateType, TensorType
from .indexmap import View, whole
from .loopir import Dim, Value, cast
from .lower import SIZE, VALUE, Lowering, lowers, op_text

#: The element types in which the parameters of draws element by element go to C.
PARAMETERS = {
    "uniform": ("float64", "float64"),
    "normal": ("float64", "float64"),
    "random_integers": ("int64", "int64"),
    "binomial": ("int64", "float64"),
    "poisson": ("float64",),
}
_MACROS = {"random_integers": "INTEGERS"}


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
        ['TensorType(float64, (2,))', 'TensorType(uint32, (628,))']
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
    if op.dtype in COMPLEXES or any(x.type.dtype == "uint64" for x in parameters):
        return False
    return op.distribution != "multinomial" or parameters[1].type.dtype in FLOATS


# -- C -----------------------------------------------------------------------------------------------------------------


Texts = Sequence[str]
Argument = Callable[[], str]


class _Draw:
    """A draw on the way to C: what it reads and needs, and the lines that are written.

    Attributes:
        dims: sizes of the sample; `batch` are those without the dimensions of one draw.
        first: lines that make parameters ready.
    """

    def __init__(self, low: Lowering, node: Apply, dims: list[Dim]) -> None:
        self.low, self.node, self.op, self.dims = low, node, node.op.draw, dims
        self.number = low.node
        self.batch = dims[: len(dims) - self.op.record.event]
        self.parameters = node.inputs[1 + self.op.sized :]
        self.state = low.materialised(node.inputs[0])
        self.results = [low.new_value("uint32", (STATE_WORDS,)), low.new_value(self.op.dtype, dims, 1)]
        self.reads: list[View] = []
        self.arrays = [self.state]
        self.texts: Texts = ()
        self.first: list[Callable[[], list[str]]] = []
        self.c_type = "_Bool" if self.op.dtype == "bool" else C_TYPES[self.op.dtype]
        low.messages.append(f"{self.op.distribution}: a parameter is out of its range")
        self.message = len(low.messages) - 1

    # -- parts of the call ---------------------------------------------------------------------------------------------

    def function(self, macro: str, *more: str) -> str:
        """The name of a function for the sample's element type, made by a macro of the header."""
        name = "_".join(("isym_draw", macro.lower(), self.op.dtype, *more))
        types = ", ".join((self.c_type, *(C_TYPES[dtype] for dtype in more)))
        self.low.support.setdefault(f"ISYM_MT_{macro}({name}, {types})\n")
        return name

    def room(self, dtype: str, dims: Sequence[Dim]) -> Value:
        """Memory for the draw alone."""
        self.results.append(self.low.new_value(dtype, dims, len(self.results)))
        return self.results[-1]

    def read(self, x: Variable, dtype: str) -> Argument:
        """A 0-d parameter as a local variable of C."""
        position = len(self.reads)
        self.reads.append(self.low.view(x))
        name = f"number{position}"
        self.first.append(
            lambda: [f"const {C_TYPES[dtype]} {name} = {cast(self.texts[position], x.type.dtype, dtype)};"]
        )
        return lambda: name

    def array(self, x: Variable) -> Value:
        """A parameter in memory."""
        self.arrays.append(self.low.materialised(x))
        return self.arrays[-1]

    def elementwise(self, x: Variable, dtype: str, dims: Sequence[Dim]) -> Argument:
        """A parameter with an element for each of `dims`, or one for all: its address and step."""
        view = self.low.view(x)
        if not view.dims:
            number = self.read(x, dtype)
            return lambda: f"&{number()}, 0"
        shift = len(dims) - len(view.dims)
        for k, static in enumerate(x.type.shape):
            if static != 1 and k + shift in self.op.extents:
                self.low.unify(dims[k + shift], view.dims[k], k + shift)
        array = self.array(x)
        known = [self.low.same(a, b) for a, b in zip(dims[shift:], view.dims)]
        if not shift and all(known) and x.type.dtype == dtype:
            return lambda: f"{array.storage.buffer}, 1"
        room = self.room(dtype, dims)
        self.first.append(lambda: self._stretched(array, room, known, cast_from=x.type.dtype))
        return lambda: f"{room.buffer}, 1"

    def _stretched(self, array: Value, room: Value, known: Sequence[bool], cast_from: str) -> list[str]:
        """Lines that write a parameter to its room, element by element of the sample."""
        low = self.low
        shift = len(room.dims) - len(array.dims)
        checks, loops, place, offset = [], [], "0", "0"
        for axis, dim in enumerate(room.dims):
            size, name = low.text(dim), f"b{axis}"
            loops.append(f"for (int64_t {name} = 0; {name} < {size}; {name}++)")
            place = name if not axis else f"({place}) * {size} + {name}"
            if axis < shift:
                continue
            mine, at = low.text(array.dims[axis - shift]), name
            if mine == "1":
                at = "0"
            elif not known[axis - shift]:
                wrong = f"{mine} != 1 && {mine} != {size}"
                checks.append(f"if ({wrong}) return isym_fail(ctx, {SIZE}, {self.number}, {axis}, {mine}, {size});")
                at = f"({mine} == 1 ? 0 : {name})"
            offset = at if axis == shift else f"({offset}) * {mine} + {at}"
        element = cast(f"{array.storage.buffer}[{offset}]", cast_from, room.dtype)
        return [*checks, *loops, f"  {room.buffer}[{place}] = {element};"]

    @property
    def sample(self) -> str:
        """The sample as an argument, without its count."""
        return f"({self.c_type} *){self.results[1].buffer}"

    @property
    def count(self) -> str:
        return " * ".join(f"{self.low.text(dim)}" for dim in self.dims) or "1"

    def build(self, call: Argument, after: Callable[[], list[str]] = list) -> None:
        """Add the kernel: `call` is C text that is true where a parameter is wrong, `after` what comes then."""
        low, words = self.low, self.results[0]

        def lines(texts: Texts) -> list[str]:
            self.texts = texts
            written = [line for part in self.first for line in part()]
            written.append(f"memcpy({words.buffer}, {self.state.storage.buffer}, sizeof(isym_mt));")
            written.append(f"isym_mt *const words = (isym_mt *){words.buffer};")
            written.append(f"if ({call()}) return isym_fail(ctx, {VALUE}, {self.number}, {self.message}, 0, 0);")
            return ["{", *(f"  {line}" for line in (*written, *after())), "}"]

        made = low.kernel(
            op_text(self.node.op),
            "call",
            reads=tuple(low.access(view, []) for view in self.reads),
            lines=lines,
            whole=tuple(dict.fromkeys(self.arrays)),
            dims=tuple(dim for x in (*self.arrays, *self.results) for dim in x.dims),
            after=[k for x in self.node.inputs for k in low.view(x).needs],
            results=tuple(self.results),
        )
        for result in self.results:
            result.writers.append(made)
        for x, result in zip(self.node.outputs, self.results):
            low.views[x] = whole(result)


@lowers(MersenneDraw)
def _draw(low: Lowering, node: Apply, value: bool) -> bool:
    op = node.op.draw
    shape = node.op.infer_shape(node, [low.view(x).dims for x in node.inputs])[1]
    dims: list[Dim] = []
    for axis, (size, static) in enumerate(zip(shape, op.shape)):
        dim = low.size_of(size)
        dims.append(dim if static is None else low.unify(dim, static, axis))
    if not value:
        low.views[node.outputs[0]] = View(None, (), (STATE_WORDS,))
        low.views[node.outputs[1]] = View(None, (), tuple(dims))
        return True
    low.headers.setdefault("mersenne.h")
    draw = _Draw(low, node, dims)
    _WRITERS.get(op.distribution, _elements)(draw)
    return True


def _elements(draw: _Draw) -> None:
    """One number for each element of the parameters."""
    kind = draw.op.distribution
    given = [draw.elementwise(x, dtype, draw.batch) for x, dtype in zip(draw.parameters, PARAMETERS[kind])]
    function = draw.function(_MACROS.get(kind, kind.upper()))
    draw.build(lambda: f"{function}(words, {', '.join(text() for text in given)}, {draw.sample}, {draw.count})")


def _permutation(draw: _Draw) -> None:
    size = draw.read(draw.parameters[0], "int64")
    row, function = draw.room("int64", draw.dims[-1:]), draw.function("PERMUTATION")
    draw.build(lambda: f"{function}(words, {row.buffer}, {size()}, {draw.sample}, {draw.count})")


def _multinomial(draw: _Draw) -> None:
    trials, chances = draw.parameters
    dtype = chances.type.dtype
    n = draw.elementwise(trials, "int64", draw.batch)
    if len(chances.type.shape) == 1:
        row = draw.array(chances)
        rows: Argument = lambda: f"{row.storage.buffer}, 0"  # noqa: E731
    else:
        rows = draw.elementwise(chances, dtype, draw.dims)
    room, function = draw.room("float64", draw.dims[-1:]), draw.function("MULTINOMIAL", dtype)

    def call() -> str:
        size = draw.low.text(draw.dims[-1])
        return f"{function}(words, {n()}, {rows()}, {room.buffer}, {size}, {draw.sample}, {draw.count})"

    draw.build(call)


def _choice(draw: _Draw) -> None:
    """Positions are chosen, then the elements at them are taken."""
    low, (elements, again, *rest) = draw.low, draw.parameters
    vector = draw.array(elements) if elements.type.shape else None
    n: Dim | None = None if vector is None else vector.dims[0]
    size = draw.read(elements, "int64") if vector is None else lambda: low.text(vector.dims[0])
    replaced = draw.read(again, "bool")
    chosen = draw.room("int64", draw.dims)
    chances = draw.elementwise(rest[0], "float64", low.view(rest[0]).dims) if rest else None
    copy = sums = row = None
    if rest:
        n = low.view(rest[0]).dims[0]
        copy, sums = draw.room("float64", (n,)), draw.room("float64", (n,))
    if rest or not (isinstance(again, Constant) and again.data):
        row = draw.room("int64", (n if n is not None else low.scalar_size(elements, "choice"),))
    kind = rest[0].type.dtype if rest and rest[0].type.dtype in FLOATS else "float64"
    tolerance = float(np.sqrt(max(np.finfo(np.float64).eps, np.finfo(kind).eps)))

    def call() -> str:
        names = [x.buffer if x is not None else "0" for x in (copy, sums, row)]
        text = f"isym_mt_choose(words, {size()}, {replaced()}, {names[0]}, {tolerance!r}, {names[1]}, {names[2]}, "
        text += f"{chosen.buffer}, {draw.count})"
        if copy is None or chances is None:
            return text
        length = low.text(copy.dims[0])
        source = chances().rpartition(",")[0]
        return f"{size()} != {length} || (memcpy({copy.buffer}, {source}, sizeof(double) * {length}), {text})"

    def taken() -> list[str]:
        place = f"{chosen.buffer}[i]"
        item = cast(place, "int64", draw.op.dtype)
        if vector is not None:
            item = cast(f"{vector.storage.buffer}[{place}]", elements.type.dtype, draw.op.dtype)
        return [f"for (int64_t i = 0; i < {draw.count}; i++) {draw.results[1].buffer}[i] = {item};"]

    draw.build(call, taken)


_WRITERS = {"permutation": _permutation, "multinomial": _multinomial, "choice": _choice}
