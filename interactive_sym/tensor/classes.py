"""Classes of operations by the names Theano programs know, for `isinstance(node.op, T.Elemwise)`.

Where one class here does what several do there, the names mean the same class.

Read next: `core.ops`.
"""

from ..core.ops.advanced import AdvancedIncSubtensor, AdvancedSubtensor
from ..core.ops.batched import BatchedDot
from ..core.ops.create import Alloc, ARange, Eye, MakeVector
from ..core.ops.elementwise import Elementwise as Elemwise
from ..core.ops.extra import BinCount as BinCountOp
from ..core.ops.extra import Cumulative as CumOp
from ..core.ops.indexing import IncSubtensor, Subtensor
from ..core.ops.linalg import Dot
from ..core.ops.reduce import Reduce as CAReduce
from ..core.ops.shape import DimShuffle, Join, Reshape, Shape, SpecifyShape
from ..core.ops.shape import ShapeI as Shape_i
from ..core.ops.shape import Unbroadcast as Rebroadcast
from ..core.ops.sort import ArgSort as ArgSortOp
from ..core.ops.sort import SearchSorted as SearchsortedOp
from ..core.ops.sort import Sort as SortOp

AdvancedSubtensor1 = AdvancedSubtensor
AdvancedIncSubtensor1 = AdvancedIncSubtensor

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
    "Eye",
    "IncSubtensor",
    "Join",
    "MakeVector",
    "Rebroadcast",
    "Reshape",
    "SearchsortedOp",
    "Shape",
    "Shape_i",
    "SortOp",
    "SpecifyShape",
    "Subtensor",
]
