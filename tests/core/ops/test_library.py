"""Operations that one C function computes run in the unit, without a Python step, and equal the NumPy interpreter."""

from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.cffi_backend.unit import generate
from interactive_sym.core.ops.mrg import MRGUniform, MultinomialFromUniform
from interactive_sym.core.program import make_program
from tests.core.ops.evaluation import RUNNERS, assert_same

STATES = np.array([[12345] * 6, [1, 2, 3, 4, 5, 6]], dtype="int32")


def both(inputs: list[Any], outputs: list[Any], values: list[Any]) -> None:
    assert generate(make_program(inputs, outputs, [])).spec.steps == ()
    one, other = (RUNNERS[way](inputs, outputs, values) for way in ("numpy", "c"))
    for got, want in zip(other, one, strict=True):
        assert_same(got, want, ulp=0)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_uniform_numbers(dtype: str) -> None:
    states, size = T.imatrix("states"), T.lvector("size")
    after, sample = MRGUniform(dtype, (None, 3))(states, size)
    both([states, size], [after, sample, sample * 2 + 1], [STATES, np.array([5, 3])])
    both([states, size], [after, sample], [STATES, np.array([0, 3])])


@pytest.mark.parametrize("pvals", ["float64", "float32"])
@pytest.mark.parametrize("numbers", ["float64", "float32"])
def test_multinomial_counts(pvals: str, numbers: str) -> None:
    p, u, n = T.tensor(pvals, (False, False)), T.tensor(numbers, (False,)), T.lscalar("n")
    counts = MultinomialFromUniform(pvals, numbers)(p, u, n)
    values = [np.array([[0.2, 0.8], [0.5, 0.5]], pvals), np.random.RandomState(0).uniform(size=6).astype(numbers)]
    both([p, u, n], [counts], [*values, np.array(3)])


def test_errors_are_those_of_the_reference() -> None:
    p, u, n = T.dmatrix("p"), T.dvector("u"), T.lscalar("n")
    counts = MultinomialFromUniform("float64", "float64")(p, u, n)
    for way in RUNNERS:
        with pytest.raises(ValueError, match="multinomial_from_uniform: 2 rows and n = 3"):
            RUNNERS[way]([p, u, n], [counts], [np.full((2, 2), 0.5), np.zeros(5), np.array(3)])


def test_sizes_known_only_during_the_call_reach_what_follows() -> None:
    x = T.dvector("x")
    positive = x[x > 0]
    outputs = [T.exp(positive).sum(), T.cumsum(positive) * 2, positive.shape[0], T.sort(positive)[::-1]]
    both([x], outputs, [np.array([3.0, -1.0, 2.0, 0.0, 5.0])])
    both([x], outputs, [np.array([-1.0])])
