"""Rewrites the way Theano programs write them: `local_optimizer`, `PatternSub`, and where to register what it makes.

Each becomes a rule of the house (`rewrites`): it has a name, is recorded when it fires, is shown in the views and can
be switched off with `Mode.excluding`. New programs say `rewrites` or `rule`.

Read next: `core.rule`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .core.graph import Apply, Constant, Variable
from .core.op import Op, call, registered
from .core.rule import RULES, rewrites

__all__ = [
    "EquilibriumOptimizer",
    "LocalOptimizer",
    "OpRemove",
    "OpSub",
    "PatternSub",
    "TopoOptimizer",
    "local_optimizer",
    "optdb",
    "register_canonicalize",
    "register_specialize",
    "register_stabilize",
    "register_useless",
]


class LocalOptimizer:
    """A function from a node to its replacements, and the operations it looks at; see `local_optimizer`.

    Args:
        transform: from a node to a list of what its outputs become, or False.
        tracks: the operations it looks at, None for all.

    Example:
        >>> import interactive_sym.tensor as T
        >>> nothing = LocalOptimizer(lambda node: False, [T.exp])
        >>> nothing.looks_at(T.exp), nothing.looks_at(T.log)
        (True, False)
    """

    def __init__(self, transform: Callable[[Apply], Any], tracks: Sequence[Any] | None) -> None:
        self.transform = transform
        self.tracks = None if tracks is None or any(one is None for one in tracks) else list(tracks)
        self.__name__ = transform.__name__
        self.__doc__ = transform.__doc__

    def __call__(self, node: Apply) -> Any:
        return self.transform(node)

    def __str__(self) -> str:
        return self.__name__

    def looks_at(self, op: Op) -> bool:
        """Whether the operation is among `tracks`, itself, by its class or by its public function."""
        return self.tracks is None or any(_means(one, op) for one in self.tracks)

    def register(self, stage: str, name: str | None = None) -> None:
        """Make it a rule of a stage."""
        why = (self.__doc__ or "").strip().partition("\n")[0] or f"A rewrite of the user's, {self}."

        @rewrites("*", name=name or self.__name__, stage=stage, why=why, changes="last digits")
        def fire(node: Apply) -> Sequence[Variable] | None:
            if not self.looks_at(node.op):
                return None
            found = self.transform(node)
            return None if found is None or found is False else list(found)


def _means(one: Any, op: Op) -> bool:
    """Whether `one`, an operation, a class of operations or a public function, stands for an operation."""
    if isinstance(one, type):
        return isinstance(op, one)
    return bool(one == op) if isinstance(one, Op) else one is registered().get(op.name)


class PatternSub(LocalOptimizer):
    """A pattern, and what it becomes: `PatternSub((T.pow, "x", 2), (T.sqr, "x"))`.

    Args:
        in_pattern: what to look for: a tuple of an operation (or public function) and the patterns of its operands; a
            name stands for any variable, the same one wherever it occurs; a number for a constant of that value; a
            dictionary `{"pattern": p, "constraint": f}` for what matches p and of which f says True.
        out_pattern: what stands there afterwards: a pattern of the same names.
        name: the rule's name.
        options: accepted for old programs.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x, y = T.dvectors("x", "y")
        >>> cancel = PatternSub((T.true_div, (T.mul, "a", "b"), "b"), "a", name="cancel")
        >>> cancel((x * y / y).owner), cancel((x * y / x).owner)
        ([x], False)
    """

    def __init__(self, in_pattern: Any, out_pattern: Any, name: str | None = None, **options: Any) -> None:
        self.in_pattern, self.out_pattern = in_pattern, out_pattern
        outermost = in_pattern["pattern"] if isinstance(in_pattern, dict) else in_pattern
        if not isinstance(outermost, tuple) or not outermost:
            raise TypeError(f"a pattern begins with an operation, as in (T.exp, 'x'), got {in_pattern!r:.60}")
        super().__init__(self._replaced, [outermost[0]])
        self.__name__ = name or f"pattern_{getattr(outermost[0], '__name__', type(outermost[0]).__name__)}"
        self.__doc__ = f"A pattern of the user's, {self.__name__}."

    def _replaced(self, node: Apply) -> list[Variable] | bool:
        found: dict[str, Variable] = {}
        if len(node.outputs) != 1 or not _matches(self.in_pattern, node.outputs[0], found):
            return False
        new = _built(self.out_pattern, found)
        return [new] if new.type == node.outputs[0].type else False


def _matches(pattern: Any, variable: Variable, found: dict[str, Variable]) -> bool:
    """Whether a variable is what a pattern of `PatternSub` says; `found` gets what its names stand for."""
    if isinstance(pattern, dict):
        return _matches(pattern["pattern"], variable, found) and bool(pattern["constraint"](variable))
    if isinstance(pattern, str):
        return found.setdefault(pattern, variable) is variable
    if isinstance(pattern, tuple):
        made = variable.owner
        return (
            made is not None
            and _means(pattern[0], made.op)
            and len(made.inputs) == len(pattern) - 1
            and all(_matches(part, x, found) for part, x in zip(pattern[1:], made.inputs))
        )
    value = pattern.data if isinstance(pattern, Constant) else np.asarray(pattern)
    return isinstance(variable, Constant) and bool(np.array_equal(np.squeeze(variable.data), np.squeeze(value)))


def _built(pattern: Any, found: dict[str, Variable]) -> Variable:
    """The variable that a result of `PatternSub` stands for."""
    if isinstance(pattern, str):
        return found[pattern]
    if isinstance(pattern, tuple):
        made: Variable = pattern[0](*(_built(part, found) for part in pattern[1:]))
        return made
    as_variable: Variable = call("as_tensor_variable", pattern)
    return as_variable


class OpSub(LocalOptimizer):
    """One operation in the place of another, on the same operands.

    Args:
        op1: the operation to look for.
        op2: what stands there afterwards.
        transfer_tags: give the new results what the `tag` of the old ones has, and theirs does not.

    Example:
        >>> import interactive_sym.tensor as T
        >>> OpSub(T.arctan, T.tanh)(T.arctan(T.dvector("x")).owner)
        [tanh.0]
    """

    def __init__(self, op1: Any, op2: Callable[..., Any], transfer_tags: bool = True) -> None:
        def replaced(node: Apply) -> list[Variable]:
            made = op2(*node.inputs)
            results = list(made) if isinstance(made, list | tuple) else [made]
            if transfer_tags:
                for old, new in zip(node.outputs, results):
                    vars(new.tag).update({**vars(old.tag), **vars(new.tag)})
            return results

        super().__init__(replaced, [op1])
        names = [getattr(op, "__name__", type(op).__name__) for op in (op1, op2)]
        self.__name__ = f"{names[0]}_to_{names[1]}"
        self.__doc__ = f"Of the user's: {names[1]} in the place of {names[0]}."


class OpRemove(LocalOptimizer):
    """Operations of one operand and one result that go away.

    Args:
        op: which.

    Example:
        >>> import interactive_sym.tensor as T
        >>> OpRemove(T.identity)(T.identity(T.dvector("x")).owner)
        [x]
    """

    def __init__(self, op: Any) -> None:
        def removed(node: Apply) -> list[Variable] | bool:
            return [node.inputs[0]] if len(node.inputs) == len(node.outputs) == 1 else False

        super().__init__(removed, [op])
        name = getattr(op, "__name__", type(op).__name__)
        self.__name__, self.__doc__ = f"without_{name}", f"Of the user's: {name} goes away."


def local_optimizer(
    tracks: Sequence[Any] | None, inplace: bool = False, requirements: Sequence[Any] = ()
) -> Callable[[Callable[[Apply], Any]], LocalOptimizer]:
    """Decorator: make a rewrite of a function from a node to a list of what its outputs become, or False.

    It does nothing until it is registered: `register_canonicalize(f)`, `optdb.register(name, TopoOptimizer(f), 2.1)`.

    Args:
        tracks: what it looks at: operations, their classes, or public functions such as `T.exp`; None for every node.
        inplace, requirements: accepted for old programs.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import RULES, function
        >>> @register_specialize
        ... @local_optimizer([T.sgn])
        ... def sign_of_square(node):
        ...     "A square is never negative."
        ...     inner = node.inputs[0].owner
        ...     return [T.neq(node.inputs[0], 0)] if inner is not None and inner.op.name == "sqr" else False
        >>> "sign_of_square" in RULES
        True
        >>> RULES.remove("sign_of_square")
    """

    def decorate(transform: Callable[[Apply], Any]) -> LocalOptimizer:
        return LocalOptimizer(transform, tracks)

    return decorate


def _registered_in(stage: str, public: str) -> Callable[..., Any]:
    def register(lopt: Any, *tags: str, name: str | None = None) -> Any:
        if isinstance(lopt, str):  # tags come first, as in @register_canonicalize("fast_compile")
            return lambda one: register(one, lopt, *tags, name=name)
        if not isinstance(lopt, LocalOptimizer):
            raise TypeError(f"wants what local_optimizer makes, got {lopt!r:.60}")
        lopt.register(stage, name)
        return lopt

    register.__doc__ = f"""Make a local optimizer a rule of the stage `{stage}`; as a decorator or called.

    Args:
        lopt: what `local_optimizer` makes; a tag where tags come first, as in `@register("fast_compile")`.
        tags: accepted; `Mode.excluding` takes the rule's own name.
        name: the rule's name; by default the function's.

    Raises:
        TypeError: `lopt` is no local optimizer.

    Example:
        >>> from interactive_sym import RULES
        >>> from interactive_sym.local_optimizers import {public}, local_optimizer
        >>> found = {public}(local_optimizer(None)(lambda node: False), name="does_nothing")
        >>> RULES["does_nothing"].stage
        '{stage}'
        >>> RULES.remove("does_nothing")
    """
    return register


register_useless = _registered_in("useless", "register_useless")
register_canonicalize = _registered_in("canonicalise", "register_canonicalize")
register_stabilize = _registered_in("stabilise", "register_stabilize")
register_specialize = _registered_in("specialise", "register_specialize")


class TopoOptimizer:
    """A local optimizer applied to every node; `order` and `failure_callback` are accepted for old programs.

    Rules always run until none fires any more.

    Args:
        local_opt: what `local_optimizer` makes.

    Example:
        >>> import interactive_sym.tensor as T
        >>> TopoOptimizer(LocalOptimizer(lambda node: False, [T.exp])).optimizers[0].looks_at(T.exp)
        True
    """

    def __init__(self, local_opt: LocalOptimizer, order: str = "in_to_out", failure_callback: Any = None) -> None:
        self.optimizers = [local_opt]


class EquilibriumOptimizer:
    """Local optimizers applied until none fires any more; the limits are accepted for old programs.

    Example:
        >>> import interactive_sym.tensor as T
        >>> one = LocalOptimizer(lambda node: False, [T.exp])
        >>> EquilibriumOptimizer([one, one], max_use_ratio=10).optimizers == [one, one]
        True
    """

    def __init__(
        self, optimizers: Sequence[LocalOptimizer], max_use_ratio: float | None = None, **options: Any
    ) -> None:
        self.optimizers = list(optimizers)


class _Database:
    """Where rewrites are registered by position: below 1.5 canonicalise, below 2 stabilise, else specialise.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import RULES
        >>> optdb.register("my_exp", TopoOptimizer(LocalOptimizer(lambda node: False, [T.exp])), 2.1)
        >>> "my_exp" in optdb, RULES["my_exp"].stage
        (True, 'specialise')
        >>> RULES.remove("my_exp")
    """

    def register(self, name: str, obj: Any, *position_and_tags: Any, **options: Any) -> None:
        """Register an optimizer.

        Args:
            name: what `Mode.excluding` will call it.
            obj: a local optimizer, or one of the classes that apply it.
            position_and_tags: a number, the place in the order of Theano's passes; tags are accepted.
            options: accepted for old programs.

        Raises:
            TypeError: `obj` rewrites whole graphs, which `rewrites_program` is for.
        """
        found = [obj] if isinstance(obj, LocalOptimizer) else getattr(obj, "optimizers", None)
        if found is None:
            raise TypeError(f"optdb takes local optimizers, got {obj!r:.60}; core.rule.rewrites_program sees programs")
        position = next((x for x in position_and_tags if isinstance(x, int | float)), 2.0)
        stage = "canonicalise" if position < 1.5 else "stabilise" if position < 2 else "specialise"
        for count, one in enumerate(found):
            one.register(stage, name if count == 0 else f"{name}_{count}")

    def __contains__(self, name: str) -> bool:
        return name in RULES


optdb = _Database()
