"""How objects are printed and shown: `pp` as a formula, `debugprint` as a listing, rich output in notebooks.

The work is done in `core.text` and `core.view`; `viz` is imported when a notebook first asks for rich output.
"""

import importlib
import os
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from .core.display import register_display
from .core.graph import Variable
from .core.ops.marks import Print
from .core.text import character_id, debugprint, pp

pprint = pp

register_display("interactive_sym.viz.display")

__all__ = ["Print", "d3viz", "debugprint", "min_informative_str", "pp", "pprint", "pydotprint"]


def min_informative_str(obj: Variable | Sequence[Variable], indent_level: int = 0) -> str:
    """A graph as a listing without ids: each part has a letter, and what was listed before is that letter in brackets.

    Args:
        obj: a variable, or several.
        indent_level: how far the first line is indented.

    Example:
        >>> import interactive_sym.tensor as T
        >>> a, b = T.dscalars("a", "b")
        >>> print(min_informative_str(a + b * b))
        A. add
         B. a
         C. mul
          D. b
          <D>
    """
    tags: dict[Variable, str] = {}
    lines: list[str] = []
    pending = [(x, indent_level) for x in reversed([obj] if isinstance(obj, Variable) else list(obj))]
    while pending:
        x, level = pending.pop()
        if x in tags:
            lines.append(" " * level + f"<{tags[x]}>")
            continue
        tags[x] = character_id(len(tags))
        text = str(x) if x.owner is None or x.name else str(x.owner.op)
        lines.append(" " * level + f"{tags[x]}. {text}")
        if x.owner is not None and not x.name:
            pending += [(parent, level + 1) for parent in reversed(x.owner.inputs)]
    return "\n".join(lines)


def d3viz(fct: Any, outfile: str | os.PathLike[str], copy_deps: bool = True, *args: Any, **kwargs: Any) -> None:
    """Write the graph of a function or a variable as an HTML page that needs no other file.

    In a notebook the object itself shows the same and more, to be explored.

    Args:
        fct: what to draw; of a function the compiled graph.
        outfile: where to.
        copy_deps, args, kwargs: accepted for old programs; the page depends on nothing.

    Raises:
        TypeError: `fct` can't be drawn.

    Example:
        >>> import tempfile
        >>> import interactive_sym.tensor as T
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     d3viz(T.exp(T.dscalar("x")), Path(folder) / "graph.html")
        ...     "<svg" in (Path(folder) / "graph.html").read_text()
        True
    """
    picture = pydotprint(fct, return_image=True)
    assert picture is not None
    svg = picture.decode()
    title = escape(str(getattr(fct, "name", None) or "graph"))
    page = f'<!doctype html><meta charset="utf-8"><title>{title}</title>\n{svg[svg.index("<svg") :]}'
    Path(outfile).write_text(page, encoding="utf-8")


def pydotprint(
    fct: Any,
    outfile: Any = None,
    compact: bool = True,
    format: str = "svg",
    with_ids: bool = False,
    high_contrast: bool = True,
    cond_highlight: Any = None,
    colorCodes: Any = None,
    max_label_size: int = 70,
    scan_graphs: bool = False,
    var_with_name_simple: bool = False,
    print_output_file: bool = True,
    return_image: bool = False,
) -> bytes | None:
    """Draw the graph of a function, a variable or a list of variables into a file, with Graphviz.

    Args:
        fct: what to draw; of a function the compiled graph.
        outfile: where to; by default `graph.` and the format.
        format: `"svg"` (needs no `dot` program), `"png"`, `"pdf"`, ...
        print_output_file: say where the file is.
        return_image: return the picture as bytes and write no file.
        compact, with_ids, high_contrast, cond_highlight, colorCodes, max_label_size, scan_graphs, var_with_name_simple:
            accepted for old programs; the drawing has one style.

    Raises:
        RuntimeError: the format needs the `dot` program and there is none.
        TypeError: `fct` can't be drawn.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dscalar("x")
        >>> b"<svg" in pydotprint(T.exp(x), return_image=True)
        True
    """
    drawing = importlib.import_module("interactive_sym.viz.dot")
    picture: bytes | None = drawing.pydotprint(fct, outfile, format, print_output_file, return_image)
    return picture
