"""The calling layer, in C and in Python alike: checks, outputs, updates, errors, Python steps, references."""

import contextlib
import gc
import itertools
import os
import pickle
import resource
import signal
import sys
import threading
import time
import weakref

import numpy as np
import pytest

from interactive_sym.cffi_backend import build, call
from interactive_sym.cffi_backend.call import ArgSpec, PythonStep, UnitSpec

HEAD = '#include "isym.h"\n'
ADD = f"""{HEAD}
int isym_kernel(isym_ctx *c) {{
  double *out = c->output(c, 2, 0, 0);
  if (!out) return ISYM_MEMORY;
  *out = *(double *)c->slot[0].data + *(double *)c->slot[1].data;
  return ISYM_OK;
}}
"""
TWICE = f"""{HEAD}
int isym_kernel(isym_ctx *c) {{ /* output = 2 x, x a matrix */
  const int64_t *dim = c->slot[0].dim;
  const double *x = (double *)c->slot[0].data;
  double *out = c->output(c, 1, 2, dim), *temporary = c->scratch(c, dim[0] * dim[1] * 8);
  if (!out || !temporary || (uintptr_t)temporary % 64) return ISYM_MEMORY;
  for (int64_t i = 0; i < dim[0] * dim[1]; i++) temporary[i] = 2 * x[i];
  for (int64_t i = 0; i < dim[0] * dim[1]; i++) out[i] = temporary[i];
  return ISYM_OK;
}}
"""
ACCUMULATE = f"""{HEAD}
int isym_kernel(isym_ctx *c) {{ /* inputs: x; shared: w; outputs: sum(w) before; updates: w <- w + x */
  const int64_t n = c->slot[1].dim[0];
  const double x = *(double *)c->slot[0].data, *w = (double *)c->slot[1].data;
  double *out = c->output(c, 2, 0, 0), *next = c->output(c, 3, 1, &n), sum = 0;
  if (!out || !next) return ISYM_MEMORY;
  for (int64_t i = 0; i < n; i++) sum += w[i], next[i] = w[i] + x;
  *out = sum;
  c->error[0] = 7, c->error[1] = 0, c->error[2] = 3, c->error[3] = n;
  if (x == 101) return ISYM_SIZE;
  if (x == 102) return ISYM_INDEX;
  if (x == 103) return ISYM_DIVIDE;
  if (x == 104) return ISYM_MEMORY;
  if (x == 106) return ISYM_VALUE;
  return ISYM_OK;
}}
"""
SCALAR = ArgSpec("x", "float64")
VECTOR = ArgSpec("w", "float64", (None,))
MATRIX = ArgSpec("x", "float64", (None, None))


@pytest.fixture(params=["c", "python"])
def backend(request):
    return request.param


class Doubtful(Exception):
    """A filter was asked."""


def refuse(value):
    raise Doubtful(type(value).__name__)


def make(backend, source, inputs=(), shared=(), outputs=(), updates=(), storages=(), filters=None, **rest):
    fields = {name: rest.pop(name) for name in ("update_targets", "temporaries", "steps") if name in rest}
    unit = UnitSpec(source, tuple(inputs), tuple(shared), tuple(outputs), tuple(updates), **fields)
    filters = (refuse,) * len(inputs) if filters is None else filters
    return call.make(unit, build.load(source), storages, filters, backend=backend, **rest)


def adder(backend, **rest):
    return make(backend, ADD, (SCALAR, SCALAR), outputs=(SCALAR,), **rest)


def accumulator(backend, start, **rest):
    storage = [np.array(start, "float64")]
    unit = {
        "inputs": (SCALAR,),
        "shared": (VECTOR,),
        "outputs": (SCALAR,),
        "updates": (VECTOR,),
        "update_targets": (0,),
    }
    return make(backend, ACCUMULATE, **unit, storages=[storage], **rest), storage


def copies(dtype, shape=()):
    """A unit that copies its input."""
    size = np.dtype(dtype).itemsize
    return f"""{HEAD}
int isym_kernel(isym_ctx *c) {{
  int64_t bytes = {size};
  for (int d = 0; d < {len(shape)}; d++) bytes *= c->slot[0].dim[d];
  char *out = c->output(c, 1, {len(shape)}, c->slot[0].dim);
  if (!out) return ISYM_MEMORY;
  memcpy(out, c->slot[0].data, bytes);
  return ISYM_OK;
}}
"""


def copier(backend, dtype, shape=(), filters=(refuse,)):
    slot = ArgSpec("x", dtype, shape)
    return make(backend, copies(dtype, shape), (slot,), outputs=(slot,), filters=filters, single=True)


# ---- arguments


def test_numbers_and_arrays(backend):
    f = adder(backend)
    for a, b in itertools.product(
        (33, 33.0, np.float64(33), np.array(33.0)), (2, 2.0, True, np.float64(2), np.array(2.0))
    ):
        (result,) = f(a, b)
        assert type(result) is np.ndarray
        assert (result.shape, result.dtype, float(result)) == ((), np.float64, 33.0 + float(b))


def test_result_forms(backend):
    assert isinstance(adder(backend)(1, 2), list)
    assert adder(backend, single=True)(1, 2) == 3.0
    assert adder(backend, none=True)(1, 2) is None


PLAIN = [
    (
        "float64",
        [1, -5, 2**53, 1.5, float("inf"), True, np.float64(2.5)],
        [2**53 + 1, 1j, np.float32(1), np.int64(3), "1", None],
    ),
    ("float32", [1, -(2**24), False, np.float32(1.5)], [2**24 + 1, 1.5, np.float64(1)]),
    ("int8", [127, -128, True, np.int8(3)], [128, -129, 1.0, np.int64(3)]),
    ("uint8", [255, 0, np.uint8(9)], [-1, 256]),
    ("int16", [2**15 - 1], [2**15]),
    ("uint16", [2**16 - 1], [-1]),
    ("int32", [-(2**31)], [2**31]),
    ("uint32", [2**32 - 1], [2**32]),
    ("int64", [2**63 - 1, -(2**63), np.int64(5)], [2**63, 10**30, 0.5]),
    ("uint64", [2**63 - 1, np.uint64(2**64 - 1)], [-1, 2**64]),
    ("bool", [True, False, np.True_], [1, 0.0]),
    ("complex128", [1, 1.5, 1 + 2j, True, np.complex128(3j)], [np.float64(1), "1j"]),
    ("complex64", [np.complex64(3j)], [1, 1.5, 1j]),
]


@pytest.mark.parametrize(("dtype", "good", "doubtful"), PLAIN, ids=[case[0] for case in PLAIN])
def test_plain_numbers(backend, dtype, good, doubtful):
    f = copier(backend, dtype)
    for value in good:
        result = f(value)
        assert result.dtype == dtype
        assert result == value
    for value in doubtful:
        with pytest.raises(Doubtful):
            f(value)


def test_arrays_that_need_no_filter(backend):
    f = copier(backend, "float64", (None, 3))
    for shape in ((0, 3), (1, 3), (5, 3)):
        x = np.arange(float(np.prod(shape))).reshape(shape)
        result = f(x)
        np.testing.assert_array_equal(result, x)
        assert not np.may_share_memory(result, x)
    read_only = np.ones((2, 3))
    read_only.flags.writeable = False
    np.testing.assert_array_equal(f(read_only), read_only)


class Subclass(np.ndarray):
    """Not exactly an array."""


def unaligned():
    return np.zeros(6 * 8 + 1, "uint8")[1:].view("float64").reshape(2, 3)


@pytest.mark.parametrize(
    "value",
    [
        np.ones((2, 4)),
        np.ones(3),
        np.ones((2, 3), "float32"),
        np.ones((2, 3), ">f8"),
        np.ones((3, 2)).T,
        np.ones((2, 6))[:, ::2],
        np.ones((2, 3))[::-1],
        np.broadcast_to(np.ones(3), (2, 3)),
        unaligned(),
        np.ones((2, 3)).view(Subclass),
        np.ma.ones((2, 3)),
        [[1.0, 2.0, 3.0]],
        1.0,
        None,
    ],
    ids=repr,
)
def test_arrays_that_go_through_the_filter(backend, value):
    with pytest.raises(Doubtful):
        copier(backend, "float64", (None, 3))(value)


def test_filter_results_are_used_and_checked(backend):
    f = copier(backend, "float64", (None,), filters=(lambda value: np.ascontiguousarray(value, "float64"),))
    np.testing.assert_array_equal(f([1, 2]), [1.0, 2.0])
    np.testing.assert_array_equal(f(np.arange(6)[::2]), [0.0, 2.0, 4.0])
    wrong = copier(backend, "float64", (None,), filters=(lambda value: np.ones((2, 2), "float32"),))
    with pytest.raises(
        TypeError, match=r"filter of input 'x' holds a float32 array of shape \(2, 2\).*float64.*\(any,\)"
    ):
        wrong(3)
    as_it_is = copier(backend, "float64", (None,), filters=(None,))
    with pytest.raises(TypeError, match="holds a str"):
        as_it_is("text")


def test_equal_types_with_another_number_are_one(backend):
    x = np.arange(3, dtype="q")  # long long: int64 by another name
    np.testing.assert_array_equal(copier(backend, "int64", (3,))(x), [0, 1, 2])


def test_numbers_of_arguments(backend):
    f = adder(backend)
    for arguments, message in (
        ((), "2 positional arguments but 0 were"),
        ((1,), "but 1 was given"),
        ((1, 2, 3), "3 were"),
    ):
        with pytest.raises(TypeError, match=message):
            f(*arguments)
    with pytest.raises(TypeError, match="no keyword argument, got 'y'"):
        f(1, y=2)


def test_bind_completes_calls(backend):
    def bind(args, keywords):
        values = dict(zip("xy", args, strict=False)) | keywords
        if set(values) - {"x", "y"}:
            raise TypeError("unexpected")
        return [values["x"], values.get("y", 40)]

    f = adder(backend, bind=bind, single=True)
    assert (f(2), f(x=1), f(y=1, x=2), f(1, y=2), f(1, 2)) == (42, 41, 3, 3, 3)
    with pytest.raises(TypeError, match="unexpected"):
        f(1, z=3)
    with pytest.raises(SystemError, match="bind gave 1"):
        adder(backend, bind=lambda args, keywords: [1])()


def test_wrong_specs_are_refused(backend):
    with pytest.raises(ValueError, match="0 filters"):
        adder(backend, filters=())
    with pytest.raises(ValueError, match="storages"):
        adder(backend, storages=[[1]])
    with pytest.raises(ValueError, match="at most 16 dims"):
        copier(backend, "float64", (None,) * 17)
    with pytest.raises(ValueError, match="target"):
        make(backend, ADD, updates=(SCALAR,), update_targets=(0,))
    with pytest.raises(ValueError, match="single"):
        make(backend, ADD, single=True)


# ---- outputs, scratch, size


def test_scratch_and_large_arrays(backend):
    f = make(backend, TWICE, (MATRIX,), outputs=(MATRIX,), single=True)
    for size in (0, 1, 10, 400, 3, 400):
        x = np.random.default_rng(size).normal(size=(size, size))
        np.testing.assert_array_equal(f(x), 2 * x)


def test_an_output_too_large_is_a_clean_error(backend):
    source = f"""{HEAD}
    int isym_kernel(isym_ctx *c) {{
      const int64_t dim[2] = {{INT64_C(1) << 40, INT64_C(1) << 40}};
      return c->output(c, 0, 2, dim) ? ISYM_OK : ISYM_MEMORY;
    }}"""
    with pytest.raises((ValueError, MemoryError)):
        make(backend, source, outputs=(MATRIX,))()


def test_impossible_scratch_is_no_memory(backend):
    source = f"{HEAD}int isym_kernel(isym_ctx *c) {{ return c->scratch(c, INT64_MAX / 2) ? ISYM_OK : ISYM_MEMORY; }}"
    with pytest.raises(MemoryError):
        make(backend, source)()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return ISYM_OK;", "left slot 0 empty"),
        ("c->output(c, 0, 1, &n); return ISYM_MEMORY;", "1 dims in slot 0"),
        ("c->output(c, 5, 2, &n); return ISYM_MEMORY;", "slot 5"),
        ("return c->python(c, 3) ? ISYM_PYTHON : ISYM_OK;", "Python step 3 of 0"),
    ],
)
def test_a_kernel_that_breaks_the_contract(backend, body, message):
    source = f"{HEAD}int isym_kernel(isym_ctx *c) {{ int64_t n = 1; (void)n; {body} }}"
    with pytest.raises(SystemError, match=message):
        make(backend, source, outputs=(MATRIX,))()


def test_many_slots(backend):
    number = 40
    source = f"""{HEAD}
    int isym_kernel(isym_ctx *c) {{
      double *out = c->output(c, {number}, 0, 0);
      if (!out) return ISYM_MEMORY;
      *out = 0;
      for (int k = 0; k < {number}; k++) *out += *(double *)c->slot[k].data;
      return ISYM_OK;
    }}"""
    f = make(backend, source, (SCALAR,) * number, outputs=(SCALAR,), single=True)
    assert f(*range(number)) == sum(range(number))


# ---- shared variables and updates


def test_updates_follow_calls(backend):
    f, storage = accumulator(backend, [1.0, 2.0], single=True)
    assert f(10) == 3.0
    np.testing.assert_array_equal(storage[0], [11.0, 12.0])
    assert f(1) == 23.0
    storage[0] = np.zeros(5)  # another size
    assert f(1) == 0.0
    np.testing.assert_array_equal(storage[0], np.ones(5))


def test_a_value_somebody_holds_is_never_overwritten(backend):
    f, storage = accumulator(backend, [0.0, 0.0], none=True)
    held, views, buffers = [], [], []
    for step in range(30):
        f(1)
        if step % 3 == 0:
            held.append((step, storage[0]))
        if step % 5 == 0:
            views.append((step, storage[0][:1]))
        if step % 7 == 0:
            buffers.append((step, memoryview(storage[0])))
    for step, value in (*held, *views, *buffers):
        assert np.asarray(value)[0] == step + 1


def test_old_values_are_recycled():
    f, storage = accumulator("c", np.zeros(1000), none=True)
    seen = set()
    for _ in range(50):
        f(1)
        seen.add(storage[0].ctypes.data)
    assert len(seen) == 2
    assert storage[0][0] == 50


def test_memory_of_large_results_is_used_again_when_nobody_has_it():
    f = make("c", TWICE, (MATRIX,), outputs=(MATRIX,), single=True)
    x = np.random.default_rng(0).normal(size=(300, 200))
    f(x)
    y = f(x)
    place = y.ctypes.data
    references = sys.getrefcount(y)
    assert y.flags.owndata and y.flags.writeable and y.base is None and references == 2
    view = y[3:, ::2]
    expected = view.copy()
    del y
    z = f(3 * x)  # a view is left: other memory
    assert z.ctypes.data != place
    np.testing.assert_array_equal(view, expected)
    del view
    again = f(5 * x)
    assert again.ctypes.data == place
    np.testing.assert_array_equal(again, 10 * x)
    np.testing.assert_array_equal(z, 6 * x)
    buffer = memoryview(again)
    del again
    assert f(x).ctypes.data != place and buffer[0, 0] == 10 * x[0, 0]
    z.resize((2, 2))  # NumPy may change and free it as its own arrays
    assert z.shape == (2, 2)
    f.free()
    np.testing.assert_array_equal(f(x), 2 * x)


def test_results_of_many_sizes_are_right_whichever_memory_is_used_again():
    f = make("c", TWICE, (MATRIX,), outputs=(MATRIX,), single=True)
    rows = [np.full((n, 1 << 13), float(n)) for n in range(1, 50)]
    for _ in range(3):
        results = [f(x) for x in rows]
        assert all((y == 2 * n).all() for n, y in enumerate(results, 1))
        del results[::2]


def test_a_number_somebody_holds_is_never_changed():
    f = make("c", ADD, (SCALAR, SCALAR), outputs=(SCALAR,), single=True)
    first = f(1, 2)
    kept, view = f(3, 4), f(5, 6).reshape(1)
    weak = weakref.ref(last := f(7, 8))
    item = memoryview(f(9, 10))
    for _ in range(3):
        assert f(100, 200) == 300
    assert (first, kept, view[0], last, item[()]) == (3, 7, 11, 15, 19)
    del last
    assert f(1, 1) == 2 and (weak() is None or weak() == 15)
    changed = f(2, 2)
    changed.shape = (1, 1)
    del changed
    assert f(2, 3) == 5 and f(2, 3).shape == ()
    locked = f(2, 2)
    locked.flags.writeable = False
    del locked
    result = f(3, 3)
    assert result == 6 and result.flags.writeable and result.flags.owndata


def test_a_weakly_referenced_value_is_not_recycled(backend):
    f, storage = accumulator(backend, [0.0], none=True)
    f(1)
    reference = weakref.ref(storage[0])
    for _ in range(3):
        f(1)
    gc.collect()
    assert reference() is None or reference()[0] == 1.0


@pytest.mark.parametrize(
    ("x", "error"),
    [(101, ValueError), (102, IndexError), (103, ZeroDivisionError), (104, MemoryError), (106, ValueError)],
)
def test_errors_change_nothing(backend, x, error):
    f, storage = accumulator(backend, [1.0, 2.0])
    before = storage[0]
    with pytest.raises(error, match="node 7"):
        f(x)
    assert storage[0] is before
    np.testing.assert_array_equal(before, [1.0, 2.0])
    f(1)
    np.testing.assert_array_equal(storage[0], [2.0, 3.0])


def test_on_error_gives_the_exception(backend):
    seen = []

    def on_error(code, error):
        seen.append((code, error))
        return LookupError("mine")

    f, _ = accumulator(backend, [1.0], on_error=on_error)
    with pytest.raises(LookupError, match="mine"):
        f(101)
    assert seen == [(1, (7, 0, 3, 1))]
    f, _ = accumulator(backend, [1.0], on_error=lambda code, error: "text")
    with pytest.raises(TypeError, match="not an exception"):
        f(101)
    f, _ = accumulator(backend, [1.0], on_error=lambda code, error: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        f(101)


def test_a_storage_of_another_layout_is_read_and_of_another_type_refused(backend):
    f, storage = accumulator(backend, [1.0], single=True)
    for layout in (np.arange(6.0)[::2], np.arange(3, dtype=">f8") * 2, np.array([0.0, 2.0, 4.0]).view(Subclass)):
        storage[0] = layout
        assert f(1) == 6.0
    for wrong in (np.ones(3, "float32"), np.ones((1, 3)), 3.0, None):
        storage[0] = wrong
        with pytest.raises(TypeError, match="storage of shared variable 'w'"):
            f(1)
        assert storage[0] is wrong
    storage.clear()
    with pytest.raises(SystemError, match="one item"):
        f(1)


def test_swap_of_two_shared_values(backend):
    source = f"""{HEAD}
    int isym_kernel(isym_ctx *c) {{
      double *a = c->output(c, 2, 0, 0), *b = c->output(c, 3, 0, 0);
      if (!a || !b) return ISYM_MEMORY;
      *a = *(double *)c->slot[1].data, *b = *(double *)c->slot[0].data;
      return ISYM_OK;
    }}"""
    storages = [[np.array(1.0)], [np.array(2.0)]]
    pair = (SCALAR, SCALAR)
    f = make(backend, source, shared=pair, updates=pair, update_targets=(0, 1), storages=storages)
    for _ in range(5):
        assert f() == []
    assert (storages[0][0], storages[1][0]) == (2.0, 1.0)


# ---- Python steps

STEP = f"""{HEAD}
int isym_kernel(isym_ctx *c) {{ /* slots: x, w shared, out, w', temporary */
  if (c->python(c, 0)) return ISYM_PYTHON;
  const int64_t n = c->slot[4].dim[0];
  double *out = c->output(c, 2, 1, &n);
  if (!out) return ISYM_MEMORY;
  for (int64_t i = 0; i < n; i++) out[i] = ((double *)c->slot[4].data)[i] + 1;
  return ISYM_OK;
}}
"""


def stepper(backend, perform, **rest):
    storage = [np.array([1.0, 2.0, 3.0])]
    step = PythonStep(perform, inputs=(0, 1), outputs=(4, 3))
    unit = {
        "inputs": (SCALAR,),
        "shared": (VECTOR,),
        "outputs": (VECTOR,),
        "updates": (VECTOR,),
        "temporaries": (VECTOR,),
    }
    f = make(backend, STEP, **unit, update_targets=(0,), steps=(step,), storages=[storage], single=True, **rest)
    return f, storage


def test_steps_read_and_fill_slots(backend):
    seen = []

    def perform(values):
        seen.append([type(value) for value in values])
        x, w = values
        return [w[::-1] * x, w + x]

    f, storage = stepper(backend, perform)
    np.testing.assert_array_equal(f(10), [31.0, 21.0, 11.0])
    np.testing.assert_array_equal(storage[0], [11.0, 12.0, 13.0])
    assert seen == [[np.ndarray, np.ndarray]]


def test_values_a_step_keeps_stay_right(backend):
    kept = []

    def perform(values):
        kept.extend(values)
        return [values[1], values[1]]

    f, storage = stepper(backend, perform)
    before = storage[0]
    f(10)
    f(20)
    assert [float(value) for value in kept[::2]] == [10.0, 20.0]
    assert storage[0] is not before
    np.testing.assert_array_equal(storage[0], before)


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, SystemExit])
def test_exceptions_of_steps_come_through_and_change_nothing(backend, error):
    def perform(values):
        raise error("mine")

    f, storage = stepper(backend, perform)
    before = storage[0]
    with pytest.raises(error, match="mine") as raised:
        f(1)
    assert any(entry.name == "perform" for entry in raised.traceback)
    assert storage[0] is before


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ([np.ones(3)], "1 values, 2 were expected"),
        ([np.ones((3, 1)), np.ones(3)], r"shape \(3, 1\)"),
        ([np.ones(3) * 1j, np.ones(3)], "complex128"),
        ([np.ones(3), "text"], "'w'"),
    ],
)
def test_wrong_results_of_steps(backend, result, message):
    f, _ = stepper(backend, lambda values: result)
    with pytest.raises((TypeError, ValueError), match=message):
        f(1)


def test_results_of_steps_are_brought_into_form(backend):
    f, storage = stepper(backend, lambda values: [[1, 2], np.arange(4, dtype=">f4")[::2]])
    np.testing.assert_array_equal(f(1), [2.0, 3.0])
    np.testing.assert_array_equal(storage[0], [0.0, 2.0])
    assert storage[0].dtype == np.dtype("float64")


def test_values_that_are_no_tensors(backend):
    source = f"{HEAD}int isym_kernel(isym_ctx *c) {{ return c->python(c, 0) ? ISYM_PYTHON : ISYM_OK; }}"

    def perform(values):
        name, state = values
        following = pickle.loads(pickle.dumps(state))
        return [following.uniform(), f"{name}!", following]

    thing, storage = ArgSpec("state", "object"), [np.random.RandomState(3)]
    step = PythonStep(perform, inputs=(0, 1), outputs=(2, 3, 4))
    unit = {
        "inputs": (thing,),
        "shared": (thing,),
        "outputs": (SCALAR, thing),
        "updates": (thing,),
        "update_targets": (0,),
    }
    f = make(backend, source, **unit, steps=(step,), storages=[storage], filters=(None,))
    twin = np.random.RandomState(3)
    for _ in range(3):
        number, text = f("name")
        assert (float(number), text) == (twin.uniform(), "name!")


def test_a_function_that_calls_itself(backend):
    def perform(values):
        depth, _ = values
        if depth > 0:
            f(float(depth) - 1)
        return [np.full(3, float(depth)), np.full(3, float(depth))]

    f, storage = stepper(backend, perform)
    np.testing.assert_array_equal(f(5), [6.0] * 3)
    np.testing.assert_array_equal(storage[0], [5.0] * 3)


@pytest.mark.parametrize("size", [10, 200_000])  # under the GIL and without it
def test_a_long_kernel_can_be_interrupted(backend, size):
    source = f"""{HEAD}
    int isym_kernel(isym_ctx *c) {{
      while (!ISYM_INTERRUPTED(c)) {{ }}
      return ISYM_PYTHON;
    }}"""
    f = make(backend, source, (VECTOR,))
    former = signal.signal(signal.SIGALRM, signal.default_int_handler)
    for _ in range(3):
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        start = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            f(np.zeros(size))
        assert time.monotonic() - start < 30
    signal.signal(signal.SIGALRM, former)


# ---- threads, memory


def test_threads_update_as_one(backend):
    f, storage = accumulator(backend, np.zeros(10), none=True)
    g = make(backend, TWICE, (MATRIX,), outputs=(MATRIX,), single=True)
    x = np.random.default_rng(0).normal(size=(200, 200))  # large enough for the GIL to be given up
    number, wrong = 2000 if backend == "c" else 200, []

    def work():
        for step in range(number):
            f(1)
            if step % 50 == 0 and not np.array_equal(g(x), 2 * x):
                wrong.append(step)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert storage[0].tolist() == [8.0 * number] * 10
    assert wrong == []


def resident() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def test_calls_leave_nothing(backend):
    f, _ = accumulator(backend, np.zeros(100))
    g = adder(backend, filters=(np.float64, lambda value: np.asarray(value, "float64")))
    h, _ = stepper(backend, lambda values: [values[1] * 2, values[1]])

    def calls(number):
        for _ in range(number):
            f(1)
            g(1, np.float32(2))
            g(1.0, 2)
        for _ in range(number // 10):
            h(1)
            for function, value in ((f, 101), (g, "text"), (f, None)):
                with contextlib.suppress(ValueError, TypeError, Doubtful):
                    function(value)

    number = 100_000 if backend == "c" else 2_000
    calls(number // 20)
    gc.collect()
    before = resident()
    calls(number)
    assert resident() - before < 1 << 20


def test_dropped_functions_are_freed(backend):
    class Handler:
        def __call__(self, code, error):
            return ValueError()

    handler = Handler()
    handler.function, _ = accumulator(backend, [1.0], on_error=handler)  # a cycle through the function
    handler.function(1)
    reference, library = weakref.ref(handler), weakref.ref(handler.function)
    del handler
    gc.collect()
    assert reference() is None
    assert library() is None


def test_references_are_balanced(backend):
    f, storage = accumulator(backend, [1.0])
    x = np.array(1.0)
    before = sys.getrefcount(x)
    for _ in range(10):
        f(x)
        with pytest.raises(ValueError, match="node 7"):
            f(np.array(101.0))
    assert sys.getrefcount(x) == before
    gc.collect()
    references = sys.getrefcount(storage[0])
    assert references == 2


# ---- the extension module itself


def test_repr(backend):
    assert repr(accumulator(backend, [1.0])[0]) == "<kernel: 1 inputs, 1 shared, 1 outputs, 1 updates>"


@pytest.fixture
def not_ready(monkeypatch):
    """As in a process that has not loaded the extension module yet."""
    for name, value in (("_module", []), ("_preparing", None)):
        monkeypatch.setattr(call, name, value)


def test_the_extension_module_is_used_where_it_can_be():
    assert call.runtime_problem() == ""
    assert call.describe().startswith("vectorcall")
    assert type(adder(None)).__name__ == "Kernel"


def test_without_headers_functions_work_all_the_same(not_ready, monkeypatch):
    monkeypatch.setattr(call.sysconfig, "get_paths", lambda: {"include": "/nowhere", "platinclude": "/nowhere"})
    assert "Python.h is not installed" in call.runtime_problem()
    assert "ABI mode" in call.describe()
    f = adder(None, single=True)
    assert isinstance(f, call.PythonKernel)
    assert f(33, 2) == 35.0
    with pytest.raises(build.BuildError, match=r"Python\.h"):
        adder("c")


def test_prepare_in_the_background(not_ready):
    call.prepare()
    call.prepare()
    assert call.runtime_module() is not None


def test_a_function_made_too_early_becomes_fast(not_ready, monkeypatch):
    load, go = call._load_module, threading.Event()
    monkeypatch.setattr(call, "_load_module", lambda: (go.wait(60), load())[1])
    f, storage = accumulator(None, [1.0, 2.0], single=True)
    assert isinstance(f, call.WarmingKernel)
    assert isinstance(f.__call__, call.PythonKernel)
    assert f(10) == 3.0
    go.set()
    call._preparing.join()
    assert type(f.__call__).__name__ == "Kernel"
    assert f(1) == 23.0
    np.testing.assert_array_equal(storage[0], [12.0, 13.0])
    assert repr(f) == "<kernel: 1 inputs, 1 shared, 1 outputs, 1 updates>"


def test_a_forked_child_does_not_wait_for_the_parents_threads(not_ready, monkeypatch):
    load, go = call._load_module, threading.Event()
    monkeypatch.setattr(call, "_load_module", lambda: (go.wait(60), load())[1])
    call.prepare()
    child = os.fork()
    if child == 0:
        call._load_module = load
        os._exit(0 if adder(None, single=True)(33, 2) == 35.0 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    go.set()
    call._preparing.join()


def test_preparing_the_calling_layer_leaves_the_streams_alone(monkeypatch):
    """It runs in a thread of its own beside the user's cell, whose output it must neither take nor add to."""

    class Closed:
        def write(self, text):
            raise AssertionError(f"written to sys.stdout: {text!r}")

    seen = []
    monkeypatch.setattr(sys, "stdout", closed := Closed())
    text = []
    sys.setprofile(lambda frame, event, argument: seen.append(sys.stdout is closed))
    try:
        text.append(call._emit())
    finally:
        sys.setprofile(None)
    assert "isym_make" in text[0] and seen and all(seen)
