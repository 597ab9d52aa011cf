"""Loops: one inner graph, computed step after step (floor B).

A step takes the present elements of sequences, the values that earlier steps left, and values that stay; it gives the
next values. `Scan` holds the step as a `Body`. What a user writes is `interactive_sym.scan.scan`.

The values a step leaves are of three kinds, in this order among the outputs:

- states: every step reads those of earlier steps (its `taps`), and all of them are stored, one row a step;
- collected: stored, one row a step, and not read by later steps;
- carried: read by the next step, and only the last one remains (states of random streams, sums of gradients).

Read next: `interactive_sym.scan`, `core.rules.loops`.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..constants import as_tensor_variable, constant, get_scalar_constant_value
from ..errors import NotScalarConstantError, message
from ..graph import Apply, Constant, Variable, leaves, rebuild
from ..op import Gradient, Op, call
from ..program import Interner
from ..source import here
from ..types import CONTINUOUS, INTEGERS, TensorType
from .body import Body, row_sizes

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Layout:
    """What the inputs and outputs of a step are.

    Attributes:
        sequences: how many sequences.
        taps: for each state how many steps back its values are read, such as `(-2, -1)`.
        collected: how many outputs are only stored.
        carried: how many values go from step to step without being stored.
        until: whether the step's last output is a condition that ends the loop.
        kept: for each state and each collected output how many last rows are stored, None for all.
        truncate: how many steps gradients go back, -1 for all.
    """

    sequences: int
    taps: tuple[tuple[int, ...], ...]
    collected: int
    carried: int
    until: bool = False
    kept: tuple[int | None, ...] = ()
    truncate: int = -1

    def __post_init__(self) -> None:
        if not self.kept:
            object.__setattr__(self, "kept", (None,) * (len(self.taps) + self.collected))

    @property
    def states(self) -> int:
        return len(self.taps)

    @property
    def stored(self) -> int:
        """How many outputs have a row a step."""
        return self.states + self.collected

    def depth(self, state: int) -> int:
        """How many rows a state starts from."""
        return -min(self.taps[state])

    @property
    def first_tap(self) -> int:
        """Position of the first state's value among the step's inputs."""
        return self.sequences

    @property
    def first_carried(self) -> int:
        return self.sequences + sum(map(len, self.taps))

    @property
    def first_fixed(self) -> int:
        return self.first_carried + self.carried


class Scan(Op):
    """Computes a step again and again; see the module's text for its kinds of outputs.

    Inputs are the number of steps (int64 scalar), the sequences (each with a row for every step, which the step sees
    one at a time), for each state the rows it starts from, for each carried value what it starts from, and the values
    that stay.

    Args:
        body: the step. Its inputs are a row of each sequence, for each state its values at the taps in order, the
            carried values, then those that stay; its outputs the states, collected and carried values, and the
            condition.
        layout: which are which.
        label: the user's name for the loop; it makes no difference to what is computed.

    Attributes:
        traces: records of how the step was rewritten, where it was.
    """

    __props__ = ("body", "layout")
    family = "control"
    name = "scan"
    traces: tuple[Any, ...] = ()

    def __init__(self, body: Body, layout: Layout, label: str | None = None) -> None:
        self.body = body
        self.layout = layout
        self.label = label

    def __str__(self) -> str:
        return f"scan{{{self.label}}}" if self.label else "scan"

    __repr__ = __str__

    def __getstate__(self) -> dict[str, Any]:
        return {"body": self.body, "layout": self.layout, "label": self.label}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    @property
    def inner_inputs(self) -> tuple[Variable, ...]:
        """Inputs of the step."""
        return self.body.inputs

    @property
    def inner_outputs(self) -> tuple[Variable, ...]:
        """Outputs of the step."""
        return self.body.outputs

    @property
    def inputs(self) -> tuple[Variable, ...]:
        """`inner_inputs`, under the name programs know."""
        return self.body.inputs

    @property
    def outputs(self) -> tuple[Variable, ...]:
        """`inner_outputs`, under the name programs know."""
        return self.body.outputs

    # -- parts of inputs and outputs -------------------------------------------------------------------------------

    def split(self, inputs: Sequence[Any]) -> "Parts":
        """The node's inputs by kind."""
        layout = self.layout
        ends = [1, 1 + layout.sequences, 1 + layout.sequences + layout.states]
        ends.append(ends[-1] + layout.carried)
        return Parts(
            inputs[0],
            list(inputs[1 : ends[1]]),
            list(inputs[ends[1] : ends[2]]),
            list(inputs[ends[2] : ends[3]]),
            list(inputs[ends[3] :]),
        )

    def split_body(self, inputs: Sequence[Any]) -> tuple[list[Any], list[list[Any]], list[Any], list[Any]]:
        """The step's inputs by kind: sequences, states (a list each), carried, fixed."""
        layout = self.layout
        states = []
        position = layout.first_tap
        for taps in layout.taps:
            states.append(list(inputs[position : position + len(taps)]))
            position += len(taps)
        return (
            list(inputs[: layout.sequences]),
            states,
            list(inputs[layout.first_carried : layout.first_fixed]),
            list(inputs[layout.first_fixed :]),
        )

    # -- nodes -----------------------------------------------------------------------------------------------------

    def make_node(self, *inputs: Any) -> Apply:
        layout = self.layout
        wanted = 1 + layout.sequences + layout.states + len(self.body.inputs) - layout.first_carried
        if len(inputs) != wanted:
            raise ValueError(f"scan wants {wanted} inputs, got {len(inputs)}")
        parts = self.split(
            [_steps(inputs[0]), *(x if isinstance(x, Variable) else as_tensor_variable(x) for x in inputs[1:])]
        )
        inner = self.split_body(self.body.inputs)
        for row, x in zip(inner[0], parts.sequences):
            _check_rows(row, x, "a sequence")
        for rows, x in zip(inner[1], parts.initial):
            for row in rows:
                _check_rows(row, x, "an initial state")
        for mine, x in zip([*inner[2], *inner[3]], [*parts.carried, *parts.fixed]):
            if not mine.type.holds(x.type):
                raise TypeError(message(f"scan: {x} of {x.type} can't stand for {mine} of {mine.type}", here()[0]))
        outputs: list[Variable] = []
        for k in range(layout.stored):
            row = self.body.outputs[k].type
            shape = row.shape
            if k < layout.states:
                start = parts.initial[k].type.shape[1:]
                shape = tuple(a if a is not None else b for a, b in zip(shape, start))
            outputs.append(TensorType(row.dtype, shape=(None, *shape)).make_variable())
        for inner_input, x, new in zip(inner[2], parts.carried, self.body.outputs[layout.stored :]):
            type_ = inner_input.type
            if isinstance(type_, TensorType):
                same = [a if a == b == c else None for a, b, c in zip(type_.shape, x.type.shape, new.type.shape)]
                type_ = TensorType(type_.dtype, shape=same)
            outputs.append(type_.make_variable())
        return Apply(self, parts.all, outputs)

    # -- values ----------------------------------------------------------------------------------------------------

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        layout, body = self.layout, self.body
        parts = self.split(inputs)
        steps = int(parts.steps)
        if steps < 0:
            raise ValueError(message(f"scan: the number of steps is {steps}, it can't be negative", node.where))
        for variable, value in zip(node.inputs[1:], parts.sequences):
            if len(value) != steps:
                raise _too_short(node, variable, len(value), steps)
        history: list[Any] = []
        for k, start in enumerate(parts.initial):
            depth, kept = layout.depth(k), layout.kept[k]
            if len(start) != depth:
                raise ValueError(
                    message(
                        f"scan: {node.inputs[1 + layout.sequences + k]} has {len(start)} initial rows, "
                        f"the state reads {depth} steps back",
                        node.where,
                    )
                )
            history.append(deque((np.asarray(row) for row in start), None if kept is None else max(depth, kept)))
        collected: list[Any] = [deque(maxlen=kept) for kept in layout.kept[layout.states :]]
        carried = list(parts.carried)
        done = 0
        while done < steps:
            values = [value[done, ...] for value in parts.sequences]
            for rows, taps in zip(history, layout.taps):
                values += [rows[tap] for tap in taps]
            results = body([*values, *carried, *parts.fixed])
            for k, rows in enumerate(history):
                row = np.asarray(results[k])
                if row.shape != rows[-1].shape:
                    raise _changed_shape(node, self, k, rows[-1].shape, row.shape, done)
                rows.append(np.array(row))
            for k, rows in enumerate(collected):
                row = np.array(results[layout.states + k])
                if rows and rows[-1].shape != row.shape:
                    raise _changed_shape(node, self, layout.states + k, rows[-1].shape, row.shape, done)
                rows.append(row)
            for k, value in enumerate(results[layout.stored : layout.stored + layout.carried]):
                if isinstance(value, (np.ndarray, np.generic)) and np.shape(value) != np.shape(carried[k]):
                    raise _changed_shape(node, self, layout.stored + k, np.shape(carried[k]), np.shape(value), done)
                carried[k] = value
            done += 1
            if layout.until and bool(results[-1]):
                break
        empty = None
        for k, rows in enumerate([*history, *collected]):
            depth = layout.depth(k) if k < layout.states else 0
            kept = layout.kept[k]
            count = done if kept is None else min(kept, done)
            dtype = body.outputs[k].type.dtype
            if count:
                output_storage[k][0] = np.stack(list(rows)[-count:])
            else:
                if depth:
                    shape = rows[-1].shape
                else:
                    empty = empty or self._rows_of_no_step(parts)
                    shape = empty[k]
                output_storage[k][0] = np.empty((0, *shape), dtype=dtype)
        for k, value in enumerate(carried):
            output_storage[layout.stored + k][0] = np.array(value) if isinstance(value, np.ndarray) else value

    def _rows_of_no_step(self, parts: "Parts") -> list[tuple[int, ...]]:
        """Shapes of the stored rows where no step is run: those of a step on zeros, as far as that can be computed."""
        layout = self.layout
        values = [np.zeros(value.shape[1:], value.dtype) for value in parts.sequences]
        for start, taps in zip(parts.initial, layout.taps):
            values += [np.asarray(start[-1]) for _ in taps]
        try:
            return [np.shape(x) for x in self.body([*values, *parts.carried, *parts.fixed])]
        except Exception:
            return [tuple(size or 0 for size in x.type.shape) for x in self.body.outputs[: layout.stored]]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        layout = self.layout
        if layout.until and layout.stored:
            raise TypeError("how many steps a loop with a condition makes is known only afterwards")
        parts, shapes = self.split(node.inputs), self.split(input_shapes)
        inner = self.split_body(self.body.inputs)
        known: dict[Variable, Any] = {}
        stands_for: dict[Variable, Variable] = {}
        for x, sizes in zip(inner[0], shapes.sequences):
            known[x] = tuple(sizes[1:])
        for rows, sizes in zip(inner[1], shapes.initial):
            known.update((x, tuple(sizes[1:])) for x in rows)
        for x, sizes in zip([*inner[2], *inner[3]], [*shapes.carried, *shapes.fixed]):
            known[x] = tuple(sizes) if isinstance(x.type, TensorType) else None
        stands_for.update(zip(inner[3], parts.fixed))
        result: list[Any] = []
        collected = self.body.outputs[layout.states : layout.stored]
        rows_ = row_sizes(collected, known, stands_for) if collected else []
        for k in range(layout.stored):
            sizes = shapes.initial[k][1:] if k < layout.states else rows_[k - layout.states]
            static = node.outputs[k].type.shape
            steps = static[0] if static[0] is not None else _rows(parts.steps, layout.kept[k])
            result.append((steps, *(a if a is not None else b for a, b in zip(static[1:], sizes))))
        for x, sizes in zip(parts.carried, shapes.carried):
            result.append(tuple(sizes) if isinstance(x.type, TensorType) else None)
        return result

    # -- gradient --------------------------------------------------------------------------------------------------

    def reaches(self) -> list[set[int]]:
        """For each output of the step the inputs that a gradient of it may reach, over any number of steps."""
        found: list[set[int]] | None = self.__dict__.get("_reaches")
        if found is not None:
            return found
        position = {x: k for k, x in enumerate(self.body.inputs)}
        behind: dict[Variable, set[int]] = {x: {k} for x, k in position.items()}
        for node in self.body.nodes:
            pattern = node.op.connection_pattern(node)
            for j, output in enumerate(node.outputs):
                reached: set[int] = set()
                for x, row in zip(node.inputs, pattern):
                    if row[j]:
                        reached |= behind.get(x, set())
                behind[output] = reached
        direct = [behind.get(x, set()) for x in self.body.outputs]
        maker = self.made_by()
        found = [set(x) for x in direct]
        changed = True
        while changed:
            changed = False
            for reached in found:
                more = set().union(*(found[maker[k]] for k in reached if k in maker)) - reached
                if more:
                    reached |= more
                    changed = True
        self.__dict__["_reaches"] = found
        return found

    def made_by(self) -> dict[int, int]:
        """For each input of the step that an earlier step made, the output it was."""
        layout = self.layout
        maker: dict[int, int] = {}
        position = layout.first_tap
        for k, taps in enumerate(layout.taps):
            maker.update((position + j, k) for j in range(len(taps)))
            position += len(taps)
        maker.update((layout.first_carried + k, layout.stored + k) for k in range(layout.carried))
        return maker

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        layout, reaches = self.layout, self.reaches()
        count = layout.stored + layout.carried
        groups: list[list[int]] = [[]]
        groups += [[k] for k in range(layout.sequences)]
        position = layout.first_tap
        for taps in layout.taps:
            groups.append(list(range(position, position + len(taps))))
            position += len(taps)
        groups += [[k] for k in range(layout.first_carried, len(self.body.inputs))]
        return [[any(k in reaches[j] for k in group) for j in range(count)] for group in groups]

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Gradient]:
        return self.L_op(inputs, self.make_node(*inputs).outputs, output_grads)

    def L_op(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], output_grads: Sequence[Variable]
    ) -> Sequence[Gradient]:
        """Cotangents by a loop that runs the steps backwards; it reads what this loop stored."""
        return _Backward(self, inputs, outputs, output_grads).gradients()


@dataclass
class Parts:
    """Inputs of a `Scan` node by kind (variables, values or shapes)."""

    steps: Any
    sequences: list[Any]
    initial: list[Any]
    carried: list[Any]
    fixed: list[Any]

    @property
    def all(self) -> list[Any]:
        return [self.steps, *self.sequences, *self.initial, *self.carried, *self.fixed]


def _steps(x: Any) -> Any:
    x = as_tensor_variable(x)
    if len(x.type.shape) != 0 or x.type.dtype not in INTEGERS:
        raise TypeError(message(f"scan: the number of steps must be an integer scalar, got {x} of {x.type}", here()[0]))
    if isinstance(x, Constant):
        return constant(int(x.data), dtype="int64")
    return call("cast", x, "int64")


def _rows(steps: Any, kept: int | None) -> Any:
    if kept is None:
        return int(steps.data) if isinstance(steps, Constant) else steps
    if isinstance(steps, Constant):
        return min(kept, int(steps.data))
    return call("minimum", steps, constant(kept, dtype="int64"))


def _check_rows(row: Any, x: Any, what: str) -> None:
    type_ = x.type
    if (
        not isinstance(type_, TensorType)
        or len(type_.shape) != len(row.type.shape) + 1
        or not row.type.holds(TensorType(type_.dtype, shape=type_.shape[1:]))
    ):
        raise TypeError(message(f"scan: {x} of {type_} can't be {what} with rows of {row.type}", here()[0]))


def _too_short(node: Apply, variable: Variable, rows: int, steps: int) -> ValueError:
    made = variable.owner
    while made is not None and made.op.name in ("subtensor", "dimshuffle", "cast"):
        variable = made.inputs[0]
        made = variable.owner
    return ValueError(
        message(
            f"scan: {steps} steps are wanted, and {variable} has elements for {rows}",
            node.where,
            operands=[(str(variable)[:40], str(variable.type))],
            cure="leave n_steps out: the loop then goes as far as the shortest sequence",
        )
    )


def _changed_shape(node: Apply, op: Scan, k: int, before: Any, after: Any, step: int) -> ValueError:
    output = op.body.outputs[k]
    return ValueError(
        message(
            f"scan: output {k} has shape {tuple(after)} at step {step}, and {tuple(before)} before",
            output.owner.where if output.owner is not None else node.where,
            operands=[(str(output)[:40], str(output.type), "made in each step")],
            cure="a step must give the same shape as the initial state and as the steps before",
        )
    )


def _is_zero(x: Any) -> bool:
    """Whether a variable is known to be all zeros."""
    try:
        return bool(get_scalar_constant_value(x) == 0)
    except NotScalarConstantError:
        return False


class _Backward:
    """The gradient of a loop: builds the loop that runs backwards.

    Step t of it has the cotangents of what step t made: from outside (one row a step), and from later steps
    (accumulated). It differentiates the step, adds to the cotangents of earlier steps' states and of what stays, and
    collects those of the sequences. What the derivative needs of the forward step it reads from what that stored, where
    it did; the rest is computed again. Random draws are never computed again: the forward loop is made to store them.
    """

    def __init__(
        self, op: Scan, inputs: Sequence[Variable], outputs: Sequence[Variable], output_grads: Sequence[Variable]
    ) -> None:
        if any(kept is not None for kept in op.layout.kept):
            op = Scan(op.body, replace(op.layout, kept=()), op.label)
            outputs = op.make_node(*inputs).outputs
        self.op, self.layout, self.body = op, op.layout, op.body
        self.parts = op.split(inputs)
        self.inputs, self.outputs = list(inputs), list(outputs)
        layout = self.layout
        self.given: dict[int, Variable] = {
            k: g
            for k, g in enumerate(output_grads)
            if isinstance(g.type, TensorType) and g.type.dtype in CONTINUOUS and not _is_zero(g)
        }
        reaches = op.reaches()
        maker = op.made_by()
        self.relevant = {
            k
            for k in range(layout.stored + layout.carried)
            if self.body.outputs[k].type.__class__ is TensorType
            and self.body.outputs[k].type.dtype in CONTINUOUS
            and (k in self.given or any(maker.get(x) == k for j in self.given for x in reaches[j]))
        }
        self.wanted = sorted({x for k in self.given for x in reaches[k]})
        steps = self.parts.steps
        self.forward_steps = steps
        if layout.until:
            steps = call("shape_i", self.outputs[0], 0) if layout.stored else steps
            self.forward_steps = steps
        self.whole = layout.truncate < 0
        self.steps = steps if self.whole else call("minimum", steps, constant(layout.truncate, dtype="int64"))

    def gradients(self) -> list[Gradient]:
        layout, body = self.layout, self.body
        result: list[Gradient] = [None] * len(self.inputs)
        if not self.given:
            return result
        maker = self.op.made_by()
        sequences: list[tuple[Variable, Any]] = []  # inner variable, outer sequence in forward order
        carried: list[tuple[Variable, Any, Any]] = []  # inner variable, what it starts from, its next value
        cotangents: dict[Variable, Any] = {}
        owed: dict[int, list[Variable]] = {}  # relevant output -> cotangents owed to 1, 2, ... steps back
        for k in sorted(self.relevant):
            inner = body.outputs[k]
            total: Any = None
            if k in self.given and k < layout.stored:
                row = _row_of(self.given[k], f"g{k}")
                sequences.append((row, self.given[k]))
                total = row
            if k < layout.states or k >= layout.stored:
                depth = layout.depth(k) if k < layout.states else 1
                start = self._start(k)
                owed[k] = []
                for j in range(depth):
                    zero = call("zeros_like", start)
                    first = self.given[k] if k in self.given and k >= layout.stored else zero
                    variable = _loose(start.type).make_variable(f"owed{k}_{j + 1}")
                    owed[k].append(variable)
                    carried.append((variable, first, None))
                total = owed[k][0] if total is None else call("add", total, owed[k][0])
            if total is None or isinstance(inner, Constant):
                continue
            before = cotangents.get(inner)
            cotangents[inner] = total if before is None else call("add", before, total)
        asked = [x for x in self.wanted if body.inputs[x].type.__class__ is TensorType]
        asked = [x for x in asked if body.inputs[x].type.dtype in CONTINUOUS]
        inner_gradients = call("cotangents", cotangents, [body.inputs[x] for x in asked])
        found = dict(zip(asked, inner_gradients))
        undefined = {x: g for x, g in found.items() if g is not None and not isinstance(g.type, TensorType)}
        for x, g in undefined.items():
            found[x] = None
            if x in maker:
                raise TypeError(g.type.why)

        # what is owed to earlier steps
        next_value: dict[Variable, Any] = {}
        position = layout.first_tap
        for k, taps in enumerate(layout.taps):
            if k in owed:
                by_tap = {tap: found.get(position + j) for j, tap in enumerate(taps)}
                for j, variable in enumerate(owed[k]):
                    terms = [owed[k][j + 1]] if j + 1 < len(owed[k]) else []
                    term = by_tap.get(-(j + 1))
                    if term is not None:
                        terms.append(term)
                    next_value[variable] = _sum(terms, variable)
            position += len(taps)
        for c in range(layout.carried):
            k = layout.stored + c
            if k in owed:
                term = found.get(layout.first_carried + c)
                next_value[owed[k][0]] = _sum([] if term is None else [term], owed[k][0])
        carried = [(variable, first, next_value[variable]) for variable, first, _ in carried]
        place = {variable: c for c, (variable, _, _) in enumerate(carried)}

        # sums of the cotangents of what stays
        sums: dict[int, int] = {}
        for x in asked:
            if x >= layout.first_fixed and found[x] is not None:
                inner, outer = body.inputs[x], self.parts.fixed[x - layout.first_fixed]
                variable = _loose(inner.type).make_variable(f"sum_{inner.name or x}")
                sums[x] = len(carried)
                carried.append((variable, call("zeros_like", outer), call("add", variable, found[x])))
        collected = [(x, found[x]) for x in asked if x < layout.sequences and found[x] is not None]

        made = self._loop(sequences, carried, [g for _, g in collected])
        rows, finals = made[: len(collected)], made[len(collected) :]

        first_initial = 1 + layout.sequences
        for (x, _), trace in zip(collected, rows):
            result[1 + x] = self._placed(self.parts.sequences[x], call("getitem", trace, slice(None, None, -1)))
        for k, variables in owed.items():
            ends = [self._reached_start(finals[place[variable]]) for variable in variables]
            if k < layout.states:
                rows_ = [call("shape_padleft", end, 1) for end in reversed(ends)]
                result[first_initial + k] = rows_[0] if len(rows_) == 1 else call("join", 0, *rows_)
            else:
                result[first_initial + layout.states + k - layout.stored] = ends[0]
        for x, c in sums.items():
            result[self._outer(x)] = finals[c]
        for x, g in undefined.items():
            result[self._outer(x)] = g
        return result

    def _outer(self, x: int) -> int:
        """Position, among the node's inputs, of what the step's input `x` comes from: a sequence, or what stays."""
        layout = self.layout
        return 1 + x if x < layout.sequences else 1 + layout.sequences + layout.states + x - layout.first_carried

    def _start(self, k: int) -> Any:
        """An outer variable of the shape and type that output `k` of the step has."""
        if k >= self.layout.stored:
            return self.parts.carried[k - self.layout.stored]
        return call("getitem", self.parts.initial[k], 0)

    def _reached_start(self, owed: Any) -> Any:
        """What is owed to values before the first step: nothing where the gradient does not go back so far."""
        if self.whole:
            return owed
        far = call("gt", self.forward_steps, self.steps)
        return call("switch", far, call("zeros_like", owed), owed)

    def _placed(self, sequence: Any, gradient: Any) -> Any:
        """The cotangent of a sequence: zeros for the steps that the gradient does not reach or that were not made."""
        if self.whole and not self.layout.until:
            return gradient
        zeros = call("zeros_like", sequence, gradient.type.dtype)
        first = call("sub", self.forward_steps, self.steps)
        return call("set_subtensor", call("getitem", zeros, slice(first, self.forward_steps)), gradient)

    def _loop(self, sequences: list[Any], carried: list[Any], collected: list[Any]) -> list[Variable]:
        layout = self.layout
        # equal nodes become one, so that what the forward step has computed is found where the derivative needs it
        made = Interner().adopt([*self.body.outputs, *collected, *(new for _, _, new in carried)])
        body, results = Body(self.body.inputs, made[: len(self.body.outputs)]), made[len(self.body.outputs) :]
        mine = {variable for variable, _ in sequences} | {variable for variable, _, _ in carried}
        # where the walk back stops: at the step's inputs, at what the forward loop stored, at random draws
        stored = {x: k for k, x in reversed(list(enumerate(body.outputs[: layout.stored]))) if x.owner is not None}
        drawn = {
            x: None
            for node in body.nodes
            if node.op.family == "random" or any(not isinstance(v.type, TensorType) for v in node.inputs)
            for x in node.outputs
            if isinstance(x.type, TensorType) and x not in stored
        }
        stops = [*mine, *body.inputs, *stored, *drawn]
        needed = [x for x in leaves(results, stops) if x not in mine and not isinstance(x, Constant)]
        inner = self.op.split_body(body.inputs)
        taps = {x: (k, tap) for k, xs in enumerate(inner[1]) for x, tap in zip(xs, layout.taps[k])}
        extra = [x for x in needed if x in drawn or x in inner[2]]
        outputs, more = self._forward(body, extra)
        stand_in: dict[Variable, Variable] = {}
        fixed: list[tuple[Variable, Any]] = []
        whole: dict[int, Any] = {}
        for x in needed:
            if x in inner[0]:
                sequences.append((x, self.parts.sequences[inner[0].index(x)]))
            elif x in taps:
                k, tap = taps[x]
                if k not in whole:
                    whole[k] = call("join", 0, self.parts.initial[k], outputs[k])
                start = layout.depth(k) + tap
                sequences.append((x, call("getitem", whole[k], slice(start or None, tap))))
            elif x in stored:
                stand_in[x] = x.type.make_variable(x.name)
                sequences.append((stand_in[x], outputs[stored[x]]))
            elif x in more:
                variable = x
                if x.owner is not None:
                    variable = stand_in[x] = x.type.make_variable(x.name)
                sequences.append((variable, more[x]))
            else:
                fixed.append((x, self.parts.fixed[inner[3].index(x)]))
        results = rebuild(results, stand_in)
        layout_ = Layout(len(sequences), (), len(collected), len(carried))
        step = Body(
            [*(x for x, _ in sequences), *(x for x, _, _ in carried), *(x for x, _ in fixed)],
            results,
        )
        op = Scan(step, layout_, f"gradient of {self.op.label}" if self.op.label else None)
        return list(
            op.make_node(
                self.steps,
                *(self._reversed(x) for _, x in sequences),
                *(first for _, first, _ in carried),
                *(x for _, x in fixed),
            ).outputs
        )

    def _reversed(self, sequence: Any) -> Any:
        """Rows of a forward sequence, last first: as many as the backward loop reads."""
        if self.layout.until:
            sequence = call("getitem", sequence, slice(None, self.forward_steps))
        backwards = call("getitem", sequence, slice(None, None, -1))
        return backwards if self.whole else call("getitem", backwards, slice(None, self.steps))

    def _forward(self, body: Body, extra: list[Variable]) -> tuple[list[Variable], dict[Variable, Variable]]:
        """The forward loop's outputs, and those of variables of the step that it did not store."""
        if not extra:
            return self.outputs, {}
        layout = self.layout
        results = body.outputs
        step = Body(body.inputs, [*results[: layout.stored], *extra, *results[layout.stored :]])
        kept = (None,) * (layout.stored + len(extra))
        op = Scan(step, replace(layout, collected=layout.collected + len(extra), kept=kept), self.op.label)
        outputs = op.make_node(*self.inputs).outputs
        return list(outputs), dict(zip(extra, outputs[layout.stored :]))


def _row_of(x: Any, name: str) -> Variable:
    """An inner variable for the rows of `x`."""
    row: Variable = TensorType(x.type.dtype, shape=x.type.shape[1:]).make_variable(name)
    return row


def _loose(type_: Any) -> Any:
    return TensorType(type_.dtype, shape=type_.shape)


def _sum(terms: list[Any], like: Variable) -> Any:
    if not terms:
        return call("zeros_like", like)
    total = terms[0]
    for term in terms[1:]:
        total = call("add", total, term)
    return total


__all__ = ["Layout", "Parts", "Scan"]
