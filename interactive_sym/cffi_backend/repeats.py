"""Loops of equal text are written once.

Graphs that Python code unrolled have the same loop nest many times: layers of one kind, steps of an iteration. Threads
share a nest through a function that gets all it reads by pointers, so functions that differ in the names of their
locals alone are one function, called with other pointers. The compiler reads it once.

Read next: `unit`.
"""

import re
from collections.abc import Iterator, Sequence

from .emit import Line

_BEGIN = re.compile(r"struct (loop(\d+)) \{$")
_DECLARATION = re.compile(r" +(?!return |else )(?:[A-Za-z_]\w* )+(?:\*(?:restrict )?)?(\w+)(?:\[\w*\])?(?: = |[;,])")
_FURTHER = re.compile(r", (\w+)(?= = |[\[,;])")
_GROUPED = re.compile(r"[({]")
_MEMBER = re.compile(r"(\w+);$")
_NAME = re.compile(r"([A-Za-z_]\w*\d\w*)")
_TITLE = "  /* loop of "
_PARAMETERS = re.compile(r"ISYM_APART int (run\d+)\(")
_PARAMETER = re.compile(r"(\w+)(?=[,)])")
_USE = re.compile(r"\b(loop|part|run)(\d+)\b")


def once(functions: Sequence[Line], lines: Sequence[Line]) -> tuple[list[Line], list[Line]]:
    """Functions of loops without those that repeat another, and the text that calls them, each by its first name.

    Args:
        functions: for each loop that threads share a structure `loop<n>` of pointers and sizes and the function
            `part<n>`.
        lines: the text that calls them.

    Returns:
        Both again. A line that stands for several loops has the nodes of all.

    Example:
        >>> def part(n):
        ...     struct = [f"struct loop{n} {{", f"  double *x{n};", "};"]
        ...     body = [f"int part{n}(const struct loop{n} *s)", "{", f"  const double v{n} = s->x{n}[0];", "}"]
        ...     return [Line(text, (n,)) for text in struct + body]
        >>> functions, calls = once(part(0) + part(7), [Line("  part7(&given7);")])
        >>> len(functions), functions[5].nodes, calls[0].text
        (7, (0, 7), '  part0(&given7);')
    """
    alike: dict[str, list[tuple[str, list[Line]]]] = {}
    for number, chunk in chunks(functions):
        alike.setdefault(_canonical(chunk) if number else "", []).append((number, chunk))
    same = {number: group[0][0] for group in alike.values() for number, _ in group[1:]}
    if not same:
        return list(functions), list(lines)
    kept: list[Line] = []
    for group in alike.values():
        kept += group[0][1] if len(group) == 1 else map(_joined, *(chunk for _, chunk in group))
    return kept, [_renamed(line, same) for line in lines]


def _joined(first: Line, *others: Line) -> Line:
    """A line that stands for itself and for those of other loops."""
    nodes = (*first.nodes, *(node for line in others for node in line.nodes))
    return Line(first.text, nodes, first.note.replace(":", f" and {len(others)} like it:", 1))


def chunks(lines: Sequence[Line]) -> Iterator[tuple[str, list[Line]]]:
    """The lines of each loop, with its number; what stands before the first has none."""
    chunk: list[Line] = []
    number = ""
    for line in lines:
        found = _BEGIN.match(line.text)
        if found:
            if chunk:
                yield number, chunk
            chunk, number = [], found[2]
        chunk.append(line)
    if chunk:
        yield number, chunk


def _canonical(chunk: Sequence[Line]) -> str:
    """The text of a loop's function with its own names replaced by their places in it; all other names stay."""
    own: dict[str, str] = {}
    inside = True
    for line in chunk:
        begin = _BEGIN.match(line.text)
        if begin:
            names = [begin[1], f"part{begin[2]}"]
        elif found := _PARAMETERS.match(line.text):
            names = [found[1], *_PARAMETER.findall(line.text)]
        elif inside:
            names = _MEMBER.findall(line.text)
            inside = line.text != "};"
        else:
            declared = _DECLARATION.match(line.text)
            names = [] if declared is None else [declared[1]]
            if declared is not None and ", " in line.text and not _GROUPED.search(line.text):
                names += _FURTHER.findall(line.text)
        for name in names:
            own.setdefault(name, f"?{len(own)}")
    words = _NAME.split("\n".join(line.text for line in chunk))
    return "".join([own.get(word, word) for word in words])


def _renamed(line: Line, same: dict[str, str]) -> Line:
    if line.text.startswith(_TITLE) or not _USE.search(line.text):
        return line

    def name(found: re.Match[str]) -> str:
        return found[1] + same.get(found[2], found[2])

    return Line(_USE.sub(name, line.text), line.nodes, line.note)
