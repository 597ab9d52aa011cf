"""Graphs as Graphviz drawings: a `graphviz.Digraph` to change and render, and pictures in files.

Rendering needs the `dot` program; without it SVG comes from `svg`, and other formats say what is missing.

Read next: `layout`, `svg`.
"""

from pathlib import Path
from typing import Any

import graphviz

from ..core.graph import Variable
from ..core.view import GraphView, graph_view
from ..function import Function
from . import theme
from .compiled import final_graph
from .svg import graph_svg


def _graph(obj: Any) -> GraphView:
    if isinstance(obj, Function):
        return final_graph(obj)
    results = list(obj) if isinstance(obj, (list, tuple)) else [obj]
    if not results or not all(isinstance(x, Variable) for x in results):
        raise TypeError(f"a drawing wants a function, a variable or a list of variables, got {type(obj).__name__}")
    return graph_view(results)


def digraph(obj: Any, name: str = "graph") -> graphviz.Digraph:
    """The graph of a function (as compiled), a variable or a list of variables as a `graphviz.Digraph`.

    Args:
        obj: what to draw.
        name: the drawing's name.

    Raises:
        TypeError: `obj` is something else.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dscalar("x")
        >>> "exp" in digraph(T.exp(x)).source
        True
    """
    view = _graph(obj)
    drawing = graphviz.Digraph(name, node_attr={"shape": "box", "style": "rounded", "fontname": "DejaVu Sans"})
    for node in view.nodes:
        style = theme.STYLES[theme.family(node)]
        text = theme.label(node) + "".join(f"\n{theme.clean(type_)}" for type_ in node.types[:1])
        drawing.node(f"n{node.id}", graphviz.escape(text).replace("\n", r"\n"), color=style.colour)
    for node in view.nodes:
        for position, (source, _) in enumerate(node.inputs):
            label = str(position) if len(node.inputs) > 1 else None
            drawing.edge(f"n{source}", f"n{node.id}", label=label, fontsize="9")
    for position, output in enumerate(view.outputs):
        drawing.node(f"out{position}", graphviz.escape(theme.clean(output.label)), shape="plaintext")
        drawing.edge(f"n{output.id}", f"out{position}")
    return drawing


def picture(obj: Any, format: str = "svg", title: str = "graph") -> bytes:
    """A picture of a function, a variable or a list of variables.

    Args:
        obj: what to draw.
        format: what `dot` knows (`"svg"`, `"png"`, `"pdf"`, ...); `"svg"` needs no `dot`.
        title: the picture's title.

    Raises:
        RuntimeError: the format needs the `dot` program and there is none.
        TypeError: `obj` is something else.
    """
    try:
        data: bytes = digraph(obj).pipe(format=format)
    except graphviz.ExecutableNotFound:
        if format != "svg":
            raise RuntimeError(
                f"a {format} picture needs the program `dot`, which was not found\n"
                "  Cure: format='svg' needs none; or install Graphviz with your system's package manager"
            ) from None
        return graph_svg(_graph(obj), title).encode()
    return data


def pydotprint(
    fct: Any, outfile: Any = None, format: str = "svg", print_output_file: bool = True, return_image: bool = False
) -> bytes | None:
    """Draw a graph into a file; what `printing.pydotprint` calls."""
    data = picture(fct, format)
    if return_image:
        return data
    path = Path(outfile if outfile is not None else f"graph.{format}")
    path.write_bytes(data)
    if print_output_file:
        print(f"The output file is available at {path}")
    return None
