"""Elementwise operations: one record each (floor B).

A record holds everything about an operation: its NumPy reference, its C expression, the rule for its element type, its
gradient, its family, and the ranges its tests sample. From it come inference, C code, gradients, `T.<name>` with its
docstring, the views' colours and the tests.

Operands are aligned at their last dimensions, and a dimension of known size 1 stretches. Gradients return cotangents
shaped like the output; `grad` sums over what was stretched.

Read next: `reduce`, `shape`.
"""

import builtins
import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from ..configuration import config
from ..constants import as_tensor_variable, constant
from ..errors import message
from ..graph import Apply, Constant, Variable
from ..op import Op, UndefinedDerivative, call, public, register
from ..source import here
from ..types import COMPLEXES, CONTINUOUS, DISCRETE, FLOATS, TensorType, as_dtype, broadcast_shapes, upcast
from ..variable import TensorVariable

DtypeRule = Callable[..., str]

#: C's names of the element types.
C_TYPES = {
    "bool": "uint8_t",
    "int8": "int8_t",
    "int16": "int16_t",
    "int32": "int32_t",
    "int64": "int64_t",
    "uint8": "uint8_t",
    "uint16": "uint16_t",
    "uint32": "uint32_t",
    "uint64": "uint64_t",
    "float32": "float",
    "float64": "double",
    "complex64": "float _Complex",
    "complex128": "double _Complex",
}


class Elementwise(Op):
    """An operation applied to each element.

    Attributes:
        name: what it is called.
        nin: number of operands; None for any number (`add`, `mul`).
        numpy: computes it on arrays already converted to `compute_dtype`.
        c: its C expression over `{0}`, `{1}`, ... (operands already converted to `compute_dtype`), either one text or
            a table from kind of compute dtype ("b" bool, "i" signed, "u" unsigned, "f" float, "c" complex) to text. In
            it `{f}` is `f` for float32 and complex64 and empty for the 64-bit types, as in `log{f}({0})`; `{T}` is the
            C type of the first operand once converted, `{O}` that of the output. Each operand is the name of a value,
            so that an expression may mention it several times. Integers wrap: units are compiled with `-fwrapv`.
        support: C definitions that `c` needs (functions, includes), empty for most; a unit prints each distinct text
            once.
        out_dtype: the output's element type from those of the operands; raises TypeError for operands it rejects.
        compute: "out" where operands are converted to the output's type first, "common" to their common type
            (comparisons), "own" where each keeps its own (`switch`, `cast`).
        gradient: from operands, output and cotangent the list of cotangents (None: no gradient flows).
        no_derivative: why a gradient asked for through it is an error; empty for most.
        formula: how people write it, for docs and views.
        commutative: whether operands may be swapped.
        samples: for each operand (low, high), the range where it is defined and smooth.
        python_only: why it has no C, empty for all that have.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.exp.formula, T.exp.nin, T.exp.c
        ('eˣ', 1, {'f': 'isym_exp{f}({0})', 'c': 'cexp{f}({0})'})
    """

    family = "elementwise"
    __props__: ClassVar[tuple[str, ...]] = ("name",)
    name: str = ""
    no_derivative: str = ""

    def __init__(
        self,
        name: str,
        nin: int | None,
        numpy: Callable[..., Any],
        c: str | dict[str, str],
        out_dtype: DtypeRule,
        gradient: Callable[[Sequence[Any], Any, Any], Sequence[Any]] | None = None,
        compute: str = "out",
        doc: str = "",
        formula: str = "",
        commutative: bool = False,
        samples: Sequence[tuple[float, float]] = ((-3.0, 3.0),),
        support: str = "",
        python_only: str = "",
    ) -> None:
        self.name = self.__name__ = name
        self.nin = nin
        self.numpy = numpy
        self.c = c
        self.out_dtype = out_dtype
        self.gradient = gradient
        self.compute = compute
        self.description = doc
        self.formula = formula or f"{name}({', '.join('xyz'[: nin or 2])})"
        self.commutative = commutative
        self.samples = tuple(samples) if len(samples) > 1 else tuple(samples) * (nin or 2)
        self.support = support
        self.python_only = python_only
        self.__doc__ = _documentation(self)

    @property
    def doc(self) -> str:
        return self.description

    @property
    def scalar_op(self) -> "Elementwise":
        """The operation on one number, under the name programs know; here it is the same record."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return elementwise, (self.name,)

    def __str__(self) -> str:
        return self.name

    def make_node(self, *inputs: Any) -> Apply:
        operands = [as_tensor_variable(x) for x in inputs]
        if self.nin is not None and len(operands) != self.nin:
            wanted = f"{self.nin} operand{'s' * (self.nin > 1)}"
            raise TypeError(message(f"{self.name} takes {wanted}, got {len(operands)}", here()[0]))
        if not operands:
            raise TypeError(message(f"{self.name} wants at least one operand", here()[0]))
        try:
            dtype = self.out_dtype(*[x.type.dtype for x in operands])
        except TypeError as error:
            raise TypeError(
                message(
                    f"{self.name} {error}",
                    here()[0],
                    operands=[(str(x)[:30], x.type.dtype, x.type.form) for x in operands],
                )
            ) from None
        return Apply(self, operands, [TensorVariable(TensorType(dtype, broadcast_shapes(self, operands)))])

    def compute_dtypes(self, in_dtypes: Sequence[str], out_dtype: str) -> list[str]:
        """For each operand the element type it is converted to before the C expression or `numpy` is applied."""
        if self.compute == "own":
            return list(in_dtypes)
        return [out_dtype if self.compute == "out" else upcast(*in_dtypes)] * len(in_dtypes)

    def c_expression(self, operands: Sequence[str], in_dtypes: Sequence[str], out_dtype: str) -> str:
        """The C expression over operand expressions that are already of `compute_dtypes`."""
        compute = self.compute_dtypes(in_dtypes, out_dtype)
        leading = compute[0]
        template = self.c if isinstance(self.c, str) else self.c[np.dtype(leading).kind]
        names = {
            "f": "f" if leading in ("float32", "complex64") else "",
            "T": C_TYPES[leading],
            "O": C_TYPES[out_dtype],
        }
        if self.nin is None:
            expression = operands[0]
            for operand in operands[1:]:
                expression = template.format(expression, operand, **names)
            return expression
        return template.format(*operands, **names)

    def apply_numpy(self, arrays: Sequence[Any], out_dtype: str) -> Any:
        """Compute on arrays of any element types, with NumPy; the result has `out_dtype`."""
        compute = self.compute_dtypes([a.dtype.name for a in arrays], out_dtype)
        converted = [np.asarray(a).astype(c, copy=False) for a, c in zip(arrays, compute)]
        with np.errstate(all="ignore"):
            if self.nin is None:
                result = converted[0]
                for array in converted[1:]:
                    result = self.numpy(result, array)
            else:
                result = self.numpy(*converted)
        return np.asarray(result).astype(out_dtype, copy=False)

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        _check_runtime_sizes(node, inputs)
        result = self.apply_numpy(inputs, node.outputs[0].type.dtype)
        if any(result is x for x in inputs):
            result = result.copy()
        output_storage[0][0] = result

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        if self.no_derivative:
            raise UndefinedDerivative(self.no_derivative)
        if self.gradient is None:
            return [None] * len(inputs)
        return list(self.gradient(inputs, self(*inputs), output_grads[0]))

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        out = node.outputs[0].type
        sizes: list[Any] = []
        for axis, static in enumerate(out.shape):
            size: Any = static
            if size is None:
                for x, shape in zip(node.inputs, input_shapes):
                    position = axis - len(out.shape) + len(x.type.shape)
                    if position >= 0 and x.type.shape[position] != 1:
                        size = shape[position]
                        break
            sizes.append(size)
        return [tuple(sizes)]


def _check_runtime_sizes(node: Apply, arrays: Sequence[Any]) -> None:
    """A dimension not declared to be of size 1 never stretches, even where it happens to have size 1."""
    ndim = len(node.outputs[0].type.shape)
    for axis in range(ndim):
        first: tuple[int, int] | None = None
        for k, (x, array) in enumerate(zip(node.inputs, arrays)):
            position = axis - ndim + len(x.type.shape)
            if position < 0 or x.type.shape[position] == 1:
                continue
            if first is None:
                first = k, array.shape[position]
            elif array.shape[position] != first[1]:
                raise size_mismatch(node, axis, first[1], array.shape[position], [a.shape for a in arrays])


def size_mismatch(node: Apply, axis: int, left: int, right: int, shapes: Sequence[Any]) -> ValueError:
    """The error for operands whose sizes differ when a function is called."""
    return ValueError(
        message(
            f"Input dimension mis-match: {node.op.name}: axis {axis} has size {left} in one operand "
            f"and {right} in another",
            node.where,
            operands=[(str(x)[:30], x.type.dtype, str(tuple(s))) for x, s in zip(node.inputs, shapes)],
            cure=(
                "a dimension stretches only where it is declared of size 1 (T.row, T.col, x[:, None])"
                if 1 in (left, right)
                else "give both the same length"
            ),
        )
    )


# -- docstrings --------------------------------------------------------------------------------------------------------

_PYTHON_NAMES = {"abs": "abs_", "and": "and_", "or": "or_"}


def _documentation(op: "Elementwise") -> str:
    """The docstring of `T.<name>`, from the record."""
    names = [f"x{k}" for k in range(1, 3)] if op.nin is None else list("xyz"[: op.nin])
    lines = [
        op.description or f"Elementwise {op.name}.",
        "",
        f"Formula: `{op.formula}`, element by element.",
        "",
        "Args:",
        f"    {', '.join(names)}{', ...' if op.nin is None else ''}: symbolic tensors, arrays or numbers. Shapes are",
        "        aligned at the last dimension, and dimensions declared of size 1 stretch.",
        "",
        "Returns:",
        "    A tensor of the stretched shape. Its element type is",
        f"    {(op.out_dtype.__doc__ or '').strip()}",
        "",
        "Raises:",
        "    TypeError: an element type for which the operation has no meaning.",
        "    ValueError: sizes that differ, where they are known before the call.",
    ]
    example = _example(op)
    if example:
        lines += ["", "Example:", "    >>> import interactive_sym.tensor as T", *(f"    {line}" for line in example)]
    return "\n".join(lines)


def _example(op: "Elementwise") -> list[str]:
    """A doctest at a point of the sampled range; else of integers, else of complex numbers."""
    count = op.nin or 2
    points = [builtins.round(4 * (low + 0.75 * (high - low))) / 4 for low, high in op.samples[:count]]
    for dtype, numbers in (("float32", points), ("int8", (6, 3, 1)[:count]), ("complex64", (1.5 + 2j,) * count)):
        try:
            out = op.out_dtype(*[dtype] * count)
        except TypeError:
            continue
        value = op.apply_numpy([np.asarray(number, dtype) for number in numbers], out).item()
        applied = f"T.{_PYTHON_NAMES.get(op.name, op.name)}({', '.join(map(str, numbers))}).eval()"
        if type(value) is float:
            return [f">>> round(float({applied}), 4)", str(builtins.round(value, 4))]
        return [f">>> {type(value).__name__}({applied})", str(value)]
    return []


# -- the table ---------------------------------------------------------------------------------------------------------

#: Every elementwise operation, by name.
ELEMENTWISE: dict[str, Elementwise] = {}


def elementwise(name: str) -> Elementwise:
    """The elementwise operation called `name`."""
    return ELEMENTWISE[name]


def define(op: Elementwise) -> Elementwise:
    """Add an operation to the table and to the registry of public functions. Defining it again replaces it."""
    ELEMENTWISE[op.name] = op
    register(op.name, op)
    return op


# -- element types of results ------------------------------------------------------------------------------------------


def _common(*dtypes: str) -> str:
    """the operands' common type."""
    return upcast(*dtypes)


def _numeric(*dtypes: str) -> str:
    """the operands' common type; two booleans are rejected."""
    if upcast(*dtypes) == "bool":
        raise TypeError("has no meaning for booleans: cast to an integer, or use T.xor or T.invert")
    return upcast(*dtypes)


def _integer_or_real(*dtypes: str) -> str:
    """the operands' common type, int8 for booleans; complex numbers are rejected."""
    dtype = _real(*dtypes)
    return "int8" if dtype == "bool" else dtype


def _number(*dtypes: str) -> str:
    """the operands' common type, int8 for booleans."""
    dtype = upcast(*dtypes)
    return "int8" if dtype == "bool" else dtype


def _real(*dtypes: str) -> str:
    """the operands' common type; complex numbers are rejected."""
    if any(dtype in COMPLEXES for dtype in dtypes):
        raise TypeError("has no meaning for complex numbers: take x.real, x.imag or abs(x)")
    return upcast(*dtypes)


_TO_FLOAT = {"bool": "float32", "int8": "float32", "int16": "float32", "uint8": "float32", "uint16": "float32"}


def _floating(*dtypes: str) -> str:
    """that of float and complex operands; float32 for bool and 8 or 16 bits, float64 for wider integers."""
    dtype = upcast(*dtypes)
    return dtype if dtype in CONTINUOUS else _TO_FLOAT.get(dtype, "float64")


def _real_floating(*dtypes: str) -> str:
    """that of float operands; float32 for bool and integers of 8 or 16 bits, float64 for wider ones; not complex."""
    return _floating(_real(*dtypes))


def _only_float(*dtypes: str) -> str:
    """that of the operand, which must be float32 or float64."""
    if dtypes[0] not in FLOATS:
        raise TypeError("wants float32 or float64")
    return dtypes[0]


def _quotient(*dtypes: str) -> str:
    """the operands' common type; floatX between integers."""
    dtype = upcast(*dtypes)
    return config.floatX if dtype in DISCRETE else dtype


def _truth(*dtypes: str) -> str:
    """bool."""
    return "bool"


def _ordered_truth(*dtypes: str) -> str:
    """bool; complex numbers have no order and are rejected."""
    _real(*dtypes)
    return "bool"


def _bits(*dtypes: str) -> str:
    """the operands' common type; only booleans and integers."""
    dtype = upcast(*dtypes)
    if dtype not in DISCRETE:
        raise TypeError("wants booleans or integers")
    return dtype


def _chosen(*dtypes: str) -> str:
    """the common type of the two alternatives."""
    if dtypes[0] in COMPLEXES:
        raise TypeError("wants a condition that is not complex")
    return upcast(*dtypes[1:])


def _second_dtype(*dtypes: str) -> str:
    """that of the second operand."""
    return dtypes[1]


_REAL_PART = {"complex64": "float32", "complex128": "float64"}


def _magnitude(*dtypes: str) -> str:
    """that of the operand; for complex the type of its parts."""
    return _REAL_PART.get(dtypes[0], dtypes[0])


def _part(*dtypes: str) -> str:
    """the type of the parts; only complex operands."""
    if dtypes[0] not in COMPLEXES:
        raise TypeError("wants complex numbers")
    return _REAL_PART[dtypes[0]]


def _only_complex(*dtypes: str) -> str:
    """that of the operand, which must be complex."""
    _part(*dtypes)
    return dtypes[0]


def _double(*dtypes: str) -> str:
    """float64."""
    return "float64"


def _paired(*dtypes: str) -> str:
    """complex64 for two operands of at most float32, else complex128."""
    return upcast("complex64", _real_floating(*dtypes))


# -- pieces of gradients -----------------------------------------------------------------------------------------------


def _like(value: float, x: Any) -> Any:
    """The number in the float type of `x`, so that it changes no element type."""
    dtype = x.type.dtype if x.type.dtype in CONTINUOUS else config.floatX
    return constant(np.asarray(value, dtype=dtype))


def _flat(inputs: Sequence[Any], out: Any, g: Any) -> list[Any]:
    """The gradient of a function that is constant in pieces: zero for each operand."""
    return [
        call("zeros_like", out, x.type.dtype if x.type.dtype in CONTINUOUS else config.floatX)
        if not isinstance(x, Constant)
        else None
        for x in inputs
    ]


Derivative = Callable[[Any, Any, Any], Any]


def _chain(derivative: Derivative) -> Callable[[Sequence[Any], Any, Any], Sequence[Any]]:
    """The gradient of a function of one operand, from `(x, f(x), g) -> g f'(x)`."""
    return lambda inputs, out, g: [derivative(inputs[0], out, g)]


# -- C shared by several records ---------------------------------------------------------------------------------------

_COMPLEX_HEADER = "#include <complex.h>\n#undef I\n"

_FLOOR_DIVISION = """\
static inline double isym_mod(double a, double b) {
  double m = fmod(a, b);
  if (b == 0) return m;
  if (m == 0) return copysign(0.0, b);
  return (b < 0) != (m < 0) ? m + b : m;
}
static inline float isym_modf(float a, float b) {
  float m = fmodf(a, b);
  if (b == 0) return m;
  if (m == 0) return copysignf(0.0f, b);
  return (b < 0) != (m < 0) ? m + b : m;
}
static inline double isym_floordiv(double a, double b) {
  if (b == 0) return a / b;
  double m = fmod(a, b), q = (a - m) / b;
  if (m != 0 && (b < 0) != (m < 0)) q -= 1.0;
  if (q == 0) return copysign(0.0, a / b);
  double whole = floor(q);
  return q - whole > 0.5 ? whole + 1.0 : whole;
}
static inline float isym_floordivf(float a, float b) {
  if (b == 0) return a / b;
  float m = fmodf(a, b), q = (a - m) / b;
  if (m != 0 && (b < 0) != (m < 0)) q -= 1.0f;
  if (q == 0) return copysignf(0.0f, a / b);
  float whole = floorf(q);
  return q - whole > 0.5f ? whole + 1.0f : whole;
}
"""

_INTEGER_POWER = """\
static inline uint64_t isym_power_u(uint64_t x, uint64_t n) {
  uint64_t result = 1;
  for (; n; n >>= 1, x *= x)
    if (n & 1) result *= x;
  return result;
}
static inline int64_t isym_power_i(int64_t x, int64_t n) {
  if (n >= 0) return (int64_t)isym_power_u((uint64_t)x, (uint64_t)n);
  return x == 1 ? 1 : x == -1 ? (n & 1 ? -1 : 1) : 0;
}
"""


def _integer_floor_divide(x: Any, y: Any) -> Any:
    return np.floor_divide(x, y) if x.dtype.kind not in "iu" else np.where(y == 0, 0, np.floor_divide(x, y))


def _power(x: Any, y: Any) -> Any:
    """Like NumPy; integers to a negative power are truncated, where NumPy raises an error."""
    if x.dtype.kind != "i":
        return np.power(x, y)
    inverse = np.where(x == 1, 1, np.where(x == -1, np.where(y & 1, -1, 1), 0))
    return np.where(y < 0, inverse, np.power(x, np.where(y < 0, 0, y)))


# -- arithmetic --------------------------------------------------------------------------------------------------------

add = define(
    Elementwise(
        "add",
        None,
        np.add,
        {"b": "({0} | {1})", "i": "({0} + {1})", "u": "({0} + {1})", "f": "({0} + {1})", "c": "({0} + {1})"},
        _common,
        lambda inputs, out, g: [g] * len(inputs),
        doc="The sum of two or more operands; for booleans, or.",
        formula="x + y",
        commutative=True,
    )
)

sub = define(
    Elementwise(
        "sub",
        2,
        np.subtract,
        "({0} - {1})",
        _numeric,
        lambda inputs, out, g: [g, -g],
        doc="The difference of two operands.",
        formula="x - y",
    )
)


def _mul_gradient(inputs: Sequence[Any], out: Any, g: Any) -> list[Any]:
    """d(x y z)/dx = y z: for each operand the cotangent times all the others."""
    return [mul(g, *inputs[:k], *inputs[k + 1 :]) for k in range(len(inputs))]


mul = define(
    Elementwise(
        "mul",
        None,
        np.multiply,
        {"b": "({0} & {1})", "i": "({0} * {1})", "u": "({0} * {1})", "f": "({0} * {1})", "c": "({0} * {1})"},
        _common,
        _mul_gradient,
        doc="The product of two or more operands; for booleans, and.",
        formula="x * y",
        commutative=True,
    )
)

true_div = define(
    Elementwise(
        "true_div",
        2,
        np.true_divide,
        "({0} / {1})",
        _quotient,
        lambda inputs, out, g: [g / inputs[1], -(g * inputs[0]) / (inputs[1] * inputs[1])],
        doc="The quotient; between integers a float.",
        formula="x / y",
        samples=((-3.0, 3.0), (0.5, 3.0)),
    )
)

_int_div = define(
    Elementwise(
        "int_div",
        2,
        _integer_floor_divide,
        {
            "i": "({1} == 0 ? 0 : {1} == -1 ? -{0} : {0} / {1} - ({0} % {1} != 0 && ({0} < 0) != ({1} < 0)))",
            "u": "({1} == 0 ? 0 : {0} / {1})",
            "f": "isym_floordiv{f}({0}, {1})",
        },
        _integer_or_real,
        _flat,
        doc="The quotient rounded down. An integer divided by zero gives 0.",
        formula="x // y",
        samples=((-3.0, 3.0), (0.5, 3.0)),
        support=_FLOOR_DIVISION,
    )
)

mod = define(
    Elementwise(
        "mod",
        2,
        np.remainder,
        {
            "i": "({1} == 0 || {1} == -1 ? 0 : {0} % {1} + ({0} % {1} != 0 && ({0} < 0) != ({1} < 0) ? {1} : 0))",
            "u": "({1} == 0 ? 0 : {0} % {1})",
            "f": "isym_mod{f}({0}, {1})",
        },
        _integer_or_real,
        lambda inputs, out, g: [g, -g * int_div(*inputs)],
        doc="The remainder of `x // y`; it has the sign of `y`. An integer modulo zero gives 0.",
        formula="x % y",
        samples=((-3.0, 3.0), (0.5, 3.0)),
        support=_FLOOR_DIVISION,
    )
)


def _pow_gradient(inputs: Sequence[Any], out: Any, g: Any) -> list[Any]:
    """d(x^y)/dx = y x^(y-1); d(x^y)/dy = x^y log x, taken as 0 where x is 0."""
    x, y = inputs
    dx = g * y * x ** (y - 1)
    dy = None if isinstance(y, Constant) else switch(eq(x, 0), 0, g * out * log(x))
    return [dx, dy]


pow_ = define(
    Elementwise(
        "pow",
        2,
        _power,
        {
            "i": "({T})isym_power_i({0}, {1})",
            "u": "({T})isym_power_u({0}, {1})",
            "f": "pow{f}({0}, {1})",
            "c": "({1} == 0 ? 1 : cpow{f}({0}, {1}))",
        },
        _number,
        _pow_gradient,
        doc="`x` to the power `y`. Between integers the result is an integer, truncated where `y` is negative.",
        formula="x ** y",
        samples=((0.5, 3.0), (-2.0, 2.0)),
        support=_INTEGER_POWER,
    )
)

neg = define(
    Elementwise(
        "neg", 1, np.negative, "(-{0})", _numeric, _chain(lambda x, y, g: -g), doc="The negative.", formula="-x"
    )
)

abs_ = define(
    Elementwise(
        "abs",
        1,
        np.abs,
        {
            "b": "{0}",
            "i": "({0} < 0 ? -{0} : {0})",
            "u": "{0}",
            "f": "fabs{f}({0})",
            "c": "cabs{f}({0})",
        },
        _magnitude,
        _chain(lambda x, y, g: g * x / y if x.type.dtype in COMPLEXES else g * sgn(x)),
        compute="own",
        doc="The absolute value. Its derivative at 0 is taken as 0.",
        formula="|x|",
        samples=((0.25, 3.0),),
    )
)

sgn: Elementwise = define(
    Elementwise(
        "sgn",
        1,
        np.sign,
        {
            "i": "(({0} > 0) - ({0} < 0))",
            "u": "({0} > 0)",
            "f": "({0} != {0} ? {0} : ({T})(({0} > 0) - ({0} < 0)))",
            "c": "({0} == 0 ? 0 : {0} / cabs{f}({0}))",
        },
        _numeric,
        _flat,
        doc="The sign: -1, 0 or 1 (for complex numbers `x / |x|`).",
        formula="sign(x)",
        samples=((0.25, 3.0),),
    )
)

sqr = define(
    Elementwise(
        "sqr",
        1,
        np.square,
        {"b": "{0}", "i": "({0} * {0})", "u": "({0} * {0})", "f": "({0} * {0})", "c": "({0} * {0})"},
        _common,
        _chain(lambda x, y, g: g * x * 2),
        doc="The square.",
        formula="x²",
    )
)

sqrt = define(
    Elementwise(
        "sqrt",
        1,
        np.sqrt,
        {"f": "sqrt{f}({0})", "c": "csqrt{f}({0})"},
        _floating,
        _chain(lambda x, y, g: g * 0.5 / y),
        doc="The square root; NaN for negative numbers.",
        formula="√x",
        samples=((0.25, 4.0),),
    )
)

inv = define(
    Elementwise(
        "inv",
        1,
        np.reciprocal,
        "(1 / {0})",
        _floating,
        _chain(lambda x, y, g: -g / (x * x)),
        doc="One over `x`.",
        formula="1 / x",
        samples=((0.5, 3.0),),
    )
)


# -- exponentials and logarithms ---------------------------------------------------------------------------------------

LOG2, LOG10 = float(np.log(2.0)), float(np.log(10.0))

exp = define(
    Elementwise(
        "exp",
        1,
        np.exp,
        {"f": "isym_exp{f}({0})", "c": "cexp{f}({0})"},
        _floating,
        _chain(lambda x, y, g: g * y),
        doc="The exponential function.",
        formula="eˣ",
    )
)

exp2 = define(
    Elementwise(
        "exp2",
        1,
        np.exp2,
        {"f": "exp2{f}({0})", "c": "cexp{f}({0} * 0.69314718055994530942{f})"},
        _floating,
        _chain(lambda x, y, g: g * y * _like(LOG2, y)),
        doc="Two to the power `x`.",
        formula="2ˣ",
    )
)

expm1 = define(
    Elementwise(
        "expm1",
        1,
        np.expm1,
        "expm1{f}({0})",
        _real_floating,
        _chain(lambda x, y, g: g * exp(x)),
        doc="The exponential less one, exact near 0.",
        formula="eˣ - 1",
    )
)

log = define(
    Elementwise(
        "log",
        1,
        np.log,
        {"f": "log{f}({0})", "c": "clog{f}({0})"},
        _floating,
        _chain(lambda x, y, g: g / x),
        doc="The natural logarithm; -inf at 0, NaN for negative numbers.",
        formula="log x",
        samples=((0.25, 4.0),),
    )
)

log2 = define(
    Elementwise(
        "log2",
        1,
        np.log2,
        {"f": "log2{f}({0})", "c": "(clog{f}({0}) * 1.44269504088896340736{f})"},
        _floating,
        _chain(lambda x, y, g: g / (x * _like(LOG2, y))),
        doc="The logarithm to base 2.",
        formula="log₂ x",
        samples=((0.25, 4.0),),
    )
)

log10 = define(
    Elementwise(
        "log10",
        1,
        np.log10,
        {"f": "log10{f}({0})", "c": "(clog{f}({0}) * 0.43429448190325182765{f})"},
        _floating,
        _chain(lambda x, y, g: g / (x * _like(LOG10, y))),
        doc="The logarithm to base 10.",
        formula="log₁₀ x",
        samples=((0.25, 4.0),),
    )
)

log1p = define(
    Elementwise(
        "log1p",
        1,
        np.log1p,
        "log1p{f}({0})",
        _real_floating,
        _chain(lambda x, y, g: g / (x + 1)),
        doc="The natural logarithm of one plus `x`, exact near 0.",
        formula="log(1 + x)",
        samples=((-0.5, 3.0),),
    )
)


# -- trigonometry ------------------------------------------------------------------------------------------------------


def _library(
    name: str,
    numpy: Callable[..., Any],
    c: str,
    derivative: Derivative,
    doc: str,
    formula: str,
    low: float = -3.0,
    high: float = 3.0,
) -> Elementwise:
    """A function of one real or complex operand that C's library has under the name `c`, and `c` + `c` for complex."""
    return define(
        Elementwise(
            name,
            1,
            numpy,
            {"f": f"{c}{{f}}({{0}})", "c": f"c{c}{{f}}({{0}})"},
            _floating,
            _chain(derivative),
            doc=doc,
            formula=formula,
            samples=((low, high),),
        )
    )


sin = _library("sin", np.sin, "sin", lambda x, y, g: g * cos(x), "The sine; `x` in radians.", "sin x")
cos: Elementwise = _library("cos", np.cos, "cos", lambda x, y, g: -g * sin(x), "The cosine; `x` in radians.", "cos x")
tan = _library("tan", np.tan, "tan", lambda x, y, g: g / sqr(cos(x)), "The tangent.", "tan x", -1.25, 1.25)
sinh = _library("sinh", np.sinh, "sinh", lambda x, y, g: g * cosh(x), "The hyperbolic sine.", "sinh x")
cosh: Elementwise = _library("cosh", np.cosh, "cosh", lambda x, y, g: g * sinh(x), "The hyperbolic cosine.", "cosh x")
tanh = _library("tanh", np.tanh, "tanh", lambda x, y, g: g * (1 - sqr(y)), "The hyperbolic tangent.", "tanh x")
arcsin = _library(
    "arcsin", np.arcsin, "asin", lambda x, y, g: g / sqrt(1 - sqr(x)), "The inverse sine.", "arcsin x", -0.9, 0.9
)
arccos = _library(
    "arccos", np.arccos, "acos", lambda x, y, g: -g / sqrt(1 - sqr(x)), "The inverse cosine.", "arccos x", -0.9, 0.9
)
arctan = _library("arctan", np.arctan, "atan", lambda x, y, g: g / (1 + sqr(x)), "The inverse tangent.", "arctan x")
arcsinh = _library(
    "arcsinh", np.arcsinh, "asinh", lambda x, y, g: g / sqrt(sqr(x) + 1), "The inverse hyperbolic sine.", "arcsinh x"
)
arccosh = _library(
    "arccosh",
    np.arccosh,
    "acosh",
    lambda x, y, g: g / sqrt(sqr(x) - 1),
    "The inverse hyperbolic cosine; NaN below 1.",
    "arccosh x",
    1.25,
    4.0,
)
arctanh = _library(
    "arctanh",
    np.arctanh,
    "atanh",
    lambda x, y, g: g / (1 - sqr(x)),
    "The inverse hyperbolic tangent.",
    "arctanh x",
    -0.9,
    0.9,
)


def _arctan2_gradient(inputs: Sequence[Any], out: Any, g: Any) -> list[Any]:
    y, x = inputs
    squares = sqr(x) + sqr(y)
    return [g * x / squares, -g * y / squares]


arctan2 = define(
    Elementwise(
        "arctan2",
        2,
        np.arctan2,
        "atan2{f}({0}, {1})",
        _real_floating,
        _arctan2_gradient,
        doc="The angle of the point with height `x` (the first operand) and abscissa `y`, in (-π, π].",
        formula="arctan2(x, y)",
        samples=((0.5, 3.0), (0.5, 3.0)),
    )
)

deg2rad = define(
    Elementwise(
        "deg2rad",
        1,
        np.deg2rad,
        "({0} * ({T})0.017453292519943295769)",
        _real_floating,
        _chain(lambda x, y, g: g * _like(np.pi / 180, y)),
        doc="Degrees to radians.",
        formula="x π / 180",
    )
)

rad2deg = define(
    Elementwise(
        "rad2deg",
        1,
        np.rad2deg,
        "({0} * ({T})57.295779513082320877)",
        _real_floating,
        _chain(lambda x, y, g: g * _like(180 / np.pi, y)),
        doc="Radians to degrees.",
        formula="x 180 / π",
    )
)


# -- rounding ----------------------------------------------------------------------------------------------------------


def _half_away(x: Any) -> Any:
    whole = np.trunc(x)
    return np.where(np.abs(x - whole) >= 0.5, whole + np.copysign(1, x), whole).astype(x.dtype)


def _rounding(
    name: str, numpy: Callable[..., Any], c: str, dtype_rule: DtypeRule, doc: str, formula: str
) -> Elementwise:
    return define(
        Elementwise(
            name, 1, numpy, f"{c}{{f}}({{0}})", dtype_rule, _flat, doc=doc, formula=formula, samples=((0.1, 0.4),)
        )
    )


ceil = _rounding("ceil", np.ceil, "ceil", _real_floating, "Rounded up, as a float.", "⌈x⌉")
floor = _rounding("floor", np.floor, "floor", _real_floating, "Rounded down, as a float.", "⌊x⌋")
trunc = _rounding("trunc", np.trunc, "trunc", _real_floating, "Rounded towards 0, as a float.", "trunc x")
round_half_to_even = _rounding(
    "round_half_to_even",
    np.rint,
    "rint",
    _only_float,
    "Rounded to the nearest integer, halves to the even one.",
    "round x",
)
round_half_away_from_zero = _rounding(
    "round_half_away_from_zero",
    _half_away,
    "round",
    _only_float,
    "Rounded to the nearest integer, halves away from 0.",
    "round x",
)


# -- comparisons and choice --------------------------------------------------------------------------------------------


def _comparison(name: str, numpy: Callable[..., Any], sign: str, doc: str, ordered: bool = True) -> Elementwise:
    return define(
        Elementwise(
            name,
            2,
            numpy,
            f"({{0}} {sign} {{1}})",
            _ordered_truth if ordered else _truth,
            _flat,
            compute="common",
            doc=doc,
            formula=f"x {sign} y",
            commutative=not ordered,
        )
    )


lt = _comparison("lt", np.less, "<", "Whether `x` is less than `y`.")
gt = _comparison("gt", np.greater, ">", "Whether `x` is greater than `y`.")
le = _comparison("le", np.less_equal, "<=", "Whether `x` is at most `y`.")
ge = _comparison("ge", np.greater_equal, ">=", "Whether `x` is at least `y`.")
eq = _comparison("eq", np.equal, "==", "Whether `x` equals `y`; NaN equals nothing.", ordered=False)
neq = _comparison("neq", np.not_equal, "!=", "Whether `x` differs from `y`.", ordered=False)


def _float_test(name: str, numpy: Callable[..., Any], doc: str) -> Elementwise:
    table = {
        **dict.fromkeys("biu", "0"),
        "f": f"({name}({{0}}) != 0)",
        "c": f"({name}(creal{{f}}({{0}})) || {name}(cimag{{f}}({{0}})))",
    }
    return define(Elementwise(name, 1, numpy, table, _truth, _flat, compute="own", doc=doc, support=""))


isnan = _float_test("isnan", np.isnan, "Whether `x` is not a number.")
isinf = _float_test("isinf", np.isinf, "Whether `x` is infinite.")

maximum = define(
    Elementwise(
        "maximum",
        2,
        np.maximum,
        {
            **dict.fromkeys("biu", "({0} > {1} ? {0} : {1})"),
            "f": "({0} >= {1} || {0} != {0} ? {0} : {1})",
        },
        _real,
        lambda inputs, out, g: [switch(ge(*inputs), g, 0), switch(ge(*inputs), 0, g)],
        doc="The larger operand; NaN where one is NaN. At a tie the gradient goes to the first.",
        formula="max(x, y)",
        commutative=True,
        samples=((-3.0, -0.25), (0.25, 3.0)),
    )
)

minimum = define(
    Elementwise(
        "minimum",
        2,
        np.minimum,
        {
            **dict.fromkeys("biu", "({0} < {1} ? {0} : {1})"),
            "f": "({0} <= {1} || {0} != {0} ? {0} : {1})",
        },
        _real,
        lambda inputs, out, g: [switch(le(*inputs), g, 0), switch(le(*inputs), 0, g)],
        doc="The smaller operand; NaN where one is NaN. At a tie the gradient goes to the first.",
        formula="min(x, y)",
        commutative=True,
        samples=((-3.0, -0.25), (0.25, 3.0)),
    )
)

switch: Elementwise = define(
    Elementwise(
        "switch",
        3,
        np.where,
        "({0} ? ({O}){1} : ({O}){2})",
        _chosen,
        lambda inputs, out, g: [
            *_flat(inputs[:1], out, g),
            switch(inputs[0], g, 0),
            switch(inputs[0], 0, g),
        ],
        compute="own",
        doc="`y` where `x` is true (not 0), elsewhere `z`. Both are computed; `ifelse` computes only one.",
        formula="x ? y : z",
        samples=((0.5, 1.0), (-3.0, 3.0), (-3.0, 3.0)),
    )
)


def _clip_gradient(inputs: Sequence[Any], out: Any, g: Any) -> list[Any]:
    """The cotangent goes to `x` where it is within the bounds (inclusive), else to the bound that holds it."""
    x, low, high = inputs
    inside = and_(ge(x, low), le(x, high))
    return [switch(inside, g, 0), switch(lt(x, low), g, 0), switch(gt(x, high), g, 0)]


clip = define(
    Elementwise(
        "clip",
        3,
        np.clip,
        {
            **dict.fromkeys("biu", "(({0} < {1} ? {1} : {0}) > {2} ? {2} : ({0} < {1} ? {1} : {0}))"),
            "f": "isym_min_nan{f}(isym_max_nan{f}({0}, {1}), {2})",
        },
        _real,
        _clip_gradient,
        doc="`x` limited to the interval from `y` to `z`.",
        formula="min(max(x, y), z)",
        samples=((-1.0, 1.0), (-3.0, -1.5), (1.5, 3.0)),
        support="""\
static inline double isym_max_nan(double a, double b) { return a >= b || a != a ? a : b; }
static inline double isym_min_nan(double a, double b) { return a <= b || a != a ? a : b; }
static inline float isym_max_nanf(float a, float b) { return a >= b || a != a ? a : b; }
static inline float isym_min_nanf(float a, float b) { return a <= b || a != a ? a : b; }
""",
    )
)


# -- bits --------------------------------------------------------------------------------------------------------------

and_ = define(
    Elementwise(
        "and", 2, np.bitwise_and, "({0} & {1})", _bits, doc="And, bit by bit.", formula="x & y", commutative=True
    )
)
or_ = define(
    Elementwise("or", 2, np.bitwise_or, "({0} | {1})", _bits, doc="Or, bit by bit.", formula="x | y", commutative=True)
)
xor = define(
    Elementwise(
        "xor",
        2,
        np.bitwise_xor,
        "({0} ^ {1})",
        _bits,
        doc="Exclusive or, bit by bit.",
        formula="x ^ y",
        commutative=True,
    )
)
invert = define(
    Elementwise(
        "invert",
        1,
        np.invert,
        {"b": "(!{0})", "i": "(~{0})", "u": "(~{0})"},
        _bits,
        doc="Not, bit by bit.",
        formula="~x",
    )
)


# -- casts and copies --------------------------------------------------------------------------------------------------


def _unsigned(x: Any, dtype: str) -> Any:
    """Floats as uint32 or uint64: the whole part modulo 2³² or 2⁶⁴, where NumPy and C leave it to the machine."""
    low = (x > -(2.0**63)) & (x < 2.0**63)
    wrapped = np.where(low, x, 0).astype("int64").astype(dtype)
    if dtype == "uint64":
        high = (x >= 2.0**63) & (x < 2.0**64)
        wrapped = np.where(
            high, np.where(high, x - 2.0**63, 0).astype("int64").astype(dtype) + np.uint64(2**63), wrapped
        )
    return wrapped


#: The same in C.
_UNSIGNED = {
    "uint32": "({0} > -0x1p63 && {0} < 0x1p63 ? (uint32_t)(int64_t){0} : 0)",
    "uint64": "({0} > -0x1p63 && {0} < 0x1p63 ? (uint64_t)(int64_t){0} "
    ": {0} >= 0x1p63 && {0} < 0x1p64 ? (uint64_t){0} : 0)",
}


class Cast(Elementwise):
    """Convert elements to the type `dtype`, as NumPy's `astype` does.

    From floats to uint32 and uint64, where beyond the range of the type NumPy depends on the machine, the whole part
    wraps; NaN, infinities and what an int64 or uint64 can't hold give 0.
    """

    __props__ = ("name", "dtype")

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype
        super().__init__(
            "cast",
            1,
            lambda x: _unsigned(x, dtype) if dtype in _UNSIGNED and x.dtype.kind == "f" else x.astype(dtype),
            "({0} != 0)" if dtype == "bool" else f"({C_TYPES[dtype]}){{0}}",
            self._target,
            _flat if dtype in DISCRETE else _cast_gradient,
            compute="own",
            doc=f"Each element as {dtype}.",
            formula=f"{dtype}(x)",
        )

    def _target(self, *dtypes: str) -> str:
        if dtypes[0] in COMPLEXES and self.dtype not in COMPLEXES:
            raise TypeError(f"from complex to {self.dtype} is ambiguous: take x.real, x.imag, abs(x) or T.angle(x)")
        return self.dtype

    def c_expression(self, operands: Sequence[str], in_dtypes: Sequence[str], out_dtype: str) -> str:
        if self.dtype in _UNSIGNED and in_dtypes[0] in FLOATS:
            return _UNSIGNED[self.dtype].format(operands[0])
        if in_dtypes[0] == "bool" and self.dtype in FLOATS:  # compilers do not see that a byte converted is a choice
            return f"({operands[0]} ? ({C_TYPES[self.dtype]})1 : 0)"
        return super().c_expression(operands, in_dtypes, out_dtype)

    def __reduce__(self) -> tuple[Any, ...]:
        return cast_to, (self.dtype,)

    def __str__(self) -> str:
        return f"cast{{{self.dtype}}}"


def _cast_gradient(inputs: Sequence[Any], out: Any, g: Any) -> list[Any]:
    dtype = inputs[0].type.dtype
    return [cast(g, dtype) if dtype in CONTINUOUS else g]


def cast_to(dtype: str) -> Cast:
    """The operation that casts to `dtype`."""
    return CASTS[dtype]


#: The operation that casts to each element type.
CASTS: dict[str, Cast] = {dtype: Cast(dtype) for dtype in C_TYPES}


@public
def cast(x: Any, dtype: Any) -> Any:
    """`x` with elements of type `dtype`; `x` itself where they already are.

    Args:
        x: a tensor of any shape.
        dtype: an element type; `"floatX"` is the configured one.

    Raises:
        TypeError: an unknown type, or complex numbers cast to real ones.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.cast(T.lvector("x"), "float32").type
        TensorType(float32, vector)
    """
    x = as_tensor_variable(x)
    dtype = as_dtype(dtype)
    return x if x.type.dtype == dtype else CASTS[dtype](x)


fill = define(
    Elementwise(
        "fill",
        2,
        lambda x, y: np.array(np.broadcast_arrays(x, y)[1]),
        "{1}",
        _second_dtype,
        lambda inputs, out, g: [None, g],
        compute="own",
        doc="`y` in the shape of `x` (a copy of it for each element).",
        formula="y",
    )
)
register("second", fill)

identity = define(
    Elementwise(
        "identity",
        1,
        np.copy,
        "{0}",
        _common,
        _chain(lambda x, y, g: g),
        doc="The operand as it is, in a node of its own.",
        formula="x",
    )
)


# -- functions of machine learning and statistics ----------------------------------------------------------------------


def _sigmoid(x: Any) -> Any:
    low, high = (-709.0, 19.0) if x.dtype == np.float64 else (-88.0, 15.0)
    one = x.dtype.type(1)
    return np.where(x < low, one * 0, np.where(x > high, one, one / (one + np.exp(-x))))


sigmoid = define(
    Elementwise(
        "sigmoid",
        1,
        _sigmoid,
        "({0} < ISYM_SIGMOID_LOW{f} ? 0 : {0} > ISYM_SIGMOID_HIGH{f} ? 1 : 1 / (1 + isym_exp_normal{f}(-{0})))",
        _real_floating,
        _chain(lambda x, y, g: g * y * (1 - y)),
        doc="The logistic function; exactly 0 below -709 and 1 above 19 (float32: -88 and 15).",
        formula="1 / (1 + e⁻ˣ)",
        support="""\
#define ISYM_SIGMOID_LOW -709.0
#define ISYM_SIGMOID_HIGH 19.0
#define ISYM_SIGMOID_LOWf -88.0f
#define ISYM_SIGMOID_HIGHf 15.0f
""",
    )
)


def _sigmoid_slope(x: Any) -> Any:
    t = np.exp(-np.abs(x))
    return np.where(np.abs(x) > (708 if x.dtype == np.float64 else 87), x.dtype.type(0), t / ((1 + t) * (1 + t)))


sigmoid_slope = define(
    Elementwise(
        "sigmoid_slope",
        1,
        _sigmoid_slope,
        "isym_sigmoid_slope{f}({0})",
        _real_floating,
        _chain(lambda x, y, g: g * y * (1 - _like(2.0, y) * sigmoid(x))),
        doc="The slope of the logistic function, sigmoid(x) sigmoid(-x), with all its digits and one exponential; "
        "exactly 0 beyond 708 (float32: 87).",
        formula="e⁻ˣ / (1 + e⁻ˣ)²",
        support="""\
static inline double isym_sigmoid_slope(double x) {
  const double a = fabs(x), t = isym_exp_normal(a > 708 ? -708 : -a);
  return a > 708 ? 0 : t / ((1 + t) * (1 + t));
}
static inline float isym_sigmoid_slopef(float x) {
  const float a = fabsf(x), t = isym_exp_normalf(a > 87 ? -87 : -a);
  return a > 87 ? 0 : t / ((1 + t) * (1 + t));
}
""",
    )
)


def _softplus(x: Any) -> Any:
    low, high = (-745.0, 16.0) if x.dtype == np.float64 else (-103.0, 14.0)
    return np.where(x < low, x.dtype.type(0), np.where(x > high, x, np.log1p(np.exp(x))))


softplus = define(
    Elementwise(
        "softplus",
        1,
        _softplus,
        "({0} < ISYM_SOFTPLUS_LOW{f} ? 0 : {0} > ISYM_SOFTPLUS_HIGH{f} ? {0} "
        ": ({0} > 0 ? {0} : 0) + isym_log1p_unit{f}(isym_exp{f}(-fabs{f}({0}))))",
        _real_floating,
        _chain(lambda x, y, g: g * sigmoid(x)),
        doc="A smooth `max(x, 0)`; exactly 0 below -745 and `x` above 16 (float32: -103 and 14).",
        formula="log(1 + eˣ)",
        support="""\
#define ISYM_SOFTPLUS_LOW -745.0
#define ISYM_SOFTPLUS_HIGH 16.0
#define ISYM_SOFTPLUS_LOWf -103.0f
#define ISYM_SOFTPLUS_HIGHf 14.0f
""",
    )
)


# -- special functions -------------------------------------------------------------------------------------------------


def _from_math(function: Callable[[float], float]) -> Callable[[Any], Any]:
    """A reference that applies a function of Python's `math` to each element; outside its domain NaN, beyond it inf."""

    def scalar(x: float) -> float:
        try:
            return function(float(x))
        except OverflowError:
            return math.inf
        except ValueError:
            return math.nan

    over_elements = np.frompyfunc(scalar, 1, 1)
    return lambda x: np.asarray(over_elements(x)).astype(x.dtype)


def _lgamma(x: float) -> float:
    return math.inf if x <= 0 and x == math.floor(x) else math.lgamma(x)


def _tgamma(x: float) -> float:
    if x == 0:
        return math.copysign(math.inf, x)
    return math.gamma(x)


def _psi(x: Any) -> Any:
    """Reflection below 0, recurrence up to 6, then the asymptotic series (Abramowitz and Stegun 6.3)."""
    wide = np.asarray(x, dtype="float64")
    mirrored = wide < 0.5
    z = np.where(mirrored, 1 - wide, wide)
    result = np.zeros_like(z)
    for _ in range(10):
        small = z < 10
        result = result - np.where(small, 1 / np.where(small, z, 1), 0)
        z = np.where(small, z + 1, z)
    w = 1 / (z * z)
    series = w * (1 / 12 - w * (1 / 120 - w * (1 / 252 - w * (1 / 240 - w * (1 / 132 - w * (691 / 32760 - w / 12))))))
    result = result + np.log(z) - 0.5 / z - series
    result = np.where(mirrored, result - np.pi / np.tan(np.pi * wide), result)
    pole = (wide <= 0) & (wide == np.floor(wide))
    return np.where(pole, np.nan, result).astype(x.dtype)


_PSI = """\
static inline double isym_psi(double x) {
  double z = x < 0.5 ? 1 - x : x, result = 0;
  if (x <= 0 && x == floor(x)) return NAN;
  for (int k = 0; k < 10 && z < 10; k++, z += 1) result -= 1 / z;
  double w = 1 / (z * z);
  double tail = 1.0 / 240 - w * (1.0 / 132 - w * (691.0 / 32760 - w / 12));
  double series = w * (1.0 / 12 - w * (1.0 / 120 - w * (1.0 / 252 - w * tail)));
  result += log(z) - 0.5 / z - series;
  return x < 0.5 ? result - 3.14159265358979323846 / tan(3.14159265358979323846 * x) : result;
}
static inline float isym_psif(float x) { return (float)isym_psi(x); }
"""


def _tri_gamma(x: Any) -> Any:
    """Reflection below 1/2, recurrence up to 12, then the asymptotic series (Abramowitz and Stegun 6.4)."""
    wide = np.asarray(x, dtype="float64")
    mirrored = wide < 0.5
    z = np.where(mirrored, 1 - wide, wide)
    result = np.zeros_like(z)
    for _ in range(12):
        small = z < 12
        result = result + np.where(small, 1 / np.where(small, z * z, 1), 0)
        z = np.where(small, z + 1, z)
    w = 1 / (z * z)
    tail = 1 / 30 - w * (5 / 66 - w * (691 / 2730 - w * (7 / 6)))
    series = w * (1 / 6 - w * (1 / 30 - w * (1 / 42 - w * tail)))
    result = result + (1 + 0.5 / z + series) / z
    result = np.where(mirrored, (np.pi / np.sin(np.pi * wide)) ** 2 - result, result)
    pole = (wide <= 0) & (wide == np.floor(wide))
    return np.where(pole, np.inf, result).astype(x.dtype)


_TRI_GAMMA = """\
static inline double isym_tri_gamma(double x) {
  double z = x < 0.5 ? 1 - x : x, result = 0;
  if (x <= 0 && x == floor(x)) return INFINITY;
  for (int k = 0; k < 12 && z < 12; k++, z += 1) result += 1 / (z * z);
  double w = 1 / (z * z);
  double tail = 1.0 / 30 - w * (5.0 / 66 - w * (691.0 / 2730 - w * (7.0 / 6)));
  double series = w * (1.0 / 6 - w * (1.0 / 30 - w * (1.0 / 42 - w * tail)));
  result += (1 + 0.5 / z + series) / z;
  double mirror = 3.14159265358979323846 / sin(3.14159265358979323846 * x);
  return x < 0.5 ? mirror * mirror - result : result;
}
static inline float isym_tri_gammaf(float x) { return (float)isym_tri_gamma(x); }
"""


def _special(
    name: str,
    numpy: Callable[..., Any],
    c: str,
    derivative: Derivative | None,
    doc: str,
    formula: str,
    low: float = -3.0,
    high: float = 3.0,
    support: str = "",
) -> Elementwise:
    return define(
        Elementwise(
            name,
            1,
            numpy,
            f"{c}{{f}}({{0}})",
            _real_floating,
            None if derivative is None else _chain(derivative),
            doc=doc,
            formula=formula,
            samples=((low, high),),
            support=support,
        )
    )


TWO_OVER_ROOT_PI = 2.0 / math.sqrt(math.pi)

erf = _special(
    "erf",
    _from_math(math.erf),
    "erf",
    lambda x, y, g: g * _like(TWO_OVER_ROOT_PI, y) * exp(-sqr(x)),
    "The error function.",
    "2/√π ∫₀ˣ exp(-t²) dt",
)
erfc = _special(
    "erfc",
    _from_math(math.erfc),
    "erfc",
    lambda x, y, g: -g * _like(TWO_OVER_ROOT_PI, y) * exp(-sqr(x)),
    "One less the error function, exact where that is near 1.",
    "1 - erf x",
)
tri_gamma = _special(
    "tri_gamma",
    _tri_gamma,
    "isym_tri_gamma",
    lambda x, y, g: g * call("polygamma", 2, x),
    "The trigamma function, the derivative of `psi`.",
    "d² log Γ(x) / dx²",
    0.5,
    4.0,
    support=_TRI_GAMMA,
)
psi = _special(
    "psi",
    _psi,
    "isym_psi",
    lambda x, y, g: g * tri_gamma(x),
    "The digamma function, the derivative of `gammaln`.",
    "d log Γ(x) / dx",
    0.5,
    4.0,
    support=_PSI,
)
gamma = _special(
    "gamma",
    _from_math(_tgamma),
    "tgamma",
    lambda x, y, g: g * y * psi(x),
    "The gamma function.",
    "Γ(x)",
    0.5,
    4.0,
)
gammaln = _special(
    "gammaln",
    _from_math(_lgamma),
    "lgamma",
    lambda x, y, g: g * psi(x),
    "The logarithm of the absolute value of the gamma function.",
    "log |Γ(x)|",
    0.5,
    4.0,
)


# -- complex numbers ---------------------------------------------------------------------------------------------------

_real_part = define(
    Elementwise(
        "real",
        1,
        np.real,
        "creal{f}({0})",
        _part,
        _chain(lambda x, y, g: complex_(g, call("zeros_like", g))),
        compute="own",
        doc="The real part.",
        formula="Re x",
        support=_COMPLEX_HEADER,
    )
)
_imaginary_part = define(
    Elementwise(
        "imag",
        1,
        np.imag,
        "cimag{f}({0})",
        _part,
        _chain(lambda x, y, g: complex_(call("zeros_like", g), g)),
        compute="own",
        doc="The imaginary part.",
        formula="Im x",
        support=_COMPLEX_HEADER,
    )
)
_conjugate: Elementwise = define(
    Elementwise(
        "conj",
        1,
        np.conj,
        "conj{f}({0})",
        _only_complex,
        _chain(lambda x, y, g: _conjugate(g)),
        doc="The complex conjugate.",
        formula="x̄",
        support=_COMPLEX_HEADER,
    )
)
angle = define(
    Elementwise(
        "angle",
        1,
        lambda x: np.angle(x.astype("complex128" if x.dtype.kind == "c" else "float64")),
        {
            **dict.fromkeys("iuf", "atan2(0.0, (double){0})"),
            "b": "0.0",
            "c": "carg((double _Complex){0})",
        },
        _double,
        None,
        compute="own",
        doc="The angle of a complex number, in radians, in (-π, π].",
        formula="arg x",
        support=_COMPLEX_HEADER,
    )
)
complex_: Elementwise = define(
    Elementwise(
        "complex",
        2,
        lambda x, y: x.real + 1j * y.real,
        "({0} + {1} * _Complex_I)",
        _paired,
        lambda inputs, out, g: [real(g), imag(g)],
        doc="The complex number with the given parts.",
        formula="x + i y",
        support=_COMPLEX_HEADER,
    )
)
for _op in list(ELEMENTWISE.values()):
    if isinstance(_op.c, dict) and "c" in _op.c and not _op.support:
        _op.support = _COMPLEX_HEADER


@public
def real(z: Any) -> Any:
    """The real part; a real tensor is returned as it is.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.real(T.zvector("x")).type
        TensorType(float64, vector)
    """
    z = as_tensor_variable(z)
    return _real_part(z) if z.type.dtype in COMPLEXES else z


@public
def imag(z: Any) -> Any:
    """The imaginary part; zeros for a real tensor.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.imag(T.cmatrix("x")).type
        TensorType(float32, matrix)
    """
    z = as_tensor_variable(z)
    return _imaginary_part(z) if z.type.dtype in COMPLEXES else call("zeros_like", z)


@public
def conj(z: Any) -> Any:
    """The complex conjugate; a real tensor is returned as it is.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.conj(T.zscalar("x")).type
        TensorType(complex128, scalar)
    """
    z = as_tensor_variable(z)
    return _conjugate(z) if z.type.dtype in COMPLEXES else z


# -- functions over the table ------------------------------------------------------------------------------------------


@public
def int_div(a: Any, b: Any) -> Any:
    """The quotient rounded down, `a // b`, of the operands' common type; an integer divided by zero gives 0.

    Raises:
        ZeroDivisionError: the divisor is the integer constant 0.
        TypeError: complex operands.

    Example:
        >>> import interactive_sym.tensor as T
        >>> int(T.int_div(-7, 2).eval())
        -4
    """
    a, b = as_tensor_variable(a), as_tensor_variable(b)
    if isinstance(b, Constant) and a.type.dtype in DISCRETE and b.type.dtype in DISCRETE and not np.any(b.data):
        raise ZeroDivisionError(message(f"{a} is divided by the integer 0", here()[0]))
    return _int_div(a, b)


register("floor_div", int_div)
register("power", pow_)
register("square", sqr)
register("reciprocal", inv)
register("bitwise_and", and_)
register("bitwise_or", or_)
register("bitwise_xor", xor)
register("bitwise_not", invert)
register("where", switch)


@public
def div_proxy(x: Any, y: Any) -> Any:
    """The operator `/`: the true quotient; between integers what `config.int_division` says.

    Between integers "floatX" gives a float, "int" the quotient rounded down, "raise" an error.

    Raises:
        TypeError: both operands are integers and `config.int_division` is "raise".

    Example:
        >>> import interactive_sym.tensor as T
        >>> (T.lscalar("i") / T.lscalar("j")).dtype
        'float64'
    """
    x, y = as_tensor_variable(x), as_tensor_variable(y)
    if config.int_division != "floatX" and x.type.dtype in DISCRETE and y.type.dtype in DISCRETE:
        if config.int_division == "int":
            return int_div(x, y)
        raise TypeError(
            message(
                f"{x} / {y} divides integers, and config.int_division is 'raise'",
                here()[0],
                cure="x // y rounds down; T.true_div(x, y) gives a float",
            )
        )
    return true_div(x, y)


@public
def divmod(x: Any, y: Any) -> tuple[Any, Any]:
    """The pair `(x // y, x % y)`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> [int(part.eval()) for part in T.divmod(-7, 2)]
        [-4, 1]
    """
    return int_div(x, y), mod(x, y)


@public
def ceil_intdiv(a: Any, b: Any) -> Any:
    """The quotient of integers rounded up.

    Args:
        a, b: integer tensors or ints.

    Example:
        >>> import interactive_sym.tensor as T
        >>> int(T.ceil_intdiv(7, 2).eval())
        4
    """
    return cast(int_div(a, b), upcast(as_tensor_variable(a).dtype, as_tensor_variable(b).dtype)) + neq(mod(a, b), 0)


@public
def round(a: Any, mode: str | None = None) -> Any:
    """Rounded to the nearest integer, in the float type of `a`.

    Args:
        a: a float tensor.
        mode: "half_to_even" (default) or "half_away_from_zero".

    Raises:
        TypeError: `a` is not float.
        ValueError: another mode.

    Example:
        >>> import interactive_sym.tensor as T
        >>> float(T.round(2.5).eval()), float(T.round(2.5, mode="half_away_from_zero").eval())
        (2.0, 3.0)
    """
    if mode in (None, "half_to_even"):
        return round_half_to_even(a)
    if mode == "half_away_from_zero":
        return round_half_away_from_zero(a)
    raise ValueError(message(f"round: mode is 'half_to_even' or 'half_away_from_zero', not {mode!r}", here()[0]))


@public
def iround(a: Any, mode: str | None = None) -> Any:
    """Rounded to the nearest integer, as int64; `mode` as for `round`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> int(T.iround(2.5).eval())
        2
    """
    return cast(round(a, mode), "int64")


@public
def isclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether elements are equal within `atol + rtol |b|`; infinities are close to themselves only.

    Args:
        a, b: tensors.
        rtol, atol: how far apart: relative to `b`, and absolute.
        equal_nan: whether NaN is close to NaN.

    Returns:
        A bool tensor of the stretched shape.

    Example:
        >>> import interactive_sym.tensor as T
        >>> bool(T.isclose(1.0, 1.000001).eval())
        True
    """
    a, b = as_tensor_variable(a), as_tensor_variable(b)
    near = le(abs_(a - b), atol + rtol * abs_(b))
    finite = invert(or_(or_(isinf(a), isinf(b)), or_(isnan(a), isnan(b))))
    close = or_(and_(near, finite), eq(a, b))
    return or_(close, and_(isnan(a), isnan(b))) if equal_nan else close


@public
def allclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether all elements are close (see `isclose`), a bool scalar.

    Example:
        >>> import interactive_sym.tensor as T
        >>> bool(T.allclose([1.0, 2.0], [1.0, 2.5]).eval())
        False
    """
    return call("all", isclose(a, b, rtol, atol, equal_nan))
