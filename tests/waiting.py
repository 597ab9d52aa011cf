"""A step of a compiled function that waits until a test lets it go on."""

import threading
from typing import Any

import interactive_sym.tensor as T
from interactive_sym.builders import as_op


def waiting_step() -> tuple[Any, threading.Event, threading.Event]:
    """An operation that adds 1 to a vector; the event that says it has begun, and the one that lets it end."""
    entered, go = threading.Event(), threading.Event()

    @as_op(itypes=[T.dvector], otypes=[T.dvector])
    def wait(x: Any) -> Any:
        entered.set()
        assert go.wait(20)
        return x + 1

    return wait, entered, go
