"""One library in one process: `python -m benchmarks.worker NAME` answers requests, a line of JSON each.

    {"work": W}               -> {"build": seconds, "each": seconds, "results": [...]}    builds W; each is one unit
    {"work": W, "times": n}   -> {"seconds": seconds}                                     runs n units
    {"forget": W}             -> {}                                                       drops W and its data

The first line it prints is {"version": ..., "import": seconds beyond NumPy}. A failure is {"error": text}; the process
lives on.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np  # before the clock starts: import times are counted beyond NumPy's

from .peers import MODULES, PEERS, NotOffered, arrays


def seconds_of(unit: Callable[[], object], times: int) -> float:
    """Duration of so many calls."""
    start = time.perf_counter()
    for _ in range(times):
        unit()
    return time.perf_counter() - start


def summary(given: Any) -> list[list[Any]]:
    """Of each result: shape, a weighted sum, the sum of sizes."""
    figures = []
    for value in arrays(given):
        flat = value.reshape(-1).astype(np.float64)
        figures.append([list(value.shape), float(flat @ np.cos(np.arange(flat.size))), float(np.abs(flat).sum())])
    return figures


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
        try:
            if "forget" in request:
                units.pop(request["forget"], None)
                answer()
            elif "times" in request:
                answer(seconds=seconds_of(units[request["work"]], request["times"]))
            else:
                start = time.perf_counter()
                unit = peer.build(request["work"])
                build = time.perf_counter() - start
                results = summary(unit())
                units[request["work"]] = unit
                answer(build=build, each=min(seconds_of(unit, 1) for _ in range(5)), results=results)
        except NotOffered:
            answer(error="not offered")
        except Exception as error:  # a library's own failure is a word in the table, whatever its class
            answer(error=f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}")


if __name__ == "__main__":
    main(sys.argv[1])
