"""What the inspector says of a function's loop nests."""

import json

import numpy as np

import interactive_sym.tensor as T
from interactive_sym import function
from interactive_sym.viz.compiled import function_view
from interactive_sym.viz.model import view_message


def test_each_nest_says_how_threads_share_it_or_why_not():
    x = T.dmatrix("x")
    f = function([x], [T.tanh(x).sum(), T.argmax(x, axis=0)])
    message = json.loads(json.dumps(view_message(function_view(f), "f", True)))
    said = [nest["threads"] for nest in message["code"]["nests"]]
    assert len(said) == len(f.plan.groups) and all(said)
    assert all(text.startswith(("one thread: ", "threads share its ")) for text in said)
    assert f(np.ones((2, 3)))[1].shape == (3,)
