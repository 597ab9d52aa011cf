"""One library in one process: `python -m benchmarks.worker NAME` answers requests, a line of JSON each.

    {"work": W}               -> {"build": seconds, "each": seconds}    builds W; `each` is the time of one unit
    {"work": W, "times": n}   -> {"seconds": seconds}                   runs n units

The first line it prints is {"version": ..., "import": seconds beyond NumPy}. A failure is {"error": text}; the process
lives on.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy  # noqa: F401  (before the clock starts: import times are counted beyond NumPy's)

from .peers import MODULES, PEERS


def seconds_of(unit: Callable[[], object], times: int) -> float:
    """Duration of so many calls."""
    start = time.perf_counter()
    for _ in range(times):
        unit()
    return time.perf_counter() - start


def main(name: str) -> None:
    """Serves requests until standard input ends."""
    answers = sys.stdout
    sys.stdout = sys.stderr  # what libraries print must not mix with answers

    def answer(**fields: Any) -> None:
        print(json.dumps(fields), file=answers, flush=True)

    start = time.perf_counter()
    try:
        __import__(MODULES[name])
        import_seconds = time.perf_counter() - start
        peer = PEERS[name]()
    except ImportError as error:
        answer(error=f"absent: {error}")
        return
    answer(version=peer.version, **{"import": import_seconds})

    units: dict[str, Callable[[], object]] = {}
    for line in sys.stdin:
        request = json.loads(line)
        work = request["work"]
        try:
            if "times" in request:
                answer(seconds=seconds_of(units[work], request["times"]))
            elif work not in peer.work:
                answer(error="not offered")
            else:
                start = time.perf_counter()
                units[work] = peer.work[work]()
                build = time.perf_counter() - start
                answer(build=build, each=min(seconds_of(units[work], 1) for _ in range(5)))
        except Exception as error:  # a library's own failure is a word in the table, whatever its class
            answer(error=f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}")


if __name__ == "__main__":
    main(sys.argv[1])
