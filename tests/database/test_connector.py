"""Opening connections: what they are like, and how each failure is reported."""

import os
import re
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from testing.common.database import get_unused_port
from typer.testing import CliRunner

import triosigno_db as db
from tests.database.fake_server import LATIN_1_REFUSAL, FakeServer, greeting, refusal
from tests.hostile_environment import hostile_value
from tests.locales import database_with
from tests.pgbouncer import BINARY, pooler_before
from tests.plain_sql import run_plain
from triosigno_db import migrator
from triosigno_db.cli.app import app
from triosigno_db.database.connection import await_answer
from triosigno_db.database.connector import MIN_SERVER_VERSION, open_connection, open_polled
from triosigno_db.doctor import diagnose
from triosigno_db.testing import DatabaseServer
from triosigno_db.testing.environment import LIBPQ_VARIABLES

Open = Callable[[db.Settings], Any]

OBJECTS = "SELECT 1 FROM pg_class WHERE relnamespace = 'public'::regnamespace"


def poll(settings: db.Settings) -> Any:
    return open_polled(settings, time.monotonic() + 30)


@pytest.fixture(params=[open_connection, poll], ids=["blocking", "polled"])
def connect(request: pytest.FixtureRequest) -> Open:
    """Either way to open a connection."""
    opened: Open = request.param
    return opened


def run(connection: Any, sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def ask(connection: Any, sql: str) -> list[tuple[Any, ...]]:
    """Run a statement on a connection that is polled."""
    cursor = connection.cursor()
    cursor.execute(sql)
    await_answer(connection, time.monotonic() + 30)
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def test_each_statement_is_a_transaction_of_its_own(triosigno_url: str) -> None:
    with closing(open_connection(db.Settings.load(triosigno_url))) as connection:
        assert connection.autocommit
        ((first,),) = run(connection, "SELECT pg_current_xact_id()")
        ((second,),) = run(connection, "SELECT pg_current_xact_id()")
        assert first != second


def test_timestamps_are_read_as_aware_ones(triosigno_url: str) -> None:
    with closing(open_connection(db.Settings.load(triosigno_url))) as connection:
        rows = run(connection, "SELECT timestamp '2026-01-31 08:00', now()")
    assert rows[0][0] == datetime(2026, 1, 31, 8, tzinfo=UTC)


def test_the_settings_hold(triosigno_url: str, connect: Open) -> None:
    settings = db.Settings.load(
        triosigno_url, statement_timeout=3, application_name="name of a test"
    )
    with closing(connect(settings)) as connection:
        query = "SELECT current_setting('statement_timeout'), current_setting('application_name')"
        answer = ask if connection.async_ else run
        assert answer(connection, query) == [("3s", "name of a test")]


def test_another_database_of_the_server(triosigno_url: str) -> None:
    settings = db.Settings.load(triosigno_url)
    query = "SELECT current_database()"
    with closing(open_connection(settings, database="postgres")) as connection:
        assert run(connection, query) == [("postgres",)]
    with closing(open_polled(settings, time.monotonic() + 30, database="postgres")) as connection:
        assert ask(connection, query) == [("postgres",)]


def test_one_particular_server_of_several(triosigno_url: str) -> None:
    several = db.Settings.load(
        triosigno_url, host="127.0.0.1,127.0.0.1", ports=(get_unused_port(), get_unused_port())
    )
    port = urlsplit(triosigno_url).port
    assert port is not None
    address = ("127.0.0.1", port)
    with closing(open_connection(several, address=address)) as connection:
        assert connection.address == address


# What libpq may be told by its variables, beside the URL.
HEEDED = {
    "PGREQUIREAUTH", "PGREQUIREPEER", "PGCHANNELBINDING", "PGGSSENCMODE", "PGGSSLIB",
    "PGGSSDELEGATION", "PGKRBSRVNAME", "PGLOADBALANCEHOSTS", "PGDATESTYLE", "PGTZ", "PGGEQO",
    "PGSSLNEGOTIATION", "PGSSLCOMPRESSION", "PGSSLCERT", "PGSSLKEY", "PGSSLCERTMODE",
    "PGSSLROOTCERT", "PGSSLCRL", "PGSSLCRLDIR", "PGSSLSNI", "PGSSLMINPROTOCOLVERSION",
    "PGSSLMAXPROTOCOLVERSION", "PGMINPROTOCOLVERSION", "PGMAXPROTOCOLVERSION",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted({*LIBPQ_VARIABLES} - HEEDED))
def test_a_variable_of_libpq_does_not_replace_a_part_of_the_url(
    triosigno_url: str, connect: Open, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, hostile_value(name))
    with closing(connect(db.Settings.load(triosigno_url))) as connection:
        assert connection.info.dbname == triosigno_url.rpartition("/")[2]
    assert os.environ[name] == hostile_value(name)


def test_a_pooler_gets_no_options_of_the_environment(
    triosigno_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if BINARY is None:
        pytest.skip("PgBouncer is not installed")
    with pooler_before(triosigno_url) as pooled:
        monkeypatch.setenv("PGOPTIONS", "-c statement_timeout=1")
        db.connect(f"{pooled}?pgbouncer=true")
        assert db.count_users() == 0


def test_a_password_may_come_from_the_environment(
    triosigno_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    password = urlsplit(triosigno_url).password
    assert password is not None
    monkeypatch.setenv("PGPASSWORD", password)
    with closing(open_connection(db.Settings.load(triosigno_url.replace(f":{password}@", "@")))):
        pass


def failures(error: BaseException) -> list[BaseException]:
    """Give an error with everything that it came from."""
    found = [error]
    for each in (error.__cause__, error.__context__):
        if each is not None and each not in found:
            found += failures(each)
    return found


def assert_no_secret(error: BaseException, secret: str) -> None:
    for each in failures(error):
        assert secret not in "".join(traceback.format_exception(each))
        assert secret not in repr(vars(each))
        for frame, _ in traceback.walk_tb(each.__traceback__):
            if frame.f_globals["__name__"].startswith(("triosigno_db", "psycopg2")):
                assert secret not in repr(frame.f_locals)


def test_a_message_in_another_encoding_is_a_refusal(connect: Open) -> None:
    with FakeServer(LATIN_1_REFUSAL) as server:
        settings = db.Settings.load(server.url)
        with pytest.raises(db.DatabaseUnavailableError, match="n'existe pas") as caught:
            connect(settings)
    assert_no_secret(caught.value, "geheim")


def test_a_refusal_is_reported_in_the_server_s_words(connect: Open) -> None:
    with FakeServer(refusal(b"the database is asleep")) as server:
        settings = db.Settings.load(server.url)
        with pytest.raises(db.DatabaseUnavailableError, match="database is asleep") as caught:
            connect(settings)
    assert_no_secret(caught.value, "geheim")


def test_a_wrong_password_is_not_shown(triosigno_url: str, connect: Open) -> None:
    settings = db.Settings.load(triosigno_url, password="geheim")
    with pytest.raises(db.DatabaseUnavailableError, match="password authentication") as caught:
        connect(settings)
    assert_no_secret(caught.value, "geheim")


def test_nobody_listens(connect: Open) -> None:
    settings = db.Settings.load(f"postgresql://lea:geheim@127.0.0.1:{get_unused_port()}/triosigno")
    with pytest.raises(db.DatabaseUnavailableError, match="refused") as caught:
        connect(settings)
    assert_no_secret(caught.value, "geheim")
    assert caught.value.prisma_code == "P1001"


def test_a_server_that_is_too_old_is_refused(connect: Open) -> None:
    with FakeServer(greeting("12.22")) as server:
        settings = db.Settings.load(server.url)
        with pytest.raises(db.DatabaseUnavailableError, match=r"is PostgreSQL 12; .* needs 13"):
            connect(settings)
    assert MIN_SERVER_VERSION == 13


ENCODINGS = ["LATIN1", "SQL_ASCII", "EUC_JP"]


@pytest.fixture(params=ENCODINGS)
def other_encoding(
    triosigno_server: DatabaseServer, request: pytest.FixtureRequest
) -> Iterator[tuple[str, str]]:
    """A database in another encoding: its URL, and what is told of it."""
    name, encoding = triosigno_server.new_name(), request.param
    with database_with(triosigno_server.url, name, f"ENCODING '{encoding}' LOCALE 'C'") as url:
        yield url, f"encoding of the database is {encoding}; the library needs UTF8. Create another"


def test_a_database_in_another_encoding_is_refused(
    other_encoding: tuple[str, str], connect: Open
) -> None:
    url, told = other_encoding
    with pytest.raises(db.SchemaMismatchError, match=told):
        connect(db.Settings.load(url))


def test_nothing_is_created_in_another_encoding(other_encoding: tuple[str, str]) -> None:
    url, told = other_encoding
    calls: list[Callable[[str], object]] = [
        db.connect, migrator.deploy, migrator.status, migrator.baseline, migrator.diff,
        migrator.reset,
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(db.SchemaMismatchError, match=told):
            call(url)
    for command in (["demo"], ["migrate", "deploy"]):
        ended = CliRunner().invoke(app, [*command, "--url", url])
        assert isinstance(ended.exception, db.SchemaMismatchError)
        assert re.search(told, str(ended.exception))
    errors = [each.summary for each in diagnose(url).findings if each.level == "error"]
    assert any("connect() refuses it" in each for each in errors)
    assert run_plain(url, OBJECTS) == []


def test_a_database_that_has_changed_under_the_pool_is_refused(
    triosigno_server: DatabaseServer,
) -> None:
    name = triosigno_server.new_name()
    db.connect(triosigno_server.create_database(name))
    triosigno_server.drop_database(name)
    with database_with(triosigno_server.url, name, "ENCODING 'LATIN1' LOCALE 'C'") as url:
        for call in (db.ping, db.create_schema, db.count_users, migrator.deploy):
            with pytest.raises(db.SchemaMismatchError, match="is LATIN1; the library needs UTF8"):
                call()
        assert run_plain(url, OBJECTS) == []


def test_the_encoding_is_known_behind_a_pooler(other_encoding: tuple[str, str]) -> None:
    if BINARY is None:
        pytest.skip("PgBouncer is not installed")
    url, told = other_encoding
    with pooler_before(url) as pooled, pytest.raises(db.SchemaMismatchError, match=told):
        db.connect(f"{pooled}?pgbouncer=true")


def test_a_server_without_an_answer_is_waited_for_until_the_deadline() -> None:
    with FakeServer() as server:
        settings = db.Settings.load(server.url)
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            open_polled(settings, started + 0.2)
        assert time.monotonic() - started >= 0.2
