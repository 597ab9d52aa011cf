"""Draws from a RandomState that the caller keeps: functions of a state that return (state after the draw, sample).

Most programs want `shared_randomstreams.RandomStreams`, which keeps the states itself.
"""

from ..core.ops.random import (
    RandomFunction,
    binomial,
    choice,
    multinomial,
    normal,
    permutation,
    poisson,
    random_integers,
    uniform,
)
from ..core.types import random_state_type

__all__ = [
    "RandomFunction",
    "binomial",
    "choice",
    "multinomial",
    "normal",
    "permutation",
    "poisson",
    "random_integers",
    "random_state_type",
    "uniform",
]
