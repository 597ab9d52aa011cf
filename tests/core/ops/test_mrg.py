"""MRG31k3p: the reference samples, and the same bits from NumPy and from C."""

import subprocess
from itertools import pairwise
from pathlib import Path

import cffi
import numpy as np
import pytest

import interactive_sym
from interactive_sym import shared
from interactive_sym.cffi_backend import build
from interactive_sym.core.constants import constant
from interactive_sym.core.ops import mrg

SAMPLES = np.loadtxt(Path(__file__).with_name("mrg31k3p_samples.txt")).reshape(12, 7, 5)
RUNTIME = Path(interactive_sym.__file__).parent / "cffi_backend" / "runtime"
DTYPES = ("float64", "float32")

DECLARATIONS = """
int uniform_f64(const int32_t *, int64_t, const int64_t *, int64_t, int32_t *, int64_t, double *, int64_t);
int uniform_f32(const int32_t *, int64_t, const int64_t *, int64_t, int32_t *, int64_t, float *, int64_t);
int multinomial_f64_f64(const double *, int64_t, const double *, int64_t, const int64_t *, int64_t, int64_t *, int64_t);
int multinomial_f64_f32(const double *, int64_t, const float *, int64_t, const int64_t *, int64_t, int64_t *, int64_t);
int multinomial_f32_f64(const float *, int64_t, const double *, int64_t, const int64_t *, int64_t, int64_t *, int64_t);
int multinomial_f32_f32(const float *, int64_t, const float *, int64_t, const int64_t *, int64_t, int64_t *, int64_t);
"""
C_TYPE = {"float64": "double", "float32": "float", "int32": "int32_t", "int64": "int64_t"}


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The functions of mrg.h, compiled with all warnings as errors."""
    folder = tmp_path_factory.mktemp("mrg")
    lines = ['#include "mrg.h"', "static int quiet(isym_ctx *ctx) { (void)ctx; return 0; }"]
    for declaration in DECLARATIONS.strip().splitlines():
        name = declaration.split("(")[0].split()[1]
        types = declaration.split("(")[1].rstrip(");").split(", ")
        full = name if name.startswith("multinomial") else f"mrg_{name}"
        parameters = ", ".join(f"{kind} a{k}" for k, kind in enumerate(types))
        arguments = ", ".join([*(["&ctx"] if full != name else []), *(f"a{k}" for k in range(len(types)))])
        context = "isym_ctx ctx = {0}; ctx.poll = quiet; " if full != name else ""
        lines.append(f"int {name}({parameters}) {{ {context}return isym_{full}({arguments}); }}")
    source, target = folder / "mrg.c", folder / "mrg.so"
    source.write_text("\n".join(lines) + "\n")
    flags = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", "-pedantic", "-fopenmp-simd"]
    flags += ["-fPIC", "-shared", f"-I{RUNTIME}"]
    subprocess.run([*build_compiler(), *flags, str(source), "-o", str(target)], check=True)
    ffi = cffi.FFI()
    ffi.cdef(DECLARATIONS)
    return ffi, ffi.dlopen(str(target))


def build_compiler():
    compiler = build.compiler()
    if compiler is None:
        pytest.fail("a C compiler is needed for this test")
    return compiler.command


def call_c(library, op, inputs, outputs):
    """Call `op.library_c` as its contract says: a pointer and a count for each input, then for each output."""
    ffi, functions = library
    name = op.library_c.function.removeprefix("isym_mrg_").removeprefix("isym_")
    arguments = []
    for array in (*inputs, *outputs):
        arguments += [ffi.from_buffer(f"{C_TYPE[array.dtype.name]}[]", array), array.size]
    return getattr(functions, name)(*arguments)


def perform(op, variables, values):
    node = op.make_node(*variables)
    storage = [[None] for _ in node.outputs]
    node.op.perform(node, values, storage)
    return [cell[0] for cell in storage]


def uniform(states, size, dtype="float64"):
    size = np.asarray(size, dtype=np.int64)
    op = mrg.MRGUniform(dtype, (None,) * len(size))
    return perform(op, [shared(states), constant(size)], [states, size])


SEED = np.full(6, 12345, dtype=np.int32)


@pytest.mark.parametrize("dtype", DTYPES)
def test_reference_samples(dtype):
    state = SEED
    for stream in SAMPLES:
        states = mrg.substreams(state, 7)
        for k in range(5):
            states, sample = uniform(states, (7,), dtype)
            if dtype == "float64":
                assert np.array_equal(sample, stream[:, k])
            else:
                # d is rounded to float32, then multiplied in float32
                d = (stream[:, k] * 2**31).astype(np.float32)
                assert np.array_equal(sample, d * np.float32(4.6566126e-10))
        state = mrg.jump(state, 134)


def test_each_state_differs_by_2_to_the_72_steps():
    rows = mrg.substreams(SEED, 20)
    for before, after in pairwise(rows):
        assert np.array_equal(mrg.jump(before, 72), after)


def test_jumps_are_steps():
    states, _ = mrg.numbers(SEED[None], 2**5)
    assert np.array_equal(mrg.jump(SEED[None], 5), states)
    twice = mrg.jump(mrg.jump(SEED, 71), 71)
    assert np.array_equal(mrg.jump(SEED, 72), twice)


def test_element_i_comes_from_row_i_modulo_the_rows():
    states = mrg.substreams(SEED, 3)
    after, sample = uniform(states, (2, 4))
    flat = sample.reshape(-1)
    for row in range(3):
        alone, numbers = uniform(states[row : row + 1], (len(flat[row::3]),))
        assert np.array_equal(numbers, flat[row::3])
        assert np.array_equal(alone[0], after[row])


def test_the_float32_rule_stays_below_one():
    # the largest number, 2**31 - 1, is rounded up to 2**31 in float32: the multiplier is below 2**-31
    assert np.float32(2**31 - 1) * mrg.NORM["float32"] < 1
    assert mrg.NORM["float32"].dtype == np.float32


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("rows", "size"), [(1, (5,)), (7, (7,)), (7, (3, 7)), (5, (13,)), (9, ()), (3, (0, 2)), (300, (2000,))]
)
def test_c_and_numpy_agree(library, dtype, rows, size):
    states = mrg.substreams(np.array([1, 2**31 - 2, 77, 5, 0, 2**31 - 21070], dtype=np.int32), rows)
    sizes = np.array(size, dtype=np.int64)
    for _ in range(3):
        after, sample = uniform(states, size, dtype)
        c_after, c_sample = np.empty_like(states), np.empty(size, dtype)
        op = mrg.MRGUniform(dtype, (None,) * len(size))
        assert call_c(library, op, [states, sizes], [c_after, c_sample]) == 0
        assert c_sample.tobytes() == sample.tobytes()
        assert c_after.tobytes() == after.tobytes()
        states = after


def test_c_and_numpy_agree_on_the_reference_samples(library):
    op, state = mrg.MRGUniform("float64", (7,)), SEED
    for stream in SAMPLES:
        states = mrg.substreams(state, 7)
        for k in range(5):
            after, sample = np.empty_like(states), np.empty(7)
            assert call_c(library, op, [states, np.array([7])], [after, sample]) == 0
            assert np.array_equal(sample, stream[:, k])
            states = after
        state = mrg.jump(state, 134)


def test_a_state_without_streams(library):
    states, sizes = np.empty((0, 6), dtype=np.int32), np.array([2])
    with pytest.raises(ValueError, match="without streams"):
        uniform(states, (2,))
    op = mrg.MRGUniform("float64", (None,))
    code = call_c(library, op, [states, sizes], [np.empty_like(states), np.empty(2)])
    assert "without streams" in op.library_c.errors[code - 1]


@pytest.mark.parametrize("p_dtype", DTYPES)
@pytest.mark.parametrize("u_dtype", DTYPES)
def test_multinomial(library, p_dtype, u_dtype):
    rng = np.random.RandomState(0)
    p = rng.dirichlet(np.ones(5), size=4).astype(p_dtype)
    p[2] *= 0.5  # half of the draws count nowhere
    n = np.array(30)
    u = rng.uniform(size=4 * 30).astype(u_dtype)
    op = mrg.MultinomialFromUniform(p_dtype, u_dtype)
    (counts,) = perform(op, [shared(p), shared(u), constant(n)], [p, u, n])
    assert counts.sum(axis=1)[[0, 1, 3]].tolist() == [30, 30, 30]
    assert counts[2].sum() < 30
    first = [int(np.argmax(np.cumsum(p[i]) > u[i])) for i in range(4)]
    (once,) = perform(op, [shared(p), shared(u[:4]), constant(1)], [p, u[:4], np.array(1)])
    assert [row.tolist().index(1) for row in once[[0, 1, 3]]] == [first[0], first[1], first[3]]
    c_counts = np.empty_like(counts)
    assert call_c(library, op, [p, u, n], [c_counts]) == 0
    assert np.array_equal(c_counts, counts)
    code = call_c(library, op, [p, u[:-1].copy(), n], [c_counts])
    assert "do not go together" in op.library_c.errors[code - 1]


def choice(p, u, n, replace=False):
    p, u, n = np.asarray(p, dtype=np.float64), np.asarray(u, dtype=np.float64), np.array(n)
    return perform(mrg.ChoiceFromUniform(replace), [shared(p), shared(u), constant(n)], [p, u, n])[0]


def test_choice():
    p = [[0.1, 0.2, 0.7], [0.5, 0.5, 0.0]]
    assert choice(p, [0.15, 0.2], 1).tolist() == [[1], [0]]
    # without the first outcome drawn, the rest is scaled: row 0 has 1/8, 0, 7/8; row 1 has 0, 1, 0
    assert choice(p, [0.15, 0.2, 0.12, 0.9], 2).tolist() == [[1, 0], [0, 1]]
    assert choice(p, [0.15, 0.2, 0.15, 0.2], 2, replace=True).tolist() == [[1, 1], [0, 0]]
    # a sum rounded below the number: the last outcome that has a probability
    assert choice([[0.5, 0.4, 0.0]], [0.95], 1).tolist() == [[1]]
    with pytest.raises(ValueError, match="fewer with a probability"):
        choice(p, [0.1] * 6, 3)
    with pytest.raises(ValueError, match="do not go with"):
        choice(p, [0.1], 1)


def test_what_is_refused():
    states = shared(mrg.substreams(SEED, 2))
    with pytest.raises(TypeError, match="int32 matrix"):
        mrg.MRGUniform("float64", (None,)).make_node(shared(np.zeros(6)), np.array([2]))
    with pytest.raises(TypeError, match="int64 vector"):
        mrg.MRGUniform("float64", (None,)).make_node(states, 2)
    with pytest.raises(TypeError, match="float32 or float64, not int8"):
        mrg.MRGUniform("int8", (None,))
    with pytest.raises(ValueError, match="1 sizes of 0 or more"):
        uniform(mrg.substreams(SEED, 2), (-1,))
