"""Rules of indices: what is computed after them, and that two indices made one mean the same for every size."""

import itertools
from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym import Mode, function, scan
from interactive_sym.core.rules.indexing import merged_slices
from tests.core.rules.rewriting import final, names, rewrite, values_of

BOUNDS = (None, -4, -2, -1, 0, 1, 2, 5)
STEPS = (None, 1, 2, 3, -1, -2)
FEWER = (None, -2, -1, 0, 1, 3)


def result(values: Any, *indices: Any) -> Any:
    """The elements chosen one index after the other; None where one is out of range."""
    try:
        for index in indices:
            values = values[index]
    except IndexError:
        return None
    return np.asarray(values).tolist()


@pytest.mark.parametrize("step", STEPS)
def test_two_indices_are_one(step: int | None) -> None:
    """All slices of small bounds, whether the size is known or not, for all small sizes."""
    merged = {None: 0, "known": 0}
    rows = [np.arange(size) for size in range(7)]
    second = [slice(*parts) for parts in itertools.product(FEWER, FEWER, (None, 2, -1, -3))] + list(range(-4, 5))
    for start, stop in itertools.product(BOUNDS, BOUNDS):
        a = slice(start, stop, step)
        for b in second:
            anywhere = merged_slices(a, b, None)
            for row in rows:
                want = result(row, a, b)
                if anywhere is not None:
                    merged[None] += 1
                    assert result(row, anywhere) == want, (a, b, len(row), anywhere)
                known = merged_slices(a, b, len(row))
                if known is not None:
                    merged["known"] += 1
                    assert result(row, known) == want, (a, b, len(row), known)
                else:
                    assert want is None
    assert merged["known"] > 5000
    assert merged[None] > 1000 or (step is not None and step < 0)


@pytest.mark.parametrize("step", [None, 2, -1, -3])
def test_mirrored_indices_of_any_sign(step: int | None) -> None:
    """What follows a reversal may be known when called only."""
    x, i, j = T.dvector("x"), T.lscalar("i"), T.lscalar("j")
    outputs = [x[::-1][i:j:step], x[::-1][i:][::step], x[::-1][:j]]
    f = function([x, i, j], outputs)
    assert all(len([n for n in f.program.nodes if n.op.name == "subtensor"]) <= 4 for _ in outputs)
    for size in (0, 1, 4):
        row = np.arange(float(size))
        for start, stop in itertools.product((-5, -2, -1, 0, 1, 3), repeat=2):
            got = f(row, start, stop)
            mirrored = row[::-1]
            for mine, its in zip(got, [mirrored[start:stop:step], mirrored[start:][::step], mirrored[:stop]]):
                np.testing.assert_array_equal(mine, its)
    element = function([x, i], x[::-1][i])
    assert [element([5.0, 6.0, 7.0], k).item() for k in (-3, -1, 0, 2)] == [7.0, 5.0, 7.0, 5.0]
    with pytest.raises(IndexError, match="out of range"):
        element([5.0, 6.0, 7.0], 3)


def test_only_what_is_read_is_computed() -> None:
    x, w, v, i = T.dmatrix("x"), T.dmatrix("w"), T.dvector("v"), T.lscalar("i")
    program = final(rewrite([x, w, v, i], T.tanh(T.dot(x, w) + v)[i]))
    product = next(node for node in program.nodes if node.op.name == "dot")
    assert [operand.type.ndim for operand in product.inputs] == [1, 2]
    assert names(program) == ["subtensor", "dot", "add", "tanh"]
    program = final(rewrite([x], T.exp(x).sum(axis=1)[2]))
    assert names(program) == ["subtensor", "exp", "sum"]
    program = final(rewrite([x, w], T.dot(T.exp(x), w).T[1:3, 0]))
    assert next(node for node in program.nodes if node.op.name == "exp").inputs[0].type.ndim == 1


def test_what_others_read_too_is_computed_once() -> None:
    x, w = T.dmatrix("x"), T.dmatrix("w")
    e = T.exp(x)
    program = final(rewrite([x], e[1:] - e[:-1]))
    assert names(program).count("exp") == 1
    h = T.dot(x, w)
    program = final(rewrite([x, w], *[h[k] for k in range(3)]))
    assert names(program).count("dot") == 1
    assert names(final(rewrite([x, w], h, h[0]))).count("dot") == 1
    assert names(final(rewrite([x], e[1:], e))).count("exp") == 1


def test_readers_that_become_alone() -> None:
    """What is read once all the rest is lifted: a chain of operations each with its own index."""
    x = T.dmatrix("x")
    y = x
    for k in range(6):
        y = T.tanh(y[k % 2 :] + 0.1)
    program = final(rewrite([x], y[0, 0]))
    assert all(node.outputs[0].type.ndim == 0 for node in program.nodes if node.op.name == "tanh")
    value = np.random.RandomState(0).normal(size=(9, 2))
    want = value[3, 0]
    for _ in range(6):
        want = np.tanh(want + 0.1)
    np.testing.assert_allclose(function([x], y[0, 0])(value), want, rtol=1e-14)


def test_last_states_are_all_a_loop_keeps() -> None:
    x = T.dvector("x")
    states, _ = scan(lambda x, s: T.tanh(s + x), x, T.constant(0.0, dtype="float64"))
    f = function([x], (T.exp(states) * 2)[-1])
    (loop,) = [node for node in f.program.nodes if node.op.name == "scan"]
    assert loop.op.layout.kept == (1,)
    other = function([x], (T.exp(states) * 2)[-1], mode=Mode().excluding("indexing"))
    np.testing.assert_allclose(f([0.1, 0.5, -0.7]), other([0.1, 0.5, -0.7]), rtol=1e-15)


def test_long_chains_of_indices_come_to_an_end() -> None:
    """Each index could go through all that is before it; it goes part of the way, and values stay."""
    x = T.dvector("x")
    y = x
    for _ in range(150):
        y = T.sin(y[1:] * 2.0)
    trace = rewrite([x], y[0])
    assert len(trace.firings) < 20 * len(trace.initial.nodes)
    value = np.linspace(0, 1, 151)
    want = value
    for _ in range(150):
        want = np.sin(want[1:] * 2.0)
    np.testing.assert_allclose(values_of(final(trace), [value])[0], want[0], rtol=1e-9)
