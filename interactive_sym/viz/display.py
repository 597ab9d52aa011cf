"""Rich output: what a notebook shows for expressions, compiled functions, shared variables and random streams.

Each gets up to three forms: deterministic text, a static picture, and, in a notebook kernel with anywidget, the live
view. A form that fails is left out; text always remains.

Read next: `svg`, `widgets`. `core.view.mimebundle` imports this module when a formatter first asks.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ..core.graph import Constant, Variable
from ..core.shared import SharedVariable
from ..core.text import formula, listing
from ..core.view import (
    FunctionView,
    GraphView,
    StateRow,
    StateView,
    array_row,
    graph_view,
    is_random_state,
    shorten,
)
from ..function import Function
from ..tensor.rng_mrg import MRG_RandomStreams
from ..tensor.shared_randomstreams import RandomStreams
from . import svg, theme
from .compiled import argument, final_graph, function_view, given_name
from .gradient import GradientView

try:
    from . import widgets
except ImportError:  # no anywidget: static forms remain
    widgets = None  # type: ignore[assignment]

TEXT, PICTURE, LIVE = "text/plain", "image/svg+xml", "application/vnd.jupyter.widget-view+json"
FORMULA_LIMIT = 100
LINE_LIMIT = 30


@dataclass(frozen=True)
class Form:
    """How one object is shown.

    Attributes:
        title: a short name.
        text: makes the plain text.
        build: makes the view; None where text says it all.
        picture: makes the graph to draw in the static picture, by default the view itself.
        results: whether the drawing names its results.
        subject: what the live view asks further questions about.
        values: of a function's inputs, as the user gave them, for its checks and measurements; None for samples.
    """

    title: str
    text: Callable[[], str]
    build: Callable[[], GraphView | FunctionView | StateView | GradientView] | None = None
    picture: Callable[[], GraphView] | None = None
    results: bool = False
    subject: object = None
    values: Mapping[Variable, Any] | None = None


_forms: list[tuple[type, Callable[[Any], Form]]] = []


def shows(type_: type) -> Callable[[Callable[[Any], Form]], Callable[[Any], Form]]:
    """Decorator: this function says how objects of `type_` are shown; later ones come first."""

    def decorate(function: Callable[[Any], Form]) -> Callable[[Any], Form]:
        _forms.insert(0, (type_, function))
        return function

    return decorate


def form(obj: Any) -> Form | None:
    """How `obj` is shown, None for objects nobody has registered."""
    return next((function(obj) for type_, function in _forms if isinstance(obj, type_)), None)


def mimebundle(obj: Any, include: Any = None, exclude: Any = None) -> Any:
    """The rich output of `obj`: `(data, metadata)`, or None where there is nothing to add to `repr`."""
    shown = form(obj)
    return None if shown is None else bundle(shown, include, exclude, repr(obj))


def bundle(shown: Form, include: Any = None, exclude: Any = None, fallback: str = "") -> Any:
    """The rich output of a form; `fallback` stands for a text that fails."""
    wanted = {TEXT, PICTURE, LIVE}
    if include:
        wanted &= set(include)
    wanted -= set(exclude or ())
    data: dict[str, Any] = {TEXT: _attempt(shown.text) or fallback}
    if shown.build is not None and (PICTURE in wanted or LIVE in wanted) and not _in_terminal():
        drawn = _attempt(lambda: picture(shown))
        if drawn and PICTURE in wanted:
            data[PICTURE] = drawn
        if LIVE in wanted and _in_kernel() and widgets is not None:
            live = _attempt(lambda: _live(shown, drawn or ""))
            if live is not None:
                data[LIVE] = live
    return {key: value for key, value in data.items() if key in wanted}, {}


def _attempt(make: Callable[[], Any]) -> Any:
    try:
        return make()
    except Exception:
        return None


def picture(shown: Form) -> str:
    """The static picture of a form that has a view."""
    assert shown.build is not None
    view = shown.picture() if shown.picture is not None else shown.build()
    if isinstance(view, StateView):
        return svg.state_svg(view)
    assert isinstance(view, GraphView)
    return svg.graph_svg(view, shown.title, shown.results)


def _live(shown: Form, picture: str) -> dict[str, Any]:
    widget = widgets.ViewWidget(content(shown), picture)
    return {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}


def content(shown: Form) -> "widgets.Content":
    """What a live view of a form answers from."""
    assert shown.build is not None
    return widgets.Content(
        shown.title, shown.build, shown.results, shown.subject, look=shown.picture, values=shown.values
    )


def _shell() -> Any:
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def _in_kernel() -> bool:
    return getattr(_shell(), "kernel", None) is not None


def _in_terminal() -> bool:
    return _shell() is not None and not _in_kernel()


# ---------------------------------------------------------------------------------------------------------------------
# Expressions and shared variables.


@shows(Variable)
def _expression(variable: Variable) -> Form:
    def text() -> str:
        written = formula(variable, FORMULA_LIMIT, plain=True)
        if written is None:
            return "\n".join(listing(variable, LINE_LIMIT))
        name = f"{variable.name} = " if variable.name and variable.owner is not None else ""
        return f"{name}{written} : {variable.type}"

    if variable.owner is None or isinstance(variable, Constant):
        return Form(str(variable), text)
    title = variable.name or formula(variable, 60, plain=True) or f"{variable.owner.op} expression"
    graph = cache(lambda: graph_view([variable]))
    return Form(title, text, graph, subject=variable)


@shows(SharedVariable)
def _shared(variable: SharedVariable) -> Form:
    name = variable.name or "shared variable"

    def text() -> str:
        row = array_row(name, "shared", str(variable.type), variable.get_value(borrow=True))
        shape = "" if row.shape is None else f", shape {row.shape}"
        return f"{name} : shared {variable.type}{shape}"

    def build() -> StateView:
        kind = "random" if is_random_state(variable.type) else "shared"
        return StateView(name, (array_row(name, kind, str(variable.type), variable.get_value(borrow=True)),))

    return Form(shorten(name, 60), text, build, subject=variable)


def shown_text(obj: Any) -> str:
    """The text of an object that has a form."""
    shown = form(obj)
    return shown.text() if shown is not None else repr(obj)


# ---------------------------------------------------------------------------------------------------------------------
# Compiled functions.


@shows(Function)
def _function(function: Function) -> Form:
    def text() -> str:
        arguments = [argument(given) for given in function.inputs if not given.implicit]
        inputs = ", ".join(
            f"{a.name}: {theme.short_type(a.type)}" + (f" = {a.default}" if a.default else "") for a in arguments
        )
        outputs = ", ".join(theme.short_type(str(variable.type)) for variable in function.program.outputs)
        head = f"{given_name(function)}({inputs}) -> {outputs or None}"
        lines = listing(function)
        rest = [f"... {len(lines) - LINE_LIMIT} lines more: debugprint"] if len(lines) > LINE_LIMIT + 1 else []
        return "\n".join([head, *(lines[:LINE_LIMIT] if rest else lines), *rest])

    name, final = given_name(function), cache(lambda: final_graph(function))
    return Form(name, text, lambda: function_view(function), final, True, function)


# ---------------------------------------------------------------------------------------------------------------------
# Random streams.


def stream_rows(streams: RandomStreams | MRG_RandomStreams) -> tuple[StateRow, ...]:
    """A row for all of an object's streams, and one for each."""
    facts = (("algorithm", streams.algorithm), ("state", streams.fingerprint()))
    rows = [StateRow("all streams", "random", type(streams).__name__, None, facts)]
    for number, (draw, type_, where, fingerprint) in enumerate(streams.draws()):
        rows.append(StateRow(f"{number}: {draw}", "random", type_, None, (("state", fingerprint), ("made in", where))))
    return tuple(rows)


def _streams(streams: RandomStreams | MRG_RandomStreams) -> Form:
    title = f"{type(streams).__name__}(seed={streams.default_instance_seed})"

    def build() -> StateView:
        return StateView(title, stream_rows(streams))

    return Form(title, lambda: repr(streams), build, subject=streams)


shows(RandomStreams)(_streams)
shows(MRG_RandomStreams)(_streams)
