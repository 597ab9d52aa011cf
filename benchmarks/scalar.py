"""The vocabulary of formulas that numba compiles for single numbers: it reads attributes of modules, not of objects."""

from math import erf, exp, log, sqrt

number = float

__all__ = ["erf", "exp", "log", "number", "sqrt"]
