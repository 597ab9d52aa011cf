"""Operations made of Python functions (`as_op`) and of graphs (`OpFromGraph`).

Read next: `core.op`, the base class of operations.
"""

import importlib
import operator
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, ClassVar

import numpy as np

from .core import source
from .core.derivatives import Rop
from .core.errors import message
from .core.grad import DisconnectedType, cotangents
from .core.graph import Apply, Constant, Variable, leaves, rebuild, toposort
from .core.op import Op, call
from .core.ops.body import Body
from .core.ops.marks import is_discrete
from .core.rule import rewrites
from .core.shared import SharedVariable
from .core.types import TensorType

__all__ = ["FromFunctionOp", "OpFromGraph", "as_op", "inline_graph"]


# -- Python functions --------------------------------------------------------------------------------------------------


class FromFunctionOp(Op):
    """An operation that calls a Python function of arrays; see `as_op`.

    Args:
        fn, itypes, otypes, infer_shape: the function, and as for `as_op`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> double = as_op([T.dvector], [T.dvector])(lambda x: 2 * x)
        >>> isinstance(double, FromFunctionOp), double(T.constant([1.0], dtype="float64")).eval()
        (True, array([2.]))
    """

    __props__: ClassVar[tuple[str, ...]] = ("fn", "itypes", "otypes", "inferred")
    python_only = "calls a Python function"

    def __init__(
        self,
        fn: Callable[..., Any],
        itypes: Sequence[Any],
        otypes: Sequence[Any],
        infer_shape: Callable[[Apply, Sequence[Any]], Sequence[Any]] | None = None,
    ) -> None:
        self.fn = fn
        self.itypes: tuple[Any, ...] = tuple(itypes)
        self.otypes: tuple[Any, ...] = tuple(otypes)
        self.inferred = infer_shape
        self.__doc__ = fn.__doc__

    @property
    def name(self) -> str:
        return str(getattr(self.fn, "__name__", "function"))

    @property
    def doc(self) -> str:
        return (self.fn.__doc__ or "A Python function.").strip().partition("\n")[0]

    def __str__(self) -> str:
        return f"FromFunctionOp{{{self.name}}}"

    def __reduce__(self) -> tuple[Any, ...]:
        module, name = getattr(self.fn, "__module__", ""), getattr(self.fn, "__qualname__", "")
        if module and name and "<" not in name:
            return _found_again, (module, name)
        return FromFunctionOp, (self.fn, self.itypes, self.otypes, self.inferred)

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        found = self.fn(*inputs)
        results = found if isinstance(found, (list, tuple)) else [found]
        if len(results) != len(output_storage):
            raise ValueError(
                message(f"{self.name} gave {len(results)} results, {len(output_storage)} are declared", node.where)
            )
        for cell, result, variable in zip(output_storage, results, node.outputs):
            declared = variable.type
            array = isinstance(result, np.ndarray) and isinstance(declared, TensorType)
            if array and (result.dtype != declared.dtype or result.ndim != declared.ndim):
                raise TypeError(
                    message(
                        f"{self.name} gave {result.dtype} of {result.ndim} dimensions, declared is {declared}",
                        node.where,
                    )
                )
            cell[0] = declared.filter(result)

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        if self.inferred is None:
            return super().infer_shape(node, input_shapes)
        return list(self.inferred(node, input_shapes))


def _found_again(module: str, name: str) -> Any:
    """What a module calls `name`: the operation itself where `as_op` decorated the function."""
    found = reduce(getattr, name.split("."), importlib.import_module(module))
    if not isinstance(found, Op):
        raise TypeError(f"{module}.{name} is no operation: as_op was not applied as a decorator, pickle can't find it")
    return found


def as_op(
    itypes: Sequence[Any] | Any,
    otypes: Sequence[Any] | Any,
    infer_shape: Callable[[Apply, Sequence[Any]], Sequence[Any]] | None = None,
) -> Callable[[Callable[..., Any]], FromFunctionOp]:
    """Decorator: make a Python function of arrays an operation.

    It runs as a Python step of the compiled program and has no gradient; subclass `Op` for one.

    Args:
        itypes: types of the inputs, such as `[T.dmatrix, T.dvector]`.
        otypes: types of the outputs; the function returns an array, or a list of as many.
        infer_shape: from the node and the inputs' shapes to a list of the outputs' shapes, so that a shape can be told
            without calling the function.

    Raises:
        TypeError: a type is none.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import function
        >>> @as_op(itypes=[T.dmatrix, T.dmatrix], otypes=[T.dmatrix])
        ... def numpy_dot(a, b):
        ...     return a.dot(b)
        >>> x, y = T.dmatrix("x"), T.dmatrix("y")
        >>> function([x, y], numpy_dot(x, y) + 1)([[1.0, 2.0]], [[3.0], [4.0]])
        array([[12.]])
    """
    both = [list(types) if isinstance(types, (list, tuple)) else [types] for types in (itypes, otypes)]
    for types in both:
        for type_ in types:
            if not hasattr(type_, "filter") or not hasattr(type_, "make_variable"):
                raise TypeError(
                    message(f"as_op wants types, got {type_!r:.60}", source.here()[0], cure="itypes=[T.dvector]")
                )

    def decorate(fn: Callable[..., Any]) -> FromFunctionOp:
        return FromFunctionOp(fn, both[0], both[1], infer_shape)

    return decorate


# -- graphs ------------------------------------------------------------------------------------------------------------


class OpFromGraph(Op):
    """An operation made of a graph: it hides the graph behind one node, and may have derivatives of its own.

    When a function is compiled the rule `inline_graph` puts the graph in the node's place, so that it is rewritten and
    fused with what is around it. Until then it is one node, in listings and views as in gradients.

    Args:
        inputs: the graph's inputs; shared variables that it uses need not be among them.
        outputs: the graph's outputs.
        inline: accepted for old programs; the graph is inlined in any case.
        lop_overrides: what `grad` does instead of differentiating the graph: a function of inputs, outputs and output
            gradients, giving a list of input gradients; an `OpFromGraph` of all those; or a list with, for each
            input, "default", None (no gradient flows), a function as above that gives one gradient, or a variable of
            `DisconnectedType` or `NullType`.
        grad_overrides: the same, for functions of inputs and output gradients alone.
        rop_overrides: what `Rop` does: a function of inputs and evaluation points, giving a list of tangents; or a list
            for each output, as above.
        connection_pattern: `[input][output]`, whether a gradient may pass; by default as in the graph.
        name: what to call it.

    Raises:
        TypeError: an input is shared, constant or no variable, or both `lop_overrides` and `grad_overrides` are given.
        ValueError: the graph needs a variable that is not among its inputs.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import function
        >>> x, y, z = T.dscalars("x", "y", "z")
        >>> op = OpFromGraph([x, y, z], [x + y * z], name="fused")
        >>> e = op(x, y, z) + op(z, y, x)
        >>> float(function([x, y, z], e)(1.0, 2.0, 3.0))
        12.0
        >>> float(T.grad(e, y).eval({x: 1.0, y: 2.0, z: 3.0}))
        4.0
    """

    python_only = "holds a graph, which the rule inline_graph puts in its place"

    def __init__(
        self,
        inputs: Sequence[Variable],
        outputs: Sequence[Variable],
        inline: bool = False,
        lop_overrides: Any = "default",
        grad_overrides: Any = "default",
        rop_overrides: Any = "default",
        connection_pattern: Sequence[Sequence[bool]] | None = None,
        name: str | None = None,
        **options: Any,
    ) -> None:
        if not isinstance(inputs, (list, tuple)) or not isinstance(outputs, (list, tuple)):
            raise TypeError(message("OpFromGraph wants a list of inputs and a list of outputs", source.here()[0]))
        for x in (*inputs, *outputs):
            if not isinstance(x, Variable):
                raise TypeError(message(f"OpFromGraph wants variables, got {x!r:.60}", source.here()[0]))
        for x in inputs:
            if isinstance(x, (SharedVariable, Constant)):
                kind = "shared: leave it out, it is found" if isinstance(x, SharedVariable) else "constant"
                raise TypeError(message(f"OpFromGraph: the input {x} is {kind}", source.here()[0]))
        if options:
            raise TypeError(f"OpFromGraph has no option {next(iter(options))!r}: updates and givens are a function's")
        self.shared = [x for x in leaves(outputs, inputs) if isinstance(x, SharedVariable)]
        stand: dict[Variable, Variable] = {x: x.type.make_variable(x.name) for x in self.shared}
        self.body = Body([*inputs, *stand.values()], rebuild(outputs, stand))
        self.inline = inline
        self._name = name
        self._nin = len(inputs)
        self._connected = [list(row) for row in connection_pattern] if connection_pattern is not None else None
        self._lop: Any = "default"
        self._lop_takes_outputs = True
        self._rop = rop_overrides
        if _given(lop_overrides) and _given(grad_overrides):
            raise TypeError("OpFromGraph: give lop_overrides or grad_overrides, not both")
        if _given(lop_overrides):
            self.set_lop_overrides(lop_overrides)
        elif _given(grad_overrides):
            self.set_grad_overrides(grad_overrides)

    def set_lop_overrides(self, lop_overrides: Any) -> None:
        """Replace `lop_overrides`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> x = T.dscalar("x")
            >>> exponential = OpFromGraph([x], [T.exp(x)])
            >>> exponential.set_lop_overrides(lambda inputs, outputs, gradients: [gradients[0] * outputs[0]])
            >>> float(T.grad(exponential(x), x).eval({x: 0.0}))
            1.0
        """
        self._lop, self._lop_takes_outputs = lop_overrides, True

    def set_grad_overrides(self, grad_overrides: Any) -> None:
        """Replace `grad_overrides`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> x = T.dscalar("x")
            >>> square = OpFromGraph([x], [x**2])
            >>> square.set_grad_overrides(lambda inputs, gradients: [gradients[0] * 100.0])
            >>> float(T.grad(square(x), x).eval({x: 3.0}))
            100.0
        """
        self._lop, self._lop_takes_outputs = grad_overrides, False

    def set_rop_overrides(self, rop_overrides: Any) -> None:
        """Replace `rop_overrides`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> x, v = T.dscalars("x", "v")
            >>> square = OpFromGraph([x], [x**2])
            >>> square.set_rop_overrides(lambda inputs, tangents: [2.0 * inputs[0] * tangents[0]])
            >>> float(T.Rop(square(x), x, v).eval({x: 3.0, v: 1.0}))
            6.0
        """
        self._rop = rop_overrides

    @property
    def name(self) -> str:
        return self._name or "op_from_graph"

    @property
    def doc(self) -> str:
        return f"A graph of {len(self.body.nodes)} nodes."

    def __str__(self) -> str:
        return f"{self._name or 'OpFromGraph'}{{inline={self.inline}}}"

    def make_node(self, *inputs: Any) -> Apply:
        wanted = self.body.inputs[: self._nin]
        if len(inputs) == len(self.body.inputs):  # a clone has the shared variables among its inputs already
            wanted = self.body.inputs
            shared: Sequence[Any] = ()
        else:
            shared = self.shared
        if len(inputs) != len(wanted):
            raise TypeError(message(f"{self.name} takes {self._nin} inputs, got {len(inputs)}", source.here()[0]))
        operands = [
            mine.type.filter_variable(x, name=f"input {k} of {self.name}")
            for k, (mine, x) in enumerate(zip(wanted, inputs))
        ]
        return Apply(self, [*operands, *shared], [x.type.make_variable() for x in self.body.outputs])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        for cell, value in zip(output_storage, self.body(inputs)):
            cell[0] = np.array(value) if isinstance(value, np.ndarray) else value

    def expanded(self, inputs: Sequence[Variable]) -> list[Variable]:
        """The graph on other inputs."""
        return rebuild(self.body.outputs, dict(zip(self.body.inputs, inputs)))

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """`[input][output]`: whether a gradient may pass from that output to that input.

        Example:
            >>> import interactive_sym.tensor as T
            >>> x, y = T.dscalars("x", "y")
            >>> op = OpFromGraph([x, y], [x + y, 2 * y])
            >>> op.connection_pattern(op(x, y)[0].owner)
            [[True, False], [True, True]]
        """
        if self._connected is not None:
            rest = [[True] * len(node.outputs)] * (len(node.inputs) - len(self._connected))
            return self._connected + rest
        pattern = []
        for x in self.body.inputs:
            reached = {x}
            for inner in self.body.nodes:
                rows = inner.op.connection_pattern(inner)
                for k, output in enumerate(inner.outputs):
                    if any(y in reached and row[k] for y, row in zip(inner.inputs, rows)):
                        reached.add(output)
            pattern.append([output in reached for output in self.body.outputs])
        return pattern

    # -- derivatives ---------------------------------------------------------------------------------------------------

    def L_op(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], output_grads: Sequence[Variable]
    ) -> Sequence[Variable | None]:
        def ask(override: Any) -> Any:
            parts = (list(inputs), list(outputs), list(output_grads))
            given = parts if self._lop_takes_outputs else (parts[0], parts[2])
            return override(*reduce(operator.add, given)) if isinstance(override, OpFromGraph) else override(*given)

        count = len(self.body.inputs)
        return self._answered(self._lop, count, ask, lambda: self._back(inputs, output_grads))

    def R_op(self, inputs: Sequence[Variable], eval_points: Sequence[Variable | None]) -> Sequence[Variable | None]:
        def ask(override: Any) -> Any:
            if isinstance(override, OpFromGraph):
                return override(*inputs, *eval_points)
            return override(list(inputs), list(eval_points))

        count = len(self.body.outputs)
        return self._answered(self._rop, count, ask, lambda: self._forward(inputs, eval_points))

    def _answered(
        self, overrides: Any, count: int, ask: Callable[[Any], Any], default: Callable[[], Sequence[Any]]
    ) -> list[Any]:
        """`count` derivatives, by the overrides where there are some."""
        if not _given(overrides):
            return list(default())
        if not isinstance(overrides, (list, tuple)):
            found = ask(overrides)
            found = list(found) if isinstance(found, (list, tuple)) else [found]
            found += [None] * (count - len(found))  # shared variables that the graph uses
            if len(found) != count:
                raise ValueError(f"{self.name}: an override gave {len(found)} derivatives, {count} are wanted")
            return found
        if len(overrides) not in (count, self._nin):
            raise ValueError(f"{self.name}: {len(overrides)} overrides, {count} are wanted")
        usual: Sequence[Any] | None = None
        results: list[Any] = []
        for k in range(count):
            override = overrides[k] if k < len(overrides) else "default"
            if isinstance(override, str) and override == "default":
                usual = default() if usual is None else usual
                results.append(usual[k])
            elif override is None:
                results.append(DisconnectedType()())
            elif isinstance(override, Variable):
                results.append(override)
            else:
                results.append(ask(override))
        return results

    def _back(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> list[Variable | None]:
        """Gradients of the inputs by differentiating the graph."""
        body = self.body
        known: dict[Variable, Variable] = {}
        given: dict[Variable, Variable] = {}
        for x, g in zip(body.outputs, output_grads):
            if not is_discrete(x):
                stand = g.type.make_variable()
                given[stand] = g
                known[x] = stand if x not in known else call("add", known[x], stand)
        found = cotangents(known, body.inputs)
        return self._placed(found, {**dict(zip(body.inputs, inputs)), **given})

    def _forward(self, inputs: Sequence[Variable], eval_points: Sequence[Variable | None]) -> list[Variable | None]:
        body = self.body
        varying = [(x, t) for x, t in zip(body.inputs, eval_points) if t is not None]
        points = [t.type.make_variable() for _, t in varying]
        found = Rop(
            list(body.outputs),
            [x for x, _ in varying],
            points,
            disconnected_outputs="ignore",
            return_disconnected="none",
        )
        given = dict(zip(points, (t for _, t in varying)))
        return self._placed(found, {**dict(zip(body.inputs, inputs)), **given})

    def _placed(self, found: Sequence[Variable | None], replace: dict[Variable, Variable]) -> list[Variable | None]:
        """Expressions over the graph's inputs, on other inputs."""
        present = [x for x in found if x is not None]
        rebuilt = iter(rebuild(present, replace))
        return [None if x is None else next(rebuilt) for x in found]


def _given(override: Any) -> bool:
    return not (override is None or (isinstance(override, str) and override == "default"))


@rewrites(
    "*",
    name="inline_graph",
    stage="useless",
    why="An operation made of a graph is that graph: in its place it is rewritten and fused with what is around it.",
    aliases=("inline_ofg_expansion",),
)
def inline_graph(node: Apply) -> list[Variable] | None:
    """The graph of an `OpFromGraph` in the place of its node.

    Returns:
        What the node's outputs become; None for other operations, and for a graph that holds its own operation.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dscalar("x")
        >>> inline_graph(OpFromGraph([x], [T.exp(x)])(x).owner)
        [exp.0]
    """
    if not isinstance(node.op, OpFromGraph):
        return None
    if any(inner.op is node.op for inner in toposort(node.op.body.outputs)):
        return None
    return node.op.expanded(node.inputs)
