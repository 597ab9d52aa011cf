"""How core objects are shown: by the display that registered, and as text where it fails."""

import pytest

import interactive_sym.tensor as T
from interactive_sym import shared
from interactive_sym.core import display


def test_a_display_that_fails_leaves_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    x = T.dvector("x")
    monkeypatch.setattr(display, "_display_module", "no.such.module")
    assert display.mimebundle(x) is None
    monkeypatch.setattr(display, "_display_module", None)
    assert shared(1.0)._repr_mimebundle_() is None
