"""`triosigno-db roles`: who may do what on the server."""

import json
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from triosigno_db import roles
from triosigno_db.cli.connection import AsJson, Url, connected
from triosigno_db.cli.tables import print_table
from triosigno_db.roles import Deviation, RoleFinding, RoleNames

app = typer.Typer(
    help="Make and check the roles that migrate, serve and read.", no_args_is_help=True
)
console = Console(highlight=False, soft_wrap=True)

EXCESSIVE = 1
DEFAULTS = RoleNames()

Owner = Annotated[str, typer.Option(help="The role that owns the tables and migrates them.")]
Application = Annotated[
    str, typer.Option("--app", help="The role of services, for rows and nothing else.")
]
Reader = Annotated[str, typer.Option(help="The role that reads all but passwords.")]


@app.command()
def sql(
    owner: Owner = DEFAULTS.owner,
    application: Application = DEFAULTS.application,
    reader: Reader = DEFAULTS.reader,
    schema: Annotated[str, typer.Option(help="The schema of the tables.")] = "public",
) -> None:
    """Print the SQL that makes the roles; it can be run again and again.

    Example: triosigno-db roles sql --app backend | psql "$DATABASE_URL"
    """
    print(roles.role_script(RoleNames(owner, application, reader), schema_name=schema), end="")


@app.command()
def apply(
    owner: Owner = DEFAULTS.owner,
    application: Application = DEFAULTS.application,
    reader: Reader = DEFAULTS.reader,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Make the roles in one transaction; then tell what a person has to change.

    Exit 0 where no role may do more than it should, 1 where one may.

    Example: triosigno-db roles apply --app backend
    """
    with connected(url):
        _report(roles.apply_roles(RoleNames(owner, application, reader)), as_json=as_json)


@app.command()
def check(
    owner: Owner = DEFAULTS.owner,
    application: Application = DEFAULTS.application,
    reader: Reader = DEFAULTS.reader,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """List what each role may do beyond its purpose, and what it can't do.

    Exit 0 where no role may do more than it should, 1 where one may.

    Example: triosigno-db roles check --json
    """
    with connected(url):
        _report(roles.check_roles(RoleNames(owner, application, reader)), as_json=as_json)


def _report(findings: Sequence[RoleFinding], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([finding._asdict() for finding in findings], indent=2))
    elif findings:
        print_table(_draw(findings))
    else:
        console.print("Each role may do what it is for, and nothing else.")
    if any(finding.deviation is Deviation.EXCESS for finding in findings):
        raise typer.Exit(EXCESSIVE)


def _draw(findings: Sequence[RoleFinding]) -> Table:
    table = Table("role", "", "right", Column("on", overflow="fold"), "through")
    for finding in findings:
        is_excess = finding.deviation is Deviation.EXCESS
        table.add_row(
            Text(finding.role),
            Text("may" if is_excess else "lacks", style="bold red" if is_excess else "yellow"),
            Text(finding.right),
            Text(finding.target),
            finding.through,
        )
    return table
