"""The checks that look at the source itself: style, types, and who may import whom."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    "command",
    [("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",), ("lint-imports", "--no-cache")],
    ids=["lint", "format", "types", "floors"],
)
def test_source_is_clean(command: tuple[str, ...]) -> None:
    done = subprocess.run([str(BIN / command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_module_of_the_core_stands_on_a_floor() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    named = {module for contract in settings["contracts"] for module in contract.get("source_modules", [])}
    named |= {module for contract in settings["contracts"] for module in contract.get("forbidden_modules", [])}
    core = ROOT / "interactive_sym" / "core"
    modules = {path.stem for path in [*core.glob("*.py"), *(path for path in core.iterdir() if path.is_dir())]}
    missing = {name for name in modules if not name.startswith("__")} - {name.rpartition(".")[2] for name in named}
    assert not missing
