"""Scheduling: kernels grouped into loop nests.

Kernels whose outer loops have the same size run in one loop, as long as each reads of the others only what the present
iteration computes. Inside the loop the same is done with the next axis, and so on. A kernel without axes left is a
scalar, in straight text. So a product of a matrix and a vector, elementwise operations on the result, and the product
of the transposed matrix with that become one loop over the rows, each row read once.

The order is a greedy list scheduling, linear in the number of kernels. Read next: `memory`.
"""

from heapq import heapify, heappop, heappush

from .loopir import Access, Axis, Dim, Index, Item, Kernel, Loop
from .lower import Lowering

GROUP_LIMIT = 300
"""Kernels in a loop at most: C compilers take more than linear time on long loop bodies."""


ROWS, MANY_ROWS = 4, 8
"""Rows that an outer loop takes at a time where its inner loops reduce; more where much is done with each row's sum."""
BLOCK_LIMIT = 48
"""Operations in inner loops beyond which rows are not taken several at a time: the text would get long."""
BLOCK_BUDGET = 240
"""Operations of a program that are written for several rows at most, so that large units compile soon."""


PLAIN = frozenset(
    [
        "add", "sub", "mul", "true_div", "neg", "abs", "sqr", "sqrt", "maximum", "minimum", "switch", "lt",
        "le", "gt", "ge", "eq", "neq", "and_", "or_", "xor", "invert", "cast", "identity", "second", "sum",
        "prod", "max", "min", "any", "all", "dot", "mean", "copy",
    ]
)  # fmt: skip
"""Operations that are plain arithmetic."""


class Schedule:
    """A program as loops.

    Attributes:
        items: loops and straight kernels, in the order they run.
    """

    def __init__(self, lowering: Lowering) -> None:
        self.lowering = lowering
        self._budget = BLOCK_BUDGET
        live = set(lowering.kernels)
        self._searching = {kernel for kernel in lowering.kernels if kernel.reduction.startswith("arg")}
        self.needs: dict[Kernel, dict[Kernel, Access | None]] = {
            kernel: {other: access for other, access in lowering.needs(kernel).items() if other in live}
            for kernel in lowering.kernels
        }
        self.items = self._level(lowering.kernels, 0, ())
        for position, item in enumerate(self.items):
            for kernel in [item] if isinstance(item, Kernel) else item.members:
                kernel.top = position

    def _level(self, kernels: list[Kernel], depth: int, path: tuple[Loop, ...]) -> list[Item]:
        """The items that run `kernels`, whose first `depth` loops are those of `path`."""
        members = set(kernels)
        groups = self._groups(kernels, members, depth)
        self._sink(groups, members, depth)
        items: list[Item] = []
        for group in groups:
            if isinstance(group, Kernel):
                group.path = path
                items.append(group)
            elif group.members:
                group.members.sort(key=_number)
                group.items = self._level(group.members, depth + 1, (*path, group))
                self._collapse(group)
                self._block(group)
                items.append(group)
        return items

    def _groups(self, kernels: list[Kernel], members: set[Kernel], depth: int) -> list[Item]:
        waiting = {kernel: sum(other in members for other in self.needs[kernel]) for kernel in kernels}
        users: dict[Kernel, list[Kernel]] = {}
        for kernel in kernels:
            for other in self.needs[kernel]:
                if other in members:
                    users.setdefault(other, []).append(kernel)
        straight: list[tuple[int, Kernel]] = []
        looping: dict[object, list[tuple[int, Kernel]]] = {}
        first: list[tuple[int, Kernel]] = []
        scheduled: set[Kernel] = set()
        why: dict[Kernel, str] = {}
        sizes: set[object] = set()

        def ready(kernel: Kernel) -> None:
            if len(kernel.axes) == depth:
                heappush(straight, (kernel.number, kernel))
            else:
                heappush(looping.setdefault(self._class(kernel, depth), []), (kernel.number, kernel))
                heappush(first, (kernel.number, kernel))

        for kernel in kernels:
            if not waiting[kernel]:
                ready(kernel)
        result: list[Item] = []
        while straight or first:
            if straight:
                kernel = heappop(straight)[1]
                result.append(kernel)
                for user in users.get(kernel, ()):
                    waiting[user] -= 1
                    if not waiting[user]:
                        ready(user)
                continue
            kernel = first[0][1]
            if kernel in scheduled:
                heappop(first)
                continue
            size = self._class(kernel, depth)
            group: dict[Kernel, None] = {}
            candidates = looping[size]
            refused: list[tuple[int, Kernel]] = []
            others: list[Kernel] = []
            reason = why.get(
                kernel, "it waits for what is computed between" if size in sizes else "the first of its size"
            )
            sizes.add(size)
            while candidates:
                entry = heappop(candidates)
                kernel = entry[1]
                if len(group) >= GROUP_LIMIT:
                    refused.append(entry)
                    why[kernel] = f"the loop before has {GROUP_LIMIT} operations already"
                    continue
                refusal = self._refusal(kernel, group, depth)
                if refusal:
                    why[kernel] = refusal
                    refused.append(entry)
                    continue
                group[kernel] = None
                scheduled.add(kernel)
                for user in users.get(kernel, ()):
                    waiting[user] -= 1
                    if not waiting[user]:
                        if len(user.axes) > depth and self._class(user, depth) == size:
                            heappush(candidates, (user.number, user))
                        else:
                            others.append(user)
            for entry in refused:
                candidates.append(entry)
                heappush(first, entry)
            heapify(candidates)
            dim = next(iter(group)).axes[depth].dim
            result.append(Loop(dim, depth, list(group), reason=reason))
            for user in others:
                ready(user)
        return result

    def _class(self, kernel: Kernel, depth: int) -> object:
        """What the sizes of loops that may be joined have in common."""
        dim = self.lowering.find(kernel.axes[depth].dim)
        return dim if isinstance(dim, int) else id(dim)

    def _search_among(self, *kernels: Kernel) -> bool:
        return not self._searching.isdisjoint(kernels)

    def _refusal(self, kernel: Kernel, group: dict[Kernel, None], depth: int) -> str:
        """Why `kernel` can't run in the same iteration as the group's kernels that it reads; empty where it can."""
        if self._searching and len(kernel.axes) == depth + 1 and group and self._search_among(kernel, *group):
            return "a search has its innermost loop for itself, so that it is vectorised"
        for other, access in self.needs[kernel].items():
            if other in group and not reads_same(other, access, depth):
                axis = other.axes[depth]
                what = f"node {other.node} ({other.op})"
                if axis.out is None:
                    return (
                        f"it needs {what} summed up over the whole loop"
                        if other.reduction == "sum"
                        else f"it needs all of {what}"
                    )
                return f"it reads other elements of {what} than the same iteration's"
        return ""

    def _sink(self, groups: list[Item], members: set[Kernel], depth: int) -> None:
        """Move maps that only a later loop of the same size reads into that loop, so that they need no memory."""
        place: dict[Kernel, Loop] = {}
        for group in groups:
            if isinstance(group, Loop):
                for kernel in group.members:
                    place[kernel] = group
        users: dict[Kernel, list[Kernel]] = {}
        for kernel in members:
            for other in self.needs[kernel]:
                if other in members:
                    users.setdefault(other, []).append(kernel)
        for group in reversed(groups):
            if not isinstance(group, Loop):
                continue
            for kernel in sorted(group.members, key=_number, reverse=True):
                value = kernel.value
                reading = users.get(kernel)
                if (
                    kernel.kind != "map"
                    or not reading
                    or value is None
                    or value.storage.slot is not None
                    or value.storage is not value
                ):
                    continue
                if len(value.writers) != 1 or any(axis.out is None for axis in kernel.axes):
                    continue
                target = place.get(reading[0])
                if target is None or target is group or len(target.members) >= GROUP_LIMIT:
                    continue
                if any(
                    place.get(user) is not target or not reads_same(kernel, self.needs[user][kernel], depth)
                    for user in reading
                ):
                    continue
                if not self.lowering.same(target.dim, group.dim):
                    continue
                if self._searching and len(kernel.axes) == depth + 1 and self._search_among(*target.members):
                    continue  # it would keep the search from being vectorised
                mine = [other for other in self.needs[kernel] if place.get(other) is group]
                if (
                    sum(
                        any(place.get(user) is not target for user in users[other] if user is not kernel)
                        for other in mine
                    )
                    > 1
                ):
                    continue  # it would take more memory to keep what it reads
                group.members.remove(kernel)
                target.members.append(kernel)
                place[kernel] = target

    def _collapse(self, outer: Loop) -> None:
        """Make one loop of two where all that runs inside walks straight along memory."""
        if len(outer.items) != 1 or not isinstance(outer.items[0], Loop) or not outer.items[0].innermost:
            return
        inner, depth = outer.items[0], outer.depth
        changed: list[tuple[Kernel, tuple[Access, ...], Access]] = []
        for kernel in inner.members:
            first, second = kernel.axes[depth : depth + 2]
            if kernel.uses_index or (first.out is None) != (second.out is None) or kernel.store is None:
                return
            joined = [self._joined(access, depth, inner.dim) for access in (*kernel.reads, kernel.store)]
            if any(access is None for access in joined):
                return
            accesses = [access for access in joined if access is not None]
            changed.append((kernel, tuple(accesses[:-1]), accesses[-1]))
        dim = (*_factors(outer.dim), *_factors(inner.dim))
        for kernel, reads, store in changed:
            first = kernel.axes[depth]
            expression, count = kernel.expression, len(kernel.axes)
            kernel.axes = (*kernel.axes[:depth], Axis(dim, first.out))
            kernel.reads, kernel.store = reads, store
            kernel.path = kernel.path[:-1]
            if expression is not None:
                kernel.expression = lambda texts, indices, old=expression, count=count: old(texts, ["0"] * count)
        outer.items, outer.dim = inner.items, dim

    def _joined(self, access: Access, depth: int, size: Dim) -> Access | None:
        """The access where the loops at `depth` and below are one; None where it does not walk straight on."""
        places = [k for k, index in enumerate(access.index) if index.axis in (depth, depth + 1)]
        if not places:
            return access
        if len(places) != 2 or places[1] != places[0] + 1:
            return None
        k = places[0]
        if access.index[k] != _plain(depth) or access.index[k + 1] != _plain(depth + 1):
            return None
        if not self.lowering.same(access.dims[k + 1], size):
            return None
        dims = (*access.dims[:k], (*_factors(access.dims[k]), *_factors(access.dims[k + 1])), *access.dims[k + 2 :])
        return Access(access.value, (*access.index[:k], Index(depth), *access.index[k + 2 :]), dims)

    def _block(self, loop: Loop) -> None:
        """Run the iterations of a loop over rows several at a time, where inner loops sum along rows or over them."""
        inner = [item for item in loop.items if isinstance(item, Loop)]
        if not inner or not all(item.innermost for item in inner):
            return
        bodies = [kernel for item in inner for kernel in item.members]
        if len(bodies) > BLOCK_LIMIT or any(kernel.reduction.startswith("arg") for kernel in loop.members):
            return
        size = self.lowering.find(loop.dim)
        if len(bodies) > self._budget or (isinstance(size, int) and size < ROWS):
            return
        if any(kernel.kind == "reduce" for kernel in bodies):
            self._budget -= len(bodies)
            loop.rows = ROWS
            between = [item for item in loop.items if isinstance(item, Kernel)]
            over_rows = any(kernel.kind == "reduce" and kernel.trailing == len(kernel.axes) for kernel in bodies)
            along_rows = any(map(row_by_row, inner))
            if along_rows and (over_rows or any(is_costly(kernel) for kernel in between)):
                loop.rows = MANY_ROWS


def _factors(dim: Dim) -> tuple[Dim, ...]:
    return dim if isinstance(dim, tuple) else (dim,)


def reads_same(producer: Kernel, access: Access | None, depth: int) -> bool:
    """Whether an access reads, of what the producer's loop at `depth` computes, only the same iteration's part."""
    if access is None or producer.kind == "call" or producer.store is None or len(access.value.writers) != 1:
        return False
    if access.value is not producer.value:
        return False
    axis = producer.axes[depth]
    if axis.out is None or producer.store.index[axis.out] != _plain(depth):
        return False
    return access.index[axis.out] == _plain(depth)


def row_by_row(inner: Loop) -> bool:
    """Whether an inner loop of a block of many rows runs for one row after the other.

    Memory is read fastest in its order. What sums over the rows reads all of them at once instead, so that it reads and
    writes its sums once a block; and where each step of a reduction waits long for the one before, as in a maximum,
    rows side by side hide that.
    """
    sums = [kernel for kernel in inner.members if kernel.kind == "reduce"]
    return bool(sums) and all(
        kernel.trailing < len(kernel.axes) and kernel.reduction in ("sum", "prod", "any", "all") for kernel in sums
    )


def is_costly(kernel: Kernel) -> bool:
    """Whether a kernel calls a mathematical function, or does as much."""
    return kernel.op not in PLAIN and kernel.kind != "reduce"


def _plain(depth: int) -> Index:
    return Index(depth)


def _number(kernel: Kernel) -> int:
    return kernel.number
