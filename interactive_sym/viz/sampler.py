"""Values pushed to views that somebody looks at, from one thread in the background, also while a cell runs.

A view that is on screen is watched, until it leaves the screen or its comm. A watched subject says by a cheap number
whether it has changed; only then is it read and sent. The thread measures its own time, and waits in proportion, so
that the loop that runs beside it loses little: it has no work when nothing changes, and no thread when nothing is
watched. When a cell ends, everything watched is read once more with care, as arrays may have been changed in place.

Read next: `live` (what is sampled), `widgets` (who starts and ends a watch).
"""

import contextvars
import json
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic, thread_time
from typing import Any, Protocol

#: At most ten messages and 200 kB a second, over all views.
SECONDS_A_MESSAGE = 0.1
BYTES_A_SECOND = 200_000
#: Samples of one view are at least so far apart, and take at most this share of a processor.
SECONDS_A_SAMPLE = 0.25
SHARE = 0.003
#: However costly a sample is, a view that changes is sent about once a second.
LONGEST = 0.8
#: After so many looks at nothing new, looks are a second apart.
QUIET_LOOKS = 20
#: A watch ends unless the browser asks for it again in time, where it can ask while a cell runs.
LEASE = 90.0
#: Seconds after a cell's end until the careful look, so that cells run in a row don't wait for it.
SETTLED = 0.2
MOST_WATCHES = 64


class Subject(Protocol):
    """What can be watched."""

    def version(self) -> object:
        """Compares equal as long as nothing was stored; takes microseconds."""

    def news(self, since: object) -> object:
        """What has changed since a version, ready for JSON; None: look at everything, in-place changes too."""


@dataclass
class Watch:
    """One view on screen.

    Attributes:
        subject: what is shown.
        send: sends a message and binary parts to the browser; called in the context of the request for the watch.
        name: what the browser calls it.
        ends: when the lease is over; None where it lasts as long as the comm.
    """

    subject: Subject
    send: Callable[[dict[str, Any], list[bytes]], None]
    name: str
    ends: float | None
    context: contextvars.Context = field(default_factory=contextvars.copy_context)
    seen: object = None
    last: bytes = b""
    due: float = 0.0
    quiet: int = 0
    careful: bool = False


class Sampler:
    """The thread and what it watches. Safe to use from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._watches: dict[tuple[int, str], Watch] = {}
        self._thread: threading.Thread | None = None
        self._free = 0.0
        self._hooked: Any = None

    def watch(
        self, owner: object, name: str, subject: Subject, send: Callable[[dict[str, Any], list[bytes]], None]
    ) -> None:
        """Send news of `subject` from now on; asked again, the lease begins anew."""
        self._hook()
        # a request served beside the cell can come again in time; one that waits for the cell can't
        aside = threading.current_thread() is not threading.main_thread()
        ends = monotonic() + LEASE if aside else None
        with self._changed:
            known = self._watches.get((id(owner), name))
            if known is not None:
                known.ends = ends
                return
            if len(self._watches) >= MOST_WATCHES:
                del self._watches[next(iter(self._watches))]
            self._watches[id(owner), name] = Watch(subject, send, name, ends, seen=subject.version())
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="interactive_sym samples", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def forget(self, owner: object, name: str | None = None) -> None:
        """Send no more news of one view, or of all that `owner` has."""
        with self._changed:
            for key in [key for key in self._watches if key[0] == id(owner) and name in (None, key[1])]:
                del self._watches[key]
            self._changed.notify_all()

    def count(self) -> int:
        """How many views are watched."""
        return len(self._watches)

    def look(self, careful: bool = True, after: float = 0.0) -> None:
        """Look at everything watched soon, `after` so many seconds."""
        with self._changed:
            for watch in self._watches.values():
                watch.due, watch.quiet, watch.careful = monotonic() + after, 0, watch.careful or careful
            self._changed.notify_all()

    def _hook(self) -> None:
        """Hear of cells that begin and end, where there is IPython."""
        ipython = sys.modules.get("IPython")
        shell = ipython.get_ipython() if ipython is not None else None
        events = getattr(shell, "events", None)
        if events is not None and events is not self._hooked:
            self._hooked = events
            events.register("pre_run_cell", self._begins)
            events.register("post_run_cell", self._ends)

    def _begins(self, *_: object) -> None:
        with self._changed:
            for watch in self._watches.values():
                watch.careful, watch.quiet = False, 0
                watch.due = min(watch.due, monotonic() + SECONDS_A_SAMPLE)
            self._changed.notify_all()

    def _ends(self, *_: object) -> None:
        self.look(after=SETTLED)

    # -- the thread ----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._changed:
                now = monotonic()
                for key in [k for k, watch in self._watches.items() if watch.ends is not None and watch.ends < now]:
                    del self._watches[key]
                if not self._watches:
                    self._thread = None
                    return
                watch = min(self._watches.values(), key=lambda each: each.due)
                left = max(watch.due, self._free) - now
                if left > 0:
                    self._changed.wait(left)
                    continue
            self._visit(watch)

    def _visit(self, watch: Watch) -> None:
        careful, watch.careful = watch.careful, False
        began = thread_time()
        size = 0
        try:
            version = watch.subject.version()
            if careful or version != watch.seen:
                since, watch.seen = watch.seen, version
                size = self._send(watch, watch.subject.news(None if careful else since))
        except Exception as error:  # a value in the middle of a change, a comm that has just gone: the next look tells
            watch.last = str(error).encode()
        spent = (thread_time() - began) * max(1, len(self._watches))
        watch.quiet = 0 if size else watch.quiet + 1
        pause = 1.0 if watch.quiet > QUIET_LOOKS else SECONDS_A_SAMPLE
        now = monotonic()
        with self._changed:
            if not watch.careful:  # else somebody has asked for another look meanwhile
                watch.due = now + max(pause, min(LONGEST, spent / SHARE))
            self._free = now + max(SECONDS_A_MESSAGE, size / BYTES_A_SECOND) if size else now

    @staticmethod
    def _send(watch: Watch, news: object) -> int:
        """Bytes sent: none where the browser has this already."""
        data = json.dumps(news, separators=(",", ":")).encode()
        if data == watch.last:
            return 0
        watch.last = data
        watch.context.run(watch.send, {"id": 0, "push": watch.name}, [data])
        return len(data)


sampler = Sampler()


class Channel:
    """A way to a browser: answers go back on it, and news of what is watched; a comm, or a widget's own messages."""

    def __init__(self, send: Callable[[dict[str, Any], list[bytes]], None]) -> None:
        self.send = send

    def watch(self, name: str, subject: Subject, on: bool) -> dict[str, Any]:
        """Begin or end to send news of a subject."""
        if on:
            sampler.watch(self, name, subject, self.send)
        else:
            sampler.forget(self, name)
        return {"watched": on}

    def close(self) -> None:
        """The browser has gone."""
        sampler.forget(self)


def serve(comm: Any, answered: Callable[[Any, Channel], tuple[dict[str, Any], list[bytes]]]) -> None:
    """Answers what comes on a comm, and ends its watches when it closes."""
    channel = Channel(lambda content, buffers: comm.send(content, buffers=buffers))

    def received(message: Any) -> None:
        channel.send(*answered(message["content"]["data"], channel))

    comm.on_msg(received)
    comm.on_close(lambda message: channel.close())


def _fresh() -> None:
    """A forked child has no such thread and no browser."""
    sampler.__init__()  # type: ignore[misc]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_fresh)
