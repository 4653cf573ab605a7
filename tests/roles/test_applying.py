"""Roles applied to a database: once and for all, by anyone who may, one after the other."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from psycopg2 import sql

import triosigno_db as db
from tests.plain_sql import run_plain
from tests.roles.logins import DUMP, give_password, url_as
from triosigno_db.roles import RoleNames, apply_roles
from triosigno_db.testing import DatabaseServer


def test_a_second_time_changes_nothing(admin_url: str, names: RoleNames) -> None:
    before = run_plain(admin_url, DUMP)
    db.connect(admin_url)
    assert apply_roles(names) == ()
    assert run_plain(admin_url, DUMP) == before


@pytest.fixture
def administrator(
    triosigno_server: DatabaseServer, empty_url: str, names: RoleNames
) -> Iterator[tuple[str, RoleNames]]:
    """A role that may create roles and owns a database, as a hosted server gives one out."""
    own = RoleNames(*(f"{name} 2" for name in names))
    role, database = f"{names.owner} admin", empty_url.rpartition("/")[2]
    run_plain(empty_url, sql.SQL("CREATE ROLE {} LOGIN CREATEROLE").format(sql.Identifier(role)))
    give_password(empty_url, role)
    change = sql.SQL("ALTER DATABASE {} OWNER TO {}; ALTER SCHEMA public OWNER TO {}")
    run_plain(empty_url, change.format(*map(sql.Identifier, (database, role, role))))
    yield url_as(empty_url, role), own
    db.disconnect()
    triosigno_server.drop_database(database)
    for name in (*own, role):
        run_plain(
            triosigno_server.url, sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name))
        )


def test_a_superuser_is_not_needed(administrator: tuple[str, RoleNames]) -> None:
    url, names = administrator
    db.connect(url)
    db.create_schema()
    # Only a superuser revokes what PUBLIC may do with functions of the server.
    left = [
        (names.application, "functions that create large objects", "PUBLIC"),
        (names.reader, "functions that create large objects", "PUBLIC"),
        (names.reader, "functions of advisory locks", "PUBLIC"),
    ]
    for _ in range(2):
        found = apply_roles(names)
        assert [(each.role, each.target, each.through) for each in found] == left
    give_password(url, names.application)
    db.connect(url_as(url, names.application))
    assert db.count_users() == 0


def test_who_may_not_changes_nothing(admin_url: str, names: RoleNames) -> None:
    before = run_plain(admin_url, DUMP)
    db.connect(url_as(admin_url, names.application))
    with pytest.raises(db.TrioSignoDBError) as caught:
        apply_roles(names)
    assert caught.value.prisma_code == "P1010"
    assert run_plain(admin_url, DUMP) == before


def test_two_at_once_wait_for_each_other(admin_url: str, names: RoleNames) -> None:
    before = run_plain(admin_url, DUMP)
    db.connect(admin_url)
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(apply_roles(names))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [()] * 4
    assert run_plain(admin_url, DUMP) == before
