"""Exception classes and the one formatter of error messages (floor A).

A message is one sentence, then the user's own line with a caret, then a table of operands, then a cure that can be
pasted. Classes follow NumPy where NumPy has one, and carry the field's names where programs catch them.
"""

import textwrap
from collections.abc import Iterable, Sequence

from .source import Where

WIDTH = 80
LINES = 24


def message(
    sentence: str,
    where: Where | None = None,
    operands: Iterable[Sequence[str]] = (),
    cure: str = "",
    detail: Iterable[str] = (),
) -> str:
    """Lay out an error message: at most 24 lines, all but the sentence of at most 80 columns.

    Args:
        sentence: what is wrong, one sentence.
        where: the user's line that made the node.
        operands: rows of a table, such as `("x", "float64", "(32, 784)", "input 0")`.
        cure: what to write instead.
        detail: further lines, placed between the table and the cure.
    """
    lines = [" ".join(sentence.split())]  # one line however long: notebooks and logs show the first line alone
    if where is not None:
        first, *rest = where.excerpt()
        lines.extend(_cut(line) for line in (f"  at {first}", *rest))
    rows = [tuple(str(cell) for cell in row) for row in operands]
    if rows:
        columns = max(map(len, rows))
        padded = [row + ("",) * (columns - len(row)) for row in rows]
        widths = [max(len(row[k]) for row in padded) for k in range(columns)]
        lines.extend(
            _cut("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()) for row in padded
        )
    for line in detail:
        lines.extend(_wrapped(line, "  "))
    tail = _wrapped(f"Cure: {cure}", "  ") if cure else []
    room = LINES - len(tail)
    if len(lines) > room:
        lines = [*lines[: room - 1], f"  ... {len(lines) - room + 1} lines more"]
    return "\n".join(lines + tail)


def _wrapped(text: str, indent: str) -> list[str]:
    """Lines of at most WIDTH columns; those after the first are set in by two more."""
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent + "  ", break_on_hyphens=False)


def _cut(line: str) -> str:
    return line if len(line) <= WIDTH else line[: WIDTH - 3] + "..."


class AsTensorError(TypeError):
    """A value can't be turned into a symbolic tensor: it is no number, array or list of such.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.exp("abc")
        Traceback (most recent call last):
            ...
        interactive_sym.core.errors.AsTensorError: 'abc' can't be made a tensor: it is not numeric...
    """


class MissingInputError(ValueError):
    """An output needs a variable that is neither an input, shared, nor given.

    The cure is to add it to the inputs of `function`, or to replace it with `givens`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import function
        >>> x, y = T.dscalars("x", "y")
        >>> function([x], x + y)
        Traceback (most recent call last):
            ...
        interactive_sym.core.errors.MissingInputError: an output needs y, which is neither an input, nor ...
    """


class UnusedInputError(ValueError):
    """An input of a function has no influence on its outputs and updates.

    Where that is meant, `function(..., on_unused_input="ignore")` takes it.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import function
        >>> x, y = T.dscalars("x", "y")
        >>> function([x, y], 2 * x)
        Traceback (most recent call last):
            ...
        interactive_sym.core.errors.UnusedInputError: input 1, y, has no influence on the outputs and updates...
    """


class DisconnectedInputError(ValueError):
    """The cost does not depend on a variable it is differentiated with respect to.

    Where that is meant, `grad(..., disconnected_inputs="ignore")` gives zeros.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import grad
        >>> x, y = T.dscalars("x", "y")
        >>> grad(x**2, y)
        Traceback (most recent call last):
            ...
        interactive_sym.core.errors.DisconnectedInputError: the cost does not depend on y: it depends on x...
    """


class NullTypeGradError(TypeError):
    """A gradient is needed through an operation that has none.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import grad, gradient
        >>> x = T.dscalar("x")
        >>> grad(gradient.undefined_grad(x), x)
        Traceback (most recent call last):
            ...
        interactive_sym.core.errors.NullTypeGradError: undefined_grad has no gradient, and one is needed through it...
    """


class GradientError(ValueError):
    """A symbolic gradient differs from the numeric one.

    Attributes:
        arg: which argument.
        err_pos: the position in the argument, flattened.
        shape: the argument's shape.
        val1, val2: the symbolic and the numeric value.
        abs_err, rel_err: how far they are apart.
        abs_tol, rel_tol: how far they may be.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym.gradient import grad_scale, verify_grad
        >>> verify_grad(lambda x: grad_scale(x, 3.0), [1.0])
        Traceback (most recent call last):
            ...
        interactive_sym.core.errors.GradientError: the gradient of argument 0 is wrong...
    """

    arg: int = 0
    err_pos: int = 0
    shape: tuple[int, ...] = ()
    val1: float = 0.0
    val2: float = 0.0
    abs_err: float = 0.0
    rel_err: float = 0.0
    abs_tol: float = 0.0
    rel_tol: float = 0.0


class ShapeError(ValueError):
    """A shape is not what was declared.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.specify_shape(T.drow("r"), (2, None))
        Traceback (most recent call last):
            ...
        interactive_sym.core.errors.ShapeError: specify_shape: axis 0 is wanted of size 2, it is 1...
    """


class NotScalarConstantError(ValueError):
    """A constant scalar was wanted and the variable is not one.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.get_scalar_constant_value(T.dscalar("x"))
        Traceback (most recent call last):
            ...
        interactive_sym.core.errors.NotScalarConstantError: x is not a constant scalar...
    """


class KernelError(Exception):
    """A compiled kernel's error code and what it left in its error table; never seen by the user."""

    def __init__(self, code: int, details: tuple[int, int, int, int]) -> None:
        super().__init__(code, details)
        self.code = code
        self.details = details


class ForeignStateError(Exception):
    """A `RandomState` of another generator than MT19937, from which kernels do not draw; never seen by the user."""


class InconsistencyError(ValueError):
    """A rewrite rule gave a result of another type: an error of the rule, never of the program it was applied to.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import RULES, function, rewrites
        >>> @rewrites("erf", name="to_matrix", stage="specialise", why="an example of a wrong rule")
        ... def to_matrix(node):
        ...     return T.zeros((2, 2))
        >>> x = T.dvector("x")
        >>> function([x], T.erf(x))
        Traceback (most recent call last):
            ...
        interactive_sym.core.errors.InconsistencyError: rule to_matrix made TensorType(float64, (2, 2)) of ...
        >>> RULES.remove("to_matrix")
    """


class NoCompilerWarning(UserWarning):
    """No C compiler was found; functions run on the NumPy interpreter.

    A program that would rather stop makes an error of it.

    Example:
        >>> import warnings
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("error", NoCompilerWarning)
        ...     issubclass(NoCompilerWarning, UserWarning)
        True
    """
