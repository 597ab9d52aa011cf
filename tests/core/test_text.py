"""`pp` and `debugprint`: exact texts, options, depth without limit."""

import io
import re

import pytest

import interactive_sym.tensor as T
from interactive_sym import debugprint, function, pp, shared
from interactive_sym.core.text import brief, character_id, formula


def test_pp_writes_formulas():
    x, y = T.dmatrices("x", "y")
    assert pp(x + y) == "(x + y)"
    assert pp(x**2) == "(x ** TensorConstant{2})"
    assert pp(1 / (1 + T.exp(-x))) == "(TensorConstant{1} / (TensorConstant{1} + exp((-x))))"
    assert pp(T.dot(x, y) > 0.5) == "((x \\dot y) > TensorConstant{0.5})"
    assert pp(x) == "x"


def test_pp_writes_a_gradient_as_theano_does():
    x = T.dscalar("x")
    square = "(x ** TensorConstant{2})"
    less = "(TensorConstant{2} - TensorConstant{1})"
    assert pp(T.grad(x**2, x)) == f"((fill({square}, TensorConstant{{1.0}}) * TensorConstant{{2}}) * (x ** {less}))"
    assert pp(function([x], T.grad(x**2, x)).maker.fgraph.outputs[0]) == "(TensorConstant{2.0} * x)"


def test_plain_formulas_for_people():
    x = T.dmatrix("x")
    assert formula(1 / (1 + T.exp(-x)), plain=True) == "1 / (1 + exp(-x))"
    assert formula((x + 1) * (x + 2), plain=True) == "(x + 1) * (x + 2)"
    assert formula(T.dot(x.T, x) - x.sum(axis=0), plain=True) == "(x.T @ x) - sum(x)"
    assert formula(T.tensor3("y").dimshuffle(2, 0, 1), plain=True) == "dimshuffle(y)"
    assert formula(T.exp(x + 1) + 1, limit=10) is None
    assert brief(T.exp(T.exp(T.exp(T.exp(x))))) == "exp(exp(exp(…)))"


def test_debugprint_is_a_tree():
    x, y = T.dscalars("x", "y")
    z = x + y
    z.name = "z"
    assert debugprint(T.exp(z) * z, file="str") == (
        "mul [id A] ''\n |exp [id B] ''\n | |add [id C] 'z'\n |   |x [id D]\n |   |y [id E]\n |add [id C] 'z'\n"
    )


def test_debugprint_options():
    x = T.dscalar("x")
    z = T.exp(x) + T.exp(x)
    assert debugprint(z, file="str", ids="int", depth=1) == "add [id 0] ''\n"
    assert debugprint(x, file="str", print_type=True) == "x <TensorType(float64, scalar)> [id A]\n"
    assert debugprint(x, file="str", ids="") == "x\n"
    w = shared(1.5, name="w")
    assert "w [id A] [1.5]" in debugprint(w, file="str", print_storage=True)
    named = T.exp(x)
    named.name = "e"
    assert debugprint(named + 1, file="str", stop_on_name=True).count("\n") == 3
    with pytest.raises(ValueError, match="CHAR"):
        debugprint(x, ids="hex")
    with pytest.raises(TypeError, match="can print"):
        debugprint(3)


def test_debugprint_writes_to_a_file(capsys):
    x = T.dscalar("x")
    stream = io.StringIO()
    assert debugprint(x, file=stream) is stream
    assert stream.getvalue() == "x [id A]\n"
    assert debugprint(x) is None
    assert capsys.readouterr().out == "x [id A]\n"


def test_debugprint_continues_ids():
    x = T.dscalar("x")
    used = {}
    debugprint(x, file="str", used_ids=used)
    assert debugprint(-x, file="str", used_ids=used) == "neg [id B] ''\n |x [id A]\n"


def test_debugprint_of_a_function_numbers_the_nodes():
    x = T.dvector("x")
    w = shared(0.0, name="w")
    f = function([x], [T.exp(x)], updates=[(w, w + T.sum(x))])
    text = debugprint(f, file="str")
    assert text == debugprint(f, file="str")
    assert "-> update of w" in text
    assert not re.search(r"0x[0-9a-f]{5,}", text)
    assert re.search(r"exp \[id A\] ''   \d", text)


def test_letters():
    assert [character_id(k) for k in (0, 25, 26, 27, 701, 702)] == ["A", "Z", "AA", "AB", "ZZ", "AAA"]


def test_depth_is_no_limit():
    x = T.dscalar("x")
    z = x
    for _ in range(20_000):
        z = T.exp(z)
    assert debugprint(z, file="str").count("\n") == 20_001
    assert formula(z, limit=100) is None
