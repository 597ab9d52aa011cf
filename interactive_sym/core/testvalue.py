"""Test values: each expression's value for values given to the inputs, computed when it is written (floor A).

With `config.compute_test_value` other than "off", a mistake such as a clash of shapes is an error at the line that
makes it, before any function is compiled. Values are kept in `variable.tag.test_value`.

Read next: `graph`.
"""

import importlib
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from . import graph
from .configuration import config
from .errors import message
from .graph import Apply, Constant, Variable
from .shared import SharedVariable


class _Paused(threading.local):
    depth = 0
    lenient = 0


_paused = _Paused()


def get_test_value(variable: Any) -> Any:
    """The test value of a variable: a constant's value, a shared variable's present value, or its tag's.

    Raises:
        AttributeError: it has none.

    Example:
        >>> import numpy as np
        >>> import interactive_sym.tensor as T
        >>> x = T.dvector("x")
        >>> x.tag.test_value = np.ones(3)
        >>> get_test_value(x)
        array([1., 1., 1.])
    """
    if not isinstance(variable, Variable):
        return np.asarray(variable)
    if isinstance(variable, Constant):
        return variable.data
    found = getattr(variable.tag, "test_value", None)
    if found is not None:
        return variable.type.filter(found, name=f"the test value of {variable}")
    if isinstance(variable, SharedVariable):
        return variable.get_value(borrow=True)
    raise AttributeError(f"{variable} has no test value: give it one, {variable.name or 'x'}.tag.test_value = ...")


def pass_on(source: Variable, target: Variable, row: int | None) -> None:
    """Where test values are computed and `source` has one, give `target` a part of it.

    Args:
        source: such as a sequence.
        target: what stands for a part of it, such as the row that a step of a loop sees.
        row: which row of the one's value the other has; None for all of it.
    """
    if config.compute_test_value == "off" or _paused.depth:
        return
    try:
        whole = get_test_value(source)
        target.tag.test_value = whole if row is None else whole[row]
    except (AttributeError, IndexError):
        return


@contextmanager
def paused() -> Iterator[None]:
    """Within the block, nodes that this thread makes get no test values; compilation makes many."""
    _paused.depth += 1
    try:
        yield
    finally:
        _paused.depth -= 1


@contextmanager
def lenient() -> Iterator[None]:
    """Within the block, inputs may lack test values: operations that hold graphs make nodes on variables of those."""
    _paused.lenient += 1
    try:
        yield
    finally:
        _paused.lenient -= 1


def compute(node: Apply) -> None:
    """Give the outputs of a new node their test values; what happens where inputs have none is the setting's."""
    if _paused.depth:
        return
    values = []
    for position, variable in enumerate(node.inputs):
        try:
            values.append(get_test_value(variable))
        except AttributeError:
            _missing(node, position, variable)
            return
    storage: list[list[Any]] = [[None] for _ in node.outputs]
    try:
        with paused():
            node.op.perform(node, values, storage)
    except Exception:
        if config.compute_test_value == "pdb":
            importlib.import_module("pdb").post_mortem()
        raise
    for output, (value,) in zip(node.outputs, storage):
        output.tag.test_value = value


def _missing(node: Apply, position: int, variable: Variable) -> None:
    mode = config.compute_test_value
    if mode == "ignore" or _paused.lenient:
        return
    text = message(
        f"{node.op.name}: input {position}, {variable}, has no test value",
        node.where,
        cure=f"{variable.name or 'x'}.tag.test_value = numpy.ones(...), or config.compute_test_value = 'ignore'",
    )
    if mode == "pdb":
        importlib.import_module("pdb").set_trace()
    if mode == "warn":
        warnings.warn(text, UserWarning, stacklevel=4)
    else:
        raise AttributeError(text)


def _switch(mode: str) -> None:
    graph.observe_nodes(None if mode == "off" else compute)


config.listen("compute_test_value", _switch)
