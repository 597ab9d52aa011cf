"""Watching programs run: values of every node, checks against the reference, time and memory.

Each of them observes the program that runs: the same nodes after rewriting, computed by compiled C.

Read next: `watch` (values of every node), `monitor` and `nanguard` (what may be done with them), `debugmode` (every
rewrite and every node checked), `profiling`, `bisecting` (which rewrite changed a value).
"""

from .bisecting import Bisection, bisect
from .debugmode import (
    BadDestroyMap,
    BadOptimization,
    BadThunkOutput,
    BadViewMap,
    DebugMode,
    DebugModeError,
    InvalidValueError,
    StochasticOrder,
)
from .monitor import MonitorMode, detect_nan
from .nanguard import NanGuardMode, contains_inf, contains_nan
from .profiling import ProfileStats

__all__ = [
    "BadDestroyMap",
    "BadOptimization",
    "BadThunkOutput",
    "BadViewMap",
    "Bisection",
    "DebugMode",
    "DebugModeError",
    "InvalidValueError",
    "MonitorMode",
    "NanGuardMode",
    "ProfileStats",
    "StochasticOrder",
    "bisect",
    "contains_inf",
    "contains_nan",
    "detect_nan",
]
