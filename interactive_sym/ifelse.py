"""Branches of which only one is computed: the public name.

Read next: `core.ops.control`.
"""

from .core.ops.control import IfElse, ifelse

__all__ = ["IfElse", "ifelse"]
