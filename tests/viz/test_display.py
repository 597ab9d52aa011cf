"""Rich output: which forms an object has, that they are deterministic, and that failures leave text."""

import numpy
import pytest

import interactive_sym.tensor as T
from interactive_sym import function, shared
from interactive_sym.tensor.rng_mrg import MRG_RandomStreams
from interactive_sym.tensor.shared_randomstreams import RandomStreams
from interactive_sym.viz import display
from interactive_sym.viz.display import PICTURE, TEXT


def expression():
    x = T.dmatrix("x")
    return 1 / (1 + T.exp(-x))


def compiled():
    x, y = T.dvector("x"), T.dscalar("y")
    w = shared(0.0, name="w")
    return function([x, y], [T.exp(x) * y], updates=[(w, w + T.sum(x))], name="step")


def test_expression():
    data, _ = expression()._repr_mimebundle_()
    assert data[TEXT] == "1 / (1 + exp(-x)) : TensorType(float64, matrix)"
    assert data[PICTURE].startswith("<svg")
    assert T.dmatrix("x")._repr_mimebundle_()[0] == {TEXT: "x : TensorType(float64, matrix)"}


def test_function():
    data, _ = compiled()._repr_mimebundle_()
    assert data[TEXT].splitlines()[0] == "step(x: float64 vector, y: float64 scalar) -> float64 vector"
    assert "update of w" in data[TEXT]
    assert "w ←" in data[PICTURE]


def test_shared_and_streams():
    data, _ = shared(numpy.zeros((2, 3)), name="w")._repr_mimebundle_()
    assert data[TEXT] == "w : shared TensorType(float64, matrix), shape (2, 3)"
    assert "mean=0" in data[PICTURE]
    for maker in (RandomStreams, MRG_RandomStreams):
        streams = maker(seed=234)
        streams.uniform((2, 2))
        data, _ = streams._repr_mimebundle_()
        assert data[TEXT] == repr(streams) and "uniform" in data[PICTURE]


@pytest.mark.parametrize("make", [expression, compiled])
def test_deterministic(make):
    first, second = (make()._repr_mimebundle_()[0] for _ in range(2))
    assert first == second


def test_include_and_exclude():
    assert set(expression()._repr_mimebundle_(include={TEXT})[0]) == {TEXT}
    assert set(expression()._repr_mimebundle_(exclude={PICTURE})[0]) == {TEXT}


def test_a_failing_picture_leaves_text(monkeypatch):
    def fails(*_, **__):
        raise RuntimeError("no picture")

    monkeypatch.setattr(display.svg, "graph_svg", fails)
    assert set(expression()._repr_mimebundle_()[0]) == {TEXT}


def test_nothing_imports_viz_before_a_formatter_asks():
    import subprocess
    import sys

    code = "import sys, interactive_sym; assert not [n for n in sys.modules if n.startswith('interactive_sym.viz')]"
    subprocess.run([sys.executable, "-c", code], check=True)
