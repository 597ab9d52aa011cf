"""Expected counts beside histograms: each distribution against its own draws, from copies only."""

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym import shared
from interactive_sym.tensor.rng_mrg import MRG_RandomStreams
from interactive_sym.tensor.shared_randomstreams import RandomStreams
from interactive_sym.viz.densities import binned, reference
from interactive_sym.viz.live import live_of

DRAWS = {
    "uniform": lambda s: s.uniform((100,), low=-1, high=3),
    "uniform of many bounds": lambda s: s.uniform((50, 3), low=np.array([0.0, 1.0, 2.0]), high=4),
    "normal": lambda s: s.normal((100,), avg=2.0, std=0.5),
    "binomial": lambda s: s.binomial((100,), n=40, p=0.3),
    "one trial": lambda s: s.binomial((100,), n=1, p=0.25),
    "poisson": lambda s: s.poisson((100,), lam=3.5),
    "integers": lambda s: s.random_integers((100,), low=-3, high=200),
    "choice": lambda s: s.choice((100,), a=[1, 5, 7], p=[0.2, 0.3, 0.5]),
    "choice of a range": lambda s: s.choice((100,), a=6),
    "permutation": lambda s: s.permutation((20,), n=5),
    "multinomial": lambda s: s.multinomial((40,), n=12, pvals=[0.2, 0.3, 0.5]),
    "parameters in a shared variable": lambda s: s.normal((100,), avg=shared(5.0) * 2, std=2.0),
}


@pytest.mark.parametrize("name", DRAWS)
def test_counts_are_as_expected_and_looking_changes_nothing(name):
    srng = RandomStreams(seed=234)
    DRAWS[name](srng)
    live, before = live_of(srng), srng.fingerprint()
    found = live.preview(0, 0)
    assert srng.fingerprint() == before
    counts, expected = np.array(found["histogram"]), np.array(found["expected"])
    assert counts.sum() == found["count"] and len(found["edges"]) == len(counts) + 1
    assert abs(expected.sum() - counts.sum()) < 0.02 * counts.sum()
    good = expected > 5
    # z-scores of the bins; elements of one multinomial draw or permutation depend on each other, so they are wider
    assert (np.abs(counts - expected)[good] < 5 * np.sqrt(expected[good]) + 1).all()
    assert found["formula"]


def test_streams_in_c_draw_uniform_numbers():
    srng = MRG_RandomStreams(234)
    srng.normal((10,))
    before = srng.fingerprint()
    found = live_of(srng).preview(0, 0)
    assert srng.fingerprint() == before and found["formula"] == "U(0, 1)"
    counts, expected = np.array(found["histogram"]), np.array(found["expected"])
    assert np.abs(counts - expected).max() < 6 * np.sqrt(expected.max())


def test_the_wrong_distribution_is_seen():
    srng = RandomStreams(1)
    srng.normal((10,), avg=0.0, std=1.0)
    (state, after) = srng.updates()[0]
    found = binned(np.random.RandomState(0).uniform(-2, 2, 4000), reference(state, after, state.get_value()))
    assert np.abs(np.array(found["histogram"]) - np.array(found["expected"])).max() > 50


def test_choices_without_replacement_have_no_simple_expectation():
    srng = RandomStreams(1)
    srng.choice((2,), a=3, replace=False, p=[0.5, 0.3, 0.2])
    assert "expected" not in live_of(srng).preview(0, 0)


def test_one_value_has_a_bin():
    srng = RandomStreams(1)
    srng.uniform((3,), low=2.0, high=2.0)
    found = live_of(srng).preview(0, 0)
    assert sum(found["histogram"]) == found["count"]


def test_a_draw_that_depends_on_inputs_is_refused():
    srng = RandomStreams(1)
    srng.uniform((2,), low=T.dscalar("low"))
    with pytest.raises(Exception, match="low"):
        live_of(srng).preview(0, 0)
