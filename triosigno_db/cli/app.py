"""The command: its groups, its options and its exit codes."""

import sys
from typing import Annotated

import typer
from rich.console import Console

import triosigno_db
from triosigno_db.cli import content, migrate, roles, schema, users
from triosigno_db.cli.check import check
from triosigno_db.cli.demo import demo
from triosigno_db.cli.doctor import doctor
from triosigno_db.cli.encoding import escape_unencodable
from triosigno_db.cli.interruption import InterruptibleGroup, handle_signals
from triosigno_db.cli.studio import studio
from triosigno_db.cli.tables import visible_lines
from triosigno_db.errors import TrioSignoDBError

FAILED = 1

app = typer.Typer(
    name="triosigno-db",
    cls=InterruptibleGroup,
    help="Manage TrioSigno's PostgreSQL database.",
    no_args_is_help=True,
    # The locals in a traceback could contain a password.
    pretty_exceptions_show_locals=False,
)
app.command()(demo)
app.add_typer(migrate.app, name="migrate")
app.add_typer(schema.app, name="schema")
app.add_typer(content.app, name="content")
app.add_typer(users.app, name="users")
app.add_typer(roles.app, name="roles")
app.command()(doctor)
app.command()(check)
app.command()(studio)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(triosigno_db.__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


def run() -> None:
    """Run the command and end the process with its exit code, 130 after Ctrl-C."""
    handle_signals()
    escape_unencodable()
    try:
        app()
    except TrioSignoDBError as exc:
        errors = Console(stderr=True, highlight=False, soft_wrap=True)
        errors.print(f"[bold red]{type(exc).__name__}[/]")
        errors.print(visible_lines(exc), markup=False)
        sys.exit(FAILED)
