"""The models as an entity-relationship diagram, in SVG.

Nothing needs escaping: all text consists of names of models and columns, which are identifiers.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import peewee

from triosigno_db.models import MODELS, BaseModel

_WIDTH, _ROW, _HEADER = 264, 20, 28
_GAP, _SPACE, _MARGIN = 96, 28, 24
_FOOT = 9
_STYLE = """
    .box { fill: #ffffff; stroke: #4051b5; }
    .head { fill: #4051b5; }
    .name { fill: #ffffff; font-weight: 600; font-size: 14px; }
    .column { fill: #1f2430; }
    .type { fill: #6b7280; text-anchor: end; }
    .mark { fill: #4051b5; font-size: 10px; font-weight: 600; }
    .edge { fill: none; stroke: #8a93b8; stroke-width: 1.4; }
    text { font-family: Roboto, Helvetica, Arial, sans-serif; font-size: 12px; }
"""


class _Place(NamedTuple):
    """The position of a table in the diagram."""

    column: int
    left: int
    top: int

    @property
    def right(self) -> int:
        return self.left + _WIDTH

    def row(self, number: int) -> int:
        """Return the vertical center of a row, counted from 0."""
        return self.top + _HEADER + number * _ROW + _ROW // 2


def to_svg() -> str:
    """Draw the models as an entity-relationship diagram: tables, columns, references.

    Primary keys are marked PK, foreign keys FK, unique columns U, and nullable columns with a
    question mark. Lines use crow's foot notation.

    Returns:
        An SVG document.
    """
    places = _place_tables()
    width = max(place.right for place in places.values()) + _MARGIN
    height = max(place.top + _height(model) for model, place in places.items()) + _MARGIN
    names = ", ".join(model._meta.table_name for model in MODELS)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        f"<title>The tables of the database</title><desc>{names}</desc>",
        f"<style>{_STYLE}</style>",
        *(_draw_edge(field, places) for model in MODELS for field in model._meta.refs),
        *(part for model, place in places.items() for part in _draw_table(model, place)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _place_tables() -> dict[type[BaseModel], _Place]:
    places = {}
    for number, models in enumerate(_arrange(MODELS)):
        top = _MARGIN
        for model in models:
            places[model] = _Place(number, _MARGIN + number * (_WIDTH + _GAP), top)
            top += _height(model) + _SPACE
    return places


def _arrange(models: Sequence[type[BaseModel]]) -> list[list[type[BaseModel]]]:
    """Sort models into columns, by the number of references between each and the first one.

    So models that refer to each other are in adjacent columns, or in the same one.
    """
    distances: dict[type[BaseModel], int] = {}
    for first in models:
        distance, nearest = 0, [] if first in distances else [first]
        while nearest:
            distances |= dict.fromkeys(nearest, distance)
            linked = {each for model in nearest for each in _linked(model)}
            nearest = [model for model in models if model in linked and model not in distances]
            distance += 1
    numbers = range(max(distances.values()) + 1)
    return [[model for model in models if distances[model] == number] for number in numbers]


def _linked(model: type[BaseModel]) -> set[type[BaseModel]]:
    return {*model._meta.refs.values(), *model._meta.backrefs.values()}


def _height(model: type[BaseModel]) -> int:
    return _HEADER + len(model._meta.sorted_fields) * _ROW


def _draw_table(model: type[BaseModel], place: _Place) -> Iterator[str]:
    left, top = place.left, place.top
    yield f'<g><rect class="box" x="{left}" y="{top}" width="{_WIDTH}" height="{_height(model)}"/>'
    yield f'<rect class="head" x="{left}" y="{top}" width="{_WIDTH}" height="{_HEADER}"/>'
    yield f'<text class="name" x="{left + 10}" y="{top + 19}">{model._meta.table_name}</text>'
    for number, field in enumerate(model._meta.sorted_fields):
        base = place.row(number) + 4
        empty = " ?" if field.null else ""
        yield f'<text class="mark" x="{left + 8}" y="{base}">{_mark(field)}</text>'
        yield f'<text class="column" x="{left + 42}" y="{base}">{field.column_name}{empty}</text>'
        yield f'<text class="type" x="{place.right - 8}" y="{base}">{_type(field)}</text>'
    yield "</g>"


def _mark(field: Any) -> str:
    marks = {
        "PK": field.primary_key,
        "FK": isinstance(field, peewee.ForeignKeyField),
        "U": field.unique,
    }
    return " ".join(mark for mark, holds in marks.items() if holds)


def _type(field: Any) -> str:
    if isinstance(field, peewee.ForeignKeyField):
        field = field.rel_field
    enum = getattr(field, "enum", None)
    return str(enum.__name__ if enum else field.field_type.lower())


def _draw_edge(field: Any, places: dict[type[BaseModel], _Place]) -> str:
    owner, target = places[field.model], places[field.rel_model]
    start, end = owner.row(_number(field)), target.row(_number(field.rel_field))
    if owner.column == target.column:
        # Both ends on the right, around the tables between them.
        leaves, enters, bends = owner.right, target.right, (1, 1)
    elif owner.column < target.column:
        leaves, enters, bends = owner.right, target.left, (1, -1)
    else:
        leaves, enters, bends = owner.left, target.right, (-1, 1)
    pull = _GAP * 2 // 3
    line = (
        f"M {leaves} {start} C {leaves + bends[0] * pull} {start}, "
        f"{enters + bends[1] * pull} {end}, {enters} {end}"
    )
    toe = leaves + bends[0] * _FOOT
    many = (
        ""
        if field.unique
        else "".join(f" M {toe} {start} L {leaves} {start + side}" for side in (-5, 5))
    )
    one = f" M {enters + bends[1] * _FOOT} {end - 5} v 10"
    return f'<path class="edge" d="{line}{many}{one}"/>'


def _number(field: Any) -> int:
    # By name: the comparison of two fields is an SQL expression, which is always true.
    return [each.name for each in field.model._meta.sorted_fields].index(field.name)
