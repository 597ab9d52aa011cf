"""What a random stream should draw: expected counts beside a histogram of what it did draw.

Read next: `live`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import erf, exp, lgamma, log, log1p, sqrt
from typing import Any

import numpy as np

from ..core.graph import Variable
from ..core.ops.body import run_lazily
from ..core.ops.mrg import MRGUniform
from ..core.ops.random import RandomFunction

Array = np.ndarray[Any, Any]

BINS = 24
#: Different parameters within one sample that are looked at.
MOST_PARAMETERS = 200


@dataclass(frozen=True)
class Reference:
    """A distribution with known parameters.

    Attributes:
        formula: how people write it, and its parameters.
        share: the probability of `[low, high)`.
        whole: whether only whole numbers come.
    """

    formula: str
    share: Callable[[float, float], float]
    whole: bool


def _normal(avg: float, std: float) -> Callable[[float], float]:
    return lambda x: 0.5 * (1 + erf((x - avg) / (std * sqrt(2)))) if std > 0 else float(x > avg)


def _uniform(low: float, high: float) -> Callable[[float], float]:
    return lambda x: min(1.0, max(0.0, (x - low) / (high - low))) if high > low else float(x > low)


def _binomial(n: float, p: float) -> Callable[[int], float]:
    def share(k: int) -> float:
        if k < 0 or k > n or p <= 0 or p >= 1:
            return float(k == (n if p >= 1 else 0))
        return exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(p) + (n - k) * log1p(-p))

    return share


def _poisson(lam: float) -> Callable[[int], float]:
    return lambda k: exp(k * log(lam) - lam - lgamma(k + 1)) if lam > 0 and k >= 0 else float(k == 0)


def _equally(low: float, high: float) -> Callable[[int], float]:
    return lambda k: 1 / (high - low + 1) if low <= k <= high else 0.0


_CURVES: dict[str, Callable[..., Callable[[float], float]]] = {"uniform": _uniform, "normal": _normal}
_WEIGHTS: dict[str, Callable[..., Callable[[int], float]]] = {
    "binomial": _binomial,
    "poisson": _poisson,
    "random_integers": _equally,
}


def reference(state: Variable, after: Variable, value: Any) -> Reference | None:
    """What is drawn with the state `value`, None where it is not known.

    Args:
        state: the stream's shared variable.
        after: the expression of its state after the draw.
        value: a state, to work out parameters that are expressions.
    """
    node = after.owner
    assert node is not None
    if isinstance(node.op, MRGUniform):
        return _mixture("uniform", "U(0, 1)", [np.zeros(()), np.ones(())])
    if not isinstance(node.op, RandomFunction):
        return None
    given = node.inputs[1 + node.op.sized :]
    parameters = [np.asarray(x) for x in run_lazily(given, {state: value})]
    return _mixture(node.op.distribution, node.op.record.formula, parameters)


def _mixture(name: str, formula: str, parameters: list[Array]) -> Reference | None:
    """All elements of a sample together: each has its own parameters."""
    if name == "choice":
        return _choice(formula, *parameters)
    if name == "permutation":
        name, parameters = "random_integers", [np.zeros(()), parameters[0] - 1]
    elif name == "multinomial":
        trials, shares = parameters
        name, parameters = "binomial", [trials[..., None], shares]
    elif name not in _CURVES and name not in _WEIGHTS:
        return None
    flat = [np.ravel(x).astype(float) for x in np.broadcast_arrays(*parameters)]
    different = list(dict.fromkeys(zip(*flat)))[:MOST_PARAMETERS]
    if not different:
        return None
    if name in _CURVES:
        curves = [_CURVES[name](*each) for each in different]
        return Reference(formula, lambda a, b: sum(c(b) - c(a) for c in curves) / len(curves), False)
    weights = [_WEIGHTS[name](*each) for each in different]

    def share(low: float, high: float) -> float:
        first, last = int(np.ceil(low)), int(np.ceil(high))
        return sum(w(k) for k in range(first, last) for w in weights) / len(weights)

    return Reference(formula, share, True)


def _choice(formula: str, a: Array, replace: Array, p: Array | None = None) -> Reference:
    points = np.arange(int(a)) if a.ndim == 0 else np.ravel(a)
    shares = np.full(points.shape, 1 / max(1, points.size)) if p is None else np.ravel(p)
    if not replace and p is not None:  # later draws depend on earlier ones
        shares = np.full(points.shape, np.nan)
    whole = points.dtype.kind in "iub"
    return Reference(formula, lambda low, high: float(shares[(points >= low) & (points < high)].sum()), whole)


def binned(numbers: Array, known: Reference | None) -> dict[str, Any]:
    """A histogram of numbers, with the counts that were to be expected.

    Args:
        numbers: a vector of finite numbers.
        known: what they should be, or None.

    Returns:
        `histogram`, the counts; `edges`, one more; and for a known distribution `expected`, counts, and `formula`.
        Whole numbers have bins around them.
    """
    low, high = float(numbers.min()), float(numbers.max())
    if known is not None and known.whole:
        width = max(1, int(-(-(high - low + 1) // BINS)))
        edges = np.arange(low - 0.5, high + width, width)
    else:
        edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
        edges[-1] = np.nextafter(edges[-1], np.inf)
    counts = np.histogram(numbers, edges)[0]
    found: dict[str, Any] = {"histogram": counts.tolist(), "edges": [float(f"{edge:.6g}") for edge in edges]}
    if known is not None:
        expected = [numbers.size * known.share(a, b) for a, b in pairwise(edges)]
        if np.isfinite(expected).all():
            found["expected"] = [float(f"{count:.4g}") for count in expected]
        found["formula"] = known.formula
    return found
