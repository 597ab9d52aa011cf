"""The measurements run, and measure the same work. No time is asserted anywhere."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import interactive_sym
import interactive_sym.tensor as T
from benchmarks import peers, recording
from benchmarks.__main__ import differs, markdown, quantity
from benchmarks.worker import summary
from benchmarks.works import WORKS, chain, uniform
from interactive_sym.mode import get_mode


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


def test_the_limit_of_reading_is_no_library() -> None:
    row = {"interactive_sym": 4e-3, "NumPy": 8e-3, peers.LIMIT: 3e-3}
    table = {"train step": row, "sum": {"interactive_sym": 1e-3}}
    written = markdown(table, ["interactive_sym", "NumPy", peers.LIMIT]).splitlines()
    assert written[2].endswith("| 4 ms | 8 ms | 3 ms | 0.50 |")
    assert written[-1] == "One read of the largest array, as a part of our time: train step: 75%."


@pytest.mark.parametrize("name", ["train step, 400 x 784", "train step, 400 x 784, float32"])
def test_one_read_adds_up_the_largest_array(name: str) -> None:
    data = max(WORKS[name].data(), key=lambda array: array.nbytes)
    total = peers.PEERS[peers.LIMIT]().build(name)()
    words = data.reshape(-1).view(np.float64)
    assert abs(total - words.sum()) <= 1e-12 * np.abs(words).sum()
    with pytest.raises(peers.NotOffered):
        peers.PEERS[peers.LIMIT]().build("logistic, 2 x 2")


def small(name: str) -> bool:
    """Whether a work's data are made and gone through in a moment."""
    return not any(size in name for size in ("10^4 x 1000", "10^5", "10^6", "10^7", "batch 1024", "limit"))


SMALL = [name for name in WORKS if small(name)]


@pytest.mark.parametrize("name", SMALL)
def test_the_work_is_the_same(name: str) -> None:
    ours, theirs = (peers.PEERS[library]().build(name) for library in ("interactive_sym", "NumPy"))
    tolerance = 1e-4 if "float32" in name else 1e-9
    for _ in range(3):
        mine, others = peers.arrays(ours()), peers.arrays(theirs())
        assert [value.shape for value in mine] == [value.shape for value in others]
        for got, wanted in zip(mine, others, strict=True):
            if WORKS[name].compared:
                np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance)


def test_other_results_give_no_figure() -> None:
    right = summary([np.arange(5.0), np.ones((2, 3))])
    assert not differs(summary([np.arange(5.0) + 1e-12, np.ones((2, 3))]), right, 1e-9)
    assert differs(summary([np.arange(5.0) + 1e-3, np.ones((2, 3))]), right, 1e-9)
    assert differs(summary([np.arange(5.0), np.ones((3, 2))]), right, 1e-9)
    assert differs(summary([np.arange(5.0), np.full((2, 3), np.nan)]), right, 1e-9)


def test_chains_keep_all_their_operations() -> None:
    value = uniform(100)
    with np.errstate(all="ignore"):
        wanted = chain(peers.Vocabulary(tanh=np.tanh, exp=np.exp), 10)(value)
    x = T.dvector("x")
    f = interactive_sym.function([x], chain(T, 10)(x))
    np.testing.assert_allclose(f(value), wanted, rtol=1e-9)


def test_whole_run(tmp_path: Path) -> None:
    plot, texts = tmp_path / "ratios.svg", ("2 x 2", "f(33", "mean, axis 0")
    options = ("--samples", "1", "--no-compile", "--plot", str(plot), "--works", *texts)
    command = [sys.executable, "-m", "benchmarks", "--only", "interactive_sym", "NumPy", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[1])
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("| ")]
    names = [name for name in WORKS if any(text in name for text in texts)]
    assert [row.split(" | ")[0][2:] for row in rows] == ["work", *names]
    assert not [row for row in rows if row.endswith(" - |")]
    drawn = [element.text or "" for element in ElementTree.parse(plot).iter("{http://www.w3.org/2000/svg}text")]
    assert set(names) < set(drawn)


def test_compilations_without_a_record_lead_to_the_same() -> None:
    for program in recording.works().values():
        kept = get_mode().rewrite(program)
        with recording.unrecorded():
            lost = get_mode().rewrite(program)
        assert len(lost) == len(kept) > 0
        assert recording.final(lost).digest() == recording.final(kept).digest()
        assert [firing.rule for firing in get_mode().rewrite(program)] == [firing.rule for firing in kept]
    assert recording.share(lambda: sum(range(10_000)), samples=2) < 1
