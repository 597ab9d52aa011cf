"""`MonitorMode`: a function of the user's is called before and after each node.

Read next: `nanguard`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.graph import Apply
from ..core.text import debugprint
from .watch import Watched, Watcher, WatchingMode


@dataclass(frozen=True)
class NodeRun:
    """One node while it runs.

    Attributes:
        inputs, outputs: values, each in a list of one.
    """

    inputs: list[list[Any]]
    outputs: list[list[Any]]


Monitor = Callable[[int, Apply, NodeRun], None]


@dataclass(frozen=True, init=False)
class MonitorMode(WatchingMode):
    """A mode that calls functions with each node and its values.

    The functions get the node's number, the node, and an object whose `inputs` and `outputs` are lists of one-element
    lists. The values are those the compiled program computes; all of them are computed before the first is shown.

    Args:
        pre_func, post_func: called before and after each node; before, the values of its inputs count.
        optimizer, linker: as in `Mode`.
        included, excluded: as in `Mode`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import function
        >>> from interactive_sym.debugging import MonitorMode
        >>> def show(number, node, run):
        ...     print(number, node.op, [float(cell[0]) for cell in run.outputs])
        >>> x = T.dscalar("x")
        >>> f = function([x], T.exp(x) * 5, mode=MonitorMode(post_func=show))
        >>> float(f(0.0))
        0 exp [1.0]
        1 mul [5.0]
        5.0
    """

    pre_func: Monitor | None = None
    post_func: Monitor | None = None

    def __init__(
        self,
        pre_func: Monitor | None = None,
        post_func: Monitor | None = None,
        optimizer: str | None = "default",
        linker: str | None = None,
        included: frozenset[str] = frozenset(),
        excluded: frozenset[str] = frozenset(),
    ) -> None:
        self.fill(
            linker=linker,
            optimizer=optimizer,
            included=included,
            excluded=excluded,
            pre_func=pre_func,
            post_func=post_func,
        )

    def watcher(self, function: Watched) -> Watcher:
        def hook(monitor: Monitor | None) -> Any:
            if monitor is None:
                return None
            return lambda number, node, inputs, outputs: monitor(
                number, node, NodeRun([[x] for x in inputs], [[x] for x in outputs])
            )

        return Watcher(function, hook(self.pre_func), hook(self.post_func))


def detect_nan(i: int, node: Apply, fn: NodeRun) -> None:
    """A `post_func` for `MonitorMode` that prints each node that makes NaN out of inputs that hold none.

    Args:
        i: the node's number.
        node: the node.
        fn: its run: `fn.inputs` and `fn.outputs` are lists of one-element lists of values.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import function
        >>> from interactive_sym.debugging import MonitorMode, detect_nan
        >>> x = T.dscalar("x")
        >>> f = function([x], T.log(x) * 2, mode=MonitorMode(post_func=detect_nan).excluding("canonicalise"))
        >>> float(f(-1.0))
        *** NaN detected ***
        log [id A] ''
         |x [id B]
        Inputs : [array(-1.)]
        Outputs: [array(nan)]
        nan
    """
    if any(_has_nan(cell[0]) for cell in fn.outputs) and not any(_has_nan(cell[0]) for cell in fn.inputs):
        print("*** NaN detected ***")
        debugprint(node)
        print(f"Inputs : {[cell[0] for cell in fn.inputs]}")
        print(f"Outputs: {[cell[0] for cell in fn.outputs]}")


def _has_nan(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in "fc" and bool(np.isnan(value).any())
