"""A database that two sides migrate, and one beside it that shows how it must be."""

from typing import Any

import pytest

import triosigno_db as db
from tests.interop.node_side import NodeSide
from tests.interop.plain_session import plain_session
from tests.interop.prisma_process import PrismaProcess
from tests.plain_sql import run_plain
from tests.promises.one_of_each import make_one_of_each
from triosigno_db.migrator import (
    Migration,
    MigrationState,
    deploy,
    read_history,
    resolve_applied,
    resolve_rolled_back,
    status,
)
from triosigno_db.migrator.diff import without_positions
from triosigno_db.migrator.script import split_statements
from triosigno_db.migrator.session import open_reading_session
from triosigno_db.schema.catalog import Catalog
from triosigno_db.schema.prisma_migrate import LEDGER_TABLE
from triosigno_db.settings import Settings

Rows = dict[str, dict[Any, dict[str, Any]]]

_TABLES = (
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
)
_LEDGER = f"""
SELECT migration_name, finished_at IS NOT NULL FROM "{LEDGER_TABLE}"
WHERE rolled_back_at IS NULL ORDER BY started_at
"""


def catalog_of(url: str) -> Catalog:
    """Read the catalog, without the ledger and the order of columns."""
    with open_reading_session(Settings.load(url)) as session:
        catalog = session.read_catalog()
    return without_positions(catalog.only(catalog.tables.keys() - {LEDGER_TABLE}, catalog.enums))


def rows_of(url: str) -> Rows:
    """Read all rows of all tables but the ledger, by their ids."""
    found: Rows = {}
    with plain_session(url) as run:
        for (name,) in run(_TABLES):
            found[name] = {row["id"]: row for (row,) in run(f'SELECT to_jsonb(t) FROM "{name}" t')}
    del found[LEDGER_TABLE]
    return found


class BothSides:
    """The database, the folder of the Node side, and the history of the library.

    Args:
        url: The database.
        mirror: A database without a ledger, in which the same scripts are run by plain SQL.
        node: The Node side.
        prisma: Prisma's engine.
    """

    def __init__(self, url: str, mirror: str, node: NodeSide, prisma: PrismaProcess) -> None:
        self.url = url
        self.mirror = mirror
        self.node = node
        self.prisma = prisma
        self.history: tuple[Migration, ...] = read_history()
        self.made: list[str] = []
        """What is in the database: the library's own names, and those of the Node side."""
        self.provided: set[str] = set()
        self.marked: set[str] = set()
        self.rows: Rows = {}

    def fill(self) -> None:
        """Write a row to each table."""
        make_one_of_each()
        run_plain(self.url, 'INSERT INTO "Note" ("kind") VALUES (DEFAULT), (DEFAULT)')
        self.rows = rows_of(self.url)

    # -- what is to be done -----------------------------------------------------------------

    def folder(self) -> dict[str, str]:
        """The scripts of the Node side's folder, the library's by their own names."""
        return {self.key(name, script): script for name, script in self.node.scripts().items()}

    def key(self, name: str, script: str) -> str:
        """Return a migration's own name, if it is the library's, else that of its folder."""
        return next((each.name for each in self.history if each.script == script), name)

    def scripts(self) -> dict[str, str]:
        return {**{each.name: each.script for each in self.history}, **self.folder()}

    def pending(self, *, in_folder: bool) -> list[str]:
        """What a deployment of the library's history applies, or one of the folder's."""
        names = self.folder() if in_folder else [each.name for each in self.history]
        return [name for name in names if name not in self.made]

    @property
    def names_agree(self) -> bool:
        """Whether `deploy` and the folder have the same names for what is pending.

        They may differ if the folder has migrations of both sides that are pending.
        """
        pending = self.pending(in_folder=True)
        ours = {each.name for each in self.history}
        return not (ours.intersection(pending) and set(pending) - ours)

    def run_on_mirror(self, names: list[str]) -> None:
        """Run scripts where they must leave the same."""
        scripts = self.scripts()
        for name in names:
            run_plain(self.mirror, scripts[name] or "SELECT")
            self.made.append(name)

    def run_back_on_mirror(self, migration: Migration) -> None:
        """Run the down.sql of a migration where it must leave the same."""
        run_plain(self.mirror, migration.down)
        self.made.remove(migration.name)

    def pending_export(self) -> list[str]:
        """The library's migrations that the folder lacks."""
        there = {*self.folder(), *self.provided}
        return [each.name for each in self.history if each.name not in there]

    # -- the ledger, by plain SQL -----------------------------------------------------------

    def recorded(self) -> dict[str, bool]:
        """The names in the ledger that are not rolled back, and whether they are finished."""
        return dict(run_plain(self.url, _LEDGER))

    def own_names(self) -> dict[str, str]:
        """The own name of each name in the ledger and in the folder."""
        folder = {name: self.key(name, script) for name, script in self.node.scripts().items()}
        rows = run_plain(self.url, f'SELECT migration_name, checksum FROM "{LEDGER_TABLE}"')
        by_checksum = {each.checksum: each.name for each in self.history}
        return {name: by_checksum.get(checksum, name) for name, checksum in rows} | folder

    # -- after a deployment that was killed ---------------------------------------------------

    def recover(self, resolve: str) -> None:
        """Do what the messages say: fix the database, and record that."""
        own = self.own_names()
        recorded = self.recorded()
        done = [own[name] for name, finished in recorded.items() if finished]
        self.run_on_mirror([name for name in done if name not in {*self.made}])
        failed = [name for name, finished in recorded.items() if not finished]
        if not failed:
            return
        (name,) = failed
        self._assert_failed(name)
        is_applied = self._finish(own[name], self.scripts()[own[name]])
        if resolve == "prisma":
            command = "applied" if is_applied else "rolledBack"
            answer = self.prisma(command, url=self.url, migrations=self.node.migrations, name=name)
            assert answer == {}
        elif is_applied:
            resolve_applied(name, self.url, history=self.node.migrations)
        else:
            resolve_rolled_back(name, self.url, history=self.node.migrations)
        if is_applied:
            self.made.append(own[name])
            self.marked.add(own[name])

    def _assert_failed(self, name: str) -> None:
        history = self.node.migrations
        assert status(self.url, history=history).named(MigrationState.FAILED) == (name,)
        for folder in (None, history):
            with pytest.raises(db.MigrationError, match="Failed and not resolved") as caught:
                deploy(self.url, history=folder)
            assert caught.value.prisma_code == "P3009"
        answer = self.prisma("deploy", url=self.url, migrations=history)
        assert answer["error"]["code"] == "P3009"

    def _finish(self, name: str, script: str) -> bool:
        """Run the statements that a killed deployment has not run; leave all as it was if none was.

        Returns:
            Whether the migration is in the database now.
        """
        statements = [statement.text for statement in split_statements(script)]
        live = catalog_of(self.url)
        done = 0
        with plain_session(self.mirror) as mirror:
            while catalog_of(self.mirror) != live:
                assert done < len(statements), f"{name} left something else"
                mirror(statements[done])
                done += 1
            if not done:
                return False
            with plain_session(self.url) as database:
                for statement in statements[done:]:
                    mirror(statement)
                    database(statement)
        return True
