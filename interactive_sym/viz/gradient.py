"""The gradient view: each step of a cost beside its derivative, the gradient rule that made it, and the user's line.

Read next: `core.grad` (the walk), `frontend/src/gradient.ts` (the drawing), `views` (`gradient_view` for users).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.grad import grad
from ..core.graph import Apply, Constant, Variable, leaves, toposort
from ..core.ops.body import run_lazily
from ..core.shared import SharedVariable
from ..core.text import brief, formula
from ..core.types import FLOATS, TensorType
from ..core.view import VERSION, GraphView, graph_view, shorten
from . import theme

TEXT_LIMIT = 160
#: How many orders of magnitude of derivatives are told apart by colour.
ORDERS = 6


@dataclass(frozen=True, slots=True)
class GradientRow:
    """One variable on the way from `wrt` to the cost, inputs before users.

    Attributes:
        name: the variable's name, or its formula.
        op: the operation that computes it, empty for leaves.
        type: its type in short form.
        where, line: the user's line.
        status: "reached", "zero", "disconnected", "none" (no gradient exists) or "discrete".
        gradient: d cost / d variable as a formula.
        rules: gradient rules that contribute, such as "mul.grad", with the formula they differentiate.
        inputs: rows this one is computed from.
        wanted: whether it is one of `wrt`.
        why: why there is no gradient.
        size: max |d cost / d variable| for the values given, in words, empty without values.
        heat: 1 for the greatest of all rows, less by 1 / `ORDERS` for each order of magnitude below it, down to 0; None
            where it is not known, zero or not finite.
    """

    name: str
    op: str
    type: str
    where: str
    line: str
    status: str
    gradient: str
    rules: tuple[str, ...]
    inputs: tuple[int, ...]
    wanted: bool
    why: str = ""
    size: str = ""
    heat: float | None = None


@dataclass(frozen=True, slots=True)
class GradientView:
    """A cost and its derivatives, and the graph of both."""

    title: str
    rows: tuple[GradientRow, ...]
    graph: GraphView
    version: int = VERSION


def gradient_rows(
    cost: Variable, wrt: Sequence[Variable], inputs: Mapping[Variable | str, Any] | None = None
) -> GradientView:
    """The records of the gradient view; errors of `grad` come through.

    Args:
        cost: a 0-d float variable.
        wrt: variables to differentiate with respect to; rows are those between them and the cost.
        inputs: values of what the cost is computed from, by variable or name.
    """
    wanted = grad(cost, list(wrt), disconnected_inputs="ignore", null_gradients="return", return_disconnected="none")
    order: dict[Variable, None] = {}
    for node in toposort([cost]):
        for x in (*node.inputs, *node.outputs):
            if not isinstance(x, Constant):
                order.setdefault(x)
    between = _depending(list(order), wrt)
    shown = [x for x in dict.fromkeys([*wrt, *order]) if x in between]
    floats = [x for x in shown if isinstance(x.type, TensorType) and x.type.dtype in FLOATS]
    found = dict(
        zip(
            floats,
            grad(
                cost,
                floats,
                disconnected_inputs="ignore",
                null_gradients="return",
                return_disconnected="none",
                add_names=False,
            ),
        )
    )
    number = {x: k for k, x in enumerate(shown)}
    users: dict[Variable, list[Apply]] = {x: [] for x in shown}
    for node in toposort([cost]):
        for x in dict.fromkeys(node.inputs):
            if x in users and any(found.get(y) is not None for y in node.outputs):
                users[x].append(node)
    sizes = _sizes(cost, found, inputs)
    rows = []
    for x in shown:
        status, text, why = _state(cost, x, found)
        node_ = x.owner
        where = node_.where if node_ is not None else getattr(x, "where", None)
        rules = tuple(f"{user.op.name}.grad of {shorten(brief(user.outputs[0]), 60)}" for user in users[x])
        rows.append(
            GradientRow(
                name=shorten(x.name or formula(x, 60, plain=True) or brief(x), 60),
                op=node_.op.name if node_ is not None else "",
                type=theme.short_type(str(x.type)),
                where=where.label if where is not None else "",
                line=shorten(where.text, 200) if where is not None else "",
                status=status,
                gradient=text,
                rules=rules if status == "reached" else (),
                inputs=tuple(number[y] for y in node_.inputs if y in number) if node_ is not None else (),
                wanted=any(x is y for y in wrt),
                why=why,
                size=_size_text(sizes[x]) if x in sizes else "",
                heat=_heat(sizes[x], sizes.values()) if x in sizes else None,
            )
        )
    made = [(x, g) for x, g in zip(wrt, wanted) if g is not None]
    name = cost.name or "cost"
    graph = graph_view([cost, *(g for _, g in made)], [name, *(f"d{name}/d{x}" for x, _ in made)])
    return GradientView(f"gradient of {shorten(brief(cost), 60)}", tuple(rows), graph)


def _sizes(
    cost: Variable, found: Mapping[Variable, Variable | None], inputs: Mapping[Variable | str, Any] | None
) -> dict[Variable, float]:
    """The greatest element, without its sign, of each derivative, for values of the inputs; NaN where one is NaN."""
    if inputs is None:
        return {}
    free = [x for x in leaves([cost]) if not isinstance(x, Constant | SharedVariable)]
    table: dict[Variable, Any] = {}
    for key, value in inputs.items():
        named = [x for x in free if x is key or (isinstance(key, str) and x.name == key)]
        if len(named) != 1:
            how = "several variables of" if named else "no variable of"
            raise ValueError(f"gradient_view: {how} {brief(cost)} is called {key}; inputs: {_names(free)}")
        table[named[0]] = named[0].type.filter(value, allow_downcast=True)
    missing = [x for x in free if x not in table]
    if missing:
        raise ValueError(f"gradient_view: inputs has no value of {_names(missing)}")
    made = {x: gradient for x, gradient in found.items() if gradient is not None}
    with np.errstate(all="ignore"):
        values = run_lazily(list(made.values()), table)
    return {x: float(np.max(np.abs(value))) if np.size(value) else 0.0 for x, value in zip(made, values)}


def _names(variables: Iterable[Variable]) -> str:
    return ", ".join(map(str, variables))


def _size_text(size: float) -> str:
    return "NaN" if np.isnan(size) else f"{size:.3g}"


def _heat(size: float, sizes: Iterable[float]) -> float | None:
    if not (size > 0 and np.isfinite(size)):
        return None
    greatest = max(other for other in sizes if np.isfinite(other))
    return round(max(0.0, 1 + float(np.log10(size / greatest)) / ORDERS), 3)


def _depending(order: Sequence[Variable], wrt: Sequence[Variable]) -> set[Variable]:
    reached = set(wrt)
    for x in order:
        if x.owner is not None and any(y in reached for y in x.owner.inputs):
            reached.add(x)
    return reached


def _state(cost: Variable, x: Variable, found: dict[Variable, Variable | None]) -> tuple[str, str, str]:
    if x not in found:
        return "discrete", "", f"{x.type} holds no real numbers: it has no gradient"
    gradient = found[x]
    if gradient is None:
        try:
            grad(cost, x)
        except TypeError as error:
            return "none", "", shorten(str(error), 200)
        except ValueError as error:
            return "disconnected", "", shorten(str(error), 200)
        return "disconnected", "", ""
    text = formula(gradient, TEXT_LIMIT, plain=True) or shorten(brief(gradient), TEXT_LIMIT)
    made = gradient.owner
    zero = made is not None and made.op.name in ("zeros_like", "zeros") and made.origin is None
    return ("zero" if zero else "reached"), text, ""


def gradient_text(view: GradientView) -> str:
    """The view as plain text, from the cost back."""
    lines = [view.title]
    for row in reversed(view.rows):
        mark = "*" if row.wanted else " "
        value = row.gradient if row.status in ("reached", "zero") else f"({row.status}) {row.why}"
        lines.append(f"{mark} d cost / d {row.name} = {value or '?'}")
        if row.size:
            lines.append(f"      |grad| = {row.size}")
        if row.rules:
            lines.append(f"      by {'; '.join(row.rules)}")
        if row.where:
            lines.append(f"      {row.where}: {row.line}")
    return "\n".join(lines)
