"""What the record of rewrites costs: compilations with it and without, by turns, in one process.

`python -m benchmarks.recording` prints a line for each work.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from unittest.mock import patch

import interactive_sym.tensor as T
from interactive_sym.cffi_backend import unit
from interactive_sym.core import rewrite, source
from interactive_sym.core.graph import Apply, Variable
from interactive_sym.core.program import Program, make_program
from interactive_sym.core.trace import Firing, Trace
from interactive_sym.mode import get_mode

from .works import chain, logistic

SAMPLES = 41
NOWHERE: Apply = T.exp(T.dscalar()).owner
"""What the one firing says it replaced."""


@contextmanager
def unrecorded() -> Iterator[None]:
    """Within the block firings are one and the same, and nodes do not say what they were made of."""
    firing, origin = Firing("", NOWHERE, (), ""), source.Origin("rewrite", "", None)
    with patch.object(rewrite, "Firing", lambda *_: firing), patch.object(source, "Origin", lambda *_: origin):
        yield


def works() -> dict[str, Program]:
    """What is compiled: the logistic function with its gradient, and a chain of 1000 operations."""
    x, v = T.dmatrix("x"), T.dvector("v")
    cost = logistic(T)(x).sum()
    programs: dict[str, tuple[list[Variable], Sequence[Variable]]] = {
        "logistic and its gradient": ([x], [cost, T.grad(cost, x)]),
        "chain of 1000 operations": ([v], [chain(T, 1000)(v)]),
    }
    return {name: make_program(inputs, outputs, []) for name, (inputs, outputs) in programs.items()}


def share(compile_: Callable[[], object], samples: int = SAMPLES) -> float:
    """The part of a compilation that goes into its record, from the shortest of samples taken by turns."""
    seconds: dict[bool, list[float]] = {True: [], False: []}
    for turn in range(samples):
        for recorded in (True, False) if turn % 2 else (False, True):
            with nullcontext() if recorded else unrecorded():
                start = time.process_time()
                compile_()
                seconds[recorded].append(time.process_time() - start)
    return 1 - min(seconds[False]) / min(seconds[True])


def compilation(program: Program) -> Callable[[], object]:
    """The compilation of a program up to its C text, which a filled cache leaves of it."""
    return lambda: unit.generate(final(get_mode().rewrite(program)))


def final(trace: Trace) -> Program:
    """The program that rewriting leads to."""
    assert trace.final is not None
    return trace.final


def main() -> None:
    for name, program in works().items():
        print(f"{name}: recording takes {100 * share(compilation(program)):.1f} % of rewriting and writing C")


if __name__ == "__main__":
    main()
