"""Derivatives built on `grad`: products with Jacobians forward and back, whole Jacobians and Hessians (floor D).

`Lop` is reverse mode from vectors, `Rop` forward mode: it carries tangents from inputs to outputs. An operation that
defines `R_op` says itself how; for any other its gradient is differentiated once more: cotangents enter `grad`
linearly, so the derivative of `<grad(v), t>` with respect to v is the tangent of the output along t.

Read next: `interactive_sym.gradient`, the public names and numeric checks.
"""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from . import source, testvalue
from .errors import DisconnectedInputError, NullTypeGradError, message
from .grad import DisconnectedType, NullType, _Walk, fit_cotangent, grad
from .graph import Apply, Variable, leaves, rebuild, toposort
from .op import Op, UndefinedDerivative, call
from .ops.elementwise import Elementwise
from .ops.marks import is_discrete
from .types import TensorType


def format_as(use_list: bool, use_tuple: bool, outputs: Any) -> Any:
    """`outputs` as a list, as a tuple, or, with neither, the only one of them.

    Args:
        use_list, use_tuple: which of the two; neither wants one output.
        outputs: a variable, or a list or tuple of them.

    Example:
        >>> format_as(False, True, [1, 2]), format_as(False, False, [1])
        ((1, 2), 1)
    """
    assert not (use_list and use_tuple)
    found = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    if use_list:
        return found
    if use_tuple:
        return tuple(found)
    assert len(found) == 1, "wrong arguments. The outputs are several, and neither a list nor a tuple is wanted"
    return found[0]


def _as_list(things: Any) -> list[Any]:
    return list(things) if isinstance(things, (list, tuple)) else [things]


def _same_shape(what: str, variable: Variable, point: Any) -> Variable:
    """`point` as a tensor of as many dimensions as `variable`."""
    made: Variable = call("as_tensor_variable", point)
    if not isinstance(variable.type, TensorType) or made.type.ndim != variable.type.ndim:
        dims = getattr(variable.type, "ndim", "no")
        raise ValueError(
            message(
                f"{what}: the evaluation point of {variable} has {made.type.ndim} dimensions, the variable {dims}",
                source.here()[0],
                operands=[(str(variable)[:30], str(variable.type)), (str(made)[:30], str(made.type))],
            )
        )
    return made


# -- reverse -----------------------------------------------------------------------------------------------------------


def Lop(
    f: Any,
    wrt: Any,
    eval_points: Any,
    consider_constant: Sequence[Variable] | None = None,
    disconnected_inputs: str = "raise",
) -> Any:
    """The vector `eval_points` times the Jacobian of `f` with respect to `wrt`: `v' (df/dwrt)`, by reverse mode.

    Args:
        f: a variable of any shape, or a list of them.
        wrt: a variable, or a list or tuple of them.
        eval_points: for each of `f` a tensor of its shape; taken as constant.
        consider_constant: variables through which no gradient passes.
        disconnected_inputs: as in `grad`.

    Returns:
        For each of `wrt` a tensor of its shape; a list or tuple where `wrt` is one.

    Raises:
        ValueError: as many evaluation points as `f` are wanted, of the same dimensions.

    Example:
        >>> import interactive_sym.tensor as T
        >>> W, v, x = T.dmatrix("W"), T.dvector("v"), T.dvector("x")
        >>> T.Lop(T.dot(x, W), W, v).eval({x: [0.0, 1.0], v: [2.0, 2.0]})
        array([[0., 0.],
               [2., 2.]])
    """
    outputs, points = _as_list(f), _as_list(eval_points)
    if len(outputs) != len(points):
        raise ValueError(
            message(f"Lop: {len(outputs)} outputs want as many evaluation points, got {len(points)}", source.here()[0])
        )
    known: dict[Variable, Variable] = {}
    for output, point in zip(outputs, points):
        cotangent = _same_shape("Lop", output, point)
        known[output] = call("add", known[output], cotangent) if output in known else cotangent
    wanted = _as_list(wrt)
    walk = _Walk(None, wanted, consider_constant or (), known, "raise", totals=False)
    found = [walk.gradient(variable, disconnected_inputs.lower(), "zero") for variable in wanted]
    return format_as(isinstance(wrt, list), isinstance(wrt, tuple), found)


def subgraph_grad(
    wrt: Sequence[Variable],
    end: Sequence[Variable],
    start: Mapping[Variable, Any] | None = None,
    cost: Variable | None = None,
    details: bool = False,
) -> Any:
    """Gradients within a part of the graph: from `start` (or a cost) back to `end`, and to `wrt` on the way.

    Chaining such parts, each with the end of the last as its start, gives the gradient of the whole, with a chance to
    look at or change it in between.

    Args:
        wrt: variables whose gradients are wanted, such as a layer's parameters.
        end: variables behind which the walk does not go.
        start: variable -> its gradient, where the walk begins; usually what the part before returned for its `end`.
        cost: a scalar cost of this part, added to what comes from `start`.
        details: return besides the two lists from `start` and from the cost alone.

    Returns:
        Two lists: gradients of `wrt`, gradients of `end`. With `details` four.

    Raises:
        ValueError: neither `start` nor `cost` is given.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym.gradient import subgraph_grad
        >>> x, v, w = T.dscalars("x", "v", "w")
        >>> hidden = x * v
        >>> cost = (hidden * w) ** 2
        >>> (dw,), (dhidden,) = subgraph_grad([w], [hidden], cost=cost)
        >>> (dv,), _ = subgraph_grad([v], [x], start={hidden: dhidden})
        >>> float(dv.eval({x: 2.0, v: 3.0, w: 1.0}))
        24.0
    """
    if cost is None and start is None:
        raise ValueError(message("subgraph_grad wants a cost, or where to start", source.here()[0]))
    wrt, end = list(wrt), list(end)
    params = [*wrt, *end]
    start_grads: list[Any] | None = None
    cost_grads: list[Any] | None = None
    if start is not None:
        start_grads = grad(None, params, consider_constant=end, disconnected_inputs="ignore", known_grads=start)
    if cost is not None:
        cost_grads = grad(cost, params, consider_constant=end, disconnected_inputs="ignore")
    if start_grads is not None and cost_grads is not None:
        found = [call("add", a, b) for a, b in zip(start_grads, cost_grads)]
    else:
        found = start_grads or cost_grads or []
    count = len(wrt)
    if details:
        return found[:count], found[count:], start_grads, cost_grads
    return found[:count], found[count:]


# -- forward -----------------------------------------------------------------------------------------------------------


def Rop(
    f: Any, wrt: Any, eval_points: Any, disconnected_outputs: str = "raise", return_disconnected: str = "zero"
) -> Any:
    """The Jacobian of `f` with respect to `wrt` times the vector `eval_points`: `(df/dwrt) v`, by forward mode.

    Args:
        f: a variable of any shape, or a list or tuple of them.
        wrt: a variable, or a list or tuple of them.
        eval_points: for each of `wrt` a tensor of its shape.
        disconnected_outputs: what happens where one of `f` does not depend on `wrt`: "raise", "warn" or "ignore".
        return_disconnected: what stands for it where that is no error: "zero" or "none".

    Returns:
        For each of `f` a tensor of its shape; a list or tuple where `f` is one.

    Raises:
        ValueError: as many evaluation points as `wrt` are wanted, of the same dimensions.
        DisconnectedInputError: one of `f` does not depend on `wrt`.
        NullTypeGradError: an operation on the way has no derivative.

    Example:
        >>> import interactive_sym.tensor as T
        >>> W, V, x = T.dmatrix("W"), T.dmatrix("V"), T.dvector("x")
        >>> T.Rop(T.dot(x, W), W, V).eval({x: [0.0, 1.0], V: [[2.0, 2.0], [2.0, 2.0]]})
        array([2., 2.])
    """
    inputs, points = _as_list(wrt), _as_list(eval_points)
    outputs = _as_list(f)
    if len(inputs) != len(points):
        raise ValueError(
            message(f"Rop: {len(inputs)} variables want as many evaluation points, got {len(points)}", source.here()[0])
        )
    for name, value, choices in (
        ("disconnected_outputs", disconnected_outputs, ("raise", "warn", "ignore")),
        ("return_disconnected", return_disconnected, ("zero", "none", "disconnected")),
    ):
        if value.lower() not in choices:
            raise ValueError(f"{name} is one of {', '.join(map(repr, choices))}, not {value!r}")
    tangents: dict[Variable, Variable] = {}
    for variable, point in zip(inputs, points):
        tangents[variable] = _same_shape("Rop", variable, point)
    for node in toposort(outputs, inputs):
        if any(x in tangents for x in node.inputs):
            _forward(node, tangents)
    found = [_tangent(x, tangents, disconnected_outputs.lower(), return_disconnected.lower()) for x in outputs]
    return format_as(isinstance(f, list), isinstance(f, tuple), found)


def _tangent(
    output: Variable, tangents: Mapping[Variable, Variable], disconnected: str, instead: str
) -> Variable | None:
    found = tangents.get(output)
    if found is not None:
        return found
    text = message(
        f"{output} does not depend on the variables it is to be differentiated with respect to",
        output.owner.where if output.owner is not None else source.here()[0],
        cure="disconnected_outputs='ignore' gives zeros",
    )
    if disconnected == "raise":
        raise DisconnectedInputError(text)
    if disconnected == "warn":
        warnings.warn(text, UserWarning, stacklevel=4)
    if instead != "zero":
        return None
    zeros: Variable = call("zeros_like", output)
    return zeros


def _forward(node: Apply, tangents: dict[Variable, Variable]) -> None:
    """Tangents of a node's outputs from those of its inputs."""
    op: Op = node.op
    outputs = [k for k, x in enumerate(node.outputs) if not is_discrete(x) and x not in tangents]
    if not outputs:
        return
    connected = op.connection_pattern(node)
    varying = [
        None if is_discrete(x) or not any(row[k] for k in outputs) else tangents.get(x)
        for x, row in zip(node.inputs, connected)
    ]
    if all(t is None for t in varying):
        return
    with source.attributed_to(node.where, source.Origin("gradient", op.name, node)), testvalue.lenient():
        try:
            if type(op).R_op is not Op.R_op:
                found: Sequence[Any] = op.R_op(node.inputs, varying)
            elif isinstance(op, Elementwise) and op.gradient is not None and _is_real(node):
                found = [_elementwise(op, node, varying)]
            else:
                found = _by_transposing(node, varying, connected)
        except UndefinedDerivative as error:
            raise NullTypeGradError(
                message(f"{op.name} has no derivative, and one is needed through it", node.where, detail=[str(error)])
            ) from None
        for k in outputs:
            tangent = found[k]
            if tangent is None or isinstance(tangent.type, DisconnectedType):
                continue
            tangents[node.outputs[k]] = fit_cotangent(tangent, node.outputs[k])


def _is_real(node: Apply) -> bool:
    return not any(x.type.dtype.startswith("complex") for x in (*node.inputs, *node.outputs))


def _elementwise(op: Elementwise, node: Apply, varying: Sequence[Variable | None]) -> Variable | None:
    """The tangent of an elementwise operation: each cotangent is a product with a derivative, so is each tangent."""
    assert op.gradient is not None
    total: Variable | None = None
    for position, tangent in enumerate(varying):
        if tangent is None:
            continue
        part = op.gradient(node.inputs, node.outputs[0], tangent)[position]
        if part is not None and isinstance(part.type, NullType):
            raise UndefinedDerivative(part.type.why)
        if part is not None:
            total = part if total is None else call("add", total, part)
    return total


def _by_transposing(
    node: Apply, varying: Sequence[Variable | None], connected: Sequence[Sequence[bool]]
) -> list[Variable | None]:
    """Tangents of the outputs by differentiating the node's gradient with respect to the cotangents it is given."""
    op: Op = node.op
    cotangents = [x.type.make_variable() if not is_discrete(x) else x for x in node.outputs]
    given = [
        cotangent if not is_discrete(x) else call("zeros_like", x, "floatX") if isinstance(x.type, TensorType) else x
        for x, cotangent in zip(node.outputs, cotangents)
    ]
    try:
        gradients = op.L_op(node.inputs, node.outputs, given)
    except TypeError as error:
        if (type(op).grad is not Op.grad or type(op).L_op is not Op.L_op) and not isinstance(
            error, UndefinedDerivative
        ):
            raise
        raise UndefinedDerivative(str(error)) from None
    total: Variable | None = None
    for gradient, tangent, x in zip(gradients, varying, node.inputs):
        if gradient is None or tangent is None:
            continue
        if isinstance(gradient.type, DisconnectedType):
            continue
        if isinstance(gradient.type, NullType):
            raise UndefinedDerivative(gradient.type.why)
        if gradient.type.ndim < x.type.ndim:
            gradient = fit_cotangent(gradient, x)
        product = call("sum", call("mul", gradient, tangent))
        if product.type.dtype.startswith("complex"):
            product = call("real", product)
        total = product if total is None else call("add", total, product)
    if total is None:
        return [None] * len(node.outputs)
    wanted = [x for k, x in enumerate(cotangents) if not is_discrete(x) and any(row[k] for row in connected)]
    stop = [*node.inputs, *node.outputs, *(t for t in varying if t is not None)]
    derivatives = grad(
        total, wanted, consider_constant=stop, disconnected_inputs="ignore", return_disconnected="none", add_names=False
    )
    zeros = {x: call("zeros_like", output) for x, output in zip(cotangents, node.outputs) if not is_discrete(x)}
    by_cotangent: dict[Variable, Variable | None] = dict(zip(wanted, _without(derivatives, zeros, stop)))
    return [by_cotangent.get(x) for x in cotangents]


def _without(
    derivatives: Sequence[Variable | None], zeros: dict[Variable, Variable], stop: Sequence[Variable]
) -> list[Variable | None]:
    """Derivatives do not depend on the values of cotangents, perhaps on their shapes: others stand in their place."""
    present = [x for x in derivatives if x is not None]
    used = set(leaves(present, stop))
    replace = {x: zero for x, zero in zeros.items() if x in used}
    if not replace:
        return list(derivatives)
    rebuilt = iter(rebuild(present, {**{x: x for x in stop}, **replace}))
    return [None if x is None else next(rebuilt) for x in derivatives]


# -- whole matrices ----------------------------------------------------------------------------------------------------


def jacobian(
    expression: Variable,
    wrt: Any,
    consider_constant: Sequence[Variable] | None = None,
    disconnected_inputs: str = "raise",
) -> Any:
    """The Jacobian of a vector: entry `[i, ...]` is the derivative of `expression[i]`.

    One reverse pass for each element, in a loop of the compiled program.

    Args:
        expression: a float vector `(n,)`, or a scalar, whose Jacobian is its gradient.
        wrt: a variable of any shape, or a list or tuple of them.
        consider_constant: variables through which no gradient passes.
        disconnected_inputs: as in `grad`.

    Returns:
        For each of `wrt` a tensor `(n, *shape)`; a list or tuple where `wrt` is one.

    Raises:
        ValueError: the expression has two dimensions or more.
        TypeError: the expression is not of floats.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym.gradient import jacobian
        >>> x = T.dvector("x")
        >>> jacobian(x**2, x).eval({x: [4.0, 5.0]})
        array([[ 8.,  0.],
               [ 0., 10.]])
    """
    wanted = _wanted(wrt, "jacobian")
    if not isinstance(expression, Variable) or not isinstance(expression.type, TensorType):
        raise TypeError(message("jacobian wants a symbolic tensor", source.here()[0]))
    if expression.type.ndim > 1:
        raise ValueError(
            message(
                f"jacobian wants a vector, {expression} has {expression.type.ndim} dimensions",
                expression.owner.where if expression.owner is not None else source.here()[0],
                cure="expression.flatten()",
            )
        )
    if expression.type.ndim == 0:
        found = grad(expression, wanted, consider_constant, disconnected_inputs)
        return format_as(isinstance(wrt, list), isinstance(wrt, tuple), found)
    whole: Any = expression

    def row(position: Any) -> list[Variable]:
        rows: list[Variable] = grad(whole[position], wanted, consider_constant, disconnected_inputs, add_names=False)
        return rows

    rows, _ = call("scan", row, sequences=[call("arange", whole.shape[0])])
    return format_as(isinstance(wrt, list), isinstance(wrt, tuple), rows)


def hessian(
    cost: Variable,
    wrt: Any,
    consider_constant: Sequence[Variable] | None = None,
    disconnected_inputs: str = "raise",
) -> Any:
    """The matrix of second derivatives of a scalar cost with respect to a vector.

    Args:
        cost: a scalar.
        wrt: a vector `(n,)`, or a list or tuple of them.
        consider_constant: variables through which no gradient passes.
        disconnected_inputs: as in `grad`.

    Returns:
        For each of `wrt` a matrix `(n, n)`; second derivatives between different vectors are not taken.

    Raises:
        ValueError: one of `wrt` is not a vector.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym.gradient import hessian
        >>> x = T.dvector("x")
        >>> hessian((x**3).sum(), x).eval({x: [4.0, 5.0]})
        array([[24.,  0.],
               [ 0., 30.]])
    """
    wanted = _wanted(wrt, "hessian")
    found = []
    for variable in wanted:
        if variable.type.ndim != 1:
            raise ValueError(
                message(
                    f"hessian wants vectors, {variable} has {variable.type.ndim} dimensions",
                    source.here()[0],
                    cure="make the parameter a vector and reshape it in the cost",
                )
            )
        gradient = grad(cost, variable, consider_constant, disconnected_inputs)
        found.append(jacobian(gradient, variable, consider_constant, "ignore"))
    return format_as(isinstance(wrt, list), isinstance(wrt, tuple), found)


def hessian_vector_product(cost: Variable, wrt: Any, p: Any) -> Any:
    """The Hessian of a scalar cost times a vector, without the Hessian: forward mode over the gradient.

    Args:
        cost: a scalar.
        wrt: a variable of any shape, or a list or tuple of them.
        p: for each of `wrt` a tensor of its shape.

    Returns:
        For each of `wrt` a tensor of its shape; a list or tuple where `wrt` is one.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym.gradient import hessian_vector_product
        >>> x, p = T.dvectors("x", "p")
        >>> hessian_vector_product((x**3).sum(), x, p).eval({x: [4.0, 5.0], p: [1.0, 2.0]})
        array([24., 60.])
    """
    wanted = _wanted(wrt, "hessian_vector_product")
    found = Rop(grad(cost, wanted), wanted, _as_list(p), disconnected_outputs="ignore")
    return format_as(isinstance(wrt, list), isinstance(wrt, tuple), found)


def _wanted(wrt: Any, what: str) -> list[Variable]:
    if isinstance(wrt, (set, frozenset)) or not isinstance(wrt, (list, tuple, Variable)):
        raise TypeError(
            message(f"{what} wants a variable, or a list of them, got {type(wrt).__name__}", source.here()[0])
        )
    return _as_list(wrt)
