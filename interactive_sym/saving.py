"""Saving the values of models: JSON for the structure, one npy file for each array, in one zip file.

Reading such a file runs nothing: arrays are read with `allow_pickle=False`, and the structure holds dictionaries,
lists, numbers and texts only. What is saved are values (of shared variables, of random streams), not expressions; those
are made by the program that loads them. For whole graphs and functions there is `pickle`, which is to be used on files
from people one trusts.

Read next: `pkl_utils`.
"""

import io
import json
import os
import pickle
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .core import source
from .core.errors import message
from .core.shared import SharedVariable, shared
from .core.types import RandomStateType, TensorType
from .function import Function
from .tensor.rng_mrg import MRG_RandomStreams
from .tensor.shared_randomstreams import RandomStreams

__all__ = ["function_dump", "load", "save"]

FORMAT = "interactive_sym model"
VERSION = 1
STRUCTURE = "model.json"
#: The largest structure that is read, in bytes; arrays have no limit.
LARGEST_STRUCTURE = 64 * 2**20


def save(path: str | os.PathLike[str], model: Any) -> None:
    """Write the values of a model to a file.

    Args:
        path: the file; one that exists is replaced once the new one is complete.
        model: a shared variable, an array, a number, a text, None, a `RandomStreams` or `MRG_RandomStreams`, a
            compiled function (all its shared variables), or a dictionary with string keys, list or tuple of such. A
            shared variable that occurs several times is one again when it is read.

    Raises:
        TypeError: something else is in the model; the message says where.

    Example:
        >>> import os, tempfile
        >>> import numpy as np
        >>> from interactive_sym import shared
        >>> w = shared(np.zeros(3), name="w")
        >>> path = os.path.join(tempfile.mkdtemp(), "model.zip")
        >>> save(path, {"w": w, "epoch": 7})
        >>> w.set_value(np.ones(3))
        >>> load(path, into={"w": w, "epoch": 0})["epoch"]
        7
        >>> w.get_value()
        array([0., 0., 0.])
    """
    writer = _Writer()
    tree = writer.tree(model, "model")
    structure = {"format": FORMAT, "version": VERSION, "tree": tree, "values": writer.values}
    target = os.path.abspath(os.fspath(path))
    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(target), prefix=".interactive_sym-")
    try:
        with os.fdopen(descriptor, "wb") as handle, zipfile.ZipFile(handle, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(STRUCTURE, json.dumps(structure, indent=1))
            for number, array in enumerate(writer.arrays):
                with archive.open(f"{number}.npy", "w", force_zip64=True) as entry:
                    np.lib.format.write_array(entry, array, allow_pickle=False)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def load(path: str | os.PathLike[str], into: Any = None) -> Any:
    """Read what `save` wrote.

    Args:
        path: the file.
        into: a model of the same structure, whose shared variables and streams get the saved values; nothing is
            changed unless everything fits. Without it new shared variables are made.

    Returns:
        The saved model; with `into`, its numbers, texts and arrays replaced by the saved ones.

    Raises:
        ValueError: the file is not one of `save`'s, or is damaged.
        TypeError: the structure or a value does not fit `into`, or the model has streams or functions and there is no
            `into`.

    Example:
        >>> import os, tempfile
        >>> from interactive_sym import shared
        >>> path = os.path.join(tempfile.mkdtemp(), "model.zip")
        >>> save(path, [shared(1.5, name="bias"), "text"])
        >>> bias, text = load(path)
        >>> bias.name, float(bias.get_value()), text
        ('bias', 1.5, 'text')
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(STRUCTURE).file_size > LARGEST_STRUCTURE:
                raise ValueError(f"{os.fspath(path)}: the structure is larger than {LARGEST_STRUCTURE} bytes")
            structure = json.loads(archive.read(STRUCTURE))
            if not isinstance(structure, dict) or structure.get("format") != FORMAT:
                raise ValueError(f"{os.fspath(path)} is not a saved model")
            if structure.get("version") != VERSION:
                raise ValueError(f"{os.fspath(path)} has version {structure.get('version')}, not {VERSION}")
            reader = _Reader(archive, structure["values"])
            result = reader.tree(structure["tree"], into, "model", into is not None)
    except (zipfile.BadZipFile, KeyError, EOFError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{os.fspath(path)} is not a saved model, or is damaged: {error}") from None
    for variable, value in reader.pending:
        variable.set_value(value, borrow=True)
    for setter, value in reader.settings:
        setter(value)
    return result


class _Writer:
    """Turns a model into JSON and arrays."""

    def __init__(self) -> None:
        self.values: list[dict[str, Any]] = []
        self.arrays: list[Any] = []
        self._known: dict[int, int] = {}

    def tree(self, thing: Any, where: str) -> Any:
        if isinstance(thing, SharedVariable):
            return {"shared": self._shared(thing, where)}
        if isinstance(thing, (np.ndarray, np.generic)):
            return {"array": self._array(np.asarray(thing), where), "scalar": isinstance(thing, np.generic)}
        if isinstance(thing, np.random.RandomState):
            return {"random_state": self._state(thing)}
        if thing is None or isinstance(thing, (bool, int, float, str)):
            return thing
        if isinstance(thing, RandomStreams):
            states = [self.tree(state, f"{where}.state_updates") for state, *_ in thing.state_updates]
            return {"streams": "RandomStreams", "states": states, "generator": self._state(thing.gen_seedgen)}
        if isinstance(thing, MRG_RandomStreams):
            states = [self.tree(state, f"{where}.state_updates") for state, *_ in thing.state_updates]
            return {"streams": "MRG_RandomStreams", "states": states, "rstate": self._array(thing.rstate, where)}
        if isinstance(thing, Function):
            return {"function": [self.tree(x, f"{where}.get_shared()") for x in thing.get_shared()]}
        if isinstance(thing, Mapping):
            if not all(isinstance(key, str) for key in thing):
                raise TypeError(message(f"save: keys of {where} must be strings", source.here()[0]))
            return {"dict": [[key, self.tree(value, f"{where}[{key!r}]")] for key, value in thing.items()]}
        if isinstance(thing, (list, tuple)):
            kind = "tuple" if isinstance(thing, tuple) else "list"
            return {kind: [self.tree(value, f"{where}[{k}]") for k, value in enumerate(thing)]}
        raise TypeError(
            message(
                f"save: {where} is a {type(thing).__name__}, which has no place in a saved model",
                source.here()[0],
                cure="save the shared variables of it, in a dictionary; or use pickle",
            )
        )

    def _shared(self, variable: SharedVariable, where: str) -> int:
        known = self._known.get(id(variable.container))
        if known is not None:
            return known
        value = variable.get_value(borrow=True)
        entry: dict[str, Any] = {"name": variable.name}
        if isinstance(variable.type, TensorType):
            entry.update(array=self._array(value, where), sizes=list(variable.type.shape))
        elif isinstance(variable.type, RandomStateType):
            entry.update(random_state=self._state(value))
        else:
            entry.update(tree=self.tree(value, f"{where}.get_value()"))
        self._known[id(variable.container)] = len(self.values)
        self.values.append(entry)
        return len(self.values) - 1

    def _array(self, array: Any, where: str) -> int:
        if array.dtype.kind not in "biufcSU":
            raise TypeError(message(f"save: {where} is an array of {array.dtype}: only numbers and texts are saved"))
        self.arrays.append(array)
        return len(self.arrays) - 1

    def _state(self, state: np.random.RandomState) -> dict[str, Any]:
        content: Any = state.get_state(legacy=False)
        if content["bit_generator"] != "MT19937":
            raise TypeError(message(f"save: a RandomState of {content['bit_generator']} can't be saved, MT19937 can"))
        return {
            "bit_generator": content["bit_generator"],
            "key": self._array(content["state"]["key"], "a state"),
            "pos": int(content["state"]["pos"]),
            "has_gauss": int(content["has_gauss"]),
            "gauss": float(content["gauss"]),
        }


class _Reader:
    """Turns JSON and arrays into a model, or into values for one.

    Attributes:
        pending: shared variables and the values they get once everything was read.
        settings: the same, for other things.
    """

    def __init__(self, archive: zipfile.ZipFile, values: Sequence[Mapping[str, Any]]) -> None:
        self.archive = archive
        self.values = values
        self.pending: list[tuple[SharedVariable, Any]] = []
        self.settings: list[tuple[Any, Any]] = []
        self._made: dict[int, SharedVariable] = {}

    def tree(self, saved: Any, into: Any, where: str, fitted: bool) -> Any:
        """What `saved` stands for; with `fitted` it must have the structure of `into`."""
        if not isinstance(saved, dict):
            if fitted and isinstance(into, (SharedVariable, Mapping, list, tuple, RandomStreams, MRG_RandomStreams)):
                raise self._unfit(where, f"a {type(saved).__name__}", into)
            return saved
        if "shared" in saved:
            return self._shared(int(saved["shared"]), into, where, fitted)
        if "array" in saved:
            array = self._array(saved["array"])
            return array[()] if saved.get("scalar") else array
        if "random_state" in saved:
            return self._state(saved["random_state"])
        if "dict" in saved:
            if fitted and (not isinstance(into, Mapping) or set(into) != {key for key, _ in saved["dict"]}):
                raise self._unfit(where, f"a dictionary of {', '.join(key for key, _ in saved['dict'])}", into)
            return {
                key: self.tree(value, into[key] if fitted else None, f"{where}[{key!r}]", fitted)
                for key, value in saved["dict"]
            }
        for kind, class_ in (("list", list), ("tuple", tuple)):
            if kind in saved:
                if fitted and (not isinstance(into, (list, tuple)) or len(into) != len(saved[kind])):
                    raise self._unfit(where, f"a {kind} of {len(saved[kind])}", into)
                items = enumerate(saved[kind])
                return class_(self.tree(x, into[k] if fitted else None, f"{where}[{k}]", fitted) for k, x in items)
        if "streams" in saved:
            return self._streams(saved, into, where, fitted)
        if "function" in saved:
            held = into.get_shared() if isinstance(into, Function) else None
            if held is None or len(held) != len(saved["function"]):
                raise self._unfit(where, f"a function with {len(saved['function'])} shared variables", into)
            for k, (entry, variable) in enumerate(zip(saved["function"], held)):
                self.tree(entry, variable, f"{where}.get_shared()[{k}]", True)
            return into
        raise ValueError(f"{where} is of a kind that this version does not know: {', '.join(map(str, saved))[:60]}")

    def _streams(self, saved: Mapping[str, Any], into: Any, where: str, fitted: bool) -> Any:
        class_: Any = {"RandomStreams": RandomStreams, "MRG_RandomStreams": MRG_RandomStreams}[saved["streams"]]
        if not fitted or not isinstance(into, class_) or len(into.state_updates) != len(saved["states"]):
            raise self._unfit(where, f"a {saved['streams']} with {len(saved['states'])} variables", into)
        for k, (entry, pair) in enumerate(zip(saved["states"], into.state_updates)):
            self.tree(entry, pair[0], f"{where}.state_updates[{k}][0]", True)
        if isinstance(into, RandomStreams):
            generator = self._state(saved["generator"])
            self.settings.append((lambda value: setattr(into, "gen_seedgen", value), generator))
        else:
            self.settings.append((lambda value: setattr(into, "rstate", value), self._array(saved["rstate"])))
        return into

    def _shared(self, number: int, into: Any, where: str, fitted: bool) -> SharedVariable:
        entry = self.values[number]
        if "array" in entry:
            value: Any = self._array(entry["array"])
        elif "random_state" in entry:
            value = self._state(entry["random_state"])
        else:
            value = self.tree(entry["tree"], None, f"{where}.get_value()", False)
        if fitted:
            if not isinstance(into, SharedVariable):
                raise self._unfit(where, "a shared variable", into)
            checked = into.type.filter(value, allow_downcast=False, name=f"the saved value of {where}")
            self.pending.append((into, checked))
            return into
        if number not in self._made:
            sizes = entry.get("sizes")
            broadcastable = None if sizes is None else tuple(size == 1 for size in sizes)
            self._made[number] = shared(value, name=entry.get("name"), borrow=True, broadcastable=broadcastable)
        return self._made[number]

    def _array(self, number: int) -> Any:
        data = self.archive.read(f"{int(number)}.npy")
        return np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)

    def _state(self, saved: Mapping[str, Any]) -> np.random.RandomState:
        if saved["bit_generator"] != "MT19937":
            raise ValueError(f"a random state of {saved['bit_generator']}: only MT19937 is known")
        state = np.random.RandomState(0)
        key = np.asarray(self._array(saved["key"]), dtype="uint32")
        state.set_state(("MT19937", key, int(saved["pos"]), int(saved["has_gauss"]), float(saved["gauss"])))
        return state

    @staticmethod
    def _unfit(where: str, saved: str, into: Any) -> TypeError:
        given = "nothing to load it into was given" if into is None else f"there it is a {type(into).__name__}"
        return TypeError(message(f"load: {where} was saved as {saved}; {given}", source.here()[0]))


def function_dump(
    filename: str | os.PathLike[str],
    inputs: Sequence[Any],
    outputs: Any = None,
    mode: Any = None,
    updates: Any = None,
    givens: Any = None,
    no_default_updates: Any = False,
    accept_inplace: bool = False,
    name: str | None = None,
    rebuild_strict: bool = True,
    allow_input_downcast: bool | None = None,
    profile: Any = None,
    on_unused_input: str | None = None,
    extra_tag_to_remove: str | None = None,
) -> None:
    """Write what `function` would be called with to a file, by `pickle`, so that somebody else can look at it.

    Reading it back gives the arguments as a dictionary: `function(**pickle.load(file))` compiles the function.

    Args:
        filename: the file.
        inputs to on_unused_input: as for `function`.
        extra_tag_to_remove: accepted for old programs.

    Example:
        >>> import os, pickle, tempfile
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import function
        >>> x = T.dscalar("x")
        >>> path = os.path.join(tempfile.mkdtemp(), "call.pkl")
        >>> function_dump(path, [x], x + 1)
        >>> with open(path, "rb") as file:
        ...     arguments = pickle.load(file)
        >>> float(function(**arguments)(1.0))
        2.0
    """
    arguments = {
        "inputs": list(inputs),
        "outputs": outputs,
        "mode": mode,
        "updates": updates,
        "givens": givens,
        "no_default_updates": no_default_updates,
        "accept_inplace": accept_inplace,
        "name": name,
        "rebuild_strict": rebuild_strict,
        "allow_input_downcast": allow_input_downcast,
        "profile": profile,
        "on_unused_input": on_unused_input,
    }
    with open(filename, "wb") as file:
        pickle.dump(arguments, file, protocol=pickle.HIGHEST_PROTOCOL)
