"""How many threads a function may use.

The loops that threads share are the same for any number of threads, and so are the results, bit for bit; see `emit`,
`runtime/kernel.h` (how a loop is cut) and `runtime/threads.h` (who computes the parts).

Read next: `call`.
"""

import os

from ..core.configuration import config


def processors() -> int:
    """Processors this process may run on.

    Example:
        >>> processors() >= 1
        True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def thread_count() -> int:
    """Threads that a function compiled now may use.

    1 where `config.openmp` is off, else `OMP_NUM_THREADS`, else as many as there are processors.

    Example:
        >>> with config.change_flags(openmp=False):
        ...     thread_count()
        1
    """
    if not config.openmp:
        return 1
    first = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(first) if first.isdecimal() and int(first) > 0 else processors()


def enough() -> int:
    """Operations of a loop from which threads share it: `config.openmp_elemwise_minsize`."""
    return int(config.openmp_elemwise_minsize)
