"""Random streams: which numbers, when states change, who shares them."""

import copy
import pickle

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym import function, shared
from interactive_sym.core.errors import DisconnectedInputError
from interactive_sym.core.grad import grad
from interactive_sym.core.ops import random as raw_random
from interactive_sym.tensor.shared_randomstreams import RandomStreams, randomstate_constructor, state_fingerprint


def seed_of(state):
    """What `RandomState(seed)` starts with in its first word."""
    return int(state.get_state()[1][0])


def test_seeds_of_streams():
    streams = RandomStreams(seed=234)
    u, n = streams.uniform((2, 2)), streams.normal((2, 2))
    assert [seed_of(x.rng.get_value()) for x in (u, n)] == [133003720, 999614367]
    assert function([], u)().round(8).tolist() == [[0.12672381, 0.97091597], [0.13989098, 0.88754825]]
    assert function([], n)().round(8).tolist() == [[0.37328447, -0.65746672], [-0.36302373, -0.97484625]]
    streams.seed(902340)
    assert [seed_of(x.rng.get_value()) for x in (u, n)] == [587227042, 227239711]


def test_seeding_all_leaves_later_variables_alone():
    one, other = RandomStreams(234), RandomStreams(234)
    one.uniform(), other.uniform()
    one.seed(5)
    assert seed_of(one.uniform().rng.get_value()) == seed_of(other.uniform().rng.get_value()) == 999614367
    one.seed()
    assert [seed_of(state.get_value()) for state, _ in one.state_updates] == [133003720, 999614367]


def test_the_chapters_transfer_of_states():
    class Graph:
        def __init__(self, seed=123):
            self.rng = RandomStreams(seed)
            self.y = self.rng.uniform(size=(1,))

    g1, g2 = Graph(seed=123), Graph(seed=987)
    f1, f2 = function([], g1.y), function([], g2.y)
    assert f1().round(8).tolist() == [0.72803009]
    assert f2().round(8).tolist() == [0.55056769]
    for su1, su2 in zip(g1.rng.state_updates, g2.rng.state_updates, strict=True):
        su2[0].set_value(su1[0].get_value())
    assert f1().round(8).tolist() == f2().round(8).tolist() == [0.59044123]


def test_binomial_walk():
    draws = RandomStreams(1234).binomial(size=(10,))
    f = function([], draws)
    expected = np.random.RandomState(seed_of(draws.rng.get_value()))
    for _ in range(20):
        assert np.array_equal(f(), expected.binomial(1, 0.5, 10))


def test_a_call_moves_the_stream_on_unless_told_not_to():
    streams = RandomStreams(1)
    x, y = streams.uniform((3,)), streams.uniform((3,))
    moving, still = function([], x), function([], x, no_default_updates=True)
    first = still()
    assert np.array_equal(first, still())
    assert np.array_equal(first, moving())
    assert not np.array_equal(first, moving())
    before = streams.fingerprint()
    still()
    assert streams.fingerprint() == before
    only_y = function([], [x, y], no_default_updates=[x.rng])
    one, two = only_y(), only_y()
    assert np.array_equal(one[0], two[0])
    assert not np.array_equal(one[1], two[1])


def test_a_variable_is_drawn_once_a_call():
    x = RandomStreams(234).uniform((2, 2))
    assert np.abs(function([], x + x - 2 * x)()).max() < 1e-15
    a, b = function([], [x, 10 * x])()
    assert np.array_equal(10 * a, b)


def test_streams_are_common_to_functions():
    x = RandomStreams(234).uniform((2, 2))
    f, nearly_zeros = function([], x), function([], x + x - 2 * x)
    f()
    state_after_v0 = x.rng.get_value().get_state()
    nearly_zeros()
    v1 = f()
    rng = x.rng.get_value(borrow=True)
    rng.set_state(state_after_v0)
    x.rng.set_value(rng, borrow=True)
    v2, v3 = f(), f()
    assert not np.array_equal(v2, v1)
    assert np.array_equal(v3, v1)


def test_seeding_one_stream():
    x = RandomStreams(234).uniform((2, 2))
    f = function([], x)
    f()
    state = x.rng.get_value(borrow=True)
    state.seed(89234)
    x.rng.set_value(state, borrow=True)
    assert np.array_equal(f(), np.random.RandomState(89234).uniform(size=(2, 2)))


def test_values_got_are_copies_unless_borrowed():
    x = RandomStreams(234).uniform((2,))
    f = function([], x, no_default_updates=True)
    first = f()
    x.rng.get_value().seed(1)
    assert np.array_equal(f(), first)
    x.rng.get_value(borrow=True).seed(1)
    assert np.array_equal(f(), np.random.RandomState(1).uniform(size=2))


def test_streams_by_item():
    streams = RandomStreams(234)
    x = streams.uniform((2,))
    f = function([], x)
    streams[x.rng].seed(7)
    assert np.array_equal(f(), np.random.RandomState(7).uniform(size=2))
    mine = np.random.RandomState(8)
    streams[x.rng] = mine
    mine.uniform()
    assert np.array_equal(f(), np.random.RandomState(8).uniform(size=2))
    with pytest.raises(KeyError):
        streams[RandomStreams(1).uniform().rng]
    with pytest.raises(TypeError, match=r"numpy\.random\.RandomState"):
        streams[x.rng] = 8


def test_updates_and_attributes():
    streams = RandomStreams(234)
    x = streams.uniform((2,))
    assert streams.updates() == streams.state_updates == [(x.rng, x.owner.outputs[0])]
    assert x.update == streams.state_updates[0]
    assert x.rng.default_update is x.owner.outputs[0]
    assert str(x.update[1]) == "RandomFunction{uniform}.0"


def test_a_refused_draw_leaves_no_trace():
    one, other = RandomStreams(5), RandomStreams(5)
    for attempt in (lambda: one.poisson((2,)), lambda: one.uniform("a"), lambda: one.binomial(n=0.5)):
        with pytest.raises(TypeError):
            attempt()
    assert not one.state_updates
    assert one.fingerprint() == other.fingerprint()


def test_a_failed_call_changes_no_state():
    streams = RandomStreams(5)
    std = T.dscalar("std")
    x, y = streams.normal((2,), std=std), streams.uniform((2,))
    f = function([std], [y, x])
    before = streams.fingerprint()
    with pytest.raises(ValueError):
        f(-1.0)
    assert streams.fingerprint() == before
    f(1.0)
    assert streams.fingerprint() != before


def test_every_method():
    streams = RandomStreams(3)
    n, size = T.lscalar("n"), T.lvector("size")
    draws = {
        "uniform": streams.uniform((2, n), low=-1, high=1),
        "normal": streams.normal(size, 2.0, 0.5, ndim=2),
        "binomial": streams.binomial((2, n), 10, 0.5),
        "random_integers": streams.random_integers((2, n), -5, 5),
        "choice": streams.choice((2, n), [2, 3, 5, 7]),
        "poisson": streams.poisson((2, n), lam=4.0),
        "permutation": streams.permutation((2,), n),
        "multinomial": streams.multinomial((2,), 20, [0.1, 0.2, 0.7]),
    }
    results = function([n, size], draws)(3, [2, 3])
    assert {name: value.shape for name, value in results.items()} == dict.fromkeys(draws, (2, 3))
    assert {str(value.dtype) for name, value in results.items() if name not in ("uniform", "normal")} == {"int64"}
    assert np.abs(results["uniform"]).max() < 1
    assert set(results["choice"].ravel()) <= {2, 3, 5, 7}
    assert np.sort(results["permutation"]).tolist() == [[0, 1, 2]] * 2
    assert results["multinomial"].sum(axis=1).tolist() == [20, 20]


def test_shapes_of_draws_are_known_without_drawing():
    streams = RandomStreams(3)
    n = T.lscalar("n")
    x = streams.uniform((2, n))
    p = streams.permutation((2,), n)
    f = function([n], [x.shape, p.shape, (x + T.ones_like(x)).sum()])
    shape, permuted, _ = f(4)
    assert shape.tolist() == permuted.tolist() == [2, 4]


@pytest.mark.parametrize("shape", [(5,), (3, 4), (2, 3, 4)])
def test_shuffle_row_elements(shape):
    streams = RandomStreams(3)
    x = T.tensor("float64", (False,) * len(shape))
    shuffled = streams.shuffle_row_elements(x)
    f = function([x], [shuffled, shuffled.permutation])
    value = np.random.RandomState(0).normal(size=shape)
    y, permutation = f(value)
    assert np.array_equal(y, np.take_along_axis(value, permutation, -1))
    assert np.array_equal(np.sort(y), np.sort(value))
    assert not np.array_equal(f(value)[0], y)
    assert shuffled.rng is shuffled.permutation.rng
    with pytest.raises(TypeError, match="at least 1 dimension"):
        streams.shuffle_row_elements(1.0)


def test_gradient_of_shuffled_rows():
    x = T.dmatrix("x")
    weights = np.arange(12.0).reshape(3, 4)
    shuffled = RandomStreams(3).shuffle_row_elements(x)
    f = function([x], [grad((shuffled * weights).sum(), x), shuffled.permutation])
    gradient, permutation = f(np.ones((3, 4)))
    expected = np.empty_like(weights)
    np.put_along_axis(expected, permutation, weights, -1)
    assert np.array_equal(gradient, expected)


def test_no_gradient_through_a_draw():
    low = T.dscalar("low")
    draw = RandomStreams(3).uniform((2,), low=low)
    with pytest.raises(DisconnectedInputError, match="it stops at random_uniform, the sample is drawn"):
        grad(draw.sum(), low)
    x = T.dscalar("x")
    assert float(function([x], grad((draw * x).sum(), x), givens={low: 0.0})(1.0)) > 0


def test_draws_with_an_own_operation():
    streams = RandomStreams(234)
    x = streams.gen(raw_random.uniform, (2, 2), low=1.0, high=2.0)
    assert function([], x)().round(8).tolist() == [[1.12672381, 1.97091597], [1.13989098, 1.88754825]]


def test_a_state_of_ones_own():
    state = randomstate_constructor(np.random.RandomState(5), name="state")
    after, x = raw_random.uniform(state, (2,))
    expected = np.random.RandomState(5)
    f = function([], x, updates=[(state, after)])
    for _ in range(3):
        assert np.array_equal(f(), expected.uniform(size=2))
    still = function([], x)
    assert np.array_equal(still(), still())
    with pytest.raises(TypeError, match=r"numpy\.random\.RandomState"):
        randomstate_constructor(5)
    assert shared(np.random.RandomState(5)).type == state.type


def test_saving_and_copying():
    streams = RandomStreams(234)
    x = streams.uniform((2,))
    function([], x)()
    twin, (y,) = pickle.loads(pickle.dumps((streams, [x])))
    assert twin.fingerprint() == streams.fingerprint()
    assert y.rng is twin.state_updates[0][0]
    assert np.array_equal(function([], y)(), function([], x)())
    assert seed_of(twin.normal().rng.get_value()) == seed_of(streams.normal().rng.get_value())
    state = x.rng.get_value()
    assert np.array_equal(function([], x)(), copy.deepcopy(state).uniform(size=2))


def test_what_people_see():
    streams = RandomStreams(234)
    assert repr(streams) == f"RandomStreams(seed=234): 0 streams, state {streams.fingerprint()}"
    x = streams.uniform((2, 2))
    assert repr(streams) == f"RandomStreams(seed=234): 1 stream, state {streams.fingerprint()}"
    ((what, kind, where, state),) = streams.draws()
    assert (what, kind, where.partition(":")[0]) == (
        "uniform",
        "TensorType(float64, (2, 2))",
        "test_shared_randomstreams.py",
    )
    assert state == state_fingerprint(x.rng.get_value())
    assert len(streams.fingerprint()) == len(state) == 8
    assert RandomStreams(234).fingerprint() != RandomStreams(235).fingerprint()
