"""`triosigno-db doctor`: rows that break the rules."""

import json
from collections.abc import Iterable
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from triosigno_db.cli.connection import AsJson, Url, connected
from triosigno_db.migrator import CheckReport, examine

BROKEN = 1


def doctor(
    url: Url = None,
    validate: Annotated[
        bool, typer.Option(help="Let PostgreSQL validate the rules that no row breaks.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Count the rows that break a rule, show examples, validate what is clean.

    Exit 0 where no row breaks a rule, 1 where one does.

    Example: triosigno-db doctor --no-validate --json
    """
    with connected(url):
        reports = examine(validate=validate)
    if as_json:
        print(json.dumps([report._asdict() for report in reports], indent=2))
    else:
        Console(highlight=False).print(_draw(reports))
    if any(report.broken for report in reports):
        raise typer.Exit(BROKEN)


def _draw(reports: Iterable[CheckReport]) -> Table:
    table = Table(
        Column("rule", overflow="fold"),
        "asks for",
        Column("broken by", justify="right"),
        Column("examples", overflow="fold"),
        "validated",
    )
    for report in reports:
        examples = "\n".join(report.examples)
        table.add_row(
            report.name, report.condition, f"{report.broken}", examples, _validated(report)
        )
    return table


def _validated(report: CheckReport) -> str:
    if not report.is_present:
        return "missing"
    return "yes" if report.is_validated else "no"
