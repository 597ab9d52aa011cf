"""The table of Theano's names in `docs/names.md` is true: every name is resolved anew, in a process of its own."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

CHECK = """
import sys
sys.path.insert(0, "tools")
import feature_table
feature_table.theano_names.install()
groups, wrong = feature_table.rows()
assert not wrong, "\\n".join(wrong)
assert sum(map(len, groups.values())) > 800
assert feature_table.PAGE.read_text(encoding="utf-8") == feature_table.page(groups), "run tools/feature_table.py"
"""

LOST = """
import sys
sys.path.insert(0, "tools")
import feature_table, interactive_sym.tensor as T
feature_table.theano_names.install()
del T.tensordot
T.outer = lambda a: a
_, wrong = feature_table.rows()
assert any("theano.tensor.basic.tensordot does not resolve" in line for line in wrong), wrong
assert any("theano.tensor.basic.outer does not take x, y" in line for line in wrong), wrong
"""


def checked(program: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_name_is_what_the_table_says() -> None:
    checked(CHECK)


def test_a_name_that_vanishes_and_one_that_refuses_are_found() -> None:
    checked(LOST)
