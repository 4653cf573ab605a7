"""What may be shown of a statement: its summary, as the conventions write it, and no value."""

import pytest

from triosigno_db.integrations.query_text import MAX_SUMMARY_LENGTH, Query, describe

SECRET = "a-value-that-nobody-sees"


@pytest.mark.parametrize(
    ("sql", "summary"),
    [
        # The conventions' own examples.
        ("SELECT * FROM wuser_table WHERE username = ?", "SELECT wuser_table"),
        (
            "INSERT INTO shipping_details (order_id, address) "
            "SELECT order_id, address FROM orders WHERE order_id = ?",
            "INSERT shipping_details SELECT orders",
        ),
        ("SELECT * FROM songs, artists WHERE songs.id == artists.id", "SELECT songs artists"),
        (
            "SELECT order_date FROM (SELECT * FROM orders o JOIN customers c ON o.id = c.id)",
            "SELECT SELECT orders customers",
        ),
        ('SELECT * FROM "song list"', 'SELECT "song list"'),
        # What Peewee writes.
        (
            'SELECT COUNT(1) FROM (SELECT 1 FROM "public"."Sign" AS "t1" '
            'INNER JOIN "public"."SignCategory" AS "t2" ON ("t1"."categoryId" = "t2"."id") '
            'WHERE ("t2"."name" IN (%s, %s))) AS "_wrapped"',
            'SELECT SELECT "public"."Sign" "public"."SignCategory"',
        ),
        ('UPDATE "public"."Sign" SET "name" = %s WHERE ("id" = %s)', 'UPDATE "public"."Sign"'),
        ('DELETE FROM "public"."Sign" WHERE ("id" = %s)', 'DELETE "public"."Sign"'),
        (
            'INSERT INTO "Sign" ("id") VALUES (%s), (%s) ON CONFLICT ("id") DO UPDATE '
            'SET "name" = EXCLUDED."name" RETURNING "id", "name"',
            'INSERT "Sign"',
        ),
        # What is no operation, and no table.
        ("SELECT 1", "SELECT"),
        ("select a, b from t order by a, b for update of t, u", "select t"),
        ("SELECT extract(year FROM day), b FROM t WHERE a IS DISTINCT FROM b", "SELECT t"),
        ("SELECT * FROM ONLY t, LATERAL (SELECT * FROM u) v, w", "SELECT t SELECT u w"),
        ("WITH a AS (SELECT * FROM t) UPDATE u SET n = 1 FROM a", "SELECT t UPDATE u a"),
        ("(SELECT a FROM t) UNION (SELECT b FROM u)", "SELECT t SELECT u"),
        ("-- FROM x\nSELECT /* FROM y */ 'FROM z' FROM t", "SELECT t"),
        ("CREATE TABLE IF NOT EXISTS t (id text PRIMARY KEY)", "CREATE t"),
        ("ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u ON DELETE SET NULL", "ALTER t"),
        ("TRUNCATE TABLE t; SET x = 1; DROP TABLE u", "TRUNCATE t SET DROP u"),
        ("SELECT ) FROM t", "SELECT"),
        (" ; ", ""),
    ],
)
def test_a_summary_lists_operations_and_tables(sql: str, summary: str) -> None:
    assert describe(sql).summary == summary


def test_a_long_summary_ends_with_a_whole_name() -> None:
    summary = describe(f"SELECT * FROM {', '.join(f'table{n}' for n in range(99))}").summary
    assert MAX_SUMMARY_LENGTH - len(" table99") <= len(summary) <= MAX_SUMMARY_LENGTH
    assert summary.endswith(f" table{summary.count(' ') - 1}")


@pytest.mark.parametrize(
    ("sql", "shown"),
    [
        ('SELECT "t1"."id" FROM t1 LIMIT %s', 'SELECT "t1"."id" FROM t1 LIMIT %s'),
        ("SELECT %(name)s, $1, f1(a)", "SELECT %(name)s, $1, f1(a)"),
        (f"SELECT '{SECRET}', 'it''s {SECRET}', a", "SELECT ?, ?, a"),
        (rf"SELECT e'it\'s {SECRET}', U&'{SECRET}', b'101', X'{SECRET}'", "SELECT ?, ?, ?, ?"),
        (f"SELECT $${SECRET}'$$, $q$ $$ {SECRET} $q$", "SELECT ?, ?"),
        ("SELECT 12, -1.5e-3, .5, 0x1f, true, trueish", "SELECT ?, -?-?, ?, ?, ?, trueish"),
        (f"SELECT 1 /* {SECRET} */ -- {SECRET}\n+ a", "SELECT ?  \n+ a"),
        # Not even where the text is cut off.
        (f"SELECT '{SECRET}", "SELECT ?"),
        (f"SELECT $a$ {SECRET}", "SELECT ?"),
        (f"SELECT /* {SECRET}", "SELECT "),
        (f"SELECT \"a '{SECRET}'", "SELECT ?"),
    ],
)
def test_a_text_shows_no_value(sql: str, shown: str) -> None:
    assert describe(sql).text == shown


def test_a_name_is_its_own_summary() -> None:
    assert describe("select_row_User") == Query("select_row_User", None, None)


@pytest.mark.parametrize("command", ["BEGIN", "COMMIT", "ROLLBACK TO SAVEPOINT"])
def test_a_command_is_an_operation(command: str) -> None:
    assert describe(command) == Query(command, None, command)
