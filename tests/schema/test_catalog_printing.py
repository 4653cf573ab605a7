"""How a server prints definitions depends on the session's settings: a comparison does not."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

import triosigno_db as db
from tests.conftest import WriteHistory
from tests.doctor.checked_database import run_doctor
from tests.pgbouncer import BINARY, pooler_before
from tests.plain_sql import run_plain
from triosigno_db import migrator
from triosigno_db.database.execution import run_sql
from triosigno_db.migrator.session import Session, open_session
from triosigno_db.schema.catalog import compare, read_current_schema

PRINTED = r"""
CREATE TABLE "Printed" (
    a timestamptz DEFAULT '2026-01-31 08:00+00', b interval DEFAULT '1 day 2 hours',
    c bytea DEFAULT '\x00ff', d float8 DEFAULT 0.12345678901234::float8,
    e date DEFAULT '2026-01-31',
    f text DEFAULT 'a\b', g money DEFAULT 1234.5, h timestamp DEFAULT '2026-01-31 08:00',
    i timetz DEFAULT '08:00+02', j real DEFAULT 0.1234567::real, "user" text,
    k daterange DEFAULT '[2026-01-31,2026-02-28)', CHECK (f ~ '^\w+$' AND "user" <> f)
)
"""

OTHERS = {
    "quote_all_identifiers": ["on"],
    "standard_conforming_strings": ["off"],
    "bytea_output": ["escape"],
    "DateStyle": ["German, DMY", "SQL, DMY", "Postgres, MDY"],
    "IntervalStyle": ["postgres_verbose", "sql_standard", "iso_8601"],
    "TimeZone": ["Asia/Kathmandu"],
    "extra_float_digits": ["-15", "3"],
}
SETTINGS = """
SELECT name, CASE vartype WHEN 'bool' THEN '{on,off}' ELSE enumvals END FROM pg_settings
WHERE context IN ('user', 'superuser') AND vartype IN ('bool', 'enum')
  AND name NOT LIKE 'transaction%' AND name <> 'default_transaction_read_only'
ORDER BY name
"""


@pytest.fixture
def session(triosigno_url: str) -> Iterator[Session]:
    run_plain(triosigno_url, PRINTED)
    with open_session(db.Settings.load(triosigno_url)) as session:
        yield session


def test_no_setting_of_a_session_changes_what_is_read(session: Session) -> None:
    expected = read_current_schema(session.run)
    different, refused = [], []
    for name, values in [*session.run(SETTINGS), *OTHERS.items()]:
        for value in values:
            try:
                session.run(f"SET {name} = '{value}'")
            except db.TrioSignoDBError:
                refused.append(name)
                continue
            before = session.run(f"SHOW {name}")
            if compare(expected, read_current_schema(session.run)):
                different.append(f"{name} = {value}")
            assert session.run(f"SHOW {name}") == before
            session.run(f"RESET {name}")
    assert different == []
    assert not {*refused} & {*OTHERS}


UNUSUAL = {each: values[0] for each, values in OTHERS.items()} | {
    "search_path": "pg_catalog",
    "default_transaction_isolation": "serializable",
    "row_security": "off",
    "array_nulls": "off",
    "transform_null_equals": "on",
    "check_function_bodies": "off",
}


@pytest.fixture
def of_database(empty_url: str) -> str:
    """The URL of an empty database with unusual settings; its shadow databases have not."""
    name = empty_url.rpartition("/")[2]
    for setting, value in UNUSUAL.items():
        run_plain(empty_url, f"ALTER DATABASE {name} SET {setting} = '{value}'")
    return empty_url


@pytest.fixture
def of_role(empty_url: str) -> Iterator[str]:
    """The URL of an empty database for a role with unusual settings, in shadow databases too."""
    role = f"unusual_{uuid4().hex}"
    run_plain(empty_url, f"CREATE ROLE {role} SUPERUSER LOGIN PASSWORD '{role}'")
    for setting, value in UNUSUAL.items():
        run_plain(empty_url, f"ALTER ROLE {role} SET {setting} = '{value}'")
    parts = urlsplit(empty_url)
    yield parts._replace(netloc=f"{role}:{role}@{parts.hostname}:{parts.port}").geturl()
    db.disconnect()
    run_plain(empty_url, f"DROP OWNED BY {role}; DROP ROLE {role}")


@pytest.fixture(params=["of_database", "of_role"])
def unusual_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(request.param)
    return url


def test_a_deployed_database_with_unusual_settings_shows_no_drift(unusual_url: str) -> None:
    migrator.deploy(unusual_url)
    drift = migrator.diff(unusual_url)
    assert (drift.from_history, drift.from_models, drift.sql) == ((), (), "")
    run = run_doctor(unusual_url)
    assert run.levels()["drift"] == {"ok"}
    assert "error" not in {level for levels in run.levels().values() for level in levels}


def test_behind_a_pooler_nothing_differs_and_nothing_stays_set(of_database: str) -> None:
    if BINARY is None:
        pytest.skip("PgBouncer is not installed")
    migrator.deploy(of_database)
    with pooler_before(of_database) as pooled:
        assert run_doctor(f"{pooled}?pgbouncer=true").levels()["drift"] == {"ok"}
        # On the pooler's own connections to the server, which others use next.
        for name in UNUSUAL:
            assert run_plain(pooled, f"SHOW {name}") == run_plain(of_database, f"SHOW {name}")


def test_create_schema_and_baseline_accept_unusual_settings(unusual_url: str) -> None:
    db.connect(unusual_url)
    db.create_schema()
    db.create_schema()
    assert run_sql("SHOW quote_all_identifiers") == [("on",)]
    # Constants of the library's statements mean the same everywhere.
    assert run_sql("SHOW standard_conforming_strings") == [("on",)]
    assert migrator.baseline(unusual_url) == migrator.status(unusual_url).named(
        migrator.MigrationState.APPLIED
    )


def test_dev_writes_the_same_migration_under_unusual_settings(
    unusual_url: str, triosigno_url: str, write_history: WriteHistory
) -> None:
    written = []
    for url in (unusual_url, triosigno_url):
        folder = write_history(first='CREATE TABLE "Sign" (id text NOT NULL)')
        migration = migrator.dev("rest", url, history=folder, create_only=True)
        assert migration is not None
        written.append((migration.folder / "migration.sql").read_text())
        remove(migration.folder)
    assert written[0] == written[1]


def remove(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
