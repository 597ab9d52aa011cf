"""The NumPy interpreter."""

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.core.graph import toposort
from interactive_sym.core.reference import Interpreter, evaluate, run
from interactive_sym.core.shared import shared


def test_outputs_share_no_memory() -> None:
    x = T.dmatrix("x")
    state = shared(np.zeros(2), name="state")
    constant = T.constant(np.ones(3))
    outputs = [
        x,
        x.T,
        x[0],
        x.reshape((4,)),
        state,
        constant,
        constant,
        T.unbroadcast(x, 0),
        T.specify_shape(x, (2, 2)),
    ]
    value = np.arange(4.0).reshape(2, 2)
    results = Interpreter([x], outputs)(value)
    for k, result in enumerate(results):
        assert result.flags.c_contiguous and result.flags.writeable
        assert not np.shares_memory(result, value) and not np.shares_memory(result, state.get_value(borrow=True))
        assert not any(np.shares_memory(result, other) for other in results[:k])
    doubled = x * 2
    first, second = Interpreter([x], [doubled, doubled])(value)
    assert not np.shares_memory(first, second)


def test_values_no_longer_needed_are_dropped() -> None:
    x = T.dvector("x")
    y = x
    for _ in range(20):
        y = T.exp(-y)
    plan = Interpreter([x], [y])
    dropped = [place for *_, dead in plan._steps for place in dead]
    assert len(dropped) == len(set(dropped)) == len(plan.nodes), "the input's and every value but the output's"
    assert plan(np.ones(2))[0].shape == (2,)


def test_a_long_chain() -> None:
    x = T.dscalar("x")
    y = x
    for _ in range(20_000):
        y = y + 1
    assert evaluate([y], {x: 0.0})[0] == 20_000


def test_observer_sees_every_node() -> None:
    x = T.dscalar("x")
    seen: list[str] = []
    Interpreter([x], [T.exp(x) + 1])(np.array(0.0), observe=lambda node, inputs, outputs: seen.append(node.op.name))
    assert seen == ["exp", "add"]


def test_run_gives_all_values() -> None:
    x = T.dscalar("x")
    y = T.exp(x)
    values = run(toposort([y * 2]), {x: np.array(0.0)})
    assert values[y] == 1


def test_missing_values() -> None:
    x, y = T.dscalars("x", "y")
    with pytest.raises(ValueError, match="no value for y"):
        Interpreter([x], [x + y])
    with pytest.raises(ValueError, match="no value for y"):
        evaluate([x + y], {x: 1.0})
    with pytest.raises(ValueError, match="no value for y"):
        run(toposort([x + y]), {x: np.array(1.0)})
