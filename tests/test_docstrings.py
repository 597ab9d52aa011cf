"""Every public name says what it does, with an example that runs, and names what it takes and raises.

Public is what a module's `__all__` lists, and what `docs/names.toml` says works. The examples of functions, classes
and methods run as doctests of their modules; those of operations made from a record run in `test_elementwise`.
"""

import ast
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

import interactive_sym

ROOT = Path(__file__).parents[1]
MODULES = [
    name
    for _, name, _ in pkgutil.walk_packages(interactive_sym.__path__, "interactive_sym.")
    if not name.startswith(("interactive_sym.core.", "interactive_sym.cffi_backend."))
]


def documented(value: Any) -> str:
    """The docstring of a thing itself; that of its class for an object that has none of its own."""
    if isinstance(value, type):
        return inspect.cleandoc(vars(value).get("__doc__") or "")
    return inspect.getdoc(value) or ""


def speaks(value: Any) -> bool:
    """Whether a thing has a docstring of this package: functions, classes, properties, objects that can be called."""
    maker = value if hasattr(value, "__module__") else type(value)
    own = isinstance(value, property) or str(maker.__module__).startswith("interactive_sym")
    return own and (callable(value) or isinstance(value, property))


def public() -> dict[str, Any]:
    found: dict[int, tuple[str, Any]] = {}
    for module in ["interactive_sym", *MODULES]:
        names = getattr(importlib.import_module(module), "__all__", [])
        for name in names:
            value = getattr(importlib.import_module(module), name)
            found.setdefault(id(value), (f"{module}.{name}", value))
    return {path: value for path, value in found.values() if speaks(value)}


PUBLIC = public()


def unnamed_parameters(value: Any) -> list[str]:
    """The parameters that the docstring does not mention."""
    own = inspect.isclass(value) and inspect.isfunction(vars(value).get("__init__"))
    if not own and not inspect.isfunction(value):
        return []
    text = documented(value)
    parameters = inspect.signature(value).parameters.values()
    names = [p.name for p in parameters if p.name != "self" and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    return [name for name in names if name not in text]


def raised(value: Any) -> set[str]:
    """The errors that a function's own lines raise."""
    if not inspect.isfunction(value):
        return set()
    tree = ast.parse(textwrap.dedent(inspect.getsource(value)))
    errors = (node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise) and node.exc is not None)
    names = (error.func.id for error in errors if isinstance(error, ast.Call) and isinstance(error.func, ast.Name))
    return {name for name in names if name[0].isupper()}


#: A docstring that leaves its arguments to another's says so.
REFERRING = re.compile(r"(as for|see|those of) `")


@pytest.mark.parametrize("path", PUBLIC)
def test_it_has_an_example_and_names_arguments_and_errors(path: str) -> None:
    value = PUBLIC[path]
    text = documented(value)
    assert text and not text.startswith(">>>"), "it does not say what it is"
    assert ">>>" in text, "it has no example"
    prose = re.sub(r"`[^`]*`", "", text.partition(">>>")[0])
    assert not re.search(r"\|\S[^|]*\|", prose), "bars outside of backquotes: the reference takes them for names"
    if not REFERRING.search(text):
        assert not unnamed_parameters(value), "not explained"
    assert not [error for error in raised(value) if error not in text], "not among what it raises"


NAMED = """
import sys
sys.path[:0] = ["tools", "tests"]
import feature_table, test_docstrings as checks
feature_table.theano_names.install()
bare = []
for path, owner, value in feature_table.working():
    if checks.speaks(value) and ">>>" not in checks.documented(value):
        bare.append(path)
    elif not checks.speaks(value) and isinstance(owner, type) and not checks.told_by(owner, path.rpartition(".")[2]):
        bare.append(path)
assert not bare, "\\n".join(bare)
"""


def told_by(owner: type, name: str) -> bool:
    """Whether a class says what an attribute of its objects is."""
    return any(re.search(rf"\b{name}\b", documented(base)) for base in owner.__mro__)


def test_every_name_of_theano_that_works_has_an_example() -> None:
    # A process of its own: it installs names.
    done = subprocess.run([sys.executable, "-c", NAMED], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
