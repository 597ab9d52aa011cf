"""Streams of MRG31k3p: the reference samples through compiled functions, each distribution, states and seeds."""

import pickle
from pathlib import Path

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym import function
from interactive_sym.core.configuration import config
from interactive_sym.core.grad import grad
from interactive_sym.core.ops import mrg
from interactive_sym.tensor.rng_mrg import MRG_RandomStreams, ff_2p72, ff_2p134, guess_n_streams

SAMPLES = np.loadtxt(Path(__file__).parents[1] / "core" / "ops" / "mrg31k3p_samples.txt").reshape(12, 7, 5)


def numbers(seed, rows, count, dtype="float64"):
    """What the first variable of `MRG_RandomStreams(seed)` draws from."""
    states = mrg.substreams(np.full(6, seed, dtype=np.int32), rows)
    return mrg.numbers(states, count)[1].astype(dtype) * mrg.NORM[dtype]


def rows_of(variable):
    return variable.rstate.get_value().shape[0]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_reference_samples(dtype):
    streams = MRG_RandomStreams(12345)
    f = function([], [streams.uniform((7,), dtype=dtype, nstreams=7) for _ in range(12)])
    for k in range(5):
        drawn = np.array(f())
        expected = SAMPLES[:, :, k]
        if dtype == "float32":
            expected = (expected * 2**31).astype(np.float32) * np.float32(4.6566126e-10)
        assert drawn.dtype == dtype
        assert np.array_equal(drawn, expected)


def test_number_of_streams():
    assert [guess_n_streams(size) for size in ((), (6,), (7,), (10, 10), (1000, 1000), (0,))] == [1, 6, 1, 16, 15360, 1]
    streams, n = MRG_RandomStreams(1), T.lscalar("n")
    assert streams.n_streams((10, 10)) == 16
    assert guess_n_streams((3, n)) == guess_n_streams(T.lvector()) == 15360
    with pytest.warns(UserWarning, match="not known"):
        guess_n_streams((3, n), warn=True)
    assert rows_of(streams.uniform((10, 10))) == 16
    assert rows_of(streams.uniform((10, n))) == 15360
    assert rows_of(streams.uniform((10, 10), nstreams=3)) == 3
    assert rows_of(streams.binomial((10, 10))) == 16
    assert rows_of(streams.normal((10, 10))) == 15360
    assert rows_of(streams.normal((10, 10), nstreams=3)) == 3
    assert rows_of(streams.multinomial(pvals=[[0.5, 0.5]])) == 15360
    assert rows_of(streams.choice(p=[[0.5, 0.5]])) == 15360


def test_seeds():
    assert MRG_RandomStreams(12345).rstate.tolist() == [12345] * 6
    assert MRG_RandomStreams([1, 2, 3, 4, 5, 6]).rstate.tolist() == [1, 2, 3, 4, 5, 6]
    assert MRG_RandomStreams([mrg.M1 - 1, 0, 0, 0, 0, mrg.M2 - 1]).rstate.dtype == np.int32
    for seed in (0, mrg.M2, -1, 2**40, [0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0], [mrg.M1, 1, 1, 1, 1, 1]):
        with pytest.raises(ValueError, match="must be from 0 to"):
            MRG_RandomStreams(seed)
    with pytest.raises(ValueError, match="last three entries"):
        MRG_RandomStreams([1, 1, 1, mrg.M2, 1, 1])
    for seed in ("a", 1.5, None, [1, 2, 3], [1.0] * 6, True, [[1] * 6]):
        with pytest.raises(TypeError, match="an int or six ints"):
            MRG_RandomStreams(seed)


def test_states():
    streams = MRG_RandomStreams(12345)
    start = streams.rstate
    x = streams.uniform((4,))
    assert np.array_equal(streams.rstate, ff_2p134(start))
    states = x.rstate.get_value()
    assert states.dtype == np.int32
    assert np.array_equal(states[0], start)
    assert np.array_equal(states[1], ff_2p72(start))
    assert streams.state_updates == [(x.rstate, x.update[1], (4,), 4)]
    assert streams.updates() == [x.update]
    assert x.rstate.default_update is x.update[1]
    other = MRG_RandomStreams(12345)
    assert np.array_equal(other.get_substream_rstates(4, "float64", inc_rstate=False), states)
    assert np.array_equal(other.rstate, start)
    other.inc_rstate()
    assert np.array_equal(other.rstate, streams.rstate)
    other.set_rstate(7)
    assert other.rstate.tolist() == [7] * 6
    with pytest.raises(ValueError, match="nstreams wants 1 or more"):
        streams.uniform((4,), nstreams=0)
    with pytest.raises(TypeError, match="nstreams wants an int"):
        streams.uniform((4,), nstreams=2.5)
    assert len(streams.state_updates) == 1


def test_seeding_again():
    streams = MRG_RandomStreams(5)
    f = function([], [streams.uniform((10,)), streams.normal((3,))])
    first = f()
    f()
    streams.seed()
    again = f()
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    streams.seed(6)
    other = MRG_RandomStreams(6)
    g = function([], [other.uniform((10,)), other.normal((3,))])
    assert all(np.array_equal(a, b) for a, b in zip(f(), g(), strict=True))
    with pytest.raises(ValueError):
        streams.seed(0)


def test_transfer_of_states():
    class Graph:
        def __init__(self, seed):
            self.rng = MRG_RandomStreams(seed)
            self.y = self.rng.uniform(size=(1,))

    g1, g2 = Graph(123), Graph(987)
    f1, f2 = function([], g1.y), function([], g2.y)
    assert f1() != f2()
    g2.rng.rstate = g1.rng.rstate
    for su1, su2 in zip(g1.rng.state_updates, g2.rng.state_updates, strict=True):
        su2[0].set_value(su1[0].get_value())
    assert f1() == f2()
    assert function([], g1.rng.normal((3,)))().tolist() == function([], g2.rng.normal((3,)))().tolist()


def test_uniform():
    streams = MRG_RandomStreams(5)
    x = function([], streams.uniform((1000,), -2.0, 3.0, nstreams=5))()
    assert np.array_equal(x, numbers(5, 5, 1000) * 5.0 + -2.0)
    n, size, low = T.lscalar("n"), T.lvector("size"), T.dvector("low")
    y = streams.uniform((n, 2))
    z = streams.uniform(size, ndim=2)
    w = streams.uniform(low=low, high=low + 1)
    a, b, c = function([n, size, low], [y, z, w])(3, [2, 4], [0.0, 10.0])
    assert a.shape == (3, 2)
    assert b.shape == (2, 4)
    assert (np.floor(c) == [0, 10]).all()
    assert function([], streams.uniform((0, 3)))().shape == (0, 3)
    with config.change_flags(floatX="float32"):
        assert streams.uniform((2,)).dtype == "float32"
        assert streams.uniform((2,), low=np.float64(0)).dtype == "float64"


def test_binomial():
    x = function([], MRG_RandomStreams(5).binomial((1000,), p=0.25, nstreams=5))()
    assert x.dtype == "int64"
    assert np.array_equal(x, numbers(5, 5, 1000) < 0.25)
    p = T.dvector("p")
    y = function([p], MRG_RandomStreams(5).binomial(p=p, dtype="float32"))([0.0, 1.0])
    assert y.dtype == "float32"
    assert y.tolist() == [0, 1]
    with pytest.raises(ValueError, match="n=1 only"):
        MRG_RandomStreams(5).binomial((2,), n=3)


@pytest.mark.parametrize("size", [(6,), (7,), (3, 5), (), (0,)])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_normal(size, dtype):
    count = int(np.prod(size))
    even = count + count % 2
    u = numbers(5, 15360, even, dtype)
    u1, u2 = u[: even // 2], u[even // 2 :]
    radius, angle = np.sqrt(-2 * np.log(u1)), np.asarray(2 * np.pi, dtype) * u2
    expected = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:count].reshape(size) * 2 + 1
    x = MRG_RandomStreams(5).normal(size, 1.0, 2.0, dtype=dtype)
    drawn = function([], x)()
    assert drawn.dtype == dtype
    assert drawn.shape == size
    np.testing.assert_allclose(drawn, expected, rtol=1e-12 if dtype == "float64" else 2e-5, atol=1e-6)
    assert x.type.shape == size


def test_normal_of_a_symbolic_size():
    n, avg = T.lscalar("n"), T.dvector("avg")
    f = function([n], MRG_RandomStreams(5).normal((n, 3)))
    g = function([], MRG_RandomStreams(5).normal((5, 3)))
    assert np.array_equal(f(5), g())
    assert function([avg], MRG_RandomStreams(5).normal(avg=avg, std=0.0))([1.0, 2.0]).tolist() == [1.0, 2.0]


def test_truncated_normal():
    streams = MRG_RandomStreams(5)
    cut, scaled = function(
        [], [streams.normal((100000,), truncate=True), streams.truncated_normal((100000,), 3.0, 0.5)]
    )()
    assert np.abs(cut).max() <= 2
    assert abs(cut.std() - 0.87962566) < 0.005
    assert abs(scaled.mean() - 3.0) < 0.01
    assert abs(scaled.std() - 0.5) < 0.005
    assert np.abs(scaled - 3.0).max() <= 2 * 0.5 / 0.87962566 + 1e-12
    assert np.sort(np.abs(cut))[50000] == pytest.approx(0.6390, abs=0.01)  # the median of |z|, cut at 2


def test_multinomial():
    p = T.dmatrix("p")
    n = T.iscalar("n")
    f = function([p, n], MRG_RandomStreams(5).multinomial(pvals=p, n=n))
    pvals = np.array([[0.1, 0.2, 0.7], [0.5, 0.25, 0.25]])
    u = numbers(5, 15360, 20).reshape(10, 2)
    expected = np.zeros((2, 3), dtype=np.int64)
    for draw in u:
        for row in range(2):
            expected[row, int(np.argmax(np.cumsum(pvals[row]) > draw[row]))] += 1
    counts = f(pvals, 10)
    assert counts.dtype == "int64"
    assert np.array_equal(counts, expected)
    once = function([], MRG_RandomStreams(5).multinomial(pvals=pvals, dtype="float32"))()
    assert once.dtype == "float32"
    assert once.sum(axis=1).tolist() == [1, 1]
    assert function([], MRG_RandomStreams(5).multinomial(pvals=[[-2.0, 2.0]]))().tolist() == [[0, 0]]


def test_choice():
    pvals = np.array([[0.1, 0.2, 0.7], [0.5, 0.25, 0.25]])
    x = MRG_RandomStreams(5).choice(size=2, replace=False, p=pvals)
    drawn = function([], x)()
    u = numbers(5, 15360, 4).reshape(2, 2)
    first = [int(np.argmax(np.cumsum(pvals[row]) > u[0, row])) for row in range(2)]
    assert drawn[:, 0].tolist() == first
    assert (drawn[:, 0] != drawn[:, 1]).all()
    assert x.type.shape == (2, 2)
    many = function([], MRG_RandomStreams(5).choice(size=50, p=pvals))()
    assert many.shape == (2, 50)
    assert set(many.ravel()) == {0, 1, 2}
    with pytest.warns(DeprecationWarning, match="choice"):
        old = MRG_RandomStreams(5).multinomial_wo_replacement(n=2, pvals=pvals)
    assert np.array_equal(function([], old)(), drawn)
    with pytest.raises(ValueError, match="fewer with a probability"):
        function([], MRG_RandomStreams(5).choice(size=4, replace=False, p=pvals))()


def test_what_is_refused():
    streams = MRG_RandomStreams(5)
    for make, error, text in (
        (lambda: streams.uniform((2.5,)), TypeError, "size wants"),
        (lambda: streams.uniform((-1,)), ValueError, "can't be -1"),
        (lambda: streams.uniform((2,), low=[[1.0]]), ValueError, "the parameters have 2 dimensions"),
        (lambda: streams.uniform(T.lvector()), ValueError, "number of dimensions"),
        (lambda: streams.uniform((2,), dtype="int64"), TypeError, "float32 or float64"),
        (lambda: streams.multinomial(pvals=[0.5, 0.5]), TypeError, "matrix of probabilities"),
        (lambda: streams.multinomial(), TypeError, "wants the parameter pvals"),
        (lambda: streams.multinomial(size=(2,), pvals=[[1.0]]), ValueError, "follow from the probabilities"),
        (lambda: streams.multinomial(n=0, pvals=[[1.0]]), ValueError, "1 or more"),
        (lambda: streams.choice(a=3, p=[[1.0]]), ValueError, "a can't be given"),
        (lambda: streams.choice(size=(2,), p=[[1.0]]), TypeError, "n wants 0 dimensions"),
    ):
        with pytest.raises(error, match=text):
            make()
    assert not streams.state_updates
    assert streams.rstate.tolist() == [5] * 6


def test_default_updates():
    x = MRG_RandomStreams(5).uniform((3,))
    moving, still = function([], x), function([], x, no_default_updates=True)
    assert np.array_equal(still(), still())
    assert np.array_equal(still(), moving())
    assert not np.array_equal(moving(), moving())
    assert np.abs(function([], x + x - 2 * x)()).max() < 1e-15


def test_gradients_pass_bounds_but_not_draws():
    low, high, p = T.dscalar("low"), T.dscalar("high"), T.dscalar("p")
    x = MRG_RandomStreams(5).uniform((1,), low, high, nstreams=1)
    slopes = function([low, high], grad(x.sum(), [low, high]))(1.0, 3.0)
    u = numbers(5, 1, 1)[0]
    assert [float(s) for s in slopes] == pytest.approx([1 - u, u])
    avg = T.dscalar("avg")
    assert float(function([avg], grad(MRG_RandomStreams(5).normal((4,), avg).sum(), avg))(0.0)) == 4.0
    draws = MRG_RandomStreams(5).binomial((4,), p=p).sum().astype("float64")
    assert float(function([], grad(draws, p))()) == 0.0


def test_saving():
    streams = MRG_RandomStreams(5)
    x = streams.normal((3,))
    function([], x)()
    twin, (y,) = pickle.loads(pickle.dumps((streams, [x])))
    assert twin.fingerprint() == streams.fingerprint()
    assert y.rstate is twin.state_updates[0][0]
    assert np.array_equal(function([], y)(), function([], x)())


def test_what_people_see():
    streams = MRG_RandomStreams(5)
    x = streams.uniform((2,))
    assert repr(streams) == f"MRG_RandomStreams(seed=5): 1 stream, state {streams.fingerprint()}"
    before = streams.fingerprint()
    function([], x)()
    assert streams.fingerprint() != before
    ((what, kind, where, state),) = streams.draws()
    assert (what, kind, where.partition(":")[0]) == ("mrg_uniform", "TensorType(float64, (2,))", "test_rng_mrg.py")
    assert len(state) == 8
