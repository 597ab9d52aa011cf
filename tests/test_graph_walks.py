"""Walks over graphs by Theano's names."""

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym import Apply, Op, function, graph_walks


class Halves(Op):
    """The two halves of a vector, the first a view."""

    __props__ = ()
    view_map = {0: [0]}  # noqa: RUF012
    default_output = 1

    def make_node(self, x):
        x = T.as_tensor_variable(x)
        return Apply(self, [x], [x.type(), x.type()])

    def perform(self, node, inputs, output_storage):
        middle = len(inputs[0]) // 2
        output_storage[0][0], output_storage[1][0] = inputs[0][:middle], inputs[0][middle:].copy()


@pytest.fixture
def x():
    return T.dvector("x")


def test_nodes_know_their_default_output_and_parents(x):
    node = (x + 1).owner
    assert node.default_output() is node.outputs[0]
    assert node.get_parents() == list(node.inputs)
    assert node.outputs[0].get_parents() == [node] and x.get_parents() == []
    halves = Halves().make_node(x)
    assert halves.default_output() is halves.outputs[1]
    several = T.max_and_argmax(x)[0].owner
    if len(several.outputs) > 1:
        with pytest.raises(ValueError, match="no default"):
            several.default_output()


def test_a_copied_node_computes_the_same(x):
    node = (T.exp(x) * 2).owner
    copy = node.clone()
    assert copy is not node and copy.op == node.op and copy.inputs == node.inputs
    assert copy.outputs[0] is not node.outputs[0] and copy.where == node.where
    values = np.linspace(0, 1, 4)
    np.testing.assert_array_equal(function([x], copy.outputs[0])(values), function([x], node.outputs[0])(values))


def test_constants_are_equal_by_type_and_bits():
    assert T.constant(1.5).equals(T.constant(1.5))
    assert not T.constant(1.5, dtype="float64").equals(T.constant(1.5, dtype="float32"))
    assert not T.constant(0.0).equals(T.constant(-0.0))
    assert not T.constant(1.5).equals(1.5)
    assert T.constant(2).merge_signature() == T.constant(2).merge_signature()


def test_search_is_wide_or_deep():
    tree = {"a": "bc", "b": "d", "c": "e"}
    assert graph_walks.stack_search("a", tree.get) == list("abcde")
    assert graph_walks.stack_search("a", tree.get, "dfs") == list("acebd")
    found, back = graph_walks.stack_search("a", tree.get, build_inv=True)
    assert found == list("abcde") and back["e"] == ["c"] and "a" not in back
    with pytest.raises(ValueError, match="bfs"):
        graph_walks.stack_search("a", tree.get, "best")


def test_connection_goes_through_chains(x):
    y = T.dvector("y")
    z = T.argmax(y) * T.exp(x)
    assert graph_walks.io_connection_pattern([x, y], [z, y * 2]) == [[True, False], [False, True]]


def test_graphs_as_text(x):
    first, second = Halves()(x)
    assert graph_walks.as_string([x], [second, first + 1])[0] == "Halves(x)::1"
    assert graph_walks.op_as_string([x], second.owner) == "Halves(x)"
    assert graph_walks.as_string([x], [x * x], lambda v: v.name.upper(), lambda op, texts: f"<{' '.join(texts)}>") == [
        "<X X>"
    ]


def test_views_lead_to_what_they_show(x):
    y = T.exp(x)
    first, second = Halves()(y)
    assert graph_walks.view_roots(first) == [y]
    assert graph_walks.view_roots(second) == [second]


def test_a_copy_of_a_graph_as_a_table(x):
    y = T.dvector("y")
    z = x * y + 1
    copies = graph_walks.clone_get_equiv([x], [z], copy_orphans=False)
    assert copies[y] is y and copies[x] is not x
    assert copies[z].owner is copies[z.owner]
    f = function([copies[x], y], copies[z])
    np.testing.assert_array_equal(f([2.0], [3.0]), [7.0])
    kept = graph_walks.clone_get_equiv([x], [z], memo={x: x})
    assert kept[x] is x
