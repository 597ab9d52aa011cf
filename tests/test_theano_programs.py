"""Programs as users of Theano write them: those of a file run in one process under the drop-in, each is a test."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = [Path(__file__).with_name(name) for name in ("theano_programs.py", "theano_models.py")]
HELPERS = ("main",)
NAMES = [
    (script.name, node.name)
    for script in SCRIPTS
    for node in ast.parse(script.read_text()).body
    if isinstance(node, ast.FunctionDef) and node.name not in HELPERS and not (node.args.args or node.args.vararg)
]


@pytest.fixture(scope="module")
def outcomes() -> dict[tuple[str, str], str]:
    """What each program came to: "" where it passed, else its traceback."""
    environment = {name: value for name, value in os.environ.items() if name != "THEANO_FLAGS"}
    found = {}
    for script in SCRIPTS:
        done = subprocess.run(
            [sys.executable, "-m", "interactive_sym.theano_names", str(script)],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
        assert done.returncode == 0, done.stderr
        lines = [line.split(" ", 2) for line in done.stdout.splitlines() if line.startswith(("passed ", "failed "))]
        for verdict, name, *rest in lines:
            found[script.name, name] = "" if verdict == "passed" else rest[0].replace("\\n", "\n")
    return found


@pytest.mark.parametrize("name", NAMES, ids=lambda name: name[1])
def test_program(name: tuple[str, str], outcomes: dict[tuple[str, str], str]) -> None:
    assert outcomes[name] == ""
