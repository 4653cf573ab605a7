"""`triosigno-db doctor`: check a database."""

import json
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from triosigno_db.cli.connection import AsJson, History, Models, Url, find_histories
from triosigno_db.cli.interruption import say_if_interrupted
from triosigno_db.cli.tables import visible
from triosigno_db.doctor import Diagnosis, Finding, Limits, diagnose
from triosigno_db.settings import Settings

FAILED = 1
STYLES = {"ok": "green", "unknown": "cyan", "warning": "yellow", "error": "bold red"}
MAX_DETAILS = 10
"""The maximum number of detail lines; JSON has all of them."""


def doctor(
    *,
    url: Url = None,
    migrations: History = None,
    models: Models = None,
    validate: Annotated[
        bool, typer.Option(help="Validate the CHECK constraints that no row violates.")
    ] = True,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 on warnings, too.")] = False,
    long_after: Annotated[
        float,
        typer.Option(
            min=0, help="Report statements and idle transactions that last longer, in seconds."
        ),
    ] = 60,
    unused_after: Annotated[
        float, typer.Option(min=0, help="Report indexes that are unused for longer, in days.")
    ] = 30,
    as_json: AsJson = False,
) -> None:
    """Check a database: connection, schema, indexes, rows, vacuum, rights, sessions.

    Exit 0 without errors, 1 with errors or if the server cannot be reached; with --strict, 1 with
    warnings, too.

    Example: triosigno-db doctor --no-validate --strict --json
    """
    limits = Limits(timedelta(seconds=long_after), timedelta(days=unused_after))
    settings = Settings.load(url)
    if validate:
        say_if_interrupted("Nothing was changed, except constraints that it has validated.")
    diagnosis = diagnose(
        settings, **find_histories(migrations, models), limits=limits, validate=validate
    )
    if as_json:
        print(json.dumps(_as_json(settings, diagnosis), indent=2))
    else:
        console = Console(highlight=False)
        console.print(draw(diagnosis))
        console.print(_summarize(settings, diagnosis))
    if diagnosis.level == "error" or (strict and diagnosis.level == "warning"):
        raise typer.Exit(FAILED)


def _as_json(settings: Settings, diagnosis: Diagnosis) -> dict[str, object]:
    return {
        "database": settings.database,
        "level": diagnosis.level,
        "findings": [finding._asdict() for finding in diagnosis.findings],
        "constraints": [report._asdict() for report in diagnosis.constraints],
    }


def draw(diagnosis: Diagnosis) -> Table:
    """Format the findings as a table.

    Args:
        diagnosis: The result of the checks.

    Returns:
        The table, with details and advice below each finding.
    """
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column()
    table.add_column(overflow="fold")
    earlier = ""
    for finding in diagnosis.findings:
        subject = finding.subject if finding.subject != earlier else ""
        earlier = finding.subject
        table.add_row(
            Text(subject, style="bold"),
            Text(finding.level, style=STYLES[finding.level]),
            Text(visible(finding.summary)),
        )
        for line in _below(finding):
            table.add_row("", "", line)
    return table


def _below(finding: Finding) -> list[Padding]:
    """Format details and advice; a finding with level `ok` shows only its summary."""
    if finding.level == "ok":
        return []
    lines = [Text(f"- {visible(detail)}") for detail in finding.details[:MAX_DETAILS]]
    if (left := len(finding.details) - MAX_DETAILS) > 0:
        lines.append(Text(f"  and {left:,} more"))
    if finding.advice:
        lines.append(Text(f"> {visible(finding.advice)}", style="italic"))
    return [Padding(line, (0, 0, 0, 2)) for line in lines]


def _summarize(settings: Settings, diagnosis: Diagnosis) -> Text:
    errors, warnings = diagnosis.count("error"), diagnosis.count("warning")
    counted = f"{_number(errors, 'error')}, {_number(warnings, 'warning')}"
    return Text(f"\n{visible(settings.database)}: {counted}.", style=STYLES[diagnosis.level])


def _number(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"
