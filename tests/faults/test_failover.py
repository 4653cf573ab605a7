"""Several hosts in one URL: the primary is lost under load, and its standby takes over."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import uuid4

import peewee
import pytest

import triosigno_db as db
from tests.cluster import (
    Cluster,
    ask,
    kill,
    make_standby,
    restart_after_kill,
    running_cluster,
    until,
)
from triosigno_db.database.execution import run_sql
from triosigno_db.models import SignCategory
from triosigno_db.testing.factories import make_category, make_sign, make_user

pytestmark = pytest.mark.xdist_group("replicas")

WRITERS = 8
RESUMED_WITHIN = 5
"""Seconds after the promotion; mostly it takes a tenth of that."""

SERVED_BY = "SELECT inet_server_port()"


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A primary with a synchronous standby, and the library connected to both."""
    with running_cluster() as cluster:
        db.connect(cluster.url, password_cost=4, connection_limit=WRITERS)
        db.create_schema()
        cluster.wait_for_standby()
        cluster.set_synchronous()
        yield cluster
        db.disconnect()


class Writer:
    """Attempts one sign until it is stopped.

    Args:
        sign_id: The sign.
        repeats: Whether an attempt has an idempotency key and is repeated until it is acknowledged.

    Attributes:
        acknowledged: When each attempt was acknowledged, by `time.monotonic`.
        unknown: How many attempts have an outcome that is not known.
    """

    def __init__(self, sign_id: str, *, repeats: bool) -> None:
        self.user_id = make_user().id
        self.sign_id = sign_id
        self.repeats = repeats
        self.acknowledged: list[float] = []
        self.unknown = 0

    def write(self, is_over: threading.Event) -> None:
        while not is_over.is_set():
            key = str(uuid4()) if self.repeats else None
            while not self._is_done(key):
                pass

    def _is_done(self, key: str | None) -> bool:
        try:
            db.record_attempt(self.user_id, self.sign_id, is_correct=True, idempotency_key=key)
        except db.DatabaseUnavailableError:
            return False
        except db.OutcomeUnknownError:
            if self.repeats:
                return False
            self.unknown += 1
            return True
        self.acknowledged.append(time.monotonic())
        return True

    def acknowledged_since(self, moment: float) -> list[float]:
        return [each for each in self.acknowledged if each > moment]

    def check(self, applied: int) -> None:
        """Compare what the table says with what was acknowledged."""
        assert len(self.acknowledged) <= applied <= len(self.acknowledged) + self.unknown


@contextmanager
def writing() -> Iterator[list[Writer]]:
    """Write from several threads; at the block's end every attempt has its outcome."""
    sign = make_sign()
    writers = [Writer(sign.id, repeats=number % 2 == 0) for number in range(WRITERS)]
    is_over = threading.Event()
    with ThreadPoolExecutor(WRITERS) as threads:
        running = [threads.submit(writer.write, is_over) for writer in writers]
        try:
            yield writers
        finally:
            is_over.set()
    for each in running:
        each.result()


def until_all_wrote(writers: list[Writer], moment: float, times: int = 10) -> None:
    until(lambda: all(len(each.acknowledged_since(moment)) >= times for each in writers))


def check_all(writers: list[Writer], cluster: Cluster) -> None:
    applied = dict(ask(cluster.standby, 'SELECT "userId", "totalAttempts" FROM "Progress"'))
    for writer in writers:
        writer.check(applied[writer.user_id])


def test_a_promotion_under_load_loses_and_doubles_nothing(cluster: Cluster) -> None:
    with writing() as writers:
        until_all_wrote(writers, 0)
        kill(cluster.primary)
        cluster.standby.promote()
        promoted = time.monotonic()
        until_all_wrote(writers, promoted)
    waits = [writer.acknowledged_since(promoted)[0] - promoted for writer in writers]
    assert max(waits) < RESUMED_WITHIN
    check_all(writers, cluster)
    # Readers find the new primary as well.
    assert run_sql(SERVED_BY) == [(cluster.standby.port,)]


@pytest.mark.parametrize("returns_as", ["standby", "read-only"])
def test_an_old_primary_that_comes_back_is_not_written_to(
    cluster: Cluster, returns_as: str
) -> None:
    with writing() as writers:
        until_all_wrote(writers, 0)
        kill(cluster.primary)
        cluster.standby.promote()
        if returns_as == "standby":
            make_standby(cluster.primary.data_directory, cluster.standby)
        else:
            cluster.primary._server_settings["default_transaction_read_only"] = "on"
        restart_after_kill(cluster.primary)
        ports: set[int] = set()
        stop = db.on_statement(lambda event: ports.add(event.port))
        until_all_wrote(writers, time.monotonic())
        stop()
    # Connections are opened anew, and the old primary is the first in the URL.
    db.connect(cluster.url, password_cost=4)
    make_category()
    assert run_sql(SERVED_BY) == [(cluster.standby.port,)]
    assert ports == {cluster.standby.port}
    check_all(writers, cluster)


def test_a_replica_serves_reads_while_there_is_no_primary(cluster: Cluster) -> None:
    db.connect(cluster.primary.url, replica_url=cluster.standby.url, replica_max_lag=0)
    category = make_category()
    cluster.wait_for_standby()
    kill(cluster.primary)
    with db.reading_from_replica():
        assert db.get_category(category.id) == category
        with db.transaction():
            assert run_sql(SERVED_BY) == [(cluster.standby.port,)]


def demote(cluster: Cluster) -> None:
    """Have the primary take no more writes without ending a connection, and replace it."""
    ask(cluster.primary, "ALTER SYSTEM SET default_transaction_read_only = on")
    ask(cluster.primary, "SELECT pg_reload_conf()")
    until(lambda: run_sql("SHOW default_transaction_read_only") == [("on",)])
    assert run_sql(SERVED_BY) == [(cluster.primary.port,)]
    cluster.standby.promote()


def test_a_write_that_a_demoted_primary_refuses_goes_to_the_new_one(cluster: Cluster) -> None:
    demote(cluster)
    category = make_category()
    assert ask(cluster.standby, 'SELECT id FROM "SignCategory"') == [(category.id,)]
    assert run_sql(SERVED_BY) == [(cluster.standby.port,)]


@pytest.mark.parametrize("by_model", [False, True])
def test_a_transaction_finds_the_new_primary_at_the_next_try(
    cluster: Cluster, by_model: bool
) -> None:
    def write() -> None:
        with db.transaction():
            if by_model:
                SignCategory.create(name="new", description="")
            else:
                make_category()

    demote(cluster)
    with db.connection():
        with pytest.raises((db.ReadOnlyError, peewee.InternalError)):
            write()
        write()
    assert len(ask(cluster.standby, 'SELECT id FROM "SignCategory"')) == 1
