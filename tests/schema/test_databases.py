"""Whole databases, created and dropped through a function that runs a statement."""

from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import psycopg2
import pytest

import triosigno_db as db
from triosigno_db.database.connector import open_connection
from triosigno_db.migrator.session import Session
from triosigno_db.schema.databases import create_database, drop_database


@pytest.fixture
def session(triosigno_url: str) -> Iterator[Session]:
    """A session on the server."""
    with closing(open_connection(db.Settings.load(triosigno_url))) as connection:
        yield Session(connection, "public")


@pytest.fixture
def name(session: Session) -> Iterator[str]:
    """The name of a database, dropped after the test; SQL needs quotes around it."""
    name = f'a "name" {uuid4().hex}'
    yield name
    drop_database(name, session.run)


def exists(session: Session, name: str) -> bool:
    return session.run("SELECT 1 FROM pg_database WHERE datname = %(name)s", name=name) == [(1,)]


def test_it_is_created_and_dropped(session: Session, name: str) -> None:
    create_database(name, session.run)
    assert exists(session, name)
    drop_database(name, session.run)
    assert not exists(session, name)
    # There is nothing left to drop.
    drop_database(name, session.run)


def test_it_is_empty_or_a_copy(triosigno_url: str, session: Session, name: str) -> None:
    settings = db.Settings.load(triosigno_url)
    create_database(name, session.run)
    with closing(open_connection(settings, database=name)) as empty:
        assert Session(empty, "public").run("SELECT to_regclass('\"User\"')") == [(None,)]
        Session(empty, "public").run('CREATE TABLE "User" ()')
    copy = f"{name} copied"
    create_database(copy, session.run, template=name)
    with closing(open_connection(settings, database=copy)) as copied:
        assert Session(copied, "public").run("SELECT to_regclass('\"User\"')") == [('"User"',)]
    drop_database(copy, session.run)


def test_a_name_that_is_taken_is_refused(session: Session, name: str) -> None:
    create_database(name, session.run)
    with pytest.raises(db.TrioSignoDBError, match="already exists"):
        create_database(name, session.run)


def test_sessions_in_it_are_ended(triosigno_url: str, session: Session, name: str) -> None:
    create_database(name, session.run)
    with closing(open_connection(db.Settings.load(triosigno_url), database=name)) as user:
        drop_database(name, session.run)
        with pytest.raises(psycopg2.OperationalError):
            user.cursor().execute("SELECT 1")
    assert not exists(session, name)


def test_a_database_whose_sessions_linger_is_dropped_at_the_third_attempt() -> None:
    attempts: list[str] = []

    def refuse_twice(statement: str) -> None:
        attempts.append(statement)
        if len(attempts) < 3:
            raise db.TrioSignoDBError from psycopg2.errors.ObjectInUse()

    drop_database("one", refuse_twice)
    assert attempts == ['DROP DATABASE IF EXISTS "one" WITH (FORCE)'] * 3


def test_another_error_is_not_tried_again() -> None:
    attempts: list[str] = []

    def refuse(statement: str) -> None:
        attempts.append(statement)
        raise db.PermissionDeniedError from psycopg2.errors.InsufficientPrivilege()

    with pytest.raises(db.PermissionDeniedError):
        drop_database("one", refuse)
    assert len(attempts) == 1
