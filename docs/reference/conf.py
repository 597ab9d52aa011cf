"""The reference, made from docstrings: `make docs`. Sphinx, since it lists, links and reads Google-style sections."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

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
