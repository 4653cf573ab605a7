"""What an interrupted `triosigno-db migrate` has kept, as the ledger says."""

from triosigno_db import migrator
from triosigno_db.cli.connection import Histories
from triosigno_db.migrator import MigrationState
from triosigno_db.migrator.project import read_histories
from triosigno_db.migrator.script import is_transactional
from triosigno_db.settings import Settings


class Ledger:
    """The ledger of the database that a command works on, read when it was interrupted.

    Args:
        settings: The settings of the connection.
        histories: The histories that the command works on.

    Attributes:
        begun: The migrations of which the command has begun a statement, in order.
    """

    def __init__(self, settings: Settings, histories: Histories) -> None:
        self._settings = settings
        self._histories = histories
        self.begun: dict[str, None] = {}

    def after_deploy(self) -> str:
        """Say which migrations are applied, and what became of the last one."""
        states = self._states()
        *before, last = [*self.begun] or [""]
        if not last:
            return "No migration was applied."
        if states[last] is MigrationState.APPLIED:
            return f"Applied: {', '.join(self.begun)}."
        earlier = f"applied before it: {', '.join(before)}" if before else "none was applied before"
        if states[last] is MigrationState.FAILED:
            return (
                f"The migration {last} is applied in part: fix the database, then resolve it; "
                f"{earlier}."
            )
        return f"The migration {last} was rolled back; {earlier}."

    def after_rollback(self) -> str:
        """Say which migrations were rolled back, and which are still applied."""
        states = self._states()
        undone = [name for name in self.begun if states[name] is not MigrationState.APPLIED]
        kept = [name for name in self.begun if states[name] is MigrationState.APPLIED]
        parts = [f"Rolled back: {', '.join(undone)}." if undone else "Nothing was rolled back."]
        for name in kept:
            down = next(
                each.down for each in read_histories(**self._histories) if each.name == name
            )
            is_whole = is_transactional(down or "")
            parts.append(f"Still applied{'' if is_whole else ', or in part'}: {name}.")
        return " ".join(parts)

    def after_reset(self) -> str:
        """Say whether the tables were dropped, and which migrations are applied again."""
        if self.begun:
            return f"The tables were dropped. {self.after_deploy()}"
        if self._applied():
            return "Nothing was dropped."
        return "No migration is applied: triosigno-db migrate diff compares the tables."

    def names_on_disk(self) -> set[str]:
        """Return the names of the migrations on disk."""
        return {migration.name for migration in read_histories(**self._on_disk())}

    def pending(self) -> tuple[str, ...]:
        """Return the names of the migrations that `deploy` would apply."""
        return migrator.status(self._settings, **self._on_disk()).pending

    def after_dev(self, before: set[str]) -> str:
        """Say whether a migration was written, and whether it is applied.

        Args:
            before: The names of the migrations that were on disk before.

        Returns:
            The sentence.
        """
        if not (new := sorted(self.names_on_disk() - before)):
            return "Nothing was written."
        state = self._states()[new[0]]
        return f"Written: {new[0]}. It is {state}."

    def after_baseline(self) -> str:
        """Say which migrations were recorded as provided, or marked as applied."""
        if provided := self._in_state(MigrationState.PROVIDED):
            return f"Provided: {', '.join(provided)}."
        applied = self._applied()
        return f"Marked as applied: {', '.join(applied)}." if applied else "Nothing was marked."

    def after_resolve(self, name: str, wanted: MigrationState) -> str:
        """Say whether a migration was marked.

        Args:
            name: The migration.
            wanted: The state that it should get.

        Returns:
            The sentence.
        """
        is_marked = self._states().get(name) is wanted
        return f"{name} is marked as {wanted}." if is_marked else "Nothing was changed."

    def _on_disk(self) -> Histories:
        """Leave out a service that has no migration yet: the first one creates the folder."""
        project = self._histories["project"]
        is_there = project is not None and project.migrations.is_dir()
        return Histories(history=self._histories["history"], project=project if is_there else None)

    def _states(self) -> dict[str, MigrationState]:
        found = migrator.status(self._settings, **self._histories)
        return {each.name: each.state for each in found.migrations}

    def _applied(self) -> list[str]:
        return self._in_state(MigrationState.APPLIED)

    def _in_state(self, state: MigrationState) -> list[str]:
        return [name for name, each in self._states().items() if each is state]
