"""What types say of values and of each other, under the names that programs for Theano know."""

from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.core.types import GenericType, TensorType, filtered
from interactive_sym.typed_list import TypedListType

NAN, INF = np.nan, np.inf


@pytest.mark.parametrize(
    ("a", "b", "equal", "nearly"),
    [
        ([1.0, NAN], [1.0, NAN], True, True),
        ([1.0], [1.0 + 1e-9], False, True),
        ([1.0], [1.1], False, False),
        ([1.0], [[1.0]], False, False),
        ([INF], [INF], True, True),
        ([INF], [-INF], False, False),
        ([1], [1], True, True),
        ([1], [2], False, False),
        ([1], [1.0], False, False),
        ([1e4 + 1j], [1e4 * (1 + 1e-7) + 1j], False, True),
    ],
)
def test_arrays_equal_and_nearly_equal(a: Any, b: Any, equal: bool, nearly: bool) -> None:
    a, b = np.array(a), np.array(b)
    assert TensorType.values_eq(a, b) is equal
    assert TensorType.values_eq_approx(a, b) is nearly


def test_tolerances_and_what_may_be_anything() -> None:
    eq = T.dvector.values_eq_approx
    assert eq(np.array([1.0]), np.array([1.01]), rtol=0.1) and eq(np.array([0.0]), np.array([0.05]), atol=0.1)
    assert not eq(np.array([1.0]), np.array([INF])) and eq(np.array([1.0]), np.array([INF]), allow_remove_inf=True)
    assert not eq(np.array([1.0]), np.array([NAN])) and eq(np.array([1.0]), np.array([NAN]), allow_remove_nan=True)
    assert not TensorType.values_eq(np.array([1]), np.array([1.0]))
    assert TensorType.values_eq(np.array([1]), np.array([1.0]), force_same_dtype=False)


def test_types_and_types() -> None:
    matrix, row = T.dmatrix, T.drow
    assert matrix.is_super(row) and not row.is_super(matrix) and not matrix.is_super(T.fmatrix)
    assert matrix.in_same_class(TensorType("float64", (3, 4))) and not matrix.in_same_class(row)
    x = row("x")
    assert matrix.convert_variable(x) is x and row.convert_variable(matrix("y")) is None
    assert matrix.filter_variable(x, allow_convert=False) is x
    assert TensorType("float64", (False,), name="Vector") == T.dvector
    assert matrix.value_zeros((2, 3)).tolist() == [[0] * 3] * 2
    assert GenericType().is_super(GenericType()) and not GenericType().is_super(matrix)
    assert GenericType().clone() == GenericType()


def test_values_of_types() -> None:
    assert T.dvector.is_valid_value(np.zeros(2)) and not T.dvector.is_valid_value(np.zeros(2, "float32"))
    assert T.dvector.is_valid_value([1, 2], strict=False) and not T.dvector.is_valid_value("text", strict=False)
    memory = np.zeros(4)
    assert TensorType.may_share_memory(memory, memory[::2]) and not TensorType.may_share_memory(memory, [1.0])


def test_lists() -> None:
    lists = TypedListType(T.dvector)
    assert lists.values_eq_approx([np.ones(2)], [np.ones(2) + 1e-9])
    assert not lists.values_eq_approx([np.ones(2)], []) and not lists.values_eq_approx([np.ones(2)], [np.zeros(2)])


def test_types_of_users_filter_as_they_like() -> None:
    class Whole(GenericType):
        def filter(self, value: Any, strict: bool = False, allow_downcast: bool | None = None) -> Any:  # type: ignore[override]
            if value != int(value):
                raise ValueError("no whole number")
            return int(value)

    assert filtered(Whole(), 3.0, False, None, "input 0") == 3
    with pytest.raises(ValueError, match="no whole number") as caught:
        filtered(Whole(), 3.5, False, None, "input 0")
    assert caught.value.__notes__ == ["while checking input 0"]
    assert not Whole().is_valid_value(3.5) and Whole().values_eq_approx(3, 3)
