"""The committed bundle: small, up to date with its sources, and its own unit tests."""

import shutil
import subprocess
from pathlib import Path

import pytest

import interactive_sym

VIZ = Path(interactive_sym.__file__).parent / "viz"
FRONT = VIZ / "frontend"
STATIC = VIZ / "static"

with_node = pytest.mark.skipif(
    shutil.which("npm") is None or not (FRONT / "node_modules" / "esbuild").exists(),
    reason="needs node and `npm ci` in interactive_sym/viz/frontend; users need neither, the bundle is committed",
)


def run(*command):
    done = subprocess.run(command, cwd=FRONT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_bundle_is_small():
    assert (STATIC / "widget.js").stat().st_size < 150_000
    assert (STATIC / "loader.js").stat().st_size < 4_000


def test_sources_never_parse_html():
    for path in (FRONT / "src").glob("*.ts"):
        text = path.read_text(encoding="utf-8")
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
            assert word not in text, f"{path.name} uses {word}"


def test_bundle_names_no_outside_address():
    for path in STATIC.glob("*.js"):
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text and "https://" not in text


@with_node
def test_bundle_is_up_to_date(tmp_path):
    before = {path.name: path.read_bytes() for path in STATIC.glob("*.js")}
    try:
        run("npm", "run", "-s", "build")
        after = {path.name: path.read_bytes() for path in STATIC.glob("*.js")}
    finally:
        for name, data in before.items():
            (STATIC / name).write_bytes(data)
    assert after == before, "run `npm run build` in interactive_sym/viz/frontend and commit static/"


@with_node
def test_types_and_unit_tests():
    run("npm", "run", "-s", "check")
    run("npm", "test")
