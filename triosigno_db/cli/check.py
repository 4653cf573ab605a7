"""`triosigno-db check`: what a changed schema breaks."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from triosigno_db.cli.connection import AsJson, Models, Url, load_models
from triosigno_db.cli.tables import visible
from triosigno_db.doctor import Compatibility, SchemaChange, check_compatibility
from triosigno_db.migrator.prisma_8 import ADVICE
from triosigno_db.settings import Settings

BROKEN = 1
STYLES = {"harmless": "green", "reads break": "bold red", "writes break": "bold red"}


def check(
    *,
    url: Url = None,
    schema: Annotated[
        Path | None,
        typer.Option(
            help="A schema.prisma, or a folder of .prisma files, to check in place of a database."
        ),
    ] = None,
    models: Models = None,
    as_json: AsJson = False,
) -> None:
    """Check whether a schema that the Node side has changed breaks functions of the library.

    Exit 0 if everything works, 1 if a change breaks functions or the check is not possible.

    Example: triosigno-db check --schema prisma/schema.prisma
    """
    database = url if schema is not None else Settings.load(url)
    compatibility = check_compatibility(database, schema=schema, project=load_models(models))
    if as_json:
        print(json.dumps(_as_json(compatibility), indent=2))
    else:
        console = Console(highlight=False)
        console.print(draw(compatibility))
        console.print(_summarize(compatibility))
        if advice := ADVICE.get(compatibility.prisma_8):
            console.print(Text(advice, style="yellow"))
    if compatibility.breaks:
        raise typer.Exit(BROKEN)


def _as_json(compatibility: Compatibility) -> dict[str, object]:
    return {
        "breaks": compatibility.breaks,
        "changes": [change._asdict() for change in compatibility.changes],
        "skipped": compatibility.skipped,
        "prisma8": compatibility.prisma_8.value,
    }


def draw(compatibility: Compatibility) -> Table:
    """Format the changes as a table.

    Args:
        compatibility: The result of the check.

    Returns:
        The table, with the place, the functions and the advice below each change that breaks some.
    """
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(overflow="fold")
    for change in compatibility.changes:
        table.add_row(Text(change.effect, style=STYLES[change.effect]), Text(visible(change)))
        for line in _below(change):
            table.add_row("", Padding(line, (0, 0, 0, 2)))
    for skipped in compatibility.skipped:
        table.add_row(Text("skipped", style="cyan"), Text(visible(skipped)))
    return table


def _below(change: SchemaChange) -> list[Text]:
    lines = []
    if change.breaks and change.place:
        lines.append(Text(f"in {visible(change.place)}"))
    if change.functions:
        lines.append(Text(f"- {', '.join(change.functions)}"))
    if change.advice:
        lines.append(Text(f"> {visible(change.advice)}", style="italic"))
    return lines


def _summarize(compatibility: Compatibility) -> Text:
    breaking, harmless = compatibility.breaking, compatibility.harmless
    if breaking:
        functions = {name for change in breaking for name in change.functions}
        summary = f"{_number(len(functions), 'function')} broken by "
        return Text(summary + _number(len(breaking), "change") + ".", style="bold red")
    if harmless:
        return Text(f"{_number(len(harmless), 'change')}; all functions work.", style="green")
    return Text("The schema is the one that the library expects.", style="green")


def _number(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
