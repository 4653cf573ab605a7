"""`triosigno-db schema`, as a user types it."""

import subprocess
import xml.etree.ElementTree as ET

from typer.testing import CliRunner

import triosigno_db as db
from tests.plain_sql import count_rows
from triosigno_db.cli.app import app
from triosigno_db.database.execution import run_sql
from triosigno_db.models import MODELS

SVG = "{http://www.w3.org/2000/svg}"


def schema(name: str) -> str:
    ended = CliRunner().invoke(app, ["schema", name])
    assert ended.exit_code == 0
    return ended.stdout


def test_the_sql_makes_what_create_schema_makes(connected: str) -> None:
    run_sql(schema("sql"))
    db.create_schema()  # raises where what is there is not the same
    assert set(count_rows(connected)) == {model._meta.table_name for model in MODELS}


def test_the_prisma_schema_has_every_model() -> None:
    text = schema("prisma")
    assert text.startswith("generator client {")
    assert [f"model {model.__name__} {{" in text for model in MODELS] == [True] * 11


def test_the_diagram_shows_all_tables_columns_and_references() -> None:
    drawing = ET.fromstring(schema("erd"))
    texts = [text.text for text in drawing.iter(f"{SVG}text")]
    names = [text for text in texts if text in {model._meta.table_name for model in MODELS}]
    assert len(names) == len(set(names)) == 11
    shown = [text.get("class") for text in drawing.iter(f"{SVG}text")]
    assert shown.count("column") == sum(len(model._meta.sorted_fields) for model in MODELS)
    lines = [path.get("d") for path in drawing.iter(f"{SVG}path")]
    assert len(lines) == sum(len(model._meta.refs) for model in MODELS)
    # Each reference leaves from a row of its own.
    starts = [line.partition(" C ")[0] for line in lines if line]
    assert len(set(starts)) == len(starts)


def test_no_two_tables_overlap_and_all_are_inside() -> None:
    drawing = ET.fromstring(schema("erd"))
    _, _, width, height = map(int, (drawing.get("viewBox") or "").split())
    boxes = [
        tuple(int(box.get(side) or 0) for side in ("x", "y", "width", "height"))
        for box in drawing.iter(f"{SVG}rect")
        if box.get("class") == "box"
    ]
    for x, y, w, h in boxes:
        assert 0 < x < x + w < width
        assert 0 < y < y + h < height
        others = [other for other in boxes if other != (x, y, w, h)]
        assert not [
            other
            for other in others
            if x < other[0] + other[2] and other[0] < x + w
            if y < other[1] + other[3] and other[1] < y + h
        ]


def test_a_pipe_that_closes_early_is_no_error(triosigno_command: list[str]) -> None:
    command = " ".join([*triosigno_command, "schema", "sql"])
    ended = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} | head -1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in ended.stderr
