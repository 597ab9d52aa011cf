"""Saving: pickles of graphs, functions and streams; the safe format; zip files of arrays."""

import copy
import io
import json
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym import pkl_utils
from interactive_sym.core.configuration import config
from interactive_sym.core.graph import toposort
from interactive_sym.core.shared import shared
from interactive_sym.function import function
from interactive_sym.saving import function_dump, load, save
from interactive_sym.tensor.rng_mrg import MRG_RandomStreams
from interactive_sym.tensor.shared_randomstreams import RandomStreams


def again(thing: Any) -> Any:
    return pickle.loads(pickle.dumps(thing))


# -- pickles -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_variables_of_one_graph_stay_so(order: tuple[int, int, int]) -> None:
    x = T.dvector("x")
    hidden = T.tanh(x * 2)
    hidden.name = "hidden"
    cost = T.sum(hidden**2)
    things = [x, hidden, cost]
    found = again([things[k] for k in order])
    x2, h2, c2 = (found[order.index(k)] for k in range(3))
    assert (x2.name, h2.name, h2.type) == ("x", "hidden", hidden.type)
    want = T.grad(cost, hidden).eval({x: [1.0, 2.0]})
    np.testing.assert_array_equal(T.grad(c2, h2).eval({x2: [1.0, 2.0]}), want)
    assert c2.owner.where.label == cost.owner.where.label


def test_one_pickler_for_several_dumps() -> None:
    x = T.dscalar("x")
    y = x * 2
    z = y + 1
    file = io.BytesIO()
    pickler = pickle.Pickler(file)
    pickler.dump(y)
    pickler.dump(z)
    file.seek(0)
    unpickler = pickle.Unpickler(file)
    y2, z2 = unpickler.load(), unpickler.load()
    assert z2.owner.inputs[0] is y2


def test_depth_is_no_limit() -> None:
    x = T.dscalar("x")
    y = x
    for _ in range(4_000):
        y = T.exp(y)
    z = again(y)
    assert len(toposort([z])) == 4_000
    assert len(toposort([copy.deepcopy(y)])) == 4_000


def test_tags_origins_and_nodes() -> None:
    x = T.dvector("x")
    y = x**2
    y.tag.note = ["kept", x]
    y.tag.test_value = np.ones(2)
    y.eval({x: [1.0, 2.0]})
    gradient = T.grad(T.sum(y), x)
    y2, x2, node, g2 = again([y, x, y.owner, gradient])
    assert y2.tag.note[0] == "kept" and y2.tag.note[1] is x2
    np.testing.assert_array_equal(y2.tag.test_value, [1, 1])
    assert "eval_functions" not in vars(y2.tag) and node is y2.owner
    origins = [n.origin for n in toposort([g2]) if n.origin is not None]
    assert origins and all(o.kind == "gradient" for o in origins)
    with config.change_flags(pickle_test_value=False):
        assert not hasattr(again(y).tag, "test_value")


def test_copies() -> None:
    w = shared(np.ones(2), name="w")
    y = w * 2
    deep = copy.deepcopy(y)
    assert deep.owner.inputs[0] is not w and deep.owner.inputs[0].container is not w.container
    assert copy.copy(y).owner.inputs[0] is w
    constant = again(T.constant([1.0, 2.0]))
    np.testing.assert_array_equal(constant.data, [1, 2])


def test_models_with_streams_go_on_where_they_were() -> None:
    streams = RandomStreams(3)
    w = shared(np.zeros(2), name="w")
    noise = streams.normal((2,))
    step = function([], w + noise, updates=[(w, w + noise)])
    look = function([], w * 2)
    step()
    model = {"streams": streams, "w": w, "noise": noise, "step": step, "look": look}
    twin = again(model)
    np.testing.assert_array_equal(twin["step"](), step())
    np.testing.assert_array_equal(twin["w"].get_value(), w.get_value())
    np.testing.assert_array_equal(twin["look"](), look())
    assert twin["w"] in twin["step"].get_shared() and twin["w"] is not w
    assert twin["noise"].rng is twin["streams"].state_updates[0][0]
    np.testing.assert_array_equal(function([], twin["noise"])(), function([], noise)())
    np.testing.assert_array_equal(twin["streams"].normal((2,)).eval(), streams.normal((2,)).eval())
    mrg = MRG_RandomStreams(5)
    u = mrg.uniform((3,))
    f = function([], u)
    f()
    np.testing.assert_array_equal(again(f)(), f())


def test_default_updates_that_lead_back() -> None:
    s = shared(1.0, name="s")
    e = s * 2
    s.default_update = e + 1
    s2, e2 = again([s, e])
    assert s2.default_update.owner.inputs[0] is e2 and e2.owner.inputs[0] is s2
    f = function([], e2)
    assert [float(f()), float(f())] == [2.0, 6.0]
    alone = again(s)
    assert alone.default_update.owner is not None


# -- the safe format ---------------------------------------------------------------------------------------------------


def test_save_and_load(tmp_path: Path) -> None:
    w, b = shared(np.arange(6.0).reshape(2, 3), name="w"), shared(np.float32(2.5), name="b")
    row = shared(np.ones((1, 3)), broadcastable=(True, False))
    model = {"layers": [w, b, (w, row)], "epoch": 3, "name": "net", "rate": 0.1, "none": None, "raw": np.array([1, 2])}
    path = tmp_path / "model.zip"
    save(path, model)
    found = load(path)
    assert found["layers"][0] is found["layers"][2][0] and isinstance(found["layers"][2], tuple)
    assert found["layers"][2][1].type.broadcastable == (True, False)
    assert (found["epoch"], found["name"], found["rate"], found["none"]) == (3, "net", 0.1, None)
    assert found["layers"][1].type.dtype == "float32" and found["layers"][0].name == "w"
    np.testing.assert_array_equal(found["raw"], [1, 2])
    w.set_value(np.zeros((2, 3)))
    filled = load(path, into=model)
    np.testing.assert_array_equal(w.get_value(), np.arange(6.0).reshape(2, 3))
    assert filled["layers"][0] is w
    assert os.listdir(tmp_path) == ["model.zip"]


def test_streams_and_functions(tmp_path: Path) -> None:
    streams, mrg = RandomStreams(1), MRG_RandomStreams(2)
    u, v = streams.uniform((2,)), mrg.uniform((2,))
    f = function([], [u, v])
    f()
    path = tmp_path / "streams.zip"
    save(path, {"streams": streams, "mrg": mrg, "f": f})
    want = [f(), f()]
    later = streams.normal(), mrg.uniform((1,))
    load(path, into={"streams": _trimmed(streams), "mrg": _trimmed(mrg), "f": f})
    for first, second in zip(want, [f(), f()]):
        np.testing.assert_array_equal(first[0], second[0])
        np.testing.assert_array_equal(first[1], second[1])
    assert len(later) == 2
    with pytest.raises(TypeError, match=r"RandomStreams with 1 variables; nothing to\s+load it into"):
        load(path)


def _trimmed(streams: Any) -> Any:
    del streams.state_updates[1:]
    return streams


def test_nothing_changes_unless_everything_fits(tmp_path: Path) -> None:
    path = tmp_path / "model.zip"
    a, b = shared(np.zeros(2), name="a"), shared(np.zeros(2), name="b")
    save(path, [a, b])
    a.set_value(np.ones(2))
    with pytest.raises(TypeError, match=r"the saved value of model\[1\]"):
        load(path, into=[a, shared(np.zeros((2, 2)))])
    np.testing.assert_array_equal(a.get_value(), [1, 1])
    for other in ([a], {"a": a}, [a, 3], a):
        with pytest.raises(TypeError, match="was saved as"):
            load(path, into=other)


def test_what_can_not_be_saved(tmp_path: Path) -> None:
    path = tmp_path / "model.zip"
    path.write_text("before")
    with pytest.raises(TypeError, match=r"model\['deep'\]\[1\] is a function"):
        save(path, {"deep": [1, lambda x: x]})
    with pytest.raises(TypeError, match="keys of model"):
        save(path, {1: 2})
    with pytest.raises(TypeError, match="only numbers"):
        save(path, np.array([object()]))
    assert path.read_text() == "before" and os.listdir(tmp_path) == ["model.zip"]


def test_damaged_and_hostile_files(tmp_path: Path) -> None:
    path = tmp_path / "model.zip"
    save(path, {"w": shared(np.arange(1000.0))})
    data = path.read_bytes()
    for cut in range(0, len(data), 500):
        path.write_bytes(data[:cut])
        with pytest.raises(ValueError, match=r"damaged|not a saved model"):
            load(path)
    evil = np.empty(1, dtype=object)
    evil[0] = "code"
    buffer = io.BytesIO()
    np.save(buffer, evil, allow_pickle=True)
    structure = {"format": "interactive_sym model", "version": 1, "tree": {"array": 0}, "values": []}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model.json", json.dumps(structure))
        archive.writestr("0.npy", buffer.getvalue())
    with pytest.raises(ValueError, match="allow_pickle"):
        load(path)
    for wrong in ({**structure, "version": 9}, {**structure, "format": "other"}, {**structure, "tree": {"eval": "1"}}):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("model.json", json.dumps(wrong))
        with pytest.raises(ValueError, match=r"version|not a saved model|does not know"):
            load(path)


# -- zip files of arrays -----------------------------------------------------------------------------------------------


def test_zip_pickles() -> None:
    w, w2 = shared(np.arange(3.0), name="w"), shared(np.ones(2), name="w")
    x = T.dvector("x")
    f = function([x], x * w)
    file = io.BytesIO()
    pkl_utils.dump({"w": w, "w2": w2, "f": f, "raw": np.zeros(2)}, file)
    found = pkl_utils.load(file)
    np.testing.assert_array_equal(found["f"]([1.0, 1.0, 1.0]), [0, 1, 2])
    found["w"].set_value(np.zeros(3))
    np.testing.assert_array_equal(found["f"]([1.0, 1.0, 1.0]), [0, 0, 0])
    file.seek(0)
    arrays = np.load(file)
    np.testing.assert_array_equal(arrays["w"], [0, 1, 2])
    np.testing.assert_array_equal(arrays["w_2"], [1, 1])
    with pytest.raises(ValueError, match="two shared variables"):
        pkl_utils.dump(
            [w, w2], io.BytesIO(), persistent_id=lambda z: pkl_utils.PersistentSharedVariableID(z, True, False)
        )
    with pytest.raises(ValueError, match="no name"):
        pkl_utils.dump(
            shared(np.ones(2)), io.BytesIO(), persistent_id=lambda z: pkl_utils.PersistentSharedVariableID(z, False)
        )


def test_strip_pickler() -> None:
    x = T.dvector("x")
    x.tag.test_value, x.tag.note, x.tag.other = np.ones(2), "a", "b"
    file = io.BytesIO()
    pkl_utils.StripPickler(file, extra_tag_to_remove="note").dump(x)
    file.seek(0)
    assert vars(pkl_utils.CompatUnpickler(file).load().tag) == {"other": "b"}


def test_function_dump(tmp_path: Path) -> None:
    path = tmp_path / "call.pkl"
    x, s = T.dscalar("x"), shared(1.0, name="s")
    function_dump(path, [x], x + s, updates=[(s, s * 2)], name="twice")
    with open(path, "rb") as file:
        f = function(**pickle.load(file))
    assert [float(f(1.0)), float(f(1.0))] == [2.0, 3.0] and f.name == "twice"
    assert float(s.get_value()) == 1.0
