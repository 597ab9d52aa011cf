"""Loops of equal text are written once."""

import re
from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.cffi_backend.emit import MANY_NESTS, Line
from interactive_sym.cffi_backend.repeats import once
from tests.cffi_backend.kernels import check

DATA = np.random.default_rng(0).standard_normal((6, 5))


def layers(x: Any, factors: list[float]) -> Any:
    """Layers that each need the column sums of all of the one before."""
    for factor in factors:
        x = T.tanh(x * factor)
        x = x - x.sum(axis=0)
    return x


def test_layers_of_one_kind_are_one_function() -> None:
    x = T.dmatrix("x")
    compiled = check([x], [layers(x, [1.5] * 12)], DATA)
    written = re.findall(r"int part(\d+)\(", compiled.source)
    called = re.findall(r"isym_run\(ctx, part(\d+),", compiled.source)
    assert len(called) == 13
    assert len(written) <= 4  # the first reads the input, the last writes the output
    assert set(called) == set(written)


@pytest.mark.parametrize("whole", [False, True])
def test_calls_of_many_loops_are_functions_too(whole: bool) -> None:
    x = T.dmatrix("x")
    y = x
    for _ in range(MANY_NESTS + 20):
        y = T.tanh(y - (y.max() if whole else y.max(axis=0)))
    data = np.random.default_rng(1).standard_normal((700, 300))  # enough for several parts
    compiled = check([x], [y], data)
    kernel = compiled.source.partition("int isym_kernel(")[2]
    assert len(re.findall(r"= run\d+\(ctx, ", kernel)) > MANY_NESTS
    assert "isym_run(" not in kernel
    assert len(re.findall(r"int run\d+\(", compiled.source)) <= 6


def test_layers_that_differ_in_a_number_stay_apart() -> None:
    x = T.dmatrix("x")
    compiled = check([x], [layers(x, [1.5, 2.5, 3.5, 4.5])], DATA)
    assert len(re.findall(r"int part(\d+)\(", compiled.source)) == 5


def test_a_shared_line_belongs_to_the_nodes_of_all_its_loops() -> None:
    x = T.dmatrix("x")
    compiled = check([x], [layers(x, [1.5] * 12)], DATA)
    tanh = {number for number, node in enumerate(compiled.program.nodes) if node.op.name == "tanh"}
    text = compiled.plan.source.splitlines()
    assert len(text) == len(compiled.plan.lines)
    lines = [nodes for line, nodes in zip(text, compiled.plan.lines) if "tanh(" in line]
    assert {number for nodes in lines for number in nodes} == tanh
    assert any(len(nodes) > 4 for nodes in lines)
    assert re.search(r"/\* node \d+ and \d+ like it: tanh", compiled.plan.source)


def function(number: str, body: str, name: str = "x") -> list[Line]:
    """The lines of a loop's function."""
    text = f"struct loop{number} {{\n  double *{name}{number};\n}};\n\nint part{number}(void)\n{{\n{body}\n}}"
    return [Line(line) for line in text.split("\n")]


def test_only_names_of_its_own_may_differ() -> None:
    same = function("1", "  double v1 = shared->x1[0];\n  x1[0] = exp2(v1);")
    names = function("2", "  double v7 = shared->y2[0];\n  y2[0] = exp2(v7);", "y")
    called = function("3", "  double v7 = shared->y3[0];\n  y3[0] = log2(v7);", "y")
    crossed = function("4", "  double v7 = shared->y4[0];\n  y4[0] = exp2(y4[0]);", "y")
    functions, calls = once(same + names + called + crossed, [Line(f"  part{k}(); struct loop{k} given{k};") for k in
                                                              range(1, 5)])  # fmt: skip
    assert functions == same + called + crossed
    assert [line.text for line in calls] == [
        "  part1(); struct loop1 given1;",
        "  part1(); struct loop1 given2;",
        "  part3(); struct loop3 given3;",
        "  part4(); struct loop4 given4;",
    ]


def test_several_names_declared_on_a_line() -> None:
    one = function("1", "  double a1 = 0, b1 = 0;\n  double c1[4], d1[4];\n  d1[0] = a1 + b1;")
    other = function("2", "  double a2 = 0, b2 = 0;\n  double c2[4], d2[4];\n  d2[0] = a2 + b2;")
    assert once(one + other, [])[0] == one
    outside = function("3", "  double a3 = f(0, t3[0]);")
    assert len(once(outside + function("4", "  double a4 = f(0, t4[0]);"), [])[0]) == 2 * len(outside)
