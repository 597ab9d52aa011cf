"""The views by name, for users: panels, the gradient view, the node watch, and how each is saved to a file.

What these return is shown as a cell's last line, printed as text, and saved as SVG or as a page of its own.

Read next: `display` (forms), `live`, `gradient`, `explaining`.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..core.graph import Variable
from ..core.running import Writing
from ..core.shared import SharedVariable
from ..core.text import brief
from ..core.view import StateRow, StateView, array_row, is_random_state, shorten
from ..debugging.watch import Watcher
from ..function import Function
from ..tensor.rng_mrg import MRG_RandomStreams
from ..tensor.shared_randomstreams import RandomStreams
from . import display, theme
from .explaining import Explanation, explain
from .export import page
from .gradient import gradient_rows, gradient_text
from .live import Live

__all__ = ["Explanation", "NodeWatch", "RNGPanel", "SharedStatePanel", "View", "explain", "gradient_view", "view"]


class View:
    """A view of something, as an object.

    Args:
        shown: how it is shown.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import view
        >>> isinstance(view(T.exp(T.dvector("x"))), View)
        True
    """

    def __init__(self, shown: display.Form) -> None:
        self.shown = shown

    def __repr__(self) -> str:
        return self.shown.text()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return display.bundle(self.shown, include, exclude)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the view to a file: `.html` is a page that replays alone, offline; `.svg` a picture; `.txt` the text.

        Raises:
            ValueError: another ending. A `.png` is made in the browser: by the view's button "png", or the page's.
        """
        target = Path(path)
        if target.suffix == ".html":
            content = page(self.shown)
        elif target.suffix == ".svg":
            content = display.picture(self.shown)
        elif target.suffix == ".txt":
            content = self.shown.text() + "\n"
        else:
            raise ValueError(f"{target.name}: a view is saved as .html, .svg or .txt; the button 'png' saves a PNG")
        target.write_text(content, encoding="utf-8")


def view(obj: Any, inputs: Sequence[Any] | Mapping[str, Any] | None = None) -> View:
    """The view of an expression, a compiled function, a shared variable or random streams.

    Args:
        obj: what to show.
        inputs: of a function: values of its arguments, as in a call, a list by position or a dictionary by name. Its
            rewrites are then checked, bisected and measured on these, with the shared variables as they are then, and
            nothing is stored. Without them, on seeded random samples.

    Raises:
        TypeError: `obj` has no view, or the inputs do not fit it.

    Example:
        >>> import interactive_sym.tensor as T
        >>> view(T.exp(T.dscalar("x")))
        exp(x) : TensorType(float64, scalar)
    """
    if isinstance(obj, Function) and inputs is not None:
        named = dict(inputs) if isinstance(inputs, Mapping) else {}
        values = obj.checked(() if isinstance(inputs, Mapping) else tuple(inputs), named)
        known = display.form(obj)
        assert known is not None  # functions have one
        return View(replace(known, values=dict(zip(obj.trace.initial.inputs, values))))
    if inputs is not None:
        raise TypeError(f"view: inputs are values of a function's arguments; {type(obj).__name__} has none")
    if isinstance(obj, View):
        return obj
    shown = display.form(obj)
    if shown is None or shown.build is None:
        raise TypeError(f"{type(obj).__name__} has no view: expressions, functions, shared variables and streams have")
    return View(shown)


def SharedStatePanel(*variables: SharedVariable) -> View:
    """A live panel of shared variables: values, histories, what writes them, edits with undo.

    Raises:
        TypeError: no variable, or something else.

    Example:
        >>> from interactive_sym import shared
        >>> SharedStatePanel(shared(1.5, name="w"))
        w : shared TensorType(float64, scalar), shape ()
    """
    if not variables or not all(isinstance(x, SharedVariable) for x in variables):
        raise TypeError("SharedStatePanel wants shared variables: SharedStatePanel(w, b)")
    live = Live(variables)

    def row(x: SharedVariable) -> StateRow:
        kind = "random" if is_random_state(x.type) else "shared"
        return array_row(shorten(str(x), 60), kind, str(x.type), x.get_value(borrow=True))

    def build() -> StateView:
        return StateView("shared variables", tuple(map(row, variables)))

    def text() -> str:
        return "\n".join(display.shown_text(x) for x in variables)

    return View(display.Form("shared variables", text, build, subject=live))


def RNGPanel(*streams: RandomStreams | MRG_RandomStreams) -> View:
    """A live panel of random streams: seeds, draws so far, states, next numbers; seed, save, restore, copy.

    Raises:
        TypeError: no stream, or something else.

    Example:
        >>> from interactive_sym.tensor.shared_randomstreams import RandomStreams
        >>> RNGPanel(RandomStreams(seed=234))
        RandomStreams(seed=234): 0 streams, state 5d1779dd
    """
    if not streams or not all(isinstance(each, RandomStreams | MRG_RandomStreams) for each in streams):
        raise TypeError("RNGPanel wants random streams: RNGPanel(srng)")
    live = Live(streams=streams)

    def build() -> StateView:
        rows = [row for each in streams for row in display.stream_rows(each)]
        return StateView("random streams", tuple(rows))

    return View(display.Form("random streams", lambda: "\n".join(map(repr, streams)), build, subject=live))


def gradient_view(
    cost: Variable,
    wrt: Variable | Sequence[Variable],
    inputs: Mapping[Variable | str, Any] | None = None,
) -> View:
    """Each step of a cost beside its derivative, the gradient rule that made it, and the line it comes from.

    Args:
        cost: a 0-d float variable.
        wrt: a variable or several to differentiate with respect to; they need not be connected.
        inputs: values of what the cost is computed from, by variable or by name; shared variables have their own. With
            them each derivative shows its size, `max |d cost / d variable|`, as a colour and a number.

    Raises:
        TypeError: the cost is not a scalar, or a value does not fit its variable.
        ValueError: a value is missing, or is of a variable that the cost does not use.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dscalar("x")
        >>> print(str(gradient_view(x**2, x)).splitlines()[0])
        gradient of x ** 2
        >>> str(gradient_view(x**2, x, inputs={x: 3.0})).splitlines()[-2]
        '      |grad| = 6'
    """
    wanted = [wrt] if isinstance(wrt, Variable) else list(wrt)
    found = gradient_rows(cost, wanted, inputs)
    return View(display.Form(found.title, lambda: gradient_text(found), lambda: found, lambda: found.graph, True))


class NodeWatch:
    """Values of chosen nodes of a function at each call made through the watch: shape, figures, NaN and infinities.

    Shown in a notebook it follows the calls, also while a cell runs, and marks the first node that is not finite.

    Args:
        function: the function to call; call the watch in its place.
        only: chooses nodes: a name of an operation, or a test of the node; by default all.
        kept: how many calls are remembered.

    Attributes:
        calls: how many calls were made.
        history: for each call remembered, the rows of `view`.

    Raises:
        TypeError: `function` is not a compiled function.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import function
        >>> x = T.dvector("x")
        >>> watch = NodeWatch(function([x], T.exp(x)))
        >>> watch([0.0, 1.0])
        array([1.        , 2.71828183])
        >>> watch
        exp(x): (2,) min 1, max 2.718, mean 1.859, std 0.8591
    """

    def __init__(self, function: Function, only: str | Callable[[Any], bool] | None = None, kept: int = 100) -> None:
        if not isinstance(function, Function):
            raise TypeError(f"NodeWatch wants a compiled function, got {type(function).__name__}")
        self.function = function
        self.calls = 0
        self.history: list[tuple[StateRow, ...]] = []
        self._kept = kept
        self._only = only
        self._rows: list[StateRow] = []
        self._places: list[str] = []
        self._last: tuple[tuple[StateRow, ...], tuple[str, ...]] = ((), ())
        self._watcher = Watcher(function, after=self._see)
        self._guard = Writing(target.container for target, _ in function.program.updates)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        self._rows, self._places = [], []
        with self._guard:
            result = self._watcher(*arguments, **keywords)
        self._last = tuple(self._rows), tuple(self._places)
        self.history.append(self._last[0])
        del self.history[: -self._kept]
        self.calls += 1
        return result

    def _see(self, number: int, node: Any, inputs: list[Any], outputs: list[Any]) -> None:
        chosen = node.op.name == self._only if isinstance(self._only, str) else self._only is None or self._only(node)
        if not chosen:
            return
        for x, value in zip(node.outputs, outputs):
            kind = "random" if is_random_state(x.type) else "shared"
            self._rows.append(
                array_row(brief(x), kind, str(x.type), np.asarray(value) if np.isscalar(value) else value)
            )
            self._places.append(node.where.label)

    def last(self) -> dict[str, Any]:
        """The last call for the live view, ready for `json.dumps`: `calls`, and `rows` of dictionaries."""
        rows = [
            {
                "name": shorten(row.name, 80),
                "type": theme.short_type(row.type),
                "shape": "" if row.shape is None else str(row.shape),
                "statistics": [
                    [name, figure] for name, figure in row.statistics if figure != "0" or name not in ("nan", "inf")
                ],
                "sample": row.sample,
                "where": place,
            }
            for row, place in zip(*self._last)
        ]
        return {"calls": self.calls, "rows": rows}

    def view(self) -> View:
        """The rows of the last call as a view, which follows further calls."""
        rows = self.history[-1] if self.history else ()
        title = f"nodes of {self.function.name}"
        return View(display.Form(title, lambda: repr(self), lambda: StateView("nodes", rows), subject=Live(nodes=self)))

    def __repr__(self) -> str:
        if not self.history:
            return "NodeWatch: not called yet"
        lines = []
        for row in self.history[-1]:
            figures = ", ".join(f"{name} {value}" for name, value in row.statistics)
            lines.append(
                f"{theme.clean(row.name)}: {row.shape if row.shape is not None else ''} {figures or row.sample}"
            )
        return "\n".join(lines) or "NodeWatch: no node was chosen"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return self.view()._repr_mimebundle_(include, exclude)
