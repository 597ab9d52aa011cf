"""The live view in a notebook: an anywidget whose script only fetches the front end (consumes `model`).

What a notebook stores of a view is a script of 2 KB, a number and the static picture: the front end and the data
travel over a comm when the view is shown, the front end once per page. The browser opens that comm, so that a kernel
with subshells answers while a cell runs; a host without such comms asks by widget messages. Answers may be made on
another thread than the cell's: a lock keeps them apart.

Requests are objects `{id, verb, view, ...}`; the verbs are those of `VERBS`, `front` and `watch`, everything else is
refused. After `watch` the kernel also sends news of the view unasked, see `sampler`: `{id: 0, push: view}` and a part
that is JSON.

Read next: `frontend/src/loader.ts` (the other end), `display` (who makes views).
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anywidget
import traitlets
from comm import get_comm_manager

from ..core.graph import Apply, Variable
from ..core.view import FunctionView, GraphView, StateView, TraceView, graph_view, shorten
from ..function import Function
from .compiled import function_view
from .gradient import GradientView
from .inspector import measured
from .layout import LayoutError
from .live import TEXT_LIMIT, Live, live_of
from .model import BLOCK, NODE_LIMIT, Arranged, arranged, cropped, overlay, view_message
from .passes import Explorer, inner_graph, located
from .sampler import Channel, serve

TARGET = "interactive_sym.view"
STATIC = Path(__file__).parent / "static"
KEPT = 200
#: A graph of more nodes than this, or rewrites times nodes, is shown in part first, and whole when it is laid out.
AT_ONCE = 400
FOLLOWED_AT_ONCE = 6000
FIRST_LOOK = 100
FIRST_BENDS = 200

View = GraphView | FunctionView | StateView | GradientView


@dataclass
class Content:
    """What a view shows: `build` makes the records when they are first needed, and again for fresh states.

    `look` makes the graph as it is shown at first, where that is quicker than `build`; `values` of a function's inputs
    stand for samples.
    """

    title: str
    build: Callable[[], View]
    results: bool = False
    subject: object = None
    inputs: Sequence[Variable] = ()
    look: Callable[[], GraphView] | None = None
    values: Mapping[Variable, Any] | None = None
    note: str = field(default="", init=False)
    _full: View | None = field(default=None, repr=False)
    _explorer: Explorer | None = field(default=None, repr=False)
    _live: Live | None = field(default=None, repr=False)
    _view: View | None = field(default=None, repr=False)
    _arranged: dict[int, Arranged] = field(default_factory=dict, repr=False)
    _overlays: dict[int, dict[str, Any]] = field(default_factory=dict, repr=False)

    def view(self) -> View:
        """The records, cut to what a browser can draw; `note` says what was left out."""
        if self._view is None:
            view = self._full = self.build()
            if isinstance(view, GraphView):
                view, self.note = cropped(view)
            elif isinstance(view, FunctionView):
                view, self.note = self._shortened(view)
            self._view = view
        return self._view

    @staticmethod
    def _shortened(view: FunctionView) -> tuple[FunctionView, str]:
        steps = view.trace.steps
        most = max(len(view.trace.start.nodes), *(len(step.order) for step in steps), 0)
        if most <= NODE_LIMIT:
            return view, f"{view.omitted} rewrites not shown" if view.omitted else ""
        last, note = cropped(view.trace.graph(len(steps)))
        omitted = f"{view.omitted + len(steps)} rewrites not shown"
        return replace(view, trace=TraceView(last)), f"{note}, {omitted}" if note else omitted

    def trace(self) -> TraceView:
        view = self.view()
        if isinstance(view, StateView | GradientView):
            raise ValueError("a table has no graph")
        return view.trace if isinstance(view, FunctionView) else TraceView(view)

    def explorer(self) -> Explorer:
        """Who answers questions about a function's rewrites."""
        self.view()
        if not isinstance(self.subject, Function) or not isinstance(self._full, FunctionView):
            raise ValueError("this view is not of a compiled function")
        if self._explorer is None:
            self._explorer = Explorer(self.subject, self._full.trace, self.values)
        return self._explorer

    def live(self) -> Live:
        """Who answers questions about shared variables and random streams."""
        if self._live is None:
            self._live = live_of(self.subject)
        return self._live

    def inside(self, step: int, id: int) -> "Content":
        """The graph inside a node: the step of a loop, the two ways of a branch."""
        if isinstance(self.subject, Function):
            node: Apply | Variable | None = self.explorer().node(step, id)
        else:
            self.view()
            assert isinstance(self._full, GraphView) and isinstance(self.subject, Variable | tuple)
            outputs = self.subject if isinstance(self.subject, tuple) else (self.subject,)
            node = located(self._full, outputs, self.inputs, id)
        inputs, inner, names = inner_graph(node)
        title = f"inside {shorten(str(getattr(node, 'op', node)), 40)}"
        return Content(title, lambda: graph_view(inner, names, inputs), True, tuple(inner), inputs)

    def first_look(self) -> tuple[GraphView, str] | None:
        """The part nearest to the results and a note of what is hidden, where all of it would take a while."""
        look = self.look if self.look is not None else self.build
        if self._view is not None or not isinstance(self.subject, Function | Variable | tuple):
            return None
        graph = look()
        if not isinstance(graph, GraphView):
            return None
        steps = len(self.subject.trace) if isinstance(self.subject, Function) else 0
        if len(graph.nodes) <= AT_ONCE and len(graph.nodes) * steps <= FOLLOWED_AT_ONCE:
            return None
        return cropped(graph, FIRST_LOOK)

    def _arrange(self, step: int) -> Arranged:
        if step not in self._arranged:
            near = self._arranged.get(step - 1) or self._arranged.get(step + 1)
            self._arranged[step] = arranged(self.trace().graph(step), self.results, near=near)
        return self._arranged[step]

    def layouts(self, first: int, count: int) -> dict[str, Any]:
        """Coordinates of the graphs after `first`, `first + 1`, ... rewrites."""
        steps = range(max(0, first), min(len(self.trace().steps) + 1, first + count))
        return {str(k): self._arrange(k).message for k in steps}

    def overlays(self, first: int, count: int) -> dict[str, Any]:
        """Coordinates of what each rewrite took away beside what it brought; `joined` as in `overlay`."""
        trace = self.trace()
        steps = range(max(1, first), min(len(trace.steps) + 1, first + count))
        for k in steps:
            if k not in self._overlays:
                sides = trace.graph(k - 1), trace.graph(k), trace.steps[k - 1].removed
                near = self._arranged.get(k)
                joined = True
                try:
                    found = arranged(overlay(*sides), self.results, near=near)
                except LayoutError:  # nodes that keep their identity have changed places: a cycle
                    joined = False
                    found = arranged(overlay(*sides, joined=False), self.results, near=near)
                self._overlays[k] = {**found.message, "joined": joined}
        return {str(k): self._overlays[k] for k in steps}


_lock = threading.RLock()
_contents: "OrderedDict[str, Content]" = OrderedDict()
_count = 0


def _open(content: Content, request: dict[str, Any]) -> Any:
    """A view as a message; of a large graph the part nearest to the results, with `later` set."""
    look = content.first_look()
    if look is None:
        return _whole_view(content, request)
    graph, note = look
    message = view_message(graph, content.title, content.results, f"{note}, on their way" if note else "")
    kind = "function" if isinstance(content.subject, Function) else "graph"
    layouts = {"0": arranged(graph, content.results, "layered", most=FIRST_BENDS).message}
    return {**message, "kind": kind, "layouts": layouts, "later": True}


def _whole_view(content: Content, request: dict[str, Any]) -> Any:
    message = view_message(content.view(), content.title, content.results, content.note)
    if message["kind"] not in ("state", "gradient"):
        message["layouts"] = content.layouts(len(content.trace().steps), 1)
    return message


def _block(request: dict[str, Any]) -> tuple[int, int]:
    """Which steps are asked for: the first, and how many."""
    count = _whole(request, "count") if "count" in request else BLOCK
    return _whole(request, "first"), max(0, min(BLOCK, count))


def _state(content: Content, request: dict[str, Any]) -> Any:
    return view_message(content.build(), content.title, False)


def _whole(request: dict[str, Any], key: str) -> int:
    value = request.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{key!r} must be a whole number")
    return value


def _text(request: dict[str, Any], key: str, limit: int = 200) -> str:
    value = request.get(key, "")
    if not isinstance(value, str) or len(value) > limit:
        raise ValueError(f"{key!r} must be a short text")
    return value


def _another(content: Content) -> dict[str, Any]:
    """A further view, to be shown in the place of the one it was asked from."""
    return {**_whole_view(content, {}), "view": keep(content)}


def _compile(content: Content, request: dict[str, Any]) -> Any:
    explorer = content.explorer()
    excluded = request.get("excluded", [])
    if not isinstance(excluded, list) or len(excluded) > 500:
        raise ValueError("'excluded' must be a list of rules' names")
    other = explorer.recompiled(excluded, _text(request, "optimizer"))
    given = None
    if content.values is not None:  # the other function has input variables of its own
        given = dict(zip(other.trace.initial.inputs, content.values.values()))
    made = Content(content.title, lambda: function_view(other), content.results, other, values=given)
    return {**_another(made), "compared": explorer.compared(other)}


VERBS: dict[str, Callable[[Content, dict[str, Any]], Any]] = {
    "open": _open,
    "whole": _whole_view,
    "layouts": lambda content, request: {"layouts": content.layouts(*_block(request))},
    "overlays": lambda content, request: {"layouts": content.overlays(*_block(request))},
    "state": _state,
    "rewrite": lambda content, request: content.explorer().about(_whole(request, "step")),
    "figures": lambda content, request: content.explorer().figures(),
    "history": lambda content, request: content.explorer().history(_whole(request, "step"), _whole(request, "node")),
    "why_not": lambda content, request: content.explorer().why_not(
        _whole(request, "step"), _whole(request, "node"), _text(request, "rule")
    ),
    "bisect": lambda content, request: content.explorer().bisect(
        _text(request, "what"), _whole(request, "result") if "result" in request else None
    ),
    "compile": _compile,
    "measure": lambda content, request: measured(content.explorer()),
    "sample": lambda content, request: content.live().sample(request.get("long") is True),
    "preview": lambda content, request: content.live().preview(_whole(request, "stream"), _whole(request, "row")),
    "edit": lambda content, request: content.live().edit(_whole(request, "row"), _text(request, "text", TEXT_LIMIT)),
    "undo": lambda content, request: content.live().undo(_whole(request, "row")),
    "at": lambda content, request: content.live().at(_whole(request, "row"), _whole(request, "change")),
    "back": lambda content, request: content.live().back(_whole(request, "row"), _whole(request, "change")),
    "moment": lambda content, request: content.live().moment(_whole(request, "moment")),
    "back_all": lambda content, request: content.live().back_all(_whole(request, "moment")),
    "seed": lambda content, request: content.live().seed(
        _whole(request, "stream"), _text(request, "text"), _whole(request, "row") if "row" in request else None
    ),
    "save": lambda content, request: content.live().save(_whole(request, "stream")),
    "restore": lambda content, request: content.live().restore(_whole(request, "saved")),
    "transfer": lambda content, request: content.live().transfer(
        _whole(request, "stream"), _text(request, "name"), request.get("apply") is True
    ),
    "inside": lambda content, request: _another(content.inside(_whole(request, "step"), _whole(request, "node"))),
}


def front_end() -> tuple[bytes, str]:
    """The bundle and a name that changes with it."""
    data = (STATIC / "widget.js").read_bytes()
    return data, hashlib.sha256(data).hexdigest()[:16]


def answer(request: Any, channel: Channel | None = None) -> tuple[dict[str, Any], list[bytes]]:
    """The answer to one request from a browser, and binary parts; never raises."""
    if not isinstance(request, dict) or type(request.get("id")) is not int:
        return {"id": -1, "error": "not a request"}, []
    number, verb = request["id"], request.get("verb")
    with _lock:
        try:
            if verb == "front":
                data, version = front_end()
                return {"id": number, "answer": version}, [data]
            if not isinstance(verb, str) or (verb not in VERBS and verb != "watch"):
                return {"id": number, "error": "unknown request"}, []
            name = request.get("view")
            content = _contents.get(name) if isinstance(name, str) else None
            if content is None:
                return {"id": number, "error": "the kernel has forgotten this view: run the cell again"}, []
            if verb == "watch":
                if channel is None:
                    raise ValueError("there is nobody to send news to")
                return {"id": number, "answer": channel.watch(str(name), content.live(), request.get("on") is True)}, []
            return {"id": number, "answer": VERBS[verb](content, request)}, []
        except Exception as error:
            return {"id": number, "error": f"{type(error).__name__}: {error}"}, []


def _connected(comm: Any, message: Any) -> None:
    serve(comm, answer)


def keep(content: Content) -> str:
    """Takes a view among those that browsers can ask for, and returns its number; the oldest give way."""
    global _count
    with _lock:
        _count += 1
        _contents[str(_count)] = content
        while len(_contents) > KEPT:
            _contents.popitem(last=False)
        return str(_count)


class ViewWidget(anywidget.AnyWidget):
    """A view in a cell's output."""

    _esm = (STATIC / "loader.js").read_text(encoding="utf-8")
    view = traitlets.Unicode().tag(sync=True)
    front = traitlets.Unicode().tag(sync=True)
    svg = traitlets.Unicode().tag(sync=True)

    def __init__(self, content: Content, svg: str = "") -> None:
        get_comm_manager().register_target(TARGET, _connected)
        self._title = content.title
        super().__init__(view=keep(content), front=front_end()[1], svg=svg)
        self._channel = Channel(self.send)
        self.on_msg(self._message)

    def _message(self, _: Any, request: Any, buffers: Any) -> None:
        self.send(*answer(request, self._channel))

    def close(self) -> None:
        """Take the view away."""
        self._channel.close()
        super().close()

    def __repr__(self) -> str:
        return f"<view of {self._title}>"
