"""Calls that are running and will store to shared variables; changes from elsewhere wait for them (floor A).

A call of compiled code with updates keeps the GIL from the first to the last byte, so nothing can come between. Calls
that run Python steps, or the interpreter, give it away: they say so here, by a `Writing` around them. Who changes a
shared value from another thread, as the views do, uses `between_calls`: it waits until such calls have ended, so that
no call reads the old value and stores over the new one.

Read next: `shared`, `function`.
"""

import os
import threading
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any

_lock = threading.Lock()
_condition = threading.Condition(_lock)
#: For each running call: its thread, and the containers it will store to, by identity.
_running: list[tuple[int, frozenset[int]]] = []
#: The containers that changes wait for; calls that would begin now let these go first.
_wanted: list[frozenset[int]] = []


def _forget() -> None:
    """A forked child has neither the threads of its parent nor their calls."""
    global _lock, _condition
    if _lock.locked():  # by a thread that is not here; functions in C see that it stays so, and ask Python
        _lock = threading.Lock()
    _condition = threading.Condition(_lock)
    _running.clear()
    _wanted.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


class Writing:
    """Around each call of one function: a lock that also says which shared values the call will replace.

    Args:
        containers: of the shared variables that the call stores to.
        lock: held during the call; None where calls may overlap.
    """

    __slots__ = ("_lock", "_targets")

    def __init__(self, containers: Iterable[Any], lock: Any = None) -> None:
        self._targets = frozenset(map(id, containers))
        self._lock = lock

    def known(self) -> tuple[Any, Any, list[Any], list[Any], frozenset[int]]:
        """For callers in C: how to lock and unlock, running calls, what changes wait for, this function's containers.

        An entry of running calls is the thread's identity and the containers. Where nobody waits for anything, C puts
        it there and takes it away, under the lock; else it calls `acquire` and `release`.
        """
        return _lock.acquire, _lock.release, _running, _wanted, self._targets

    def acquire(self) -> bool:
        """Wait for the lock, and for changes that wait for these containers."""
        if self._lock is not None:
            self._lock.acquire()
        me = threading.get_ident()
        with _condition:
            # a call inside a running call of the same thread must not wait for what waits for that one
            if not any(thread == me for thread, _ in _running):
                while any(wanted & self._targets for wanted in _wanted):
                    _condition.wait()
            _running.append((me, self._targets))
        return True

    def release(self) -> None:
        """The call is over."""
        with _condition:
            _running.remove((threading.get_ident(), self._targets))
            _condition.notify_all()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


def between_calls(containers: Iterable[Any], change: Callable[[], Any], patience: float | None = None) -> bool:
    """Make a change of shared values while no call runs that will store to them.

    Args:
        containers: of the shared variables that are changed.
        change: makes the change; no call that stores to them begins meanwhile.
        patience: seconds to wait for running calls; None waits as long as it takes.

    Returns:
        Whether the change was made. Errors of `change` are raised.
    """
    wanted = frozenset(map(id, containers))
    end = None if patience is None else monotonic() + patience
    with _condition:
        _wanted.append(wanted)
        try:
            while any(wanted & targets for _, targets in _running):
                left = None if end is None else end - monotonic()
                if left is not None and left <= 0:
                    return False
                _condition.wait(left)
            change()
            return True
        finally:
            _wanted.remove(wanted)
            _condition.notify_all()
