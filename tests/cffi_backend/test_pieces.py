"""Long units are compiled in pieces, side by side; as a whole they are the same."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.cffi_backend import build, pieces
from interactive_sym.cffi_backend.build import pieces_of
from interactive_sym.cffi_backend.cache import Cache
from interactive_sym.cffi_backend.emit import Line
from interactive_sym.cffi_backend.pieces import in_pieces
from tests.cffi_backend.kernels import Compiled, check

KERNEL = [Line("int isym_kernel(isym_ctx *ctx)"), Line("{ }")]


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of a thousand characters."""
    monkeypatch.setattr(pieces, "PIECE", 1000)


def layers(x: Any, number: int) -> Any:
    """Layers that differ in a number, with sums of columns and of all between them."""
    for k in range(number):
        x = T.tanh(x * (1.5 + k))
        x = x - (x.sum() if k % 3 == 2 else x.max(axis=0))
    return x


@pytest.mark.parametrize("processors", [1, 2])
@pytest.mark.parametrize("number", [6, 50])
def test_results_are_the_same(short: None, monkeypatch: pytest.MonkeyPatch, processors: int, number: int) -> None:
    monkeypatch.setattr(build, "processors", lambda: processors)
    monkeypatch.setenv("INTERACTIVE_SYM_CACHE", "off")
    x = T.dmatrix("x")
    compiled = check([x], [layers(x, number)], np.random.default_rng(number).standard_normal((9, 4)))
    assert pieces_of(compiled.source) == pieces.MOST
    assert len(compiled.plan.lines) == compiled.plan.source.count("\n")


def test_each_line_still_belongs_to_its_nodes(short: None) -> None:
    x = T.dmatrix("x")
    compiled = Compiled([x], [layers(x, 6)])
    for line, nodes in zip(compiled.plan.source.splitlines(), compiled.plan.lines):
        if "= tanh(" in line:
            assert nodes and all(compiled.program.nodes[k].op.name == "tanh" for k in nodes)


def test_short_units_stay_whole() -> None:
    x = T.dmatrix("x")
    compiled = Compiled([x], [layers(x, 3)])
    assert pieces_of(compiled.source) == 1
    assert "ISYM_PIECE" not in compiled.source


def test_what_may_stand_once_only_keeps_a_unit_whole(short: None) -> None:
    loops = [
        Line(text)
        for k in range(40)
        for text in (
            f"struct loop{k} {{",
            "};",
            f"ISYM_APART int part{k}(void)",
            "{",
            "  return 0; /* long */" * 4,
            "}",
        )
    ]
    assert in_pieces(loops, KERNEL, ["#define A 1", "static inline int f(int x) { return x; }"]) != [*loops, *KERNEL]
    assert in_pieces(loops, KERNEL, ["int f(int x) { return x; }"]) == [*loops, *KERNEL]


def test_a_piece_that_does_not_compile_is_an_error_with_the_compilers_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "processors", lambda: 2)
    source = '#include "kernel.h"\n#if ISYM_PIECE(0)\nint zero;\n#endif\n#if ISYM_PIECE(1)\nmistake\n#endif\n'
    found = build.compiler()
    assert found is not None
    with pytest.raises(build.CompileError, match="mistake"):
        build.compile_unit(source, found, (), Cache(str(tmp_path)))
