"""The garbage collector rests while a function is compiled (floor A, imports nothing of the house).

Rewriting and lowering make many small objects that refer to each other and stay. Python's collector looks through all
objects again and again while they are made, for a third of the time on long graphs, and finds next to nothing.

Read next: `rewrite`.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Within the block (or a function it decorates) cyclic garbage waits; where the collector is off it stays off.

    Example:
        >>> with uncollected():
        ...     gc.isenabled()
        False
        >>> gc.isenabled()
        True
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
