"""The names of `interactive_sym.tensor`: typed constructors, plurals, and that every public name has a docstring."""

import doctest
import inspect

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.core.configuration import config
from interactive_sym.core.op import registered

PREFIXES = {
    "b": "int8",
    "w": "int16",
    "i": "int32",
    "l": "int64",
    "f": "float32",
    "d": "float64",
    "c": "complex64",
    "z": "complex128",
}
SHAPES = {
    "scalar": (),
    "vector": (False,),
    "row": (True, False),
    "col": (False, True),
    "matrix": (False, False),
    **{f"tensor{n}": (False,) * n for n in range(3, 8)},
}
PLURALS = {suffix: "matrices" if suffix == "matrix" else suffix + "s" for suffix in SHAPES}


@pytest.mark.parametrize("suffix", SHAPES)
def test_constructors(suffix: str) -> None:
    for prefix, dtype in PREFIXES.items():
        type_ = getattr(T, prefix + suffix)
        assert isinstance(type_, T.TensorType)
        variable = type_("x")
        assert (variable.name, variable.dtype, variable.broadcastable) == ("x", dtype, SHAPES[suffix])
        assert type_().name is None
    make = getattr(T, suffix)
    assert make().dtype == config.floatX and make("x").name == "x" and make(dtype="int8").dtype == "int8"
    with config.change_flags(floatX="float32"):
        assert make().dtype == "float32"


@pytest.mark.parametrize("suffix", SHAPES)
def test_plurals(suffix: str) -> None:
    for prefix in ("", "i", "l", "f", "d"):
        several = getattr(T, prefix + PLURALS[suffix])
        assert [v.name for v in several("a", "bc")] == ["a", "bc"]
        assert [v.name for v in several("abc")] == ["a", "b", "c"]
        assert [v.name for v in several(2)] == [None, None]
        assert all(v.broadcastable == SHAPES[suffix] for v in several(2))
        assert several(1)[0].dtype == PREFIXES.get(prefix, config.floatX)
    for prefix in ("b", "w", "c", "z"):
        assert not hasattr(T, prefix + PLURALS[suffix])


def test_plurals_reject_other_arguments() -> None:
    for arguments in ((), (1.5,), (0,), ("a", 2)):
        with pytest.raises((TypeError, ValueError)):
            T.scalars(*arguments)


def test_types_are_equal_by_value() -> None:
    assert T.TensorType("float64", (False, False)) == T.dmatrix
    assert T.tensor("float64", (False, True)).type == T.dcol
    assert T.dmatrix() is not T.dmatrix()


def test_public_names_exist_and_are_documented() -> None:
    for name in T.__all__:
        value = getattr(T, name)
        assert inspect.getdoc(value), name


def test_public_functions_are_in_the_namespace() -> None:
    names = ("add", "exp", "sum", "dot", "reshape", "dimshuffle", "zeros", "arange", "set_subtensor", "switch", "cast")
    for name in names:
        assert registered()[name] is getattr(T, name)


def test_docstrings_of_plurals() -> None:
    examples = doctest.DocTestParser().get_doctest(T.scalars.__doc__ or "", {}, "scalars", None, 0)
    assert doctest.DocTestRunner().run(examples).failed == 0


def test_divmod_and_friends() -> None:
    a, b = np.array([-7, 7, -8, 5]), np.array([2, -2, 3, 0])
    q, r = T.divmod(a, b)
    assert q.eval().tolist() == [-4, -4, -3, 0] and r.eval().tolist() == [1, -1, 1, 0]
    assert T.ceil_intdiv(T.constant(7), 2).eval() == 4
    assert T.isclose([1.0, np.inf, np.nan, 0.0], [1.0 + 1e-9, np.inf, np.nan, 1.0]).eval().tolist() == [
        True,
        True,
        False,
        False,
    ]
    assert T.isclose([np.nan], [np.nan], equal_nan=True).eval().tolist() == [True]
