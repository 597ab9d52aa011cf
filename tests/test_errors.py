"""Bad input: each message is compared with the one on file: one sentence on one line, then lines of 80 columns.

To accept new messages after reading them: `ISYM_UPDATE_GOLDEN=1 pytest tests/test_errors.py`.
"""

import os
import re
from pathlib import Path

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym import (
    DisconnectedInputError,
    In,
    MissingInputError,
    Mode,
    UnusedInputError,
    function,
    grad,
    shared,
)

GOLDEN = Path(__file__).parent / "golden" / "errors"


def dot_of_wrong_sizes():
    x, W = T.dmatrix("x"), T.dmatrix("W")
    f = function([x, W], T.dot(x, W), name="layer")
    f(np.zeros((32, 784)), np.zeros((100, 10)))


def dot_with_a_shared_matrix():
    x, W = T.dmatrix("x"), shared(np.zeros((100, 10)), name="W")
    f = function([x], T.tanh(T.dot(x, W)), name="layer")
    f(np.zeros((32, 784)))


def static_lengths_that_clash():
    a, b = T.TensorType("float64", (3,))("a"), T.TensorType("float64", (4,))("b")
    return a + b


def lengths_that_clash_in_a_call():
    x, y = T.dvectors("x", "y")
    f = function([x, y], T.exp(x) * y, name="scaled")
    f([1.0, 2.0, 3.0], [1.0, 2.0])


def a_length_of_one_that_was_not_declared():
    x, y = T.dmatrices("x", "y")
    f = function([x, y], x - y, name="difference")
    f(np.zeros((2, 3)), np.zeros((1, 3)))


def lengths_that_clash_in_a_gradient():
    x, y = T.dvectors("x", "y")
    cost = (x**2 * y).sum()
    f = function([x, y], grad(cost, x), name="slope")
    f([1.0, 2.0, 3.0], [1.0, 2.0])


def double_for_a_float_matrix():
    x = T.fmatrix("x")
    function([x], x * 2, name="twice")(np.full((2, 2), 0.1))


def vector_for_a_matrix():
    x = T.dmatrix("x")
    function([x], x * 2, name="twice")(np.zeros(784))


def wrong_static_size():
    x = T.drow("x")
    function([x], x * 2, name="twice")(np.zeros((2, 3)))


def free_variable():
    x, w = T.dvector("x"), T.dvector("w")
    function([x], T.tanh(x * w).sum())


def cost_that_is_no_scalar():
    w = T.dvector("w")
    return T.grad(w**2, w)


def gradient_for_an_unused_variable():
    w, b = T.dvector("w"), T.dscalar("b")
    cost = (w**2).sum()
    return T.grad(cost, [w, b])


def gradient_through_argmax():
    w = T.dvector("w")
    cost = T.argmax(w) * 1.0
    return T.grad(cost, w)


def gradient_with_respect_to_a_set():
    w = T.dvector("w")
    return T.grad((w**2).sum(), {w})


def index_out_of_range():
    x, k = T.dvector("x"), T.iscalar("k")
    function([x, k], x[k], name="pick")([1.0, 2.0, 3.0], 5)


def too_many_indices():
    x = T.dvector("x")
    return x[0, 1]


def truth_of_a_symbol():
    x = T.dscalar("x")
    if x > 0:
        return x


def length_of_a_symbol():
    x = T.dvector("x")
    return len(x)


def assignment_to_an_item():
    x = T.dvector("x")
    x[0] = 1


def double_update_of_a_float_shared():
    w = shared(np.zeros(3, "float32"), name="w")
    step = w * np.float64(0.1)
    function([], [], updates=[(w, w - step)])


def update_of_what_is_not_shared():
    x = T.dscalar("x")
    function([x], x, updates=[(x, x + 1)])


def unused_input():
    x, y = T.dscalars("x", "y")
    function([x, y], x)


def default_before_a_required_argument():
    x, y = T.dscalars("x", "y")
    function([In(x, value=1), y], x + y)


def missing_argument():
    x, y = T.dscalars("x", "y")
    function([x, y], x + y, name="plus")(1)


def extra_argument():
    x, y = T.dscalars("x", "y")
    function([x, y], x + y, name="plus")(1, 2, 3)


def repeated_argument():
    x, y = T.dscalars("x", "y")
    function([x, y], x + y, name="plus")(1, 2, x=3)


def unknown_argument():
    x, y = T.dscalars("x", "y")
    function([x, y], x + y, name="plus")(1, 2, z=3)


def python_bool():
    x = T.dscalar("x")
    return x + (x == 1)


def text_in_an_expression():
    return T.exp("two")


def integer_division_by_zero():
    x = T.iscalar("x")
    return x // 0


def set_value_of_another_shape():
    w = shared(np.zeros(3), name="w")
    w.set_value(np.zeros((3, 3)))


def shared_of_a_symbol():
    return shared(T.dscalar("x"))


def wrong_reshape():
    x = T.dvector("x")
    function([x], x.reshape((2, 3)), name="folded")(np.zeros(5))


def dimshuffle_of_a_size_that_is_not_one():
    x = T.dmatrix("x")
    return x.dimshuffle(0)


def axis_that_is_not_there():
    x = T.dmatrix("x")
    return x.sum(axis=2)


CASES = {
    dot_of_wrong_sizes: ValueError,
    dot_with_a_shared_matrix: ValueError,
    static_lengths_that_clash: ValueError,
    lengths_that_clash_in_a_call: ValueError,
    a_length_of_one_that_was_not_declared: ValueError,
    lengths_that_clash_in_a_gradient: ValueError,
    double_for_a_float_matrix: TypeError,
    vector_for_a_matrix: TypeError,
    wrong_static_size: TypeError,
    free_variable: MissingInputError,
    cost_that_is_no_scalar: TypeError,
    gradient_for_an_unused_variable: DisconnectedInputError,
    gradient_through_argmax: DisconnectedInputError,
    gradient_with_respect_to_a_set: TypeError,
    index_out_of_range: IndexError,
    too_many_indices: IndexError,
    truth_of_a_symbol: TypeError,
    length_of_a_symbol: TypeError,
    assignment_to_an_item: TypeError,
    double_update_of_a_float_shared: TypeError,
    update_of_what_is_not_shared: TypeError,
    unused_input: UnusedInputError,
    default_before_a_required_argument: TypeError,
    missing_argument: TypeError,
    extra_argument: TypeError,
    repeated_argument: TypeError,
    unknown_argument: TypeError,
    python_bool: TypeError,
    text_in_an_expression: TypeError,
    integer_division_by_zero: ZeroDivisionError,
    set_value_of_another_shape: TypeError,
    shared_of_a_symbol: TypeError,
    wrong_reshape: ValueError,
    dimshuffle_of_a_size_that_is_not_one: ValueError,
    axis_that_is_not_there: ValueError,
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_message(case):
    with pytest.raises(CASES[case]) as raised:
        case()
    text = str(raised.value)
    lines = text.splitlines()
    assert len(lines) <= 24 and max(map(len, lines[1:]), default=0) <= 80, text
    text = re.sub(r"test_errors\.py:\d+", "test_errors.py:LINE", text)
    golden = GOLDEN / f"{case.__name__}.txt"
    if os.environ.get("ISYM_UPDATE_GOLDEN"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(text + "\n")
    assert text + "\n" == golden.read_text()


@pytest.mark.parametrize("case", [dot_of_wrong_sizes, lengths_that_clash_in_a_call, index_out_of_range, wrong_reshape])
def test_the_interpreter_raises_the_same_class(case, monkeypatch):
    monkeypatch.setattr("interactive_sym.mode.predefined_modes", {"FAST_RUN": Mode("py")})
    with pytest.raises(CASES[case]):
        case()
