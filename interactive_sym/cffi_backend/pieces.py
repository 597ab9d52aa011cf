"""Long units in pieces, which the compiler reads side by side.

The functions of loops know of each other only what is declared before them, so a text may be compiled several times,
each time with other functions in it (`ISYM_PIECE` in `runtime/kernel.h`), and the results linked. Compiled as a whole
it is the same unit. How a text is cut depends on its length only, so that a kernel's name in the cache is the same on
every machine.

Read next: `unit`, `build`.
"""

import re
from collections.abc import Sequence

from .emit import Line
from .repeats import chunks

PIECE = 120_000
"""Characters of loops' functions in a piece at least: below, starting the compiler again costs more than it gives."""
MOST = 4
"""Pieces of a unit at most."""

_FUNCTION = "ISYM_APART int "
_EXTERNAL = re.compile(r"(?m)^(?!static|typedef|return|else)[a-z]\w*(?: \w+)*[ *]+\w+\(")


def in_pieces(functions: Sequence[Line], kernel: Sequence[Line], support: Sequence[str]) -> list[Line]:
    """The text of a unit below its headers, cut into pieces where it is long.

    Args:
        functions: of loops, each after its structure.
        kernel: the text of the entry point, which calls them.
        support: what stands above; a text of it that defines more than this piece may know keeps the unit whole.

    Example:
        >>> def part(n):
        ...     return [Line(f"struct loop{n} {{"), Line("};"), Line(f"ISYM_APART int part{n}(void)"), Line("{ }")]
        >>> kernel = [Line("int isym_kernel(isym_ctx *ctx)"), Line("{ }")]
        >>> len(in_pieces(part(0) + part(1), kernel, ()))
        10
    """
    length = sum(len(line.text) for line in functions)
    count = min(MOST, length // PIECE)
    if count < 2 or any(_EXTERNAL.search(text) for text in support):
        return [*functions, *kernel]
    common: list[Line] = []
    pieces: list[list[Line]] = [[] for _ in range(count)]
    before = 0
    for number, chunk in chunks(functions):
        if not number:
            common += chunk
            continue
        end = next(k for k, line in enumerate(chunk) if line.text == "};") + 1
        common += chunk[:end]
        piece = pieces[min(before * count // length, count - 1)]
        for line in chunk[end:]:
            before += len(line.text)
            if line.text.startswith(_FUNCTION):
                line = Line(line.text.replace(_FUNCTION, "ISYM_PART int ", 1), line.nodes, line.note)
                common.append(Line(f"{line.text};"))
            piece.append(line)
        before += sum(len(line.text) for line in chunk[:end])
    pieces[-1] += kernel
    return [*common, *(line for k, piece in enumerate(pieces) for line in _guarded(k, piece))]


def _guarded(number: int, piece: Sequence[Line]) -> list[Line]:
    return [Line(""), Line(f"#if ISYM_PIECE({number})"), *piece, Line("#endif")]
