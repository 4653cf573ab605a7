"""Scripts split into statements as PostgreSQL would."""

import pytest

from triosigno_db.migrator.script import is_transactional, split_statements


@pytest.mark.parametrize(
    ("script", "texts"),
    [
        ("", []),
        (" \n;; -- nothing\n/* at all */;", []),
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT 1; SELECT 2;", ["SELECT 1", "SELECT 2"]),
        ("SELECT ';'; SELECT 'it''s;';", ["SELECT ';'", "SELECT 'it''s;'"]),
        ('SELECT 1 AS "a;b""c;"; SELECT 2', ['SELECT 1 AS "a;b""c;"', "SELECT 2"]),
        (r"SELECT E'\';', e'\\'; SELECT 2", [r"SELECT E'\';', e'\\'", "SELECT 2"]),
        (r"SELECT '\'; SELECT 2", [r"SELECT '\'", "SELECT 2"]),
        ("SELECT 1 -- one; more\n, 2; SELECT 3", ["SELECT 1 -- one; more\n, 2", "SELECT 3"]),
        ("/* a; /* b; */ c; */ SELECT 1; SELECT 2", ["SELECT 1", "SELECT 2"]),
        ("DO $$ BEGIN; END $$; SELECT 2", ["DO $$ BEGIN; END $$", "SELECT 2"]),
        ("SELECT $a$ $$ ; $b$ ; $a$; SELECT 2", ["SELECT $a$ $$ ; $b$ ; $a$", "SELECT 2"]),
        ("SELECT a$b$c; SELECT $1; SELECT 2", ["SELECT a$b$c", "SELECT $1", "SELECT 2"]),
        (
            "CREATE RULE r AS ON INSERT TO t DO (DELETE FROM a; DELETE FROM b); SELECT 2",
            ["CREATE RULE r AS ON INSERT TO t DO (DELETE FROM a; DELETE FROM b)", "SELECT 2"],
        ),
        (
            "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC "
            "SELECT CASE WHEN true THEN 1 END; SELECT 2; END; SELECT 3",
            [
                "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC "
                "SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
                "SELECT 3",
            ],
        ),
        ("SELECT 'é;'; SELECT 2", ["SELECT 'é;'", "SELECT 2"]),
        ("SELECT 'open; SELECT 2", ["SELECT 'open", "SELECT 2"]),
    ],
)
def test_a_script_is_split_where_postgresql_splits_it(script: str, texts: list[str]) -> None:
    assert [statement.text for statement in split_statements(script)] == texts


def test_statements_know_their_number_and_line() -> None:
    script = "-- first\nSELECT 1;\n\n/* second\n */ SELECT\n 2;\nSELECT 3"
    assert [(each.number, each.line) for each in split_statements(script)] == [
        (1, 2),
        (2, 5),
        (3, 7),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "BEGIN",
        "commit",
        "START TRANSACTION",
        "Rollback to x",
        "SAVEPOINT a",
        "PREPARE transaction 'x'",
    ],
)
def test_transaction_control_is_recognized(text: str) -> None:
    (statement,) = split_statements(text)
    assert statement.controls_transaction


@pytest.mark.parametrize(
    "text", ["PREPARE x AS SELECT 1", "SELECT 'BEGIN'", "beginning", "SET a = b"]
)
def test_other_statements_control_no_transaction(text: str) -> None:
    (statement,) = split_statements(text)
    assert not statement.controls_transaction


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("-- triosigno-db: no-transaction\nSELECT 1", False),
        ("-- triosigno-db: no-transaction\r\nSELECT 1", False),
        ("SELECT 1\n-- triosigno-db: no-transaction", True),
        ("", True),
    ],
)
def test_the_first_line_alone_may_refuse_a_transaction(script: str, expected: bool) -> None:
    assert is_transactional(script) is expected
