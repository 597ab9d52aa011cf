"""Lowering of operations that hand on their input: gradients' marks, and `Assert`.

Read next: `lower_nodes`.
"""

from collections.abc import Sequence

from ..core.graph import Apply
from ..core.ops.marks import (
    Assert,
    ConsiderConstant,
    DisconnectedGrad,
    GradClip,
    GradScale,
    UndefinedGrad,
    ZeroGrad,
    holds_always,
)
from .indexmap import View
from .lower import VALUE, Lowering, lowers


@lowers(ZeroGrad, ConsiderConstant, DisconnectedGrad, UndefinedGrad, GradClip, GradScale)
def _mark(low: Lowering, node: Apply, value: bool) -> bool:
    low.views[node.outputs[0]] = low.view(node.inputs[0])
    return True


@lowers(Assert)
def _assert(low: Lowering, node: Apply, value: bool) -> bool:
    view = low.view(node.inputs[0])
    conditions = [low.view(x) for x in node.inputs[1:] if not holds_always(x)]
    if not conditions or not value:
        low.views[node.outputs[0]] = view
        return True
    number, text = low.node, len(low.messages)
    low.messages.append("an assertion does not hold")

    def lines(texts: Sequence[str]) -> list[str]:
        return [f"if (!({condition})) return isym_fail(ctx, {VALUE}, {number}, {text}, 0, 0);" for condition in texts]

    check = low.define("assert", conditions, lines)
    low.views[node.outputs[0]] = View(view.base, view.index, view.dims, (*view.needs, check))
    return True
