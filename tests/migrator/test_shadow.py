"""Shadow databases: what is replayed there, and that nothing is left of them."""

from pathlib import Path

import pytest

import triosigno_db as db
from tests.migrator.deployed import (
    INIT,
)
from triosigno_db.database.execution import run_sql
from triosigno_db.migrator import (
    dev,
    diff,
)


def test_no_shadow_database_is_left(connected: str, history: Path) -> None:
    dev("nothing", history=history)
    (history / INIT / "migration.sql").write_text("SELECT 1 / 0;")
    with pytest.raises(db.TrioSignoDBError):
        diff(history=history)
    names = run_sql("SELECT datname FROM pg_database WHERE datname LIKE 'triosigno_shadow%%'")
    assert names == []
