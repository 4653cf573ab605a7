"""Each kind of mutation, seen on a small file."""

import ast
from pathlib import Path

import pytest

import triosigno_db
from tests.mutants.operators import Mutation, defaults_of, mutations_of

PACKAGE = Path(triosigno_db.__file__).parent


def mutate(text: str) -> list[Mutation]:
    return mutations_of("triosigno_db/a.py", text, defaults_of([ast.parse(text)]))


def results(text: str) -> set[str]:
    """The texts that the mutations make of a text."""
    return {mutation.apply(text) for mutation in mutate(text)}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a == b", "a != b"),
        ("a < b", "a <= b"),
        ("a is not None", "a is None"),
        ("a not in b", "a in b"),
        ("a and b", "a or b"),
        ("a + b", "a - b"),
        ("a += b", "a -= b"),
        ("é + b", "é - b"),
        ("not a", "a"),
        ("1", "2"),
        ("True", "False"),
    ],
)
def test_an_operator_or_a_constant_is_replaced(before: str, after: str) -> None:
    prefix = "" if "+=" in before else "x = "
    assert results(prefix + before) == {prefix + after}


def test_a_condition_is_negated() -> None:
    assert results("if a:\n    b = c\n") == {"if (not (a)):\n    b = c\n"}
    assert results("x = [a for a in b if a]") == {"x = [a for a in b if (not (a))]"}
    assert results("x = a if b else c") == {"x = a if (not (b)) else c"}


def test_a_call_is_removed_and_a_result_replaced() -> None:
    text = "def f():\n    a()\n    return b\n"
    assert results(text) == {
        "def f():\n    pass\n    return b\n",
        "def f():\n    a()\n    return None\n",
    }


def test_a_where_is_dropped_whole_and_by_condition() -> None:
    assert results("x = q.where(a, b).limit(n)") == {
        "x = q.limit(n)",
        "x = q.where(b).limit(n)",
        "x = q.where(a).limit(n)",
    }


def test_a_keyword_that_has_a_default_is_dropped() -> None:
    text = "def f(a, *, b=x): ...\ny = f(\n    a=z,\n    b=z,\n)\n"
    assert results(text) == {"def f(a, *, b=x): ...\ny = f(\n    a=z,\n    \n)\n"}
    assert results("def f(*, b=x): ...\ny = f(b=x)\n") == set()
    assert results("x = Field(max_length=y, pattern=z)") == {
        "x = Field( pattern=z)",
        "x = Field(max_length=y, )",
    }


def test_the_keyword_of_a_decorator_is_changed() -> None:
    text = "@statement(reads_only=True)\ndef f(): ...\n"
    assert results(text) == {"@statement(reads_only=False)\ndef f(): ...\n"}


@pytest.mark.parametrize(
    "text",
    [
        '"""A module: 1 = 1 AND true, SELECT."""',
        'x: int = y\n"""SELECT 1 WHERE a = b"""',
        "if TYPE_CHECKING:\n    x = 1\n",
        "class A:\n    def __repr__(self):\n        return f(1)\n",
        "@overload\ndef f(a=1): ...\n",
        'raise Error("SELECT a WHERE a = b")',
        'logger.warning("retrying %s", 1)',
        "def f(a: Literal[1]) -> Literal[2]: ...\n",
        "@lru_cache(maxsize=8)\ndef f(): ...\n",
    ],
)
def test_what_is_only_text_or_type_stays(text: str) -> None:
    assert results(text) == set()


def test_a_mutation_says_where_it_is_and_what_it_changes() -> None:
    (mutation,) = mutate("x = 0\ny = (\n    a\n    == b)\n")[1:]
    assert (mutation.line, mutation.source) == (4, "== b)")
    assert (mutation.operator, mutation.change) == ("operator swapped", "== -> !=")


def test_every_mutation_of_the_package_changes_the_file_and_is_python() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in PACKAGE.glob("repositories/*.py")}
    defaults = defaults_of(ast.parse(text) for text in texts.values())
    for path, text in texts.items():
        found = mutations_of(str(path), text, defaults)
        assert len(set(found)) == len(found)
        for mutation in found:
            changed = mutation.apply(text)
            assert changed != text
            ast.parse(changed)
