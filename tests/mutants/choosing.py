"""Which tests may notice a mutation: those that run the line, or use what it defines."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tests.mutants.operators import Mutation
from tests.test_layout import PLACE, WITHOUT_A_TEST

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Coverage(NamedTuple):
    """What each test runs.

    Attributes:
        seconds: How long each test takes.
        lines: The tests that run each line, by file; only those whose time is known.
    """

    seconds: Mapping[str, float]
    lines: Mapping[str, Mapping[int, frozenset[str]]]

    def to_json(self) -> dict[str, Any]:
        """Write it with numbers in the place of the tests' ids."""
        numbers = {test: number for number, test in enumerate(self.seconds)}
        lines = {
            file: {line: sorted(numbers[test] for test in tests) for line, tests in found.items()}
            for file, found in self.lines.items()
        }
        return {"seconds": self.seconds, "lines": lines}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Coverage":
        """Read what `to_json` wrote."""
        tests = list(stored["seconds"])
        lines = {
            file: {
                int(line): frozenset(tests[each] for each in each_line)
                for line, each_line in found.items()
            }
            for file, found in stored["lines"].items()
        }
        return cls(stored["seconds"], lines)

    def tests_of(self, file: str, first: int, last: int) -> set[str]:
        """List the tests that run any of these lines."""
        lines = self.lines.get(file, {})
        found = (lines.get(number, frozenset()) for number in range(first, last + 1))
        return {test for tests in found for test in tests}


class _Part(NamedTuple):
    """A function, or a statement that runs at import: what it defines, and the names it uses."""

    file: str
    first: int
    last: int
    body: int
    is_function: bool
    defined: frozenset[str]
    used: frozenset[str]


class Chooser:
    """Chooses the tests for mutations.

    Args:
        trees: The modules of the package, by file.
        coverage: What each test runs.
    """

    def __init__(self, trees: Mapping[str, ast.Module], coverage: Coverage) -> None:
        self._trees = trees
        self._coverage = coverage
        self._parts = [part for file, tree in trees.items() for part in _parts(file, tree.body)]

    def seconds_of(self, tests: list[str]) -> float:
        """How long these tests take."""
        return sum(self._coverage.seconds[test] for test in tests)

    def choose(self, mutation: Mutation) -> list[str]:
        """Choose the tests: those of the module first, then those that run it, the fastest first.

        Coverage knows which tests run a line in a function. What runs at import (a constant, the
        fields of a class, a decorator) is noticed by tests of the functions that use its name,
        also by way of other constants and classes; decorators and defaults by the function's own.

        Args:
            mutation: The mutation.

        Returns:
            The ids of the tests.
        """
        file, line = mutation.file, mutation.line
        own = [p for p in self._parts if p.file == file and p.first <= line <= p.last]
        part = min(own, key=lambda each: each.last - each.first)
        if part.is_function:
            first, last = _statement_at(self._trees[file], line)
            found = self._coverage.tests_of(file, first, last) if first >= part.body else set()
            found = found or self._coverage.tests_of(file, part.body, part.last)
        else:
            found = set[str]()
        found = found or self._users_of(part)
        places = _places_of(file.removeprefix("triosigno_db/"))
        seconds = self._coverage.seconds
        # Coverage misses what runs in other processes.
        own_tests = {test for test in seconds if test.startswith(places)}
        return sorted(
            found | own_tests,
            key=lambda test: (test not in own_tests, test not in found, seconds[test], test),
        )

    def _users_of(self, part: _Part) -> set[str]:
        reached = {part}
        waiting = [part]
        while waiting:
            current = waiting.pop()
            for other in self._parts:
                if other not in reached and _uses(other, current):
                    reached.add(other)
                    if not other.is_function:
                        waiting.append(other)
        functions = [p for p in reached if p.is_function]
        functions += [
            p for p in self._parts if p.is_function and p.file == part.file and not part.defined
        ]
        return {test for p in functions for test in self._coverage.tests_of(p.file, p.body, p.last)}


def _places_of(module: str) -> tuple[str, ...]:
    """Where a module is tested, as `test_layout.py` knows it: how the ids of its tests start."""
    folder, _, name = f"tests/{module.removesuffix('.py')}".rpartition("/")
    named = PLACE.findall(WITHOUT_A_TEST.get(module, ""))
    return (f"{folder}/test_{name}.py", f"{folder}/test_{name}_", *named)


def _uses(user: _Part, part: _Part) -> bool:
    names = part.defined & user.used
    if user.file != part.file:
        names = frozenset(name for name in names if not name.startswith("_"))
    is_method = user.is_function and user.file == part.file
    return bool(names) or (is_method and part.first <= user.first <= part.last)


def _parts(file: str, body: Sequence[ast.stmt]) -> Iterator[_Part]:
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            continue
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(each.lineno for each in decorators)])
        inner = node.body if isinstance(node, ast.ClassDef) else []
        methods = [each for each in inner if isinstance(each, _FUNCTIONS)]
        yield from _parts(file, methods)
        outside = _without(node, methods) if methods else [node]
        yield _Part(
            file,
            first,
            node.end_lineno or node.lineno,
            node.body[0].lineno if isinstance(node, _FUNCTIONS) else first,
            isinstance(node, _FUNCTIONS),
            frozenset(_defined(node)),
            frozenset(name for each in outside for name in _used(each)),
        )


def _without(node: ast.stmt, methods: Sequence[ast.stmt]) -> list[ast.AST]:
    return [child for child in ast.iter_child_nodes(node) if child not in methods]


def _defined(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, (ast.ClassDef, *_FUNCTIONS)):
        yield node.name
    else:
        for each in ast.walk(node):
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
                yield each.id


def _used(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load):
            yield each.id
        elif isinstance(each, ast.Attribute) and each.attr[:1].isupper():
            yield each.attr


def _statement_at(tree: ast.Module, line: int) -> tuple[int, int]:
    """The lines of the innermost statement at a line; of its header, if it has a body."""
    found = (1, len(tree.body))
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0):
            body = getattr(node, "body", None)
            last = max(node.lineno, body[0].lineno - 1) if body else node.end_lineno or node.lineno
            found = (node.lineno, last)
    return found
