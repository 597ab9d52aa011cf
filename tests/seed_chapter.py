"""The code examples of the chapter this project grew from, in its order, with what the chapter prints after each.

An example is the code exactly as a reader types it, Python 3's `print` and the indentation of the class aside. A shown
value is text as old NumPy printed it, so the examples run under `np.set_printoptions(legacy="1.13")` and differ from
the chapter in white space only.

Run as a program (`python -m interactive_sym.theano_names tests/seed_chapter.py`), it executes every session under the
names the chapter uses and prints what came out, as JSON.
"""

import ast
import contextlib
import io
import json
import sys
import time
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Example:
    """Code as typed, and the value or printed lines the chapter shows; `shown` is empty where it shows none."""

    code: str
    shown: str = ""


@dataclass(frozen=True)
class Session:
    """Examples that share one namespace, after `setup`."""

    name: str
    examples: tuple[Example, ...]
    setup: str = "import theano\nimport theano.tensor as T\nfrom theano import function\n"


LOGISTIC_VALUES = """array([[ 0.5 , 0.73105858],
[ 0.26894142, 0.11920292]])"""

LOGISTIC = Session(
    "logistic",
    (
        Example("x = T.dmatrix('x')"),
        Example("s = 1 / (1 + T.exp(-x))"),
        Example("logistic = function([x], s)"),
        Example("logistic([[0, 1], [-1, -2]])", LOGISTIC_VALUES),
        Example("s2 = (1 + T.tanh(x / 2)) / 2"),
        Example("logistic2 = function([x], s2)"),
        Example("logistic2([[0, 1], [-1, -2]])", LOGISTIC_VALUES),
    ),
)

SEVERAL_OUTPUTS = Session(
    "several outputs",
    (
        Example("a, b = T.dmatrices('a', 'b')"),
        Example("diff = a - b"),
        Example("abs_diff = abs(diff)"),
        Example("diff_squared = diff**2"),
        Example("f = function([a, b], [diff, abs_diff, diff_squared])"),
        Example(
            "f([[1, 1], [1, 1]], [[0, 1], [2, 3]])",
            """[array([[ 1., 0.],
[-1., -2.]]),
array([[ 1., 0.],
[ 1., 2.]]),
array([[ 1., 0.],
[ 1., 4.]])]""",
        ),
    ),
)

DEFAULTS = Session(
    "default arguments",
    (
        Example("from theano import Param"),
        Example("x, y = T.dscalars('x', 'y')"),
        Example("z = x + y"),
        Example("f = function([x, Param(y, default=1)], z)"),
        Example("f(33)", "array(34.0)"),
        Example("f(33, 2)", "array(35.0)"),
        Example("x, y, w = T.dscalars('x', 'y', 'w')"),
        Example("z = (x + y) * w"),
        Example("f = function([x, Param(y, default=1), Param(w, default=2, name='w_by_name')], z)"),
        Example("f(33)", "array(68.0)"),
        Example("f(33, 2)", "array(70.0)"),
        Example("f(33, 0, 1)", "array(33.0)"),
        Example("f(33, w_by_name=1)", "array(34.0)"),
        Example("f(33, w_by_name=1, y=0)", "array(33.0)"),
    ),
)

STREAMS = Session(
    "random streams",
    (
        Example(
            """from theano.tensor.shared_randomstreams import RandomStreams
from theano import function
srng = RandomStreams(seed=234)
rv_u = srng.uniform((2,2))
rv_n = srng.normal((2,2))
f = function([], rv_u)
g = function([], rv_n, no_default_updates=True) #Not updating rv_n.rng
nearly_zeros = function([], rv_u + rv_u - 2 * rv_u)"""
        ),
        Example("f_val0 = f()"),
        Example("f_val1 = f() #different numbers from f_val0"),
        Example("g_val0 = g() # different numbers from f_val0 and f_val1"),
        Example("g_val1 = g() # same numbers as g_val0!"),
        Example("nearly_zeros = function([], rv_u + rv_u - 2 * rv_u)"),
        Example("rng_val = rv_u.rng.get_value(borrow=True) # Get the rng for rv_u"),
        Example("rng_val.seed(89234) # seeds the generator"),
        Example("rv_u.rng.set_value(rng_val, borrow=True) # Assign back seeded rng"),
        Example("srng.seed(902340) # seeds rv_u and rv_n with different seeds each"),
        Example("state_after_v0 = rv_u.rng.get_value().get_state()"),
        Example("nearly_zeros() # this affects rv_u's generator"),
        Example("v1 = f()"),
        Example("rng = rv_u.rng.get_value(borrow=True)"),
        Example("rng.set_state(state_after_v0)"),
        Example("rv_u.rng.set_value(rng, borrow=True)"),
        Example("v2 = f() # v2 != v1"),
        Example("v3 = f() # v3 == v1"),
    ),
    setup="",
)

TRANSFER_CODE = """import theano
import numpy
import theano.tensor as T
from theano.sandbox.rng_mrg import MRG_RandomStreams
from theano.tensor.shared_randomstreams import RandomStreams
class Graph():
    def __init__(self, seed=123):
        self.rng = RandomStreams(seed)
        self.y = self.rng.uniform(size=(1,))
g1 = Graph(seed=123)
f1 = theano.function([], g1.y)
g2 = Graph(seed=987)
f2 = theano.function([], g2.y)
print('By default, the two functions are out of sync.')
print('f1() returns ', f1())
print('f2() returns ', f2())
def copy_random_state(g1, g2):
    if isinstance(g1.rng, MRG_RandomStreams):
        g2.rng.rstate = g1.rng.rstate
    for (su1, su2) in zip(g1.rng.state_updates, g2.rng.state_updates):
        su2[0].set_value(su1[0].get_value())
print('We now copy the state of the theano random number generators.')
copy_random_state(g1, g2)
print('f1() returns ', f1())
print('f2() returns ', f2())
"""

TRANSFER_SHOWN = """By default, the two functions are out of sync.
f1() returns [ 0.72803009]
f2() returns [ 0.55056769]
We now copy the state of the theano random number generators.
f1() returns [ 0.59044123]
f2() returns [ 0.59044123]
"""

TRANSFER = Session("copying random state", (Example(TRANSFER_CODE, TRANSFER_SHOWN),), setup="")

REGRESSION_CODE = """import numpy
import theano
import theano.tensor as T
rng = numpy.random
N = 400
feats = 784
D = (rng.randn(N, feats), rng.randint(size=N, low=0, high=2))
training_steps = 10000
# Declare Theano symbolic variables
x = T.matrix("x")
y = T.vector("y")
w = theano.shared(rng.randn(feats), name="w")
b = theano.shared(0., name="b")
print("Initial model:")
print(w.get_value(), b.get_value())
# Construct Theano expression graph
p_1 = 1 / (1 + T.exp(-T.dot(x, w) - b)) # Probability that target = 1
prediction = p_1 > 0.5 # The prediction thresholded
xent = -y * T.log(p_1) - (1-y) * T.log(1-p_1) # Cross-entropy loss function
cost = xent.mean() + 0.01 * (w ** 2).sum()# The cost to minimize
gw, gb = T.grad(cost, [w, b]) # Compute the gradient of the cost
# (we shall return to this in a
# following section of this tutorial)
# Compile
train = theano.function(
          inputs=[x,y],
          outputs=[prediction, xent],
          updates=((w, w - 0.1 * gw), (b, b - 0.1 * gb)))
predict = theano.function(inputs=[x], outputs=prediction)
# Train
for i in range(training_steps):
    pred, err = train(D[0], D[1])
print("Final model:")
print(w.get_value(), b.get_value())
print("target values for D:", D[1])
print("prediction on D:", predict(D[0]))
"""

REGRESSION = Session("logistic regression", (Example(REGRESSION_CODE),), setup="")

SESSIONS = (LOGISTIC, SEVERAL_OUTPUTS, DEFAULTS, STREAMS, TRANSFER, REGRESSION)

OWN_NAMES = (
    ("from theano.tensor.shared_randomstreams import", "from interactive_sym.tensor.shared_randomstreams import"),
    ("from theano.sandbox.rng_mrg import", "from interactive_sym.tensor.rng_mrg import"),
    ("from theano import", "from interactive_sym import"),
    ("import theano.tensor as T", "import interactive_sym.tensor as T"),
    ("import theano\n", "import interactive_sym as theano\n"),
)


def under_own_names(code: str) -> str:
    """The same code with imports from `interactive_sym` itself."""
    for theirs, ours in OWN_NAMES:
        code = code.replace(theirs, ours)
    return code


def words(text: str) -> str:
    """The text with runs of white space made one blank, and none inside the brackets' edges."""
    return " ".join(text.split()).replace("[ ", "[").replace(" ]", "]")


def execute(code: str, namespace: dict[str, Any]) -> str:
    """Runs code as the interactive prompt does; returns what it prints, or the repr of a last expression."""
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream), np.printoptions(legacy="1.13"):
        exec(compile(tree, "<seed>", "exec"), namespace)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), "<seed>", "eval"), namespace)
            if value is not None:
                print(repr(value))
    return stream.getvalue()


def run(session: Session, own_names: bool) -> tuple[dict[str, Any], list[str]]:
    """Executes a session; returns its namespace and what each example showed."""
    rename = under_own_names if own_names else str
    namespace: dict[str, Any] = {"__name__": "seed"}
    exec(compile(rename(session.setup), "<seed>", "exec"), namespace)
    return namespace, [execute(rename(example.code), namespace) for example in session.examples]


def relations(name: str, namespace: dict[str, Any]) -> dict[str, bool]:
    """What the chapter states about a session's values without printing them, and whether it is so."""

    def same(left: str, right: str) -> bool:
        return bool(np.array_equal(namespace[left], namespace[right]))

    if name == STREAMS.name:
        return {
            "f_val0 != f_val1": not same("f_val0", "f_val1"),
            "g_val0 != f_val0": not same("g_val0", "f_val0"),
            "g_val0 != f_val1": not same("g_val0", "f_val1"),
            "g_val0 == g_val1": same("g_val0", "g_val1"),
            "nearly_zeros() is nearly zero": bool(np.abs(namespace["nearly_zeros"]()).max() < 1e-15),
            "v2 != v1": not same("v2", "v1"),
            "v3 == v1": same("v3", "v1"),
        }
    if name == REGRESSION.name:
        targets = namespace["D"][1]
        return {
            "10,000 steps": namespace["i"] == 9999,
            "prediction == target": bool(np.array_equal(namespace["predict"](namespace["D"][0]), targets)),
            "the last training prediction == target": bool(np.array_equal(namespace["pred"], targets)),
        }
    return {}


def report() -> dict[str, dict[str, Any]]:
    """Every session under the chapter's own names: what each example showed, its relations and its seconds."""
    out = {}
    for session in SESSIONS:
        start = time.perf_counter()
        namespace, shown = run(session, own_names=False)
        seconds = time.perf_counter() - start
        out[session.name] = {"shown": shown, "relations": relations(session.name, namespace), "seconds": seconds}
    return out


if __name__ == "__main__":
    json.dump(report(), sys.stdout)
