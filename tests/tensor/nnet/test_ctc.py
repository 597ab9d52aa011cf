"""The cost of labellings, by its public name: a model that only knows labels learns where they are."""

import numpy as np

import interactive_sym
import interactive_sym.tensor as T
from interactive_sym.tensor.nnet.ctc import ctc, ctc_available, ctc_present


def test_it_is_there() -> None:
    assert ctc_present() and ctc_available()
    x = T.itensor3("x")
    assert ctc(x, T.imatrix(), T.ivector()).type.dtype == "float64"
    assert ctc(T.ftensor3(), T.imatrix(), T.ivector()).type.dtype == "float32"


def test_learning_an_alignment() -> None:
    labels = np.array([[1, 2], [2, 1]], dtype="int32")
    start = np.random.RandomState(0).normal(size=(6, 2, 3)).astype("float32")
    activations = interactive_sym.shared(start, name="activations")
    cost = ctc(activations, labels, np.array([6, 6], dtype="int32")).mean()
    step = interactive_sym.function([], cost, updates=[(activations, activations - 2 * T.grad(cost, activations))])
    costs = [float(step()) for _ in range(100)]
    assert costs[-1] < 0.1 < costs[0]
    for n in range(2):
        path = activations.get_value()[:, n].argmax(axis=1)
        said = [int(k) for t, k in enumerate(path) if k and (t == 0 or path[t - 1] != k)]
        assert said == labels[n].tolist()
