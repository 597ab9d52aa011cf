"""The kernel's word to the side panel: a comm tells the notebook that this session has imported interactive_sym.

The panel (`viz/panel.py` and its TypeScript) waits for it, and then opens a comm of its own; the code behind that comm
is imported with the first request. Outside a notebook kernel nothing happens here.
"""

import importlib
import sys
from typing import Any

HELLO = "interactive_sym.hello"
PANEL = "interactive_sym.panel"


def announce() -> bool:
    """Opens the comm that says hello; returns whether there is a kernel to open it in."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if getattr(shell, "kernel", None) is None:
        return False
    comm: Any = importlib.import_module("comm")
    comm.get_comm_manager().register_target(PANEL, _opened)
    comm.create_comm(target_name=HELLO)
    return True


def _opened(comm: Any, message: Any) -> None:
    importlib.import_module("interactive_sym.viz.panel").connected(comm)
