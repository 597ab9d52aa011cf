"""The side panel's kernel end: which functions, shared variables and random streams the user's names stand for.

The browser asks by objects `{id, verb, ...}`. `list` gives a row for each name; `show` makes the view of a name, which
the browser then opens by the verbs of `widgets`, on the same comm; `watch` without a view asks for the values that
change while a cell runs. Requests may be served on another thread than the cell's.

Read next: `widgets` (the verbs of views), `frontend/src/panel.ts` (the browser's end).
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..core.shared import SharedVariable
from ..core.view import StateRow, array_row, is_random_state, shorten
from ..function import Function
from ..tensor.rng_mrg import MRG_RandomStreams
from ..tensor.shared_randomstreams import RandomStreams
from . import display, theme, views, widgets
from .live import user_names
from .sampler import Channel, serve

TEXT_LIMIT = 120
#: Arrays of more elements are told by their figures.
FEW = 12
KINDS: tuple[tuple[str, type | tuple[type, ...]], ...] = (
    ("function", Function),
    ("shared", SharedVariable),
    ("stream", (RandomStreams, MRG_RandomStreams)),
)


def kind(obj: object) -> str | None:
    """The panel's word for an object: "function", "shared" or "stream"; None for those that it doesn't list."""
    return next((name for name, types in KINDS if isinstance(obj, types)), None)


def _facts(obj: Any) -> tuple[str, str]:
    """Type and value of an object, a short line each."""
    if isinstance(obj, SharedVariable):
        value = obj.get_value(borrow=True)
        row = array_row("", "random" if is_random_state(obj.type) else "shared", str(obj.type), value)
        return theme.short_type(str(obj.type)) + ("" if row.shape is None else f" {row.shape}"), _value(row)
    if isinstance(obj, Function):
        text = display.form(obj).text().splitlines()[0]  # type: ignore[union-attr]
        return text.partition("(")[1] + text.partition("(")[2], ""
    count = len(obj.draws())
    return f"{obj.algorithm}, {count} {'expression' if count == 1 else 'expressions'}", f"state {obj.fingerprint()}"


def _value(row: StateRow) -> str:
    """A value in a line: all of it where it is short, else its range and mean; and what is not finite."""
    known = dict(row.statistics)
    bad = "".join(f", {known[word]} {word}" for word in ("nan", "inf") if known.get(word, "0") != "0")
    if np.prod(row.shape or (), dtype=float) <= FEW or "min" not in known:
        return row.sample + bad
    return f"{known['min']} … {known['max']}, mean {known['mean']}{bad}"


def rows(names: Mapping[str, object]) -> list[dict[str, str]]:
    """A row for each name that stands for something to list; functions first, each kind in the order of definition.

    Args:
        names: the user's variables; names with a leading underscore are left out, and so is all that can't be read.
    """
    found: dict[str, list[dict[str, str]]] = {word: [] for word, _ in KINDS}
    for name, obj in names.items():
        word = None if name.startswith("_") else kind(obj)
        if word is None:
            continue
        try:
            type_, value = _facts(obj)
        except Exception as error:  # a value in the middle of a change, or a user's own broken type: say so, list on
            type_, value = type(obj).__name__, f"cannot be read: {error}"
        row = {"name": name, "kind": word, "type": shorten(type_, TEXT_LIMIT), "value": shorten(value, TEXT_LIMIT)}
        found[word].append(row)
    return [row for listed in found.values() for row in listed]


def show(names: Mapping[str, object], name: object, together: object = None) -> dict[str, str]:
    """Makes the view of a name, or of all shared variables or random streams in one.

    Args:
        names: the user's variables.
        name: a name of one of them.
        together: "shared" or "stream", in the place of a name.

    Returns:
        `view`, its number, `front`, the version of the code that draws it, and `title`.

    Raises:
        ValueError: the name isn't text, stands for nothing, or for something without a view.
    """
    if together is not None:
        return _kept(_together(names, together), str(together))
    obj = names.get(name) if isinstance(name, str) else None
    if kind(obj) is None:
        raise ValueError("no function, shared variable or random stream has this name now")
    return _kept(display.form(obj), str(name))


def _together(names: Mapping[str, object], word: object) -> display.Form:
    """How all shared variables, or all random streams, are shown in one view."""
    named: dict[int, Any] = {
        id(obj): obj for name, obj in names.items() if not name.startswith("_") and kind(obj) == word
    }
    if word not in ("shared", "stream") or not named:
        raise ValueError("no shared variable or random stream has a name now")
    panel = views.SharedStatePanel if word == "shared" else views.RNGPanel
    return panel(*named.values()).shown


def _kept(shown: display.Form | None, title: str) -> dict[str, str]:
    if shown is None or shown.build is None:
        raise ValueError("this object has no view")
    return {"view": widgets.keep(display.content(shown)), "front": widgets.front_end()[1], "title": title}


class Listed:
    """The names' values, as something that is watched: only values move here, names are listed anew after each cell.

    Args:
        names: gives the user's variables.
    """

    def __init__(self, names: Callable[[], Mapping[str, object]]) -> None:
        self._names = names

    def version(self) -> dict[str, tuple[int, ...]]:
        """How often each named shared variable, and each stream's states, were stored."""
        found: dict[str, tuple[int, ...]] = {}
        for name, obj in self._names().items():
            if isinstance(obj, SharedVariable):
                found[name] = (obj.container.version,)
            elif isinstance(obj, RandomStreams | MRG_RandomStreams):
                found[name] = tuple(state.container.version for state, _ in obj.updates())
        return found

    def news(self, since: Any) -> dict[str, list[dict[str, str]]]:
        """Rows of the names whose values were stored since; all of them for None."""
        names = self._names()
        if since is None:
            return {"all": rows(names)}
        now = self.version()
        changed = (name for name in now if name in since and since[name] != now[name])
        return {"moved": rows({name: names[name] for name in changed if name in names})}


def answer(
    request: Any, names: Mapping[str, object], channel: Channel | None = None
) -> tuple[dict[str, Any], list[bytes]]:
    """The answer to one request, and binary parts; never raises."""
    verb = request.get("verb") if isinstance(request, dict) else None
    if verb not in ("list", "show") and not (verb == "watch" and "view" not in request):
        return widgets.answer(request, channel)
    number = request["id"] if type(request.get("id")) is int else -1
    try:
        if verb == "watch":
            if channel is None:
                raise ValueError("there is nobody to send news to")
            return {"id": number, "answer": channel.watch("panel", Listed(user_names), request.get("on") is True)}, []
        made = rows(names) if verb == "list" else show(names, request.get("name"), request.get("kind"))
        return {"id": number, "answer": made}, []
    except Exception as error:
        return {"id": number, "error": f"{type(error).__name__}: {error}"}, []


def connected(comm: Any) -> None:
    """Serves requests on a comm that the panel has opened."""
    serve(comm, lambda request, channel: answer(request, user_names(), channel))
