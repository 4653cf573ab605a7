"""Mutations of SQL in strings."""

import pytest

from tests.mutants.sql import mutate_sql


def results(text: str) -> set[str]:
    """The texts that the mutations make of a string's source."""
    return {text[:start] + new + text[end:] for start, end, new, _ in mutate_sql(text)}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("SELECT a <> b", "SELECT a = b"),
        ("SELECT a <= b", "SELECT a < b"),
        ("SELECT a > b", "SELECT a >= b"),
        ("SELECT a + b", "SELECT a - b"),
        ("SELECT true", "SELECT false"),
        ("SELECT LEAST(a, b)", "SELECT GREATEST(a, b)"),
        ("SELECT DISTINCT a", "SELECT a"),
        ("SELECT a FOR NO KEY UPDATE OF b SKIP LOCKED", "SELECT a"),
        ("SELECT a FOR UPDATE", "SELECT a"),
        ("SELECT a ORDER BY b DESC", "SELECT a ORDER BY b"),
        ("SELECT a IS NOT NULL", "SELECT a IS NULL"),
    ],
)
def test_a_word_or_an_operator_is_replaced(before: str, after: str) -> None:
    assert results(f'"{before}"') == {f'"{after}"'}


def test_each_condition_is_dropped_and_joined_otherwise() -> None:
    text = '"SELECT WHERE a.\\"userId\\" = {user_id}"'.replace("\\", "")
    assert results(text) == {text.replace("=", "<>"), '"SELECT WHERE true"'}
    assert results('"SELECT WHERE a IS NULL AND b"') == {
        '"SELECT WHERE a IS NOT NULL AND b"',
        '"SELECT WHERE a IS NULL OR b"',
        '"SELECT WHERE true AND b"',
        '"SELECT WHERE a IS NULL AND true"',
    }


def test_a_line_that_begins_with_and_is_dropped() -> None:
    text = '"""SELECT WHERE f(a)\n    AND NOT EXISTS (SELECT FROM b)\n"""'
    assert '"""SELECT WHERE f(a)\n    \n"""' in results(text)
    assert '"""SELECT WHERE f(a)\n    AND EXISTS (SELECT FROM b)\n"""' in results(text)


@pytest.mark.parametrize(
    "text",
    [
        '"the name = the id"',
        '"UPDATE a SET b = c, d = e"',
        'f"SELECT {a == b}"',
        '"SELECT a BETWEEN b AND c"',
        '"SELECT a->b, c @> d, e => f"',
    ],
)
def test_text_assignments_placeholders_and_arrows_stay(text: str) -> None:
    assert results(text) == set()
