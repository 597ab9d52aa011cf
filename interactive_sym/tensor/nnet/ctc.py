"""Connectionist temporal classification.

Read next: `core.ops.ctc`.
"""

from typing import Any

from ...core.constants import as_tensor_variable
from ...core.op import call
from ...core.ops.ctc import CTC
from ...core.types import upcast

__all__ = ["ctc", "ctc_available", "ctc_present"]


def ctc(activations: Any, labels: Any, input_lengths: Any) -> Any:
    """The cost of each labelling of a batch, whatever its alignment in time: minus the logarithm of its probability.

    Args:
        activations: `(steps, n, classes)`; their softmax over the classes are each step's probabilities. Class 0 is the
            blank.
        labels: integers from 1 to classes - 1, `(n, longest)`; shorter labellings are filled up with negative numbers.
        input_lengths: how many steps of each example count, integers `(n,)`.

    Returns:
        Costs `(n,)`, infinite where the steps are too few for the labels; the gradient of such an example is 0.

    Raises:
        ValueError: labels or lengths out of range, or of another batch size, when called.

    Example:
        >>> import numpy as np
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym.tensor.nnet.ctc import ctc
        >>> ctc(np.zeros((2, 1, 3)), np.array([[1]]), np.array([2])).eval().round(4).tolist()  # -log(3 paths of 9)
        [1.0986]
    """
    x = as_tensor_variable(activations)
    dtype = upcast("float32", x.type.dtype)
    return CTC(dtype)(call("cast", x, dtype), labels, input_lengths)[0]


def ctc_present() -> bool:
    """Whether there is an implementation: always, no library is needed.

    >>> ctc_present()
    True
    """
    return True


def ctc_available() -> bool:
    """The same.

    >>> ctc_available()
    True
    """
    return True
