"""`triosigno-db content`: import and export content packs."""

import json
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Column, Table
from rich.text import Text

from triosigno_db.cli.connection import AsJson, Url, connected
from triosigno_db.cli.encoding import print_json
from triosigno_db.cli.interruption import say_if_interrupted, writing
from triosigno_db.cli.tables import print_table, visible
from triosigno_db.packs import (
    ContentPack,
    PackReport,
    export_pack,
    load_pack,
    preview_pack,
    read_pack,
)

app = typer.Typer(
    help="Import and export modules, lessons, signs, categories and achievements.",
    no_args_is_help=True,
)

SHOWN_CHANGES = 200
"""The maximum number of changes in a table; JSON has all of them."""

PackFile = Annotated[
    Path, typer.Argument(help="A JSON file, or a YAML file that ends in .yaml or .yml.")
]


@app.command("import")
def import_(
    file: PackFile,
    url: Url = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change without writing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Import a content pack; importing it again changes nothing.

    Example: triosigno-db content import lsf.yaml --dry-run
    """
    pack = read_pack(file)
    with connected(url):
        report = preview_pack(pack) if dry_run else _load(pack)
    if as_json:
        print_json(json.dumps(_to_json(report), ensure_ascii=False, indent=2))
        return
    if report.changes:
        print_table(_draw_changes(report))
    print(_summarize(report, "would be " if dry_run else ""))


@app.command()
def export(
    file: PackFile,
    url: Url = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Export all content to a file that can be imported again.

    Example: triosigno-db content export lsf.yaml
    """
    with connected(url):
        rows = export_pack(file, overwrite=force)
        say_if_interrupted(f"{file} was written.")
    print(f"Exported {rows:,} rows to {visible(file)}.")


def _load(pack: ContentPack) -> PackReport:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        loading = bar.add_task("Importing", total=pack.count_rows())
        with writing("The pack was imported."):
            return load_pack(pack, on_row=lambda _: bar.advance(loading))


def _draw_changes(report: PackReport) -> Table:
    table = Table("", "kind", Column("name", overflow="fold"), "changes")
    for change in report.changes[:SHOWN_CHANGES]:
        mark = Text("+", style="green") if change.is_new else Text("~", style="yellow")
        table.add_row(mark, change.kind, Text(visible(change.name)), ", ".join(change.fields))
    if len(report.changes) > SHOWN_CHANGES:
        table.caption = f"and {len(report.changes) - SHOWN_CHANGES:,} more"
    return table


def _summarize(report: PackReport, would: str) -> str:
    made = Counter(change.is_new for change in report.changes)
    same = sum(report.unchanged.values())
    return f"{made[True]:,} {would}created, {made[False]:,} {would}changed, {same:,} unchanged."


def _to_json(report: PackReport) -> dict[str, object]:
    return {
        "created": [
            {"kind": change.kind, "name": change.name} for change in report.changes if change.is_new
        ],
        "changed": [
            {"kind": change.kind, "name": change.name, "fields": change.fields}
            for change in report.changes
            if not change.is_new
        ],
        "unchanged": report.unchanged,
    }
