"""Symbolic tensors: `import interactive_sym.tensor as T`.

Names here are those a user writes: typed constructors (`T.dmatrix("x")`), elementwise functions (`T.exp`), reductions
(`T.sum`), shapes (`T.reshape`), creation (`T.zeros`), products (`T.dot`). Operations themselves live in `core.ops`.

Read next: `nnet`, `shared_randomstreams`.
"""

import builtins
import importlib
from typing import Any

from ..core.constants import as_tensor_variable, constant, get_scalar_constant_value
from ..core.derivatives import Lop, Rop, hessian, hessian_vector_product, jacobian
from ..core.errors import NotScalarConstantError, ShapeError, message
from ..core.grad import grad
from ..core.ops.advanced import (
    AdvancedIncSubtensor,
    AdvancedSubtensor,
    choose,
    flatnonzero,
    inverse_permutation,
    nonzero,
    nonzero_values,
    take,
)
from ..core.ops.batched import BatchedDot, batched_dot, batched_tensordot
from ..core.ops.counting import BinCount as BinCountOp
from ..core.ops.counting import Unique, bincount, to_one_hot
from ..core.ops.create import (
    Alloc,
    ARange,
    Eye,
    MakeVector,
    alloc,
    arange,
    eye,
    identity_like,
    ones,
    ones_like,
    tri,
    tril,
    triu,
    zeros,
    zeros_like,
)
from ..core.ops.cumulative import Cumulative as CumOp
from ..core.ops.cumulative import cumprod, cumsum, diff
from ..core.ops.diagonals import diag, diagonal, fill_diagonal, fill_diagonal_offset, trace
from ..core.ops.elementwise import Elementwise as Elemwise
from ..core.ops.elementwise import (
    abs_,
    add,
    allclose,
    and_,
    angle,
    arccos,
    arccosh,
    arcsin,
    arcsinh,
    arctan,
    arctan2,
    arctanh,
    cast,
    ceil,
    ceil_intdiv,
    clip,
    conj,
    cos,
    cosh,
    deg2rad,
    div_proxy,
    divmod,
    eq,
    erf,
    erfc,
    exp,
    exp2,
    expm1,
    fill,
    floor,
    gamma,
    gammaln,
    ge,
    gt,
    identity,
    imag,
    int_div,
    inv,
    invert,
    iround,
    isclose,
    isinf,
    isnan,
    le,
    log,
    log1p,
    log2,
    log10,
    lt,
    maximum,
    minimum,
    mod,
    mul,
    neg,
    neq,
    or_,
    psi,
    rad2deg,
    real,
    round,
    round_half_away_from_zero,
    round_half_to_even,
    sgn,
    sigmoid,
    sigmoid_slope,
    sin,
    sinh,
    softplus,
    sqr,
    sqrt,
    sub,
    switch,
    tan,
    tanh,
    tri_gamma,
    true_div,
    trunc,
    xor,
)
from ..core.ops.elementwise import (
    complex_ as complex,
)
from ..core.ops.elementwise import (
    pow_ as pow,
)
from ..core.ops.extra import (
    EmptyConstantError,
    alloc_validate_shape,
    complex_from_polar,
    cov,
    default,
    extract_constant,
    is_flat,
    makeKeepDims,
    numpy_scalar,
    transfer,
)
from ..core.ops.grids import bartlett, mgrid, ogrid, stacklists
from ..core.ops.indexing import IncSubtensor, Subtensor, inc_subtensor, set_subtensor
from ..core.ops.linalg import Dot, dot, outer, tensordot
from ..core.ops.marks import consider_constant
from ..core.ops.positions import ravel_multi_index, unravel_index
from ..core.ops.random import permute_row_elements
from ..core.ops.reduce import Reduce as CAReduce
from ..core.ops.reduce import (
    all,
    any,
    argmax,
    argmin,
    max,
    max_and_argmax,
    mean,
    min,
    norm,
    prod,
    ptp,
    std,
    sum,
    var,
)
from ..core.ops.repeating import compress, repeat, roll, tile
from ..core.ops.shape import (
    DimShuffle,
    Join,
    Reshape,
    Shape,
    SpecifyShape,
    addbroadcast,
    concatenate,
    dimshuffle,
    flatten,
    get_vector_length,
    horizontal_stack,
    join,
    patternbroadcast,
    reshape,
    shape,
    shape_i,
    shape_padaxis,
    shape_padleft,
    shape_padright,
    size,
    specify_shape,
    split,
    squeeze,
    stack,
    swapaxes,
    transpose,
    unbroadcast,
    vertical_stack,
)
from ..core.ops.shape import ShapeI as Shape_i
from ..core.ops.shape import Unbroadcast as Rebroadcast
from ..core.ops.sort import ArgSort as ArgSortOp
from ..core.ops.sort import SearchSorted as SearchsortedOp
from ..core.ops.sort import Sort as SortOp
from ..core.ops.sort import argsort, argtopk, searchsorted, sort, topk, topk_and_argtopk
from ..core.ops.special import (
    chi2sf,
    erfcinv,
    erfcx,
    erfinv,
    gamma_density_by_order,
    gammainc,
    gammainc_by_order,
    gammainc_der,
    gammaincc,
    gammal,
    gammau,
    i0,
    i1,
    iv,
    j0,
    j1,
    jv,
    polygamma,
)
from ..core.shared import TensorSharedVariable, shared
from ..core.source import here
from ..core.types import COMPLEXES, CONTINUOUS, DISCRETE, DTYPES, FLOATS, INTEGERS, TensorType
from ..core.variable import TensorConstant, TensorVariable
from . import fft, nlinalg, nnet, opt, raw_random, shared_randomstreams, signal, slinalg

# classes of operations by the names Theano programs know; where one class here does what two do there, both mean it
AdvancedSubtensor1 = AdvancedSubtensor
AdvancedIncSubtensor1 = AdvancedIncSubtensor

where = switch
second = fill
square = sqr
power = pow
floor_div = int_div
smallest, largest = minimum, maximum
bitwise_and, bitwise_or, bitwise_xor, bitwise_not = and_, or_, xor, invert

# -- typed constructors ------------------------------------------------------------------------------------------------

_SHAPES: dict[str, tuple[bool, ...]] = {
    "scalar": (),
    "vector": (False,),
    "row": (True, False),
    "col": (False, True),
    "matrix": (False, False),
    **{f"tensor{n}": (False,) * n for n in range(3, 8)},
}


def _floating(suffix: str, name: str | None, dtype: Any) -> TensorVariable:
    return TensorType("floatX" if dtype is None else dtype, _SHAPES[suffix]).make_variable(name)


def scalar(name: str | None = None, dtype: Any = None) -> TensorVariable:
    """A symbolic scalar, by default of floatX.

    Args:
        name: its name, which messages and keyword arguments use.
        dtype: its element type, by default floatX.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.scalar("x").type
        TensorType(float64, scalar)
    """
    return _floating("scalar", name, dtype)


def vector(name: str | None = None, dtype: Any = None) -> TensorVariable:
    """A symbolic vector `(n,)`, by default of floatX.

    Args:
        name, dtype: as for `scalar`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.vector("v", dtype="int32").type
        TensorType(int32, vector)
    """
    return _floating("vector", name, dtype)


def matrix(name: str | None = None, dtype: Any = None) -> TensorVariable:
    """A symbolic matrix `(n, m)`, by default of floatX.

    Args:
        name, dtype: as for `scalar`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.matrix("m").type
        TensorType(float64, matrix)
    """
    return _floating("matrix", name, dtype)


def row(name: str | None = None, dtype: Any = None) -> TensorVariable:
    """A symbolic row `(1, n)`, which stretches along its first dimension.

    Args:
        name, dtype: as for `scalar`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.row("r").broadcastable
        (True, False)
    """
    return _floating("row", name, dtype)


def col(name: str | None = None, dtype: Any = None) -> TensorVariable:
    """A symbolic column `(n, 1)`, which stretches along its second dimension.

    Args:
        name, dtype: as for `scalar`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.col("c").broadcastable
        (False, True)
    """
    return _floating("col", name, dtype)


def tensor3(name: str | None = None, dtype: Any = None) -> TensorVariable:
    """A symbolic tensor of 3 dimensions, by default of floatX.

    Args:
        name, dtype: as for `scalar`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.tensor3("x", dtype="float32").type
        TensorType(float32, tensor3)
    """
    return _floating("tensor3", name, dtype)


def tensor4(name: str | None = None, dtype: Any = None) -> TensorVariable:
    """A symbolic tensor of 4 dimensions, by default of floatX.

    Args:
        name, dtype: as for `scalar`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.tensor4("x", dtype="float32").type
        TensorType(float32, tensor4)
    """
    return _floating("tensor4", name, dtype)


def tensor5(name: str | None = None, dtype: Any = None) -> TensorVariable:
    """A symbolic tensor of 5 dimensions, by default of floatX.

    Args:
        name, dtype: as for `scalar`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.tensor5("x", dtype="float32").type
        TensorType(float32, tensor5)
    """
    return _floating("tensor5", name, dtype)


def tensor6(name: str | None = None, dtype: Any = None) -> TensorVariable:
    """A symbolic tensor of 6 dimensions, by default of floatX.

    Args:
        name, dtype: as for `scalar`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.tensor6("x", dtype="float32").type
        TensorType(float32, tensor6)
    """
    return _floating("tensor6", name, dtype)


def tensor7(name: str | None = None, dtype: Any = None) -> TensorVariable:
    """A symbolic tensor of 7 dimensions, by default of floatX.

    Args:
        name, dtype: as for `scalar`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.tensor7("x", dtype="float32").type
        TensorType(float32, tensor7)
    """
    return _floating("tensor7", name, dtype)


def tensor(dtype: Any, broadcastable: Any, name: str | None = None) -> TensorVariable:
    """A symbolic tensor of the given element type and, for each dimension, True, False or its size.

    Args:
        dtype: the element type, such as `"float64"`.
        broadcastable: for each dimension True (size 1), False (any size) or its size.
        name: its name.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.tensor("int8", (False, True)).type
        TensorType(int8, col)
    """
    return TensorType(dtype, broadcastable).make_variable(name)


class Plural:
    """Several variables of a kind at once.

    Call it with a number, with names, or with one text of one-letter names.

    Args:
        name: what it is called.
        make: makes one variable, of a name.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.dmatrices("a", "b")
        [a, b]
        >>> T.scalars("abc"), len(T.lvectors(2))
        ([a, b, c], 2)
    """

    def __init__(self, name: str, make: Any) -> None:
        self.__name__ = name
        self._make = make
        self.__doc__ = f"{type(self).__doc__}"

    def __call__(self, *names: Any) -> list[TensorVariable]:
        if len(names) == 1 and isinstance(names[0], int):
            if names[0] < 1:
                raise ValueError(message(f"{self.__name__} wants a number of at least 1, got {names[0]}", here()[0]))
            return [self._make() for _ in range(names[0])]
        if len(names) == 1 and isinstance(names[0], str):
            names = tuple(names[0])
        if not names or not builtins.all(name is None or isinstance(name, str) for name in names):
            raise TypeError(message(f"{self.__name__} takes a number or names, got {names}", here()[0]))
        return [self._make(name=name) for name in names]

    def __repr__(self) -> str:
        return f"<{self.__name__}: several variables at once>"


bscalar = TensorType("int8", ())
bvector = TensorType("int8", (False,))
brow = TensorType("int8", (True, False))
bcol = TensorType("int8", (False, True))
bmatrix = TensorType("int8", (False, False))
btensor3 = TensorType("int8", (False,) * 3)
btensor4 = TensorType("int8", (False,) * 4)
btensor5 = TensorType("int8", (False,) * 5)
btensor6 = TensorType("int8", (False,) * 6)
btensor7 = TensorType("int8", (False,) * 7)

wscalar = TensorType("int16", ())
wvector = TensorType("int16", (False,))
wrow = TensorType("int16", (True, False))
wcol = TensorType("int16", (False, True))
wmatrix = TensorType("int16", (False, False))
wtensor3 = TensorType("int16", (False,) * 3)
wtensor4 = TensorType("int16", (False,) * 4)
wtensor5 = TensorType("int16", (False,) * 5)
wtensor6 = TensorType("int16", (False,) * 6)
wtensor7 = TensorType("int16", (False,) * 7)

iscalar = TensorType("int32", ())
ivector = TensorType("int32", (False,))
irow = TensorType("int32", (True, False))
icol = TensorType("int32", (False, True))
imatrix = TensorType("int32", (False, False))
itensor3 = TensorType("int32", (False,) * 3)
itensor4 = TensorType("int32", (False,) * 4)
itensor5 = TensorType("int32", (False,) * 5)
itensor6 = TensorType("int32", (False,) * 6)
itensor7 = TensorType("int32", (False,) * 7)

lscalar = TensorType("int64", ())
lvector = TensorType("int64", (False,))
lrow = TensorType("int64", (True, False))
lcol = TensorType("int64", (False, True))
lmatrix = TensorType("int64", (False, False))
ltensor3 = TensorType("int64", (False,) * 3)
ltensor4 = TensorType("int64", (False,) * 4)
ltensor5 = TensorType("int64", (False,) * 5)
ltensor6 = TensorType("int64", (False,) * 6)
ltensor7 = TensorType("int64", (False,) * 7)

fscalar = TensorType("float32", ())
fvector = TensorType("float32", (False,))
frow = TensorType("float32", (True, False))
fcol = TensorType("float32", (False, True))
fmatrix = TensorType("float32", (False, False))
ftensor3 = TensorType("float32", (False,) * 3)
ftensor4 = TensorType("float32", (False,) * 4)
ftensor5 = TensorType("float32", (False,) * 5)
ftensor6 = TensorType("float32", (False,) * 6)
ftensor7 = TensorType("float32", (False,) * 7)

dscalar = TensorType("float64", ())
dvector = TensorType("float64", (False,))
drow = TensorType("float64", (True, False))
dcol = TensorType("float64", (False, True))
dmatrix = TensorType("float64", (False, False))
dtensor3 = TensorType("float64", (False,) * 3)
dtensor4 = TensorType("float64", (False,) * 4)
dtensor5 = TensorType("float64", (False,) * 5)
dtensor6 = TensorType("float64", (False,) * 6)
dtensor7 = TensorType("float64", (False,) * 7)

cscalar = TensorType("complex64", ())
cvector = TensorType("complex64", (False,))
crow = TensorType("complex64", (True, False))
ccol = TensorType("complex64", (False, True))
cmatrix = TensorType("complex64", (False, False))
ctensor3 = TensorType("complex64", (False,) * 3)
ctensor4 = TensorType("complex64", (False,) * 4)
ctensor5 = TensorType("complex64", (False,) * 5)
ctensor6 = TensorType("complex64", (False,) * 6)
ctensor7 = TensorType("complex64", (False,) * 7)

zscalar = TensorType("complex128", ())
zvector = TensorType("complex128", (False,))
zrow = TensorType("complex128", (True, False))
zcol = TensorType("complex128", (False, True))
zmatrix = TensorType("complex128", (False, False))
ztensor3 = TensorType("complex128", (False,) * 3)
ztensor4 = TensorType("complex128", (False,) * 4)
ztensor5 = TensorType("complex128", (False,) * 5)
ztensor6 = TensorType("complex128", (False,) * 6)
ztensor7 = TensorType("complex128", (False,) * 7)

#: The names of element types, by kind.
float_dtypes = FLOATS
complex_dtypes = COMPLEXES
continuous_dtypes = CONTINUOUS
integer_dtypes = INTEGERS
int_dtypes = tuple(name for name in INTEGERS if not name.startswith("u"))
uint_dtypes = tuple(name for name in INTEGERS if name.startswith("u"))
discrete_dtypes = DISCRETE
all_dtypes = DTYPES

scalars = Plural("scalars", scalar)
vectors = Plural("vectors", vector)
rows = Plural("rows", row)
cols = Plural("cols", col)
matrices = Plural("matrices", matrix)
tensor3s = Plural("tensor3s", tensor3)
tensor4s = Plural("tensor4s", tensor4)
tensor5s = Plural("tensor5s", tensor5)
tensor6s = Plural("tensor6s", tensor6)
tensor7s = Plural("tensor7s", tensor7)

iscalars = Plural("iscalars", iscalar)
ivectors = Plural("ivectors", ivector)
irows = Plural("irows", irow)
icols = Plural("icols", icol)
imatrices = Plural("imatrices", imatrix)
itensor3s = Plural("itensor3s", itensor3)
itensor4s = Plural("itensor4s", itensor4)
itensor5s = Plural("itensor5s", itensor5)
itensor6s = Plural("itensor6s", itensor6)
itensor7s = Plural("itensor7s", itensor7)

lscalars = Plural("lscalars", lscalar)
lvectors = Plural("lvectors", lvector)
lrows = Plural("lrows", lrow)
lcols = Plural("lcols", lcol)
lmatrices = Plural("lmatrices", lmatrix)
ltensor3s = Plural("ltensor3s", ltensor3)
ltensor4s = Plural("ltensor4s", ltensor4)
ltensor5s = Plural("ltensor5s", ltensor5)
ltensor6s = Plural("ltensor6s", ltensor6)
ltensor7s = Plural("ltensor7s", ltensor7)

fscalars = Plural("fscalars", fscalar)
fvectors = Plural("fvectors", fvector)
frows = Plural("frows", frow)
fcols = Plural("fcols", fcol)
fmatrices = Plural("fmatrices", fmatrix)
ftensor3s = Plural("ftensor3s", ftensor3)
ftensor4s = Plural("ftensor4s", ftensor4)
ftensor5s = Plural("ftensor5s", ftensor5)
ftensor6s = Plural("ftensor6s", ftensor6)
ftensor7s = Plural("ftensor7s", ftensor7)

dscalars = Plural("dscalars", dscalar)
dvectors = Plural("dvectors", dvector)
drows = Plural("drows", drow)
dcols = Plural("dcols", dcol)
dmatrices = Plural("dmatrices", dmatrix)
dtensor3s = Plural("dtensor3s", dtensor3)
dtensor4s = Plural("dtensor4s", dtensor4)
dtensor5s = Plural("dtensor5s", dtensor5)
dtensor6s = Plural("dtensor6s", dtensor6)
dtensor7s = Plural("dtensor7s", dtensor7)

__all__ = [
    "ARange",
    "AdvancedIncSubtensor",
    "AdvancedIncSubtensor1",
    "AdvancedSubtensor",
    "AdvancedSubtensor1",
    "Alloc",
    "ArgSortOp",
    "BatchedDot",
    "BinCountOp",
    "CAReduce",
    "CumOp",
    "DimShuffle",
    "Dot",
    "Elemwise",
    "EmptyConstantError",
    "Eye",
    "IncSubtensor",
    "Join",
    "Lop",
    "MakeVector",
    "NotScalarConstantError",
    "Plural",
    "Rebroadcast",
    "Reshape",
    "Rop",
    "SearchsortedOp",
    "Shape",
    "ShapeError",
    "Shape_i",
    "SortOp",
    "SpecifyShape",
    "Subtensor",
    "TensorConstant",
    "TensorSharedVariable",
    "TensorType",
    "TensorVariable",
    "Unique",
    "abs_",
    "add",
    "addbroadcast",
    "all",
    "all_dtypes",
    "allclose",
    "alloc",
    "alloc_validate_shape",
    "and_",
    "angle",
    "any",
    "arange",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "argmax",
    "argmin",
    "argsort",
    "argtopk",
    "as_tensor_variable",
    "bartlett",
    "batched_dot",
    "batched_tensordot",
    "bcol",
    "bincount",
    "bitwise_and",
    "bitwise_not",
    "bitwise_or",
    "bitwise_xor",
    "bmatrix",
    "brow",
    "bscalar",
    "btensor3",
    "btensor4",
    "btensor5",
    "btensor6",
    "btensor7",
    "bvector",
    "cast",
    "ccol",
    "ceil",
    "ceil_intdiv",
    "chi2sf",
    "choose",
    "clip",
    "cmatrix",
    "col",
    "cols",
    "complex",
    "complex_dtypes",
    "complex_from_polar",
    "compress",
    "concatenate",
    "conj",
    "consider_constant",
    "constant",
    "continuous_dtypes",
    "cos",
    "cosh",
    "cov",
    "crow",
    "cscalar",
    "ctensor3",
    "ctensor4",
    "ctensor5",
    "ctensor6",
    "ctensor7",
    "cumprod",
    "cumsum",
    "cvector",
    "dcol",
    "dcols",
    "default",
    "deg2rad",
    "diag",
    "diagonal",
    "diff",
    "dimshuffle",
    "discrete_dtypes",
    "div_proxy",
    "divmod",
    "dmatrices",
    "dmatrix",
    "dot",
    "drow",
    "drows",
    "dscalar",
    "dscalars",
    "dtensor3",
    "dtensor3s",
    "dtensor4",
    "dtensor4s",
    "dtensor5",
    "dtensor5s",
    "dtensor6",
    "dtensor6s",
    "dtensor7",
    "dtensor7s",
    "dvector",
    "dvectors",
    "eq",
    "erf",
    "erfc",
    "erfcinv",
    "erfcx",
    "erfinv",
    "exp",
    "exp2",
    "expm1",
    "extract_constant",
    "eye",
    "fcol",
    "fcols",
    "fft",
    "fill",
    "fill_diagonal",
    "fill_diagonal_offset",
    "flatnonzero",
    "flatten",
    "float_dtypes",
    "floor",
    "floor_div",
    "fmatrices",
    "fmatrix",
    "frow",
    "frows",
    "fscalar",
    "fscalars",
    "ftensor3",
    "ftensor3s",
    "ftensor4",
    "ftensor4s",
    "ftensor5",
    "ftensor5s",
    "ftensor6",
    "ftensor6s",
    "ftensor7",
    "ftensor7s",
    "fvector",
    "fvectors",
    "gamma",
    "gamma_density_by_order",
    "gammainc",
    "gammainc_by_order",
    "gammainc_der",
    "gammaincc",
    "gammal",
    "gammaln",
    "gammau",
    "ge",
    "get_scalar_constant_value",
    "get_vector_length",
    "grad",
    "gt",
    "hessian",
    "hessian_vector_product",
    "horizontal_stack",
    "i0",
    "i1",
    "icol",
    "icols",
    "identity",
    "identity_like",
    "imag",
    "imatrices",
    "imatrix",
    "inc_subtensor",
    "int_div",
    "int_dtypes",
    "integer_dtypes",
    "inv",
    "inverse_permutation",
    "invert",
    "iround",
    "irow",
    "irows",
    "is_flat",
    "iscalar",
    "iscalars",
    "isclose",
    "isinf",
    "isnan",
    "itensor3",
    "itensor3s",
    "itensor4",
    "itensor4s",
    "itensor5",
    "itensor5s",
    "itensor6",
    "itensor6s",
    "itensor7",
    "itensor7s",
    "iv",
    "ivector",
    "ivectors",
    "j0",
    "j1",
    "jacobian",
    "join",
    "jv",
    "largest",
    "lcol",
    "lcols",
    "le",
    "lmatrices",
    "lmatrix",
    "log",
    "log1p",
    "log2",
    "log10",
    "lrow",
    "lrows",
    "lscalar",
    "lscalars",
    "lt",
    "ltensor3",
    "ltensor3s",
    "ltensor4",
    "ltensor4s",
    "ltensor5",
    "ltensor5s",
    "ltensor6",
    "ltensor6s",
    "ltensor7",
    "ltensor7s",
    "lvector",
    "lvectors",
    "makeKeepDims",
    "matrices",
    "matrix",
    "max",
    "max_and_argmax",
    "maximum",
    "mean",
    "mgrid",
    "min",
    "minimum",
    "mod",
    "mul",
    "neg",
    "neq",
    "nlinalg",
    "nnet",
    "nonzero",
    "nonzero_values",
    "norm",
    "numpy_scalar",
    "ogrid",
    "ones",
    "ones_like",
    "opt",
    "or_",
    "outer",
    "patternbroadcast",
    "permute_row_elements",
    "polygamma",
    "pow",
    "power",
    "prod",
    "psi",
    "ptp",
    "rad2deg",
    "ravel_multi_index",
    "raw_random",
    "real",
    "repeat",
    "reshape",
    "roll",
    "round",
    "round_half_away_from_zero",
    "round_half_to_even",
    "row",
    "rows",
    "scalar",
    "scalars",
    "searchsorted",
    "second",
    "set_subtensor",
    "sgn",
    "shape",
    "shape_i",
    "shape_padaxis",
    "shape_padleft",
    "shape_padright",
    "shared",
    "shared_randomstreams",
    "sigmoid",
    "sigmoid_slope",
    "signal",
    "sin",
    "sinh",
    "size",
    "slinalg",
    "smallest",
    "softplus",
    "sort",
    "specify_shape",
    "split",
    "sqr",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "stacklists",
    "std",
    "sub",
    "sum",
    "swapaxes",
    "switch",
    "take",
    "tan",
    "tanh",
    "tensor",
    "tensor3",
    "tensor3s",
    "tensor4",
    "tensor4s",
    "tensor5",
    "tensor5s",
    "tensor6",
    "tensor6s",
    "tensor7",
    "tensor7s",
    "tensordot",
    "tile",
    "to_one_hot",
    "topk",
    "topk_and_argtopk",
    "trace",
    "transfer",
    "transpose",
    "tri",
    "tri_gamma",
    "tril",
    "triu",
    "true_div",
    "trunc",
    "uint_dtypes",
    "unbroadcast",
    "unravel_index",
    "var",
    "vector",
    "vectors",
    "vertical_stack",
    "wcol",
    "where",
    "wmatrix",
    "wrow",
    "wscalar",
    "wtensor3",
    "wtensor4",
    "wtensor5",
    "wtensor6",
    "wtensor7",
    "wvector",
    "xor",
    "zcol",
    "zeros",
    "zeros_like",
    "zmatrix",
    "zrow",
    "zscalar",
    "ztensor3",
    "ztensor4",
    "ztensor5",
    "ztensor6",
    "ztensor7",
    "zvector",
]

_CHECKS = frozenset({"numeric_grad", "verify_grad"})
"""Names of `gradient` that Theano has here too; it compiles functions and stands above, so it is imported with them."""


def __getattr__(name: str) -> object:
    if name in _CHECKS:
        return getattr(importlib.import_module(f"{__package__.rpartition('.')[0]}.gradient"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
