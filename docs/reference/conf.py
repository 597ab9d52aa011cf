"""The reference, made from docstrings: `make docs`. Sphinx, since it lists, links and reads Google-style sections."""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import interactive_sym.tensor as T
from interactive_sym import __version__

project = "interactive_sym"
author = "The interactive_sym authors"
copyright = author
version = release = __version__
extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "alabaster"
html_sidebars = {"**": ["about.html", "navigation.html", "searchbox.html"]}
html_theme_options = {"description": "Symbolic array expressions compiled to C", "page_width": "70rem"}
# Single backquotes are code in docstrings, as in the source.
default_role = "code"
autodoc_member_order = "alphabetical"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True}
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_custom_sections = [("Class attributes", "Attributes")]
# A name reached by several paths is described once for each; a reference to it may lead to any.
suppress_warnings = ["ref.python"]

FURTHER = ".. further names"
"""Where `tensor.rst` takes the functions of `T` that it does not name."""


def all_of_tensor(app: Any, docname: str, source: list[str]) -> None:
    """The page of tensors names functions by subject; those it does not name come at its end."""
    if docname == "tensor":
        given = set(source[0].replace("`", " ").replace(".", " ").split())
        rest = [name for name in T.__all__ if name not in given and callable(getattr(T, name))]
        typed = [name for name in rest if isinstance(getattr(T, name), T.TensorType | T.Plural | type)]
        lines = [f".. autofunction:: interactive_sym.tensor.{name}" for name in rest if name not in typed]
        source[0] = source[0].replace(FURTHER, "\n".join(lines))


def setup(app: Any) -> None:
    app.connect("source-read", all_of_tensor)
