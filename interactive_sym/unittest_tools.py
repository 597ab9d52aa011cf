"""Tools for testing operations of one's own: seeds, gradients against differences, shapes told without computing.

Read next: `gradient`, whose `verify_grad` this is.
"""

import unittest
from collections.abc import Sequence
from typing import Any

import numpy as np

from .core.graph import Variable
from .function import function
from .gradient import verify_grad as _verify_grad

__all__ = ["InferShapeTester", "assert_allclose", "fetch_seed", "seed_rng", "verify_grad"]

SEED = 666
assert_allclose = np.testing.assert_allclose


def fetch_seed(pseed: int | None = None) -> int:
    """The seed of tests: `pseed`, or always the same one.

    Example:
        >>> fetch_seed() == fetch_seed(), fetch_seed(3)
        (True, 3)
    """
    return SEED if pseed is None else int(pseed)


def seed_rng(pseed: int | None = None) -> int:
    """Seed NumPy's global generator for a test; returns the seed.

    Args:
        pseed: the seed; by default `fetch_seed()`.

    Example:
        >>> seed_rng(3)
        3
    """
    seed = fetch_seed(pseed)
    np.random.seed(seed)
    return seed


def verify_grad(op: Any, pt: Sequence[Any], n_tests: int = 2, rng: Any = None, *args: Any, **kwargs: Any) -> None:
    """`gradient.verify_grad` with a generator of its own, seeded by `fetch_seed`, where none is given.

    Args:
        op, pt, n_tests, rng: as for `gradient.verify_grad`; further arguments are passed on to it.

    Example:
        >>> import interactive_sym.tensor as T
        >>> verify_grad(lambda x: T.tanh(x), [np.ones(3)])
    """
    _verify_grad(op, pt, n_tests, np.random.RandomState(fetch_seed()) if rng is None else rng, *args, **kwargs)


class InferShapeTester(unittest.TestCase):
    """A test case that compares shapes told without computing with those of the values.

    Args:
        methodName: which method is the test; as for `unittest.TestCase`.

    Example:
        >>> import numpy as np
        >>> import interactive_sym.tensor as T
        >>> x = T.dmatrix("x")
        >>> InferShapeTester("run")._compile_and_check([x], [x.T], [np.ones((2, 3))], type(x.T.owner.op))
    """

    def setUp(self) -> None:
        seed_rng()

    def _compile_and_check(
        self,
        inputs: Sequence[Variable],
        outputs: Sequence[Variable],
        numeric_inputs: Sequence[Any],
        cls: Any = None,
        excluding: Sequence[str] | None = None,
        warn: bool = True,
        check_topo: bool = True,
    ) -> None:
        """Check the shapes of `outputs` for values of `inputs`.

        Args:
            inputs, outputs: of the graph.
            numeric_inputs: values of the inputs.
            cls: the operation's class, or a tuple of them; the function of the shapes must not compute any.
            excluding, warn: accepted for old programs.
            check_topo: whether `cls` is looked for.

        Raises:
            AssertionError: a shape differs, or telling it computes the operation.
        """
        values = function(list(inputs), list(outputs), on_unused_input="ignore")(*numeric_inputs)
        shapes = function(list(inputs), [x.shape for x in outputs], on_unused_input="ignore")  # type: ignore[attr-defined]
        if check_topo and cls is not None:
            found = [node for node in shapes.maker.fgraph.toposort() if isinstance(node.op, cls)]
            assert not found, f"the shapes are told by computing {found}"
        for shape, value in zip(shapes(*numeric_inputs), values):
            assert tuple(shape) == np.shape(value), f"told {tuple(shape)}, the value has {np.shape(value)}"
