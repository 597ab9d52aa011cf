"""From C text to loaded machine code: the compiler, its flags, the kernel cache, the dynamic loader.

`load(source)` returns the address of the unit's entry point and a receipt that says where the time went. Compilation
is one call of the C compiler with an argument list (no shell, no Python headers); the result goes to the cache and is
loaded from memory that nobody can rewrite, never from a file that might change underneath (a damaged library kills
the process that maps it).

Flags. Never `-ffast-math`: NaN, infinities, signed zeros and denormals behave as in NumPy. `-fno-math-errno`,
`-fno-trapping-math` and `-fopenmp-simd` permit vectorisation and change no value; `-fwrapv` makes integers wrap as
NumPy's do. `-ffp-contract=off`: NumPy rounds `a * b` before it adds `c`, so kernels do too, and results don't depend
on whether the CPU has a fused multiply-add; where fusing is worth it, in the inner loop of a product, a kernel asks
for it with `__builtin_fma`. `ISYM_LIBMVEC` is defined where glibc has the whole of the vector maths library and GCC
can call it.

Read next: `call.py`.
"""

import contextlib
import importlib.util
import os
import platform
import re
import selectors
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import count
from pathlib import Path
from weakref import WeakValueDictionary

from .cache import Cache, Key, digest
from .cache import default as default_cache
from .library import Library
from .threads import processors

try:
    import fcntl
except ImportError:  # no sealed files in memory here; private files are used
    fcntl = None  # type: ignore[assignment]

RUNTIME = Path(__file__).parent / "runtime"
ENTRY = "isym_kernel"
GCC_LEAVES_OUT = ("-fno-thread-jumps", "-fno-split-paths", "-fno-tree-pre", "-fno-gcse")
"""What takes GCC time and gives loops nothing: copies of code for each outcome of a condition keep conditional
expressions from becoming plain vector code, and a kernel's text has no common parts left that are worth looking for."""
LONG = 60_000
"""Characters of C text from which a unit is compiled with `-O1`: compilers take long over long functions. Loops that
ask for it are vectorised all the same."""
ROOM_BYTES = 16 << 20  # what a compilation may need in its working directory


class BuildError(RuntimeError):
    """No machine code could be made; the message says why, for people. Run the program with NumPy instead."""


class NoCompiler(BuildError):
    """No working C compiler was found."""


class NotAtHand(BuildError):
    """The cache has no machine code for a unit, and the compiler was not to be asked."""


class CompileError(BuildError):
    """The C compiler refused a unit, or broke down."""


class CompileTimeout(BuildError):
    """The C compiler did not finish in time."""


class LoadError(BuildError):
    """The machine code could not be loaded."""


@dataclass(frozen=True)
class Compiler:
    """A C compiler that answered.

    Attributes:
        command: the words that run it.
        path: the program behind the command, symbolic links resolved.
        version: its one-line description.
        target: the machine it compiles for, such as `x86_64-linux-gnu`.
        family: `gcc` or `clang`.
        identity: digest of the command, the program's bytes and all it says about itself.
    """

    command: tuple[str, ...]
    path: str
    version: str
    target: str
    family: str
    identity: str


@dataclass(frozen=True)
class Receipt:
    """Where the time of a compilation went, and whether the cache had the kernel.

    Attributes:
        name: the cache entry's name.
        hit: whether nothing had to be compiled.
        why: `in memory`, `on disk`, or why it was compiled: `missing entry`, `damaged entry`, `other compiler`,
        `other cpu`,
            `other flags`, `other headers` (or several of these, separated by commas), `disabled`.
        rewrite_ms, generate_ms: milliseconds of rewriting the graph and of writing the C, where a function was made.
        key_ms, read_ms, compile_ms, load_ms: milliseconds of the stages after that.
        size: bytes of machine code.
        command: the compiler's argument list.
        threads: threads that a call may use, where a function was made; the plan says which loops they share.
        background: whether the compiler runs, or ran, in the background.
        interpreted: how many calls ran with NumPy meanwhile.
    """

    name: str
    hit: bool
    why: str
    key_ms: float = 0.0
    read_ms: float = 0.0
    compile_ms: float = 0.0
    load_ms: float = 0.0
    size: int = 0
    command: tuple[str, ...] = ()
    rewrite_ms: float = 0.0
    generate_ms: float = 0.0
    threads: int = 1
    background: bool = False
    interpreted: int = 0

    @property
    def stages(self) -> tuple[tuple[str, float], ...]:
        """What was done and how many milliseconds it took, in order."""
        return (
            ("rewrite", self.rewrite_ms),
            ("write C", self.generate_ms),
            ("cache key", self.key_ms),
            ("read cache", self.read_ms),
            ("compile C", self.compile_ms),
            ("load", self.load_ms),
        )

    @property
    def total_ms(self) -> float:
        """Milliseconds of all stages."""
        return sum(milliseconds for _, milliseconds in self.stages)

    def __str__(self) -> str:
        what = f"found {self.why}" if self.hit else f"compiled in {self.compile_ms:.0f} ms ({self.why})"
        if self.background:
            meanwhile = f"{self.interpreted} call{'s' * (self.interpreted != 1)} ran with NumPy meanwhile"
            what = f"{what} in the background, {meanwhile}" if self.name else "being compiled in the background"
        return f"{what}; {', '.join(f'{stage} {milliseconds:.1f} ms' for stage, milliseconds in self.stages)}"


@dataclass(frozen=True)
class Loaded:
    """A kernel in memory; it stays there while this object lives.

    Attributes:
        kernel_address: address of the unit's entry point.
        receipt: how it came here.
        library: the loaded library.
    """

    kernel_address: int
    receipt: Receipt
    library: Library = field(repr=False)


# ---- the compiler


def _commands() -> Iterator[tuple[str, tuple[str, ...]]]:
    """What to try, in order: a name for people and the words of the command."""
    chosen = os.environ.get("CC", "")
    if chosen.strip():
        try:
            yield f"$CC ({chosen})", tuple(shlex.split(chosen))
        except ValueError:
            yield f"$CC ({chosen})", (chosen,)
    for name in ("cc", "gcc", "clang"):
        yield name, (name,)
    spec = importlib.util.find_spec("ziglang")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        program = os.path.join(place, "zig")
        yield "ziglang", (program, "cc") if os.access(program, os.X_OK) else (sys.executable, "-m", "ziglang", "cc")
        return
    yield "ziglang", ("ziglang",)


def _stamp(path: str) -> tuple[int, ...]:
    """Changes whenever the file does: nobody can set back the inode's change time."""
    status = os.stat(path)
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _programs(command: Sequence[str]) -> list[str]:
    """The files behind a command's words, symbolic links resolved: `ccache gcc` has two."""
    found = (shutil.which(word) for word in command if not word.startswith("-"))
    return [os.path.realpath(path) for path in found if path]


def _environment(work: str | None = None) -> dict[str, str]:
    variables = {**os.environ, "LC_ALL": "C"}
    if work is not None:
        variables["TMPDIR"] = work
        if "HOME" not in variables:
            variables.setdefault("ZIG_GLOBAL_CACHE_DIR", os.path.join(work, "zig"))
    return variables


def _run(command: Sequence[str], timeout: float, cwd: str | None = None) -> tuple[int, str]:
    """Run a program and all it starts; return its exit code and its output. No survivors, whatever happens."""
    return _run_together([command], timeout, cwd)


def _output(process: "subprocess.Popen[bytes]", end: float) -> bytes:
    """What a process says until it ends. `communicate` would wait for it when the user interrupts.

    Raises:
        subprocess.TimeoutExpired: it is `end` by the monotonic clock, and it still runs.
    """
    parts: list[bytes] = []
    assert process.stdout is not None
    with selectors.DefaultSelector() as ready:
        ready.register(process.stdout, selectors.EVENT_READ)
        while ready.select(max(0.0, end - time.monotonic())):
            parts.append(os.read(process.stdout.fileno(), 1 << 16))
            if not parts[-1]:
                process.wait(timeout=max(0.0, end - time.monotonic()))
                return b"".join(parts)
    raise subprocess.TimeoutExpired(process.args, 0)


def _run_together(commands: Sequence[Sequence[str]], timeout: float, cwd: str | None = None) -> tuple[int, str]:
    """Run programs side by side; return exit code and output of the first that failed, or of the last."""
    processes: list[subprocess.Popen[bytes]] = []
    end = time.monotonic() + timeout
    result = 0, ""
    try:
        for command in commands:
            processes.append(
                subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    cwd=cwd,
                    env=_environment(cwd),
                    start_new_session=True,
                )
            )
        for process in processes:
            output = _output(process, end)
            if not result[0]:
                result = process.returncode, output.decode(errors="replace")
    except BaseException:
        for process in processes:
            with contextlib.suppress(OSError):
                if process.returncode is None:
                    os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        raise
    finally:
        for process in processes:
            if process.stdout is not None:
                process.stdout.close()
    return result


def _identify(command: tuple[str, ...], cache: Cache) -> Compiler | str:
    """The compiler behind a command, or why it can't be used."""
    programs = _programs(command)
    if not programs or shutil.which(command[0]) is None:
        return "not found"
    try:
        stamps = [_stamp(path) for path in programs]
        contents = [Path(path).read_bytes()[:4] for path in programs] if len(programs) > 1 else []
        with open(programs[0], "rb") as file:
            contents.append(file.read(4))
        # A script may run another compiler tomorrow: only programs are remembered from process to process.
        binary = all(start in (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe") for start in contents)
        key = Key((("compiler", digest(repr((command, programs, stamps)).encode())), ("kind", "identity 1")))
        known = cache.get(key).payload if binary else None
        if known is None:
            code, text = _run((*command, "-v"), timeout=30.0)
            if code != 0:
                return f"`{shlex.join((*command, '-v'))}` failed: {_first_lines(text, 1)}"
            known = "\n".join((digest(*(Path(path).read_bytes() for path in programs)), text)).encode()
            if binary:
                cache.put(key, known)
    except subprocess.TimeoutExpired:
        return "did not answer within 30 s"
    except OSError as error:
        return f"can't be run: {error.strerror}"
    _, _, text = known.decode().partition("\n")
    lines = text.splitlines()
    version = next((line.strip() for line in lines if "clang version" in line or "gcc version" in line), "")
    if not version:
        return "is neither GCC nor Clang"
    target = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("Target:")), "")
    family = "clang" if "clang" in version else "gcc"
    return Compiler(command, programs[0], version, target, family, digest(repr(command).encode(), known))


_lock = threading.RLock()


def _unlock_in_child() -> None:
    """A forked child must not wait for a thread it does not have."""
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock_in_child)

_known: dict[tuple[str, ...], tuple[list[tuple[int, ...]], Compiler | str]] = {}
_broken: dict[tuple[str, ...], str] = {}


def _candidate(command: tuple[str, ...], cache: Cache) -> Compiler | str:
    if command in _broken:
        return _broken[command]
    try:
        stamps = [_stamp(path) for path in _programs(command)]
    except OSError:
        stamps = []
    known = _known.get(command)
    if known is None or known[0] != stamps:
        known = _known[command] = (stamps, _identify(command, cache))
    return known[1]


def compiler(cache: Cache | None = None) -> Compiler | None:
    """The C compiler in use: `$CC`, `cc`, `gcc`, `clang`, then the `ziglang` package; None where there is none.

    The answer is remembered; a compiler that was exchanged meanwhile is noticed.
    """
    cache = cache or default_cache()
    with _lock:
        for _, command in _commands():
            found = _candidate(command, cache)
            if isinstance(found, Compiler):
                return found
    return None


def tried(cache: Cache | None = None) -> list[tuple[str, str]]:
    """Every compiler looked for and what came of it, for reports: (name, version or why not)."""
    cache = cache or default_cache()
    with _lock:
        answers = [(name, _candidate(command, cache)) for name, command in _commands()]
    return [(name, answer.version if isinstance(answer, Compiler) else answer) for name, answer in answers]


def missing_compiler_message() -> str:
    """What to tell somebody whose machine has no C compiler: what was tried, what happens now, how to get one."""
    answers = tried()
    looked = [f"  {name:<12}  {why}" for name, why in answers]
    hint = "xcode-select --install" if sys.platform == "darwin" else "install gcc with your system's package manager"
    return "\n".join(
        (
            "No C compiler was found; functions run with NumPy: correct, slower. Tried:",
            *looked,
            f"  Cure: pip install ziglang   or   {hint}",
        )
    )


def forget() -> None:
    """Forget which compilers were found or broken, and look again at the next use."""
    with _lock:
        _known.clear()
        _broken.clear()


# ---- the machine and the flags

_CPU_FIELDS = (
    "vendor_id", "cpu family", "model", "model name", "stepping", "flags",
    "CPU implementer", "CPU architecture", "CPU variant", "CPU part", "Features",
)  # fmt: skip


@lru_cache(maxsize=1)
def cpu() -> str:
    """What `-march=native` resolves to, as text: the machine and, of its first processor, model and features."""
    lines = [platform.machine()]
    try:
        with open("/proc/cpuinfo", "rb", buffering=0) as file:
            text = file.read(16384).decode(errors="replace").split("\n\n")[0]
        for line in text.splitlines():
            name, _, value = line.partition(":")
            if name.strip() in _CPU_FIELDS:
                lines.append(f"{name.strip()}: {value.strip()}")
    except OSError:
        if sys.platform == "darwin":
            with contextlib.suppress(OSError, subprocess.SubprocessError):
                lines.append(_run(("/usr/sbin/sysctl", "machdep.cpu", "hw.optional"), timeout=10.0)[1])
    if len(lines) == 1:
        lines.append(platform.processor())
    return "\n".join(lines)


def _has_libmvec(found: Compiler) -> bool:
    """Whether GCC can call vector versions of all of glibc's elementary functions (x86-64, glibc >= 2.35)."""
    if found.family != "gcc" or not found.target.startswith("x86_64"):
        return False
    try:
        name, version = str(os.confstr("CS_GNU_LIBC_VERSION")).split()
        return name == "glibc" and tuple(map(int, version.split(".")[:2])) >= (2, 35)
    except (AttributeError, ValueError, OSError):
        return False


def flags(found: Compiler) -> tuple[str, ...]:
    """The compiler's flags, in order; `INTERACTIVE_SYM_CFLAGS` adds to them."""
    machine = found.target.split("-")[0]
    native = "-march=native" if machine in ("x86_64", "i686", "amd64") else "-mcpu=native"
    chosen = ["-O3", native, "-std=gnu99", "-fPIC", "-shared"]
    chosen += ["-fno-math-errno", "-fno-trapping-math", "-fopenmp-simd", "-ffp-contract=off", "-fwrapv"]
    if _has_libmvec(found):
        chosen.append("-DISYM_LIBMVEC")
    if found.family == "gcc":
        chosen += GCC_LEAVES_OUT
    return (*chosen, *shlex.split(os.environ.get("INTERACTIVE_SYM_CFLAGS", "")))


def effort(source: str, family: str = "gcc") -> tuple[str, ...]:
    """The further flags by which the time that a long C text takes to compile is kept short.

    GCC copies what follows a conditional expression into both its branches where that spares a jump; in long bodies of
    loops these copies, each vectorised and allotted registers, take half of its time, and the code gets slower.

    Example:
        >>> effort("int zero(void) { return 0; }"), effort(60_000 * " ")
        ((), ('-O1', '-DISYM_LONG', '-fno-thread-jumps'))
    """
    if len(source) < LONG:
        return ()
    return ("-O1", "-DISYM_LONG", *(["-fno-thread-jumps"] if family == "gcc" else []))


_headers_known: tuple[tuple[tuple[str, tuple[int, ...]], ...], str] | None = None


def headers() -> str:
    """Digest of the runtime's C headers, which every unit may include."""
    global _headers_known
    paths = sorted(entry.path for entry in os.scandir(RUNTIME) if entry.name.endswith(".h"))
    stamps = tuple((path, _stamp(path)) for path in paths)
    if _headers_known is None or _headers_known[0] != stamps:
        contents = [part for path, _ in stamps for part in (os.path.basename(path).encode(), Path(path).read_bytes())]
        _headers_known = (stamps, digest(*contents))
    return _headers_known[1]


_PATH_VARIABLES = ("CPATH", "C_INCLUDE_PATH", "LIBRARY_PATH", "GCC_EXEC_PREFIX", "COMPILER_PATH", "SDKROOT")


def key(source: str, found: Compiler, extra: Sequence[str] = ()) -> Key:
    """Everything the machine code of a unit depends on."""
    surroundings = [f"{name}={os.environ[name]}" for name in _PATH_VARIABLES if name in os.environ]
    words = (*flags(found), *extra, *surroundings)
    return Key(
        (
            ("source", digest(source.encode())),
            ("compiler", found.identity),
            ("cpu", digest(cpu().encode())),
            ("flags", digest(*(word.encode(errors="surrogateescape") for word in words))),
            ("headers", headers()),
        )
    )


# ---- compiling


def _first_lines(text: str, number: int = 12) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return "\n".join(lines[:number]) or "no output"


def timeout_seconds() -> float:
    """How long one compilation may take: `INTERACTIVE_SYM_COMPILE_TIMEOUT`, 120 s by default."""
    try:
        return float(os.environ.get("INTERACTIVE_SYM_COMPILE_TIMEOUT", "120"))
    except ValueError:
        return 120.0


def _workplaces(cache: Cache) -> list[str]:
    """Directories to compile in, best first: those with room before those without."""
    places: list[str] = []
    with contextlib.suppress(OSError):
        places.append(tempfile.gettempdir())
    places += [place for place in (cache.directory, "/dev/shm", "/var/tmp") if place]

    def room(place: str) -> int:
        try:
            status = os.statvfs(place)
        except OSError:
            return -1
        return min(ROOM_BYTES, status.f_bavail * status.f_frsize) if os.access(place, os.W_OK | os.X_OK) else -1

    return sorted((place for place in dict.fromkeys(places) if room(place) >= 0), key=room, reverse=True)


def _sweep(place: str) -> None:
    """Remove working directories of this user whose process died without removing them."""
    with contextlib.suppress(OSError):
        for entry in os.scandir(place):
            words = entry.name.split("-")
            if words[:2] != ["isym", "build"] or len(words) < 4 or not words[2].isdigit():
                continue
            with contextlib.suppress(OSError):
                status = entry.stat(follow_symlinks=False)
                if status.st_uid != os.getuid() or time.time() - status.st_mtime < 60:
                    continue
                try:
                    os.kill(int(words[2]), 0)
                    dead = False
                except ProcessLookupError:
                    dead = True
                if dead or time.time() - status.st_mtime > 86400:
                    shutil.rmtree(entry.path, ignore_errors=True)


_swept: set[str] = set()


@contextlib.contextmanager
def _workplace(cache: Cache) -> Iterator[str]:
    for place in _workplaces(cache):
        try:
            directory = tempfile.mkdtemp(prefix=f"isym-build-{os.getpid()}-", dir=place)
        except OSError:
            continue
        if place not in _swept:
            _swept.add(place)
            _sweep(place)
        break
    else:
        raise CompileError("no directory to compile in can be written to; set TMPDIR to one with some megabytes free")
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def pieces_of(source: str) -> int:
    """How many pieces of a C text may be compiled side by side; see `pieces`.

    Example:
        >>> pieces_of("int zero(void) { return 0; }")
        1
    """
    return len(re.findall(r"(?m)^#if ISYM_PIECE\(\d+\)$", source)) or 1


def compile_unit(source: str, found: Compiler, extra: Sequence[str], cache: Cache) -> tuple[bytes, tuple[str, ...]]:
    """Compile one C text to the bytes of a shared library.

    Returns:
        The bytes, and the argument list that makes them; where the text was compiled in pieces, as a whole.

    Raises:
        CompileError, CompileTimeout: with the compiler's own first words.
    """
    words = (*found.command, *flags(found), *extra, "-I", os.fspath(RUNTIME))
    command = (*words, "-o", "unit.so", "unit.c", "-lm")
    pieces = pieces_of(source) if processors() > 1 else 1
    limit = timeout_seconds()
    with _workplace(cache) as work:
        try:
            Path(work, "unit.c").write_text(source, encoding="utf-8")
            if pieces > 1:
                names = [f"piece{k}.o" for k in range(pieces)]
                parts = [
                    (*words, f"-DISYM_PIECE_NUMBER={k}", "-c", "-o", name, "unit.c") for k, name in enumerate(names)
                ]
                code, output = _run_together(parts, limit, cwd=work)
                if code == 0:
                    code, output = _run((*words, "-o", "unit.so", *names, "-lm"), limit, cwd=work)
            else:
                code, output = _run(command, limit, cwd=work)
            if code == 0:
                return Path(work, "unit.so").read_bytes(), command
        except subprocess.TimeoutExpired:
            with _lock:
                _broken[found.command] = f"did not finish within {limit:g} s"
            raise CompileTimeout(
                f"the C compiler ({found.version}) did not finish within {limit:g} s and was stopped; "
                "it is not used again in this process"
            ) from None
        except OSError as error:
            raise CompileError(f"the C compiler ({found.version}) could not be run: {error}") from None
    raise CompileError(
        f"the C compiler ({found.version}) ended with code {code}:\n{_first_lines(output)}\n"
        f"command: {shlex.join(command)}"
    )


# ---- loading

_numbers = count(1)


@contextlib.contextmanager
def image(data: bytes, label: str) -> Iterator[str]:
    """A path from which a library's bytes can be loaded, and which nobody can rewrite meanwhile.

    On Linux an anonymous sealed file in memory, which `noexec` mounts and full disks don't touch; elsewhere a private
    file, gone after the block. What was loaded stays loaded.
    """
    descriptor = -1
    if hasattr(os, "memfd_create") and fcntl is not None:
        with contextlib.suppress(OSError):
            descriptor = _sealed(data, label)
    if descriptor >= 0:
        try:
            # The loader takes equal paths for equal libraries, and descriptors are soon given again: so the number of
            # the image is written into the path, in binary, "/./" for 1 and "//" for 0.
            unique = "".join("/./" if digit == "1" else "//" for digit in f"{next(_numbers):b}")
            yield f"/proc/self{unique}fd/{descriptor}"
        finally:
            os.close(descriptor)
        return
    with tempfile.TemporaryDirectory(prefix="interactive_sym-") as directory:
        path = os.path.join(directory, f"{label}.so")
        Path(path).write_bytes(data)
        yield path


def _sealed(data: bytes, label: str) -> int:
    allow_exec = 0x10  # MFD_EXEC, Linux 6.3
    basic = os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
    try:
        descriptor = os.memfd_create(f"isym-{label}", basic | allow_exec)
    except OSError:
        descriptor = os.memfd_create(f"isym-{label}", basic)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        seals = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _milliseconds(since: float) -> float:
    return (time.perf_counter() - since) * 1e3


def binary(
    source: str,
    extra: Sequence[str] = (),
    cache: Cache | None = None,
    text: Callable[[], str] | None = None,
    compiling: bool = True,
) -> tuple[bytes, Receipt]:
    """Machine code of a C text, from the cache or the compiler.

    Args:
        source: C text; it may include the headers of `runtime/`.
        extra: further compiler flags.
        cache: where kernels are kept; by default as the environment says.
        text: makes the C text, where `source` only stands for it in the key.
        compiling: whether the compiler may be asked.

    Raises:
        NoCompiler, CompileError, CompileTimeout, NotAtHand.
    """
    start = time.perf_counter()
    cache = cache or default_cache()
    found = compiler(cache)
    if found is None:
        raise NoCompiler(missing_compiler_message())
    wanted = key(source, found, extra)
    receipt = Receipt(wanted.name, True, "on disk", key_ms=_milliseconds(start))
    start = time.perf_counter()
    entry = cache.get(wanted)
    receipt = replace(receipt, read_ms=_milliseconds(start))
    if entry.payload is not None:
        return entry.payload, replace(receipt, size=len(entry.payload))
    if not compiling:
        raise NotAtHand(entry.why)
    start = time.perf_counter()
    with cache.turn(wanted, patience=timeout_seconds()):
        again = cache.get(wanted)  # another process may have been faster
        if again.payload is not None:
            read = receipt.read_ms + _milliseconds(start)
            return again.payload, replace(receipt, read_ms=read, size=len(again.payload))
        payload, command = compile_unit(text() if text else source, found, extra, cache)
        cache.put(wanted, payload)
    spent = _milliseconds(start)
    return payload, replace(receipt, hit=False, why=entry.why, compile_ms=spent, size=len(payload), command=command)


_loaded: WeakValueDictionary[str, Library] = WeakValueDictionary()


def load(source: str, extra: Sequence[str] = (), cache: Cache | None = None) -> Loaded:
    """Compile (or find) a C unit and load it.

    Args:
        source: C text that defines `int isym_kernel(isym_ctx *)`.
        extra: further compiler flags, such as `("-fopenmp",)`.
        cache: where kernels are kept; by default as the environment says.

    Raises:
        BuildError: no compiler, or it failed, or its result can't be loaded; the message is for people.

    Example:
        >>> loaded = load('#include "isym.h"\\nint isym_kernel(isym_ctx *ctx) { (void)ctx; return 0; }')
        >>> loaded.kernel_address != 0
        True
    """
    return _load(source, extra, cache, True)


def at_hand(source: str, extra: Sequence[str] = (), cache: Cache | None = None) -> Loaded | None:
    """A unit that was compiled before, loaded; None where the compiler would have to be asked.

    Args:
        source, extra, cache: as for `load`.

    Raises:
        BuildError: no compiler, or the unit can't be loaded.

    Example:
        >>> at_hand("#error never compiled") is None
        True
    """
    try:
        return _load(source, extra, cache, False)
    except NotAtHand:
        return None


def _load(source: str, extra: Sequence[str], cache: Cache | None, compiling: bool) -> Loaded:
    start = time.perf_counter()
    cache = cache or default_cache()
    found = compiler(cache)
    if found is None:
        raise NoCompiler(missing_compiler_message())
    extra = (*extra, *effort(source, found.family))
    name = key(source, found, extra).name
    key_ms = _milliseconds(start)
    library = _loaded.get(name)
    if library is not None:
        receipt = Receipt(name, True, "in memory", key_ms=key_ms)
    else:
        data, receipt = binary(source, extra, cache, compiling=compiling)
        receipt = replace(receipt, key_ms=key_ms + receipt.key_ms)
        start = time.perf_counter()
        try:
            with image(data, name[:16]) as path:
                # A library with threads of its own must outlive them.
                library = Library(path, keep=any("openmp" in flag and "simd" not in flag for flag in extra))
        except OSError as error:
            raise LoadError(f"compiled code could not be loaded: {error}") from None
        _loaded[name] = library
        receipt = replace(receipt, load_ms=_milliseconds(start))
    address = library.address(ENTRY)
    if address is None:
        raise LoadError(f"the compiled unit has no function {ENTRY}")
    return Loaded(address, receipt, library)
