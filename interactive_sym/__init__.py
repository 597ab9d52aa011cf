"""interactive_sym: symbolic computation that can be explored, seen and taught.

Write an expression, differentiate it, compile it to C, and watch each step:

    >>> import interactive_sym.tensor as T
    >>> from interactive_sym import function
    >>> x = T.dmatrix("x")
    >>> logistic = function([x], 1 / (1 + T.exp(-x)))
    >>> logistic([[0, 1], [-1, -2]])
    array([[0.5       , 0.73105858],
           [0.26894142, 0.11920292]])

Read next: `tensor` (what expressions are made of), `function` (from expression to function), `core` (how it works).
"""

import importlib

from . import gradient, ifelse, printing, sparse, tensor, typed_list
from .builders import OpFromGraph, as_op
from .core.configuration import config
from .core.errors import (
    AsTensorError,
    DisconnectedInputError,
    GradientError,
    MissingInputError,
    NoCompilerWarning,
    NullTypeGradError,
    UnusedInputError,
)
from .core.grad import grad
from .core.graph import Apply, Constant, Variable
from .core.op import Op
from .core.rule import RULES, rewrites, rule
from .core.shared import SharedVariable, shared
from .core.testvalue import get_test_value
from .debugging import DebugMode, MonitorMode, NanGuardMode
from .function import Function, In, Out, Param, function
from .mode import Mode
from .printing import debugprint, pp
from .saving import function_dump, load, save
from .scan import OrderedUpdates, clone, foldl, foldr, map, reduce, scan, scan_checkpoints
from .session import announce

__version__ = "0.1.0"

__all__ = [
    "RULES",
    "Apply",
    "AsTensorError",
    "Constant",
    "DebugMode",
    "DisconnectedInputError",
    "Function",
    "GradientError",
    "In",
    "MissingInputError",
    "Mode",
    "MonitorMode",
    "NanGuardMode",
    "NoCompilerWarning",
    "NullTypeGradError",
    "Op",
    "OpFromGraph",
    "OrderedUpdates",
    "Out",
    "Param",
    "SharedVariable",
    "UnusedInputError",
    "Variable",
    "as_op",
    "clone",
    "config",
    "debugprint",
    "foldl",
    "foldr",
    "function",
    "function_dump",
    "get_test_value",
    "grad",
    "gradient",
    "ifelse",
    "load",
    "map",
    "pp",
    "printing",
    "reduce",
    "rewrites",
    "rule",
    "save",
    "scan",
    "scan_checkpoints",
    "shared",
    "sparse",
    "tensor",
    "typed_list",
]

_VIEWS = ("NodeWatch", "RNGPanel", "SharedStatePanel", "explain", "gradient_view", "view")
"""Names of `viz.views`, which is imported with the first of them."""


def __getattr__(name: str) -> object:
    if name in _VIEWS:
        return getattr(importlib.import_module(f"{__name__}.viz.views"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_VIEWS})


announce()
