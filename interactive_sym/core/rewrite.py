"""The rewriting driver (floor C).

A pass walks over the program, inputs first, and offers each node to the rules that look at its operation, and what
replaces it likewise, until none applies. It walks without recursion, checks that types stay, records every firing, and
stops with the names of the rules that chase each other where there is no end.

Read next: `rules.canonical`, `grad`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from time import perf_counter
from typing import Any

from . import source
from .errors import InconsistencyError, message
from .graph import Apply, Variable
from .op import call
from .program import Cycle, Interner, Program, rewritten
from .rule import Rule
from .ruleindex import RuleIndex
from .trace import Firing, PassRecord, Trace
from .types import TensorType

#: Firings a node may cause before a pass is taken to have no end.
FUEL_PER_NODE = 100
#: Firings of rules for readers that are alone, for each node: through a chain they could go as far as it is long.
ALONE_PER_NODE = 4

NONE: frozenset[str] = frozenset()


def start(program: Program, merge: bool = True, disabled: Iterable[str] = ()) -> Trace:
    """Begin a compilation: intern the program's nodes, and record equal ones made one as the pass "merge"."""
    interner = Interner(merge)
    trace = Trace(program, interner, disabled=frozenset(disabled))
    began = perf_counter()
    done: dict[Variable, Variable] = {}
    seen: set[Apply] = set()

    def counterpart(variable: Variable) -> Variable:
        found = done.get(variable)
        if found is None:
            found = done[variable] = interner.leaf(variable)
        return found

    for node in program.nodes:
        made = interner.node(node, [counterpart(variable) for variable in node.inputs])
        if made is not node:
            done.update(zip(node.outputs, made.outputs))
            if made in seen:
                trace.firings.append(Firing("merge", node, made.outputs, "merge"))
            else:
                trace.rebuilt[node] = made
        else:
            done.update((output, output) for output in node.outputs)
        seen.add(made)
    trace.passes.append(PassRecord("merge", ("merge",), 0, len(trace.firings), perf_counter() - began))
    trace.final = program.with_results([counterpart(variable) for variable in program.results])
    trace.merged = trace.final.results
    return trace


def run_pass(trace: Trace, name: str, rules: Sequence[Rule]) -> None:
    """Rewrite `trace.final` with `rules` until none fires.

    Who reads what is counted before each walk, so that a rule for readers that are alone (`Rule.alone`) may take more
    than one walk to do all it can.

    Raises:
        InconsistencyError: a rule gave a result of another type.
        RuntimeError: the rules named in the message chase each other.
    """
    assert trace.final is not None
    began = perf_counter()
    index = RuleIndex(rules)
    record = PassRecord(name, tuple(rule.name for rule in rules), len(trace.firings), len(trace.firings))
    interner = trace.interner
    fuel = FUEL_PER_NODE * (len(trace.final.nodes) + 10)
    counted = any(rule.alone for rule in rules)
    alone_left = ALONE_PER_NODE * (len(trace.final.nodes) + 100)
    readers: Counter[Variable] = Counter()

    def replacement(node: Apply) -> tuple[Variable, ...] | None:
        nonlocal fuel, alone_left
        before = trace.tried.get(node, NONE)
        offered = index.offered(node, before)
        if not offered:
            trace.tried[node] = index.after(before)
            return None
        origin = source.Origin("rewrite", "", node)
        with source.attributed_to(node.where, origin):
            for rule in offered:
                if rule.alone and (readers[node.inputs[0]] != 1 or not alone_left):
                    continue
                origin.detail = rule.name
                new = _apply(rule, node, interner)
                if new is None:
                    continue
                trace.firings.append(Firing(rule.name, node, new, name))
                fuel -= 1
                alone_left -= rule.alone
                if fuel <= 0:
                    raise _endless(trace, record)
                return new
        trace.tried[node] = index.after(before)
        return None

    fired = True
    while fired:
        final = trace.final
        if counted:
            readers = Counter([x for node in final.nodes for x in {*node.inputs}] + list(final.results))
        fired_before = len(trace.firings)
        try:
            results = rewritten(final.results, final.inputs, interner, replacement, trace.rebuilt, final.nodes)
        except Cycle:
            raise _endless(trace, record) from None
        fired = counted and len(trace.firings) > fired_before
        if len(trace.firings) > fired_before:
            trace.final = final.with_results(results)
    record.end = len(trace.firings)
    record.seconds = perf_counter() - began
    trace.passes.append(record)


def run_program_pass(trace: Trace, name: str, rules: Sequence[Rule]) -> None:
    """Rewrite `trace.final` with rules that look at the whole program (`Rule.whole`), until none fires.

    Raises:
        InconsistencyError: a rule gave a result of another type.
        RuntimeError: the rules chase each other.
    """
    assert trace.final is not None
    began = perf_counter()
    record = PassRecord(name, tuple(rule.name for rule in rules), len(trace.firings), len(trace.firings))
    fuel = FUEL_PER_NODE * (len(trace.final.nodes) + 10)
    changed = True
    while changed:
        changed = False
        for rule in rules:
            while rule.whole is not None and (found := rule.whole(trace.final)) is not None:
                node, new = found
                with source.attributed_to(node.where, source.Origin("rewrite", rule.name, node)):
                    fitted = [_fit(rule, x, old) for x, old in zip(new, node.outputs)]
                adopted = tuple(trace.interner.adopt(fitted))
                trace.firings.append(Firing(rule.name, node, adopted, name))
                final = trace.final
                results = rewritten(final.results, final.inputs, trace.interner, {node: adopted}.get, trace.rebuilt)
                trace.final = final.with_results(results)
                changed = True
                fuel -= 1
                if fuel <= 0:
                    raise _endless(trace, record)
    record.end = len(trace.firings)
    record.seconds = perf_counter() - began
    trace.passes.append(record)


def _apply(rule: Rule, node: Apply, interner: Interner) -> tuple[Variable, ...] | None:
    found = rule.apply(node)
    if found is None:
        return None
    if len(found) != len(node.outputs):
        raise InconsistencyError(f"rule {rule.name} gave {len(found)} results for {len(node.outputs)} outputs")
    replacements = [_fit(rule, new, old) for new, old in zip(found, node.outputs)]
    adopted = interner.adopt(replacements)
    if all(new is old for new, old in zip(adopted, node.outputs)):
        return None
    for new, old in zip(adopted, node.outputs):
        owner = new.owner
        if owner is not None and owner.origin is not None and owner.origin.of is node and new.name is None:
            new.name = old.name
    return tuple(adopted)


def _fit(rule: Rule, new: Variable, old: Variable) -> Variable:
    """`new` cast and stretched to the type of `old`, where that loses nothing."""
    if new.type == old.type:
        return new
    wanted, got = old.type, new.type
    if not isinstance(wanted, TensorType) or not isinstance(got, TensorType) or len(got.shape) > len(wanted.shape):
        raise _type_change(rule, new, old)
    if got.dtype != wanted.dtype:
        new = call("cast", new, wanted.dtype)
    padded = (1,) * (len(wanted.shape) - len(got.shape)) + got.shape
    if len(got.shape) == len(wanted.shape) and all(
        mine == its or (its is None and mine != 1) for its, mine in zip(wanted.shape, padded)
    ):
        return new
    for its, mine in zip(wanted.shape, padded):
        if its is not None and mine is not None and mine not in (1, its):
            raise _type_change(rule, new, old)
    sizes = _sizes(old)
    if sizes is None:
        raise _type_change(rule, new, old)
    result: Variable = call("alloc", new, *sizes)
    return result


def _sizes(old: Variable) -> list[Any] | None:
    """The sizes of a variable from those of its node's inputs, without referring to the variable itself: it goes away.

    None where its operation does not tell them.
    """
    node = old.owner
    assert node is not None
    static = old.type.shape
    try:
        inputs = [
            [size if size is not None else call("shape_i", x, axis) for axis, size in enumerate(x.type.shape)]
            if isinstance(x.type, TensorType)
            else None
            for x in node.inputs
        ]
        inferred = node.op.infer_shape(node, inputs)[old.index or 0]
    except TypeError:
        return None
    return [known if known is not None else size for known, size in zip(static, inferred)]


def _type_change(rule: Rule, new: Variable, old: Variable) -> InconsistencyError:
    return InconsistencyError(
        message(
            f"rule {rule.name} made {new.type} of {old.type}",
            rule.where,
            operands=[("from", str(old.owner)[:50]), ("to", str(new.owner or new)[:50])],
            cure="both sides of a rule must have the same type",
        )
    )


def _endless(trace: Trace, record: PassRecord) -> RuntimeError:
    recent = Counter(firing.rule for firing in trace.firings[record.start :][-200:])
    names = ", ".join(
        f"{name} ({count} of the last {min(200, recent.total())})" for name, count in recent.most_common(4)
    )
    return RuntimeError(f"rewriting in pass {record.name} has no end; the rules that chase each other: {names}")
