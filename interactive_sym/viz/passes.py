"""The kernel's side of the pass explorer: what is asked about rewrites (consumes `core.trace`, `core.view`).

Which node a display id is after any rewrite; a rewrite's pattern, bindings and source; whether both its sides give
equal values on samples; nodes, operations and bytes along the trace; who made a node, who removed it, why a rule did
not fire; the same function compiled without some rules, compared; the first rewrite that changes a value.

Read next: `samples`, `inspector`, `frontend/src/passes.ts`.
"""

from collections.abc import Iterable, Mapping, Sequence
from time import perf_counter
from typing import Any

import numpy as np

from ..core.graph import Apply, Constant, Variable, toposort
from ..core.ops.body import run_lazily
from ..core.rule import RULES, Rule
from ..core.shared import Container
from ..core.text import brief
from ..core.trace import Firing
from ..core.view import GraphView, Identities, TraceView, shorten
from ..debugging.bisecting import difference, first_difference
from ..function import Function
from ..mode import OPTIMIZERS
from .samples import samples

#: Calls timed when two compilations are compared, and the longest they may take.
CALLS = 50
SECONDS = 0.2
#: Rewrites times nodes up to which figures along the trace are worked out.
FIGURES_LIMIT = 60_000


class Explorer:
    """Answers about the rewrites of one function.

    Args:
        function: the compiled function.
        trace: its view, from which the display ids come.
        given: values of the inputs for checks and measurements, in their order; None for samples.
    """

    def __init__(self, function: Function, trace: TraceView, given: Mapping[Variable, Any] | None = None) -> None:
        self.function = function
        self.trace = trace
        self.steps = len(trace.steps)
        self._nodes: dict[int, dict[int, Apply | Variable]] = {}
        self._samples: dict[Variable, Any] | None = None
        self._given = given
        self._table: dict[Variable, Any] = {}

    # -- display ids ---------------------------------------------------------------------------------------------------

    def firing(self, step: int) -> int:
        """How many firings have taken place after `step` shown rewrites."""
        if not 0 <= step <= self.steps:
            raise ValueError(f"step {step}: there are steps 0 to {self.steps}")
        if self.steps == 0:
            return len(self.function.trace)
        return self.trace.steps[step - 1].firing if step else 0

    def shown(self, firing: int) -> int:
        """The first shown rewrite that has firing number `firing` behind it."""
        return next((k for k, step in enumerate(self.trace.steps, 1) if step.firing >= firing), self.steps)

    def nodes(self, step: int) -> dict[int, Apply | Variable]:
        """What each display id stands for after `step` rewrites."""
        if step not in self._nodes:
            trace = self.function.trace
            order = (
                self.trace.steps[step - 1].order
                if step and self.steps
                else [node.id for node in self.trace.start.nodes]
            )
            keys = Identities(trace.initial.inputs).keys(trace.graph_at(self.firing(step)))
            if len(self._nodes) > 64:
                self._nodes.clear()
            self._nodes[step] = dict(zip(order, keys, strict=True))
        return self._nodes[step]

    def node(self, step: int, id: int) -> Apply:
        found = self.nodes(step).get(id)
        if not isinstance(found, Apply):
            raise ValueError("no operation of that number is in the graph there")
        return found

    # -- values --------------------------------------------------------------------------------------------------------

    def samples(self) -> dict[Variable, Any]:
        if self._samples is None:
            if self._given is None:
                self._samples = samples(self.function)
            else:
                held: dict[Variable, Any] = {x: x.get_value() for x in self.function.trace.initial.shared}
                self._samples = {**self._given, **held}
            self._table = dict(self._samples)
        return self._samples

    def values(self, outputs: Sequence[Variable]) -> list[Any]:
        """Values of variables for the sample inputs; each node is computed once."""
        self.samples()
        with np.errstate(all="ignore"):
            return run_lazily(outputs, self._table)

    # -- questions -----------------------------------------------------------------------------------------------------

    def about(self, step: int) -> dict[str, Any]:
        """A rewrite in detail: pattern, bindings, source, and whether both sides are equal on samples."""
        if step < 1 or self.steps == 0:
            raise ValueError("the first graph comes from no rewrite")
        firing = self.function.trace.firings[self.firing(step) - 1]
        rule: Rule | None = None  # of "merge", which is none
        if firing.rule in RULES:
            rule = RULES[firing.rule]
        bindings = rule.bindings(firing.old) if rule is not None else {}
        return {
            "pattern": rule.text if rule is not None else "two equal nodes -> one",
            "source": rule.where.label if rule is not None and rule.where is not None else "",
            "bindings": [[str(name), _bound(value)] for name, value in bindings.items()],
            "check": self._check(step, firing),
        }

    def _check(self, step: int, firing: Firing) -> dict[str, Any]:
        whole = firing.rule in RULES and RULES[firing.rule].whole is not None
        trace, number = self.function.trace, self.firing(step)
        old = trace.graph_at(number - 1) if whole else firing.old.outputs
        new = trace.graph_at(number) if whole else firing.new
        try:
            before, after = self.values(old), self.values(new)
        except Exception as error:
            return {"state": "unknown", "kind": self.kind, "text": f"not checked: {shorten(str(error), 120)}"}
        found = [difference(a, b) for a, b in zip(before, after)]
        worst = max(found, key=lambda d: (not d.equal, not d.finite, d.relative))
        state = "equal" if worst.equal else "digits" if worst.finite else "differs"
        return {"state": state, "kind": self.kind, "text": "equal, bit for bit" if worst.equal else worst.text}

    def figures(self) -> dict[str, Any]:
        """For each graph along the trace: nodes, estimated floating point operations, bytes read and written."""
        trace = self.function.trace
        counts: list[int] = []
        flops: list[int | None] = []
        moved: list[int | None] = []
        memo: dict[Apply, tuple[int, int]] = {}
        note = ""
        most = max([len(self.trace.start.nodes), *(len(step.order) for step in self.trace.steps)])
        if most * self.steps > FIGURES_LIMIT:
            note = "too many rewrites for operations and bytes at each"
        for step in range(self.steps + 1):
            order = self.trace.steps[step - 1].order if step else self.trace.start.nodes
            counts.append(len(order))
            total: tuple[int, int] | None = None
            if not note or step in (0, self.steps):
                try:
                    total = self._total(trace.graph_at(self.firing(step)), memo)
                except Exception as error:
                    note = f"no operations and bytes: {shorten(str(error), 120)}"
            flops.append(None if total is None else total[0])
            moved.append(None if total is None else total[1])
        return {"nodes": counts, "flops": flops, "bytes": moved, "note": note, "inputs": self.described()}

    @property
    def kind(self) -> str:
        """Where the values come from, in words."""
        return "samples" if self._given is None else "your inputs"

    def described(self) -> str:
        """The values in use: names and shapes."""
        if self._samples is None:
            return ""
        parts = [f"{shorten(str(x), 20)} {getattr(value, 'shape', '')}" for x, value in list(self._samples.items())[:8]]
        return f"{self.kind}: {', '.join(parts)}" if parts else self.kind

    def _total(self, outputs: Sequence[Variable], memo: dict[Apply, tuple[int, int]]) -> tuple[int, int]:
        self.values(outputs)
        flops = moved = 0
        for node in toposort(outputs, self.function.trace.initial.inputs):
            if node not in memo:
                memo[node] = cost(node, self._table)
            flops += memo[node][0]
            moved += memo[node][1]
        return flops, moved

    def history(self, step: int, place: int) -> dict[str, Any]:
        """Who made a node and who removed it: rewrites that lead to it and those it took part in later."""
        node = self.node(step, place)
        firings = self.function.trace.firings
        position = {id(firing): k for k, firing in enumerate(firings, 1)}  # equal firings are told apart
        rows = []
        for firing in self.function.trace.follow(node):
            number = position[id(firing)]
            known = firing.rule in RULES
            rows.append(
                {
                    "step": self.shown(number),
                    "rule": firing.rule,
                    "why": RULES[firing.rule].why if known else "equal nodes become one",
                    "what": "made by" if number <= self.firing(step) else "replaced by",
                }
            )
        return {"rows": rows, "rules": sorted(rule.name for rule in RULES if _looks_at(rule.heads, node))}

    def why_not(self, step: int, id: int, rule: str) -> str:
        """Why a rule did not rewrite a node."""
        if rule not in RULES:
            raise ValueError("there is no rule of that name")
        return self.function.trace.why_not(rule, self.node(step, id))

    def bisect(self, what: str, result: int | None = None) -> dict[str, Any]:
        """The first rewrite after which a result, or a chosen one, differs on the sample inputs."""
        if self._given is not None:  # shared variables may have changed
            self._samples = None
        found = first_difference(self.function.trace, self.samples(), what, result=result)
        return {
            "step": self.shown(found.step) if found else 0,
            "rule": found.firing.rule if found.firing is not None else "",
            "text": str(found),
            "inputs": self.described(),
        }

    # -- compiling again -----------------------------------------------------------------------------------------------

    def recompiled(self, excluded: Iterable[str], optimizer: str) -> Function:
        """The function compiled without some rules, or with another set of passes."""
        names = [str(name) for name in excluded]
        for name in names:
            if name not in RULES:
                raise ValueError("there is no rule of that name")
        mode = self.function.mode
        if optimizer:
            if optimizer not in OPTIMIZERS:
                raise ValueError("there is no optimizer of that name")
            mode = mode.clone(optimizer=optimizer)
        return self.function.recompiled(mode.excluding(*names) if names else mode)

    def compared(self, other: Function) -> dict[str, Any]:
        """Two compilations of one graph side by side, and whether they give equal values on samples."""
        rows = []
        note = ""
        try:
            self.samples()
        except ValueError as error:
            note = str(error)
        sides = [self._measures(self.function, not note), self._measures(other, not note)]
        for key in sides[0]:
            rows.append([key, sides[0][key], sides[1][key]])
        if not note:
            table = dict(self.samples())
            with np.errstate(all="ignore"):
                pairs = zip(run_lazily(self.function.program.results, table), run_lazily(other.program.results, table))
                found = [difference(a, b) for a, b in pairs]
            worst = max(found, key=lambda d: (not d.equal, not d.finite, d.relative))
            note = "results are equal, bit for bit" if worst.equal else f"results: {worst.text}"
        return {"rows": rows, "note": note}

    def _measures(self, function: Function, sampled: bool) -> dict[str, str]:
        plan = function.plan
        figures = {
            "rewrites": str(len(function.trace)),
            "operations": str(len(function.program.nodes)),
            "loop nests": str(len(plan.groups)) if plan is not None else "-",
            "buffers": str(len(plan.buffers)) if plan is not None else "-",
            "lines of C": str(function.c_source.count("\n")) if function.c_source else "-",
        }
        if sampled:
            flops, moved = self._total(function.program.results, {})
            figures["operations on numbers"] = f"{flops:,}"
            figures["bytes, unfused"] = f"{moved:,}"
            figures["time of a call"] = f"{1e6 * self._seconds(function):.1f} µs"
        return figures

    def _seconds(self, function: Function) -> float:
        """The shortest call on samples, on copies of the shared variables."""
        twin = apart(function)
        given = [self.samples()[x] for x in self.function.trace.initial.inputs]
        best, end = float("inf"), perf_counter() + SECONDS
        for _ in range(CALLS):
            began = perf_counter()
            twin(*given)
            best = min(best, perf_counter() - began)
            if perf_counter() > end:
                break
        return best


def apart(function: Function, profile: bool = False) -> Function:
    """A copy of a function on copies of its shared variables: calling it changes nothing of the user's."""
    swap = {}
    for variable in function.trace.initial.shared:
        twin = variable.clone()
        twin.container = Container(variable.type, variable.get_value(), variable.name, False, None)
        swap[variable] = twin
    return function.copy(swap=swap, profile=profile)


def cost(node: Apply, table: dict[Variable, Any]) -> tuple[int, int]:
    """An estimate of floating point operations, and the bytes a node reads and writes, for values seen."""
    outputs = [table.get(x) for x in node.outputs]
    inputs = [table.get(x) for x in node.inputs if not isinstance(x, Constant) or np.size(x.data) > 1]
    moved = sum(x.nbytes for x in (*inputs, *outputs) if isinstance(x, np.ndarray | np.generic))
    written = sum(int(np.size(x)) for x in outputs if isinstance(x, np.ndarray | np.generic))
    read = max([int(np.size(x)) for x in inputs if isinstance(x, np.ndarray | np.generic)], default=0)
    family = getattr(node.op, "family", "")
    if node.op.name in ("dot", "batched_dot") and isinstance(table.get(node.inputs[0]), np.ndarray):
        inner = table[node.inputs[0]].shape
        return 2 * written * (inner[-1] if inner else 1), moved
    if family == "elementwise":
        return written, moved
    return (read if family in ("reduce", "linalg") else 0), moved


def _looks_at(heads: Sequence[str], node: Apply) -> bool:
    return "*" in heads or node.op.name in heads


def _bound(value: Any) -> str:
    return shorten(brief(value), 80) if isinstance(value, Variable) else shorten(str(value), 80)


def inner_graph(node: Apply | Variable | None) -> tuple[Sequence[Variable], Sequence[Variable], Sequence[str]]:
    """Inputs, outputs and names of the outputs of the graphs inside a node: a loop's step, a branch's two ways.

    Raises:
        ValueError: there is none.
    """
    op = node.op if isinstance(node, Apply) else None
    outputs = getattr(op, "inner_outputs", None)
    if not outputs:
        raise ValueError("there is no graph inside this node")
    then = getattr(op, "then", None)
    half = len(then.outputs) if then is not None else 0
    names = [
        f"{'then' if k < half else 'else'} {k % half}" if half else x.name or f"step {k}" for k, x in enumerate(outputs)
    ]
    return op.inner_inputs, outputs, names  # type: ignore[union-attr]


def located(
    view: GraphView, outputs: Sequence[Variable], inputs: Iterable[Variable], id: int
) -> Apply | Variable | None:
    """What a display id of a graph's view stands for."""
    keys = Identities(inputs).keys(outputs)
    return dict(zip((node.id for node in view.nodes), keys)).get(id)
