"""What the checks share: transactions with limits, and what a role may read."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

import triosigno_db as db
from tests.doctor.checked_database import CheckedDatabase
from triosigno_db.doctor import Limits
from triosigno_db.doctor.context import CheckContext, open_context
from triosigno_db.migrator import read_history, shipped_history
from triosigno_db.schema.catalog import CATALOGS


@contextmanager
def context_of(url: str, **options: object) -> Iterator[CheckContext]:
    settings = db.Settings.load(url, **options)
    limits = Limits(timedelta(seconds=1), timedelta(days=1))
    with open_context(settings, shipped_history(), limits, project=None, validate=False) as context:
        yield context


def test_reading_writes_nothing(checked: CheckedDatabase) -> None:
    with (
        context_of(checked.url) as context,
        pytest.raises(db.ReadOnlyError),
        context.reading() as session,
    ):
        session.run("CREATE TABLE public.one ()")


def test_the_limits_of_a_transaction_are_the_settings_and_a_short_one_for_locks(
    checked: CheckedDatabase,
) -> None:
    with context_of(checked.url, statement_timeout=7, lock_timeout=9) as context:
        with context.working() as session:
            ((statement, lock, path),) = session.run(
                "SELECT current_setting('statement_timeout'), current_setting('lock_timeout'), "
                "current_setting('search_path')"
            )
        assert (statement, lock, path) == ("7s", "2s", CATALOGS)


def test_the_session_has_the_doctor_s_name(checked: CheckedDatabase) -> None:
    with context_of(checked.url, application_name="a service") as context:
        with context.reading() as session:
            assert session.run("SELECT current_setting('application_name')") == [
                ("triosigno-db doctor",)
            ]
        assert context.settings.application_name == "a service"


def test_the_ledger_is_read_where_the_role_may(
    checked: CheckedDatabase, service: CheckedDatabase
) -> None:
    with context_of(checked.url) as context:
        rows = context.read_states(())
        assert rows is not None
        assert [each.name for each in rows] == [
            each.name for each in read_history(shipped_history())
        ]
        assert context.may_read_ledger()
    with context_of(service.url) as context:
        assert not context.may_read_ledger()
        with pytest.raises(db.PermissionDeniedError):
            context.read_states(())


def test_without_a_ledger_there_is_nothing_to_read(empty_url: str) -> None:
    with context_of(empty_url) as context:
        assert context.read_states(()) is None
        assert not context.may_read_ledger()


def test_the_other_end_is_known(checked: CheckedDatabase) -> None:
    with context_of(checked.url) as context:
        assert context.peer() == "127.0.0.1"
        assert not context.is_replica()
