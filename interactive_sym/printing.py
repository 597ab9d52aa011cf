"""How objects are printed and shown: `pp` as a formula, `debugprint` as a listing, rich output in notebooks.

The work is done in `core.text` and `core.view`; `viz` is imported when a notebook first asks for rich output.
"""

from .core.ops.marks import Print
from .core.text import debugprint, pp
from .core.view import register_display

pprint = pp

register_display("interactive_sym.viz.display")

__all__ = ["Print", "debugprint", "pp", "pprint"]
