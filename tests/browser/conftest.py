"""One JupyterLab and one Chromium for all browser tests.

Without them the tests are skipped, saying what is missing; with `ISYM_REQUIRE_BROWSER=1` (as in CI) that is a failure.
"""

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

NEEDED = ("playwright", "jupyterlab", "anywidget", "nbformat")


def _missing() -> str:
    packages = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if packages:
        return f"needs {', '.join(packages)}: pip install {' '.join(packages)}"
    from tests.browser.lab import chromium

    return "" if chromium() else "needs Chromium: install the package chromium, or set CHROMIUM to its path"


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    missing = _missing()
    if missing:
        if os.environ.get("ISYM_REQUIRE_BROWSER") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    from tests.browser.lab import Lab

    with Lab(tmp_path_factory.mktemp("notebooks")) as server:
        yield server


@pytest.fixture(scope="session")
def browser(lab: Any) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    from tests.browser.lab import ARGUMENTS, chromium

    with sync_playwright() as playwright:
        window = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield window
        window.close()


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: `$ISYM_SCREENSHOTS`, else a temporary directory."""
    named = os.environ.get("ISYM_SCREENSHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
