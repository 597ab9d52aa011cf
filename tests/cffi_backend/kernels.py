"""What the tests of code generation share: compile a program, and compute it with NumPy node by node."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from interactive_sym.cffi_backend import build, call, unit
from interactive_sym.core.program import Program, make_program
from interactive_sym.core.types import TensorType


class KernelError(Exception):
    """A kernel returned an error code."""

    def __init__(self, code: int, error: tuple[int, ...]) -> None:
        super().__init__(f"code {code}, error {error}")
        self.code, self.error = code, error


class Compiled:
    """A program as a kernel, and its parts."""

    def __init__(self, inputs: Sequence[Any], outputs: Sequence[Any], updates: Sequence[tuple[Any, Any]] = ()) -> None:
        self.program = make_program(list(inputs), list(outputs), list(updates))
        self.generated = unit.generate(self.program)
        self.source = self.generated.spec.source
        self.plan = self.generated.plan
        storages = [x.container.storage for x in self.program.shared]
        storages += [[array] for array in self.generated.constants]
        self.call = call.make(
            self.generated.spec,
            build.load(self.source),
            storages,
            [x.type.filter for x in inputs],
            lambda code, error: KernelError(code, tuple(error)),
        )

    def __call__(self, *values: Any) -> list[Any]:
        return list(self.call(*values))


def with_numpy(program: Program, values: Sequence[Any]) -> list[np.ndarray[Any, Any]]:
    """Outputs, then updates, by the NumPy implementation of each node."""
    known: dict[Any, Any] = dict(zip(program.inputs, values))
    known.update({x: x.container.storage[0] for x in program.shared})

    def value(x: Any) -> Any:
        return known[x] if x in known else x.data  # noqa: SIM401  inputs have no data

    with np.errstate(all="ignore"):
        for node in program.nodes:
            cells: list[list[Any]] = [[None] for _ in node.outputs]
            given = [np.asarray(value(x)) if isinstance(x.type, TensorType) else value(x) for x in node.inputs]
            node.op.perform(node, given, cells)
            known.update({x: cell[0] for x, cell in zip(node.outputs, cells)})
    return [np.asarray(value(x)) for x in program.results]


def assert_same(got: Sequence[Any], expected: Sequence[Any], exact: bool = False, tolerance: float = 1e-11) -> None:
    """Equal element types and shapes; equal elements, floats within the tolerance."""
    assert len(got) == len(expected)
    for a, b in zip(got, expected):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        if exact or a.dtype.kind not in "fc":
            np.testing.assert_array_equal(a, b)
        else:
            limit = max(tolerance, 2e-5) if a.dtype in (np.float32, np.complex64) else tolerance
            np.testing.assert_allclose(a, b, rtol=limit, atol=limit)


def check(inputs: Sequence[Any], outputs: Sequence[Any], *values: Any, exact: bool = False) -> Compiled:
    """Compile, call, compare with NumPy; inputs stay as they were."""
    compiled = Compiled(inputs, outputs)
    before = [np.array(value) for value in values]
    expected = with_numpy(compiled.program, values)
    assert_same(compiled(*values), expected, exact)
    for old, value in zip(before, values):
        np.testing.assert_array_equal(old, value)
    return compiled
