"""Random small graphs: all rules, no rules, and every rule but one give equal values, at every recorded step."""

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.core.program import make_program
from interactive_sym.mode import Mode
from tests.core.rules.rewriting import assert_as_allowed, final, values_of

UNARY = [
    T.exp,
    T.tanh,
    T.neg,
    T.sqr,
    abs,
    T.nnet.sigmoid,
    lambda a: a * 1,
    lambda a: a + 0,
    lambda a: a / 2,
    lambda a: a**2,
]
UNARY += [
    lambda a: 1 / (1 + T.exp(-a)),
    lambda a: 1 - a,
    lambda a: a * -2.0,
    lambda a: T.log(1 + T.exp(a)),
    lambda a: a - 0.5,
]
UNARY += [lambda a: T.fill(a, 2.0), lambda a: T.cast(a, "float64"), T.zeros_like, T.maximum, T.log1p]
BINARY = [
    T.add,
    T.sub,
    T.mul,
    T.maximum,
    lambda a, b: a / (1 + b * b),
    lambda a, b: a - b + a,
    lambda a, b: a * b / (1 + b * b),
]
BINARY += [lambda a, b: T.switch(a > b, a, b), lambda a, b: -(a - b), lambda a, b: a * (-b), lambda a, b: 2 * a + 3 * b]
MATRIX = [
    lambda a: a.T.T,
    lambda a: T.dot(a, a.T),
    lambda a: a - a.mean(),
    lambda a: a.sum(axis=0) + a,
    lambda a: a[1:, :],
]
MATRIX += [
    lambda a: a.reshape((-1,)).reshape(a.shape),
    lambda a: a * a.shape[0],
    lambda a: a / a.sum(axis=1, keepdims=True),
]
MATRIX += [lambda a: T.exp(a) / T.exp(a).sum(axis=1, keepdims=True)]


def graph(seed):
    random = np.random.RandomState(seed)
    x, v, s = T.dmatrix("x"), T.dvector("v"), T.dscalar("s")
    pool = [x, v, s, x * v, T.constant(np.float64(random.randint(-2, 3)))]
    for _ in range(random.randint(4, 12)):
        kind = random.randint(0, 5)
        a = pool[random.randint(max(0, len(pool) - 6), len(pool))]
        if kind <= 1:
            function = UNARY[random.randint(len(UNARY))]
            pool.append(function(a) if function not in (T.maximum, T.log1p) else T.log1p(T.sqr(a)))
        elif kind <= 3:
            b = pool[random.randint(len(pool))]
            if {a.type.shape, b.type.shape} == {(None, None), (None, None)} and random.randint(2):
                b = s
            pool.append((a, b, BINARY[random.randint(len(BINARY))]))
            left, right, function = pool.pop()
            if left.type.shape[-1:] != right.type.shape[-1:] or left.ndim != right.ndim:
                right = s
            pool.append(function(left, right) if left is right or right is s else function(left, left * 0.5))
        elif a.ndim == 2:
            made = MATRIX[random.randint(len(MATRIX) - (a is not x))](a)
            pool.append(made.sum() * s + x if made.ndim != 2 or a is not x else made.sum() + x)
    outputs = [pool[-1], pool[-2], pool[-1].sum()]
    if pool[-1].type.dtype == "float64" and random.randint(2):
        cost = T.tanh(pool[-1]).sum()
        outputs.append(T.grad(cost, x, disconnected_inputs="ignore"))
    values = [random.uniform(-1.5, 1.5, (3, 4)), random.uniform(-1.5, 1.5, 4), np.asarray(random.uniform(-1.5, 1.5))]
    return make_program([x, v, s], outputs, []), values


@pytest.mark.parametrize("seed", range(100))
def test_rewritten_and_written_are_equal(seed):
    program, values = graph(seed)
    want = values_of(program, values)
    trace = Mode().rewrite(program)
    for new, old in zip(values_of(final(trace), values), want, strict=True):
        assert_as_allowed("nan", old, new, f"seed {seed}")
    names = sorted({firing.rule for firing in trace.firings} - {"merge"})
    for name in names[seed % 3 :: 3]:
        one_less = Mode().excluding(name).rewrite(program)
        assert all(firing.rule != name for firing in one_less.firings)
        for new, old in zip(values_of(final(one_less), values), want, strict=True):
            assert_as_allowed("nan", old, new, f"seed {seed} without {name}")
    for k in range(0, len(trace) + 1, 1 + len(trace) // 12):
        for new, old in zip(values_of(trace.program_at(k), values), want, strict=True):
            assert_as_allowed("nan", old, new, f"seed {seed} step {k}")


def test_rewriting_is_the_same_every_time():
    for seed in range(10):
        program, _ = graph(seed)
        first, second = Mode().rewrite(program), Mode().rewrite(program)
        assert [f.rule for f in first.firings] == [f.rule for f in second.firings]
        assert final(first).digest() == final(second).digest()
