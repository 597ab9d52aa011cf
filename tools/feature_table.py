"""Writes `docs/names.md`, the table of Theano's public names and what stands for each: `python tools/feature_table.py`.

`docs/names.toml` lists the names with their documented arguments. Nothing is taken on trust: a name counts as working
when it resolves under Theano's module path and accepts these arguments by name, in their order and with their defaults
(a note says where one differs). What does not resolve must be declared absent, with a reason; what is declared absent
must not resolve.
"""

import ast
import importlib
import inspect
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import interactive_sym
from interactive_sym import theano_names

DOCS = Path(__file__).parents[1] / "docs"
SOURCE = DOCS / "names.toml"
PAGE = DOCS / "names.md"

HEAD = """# Theano's names, and what stands for them here

Made by `tools/feature_table.py` from `docs/names.toml`; a test resolves every name anew and compares its arguments.
**Works** means: the name is found under this path once `interactive_sym.theano_names` is installed, and takes the
arguments shown, by name and by position; elementwise functions, such as `exp` and `maximum`, by position only, as in
Theano. How to switch, and what differs: [coming from Theano](coming_from_theano.md).
"""

#: Objects on which attributes are looked up that a class does not have, only what is made of it.
EXAMPLES: dict[Any, Callable[[], Any]] = {
    interactive_sym.Function: lambda: interactive_sym.function([], [], mode="FAST_COMPILE")
}


def resolved(path: str) -> Any:
    """What a dotted path stands for: a module, or attributes looked up from one.

    Raises:
        AttributeError, ModuleNotFoundError: it stands for nothing.
    """
    parts = path.split(".")
    for cut in range(len(parts), 0, -1):
        module = ".".join(parts[:cut])
        if module not in theano_names.MODULES:
            continue
        value: Any = importlib.import_module(module)
        for part in parts[cut:]:
            made = EXAMPLES.get(value) if inspect.isclass(value) and not hasattr(value, part) else None
            value = getattr(made() if made else value, part)
        return value
    raise ModuleNotFoundError(f"no module of the table begins {path!r}")


def refused(value: Any, arguments: ast.arguments, defaults: bool = True) -> str:
    """Why a callable does not take documented arguments, or with `defaults` has others; empty where it does."""
    documented = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    try:
        parameters = inspect.signature(value).parameters
    except (TypeError, ValueError):
        return "" if callable(value) else "is not callable"
    if "self" not in parameters:  # a class, a static or a bound method
        documented = [name for name in documented if name != "self"]
    kinds = {parameter.kind for parameter in parameters.values()}
    anything = inspect.Parameter.VAR_KEYWORD in kinds
    if missing := [name for name in documented if name not in parameters and not anything]:
        return f"does not take {', '.join(missing)}"
    ours = [name for name in parameters if name in documented]
    if ours != [name for name in documented if name in parameters]:
        return f"takes its arguments in another order: {', '.join(ours)}"
    return other_default(parameters, arguments) if defaults else ""


def other_default(parameters: Mapping[str, inspect.Parameter], arguments: ast.arguments) -> str:
    """Which argument has another default than the documented one; empty where none has."""
    positional = [*arguments.posonlyargs, *arguments.args]
    for argument, node in zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults):
        parameter = parameters.get(argument.arg)
        if parameter is None:
            continue
        try:
            wanted = ast.literal_eval(node)
        except ValueError:
            continue  # an expression, such as a class
        mine = parameter.default
        if mine is inspect.Parameter.empty:
            return f"wants {argument.arg}, which has a default: {wanted!r}"
        if (tuple(mine) if isinstance(mine, list) else mine) != (tuple(wanted) if isinstance(wanted, list) else wanted):
            return f"has {mine!r} for {argument.arg}, not {wanted!r}"
    return ""


def working() -> Iterator[tuple[str, Any, Any]]:
    """The path of each name that works, what it was looked up on, and what it stands for."""
    for group in tomllib.loads(SOURCE.read_text(encoding="utf-8"))["group"]:
        for entry in filter(str.strip, group.get("works", "").split("\n")):
            path = f"{group['path']}.{parsed(entry.strip())[0]}"
            yield path, resolved(group["path"]), resolved(path)


def parsed(entry: str) -> tuple[str, ast.arguments | None]:
    """The name and the arguments of `name(arguments)`; a name alone has none."""
    name, bracket, _ = entry.partition("(")
    if not bracket:
        return name, None
    definition = ast.parse(f"def {entry}: pass").body[0]
    assert isinstance(definition, ast.FunctionDef)
    return name, definition.args


def rows() -> tuple[dict[str, list[tuple[str, str]]], list[str]]:
    """For each group, entries and what becomes of them; and what the list says wrongly."""
    data = tomllib.loads(SOURCE.read_text(encoding="utf-8"))
    wrong: list[str] = []
    groups: dict[str, list[tuple[str, str]]] = {}
    for group in data["group"]:
        found: list[tuple[str, str]] = []
        for entry in group.get("works", "").split("\n"):
            if not entry.strip():
                continue
            name, arguments = parsed(entry.strip())
            path = f"{group['path']}.{name}"
            try:
                value = resolved(path)
            except (AttributeError, ModuleNotFoundError) as error:
                wrong.append(f"{path} does not resolve: {error}")
                continue
            note = group.get("differs", {}).get(name, "")
            if arguments is not None and (why := refused(value, arguments, defaults=not note)):
                wrong.append(f"{path} {why}")
            found.append((entry.strip(), "works" + (f"; {note}" if note else "")))
        for name, reason in group.get("absent", {}).items():
            path = f"{group['path']}.{name}"
            try:
                resolved(path)
            except (AttributeError, ModuleNotFoundError):
                found.append((name, f"absent: {data['reasons'].get(reason, reason)}"))
            else:
                wrong.append(f"{path} is declared absent, and resolves")
        groups[group["path"]] = found
    return groups, wrong


def page(groups: dict[str, list[tuple[str, str]]]) -> str:
    """The text of the page."""
    entries = [entry for found in groups.values() for entry in found]
    works = sum(state.startswith("works") for _, state in entries)
    text = [HEAD, f"{works} names work; {len(entries) - works} are absent, each with its reason.\n"]
    for path, found in groups.items():
        text.append(f"## `{path}`\n\n| name | |\n|---|---|")
        for entry, state in found:
            cell = entry.replace("|", "\\|")
            text.append(f"| `{cell}` | {state} |")
        text.append("")
    return "\n".join(text)


def main() -> int:
    """Writes the page; says what the list has wrong and writes nothing then."""
    theano_names.install()
    groups, wrong = rows()
    print("\n".join(wrong), file=sys.stderr)
    if not wrong:
        PAGE.write_text(page(groups), encoding="utf-8")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
