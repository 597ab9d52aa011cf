"""Random streams by MRG31k3p: many parallel streams, drawn in C inside the compiled function.

An `MRG_RandomStreams` makes random variables like `shared_randomstreams.RandomStreams`, from another generator. The
state of a variable is a shared int32 matrix `(nstreams, 6)`: element i of a sample comes from row `i mod nstreams`,
so how many rows there are is part of which numbers are drawn.

Read next: `core.ops.mrg`, the generator itself.
"""

import warnings
from typing import Any

import numpy as np

from ..core.configuration import config
from ..core.constants import constant
from ..core.errors import message
from ..core.graph import Apply
from ..core.op import call
from ..core.ops.mrg import M1, M2, ChoiceFromUniform, MRGUniform, MultinomialFromUniform, jump, substreams
from ..core.ops.random import (
    RandomVariable,
    Size,
    as_size,
    float_dtype,
    integer_parameter,
    real_parameter,
)
from ..core.shared import shared
from ..core.source import here
from ..core.types import FLOATS, as_dtype
from .shared_randomstreams import state_fingerprint

__all__ = ["MRG_RandomStreams", "ff_2p72", "ff_2p134", "guess_n_streams"]

#: Rows of a state where the size of the sample is not known: 60 * 256.
MOST_STREAMS = 15360

#: The standard deviation of a standard normal cut off at -2 and 2.
TRUNCATED_STD = 0.87962566103423978


def ff_2p134(rstate: Any) -> np.ndarray[Any, Any]:
    """The state `(6,)` moved on by 2**134 numbers.

    Args:
        rstate: six ints.

    Example:
        >>> ff_2p134([1, 1, 1, 1, 1, 1])
        array([ 913990747, 1895992010, 2074523148,  720872428, 1989554718,
               1863565340], dtype=int32)
    """
    return jump(np.asarray(rstate), 134)


def ff_2p72(rstate: Any) -> np.ndarray[Any, Any]:
    """The state `(6,)` moved on by 2**72 numbers.

    Args:
        rstate: six ints.

    Example:
        >>> ff_2p72([1, 1, 1, 1, 1, 1])
        array([ 627067184, 1589832026,  697528089, 1532487795, 1889726881,
                754662754], dtype=int32)
    """
    return jump(np.asarray(rstate), 72)


def guess_n_streams(size: Any, warn: bool = False) -> int:
    """How many streams a sample of this size gets: its number of elements, a sixth of that where they are more than 6.

    Args:
        size: a tuple of ints; anything else has an unknown size.
        warn: whether to warn of an unknown size.

    Returns:
        From 1 to 15360; 15360 for an unknown size.

    Example:
        >>> guess_n_streams((2, 3)), guess_n_streams((10, 10)), guess_n_streams((1000, 1000))
        (6, 16, 15360)
    """
    if isinstance(size, (tuple, list)) and all(isinstance(n, (int, np.integer)) for n in size):
        count = 1
        for n in size:
            count *= int(n)
        if count > 6:
            count //= 6
        return max(1, min(count, MOST_STREAMS))
    if warn:
        warnings.warn(f"the size {size} is not known: {MOST_STREAMS} streams are taken", stacklevel=2)
    return MOST_STREAMS


class MRG_RandomStreams:
    """A maker of random variables, which draw by MRG31k3p.

    Args:
        seed: an int from 1 to 2147462578, or six ints: the first three below 2147483647 and not all 0, the last
            three below 2147462579 and not all 0.

    Attributes:
        rstate: int32 `(6,)`, the state the next variable starts from; each variable moves it on by 2**134 numbers.
        state_updates: for each variable the tuple (shared state, state after the draw, size, nstreams).
        default_instance_seed: the seed given here.
        last_seed: the seed of the last call of `seed`, None before one.
        algorithm: what makes the numbers.

    The methods take `nstreams`, the number of rows of the state; by default `n_streams(size)`. Variables that are
    drawn through a size worked out when called (`normal`, `multinomial`, `choice`) have 15360 by default. Each
    returns a variable with the attributes `rstate` (its shared state) and `update` (the pair of it and the state
    after the draw).

    Raises:
        ValueError: a seed out of range.
        TypeError: a seed that is neither an int nor six of them.

    Example:
        >>> from interactive_sym import function
        >>> from interactive_sym.tensor.rng_mrg import MRG_RandomStreams
        >>> f = function([], MRG_RandomStreams(12345).uniform(size=(1,)))
        >>> print(f(), f())
        [0.73532445] [0.61420744]
    """

    algorithm = "MRG31k3p"

    def __init__(self, seed: Any = 12345) -> None:
        self.state_updates: list[tuple[Any, Any, Any, Any]] = []
        self.default_instance_seed = seed
        self.last_seed: Any = None
        self.set_rstate(seed)

    def updates(self) -> list[tuple[Any, Any]]:
        """The pairs (shared state, state after the draw) of all variables made so far.

        Example:
            >>> streams = MRG_RandomStreams(12345)
            >>> u = streams.uniform((2,))
            >>> streams.updates() == [u.update]
            True
        """
        return [entry[:2] for entry in self.state_updates]

    def set_rstate(self, seed: Any) -> None:
        """Start from a state: that of `seed`, an int (repeated six times) or six ints. Errors: see the class.

        Example:
            >>> streams = MRG_RandomStreams(12345)
            >>> streams.set_rstate([1, 2, 3, 4, 5, 6])
            >>> streams.rstate
            array([1, 2, 3, 4, 5, 6], dtype=int32)
        """
        values = [seed] * 6 if isinstance(seed, (int, np.integer)) and not isinstance(seed, bool) else seed
        try:
            array = np.asarray(values)
        except ValueError:
            array = np.asarray(None)
        if (
            array.shape != (6,)
            or array.dtype.kind not in "iuO"
            or not all(isinstance(n, (int, np.integer)) for n in array.tolist())
        ):
            raise TypeError(message(f"MRG_RandomStreams: a seed is an int or six ints, not {seed!r:.40}", here()[0]))
        entries = [int(n) for n in array]
        for part, modulus, which in ((entries[:3], M1, "first"), (entries[3:], M2, "last")):
            if isinstance(seed, (int, np.integer)):
                modulus, which = M2, ""
            if not any(part) or min(part) < 0 or max(part) >= modulus:
                what = f"the {which} three entries of a seed" if which else "a seed"
                raise ValueError(
                    message(
                        f"MRG_RandomStreams: {what} must be from 0 to {modulus - 1}, not all 0; got {seed}",
                        here()[0],
                        cure="MRG_RandomStreams(seed=12345)",
                    )
                )
        self.rstate = np.array(entries, dtype=np.int32)

    def seed(self, seed: Any = None) -> None:
        """Start again from a seed: give every variable made so far a new state, in the order they were made.

        Args:
            seed: as for the class; None is the seed of the constructor.

        Example:
            >>> streams = MRG_RandomStreams(12345)
            >>> u = streams.uniform((1,))
            >>> first = u.eval()
            >>> streams.seed()
            >>> bool(u.eval() == first)
            True
        """
        self.set_rstate(self.default_instance_seed if seed is None else seed)
        self.last_seed = self.default_instance_seed if seed is None else seed
        for state, _, _, nstreams in self.state_updates:
            state.set_value(self.get_substream_rstates(nstreams), borrow=True)

    def inc_rstate(self) -> None:
        """Move `rstate` on by 2**134 numbers.

        Example:
            >>> streams = MRG_RandomStreams(12345)
            >>> streams.inc_rstate()
            >>> streams.rstate
            array([ 336690377,  597094797, 1245771585,   85196284,  523477687,
                   2094976052], dtype=int32)
        """
        self.rstate = jump(self.rstate, 134)

    def get_substream_rstates(self, n_streams: int, dtype: Any = None, inc_rstate: bool = True) -> np.ndarray[Any, Any]:
        """States of streams 2**72 numbers apart, the first of them `rstate`: int32 `(n_streams, 6)`.

        Args:
            n_streams: how many, 1 or more.
            dtype: the element type of samples drawn from them; they are the same for each.
            inc_rstate: whether to move `rstate` on by 2**134 numbers afterwards.

        Raises:
            TypeError, ValueError: `n_streams` is not an int, or below 1.

        Example:
            >>> MRG_RandomStreams(12345).get_substream_rstates(2)
            array([[     12345,      12345,      12345,      12345,      12345,
                         12345],
                   [1613322692,  623311037, 1722317882, 1563970864,  792350268,
                     619030428]], dtype=int32)
        """
        if not isinstance(n_streams, (int, np.integer)) or isinstance(n_streams, bool):
            raise TypeError(message(f"nstreams wants an int, got {n_streams!r:.40}", here()[0]))
        if n_streams < 1:
            raise ValueError(message(f"nstreams wants 1 or more, got {n_streams}", here()[0]))
        states = substreams(self.rstate, int(n_streams))
        if inc_rstate:
            self.inc_rstate()
        return states

    def n_streams(self, size: Any) -> int:
        """How many streams a sample of this size gets: see `guess_n_streams`.

        Example:
            >>> MRG_RandomStreams().n_streams((10, 10))
            16
        """
        return guess_n_streams(size)

    # -- draws ---------------------------------------------------------------------------------------------------------

    def _draw(self, size: Any, given: Size, dtype: str, nstreams: Any) -> RandomVariable:
        """Uniform numbers in (0, 1) from a new state."""
        op = MRGUniform(dtype, given.known)
        count = self.n_streams(size) if nstreams is None else nstreams
        state = shared(self.get_substream_rstates(count), borrow=True)
        after, sample = op.make_node(state, given.vector).outputs
        state.default_update = after
        self.state_updates.append((state, after, size, int(count)))
        return sample  # type: ignore[return-value]

    @staticmethod
    def _returned(result: Any, source: RandomVariable) -> RandomVariable:
        """`result` as a variable that knows its state: the node that makes it is made anew."""
        node = result.owner
        twins = [RandomVariable(output.type, name=output.name) for output in node.outputs]
        variable: RandomVariable = Apply(node.op, node.inputs, twins).outputs[result.index]
        variable.rstate, variable.update = source.rstate, source.update
        return variable

    @staticmethod
    def _size(what: str, size: Any, ndim: int | None, *parameters: Any) -> tuple[Any, Size]:
        """The size as given (that of the parameters for None), and what it says."""
        shapes = [x.type.shape for x in parameters]
        if size is None:
            known = as_size(None, ndim, shapes, what).known
            size = tuple(
                _parameter_size(parameters, len(known), axis) if n is None else n for axis, n in enumerate(known)
            )
        elif isinstance(size, list):
            size = tuple(size)
        elif isinstance(size, (int, np.integer)) and not isinstance(size, bool):
            size = (int(size),)
        return size, as_size(size, ndim, shapes, what, extents=False)

    def uniform(
        self,
        size: Any = None,
        low: Any = 0.0,
        high: Any = 1.0,
        ndim: int | None = None,
        dtype: Any = None,
        nstreams: int | None = None,
    ) -> RandomVariable:
        """Uniform numbers between `low` and `high`, both excluded: `u * (high - low) + low`.

        Args:
            size: a tuple of ints and symbolic integers, an int, an integer vector, or None (the bounds' common shape).
            low, high: bounds; numbers or tensors, which broadcast with `size`.
            ndim: number of dimensions, needed where `size` is a vector of unknown length.
            dtype: float32 or float64; by default the type that holds floatX and the bounds.
            nstreams: rows of the state.

        Raises:
            TypeError: `size`, a bound or `dtype` is of a wrong kind.
            ValueError: `size`, `ndim` and the bounds' shapes contradict each other.

        Example:
            >>> MRG_RandomStreams(12345).uniform((2,), low=-1.0).eval()
            array([ 0.47064891, -0.48286283])
        """
        lows, highs = real_parameter("uniform", "low", low), real_parameter("uniform", "high", high)
        name = float_dtype("uniform", dtype, lows, highs)
        size, given = self._size("uniform", size, ndim, lows, highs)
        sample = self._draw(size, given, name, nstreams)
        if isinstance(low, (int, float)) and isinstance(high, (int, float)) and (low, high) == (0, 1):
            return sample
        lows, highs = call("cast", lows, name), call("cast", highs, name)
        return self._returned(call("add", call("mul", sample, call("sub", highs, lows)), lows), sample)

    def binomial(
        self,
        size: Any = None,
        n: Any = 1,
        p: Any = 0.5,
        ndim: int | None = None,
        dtype: Any = "int64",
        nstreams: int | None = None,
    ) -> RandomVariable:
        """1 with probability `p`, else 0: `u < p`.

        Args:
            size, ndim, nstreams: see `uniform`.
            n: 1; sums of several give other counts.
            p: the probability; a number, or a tensor that broadcasts with `size`.
            dtype: element type of the sample.

        Raises:
            ValueError: `n` is not 1. Others: see `uniform`.

        Example:
            >>> MRG_RandomStreams(12345).binomial((6,), p=0.7).eval()
            array([0, 1, 1, 0, 1, 0])
        """
        if not isinstance(n, (int, np.integer)) or n != 1:
            raise ValueError(
                message(
                    f"MRG_RandomStreams.binomial draws n=1 only, not n={n}",
                    here()[0],
                    cure="sum n of them, or use RandomStreams.binomial",
                )
            )
        ps = real_parameter("binomial", "p", p)
        size, given = self._size("binomial", size, ndim, ps)
        sample = self._draw(size, given, config.floatX, nstreams)
        return self._returned(call("cast", call("lt", sample, ps), as_dtype(dtype)), sample)

    def normal(
        self,
        size: Any = None,
        avg: Any = 0.0,
        std: Any = 1.0,
        ndim: int | None = None,
        dtype: Any = None,
        nstreams: int | None = None,
        truncate: bool = False,
    ) -> RandomVariable:
        """Normal numbers of mean `avg` and standard deviation `std`, by Box and Muller's transform.

        An even number of uniform numbers is drawn; with u1 the first half of them and u2 the second, the sample is
        `sqrt(-2 log u1) cos(2 pi u2)`, then the same with `sin`, the last dropped where the size is odd.

        Args:
            truncate: draw from the normal distribution cut off at `avg - 2 std` and `avg + 2 std` instead (its standard
                deviation is 0.88 `std`), by the inverse of its distribution function.
            size, ndim, dtype, nstreams: see `uniform`. The default of nstreams is 15360.

        Example:
            >>> MRG_RandomStreams(12345).normal((2,), avg=10.0).eval().round(6)
            array([ 9.957803, 10.783011])
        """
        avgs, stds = real_parameter("normal", "avg", avg), real_parameter("normal", "std", std)
        name = float_dtype("normal", dtype, avgs, stds)
        size, given = self._size("normal", size, ndim, avgs, stds)
        count = _product(given)
        rows = MOST_STREAMS if nstreams is None else nstreams
        if truncate:
            u = self.uniform((count,), dtype=name, nstreams=rows)
            z = _truncated(u, name)
        else:
            even = count + count % 2
            u = self.uniform((even,), dtype=name, nstreams=rows)
            z = call("getitem", _box_muller(u, even // 2, name), slice(0, count))
        z = call("reshape", z, given.vector, ndim=len(given.known))
        result = call("add", call("mul", z, call("cast", stds, name)), call("cast", avgs, name))
        return self._returned(result, u)

    def truncated_normal(
        self,
        size: Any = None,
        avg: Any = 0.0,
        std: Any = 1.0,
        ndim: int | None = None,
        dtype: Any = None,
        nstreams: int | None = None,
    ) -> RandomVariable:
        """Normal numbers cut off at 2 standard deviations and then scaled: the sample's standard deviation is `std`.

        The normal distribution cut off at 2 has the standard deviation 0.87962566; this draws
        `normal(..., std / 0.87962566, truncate=True)`. Arguments: see `normal`.

        Example:
            >>> sample = MRG_RandomStreams(12345).truncated_normal((1000,)).eval()
            >>> bool(abs(sample).max() <= 2 / 0.87962566)
            True
        """
        stds = real_parameter("truncated_normal", "std", std)
        avgs = real_parameter("truncated_normal", "avg", avg)
        name = float_dtype("truncated_normal", dtype, avgs, stds)
        wider = call("true_div", call("cast", stds, name), constant(TRUNCATED_STD, dtype=name))
        return self.normal(size, avgs, wider, ndim, name, nstreams, truncate=True)

    def _numbers(self, what: str, p: Any, n: Any, nstreams: Any) -> tuple[Any, Any, RandomVariable]:
        """Probabilities as a matrix, the count as int64, and a uniform number for each row and draw."""
        pvals = real_parameter(what, "pvals" if what == "multinomial" else "p", p)
        if pvals.type.ndim != 2:
            raise TypeError(
                message(
                    f"{what} wants a matrix of probabilities, one distribution a row; got {pvals.type.ndim} dimensions",
                    here()[0],
                    cure="p[None, :] makes one row of a vector",
                )
            )
        if pvals.type.dtype not in FLOATS:
            pvals = call("cast", pvals, config.floatX)
        if isinstance(n, (int, np.integer)) and n < 1:
            raise ValueError(message(f"{what}: the number of draws wants 1 or more, got {n}", here()[0]))
        draws = (
            constant(int(n), dtype="int64")
            if isinstance(n, (int, np.integer))
            else call("cast", integer_parameter(what, "n", n, 0), "int64")
        )
        rows = call("getitem", call("shape", pvals), 0)
        u = self.uniform((call("mul", rows, draws),), nstreams=MOST_STREAMS if nstreams is None else nstreams)
        return pvals, draws, u

    def multinomial(
        self,
        size: Any = None,
        n: Any = 1,
        pvals: Any = None,
        ndim: int | None = None,
        dtype: Any = "int64",
        nstreams: int | None = None,
    ) -> RandomVariable:
        """How often each outcome came in `n` draws from each row of `pvals (m, k)`: shape `(m, k)`.

        Args:
            size, ndim: leave out; the rows of `pvals` say how many.
            n: number of draws, 1 or more, an int or a symbolic scalar.
            pvals: probabilities; values are not checked, and a draw beyond their sum counts nowhere.
            dtype: element type of the sample.
            nstreams: rows of the state, by default 15360.

        Raises:
            TypeError: `pvals` is no matrix, `n` no integer scalar.
            ValueError: `size` is given, or `n` is below 1.

        Example:
            >>> MRG_RandomStreams(12345).multinomial(n=10, pvals=[[0.2, 0.8], [0.5, 0.5]]).eval()
            array([[1, 9],
                   [3, 7]])
        """
        _no_size("multinomial", size, ndim)
        p, draws, u = self._numbers("multinomial", pvals, n, nstreams)
        counts = MultinomialFromUniform(p.type.dtype, u.type.dtype).make_node(p, u, draws).out
        dtype = as_dtype(dtype)
        return self._returned(counts if dtype == "int64" else call("cast", counts, dtype), u)

    def choice(
        self,
        size: Any = 1,
        a: Any = None,
        replace: bool = True,
        p: Any = None,
        ndim: int | None = None,
        dtype: Any = "int64",
        nstreams: int | None = None,
    ) -> RandomVariable:
        """`size` outcomes from each row of `p (m, k)`, as column numbers: shape `(m, size)`.

        Args:
            size: how many from each row, 1 or more, an int or a symbolic scalar.
            a: leave out; outcomes are the columns of `p`.
            replace: whether an outcome may be drawn twice from a row.
            p: probabilities, a matrix.
            ndim: leave out.
            dtype: element type of the sample.
            nstreams: rows of the state, by default 15360.

        Raises:
            TypeError: `p` is no matrix, `size` no integer scalar.
            ValueError: `a` or `ndim` is given, or `size` is below 1; when called: without replacement, a row has fewer
                outcomes than wanted.

        Example:
            >>> MRG_RandomStreams(12345).choice(size=2, replace=False, p=[[0.5, 0.3, 0.2]]).eval()
            array([[1, 0]])
        """
        if a is not None:
            raise ValueError(message("choice: a can't be given; outcomes are the columns of p", here()[0]))
        _no_size("choice", None, ndim)
        p, draws, u = self._numbers("choice", p, size, nstreams)
        chosen = ChoiceFromUniform(bool(replace)).make_node(p, u, draws).out
        dtype = as_dtype(dtype)
        return self._returned(chosen if dtype == "int64" else call("cast", chosen, dtype), u)

    def multinomial_wo_replacement(
        self,
        size: Any = None,
        n: Any = 1,
        pvals: Any = None,
        ndim: int | None = None,
        dtype: Any = "int64",
        nstreams: int | None = None,
    ) -> RandomVariable:
        """The old name of `choice(size=n, p=pvals, replace=False)`; warns.

        Example:
            >>> import warnings
            >>> with warnings.catch_warnings(action="ignore"):
            ...     chosen = MRG_RandomStreams(12345).multinomial_wo_replacement(n=2, pvals=[[0.5, 0.3, 0.2]])
            >>> chosen.eval()
            array([[1, 0]])
        """
        warnings.warn(
            "multinomial_wo_replacement is now choice(size=n, p=pvals, replace=False)", DeprecationWarning, stacklevel=2
        )
        _no_size("multinomial_wo_replacement", size, ndim)
        return self.choice(size=n, replace=False, p=pvals, dtype=dtype, nstreams=nstreams)

    # -- for people and views ------------------------------------------------------------------------------------------

    def fingerprint(self) -> str:
        """8 hexadecimal digits that change whenever `rstate` or the state of a variable changes."""
        return state_fingerprint(self.rstate, *(entry[0].get_value(borrow=True) for entry in self.state_updates))

    def draws(self) -> list[tuple[str, str, str, str]]:
        """For each variable: what is drawn, the type of the numbers, the line that made it, its state's fingerprint."""
        return [
            (
                after.owner.op.name,
                str(after.owner.outputs[1].type),
                after.owner.where.label,
                state_fingerprint(state.get_value(borrow=True)),
            )
            for state, after, _, _ in self.state_updates
        ]

    def __repr__(self) -> str:
        count = len(self.state_updates)
        streams = f"{count} stream{'s' * (count != 1)}"
        return f"MRG_RandomStreams(seed={self.default_instance_seed}): {streams}, state {self.fingerprint()}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return call("mimebundle", self, include, exclude)


def _no_size(what: str, size: Any, ndim: int | None) -> None:
    if size is not None or ndim not in (None, 2):
        raise ValueError(
            message(f"{what}: size and ndim follow from the probabilities", here()[0], cure="leave them out")
        )


def _parameter_size(parameters: Any, ndim: int, axis: int) -> Any:
    """The symbolic size of the first parameter that does not stretch along `axis`."""
    for x in parameters:
        position = axis - ndim + x.type.ndim
        if position >= 0 and x.type.shape[position] != 1:
            return call("getitem", call("shape", x), position)
    return 1


def _product(size: Size) -> Any:
    """The number of elements: an int where it is known, else a symbolic int64."""
    count = 1
    for n in size.known:
        if n is None:
            return call("prod", size.vector)
        count *= n
    return count


def _box_muller(u: Any, half: Any, dtype: str) -> Any:
    """Standard normal numbers from uniform ones: the first half give distances, the second angles."""
    u1, u2 = call("getitem", u, slice(0, half)), call("getitem", u, slice(half, None))
    radius = call("sqrt", call("mul", constant(-2.0, dtype=dtype), call("log", u1)))
    angle = call("mul", constant(2.0 * np.pi, dtype=dtype), u2)
    return call(
        "concatenate", [call("mul", radius, call("cos", angle)), call("mul", radius, call("sin", angle))], axis=0
    )


def _truncated(u: Any, dtype: str) -> Any:
    """Standard normal numbers cut off at -2 and 2: `z = sqrt(2) w` where `erf(w) = (2 u - 1) erf(sqrt(2))`."""
    number = {
        name: constant(value, dtype=dtype)
        for name, value in {
            "half": 0.5,
            "one": 1.0,
            "two": 2.0,
            "root": np.sqrt(2.0),
            "mass": 0.9544997361036416,  # erf(sqrt(2)), the part of a normal distribution within 2 standard deviations
            "a": 0.147,
            "b": 2.0 / (np.pi * 0.147),
            "slope": 2.0 / np.sqrt(np.pi),
            "zero": 0.0,
        }.items()
    }
    y = (u * number["two"] - number["one"]) * number["mass"]
    log = call("log", number["one"] - y * y)
    t = number["b"] + log * number["half"]
    square = call("sqrt", t * t - log / number["a"]) - t
    w = call("sgn", y) * call("sqrt", call("maximum", square, number["zero"]))
    for _ in range(2):
        step = (call("erf", w) - y) / (number["slope"] * call("exp", -w * w))
        w = w - step / (number["one"] + w * step)
    return call("clip", number["root"] * w, constant(-2.0, dtype=dtype), number["two"])
