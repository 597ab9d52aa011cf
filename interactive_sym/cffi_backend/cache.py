"""The kernel cache: one self-verifying file per compiled kernel, in a private directory.

An entry is found by its content: the key is everything the machine code depends on (C text, headers, flags, compiler,
CPU). An entry carries a digest of its own bytes and is read whole and verified before any use, so truncated, damaged,
foreign or swapped files are only ever a recompile. Entries appear by an atomic rename; no lock guards correctness.
Whatever is wrong with the directory (absent, full, read-only, owned by somebody else), kernels are computed anyway,
with one warning.

Trust: what is loaded from here runs with the user's rights. So the directory must belong to the user (or root, above
it) all the way up, and be writable by nobody else; otherwise a private temporary one is used. Read next: `build.py`.
"""

import atexit
import contextlib
import hashlib
import json
import os
import shutil
import stat
import struct
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

try:
    import fcntl
except ImportError:  # no advisory locks here: two processes may compile the same kernel, and both are right
    fcntl = None  # type: ignore[assignment]

MAGIC = b"ISYMC01\n"
HEADER = struct.Struct("<8s32sIQ")  # magic, digest of all that follows, lengths of the description and the payload
SUFFIX = ".kernel"
TURN = ".turn"
TEMPORARY = ".tmp"
STALE_SECONDS = 3600.0
MEGABYTE = 1 << 20


class CacheWarning(UserWarning):
    """The kernel cache can't be used as configured; everything is computed anyway."""


_warned: set[str] = set()


class _Kept(threading.local):
    """Where a thread's warnings go; None: to the user at once."""

    warnings: list[Warning] | None = None


_kept = _Kept()


@contextlib.contextmanager
def warnings_kept() -> Iterator[list[Warning]]:
    """Within the block this thread's warnings about the cache are kept in a list: only the user's thread may warn."""
    before, _kept.warnings = _kept.warnings, []
    try:
        yield _kept.warnings
    finally:
        _kept.warnings = before


def _warn_once(text: str) -> None:
    if text in _warned:
        return
    _warned.add(text)
    if _kept.warnings is None:
        warnings.warn(text, CacheWarning, stacklevel=2)
    else:
        _kept.warnings.append(CacheWarning(text))


def digest(*parts: bytes) -> str:
    """BLAKE2b digest (64 hexadecimal digits) of byte strings; their borders count."""
    state = hashlib.blake2b(digest_size=32)
    for part in parts:
        state.update(len(part).to_bytes(8, "little"))
        state.update(part)
    return state.hexdigest()


@dataclass(frozen=True)
class Key:
    """What a kernel depends on: named digests, the source first.

    Example:
        >>> Key((("source", digest(b"int x;")), ("flags", digest(b"-O3")))).name[:16] == digest(b"int x;")[:16]
        True
    """

    parts: tuple[tuple[str, str], ...]

    @cached_property
    def name(self) -> str:
        """The entry's name without suffix: entries of one source share the first 16 digits."""
        rest = "\n".join(f"{name} {value}" for name, value in self.parts)
        return f"{self.parts[0][1][:16]}-{digest(rest.encode())[:32]}"

    @cached_property
    def description(self) -> bytes:
        """The parts as stored in an entry."""
        return json.dumps(dict(self.parts)).encode()


@dataclass(frozen=True)
class Found:
    """Outcome of a look-up: the payload, or None and why not."""

    payload: bytes | None
    why: str


def pack(key: Key, payload: bytes) -> bytes:
    """The bytes of an entry."""
    rest = struct.pack("<IQ", len(key.description), len(payload)) + key.description + payload
    return MAGIC + hashlib.blake2b(rest, digest_size=32).digest() + rest


def unpack(data: bytes) -> tuple[dict[str, str], bytes] | None:
    """Parts of the key and payload of an entry, or None where the bytes are not a whole, undamaged entry."""
    if len(data) < HEADER.size:
        return None
    magic, check, described, length = HEADER.unpack_from(data)
    if magic != MAGIC or len(data) != HEADER.size + described + length:
        return None
    rest = memoryview(data)[len(MAGIC) + 32 :]
    if hashlib.blake2b(rest, digest_size=32).digest() != check:
        return None
    parts = json.loads(data[HEADER.size : HEADER.size + described])
    return parts, data[HEADER.size + described :]


def read_file(path: str | Path, limit: int = 1 << 30) -> bytes | None:
    """All bytes of a regular file of this user's, or None. Neither blocks on a pipe nor follows a symbolic link."""
    flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(path, flags)
    except OSError:
        return None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > limit or not _ours(status):
            return None
        chunks = []
        while chunk := os.read(descriptor, max(status.st_size + 1, 4096)):
            chunks.append(chunk)
        return b"".join(chunks)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _ours(status: os.stat_result) -> bool:
    return not hasattr(os, "getuid") or status.st_uid == os.getuid()


def distrust(directory: str | Path) -> str:
    """Why kernels must not be loaded from a directory, or "" where they may.

    The directory must be the user's, and it and its parents writable by nobody else (sticky parents such as /tmp, and
    parents writable by the user's own primary group, are fine).
    """
    if not hasattr(os, "getuid"):
        return ""
    path = Path(os.path.realpath(directory))
    for place in (path, *path.parents):
        try:
            status = os.stat(place)
        except OSError as error:
            return f"{place}: {error.strerror}"
        if place == path:
            if not stat.S_ISDIR(status.st_mode):
                return f"{place} is not a directory"
            if not _ours(status):
                return f"{place} belongs to another user"
            if status.st_mode & 0o002 or (status.st_mode & 0o020 and status.st_gid != os.getgid()):
                return f"{place} is writable by other users"
        elif status.st_uid not in (0, os.getuid()):
            return f"{place} belongs to another user"
        elif not status.st_mode & stat.S_ISVTX and (
            status.st_mode & 0o002 or (status.st_mode & 0o020 and status.st_gid not in (0, os.getgid()))
        ):
            return f"{place} is writable by other users"
    return ""


def configured_directory() -> str | None:
    """Where the environment puts the cache: `INTERACTIVE_SYM_CACHE`, else `XDG_CACHE_HOME`, else `~/.cache`.

    None where there is no home, or where `INTERACTIVE_SYM_CACHE` is `off`.
    """
    chosen = os.environ.get("INTERACTIVE_SYM_CACHE", "")
    if chosen:
        return None if disabled() else os.path.abspath(os.path.expanduser(chosen))
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):  # the XDG specification says to ignore relative ones
        home = os.path.expanduser("~")
        if not os.path.isabs(home):
            return None
        base = os.path.join(home, ".cache")
    return os.path.join(base, "interactive_sym")


def disabled() -> bool:
    """Whether `INTERACTIVE_SYM_CACHE` switches the cache off."""
    return os.environ.get("INTERACTIVE_SYM_CACHE", "").lower() in ("off", "none", "0")


def configured_limit() -> int:
    """Size bound in bytes: `INTERACTIVE_SYM_CACHE_SIZE` is in megabytes, 512 by default."""
    text = os.environ.get("INTERACTIVE_SYM_CACHE_SIZE", "512")
    try:
        return max(0, int(float(text) * MEGABYTE))
    except (ValueError, OverflowError):
        _warn_once(f"INTERACTIVE_SYM_CACHE_SIZE is a number of megabytes, got {text!r}; using 512")
        return 512 * MEGABYTE


class Cache:
    """Entries in one directory.

    Args:
        directory: where; None keeps nothing. Made on first use, for its owner only.
        limit: size bound in bytes; when passed, the entries longest unused are removed until a quarter is free.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as place:
        ...     cache = Cache(place)
        ...     key = Key((("source", digest(b"int x;")),))
        ...     before = cache.get(key).why
        ...     cache.put(key, b"machine code")
        ...     before, cache.get(key).payload
        True
        ('missing entry', b'machine code')
    """

    EVERY = 64  # one size check per so many stores: listing a directory of 10,000 files takes 30 ms

    def __init__(self, directory: str | os.PathLike[str] | None, limit: int = 512 * MEGABYTE) -> None:
        self.limit = limit
        self._asked = None if directory is None else os.fspath(directory)
        self._place: str | None = None
        self._settled = False
        self._stores = 0
        self._lock = threading.Lock()

    @property
    def directory(self) -> str | None:
        """The directory in use, made if absent; a private temporary one where the wanted one can't be trusted."""
        if not self._settled:
            with self._lock:
                if not self._settled:
                    self._place = self._settle()
                    self._settled = True
        return self._place

    def _settle(self) -> str | None:
        if self._asked is None:
            return None
        try:
            os.makedirs(self._asked, mode=0o700, exist_ok=True)
            why = distrust(self._asked)
        except OSError as error:
            why = f"{self._asked}: {error.strerror}"
        except ValueError as error:  # a NUL in the path
            why = f"{self._asked!r}: {error}"
        if not why:
            return self._asked
        place = private_directory()
        instead = "a private temporary directory" if place else "nothing"
        _warn_once(f"kernel cache: {why}; using {instead} instead. Set INTERACTIVE_SYM_CACHE to a directory of yours.")
        return place

    def path(self, key: Key) -> str | None:
        """The file of an entry, whether it is there or not."""
        return None if self.directory is None else os.path.join(self.directory, key.name + SUFFIX)

    def get(self, key: Key) -> Found:
        """The payload stored under a key, verified; or why there is none."""
        path = self.path(key)
        if path is None:
            return Found(None, "disabled")
        data = read_file(path)
        if data is None:
            return Found(None, "damaged entry" if os.path.lexists(path) else self._nearest(key))
        entry = unpack(data)
        if entry is None or entry[0] != dict(key.parts):
            return Found(None, "damaged entry")
        with contextlib.suppress(OSError):
            if time.time() - os.stat(path).st_mtime > 86400:
                os.utime(path)  # recently used: evicted last
        return Found(entry[1], "on disk")

    def _nearest(self, key: Key) -> str:
        """Why an entry is missing: which parts of the key differ from the nearest entry of the same source."""
        wanted = dict(key.parts)
        best: list[str] | None = None
        for path in self._files(key.name[:16]):
            data = read_file(path)
            entry = unpack(data) if data is not None else None
            if entry is None:
                continue
            different = [name for name, value in wanted.items() if entry[0].get(name) != value]
            if different and (best is None or len(different) < len(best)):
                best = different
        return "missing entry" if best is None else "other " + ", ".join(best)

    def put(self, key: Key, payload: bytes) -> bool:
        """Store a payload. False, with one warning per process, where it can't be stored."""
        path = self.path(key)
        if path is None:
            return False
        try:
            self._write(path, pack(key, payload))
        except OSError as error:
            _warn_once(
                f"kernel cache: nothing can be stored in {self.directory} ({error.strerror}); kernels are compiled "
                "again in each process. Set INTERACTIVE_SYM_CACHE to a directory of yours."
            )
            return False
        self._stores += 1
        if self._stores % self.EVERY == 1:
            self.evict()
        return True

    def _write(self, path: str, data: bytes) -> None:
        folder = os.path.dirname(path)
        try:
            descriptor, temporary = tempfile.mkstemp(suffix=TEMPORARY, dir=folder)
        except FileNotFoundError:  # removed while we run
            os.makedirs(folder, mode=0o700, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(suffix=TEMPORARY, dir=folder)
        try:
            with open(descriptor, "wb") as file:
                file.write(data)
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise

    @contextlib.contextmanager
    def turn(self, key: Key, patience: float = 60.0) -> Iterator[None]:
        """Wait until no other process is computing the same entry, so that each is computed once.

        Only advice: where locks don't work or patience ends, the block is entered all the same. A process that dies
        loses its turn at once.
        """
        path = self.path(key)
        descriptor = -1
        if path is not None and fcntl is not None:
            path = path[: -len(SUFFIX)] + TURN
            with contextlib.suppress(OSError):
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            pause, end = 0.001, time.monotonic() + patience
            while descriptor >= 0 and time.monotonic() < end:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    time.sleep(pause)
                    pause = min(2 * pause, 0.02)
                except OSError:
                    break
            yield
        finally:
            if descriptor >= 0:
                with contextlib.suppress(OSError):
                    os.unlink(path)  # type: ignore[arg-type]
                os.close(descriptor)

    def _files(self, prefix: str = "", suffixes: tuple[str, ...] = (SUFFIX,)) -> list[str]:
        place = self.directory
        try:
            names = os.listdir(place) if place is not None else []
        except OSError:
            return []
        return [os.path.join(str(place), name) for name in names if name.startswith(prefix) and name.endswith(suffixes)]

    def size(self) -> int:
        """Bytes held by all entries."""
        total = 0
        for path in self._files():
            with contextlib.suppress(OSError):
                total += os.lstat(path).st_size
        return total

    def evict(self) -> int:
        """Remove what dead processes left and, past the size bound, the entries longest unused. Returns how many."""
        removed = 0
        now = time.time()
        for path in self._files(suffixes=(TEMPORARY, TURN)):
            with contextlib.suppress(OSError):
                if now - os.lstat(path).st_mtime > STALE_SECONDS:
                    os.unlink(path)
                    removed += 1
        entries = []
        for path in self._files():
            with contextlib.suppress(OSError):
                status = os.lstat(path)
                entries.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in entries)
        if total > self.limit:
            for _, size, path in sorted(entries):
                if total <= 0.75 * self.limit:
                    break
                with contextlib.suppress(OSError):
                    os.unlink(path)
                    total -= size
                    removed += 1
        return removed

    def clear(self) -> int:
        """Remove every entry; functions already made keep working. Returns how many files went."""
        removed = 0
        for path in self._files(suffixes=(SUFFIX, TURN, TEMPORARY)):
            with contextlib.suppress(OSError):
                os.unlink(path)
                removed += 1
        return removed


@lru_cache(maxsize=1)
def private_directory() -> str | None:
    """A temporary directory only this process uses, removed when it ends; None where none can be made."""
    try:
        place = tempfile.mkdtemp(prefix="interactive_sym-")
    except OSError:
        return None
    maker = os.getpid()

    def remove() -> None:
        if os.getpid() == maker:  # not in a forked child, which still needs it
            shutil.rmtree(place, ignore_errors=True)

    atexit.register(remove)
    return place


@lru_cache(maxsize=8)
def _cache(directory: str | None, limit: int) -> Cache:
    return Cache(directory, limit)


def default() -> Cache:
    """The cache the environment asks for; without a home it is a private temporary one."""
    place = configured_directory()
    if place is None and not disabled():
        place = private_directory()
        _warn_once("kernel cache: there is no home directory; set INTERACTIVE_SYM_CACHE to keep compiled kernels")
    return _cache(place, configured_limit())


def directory() -> str | None:
    """The directory of the cache in use, None where there is none."""
    return default().directory


def clear() -> int:
    """Remove every entry of the cache in use."""
    return default().clear()
