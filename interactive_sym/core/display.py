"""How core objects are shown in notebooks: by whoever registered, imported when a formatter asks (floor A).

Read next: `view`, `interactive_sym.viz.display`.
"""

import importlib
from typing import Any

from .op import register

_display_module: str | None = None


def register_display(module: str) -> None:
    """Name the module whose `mimebundle(obj, include, exclude)` shows core objects; it is imported when needed."""
    global _display_module
    _display_module = module


def mimebundle(obj: Any, include: Any = None, exclude: Any = None) -> Any:
    """What `_repr_mimebundle_` of core objects returns: the registered display's answer, or None for plain `repr`.

    A display that is missing or fails never fails the cell: text remains.
    """
    if _display_module is None:
        return None
    try:
        return importlib.import_module(_display_module).mimebundle(obj, include, exclude)
    except Exception:
        return None


register("mimebundle", mimebundle)
