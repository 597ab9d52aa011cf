"""Draws from a RandomState: the numbers are NumPy's, the given state stays, sizes and errors are as documented."""

import numpy as np
import pytest

from interactive_sym import shared
from interactive_sym.core.configuration import config
from interactive_sym.core.constants import as_tensor_variable
from interactive_sym.core.ops import random
from interactive_sym.core.types import TensorType, random_state_type

SEED = 133003720


def value(variable):
    """Its value, with every node behind it computed by its op's NumPy method."""
    if variable.owner is None:
        return variable.data if hasattr(variable, "data") else variable.get_value(borrow=True)
    node = variable.owner
    storage = [[None] for _ in node.outputs]
    node.op.perform(node, [value(x) for x in node.inputs], storage)
    return storage[variable.index][0]


def perform(pair):
    """The state afterwards and the sample, computed by the op's NumPy method."""
    node = pair[1].owner
    storage = [[None] for _ in node.outputs]
    node.op.perform(node, [value(x) for x in node.inputs], storage)
    return storage[0][0], storage[1][0]


def stream(seed=SEED):
    return shared(np.random.RandomState(seed))


def same(state, other):
    return all(np.array_equal(a, b) for a, b in zip(state.get_state(), other.get_state(), strict=True))


N = np.array([3, 40])
P = np.array([[0.25], [0.5], [0.75]])

#: what is drawn: the call, and NumPy's own
DRAWS = {
    "uniform": (lambda s: random.uniform(s, (2, 2)), lambda r: r.uniform(0, 1, (2, 2))),
    "uniform broadcast": (lambda s: random.uniform(s, low=P, high=N), lambda r: r.uniform(P, N)),
    "uniform in more rows": (lambda s: random.uniform(s, (4, 3, 2), P, N), lambda r: r.uniform(P, N, (4, 3, 2))),
    "uniform float32": (
        lambda s: random.uniform(s, 5, dtype="float32"),
        lambda r: r.uniform(0, 1, 5).astype("float32"),
    ),
    "normal": (lambda s: random.normal(s, (3,), 1.5, 2.0), lambda r: r.normal(1.5, 2.0, 3)),
    "normal scalar": (lambda s: random.normal(s), lambda r: r.normal()),
    "binomial": (lambda s: random.binomial(s, (4,), 10, 0.3), lambda r: r.binomial(10, 0.3, 4)),
    "binomial broadcast": (lambda s: random.binomial(s, None, N, P), lambda r: r.binomial(N, P)),
    "poisson": (lambda s: random.poisson(s, (-1, 2), P * 9), lambda r: r.poisson(P * 9, (3, 2))),
    "random_integers": (
        lambda s: random.random_integers(s, (50,), -3, 9),
        lambda r: np.array([r.randint(-3, 10) for _ in range(50)]),
    ),
    "random_integers 64 bits": (
        lambda s: random.random_integers(s, (50,), -(2**40), 2**62),
        lambda r: np.array([r.randint(-(2**40), 2**62 + 1, dtype=np.int64) for _ in range(50)]),
    ),
    "random_integers broadcast": (
        lambda s: random.random_integers(s, None, 0, N),
        lambda r: np.array([r.randint(0, 4), r.randint(0, 41)]),
    ),
    "random_integers to the largest": (
        lambda s: random.random_integers(s, (3,), 2**63 - 3, 2**63 - 1),
        lambda r: np.array([r.randint(2**63 - 3, 2**63, dtype=np.int64) for _ in range(3)]),
    ),
    "choice": (lambda s: random.choice(s, (2, 3), 7), lambda r: r.choice(7, (2, 3))),
    "choice of one": (lambda s: random.choice(s), lambda r: r.choice(2)),
    "choice without replacement": (
        lambda s: random.choice(s, 4, 7, replace=False),
        lambda r: r.choice(7, 4, replace=False),
    ),
    "choice with probabilities": (
        lambda s: random.choice(s, 9, [10, 20, 30], p=[0.5, 0.25, 0.25]),
        lambda r: r.choice([10, 20, 30], 9, p=[0.5, 0.25, 0.25]),
    ),
    "choice of floats": (
        lambda s: random.choice(s, 9, [1.5, 2.5], dtype="float64"),
        lambda r: r.choice([1.5, 2.5], 9),
    ),
    "permutation": (lambda s: random.permutation(s, None, 5), lambda r: r.permutation(5)),
    "permutations": (
        lambda s: random.permutation(s, (2, 3), 5),
        lambda r: np.array([r.permutation(5) for _ in range(6)]).reshape(2, 3, 5),
    ),
    "multinomial": (
        lambda s: random.multinomial(s, (4,), 10, [0.2, 0.3, 0.5]),
        lambda r: np.array([r.multinomial(10, [0.2, 0.3, 0.5]) for _ in range(4)]),
    ),
    "multinomial broadcast": (
        lambda s: random.multinomial(s, None, N, [[0.2, 0.8], [0.5, 0.5]]),
        lambda r: np.array([r.multinomial(3, [0.2, 0.8]), r.multinomial(40, [0.5, 0.5])]),
    ),
    "multinomial a little over 1": (
        lambda s: random.multinomial(s, None, 100, [0.5, 0.5 + 1e-7, 1e-7]),
        lambda r: r.multinomial(100, np.array([0.5, 0.5 + 1e-7, 1e-7]) * (1 - 5e-5)),
    ),
    "multinomial with a tiny last one": (
        lambda s: random.multinomial(s, None, 100, [0.5, 0.5, 0.0]),
        lambda r: r.multinomial(100, np.array([0.5, 0.5, 0.0]) * (1 - 5e-5)),
    ),
    "nothing": (lambda s: random.normal(s, (0, 3)), lambda r: np.empty((0, 3))),
}


@pytest.mark.parametrize("name", DRAWS)
def test_numbers_are_numpys(name):
    ours, numpys = DRAWS[name]
    pair = ours(stream())
    state, sample = perform(pair)
    reference = np.random.RandomState(SEED)
    expected = numpys(reference)
    assert np.array_equal(sample, expected)
    assert same(state, reference)
    assert pair[1].type.accepts(sample)
    assert pair[0].type == random_state_type


@pytest.mark.parametrize("name", DRAWS)
def test_a_draw_leaves_the_given_state_alone(name):
    state = stream()
    perform(DRAWS[name][0](state))
    assert same(state.get_value(), np.random.RandomState(SEED))


def test_the_chapters_first_numbers():
    assert perform(random.uniform(stream(133003720), (2, 2)))[1].round(8).tolist() == [
        [0.12672381, 0.97091597],
        [0.13989098, 0.88754825],
    ]
    assert perform(random.normal(stream(999614367), (2, 2)))[1].round(8).tolist() == [
        [0.37328447, -0.65746672],
        [-0.36302373, -0.97484625],
    ]


def test_copies_keep_the_second_normal_number_and_any_bit_generator():
    state = np.random.RandomState(5)
    state.normal()  # leaves a second number behind
    twin = random.copied_state(state)
    assert twin.normal() == state.normal()
    assert twin.uniform() == state.uniform()
    other = np.random.RandomState(np.random.PCG64(3))
    assert random.copied_state(other).uniform() == other.uniform()


def test_element_types():
    def dtype(pair):
        return pair[1].type.dtype

    single, double = np.float32(0.1), np.float64(0.1)
    assert dtype(random.uniform(stream(), low=single)) == "float64"
    with config.change_flags(floatX="float32"):
        assert dtype(random.uniform(stream(), low=single)) == "float32"
        assert dtype(random.normal(stream(), avg=0.1)) == "float32"
        assert dtype(random.normal(stream(), avg=double)) == "float64"
    assert dtype(random.binomial(stream())) == "int64"
    assert dtype(random.binomial(stream(), dtype="int8")) == "int8"
    assert perform(random.poisson(stream(), 3, 4.0, dtype="float32"))[1].dtype == "float32"


def test_sizes():
    def shape(size, ndim=None, **parameters):
        return random.uniform(stream(), size, ndim=ndim, **parameters)[1].type.shape

    vector, scalar = shared(np.array([2, 3])), shared(4)
    assert shape(None) == ()
    assert shape(()) == ()
    assert shape(5) == shape([5]) == shape(np.array([5])) == (5,)
    assert shape((1, 2)) == (1, 2)
    assert shape(as_tensor_variable(np.array([2, 3]))) == (2, 3)
    assert shape((scalar, 1)) == (None, 1)
    assert shape(vector, ndim=2) == (None, None)
    assert shape((-1, 2), low=np.zeros((3, 1))) == (3, 2)
    assert shape((-1,), low=shared(np.zeros(3))) == (None,)
    assert shape((-1,)) == (1,)
    assert random.binomial(stream(), (1, 2))[1].type.shape == (None, 2)
    assert random.permutation(stream(), (2,), 5)[1].type.shape == (2, 5)
    assert random.permutation(stream(), (2,), scalar)[1].type.shape == (2, None)
    assert random.multinomial(stream(), (2,), 1, [0.2, 0.3, 0.5])[1].type.shape == (2, 3)


def test_a_size_from_parameters_is_worked_out_when_called():
    sample = perform(random.uniform(stream(), (-1, 2), low=shared(np.zeros((3, 1)), broadcastable=(False, True))))[1]
    assert sample.shape == (3, 2)
    low, high = shared(np.zeros(3)), shared(np.ones(1))
    with pytest.raises(ValueError, match="differ along axis 0: 3 against 1"):
        perform(random.uniform(stream(), low=low, high=high))


def test_inferred_shapes():
    low = shared(np.zeros((3, 1)))
    node = random.uniform(stream(), (-1, 2), low=low)[1].owner
    shapes = node.op.infer_shape(node, [None, (2,), ("rows", "columns"), ()])
    assert shapes == [None, ("rows", 2)]
    node = random.multinomial(stream(), None, shared(N), shared(np.ones((2, 3)) / 3))[1].owner
    assert node.op.infer_shape(node, [None, ("n",), ("rows", "k")])[1] == ("n", "k")


BAD = {
    "size of floats": (lambda s: random.uniform(s, (2.5,)), TypeError, "uniform: size wants None, an int"),
    "size of text": (lambda s: random.uniform(s, "ab"), TypeError, "size wants"),
    "size of bool": (lambda s: random.uniform(s, True), TypeError, "size wants"),
    "size below -1": (lambda s: random.uniform(s, (-2,)), ValueError, "a size can't be -2"),
    "unknown ndim": (lambda s: random.uniform(s, shared(np.array([2]))), ValueError, "number of dimensions"),
    "wrong ndim": (lambda s: random.uniform(s, (2, 3), ndim=1), ValueError, "ndim is 1, and size has 2"),
    "wrong ndim of parameters": (lambda s: random.uniform(s, low=N, ndim=2), ValueError, "the parameters have 1"),
    "few sizes": (lambda s: random.uniform(s, (2,), low=P), ValueError, "the parameters have 2 dimensions"),
    "parameters differ": (lambda s: random.uniform(s, low=N, high=[1, 2, 3]), ValueError, "2 against 3"),
    "no state": (lambda s: random.uniform(3), TypeError, "holds a RandomState"),
    "integer dtype": (lambda s: random.normal(s, dtype="int64"), TypeError, "float32 or float64, not int64"),
    "complex": (lambda s: random.normal(s, avg=1j), TypeError, "real numbers"),
    "fractional n": (lambda s: random.binomial(s, n=2.5), TypeError, "n wants integers"),
    "fractional bound": (lambda s: random.random_integers(s, high=2.5), TypeError, "high wants integers"),
    "vector n": (lambda s: random.permutation(s, n=[2, 3]), TypeError, "n wants 0 dimensions"),
    "no lam": (lambda s: random.poisson(s, lam=None), TypeError, "poisson wants the parameter lam"),
    "scalar pvals": (lambda s: random.multinomial(s, pvals=0.5), TypeError, "at least 1 dimension"),
    "floats as integers": (lambda s: random.choice(s, a=[0.5, 1.5]), TypeError, "the sample int64"),
    "matrix to choose from": (lambda s: random.choice(s, a=[[1]]), TypeError, "0 or 1 dimensions"),
    "matrix of probabilities": (lambda s: random.choice(s, p=[[1.0]]), TypeError, "p wants 1 dimension"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_refused(name):
    make, error, text = BAD[name]
    with pytest.raises(error, match=text) as caught:
        make(stream())
    assert "test_random.py" in str(caught.value) or error is TypeError


@pytest.mark.parametrize(
    "make",
    [
        lambda s: random.normal(s, std=-1.0),
        lambda s: random.binomial(s, p=1.5),
        lambda s: random.random_integers(s, low=3, high=1),
        lambda s: random.choice(s, 3, 2, replace=False),
        lambda s: random.multinomial(s, pvals=[0.9, 0.9, 0.1]),
        lambda s: random.uniform(s, shared(np.array([2, 3])), ndim=1),
        lambda s: random.uniform(s, (shared(-3),)),
    ],
)
def test_what_numpy_refuses_when_called(make):
    state = stream()
    with pytest.raises(ValueError):
        perform(make(state))
    assert same(state.get_value(), np.random.RandomState(SEED))


def test_names_and_equality():
    sample = random.uniform(stream(), (2,))[1]
    assert str(sample.owner.op) == "RandomFunction{uniform}"
    assert sample.owner.op.name == "random_uniform"
    assert sample.owner.op == random.uniform(stream(), (2,))[1].owner.op
    assert sample.owner.op != random.uniform(stream(), (3,))[1].owner.op
    assert sample.owner.op != random.normal(stream(), (2,))[1].owner.op
    assert sample.rng is sample.owner.inputs[0]
    assert sample.update == (sample.rng, sample.owner.outputs[0])


def test_permute_row_elements():
    x = shared(np.arange(12.0).reshape(3, 4))
    p = shared(np.array([[3, 1, 2, 0], [0, 1, 2, 3], [1, 0, 3, 2]]))

    def run(*arguments, **options):
        node = random.permute_row_elements(*arguments, **options).owner
        storage = [[None]]
        node.op.perform(node, [value(v) for v in node.inputs], storage)
        return storage[0][0]

    y = run(x, p)
    assert y.tolist() == [[3, 1, 2, 0], [4, 5, 6, 7], [9, 8, 11, 10]]
    assert run(shared(y), p, inverse=True).tolist() == x.get_value().tolist()
    assert run(x, [1, 0, 3, 2]).tolist() == x.get_value()[:, [1, 0, 3, 2]].tolist()
    assert random.permute_row_elements(x, p).type == TensorType("float64", (False, False))
    with pytest.raises(ValueError, match="rows have 4 elements, permutations 3"):
        run(x, [0, 1, 2])
    with pytest.raises(ValueError, match="missing from a permutation"):
        run(x, [0, 1, 2, 2])
