"""A ledger that runs code, or that another role has made, is refused."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

import triosigno_db as db
from tests.conftest import WriteHistory
from tests.migrator.deployed import ONE, TWO, tables
from tests.plain_sql import run_plain
from triosigno_db.database.execution import run_sql
from triosigno_db.errors import MigrationError
from triosigno_db.migrator import (
    baseline,
    deploy,
    reset,
    resolve_applied,
    resolve_rolled_back,
    rollback,
    status,
)
from triosigno_db.migrator.ledger import Ledger
from triosigno_db.migrator.ledger_safety import ledger_flaws
from triosigno_db.migrator.session import open_session

CREATE_LEDGER = """
CREATE TABLE public._prisma_migrations (
    id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMPTZ,
    migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMPTZ,
    started_at TIMESTAMPTZ NOT NULL DEFAULT now(), applied_steps_count INTEGER NOT NULL DEFAULT 0
);
"""

ESCALATE = """
CREATE FUNCTION public.escalate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'ALTER ROLE {role} SUPERUSER';
    RETURN NEW;
END $$;
CREATE TRIGGER escalate BEFORE INSERT OR UPDATE ON public._prisma_migrations
FOR EACH ROW EXECUTE FUNCTION public.escalate();
"""


@pytest.fixture
def neighbour(empty_url: str) -> Iterator[str]:
    """A role that may create objects in the schema, as everybody may up to PostgreSQL 14."""
    role = f"neighbour_{uuid4().hex}"
    run_plain(
        empty_url,
        f"CREATE ROLE {role} LOGIN PASSWORD 'secret';"
        f"GRANT USAGE, CREATE ON SCHEMA public TO {role}",
    )
    yield role
    db.disconnect()
    run_plain(empty_url, f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")


def as_role(url: str, role: str, statements: str) -> None:
    run_plain(url, f"SET ROLE {role}; {statements}")


def is_superuser(url: str, role: str) -> bool:
    return run_plain(url, "SELECT rolsuper FROM pg_roles WHERE rolname = %s", [role]) == [(True,)]


def test_a_planted_ledger_does_not_make_its_owner_a_superuser(
    connected: str, neighbour: str
) -> None:
    as_role(connected, neighbour, CREATE_LEDGER + ESCALATE.format(role=neighbour))
    with pytest.raises(MigrationError) as caught:
        deploy()
    assert "has triggers" in str(caught.value)
    assert f"belongs to the role {neighbour}" in str(caught.value)
    assert tables() == set()
    assert not is_superuser(connected, neighbour)


def test_a_trigger_that_is_added_later_is_refused_too(
    connected: str, neighbour: str, write_history: WriteHistory
) -> None:
    folder = write_history(one="SELECT 1;")
    deploy(history=folder)
    run_sql(f"GRANT TRIGGER ON _prisma_migrations TO {neighbour}")
    as_role(connected, neighbour, ESCALATE.format(role=neighbour))
    write_history(one="SELECT 1;", two='CREATE TABLE "Two" ();')
    for refused in (
        lambda: deploy(history=folder),
        lambda: rollback(history=folder),
        lambda: reset(history=folder),
        lambda: baseline(history=folder),
        lambda: resolve_applied(TWO, history=folder),
        lambda: resolve_rolled_back(ONE),
    ):
        with pytest.raises(MigrationError, match="has triggers: drop them"):
            refused()
    assert not is_superuser(connected, neighbour)
    assert tables() == set()


def test_a_trigger_that_a_migration_adds_is_refused_before_it_runs(
    connected: str, neighbour: str, write_history: WriteHistory
) -> None:
    folder = write_history(one=f'CREATE TABLE "One" (); {ESCALATE.format(role=neighbour)}')
    with pytest.raises(MigrationError, match="has triggers"):
        deploy(history=folder)
    assert not is_superuser(connected, neighbour)
    assert tables() == set()


FLAWS = {
    "ALTER TABLE _prisma_migrations RENAME TO other;"
    "CREATE VIEW _prisma_migrations AS SELECT * FROM other": ["is not a plain table", "has rules"],
    "CREATE TABLE child () INHERITS (_prisma_migrations)": ["is not a plain table"],
    "CREATE RULE planted AS ON INSERT TO _prisma_migrations DO INSTEAD NOTHING": ["has rules"],
    "ALTER TABLE _prisma_migrations ENABLE ROW LEVEL SECURITY": ["has row security policies"],
    "CREATE POLICY planted ON _prisma_migrations USING (true)": ["has row security policies"],
    "ALTER TABLE _prisma_migrations ADD CHECK (length(id) > 0)": [
        "has constraints besides its keys",
    ],
    "CREATE INDEX ON _prisma_migrations (lower(id))": ["has indexes on expressions"],
    "CREATE INDEX ON _prisma_migrations (id) WHERE length(id) > 0": ["has indexes on expressions"],
    "ALTER TABLE _prisma_migrations ADD x int GENERATED ALWAYS AS (1) STORED": [
        "has generated columns or columns of other types",
    ],
    "CREATE DOMAIN planted AS text; ALTER TABLE _prisma_migrations ADD x planted": [
        "has generated columns or columns of other types",
    ],
    "CREATE FUNCTION planted() RETURNS int LANGUAGE sql AS 'SELECT 1';"
    "ALTER TABLE _prisma_migrations ALTER applied_steps_count SET DEFAULT planted()": [
        "has defaults that call functions",
    ],
}


@pytest.mark.parametrize("change", FLAWS)
def test_what_would_run_code_is_named(connected: str, change: str) -> None:
    run_sql(CREATE_LEDGER)
    run_sql(change)
    with open_session(db.Settings.load(connected)) as session:
        assert [flaw.what for flaw in ledger_flaws(session, writes=False)] == FLAWS[change]
    with pytest.raises(MigrationError, match=FLAWS[change][0]):
        status()


def test_a_column_or_an_index_more_is_no_flaw(connected: str) -> None:
    run_sql(CREATE_LEDGER)
    run_sql("ALTER TABLE _prisma_migrations ADD x int; CREATE INDEX ON _prisma_migrations (id)")
    with open_session(db.Settings.load(connected)) as session:
        assert ledger_flaws(session, writes=True) == ()
    assert deploy()


@pytest.mark.parametrize(
    "trusting",
    [
        "GRANT {role} TO CURRENT_USER",
        'ALTER DATABASE "{database}" OWNER TO {role}',
        "ALTER SCHEMA public OWNER TO {role}",
        'CREATE TABLE public."User" (); ALTER TABLE public."User" OWNER TO {role}',
        "ALTER ROLE {role} SUPERUSER",
        "ALTER TABLE public._prisma_migrations OWNER TO CURRENT_USER",
    ],
)
def test_a_ledger_of_another_role_is_written_if_that_is_expected_to_own_it(
    connected: str, neighbour: str, write_history: WriteHistory, trusting: str
) -> None:
    as_role(connected, neighbour, CREATE_LEDGER)
    folder = write_history(one="SELECT 1;")
    with pytest.raises(MigrationError, match=f"belongs to the role {neighbour}"):
        deploy(history=folder)
    assert status(history=folder).pending == (ONE,)
    database = connected.rpartition("/")[2]
    run_sql(trusting.format(role=neighbour, database=database))
    try:
        assert deploy(history=folder) == (ONE,)
    finally:
        run_sql(
            f'ALTER DATABASE "{database}" OWNER TO CURRENT_USER;'
            f"ALTER SCHEMA public OWNER TO CURRENT_USER; REVOKE {neighbour} FROM CURRENT_USER"
        )


def test_prisma_s_role_and_another_role_deploy_after_each_other(
    connected: str, neighbour: str, write_history: WriteHistory
) -> None:
    """The one has made the tables; the other is neither a superuser nor the owner of anything."""
    folder = write_history(one='CREATE TABLE "User" ();')
    prisma = db.Settings.load(connected, user=neighbour, password="secret")
    deploy(prisma, history=folder)
    other = f"{neighbour}_other"
    run_sql(f"CREATE ROLE {other} LOGIN PASSWORD 'secret'; GRANT ALL ON SCHEMA public TO {other}")
    run_sql(f"GRANT ALL ON _prisma_migrations TO {other}")
    try:
        write_history(one='CREATE TABLE "User" ();', two='CREATE TABLE "Two" ();')
        second = db.Settings.load(connected, user=other, password="secret")
        assert deploy(second, history=folder) == (TWO,)
        assert deploy(history=folder) == ()
    finally:
        db.disconnect()
        run_plain(connected, f"DROP OWNED BY {other} CASCADE; DROP ROLE {other}")


def test_nobody_changes_the_ledger_between_its_check_and_its_write(
    connected: str, neighbour: str
) -> None:
    run_sql(CREATE_LEDGER + f"GRANT TRIGGER ON _prisma_migrations TO {neighbour}")
    with open_session(db.Settings.load(connected)) as session, session.transaction():
        ledger = Ledger(session)
        ledger.mark_rolled_back("none")
        with pytest.raises(db.QueryTimeoutError):
            db.connect(connected, lock_timeout=0.1)
            run_sql(ESCALATE.format(role=neighbour))
        ledger.mark_rolled_back("none")
