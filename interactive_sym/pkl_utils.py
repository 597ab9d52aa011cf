"""Pickles whose arrays are npy files of their own: `theano.misc.pkl_utils`.

`dump` writes a zip file with the pickle under the name `pkl` and each array beside it, under its shared variable's name
where it has one, so that the arrays can be read without the pickle: `numpy.load(path)["w"]`. Loading a pickle runs what
it says: use it on files from people one trusts. `saving` has a format without that danger.
"""

import io
import pickle
import tempfile
import zipfile
from collections.abc import Callable
from typing import IO, Any

import numpy as np

from .core.shared import SharedVariable

__all__ = [
    "CompatUnpickler",
    "PersistentNdarrayLoad",
    "PersistentSharedVariableID",
    "StripPickler",
    "dump",
    "load",
    "zipadd",
]

DEFAULT_PROTOCOL = pickle.HIGHEST_PROTOCOL

#: What an array's entry is called where another has its name.
_PICKLE = "pkl"


class PersistentSharedVariableID:
    """Gives each array that a pickler meets a name, and writes it to the zip file under that name.

    Args:
        zip_file: an open `zipfile.ZipFile`.
        allow_unnamed: take `array_0`, ... for shared variables without name.
        allow_duplicates: give the second of two shared variables of one name the name with `_2`.

    Raises:
        ValueError: later, where names are missing or double and that is not allowed.

    Example:
        >>> import zipfile
        >>> from interactive_sym import shared
        >>> with zipfile.ZipFile(io.BytesIO(), "w") as file:
        ...     name_of = PersistentSharedVariableID(file)
        ...     w = shared(np.zeros(3), name="w")
        ...     name_of(w), name_of(w.get_value(borrow=True)), name_of("no array")
        (None, 'ndarray.w', None)
    """

    def __init__(self, zip_file: zipfile.ZipFile, allow_unnamed: bool = True, allow_duplicates: bool = True) -> None:
        self.zip_file = zip_file
        self.allow_unnamed = allow_unnamed
        self.allow_duplicates = allow_duplicates
        self._wanted: dict[int, str] = {}
        self._written: dict[int, tuple[str, Any]] = {}
        self._names: set[str] = {_PICKLE}
        self._count = 0

    def __call__(self, obj: Any) -> str | None:
        if isinstance(obj, SharedVariable):
            value = obj.get_value(borrow=True)
            if isinstance(value, np.ndarray):
                if obj.name:
                    self._wanted.setdefault(id(value), obj.name)
                elif not self.allow_unnamed:
                    raise ValueError("a shared variable has no name, which its array would be saved under")
            return None
        if type(obj) is not np.ndarray or obj.dtype.hasobject:
            return None
        known = self._written.get(id(obj))
        if known is None:
            name = self._name(self._wanted.get(id(obj)))
            zipadd(lambda file: np.lib.format.write_array(file, obj, allow_pickle=False), self.zip_file, name)
            known = self._written[id(obj)] = name, obj  # the array is kept, so that its id stays its own
        return f"ndarray.{known[0]}"

    def _name(self, wanted: str | None) -> str:
        if wanted is not None:
            wanted = "".join(c if c.isalnum() or c in "-_." else "_" for c in wanted)
            if wanted in self._names and not self.allow_duplicates:
                raise ValueError(f"two shared variables are named {wanted!r}, which their arrays would be saved under")
            number, name = 1, wanted
            while name in self._names:
                number += 1
                name = f"{wanted}_{number}"
        else:
            name = f"array_{self._count}"
            while name in self._names:
                self._count += 1
                name = f"array_{self._count}"
        self._names.add(name)
        return name


class PersistentNdarrayLoad:
    """Finds the arrays again that `PersistentSharedVariableID` wrote.

    Args:
        zip_file: an open `zipfile.ZipFile`.

    Example:
        >>> import zipfile
        >>> with zipfile.ZipFile(io.BytesIO(), "w") as file:
        ...     name = PersistentSharedVariableID(file)(np.arange(3))
        ...     name, PersistentNdarrayLoad(file)(name)
        ('ndarray.array_0', array([0, 1, 2]))
    """

    def __init__(self, zip_file: zipfile.ZipFile) -> None:
        self.zip_file = zip_file
        self._read: dict[str, Any] = {}

    def __call__(self, persistent_id: str) -> Any:
        kind, _, name = persistent_id.partition(".")
        if kind != "ndarray":
            raise pickle.UnpicklingError(f"{persistent_id!r} does not stand for an array")
        if name not in self._read:
            data = io.BytesIO(self.zip_file.read(name))
            self._read[name] = np.lib.format.read_array(data, allow_pickle=False)
        return self._read[name]


class _Pickler(pickle.Pickler):
    def __init__(self, file: IO[bytes], protocol: int, persistent_id: Callable[[Any], str | None]) -> None:
        super().__init__(file, protocol)
        self._persistent_id = persistent_id

    def persistent_id(self, obj: Any) -> str | None:
        return self._persistent_id(obj)


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: IO[bytes], persistent_load: Callable[[str], Any]) -> None:
        super().__init__(file)
        self._persistent_load = persistent_load

    def persistent_load(self, pid: Any) -> Any:
        return self._persistent_load(pid)


def dump(
    obj: Any,
    file_handler: IO[bytes],
    protocol: int = DEFAULT_PROTOCOL,
    persistent_id: Callable[[zipfile.ZipFile], Callable[[Any], str | None]] = PersistentSharedVariableID,
) -> None:
    """Write an object to an open binary file: a zip with its pickle and its arrays.

    Args:
        obj: variables, functions, models, or anything else that can be pickled.
        file_handler: a file opened for writing bytes.
        protocol: of the pickle.
        persistent_id: from the zip file to what gives arrays their names.

    Example:
        >>> import io
        >>> import numpy as np
        >>> from interactive_sym import shared
        >>> from interactive_sym.pkl_utils import dump, load
        >>> file = io.BytesIO()
        >>> dump({"weights": shared(np.arange(3), name="w")}, file)
        >>> load(file)["weights"].get_value()
        array([0, 1, 2])
        >>> _ = file.seek(0)
        >>> np.load(file)["w"]
        array([0, 1, 2])
    """
    with zipfile.ZipFile(file_handler, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as zip_file:
        ids = persistent_id(zip_file)
        with tempfile.SpooledTemporaryFile(max_size=2**24) as pickled:
            _Pickler(pickled, protocol, ids).dump(obj)
            pickled.seek(0)
            with zip_file.open(_PICKLE, "w", force_zip64=True) as entry:
                while block := pickled.read(2**20):
                    entry.write(block)


def load(
    f: IO[bytes], persistent_load: Callable[[zipfile.ZipFile], Callable[[str], Any]] = PersistentNdarrayLoad
) -> Any:
    """Read what `dump` wrote from an open binary file. It runs what the pickle says: trust whoever wrote it.

    Args:
        f: a file opened for reading bytes.
        persistent_load: from the zip file to what finds arrays by name.

    Example:
        >>> from interactive_sym import shared
        >>> file = io.BytesIO()
        >>> dump([shared(1.5, name="bias")], file)
        >>> [variable.name for variable in load(file)]
        ['bias']
    """
    with zipfile.ZipFile(f, "r") as zip_file:
        return _Unpickler(io.BytesIO(zip_file.read(_PICKLE)), persistent_load(zip_file)).load()


def zipadd(func: Callable[[IO[bytes]], Any], zip_file: zipfile.ZipFile, name: str) -> None:
    """Add an entry to a zip file.

    Args:
        func: writes it to the open file it is called with.
        zip_file: an open `zipfile.ZipFile`.
        name: the entry's name.

    Example:
        >>> with zipfile.ZipFile(io.BytesIO(), "w") as file:
        ...     zipadd(lambda entry: entry.write(b"notes"), file, "about.txt")
        ...     file.read("about.txt")
        b'notes'
    """
    with zip_file.open(name, "w", force_zip64=True) as entry:
        func(entry)


class StripPickler(pickle.Pickler):
    """A pickler that leaves out tags.

    Args:
        file: a file opened for writing bytes.
        protocol: of the pickle.
        extra_tag_to_remove: the name of a further entry of `variable.tag` to leave out; test values are in any case.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dscalar("x")
        >>> x.tag.test_value = 2.0
        >>> file = io.BytesIO()
        >>> StripPickler(file).dump(x)
        >>> hasattr(pickle.loads(file.getvalue()).tag, "test_value")
        False
    """

    def __init__(self, file: IO[bytes], protocol: int = 0, extra_tag_to_remove: str | None = None) -> None:
        super().__init__(file, max(protocol, 2))
        self.tag_to_remove = ["trace", "test_value"] + ([extra_tag_to_remove] if extra_tag_to_remove else [])

    def reducer_override(self, obj: Any) -> Any:
        if type(obj).__name__ == "SimpleNamespace" and any(name in vars(obj) for name in self.tag_to_remove):
            kept = {name: value for name, value in vars(obj).items() if name not in self.tag_to_remove}
            return type(obj), (), kept
        return NotImplemented


class CompatUnpickler(pickle.Unpickler):
    """Python's unpickler, under the name that programs written for Theano know.

    For its arguments see `pickle.Unpickler`.

    Example:
        >>> CompatUnpickler(io.BytesIO(pickle.dumps([1, 2]))).load()
        [1, 2]
    """
