"""Whatever bytes are on disk, a reader gets the stored payload or nothing; whatever the directory, nothing raises."""

import errno
import os
import random
import stat
import time
import warnings
from pathlib import Path

import pytest

from interactive_sym.cffi_backend import cache as cache_module
from interactive_sym.cffi_backend.cache import Cache, CacheWarning, Key, digest, distrust, pack

DAMAGES = 600


def key(text: str, **parts: str) -> Key:
    return Key((("source", digest(text.encode())), *parts.items()))


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "kernels")


@pytest.fixture(autouse=True)
def warnings_not_given_yet(monkeypatch):
    monkeypatch.setattr(cache_module, "_warned", set())


def names(cache: Cache) -> list[str]:
    return sorted(os.listdir(cache.directory))


def damaged(entry: bytes, other: bytes, draw: random.Random) -> bytes:
    kind = draw.randrange(6)
    if kind == 0:
        return entry[: len(entry) * draw.randrange(100) // 100]
    if kind == 1:
        bit = draw.randrange(8 * len(entry))
        return entry[: bit // 8] + bytes([entry[bit // 8] ^ (1 << bit % 8)]) + entry[bit // 8 + 1 :]
    if kind == 2:
        page = draw.randrange(len(entry))
        return entry[:page] + bytes(len(entry[page : page + 512])) + entry[page + 512 :]
    if kind == 3:
        return other
    if kind == 4:
        return entry + draw.randbytes(draw.randrange(1, 9))
    return draw.randbytes(draw.randrange(200))


def test_damaged_entries_are_never_returned(cache):
    draw = random.Random(7)
    mine, payload = key("mine"), draw.randbytes(4000)
    cache.put(mine, payload)
    path = Path(cache.path(mine))
    entry, other = path.read_bytes(), pack(key("other"), draw.randbytes(4000))
    whys = set()
    for _ in range(DAMAGES):
        data = damaged(entry, other, draw)
        path.write_bytes(data)
        found = cache.get(mine)
        assert found.payload == (payload if data == entry else None)
        whys.add(found.why)
    assert "damaged entry" in whys
    assert cache.put(mine, payload)
    assert cache.get(mine).payload == payload


def test_an_entry_moved_to_another_name_is_not_believed(cache):
    cache.put(key("a"), b"code of a")
    os.rename(cache.path(key("a")), cache.path(key("b")))
    assert cache.get(key("b")).why == "damaged entry"


@pytest.mark.parametrize(
    ("changed", "why"),
    [({"cpu": "2"}, "other cpu"), ({"flags": "2"}, "other flags"), ({"cpu": "2", "flags": "2"}, "other cpu, flags")],
)
def test_a_miss_says_what_differs(cache, changed, why):
    cache.put(key("x", compiler="1", cpu="1", flags="1"), b"code")
    assert cache.get(key("x", **{"compiler": "1", "cpu": "1", "flags": "1", **changed})).why == why
    assert cache.get(key("y", compiler="1", cpu="1", flags="1")).why == "missing entry"


def test_directory_and_entries_are_private(cache):
    cache.put(key("x"), b"code")
    assert stat.S_IMODE(os.stat(cache.directory).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(cache.path(key("x"))).st_mode) == 0o600


def test_a_pipe_or_link_in_place_of_an_entry_neither_blocks_nor_is_followed(cache, tmp_path):
    path = cache.path(key("x"))
    os.mkfifo(path)
    assert cache.get(key("x")).payload is None
    os.unlink(path)
    outside = tmp_path / "outside"
    outside.write_bytes(pack(key("x"), b"code"))
    os.symlink(outside, path)
    assert cache.get(key("x")).payload is None
    cache.put(key("x"), b"code")
    assert cache.get(key("x")).payload == b"code"


def test_a_directory_others_can_write_to_is_not_used(tmp_path):
    place = tmp_path / "open"
    place.mkdir()
    Cache(place).put(key("x"), b"code")
    place.chmod(0o777)
    cache = Cache(place)
    with pytest.warns(CacheWarning, match="writable by other users"):
        assert cache.get(key("x")).payload is None
    assert cache.directory != str(place)
    assert cache.put(key("x"), b"mine")
    assert cache.get(key("x")).payload == b"mine"


def test_a_directory_below_one_others_can_write_to_is_not_used(tmp_path):
    parent = tmp_path / "open"
    (parent / "kernels").mkdir(parents=True)
    parent.chmod(0o777)
    assert "writable by other users" in distrust(parent / "kernels")
    parent.chmod(0o1777)  # as /tmp: nobody can rename what isn't theirs
    assert distrust(parent / "kernels") == ""


def test_a_directory_of_somebody_else_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr(cache_module, "_ours", lambda status: False)
    assert "another user" in distrust(tmp_path)


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_full_or_read_only_directory_is_one_warning(cache, monkeypatch, error):
    def refuse(*args, **keywords):
        raise OSError(error, os.strerror(error))

    assert cache.directory
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.warns(CacheWarning, match="nothing can be stored"):
        assert not cache.put(key("x"), b"code")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not cache.put(key("y"), b"code")
    assert cache.get(key("x")).payload is None
    assert names(cache) == []


def test_a_place_that_cannot_be_a_directory(tmp_path):
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file" / "kernels")
    with pytest.warns(CacheWarning, match="private temporary directory"):
        assert cache.put(key("x"), b"code")
    assert cache.get(key("x")).payload == b"code"


def test_a_directory_removed_meanwhile(cache):
    cache.put(key("x"), b"code")
    cache.clear()
    os.rmdir(cache.directory)
    assert cache.get(key("x")).payload is None
    assert cache.put(key("x"), b"code")
    assert cache.get(key("x")).payload == b"code"


@pytest.mark.parametrize("name", ["with space", "quo'te\"s", "new\nline", "äccents-Ω", "-O3", "%s$HOME`x`"])
def test_odd_paths(tmp_path, name):
    cache = Cache(tmp_path / name)
    assert cache.put(key("x"), b"code")
    assert cache.get(key("x")).payload == b"code"


def test_eviction_removes_the_entries_longest_unused(cache):
    cache.limit = 10_000
    for age in range(8):
        cache.put(key(str(age)), bytes(2000))
        then = time.time() - 1000 * age
        os.utime(cache.path(key(str(age))), (then, then))
    assert cache.size() > cache.limit
    assert cache.evict() > 0
    assert cache.size() <= 0.75 * cache.limit
    assert cache.get(key("0")).payload is not None
    assert cache.get(key("7")).payload is None


def test_eviction_removes_what_dead_processes_left(cache):
    for suffix in (cache_module.TEMPORARY, cache_module.TURN):
        path = Path(cache.directory, f"left{suffix}")
        path.write_bytes(b"")
        os.utime(path, (1, 1))
    Path(cache.directory, f"fresh{cache_module.TEMPORARY}").write_bytes(b"")
    assert cache.evict() == 2
    assert names(cache) == [f"fresh{cache_module.TEMPORARY}"]


def test_clear(cache):
    for text in "abc":
        cache.put(key(text), b"code")
    assert cache.clear() == 3
    assert cache.size() == 0


def test_turns_follow_each_other_and_leave_nothing(cache):
    with cache.turn(key("x")):
        start = time.monotonic()
        with cache.turn(key("x"), patience=0.05):
            assert time.monotonic() - start >= 0.05
    assert names(cache) == []


def test_environment_chooses_the_directory(monkeypatch, tmp_path):
    for name in ("INTERACTIVE_SYM_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_module.directory() == str(tmp_path / ".cache" / "interactive_sym")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_module.directory() == str(tmp_path / ".cache" / "interactive_sym")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_module.directory() == str(tmp_path / "xdg" / "interactive_sym")
    monkeypatch.setenv("INTERACTIVE_SYM_CACHE", str(tmp_path / "mine"))
    assert cache_module.directory() == str(tmp_path / "mine")
    monkeypatch.setenv("INTERACTIVE_SYM_CACHE", "off")
    assert cache_module.directory() is None
    assert cache_module.default().get(key("x")).why == "disabled"
    assert not cache_module.default().put(key("x"), b"code")


def test_without_a_home_a_temporary_directory_is_used(monkeypatch):
    for name in ("INTERACTIVE_SYM_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    with pytest.warns(CacheWarning, match="no home directory"):
        place = cache_module.directory()
    assert place is not None
    assert stat.S_IMODE(os.stat(place).st_mode) == 0o700


def test_a_size_that_is_no_number(monkeypatch):
    monkeypatch.setenv("INTERACTIVE_SYM_CACHE_SIZE", "much")
    with pytest.warns(CacheWarning, match="number of megabytes"):
        assert cache_module.configured_limit() == 512 * cache_module.MEGABYTE
    monkeypatch.setenv("INTERACTIVE_SYM_CACHE_SIZE", "0.5")
    assert cache_module.configured_limit() == cache_module.MEGABYTE // 2
