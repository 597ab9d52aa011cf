"""Compilation behind the program's back: one thread makes, in turn, what functions wait for.

It prints and warns nothing: what there is to say is kept for the thread that asked. It is no daemon, so a program's end
waits for the compiler that runs, and finds its result in the cache next time; what has not been begun is dropped. A
forked child begins anew what was under way, when it first asks.

Read next: `build`, `interactive_sym.function`.
"""

import os
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from .cache import warnings_kept


class Pending:
    """Something that is made in the background.

    Args:
        make: makes it.
        ready: is given what was made, in the thread that made it.

    Attributes:
        done: whether it was made, or failed.
        failure: the exception that `make` or `ready` ended with, None where there was none.
        warnings: what there is to warn of.

    Example:
        >>> made = []
        >>> pending = Pending(lambda: 6 * 7, made.append)
        >>> pending.start()
        >>> pending.wait(), made
        (True, [42])
    """

    __slots__ = ("_make", "_ready", "done", "failure", "warnings")

    def __init__(self, make: Callable[[], Any], ready: Callable[[Any], None]) -> None:
        self._make, self._ready = make, ready
        self.done = False
        self.failure: BaseException | None = None
        self.warnings: list[Warning] = []

    def start(self) -> None:
        """Put it in the queue."""
        with _state.changed:
            _state.queue.append(self)
            _state.begin()

    def nudge(self) -> None:
        """In a forked child: begin anew what was under way."""
        if _state.thread is None and not self.done:
            with _state.changed:
                _state.begin()

    def wait(self, patience: float | None = None) -> bool:
        """Wait until it is made, or `patience` seconds; says whether it was."""
        self.nudge()
        with _state.changed:
            return _state.changed.wait_for(lambda: self.done, patience)

    def run(self) -> None:
        """Make it, here and now."""
        with warnings_kept() as self.warnings:
            try:
                self._ready(self._make())
            except BaseException as error:
                self.failure = error
        with _state.changed:
            self.done = True
            _state.changed.notify_all()


class _State:
    """The queue, the thread that works through it, and what it works on."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.queue: deque[Pending] = deque()
        self.thread: threading.Thread | None = None
        self.current: Pending | None = None

    def begin(self) -> None:
        """Have a thread where there is something to do; `changed` is held."""
        if self.thread is None and self.queue:
            self.thread = threading.Thread(target=self._work, name="interactive_sym compilation", daemon=False)
            self.thread.start()

    def _work(self) -> None:
        while True:
            with self.changed:
                if not self.queue or not threading.main_thread().is_alive():
                    self.thread = self.current = None
                    return
                self.current = self.queue.popleft()
            self.current.run()

    def after_fork(self) -> None:
        """A child has no thread of its parent's."""
        self.changed = threading.Condition()
        self.thread = None
        if self.current is not None and not self.current.done:
            self.queue.appendleft(self.current)
        self.current = None


_state = _State()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_state.after_fork)
