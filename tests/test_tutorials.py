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


CHAPTERS = [path for path in NOTEBOOKS if path.stem[:2].isdigit() and path.stem[:2] != "00"]


def sources(path: Path) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_has_aims_and_exercises_with_folded_solutions(path: Path) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = sources(path)
    assert "**You will be able to**\n\n- " in text[0]
    answers = [place for place, source in enumerate(text) if source.startswith("<details><summary>Answer</summary>")]
    assert answers and len(answers) == sum("## Your turn" in source or "## Once more" in source for source in text)
    for place in answers:
        assert text[place - 1] == "# Your code here."
        assert "```python" not in text[place], "the solution is code once, in the cell that runs"
        assert text[place + 1].startswith("# Solution\n")
        assert cells[place + 1]["metadata"]["jupyter"] == {"outputs_hidden": True, "source_hidden": True}


def test_each_chapter_leads_to_the_next_in_the_order_of_the_index() -> None:
    order = re.findall(r"\]\((\d\d_\w+\.ipynb)\)", sources(NOTEBOOKS[0])[0])
    assert sorted(order) == [path.name for path in CHAPTERS]
    for name, following in zip(order, [*order[1:], "gallery.ipynb"]):
        assert f"({following})" in sources(FOLDER / name)[-1], name
