"""`triosigno-db migrate`: manage the migration history."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.syntax import Syntax
from rich.text import Text

from triosigno_db import migrator
from triosigno_db.cli.confirmation import AcceptDataLoss, confirm_data_loss
from triosigno_db.cli.connection import (
    AsJson,
    History,
    LockTimeout,
    Models,
    Url,
    find_histories,
)
from triosigno_db.cli.encoding import check_script
from triosigno_db.cli.interruption import say_if_interrupted, writing
from triosigno_db.cli.kept import Ledger
from triosigno_db.cli.migrate_format import drift_as_json, format_status, status_as_json
from triosigno_db.cli.tables import visible, visible_lines
from triosigno_db.migrator import Drift, MigrationState, Rename, Step
from triosigno_db.migrator.baseline import adopt
from triosigno_db.migrator.deploy import DEFAULT_LOCK_TIMEOUT
from triosigno_db.migrator.executor import OnStep
from triosigno_db.migrator.prisma_8 import ADVICE, Prisma8
from triosigno_db.settings import Settings

app = typer.Typer(
    help="Manage the migration history that is shared with Prisma Migrate.", no_args_is_help=True
)
console = Console(highlight=False, soft_wrap=True)

DIFFERENT = 1
Steps = Annotated[int, typer.Option(min=1, help="How many migrations to roll back.")]


@app.command()
def status(
    url: Url = None,
    migrations: History = None,
    models: Models = None,
    as_json: AsJson = False,
) -> None:
    """Show the state of each migration.

    Exit 0 if up to date, 1 if pending, 2 if failed or edited.

    Example: triosigno-db migrate status --json
    """
    chosen = find_histories(migrations, models)
    found = migrator.status(Settings.load(url), **chosen)
    if as_json:
        print(json.dumps([status_as_json(each) for each in found.migrations], indent=2))
    else:
        width = max((len(visible(each.name)) for each in found.migrations), default=0)
        for each in found.migrations:
            console.print(format_status(each, width))
        _print_prisma_8(found.prisma_8)
    raise typer.Exit(found.exit_code)


@app.command()
def deploy(
    url: Url = None,
    migrations: History = None,
    models: Models = None,
    lock_timeout: LockTimeout = DEFAULT_LOCK_TIMEOUT,
) -> None:
    """Apply the pending migrations, each in one transaction.

    Example: triosigno-db migrate deploy --lock-timeout 60
    """
    chosen = find_histories(migrations, models)
    settings = Settings.load(url)
    ledger = Ledger(settings, chosen)
    say_if_interrupted(ledger.after_deploy)
    with _progress(ledger) as on_step:
        applied = migrator.deploy(settings, **chosen, lock_timeout=lock_timeout, on_step=on_step)
    _print_names("applied", applied, "The database is up to date.")
    if applied:
        _print_prisma_8(migrator.status(settings, **chosen).prisma_8)


@app.command()
def baseline(url: Url = None, migrations: History = None, models: Models = None) -> None:
    """Find the migrations that a database already contains, and record them.

    What the Node backend's own history made is provided; else it is marked as applied.

    Example: triosigno-db migrate baseline && triosigno-db migrate deploy
    """
    chosen = find_histories(migrations, models)
    settings = Settings.load(url)
    say_if_interrupted(Ledger(settings, chosen).after_baseline)
    found = adopt(settings, **chosen)
    _print_names("provided" if found.are_provided else "marked as applied", found.names)


@app.command()
def resolve(
    applied: Annotated[str | None, typer.Option(help="Mark this migration as applied.")] = None,
    rolled_back: Annotated[
        str | None, typer.Option(help="Mark this failed migration as rolled back.")
    ] = None,
    url: Url = None,
    migrations: History = None,
    models: Models = None,
) -> None:
    """Record how a failed migration was resolved by hand.

    Example: triosigno-db migrate resolve --rolled-back 20260201000000_add_streaks
    """
    chosen = find_histories(migrations, models)
    if (applied is None) is (rolled_back is None):
        raise typer.BadParameter("give either --applied or --rolled-back")
    settings = Settings.load(url)
    wanted = MigrationState.APPLIED if applied else MigrationState.ROLLED_BACK
    ledger = Ledger(settings, chosen)
    say_if_interrupted(lambda: ledger.after_resolve(applied or rolled_back or "", wanted))
    if applied is not None:
        migrator.resolve_applied(applied, settings, **chosen)
    elif rolled_back is not None:
        migrator.resolve_rolled_back(rolled_back, settings, **chosen)
    _print_names("applied" if applied else "rolled back", (applied or rolled_back or "",))


@app.command()
def rollback(
    steps: Steps = 1,
    to: Annotated[str | None, typer.Option(help="Roll back all migrations after this one.")] = None,
    *,
    url: Url = None,
    migrations: History = None,
    models: Models = None,
    accept_data_loss: AcceptDataLoss = False,
    lock_timeout: LockTimeout = DEFAULT_LOCK_TIMEOUT,
) -> None:
    """Roll back the last migrations with their down.sql.

    If rows would be lost, it shows how many, and asks.

    Example: triosigno-db migrate rollback --steps 1
    """
    chosen = find_histories(migrations, models)
    settings = Settings.load(url)
    ledger = Ledger(settings, chosen)
    say_if_interrupted(ledger.after_rollback)

    def undo(accept: bool) -> tuple[str, ...]:
        with _progress(ledger) as on_step:
            return migrator.rollback(
                settings,
                **chosen,
                steps=steps,
                to=to,
                accept_data_loss=accept,
                lock_timeout=lock_timeout,
                on_step=on_step,
            )

    undone = confirm_data_loss(settings, undo, accept=accept_data_loss)
    _print_names("rolled back", undone, "There is nothing to roll back.")


@app.command()
def diff(
    *,
    url: Url = None,
    migrations: History = None,
    models: Models = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit 1 if there are differences.")
    ] = False,
    sql: Annotated[bool, typer.Option("--sql", help="Print the SQL that would fix it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare the database with its history and with the models.

    Example: triosigno-db migrate diff --exit-code
    """
    chosen = find_histories(migrations, models)
    drift = migrator.diff(Settings.load(url), **chosen)
    if as_json:
        print(json.dumps(drift_as_json(drift), indent=2))
    elif sql:
        _print_sql(drift.sql)
    else:
        _print_drift(drift)
    if exit_code and not drift.is_none:
        raise typer.Exit(DIFFERENT)


@app.command()
def dev(
    *,
    name: Annotated[str, typer.Option(help="What the migration does, such as add_streaks.")],
    create_only: Annotated[
        bool, typer.Option("--create-only", help="Write the files without applying them.")
    ] = False,
    rename: Annotated[
        list[str] | None,
        typer.Option(
            help="What was renamed: Thing:Object for a table, Object.size:width for a column."
        ),
    ] = None,
    accept_data_loss: AcceptDataLoss = False,
    url: Url = None,
    migrations: History = None,
    models: Models = None,
) -> None:
    """Deploy what is pending, write the migration to the models, and apply it.

    Example: triosigno-db migrate dev --name add_streaks --create-only
    """
    chosen = find_histories(migrations, models)
    settings = Settings.load(url)
    ledger = Ledger(settings, chosen)
    before = ledger.names_on_disk()
    say_if_interrupted(lambda: ledger.after_dev(before))
    written = migrator.dev(
        name,
        settings,
        **chosen,
        create_only=create_only,
        accept_data_loss=accept_data_loss,
        renames=rename or (),
        is_rename=_ask,
        on_deployed=lambda names: _print_names("applied", names),
    )
    if written is None:
        what = "write" if create_only else "do"
        console.print(f"The history matches the models: there is nothing to {what}.")
    else:
        done = "Written and applied" if written.applied else "Written"
        console.print(f"{done}: {written.folder}", markup=False)
    if create_only:
        _print_names("pending", ledger.pending())


@app.command()
def reset(
    url: Url = None,
    migrations: History = None,
    models: Models = None,
    accept_data_loss: AcceptDataLoss = False,
) -> None:
    """Drop the library's tables, and deploy again.

    If they hold rows, it shows how many, and asks.

    Example: triosigno-db migrate reset
    """
    chosen = find_histories(migrations, models)
    settings = Settings.load(url)
    ledger = Ledger(settings, chosen)
    say_if_interrupted(ledger.after_reset)

    def drop(accept: bool) -> tuple[str, ...]:
        with _progress(ledger) as on_step:
            return migrator.reset(settings, **chosen, accept_data_loss=accept, on_step=on_step)

    _print_names("applied", confirm_data_loss(settings, drop, accept=accept_data_loss))


@app.command()
def export(
    folder: Annotated[
        Path, typer.Argument(help="The target folder, such as the Node backend's prisma/.")
    ],
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 if anything is missing.")
    ] = False,
    schema: Annotated[
        Path | None,
        typer.Option(help="The Node backend's schema, a file or a folder. Default: searched."),
    ] = None,
    prisma: Annotated[
        int, typer.Option(min=6, max=7, help="The version of Prisma for a new schema.prisma.")
    ] = 7,
    ledger: Annotated[
        bool,
        typer.Option(
            "--ledger",
            help="Name the migrations as the database's ledger does. Without it, or --url, no "
            "database is asked.",
        ),
    ] = False,
    url: Url = None,
    migrations: History = None,
    models: Models = None,
) -> None:
    """Write the migrations and the lines of the schema that the Node backend lacks.

    Example: triosigno-db migrate export ../backend/prisma --check
    """
    chosen = find_histories(migrations, models)
    with writing("All of it was written."):
        found = migrator.export(
            folder,
            **chosen,
            schema=schema,
            prisma=prisma,
            check=check,
            url_or_settings=Settings.load(url) if ledger or url else None,
        )
    said = "missing: " if check else ""
    for path in found.files:
        console.print(Text(f"{said}{visible(path)}"))
    for line in (*found.lines, *found.indexes):
        where = f"{line.path}:{line.line}: {line.model}"
        console.print(Text(f"{said}{visible(where)}: {visible(line.attribute)}"))
    if not (found.files or found.lines or found.indexes):
        console.print("Nothing is missing.")
    if not found.is_complete:
        raise typer.Exit(DIFFERENT)


def _print_drift(drift: Drift) -> None:
    for title, differences in (
        ("the history", drift.from_history),
        ("the models", drift.from_models),
    ):
        count = len(differences) or "no"
        console.print(Text(f"Compared with {title}: {count} differences", style="bold"))
        for difference in differences:
            console.print(Text(f"  - {visible(difference)}"))


def _print_sql(sql: str) -> None:
    check_script(sql)
    if sql:
        # Printed as text, because rich wraps a Syntax block at the width of the terminal.
        # A pipe gets it as it is, to be run.
        shown = visible_lines(sql) if console.is_terminal else sql
        console.print(Syntax("", "sql", background_color="default").highlight(shown), end="")


def _print_names(what: str, names: tuple[str, ...], otherwise: str = "") -> None:
    for name in names:
        console.print(Text(f"{what}: {visible(name)}"))
    if not names and otherwise:
        console.print(otherwise)


def _print_prisma_8(found: Prisma8) -> None:
    if advice := ADVICE.get(found):
        console.print(Text(advice))


def _ask(rename: Rename) -> bool:
    question = f"Was the {visible(rename.what)} renamed to {visible(rename.new_name)}?"
    try:
        return typer.confirm(question)
    except typer.Abort:
        if sys.stdin.isatty():
            raise
    console.print(
        f"\nNobody answers: no. If so, use --rename {visible(rename.option)}", markup=False
    )
    return False


@contextmanager
def _progress(ledger: Ledger) -> Iterator[OnStep]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    shown = console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=not shown) as progress:
        tasks: dict[str, Any] = {}

        def show(step: Step) -> None:
            ledger.begun[step.migration] = None
            if step.migration not in tasks:
                tasks[step.migration] = progress.add_task(step.migration, total=step.statements)
            progress.update(tasks[step.migration], completed=step.statement - 1)

        yield show
