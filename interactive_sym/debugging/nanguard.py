"""`NanGuardMode`: NaN, infinity and very large numbers are errors at the node that makes them.

Read next: `debugmode`.
"""

import importlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.configuration import config
from ..core.errors import message
from ..core.graph import Apply, Variable
from ..mode import register_mode
from .watch import Watched, Watcher, WatchingMode

#: Beyond this a number is big.
BIG = 1e10


def _numbers(value: Any) -> Any:
    """The value as an array of floats, None where it is none."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "fc" and value.size:
        return value
    return None


def contains_nan(arr: Any, node: Apply | None = None, var: Variable | None = None) -> bool:
    """Whether an array holds NaN; False for what holds no floats.

    Args:
        arr: a value of any type.
        node, var: where it came from; accepted for old programs.

    Example:
        >>> import numpy as np
        >>> contains_nan(np.array([1.0, np.nan])), contains_nan(np.array([1, 2]))
        (True, False)
    """
    numbers = _numbers(arr)
    return numbers is not None and bool(np.isnan(numbers).any())


def contains_inf(arr: Any, node: Apply | None = None, var: Variable | None = None) -> bool:
    """Whether an array holds an infinity; False for what holds no floats.

    Args:
        arr: a value of any type.
        node, var: where it came from; accepted for old programs.

    Example:
        >>> import numpy as np
        >>> contains_inf(np.array([1.0, -np.inf]))
        True
    """
    numbers = _numbers(arr)
    return numbers is not None and bool(np.isinf(numbers).any())


@dataclass(frozen=True, init=False)
class NanGuardMode(WatchingMode):
    """A mode that refuses NaN, infinity and very large numbers in inputs and in what nodes compute.

    The node named is the first that makes such a number, with the user's line and the ranges of its inputs. Inputs and
    expressions with `tag.nan_guard_mode_check = False` are left out.

    Args:
        nan_is_error, inf_is_error, big_is_error: what is refused; None takes `config.NanGuardMode`'s. Big is beyond
            1e10.
        optimizer, linker, included, excluded: as in `Mode`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import function
        >>> from interactive_sym.debugging import NanGuardMode
        >>> x = T.dvector("x")
        >>> f = function([x], T.log(x).sum(), mode=NanGuardMode())
        >>> f([1.0, -1.0])
        Traceback (most recent call last):
            ...
        AssertionError: node 0, log, makes NaN...
    """

    nan_is_error: bool = True
    inf_is_error: bool = True
    big_is_error: bool = True

    def __init__(
        self,
        nan_is_error: bool | None = None,
        inf_is_error: bool | None = None,
        big_is_error: bool | None = None,
        optimizer: str | None = "default",
        linker: str | None = None,
        included: frozenset[str] = frozenset(),
        excluded: frozenset[str] = frozenset(),
    ) -> None:
        flags = config.NanGuardMode
        self.fill(
            linker=linker,
            optimizer=optimizer,
            included=included,
            excluded=excluded,
            nan_is_error=flags.nan_is_error if nan_is_error is None else nan_is_error,
            inf_is_error=flags.inf_is_error if inf_is_error is None else inf_is_error,
            big_is_error=flags.big_is_error if big_is_error is None else big_is_error,
        )

    def watcher(self, function: Watched) -> "_Guard":
        return _Guard(function, self)

    def trouble(self, value: Any) -> str:
        """What is refused in a value: "NaN", "infinity", "a number beyond 1e10", or nothing."""
        numbers = _numbers(value)
        if numbers is None:
            return ""
        if self.nan_is_error and np.isnan(numbers).any():
            return "NaN"
        if self.inf_is_error and np.isinf(numbers).any():
            return "infinity"
        if self.big_is_error:
            finite = numbers[np.isfinite(numbers)]
            if finite.size and np.abs(finite).max() > BIG:
                return "a number beyond 1e10"
        return ""


register_mode("NanGuardMode", NanGuardMode)


class _Guard(Watcher):
    """Looks at inputs and at what nodes compute."""

    def __init__(self, function: Watched, mode: NanGuardMode) -> None:
        super().__init__(function, after=self._look)
        self._mode = mode

    def values(self, inputs: Sequence[Any]) -> dict[Variable, Any]:
        for variable, value in zip(self.program.inputs, inputs):
            found = self._mode.trouble(value) if _checked(variable) else ""
            if found:
                self._report(message(f"{found} in input {variable} of {self.function.name}"))
        return super().values(inputs)

    def _look(self, number: int, node: Apply, inputs: list[Any], outputs: list[Any]) -> None:
        for position, (variable, value) in enumerate(zip(node.outputs, outputs)):
            found = self._mode.trouble(value) if _checked(variable) else ""
            if not found:
                continue
            where = f" in output {position}" if len(outputs) > 1 else ""
            rows = [
                (str(x)[:24], str(getattr(v, "dtype", type(v).__name__)), str(getattr(v, "shape", "")), _range(v))
                for x, v in zip(node.inputs, inputs)
            ]
            rows.append(("its result", str(value.dtype), str(value.shape), _range(value)))
            origin = [str(node.origin)] if node.origin is not None else []
            self._report(
                message(
                    f"node {number}, {node.op.name}, makes {found}{where}", node.where, operands=rows, detail=origin
                )
            )

    def _report(self, text: str) -> None:
        action = config.NanGuardMode.action
        if action == "warn":
            warnings.warn(text, RuntimeWarning, stacklevel=7)
        elif action == "pdb":
            print(text)
            importlib.import_module("pdb").set_trace()
        else:
            raise AssertionError(text)


def _checked(variable: Variable) -> bool:
    return bool(getattr(variable.tag, "nan_guard_mode_check", True))


def _range(value: Any) -> str:
    numbers = _numbers(value)
    if numbers is None or numbers.dtype.kind == "c":
        return ""
    finite = numbers[np.isfinite(numbers)]
    if not finite.size:
        return f"{numbers.reshape(-1)[0]}"
    lost = numbers.size - finite.size
    return f"{finite.min():.4g} to {finite.max():.4g}" + (f", {lost} not finite" if lost else "")
