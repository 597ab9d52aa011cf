"""The C text: small programs as printed, comments, and what never gets into it.

To accept new text after reading it: `ISYM_UPDATE_GOLDEN=1 pytest tests/cffi_backend/test_emit.py`.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.cffi_backend import build, unit
from interactive_sym.cffi_backend.loopir import cast, literal
from interactive_sym.core.program import make_program
from interactive_sym.core.shared import shared
from tests.cffi_backend.kernels import Compiled

GOLDEN = Path(__file__).parent / "golden"


def logistic() -> unit.Generated:
    x = T.dmatrix("x")
    return unit.generate(make_program([x], [1 / (1 + T.exp(-x))], []))


def accumulator() -> unit.Generated:
    step, state = T.lscalar("step"), shared(0, name="state")
    return unit.generate(make_program([step], [state], [(state, state + step)]))


def weighted_rows() -> unit.Generated:
    x, w = T.dmatrix("x"), T.dvector("w")
    return unit.generate(make_program([x, w], [T.tanh(T.dot(x, w)), x.max(axis=0)], []))


@pytest.mark.parametrize("program", [logistic, accumulator, weighted_rows])
def test_golden_text(program: Any) -> None:
    text = program().spec.source
    golden = GOLDEN / f"{program.__name__}.c"
    if os.environ.get("ISYM_UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text)
    assert text == golden.read_text()


def test_comments_name_node_and_line() -> None:
    generated = logistic()
    lines = generated.plan.source.splitlines()
    (number,) = [k for k, line in enumerate(lines) if "exp(" in line]
    assert "/* node 1: exp, line " in lines[number]
    assert generated.plan.lines[number] == (1,)
    assert generated.plan.labels[1].startswith("test_emit.py:")
    assert "line" not in generated.spec.source.split("exp(")[1].splitlines()[0]


def test_text_does_not_depend_on_the_users_lines() -> None:
    x = T.dvector("x")
    one = T.exp(x)
    other = T.exp(x)
    sources = {unit.generate(make_program([x], [y], [])).spec.source for y in (one, other)}
    plans = {unit.generate(make_program([x], [y], [])).plan.source for y in (one, other)}
    assert (len(sources), len(plans)) == (1, 2)


def test_names_of_the_user_never_enter_c() -> None:
    evil = '*/ system("x"); /*'
    x, s = T.dvector(evil), shared(np.zeros(3), name=evil)
    y = T.exp(x) + s
    y.name = evil
    generated = unit.generate(make_program([x], [y], [(s, y)]))
    assert "system" not in generated.spec.source + generated.plan.source


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float64(0.1), "0.1"),
        (np.float64(-0.0), "-0.0"),
        (np.float64(1e300), "1e+300"),
        (np.float64("nan"), "NAN"),
        (np.float32(0.1), "0.1f"),
        (np.int64(-(2**63)), "INT64_MIN"),
        (np.uint64(2**64 - 1), "UINT64_C(18446744073709551615)"),
        (np.bool_(True), "1"),
        (np.int8(-128), "INT8_MIN"),
    ],
)
def test_literals(value: Any, text: str) -> None:
    assert literal(value) == text


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "uint64", "int8", "complex64", "complex128"])
def test_literals_are_exact(dtype: str) -> None:
    kind = np.dtype(dtype).kind
    if kind in "iu":
        info = np.iinfo(dtype)
        array = np.array([info.min, info.max, 0, 1, info.max // 3], dtype)
    else:
        values = [0.1, 1 / 3, 5e-324, 1e-40, 1.7e38, -0.0, np.inf, -np.inf, np.nan]
        array = np.array(values if kind == "f" else [complex(v, -v) for v in values]).astype(dtype)
    outputs = [T.constant(item) for item in array]
    got = np.array([np.asarray(value)[()] for value in Compiled([], outputs)()])
    assert got.tobytes() == array.tobytes() or np.array_equal(got, array, equal_nan=True)


def test_casts_like_numpy() -> None:
    assert cast("v1", "float64", "bool") == "(v1 != 0)"
    assert cast("v1", "int64", "float64") == "(double)v1"
    assert cast("v1", "bool", "float32") == "(v1 ? (float)1 : 0)"
    assert cast("v1", "int64", "int64") == "v1"


def test_a_loop_calls_vector_mathematics() -> None:
    found = build.compiler()
    x = T.dvector("x")
    data, _ = build.binary(unit.generate(make_program([x], [T.log(x)], [])).spec.source)
    assert (b"_ZGV" in data) == ("-DISYM_LIBMVEC" in build.flags(found))
