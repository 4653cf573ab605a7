"""`triosigno-db doctor`: rows that break the rules."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from triosigno_db.cli.connection import Url, connected
from triosigno_db.migrator import CheckReport, examine

BROKEN = 1


def doctor(
    url: Url = None,
    validate: Annotated[
        bool, typer.Option(help="Let PostgreSQL validate the rules that no row breaks.")
    ] = True,
) -> None:
    """Count the rows that break a rule, show examples, validate what is clean."""
    with connected(url):
        reports = examine(validate=validate)
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
    Console(highlight=False).print(table)
    if any(report.broken for report in reports):
        raise typer.Exit(BROKEN)


def _validated(report: CheckReport) -> str:
    if not report.is_present:
        return "missing"
    return "yes" if report.is_validated else "no"
