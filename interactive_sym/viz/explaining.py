"""`explain`: what a compiled function computes, and why it computes it that way, in sentences.

Read next: `views` (where users find it), `core.trace` (the record of rewrites), `cffi_backend.unit` (the plan).
"""

from html import escape
from typing import Any

from ..core.graph import Variable
from ..core.rule import RULES
from ..core.text import brief, formula
from ..core.trace import Firing
from ..core.view import rewrites_of, shorten
from ..function import Function
from . import svg
from .compiled import argument, given_name, output_names
from .theme import short_type

FORMULA_LIMIT = 160
SHOWN_RULES = 40


class Explanation:
    """Sentences under headings; `str` gives plain text, a notebook shows headings and lists and stores a picture too.

    Attributes:
        sections: `(heading, sentences)` pairs.
        title: what is explained.

    Example:
        >>> print(Explanation("f(x)", [("What it computes", ["One number from x."])]))
        f(x)
        <BLANKLINE>
        What it computes
          One number from x.
    """

    def __init__(self, title: str, sections: list[tuple[str, list[str]]]) -> None:
        self.title = title
        self.sections = sections

    def __str__(self) -> str:
        lines = [self.title]
        for heading, sentences in self.sections:
            lines += ["", heading, *(f"  {sentence}" for sentence in sentences)]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_svg_(self) -> str:
        """The sentences as a picture, for viewers that show neither HTML nor long text well."""
        return svg.text_svg(self.title, self.sections)

    def _repr_html_(self) -> str:
        parts = [f"<h4>{escape(self.title)}</h4>"]
        for heading, sentences in self.sections:
            items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
            parts.append(f"<details open><summary><b>{escape(heading)}</b></summary><ul>{items}</ul></details>")
        return "".join(parts)


def explain(function: Function) -> Explanation:
    """Tell what a compiled function computes, which rules fired and why, how it runs, and what it stores.

    Args:
        function: a compiled function.

    Returns:
        An `Explanation`: print it, or make it a cell's last line.

    Raises:
        TypeError: `function` isn't a compiled function.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import function
        >>> x = T.dvector("x")
        >>> print(explain(function([x], T.log(1 + x), name="f")).sections[0][1][0])
        f takes x (float64 vector) and returns out (float64 vector).
    """
    if not isinstance(function, Function):
        raise TypeError(f"explain wants a compiled function, got {type(function).__name__}: function([x], y) makes one")
    sections = [("What it computes", _computes(function)), ("What it stores", _stores(function))]
    sections += [("Which rules fired, and why", _rules(function)), ("How it runs", _runs(function))]
    return Explanation(f"{given_name(function)}, explained", [(head, lines) for head, lines in sections if lines])


def _place(node: Any) -> str:
    if node is None or getattr(node, "where", None) is None:
        return ""
    where = node.where
    return f", {where.label}: {shorten(where.text, 100)}" if where.text else f", {where.label}"


def _formula(x: Variable) -> str:
    return formula(x, FORMULA_LIMIT, plain=True) or shorten(brief(x), FORMULA_LIMIT)


def _computes(function: Function) -> list[str]:
    initial = function.trace.initial
    taken = [f"{a.name} ({short_type(a.type)})" for a in map(argument, [i for i in function.inputs if not i.implicit])]
    names = output_names(function)
    given = [f"{name} ({short_type(str(x.type))})" for name, x in zip(names, initial.outputs)]
    lines = [
        f"{given_name(function)} takes {_list(taken) or 'nothing'} and returns {_list(given) or 'nothing'}.",
    ]
    lines += [f"{name} = {_formula(x)}{_place(x.owner)}" for name, x in zip(names, initial.outputs)]
    held = [str(x) for x in function.get_shared()]
    if held:
        lines.append(f"It also reads {_list(held)}, which keep their values between calls.")
    return lines


def _stores(function: Function) -> list[str]:
    lines = []
    for target, value in function.trace.initial.updates:
        lines.append(f"After each call {target} becomes {_formula(value)}{_place(value.owner)}")
    if lines:
        lines.append("Updates are computed from the values before the call, and stored together at its end.")
    return lines


def _rules(function: Function) -> list[str]:
    trace = function.trace
    firings: list[Firing] = list(trace.firings)
    known = {rule.name: rule for rule in RULES}
    groups: dict[tuple[str, str], list[str]] = {}
    for step in rewrites_of(trace):
        firing = firings[step.firing - 1]
        where = firing.old.where if getattr(firing.old, "where", None) is not None else None
        label = where.label if where is not None else ""
        groups.setdefault((step.rule, step.why), []).append(
            f"{shorten(step.before, 60)} → {shorten(step.after, 60)}" + (f" ({label})" if label else "")
        )
    lines = []
    for (name, why), examples in list(groups.items())[:SHOWN_RULES]:
        times = "once" if len(examples) == 1 else f"{len(examples)} times"
        digits = " It may change the last digits." if name in known and known[name].changes == "last digits" else ""
        lines.append(
            f"{name} fired {times}: {why.rstrip('.')}.{digits} {examples[0]}" + ("; ..." if len(examples) > 1 else "")
        )
    if len(groups) > SHOWN_RULES:
        lines.append(f"{len(groups) - SHOWN_RULES} rules more: the function's own view lists all.")
    if not lines:
        lines.append("None: the graph runs as it was written.")
    return lines


def _runs(function: Function) -> list[str]:
    plan = function.plan
    if plan is None:
        return ["It is interpreted, node by node, with NumPy."]
    count = len(plan.groups)
    nodes = function.program.nodes
    lines = [f"{len(nodes)} operations run in {count} loop nest{'s' * (count != 1)} of one C function."]
    for k, group in enumerate(plan.groups):
        names = dict.fromkeys(nodes[number].op.name for number in group.nodes)
        lines.append(
            f"Nest {k + 1} computes {_list(list(names)[:12])} over {group.domain or 'one number'}: {group.reason}."
        )
    for x in function.program.inputs:
        reading = [k + 1 for k, g in enumerate(plan.groups) if any(x in nodes[n].inputs for n in g.nodes)]
        if len(reading) == 1:
            lines.append(f"{x} is read once, in nest {reading[0]}: all that needs it is computed there, together.")
        elif reading:
            lines.append(f"{x} is read in nests {_list([str(k) for k in reading])}.")
    taken = f"; calls so far took {function.peak_bytes:,} at most" if function.peak_bytes else ""
    lines.append(f"Beside its arguments a call takes {plan.peak_bytes} bytes{taken}.")
    return lines


def _list(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + f" and {words[-1]}" if words else ""
