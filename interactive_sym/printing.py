"""How objects are printed and shown: `pp` as a formula, `debugprint` as a listing, rich output in notebooks.

The work is done in `core.text` and `core.view`; `viz` is imported when a notebook first asks for rich output.
"""

import importlib
from typing import Any

from .core.ops.marks import Print
from .core.text import debugprint, pp
from .core.view import register_display

pprint = pp

register_display("interactive_sym.viz.display")

__all__ = ["Print", "debugprint", "pp", "pprint", "pydotprint"]


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
