"""Lowering: what is computed and what is only a view; sizes, their classes and their checks."""

from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.cffi_backend import unit
from interactive_sym.cffi_backend.loopir import Kernel
from interactive_sym.cffi_backend.lower import Lowering
from interactive_sym.core.graph import Apply
from interactive_sym.core.op import Op
from interactive_sym.core.program import make_program
from tests.cffi_backend.kernels import Compiled, KernelError, check


def lowered(inputs: list[Any], outputs: list[Any]) -> Lowering:
    unit.generate(make_program(inputs, outputs, []))  # fills the table of rules
    return Lowering(make_program(inputs, outputs, []))


def loops(lowering: Lowering) -> list[Kernel]:
    """Kernels that compute arrays."""
    return [kernel for kernel in lowering.kernels if kernel.axes]


def test_the_shape_of_a_result_does_not_compute_it() -> None:
    x, y = T.dmatrix("x"), T.dmatrix("y")
    z = T.exp(T.dot(x, y))[1:].T
    lowering = lowered([x, y], [z.shape[0], z.shape, z.sum(axis=0).shape[0]])
    assert not loops(lowering)
    check([x, y], [z.shape[0], z.shape], np.ones((3, 4)), np.ones((4, 5)))


def test_sizes_are_checked_even_where_values_are_not_needed() -> None:
    x, y = T.dvector("x"), T.dvector("y")
    with pytest.raises(KernelError) as error:
        Compiled([x, y], [(x + y).shape[0]])(np.ones(3), np.ones(4))
    assert error.value.error == (0, 0, 3, 4)


def test_one_check_for_each_pair_of_sizes() -> None:
    x, y, z = T.dvectors("x", "y", "z")
    lowering = lowered([x, y, z], [x + y, y + z, x * z, x - y])
    assert len(lowering.entry_checks) == 2


def test_the_first_clash_names_its_node() -> None:
    x, y, z = T.dvectors("x", "y", "z")
    compiled = Compiled([x, y, z], [T.exp(x) + y, y * z])
    with pytest.raises(KernelError) as error:
        compiled(np.ones(3), np.ones(3), np.ones(5))
    assert error.value.error == (2, 0, 3, 5)


def test_static_sizes_need_no_check() -> None:
    x, y = T.TensorType("float64", (3, None))("x"), T.TensorType("float64", (3, 1))("y")
    lowering = lowered([x, y], [x * y])
    assert not lowering.entry_checks
    assert loops(lowering)[0].axes[0].dim == 3


def test_dimensions_of_size_one_are_no_loops() -> None:
    x = T.dcol("x")
    assert [len(kernel.axes) for kernel in loops(lowered([x], [T.exp(x)]))] == [1]


def test_views_and_fills_are_no_kernels() -> None:
    x = T.dmatrix("x")
    views = [x.T[::2], x.dimshuffle("x", 1, 0), T.zeros_like(x), x[0]]
    lowering = lowered([x], [sum(view.sum() for view in views)])
    assert not any(kernel.op in ("dimshuffle", "alloc", "fill", "copy") for kernel in lowering.kernels)


def test_loops_follow_the_memory_of_what_is_summed() -> None:
    x, v = T.dmatrix("x"), T.dvector("v")
    (kernel,) = loops(lowered([x, v], [T.dot(x.T, v)]))
    assert [axis.out for axis in kernel.axes] == [None, 0]


def test_a_size_computed_from_data_is_checked_where_it_is_known() -> None:
    x, n = T.dvector("x"), T.lscalar("n")
    compiled = Compiled([x, n], [x + T.alloc(1.0, n * 2)])
    np.testing.assert_array_equal(compiled(np.zeros(4), 2)[0], np.ones(4))
    with pytest.raises(KernelError) as error:
        compiled(np.zeros(4), 3)
    assert error.value.code == 1
    assert set(error.value.error[2:]) == {4, 6}


def test_assignments_in_a_row_change_one_array() -> None:
    x = T.dvector("x")
    y = T.exp(x)
    for k in range(20):
        y = T.set_subtensor(y[k], float(k))
    compiled = check([x], [y], np.ones(30))
    assert [buffer.name for buffer in compiled.plan.buffers] == ["out0"]


def test_assignment_leaves_what_others_read() -> None:
    x = T.dvector("x")
    y = T.exp(x)
    z = T.inc_subtensor(y[1:], 1.0)
    check([x], [z, y, T.set_subtensor(z[0], 5.0), z.sum(), T.set_subtensor(y[::-1][0], 2.0)], np.arange(4.0))


class Dot(Op):
    """A user's operation that happens to have the name of one of ours."""

    python_only = "tests that names do not decide"

    def make_node(self, x: Any) -> Apply:
        return Apply(self, [x], [x.type()])

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        output_storage[0][0] = inputs[0] * 3


def test_operations_are_known_by_class_not_by_name() -> None:
    x = T.dvector("x")
    check([x], [Dot()(x) + 1], np.arange(3.0))
