"""What every tutorial has, beside outputs that are true (nbval runs them in the same pytest run)."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[1] / "tutorials"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request: pytest.FixtureRequest) -> dict[str, Any]:
    return json.loads(request.param.read_text(encoding="utf-8"))


def outputs(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [output for cell in notebook["cells"] if cell["cell_type"] == "code" for output in cell["outputs"]]


def test_the_chapters_are_complete() -> None:
    chapters = [path for path in NOTEBOOKS if path.stem != "gallery"]
    assert [path.stem[:2] for path in chapters] == [f"{number:02}" for number in range(len(chapters))]
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    index = NOTEBOOKS[0].read_text(encoding="utf-8")
    assert all(f"({path.name})" in readme for path in NOTEBOOKS)
    assert all(f"({path.name})" in index for path in NOTEBOOKS[1:])


def test_it_shows_a_view_and_no_error(notebook: dict[str, Any]) -> None:
    shown = outputs(notebook)
    assert any("image/svg+xml" in output.get("data", {}) for output in shown)
    assert not [output for output in shown if output["output_type"] == "error"]


def test_cells_were_run_in_order(notebook: dict[str, Any]) -> None:
    counts = [cell["execution_count"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert counts == list(range(1, len(counts) + 1))


def test_it_stores_no_widgets_and_no_scripts(notebook: dict[str, Any]) -> None:
    assert "widgets" not in notebook["metadata"]
    for output in outputs(notebook):
        data = output.get("data", {})
        assert not [kind for kind in data if "widget" in kind or "javascript" in kind or kind == "text/html"]
        picture = "".join(data.get("image/svg+xml", ""))
        assert "<script" not in picture
        assert len(picture) < 65536


def test_it_begins_with_a_title_and_explains_its_first_cells(notebook: dict[str, Any]) -> None:
    first, second, *_ = notebook["cells"]
    assert "".join(first["source"]).startswith("# ")
    assert (first["cell_type"], second["cell_type"]) == ("markdown", "code")


def test_links_lead_somewhere(notebook: dict[str, Any]) -> None:
    text = "".join("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (FOLDER / target).exists(), target
