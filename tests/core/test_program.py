"""Programs: interning, closing, digests, and the walk that replaces nodes."""

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym import shared
from interactive_sym.core.program import Cycle, Interner, make_program, rewritten
from interactive_sym.core.rewrite import start
from interactive_sym.tensor.shared_randomstreams import RandomStreams

x, y = T.dvectors("x", "y")


def test_a_program_finds_its_shared_variables_and_nodes():
    w, n = shared(np.ones(3), name="w"), shared(0, name="n")
    program = make_program([x], [x * w], [(n, n + 1)])
    assert program.shared == (w, n)
    assert [node.op.name for node in program.nodes] == ["mul", "add"]
    assert program.results == (*program.outputs, program.updates[0][1])
    assert program.numbers[program.nodes[1]] == 1


def test_equal_nodes_become_one():
    program = make_program([x, y], [T.exp(x) + y, T.exp(x) * T.exp(x)], [])
    trace = start(program)
    assert [node.op.name for node in trace.final.nodes].count("exp") == 1
    assert len(trace) == 2 and all(firing.rule == "merge" for firing in trace)
    assert len(start(program, merge=False).final.nodes) == len(program.nodes)


def test_equal_constants_are_one_and_signed_zeros_are_not():
    interner = Interner()
    one, again, other = T.constant(1.0), T.constant(np.float32(1)), T.constant(1)
    assert interner.constant(one) is interner.constant(again) is not interner.constant(other)
    assert interner.constant(T.constant(0.0)) is not interner.constant(T.constant(-0.0))


def test_draws_from_the_same_state_are_the_same_and_others_are_not():
    streams = RandomStreams(1)
    first, second = streams.uniform((2,)), streams.uniform((2,))
    trace = start(make_program([], [first, second], []))
    assert trace.final.outputs[0] is not trace.final.outputs[1]


def test_digests_tell_structure_apart_and_nothing_else():
    def digest(*outputs):
        return make_program([x, y], outputs, []).digest()

    assert digest(T.exp(x) + y) == digest(T.exp(x) + y)
    assert digest(T.exp(x) + y) != digest(T.exp(y) + x)
    assert digest(x + 1.0) != digest(x + 2.0)
    assert digest(x, y) != digest(y, x)


def test_depth_is_no_limit():
    total = x
    for _ in range(20_000):
        total = T.tanh(total)
    program = make_program([x], [total], [])
    assert len(start(program).final.nodes) == 20_000
    assert program.digest() == make_program([x], [total], []).digest()


def test_replacements_are_brought_to_their_end():
    chain = {"exp": T.tanh, "tanh": T.sin, "sin": T.cos}

    def replacement(node):
        following = chain.get(node.op.name)
        return None if following is None else [following(*node.inputs)]

    (result,) = rewritten([T.exp(T.exp(x)) + y], [x, y], Interner(), replacement)
    assert str(result.owner) == str((T.cos(T.cos(x)) + y).owner)


def test_replacements_that_lead_back_are_found():
    def replacement(node):
        return [{"sin": T.cos, "cos": T.sin}[node.op.name](*node.inputs)] if node.op.name in ("sin", "cos") else None

    interner = Interner()

    def interned(node):
        new = replacement(node)
        return None if new is None else interner.adopt(new)

    with pytest.raises(Cycle):
        rewritten([T.sin(x)], [x], interner, interned)
