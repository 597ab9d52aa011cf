"""Random loops and random indices: with all rules and without those that move work, values are equal."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym import Mode, function, grad, scan
from interactive_sym.core.program import make_program
from tests.core.rules.rewriting import assert_as_allowed, final, values_of

MOVING = ("invariants_out_of_loops", "products_out_of_loops", "sums_out_of_loops", "products_after_loops", "indexing")


def random_loop(seed: int) -> tuple[list[Any], list[Any], list[Any]]:
    """Inputs, outputs and values: a recurrence of vectors or matrices, a cost, gradients, perhaps second ones."""
    random = np.random.RandomState(seed)
    rows, steps = (() if random.rand() < 0.5 else (3,)), random.choice([0, 1, 3, 5])
    x = T.TensorType("float64", (None,) * (2 + len(rows)))("x")
    start = T.TensorType("float64", (None,) * (1 + len(rows)))("start")
    w, u, v = T.dmatrix("w"), T.dmatrix("u"), T.dvector("v")
    two, stores = random.rand() < 0.4, random.rand() < 0.5
    terms: list[Callable[..., Any]] = [
        lambda x, h, far, w, u, v: T.dot(x, w),
        lambda x, h, far, w, u, v: T.dot(h, u),
        lambda x, h, far, w, u, v: T.dot(x, w) * T.exp(v),
        lambda x, h, far, w, u, v: h / (2 + T.sqr(v)),
        lambda x, h, far, w, u, v: T.dot(T.tanh(far), T.dot(u, u)),
        lambda x, h, far, w, u, v: x * v,
    ]
    chosen = [terms[k] for k in random.randint(0, len(terms), 3)]

    def step(x: Any, *rest: Any) -> Any:
        states, (w, u, v) = rest[:-3], rest[-3:]
        made = T.tanh(sum(term(x, states[-1], states[0], w, u, v) for term in chosen))
        return [made, T.dot(made, w)] if stores else made

    initial = {"initial": T.stack([start, start * 0.5]), "taps": [-2, -1]} if two else start
    results, _ = scan(
        step,
        x,
        [initial, None] if stores else initial,
        [w, u, v],
        go_backwards=bool(random.rand() < 0.3),
        truncate_gradient=int(random.choice([-1, -1, 2])),
    )
    inputs = [x, start, w, u, v]
    outputs = [sum(T.sqr(r).sum() for r in (results if stores else [results]))]
    outputs += grad(outputs[0], inputs, disconnected_inputs="ignore")
    if random.rand() < 0.4:
        outputs += grad(sum(T.sqr(g).sum() for g in outputs[1:]), [w, u], disconnected_inputs="ignore")
    shapes = [(steps, *rows, 2), (*rows, 2), (2, 2), (2, 2), (2,)]
    return inputs, outputs, [random.normal(size=shape) * 0.7 for shape in shapes]


@pytest.mark.parametrize("seed", range(24))
def test_loops_with_work_moved(seed: int) -> None:
    inputs, outputs, values = random_loop(seed)
    linker = "c" if seed % 6 == 0 else "py"
    got = function(inputs, outputs, mode=Mode(linker), on_unused_input="ignore")(*values)
    plain = Mode("py", "None").excluding(*MOVING)
    for mine, its in zip(got, function(inputs, outputs, mode=plain, on_unused_input="ignore")(*values), strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-9, atol=1e-10)


def random_indices(seed: int) -> tuple[list[Any], Any, list[Any]]:
    """Elementwise operations, products, reductions and transposes with an index after some of them."""
    random = np.random.RandomState(seed)
    x, y, v, n = T.dmatrix("x"), T.dmatrix("y"), T.dvector("v"), T.lscalar("n")

    def indexed(a: Any) -> Any:
        parts: list[Any] = []
        for _ in range(random.randint(1, a.ndim + 1)):
            bounds = [None, 0, 1, 2, -1, n - 2]
            low, high = (bounds[random.randint(len(bounds))] for _ in range(2))
            slices = [
                slice(low, None),
                slice(None, high),
                slice(low, high),
                slice(None, None, -1),
                slice(None, None, 2),
            ]
            parts.append(slices[random.randint(len(slices))] if random.rand() < 0.8 or a.ndim < 2 else 0)
        return a[tuple(parts)]

    made = [x, y][random.randint(2)]
    for _ in range(random.randint(2, 7)):
        kind = random.randint(7)
        if kind < 3 and made.ndim:
            made = indexed(made)
        elif kind == 3:
            made = T.tanh(made) * 2.0 + made.sum()
        elif kind == 4 and made.ndim == 2:
            made = T.dot(made, made.T)
        elif kind == 5 and made.ndim == 2:
            made = made.T
        elif kind == 6 and made.ndim == 2:
            made = [made.sum(axis=1), made.max(axis=0), made + made.mean(axis=0)][random.randint(3)]
    return [x, y, v, n], made, [random.normal(size=(4, 5)), random.normal(size=(5, 4)), np.ones(5), np.asarray(3)]


@pytest.mark.parametrize("first", range(0, 300, 30))
def test_indices_gone_inwards(first: int) -> None:
    compared = 0
    for seed in range(first, first + 30):
        inputs, output, values = random_indices(seed)
        program = make_program(inputs, [output], [])
        try:
            (want,) = values_of(program, values)
        except (IndexError, ValueError):
            continue  # out of range, or the largest of nothing
        (got,) = values_of(final(Mode().rewrite(program)), values)
        assert_as_allowed("last digits", want, got, f"seed {seed}: {output.owner}")
        compared += 1
    assert compared > 15
