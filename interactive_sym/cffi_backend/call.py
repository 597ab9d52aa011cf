"""From a loaded kernel to a Python callable: checks, slots, outputs, updates, errors.

`make(spec, loaded, storages, filters, on_error)` gives a callable that takes the unit's inputs in order and returns
its outputs. It comes from a small extension module (`runtime/call.c`, the vectorcall protocol: a call of two numbers
costs about 0.05 us, all checks included), which is compiled once per machine through cffi in API mode and kept in the
kernel cache. Where Python's or NumPy's headers are missing, `PythonKernel` below does the same with cffi in ABI mode,
at 10 to 20 us per call.

Both hold to this:

- an exact `ndarray` of the right dtype, ndim, static sizes and layout is used as it is; a number of an exact plain
type
  (`float`, `int`, `bool`, `complex`, or NumPy's scalar of the dtype) that the dtype holds without loss fills a 0-d
  input; anything else goes through `filters[i](value)`, which returns such an array or raises;
- outputs are fresh arrays; updates are written to fresh or recycled arrays and swapped into the storages once the
kernel has
  succeeded and the result is made: a call that fails or is interrupted changes no shared value;
- a value somebody else can still see is never overwritten: an old value is recycled only when this function alone
refers to it;
- memory of large results is used again once nobody has the array or a view of it;
- calls that share a variable which one of them updates are serial, whatever the threads.

Read next: `runtime/isym.h`.
"""

import importlib.machinery
import importlib.util
import io
import operator
import os
import sys
import sysconfig
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from typing import Any

import cffi
import numpy

from ..core.errors import ForeignStateError
from ..core.ops.random import STATE_WORDS, pack_state, unpack_state
from ..core.running import Writing
from ._abi import ffi
from .build import RUNTIME, BuildError, Loaded, binary, image
from .library import blas

MAXDIM = 16
PATIENCE_SECONDS = 0.05  # a module in the cache takes 4 ms, one to be compiled 400 ms
OBJECT = "object"
STATE = "random_state"


@dataclass(frozen=True)
class ArgSpec:
    """One slot of a unit.

    Attributes:
        name: what to call it in error messages.
        dtype: NumPy name, or `"object"` for a value that is not a tensor and that C never sees, or `"random_state"` for
            a `RandomState`, which C sees as a vector of 628 words of 32 bits.
        shape: static size per axis, None where any size goes.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...] = ()

    @property
    def ndim(self) -> int:
        """Dimensions of what C sees."""
        return 1 if self.dtype == STATE else len(self.shape)


@dataclass(frozen=True)
class PythonStep:
    """A part of the program that runs in Python.

    Attributes:
        perform: gets the values of the input slots, returns the values of the output slots.
        inputs, outputs: slot numbers.
    """

    perform: Callable[[list[Any]], Sequence[Any]]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class UnitSpec:
    """A C unit and the meaning of its slots: inputs, shared, outputs, updates, temporaries, in this order.

    Attributes:
        source: C text that defines `isym_kernel`.
        update_targets: `updates[k]` is stored to `shared[update_targets[k]]`.
        steps: Python steps, by the number the kernel calls them with.
    """

    source: str
    inputs: tuple[ArgSpec, ...]
    shared: tuple[ArgSpec, ...] = ()
    outputs: tuple[ArgSpec, ...] = ()
    updates: tuple[ArgSpec, ...] = ()
    update_targets: tuple[int, ...] = ()
    temporaries: tuple[ArgSpec, ...] = ()
    steps: tuple[PythonStep, ...] = ()

    @property
    def slots(self) -> tuple[ArgSpec, ...]:
        """All slots, in order."""
        return (*self.inputs, *self.shared, *self.outputs, *self.updates, *self.temporaries)


Filter = Callable[[Any], Any]
OnError = Callable[[int, tuple[int, int, int, int]], BaseException]
Bind = Callable[[tuple[Any, ...], dict[str, Any]], Sequence[Any]]


def make(
    spec: UnitSpec,
    loaded: Loaded,
    storages: Sequence[list[Any]] = (),
    filters: Sequence[Filter | None] = (),
    on_error: OnError | None = None,
    *,
    single: bool = False,
    none: bool = False,
    bind: Bind | None = None,
    backend: str | None = None,
    threads: int = 1,
    enough: int = 0,
    written: Sequence[Any] = (),
    names: Sequence[str | None] = (),
    defaults: list[Any] | None = None,
    accepted: Sequence[Sequence[str]] = (),
) -> Callable[..., Any]:
    """A Python callable from a loaded unit.

    Args:
        spec: the meaning of the unit's slots.
        loaded: the unit in memory; kept alive by the callable.
        storages: per shared input, its container: a list of one item.
        filters: per input, what makes a right value of a doubtful one, or raises; None takes values as they are.
        on_error: makes the exception for a kernel's error code and `error` table.
        single: return the only output itself, not a list.
        none: return None, whatever the outputs.
        bind: for calls with keywords, or with too many or too few arguments: `bind(args, keywords)` returns the full
        list of
            inputs or raises. Without it such calls raise TypeError.
        backend: `"c"` or `"python"`; by default the first that works.
        threads: threads that a call may use, its own among them; results are the same bits for any number.
        enough: operations of a loop from which threads share it.
        names: of the inputs, None for one that keywords don't name; none sends all calls with keywords to `bind`.
        defaults: of the inputs, values as kernels take them or None; read at each call.
        accepted: per input, the element types of which arrays are converted without asking the filter.
        written: per update, the container of its target, whose `changes` count what is stored; none counts nothing.

    Returns:
        A callable of `len(spec.inputs)` positional arguments; its outputs are arrays, 0-d ones for scalars.

    Raises:
        ValueError: the arguments don't match the spec.

    Example:
        >>> from interactive_sym.cffi_backend import build
        >>> source = '''#include "isym.h"
        ... int isym_kernel(isym_ctx *c) {
        ...   double *out = c->output(c, 2, 0, 0);
        ...   if (!out) return ISYM_MEMORY;
        ...   *out = *(double *)c->slot[0].data + *(double *)c->slot[1].data;
        ...   return ISYM_OK;
        ... }'''
        >>> number = ArgSpec("x", "float64")
        >>> spec = UnitSpec(source, inputs=(number, number), outputs=(number,))
        >>> f = make(spec, build.load(source), filters=(numpy.asarray, numpy.asarray))
        >>> f(33, 2)
        [array(35.)]
    """
    slots = spec.slots
    if len(storages) != len(spec.shared):
        raise ValueError(f"{len(spec.shared)} shared inputs and {len(storages)} storages")
    if len(filters) != len(spec.inputs):
        raise ValueError(f"{len(spec.inputs)} inputs and {len(filters)} filters")
    if len(spec.update_targets) != len(spec.updates) or any(
        t not in range(len(spec.shared)) for t in spec.update_targets
    ):
        raise ValueError("every update needs a shared input as its target")
    if len(set(spec.update_targets)) != len(spec.update_targets):
        raise ValueError("a shared input is updated twice")
    if single and len(spec.outputs) != 1:
        raise ValueError(f"single=True wants one output, there are {len(spec.outputs)}")
    for slot in slots:
        if len(slot.shape) > MAXDIM:
            raise ValueError(f"{slot.name}: a compiled function takes arrays of at most {MAXDIM} dims")
    for step in spec.steps:
        if any(number not in range(len(slots)) for number in (*step.inputs, *step.outputs)):
            raise ValueError("a Python step names a slot that is not there")
    first_output = len(spec.inputs) + len(spec.shared)
    mode = 2 if none else 1 if single else 0
    lock = Writing(written) if spec.updates else None
    if written and len(written) != len(spec.updates):
        raise ValueError(f"{len(spec.updates)} updates and {len(written)} containers")
    plan = _Plan(
        spec, loaded, tuple(storages), tuple(filters), on_error or default_error, _step_runner(spec, first_output),
        _explainer(spec), mode, bind, lock, tuple(names), [] if defaults is None else defaults, tuple(accepted),
        max(1, threads), enough, tuple(written),
    )  # fmt: skip
    if backend == "python":
        return PythonKernel(plan)
    if backend is None and not _module:
        prepare()
        if _preparing is not None:
            _preparing.join(PATIENCE_SECONDS)
        with _waiting_lock:
            if not _module:
                warming = WarmingKernel(plan)
                _waiting.add(warming)
                return warming
    if runtime_module() is None and backend == "c":
        raise BuildError(f"the calling layer can't be compiled: {runtime_problem()}")
    return _kernel(plan)


@dataclass(frozen=True, eq=False)
class _Plan:
    """All that a kernel object is made of."""

    unit: UnitSpec
    loaded: Loaded
    storages: tuple[list[Any], ...]
    filters: tuple[Filter | None, ...]
    on_error: OnError
    run_step: Callable[[int, list[Any]], list[Any]]
    explain: Callable[[int, Any], BaseException]
    mode: int
    bind: Bind | None
    lock: Any
    names: tuple[str | None, ...]
    defaults: list[Any]
    accepted: tuple[Sequence[str], ...]
    threads: int
    enough: int
    written: tuple[Any, ...]


def _kernel(plan: _Plan) -> Callable[..., Any]:
    """A kernel object of the extension module, or of Python where there is none."""
    module = runtime_module()
    if module is None:
        return PythonKernel(plan)
    unit = plan.unit
    payload = (
        plan.loaded.kernel_address,
        blas().address,
        len(unit.inputs),
        len(unit.shared),
        len(unit.outputs),
        len(unit.updates),
        plan.mode,
        tuple(
            (*_slot_payload(slot), _type_numbers(plan.accepted[k] if k < len(plan.accepted) else ()))
            for k, slot in enumerate(unit.slots)
        ),
        tuple(unit.update_targets),
        tuple((step.inputs, step.outputs) for step in unit.steps),
        plan.storages,
        plan.filters,
        plan.on_error,
        plan.run_step,
        plan.explain,
        plan.bind,
        plan.lock,
        _packed,
        unpack_state,
        plan.loaded,
        plan.threads,
        min(max(plan.enough, 0), 2**62),
        tuple(container.changes for container in plan.written),
        () if plan.lock is None else plan.lock.known(),
        plan.names,
        plan.defaults,
    )
    made: list[Any] = []
    if not module.lib.isym_make(id(payload), id(made)):
        raise made[0]
    result: Callable[..., Any] = made[0]
    return result


class WarmingKernel:
    """A function made while the extension module is being compiled, on a machine's first use.

    It starts as a `PythonKernel` and becomes the fast one when that is ready.
    """

    # a `__call__` slot: the call goes straight to what it holds
    __slots__ = ("__call__", "__weakref__", "plan", "then")

    def __init__(self, plan: _Plan) -> None:
        self.plan = plan
        self.__call__: Callable[..., Any] = PythonKernel(plan)
        self.then: Callable[[Any], None] = lambda kernel: None

    def switch(self) -> None:
        """Become the fast kernel, where there is one, and give it to `then`."""
        self.__call__ = _kernel(self.plan)
        self.then(self.__call__)

    @property
    def peak_bytes(self) -> int:
        """The most bytes a call took so far."""
        return int(self.__call__.peak_bytes)  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        return repr(self.__call__)


def _type_numbers(dtypes: Iterable[str]) -> int:
    """Element types as bits, by their numbers; the same type may have several numbers."""
    numbers = {numpy.dtype(code).num for name in dtypes for code in "bBhHiIlLqQfdFD?" if numpy.dtype(code) == name}
    return sum(1 << number for number in numbers)


def _slot_payload(slot: ArgSpec) -> tuple[int, int, tuple[int, ...]]:
    if slot.dtype == OBJECT:
        return (1, 0, ())
    if slot.dtype == STATE:
        return (2, numpy.dtype("uint32").num, (STATE_WORDS,))
    return (0, numpy.dtype(slot.dtype).num, tuple(-1 if size is None else size for size in slot.shape))


def default_error(code: int, error: tuple[int, int, int, int]) -> BaseException:
    """The exception for an error code where nobody knows better."""
    node, axis, left, right = error
    if code == 1:
        return ValueError(f"node {node}: sizes differ on axis {axis}: {left} against {right}")
    if code == 2:
        return IndexError(f"node {node}: index {left} is out of range for axis {axis} of size {right}")
    if code == 3:
        return ZeroDivisionError(f"node {node}: integer division by zero")
    if code == 4:
        return MemoryError(f"node {node}: no memory")
    return ValueError(f"node {node}: error {code} ({axis}, {left}, {right})")


# ---- checks that C and Python share


def _packed(state: Any) -> bytes:
    """The words of a state; ForeignStateError where it is of another generator than MT19937."""
    words = pack_state(state)
    if words is None:
        raise ForeignStateError
    return words


def _describe(slot: ArgSpec) -> str:
    sizes = ", ".join("any" if size is None else str(size) for size in slot.shape)
    return f"{slot.dtype} array of shape ({sizes}{',' if len(slot.shape) == 1 else ''})"


def _explainer(spec: UnitSpec) -> Callable[[int, Any], BaseException]:
    slots = spec.slots

    def explain(number: int, value: Any) -> BaseException:
        """The exception for a value that doesn't fit its slot, although a filter, a storage or a step gave it."""
        slot = slots[number]
        if number < len(spec.inputs):
            role = "the filter of input"
        elif number < len(spec.inputs) + len(spec.shared):
            role = "the storage of shared variable"
        else:
            role = "a Python step's result"
        if isinstance(value, numpy.ndarray):
            given = f"a {value.dtype} array of shape {value.shape}"
        else:
            given = f"a {type(value).__name__}"
        return TypeError(f"{role} {slot.name!r} holds {given}; the function was compiled for a {_describe(slot)}")

    return explain


def _step_runner(spec: UnitSpec, first_output: int) -> Callable[[int, list[Any]], list[Any]]:
    slots = spec.slots

    def run(number: int, values: list[Any]) -> list[Any]:
        """Run a Python step and bring its results into the form kernels take: exact, contiguous, aligned, unshared."""
        step = spec.steps[number]
        given = step.perform(list(values))
        if len(given) != len(step.outputs):
            raise ValueError(f"a Python step gave {len(given)} values, {len(step.outputs)} were expected")
        results: list[Any] = []
        for position, value in zip(step.outputs, given, strict=True):
            slot = slots[position]
            if slot.dtype == OBJECT:
                results.append(value)
                continue
            array = numpy.asarray(value)
            dtype = numpy.dtype(slot.dtype)
            if not numpy.can_cast(array.dtype, dtype, "same_kind"):
                raise TypeError(f"a Python step gave {array.dtype} for {slot.name!r}, which is a {_describe(slot)}")
            wrong = (given for given, size in zip(array.shape, slot.shape, strict=False) if size not in (None, given))
            if array.ndim != len(slot.shape) or any(True for _ in wrong):
                raise ValueError(f"a Python step gave shape {array.shape} for {slot.name!r}, a {_describe(slot)}")
            known = [other for other in (*values, *results) if isinstance(other, numpy.ndarray)]
            shared = any(numpy.may_share_memory(array, other) for other in known)
            array = numpy.require(array, dtype, ("C", "A", "W", "E"))
            results.append(array.copy() if shared and any(numpy.may_share_memory(array, o) for o in known) else array)
        return results

    return run


# ---- the extension module

CDEF = """
int isym_make(uintptr_t payload, uintptr_t holder);
void isym_direct(uintptr_t type, uintptr_t slot);
void isym_states(uintptr_t state, uintptr_t generator, int64_t generator_place, int64_t gauss_place);
"""
MODULE = "_isym_call"
HEADERS = ("checks.h", "frame.h", "isym.h", "mersenne.h", "results.h", "serial.h", "states.h", "threads.h")


def _emit() -> str:
    """C text of the extension module: `call.c` wrapped by cffi."""
    from cffi import recompiler  # wanted once for each installation

    maker = cffi.FFI()
    maker.cdef(CDEF)
    text = io.StringIO()
    preamble = (RUNTIME / "call.c").read_text(encoding="utf-8")
    recompiler.make_c_source(maker, MODULE, preamble, text)  # `emit_c_code` prints, and this thread must not
    return text.getvalue()


def _recipe() -> tuple[str, tuple[str, ...]]:
    """What the extension module depends on, and the flags it is compiled with."""
    python = sysconfig.get_paths()
    places = list(dict.fromkeys((python["include"], python["platinclude"], numpy.get_include())))
    for place, header in ((python["include"], "Python.h"), (numpy.get_include(), "numpy/arrayobject.h")):
        if not os.path.exists(os.path.join(place, header)):
            raise BuildError(f"{header} is not installed (looked in {place})")
    versions = (sys.version, sysconfig.get_config_var("SOABI"), numpy.__version__, cffi.__version__)
    text = "\n".join((RUNTIME / name).read_text(encoding="utf-8") for name in ("call.c", *HEADERS))
    flags = ["-O2", "-pthread", "-DNDEBUG", "-D_CFFI_NO_LIMITED_API", "-w"]
    flags += [word for place in places for word in ("-I", place)]
    if sys.platform == "darwin":
        flags += ["-undefined", "dynamic_lookup"]
    return "\n".join((*map(str, versions), CDEF, text)), tuple(flags)


def _load_module() -> tuple[Any, str]:
    start = time.perf_counter()
    try:
        depends, flags = _recipe()
        data, receipt = binary(depends, flags, text=_emit)
        with image(data, MODULE) as path:
            loader = importlib.machinery.ExtensionFileLoader(MODULE, path)
            spec = importlib.util.spec_from_file_location(MODULE, path, loader=loader)
            if spec is None:
                raise ImportError("no module specification")
            module = importlib.util.module_from_spec(spec)
            loader.exec_module(module)
        for kind, slot in _direct.items():
            module.lib.isym_direct(id(kind), id(slot))
        places = state_layout()
        if places is not None:
            module.lib.isym_states(id(numpy.random.RandomState), id(numpy.random.MT19937), *places)
    except (BuildError, ImportError, OSError) as error:
        return None, str(error)
    return module, f"{receipt}; in all {(time.perf_counter() - start) * 1e3:.1f} ms"


#: Classes whose calls go straight to a kernel: which slot has it.
_direct: dict[type, Any] = {}


def direct(kind: type, slot: Any) -> None:
    """Let calls of a class's objects with positional arguments go straight to the kernel that one of its slots has.

    Without the extension module, and for all other calls, the class's `__call__` is what is called.

    Args:
        kind: a class with a method `_failed(error, arguments)`, which is called with what a kernel has raised, and
            returns a result or raises.
        slot: the slot's descriptor.
    """
    _direct[kind] = slot
    if _module and _module[0][0] is not None:
        _module[0][0].lib.isym_direct(id(kind), id(slot))


def state_layout() -> tuple[int, int] | None:
    """Where a `RandomState` has its generator and its second normal number, in bytes from its beginning.

    Found by looking at objects of known contents, since NumPy promises nothing; None where it is not as expected, and
    then states are read and written by NumPy's methods, which takes 20 us each.
    """
    found = set()
    for seed, gauss in ((1, 0.5772156649015329), (2, -2.718281828459045)):
        state = numpy.random.RandomState(numpy.random.MT19937(seed))
        generator = state._bit_generator
        content = state.get_state(legacy=False)
        state.set_state({**content, "has_gauss": 1, "gauss": gauss})
        size = numpy.random.RandomState.__basicsize__
        raw = bytes(ffi.buffer(ffi.cast("char *", id(state)), size))
        gausses = [at for at in range(16, size - 7, 8) if raw[at : at + 8] == numpy.float64(gauss).tobytes()]
        owners = [at for at in range(16, size - 7, 8) if raw[at : at + 8] == numpy.uintp(id(generator)).tobytes()]
        if len(gausses) != 1 or not owners:
            return None
        at = gausses[0]
        flag = int(numpy.frombuffer(raw, "int32", 1, at - 8)[0])
        interface = int(numpy.frombuffer(raw, numpy.uintp, 1, at - 16)[0])
        address = generator.ctypes.state_address
        inside = id(state) <= interface < id(state) + size
        if flag != 1 or not inside or int(ffi.cast("uintptr_t *", interface)[0]) != address:
            return None
        key = bytes(ffi.buffer(ffi.cast("char *", address), 625 * 4))
        inner = content["state"]
        if key != inner["key"].astype("uint32").tobytes() + numpy.int32(inner["pos"]).tobytes():
            return None
        found.add((owners[0], at))
    return found.pop() if len(found) == 1 else None


_module_lock = threading.Lock()
_module: list[tuple[Any, str]] = []


def _module_and_story() -> tuple[Any, str]:
    with _module_lock:
        if not _module:
            _module.append(_load_module())
        return _module[0]


def runtime_module() -> Any:
    """The extension module, compiled on the machine's first use; None where that can't be done."""
    return _module_and_story()[0]


def runtime_problem() -> str:
    """Why the extension module can't be used, or "" where it can."""
    module, story = _module_and_story()
    return "" if module is not None else story


_preparing: threading.Thread | None = None
_waiting: "weakref.WeakSet[WarmingKernel]" = weakref.WeakSet()
_waiting_lock = threading.Lock()


def _prepare_and_switch() -> None:
    _module_and_story()
    with _waiting_lock:
        waiting = list(_waiting)
        _waiting.clear()
    for kernel in waiting:
        kernel.switch()


@lru_cache(maxsize=1)
def _survive_forks() -> None:
    """A forked child has no such thread, and must not wait for locks it held."""

    def forget() -> None:
        global _preparing, _module_lock, _waiting_lock
        _preparing, _module_lock, _waiting_lock = None, threading.Lock(), threading.Lock()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=forget)


def prepare() -> None:
    """Start getting the extension module ready in the background, while a program is rewritten and compiled."""
    global _preparing
    if not _module and _preparing is None:
        _survive_forks()
        # Not a daemon: a short script waits at its end, so that the machine's next one finds the module.
        _preparing = threading.Thread(target=_prepare_and_switch, name="interactive_sym calling layer")
        _preparing.start()


def describe() -> str:
    """How functions are called on this machine, and why, for reports."""
    module, story = _module_and_story()
    return f"vectorcall extension module ({story})" if module is not None else f"cffi in ABI mode, slower ({story})"


# ---- the same in Python


class _Frame:
    """One running call of a `PythonKernel`."""

    __slots__ = ("error", "held", "kernel", "memory", "slots", "taken")

    def __init__(self, kernel: "PythonKernel") -> None:
        number = len(kernel.specs)
        self.kernel = kernel
        self.slots = ffi.new("isym_array[]", number or 1)
        self.held: list[Any] = [None] * number
        self.memory: list[Any] = []
        self.taken = 0
        self.error: BaseException | None = None

    def put(self, number: int, array: numpy.ndarray[Any, Any]) -> None:
        """Let a slot stand for an array."""
        self.held[number] = array
        slot = self.slots[number]
        slot.data = ffi.cast("char *", array.ctypes.data)
        for axis, size in enumerate(array.shape):
            slot.dim[axis] = size


_frames: dict[int, _Frame] = {}


def _frame(ctx: Any) -> _Frame:
    return _frames[int(ffi.cast("uintptr_t", ctx))]


def _output(ctx: Any, number: int, ndim: int, dims: Any) -> Any:
    frame = _frame(ctx)
    try:
        kernel = frame.kernel
        spec = kernel.specs[number] if number < len(kernel.specs) else None
        if spec is None or number < kernel.first_output or spec.dtype == OBJECT or spec.ndim != ndim:
            raise SystemError(f"kernel asked for an output of {ndim} dims in slot {number}")
        dtype = "uint32" if spec.dtype == STATE else spec.dtype
        array = numpy.empty(tuple(dims[axis] for axis in range(ndim)), dtype)
        frame.put(number, array)
        frame.taken += array.nbytes
        return frame.slots[number].data
    except BaseException as error:
        frame.error = error
        return ffi.NULL


def _python(ctx: Any, number: int) -> int:
    frame = _frame(ctx)
    try:
        frame.kernel.step(frame, number)
        return 0
    except BaseException as error:
        frame.error = error
        return 1


def _scratch(ctx: Any, size: int) -> Any:
    frame = _frame(ctx)
    try:
        block = numpy.empty(size + 64, "uint8")
    except (MemoryError, ValueError):
        return ffi.NULL
    frame.memory.append(block)
    frame.taken += (size + 63) // 64 * 64
    return ffi.cast("void *", (block.ctypes.data + 63) // 64 * 64)


def _poll(ctx: Any) -> int:
    frame = _frame(ctx)
    try:
        return 0 if frame.error is None else 1
    except BaseException as error:  # a signal's handler raised
        frame.error = error
        return 1


def _interrupted(kind: Any, error: Any, trace: Any) -> None:
    """A signal's handler raised on the border between C and Python: stop the latest call."""
    if _frames:
        next(reversed(_frames.values())).error = error


@lru_cache(maxsize=1)
def _callbacks() -> tuple[Any, Any, Any, Any]:
    return (
        ffi.callback("void *(isym_ctx *, int, int, const int64_t *)", _output),
        ffi.callback("int (isym_ctx *, int)", _python),
        ffi.callback("void *(isym_ctx *, int64_t)", _scratch),
        ffi.callback("int (isym_ctx *)", _poll, error=1, onerror=_interrupted),
    )


_EXACT = {numpy.dtype("float64"): 1 << 53, numpy.dtype("complex128"): 1 << 53, numpy.dtype("float32"): 1 << 24}


def fits(slot: ArgSpec, value: Any) -> bool:
    """Whether a value may stand in a slot as it is."""
    return (
        type(value) is numpy.ndarray
        and value.ndim == len(slot.shape)
        and value.flags.c_contiguous
        and value.flags.aligned
        and value.dtype == slot.dtype
        and value.dtype.isnative
        and all(size is None or size == given for size, given in zip(slot.shape, value.shape, strict=True))
    )


def plain_number(dtype: str, value: Any) -> numpy.ndarray[Any, Any] | None:
    """A 0-d array from a number of an exact plain type that the dtype holds without loss, else None.

    Example:
        >>> plain_number("int8", 7), plain_number("int8", 300)
        (array(7, dtype=int8), None)
    """
    wanted, kind = numpy.dtype(dtype), type(value)
    if kind is wanted.type:
        good = True
    elif kind is float:
        good = wanted in (numpy.dtype("float64"), numpy.dtype("complex128"))
    elif kind is complex:
        good = wanted == numpy.dtype("complex128")
    elif kind is bool and wanted == numpy.dtype("bool"):
        good = True
    elif kind is int or kind is bool:
        if wanted.kind in "iu":
            limits = numpy.iinfo(wanted)
            good = max(limits.min, -(1 << 63)) <= int(value) <= min(limits.max, (1 << 63) - 1)
        else:
            good = wanted in _EXACT and abs(int(value)) <= _EXACT[wanted]
    else:
        good = False
    return numpy.array(value, wanted) if good else None


class PythonKernel:
    """A compiled function called through cffi's ABI mode: what `call.c` does, in Python."""

    __slots__ = (
        "__weakref__", "bind", "explain", "filters", "first_output", "function", "loaded", "lock", "mode", "on_error",
        "peak_bytes", "run_step", "specs", "storages", "unit", "written",
    )  # fmt: skip

    def __init__(self, plan: _Plan) -> None:
        self.unit, self.loaded, self.specs = plan.unit, plan.loaded, plan.unit.slots
        self.storages, self.filters, self.on_error = plan.storages, plan.filters, plan.on_error
        self.run_step, self.explain, self.mode, self.bind = plan.run_step, plan.explain, plan.mode, plan.bind
        # cffi gives the GIL away while it calls.
        self.lock = Writing(plan.written, threading.RLock()) if plan.unit.updates else None
        self.written = plan.written
        self.peak_bytes = 0
        self.first_output = len(plan.unit.inputs) + len(plan.unit.shared)
        self.function = ffi.cast("int (*)(isym_ctx *)", plan.loaded.kernel_address)

    def __repr__(self) -> str:
        unit = self.unit
        return (
            f"<kernel: {len(unit.inputs)} inputs, {len(unit.shared)} shared, {len(unit.outputs)} outputs, "
            f"{len(unit.updates)} updates>"
        )

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        number = len(self.unit.inputs)
        if len(args) != number or keywords:
            if self.bind is None:
                if keywords:
                    raise TypeError(f"this function takes no keyword argument, got {next(iter(keywords))!r}")
                raise TypeError(
                    f"this function takes {number} positional argument{'' if number == 1 else 's'} "
                    f"but {len(args)} {'was' if len(args) == 1 else 'were'} given"
                )
            args = tuple(self.bind(args, keywords))
            if len(args) != number:
                raise SystemError(f"bind gave {len(args)} arguments, not {number}")
        if self.lock is None:
            return self.run(args)
        with self.lock:
            return self.run(args)

    def run(self, args: Sequence[Any]) -> Any:
        """One call with all inputs given."""
        frame = _Frame(self)
        for number, value in enumerate(args):
            self.take_input(frame, number, value)
        for number, storage in enumerate(self.storages, len(args)):
            self.take_shared(frame, number, storage)
        ctx: Any = ffi.new("isym_ctx *")
        ctx.slot = frame.slots
        ctx.output, ctx.python, ctx.scratch, ctx.poll = _callbacks()
        ctx.lib = ffi.cast("const void *const *", blas().address)
        address = int(ffi.cast("uintptr_t", ctx))
        _frames[address] = frame
        try:
            code = self.function(ctx)
        finally:
            del _frames[address]
            self.peak_bytes = max(self.peak_bytes, frame.taken)
        if frame.error is not None:
            raise frame.error
        if code:
            error = self.on_error(code, tuple(ctx.error))
            if not isinstance(error, BaseException):
                raise TypeError(f"an error handler gave {type(error).__name__}, not an exception")
            raise error
        first_update = self.first_output + len(self.unit.outputs)
        updates = frame.held[first_update : first_update + len(self.unit.updates)]
        for number in range(self.first_output, first_update + len(updates)):
            if frame.held[number] is None and self.specs[number].dtype != OBJECT:
                raise SystemError(f"the kernel left slot {number} empty")
        for number in range(self.first_output, first_update + len(updates)):
            if self.specs[number].dtype == STATE:
                frame.held[number] = unpack_state(frame.held[number].tobytes())
        updates = frame.held[first_update : first_update + len(self.unit.updates)]
        outputs = frame.held[self.first_output : first_update]
        # One step of C code: no signal handler runs between two updates.
        targets = [self.storages[target] for target in self.unit.update_targets]
        deque(map(operator.setitem, targets, repeat(0), updates), maxlen=0)
        for container in self.written:
            container.changes[0] += 1
        return (outputs, outputs[0] if outputs else None, None)[self.mode]

    def take_input(self, frame: _Frame, number: int, value: Any) -> None:
        """Fill the slot of an input, through its filter where the value is not plainly right."""
        slot = self.specs[number]
        if slot.dtype not in (OBJECT, STATE):
            if fits(slot, value):
                frame.put(number, value)
                return
            if not slot.shape:
                array = plain_number(slot.dtype, value)
                if array is not None:
                    frame.put(number, array)
                    return
        function = self.filters[number]
        value = value if function is None else function(value)
        if slot.dtype == OBJECT:
            frame.held[number] = value
        elif slot.dtype == STATE:
            frame.put(number, numpy.frombuffer(_packed(value), "uint32"))
        elif fits(slot, value):
            frame.put(number, value)
        else:
            raise self.explain(number, value)

    def take_shared(self, frame: _Frame, number: int, storage: list[Any]) -> None:
        """Fill the slot of a shared input."""
        slot = self.specs[number]
        if len(storage) != 1:
            raise SystemError("the storage of a shared variable is a list of one item")
        value = storage[0]
        if slot.dtype == OBJECT:
            frame.held[number] = value
            return
        if slot.dtype == STATE:
            frame.put(number, numpy.frombuffer(_packed(value), "uint32"))
            return
        if not fits(slot, value):  # right in all but its layout: a copy for this call
            right = isinstance(value, numpy.ndarray) and value.dtype.newbyteorder("=") == slot.dtype
            copy = numpy.array(value, dtype=slot.dtype, order="C") if right else None
            if copy is None or not fits(slot, copy):
                raise self.explain(number, value)
            value = copy
        frame.put(number, value)

    def step(self, frame: _Frame, number: int) -> None:
        """Run a Python step for a kernel."""
        if not 0 <= number < len(self.unit.steps):
            raise SystemError(f"kernel asked for Python step {number} of {len(self.unit.steps)}")
        step = self.unit.steps[number]
        results = self.run_step(number, [self.slot_value(frame, slot) for slot in step.inputs])
        for slot, value in zip(step.outputs, results, strict=True):
            if slot < self.first_output or (self.specs[slot].dtype != OBJECT and not fits(self.specs[slot], value)):
                raise self.explain(slot, value)
            if self.specs[slot].dtype == OBJECT:
                frame.held[slot] = value
            else:
                frame.put(slot, value)

    def slot_value(self, frame: _Frame, number: int) -> Any:
        """The value of a slot, for a Python step."""
        slot, held = self.specs[number], frame.held[number]
        if slot.dtype == OBJECT:
            return held
        array = frame.slots[number]
        if held is not None and int(ffi.cast("uintptr_t", array.data)) == held.ctypes.data:
            return held
        if array.data == ffi.NULL:
            raise SystemError(f"slot {number} is read before it is written")
        copy = numpy.empty(tuple(array.dim[axis] for axis in range(len(slot.shape))), slot.dtype)
        ffi.memmove(copy.data.cast("B") if copy.size else bytearray(), array.data, copy.nbytes)
        return copy
