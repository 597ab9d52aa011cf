"""`interactive-sym lab` and `interactive-sym doctor`."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from interactive_sym import cli
from interactive_sym.cffi_backend import build


@pytest.fixture
def delivered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small folder of tutorials that stands for the package's own."""
    source = tmp_path / "source"
    (source / ".ipynb_checkpoints").mkdir(parents=True)
    (source / ".ipynb_checkpoints" / "a-checkpoint.ipynb").write_text("no")
    (source / "pictures").mkdir()
    (source / "a.ipynb").write_text("a 1")
    (source / "pictures" / "b.svg").write_text("b 1")
    monkeypatch.setattr(cli, "tutorials", lambda: source)
    return source


def test_the_tutorials_are_there() -> None:
    names = {path.name for path in cli.tutorials().iterdir()}
    assert {"README.md", "00_index.ipynb"} <= names


def test_a_first_copy(delivered: Path, tmp_path: Path) -> None:
    target = tmp_path / "deep" / "target"
    assert cli.copy_tutorials(target) == []
    assert (target / "a.ipynb").read_text() == "a 1"
    assert (target / "pictures" / "b.svg").read_text() == "b 1"
    assert not (target / ".ipynb_checkpoints").exists()


def test_edits_are_never_written_over(delivered: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    cli.copy_tutorials(target)
    (target / "a.ipynb").write_text("mine")
    (target / "own.ipynb").write_text("also mine")
    assert cli.copy_tutorials(target) == ["a.ipynb"]
    (delivered / "a.ipynb").write_text("a 2")
    (delivered / "own.ipynb").write_text("theirs")
    assert cli.copy_tutorials(target) == ["a.ipynb", "own.ipynb"]
    assert (target / "a.ipynb").read_text() == "mine"
    assert (target / "own.ipynb").read_text() == "also mine"


def test_untouched_copies_follow_the_release(delivered: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    cli.copy_tutorials(target)
    (delivered / "a.ipynb").write_text("a 2")
    assert cli.copy_tutorials(target) == []
    assert (target / "a.ipynb").read_text() == "a 2"


@pytest.mark.parametrize("listed", ["", "not JSON", "[1, 2]"])
def test_a_damaged_list_keeps_everything(delivered: Path, tmp_path: Path, listed: str) -> None:
    target = tmp_path / "target"
    cli.copy_tutorials(target)
    (target / cli.OUR_COPIES).write_text(listed)
    (delivered / "a.ipynb").write_text("a 2")
    assert cli.copy_tutorials(target) == ["a.ipynb"]
    assert (target / "a.ipynb").read_text() == "a 1"


def test_the_folder_of_the_tutorials_itself_stays_as_it_is(delivered: Path) -> None:
    before = sorted(delivered.rglob("*"))
    assert cli.copy_tutorials(delivered) == []
    assert sorted(delivered.rglob("*")) == before


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[list[str]]]:
    """The programs that would have been started."""
    programs: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _, command: programs.append(command))
    yield programs


def test_lab_opens_the_copy(
    delivered: Path, tmp_path: Path, started: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    (delivered / "00_index.ipynb").write_text("index")
    target = tmp_path / "my folder"
    cli.main(["lab", str(target), "--", "--no-browser", "--port", "9000"])
    (command,) = started
    assert command[:4] == [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={target}"]
    assert "--LabApp.default_url=/lab/tree/00_index.ipynb" in command
    assert command[-3:] == ["--no-browser", "--port", "9000"]
    assert f"The tutorials are in {target}." in capsys.readouterr().out


def test_lab_says_which_files_it_kept(
    delivered: Path, tmp_path: Path, started: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.ipynb").write_text("mine")
    cli.main(["lab", str(tmp_path)])
    assert "a.ipynb is your version" in capsys.readouterr().out
    assert len(started) == 1


def test_lab_where_nothing_can_be_written(
    delivered: Path, tmp_path: Path, started: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert cli.main(["lab", str(tmp_path / "file")]) == 1
    assert "Cure: say where the tutorials may go" in capsys.readouterr().err
    assert not started


def test_lab_without_jupyterlab(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(cli.importlib.util, "find_spec", lambda name: None)
    assert cli.main(["lab"]) == 1
    assert 'Cure: pip install "interactive-sym[lab]"' in capsys.readouterr().err


def test_doctor(capsys: pytest.CaptureFixture[str]) -> None:
    status = cli.main(["doctor"])
    out = capsys.readouterr().out
    for what in ("Python", "NumPy", "C compiler", "BLAS", "kernel cache", "cores", "JupyterLab", "Graphviz"):
        assert what in out
    assert status == ("MISSING" in out)


def test_doctor_without_a_compiler(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(build, "compiler", lambda: None)
    monkeypatch.setattr(build, "tried", lambda: [("cc", "not found")])
    assert cli.main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert "MISSING  C compiler" in out
    assert 'Cure: pip install "interactive-sym[compiler]"' in out
    assert out.endswith("Missing: C compiler.\n")


def test_doctor_with_a_broken_compiler(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(source: str) -> None:
        raise build.CompileError("cc: internal error")

    found = build.Compiler(("cc",), "/usr/bin/cc", "cc 1.0", "x86_64-linux-gnu", "gcc", "0")
    monkeypatch.setattr(build, "compiler", lambda: found)
    monkeypatch.setattr(build, "load", broken)
    assert cli.main(["doctor"]) == 1
    assert "Cure: mend the compiler" in capsys.readouterr().out


def test_console_command() -> None:
    command = Path(sys.executable).with_name("interactive-sym")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("0.")
