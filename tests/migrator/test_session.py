"""Sessions outside of the pool: which database they reach, and the lock that they take."""

from typing import Any

import psycopg2
import pytest

import triosigno_db as db
from tests.migrator.deployed import NAMES
from triosigno_db.errors import MigrationError, MigrationLockedError
from triosigno_db.migrator import deploy
from triosigno_db.schema.prisma_migrate import PRISMA_LOCK


def hold_lock(url: str) -> Any:
    connection = psycopg2.connect(url, application_name="somebody")
    connection.cursor().execute(f"SELECT pg_advisory_lock({PRISMA_LOCK})")
    return connection


def test_a_held_lock_names_its_holder(connected: str) -> None:
    holder = hold_lock(connected)
    process = holder.info.backend_pid
    with pytest.raises(MigrationLockedError, match=rf"process {process} \(somebody\)"):
        deploy(lock_timeout=0.1)
    holder.close()
    assert deploy() == NAMES


def test_the_lock_can_be_switched_off(connected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    holder = hold_lock(connected)
    monkeypatch.setenv("PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK", "1")
    assert deploy(lock_timeout=0.1) == NAMES
    holder.close()


def test_a_pooler_is_refused(connected: str) -> None:
    db.disconnect()
    db.connect(connected, pgbouncer=True)
    with pytest.raises(MigrationError, match="direct connection"):
        deploy()
