"""C that users wrote for their operations: the templates of `Op.c_code`, compiled into a small extension module.

A template sees each input as a `PyArrayObject *` under the name it is given, finds each output's name set to NULL, and
leaves a new reference there; `sub["fail"]` leaves the block after an exception was set. The types of elements have the
names `dtype_<name>` (a macro). The module is called where the operation's `perform` would be: as a step of the
compiled program, with the interpreter's lock held.

C is taken for C99; where it speaks of `std::`, or a header has no `.h`, it is compiled as C++.

Read next: `unit`, which makes such steps.
"""

import importlib.machinery
import importlib.util
import os
import re
import shlex
import sys
import sysconfig
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.graph import Apply
from ..core.op import Op
from ..core.types import TensorType
from .build import BuildError, binary, image

MODULE = "isym_user_op"

Step = Callable[[Sequence[Any]], Sequence[Any]]

_loaded: dict[str, Step] = {}
_lock = threading.Lock()


def has_c_code(op: Op) -> bool:
    """Whether an operation brings C of its own.

    Example:
        >>> from interactive_sym.core.op import Op
        >>> has_c_code(Op())
        False
    """
    return callable(getattr(op, "c_code", None))


def step_of(node: Apply) -> Step | None:
    """What computes the node's outputs by its operation's C; None where it has none for this node.

    Raises:
        BuildError: the C does not compile, or a compiler or Python's headers are missing.
    """
    op = node.op
    if not has_c_code(op):
        return None
    if not all(isinstance(x.type, TensorType) for x in (*node.inputs, *node.outputs)):
        return None
    try:
        text = source_of(node)
    except NotImplementedError:
        return None
    flags = _flags(op, text)
    key = "\n".join((*flags, text))
    with _lock:
        if key not in _loaded:
            _loaded[key] = _load(text, flags)
        return _loaded[key]


def _given(op: Any, name: str, *arguments: Any) -> Any:
    """What the operation's method `name` returns, or nothing where it has none."""
    method = getattr(op, name, None)
    if method is None:
        return ()
    try:
        found = method(*arguments)
    except TypeError:
        if not arguments:
            raise
        found = method()
    except NotImplementedError:
        return ()
    return found if found is not None else ()


def source_of(node: Apply) -> str:
    """The C text of the module for a node.

    Raises:
        NotImplementedError: the operation's `c_code` has no C for this node.
    """
    op: Any = node.op
    name = "node"
    inputs = [f"V{k}" for k in range(len(node.inputs))]
    outputs = [f"V{len(inputs) + k}" for k in range(len(node.outputs))]
    sub = {"fail": "{ isym_failed = 1; goto isym_end; }"}
    code = op.c_code(node, name, list(inputs), list(outputs), dict(sub))
    cleanup = _given(op, "c_code_cleanup", node, name, list(inputs), list(outputs), dict(sub)) or ""
    init = _given(op, "c_init_code") or ()
    support = [_given(op, "c_support_code") or "", _given(op, "c_support_code_apply", node, name) or ""]
    lines = [
        "#define NPY_NO_DEPRECATED_API NPY_1_7_API_VERSION",
        "#include <Python.h>",
        "#include <numpy/arrayobject.h>",
    ]
    lines += [f"#include <{header}.h>" for header in ("math", "stdbool", "stdint", "stdlib", "string")]
    for header in _given(op, "c_headers"):
        lines.append(f"#include {header}" if header[:1] in '<"' else f"#include <{header}>")
    for variable, word in zip((*node.inputs, *node.outputs), (*inputs, *outputs)):
        lines.append(f"#define dtype_{word} npy_{_c_name(variable.type.dtype)}")
        lines.append(f"#define npy_type_{word} NPY_{_c_name(variable.type.dtype).upper()}")
    lines += [text for text in support if text]
    lines += ["static PyObject *isym_run(PyObject *module, PyObject *arguments)", "{", "  int isym_failed = 0;"]
    for position, word in enumerate(inputs):
        lines.append(f"  PyArrayObject *{word} = (PyArrayObject *)PyTuple_GET_ITEM(arguments, {position});")
    lines += [f"  PyArrayObject *{word} = NULL;" for word in outputs]
    lines += ["  PyObject *isym_result = NULL;", "  (void)module;", *(f"  (void){word};" for word in inputs)]
    lines += ["  {", code, "  }", "  goto isym_end;", "isym_end:;"]
    if cleanup:
        lines += ["  {", cleanup, "  }"]
    lines.append("  if (!isym_failed && !PyErr_Occurred()) {")
    missing = " || ".join(f"!{word}" for word in outputs)
    lines.append(f'    if ({missing}) PyErr_SetString(PyExc_RuntimeError, "the C code left an output NULL");')
    packed = ", ".join(f"(PyObject *){word}" for word in outputs)
    lines.append(f"    else isym_result = PyTuple_Pack({len(outputs)}, {packed});")
    lines.append("  } else if (!PyErr_Occurred()) {")
    lines.append('    PyErr_SetString(PyExc_RuntimeError, "the C code failed and set no exception");')
    lines.append("  }")
    lines += [f"  Py_XDECREF({word});" for word in outputs]
    lines += ["  return isym_result;", "}", ""]
    lines += [
        "static PyMethodDef isym_methods[] = {",
        '  {"run", isym_run, METH_VARARGS, NULL},',
        "  {NULL, NULL, 0, NULL}",
        "};",
        "static struct PyModuleDef isym_module = {",
        f'  PyModuleDef_HEAD_INIT, "{MODULE}", NULL, -1, isym_methods, NULL, NULL, NULL, NULL',
        "};",
        f"PyMODINIT_FUNC PyInit_{MODULE}(void)",
        "{",
        "  import_array();",
        *init,
        "  return PyModule_Create(&isym_module);",
        "}",
    ]
    return "\n".join(lines) + "\n"


def _c_name(dtype: str) -> str:
    return "bool" if dtype == "bool" else dtype


def _is_cpp(op: Any, text: str) -> bool:
    headers = [header.strip('<>"') for header in _given(op, "c_headers")]
    return (
        "std::" in text
        or any(not header.endswith((".h", ".hpp")) for header in headers)
        or any(header.endswith(".hpp") for header in headers)
    )


def _flags(op: Any, text: str) -> tuple[str, ...]:
    """The compiler's flags: where headers are, and what the operation asks for."""
    python = sysconfig.get_paths()
    places = [python["include"], python["platinclude"], np.get_include(), *_given(op, "c_header_dirs")]
    for place, header in ((places[0], "Python.h"), (places[2], "numpy/arrayobject.h")):
        if not os.path.exists(os.path.join(place, header)):
            raise BuildError(f"{header} is not installed (looked in {place})")
    # `surroundings` of the interpreter and NumPy are part of the key through their version numbers
    flags = ["-w", f"-DISYM_PYTHON={sys.hexversion}", f"-DISYM_NUMPY={re.sub('[^0-9]', '', np.__version__)}"]
    if _is_cpp(op, text):
        flags += ["-x", "c++", "-std=gnu++17"]
    for place in dict.fromkeys(places):
        flags += ["-I", place]
    for option in _given(op, "c_compile_args"):
        flags += shlex.split(option)
    for place in _given(op, "c_lib_dirs"):
        flags += ["-L", place]
    libraries = [*_given(op, "c_libraries")]
    if "c++" in flags:
        libraries.append("c++" if sys.platform == "darwin" else "stdc++")
    if libraries and sys.platform != "darwin":
        flags.append("-Wl,--no-as-needed")  # they stand before the text that needs them
    flags += [f"-l{library}" for library in libraries]
    if sys.platform == "darwin":
        flags += ["-undefined", "dynamic_lookup"]
    return tuple(flags)


def _load(text: str, flags: Sequence[str]) -> Step:
    data, _ = binary(text, flags)
    with image(data, MODULE) as path:
        loader = importlib.machinery.ExtensionFileLoader(MODULE, path)
        spec = importlib.util.spec_from_file_location(MODULE, path, loader=loader)
        if spec is None:
            raise BuildError("the C of an operation can't be loaded")
        try:
            module = importlib.util.module_from_spec(spec)
            loader.exec_module(module)
        except ImportError as error:
            raise BuildError(f"the C of an operation can't be loaded: {error}") from None
    run = module.run
    return lambda inputs: run(*inputs)
