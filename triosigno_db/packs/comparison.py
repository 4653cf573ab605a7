"""Compare a pack with the database to find the rows that it would create or change."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import peewee

from triosigno_db.arguments import WHITE_SPACE, canonical
from triosigno_db.errors import ConflictError, FieldError, InvalidInputError
from triosigno_db.models import Achievement, Lesson, LessonSign, Module, Sign, SignCategory
from triosigno_db.models.fields import new_id
from triosigno_db.packs.pack import ContentPack, Location
from triosigno_db.records import Input

CATEGORY, SIGN, MODULE, LESSON, ACHIEVEMENT = (
    "category",
    "sign",
    "module",
    "lesson",
    "achievement",
)
KINDS = (CATEGORY, SIGN, MODULE, LESSON, ACHIEVEMENT)

MODELS: dict[str, Any] = {
    CATEGORY: SignCategory,
    SIGN: Sign,
    MODULE: Module,
    LESSON: Lesson,
    ACHIEVEMENT: Achievement,
}

_CANONICAL = ("name", "title", "description")
"""The fields that are compared in their canonical form; other software may store another one."""


class PackRow(NamedTuple):
    """A row of a pack.

    Attributes:
        kind: `"category"`, `"sign"`, `"module"`, `"lesson"` or `"achievement"`.
        name: Its name or title.
        id: Its id; a new id for a new row.
        is_new: Whether the row is missing in the database.
        values: The values to write: all values of a new row, or the changed ones.
        sign_ids: The signs of a lesson if they must be written, else `None`.
    """

    kind: str
    name: str
    id: str
    is_new: bool
    values: Mapping[str, Any]
    sign_ids: tuple[str, ...] | None = None

    @property
    def is_changed(self) -> bool:
        """Whether an existing row must be changed."""
        return not self.is_new and (bool(self.values) or self.sign_ids is not None)

    @property
    def changed_fields(self) -> tuple[str, ...]:
        """The fields of an existing row that must be changed."""
        signs = ("signs",) if self.sign_ids is not None else ()
        return () if self.is_new else (*self.values, *signs)


@dataclass
class Comparison:
    """The result of a comparison, ordered by kind as the rows are written."""

    rows: list[PackRow] = field(default_factory=list)

    def of(self, kind: str) -> list[PackRow]:
        """List the rows of one kind, in the order of the pack."""
        return [row for row in self.rows if row.kind == kind]


def compare_pack(pack: ContentPack) -> Comparison:
    """Compare a pack with the connected database, with one statement for each kind of row.

    Args:
        pack: The pack.

    Returns:
        The comparison, with all rows of the pack.

    Raises:
        InvalidInputError: A sign refers to a category, or a lesson to a sign, that neither the pack
            nor the database has; the error names every location.
        ConflictError: The database has several modules, or lessons of a module, with one title.
    """
    result = Comparison()
    categories = _ids(SignCategory, [sign.category for sign in pack.signs])
    result.rows += _match(CATEGORY, [_values(each) for each in pack.categories])
    categories |= {row.name: row.id for row in result.of(CATEGORY)}
    _refuse_unknown(
        pack,
        "category",
        (
            (("signs", number, "category"), sign.category)
            for number, sign in enumerate(pack.signs)
            if sign.category not in categories
        ),
    )
    signs = [{**_values(sign), "category": categories[sign.category]} for sign in pack.signs]
    result.rows += _match(SIGN, signs)
    result.rows += _match_modules(pack)
    result.rows += _match_lessons(pack, result)
    result.rows += _match(ACHIEVEMENT, [_values(each) for each in pack.achievements])
    return result


def _match(kind: str, wanted: list[dict[str, Any]]) -> Iterator[PackRow]:
    model = MODELS[kind]
    names = [values["name"] for values in wanted]
    found = _rows(model.select().where(_is_named(model.name, names)))
    existing = _by_name(kind, "name", found)
    for values in wanted:
        yield _row(kind, values["name"], values, existing.get(values["name"]))


def _row(kind: str, name: str, wanted: dict[str, Any], existing: dict[str, Any] | None) -> PackRow:
    if existing is None:
        return PackRow(kind, name, new_id(), True, wanted)
    differing = {
        key: value
        for key, value in wanted.items()
        if (canonical(existing[key]) if key in _CANONICAL else existing[key]) != value
    }
    return PackRow(kind, name, existing["id"], False, differing)


def _match_modules(pack: ContentPack) -> Iterator[PackRow]:
    titles = [module.title for module in pack.modules]
    found = _rows(Module.select().where(_is_named(Module.title, titles)))
    existing = _by_name("module", "title", found)
    following = (Module.select(peewee.fn.max(Module.order)).scalar() or 0) + 1
    for module in pack.modules:
        wanted = _values(module, without="lessons")
        if module.title not in existing:
            wanted["order"] = following
            following += 1
        yield _row(MODULE, module.title, wanted, existing.get(module.title))


def _match_lessons(pack: ContentPack, result: Comparison) -> Iterator[PackRow]:
    sign_ids = _sign_ids(pack, result)
    modules = result.of(MODULE)
    found = _rows(
        Lesson.select()
        .where(_is_any(Lesson.module, [row.id for row in modules]))
        .order_by(Lesson.order, Lesson.id)
    )
    lessons: dict[str, list[dict[str, Any]]] = {row.id: [] for row in modules}
    for lesson_row in found:
        lessons[lesson_row["module"]].append(lesson_row)
    places: dict[str, list[str]] = {lesson_row["id"]: [] for lesson_row in found}
    for place in _rows(
        LessonSign.select()
        .where(_is_any(LessonSign.lesson, list(places)))
        .order_by(LessonSign.order, LessonSign.id)
    ):
        places[place["lesson"]].append(place["sign"])
    for module, row in zip(pack.modules, modules, strict=True):
        existing = _by_name(f"lesson of {module.title!r}", "title", lessons[row.id])
        orders = _orders([lesson.title for lesson in module.lessons], existing, lessons[row.id])
        for lesson in module.lessons:
            wanted = {
                **_values(lesson, without="signs"),
                "module": row.id,
                "order": orders[lesson.title],
            }
            ids = tuple(sign_ids[name] for name in lesson.signs)
            matched = _row(LESSON, lesson.title, wanted, existing.get(lesson.title))
            is_same = not matched.is_new and tuple(places[matched.id]) == ids
            yield matched if is_same else matched._replace(sign_ids=ids)


def _orders(
    titles: list[str], existing: dict[str, dict[str, Any]], rows: list[dict[str, Any]]
) -> dict[str, int]:
    """Number lessons in the order of the pack; lessons already in that order keep their number."""
    known = {title: row["order"] for title, row in existing.items()}
    last = max((row["order"] for row in rows), default=0)
    orders = {}
    previous = -1
    for title in titles:
        order = known.get(title)
        if order is None or order <= previous:
            # A new or moved lesson comes after all others.
            last = max(last, previous) + 1
            order = last
        orders[title] = previous = order
    return orders


def _sign_ids(pack: ContentPack, result: Comparison) -> dict[str, str]:
    names = [name for module in pack.modules for lesson in module.lessons for name in lesson.signs]
    ids = _ids(Sign, names) | {row.name: row.id for row in result.of(SIGN)}
    _refuse_unknown(
        pack,
        "sign",
        (
            (("modules", number, "lessons", index, "signs", place), name)
            for number, module in enumerate(pack.modules)
            for index, lesson in enumerate(module.lessons)
            for place, name in enumerate(lesson.signs)
            if name not in ids
        ),
    )
    return ids


def _refuse_unknown(pack: ContentPack, kind: str, unknown: Iterable[tuple[Location, str]]) -> None:
    errors = [
        FieldError(
            pack.describe(location), f"neither the pack nor the database has the {kind} {name!r}"
        )
        for location, name in unknown
    ]
    if errors:
        raise InvalidInputError(*errors[0], *errors[1:])


def _values(part: Input, *, without: str = "") -> dict[str, Any]:
    return {name: getattr(part, name) for name in type(part).model_fields if name != without}


def _by_name(kind: str, key: str, rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Index rows by their canonical names; a row that is stored with this name comes first."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[canonical(row[key])].append(row)
    chosen = {}
    for name, same in found.items():
        chosen[name], *others = [row for row in same if row[key] == name] or same
        if others:
            raise ConflictError(
                f"The database has more than one {kind} {name!r}: rename all but one."
            )
    return chosen


def _ids(model: Any, names: list[str]) -> dict[str, str]:
    rows = _rows(model.select(model.name, model.id).where(_is_named(model.name, names)))
    return {name: row["id"] for name, row in _by_name(model.__name__, "name", rows).items()}


def _rows(query: Any) -> list[dict[str, Any]]:
    return list(query.dicts())


def _is_named(column: Any, names: list[str]) -> Any:
    trimmed = peewee.fn.btrim(column, WHITE_SPACE)
    return _is_any(peewee.Function("pg_catalog.normalize", (trimmed, "NFC")), names)


def _is_any(column: Any, values: list[str]) -> Any:
    array = peewee.Value(list(dict.fromkeys(values)), converter=False, unpack=False)
    return column == peewee.fn.any(array.cast("text[]"))
