"""Databases that the owner has migrated, with the roles in them."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from psycopg2 import sql

import triosigno_db as db
from tests.plain_sql import run_plain
from tests.roles.logins import give_password, url_as
from triosigno_db import migrator
from triosigno_db.roles import RoleNames, apply_roles
from triosigno_db.testing import DatabaseServer, IsolatedDatabase


@pytest.fixture(scope="session")
def names(triosigno_server: DatabaseServer) -> Iterator[RoleNames]:
    """The roles, under names that need every kind of quoting."""
    end = uuid4().hex[:8]
    names = RoleNames(f'the "owner" {end}', f"l'application %s {end}", f"$roles$ READER; -- {end}")
    yield names
    # All databases that know them are gone: roles are the whole server's.
    for name in names:
        run_plain(
            triosigno_server.url, sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name))
        )


@pytest.fixture(scope="session")
def migrated(triosigno_server: DatabaseServer, names: RoleNames) -> Iterator[str]:
    """The name of a database to be copied: roles first, then migrated by the owner."""
    name = f"roles_{uuid4().hex}"
    url = triosigno_server.create_database(name)
    db.connect(url)
    apply_roles(names)
    for role in names:
        give_password(url, role)
    db.connect(url_as(url, names.owner))
    migrator.deploy()
    db.connect(url)
    assert apply_roles(names) == ()
    db.disconnect()
    yield name
    triosigno_server.drop_database(name)


@pytest.fixture
def admin_url(triosigno_server: DatabaseServer, migrated: str, names: RoleNames) -> Iterator[str]:
    """The URL of a migrated database with the roles, for the superuser."""
    name = f"roles_{uuid4().hex}"
    url = triosigno_server.create_database(name, template=migrated)
    # What was granted on the database itself is not copied.
    db.connect(url)
    assert apply_roles(names) == ()
    db.disconnect()
    yield url
    triosigno_server.drop_database(name)


@pytest.fixture
def triosigno_db(admin_url: str, names: RoleNames) -> Iterator[IsolatedDatabase]:
    """The library, connected as the application."""
    url = url_as(admin_url, names.application)
    db.connect(url, password_cost=4)
    yield IsolatedDatabase(name=admin_url.rpartition("/")[2], url=url, has_content=False)
    db.disconnect()
