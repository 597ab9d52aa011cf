"""What `function` was asked for, closed into a program: givens replaced, updates checked, default updates found.

Read next: `core.program`, `function`.
"""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .arguments import In, Out
from .core import source
from .core.errors import MissingInputError, UnusedInputError, message
from .core.graph import Apply, Constant, Flat, Variable, leaves, rebuild, toposort
from .core.op import call
from .core.program import Program, make_program
from .core.shared import SharedVariable, shared
from .core.types import TensorType


def as_pairs(pairs: Any, what: str) -> list[tuple[Any, Any]]:
    if pairs is None:
        return []
    items: Iterable[Any] = pairs.items() if isinstance(pairs, Mapping) else pairs
    if not isinstance(pairs, Mapping) and not isinstance(pairs, (list, tuple)):
        items = getattr(pairs, "items", lambda: pairs)()
    result = []
    for item in items:
        if not isinstance(item, (tuple, list)) or len(item) != 2:
            raise ValueError(message(f"{what} wants pairs (variable, expression), got {item!r:.60}", source.here()[0]))
        result.append((item[0], item[1]))
    return result


@dataclass
class Definition:
    """What `function` was asked for, closed into a program by `program`."""

    inputs: list[In]
    outputs: Any
    updates: list[tuple[Any, Any]]
    givens: list[tuple[Any, Any]]
    no_default_updates: bool | Sequence[Variable]
    name: str
    rebuild_strict: bool
    allow_input_downcast: bool | None
    on_unused_input: str
    where: source.Where
    keys: list[str] | None = field(default=None, init=False)

    def flattened(self) -> tuple[Flat, Any]:
        """The definition for saving: its graph as a flat list, and the rest with positions in place of variables."""
        variables: list[Variable] = []

        def kept(thing: Any) -> Any:
            if isinstance(thing, Variable):
                variables.append(thing)
                return _Kept(len(variables) - 1)
            if isinstance(thing, In):
                return type(thing), {key: kept(value) for key, value in thing.__dict__.items()}
            if isinstance(thing, Out):
                return kept(thing.variable)
            if isinstance(thing, dict):
                return {kept(key): kept(value) for key, value in thing.items()}
            if type(thing) in (list, tuple):
                return type(thing)(map(kept, thing))
            return thing

        rest = {key: kept(value) for key, value in self.__dict__.items()}
        return Flat(variables), rest

    def output_list(self) -> list[Variable]:
        outputs = self.outputs
        if isinstance(outputs, dict):
            if not all(isinstance(key, str) for key in outputs):
                raise TypeError(message("keys of a dictionary of outputs must be strings", self.where))
            self.keys = sorted(outputs)
            outputs = [outputs[key] for key in self.keys]
        elif outputs is None:
            outputs = []
        elif not isinstance(outputs, (list, tuple)):
            outputs = [outputs]
        result = []
        for position, output in enumerate(outputs):
            if isinstance(output, Out):
                output = output.variable
            elif isinstance(output, (list, tuple, dict, set)) and not isinstance(output, Variable):
                raise TypeError(message(f"output {position} is a {type(output).__name__}", self.where))
            elif not isinstance(output, Variable):
                output = call("as_tensor_variable", output)
            result.append(output)
        return result

    def replacements(self) -> dict[Variable, Variable]:
        replace: dict[Variable, Variable] = {}
        inputs = {made.variable for made in self.inputs}
        for old, new in self.givens:
            if not isinstance(old, Variable):
                raise TypeError(message(f"givens wants variables to replace, got {old!r:.60}", self.where))
            if old in inputs:
                raise RuntimeError(
                    message(f"{old} is both an input and replaced by givens", self.where, cure="drop one of the two")
                )
            if old in replace:
                raise ValueError(message(f"givens replaces {old} twice", self.where))
            if not isinstance(new, Variable):
                new = shared(old.type.filter(new, name=f"what stands for {old}"))
            convertible = isinstance(old.type, TensorType) and not self.rebuild_strict
            if not old.type.holds(new.type) and not convertible:
                raise TypeError(
                    message(
                        f"givens: {new} of {new.type} can't stand for {old} of {old.type}",
                        self.where,
                        cure=f"T.cast(new, '{getattr(old.type, 'dtype', '')}'), or rebuild_strict=False",
                    )
                )
            replace[old] = new
        for old, new in replace.items():
            behind = {x for node in toposort([new]) for x in node.outputs} | set(leaves([new]))
            if any(other in behind and other is not new for other in replace if other is not old):
                raise AssertionError(f"givens: what stands for {old} depends on another variable that is replaced")
        return replace

    def program(self) -> Program:
        replace = self.replacements()
        states: dict[Variable, SharedVariable] = {}
        for made in self.inputs:
            if made.keeps_state:
                states[made.variable] = made.state()
        replace.update(states)
        outputs = self.output_list()
        targets: dict[SharedVariable, Variable] = {}
        for target, expression in self.updates:
            if not isinstance(target, SharedVariable):
                raise TypeError(
                    message(
                        f"updates wants shared variables to store to, got {target!r:.60}",
                        self.where,
                        cure="make it with shared(value)",
                    )
                )
            if target in targets:
                raise ValueError(message(f"updates stores to {target} twice", self.where))
            targets[target] = _update_expression(target, expression, self.where)
        expressions = rebuild([*outputs, *targets.values()], replace)
        outputs = expressions[: len(outputs)]
        targets = dict(zip(targets, expressions[len(outputs) :]))
        for made in self.inputs:
            if made.update is not None:
                targets[states[made.variable]] = rebuild([made.update], replace)[0]
        explicit = [made.variable for made in self.inputs if made.variable not in states]
        self._default_updates(outputs, targets, replace, explicit)
        self._check(outputs, targets, explicit, states)
        return make_program(explicit, outputs, list(targets.items()))

    def _default_updates(
        self,
        outputs: Sequence[Variable],
        targets: dict[SharedVariable, Variable],
        replace: dict[Variable, Variable],
        explicit: Sequence[Variable],
    ) -> None:
        if self.no_default_updates is True:
            return
        left_out = set() if self.no_default_updates is False else set(self.no_default_updates)
        pending: list[Variable] = [*outputs, *targets.values()]
        while pending:
            found = [
                x
                for x in leaves(pending, explicit)
                if isinstance(x, SharedVariable) and x not in targets and x not in left_out
            ]
            pending = []
            for variable in found:
                if variable.default_update is not None:
                    targets[variable] = rebuild([variable.default_update], replace)[0]
                    pending.append(targets[variable])

    def _check(
        self,
        outputs: Sequence[Variable],
        targets: Mapping[SharedVariable, Variable],
        explicit: Sequence[Variable],
        states: Mapping[Variable, SharedVariable],
    ) -> None:
        results = [*outputs, *targets.values()]
        needed = leaves(results, explicit)
        for variable in needed:
            if variable not in explicit and not isinstance(variable, (SharedVariable, Constant)):
                raise self._missing(variable, results)
        needed_set = set(needed)
        if any(states.get(made.variable, made.variable) not in needed_set for made in self.inputs):
            needed_set.update(_differentiated(results))
        for position, made in enumerate(self.inputs):
            variable = states.get(made.variable, made.variable)
            if variable in needed_set or variable in targets:
                continue
            text = message(
                f"input {position}, {made.variable}, has no influence on the outputs and updates",
                self.where,
                cure="leave it out, or on_unused_input='ignore'",
            )
            if self.on_unused_input == "raise":
                raise UnusedInputError(text)
            if self.on_unused_input == "warn":
                warnings.warn(text, UserWarning, stacklevel=5)

    def _missing(self, variable: Variable, results: Sequence[Variable]) -> MissingInputError:
        path: list[Apply] = []
        reached = {variable}
        for node in toposort(results):
            if any(x in reached for x in node.inputs):
                path.append(node)
                reached.update(node.outputs)
        users = [node for node in path if variable in node.inputs]
        steps = " -> ".join([str(variable), *[node.op.name for node in path[:8]]])
        return MissingInputError(
            message(
                f"an output needs {variable}, which is neither an input, nor shared, nor given",
                users[0].where if users else self.where,
                operands=[(str(variable), str(variable.type))],
                detail=[f"path: {steps}"],
                cure=f"add it to the inputs, or givens={{{variable}: value}}",
            )
        )


@dataclass(frozen=True)
class _Kept:
    """A variable's position, where a definition is saved."""

    position: int


def restored(flat: Flat, rest: Mapping[str, Any]) -> Definition:
    """The definition again from what `Definition.flattened` gave."""
    variables = flat.restore()

    def back(thing: Any) -> Any:
        if isinstance(thing, _Kept):
            return variables[thing.position]
        if isinstance(thing, tuple) and len(thing) == 2 and isinstance(thing[0], type) and issubclass(thing[0], In):
            made = In.__new__(thing[0])
            made.__dict__.update({key: back(value) for key, value in thing[1].items()})
            return made
        if isinstance(thing, dict):
            return {back(key): back(value) for key, value in thing.items()}
        if type(thing) in (list, tuple):
            return type(thing)(map(back, thing))
        return thing

    definition = Definition.__new__(Definition)
    definition.__dict__.update({key: back(value) for key, value in rest.items()})
    definition.on_unused_input = "ignore"  # it was checked when the function was made
    return definition


def _differentiated(results: Sequence[Variable]) -> list[Variable]:
    """What derivatives among `results` were taken of: of a linear function they no longer depend on its argument."""
    forward = [
        output
        for node in toposort(results)
        if node.origin is not None and node.origin.kind == "gradient"
        for output in node.origin.of.outputs
    ]
    return leaves(forward)


def _update_expression(target: SharedVariable, expression: Any, where: source.Where) -> Variable:
    if not isinstance(expression, Variable):
        expression = call("constant", target.type.filter(expression, name=f"the update of {target}"))
    new = expression.type
    if target.type.holds(new):
        found: Variable = expression
        return found
    made = expression.owner.where if expression.owner is not None else where
    detail = []
    cure = f"T.cast(expression, '{getattr(target.type, 'dtype', '')}')"
    if isinstance(new, TensorType) and isinstance(target.type, TensorType) and new.dtype != target.type.dtype:
        culprit = _widening(expression, target.type.dtype)
        if culprit is not None:
            made = culprit.where
            detail = [f"{culprit.op.name} made it {culprit.outputs[0].type.dtype} here"]
    else:
        cure = "T.unbroadcast or T.patternbroadcast changes which dimensions stretch"
    raise TypeError(
        message(
            f"the update of {target} is of {new}, the shared variable of {target.type}",
            made,
            operands=[(str(target), str(target.type)), (str(expression)[:40], str(new))],
            detail=detail,
            cure=cure,
        )
    )


def _widening(expression: Variable, dtype: str) -> Apply | None:
    """The first node on the way that has another element type than `dtype` though one of its inputs has that."""
    for node in toposort([expression]):
        if any(getattr(x.type, "dtype", None) == dtype for x in node.inputs) and node.outputs[0].type.dtype != dtype:
            return node
    return expression.owner
