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
from tests.content import make_category, make_sign, make_user
from triosigno_db.database import run_sql
from triosigno_db.models import SignCategory

pytestmark = pytest.mark.xdist_group("replicas")

WRITERS = 8
RESUMED_WITHIN = 20
"""Seconds, on a machine that does much else; alone it is one at most."""

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
    """Practises one sign, and repeats what failed until it is acknowledged.

    Attributes:
        acknowledged: When each attempt was acknowledged, by `time.monotonic`.
        failures: What was raised meanwhile.
    """

    def __init__(self, sign_id: str) -> None:
        self.user_id = make_user().id
        self.sign_id = sign_id
        self.acknowledged: list[float] = []
        self.failures: list[db.TrioSignoDBError] = []

    def practise(self, is_over: threading.Event) -> None:
        while not is_over.is_set():
            self._record(str(uuid4()))
            self.acknowledged.append(time.monotonic())

    def _record(self, key: str) -> None:
        while True:
            try:
                db.record_attempt(self.user_id, self.sign_id, is_correct=True, idempotency_key=key)
            except (db.DatabaseUnavailableError, db.OutcomeUnknownError) as exc:
                self.failures.append(exc)
            else:
                return

    def acknowledged_since(self, moment: float) -> list[float]:
        return [each for each in self.acknowledged if each > moment]


@contextmanager
def writing() -> Iterator[list[Writer]]:
    """Write from several threads; at the block's end every attempt is acknowledged."""
    sign = make_sign()
    writers = [Writer(sign.id) for _ in range(WRITERS)]
    is_over = threading.Event()
    with ThreadPoolExecutor(WRITERS) as threads:
        running = [threads.submit(writer.practise, is_over) for writer in writers]
        try:
            yield writers
        finally:
            is_over.set()
    for each in running:
        each.result()


def until_all_wrote(writers: list[Writer], moment: float, times: int = 10) -> None:
    until(lambda: all(len(each.acknowledged_since(moment)) >= times for each in writers))


def test_a_promotion_under_load_loses_and_doubles_nothing(cluster: Cluster) -> None:
    with writing() as writers:
        until_all_wrote(writers, 0)
        kill(cluster.primary)
        cluster.standby.promote()
        promoted = time.monotonic()
        until_all_wrote(writers, promoted)
    waits = [writer.acknowledged_since(promoted)[0] - promoted for writer in writers]
    assert max(waits) < RESUMED_WITHIN
    practised = dict(ask(cluster.standby, PRACTISED))
    assert practised == {writer.user_id: len(writer.acknowledged) for writer in writers}
    # Readers find the new primary as well.
    assert run_sql(SERVED_BY) == [(cluster.standby.port,)]


PRACTISED = 'SELECT "userId", "totalAttempts" FROM "Progress"'


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
    practised = dict(ask(cluster.standby, PRACTISED))
    assert practised == {writer.user_id: len(writer.acknowledged) for writer in writers}


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
