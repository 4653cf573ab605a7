"""A primary and its standby, which the tests of one file share."""

from collections.abc import Iterator

import pytest

import triosigno_db as db
from tests.cluster import Cluster, running_cluster
from tests.faults.replicas.standing_by import connect


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A primary and its standby, both running at the end of each test."""
    with running_cluster() as cluster:
        db.connect(cluster.primary.url)
        db.create_schema()
        db.disconnect()
        cluster.wait_for_standby()
        yield cluster


@pytest.fixture
def connected(cluster: Cluster) -> Iterator[Cluster]:
    """The library, connected to the primary and with the standby as its replica."""
    connect(cluster)
    yield cluster
    db.disconnect()
