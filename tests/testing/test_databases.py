"""Databases of tests: made as copies, dropped by force, over one connection that is renewed."""

from collections.abc import Iterator
from contextlib import closing

import psycopg2
import pytest

from tests.plain_sql import run_plain
from triosigno_db.testing import DatabaseServer, ThrowawayPostgresError


@pytest.fixture
def server(triosigno_server: DatabaseServer) -> Iterator[DatabaseServer]:
    """The same server, with a prefix of the test's own."""
    with DatabaseServer(triosigno_server.url) as server:
        yield server
        for name in server.list_databases(server.prefix):
            server.drop_database(name)


def test_a_copy_holds_what_its_template_holds(server: DatabaseServer) -> None:
    template, copy = server.new_name(), server.new_name()
    run_plain(server.create_database(template), "CREATE TABLE kept AS SELECT 7 AS a")
    url = server.create_database(copy, template=template)
    assert url == server.url_for(copy)
    assert run_plain(url, "SELECT a FROM kept") == [(7,)]


def test_names_are_another_one_each_time_and_for_each_object(server: DatabaseServer) -> None:
    names = [server.new_name() for _ in range(3)]
    assert len({*names}) == 3
    assert all(name.startswith(server.prefix) for name in names)
    assert DatabaseServer(server.url).prefix != server.prefix


def test_databases_are_listed_by_the_beginning_of_their_names(server: DatabaseServer) -> None:
    names = [server.new_name() for _ in range(3)]
    for name in names:
        server.create_database(name)
    assert server.list_databases(server.prefix) == sorted(names)
    assert server.list_databases(f"{server.prefix}%") == []


def test_a_database_is_dropped_with_the_connections_to_it(server: DatabaseServer) -> None:
    name = server.new_name()
    with closing(psycopg2.connect(server.create_database(name))) as connection:
        server.drop_database(name)
        with pytest.raises(psycopg2.OperationalError):
            connection.cursor().execute("SELECT 1")
    server.drop_database(name)
    assert server.list_databases(name) == []


@pytest.mark.parametrize("name", ['a "quoted" name', "l'été %s / ?#"])
def test_a_name_may_need_quotes(server: DatabaseServer, name: str) -> None:
    name = f"{server.new_name()} {name}"
    url = server.create_database(name)
    assert run_plain(url, "SELECT current_database()") == [(name,)]
    server.drop_database(name)


def test_what_the_server_refuses_is_told(server: DatabaseServer) -> None:
    name = server.new_name()
    server.create_database(name)
    with pytest.raises(ThrowawayPostgresError, match="already exists"):
        server.create_database(name)
    with pytest.raises(ThrowawayPostgresError, match="does not exist"):
        server.create_database(server.new_name(), template="no_such_template")


def test_a_closed_connection_is_opened_again(server: DatabaseServer) -> None:
    server.list_databases(server.prefix)
    server.close()
    assert server.list_databases(server.prefix) == []


def test_the_password_is_not_shown(server: DatabaseServer) -> None:
    password = psycopg2.extensions.parse_dsn(server.url)["password"]
    assert password
    assert password not in repr(server)
    assert "127.0.0.1" in repr(server)
