"""The chapter this project grew from runs as written, under our names and under its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import seed_chapter
from tests.seed_chapter import SESSIONS, Session, words

HERE = Path(__file__).parent


def check(session: Session, shown: list[str], relations: dict[str, bool]) -> None:
    for example, got in zip(session.examples, shown, strict=True):
        if example.shown:
            assert words(got) == words(example.shown), example.code
    assert all(relations.values()), relations


@pytest.mark.filterwarnings("ignore:Param is the old name:DeprecationWarning")
@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: session.name)
def test_chapter_under_own_names(session: Session) -> None:
    np.random.seed(7)
    namespace, shown = seed_chapter.run(session, own_names=True)
    check(session, shown, seed_chapter.relations(session.name, namespace))


@pytest.fixture(scope="module")
def under_theano_names() -> dict[str, dict[str, Any]]:
    command = [sys.executable, "-m", "interactive_sym.theano_names", str(HERE / "seed_chapter.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=HERE.parent)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: session.name)
def test_chapter_under_theano_names(session: Session, under_theano_names: dict[str, dict[str, Any]]) -> None:
    seen = under_theano_names[session.name]
    check(session, seen["shown"], seen["relations"])


def test_transfer_example_as_a_script(tmp_path: Path) -> None:
    """The longest printed example, alone in a file, with today's NumPy printing."""
    script = tmp_path / "transfer.py"
    script.write_text(seed_chapter.TRANSFER_CODE)
    command = [sys.executable, "-m", "interactive_sym.theano_names", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert words(done.stdout) == words(seed_chapter.TRANSFER_SHOWN)
