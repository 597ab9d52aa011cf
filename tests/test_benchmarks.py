"""The measurements run, and measure the same work. No time is asserted anywhere."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import peers
from benchmarks.__main__ import markdown, quantity


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(2.5, "2.5 s"), (0.0123456, "12.3 ms"), (4.2e-5, "42 us"), (1.9e-7, "0.19 us")],
)
def test_quantity(seconds: float, text: str) -> None:
    assert quantity(seconds) == text


def test_table() -> None:
    table = {"work": {"interactive_sym": 1e-3, "NumPy": 2e-3, "numba": "TypeError: no"}}
    assert markdown(table, ["interactive_sym", "NumPy", "numba", "numexpr"]).splitlines() == [
        "| work | interactive_sym | NumPy | numba | numexpr | ours / fastest other |",
        "|---|---|---|---|---|---|",
        "| work | 1 ms | 2 ms | - | - | 0.50 |",
        "",
        "numba, work: TypeError: no",
    ]


@pytest.mark.parametrize("work", peers.WORKS)
def test_the_work_is_the_same(work: str) -> None:
    ours, theirs = (peers.PEERS[name]().work[work]() for name in ("interactive_sym", "NumPy"))
    for _ in range(3):
        mine, others = ours(), theirs()
        if not isinstance(mine, list):
            mine, others = [mine], [others]
        for got, wanted in zip(mine, others, strict=True):
            np.testing.assert_allclose(np.asarray(got), wanted, rtol=1e-9)


def test_whole_run() -> None:
    command = [
        sys.executable,
        "-m",
        "benchmarks",
        "--only",
        "interactive_sym",
        "NumPy",
        "--samples",
        "1",
        "--no-compile",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[1])
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("| ")]
    assert [row.split(" | ")[0][2:] for row in rows] == ["work", *peers.WORKS]
    assert not [row for row in rows if row.endswith(" - |")]
