"""The reference covers every public name; building it is `make docs`, which fails on a warning."""

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import interactive_sym
import interactive_sym.tensor as T

PAGES = Path(__file__).parents[1] / "docs" / "reference"
LISTED = set(re.findall(r"^\.\. automodule:: (\S+)$", "\n".join(p.read_text() for p in PAGES.glob("*.rst")), re.M))
PUBLIC = [
    name
    for _, name, _ in pkgutil.walk_packages(interactive_sym.__path__, "interactive_sym.")
    if not name.startswith(("interactive_sym.core.", "interactive_sym.cffi_backend."))
    and hasattr(importlib.import_module(name), "__all__")
]


@pytest.mark.parametrize("name", ["interactive_sym", *PUBLIC])
def test_every_public_module_is_in_the_reference(name):
    assert name in LISTED


@pytest.mark.parametrize("name", sorted(LISTED))
def test_every_public_function_and_class_says_what_it_does(name):
    module = importlib.import_module(name)
    own = [one for one, value in vars(module).items() if getattr(value, "__module__", "") == name and one[0] != "_"]
    public = getattr(module, "__all__", own)
    bare = [
        one for one in public if callable(getattr(module, one)) and not (getattr(module, one).__doc__ or "").strip()
    ]
    assert not bare, f"without a docstring: {bare}"


def test_every_page_is_in_the_index():
    index = (PAGES / "index.rst").read_text().split()
    assert all(page.stem in index for page in PAGES.glob("*.rst") if page.stem != "index")


def test_the_page_of_tensors_names_what_there_is_and_leaves_room_for_more():
    page = (PAGES / "tensor.rst").read_text()
    named = set(re.findall(r"^\.\. auto(?!module)\w+:: interactive_sym\.tensor\.(\w+)$", page, re.M))
    assert len(named) > 250
    assert all(hasattr(T, name) for name in named)
    assert "\n.. further names\n" in page  # conf.py puts there what the page does not name
