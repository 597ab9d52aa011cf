"""Lists of one type: values by both ways of computing, types, errors."""

from typing import Any

import numpy as np
import pytest

import interactive_sym as isym
import interactive_sym.tensor as T
from interactive_sym import function, typed_list
from interactive_sym.typed_list import TypedListType
from tests.core.ops.evaluation import RUNNERS

VECTORS = TypedListType(T.dvector().type)
ITEMS = [np.array([1.0, 2.0]), np.array([3.0]), np.array([1.0, 2.0])]


def plain(value: Any) -> Any:
    return [plain(item) for item in value] if isinstance(value, list) else value.tolist()


def test_types() -> None:
    assert TypedListType(T.dvector().type) == VECTORS != TypedListType(T.fvector().type)
    nested = TypedListType(T.dscalar().type, depth=2)
    assert nested.get_depth() == 2 and nested.ttype.ttype == TypedListType(T.dscalar().type)
    assert hash(nested) == hash(TypedListType(TypedListType(T.dscalar().type), 1))
    assert nested.filter([[[1.0]]]) == [[[np.asarray(1.0)]]]
    for bad in (3.0, [["x"]], [[1.0]]):
        with pytest.raises(TypeError):
            nested.filter(bad)
    with pytest.raises(TypeError, match="want a type"):
        TypedListType(3)
    with pytest.raises(ValueError, match="depth"):
        TypedListType(T.dscalar().type, -1)


@pytest.mark.parametrize("runner", RUNNERS)
def test_operations(runner: str) -> None:
    lists, x, i = VECTORS("lists"), T.dvector("x"), T.lscalar("i")
    outputs = [
        lists.append(x),
        lists.extend(lists),
        lists.insert(i, x),
        lists.remove(x),
        lists.reverse(),
        lists.count(x),
        lists.ind(x),
        lists.length(),
        lists[i],
        lists[1:],
        lists[i::-1],
        lists[-1] * 2,
        typed_list.make_list([x, x + 1]),
    ]
    given = [ITEMS, np.array([3.0]), 1]
    raw = plain(ITEMS)
    wanted = [
        [*raw, [3.0]],
        raw + raw,
        [raw[0], [3.0], *raw[1:]],
        [raw[0], raw[2]],
        raw[::-1],
        1,
        1,
        3,
        [3.0],
        raw[1:],
        raw[1::-1],
        [2.0, 4.0],
        [[3.0], [4.0]],
    ]
    got = RUNNERS[runner]([lists, x, i], outputs, given)
    assert [plain(value) for value in got] == wanted
    assert plain(ITEMS) == raw


@pytest.mark.parametrize("runner", RUNNERS)
def test_what_is_not_there(runner: str) -> None:
    lists, x, i = VECTORS("lists"), T.dvector("x"), T.lscalar("i")
    for output in (lists.remove(x), lists.ind(x)):
        with pytest.raises(ValueError, match="no element"):
            RUNNERS[runner]([lists, x], [output], [ITEMS, np.array([9.0])])
    with pytest.raises(IndexError, match="out of range"):
        RUNNERS[runner]([lists, i], [lists[i]], [ITEMS, 3])
    assert int(RUNNERS[runner]([lists, x], [lists.count(x)], [ITEMS, np.array([9.0])])[0]) == 0


def test_constants_are_taken_as_elements() -> None:
    lists = VECTORS("lists")
    assert plain(function([lists], lists.append([5.0]))([])) == [[5.0]]
    assert plain(function([lists], lists.extend([[5.0], [6.0]]))([])) == [[5.0], [6.0]]
    nested = TypedListType(VECTORS)("nested")
    assert plain(function([nested], nested.append([[5.0]]))([])) == [[[5.0]]]


def test_lists_in_shared_values_of_lists_of_lists() -> None:
    nested = TypedListType(VECTORS)("nested")
    got = function([nested], [nested[0].append(nested[1][0]), nested.count([[1.0]])])([[[1.0]], [[2.0]]])
    assert plain(got[0]) == [[1.0], [2.0]] and int(got[1]) == 1


def test_errors() -> None:
    lists = VECTORS("lists")
    with pytest.raises(TypeError, match="elements of"):
        lists.append(T.dmatrix())
    with pytest.raises(TypeError, match="wants a list"):
        typed_list.append(T.dvector(), T.dscalar())
    with pytest.raises(TypeError, match="integer scalar"):
        lists[T.dscalar()]
    with pytest.raises(TypeError, match="different types"):
        typed_list.make_list([T.dvector(), T.dmatrix()])
    with pytest.raises(ValueError, match="at least one"):
        typed_list.make_list([])
    with pytest.raises(TypeError, match="is of"):
        lists.extend(TypedListType(T.fvector().type)())
    for use in (len, iter, bool):
        with pytest.raises(TypeError, match="symbolic"):
            use(lists)
    with pytest.raises(TypeError, match="wants a list"):
        function([lists], lists.length())(np.ones(3))
    with pytest.raises(TypeError, match="element 0"):
        function([lists], lists.length())([np.ones((2, 2))])


def test_no_gradient() -> None:
    x = T.dvector("x")
    with pytest.raises(isym.DisconnectedInputError, match="no gradient"):
        T.grad(typed_list.make_list([x])[0].sum(), x)
