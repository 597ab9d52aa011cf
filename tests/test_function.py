"""`function`: arguments, defaults, updates, givens, copies, containers; the interpreter beside the compiled path."""

import pickle
import warnings

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym import In, MissingInputError, Mode, Out, Param, UnusedInputError, function, shared
from interactive_sym.core.configuration import config
from interactive_sym.core.shared import Container
from interactive_sym.function import Function

RUNNERS = {"c": Mode("c"), "py": Mode("py"), "plain": Mode("py", "None"), "c plain": Mode("c", "None")}


@pytest.fixture(params=list(RUNNERS))
def mode(request):
    return RUNNERS[request.param]


class TestOutputs:
    def test_one_output_is_an_array(self, mode):
        x = T.dmatrix("x")
        value = function([x], 1 / (1 + T.exp(-x)), mode=mode)([[0, 1], [-1, -2]])
        np.testing.assert_allclose(value, [[0.5, 0.7310585786], [0.2689414214, 0.1192029220]])

    def test_scalar_results_are_0d_arrays(self, mode):
        x, y = T.dscalars("x", "y")
        value = function([x, y], x + y, mode=mode)(2, 3)
        assert isinstance(value, np.ndarray) and value.shape == () and value.dtype == np.float64 and value == 5

    def test_a_list_gives_a_list(self, mode):
        a, b = T.dmatrices("a", "b")
        f = function([a, b], [a - b, abs(a - b), (a - b) ** 2], mode=mode)
        difference, magnitude, square = f([[1, 1], [1, 1]], [[0, 1], [2, 3]])
        np.testing.assert_array_equal(difference, [[1, 0], [-1, -2]])
        np.testing.assert_array_equal(magnitude, [[1, 0], [1, 2]])
        np.testing.assert_array_equal(square, [[1, 0], [1, 4]])

    def test_a_dictionary_gives_a_dictionary(self, mode):
        x = T.dscalar("x")
        assert function([x], {"double": 2 * x, "back": -x}, mode=mode)(3) == {"double": 6.0, "back": -3.0}

    def test_dictionary_keys_are_strings(self):
        x = T.dscalar("x")
        with pytest.raises(TypeError, match="strings"):
            function([x], {1: x})

    def test_none_gives_none(self, mode):
        state = shared(0)
        assert function([], None, updates=[(state, state + 1)], mode=mode)() is None
        assert state.get_value() == 1

    def test_subset_of_outputs(self, mode):
        x = T.dscalar("x")
        f = function([x], [x, 2 * x, 3 * x], mode=mode)
        assert f(1, output_subset=[0, 2]) == [1.0, 3.0]
        g = function([x], {"a": x, "b": 2 * x}, mode=mode)
        assert g(1, output_subset=["b"]) == {"b": 2.0}

    def test_an_output_that_is_an_input_or_a_constant_is_the_callers_own(self, mode):
        x = T.dvector("x")
        f = function([x], [x, T.constant([1.0, 2.0]), x], mode=mode)
        given = np.array([3.0, 4.0])
        first, second, third = f(given)
        first += 1
        second += 1
        np.testing.assert_array_equal(given, [3, 4])
        np.testing.assert_array_equal(third, [3, 4])
        np.testing.assert_array_equal(f(given)[1], [1, 2])

    def test_out_wraps_an_output(self, mode):
        x = T.dscalar("x")
        assert function([x], Out(x + 1, borrow=True), mode=mode)(1) == 2


class TestArguments:
    def test_defaults_by_position_and_by_name(self, mode):
        x, y, w = T.dscalars("x", "y", "w")
        f = function([x, In(y, value=1), In(w, value=2, name="w_by_name")], (x + y) * w, mode=mode)
        assert f(33) == 68
        assert f(33, 2) == 70
        assert f(33, 0, 1) == 33
        assert f(33, w_by_name=1) == 34
        assert f(33, w_by_name=1, y=0) == 33

    def test_a_default_is_restored_after_a_call(self, mode):
        x, y = T.dscalars("x", "y")
        f = function([x, In(y, value=1)], x + y, mode=mode)
        assert [f(1, 10), f(1)] == [11, 2]

    def test_param_is_the_old_name_and_warns(self):
        x = T.dscalar("x")
        with pytest.warns(DeprecationWarning, match="In"):
            made = Param(x, default=1)
        assert function([made], x + 1)() == 2

    def test_tuple_shortcuts(self, mode):
        x, y, z = T.dscalars("x", "y", "z")
        f = function([("first", x), (y, 2), ("third", z, 3)], x + 10 * y + 100 * z, mode=mode)
        assert f(1) == 321
        assert f(first=1, third=0) == 21

    def test_an_input_with_an_update_keeps_state(self, mode):
        step, state = T.dscalars("step", "state")
        f = function([step, In(state, value=0.0, update=state + step)], state, mode=mode)
        assert [float(f(1)), float(f(2)), float(f(3))] == [0, 1, 3]
        assert f[state] == 6 and f["state"] == 6
        f["state"] = 100
        assert f(1) == 100
        assert f(1, 5) == 5 and f["state"] == 6

    def test_a_failed_call_leaves_state(self, mode):
        x, state = T.dvector("x"), T.dvector("state")
        f = function([x, In(state, value=np.zeros(2), update=state + x)], state, mode=mode)
        with pytest.raises(ValueError):
            f(np.zeros(3), np.ones(2))
        np.testing.assert_array_equal(f[state], [0, 0])

    def test_implicit_inputs_read_a_container(self, mode):
        x, a = T.dscalars("x", "a")
        box = Container(a.type, np.asarray(5.0), "a")
        f = function([x, In(a, value=box)], x + a, mode=mode)
        assert f(1) == 6
        box.value = 7.0
        assert f(1) == 8
        with pytest.raises(TypeError, match="implicit"):
            f(1, a=3)

    @pytest.mark.parametrize(
        ("call", "text"),
        [
            (lambda f: f(), "missing 1 required argument: 'x'"),
            (lambda f: f(1, 2, 3), "takes 2 arguments, got 3"),
            (lambda f: f(1, x=1), "several values for argument 'x'"),
            (lambda f: f(1, q=1), "no argument 'q'"),
        ],
    )
    def test_wrong_arguments(self, call, text):
        x, y = T.dscalars("x", "y")
        f = function([x, In(y, value=1)], x + y, name="plus")
        with pytest.raises(TypeError, match=text) as raised:
            call(f)
        assert "plus" in str(raised.value)

    def test_ambiguous_names(self):
        x, y = T.dscalar("x"), T.dscalar("x")
        with pytest.raises(TypeError, match="named 'x'"):
            function([x, y], x + y)(1, x=2)

    def test_a_default_before_a_required_input(self):
        x, y = T.dscalars("x", "y")
        with pytest.raises(TypeError, match="no default and follows"):
            function([In(x, value=1), y], x + y)

    def test_lists_are_accepted_where_each_number_is_held(self, mode):
        x = T.ivector("x")
        f = function([x], x * 2, mode=mode)
        np.testing.assert_array_equal(f([1, 2.0, 3]), [2, 4, 6])
        with pytest.raises(TypeError, match=r"2\.5"):
            f([1, 2.5])

    def test_downcasting(self, mode):
        x = T.fscalar("x")
        with pytest.raises(TypeError, match="float64"):
            function([x], x, mode=mode)(np.float64(0.1))
        assert function([x], x, mode=mode, allow_input_downcast=True)(np.float64(0.1)) == np.float32(0.1)
        assert function([In(x, allow_downcast=True)], x, mode=mode)(0.1) == np.float32(0.1)

    def test_strict(self, mode):
        x = T.dvector("x")
        f = function([In(x, strict=True)], x, mode=mode)
        f(np.zeros(2))
        with pytest.raises(TypeError, match="strict"):
            f(np.zeros(2, "float32"))

    @pytest.mark.parametrize(
        "layout",
        [
            lambda a: a,
            lambda a: np.asfortranarray(a),
            lambda a: a[::-1, ::-1].copy()[::-1, ::-1],
            lambda a: np.repeat(np.repeat(a, 2, 0), 3, 1)[::2, ::3],
            lambda a: a.astype(a.dtype.newbyteorder()),
            lambda a: np.frombuffer(b"x" + a.tobytes(), dtype=a.dtype, offset=1).reshape(a.shape),
            lambda a: np.broadcast_to(a, a.shape),
            lambda a: a.view(np.matrix),
        ],
    )
    def test_any_layout_of_input(self, mode, layout):
        x, y = T.dmatrices("x", "y")
        f = function([x, y], [x + y, T.dot(x, y.T), x.sum(axis=0)], mode=mode)
        a, b = np.arange(12.0).reshape(3, 4), np.arange(12.0)[::-1].reshape(3, 4).copy()
        before = a.copy()
        total, product, column = f(layout(a), layout(b))
        np.testing.assert_array_equal(total, a + b)
        np.testing.assert_array_equal(product, a @ b.T)
        np.testing.assert_array_equal(column, a.sum(0))
        np.testing.assert_array_equal(a, before)

    def test_unused_inputs(self):
        x, y = T.dscalars("x", "y")
        with pytest.raises(UnusedInputError, match="no influence"):
            function([x, y], x)
        with pytest.warns(UserWarning, match="no influence"):
            function([x, y], x, on_unused_input="warn")
        assert function([x, y], x, on_unused_input="ignore")(1, 2) == 1

    def test_what_a_derivative_was_taken_of_counts_as_used(self, mode):
        x, w = T.dvectors("x", "w")
        f = function([x, w], T.grad(T.dot(x, w), w), mode=mode)
        np.testing.assert_array_equal(f([1, 2], [3, 4]), [1, 2])

    def test_an_input_listed_twice(self):
        x = T.dscalar("x")
        with pytest.raises(UnusedInputError, match="twice"):
            function([x, x], x)

    def test_missing_inputs_name_the_path(self):
        x, w = T.dscalars("x", "w")
        with pytest.raises(MissingInputError, match="w") as raised:
            function([x], T.exp(x * w))
        assert "path: w -> mul -> exp" in str(raised.value) and "T.exp(x * w)" in str(raised.value)

    def test_inputs_are_a_list(self):
        x = T.dscalar("x")
        with pytest.raises(TypeError, match="list"):
            function(x, x)

    def test_shared_variables_and_constants_are_no_inputs(self):
        s, x = shared(1.0, name="s"), T.dscalar("x")
        with pytest.raises(TypeError, match="shared variable s"):
            function([s], s)
        with pytest.raises(TypeError, match="constant"):
            function([x, T.constant(1)], x)


class TestShared:
    def test_updates_are_computed_from_the_old_values(self, mode):
        a, b = shared(1.0, name="a"), shared(2.0, name="b")
        f = function([], [a, b], updates={a: b, b: a + b}, mode=mode)
        assert f() == [1, 2] and f() == [2, 3]
        assert (a.get_value(), b.get_value()) == (3, 5)

    def test_accumulator(self, mode):
        state, inc = shared(0), T.iscalar("inc")
        f = function([inc], state, updates=[(state, state + inc)], mode=mode)
        assert [int(f(1)), int(f(300))] == [0, 1]
        assert state.get_value() == 301
        state.set_value(-1)
        assert f(3) == -1

    def test_givens(self, mode):
        state, inc, foo = shared(0), T.iscalar("inc"), T.scalar(dtype=shared(0).dtype)
        skip = function([inc, foo], state * 2 + inc, givens=[(state, foo)], mode=mode)
        assert skip(1, 3) == 7
        assert state.get_value() == 0

    def test_givens_wants_the_same_type(self):
        x, y = T.dscalar("x"), T.dvector("y")
        with pytest.raises(TypeError, match="can't stand for"):
            function([y], x + 1, givens={x: y})
        with pytest.raises(RuntimeError, match="both an input"):
            function([x], x + 1, givens={x: T.dscalar()})

    def test_default_updates(self, mode):
        state = shared(0)
        state.default_update = state + 1
        assert function([], state, mode=mode)() == 0 and state.get_value() == 1
        function([], state, no_default_updates=True, mode=mode)()
        function([], state, no_default_updates=[state], mode=mode)()
        assert state.get_value() == 1
        function([], state, updates={state: state + 10}, mode=mode)()
        assert state.get_value() == 11

    def test_updates_want_the_shared_type(self):
        f = shared(np.float32(1), name="f")
        with pytest.raises(TypeError, match="float64"):
            function([], [], updates=[(f, f * np.float64(0.1))])
        x = T.dscalar("x")
        with pytest.raises(TypeError, match="shared variables"):
            function([x], x, updates=[(x, x)])
        with pytest.raises(ValueError, match="twice"):
            function([], [], updates=[(f, f), (f, f)])

    def test_a_failed_call_changes_nothing(self, mode):
        a, b, x = shared(np.zeros(2)), shared(np.zeros(3)), T.dvector("x")
        f = function([x], [], updates=[(a, a + 1), (b, b + x)], mode=mode)
        with pytest.raises(ValueError, match="mis-match"):
            f(np.zeros(2))
        np.testing.assert_array_equal(a.get_value(), [0, 0])
        f(np.ones(3))
        np.testing.assert_array_equal(a.get_value(), [1, 1])

    def test_borrowing(self):
        array = np.zeros(2)
        copied, borrowed = shared(array), shared(array, borrow=True)
        array[:] = 1
        np.testing.assert_array_equal(copied.get_value(), [0, 0])
        np.testing.assert_array_equal(borrowed.get_value(), [1, 1])
        assert borrowed.get_value(borrow=True) is array and borrowed.get_value() is not array

    def test_set_value_keeps_the_old_value_when_refused(self):
        state = shared(np.zeros(2), name="state")
        with pytest.raises(TypeError, match="state wants 1 dimensions"):
            state.set_value(np.zeros((2, 2)))
        np.testing.assert_array_equal(state.get_value(), [0, 0])
        with pytest.raises(AttributeError, match="get_value"):
            state.value  # noqa: B018

    def test_shared_wants_a_value(self):
        with pytest.raises(TypeError, match="symbolic"):
            shared(T.dscalar("x"))
        assert not hasattr(shared({"any": "thing"}), "shape")

    def test_results_do_not_change_with_later_calls(self, mode):
        state = shared(np.zeros(3))
        f = function([], state, updates=[(state, state + 1)], mode=mode)
        first, second = f(), f()
        f()
        np.testing.assert_array_equal(first, [0, 0, 0])
        np.testing.assert_array_equal(second, [1, 1, 1])


class TestCopies:
    def test_swap(self, mode):
        state, inc = shared(0), T.iscalar("inc")
        accumulate = function([inc], state, updates=[(state, state + inc)], mode=mode)
        accumulate(10)
        fresh = shared(0)
        twin = accumulate.copy(swap={state: fresh})
        assert twin(100) == [0]
        assert (state.get_value(), fresh.get_value()) == (10, 100)

    def test_delete_updates(self, mode):
        state, inc = shared(0), T.iscalar("inc")
        accumulate = function([inc], state, updates=[(state, state + inc)], mode=mode)
        accumulate(10)
        assert accumulate.copy(delete_updates=True)(9000) == [10]
        assert state.get_value() == 10

    def test_swapping_what_is_not_used(self):
        x = T.dscalar("x")
        with pytest.raises(KeyError, match="does not use"):
            function([x], x + 1).copy(swap={shared(0.0): shared(0.0)})


class TestAccess:
    def test_containers(self):
        x, y = T.dscalars("x", "y")
        s = shared(3.0, name="s")
        f = function([x, In(y, value=1.0)], x + y + s)
        assert f["y"] == 1 and f[y] == 1 and f.value["y"] == 1 and f.container["y"].value == 1
        assert f["s"] == 3 and f[s] == 3
        f["y"] = 5
        assert f(0) == 8
        assert "y" in f and "nothing" not in f
        with pytest.raises(KeyError, match="nothing"):
            f["nothing"]

    def test_name_and_receipt(self):
        x = T.dscalar("x")
        f = function([x], x + 1, name="more")
        assert f.name == "more" and str(f) == "more" and "more" in repr(f)
        assert function([x], x + 1).name.startswith("test_function.py:")

    def test_c_source_names_the_kernel(self):
        x = T.dvector("x")
        f = function([x], T.exp(x))
        assert "isym_kernel" in f.c_source
        assert f.receipt is not None

    def test_the_compiled_graph_can_be_looked_at(self):
        x = T.dvector("x")
        f = function([x], T.log(1 + T.exp(x)))
        assert [node.op.name for node in f.maker.fgraph.toposort()] == ["softplus"]
        assert f.maker.fgraph.variables == {x, *f.outputs}

    def test_eval(self):
        x, y = T.dscalars("x", "y")
        z = x + y
        assert np.allclose(z.eval({x: 16.3, y: 12.1}), 28.4)
        assert np.allclose(z.eval({"x": 1, "y": 2}), 3)

    def test_pickle_keeps_what_is_shared(self):
        state, x = shared(np.zeros(2), name="state"), T.dvector("x")
        f = function([x], state.sum(), updates=[(state, state + x)])
        f([1, 2])
        g, twin = pickle.loads(pickle.dumps((f, state)))
        assert g([0, 0]) == 3
        g([1, 1])
        np.testing.assert_array_equal(twin.get_value(), [2, 3])
        np.testing.assert_array_equal(state.get_value(), [1, 2])


def test_modes_by_name():
    x = T.dscalar("x")
    assert function([x], x + 1, mode="FAST_COMPILE")(1) == 2
    with pytest.raises(ValueError, match="no mode"):
        function([x], x, mode="FASTEST")


def test_no_warning_in_an_ordinary_compilation():
    x = T.dvector("x")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        function([x], T.log(1 + x).sum())([1.0])


def test_calls_of_every_form_come_to_the_same():
    x, y = T.dscalars("x", "y")
    f = function([x, In(y, value=2.0)], x / y)

    class Loud(Function):
        def __call__(self, *arguments, **keywords):
            return "loud", super().__call__(*arguments, **keywords)

    loud = Loud(f._definition, f.mode)
    assert float(f(3, 4)) == float(f(3, y=4)) == float(f(y=4, x=3)) == float(f(*(3, 4))) == 0.75
    assert float(f(3)) == float(Function.__call__(f, 3.0, 2.0)) == 1.5
    assert loud(3, 4) == ("loud", 0.75) and list(map(f, [1, 2], [1, 1])) == [1, 2]
    for bad in ((), (1, 2, 3), (1, [2]), ("text", 1)):
        with pytest.raises(TypeError):
            f(*bad)


def test_errors_of_direct_calls_are_explained_as_others_are():
    x, y = T.dvectors("x", "y")
    f = function([x, y], x + y)
    found = []
    for call in (lambda: f([1.0, 2.0], [1.0, 2.0, 3.0]), lambda: f([1.0, 2.0], y=[1.0, 2.0, 3.0])):
        with pytest.raises(ValueError, match="axis 0") as caught:
            call()
        found.append(str(caught.value))
    assert found[0] == found[1] and "test_function.py" in found[0]
    with config.change_flags(exception_verbosity="high"), pytest.raises(ValueError, match="Values:"):
        f([1.0, 2.0], [1.0, 2.0, 3.0])


def test_keywords_and_defaults_in_every_combination():
    x, y, z = T.dscalars("x", "y", "z")
    f = function([x, In(y, value=2.0), In(z, value=3.0)], 100 * x + 10 * y + z)
    assert [float(v) for v in (f(1), f(1, 5), f(1, z=5), f(x=1), f(z=7, x=1), f(1, 5, 7), f(y=0, z=0, x=0))] == [
        123, 153, 125, 123, 127, 157, 0,
    ]  # fmt: skip
    f["y"] = 4
    assert float(f(1)) == 143
    for bad, text in (
        (lambda: f(), "missing"),
        (lambda: f(y=1), "missing"),
        (lambda: f(1, x=1), "several values"),
        (lambda: f(1, w=1), "no argument 'w'"),
        (lambda: f(1, 2, 3, 4), "takes 3 arguments, got 4"),
        (lambda: f(1, **{"a" * 300: 1}), "no argument"),
        (lambda: f(1, y="text"), "input 'y'"),
    ):
        with pytest.raises(TypeError, match=text):
            bad()
    same = function([x, T.dscalar("x")], x, on_unused_input="ignore")
    with pytest.raises(TypeError, match="2 arguments named 'x'"):
        same(1.0, x=2.0)


def test_a_default_replaced_while_it_is_used_stays_alive():
    x, y = T.dvector("x"), T.dvector("y")
    f = function([x, In(y, value=np.ones(3))], x + y)

    class Vector:
        def __array__(self, dtype=None, copy=None):
            f["y"] = np.full(3, 7.0)
            return np.arange(3.0)

    np.testing.assert_array_equal(f(Vector()), [1, 2, 3])
    np.testing.assert_array_equal(f([0.0, 0, 0]), [7, 7, 7])


@pytest.mark.parametrize("wanted", ["float64", "float32", "int64", "int8", "uint8", "complex128"])
def test_arrays_are_converted_or_refused_as_types_say(wanted):
    type_ = T.TensorType(wanted, shape=(None, 2))
    x = type_("x")
    f = function([x], x)
    given = np.arange(12).reshape(3, 4)
    for dtype in ("bool", "int8", "uint8", "int16", "int32", "int64", "uint64", "float32", "float64", "complex64"):
        for view in (given[:, :2], given[::-1, ::2], given.T[:2].T, given[:, :3], given[0]):
            array = view.astype(dtype)
            for value in (array, np.asfortranarray(array), array.astype(array.dtype.newbyteorder())):
                try:
                    expected = type_.filter(value, name="input 'x'")
                except TypeError:
                    with pytest.raises(TypeError):
                        f(value)
                else:
                    result = f(value)
                    assert result.dtype == wanted and not np.shares_memory(result, value)
                    np.testing.assert_array_equal(result, expected)
