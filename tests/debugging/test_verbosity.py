"""`exception_verbosity=high`: an error tells the graph behind the node and every value there is."""

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.core.configuration import config
from interactive_sym.core.shared import shared
from interactive_sym.function import function
from interactive_sym.mode import Mode, get_mode


@pytest.mark.parametrize("linker", ["c", "py"])
def test_high_verbosity(linker: str) -> None:
    x, y = T.dvectors("x", "y")
    w = shared(np.ones(3), name="w")
    f = function([x, y], T.sum(T.exp(x) * w + y), mode=Mode(linker), name="f")
    arguments = [1.0, 2.0, 3.0], [1.0, 2.0]
    with pytest.raises(ValueError, match="mis-match") as low:
        f(*arguments)
    assert "Values:" not in str(low.value)
    with config.change_flags(exception_verbosity="high"), pytest.raises(ValueError, match="mis-match") as high:
        f(*arguments)
    text = str(high.value)
    assert text.startswith(str(low.value))
    for piece in ("failed: add", "used by: sum", "Graph behind it:", "exp [id", "input x: float64 (3,)", "shared w"):
        assert piece in text, piece
    assert "= [1.0, 2.0]" in text


def test_configured_linker_and_optimizer() -> None:
    with config.change_flags(linker="py"):
        assert get_mode() == Mode("py", "fast_run")
    with config.change_flags(optimizer="None"):
        assert get_mode().optimizer == "None"
    with config.change_flags(mode="Mode", optimizer="fast_compile"):
        assert get_mode() == Mode("c", "fast_compile")
    with config.change_flags(optimizer_excluding="canonicalise", optimizer_including="sizes"):
        mode = get_mode()
    assert mode.excluded == {"canonicalise"} and mode.included == {"sizes"}
    assert Mode(None, "default") == Mode() and Mode().clone(optimizer="o1").optimizer == "o1"
