"""Exception classes and the one formatter of error messages (floor A).

A message is one sentence, then the user's own line with a caret, then a table of operands, then a cure that can be
pasted. Classes follow NumPy where NumPy has one, and carry the field's names where programs catch them.
"""

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
    """Lay out an error message: at most 24 lines of 80 columns.

    Args:
        sentence: what is wrong, one sentence.
        where: the user's line that made the node.
        operands: rows of a table, such as `("x", "float64", "(32, 784)", "input 0")`.
        cure: what to write instead.
        detail: further lines, placed between the table and the cure.
    """
    lines = [sentence]
    if where is not None:
        first, *rest = where.excerpt()
        lines.append(f"  at {first}")
        lines.extend(rest)
    rows = [tuple(str(cell) for cell in row) for row in operands]
    if rows:
        columns = max(map(len, rows))
        padded = [row + ("",) * (columns - len(row)) for row in rows]
        widths = [max(len(row[k]) for row in padded) for k in range(columns)]
        lines.extend("  " + "  ".join(cell.ljust(w) for cell, w in zip(row, widths)).rstrip() for row in padded)
    lines.extend(f"  {line}" for line in detail)
    if cure:
        lines.append(f"  Cure: {cure}")
    if len(lines) > LINES:
        lines = lines[: LINES - 2] + [f"  ... {len(lines) - LINES + 1} lines more"] + lines[-1:]
    return "\n".join(lines[:1] + [line if len(line) <= WIDTH else line[: WIDTH - 3] + "..." for line in lines[1:]])


class AsTensorError(TypeError):
    """A value can't be turned into a symbolic tensor."""


class MissingInputError(ValueError):
    """An output needs a variable that is neither an input, shared, nor given."""


class UnusedInputError(ValueError):
    """An input of a function has no influence on its outputs and updates."""


class DisconnectedInputError(ValueError):
    """The cost does not depend on a variable it is differentiated with respect to."""


class NullTypeGradError(TypeError):
    """A gradient is needed through an operation that has none."""


class GradientError(ValueError):
    """A symbolic gradient differs from the numeric one."""


class ShapeError(ValueError):
    """A shape is not what was declared."""


class NotScalarConstantError(ValueError):
    """A constant scalar was wanted and the variable is not one."""


class InconsistencyError(ValueError):
    """A rewrite rule gave a result of another type."""


class NoCompilerWarning(UserWarning):
    """No C compiler was found; functions run on the NumPy interpreter."""
