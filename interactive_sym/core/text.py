r"""Graphs as plain text (floor D): `pp` writes a formula, `debugprint` an indented listing.

Both are deterministic: no addresses, and ids are letters given in the order of printing. Both are iterative, so the
depth of a graph is no limit.

Read next: `interactive_sym.printing` (the public names), `view` (graphs as records).
"""

import sys
from collections.abc import Sequence
from typing import Any, TextIO

from .graph import Apply, Constant, Variable, toposort
from .program import Program

#: How elementwise and linear operations are written between their operands.
INFIX = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "true_div": "/",
    "int_div": "//",
    "mod": "%",
    "pow": "**",
    "lt": "<",
    "gt": ">",
    "le": "<=",
    "ge": ">=",
    "eq": "==",
    "neq": "!=",
    "and_": "&",
    "or_": "|",
    "xor": "^",
    "dot": "\\dot",
}
PREFIX = {"neg": "-", "invert": "~"}
#: The same for people, as they write it in Python.
PLAIN_INFIX = {**INFIX, "dot": "@"}


def formula(variable: Variable, limit: int | None = None, plain: bool = False) -> str | None:
    """The expression behind a variable as one line; None where it would be longer than `limit` characters.

    Shared parts are written out each time they are used, so the text of a small graph can be long.

    Args:
        variable: what to write.
        limit: the most characters.
        plain: write constants as their values, and leave out parentheses around arguments.
    """
    pieces: dict[Variable, str] = {}

    def text(v: Variable) -> str:
        return pieces[v] if v in pieces else leaf_text(v, plain)

    for node in toposort([variable]):
        operands = [text(v) for v in node.inputs]
        if limit is not None and sum(map(len, operands)) > limit:
            return None
        written = _applied(node, operands, plain)
        for index, output in enumerate(node.outputs):
            pieces[output] = written if len(node.outputs) == 1 else f"{written}.{index}"
    result = _bare(text(variable)) if plain else text(variable)
    return result if limit is None or len(result) <= limit else None


def brief(variable: Variable, depth: int = 3) -> str:
    """The expression behind a variable, written out to a few levels; what lies deeper is a name or an ellipsis."""

    def text(v: Variable, left: int) -> str:
        if v.owner is None:
            return leaf_text(v, plain=True)
        if left == 0:
            return v.name or "…"
        return _applied(v.owner, [text(u, left - 1) for u in v.owner.inputs], plain=True)

    return _bare(text(variable, depth))


def _applied(node: Apply, operands: Sequence[str], plain: bool) -> str:
    name = getattr(node.op, "name", None) or str(node.op)
    infix = PLAIN_INFIX if plain else INFIX
    if name in infix and len(operands) >= 2:
        return "(" + f" {infix[name]} ".join(operands) + ")"
    if name in PREFIX and len(operands) == 1:
        return f"({PREFIX[name]}{operands[0]})"
    if plain:
        if name == "dimshuffle":
            order = [axis for axis in node.op.new_order if axis != "x"]
            if order == sorted(order):  # dimensions of size 1 added or dropped: what is written stays the same
                return operands[0]
            if order == [1, 0]:
                return f"{operands[0]}.T"
        return f"{name}({', '.join(map(_bare, operands))})"
    return f"{node.op}({', '.join(operands)})"


def _bare(text: str) -> str:
    """`text` without parentheses that enclose all of it."""
    if not text.startswith("("):
        return text
    depth = 0
    for k, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return text[1:-1] if k == len(text) - 1 else text
    return text


def leaf_text(variable: Variable, plain: bool = False) -> str:
    """A variable without owner: its name, its constant's text (with `plain` its value), or its type in brackets."""
    if plain and isinstance(variable, Constant) and variable.name is None and getattr(variable.data, "size", 0) == 1:
        return str(variable.data.reshape(-1)[0])
    return str(variable)


def character_id(number: int) -> str:
    """A, B, ..., Z, AA, AB, ...: the letters for 0, 1, 2, ..."""
    letters = ""
    number += 1
    while number:
        number, digit = divmod(number - 1, 26)
        letters = chr(65 + digit) + letters
    return letters


class Listing:
    """An indented listing of graphs, one line per use of a variable; shared nodes are written out once.

    Args:
        depth: how many levels below each result, -1 for all.
        print_type: add each variable's type.
        ids: `"CHAR"` for letters, `"int"` for numbers, `""` for none.
        stop_on_name: do not look behind variables that have a name.
        print_storage: add the present values of shared variables and constants.
        print_clients: name the users of each shared node.
        done: node -> id of nodes already written; they are not written out again.
        used_ids: node -> id given so far; continued.
        positions: node -> its place in the order of execution, written at the end of the line.
    """

    def __init__(
        self,
        depth: int = -1,
        print_type: bool = False,
        ids: str = "CHAR",
        stop_on_name: bool = False,
        print_storage: bool = False,
        print_clients: bool = False,
        done: dict[Any, str] | None = None,
        used_ids: dict[Any, str] | None = None,
        positions: dict[Apply, int] | None = None,
    ) -> None:
        if ids not in ("CHAR", "int", ""):
            raise ValueError(f"ids must be 'CHAR', 'int' or '', got {ids!r}")
        self.depth = depth
        self.print_type = print_type
        self.ids = ids
        self.stop_on_name = stop_on_name
        self.print_storage = print_storage
        self.print_clients = print_clients
        self.done = {} if done is None else done
        self.used = {} if used_ids is None else used_ids
        self.positions = positions or {}
        self.clients: dict[Any, list[str]] = {}

    def lines(self, result: Variable, limit: int | None = None, label: str = "") -> list[str]:
        """The listing of what is behind one result; at most `limit` lines, then a line that counts no further."""
        if self.print_clients:
            for user in toposort([result]):
                for read in user.inputs:
                    names = self.clients.setdefault(read.owner or read, [])
                    if str(user.op) not in names:
                        names.append(str(user.op))
        lines: list[str] = []
        stack: list[tuple[Variable, str, str, int]] = [(result, "", "", 0)]
        while stack:
            variable, head, tail, level = stack.pop()
            if limit is not None and len(lines) >= limit:
                lines.append(f"... {len(toposort([result]))} operations in all")
                break
            key = variable.owner or variable
            written = key in self.done
            lines.append(head + self._line(variable) + (f" -> {label}" if label and not level else ""))
            node = variable.owner
            if node is None or written:
                continue
            if (self.depth >= 0 and level + 1 >= self.depth) or (self.stop_on_name and variable.name and level):
                continue
            self.done[key] = self.used.get(key, "")
            last = len(node.inputs) - 1
            for position in range(last, -1, -1):
                below = tail + ("  " if position == last else " |")
                stack.append((node.inputs[position], tail + " |", below, level + 1))
        return lines

    def _line(self, variable: Variable) -> str:
        node = variable.owner
        key = node or variable
        if key not in self.used:
            count = len(self.used)
            self.used[key] = {"CHAR": character_id(count), "int": str(count), "": ""}[self.ids]
        parts = [leaf_text(variable)]
        if node is not None:
            parts = [str(node.op) + (f".{variable.index}" if len(node.outputs) > 1 else "")]
        if self.print_type:
            parts.append(f"<{variable.type}>")
        if self.ids:
            parts.append(f"[id {self.used[key]}]")
        if node is not None:
            parts.append(f"'{variable.name or ''}'")
            if node in self.positions:
                parts.append(f"  {self.positions[node]}")
        if self.print_storage and node is None:
            if isinstance(variable, Constant):
                parts.append(f"[{variable.data}]")
            elif hasattr(variable, "get_value"):
                parts.append(f"[{variable.get_value(borrow=True)}]")
        if self.print_clients and len(self.clients.get(key, ())) > 1:
            parts.append(f"clients: {', '.join(self.clients[key])}")
        return " ".join(parts)


def results_of(obj: Any) -> list[tuple[Variable, str]]:
    """The variables to print for an object, each with a label.

    Args:
        obj: a variable, a node, a program, a compiled function, or a list of these. An update is labelled by its
        target.

    Raises:
        TypeError: for anything else.
    """
    program = _program_of(obj)
    if program is not None:
        updates = [(expression, f"update of {target}") for target, expression in program.updates]
        return [*((variable, "") for variable in program.outputs), *updates]
    if isinstance(obj, Variable):
        return [(obj, "")]
    if isinstance(obj, Apply):
        return [(variable, "") for variable in obj.outputs[:1]]
    if isinstance(obj, list | tuple | set):
        return [pair for item in obj for pair in results_of(item)]
    raise TypeError(f"can print a variable, a node, a list of them or a compiled function, got {type(obj).__name__}")


def _program_of(obj: Any) -> Program | None:
    """A program itself, or that of a compiled function."""
    found = getattr(obj, "program", None) if not isinstance(obj, Program | Variable) else obj
    return found if isinstance(found, Program) else None


def listing(obj: Any, limit: int | None = None, **options: Any) -> list[str]:
    """The lines of `debugprint`: see `Listing` for the options; `limit` bounds the lines of each result."""
    program = _program_of(obj)
    if program is not None:
        options.setdefault("positions", program.numbers)
    printer = Listing(**options)
    return [line for variable, label in results_of(obj) for line in printer.lines(variable, limit, label)]


def debugprint(
    obj: Any,
    depth: int = -1,
    print_type: bool = False,
    file: TextIO | str | None = None,
    ids: str = "CHAR",
    stop_on_name: bool = False,
    done: dict[Any, str] | None = None,
    print_storage: bool = False,
    print_clients: bool = False,
    used_ids: dict[Any, str] | None = None,
) -> Any:
    """Print a graph as an indented listing, each node under the node that uses it.

    A line reads `op [id A] 'name'`: the operation, an id that is the same wherever the node is used, and the user's
    name. For a compiled function the line ends with the place in the order of execution.

    Args:
        obj: a variable, a node, a list of them, or a compiled function.
        depth: how many levels to print, -1 for all.
        print_type: add each variable's type.
        file: where to print: None for standard output, `"str"` to return the text, or an open file.
        ids: `"CHAR"`, `"int"` or `""`.
        stop_on_name: do not look behind named variables.
        done: nodes already printed, continued between calls.
        print_storage: add values of constants and shared variables.
        print_clients: name the users of nodes that have several.
        used_ids: ids already given, continued between calls.

    Returns:
        the text for `file="str"`, else what it printed to.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym.printing import debugprint
        >>> x = T.dscalar("x")
        >>> debugprint(x + x)
        add [id A] ''
         |x [id B]
         |x [id B]
    """
    lines = listing(
        obj,
        depth=depth,
        print_type=print_type,
        ids=ids,
        stop_on_name=stop_on_name,
        done=done,
        print_storage=print_storage,
        print_clients=print_clients,
        used_ids=used_ids,
    )
    text = "".join(line + "\n" for line in lines)
    if file == "str":
        return text
    stream = sys.stdout if file is None or isinstance(file, str) else file
    stream.write(text)
    stream.flush()
    return None if file is None else file


def pp(obj: Any) -> str:
    """The expression behind a variable as a formula.

    Args:
        obj: a variable, a node, or a function.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym.printing import pp
        >>> x, y = T.dscalars("x", "y")
        >>> pp(x + y * 2)
        '(x + (y * TensorConstant{2}))'
    """
    return "\n".join(formula(variable) or "" for variable, _ in results_of(obj))
