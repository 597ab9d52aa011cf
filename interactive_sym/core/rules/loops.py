"""Loops and branches: what they store, what they compute, and what is inside them (floor D).

These rules look at a whole program, because what a loop must store depends on who reads it.

Read next: `interactive_sym.mode`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from .. import source
from ..graph import Apply, Constant, Variable, clients, leaves, rebuild
from ..op import call
from ..ops.body import Body
from ..ops.control import Branches, IfElse
from ..ops.indexing import Subtensor
from ..ops.scan import Parts, Scan
from ..program import Program
from ..rule import RULES, Rule, rewrites_program
from ..types import FLOATS, TensorType
from .algebra import scalar_value

STAGE = "loops"
Found = tuple[Apply, Sequence[Variable]] | None


def _scans(program: Program) -> list[Apply]:
    return [node for node in program.nodes if isinstance(node.op, Scan)]


def _applied(op: Any, inputs: Sequence[Variable], like: Sequence[Variable]) -> tuple[Variable, ...]:
    """Outputs of a new node, of the types of `like`."""
    return Apply(op, inputs, [x.type.make_variable(x.name) for x in like]).outputs


def _key(body: Body, outputs: Iterable[Variable]) -> Body:
    return Body(body.inputs, list(outputs))


@rewrites_program(
    "scan",
    name="merge_loops",
    stage=STAGE,
    why="Two loops that make the same states from the same inputs are one loop that stores what both store.",
    aliases=("scan_merge", "scanOp_merge"),
)
def merge_loops(program: Program) -> Found:
    seen: dict[Any, Apply] = {}
    for node in _scans(program):
        op: Scan = node.op
        layout = op.layout
        first, last = layout.states, layout.stored
        states = _key(op.body, [*op.body.outputs[:first], *op.body.outputs[last:]])
        key = (node.inputs, replace(layout, collected=0, kept=(None,) * first), states)
        other = seen.setdefault(key, node)
        if other is not node and not any(kept is not None for kept in (*layout.kept, *other.op.layout.kept)):
            return _merged(other, node)
    return None


def _merged(one: Apply, other: Apply) -> Found:
    """`other` replaced by what `one` stores already, else `one` by a loop that stores what both do."""
    mine, its = one.op, other.op
    first, last = mine.layout.states, mine.layout.stored
    stored: dict[Body, int] = {}
    for k in range(first, last):
        stored.setdefault(_key(mine.body, [mine.body.outputs[k]]), k)
    wanted = [_key(its.body, [x]) for x in its.body.outputs[first : its.layout.stored]]
    if all(x in stored for x in wanted):
        outputs = one.outputs
        found = [outputs[stored[x]] for x in wanted]
        return other, [*outputs[:first], *found, *outputs[last:]]
    more = [k for k, x in enumerate(wanted, first) if x not in stored]
    added = rebuild([its.body.outputs[k] for k in more], dict(zip(its.body.inputs, mine.body.inputs)))
    results = mine.body.outputs
    op = Scan(
        Body(mine.body.inputs, [*results[:last], *added, *results[last:]]),
        replace(mine.layout, collected=mine.layout.collected + len(more), kept=()),
        mine.label,
    )
    like = [*one.outputs[:last], *(other.outputs[k] for k in more), *one.outputs[last:]]
    made = _applied(op, one.inputs, like)
    return one, [*made[:last], *made[last + len(more) :]]


@rewrites_program(
    "scan",
    name="unused_outputs_of_loops",
    stage=STAGE,
    why="What no one reads of a loop is not computed, and what is needed for nothing else is not read by it.",
    aliases=("scanOp_remove_constants_and_unused_inputs_scan", "scan_eqopt1"),
)
def unused_outputs_of_loops(program: Program) -> Found:
    read = {x for node in program.nodes for x in node.inputs} | set(program.results)
    for node in _scans(program):
        found = _without_unused(node, {k for k, x in enumerate(node.outputs) if x in read})
        if found is not None:
            return found
    return None


def _without_unused(node: Apply, read: set[int]) -> Found:
    op: Scan = node.op
    layout, body = op.layout, op.body
    count = layout.stored + layout.carried
    position = {x: k for k, x in enumerate(body.inputs)}
    maker = op.made_by()
    needed: set[int] = set()
    pending = [*read, *range(count, len(body.outputs))]  # the condition is always needed
    inputs: set[int] = set()
    while pending:
        output = pending.pop()
        if output in needed:
            continue
        needed.add(output)
        for x in leaves([body.outputs[output]], body.inputs):
            if x in position:
                inputs.add(position[x])
                if position[x] in maker:
                    pending.append(maker[position[x]])
    states = [k for k in range(layout.states) if k in needed]
    collected = [k for k in range(layout.states, layout.stored) if k in needed]
    carried = [k for k in range(layout.stored, count) if k in needed]
    sequences = [k for k in range(layout.sequences) if k in inputs]
    fixed = [k for k in range(layout.first_fixed, len(body.inputs)) if k in inputs]
    kept = [*states, *collected, *carried]
    stays = len(body.inputs) - layout.first_fixed
    if len(kept) == count and len(sequences) == layout.sequences and len(fixed) == stays:
        return None
    parts, inner = op.split(node.inputs), op.split_body(body.inputs)
    step = Body(
        [
            *(inner[0][k] for k in sequences),
            *(x for k in states for x in inner[1][k]),
            *(inner[2][k - layout.stored] for k in carried),
            *(body.inputs[k] for k in fixed),
        ],
        [body.outputs[k] for k in (*kept, *range(count, len(body.outputs)))],
    )
    made = replace(
        layout,
        sequences=len(sequences),
        taps=tuple(layout.taps[k] for k in states),
        collected=len(collected),
        carried=len(carried),
        kept=tuple(layout.kept[k] for k in (*states, *collected)),
    )
    outer = Parts(
        parts.steps,
        [parts.sequences[k] for k in sequences],
        [parts.initial[k] for k in states],
        [parts.carried[k - layout.stored] for k in carried],
        [parts.fixed[k - layout.first_fixed] for k in fixed],
    )
    outputs = _applied(Scan(step, made, op.label), outer.all, [node.outputs[k] for k in kept])
    place = dict(zip(kept, outputs))
    return node, [place[k] if k in place else x.type.make_variable(x.name) for k, x in enumerate(node.outputs)]


@rewrites_program(
    "scan",
    name="keep_last_rows",
    stage=STAGE,
    why="Of a state of which only the last values are read, only these are stored.",
    aliases=("scan_save_memory", "scanOp_save_mem", "scan_save_mem"),
)
def keep_last_rows(program: Program) -> Found:
    users = clients(program.nodes)
    results = set(program.results)
    for node in _scans(program):
        op: Scan = node.op
        kept = list(op.layout.kept)
        for k in range(op.layout.stored):
            if kept[k] is not None or node.outputs[k] in results:
                continue
            depths = [_rows_from_end(user) for user, _ in users.get(node.outputs[k], [])]
            if all(depth is not None for depth in depths):
                kept[k] = max([1, *(depth for depth in depths if depth is not None)])
        if tuple(kept) != op.layout.kept:
            smaller = Scan(op.body, replace(op.layout, kept=tuple(kept)), op.label)
            return node, _applied(smaller, node.inputs, node.outputs)
    return None


def _rows_from_end(user: Apply) -> int | None:
    """How many last rows a node reads of its first input; None where it may read any."""
    if not isinstance(user.op, Subtensor) or not user.op.entries:
        return None
    entry, position = user.op.entries[0], 1
    if entry not in (("i",), ("s", True, False, False)):
        return None
    if any(x is user.inputs[0] for x in user.inputs[1:]):
        return None
    value = scalar_value(user.inputs[position])
    return -int(value) if value is not None and value < 0 else None


@rewrites_program(
    "ifelse",
    name="work_into_branches",
    stage=STAGE,
    why="What only one branch needs is computed only where that branch is taken.",
    aliases=("ifelse_lift", "cond_make_inplace"),
)
def work_into_branches(program: Program) -> Found:
    for node in reversed(program.nodes):
        if isinstance(node.op, IfElse):
            return node, _branches(program, node)
    return None


def _branches(program: Program, node: Apply) -> Sequence[Variable]:
    condition, *values = node.inputs
    count = node.op.count
    users = clients(program.nodes)
    results = set(program.results)
    bodies, arguments = [], []
    for first in (0, count):
        group = values[first : first + count]
        places = range(1 + first, 1 + first + count)
        own: set[Apply] = set()
        for maker in reversed(program.nodes):
            if maker is not node and all(
                x not in results
                and all(user in own or (user is node and place in places) for user, place in users.get(x, []))
                for x in maker.outputs
            ):
                own.add(maker)
        outside = dict.fromkeys(
            x
            for x in (*(x for maker in program.nodes if maker in own for x in maker.inputs), *group)
            if x.owner not in own and not isinstance(x, Constant)
        )
        inner = {x: x.type.make_variable(x.name) for x in outside}
        bodies.append(Body(list(inner.values()), rebuild(group, inner)))
        arguments += list(outside)
    return _applied(Branches(*bodies), [condition, *arguments], node.outputs)


def rewrite_inside(rewritten: Callable[[Body], tuple[Body, Any]]) -> Rule:
    """The rule that rewrites what is inside loops and branches.

    Args:
        rewritten: from a body to one that computes the same, and the record of how.
    """
    done: set[Body] = set()

    def renewed(body: Body, record: list[Any]) -> Body:
        if body in done:
            return body
        new, trace = rewritten(body)
        done.update((body, new))
        record.append(trace)
        return new

    def whole(program: Program) -> Found:
        for node in program.nodes:
            op = node.op
            record: list[Any] = []
            new: Any = None
            if isinstance(op, Scan):
                new = Scan(renewed(op.body, record), op.layout, op.label)
            elif isinstance(op, Branches):
                new = Branches(renewed(op.then, record), renewed(op.otherwise, record))
            if new is not None and new != op:
                new.traces = tuple(record)
                return node, _applied(new, node.inputs, node.outputs)
        return None

    return Rule(
        "rewrite_inside",
        ("scan", "branches"),
        STAGE,
        "The graph of a step or a branch is rewritten as the program around it.",
        "last digits",
        whole=whole,
        aliases=("scan_make_inplace",),
        where=source.Where(__file__, rewrite_inside.__code__.co_firstlineno, "rewrite_inside"),
    )


#: The rule's place in the registry; a mode puts in the one that rewrites as the mode does.
RULES.add(rewrite_inside(lambda body: (body, None)))


# -- work that need not be done in each step ---------------------------------------------------------------------------

#: Operations that only look at values in another way: by themselves not worth moving out of a loop.
_VIEWS = frozenset(
    ("dimshuffle", "subtensor", "alloc", "fill", "reshape", "shape", "shape_i", "make_vector", "specify_shape")
)


def _works(node: Apply) -> bool:
    """Whether a node of a step computes, and may as well be computed elsewhere."""
    op = node.op
    if op.effect or op.family == "random" or isinstance(op, IfElse) or op.name in (*_VIEWS, "unbroadcast", "assert"):
        return False
    return all(isinstance(x.type, TensorType) for x in (*node.inputs, *node.outputs))


def _given_more(node: Apply, replaced: dict[Variable, Variable], sequences: bool) -> Found:
    """The loop with values of its step given from outside, as further values that stay or as further sequences.

    Args:
        node: the loop.
        replaced: variable of the step -> what stands for it outside.
        sequences: what is given has a row for each step.
    """
    op: Scan = node.op
    layout, body = op.layout, op.body
    rows = [x.type.shape[1:] if sequences else x.type.shape for x in replaced.values()]
    stands = {
        x: TensorType(x.type.dtype, shape=shape).make_variable(x.name) for x, shape in zip(replaced, rows, strict=True)
    }
    place = layout.sequences if sequences else len(body.inputs)
    step = Body(
        [*body.inputs[:place], *stands.values(), *body.inputs[place:]], rebuild(list(body.outputs), dict(stands))
    )
    parts = op.split(node.inputs)
    (parts.sequences if sequences else parts.fixed).extend(replaced.values())
    made = Scan(step, replace(layout, sequences=layout.sequences + len(stands) * sequences), op.label)
    return node, _applied(made, parts.all, node.outputs)


@rewrites_program(
    "scan",
    name="invariants_out_of_loops",
    stage=STAGE,
    why="What is the same in every step is computed once, before the loop.",
    aliases=("scan_pushout_nonseqs_ops", "scanOp_pushout_nonseqs_ops"),
)
def invariants_out_of_loops(program: Program) -> Found:
    for node in _scans(program):
        op: Scan = node.op
        body, first = op.body, op.layout.first_fixed
        outer = dict(zip(body.inputs[first:], op.split(node.inputs).fixed))
        same: set[Variable] = set(outer)
        work: dict[Variable, None] = {}
        for maker in body.nodes:
            if all(x in same or isinstance(x, Constant) for x in maker.inputs):
                works = _works(maker)
                if works or maker.op.name in _VIEWS:
                    same.update(maker.outputs)
                    work.update(dict.fromkeys(maker.outputs if works else ()))
        found = [x for x in leaves(body.outputs, [*body.inputs, *work]) if x in work]
        moved = {x: new for x, new in zip(found, rebuild(found, outer)) if x.type.holds(new.type)}
        if moved:
            return _given_more(node, moved, False)
    return None


@rewrites_program(
    "scan",
    name="products_out_of_loops",
    stage=STAGE,
    changes="last digits",
    why="Products of each row of a sequence with the same matrix are one product, before the loop.",
    aliases=("scan_pushout_seqs_ops", "scanOp_pushout_seqs_ops"),
)
def products_out_of_loops(program: Program) -> Found:
    for node in _scans(program):
        op: Scan = node.op
        layout, body = op.layout, op.body
        if layout.until:
            continue  # rows that are never reached would be computed
        parts = op.split(node.inputs)
        rows = dict(zip(body.inputs, parts.sequences))
        outer = dict(zip(body.inputs[layout.first_fixed :], parts.fixed))
        for maker in body.nodes:
            if maker.op.name != "dot":
                continue
            left, right = maker.inputs
            if left in rows and (matrix := _outside(right, outer)) is not None:
                whole = rows[left]
            elif right in rows and right.type.ndim == 1 and (matrix := _outside(left, outer)) is not None:
                whole, matrix = rows[right], call("transpose", matrix)
            else:
                continue
            if matrix.type.ndim == 2 and len(whole.type.shape) in (2, 3):
                product = _rows_dot(whole, matrix)
                if maker.outputs[0].type.holds(TensorType(product.type.dtype, shape=product.type.shape[1:])):
                    return _given_more(node, {maker.outputs[0]: product}, True)
    return None


def _outside(x: Variable, outer: dict[Variable, Variable]) -> Any:
    """What `x`, a value that stays or a view of one, is outside of the step; None for others."""
    maker = x.owner
    if maker is not None and maker.op.name == "dimshuffle":
        inner = _outside(maker.inputs[0], outer)
        return None if inner is None else maker.op(inner)
    return x if isinstance(x, Constant) else outer.get(x)


def _rows_dot(rows: Any, matrix: Any) -> Any:
    """The product of every row (a vector or a matrix) with the matrix."""
    if rows.type.ndim == 2:
        return call("dot", rows, matrix)
    count, height, width = (call("shape_i", rows, axis) for axis in range(3))
    flat = call("reshape", rows, [call("mul", count, height), width])
    return call("reshape", call("dot", flat, matrix), [count, height, call("shape_i", matrix, 1)])


@rewrites_program(
    "scan",
    name="products_after_loops",
    stage=STAGE,
    changes="last digits",
    why="Products of what each step makes with the same matrix, only stored, are one product, after the loop.",
    aliases=("scan_pushout_output", "scanOp_pushout_output"),
)
def products_after_loops(program: Program) -> Found:
    for node in _scans(program):
        op: Scan = node.op
        layout, body = op.layout, op.body
        outer = dict(zip(body.inputs[layout.first_fixed :], op.split(node.inputs).fixed))
        for k in range(layout.states, layout.stored):
            product = body.outputs[k]
            maker = product.owner
            if maker is None or maker.op.name != "dot" or layout.kept[k] is not None:
                continue
            read = sum(product in inner.inputs for inner in body.nodes) + body.outputs.count(product)
            left, right = maker.inputs
            matrix, rows = _outside(right, outer), left
            if matrix is None and right.type.ndim == 1:
                matrix, rows = _outside(left, outer), right
                matrix = None if matrix is None else call("transpose", matrix)
            if read != 1 or matrix is None or matrix.type.ndim != 2 or rows.type.ndim not in (1, 2):
                continue
            outputs = list(body.outputs)
            outputs[k] = rows
            like = list(node.outputs)
            like[k] = TensorType(rows.type.dtype, shape=(None, *rows.type.shape)).make_variable()
            made = list(_applied(Scan(Body(body.inputs, outputs), layout, op.label), node.inputs, like))
            made[k] = _rows_dot(made[k], matrix)
            return node, made
    return None


@rewrites_program(
    "scan",
    name="sums_out_of_loops",
    stage=STAGE,
    changes="last digits",
    why="A sum over all steps of products of two matrices (the gradient of weights) is one product, after the loop.",
    aliases=("scan_pushout_dot1",),
)
def sums_out_of_loops(program: Program) -> Found:
    for node in _scans(program):
        op: Scan = node.op
        layout, body = op.layout, op.body
        if layout.until or layout.truncate >= 0:
            continue
        for c in range(layout.carried):
            carried = body.inputs[layout.first_carried + c]
            factors = _summed_product(body, body.outputs[layout.stored + c], carried)
            if factors is not None:
                return node, _summed_after(node, c, *factors)
    return None


def _summed_product(body: Body, total: Variable, carried: Variable) -> tuple[Variable, Variable] | None:
    """`x` and `g` where the step adds the product of `x` transposed and `g` to what it carries; rows or matrices."""
    if total.owner is None or total.owner.op.name != "add" or len(total.owner.inputs) != 2 or total.type.ndim != 2:
        return None
    if carried not in total.owner.inputs or total.type.dtype not in FLOATS:
        return None
    readers = [maker for maker in body.nodes if carried in maker.inputs]
    if readers != [total.owner] or body.outputs.count(carried):
        return None
    terms = [x for x in total.owner.inputs if x is not carried]
    maker = terms[0].owner if terms else None
    if maker is None or terms[0].type.dtype != total.type.dtype:
        return None
    if maker.op.name == "dot":
        left, right = maker.inputs
        turned = _reordered(left, (1, 0))
        if turned is not None and right.type.ndim == 2:
            return turned, right
    if maker.op.name == "mul" and len(maker.inputs) == 2:
        for column, row in (maker.inputs, maker.inputs[::-1]):
            turned = _reordered(column, (0, "x"))
            if turned is not None and row.type.ndim == 1 and row.type.dtype == turned.type.dtype:
                return turned, row
    return None


def _reordered(x: Variable, order: tuple[Any, ...]) -> Variable | None:
    """What `x` is in another order of dimensions; None where it is not, or in another order."""
    maker = x.owner
    if maker is None or maker.op.name != "dimshuffle" or tuple(maker.op.new_order) != order:
        return None
    return maker.inputs[0]


def _summed_after(node: Apply, c: int, left: Variable, right: Variable) -> Sequence[Variable]:
    """What the loop's outputs become where it stores the factors, and the sum number `c` is made after it."""
    op: Scan = node.op
    layout, body = op.layout, op.body
    parts = op.split(node.inputs)
    rows = dict(zip(body.inputs, parts.sequences))
    stored = {x: k for k, x in reversed(list(enumerate(body.outputs[: layout.stored]))) if layout.kept[k] is None}
    new = [x for x in dict.fromkeys((left, right)) if x not in rows and x not in stored]
    last, out = layout.stored, layout.stored + c
    place = layout.first_carried + c
    step = Body(
        [*body.inputs[:place], *body.inputs[place + 1 :]],
        [*body.outputs[:last], *new, *body.outputs[last:out], *body.outputs[out + 1 :]],
    )
    smaller = replace(
        layout,
        collected=layout.collected + len(new),
        carried=layout.carried - 1,
        kept=(*layout.kept, *(None for _ in new)),
    )
    start = parts.carried.pop(c)
    like = [TensorType(x.type.dtype, shape=(None, *x.type.shape)).make_variable(x.name) for x in new]
    made = _applied(
        Scan(step, smaller, op.label),
        parts.all,
        [*node.outputs[:last], *like, *node.outputs[last:out], *node.outputs[out + 1 :]],
    )
    where = {**{x: made[k] for x, k in stored.items()}, **dict(zip(new, made[last:])), **rows}
    flat = [_flat(where[x]) for x in (left, right)]
    total = call("add", start, call("dot", call("transpose", flat[0]), flat[1]))
    rest = made[last + len(new) :]
    return [*made[:last], *rest[:c], total, *rest[c:]]


def _flat(rows: Any) -> Any:
    """All rows of all steps, one under the other."""
    if rows.type.ndim == 2:
        return rows
    count, height, width = (call("shape_i", rows, axis) for axis in range(3))
    return call("reshape", rows, [call("mul", count, height), width])
