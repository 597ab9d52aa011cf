"""Random streams in shared variables: NumPy's numbers, bit for bit.

A `RandomStreams` makes random variables. Each has its own `RandomState` in a shared variable, which functions that
use the variable replace after each call by the state after the draw (its `default_update`). Within one call a
variable is drawn once.

Read next: `rng_mrg` (streams that run in C), `core.ops.random` (the draws).
"""

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.errors import message
from ..core.op import call
from ..core.ops import random as raw_random
from ..core.ops.random import PermuteRowElements, RandomVariable, integer_parameter
from ..core.shared import SharedVariable, random_state_shared
from ..core.source import here

__all__ = ["RandomStreams", "randomstate_constructor", "state_fingerprint"]


def state_fingerprint(*states: Any) -> str:
    """8 hexadecimal digits that differ where states do: of RandomStates and arrays.

    Example:
        >>> import numpy
        >>> state_fingerprint(numpy.random.RandomState(1)) == state_fingerprint(numpy.random.RandomState(1))
        True
    """
    digest = hashlib.blake2b(digest_size=4)
    for state in states:
        if isinstance(state, np.random.RandomState):
            digest.update(_bytes(state.get_state(legacy=False)))
        else:
            digest.update(np.ascontiguousarray(state).tobytes())
    return digest.hexdigest()


def _bytes(content: Any) -> bytes:
    if isinstance(content, dict):
        return b"".join(key.encode() + _bytes(content[key]) for key in sorted(content))
    if isinstance(content, np.ndarray):
        return content.tobytes()
    return repr(content).encode()


def randomstate_constructor(
    value: Any, name: str | None = None, strict: bool = False, allow_downcast: bool | None = None, borrow: bool = False
) -> SharedVariable:
    """A shared variable that holds a RandomState.

    Args:
        value: a `numpy.random.RandomState`.
        name, borrow: as for `shared`.
        strict, allow_downcast: accepted; there is nothing to convert.

    Raises:
        TypeError: any other value.

    Example:
        >>> randomstate_constructor(np.random.RandomState(1), name="stream").type
        RandomState
    """
    if not isinstance(value, np.random.RandomState):
        raise TypeError(message(f"a numpy.random.RandomState is wanted, got {type(value).__name__}", here()[0]))
    return random_state_shared(value, name=name, borrow=borrow)


class RandomStreams:
    """A maker of random variables, which draw NumPy's numbers.

    One generator, `RandomState(seed)`, gives each new variable the seed of its own `RandomState`, so that variables
    made later change nothing for earlier ones.

    Args:
        seed: an int from 0 to 2**32 - 1; None takes one from the operating system.

    Attributes:
        state_updates: for each variable, in the order they were made, the pair (shared state, state after the draw).
        default_instance_seed: the seed given here.
        last_seed: the seed of the last call of `seed`, None before one.
        gen_seedgen: the RandomState that gives seeds to new variables.
        algorithm: what makes the numbers.

    The methods `uniform normal binomial random_integers choice poisson permutation multinomial` take a size first:
    None (the parameters' common shape), an int, a tuple of ints and symbolic integers (-1: the parameters' size), or
    an integer vector. `ndim` is the number of dimensions, needed only where the size is a vector of unknown length.
    Each returns a variable with the attributes `rng` (its shared state) and `update` (its entry of `state_updates`).

    Example:
        >>> from interactive_sym import function
        >>> from interactive_sym.tensor.shared_randomstreams import RandomStreams
        >>> streams = RandomStreams(seed=123)
        >>> f = function([], streams.uniform(size=(1,)))
        >>> print(f().round(8), f().round(8))
        [0.72803009] [0.59044123]
    """

    algorithm = "MT19937 (numpy.random.RandomState)"

    def __init__(self, seed: int | None = None) -> None:
        self.state_updates: list[tuple[Any, Any]] = []
        self.default_instance_seed = seed
        self.last_seed: int | None = None
        self.gen_seedgen = np.random.RandomState(seed)

    def updates(self) -> list[tuple[Any, Any]]:
        """The pairs (shared state, state after the draw) of all variables made so far.

        Example:
            >>> streams = RandomStreams(123)
            >>> u = streams.uniform()
            >>> streams.updates() == [u.update]
            True
        """
        return list(self.state_updates)

    def seed(self, seed: int | None = None) -> None:
        """Give every variable made so far a new state.

        A fresh `RandomState(seed)` gives the seeds, in the order the variables were made. Variables made later get the
        same states as without this call.

        Args:
            seed: an int; None is the seed of the constructor.

        Example:
            >>> streams = RandomStreams(123)
            >>> u = streams.uniform()
            >>> streams.seed(902340)
            >>> u.rng.get_value().randint(2**30) == np.random.RandomState(587227042).randint(2**30)
            True
        """
        generator = np.random.RandomState(self.default_instance_seed if seed is None else seed)
        self.last_seed = self.default_instance_seed if seed is None else seed
        for state, _ in self.state_updates:
            state.set_value(np.random.RandomState(int(generator.randint(2**30))), borrow=True)

    def __getitem__(self, item: Any) -> np.random.RandomState:
        """The RandomState that the shared variable `item` holds, itself: seeding it changes the stream.

        Raises:
            KeyError: `item` is not the `rng` of a variable of this object.
        """
        state: np.random.RandomState = self._own(item).get_value(borrow=True)
        return state

    def __setitem__(self, item: Any, value: np.random.RandomState) -> None:
        """Give the shared variable `item` a copy of the RandomState `value`.

        Raises:
            KeyError: `item` is not the `rng` of a variable of this object.
            TypeError: `value` is not a RandomState.
        """
        self._own(item).set_value(value)

    def _own(self, item: Any) -> Any:
        for state, _ in self.state_updates:
            if state is item:
                return state
        raise KeyError(f"{item} is not the rng of a variable of this RandomStreams")

    def gen(self, op: Callable[..., Any], *args: Any, **kwargs: Any) -> RandomVariable:
        """A new random variable with a stream of its own.

        Args:
            op: called `op(state, *args, **kwargs)`, it returns the pair (state after the draw, sample), as the
                functions of `core.ops.random` do.
            args, kwargs: its other arguments.

        Returns:
            The sample, with the attributes `rng` and `update`.

        Example:
            >>> RandomStreams(123).gen(raw_random.uniform, (2,)).eval()
            array([0.72803009, 0.59044123])
        """
        generator = self.gen_seedgen
        before = generator.get_state()
        state = random_state_shared(np.random.RandomState(int(generator.randint(2**30))), borrow=True)
        try:
            after, sample = op(state, *args, **kwargs)
        except BaseException:
            generator.set_state(before)  # a call that failed leaves no trace
            raise
        sample.rng = state
        sample.update = (state, after)
        self.state_updates.append(sample.update)
        state.default_update = after
        return sample  # type: ignore[no-any-return]

    def uniform(
        self, size: Any = None, low: Any = 0.0, high: Any = 1.0, ndim: int | None = None, dtype: Any = None
    ) -> RandomVariable:
        """Uniform numbers in `[low, high)`, of the type that holds floatX and the bounds unless `dtype` is given.

        Example:
            >>> RandomStreams(123).uniform((2,), low=-1.0).eval()
            array([0.45606018, 0.18088245])
        """
        return self.gen(raw_random.uniform, size, low, high, ndim=ndim, dtype=dtype)

    def normal(
        self, size: Any = None, avg: Any = 0.0, std: Any = 1.0, ndim: int | None = None, dtype: Any = None
    ) -> RandomVariable:
        """Normal numbers of mean `avg` and standard deviation `std`; element type as for `uniform`.

        Example:
            >>> RandomStreams(123).normal((2,), avg=10.0).eval()
            array([10.62222165, 11.56881177])
        """
        return self.gen(raw_random.normal, size, avg, std, ndim=ndim, dtype=dtype)

    def binomial(
        self, size: Any = None, n: Any = 1, p: Any = 0.5, ndim: int | None = None, dtype: Any = "int64"
    ) -> RandomVariable:
        """The number of successes in `n` trials of probability `p`.

        Example:
            >>> RandomStreams(123).binomial((6,), n=10, p=0.7).eval()
            array([6, 7, 8, 6, 5, 8])
        """
        return self.gen(raw_random.binomial, size, n, p, ndim=ndim, dtype=dtype)

    def random_integers(
        self, size: Any = None, low: Any = 0, high: Any = 1, ndim: int | None = None, dtype: Any = "int64"
    ) -> RandomVariable:
        """Integers from `low` to `high`, both included, equally likely.

        Example:
            >>> RandomStreams(123).random_integers((6,), 1, 6).eval()
            array([5, 1, 1, 6, 6, 3])
        """
        return self.gen(raw_random.random_integers, size, low, high, ndim=ndim, dtype=dtype)

    def choice(
        self,
        size: Any = None,
        a: Any = 2,
        replace: Any = True,
        p: Any = None,
        ndim: int | None = None,
        dtype: Any = "int64",
    ) -> RandomVariable:
        """Elements of the vector `a`, or of `0, 1, ..., a - 1`, with probabilities `p`, with or without replacement.

        Example:
            >>> RandomStreams(123).choice((4,), a=[2, 3, 5]).eval()
            array([2, 2, 5, 2])
        """
        return self.gen(raw_random.choice, size, a, replace, p, ndim=ndim, dtype=dtype)

    def poisson(
        self, size: Any = None, lam: Any = None, ndim: int | None = None, dtype: Any = "int64"
    ) -> RandomVariable:
        """Numbers of events where `lam` are expected. TypeError without `lam`.

        Example:
            >>> RandomStreams(123).poisson((4,), lam=3.0).eval()
            array([5, 3, 3, 7])
        """
        return self.gen(raw_random.poisson, size, lam, ndim=ndim, dtype=dtype)

    def permutation(
        self, size: Any = None, n: Any = 1, ndim: int | None = None, dtype: Any = "int64"
    ) -> RandomVariable:
        """Permutations of `0, 1, ..., n - 1`: shape `(*size, n)`. `ndim` counts the dimensions of `size`.

        Example:
            >>> RandomStreams(123).permutation(n=5).eval()
            array([1, 3, 2, 0, 4])
        """
        return self.gen(raw_random.permutation, size, n, ndim=ndim, dtype=dtype)

    def multinomial(
        self,
        size: Any = None,
        n: Any = 1,
        pvals: Any = (0.5, 0.5),
        ndim: int | None = None,
        dtype: Any = "int64",
    ) -> RandomVariable:
        """How often each of `k` outcomes came in `n` trials: shape `(*size, k)`, for probabilities `pvals (..., k)`.

        Example:
            >>> RandomStreams(123).multinomial(n=10, pvals=[0.2, 0.3, 0.5]).eval()
            array([3, 3, 4])
        """
        return self.gen(raw_random.multinomial, size, n, pvals, ndim=ndim, dtype=dtype)

    def shuffle_row_elements(self, input: Any) -> RandomVariable:
        """`input` with each row (last dimension) in a random order of its own.

        The result's attribute `permutation` is the random variable it is reordered by, of the same shape.

        Raises:
            TypeError: `input` has no dimension.

        Example:
            >>> RandomStreams(123).shuffle_row_elements([[1, 2, 3], [4, 5, 6]]).eval()
            array([[2, 3, 1],
                   [5, 4, 6]])
        """
        x = call("as_tensor_variable", input)
        if x.type.ndim == 0:
            raise TypeError(message("shuffle_row_elements wants at least 1 dimension, got 0", here()[0]))
        sizes = [
            call("getitem", call("shape", x), axis) if known is None else known
            for axis, known in enumerate(x.type.shape)
        ]
        length = integer_parameter("shuffle_row_elements", "the length", sizes[-1], 0)
        permutation = self.permutation(size=tuple(sizes[:-1]), n=length)
        shuffled: RandomVariable = PermuteRowElements().make_node(x, permutation).outputs[0]  # type: ignore[assignment]
        shuffled.rng, shuffled.update = permutation.rng, permutation.update
        return shuffled

    # -- for people and views ------------------------------------------------------------------------------------------

    def fingerprint(self) -> str:
        """8 hexadecimal digits that change whenever a state of a variable, or that of new variables' seeds, changes."""
        return state_fingerprint(self.gen_seedgen, *(state.get_value(borrow=True) for state, _ in self.state_updates))

    def draws(self) -> list[tuple[str, str, str, str]]:
        """For each variable: what is drawn, its type, the line that made it, and its state's fingerprint."""
        return [
            (
                after.owner.op.name.removeprefix("random_"),
                str(after.owner.outputs[1].type),
                after.owner.where.label,
                state_fingerprint(state.get_value(borrow=True)),
            )
            for state, after in self.state_updates
        ]

    def __repr__(self) -> str:
        count = len(self.state_updates)
        streams = f"{count} stream{'s' * (count != 1)}"
        return f"RandomStreams(seed={self.default_instance_seed}): {streams}, state {self.fingerprint()}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return call("mimebundle", self, include, exclude)
