"""Where in the user's text a node was written (floor A, imports nothing of the house).

Every `Apply` records a `Where` when it is made. Recording costs well under a microsecond because only the code object
and the instruction offset are kept; file, line, columns and the cell number are worked out when somebody looks.

Read next: `graph`.
"""

import linecache
import os
import sys
import threading
from types import CodeType
from typing import Any

PACKAGE_DIRECTORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class Where:
    """A place in the user's text: file (or notebook cell), line and columns.

    `origin` says how a node that the user did not write himself came to be: `None` for a node he wrote, else an
    `Origin`.

    Example:
        >>> Where("model.py", 12, "cost").label
        'model.py:12'
    """

    __slots__ = ("_code", "_columns", "_lasti", "filename", "function", "line")

    def __init__(
        self,
        filename: str,
        line: int,
        function: str = "",
        columns: tuple[int, int] | None = None,
        code: CodeType | None = None,
        lasti: int = 0,
    ) -> None:
        self.filename = filename
        self.line = line
        self.function = function
        self._columns = columns
        self._code = code
        self._lasti = lasti

    @property
    def columns(self) -> tuple[int, int] | None:
        """First and last column (0-based, end exclusive) of the expression, where Python knows them."""
        if self._columns is None and self._code is not None:
            for index, (line, end_line, start, end) in enumerate(self._code.co_positions()):
                if index == self._lasti // 2:
                    if line == end_line and start is not None and end is not None:
                        self._columns = (start, end)
                    break
            self._code = None
        return self._columns

    @property
    def cell(self) -> int | None:
        """The notebook cell's execution count, or None where the place is a file."""
        ipython = sys.modules.get("IPython")
        shell = ipython.get_ipython() if ipython is not None else None
        names = getattr(getattr(shell, "compile", None), "_filename_map", None)
        return names.get(self.filename) if names else None

    @property
    def text(self) -> str:
        """The source line as the user wrote it, without indentation or line end; empty where it can't be found."""
        return linecache.getline(self.filename, self.line).strip()

    @property
    def label(self) -> str:
        """`cell 3 line 5` or `train.py:12`: short, and the same on every machine."""
        cell = self.cell
        if cell is not None:
            return f"cell {cell} line {self.line}"
        return f"{os.path.basename(self.filename)}:{self.line}"

    def excerpt(self) -> list[str]:
        """The label, the source line and a caret line, for error messages."""
        lines = [self.label]
        raw = linecache.getline(self.filename, self.line).rstrip("\n")
        if raw.strip():
            indent = len(raw) - len(raw.lstrip())
            lines.append("    " + raw.strip()[:74])
            columns = self.columns
            if columns is not None:
                # columns count UTF-8 bytes: turn them into characters
                data = raw.encode()
                start = len(data[: columns[0]].decode(errors="ignore")) - indent
                end = len(data[: columns[1]].decode(errors="ignore")) - indent
                if 0 <= start < end and start < 74:
                    lines.append("    " + " " * start + "^" * (min(end, 74) - start))
        return lines

    def __repr__(self) -> str:
        return f"Where({self.label})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Where, (self.filename, self.line, self.function, self.columns)


class Origin:
    """How a node that the user did not write came to be.

    Attributes:
        kind: `"gradient"` or `"rewrite"`.
        detail: the name of the forward op, or of the rule.
        of: the node (Apply) it was made from.
    """

    __slots__ = ("detail", "kind", "of")

    def __init__(self, kind: str, detail: str, of: Any) -> None:
        self.kind = kind
        self.detail = detail
        self.of = of

    def __repr__(self) -> str:
        return f"gradient of {self.detail}" if self.kind == "gradient" else f"rewritten by {self.detail}"


class _Current(threading.local):
    where: Where | None = None
    origin: Origin | None = None


_current = _Current()


def here() -> tuple[Where, Origin | None]:
    """The user's place: the innermost frame outside this package, or the place set by `attributed_to`."""
    where = _current.where
    if where is not None:
        return where, _current.origin
    frame = sys._getframe(2)
    code = frame.f_code
    while code.co_filename.startswith(PACKAGE_DIRECTORY):
        back = frame.f_back
        if back is None:
            break
        frame = back
        code = frame.f_code
    return Where(code.co_filename, frame.f_lineno, code.co_name, None, code, frame.f_lasti), _current.origin


class attributed_to:
    """Within the block, nodes made are said to come from `where` (the present place if None), by way of `origin`."""

    __slots__ = ("_before", "_within")

    def __init__(self, where: Where | None, origin: Origin | None) -> None:
        self._within = where, origin

    def __enter__(self) -> None:
        self._before = _current.where, _current.origin
        _current.where, _current.origin = self._within

    def __exit__(self, *failure: object) -> None:
        _current.where, _current.origin = self._before
