"""Old names mean what they meant: documented keywords are taken, functions are not hidden by modules."""

import subprocess
import sys

import numpy as np
import pytest

import interactive_sym.sparse as sparse
import interactive_sym.tensor as T
from interactive_sym import function
from interactive_sym.mode import Mode
from interactive_sym.tensor import raw_random

ROWS = np.array([[1.5, 2.5], [3.0, 5.0]])


@pytest.mark.parametrize(
    "made, value",
    [
        (lambda m: T.sum(input=m, axis=0), ROWS.sum(0)),
        (lambda m: T.mean(m, 0, None, False, True), ROWS.mean(0, keepdims=True)),
        (lambda m: T.std(input=m), ROWS.std()),
        (lambda m: T.dot(a=m, b=m), ROWS @ ROWS),
        (lambda m: T.round(a=m), ROWS.round()),
        (lambda m: T.real(z=m), ROWS),
        (lambda m: T.tri(N=2, M=2) + 0 * m, np.tri(2, 2)),
        (lambda m: T.swapaxes(y=m, axis1=0, axis2=1), ROWS.T),
        (lambda m: T.shape_padleft(t=m), ROWS[None]),
        (lambda m: T.int_div(a=m, b=2), ROWS // 2),
    ],
)
def test_documented_keywords(made, value):
    m = T.dmatrix("m")
    np.testing.assert_allclose(function([m], made(m))(ROWS), value)


def test_an_old_name_of_a_probability():
    state = T.shared_randomstreams.RandomStreams(1).uniform().rng
    _, sample = raw_random.binomial(state, size=(4,), prob=1.0)
    assert function([], sample)().tolist() == [1, 1, 1, 1]


def test_structured_functions_take_their_scalar_by_name():
    assert sparse.structured_pow(sparse.csr_matrix("x"), y=2.0).type.format == "csr"
    with pytest.raises(TypeError, match="the second operand is a scalar"):
        sparse.structured_pow(sparse.csr_matrix("x"), y=T.dvector("v"))


def test_constants_looked_through():
    cast = T.cast(T.constant(2.5), "float64")
    assert T.get_scalar_constant_value(cast) == 2.5
    for arguments in ({"elemwise": False}, {"only_process_constants": True}, {"max_recur": 0}):
        with pytest.raises(T.NotScalarConstantError):
            T.get_scalar_constant_value(cast, **arguments)


def test_functions_are_not_hidden_by_modules_of_their_name():
    program = """
import interactive_sym.theano_names as names
names.install()
import theano.tensor.sort, theano.tensor.var, theano.scan_module.scan, theano.compile.function, theano.d3viz.d3viz
import theano.tensor as T
from theano.tensor.sort import argsort
for function in (T.sort, T.var, theano.scan_module.scan, theano.compile.function, theano.d3viz.d3viz):
    assert callable(function), function
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "word, near", [("log_one_pls", "log_one_plus"), ("stabilize_", "stabilize"), ("nothing_like_it", "canonicalise")]
)
def test_a_mistyped_rule_is_answered_with_near_names(word, near):
    with pytest.raises(ValueError, match=f"no pass, stage or rule is called '{word}'; near: .*{near}"):
        Mode().excluding(word)
