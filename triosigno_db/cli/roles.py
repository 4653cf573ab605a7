"""`triosigno-db roles`: manage the privileges of the server's roles."""

import json
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from triosigno_db import roles
from triosigno_db.cli.connection import AsJson, Models, Url, connected, load_models
from triosigno_db.cli.encoding import check_script
from triosigno_db.cli.interruption import writing
from triosigno_db.cli.tables import print_table, visible
from triosigno_db.roles import Deviation, RoleFinding, RoleNames

app = typer.Typer(
    help="Create and check the roles for migrations, services and readers.", no_args_is_help=True
)
console = Console(highlight=False, soft_wrap=True)

EXCESSIVE = 1
DEFAULTS = RoleNames()

Owner = Annotated[str, typer.Option(help="The role that owns and migrates the tables.")]
Application = Annotated[
    str, typer.Option("--app", help="The role of services, which reads and writes rows.")
]
Reader = Annotated[str, typer.Option(help="The role that reads rows, except passwords.")]


@app.command()
def sql(
    owner: Owner = DEFAULTS.owner,
    application: Application = DEFAULTS.application,
    reader: Reader = DEFAULTS.reader,
    schema: Annotated[str, typer.Option(help="The schema of the tables.")] = "public",
    models: Models = None,
) -> None:
    """Print the SQL that creates the roles; it can be run repeatedly.

    Example: triosigno-db roles sql --app backend | psql "$DATABASE_URL"
    """
    load_models(models)
    script = roles.role_script(RoleNames(owner, application, reader), schema_name=schema)
    check_script(script)
    print(script, end="")


@app.command()
def apply(
    owner: Owner = DEFAULTS.owner,
    application: Application = DEFAULTS.application,
    reader: Reader = DEFAULTS.reader,
    *,
    as_json: AsJson = False,
    url: Url = None,
    models: Models = None,
) -> None:
    """Create the roles in one transaction, then list what you must change by hand.

    Exit 0 if no role has excess privileges, 1 otherwise.

    Example: triosigno-db roles apply --app backend
    """
    load_models(models)
    with connected(url):
        with writing("The roles were created."):
            findings = roles.apply_roles(RoleNames(owner, application, reader))
        _report(findings, as_json=as_json)


@app.command()
def check(
    owner: Owner = DEFAULTS.owner,
    application: Application = DEFAULTS.application,
    reader: Reader = DEFAULTS.reader,
    *,
    as_json: AsJson = False,
    url: Url = None,
    models: Models = None,
) -> None:
    """List the excess and the missing privileges of each role.

    Exit 0 if no role has excess privileges, 1 otherwise.

    Example: triosigno-db roles check --json
    """
    load_models(models)
    with connected(url):
        _report(roles.check_roles(RoleNames(owner, application, reader)), as_json=as_json)


def _report(findings: Sequence[RoleFinding], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([finding._asdict() for finding in findings], indent=2))
    elif findings:
        print_table(_draw(findings))
    else:
        console.print("Each role has exactly the privileges that it needs.")
    if any(finding.deviation is Deviation.EXCESS for finding in findings):
        raise typer.Exit(EXCESSIVE)


def _draw(findings: Sequence[RoleFinding]) -> Table:
    table = Table("role", "", "right", Column("on", overflow="fold"), "through")
    for finding in findings:
        is_excess = finding.deviation is Deviation.EXCESS
        table.add_row(
            Text(visible(finding.role)),
            Text("may" if is_excess else "lacks", style="bold red" if is_excess else "yellow"),
            Text(finding.right),
            Text(visible(finding.target)),
            Text(visible(finding.through)),
        )
    return table
