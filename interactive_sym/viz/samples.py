"""Sample values for a function's inputs, so that views can check rewrites, count and measure without being given any.

Read next: `passes`, `inspector`.
"""

from itertools import islice, product
from typing import Any

import numpy as np

from ..core.graph import Variable
from ..core.ops.body import run_lazily
from ..core.shared import SharedVariable
from ..core.types import TensorType
from ..function import Function

#: Sizes tried first, and how many ways of giving sizes to axes are tried.
SIZES = (3, 4)
TRIALS = 200
ELEMENTS = 2_000_000


def samples(function: Function) -> dict[Variable, Any]:
    """A value for each input of the user's graph: defaults where there are any, else seeded random numbers.

    Shared arrays of floats have random numbers too: they often begin as zeros, with which nearly everything is equal.

    Unknown sizes are found by trying: sizes of shared variables first decide which fit together.

    Raises:
        ValueError: no values that fit are found.
    """
    program = function.trace.initial
    known = {
        made.variable: made.variable.type.filter(made.value)
        for made in function.inputs
        if made.value is not None and not made.keeps_state and not isinstance(made.value, SharedVariable)
    }
    open_axes = [
        (variable, axis)
        for variable in program.inputs
        if variable not in known and isinstance(variable.type, TensorType)
        for axis, size in enumerate(variable.type.shape)
        if size is None
    ]
    for variable in program.shared:
        value = variable.container.storage[0]
        if isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.size <= ELEMENTS:
            random = np.random.default_rng(value.ndim + 7)
            known[variable] = np.asarray(random.uniform(0.1, 0.9, value.shape), value.dtype)
    held = [x.container.storage[0] for x in program.shared]
    sizes = [size for value in held if isinstance(value, np.ndarray) for size in value.shape if size > 1]
    candidates = list(dict.fromkeys([SIZES[0], *sizes]))[:6] + list(SIZES[1:])
    problem: Exception | None = None
    for choice in islice(product(candidates, repeat=len(open_axes)), TRIALS):
        sized = dict(zip(open_axes, choice))
        try:
            values = {**known, **{x: _sample(x, sized) for x in program.inputs if x not in known}}
            with np.errstate(all="ignore"):
                run_lazily(program.results, dict(values))
            return values
        except Exception as error:
            problem = error
    raise ValueError(f"no sample values fit the inputs: {str(problem).splitlines()[0] if problem else ''}")


def _sample(variable: Variable, sized: dict[tuple[Variable, int], int]) -> Any:
    kind = variable.type
    if not isinstance(kind, TensorType):
        raise ValueError(f"there are no samples of {kind}")
    shape = tuple(sized[variable, axis] if size is None else size for axis, size in enumerate(kind.shape))
    if np.prod(shape, dtype=float) > ELEMENTS:
        raise ValueError(f"{variable} would have {shape} elements")
    random = np.random.default_rng(len(shape))
    if np.dtype(kind.dtype).kind in "fc":
        return kind.filter(np.asarray(random.uniform(0.1, 0.9, shape), kind.dtype))
    # small, so that they may stand for labels, positions and numbers of steps
    return kind.filter(np.asarray(random.integers(0, 2, shape) if shape else 2, kind.dtype))
