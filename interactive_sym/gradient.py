"""Derivatives: the public names.

Read next: `core.grad`.
"""

from .core.errors import DisconnectedInputError, GradientError, NullTypeGradError
from .core.grad import grad

__all__ = ["DisconnectedInputError", "GradientError", "NullTypeGradError", "grad"]
