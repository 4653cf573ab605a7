"""Mutations of Python source: each replaces the text of one node, or of an operator between two."""

import ast
import re
from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import NamedTuple

from tests.mutants.sql import mutate_sql

Defaults = Mapping[str, Mapping[str, str]]
"""The defaults of keyword arguments, dumped, by the name of the function or class."""

_SWAPPED: dict[type[ast.AST], tuple[str, str]] = {
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Is: ("is", "is not"),
    ast.IsNot: (r"is\s+not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: (r"not\s+in", "in"),
    ast.And: ("and", "or"),
    ast.Or: ("or", "and"),
    ast.Add: (r"\+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: (r"\*", "//"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.BitAnd: ("&", "|"),
}
_CONSTRAINTS = ("Field", "StringConstraints", "ConfigDict")
"""What pydantic is told by keywords, all of them optional."""

_TEXT = (ast.JoinedStr, ast.Tuple, ast.List)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Mutation(NamedTuple):
    """One change of one file.

    Attributes:
        file: The file, below the root of the project.
        line: The number of the line where the changed text starts.
        source: The text of that line.
        start: Where the changed text starts in the file, in characters.
        end: Where it ends.
        new: The text that replaces it.
        operator: The kind of change.
        old: The text that is replaced.
    """

    file: str
    line: int
    source: str
    start: int
    end: int
    new: str
    operator: str
    old: str

    @property
    def change(self) -> str:
        """What is changed, in one line."""
        old, new = (" ".join(text.split()) for text in (self.old, self.new))
        return f"{old} -> {new}" if new else f"{old} dropped"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}  {self.operator}: {self.change}"

    def apply(self, text: str) -> str:
        """Change the text of the file."""
        return text[: self.start] + self.new + text[self.end :]


def defaults_of(trees: Iterable[ast.Module]) -> Defaults:
    """Find the keyword arguments that may be left out.

    Args:
        trees: The modules that define functions and classes.

    Returns:
        Those that each function or class of a name has in common.
    """
    known: dict[str, dict[str, str]] = {}
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.ClassDef):
            inits = [f for f in node.body if isinstance(f, _FUNCTIONS) and f.name == "__init__"]
            found = _defaults_of(inits[0]) if inits else _fields_of(node)
        elif isinstance(node, _FUNCTIONS):
            found = _defaults_of(node)
        else:
            continue
        before = known.get(node.name, found)
        known[node.name] = {key: value for key, value in found.items() if key in before}
    return known


def _defaults_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, str]:
    positional = [*node.args.posonlyargs, *node.args.args]
    last = positional[len(positional) - len(node.args.defaults) :]
    pairs = [*zip(last, node.args.defaults, strict=True)]
    pairs += [(k, v) for k, v in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if v]
    return {argument.arg: ast.dump(default) for argument, default in pairs}


def _fields_of(node: ast.ClassDef) -> dict[str, str]:
    return {
        field.target.id: ast.dump(field.value)
        for field in node.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and field.value
    }


def mutations_of(file: str, text: str, defaults: Defaults) -> list[Mutation]:
    """Find all mutations of a file, in the order of their places.

    Docstrings, type annotations, messages, `__repr__` and what only a type checker reads stay as
    they are.

    Args:
        file: The file, below the root of the project.
        text: Its text.
        defaults: The keyword arguments that may be left out.

    Returns:
        The mutations.
    """
    finder = _Finder(file, text, defaults)
    finder.visit(ast.parse(text))
    return sorted(set(finder.found), key=lambda each: (each.start, each.end, each.operator))


class _Finder(ast.NodeVisitor):
    def __init__(self, file: str, text: str, defaults: Defaults) -> None:
        self.found: list[Mutation] = []
        self._file = file
        self._text = text
        self._defaults = defaults
        self._lines = text.split("\n")
        self._starts = [0, *accumulate(len(line) + 1 for line in self._lines)]
        self._is_message = False

    # -- places -------------------------------------------------------------------------------

    def _offset(self, line: int, column: int) -> int:
        # Python counts columns in bytes.
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:column].decode())

    def _start(self, node: ast.expr | ast.stmt) -> int:
        return self._offset(node.lineno, node.col_offset)

    def _end(self, node: ast.expr | ast.stmt) -> int:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._offset(node.end_lineno, node.end_col_offset)

    def _add(self, start: int, end: int, new: str, operator: str) -> None:
        line = self._text.count("\n", 0, start) + 1
        source = self._lines[line - 1].strip()
        old = self._text[start:end]
        self.found.append(Mutation(self._file, line, source, start, end, new, operator, old))

    def _replace(self, node: ast.expr | ast.stmt, new: str, operator: str) -> None:
        self._add(self._start(node), self._end(node), new, operator)

    def _swap(self, operator: ast.AST, left: ast.expr, right: ast.expr) -> None:
        """Replace the operator between two operands."""
        start, end = self._end(left), self._start(right)
        pattern, new = _SWAPPED.get(type(operator), ("", ""))
        between = self._text[start:end]
        if pattern and "#" not in between and (match := re.search(pattern, between)):
            self._add(start + match.start(), start + match.end(), new, "operator swapped")

    def _drop(self, nodes: list[ast.expr], number: int, operator: str) -> None:
        """Drop one of several arguments, with the comma before or after it."""
        start, end = self._start(nodes[number]), self._end(nodes[number])
        if number + 1 < len(nodes):
            end = self._start(nodes[number + 1])
        elif number:
            start = self._end(nodes[number - 1])
        self._add(start, end, "", operator)

    # -- statements ---------------------------------------------------------------------------

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        names = {_name_of(each) for each in node.decorator_list}
        if node.name == "__repr__" or "overload" in names:
            return
        cached = [each for each in node.decorator_list if _name_of(each) == "lru_cache"]
        # The size of a cache changes nothing that can be seen.
        self._visit_all(each for each in node.decorator_list if each not in cached)
        self._visit_all([*node.args.defaults, *filter(None, node.args.kw_defaults), *node.body])

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._visit_all([*node.decorator_list, *node.body])

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value:
            self.visit(node.value)

    def visit_If(self, node: ast.If) -> None:
        if _name_of(node.test) != "TYPE_CHECKING":
            self._negate(node.test)
            self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        self._negate(node.test)
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        if node.value and not isinstance(node.value, ast.Constant):
            self._replace(node.value, "None", "return None")
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):
            return
        if isinstance(node.value, ast.Call) and not _is_logging(node.value):
            self._replace(node, "pass", "call removed")
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if not isinstance(node.value, _TEXT):
            self._swap(node.op, node.target, node.value)
        self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        self._is_message, before = True, self._is_message
        self.generic_visit(node)
        self._is_message = before

    # -- expressions --------------------------------------------------------------------------

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._negate(node.test)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for condition in node.ifs:
            self._negate(condition)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        operands = [node.left, *node.comparators]
        for number, operator in enumerate(node.ops):
            self._swap(operator, operands[number], operands[number + 1])
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        for left, right in zip(node.values, node.values[1:], strict=False):
            self._swap(node.op, left, right)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if not any(isinstance(each, _TEXT) or _is_text(each) for each in (node.left, node.right)):
            self._swap(node.op, node.left, node.right)
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            # Not up to the operand, which may be in parentheses.
            start = self._start(node)
            removed = re.match(r"not\s*", self._text[start:])
            self._add(start, start + (removed.end() if removed else 0), "", "not removed")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self._replace(node, str(not node.value), "bool")
        elif isinstance(node.value, int):
            self._replace(node, str(node.value + 1), "int + 1")
        elif isinstance(node.value, str):
            self._mutate_sql(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self._mutate_sql(node)

    def visit_Call(self, node: ast.Call) -> None:
        if _is_logging(node):
            return
        if isinstance(node.func, ast.Attribute) and node.func.attr == "where":
            self._add(self._end(node.func.value), self._end(node), "", "where dropped")
            for number in range(len(node.args) if len(node.args) > 1 else 0):
                self._drop(node.args, number, "condition dropped")
        self._drop_keywords(node)
        self.generic_visit(node)

    def _drop_keywords(self, node: ast.Call) -> None:
        name = _name_of(node.func)
        optional = self._defaults.get(name, {})
        for keyword in node.keywords:
            is_optional = keyword.arg in optional or name in _CONSTRAINTS
            # The opposite of a bool is a mutation already.
            is_bool = isinstance(keyword.value, ast.Constant) and isinstance(
                keyword.value.value, bool
            )
            if keyword.arg is None or not is_optional or is_bool:
                continue
            if ast.dump(keyword.value) != optional.get(keyword.arg):
                start, end = (
                    self._offset(keyword.lineno, keyword.col_offset),
                    self._end(keyword.value),
                )
                comma = re.match(r"\s*,\s*", self._text[end:])
                end += len(comma[0].rstrip("\n ")) if comma else 0
                self._add(start, end, "", "keyword dropped")

    def _negate(self, test: ast.expr) -> None:
        is_swapped = isinstance(test, ast.Compare) and not isinstance(
            test.ops[0], (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
        )
        is_inverted = isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
        if not (is_swapped or is_inverted or isinstance(test, ast.Constant)):
            old = self._text[self._start(test) : self._end(test)]
            self._replace(test, f"(not ({old}))", "condition negated")

    def _mutate_sql(self, node: ast.expr) -> None:
        start = self._start(node)
        if not self._is_message:
            for first, last, new, operator in mutate_sql(self._text[start : self._end(node)]):
                self._add(start + first, start + last, new, operator)

    def _visit_all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)


def _name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        return _name_of(node.func)
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_logging(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and "logger" in _name_of(node.func.value)
