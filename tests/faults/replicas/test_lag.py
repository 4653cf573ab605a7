"""A replica that lags behind the primary."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import triosigno_db as db
from tests.cluster import Cluster, ask, until
from tests.faults.replicas.standing_by import connect, serving_port, skipped, until_served_by
from triosigno_db.database.execution import run_sql
from triosigno_db.testing import ThrowawayPostgres
from triosigno_db.testing.factories import make_category

pytestmark = pytest.mark.xdist_group("replicas")


@contextmanager
def paused(standby: ThrowawayPostgres) -> Iterator[None]:
    ask(standby, "SELECT pg_wal_replay_pause()")
    try:
        yield
    finally:
        ask(standby, "SELECT pg_wal_replay_resume()")


def test_a_replica_that_lags_is_skipped_until_it_has_caught_up(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "triosigno_db")
    connect(cluster, replica_max_lag=0.5)
    assert serving_port() == cluster.standby.port
    with paused(cluster.standby):
        category = make_category()
        until_served_by(cluster.primary)
        with db.reading_from_replica():
            assert db.get_category(category.id) == category
    until_served_by(cluster.standby)
    with db.reading_from_replica():
        assert db.get_category(category.id) == category
    assert skipped(caplog) == ["skipped", "used again"]


def test_without_a_limit_a_replica_may_lag(cluster: Cluster) -> None:
    connect(cluster, replica_max_lag=0)
    with paused(cluster.standby):
        category = make_category()
        until(lambda: seconds_behind(cluster) > 1.5)
        with db.reading_from_replica(), pytest.raises(db.NotFoundError):
            db.get_category(category.id)


def test_a_quiet_primary_is_no_lag(cluster: Cluster) -> None:
    connect(cluster, replica_max_lag=0.5)
    make_category()
    cluster.wait_for_standby()
    until(lambda: seconds_behind(cluster) > 2)
    assert serving_port() == cluster.standby.port


def seconds_behind(cluster: Cluster) -> float:
    since = "extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())"
    return float(ask(cluster.standby, f"SELECT {since}")[0][0])


def test_a_role_that_sees_no_statistics_can_tell_as_well(cluster: Cluster) -> None:
    ask(cluster.primary, "CREATE ROLE reader LOGIN PASSWORD 'reader'")
    ask(cluster.primary, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    cluster.wait_for_standby()
    until(lambda: seconds_behind(cluster) > 1)
    address = f"127.0.0.1:{cluster.standby.port}/triosigno"
    db.connect(
        cluster.primary.url,
        replica_url=f"postgresql://reader:reader@{address}",
        replica_max_lag=0.5,
    )
    with db.reading_from_replica():
        assert run_sql("SELECT current_user") == [("reader",)]
        assert db.count_users() >= 0
