"""Runs the tutorials again and stores their outputs: `make tutorials`, after a change of what they show.

What is stored is what any viewer can show: text and static pictures. Live widgets, their state and the times of
execution are left out.
"""

import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "tutorials"
WIDGET = "application/vnd.jupyter.widget-view+json"


def joined(outputs: list[Any]) -> list[Any]:
    """The outputs, with pieces of one stream that follow each other made one."""
    result: list[Any] = []
    for output in outputs:
        if result and output.output_type == "stream" == result[-1].output_type and output.name == result[-1].name:
            result[-1].text += output.text
        else:
            result.append(output)
    return result


def refresh(path: Path) -> None:
    """Executes a notebook and writes it back."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = joined(cell.outputs)
            for output in cell.outputs:
                output.get("data", {}).pop(WIDGET, None)
    nbformat.write(notebook, path)


def main(names: list[str]) -> None:
    """Refreshes the notebooks whose names begin with one of the words, or all of them."""
    for path in sorted(FOLDER.glob("*.ipynb")):
        if not names or path.name.startswith(tuple(names)):
            refresh(path)
            print(path.name)


if __name__ == "__main__":
    main(sys.argv[1:])
