"""Peewee's own tools on the library's database: hooks, the query log, commits, contexts."""

from collections.abc import Iterator

import peewee
import pytest
from playhouse.test_utils import assert_query_count, count_queries

import triosigno_db as db
from triosigno_db.database.lifecycle import current_database
from triosigno_db.models import SignCategory, User, database_proxy
from triosigno_db.testing import IsolatedDatabase

SECRET = "a value that nobody may see"


@pytest.fixture
def events(triosigno_db: IsolatedDatabase) -> Iterator[list[peewee.QueryEvent]]:
    """What Peewee's hooks are called with."""
    seen: list[peewee.QueryEvent] = []
    database_proxy.query_hooks.append(seen.append)
    yield seen
    database_proxy.query_hooks.remove(seen.append)


def test_hooks_see_each_statement_of_the_models_without_its_values(
    events: list[peewee.QueryEvent],
) -> None:
    category = SignCategory.create(name=SECRET, description="a theme")
    assert SignCategory.select().where(SignCategory.name == SECRET).count() == 1
    SignCategory.update(description="others").where(SignCategory.id == category.id).execute()
    with db.transaction():
        category.delete_instance()
    kinds = [event.sql.split()[0] for event in events]
    assert kinds == ["INSERT", "SELECT", "UPDATE", "DELETE"]
    assert [event.params for event in events] == [()] * 4
    assert all(event.duration > 0 for event in events)
    assert [event.exception for event in events] == [None] * 4
    assert SECRET not in repr(events)


def test_hooks_see_a_statement_that_fails_without_its_values(
    events: list[peewee.QueryEvent],
) -> None:
    texts: list[str] = []
    # While it is called: afterwards the same error is redacted in any case.
    database_proxy.query_hooks.append(lambda event: texts.append(str(event.exception)))
    SignCategory.create(name=SECRET, description="a theme")
    with pytest.raises(peewee.IntegrityError):
        SignCategory.create(name=SECRET, description="a theme")
    assert isinstance(events[-1].exception, peewee.IntegrityError)
    assert SECRET not in str(events[-1].exception)
    assert "SignCategory_name_key" in texts[-1]
    assert SECRET not in texts[-1]


def test_queries_are_counted(triosigno_db: IsolatedDatabase) -> None:
    with assert_query_count(2):
        list(User.select())
        SignCategory.create(name=SECRET, description="a theme")
    with count_queries(only_select=True) as counted:
        list(User.select())
        SignCategory.update(description="x").execute()
    assert counted.count == 1
    with assert_query_count(1), db.connection():
        list(User.select())
    assert SECRET not in repr([record.msg for record in counted.get_queries()])


def test_commit_and_rollback_without_a_connection_are_typed_errors(
    triosigno_db: IsolatedDatabase,
) -> None:
    with pytest.raises(peewee.InterfaceError, match="not open"):
        current_database().commit()
    with pytest.raises(peewee.InterfaceError, match="not open"):
        current_database().rollback()


def test_peewee_s_own_contexts_check_connections_in(triosigno_db: IsolatedDatabase) -> None:
    with database_proxy.connection_context():
        assert SignCategory.select().count() == 0
        assert current_database().pool.get_status().in_use == 1
    with database_proxy.atomic(), database_proxy.atomic():
        SignCategory.create(name="inside", description="a theme")
    assert database_proxy.connect() is True
    database_proxy.close()
    assert current_database().pool.get_status().in_use == 0
    assert SignCategory.select().count() == 1


def test_what_runs_after_the_commit_runs_once_it_is_done(triosigno_db: IsolatedDatabase) -> None:
    seen: list[int] = []
    with database_proxy.atomic():
        SignCategory.create(name="inside", description="a theme")
        database_proxy.after_commit(lambda: seen.append(SignCategory.select().count()))
        assert seen == []
    assert seen == [1]
