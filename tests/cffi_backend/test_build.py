"""Compiler, flags, receipts and loader: the right code whatever the surroundings, and a reason when there is none."""

import gc
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from interactive_sym.cffi_backend import build, cache, call

HEAD = '#include "isym.h"\n'


def returns(number: int) -> str:
    """A unit whose entry point returns a number."""
    return f"{HEAD}int isym_kernel(isym_ctx *ctx) {{ (void)ctx; return {number}; }}\n"


def run(loaded: build.Loaded) -> int:
    """Call the entry point of such a unit."""
    return call.ffi.cast("int (*)(isym_ctx *)", loaded.kernel_address)(call.ffi.NULL)


def scalar(expression: str, *values: object, dtype: str = "float64") -> object:
    """Value of a C expression over 0-d inputs a, b, c."""
    types = {"float64": "double", "int64": "int64_t"}
    c = types[dtype]
    reads = "".join(f"const {c} {name} = *({c} *)x->slot[{k}].data;" for k, name in enumerate("abc"[: len(values)]))
    source = f"{HEAD}int isym_kernel(isym_ctx *x) {{ {reads} {c} *o = x->output(x, {len(values)}, 0, 0);"
    source += f" if (!o) return ISYM_MEMORY; *o = {expression}; return ISYM_OK; }}"
    slot = call.ArgSpec("a", dtype)
    unit = call.UnitSpec(source, inputs=(slot,) * len(values), outputs=(slot,))
    function = call.make(unit, build.load(source), filters=(None,) * len(values), single=True)
    return function(*(np.asarray(value, dtype) for value in values))[()]


def script(path: Path, text: str) -> str:
    """An executable shell script."""
    path.write_text("#!/bin/sh\n" + textwrap.dedent(text))
    path.chmod(0o755)
    return str(path)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("INTERACTIVE_SYM_CACHE", str(tmp_path / "kernels"))
    build.forget()
    yield
    build.forget()


@pytest.fixture
def real():
    """The path of the machine's own compiler."""
    return shutil.which(build.compiler().command[0])


def test_compile_then_memory_then_disk():
    first = build.load(returns(41))
    assert (first.receipt.hit, first.receipt.why) == (False, "missing entry")
    assert first.receipt.compile_ms > 0
    assert first.receipt.size > 0
    assert first.receipt.command[-1] == "-lm"
    assert build.load(returns(41)).receipt.why == "in memory"
    assert run(first) == 41
    del first
    gc.collect()
    again = build.load(returns(41))
    assert (again.receipt.hit, again.receipt.why, again.receipt.compile_ms) == (True, "on disk", 0.0)
    assert run(again) == 41
    assert "found on disk" in str(again.receipt)


def test_many_loaded_units_are_told_apart():
    # The loader takes equal paths for equal libraries, and file descriptors are reused at once.
    loaded = [build.load(returns(number)) for number in range(6)]
    assert [run(one) for one in loaded] == list(range(6))


def test_dropped_units_are_unloaded():
    maps, descriptors = Path("/proc/self/maps"), Path("/dev/fd")

    def mapped() -> int:
        gc.collect()
        return maps.read_text().count("memfd:isym-") if maps.exists() else 0

    before = mapped(), len(os.listdir(descriptors))
    for _ in range(200):
        run(build.load(returns(5)))
    assert (mapped(), len(os.listdir(descriptors))) == before


def test_without_files_in_memory(monkeypatch):
    monkeypatch.delattr(os, "memfd_create", raising=False)
    loaded = [build.load(returns(number)) for number in (1, 2)]
    assert [run(one) for one in loaded] == [1, 2]


def test_reasons_of_a_miss(monkeypatch):
    build.load(returns(1))
    assert build.load(returns(1), extra=("-DX=1",)).receipt.why == "other flags"
    monkeypatch.setenv("INTERACTIVE_SYM_CFLAGS", "-DX='2 3'")
    assert build.load(returns(1)).receipt.why == "other flags"
    monkeypatch.delenv("INTERACTIVE_SYM_CFLAGS")
    monkeypatch.setattr(build, "cpu", lambda: "another machine")
    assert build.load(returns(1)).receipt.why == "other cpu"
    monkeypatch.setenv("INTERACTIVE_SYM_CACHE", "off")
    assert build.load(returns(2)).receipt.why == "disabled"
    assert run(build.load(returns(2))) == 2


def test_a_changed_header_is_noticed(monkeypatch, tmp_path):
    kept = build.load(returns(1))
    shutil.copytree(build.RUNTIME, tmp_path / "runtime")
    monkeypatch.setattr(build, "RUNTIME", tmp_path / "runtime")
    assert build.load(returns(1)).receipt.why == "in memory"
    header = tmp_path / "runtime" / "isym.h"
    header.write_text(header.read_text() + "/* changed */\n")
    assert build.load(returns(1)).receipt.why == "other headers"
    assert run(kept) == 1


def test_a_swapped_compiler_of_the_same_time_and_size_is_noticed(monkeypatch, tmp_path, real):
    path = tmp_path / "mycc"
    monkeypatch.setenv("CC", script(path, f'exec {real} "$@" # 1'))
    assert build.compiler().command == (str(path),)
    build.load(returns(1))
    before = os.stat(path)
    script(path, f'exec {real} "$@" # 2')
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert os.stat(path).st_size == before.st_size
    assert build.load(returns(1)).receipt.why == "other compiler"


def test_identity_of_a_program_is_kept_on_disk(monkeypatch):
    first = build.compiler()
    build.forget()
    monkeypatch.setattr(build, "_run", lambda *args, **keywords: pytest.fail("the compiler was asked again"))
    assert build.compiler() == first


def test_compiler_words_are_split_without_a_shell(monkeypatch, tmp_path, real):
    place = tmp_path / "with space $(touch x)"
    place.mkdir()
    script(place / "cc", f'exec {real} "$@"')
    monkeypatch.setenv("CC", f"'{place / 'cc'}' -DWORD='a b'")
    assert build.compiler().command == (str(place / "cc"), "-DWORD=a b")
    assert run(build.load(returns(3))) == 3


def test_no_compiler(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CC", "no-such-compiler -x")
    monkeypatch.setattr(build.importlib.util, "find_spec", lambda name: None)
    assert build.compiler() is None
    message = build.missing_compiler_message()
    for word in (
        "$CC (no-such-compiler -x)",
        "cc ",
        "gcc",
        "clang",
        "ziglang",
        "not found",
        "pip install ziglang",
        "NumPy",
    ):
        assert word in message
    with pytest.raises(build.NoCompiler, match="No C compiler was found"):
        build.load(returns(1))


@pytest.mark.parametrize(
    ("text", "why"),
    [("exit 3", "failed"), ("echo tiny C 0.1", "neither GCC nor Clang"), ("kill -9 $$", "failed")],
)
def test_a_broken_compiler_is_passed_over(monkeypatch, tmp_path, text, why):
    monkeypatch.setenv("CC", script(tmp_path / "bad", text))
    assert build.compiler().command != (str(tmp_path / "bad"),)
    assert why in dict(build.tried())[f"$CC ({tmp_path / 'bad'})"]


def test_unbalanced_quotes_in_cc(monkeypatch):
    monkeypatch.setenv("CC", "gcc 'x")
    assert build.compiler() is not None
    assert dict(build.tried())["$CC (gcc 'x)"] == "not found"


def test_a_refused_unit_says_what_the_compiler_said():
    with pytest.raises(build.CompileError, match=r"unit\.c:2.*nonsense") as raised:
        build.load(HEAD + "int isym_kernel(isym_ctx *ctx) { return nonsense; }")
    assert len(str(raised.value).splitlines()) <= 24


def test_a_unit_without_entry_point():
    with pytest.raises(build.LoadError, match="isym_kernel"):
        build.load("int other(void) { return 0; }")


def test_a_compiler_that_makes_no_library(monkeypatch, tmp_path, real):
    text = f'case "$*" in *-shared*) echo junk > unit.so;; *) exec {real} "$@";; esac'
    monkeypatch.setenv("CC", script(tmp_path / "cc", text))
    with pytest.raises(build.LoadError, match="could not be loaded"):
        build.load(returns(1))


def test_a_hanging_compiler_is_stopped_with_all_it_started(monkeypatch, tmp_path, real):
    mark = tmp_path / "alive"
    work = f'(while :; do echo x >> "{mark}"; sleep 0.02; done) & wait'
    text = f'case "$*" in *-shared*) {work};; *) exec {real} "$@";; esac'
    monkeypatch.setenv("CC", script(tmp_path / "cc", text))
    monkeypatch.setenv("INTERACTIVE_SYM_COMPILE_TIMEOUT", "0.5")
    with pytest.raises(build.CompileTimeout, match="did not finish"):
        build.load(returns(1))
    size = mark.stat().st_size
    time.sleep(0.2)
    assert mark.stat().st_size == size
    monkeypatch.delenv("INTERACTIVE_SYM_COMPILE_TIMEOUT")
    assert build.compiler().command != (str(tmp_path / "cc"),)
    assert run(build.load(returns(1))) == 1


@pytest.mark.parametrize("name", ["with space", "quo'te\"s", "new\nline", "äccents-Ω", "-O3"])
def test_odd_places(monkeypatch, tmp_path, name):
    place = tmp_path / name
    place.mkdir()
    monkeypatch.setattr(build.tempfile, "tempdir", str(place))
    monkeypatch.setenv("INTERACTIVE_SYM_CACHE", str(place / "cache"))
    monkeypatch.chdir(place)
    shutil.copytree(build.RUNTIME, place / "runtime")
    monkeypatch.setattr(build, "RUNTIME", place / "runtime")
    assert run(build.load(returns(9))) == 9
    assert sorted(os.listdir(place)) == ["cache", "runtime"]


def test_nowhere_to_compile(monkeypatch, tmp_path):
    monkeypatch.setattr(build, "_workplaces", lambda cache: [str(tmp_path / "absent")])
    with pytest.raises(build.CompileError, match="TMPDIR"):
        build.load(returns(1))


def test_places_with_room_come_first(monkeypatch, tmp_path):
    monkeypatch.setattr(build.tempfile, "gettempdir", lambda: str(tmp_path / "absent"))
    assert str(tmp_path / "absent") not in build._workplaces(cache.default())
    assert build._workplaces(cache.default())


def test_left_working_directories_are_swept(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()
    dead, alive = tmp_path / f"isym-build-{process.pid}-x", tmp_path / f"isym-build-{os.getpid()}-x"
    for path in (dead, alive):
        path.mkdir()
        os.utime(path, (time.time() - 120, time.time() - 120))
    build._sweep(str(tmp_path))
    assert os.listdir(tmp_path) == [alive.name]


def test_damaged_entries_through_the_loader(monkeypatch):
    """Each damage is one more compilation, never a signal or another value."""
    good = build.load(returns(77))
    path = Path(cache.directory(), good.receipt.name + cache.SUFFIX)
    entry = path.read_bytes()
    build.load(returns(78))
    other = next(p.read_bytes() for p in path.parent.iterdir() if p != path and b"ELF" in p.read_bytes()[:600])
    binary = cache.unpack(entry)[1]
    compiled = []
    monkeypatch.setattr(build, "compile_unit", lambda *args: (compiled.append(1), (binary, ()))[1])
    del good
    damages = [entry[: len(entry) * part // 20] for part in range(20)] + [other, b"", binary, bytes(len(entry))]
    damages += [entry[:at] + bytes([entry[at] ^ 1]) + entry[at + 1 :] for at in range(0, len(entry), len(entry) // 40)]
    for number, data in enumerate(damages, 1):
        path.write_bytes(data)
        loaded = build.load(returns(77))
        assert loaded.receipt.why == "damaged entry"
        assert run(loaded) == 77
        assert len(compiled) == number
        del loaded


def test_numbers_behave_as_in_numpy():
    inf, nan = np.inf, np.nan
    assert np.isnan(scalar("a - a", inf))
    assert np.isnan(scalar("a * b", inf, 0.0))
    assert scalar("a == a ? 1.0 : 0.0", nan) == 0.0
    assert np.signbit(scalar("a + b", -0.0, -0.0))
    assert scalar("a / 2", 5e-324 * 4) == 5e-324 * 2
    a, b, c = 1 + 2.0**-30, 1 - 2.0**-30, -1.0
    assert scalar("a * b + c", a, b, c) == a * b + c  # a fused multiply-add would give -2 ** -60
    assert scalar("__builtin_fma(a, b, c)", a, b, c) == -(2.0**-60)
    assert scalar("a + 1", 2**63 - 1, dtype="int64") == -(2**63)


RACE = """
import random, sys
from interactive_sym.cffi_backend import build, call
numbers = list(range(6))
random.shuffle(numbers)
for number in numbers:
    source = '#include "isym.h"\\nint isym_kernel(isym_ctx *ctx) { (void)ctx; return %d; }' % number
    loaded = build.load(source)
    assert call.ffi.cast("int (*)(isym_ctx *)", loaded.kernel_address)(call.ffi.NULL) == number
"""


def environment() -> dict[str, str]:
    root = Path(build.__file__).parents[2]
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])}


def test_processes_racing_on_an_empty_cache(monkeypatch, tmp_path, real):
    log = tmp_path / "log"
    text = f'case "$*" in *-shared*) echo x >> "{log}";; esac\nexec {real} "$@"'
    monkeypatch.setenv("CC", script(tmp_path / "cc", text))
    racers = [subprocess.Popen([sys.executable, "-c", RACE], env=environment()) for _ in range(6)]
    assert [racer.wait(timeout=120) for racer in racers] == [0] * 6
    assert len(log.read_text().splitlines()) == 6
    assert all(name.endswith(cache.SUFFIX) for name in os.listdir(cache.directory()))


def test_killed_compilations_cost_nothing(tmp_path):
    for number in range(6):
        racer = subprocess.Popen([sys.executable, "-c", RACE], env=environment())
        time.sleep(0.1 + 0.08 * number)
        racer.send_signal(signal.SIGKILL)
        racer.wait()
    assert subprocess.run([sys.executable, "-c", RACE], env=environment(), timeout=120).returncode == 0


def test_long_units_are_compiled_with_less_effort(tmp_path: Path) -> None:
    text = returns(0)
    assert build.effort(text) == ()
    long = text + f"/* {'-' * build.LONG} */\n"
    assert build.effort(long) == ("-O1", "-DISYM_LONG", "-fno-thread-jumps")
    assert build.effort(long, "clang") == ("-O1", "-DISYM_LONG")
    loaded = build.load(long, cache=cache.Cache(tmp_path))
    assert loaded.kernel_address and "-O1" in loaded.receipt.command
