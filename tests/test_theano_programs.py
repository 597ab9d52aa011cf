"""Programs as users of Theano write them, each in `theano_programs.py`, all run in one process under the drop-in."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("theano_programs.py")
HELPERS = ("main", "glorot", "zeros", "descent")
NAMES = [
    node.name
    for node in ast.parse(SCRIPT.read_text()).body
    if isinstance(node, ast.FunctionDef) and node.name not in HELPERS
]


@pytest.fixture(scope="module")
def outcomes() -> dict[str, str]:
    """What each program came to: "" where it passed, else its traceback."""
    environment = {name: value for name, value in os.environ.items() if name != "THEANO_FLAGS"}
    done = subprocess.run(
        [sys.executable, "-m", "interactive_sym.theano_names", str(SCRIPT)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split(" ", 2) for line in done.stdout.splitlines() if line.startswith(("passed ", "failed "))]
    return {name: "" if verdict == "passed" else rest[0].replace("\\n", "\n") for verdict, name, *rest in lines}


@pytest.mark.parametrize("name", NAMES)
def test_program(name: str, outcomes: dict[str, str]) -> None:
    assert outcomes[name] == ""
