"""Each test runs a program of its own: what is imported is a property of the process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from interactive_sym.theano_names import MODULES

ASK = "import interactive_sym.theano_names as names\nnames.install()\n"


def python(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables}
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, env=environment)


def output(program: str, **variables: str) -> str:
    done = python("-c", program, **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def other_theano(tmp_path: Path) -> str:
    """A folder for PYTHONPATH with another package named theano."""
    (tmp_path / "theano").mkdir()
    (tmp_path / "theano" / "__init__.py").write_text("mine = False\n")
    return str(tmp_path)


def test_nothing_happens_unasked(other_theano: str) -> None:
    program = "import interactive_sym, interactive_sym.theano_names, theano\nprint(theano.mine)"
    assert output(program, PYTHONPATH=other_theano) == "False\n"


def test_an_installed_theano_stays_out_of_the_way(other_theano: str) -> None:
    program = ASK + "import theano, interactive_sym\nprint(theano.function is interactive_sym.function)"
    assert output(program, PYTHONPATH=other_theano) == "True\n"


def test_an_imported_theano_is_refused(other_theano: str) -> None:
    done = python("-c", "import theano\n" + ASK, PYTHONPATH=other_theano)
    assert done.returncode == 1
    assert "ImportError: theano is already imported, from" in done.stderr
    assert "Cure:" in done.stderr


def test_uninstall_gives_the_name_back(other_theano: str) -> None:
    program = ASK + "import theano.tensor\nnames.uninstall()\nnames.uninstall()\nimport theano\nprint(theano.mine)"
    assert output(program, PYTHONPATH=other_theano) == "False\n"


def test_installing_twice_is_as_good_as_once() -> None:
    assert output(ASK + "names.install()\nnames.uninstall()\nprint(names.installed())") == "False\n"


def test_every_module_of_the_table_imports() -> None:
    output(ASK + "import importlib\nfor name in names.MODULES: importlib.import_module(name)")


def test_parents_stand_in_the_table() -> None:
    for name in MODULES:
        assert name == "theano" or name.rpartition(".")[0] in MODULES


def test_the_chapters_imports() -> None:
    program = """
import theano
import theano.tensor as T
from theano.tensor.shared_randomstreams import RandomStreams
from theano.sandbox.rng_mrg import MRG_RandomStreams
from theano import function, shared, Param, In, Out, config
import interactive_sym, interactive_sym.tensor.rng_mrg, interactive_sym.tensor.shared_randomstreams
assert T is interactive_sym.tensor and theano.tensor is T
assert function is interactive_sym.function and theano.shared is interactive_sym.shared
assert RandomStreams is interactive_sym.tensor.shared_randomstreams.RandomStreams
assert MRG_RandomStreams is interactive_sym.tensor.rng_mrg.MRG_RandomStreams
assert theano.config is interactive_sym.config
assert theano.grad is interactive_sym.grad
"""
    output(ASK + program)


def test_our_modules_keep_their_own_specs() -> None:
    program = ASK + (
        "import theano.tensor, theano.sandbox.rng_mrg, interactive_sym.tensor.rng_mrg as ours\n"
        "print(theano.tensor.__spec__.name, theano.tensor.__name__, ours.__spec__.name)"
    )
    assert output(program) == "interactive_sym.tensor interactive_sym.tensor interactive_sym.tensor.rng_mrg\n"


def test_an_unknown_module_says_what_there_is() -> None:
    done = python("-c", ASK + "import theano.sandbox.cuda")
    assert "ModuleNotFoundError: interactive_sym has no counterpart of 'theano.sandbox.cuda'" in done.stderr
    assert "theano.sandbox.rng_mrg" in done.stderr


def test_an_unknown_name_says_whose_it_is() -> None:
    done = python("-c", ASK + "import theano\ntheano.no_such_name")
    assert "module 'theano' (here 'interactive_sym'" in done.stderr
    assert "has no attribute 'no_such_name'" in done.stderr


def test_script(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("import theano.tensor as T\n")
    script = tmp_path / "script.py"
    script.write_text("import sys, beside, theano.tensor as T\nprint(__name__, sys.argv[1:], beside.T is T)\n")
    done = python("-m", "interactive_sym.theano_names", str(script), "one", "--two")
    assert (done.stdout, done.stderr) == ("__main__ ['one', '--two'] True\n", "")


def test_script_errors(tmp_path: Path) -> None:
    assert python("-m", "interactive_sym.theano_names").returncode == 2
    missing = python("-m", "interactive_sym.theano_names", str(tmp_path / "none.py"))
    assert missing.returncode == 2
    assert "no such script" in missing.stderr
    script = tmp_path / "exits.py"
    script.write_text("raise SystemExit(7)\n")
    assert python("-m", "interactive_sym.theano_names", str(script)).returncode == 7


def test_flags_of_the_environment() -> None:
    program = (
        ASK
        + "import theano\nprint(theano.config.floatX, theano.config.exception_verbosity, theano.config.scan.allow_gc)"
    )
    flags = "floatX=float32,exception_verbosity=high,scan.allow_gc=True,gpu.of.another=1"
    done = python("-W", "always", "-c", program, THEANO_FLAGS=flags)
    assert done.stdout == "float32 high True\n"
    assert "gpu.of.another mean nothing here" in done.stderr
    assert python("-c", program, THEANO_FLAGS="floatX=int8").returncode == 1


def test_debugging_extending_and_saving() -> None:
    program = (
        ASK
        + """
import io
import numpy
import theano, theano.tensor as T
from theano.compile.builders import OpFromGraph
from theano.compile.debugmode import BadOptimization, DebugMode
from theano.compile.monitormode import MonitorMode, detect_nan
from theano.compile.nanguardmode import NanGuardMode
from theano.compile.ops import as_op
from theano.compile.profiling import ProfileStats
from theano.configparser import change_flags
from theano.gof.op import get_test_value
from theano.misc.pkl_utils import dump, load
from theano.tensor.opt import Assert, assert_op

x = T.dvector("x")
for mode in ("DebugMode", NanGuardMode(nan_is_error=True), MonitorMode(post_func=detect_nan)):
    print(theano.function([x], theano.printing.Print("")(x).sum() if mode is None else x.sum(), mode=mode)([1, 2]))
file = io.BytesIO()
dump(theano.shared(numpy.arange(2), name="w"), file)
print(load(file).get_value(), theano.gradient.jacobian(x ** 2, x).eval({x: [1.0, 2.0]})[1, 1])
with change_flags(compute_test_value="raise"):
    y = T.dscalar("y")
    y.tag.test_value = 2
    print(get_test_value(y * 3))
f = theano.function([x], x + 1, profile=True)
f([1.0])
print(isinstance(f.profile, ProfileStats), f.profile.fct_callcount, theano.OpFromGraph is OpFromGraph)
"""
    )
    assert output(program) == "3.0\n3.0\n3.0\n[0 1] 4.0\n6.0\nTrue 1 True\n"


def test_modules_of_modules_need_no_import() -> None:
    program = ASK + (
        "import theano.tensor as T, interactive_sym.tensor as ours\n"
        "print(T.extra_ops.cumsum is T.cumsum, T.nnet.sigm.sigmoid is T.nnet.sigmoid, T.elemwise.Elemwise.__name__)\n"
        "names.uninstall()\nprint(hasattr(ours, 'extra_ops'), hasattr(ours.nnet, 'sigm'), hasattr(ours, 'nnet'))"
    )
    assert output(program) == "True True Elementwise\nFalse False True\n"


def test_walking_graphs_and_rewriting_them() -> None:
    program = (
        ASK
        + """
import theano, theano.tensor as T
from theano import gof
from theano.gof.graph import ancestors, inputs, is_same_graph

x = T.dvector("x")
y = T.tanh(x * 2) + theano.shared(1.0)
print(len(inputs([y])), x in ancestors([y]), isinstance(y.owner.op, T.Elemwise))
print(is_same_graph(T.exp(x[1:]), T.exp(x[1:])), is_same_graph(T.exp(x), T.log(x)))

@gof.local_optimizer([T.tanh])
def forget_tanh(node):
    return [node.inputs[0]]

theano.compile.optdb.register("forget_tanh", gof.TopoOptimizer(forget_tanh), 2.1, "fast_run")
print(theano.function([x], T.tanh(x))([7.0]))
mode = theano.compile.get_default_mode().excluding("forget_tanh")
print(theano.function([x], T.tanh(x), mode=mode)([0.0]))
"""
    )
    assert output(program) == "3 True True\nTrue False\n[7.]\n[0.]\n"


def test_single_names_stand_where_theano_has_them() -> None:
    program = """
import theano, theano.scalar, theano.tensor as T
from theano.gof.type import generic
x = theano.scalar.float32("x")
print(x.type == T.fscalar, theano.dot is T.dot, generic == theano.generic, "FAST_RUN" in theano.predefined_modes)
print(x.dtype in T.float_dtypes, x.dtype in T.discrete_dtypes, set(T.all_dtypes) > set(T.complex_dtypes))
"""
    assert output(ASK + program) == "True True True True\nTrue False True\n"
