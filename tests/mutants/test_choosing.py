"""Which tests are chosen for a mutation."""

import ast
import json

import pytest

from tests.mutants.choosing import Chooser, Coverage
from tests.mutants.operators import Mutation, mutations_of
from tests.mutants.pytest_plugin import plain_id

FILE, OTHER = "triosigno_db/a/b.py", "triosigno_db/a/c.py"
TEXTS = {
    FILE: """\
LIMIT = 1
_STEP = 2

class Input:
    limit = f(LIMIT)
    def check(self):
        return self.x + 3

@statement(reads_only=True)
def select(x=4):
    if x:
        return 5 + x
    return 6 + x
""",
    OTHER: """\
def wrap(f):
    return g(f, 9)

@wrap
def call(a: Input) -> None:
    g(Input, 7)

def unrelated():
    h(_STEP, 8)
""",
}
COVERAGE = Coverage(
    {"tests/a/test_b.py::slow": 9.0, "tests/a/test_c.py::one": 2.0, "tests/a/test_c.py::two": 1.0},
    {
        FILE: {
            7: frozenset({"tests/a/test_c.py::two"}),
            11: frozenset(["tests/a/test_b.py::slow", "tests/a/test_c.py::one"]),
            12: frozenset({"tests/a/test_c.py::one"}),
        },
        OTHER: {6: frozenset({"tests/a/test_c.py::one"})},
    },
)


def choose(old: str) -> list[str]:
    """The names of the tests that are chosen for the first mutation of a number."""
    chooser = Chooser({file: ast.parse(text) for file, text in TEXTS.items()}, COVERAGE)
    mutations = [m for file, text in TEXTS.items() for m in mutations_of(file, text, {})]
    (mutation,) = (m for m in mutations if m.old == old)
    assert isinstance(mutation, Mutation)
    return [test.partition("::")[2] for test in chooser.choose(mutation)]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("5", ["slow", "one"]),  # the line, after the tests of the module
        ("6", ["slow", "one"]),  # a line that no test ran: the function
        ("4", ["slow", "one"]),  # a default
        ("True", ["slow", "one"]),  # a decorator
        ("3", ["slow", "two"]),  # a method
        ("1", ["slow", "two", "one"]),  # a constant of a class that other functions use
        ("2", ["slow"]),  # a private constant that another module's `_STEP` is not
        ("7", ["one", "two"]),
        ("9", ["one", "two"]),  # a function that runs at import: a decorator
    ],
)
def test_the_tests_are_those_that_may_notice(number: str, expected: list[str]) -> None:
    assert choose(number) == expected


def test_the_tests_of_a_module_without_a_test_file_are_where_the_readme_says() -> None:
    file = "triosigno_db/database/watchdog.py"
    tests = {"tests/faults/test_stalled_network.py::a": 1.0, "tests/database/test_pool.py::b": 1.0}
    chooser = Chooser({file: ast.parse("x = 1")}, Coverage(tests, {}))
    (mutation,) = mutations_of(file, "x = 1", {})
    assert chooser.choose(mutation) == ["tests/faults/test_stalled_network.py::a"]


def test_coverage_is_written_and_read() -> None:
    assert Coverage.from_json(json.loads(json.dumps(COVERAGE.to_json()))) == COVERAGE


def test_the_group_is_no_part_of_a_tests_id() -> None:
    assert plain_id("tests/a.py::b@group") == "tests/a.py::b"
    assert plain_id("tests/a.py::b[x@y.fr]@a group") == "tests/a.py::b[x@y.fr]"
    assert plain_id("tests/a.py::b[x@y.fr]") == "tests/a.py::b[x@y.fr]"
