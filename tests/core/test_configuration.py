"""Settings: nested names, parsing, listeners, the environment's text."""

import pytest

from interactive_sym.core.configuration import FLAGS, Config, config


def test_names_with_dots() -> None:
    mine = Config("")
    assert mine.profiling.n_apply == 20
    mine.profiling.n_apply = "5"
    assert mine.profiling.n_apply == 5 and FLAGS["profiling.n_apply"].default == 20
    setattr(mine, "scan.allow_gc", "true")
    assert mine.scan.allow_gc is True
    assert "n_ops" in dir(mine.profiling) and "profiling" in dir(mine)
    assert "profiling.n_apply = 5" in repr(mine.profiling) and "floatX" not in repr(mine.profiling)
    assert mine.dnn.conv.algo_fwd == "small"


def test_unknown_names() -> None:
    mine = Config("")
    with pytest.raises(AttributeError, match=r"near: .*profiling.n_apply"):
        mine.profiling.n_appli  # noqa: B018
    with pytest.raises(AttributeError, match="no setting named 'flotX'; near: floatX"):
        mine.flotX = "float32"
    with pytest.raises(AttributeError, match="no setting"):
        Config("nonsense=1")
    unknown: list[str] = []
    mine.read_flags("nonsense=1,floatX=float32", unknown=unknown.append)
    assert unknown == ["nonsense"] and mine.floatX == "float32"


def test_values_are_parsed() -> None:
    mine = Config("floatX=float32, DebugMode.check_finite=no , profiling.n_ops=7")
    assert (mine.floatX, mine.DebugMode.check_finite, mine.profiling.n_ops) == ("float32", False, 7)
    for text in ("floatX=int8", "profile=perhaps", "profiling.n_ops=many", "floatX"):
        with pytest.raises(ValueError, match="configuration"):
            Config(text)


def test_changes_are_undone_and_heard() -> None:
    heard: list[str] = []
    mine = Config("")
    mine.listen("floatX", heard.append)
    with pytest.raises(RuntimeError), mine.change_flags({"profiling.n_ops": 3}, floatX="float32"):
        assert mine.profiling.n_ops == 3
        raise RuntimeError
    assert mine.profiling.n_ops == 20 and mine.floatX == "float64"
    assert heard == ["float64", "float32", "float64"]


@pytest.mark.parametrize("name", FLAGS)
def test_defaults_are_values(name: str) -> None:
    flag = FLAGS[name]
    assert flag.doc and flag.parse(flag.default) == flag.default
    assert getattr(config, name) is not None
