"""Search indexes in migrations that `dev` writes, on servers with `pg_trgm` and without."""

from pathlib import Path
from uuid import uuid4

import pytest

import triosigno_db as db
from tests.plain_sql import run_plain
from tests.server_features import has_trigrams
from triosigno_db.database.execution import run_sql
from triosigno_db.migrator import deploy, dev, rollback

INDEXES = """
SELECT indexname, indexdef FROM pg_indexes WHERE indexname LIKE '%\\_search\\_idx' ORDER BY 1
"""
LATER = "20261125120000_drop_search"
UP = 'DROP INDEX IF EXISTS "Sign_search_idx";'


def add(history: Path) -> None:
    folder = history / LATER
    folder.mkdir()
    (folder / "migration.sql").write_text(UP)


def test_a_search_index_is_created_and_taken_back(connected: str, history: Path) -> None:
    if not has_trigrams(connected):
        pytest.skip("this server ships no pg_trgm")
    deploy(history=history)
    created = run_sql(INDEXES)
    assert [name for name, _ in created] == ["Sign_search_idx", "User_search_idx"]
    add(history)
    deploy(history=history)
    dropped = run_sql(INDEXES)
    assert [name for name, _ in dropped] == ["User_search_idx"]
    migration = dev("search", history=history)
    assert migration is not None
    assert run_sql(INDEXES) == created
    rollback(history=history)
    assert run_sql(INDEXES) == dropped


def test_where_the_role_may_not_create_the_extension_it_is_deployed_without_the_index(
    connected: str, history: Path
) -> None:
    if not has_trigrams(connected):
        pytest.skip("this server ships no pg_trgm: there is nothing to write")
    add(history)
    written = dev("search", history=history, create_only=True)
    assert written is not None
    assert "Sign_search_idx" in (written.folder / "migration.sql").read_text()
    role = f"role_{uuid4().hex}"
    run_plain(connected, f"CREATE ROLE {role} LOGIN PASSWORD 'owner'")
    run_plain(connected, f"GRANT ALL ON SCHEMA public TO {role}")
    run_plain(connected, f"CREATE SCHEMA triosigno_db AUTHORIZATION {role}")
    try:
        db.connect(connected, user=role, password="owner", password_cost=4)
        assert written.name in deploy(history=history)
        assert run_sql(INDEXES) == []
        rollback(history=history)
    finally:
        db.disconnect()
        run_plain(connected, f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")
