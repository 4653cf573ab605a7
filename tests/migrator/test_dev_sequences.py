"""Random sequences of changes of the models, on tables with rows."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from typing import Any
from unittest.mock import patch

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, note, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

import triosigno_db as db
from tests.migrator.changing_models import Spec, add_table, change_spec
from tests.migrator.random_rows import fill_tables
from triosigno_db import migrator
from triosigno_db.database.execution import run_sql
from triosigno_db.errors import DataLossError, MigrationBlockedError, MigrationError
from triosigno_db.migrator.diff import without_positions
from triosigno_db.migrator.precheck import Obstacles
from triosigno_db.schema.catalog import Catalog, compare, read_catalog
from triosigno_db.schema.ddl import to_sql
from triosigno_db.schema.prisma_migrate import LEDGER_TABLE
from triosigno_db.testing import DatabaseServer

STEPS = 4
SEQUENCES = 5
SOAK_SEQUENCES = int(os.environ.get("SOAK_SEQUENCES", "500"))
SEED = int(os.environ.get("SEQUENCES_SEED", "0")) or Random().randrange(1, 2**32)

Rows = dict[str, dict[str, dict[str, Any]]]


class Evolution(RuleBasedStateMachine):
    """A database with rows, a history, and models that change."""

    server: DatabaseServer

    def __init__(self) -> None:
        super().__init__()
        self.database = self.server.new_name()
        self.url = self.server.create_database(self.database)
        db.connect(self.url, password_cost=4)
        self.history = Path(mkdtemp())
        (self.history / "migration_lock.toml").write_text('provider = "postgresql"\n')
        self.spec = Spec()
        self.numbers = count()

    def teardown(self) -> None:
        db.disconnect()
        self.server.drop_database(self.database)
        shutil.rmtree(self.history)

    @initialize(random=st.randoms(use_true_random=False))
    def begin(self, random: Random) -> None:
        """Make two tables with rows."""
        first = Spec()
        for _ in range(2):
            add_table(first, random)
        first.without_unused_enums()
        assert self._dev(first, []) is not None
        self.spec = first
        fill_tables(random)

    @rule(random=st.randoms(use_true_random=False), times=st.integers(1, 3))
    def evolve(self, random: Random, times: int) -> None:
        """Change the models, write the migration, undo it and apply it again."""
        changed, done, renames = change_spec(self.spec, random, times)
        note("; ".join(done))
        before, rows = schema(), read_rows()
        folders = self._folders()
        is_announced = False
        try:
            written = self._dev(changed, renames)
        except MigrationBlockedError as exc:
            self._check_blockers(exc, changed, renames)
            assert (schema(), read_rows(), self._folders()) == (before, rows, folders)
            return
        except DataLossError as exc:
            note(str(exc))
            assert (schema(), read_rows(), self._folders()) == (before, rows, folders)
            is_announced = True
            written = self._dev(changed, renames, accept_data_loss=True)
        self.spec = changed
        after = schema()
        assert compare(self._fresh(changed), after) == ()
        assert migrator.status(history=self.history).exit_code == 0
        if written is not None:
            self._undo(written, before, rows, renames, is_announced=is_announced)
            if random.random() < 0.8:
                migrator.deploy(history=self.history)
            # Else the next `dev` has to deploy it.
            else:
                assert self._dev(changed, []) is None
            assert compare(after, schema()) == ()
        fill_tables(random)

    def _dev(self, spec: Spec, renames: list[str], **options: Any) -> Any:
        name = f"change_{next(self.numbers)}"
        return migrator.dev(
            name, history=self.history, models=spec.models(), renames=renames, **options
        )

    def _folders(self) -> list[str]:
        return sorted(path.name for path in self.history.iterdir())

    def _check_blockers(
        self, error: MigrationBlockedError, changed: Spec, renames: list[str]
    ) -> None:
        note(str(error))
        for blocker in error.blockers:
            statement = blocker.partition("): ")[2]
            assert run_statement(statement), f"no rows: {statement}"
        folders = self._folders()
        with (
            without_precheck(),
            pytest.raises(MigrationError, match="new migration fails on this database"),
        ):
            self._dev(changed, renames)
        assert self._folders() == folders

    def _fresh(self, spec: Spec) -> Catalog:
        with db.transaction():
            run_sql("CREATE SCHEMA fresh")
            run_sql("SET LOCAL search_path TO fresh")
            run_sql(to_sql(spec.models()))
        made = without_positions(read_catalog("fresh"))
        run_sql("DROP SCHEMA fresh CASCADE")
        return made

    def _undo(
        self,
        written: migrator.NewMigration,
        before: Catalog,
        rows: Rows,
        renames: list[str],
        *,
        is_announced: bool,
    ) -> None:
        after = read_rows()
        down = (written.folder / "down.sql").read_text()
        note((written.folder / "migration.sql").read_text() + "\n---- down.sql\n" + down)
        migrator.rollback(history=self.history, accept_data_loss=True)
        is_relaxed = "comes back without NOT NULL" in down
        differences = compare(before, schema())
        assert (differences == ()) is not is_relaxed, differences
        lost = is_lost(rows, after, renames) or rows != read_rows()
        assert lost is is_announced, f"lost: {lost}, announced: {is_announced}"


def schema() -> Catalog:
    catalog = read_catalog('"public"')
    return without_positions(catalog.only(catalog.tables.keys() - {LEDGER_TABLE}, catalog.enums))


def read_rows() -> Rows:
    """Read all rows: by table and id, the values by column."""
    found: Rows = {}
    for table in schema().tables:
        rows = run_sql(f'SELECT pg_catalog.to_jsonb(t) FROM "{table}" t')
        found[table] = {row["id"]: row for (row,) in rows}
    return found


def is_lost(before: Rows, after: Rows, renames: list[str]) -> bool:
    """Whether rows or values are gone with their table or column."""
    tables = dict(option.split(":") for option in renames if "." not in option)
    columns = {tuple(o.split(":")[0].split(".")): o.split(":")[1] for o in renames if "." in o}
    for table, rows in before.items():
        now = tables.get(table, table)
        if rows and now not in after:
            return True
        for key, row in rows.items():
            for column, value in row.items():
                name = columns.get((now, column), columns.get((table, column), column))
                if value is not None and name not in after[now][key]:
                    return True
    return False


def run_statement(statement: str) -> list[tuple[Any, ...]]:
    """Run a statement of an error as psql does; it may create a function before it selects."""
    with db.transaction():
        *_, rows = [run_sql(part) for part in split(statement)]
        run_sql("DROP FUNCTION IF EXISTS pg_temp.pg_input_is_valid(text, text)")
        return rows


def split(statement: str) -> list[str]:
    head, mark, tail = statement.partition("END $$;\n")
    return [head + mark, tail] if mark else [statement]


@contextmanager
def without_precheck() -> Iterator[None]:
    """Have `dev` try what it would refuse, to see that PostgreSQL refuses it."""
    with patch("triosigno_db.migrator.dev.find_obstacles", return_value=Obstacles((), ())):
        yield


def run_sequences(server: DatabaseServer, number: int, first_seed: int) -> None:
    print(f"SEQUENCES_SEED={first_seed}")
    machine = type("Evolution", (Evolution,), {"server": server})
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        seed(first_seed)(machine),
        settings=settings(
            max_examples=number,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )


@pytest.mark.parametrize("part", range(4))
def test_random_sequences_of_changes_end_where_the_models_are(
    triosigno_server: DatabaseServer, part: int
) -> None:
    """What is not refused is applied, can be undone and applied again, and loses what it said."""
    run_sequences(triosigno_server, SEQUENCES, SEED + part)


@pytest.mark.soak
def test_many_random_sequences_of_changes(triosigno_server: DatabaseServer) -> None:
    run_sequences(triosigno_server, SOAK_SEQUENCES, SEED)
