"""Draws in C: NumPy's numbers and states, bit for bit, without a Python step; states are anybody's or nobody's."""

import threading
from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym import function, scan, shared
from interactive_sym.cffi_backend import build, call, unit
from interactive_sym.cffi_backend.lower_random import with_states_as_arrays
from interactive_sym.core.ops import random
from interactive_sym.ifelse import ifelse
from interactive_sym.tensor.shared_randomstreams import RandomStreams

SEED = 20260101
COUNT = 3000


def steps_of(f: Any) -> int:
    """How many Python steps a function's unit has."""
    return len(unit.generate(f.program).spec.steps)


def same(state: np.random.RandomState, other: np.random.RandomState) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(state.get_state(), other.get_state(), strict=True))


def drawn(make: Any, *inputs: Any, values: tuple[Any, ...] = ()) -> tuple[np.ndarray, np.random.RandomState]:
    """Two calls' samples by compiled code, and the state afterwards."""
    state = shared(np.random.RandomState(SEED))
    after, sample = make(state)
    f = function(list(inputs), sample, updates=[(state, after)])
    assert steps_of(f) == 0
    first = f(*values)
    return np.stack([first, f(*values)]), state.get_value()


N, P = np.array([3, 40, 1000]), np.array([[0.25], [0.5], [0.75]])
WEIGHTS = np.arange(15.0) ** 3 + 1
MEANS = np.array([0.0, 0.3, 3.0, 9.99, 10.0, 30.0, 1e4])

#: what is drawn by our function and by NumPy's
DRAWS: dict[str, tuple[Any, Any]] = {
    "uniform": (lambda s: random.uniform(s, (COUNT,), -2.0, 3.0), lambda r: r.uniform(-2, 3, COUNT)),
    "uniform scalar": (lambda s: random.uniform(s), lambda r: r.uniform()),
    "uniform float32": (
        lambda s: random.uniform(s, (7,), dtype="float32"),
        lambda r: r.uniform(0, 1, 7).astype("float32"),
    ),
    "uniform of arrays": (lambda s: random.uniform(s, (4, 3, 3), -P, N), lambda r: r.uniform(-P, N, (4, 3, 3))),
    "normal": (lambda s: random.normal(s, (COUNT + 1,), 1.5, 2.0), lambda r: r.normal(1.5, 2.0, COUNT + 1)),
    "normal of arrays": (lambda s: random.normal(s, None, N, P), lambda r: r.normal(N, P)),
    "integers of few bits": (
        lambda s: random.random_integers(s, (COUNT,), -3, 9),
        lambda r: r.randint(-3, 10, COUNT, dtype=np.int64),
    ),
    "one integer": (lambda s: random.random_integers(s, (5,), 4, 4), lambda r: r.randint(4, 5, 5, dtype=np.int64)),
    "integers of 32 bits": (
        lambda s: random.random_integers(s, (9,), 0, 2**32 - 1),
        lambda r: r.randint(0, 2**32, 9, dtype=np.int64),
    ),
    "integers of 64 bits": (
        lambda s: random.random_integers(s, (COUNT,), -(2**40), 2**62),
        lambda r: r.randint(-(2**40), 2**62 + 1, COUNT, dtype=np.int64),
    ),
    "all integers": (
        lambda s: random.random_integers(s, (9,), -(2**63), 2**63 - 1),
        lambda r: r.randint(-(2**63), 2**63, 9, dtype=np.int64),
    ),
    "integers as int8": (
        lambda s: random.random_integers(s, (9,), 0, 300, dtype="int8"),
        lambda r: r.randint(0, 301, 9, dtype=np.int64).astype("int8"),
    ),
    "binomial of arrays": (lambda s: random.binomial(s, (2, 3, 3), N, P), lambda r: r.binomial(N, P, (2, 3, 3))),
    "binomial as bool": (
        lambda s: random.binomial(s, (50,), 2, 0.2, dtype="bool"),
        lambda r: r.binomial(2, 0.2, 50).astype("bool"),
    ),
    "poisson of an array": (
        lambda s: random.poisson(s, (500, 7), MEANS),
        lambda r: r.poisson(MEANS, (500, 7)),
    ),
    "permutations": (
        lambda s: random.permutation(s, (2, 3), 11),
        lambda r: np.array([r.permutation(11) for _ in range(6)]).reshape(2, 3, 11),
    ),
    "permutation of nothing": (lambda s: random.permutation(s, (2,), 0), lambda r: np.empty((2, 0))),
    "choice": (lambda s: random.choice(s, (COUNT,), 7), lambda r: r.choice(7, COUNT)),
    "nothing of nothing": (lambda s: random.choice(s, (0,), 0), lambda r: np.empty(0)),
    "choice of elements": (
        lambda s: random.choice(s, (20,), [1.5, 2.5, 4.5], dtype="float32"),
        lambda r: r.choice([1.5, 2.5, 4.5], 20).astype("float32"),
    ),
    "choice without replacement": (
        lambda s: random.choice(s, (4, 2), [3, 5, 7, 11, 13, 17, 19, 23, 29], replace=False),
        lambda r: r.choice([3, 5, 7, 11, 13, 17, 19, 23, 29], (4, 2), replace=False),
    ),
    "choice with probabilities": (
        lambda s: random.choice(s, (COUNT,), 4, p=[0.1, 0.0, 0.6, 0.3]),
        lambda r: r.choice(4, COUNT, p=[0.1, 0.0, 0.6, 0.3]),
    ),
    "choice with probabilities, without replacement": (
        lambda s: random.choice(s, (12,), 15, replace=False, p=WEIGHTS / WEIGHTS.sum()),
        lambda r: r.choice(15, 12, replace=False, p=WEIGHTS / WEIGHTS.sum()),
    ),
    "one choice": (lambda s: random.choice(s, None, [2, 3]), lambda r: r.choice([2, 3])),
    "multinomial": (
        lambda s: random.multinomial(s, (4, 3), 10, [0.2, 0.3, 0.5]),
        lambda r: np.array([r.multinomial(10, [0.2, 0.3, 0.5]) for _ in range(12)]).reshape(4, 3, 3),
    ),
    "multinomial of arrays": (
        lambda s: random.multinomial(s, None, N[:2], [[0.2, 0.8], [0.5, 0.5]]),
        lambda r: np.array([r.multinomial(3, [0.2, 0.8]), r.multinomial(40, [0.5, 0.5])]),
    ),
    "multinomial a little over 1": (
        lambda s: random.multinomial(s, (5,), 100, [0.5, 0.5 + 1e-7, 1e-7]),
        lambda r: np.array([r.multinomial(100, np.array([0.5, 0.5 + 1e-7, 1e-7]) * (1 - 5e-5)) for _ in range(5)]),
    ),
    "no numbers": (lambda s: random.normal(s, (0, 3)), lambda r: np.empty((0, 3))),
}


@pytest.mark.parametrize("name", DRAWS)
def test_numbers_and_states_are_numpys(name: str) -> None:
    ours, numpys = DRAWS[name]
    values, state = drawn(ours)
    reference = np.random.RandomState(SEED)
    expected = np.stack([numpys(reference), numpys(reference)])
    assert np.array_equal(values, expected)
    assert same(state, reference)


@pytest.mark.parametrize("p", [0.0, 1e-9, 0.01, 0.3, 0.5, 0.51, 0.77, 0.999, 1.0])
@pytest.mark.parametrize("n", [0, 1, 10, 59, 61, 100, 1000, 10**6, 10**12])
def test_binomial_in_every_range(n: int, p: float) -> None:
    count, chance = T.lscalar("n"), T.dscalar("p")
    state = shared(np.random.RandomState(SEED))
    after, sample = random.binomial(state, (400,), count, chance)
    f = _function("binomial", lambda: function([count, chance], sample, updates=[(state, after)]), state)
    reference = np.random.RandomState(SEED)
    assert np.array_equal(f(n, p), reference.binomial(n, p, 400))


@pytest.mark.parametrize("mean", [0.0, 1e-9, 0.5, 5.0, 9.9999, 10.0, 12.5, 100.0, 1e3, 1e6, 1e9, 1e15])
def test_poisson_in_every_range(mean: float) -> None:
    given = T.dscalar("mean")
    state = shared(np.random.RandomState(SEED))
    after, sample = random.poisson(state, (400,), given)
    f = _function("poisson", lambda: function([given], sample, updates=[(state, after)]), state)
    assert np.array_equal(f(mean), np.random.RandomState(SEED).poisson(mean, 400))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [1, 2, 7, 8, 9, 17, 100, 130, 300])
def test_multinomial_of_many_outcomes(size: int, dtype: str) -> None:
    """Whether a row is scaled depends on the last digit of its sum, which is NumPy's."""
    generator, given = np.random.default_rng(size), T.TensorType(dtype, shape=(None,))("p")
    state = shared(np.random.RandomState(SEED))
    after, sample = random.multinomial(state, (3,), 50, given)
    f = _function(dtype, lambda: function([given], sample, updates=[(state, after)]), state)
    record = random.DISTRIBUTIONS["multinomial"]
    for _ in range(40):
        p = generator.random(size) + 1e-3
        p = (p / p.sum()).astype(dtype)
        expected = record.draw(np.random.RandomState(SEED), (3,), np.array(50), p)
        _made[dtype][1].set_value(np.random.RandomState(SEED))
        assert np.array_equal(f(p), expected)


def test_whether_elements_are_put_back_may_be_a_variable() -> None:
    again, size = T.bscalar("again"), T.lscalar("size")
    state = shared(np.random.RandomState(SEED))
    after, sample = random.choice(state, (4,), size, replace=again)
    f = function([again, size], sample, updates=[(state, after)])
    assert steps_of(f) == 0
    reference = np.random.RandomState(SEED)
    for put_back, n in ((1, 4), (0, 4), (0, 9), (1, 10**6)):
        assert np.array_equal(f(put_back, n), reference.choice(n, 4, bool(put_back)))
    with pytest.raises(ValueError, match="larger sample"):
        f(0, 3)


_made: dict[str, tuple[Any, Any]] = {}


def _function(name: str, make: Any, state: Any) -> Any:
    """One function for all cases of a test, from the same state each time."""
    if name not in _made:
        _made[name] = make(), state
    f, state = _made[name]
    state.set_value(np.random.RandomState(SEED))
    return f


def test_parameters_of_unknown_sizes() -> None:
    low, high = T.dvector("low"), T.lvector("high")
    stretched, _ = drawn(lambda s: random.uniform(s, (2, 4), low, high), low, high, values=([1.0], [2, 3, 4, 5]))
    reference = np.random.RandomState(SEED)
    assert np.array_equal(stretched[0], reference.uniform([1.0], [2, 3, 4, 5], (2, 4)))
    joined, _ = drawn(lambda s: random.uniform(s, None, low, high), low, high, values=([0.0, 1.0], [2, 3]))
    assert np.array_equal(joined[0], np.random.RandomState(SEED).uniform([0, 1], [2, 3]))
    streams = RandomStreams(1)
    f = function([low, high], streams.uniform(None, low, high))
    with pytest.raises(ValueError, match="3"):
        f([1.0, 2.0], [1, 2, 3])
    g = function([low], streams.uniform((3,), low))
    with pytest.raises(ValueError, match="3"):
        g([1.0, 2.0])


def test_sizes_worked_out_by_calls() -> None:
    x, n = T.dmatrix("x"), T.lscalar("n")
    streams = RandomStreams(5)
    f = function([x, n], [streams.normal(x.shape), streams.permutation(n=n), streams.uniform((n, 2)).shape])
    a, b, c = f(np.zeros((3, 2)), 4)
    assert a.shape == (3, 2) and sorted(b) == [0, 1, 2, 3] and c.tolist() == [4, 2]
    with pytest.raises(ValueError, match="negative"):
        f(np.zeros((3, 2)), -1)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda s, x: s.uniform((2,), x, np.inf), OverflowError),
        (lambda s, x: s.normal((2,), 0.0, x), ValueError),
        (lambda s, x: s.binomial((2,), 5, x), ValueError),
        (lambda s, x: s.poisson((2,), x), ValueError),
        (lambda s, x: s.random_integers((2,), 3, T.cast(x, "int64")), ValueError),
        (lambda s, x: s.choice((2,), T.cast(x, "int64")), ValueError),
        (lambda s, x: s.choice((2,), 2, p=T.stack([x, 2.0])), ValueError),
        (lambda s, x: s.choice((2,), 2, p=T.stack([0.5, 0.4 - x * 0])), ValueError),
        (lambda s, x: s.choice((2,), 3, p=T.stack([0.5, 0.5 - x * 0])), ValueError),
        (lambda s, x: s.choice((2,), 2, replace=False, p=T.stack([1.0, x * 0])), ValueError),
        (lambda s, x: s.multinomial((2,), 5, T.stack([x, 2.0])), ValueError),
        (lambda s, x: s.multinomial((2,), T.cast(x, "int64")), ValueError),
        (lambda s, x: s.permutation(n=T.cast(x, "int64")), ValueError),
    ],
)
def test_parameters_out_of_range_are_numpys_errors_and_change_nothing(make: Any, error: type[Exception]) -> None:
    x = T.dscalar("x")
    streams = RandomStreams(5)
    before, sample = streams.normal((3,)), make(streams, x)
    f = function([x], [before, sample])
    assert steps_of(f) == 0
    states = [state.get_value() for state, _ in streams.state_updates]
    with pytest.raises(error):
        f(-1.0)
    assert all(same(a, state.get_value()) for a, (state, _) in zip(states, streams.state_updates))


def test_a_state_somebody_holds_is_never_overwritten() -> None:
    streams = RandomStreams(3)
    u = streams.uniform()
    f = function([], u)
    held = u.rng.get_value(borrow=True)
    kept = np.random.RandomState()
    kept.set_state(held.get_state())
    value = f()
    assert same(held, kept)
    assert kept.uniform() == value
    assert same(u.rng.get_value(borrow=True), kept)
    del held
    again = u.rng.get_value(borrow=True)
    again.seed(7)  # the value itself: seeding it changes the stream
    assert f() == np.random.RandomState(7).uniform()


def test_two_variables_with_one_state_part() -> None:
    state = np.random.RandomState(4)
    a, b = shared(state, borrow=True), shared(state, borrow=True)
    (a2, x), (b2, y) = random.uniform(a), random.normal(b)
    f = function([], [x, y], updates=[(a, a2), (b, b2)])
    assert f() == [np.random.RandomState(4).uniform(), np.random.RandomState(4).normal()]
    assert same(state, np.random.RandomState(4))
    assert a.get_value(borrow=True) is not b.get_value(borrow=True)


def test_the_second_normal_number_is_kept_between_functions_and_by_set_value() -> None:
    streams = RandomStreams(8)
    n = streams.normal()
    f, g = function([], n), function([], n)
    reference = np.random.RandomState()
    reference.set_state(n.rng.get_value().get_state())
    assert [f(), g(), g()] == [reference.normal() for _ in range(3)]
    n.rng.set_value(n.rng.get_value())
    assert f() == reference.normal()


def test_states_as_arguments_and_results() -> None:
    state = shared(np.random.RandomState(0))
    given = state.type.make_variable("given")
    after, sample = random.uniform(given, (3,))
    f = function([given], [sample, after])
    assert steps_of(f) == 0
    mine, reference = np.random.RandomState(11), np.random.RandomState(11)
    sample_value, after_value = f(mine)
    assert same(mine, reference)
    assert np.array_equal(sample_value, reference.uniform(size=3)) and same(after_value, reference)


@pytest.mark.parametrize("backend", ["c", "python"])
def test_any_other_generator_is_drawn_from_by_numpy(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = call.make
    monkeypatch.setattr(call, "make", lambda *args, **rest: made(*args, **{**rest, "backend": backend}))
    state = shared(np.random.RandomState(1))
    after, sample = random.normal(state, (3,))
    f = function([], sample, updates=[(state, after)])
    assert np.array_equal(f(), np.random.RandomState(1).normal(size=3))
    state.set_value(np.random.RandomState(np.random.PCG64(3)))
    reference = np.random.RandomState(np.random.PCG64(3))
    for _ in range(2):
        assert np.array_equal(f(), reference.normal(size=3))
    assert state.get_value(borrow=True).uniform() == reference.uniform()
    state.set_value(np.random.RandomState(1))
    assert np.array_equal(f(), np.random.RandomState(1).normal(size=3))


def test_loops_and_branches_draw_in_c() -> None:
    streams = RandomStreams(9)
    start = T.as_tensor_variable(np.float64(0.0))
    walk, updates = scan(lambda x: x + streams.normal() * streams.uniform(), outputs_info=start, n_steps=40)
    f = function([], walk, updates=updates)
    assert steps_of(f) == 0
    normals, uniforms = (np.random.RandomState(seed) for seed in np.random.RandomState(9).randint(2**30, size=2))
    for _ in range(2):
        expected = [0.0]
        for _ in range(40):
            expected.append(expected[-1] + normals.normal() * uniforms.uniform())
        assert np.array_equal(f(), expected[1:])
    x = T.dscalar("x")
    g = function([x], ifelse(x > 0, streams.normal((2,)).sum(), streams.uniform((2,)).sum()))
    assert steps_of(g) == 0 and g(1.0) != g(1.0)


def test_where_a_state_goes_to_python_all_stay_objects() -> None:
    streams = RandomStreams(2)
    x, y = streams.choice((2,), np.array([2, 3], "uint64"), dtype="uint64"), streams.uniform()
    f = function([], [x, y])
    assert with_states_as_arrays(f.program) is f.program
    assert steps_of(f) == 2
    states = [np.random.RandomState(seed) for seed in np.random.RandomState(2).randint(2**30, size=2)]
    assert f()[1] == states[1].uniform()


@pytest.mark.parametrize("layout", [None, "known"])
def test_states_are_read_where_their_layout_is_not_known(layout: Any) -> None:
    places = call.state_layout()
    module = call.runtime_module()
    if layout is None:
        module.lib.isym_states(0, 0, 0, 0)
    try:
        streams = RandomStreams(6)
        n = streams.normal((3,))
        f = function([], n)
        reference = np.random.RandomState()
        reference.set_state(n.rng.get_value().get_state())
        for _ in range(3):
            assert np.array_equal(f(), reference.normal(size=3))
    finally:
        if places is not None:
            module.lib.isym_states(id(np.random.RandomState), id(np.random.MT19937), *places)


def test_threads_draw_each_number_once() -> None:
    streams = RandomStreams(6)
    f = function([], streams.uniform())
    reference = np.random.RandomState()
    reference.set_state(streams.state_updates[0][0].get_value().get_state())
    found: list[float] = []

    def work() -> None:
        found.extend(float(f()) for _ in range(500))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(reference.uniform(size=2000))


def test_a_trial_that_wants_another_number_is_left_to_the_general_way() -> None:
    """What rounding could bring about is brought about by a distribution that does not sum up to 1."""
    source = """#include "isym.h"
    #include "mersenne.h"
    int isym_kernel(isym_ctx *c) {
      double *out = c->output(c, 0, 0, 0), u[100];
      isym_mt state = {{0}, ISYM_MT_LENGTH, 0, 0.0};
      for (uint32_t k = 0; k < ISYM_MT_LENGTH; k++) state.key[k] = 2654435761u * (k + 1);
      const isym_mt before = state;
      const isym_mt_inversion whole = {0.5, 0.5, 1}, part = {0.5, 0.2, 1};
      const int failed = !isym_mt_trials(&state, 0.5, part, u, 100) && !memcmp(&state, &before, sizeof state);
      *out = failed + 2 * isym_mt_trials(&state, 0.5, whole, u, 100) + 4 * (state.place == 200);
      return ISYM_OK;
    }"""
    spec = call.UnitSpec(source, (), outputs=(call.ArgSpec("found", "float64"),))
    assert call.make(spec, build.load(source), single=True)() == 7
