"""Sums and products as collections of terms and factors."""

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.core.rules import algebra

x, y, z = T.dvectors("x", "y", "z")


def test_terms_are_counted_together():
    total = algebra.collect_sum(2 * x - (y - x) + 1 - 4)
    assert total.terms == {x: 3, y: -1} and total.constant == -3
    assert total.cost == 3 and total.operations == 5


def test_factors_are_counted_together():
    product = algebra.collect_product(-(x * y) / (x * x) * 6 / T.sqr(z))
    assert product.powers == {x: -1, y: 1, z: -2} and product.coefficient == -6


def test_other_element_types_are_not_looked_into():
    k = T.bvector("k")
    root = x + (k + k)
    assert set(algebra.collect_sum(root).terms) == {x, root.owner.inputs[1]}


def test_even_roots_of_powers_are_not_the_number():
    product = algebra.collect_product((x**2.0) ** 0.5 * y)
    assert x not in product.powers


@pytest.mark.parametrize("left, right", [(x - y, y - x), (x, -x), (-x - y, x + y), (2 * x, -2.0 * x)], ids=str)
def test_opposites(left, right):
    assert algebra.opposite(left, right) and algebra.opposite(right, left)


@pytest.mark.parametrize("left, right", [(x - y, x - y), (x, y), (x, -y), (x + 1, -x + 1)], ids=str)
def test_not_opposites(left, right):
    assert not algebra.opposite(left, right)


def test_negative_is_written_shortly():
    assert algebra.negative(-x) is x
    assert algebra.negative(x - y).owner.inputs == (y, x)
    assert algebra.negative(-x - y).owner.op.name == "add"
    assert algebra.negative(x).owner.op.name == "neg"


def test_numbers_wrap():
    assert algebra.number(300, "int8").data == np.int8(44)
    assert algebra.number(-1, "uint8").data == np.uint8(255)


def test_long_trees_are_followed_to_a_bounded_size():
    total = x
    for _ in range(10_000):
        total = total + y
    assert algebra.collect_sum(total).operations == algebra.LIMIT
    algebra.clear()
