"""The drop-in: programs that say `import theano` run on this package, on request only.

Importing this module changes nothing. Two ways to ask:

- in a program or notebook, before its first `import theano`::

      import interactive_sym.theano_names

      interactive_sym.theano_names.install()

- for a whole script, unchanged: ``python -m interactive_sym.theano_names script.py [arguments]``

`MODULES` is the whole mapping: a module of Theano's tree on the left, the module of ours that stands for it on the
right. Where the two agree one to one, both names give the very same module object; where Theano spreads names over
several of its modules, a small module is made whose attributes are looked up in ours. A Theano module that is not in
the table cannot be imported, and the error lists what can.

Floor: top. It imports nothing of the package until a name is asked for. Read next: `interactive_sym/__init__.py`, the
names themselves.
"""

import importlib
import os
import runpy
import sys
import warnings
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

__all__ = ["MODULES", "install", "installed", "main", "uninstall"]

SAME = "same"
"""The two names give one module object."""
LOOKUP = "lookup"
"""A module of Theano's name whose attributes are those of ours; where there are several, of the first to have it."""
FLAGS_VARIABLE = "THEANO_FLAGS"
FOLDER = "folder"
"""A package that only holds other modules."""
COMPILE = "interactive_sym interactive_sym.mode interactive_sym.debugging interactive_sym.local_optimizers"
GOF = " ".join(
    f"interactive_sym{part}" for part in ("", ".core.graph", ".core.types", ".graph_walks", ".local_optimizers")
)

MODULES: dict[str, tuple[str, str]] = {
    "theano": (LOOKUP, "interactive_sym interactive_sym.gradient"),
    "theano.compat": (LOOKUP, "interactive_sym.python2_names collections builtins"),
    "theano.compat.python2x": (LOOKUP, "interactive_sym.python2_names"),
    "theano.compat.six": (LOOKUP, "interactive_sym.python2_names"),
    "theano.compat.six.moves": (LOOKUP, "interactive_sym.python2_names"),
    "theano.compile": (LOOKUP, COMPILE),
    "theano.compile.builders": (SAME, "interactive_sym.builders"),
    "theano.compile.debugmode": (LOOKUP, "interactive_sym.debugging"),
    "theano.compile.function": (LOOKUP, "interactive_sym"),
    "theano.compile.function_module": (LOOKUP, "interactive_sym"),
    "theano.compile.io": (LOOKUP, "interactive_sym"),
    "theano.compile.mode": (SAME, "interactive_sym.mode"),
    "theano.compile.monitormode": (LOOKUP, "interactive_sym.debugging"),
    "theano.compile.nanguardmode": (LOOKUP, "interactive_sym.debugging"),
    "theano.compile.ops": (LOOKUP, "interactive_sym.builders interactive_sym.tensor"),
    "theano.compile.pfunc": (LOOKUP, "interactive_sym"),
    "theano.compile.profiling": (LOOKUP, "interactive_sym.debugging"),
    "theano.compile.sharedvalue": (LOOKUP, "interactive_sym"),
    "theano.configdefaults": (LOOKUP, "interactive_sym"),
    "theano.configparser": (LOOKUP, "interactive_sym.core.configuration"),
    "theano.d3viz": (LOOKUP, "interactive_sym.printing"),
    "theano.d3viz.d3viz": (LOOKUP, "interactive_sym.printing"),
    "theano.gof": (LOOKUP, GOF),
    "theano.gof.fg": (LOOKUP, "interactive_sym.graph_walks interactive_sym"),
    "theano.gof.graph": (LOOKUP, "interactive_sym.graph_walks interactive_sym.core.graph"),
    "theano.gof.null_type": (LOOKUP, "interactive_sym.core.grad"),
    "theano.gof.op": (LOOKUP, "interactive_sym"),
    "theano.gof.opt": (SAME, "interactive_sym.local_optimizers"),
    "theano.gof.type": (LOOKUP, "interactive_sym.core.types interactive_sym.core.graph"),
    "theano.gradient": (SAME, "interactive_sym.gradient"),
    "theano.ifelse": (SAME, "interactive_sym.ifelse"),
    "theano.misc": (FOLDER, ""),
    "theano.misc.may_share_memory": (LOOKUP, "interactive_sym"),
    "theano.misc.pkl_utils": (SAME, "interactive_sym.pkl_utils"),
    "theano.misc.safe_asarray": (LOOKUP, "interactive_sym"),
    "theano.printing": (SAME, "interactive_sym.printing"),
    "theano.sandbox": (FOLDER, ""),
    "theano.sandbox.linalg": (LOOKUP, "interactive_sym.tensor.nlinalg interactive_sym.tensor.slinalg"),
    "theano.sandbox.linalg.ops": (LOOKUP, "interactive_sym.tensor.nlinalg interactive_sym.tensor.slinalg"),
    "theano.sandbox.neighbours": (LOOKUP, "interactive_sym.tensor.nnet.neighbours"),
    "theano.sandbox.rng_mrg": (SAME, "interactive_sym.tensor.rng_mrg"),
    "theano.sandbox.softsign": (LOOKUP, "interactive_sym.tensor.nnet"),
    "theano.scalar": (LOOKUP, "interactive_sym.core.types interactive_sym.tensor"),
    "theano.scalar.basic": (LOOKUP, "interactive_sym.core.types interactive_sym.tensor"),
    "theano.scalar.basic_scipy": (LOOKUP, "interactive_sym.tensor"),
    "theano.scan_module": (LOOKUP, "interactive_sym.scan"),
    "theano.scan_module.scan": (LOOKUP, "interactive_sym.scan"),
    "theano.scan_module.scan_checkpoints": (LOOKUP, "interactive_sym.scan"),
    "theano.scan_module.scan_op": (LOOKUP, "interactive_sym.core.ops.scan"),
    "theano.scan_module.scan_utils": (LOOKUP, "interactive_sym.scan"),
    "theano.scan_module.scan_views": (LOOKUP, "interactive_sym.scan"),
    "theano.sparse": (SAME, "interactive_sym.sparse"),
    "theano.sparse.basic": (LOOKUP, "interactive_sym.sparse"),
    "theano.sparse.type": (SAME, "interactive_sym.sparse.type"),
    "theano.tensor": (SAME, "interactive_sym.tensor"),
    "theano.tensor.basic": (LOOKUP, "interactive_sym.tensor"),
    "theano.tensor.blas": (LOOKUP, "interactive_sym.tensor"),
    "theano.tensor.elemwise": (LOOKUP, "interactive_sym.tensor"),
    "theano.tensor.extra_ops": (LOOKUP, "interactive_sym.tensor"),
    "theano.tensor.fft": (SAME, "interactive_sym.tensor.fft"),
    "theano.tensor.nlinalg": (SAME, "interactive_sym.tensor.nlinalg"),
    "theano.tensor.nnet": (SAME, "interactive_sym.tensor.nnet"),
    "theano.tensor.nnet.abstract_conv": (SAME, "interactive_sym.tensor.nnet.abstract_conv"),
    "theano.tensor.nnet.blocksparse": (SAME, "interactive_sym.tensor.nnet.blocksparse"),
    "theano.tensor.nnet.bn": (SAME, "interactive_sym.tensor.nnet.bn"),
    "theano.tensor.nnet.conv": (SAME, "interactive_sym.tensor.nnet.conv"),
    "theano.tensor.nnet.conv3d2d": (SAME, "interactive_sym.tensor.nnet.conv3d2d"),
    "theano.tensor.nnet.ctc": (SAME, "interactive_sym.tensor.nnet.ctc"),
    "theano.tensor.nnet.neighbours": (SAME, "interactive_sym.tensor.nnet.neighbours"),
    "theano.tensor.nnet.nnet": (LOOKUP, "interactive_sym.tensor.nnet"),
    "theano.tensor.nnet.sigm": (LOOKUP, "interactive_sym.tensor.nnet"),
    "theano.tensor.opt": (LOOKUP, "interactive_sym.tensor.opt interactive_sym.local_optimizers"),
    "theano.tensor.raw_random": (SAME, "interactive_sym.tensor.raw_random"),
    "theano.tensor.shared_randomstreams": (SAME, "interactive_sym.tensor.shared_randomstreams"),
    "theano.tensor.sharedvar": (LOOKUP, "interactive_sym.core.shared interactive_sym.tensor"),
    "theano.tensor.signal": (SAME, "interactive_sym.tensor.signal"),
    "theano.tensor.signal.conv": (SAME, "interactive_sym.tensor.signal.conv"),
    "theano.tensor.signal.downsample": (SAME, "interactive_sym.tensor.signal.downsample"),
    "theano.tensor.signal.pool": (SAME, "interactive_sym.tensor.signal.pool"),
    "theano.tensor.slinalg": (SAME, "interactive_sym.tensor.slinalg"),
    "theano.tensor.sort": (LOOKUP, "interactive_sym.tensor"),
    "theano.tensor.subtensor": (LOOKUP, "interactive_sym.tensor"),
    "theano.tensor.type": (LOOKUP, "interactive_sym.tensor"),
    "theano.tensor.var": (LOOKUP, "interactive_sym.core.variable interactive_sym.core.shared"),
    "theano.tests": (FOLDER, ""),
    "theano.tests.unittest_tools": (SAME, "interactive_sym.unittest_tools"),
    "theano.typed_list": (SAME, "interactive_sym.typed_list"),
    "theano.typed_list.basic": (LOOKUP, "interactive_sym.typed_list"),
    "theano.typed_list.type": (SAME, "interactive_sym.typed_list.type"),
    "theano.updates": (LOOKUP, "interactive_sym.scan"),
    "theano.version": (LOOKUP, "interactive_sym"),
}

NAMES: dict[str, str] = {
    "theano._asarray": "numpy:asarray",
    "theano.misc.may_share_memory.may_share_memory": "numpy",
    "theano.misc.safe_asarray._asarray": "numpy:asarray",
    "theano.compile.ops.shape_i": "interactive_sym.core.ops.shape:shape_i",
    "theano.dot": "interactive_sym.tensor",
    "theano.generic": "interactive_sym.core.types",
    "theano.get_scalar_constant_value": "interactive_sym.tensor",
    "theano.predefined_modes": "interactive_sym.mode",
    "theano.gof.Generic": "interactive_sym.core.types:GenericType",
    "theano.gof.Type": "interactive_sym.core.types:GenericType",
    "theano.gof.generic": "interactive_sym.core.types",
    "theano.gof.type.Generic": "interactive_sym.core.types:GenericType",
    "theano.gof.type.Type": "interactive_sym.core.types:GenericType",
    "theano.gof.type.generic": "interactive_sym.core.types",
    "theano.tensor.basic._dot": "interactive_sym.tensor:dot",
    "theano.version.version": "interactive_sym:__version__",
    "theano.scalar.complex128": "interactive_sym.tensor:zscalar",
    "theano.scalar.complex64": "interactive_sym.tensor:cscalar",
    "theano.scalar.float32": "interactive_sym.tensor:fscalar",
    "theano.scalar.float64": "interactive_sym.tensor:dscalar",
    "theano.scalar.int16": "interactive_sym.tensor:wscalar",
    "theano.scalar.int32": "interactive_sym.tensor:iscalar",
    "theano.scalar.int64": "interactive_sym.tensor:lscalar",
    "theano.scalar.int8": "interactive_sym.tensor:bscalar",
}
"""Single names of Theano's modules that stand in another module of ours: `module`, or `module:name` where renamed."""


OF_ONE_NAME: dict[str, dict[str, str]] = {
    "theano.scalar": {
        **{name: name.lower() for name in ("Add", "Sub", "Mul", "Mod", "Pow", "Clip", "Neg", "Inv", "Sqr", "Sqrt")},
        **{name: name.lower() for name in ("Exp", "Exp2", "Expm1", "Log", "Log2", "Log10", "Log1p", "Abs", "Sgn")},
        **{name: name.lower() for name in ("Ceil", "Floor", "Trunc", "Sin", "Cos", "Tan", "Sinh", "Cosh", "Tanh")},
        **{name: name.lower() for name in ("ArcSin", "ArcCos", "ArcTan", "ArcTan2", "ArcSinh", "ArcCosh", "ArcTanh")},
        **{name: name.lower() for name in ("Deg2Rad", "Rad2Deg", "Identity", "Switch", "Cast", "Maximum", "Minimum")},
        **{name: name.lower() for name in ("EQ", "NEQ", "LT", "GT", "LE", "GE", "AND", "OR", "XOR", "Invert")},
        **{name: name.lower() for name in ("IsNan", "IsInf", "Real", "Imag", "Angle", "Complex", "Conj")},
        **{name: name.lower() for name in ("Erf", "Erfc", "Erfcx", "Erfinv", "Erfcinv", "Gamma", "GammaLn", "Psi")},
        "RoundHalfToEven": "round_half_to_even",
        "RoundHalfAwayFromZero": "round_half_away_from_zero",
        "Second": "fill",
        "TrueDiv": "true_div",
        "IntDiv": "int_div",
        "TriGamma": "tri_gamma",
    },
    "theano.tensor.elemwise": {
        **{name: name.lower() for name in ("Sum", "Prod", "All", "Any")},
    },
    "theano.tensor.nnet.sigm": {"ScalarSigmoid": "sigmoid", "ScalarSoftplus": "softplus"},
}
OF_ONE_NAME["theano.scalar.basic"] = OF_ONE_NAME["theano.scalar.basic_scipy"] = OF_ONE_NAME["theano.scalar"]
"""By module: a class of Theano's for one operation, and the name that operation has here. `isinstance` asks by name."""


class _OfOneName(type):
    """The type of classes of which every operation of one name counts as an instance."""

    def __instancecheck__(cls, value: object) -> bool:
        return getattr(value, "name", None) == vars(cls)["named"] and hasattr(value, "perform")


class _Standing(ModuleType):
    """A module of Theano's name. A function keeps its name when a module of the same name is imported below it."""

    def __setattr__(self, name: str, value: object) -> None:
        look_up = vars(self).get("__getattr__")
        if isinstance(value, ModuleType) and look_up is not None:
            try:
                if callable(look_up(name)):
                    return
            except AttributeError:
                pass
        super().__setattr__(name, value)


class _Loader(Loader):
    """Makes one module of the table."""

    def __init__(self, kind: str, ours: str) -> None:
        self.kind = kind
        self.ours = ours
        self.spec_of_ours: ModuleSpec | None = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        if self.kind != SAME:
            return _Standing(spec.name, f"Stands for {spec.name}: see `interactive_sym.theano_names`.")
        module = importlib.import_module(self.ours)
        self.spec_of_ours = module.__spec__
        _kept.setdefault(spec.name, (module, frozenset(vars(module))))
        return module

    def exec_module(self, module: ModuleType) -> None:
        if self.kind == SAME:
            theirs = next(name for name, (kept, _) in _kept.items() if kept is module)
            module.__spec__ = self.spec_of_ours  # the import system has just put the other name's there
            before = dict(vars(module))
            for name in MODULES:  # Theano's packages import their modules: `T.extra_ops` needs no import of its own
                if name.rpartition(".")[0] == theirs:
                    importlib.import_module(name)
            # `T.sort` and `T.var` are functions though there are modules of these names.
            vars(module).update({name: value for name, value in before.items() if callable(value)})
        else:
            ours = [importlib.import_module(name) for name in self.ours.split()]
            theirs = module.__name__

            def look_up(name: str) -> object:
                if name.startswith("__"):
                    raise AttributeError(name)
                if named := OF_ONE_NAME.get(theirs, {}).get(name):
                    made = vars(module)[name] = _OfOneName(name, (), {"named": named, "__module__": theirs})
                    return made
                if place := NAMES.get(f"{theirs}.{name}"):
                    of_ours, _, own_name = place.partition(":")
                    return getattr(importlib.import_module(of_ours), own_name or name)
                for one in ours:
                    found = getattr(one, name, _nothing)
                    if found is not _nothing and not (isinstance(found, ModuleType) and f"{theirs}.{name}" in MODULES):
                        return found
                if f"{theirs}.{name}" in MODULES:  # a module of theirs that the program did not import by itself
                    return importlib.import_module(f"{theirs}.{name}")
                places = ", ".join(repr(one.__name__) for one in ours) or "a folder"
                raise AttributeError(f"module {theirs!r} (here {places}) has no attribute {name!r}")

            public = sorted({name for one in ours for name in dir(one) if not name.startswith("_")})
            vars(module).update(__getattr__=look_up, __dir__=lambda: public, __all__=public)
            if version := ours and getattr(ours[0], "__version__", None):
                vars(module)["__version__"] = version


class _Finder(MetaPathFinder):
    """Answers for `theano` and every module below it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "theano" and not fullname.startswith("theano."):
            return None
        if fullname not in MODULES:
            known = ", ".join(sorted(MODULES))
            raise ModuleNotFoundError(
                f"interactive_sym has no counterpart of {fullname!r}. It stands for: {known}", name=fullname
            )
        kind, ours = MODULES[fullname]
        package = any(name.startswith(fullname + ".") for name in MODULES)
        return ModuleSpec(
            fullname, _Loader(kind, ours), origin=f"interactive_sym.theano_names: {ours}", is_package=package
        )


_finder = _Finder()
_nothing = object()
#: Modules of ours that stand under a name of theirs, and what they held before.
_kept: dict[str, tuple[ModuleType, frozenset[str]]] = {}


def _loaded() -> list[str]:
    return [name for name in sys.modules if name == "theano" or name.startswith("theano.")]


def installed() -> bool:
    """Whether `import theano` means this package now.

    >>> installed()
    False
    """
    return _finder in sys.meta_path


def install() -> None:
    """Makes `import theano` and the modules of `MODULES` mean this package, until `uninstall()`.

    Settings of the environment variable `THEANO_FLAGS` are taken over. Variables count as true, except comparisons, so
    that `W = W or shared(...)` means what it meant. Twice is as good as once. A Theano that is
    installed but not imported stays out of the way.

    Raises:
        ImportError: another `theano` is already imported in this process. Ask before the first `import theano`.

    >>> install()
    >>> import theano, theano.tensor, interactive_sym.tensor
    >>> theano.tensor is interactive_sym.tensor
    True
    >>> uninstall()
    """
    if installed():
        return
    if "theano" in sys.modules:
        where = getattr(sys.modules["theano"], "__file__", None) or "an unknown place"
        raise ImportError(
            f"theano is already imported, from {where}; objects of two packages do not mix.\n"
            "Cure: call interactive_sym.theano_names.install() before the first `import theano`.",
            name="theano",
        )
    sys.meta_path.insert(0, _finder)
    importlib.import_module("interactive_sym.core.variable").count_as_true(True)
    _read_flags(os.environ.get(FLAGS_VARIABLE, ""))


def _read_flags(text: str) -> None:
    """Takes settings from the text of `THEANO_FLAGS`; those that mean nothing here are named in one warning."""
    if not text:
        return
    unknown: list[str] = []
    importlib.import_module("interactive_sym.core.configuration").config.read_flags(text, unknown.append)
    if unknown:
        warnings.warn(f"{FLAGS_VARIABLE}: {', '.join(unknown)} mean nothing here", UserWarning, stacklevel=3)


def uninstall() -> None:
    """Takes back what `install()` did: the next `import theano` is again what it would be without this package.

    Modules that a program has already bound to a name stay as they are. Without `install()` before it, does nothing.

    Example:
        >>> install()
        >>> uninstall()
        >>> installed()
        False
    """
    if not installed():
        return
    sys.meta_path.remove(_finder)
    importlib.import_module("interactive_sym.core.variable").count_as_true(False)
    for name in _loaded():
        parent, _, child = name.rpartition(".")
        if parent in _kept and child not in _kept[parent][1]:
            vars(_kept[parent][0]).pop(child, None)
        del sys.modules[name]
    _kept.clear()


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a script, given with its arguments, whose `import theano` means this package.

    Returns the exit status 2 when there is no such script; an error of the script itself passes through.

    Example:
        >>> main(["nothing_there.py"])
        2
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    usage = "usage: python -m interactive_sym.theano_names script.py [arguments]"
    if not arguments or arguments[0] in ("-h", "--help"):
        print(usage)
        return 0 if arguments else 2
    script = Path(arguments[0])
    if not script.is_file():
        print(f"{usage}\nno such script: {script}", file=sys.stderr)
        return 2
    sys.argv = arguments
    sys.path[0] = str(script.resolve().parent)
    # `python -m` runs this file as __main__; the finder that counts is the one under the module's own name.
    importlib.import_module("interactive_sym.theano_names").install()
    runpy.run_path(str(script), run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main())
