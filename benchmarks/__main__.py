"""Prints the table: `python -m benchmarks [--only NAME ...] [--works TEXT ...] [--samples N] [--plot FILE]`."""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from .peers import LIMIT, PEERS
from .plot import save
from .works import CHAINS, LOGISTIC, TRAIN, WORKS

OURS = "interactive_sym"
SAMPLE_SECONDS = 0.03
PATIENCE = 10.0
"""Seconds of compilation above which a library isn't asked for a longer chain."""
CACHES = {
    "INTERACTIVE_SYM_CACHE": "",
    "NUMBA_CACHE_DIR": "",
    "TORCHINDUCTOR_CACHE_DIR": "",
    "XDG_CACHE_HOME": "",
    "PYTENSOR_FLAGS": "base_compiledir=",
}
"""Environment variables that say where a library keeps compiled code, and what stands before the folder."""

Cells = dict[str, dict[str, float | str]]


class Worker:
    """A library's process."""

    def __init__(self, name: str, cache: str) -> None:
        environment = {**os.environ, **{variable: prefix + cache for variable, prefix in CACHES.items()}}
        environment.pop("OPENBLAS_CORETYPE", None)  # let every BLAS choose its kernels by itself
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        self.greeting = self.answer()

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"error": "the process ended"}

    def ask(self, **request: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        try:
            print(json.dumps(request), file=self.process.stdin, flush=True)
        except BrokenPipeError:
            return {"error": "the process ended"}
        return self.answer()

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


@contextmanager
def worker(name: str, cache: str) -> Iterator[Worker]:
    """A worker that ends with the block."""
    it = Worker(name, cache)
    try:
        yield it
    finally:
        it.close()


def differs(results: list[list[Any]], expected: list[list[Any]], tolerance: float) -> bool:
    """Whether summaries of results (`worker.summary`) are of other shapes or further apart than rounding."""
    if [shape for shape, _, _ in results] != [shape for shape, _, _ in expected]:
        return True
    pairs = zip(results, expected, strict=True)
    return any(not abs(one - other) <= tolerance * (size + 1) for (_, one, _), (_, other, size) in pairs)


def steady(workers: dict[str, Worker], works: Iterable[str], samples: int) -> Cells:
    """Median seconds of one unit of each work, the libraries taking turns.

    A library whose results differ from NumPy's gets no figure.
    """
    table: Cells = {}
    for work in works:
        row: dict[str, float | str] = {}
        times: dict[str, int] = {}
        seen: dict[str, list[float]] = {}
        results: dict[str, list[list[Any]]] = {}
        for name, it in workers.items():
            built = it.ask(work=work)
            if "error" in built:
                row[name] = built["error"]
            else:
                times[name] = max(1, round(SAMPLE_SECONDS / max(built["each"], 1e-7)))
                seen[name], results[name] = [], built["results"]
        if WORKS[work].compared and "NumPy" in results:
            tolerance = 1e-4 if "32" in work else 1e-9
            libraries = [name for name in times if name != LIMIT]
            for name in [name for name in libraries if differs(results[name], results["NumPy"], tolerance)]:
                row[name] = "other results than NumPy"
                del times[name], seen[name]
        for _ in range(samples):
            for name, count in times.items():
                seen[name].append(workers[name].ask(work=work, times=count)["seconds"] / count)
        for it in workers.values():
            it.ask(forget=work)
        table[work] = row | {name: statistics.median(values) for name, values in seen.items()}
        report(f"measured: {work}")
    return table


def compilation(names: Iterable[str], works: Iterable[str], repeats: int) -> Cells:
    """Seconds from symbols to the first result, in new processes: with an empty cache, then with a filled one."""
    table: Cells = {}
    slow: dict[str, float] = {}
    for work in works:
        cold: dict[str, list[float]] = {name: [] for name in names}
        warm: dict[str, list[float]] = {name: [] for name in names}
        words: dict[str, float | str] = {}
        for turn in range(repeats):
            for name in names:
                if name in words or (turn and cold[name][0] > 2):  # slow compilers are measured once
                    continue
                if slow.get(name, 0.0) > PATIENCE:
                    words[name] = f"not asked: {slow[name]:.0f} s for less"
                    continue
                with tempfile.TemporaryDirectory() as cache:
                    for figures in (cold, warm):
                        with worker(name, cache) as it:
                            built = it.ask(work=work)
                        if "error" in built:
                            words[name] = built["error"]
                            break
                        figures[name].append(built["build"])
                        if work in CHAINS:
                            slow[name] = max(slow.get(name, 0.0), built["build"])
        for state, figures in (("cold", cold), ("warm cache", warm)):
            medians = {name: statistics.median(values) for name, values in figures.items() if values}
            table[f"symbols to first result, {work.split(',')[0]}, {state}"] = {**words, **medians}
        report(f"measured: compilation of {work}")
    return table


def imports(names: Iterable[str], repeats: int) -> dict[str, float | str]:
    """Seconds that an import takes beyond NumPy's."""
    seen: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(repeats):
        for name in names:
            with tempfile.TemporaryDirectory() as cache, worker(name, cache) as it:
                seen[name].append(it.greeting["import"])
    return {name: statistics.median(values) for name, values in seen.items()}


def quantity(seconds: float) -> str:
    """A duration with three digits and a fitting unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.2f} us"


def markdown(table: Cells, names: list[str]) -> str:
    """The table, with a last column: our time as a part of the fastest other's."""
    lines = ["| work | " + " | ".join(names) + " | ours / fastest other |", "|---" * (len(names) + 2) + "|"]
    failures: list[str] = []
    for work, row in table.items():
        cells = []
        for name in names:
            value = row.get(name, "-")
            if isinstance(value, float):
                cells.append(quantity(value))
            else:
                cells.append("-")
                if value != "-" and value != "not offered":
                    failures.append(f"{name}, {work}: {value}")
        others = [value for name, value in row.items() if name not in (OURS, LIMIT) and isinstance(value, float)]
        mine = row.get(OURS)
        ratio = f"{mine / min(others):.2f}" if isinstance(mine, float) and others else "-"
        lines.append(f"| {work} | " + " | ".join(cells) + f" | {ratio} |")
    return "\n".join([*lines, *limits(table), *(["", *failures] if failures else [])])


def limits(table: Cells) -> list[str]:
    """How much of our time one read of the data takes, where that was measured."""
    shares = []
    for work, row in table.items():
        mine, read = row.get(OURS), row.get(LIMIT)
        if isinstance(mine, float) and isinstance(read, float):
            shares.append(f"{work}: {read / mine:.0%}")
    return ["", f"One read of the largest array, as a part of our time: {'; '.join(shares)}."] if shares else []


def report(text: str) -> None:
    """Progress, apart from the table."""
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=sorted(PEERS), default=list(PEERS), help="libraries to measure")
    parser.add_argument("--works", nargs="+", default=[""], help="texts: works with one of them in their names")
    parser.add_argument("--samples", type=int, default=15, help="interleaved samples of each figure")
    parser.add_argument("--no-compile", action="store_true", help="leave compilation and import out")
    parser.add_argument("--plot", metavar="FILE", help="also draw the ratios, as SVG")
    options = parser.parse_args()
    chosen = [work for work in WORKS if any(text in work for text in options.works)]

    with ExitStack() as run, ExitStack() as stack:
        # installed packages have byte code; what a checkout lacks is written to a folder of the run
        os.environ["PYTHONPYCACHEPREFIX"] = run.enter_context(tempfile.TemporaryDirectory())
        os.environ["PYTHONDONTWRITEBYTECODE"] = ""
        cache = stack.enter_context(tempfile.TemporaryDirectory())
        workers = {name: stack.enter_context(worker(name, cache)) for name in PEERS if name in options.only}
        absent = {name: it.greeting["error"] for name, it in workers.items() if "error" in it.greeting}
        workers = {name: it for name, it in workers.items() if name not in absent}
        versions = {name: it.greeting["version"] for name, it in workers.items()}
        table = steady(workers, chosen, options.samples)
        stack.close()
        names = list(versions)
        if not options.no_compile:
            compiling = [name for name in names if name not in ("NumPy", "numexpr", LIMIT)]
            table |= compilation(compiling, (LOGISTIC, TRAIN), repeats=3)
            table |= compilation([name for name in compiling if name != "torch.compile"], CHAINS, repeats=1)
            table["import, beyond NumPy"] = imports([name for name in names if name not in ("NumPy", LIMIT)], repeats=3)

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"{platform.machine()}, {cores} cores, Python {platform.python_version()}; medians, interleaved.")
    print("Versions: " + ", ".join(f"{name} {version}" for name, version in versions.items() if version) + ".")
    for name, word in absent.items():
        print(f"{name}: {word}.")
    print("\n" + markdown(table, names))
    if options.plot:
        libraries = {work: {name: x for name, x in row.items() if name != LIMIT} for work, row in table.items()}
        save(options.plot, libraries, OURS)


if __name__ == "__main__":
    main()
