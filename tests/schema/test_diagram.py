"""The diagram of the tables."""

import xml.etree.ElementTree as ET

from triosigno_db.models import MODELS
from triosigno_db.schema import to_svg

SVG = "{http://www.w3.org/2000/svg}"


def test_the_diagram_shows_all_tables_columns_and_references() -> None:
    drawing = ET.fromstring(to_svg())
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
    drawing = ET.fromstring(to_svg())
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
