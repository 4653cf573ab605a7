"""Export the database's content to a file that can be imported again."""

import json
from enum import StrEnum
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from triosigno_db.database.execution import translated
from triosigno_db.errors import ConflictError, InvalidInputError
from triosigno_db.models import Achievement, Lesson, LessonSign, Module, Sign, SignCategory
from triosigno_db.packs.pack import PackAchievement, PackCategory, PackLesson, PackModule, PackSign
from triosigno_db.packs.reading import YAML_MISSING, YAML_SUFFIXES, import_yaml
from triosigno_db.records import Input
from triosigno_db.repositories.concurrency import run_in_snapshot

Rows = list[dict[str, Any]]


def export_pack(path: Path, *, overwrite: bool = False) -> int:
    """Export all content to a file: YAML if its name ends in .yaml or .yml, else JSON.

    The file is written atomically. It contains no ids and no users.

    Args:
        path: The file.
        overwrite: Whether an existing file may be replaced.

    Returns:
        The number of rows in the file.

    Raises:
        ConflictError: The file exists, or a read committed transaction is open, in which there is
            no snapshot of the content.
        InvalidInputError: The file cannot be written, or the extra for YAML is not installed.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    if path.exists() and not overwrite:
        raise ConflictError(
            f"{path} already exists: choose another name, or allow it to be replaced."
        )
    content = read_content()
    text = _to_yaml(content) if path.name.endswith(YAML_SUFFIXES) else _to_json(content)
    try:
        _replace(path, text)
    except OSError as exc:
        raise InvalidInputError(str(path), f"cannot be written: {exc.strerror}") from exc
    lessons = sum(len(module["lessons"]) for module in content["modules"])
    return sum(map(len, content.values())) + lessons


def read_content() -> dict[str, Rows]:
    """Read all content in the format of a pack, in one snapshot.

    Returns:
        Categories, signs and achievements ordered by name, modules and lessons by their order.

    Raises:
        ConflictError: A read committed transaction is open, in which there is no such snapshot.
    """
    return run_in_snapshot(_read_content)


def _read_content() -> dict[str, Rows]:
    with translated():
        categories = _rows(SignCategory.select().order_by(SignCategory.name))
        signs = _rows(Sign.select().order_by(Sign.name))
        modules = _rows(Module.select().order_by(Module.order, Module.id))
        lessons = _rows(Lesson.select().order_by(Lesson.order, Lesson.id))
        places = _rows(LessonSign.select().order_by(LessonSign.order, LessonSign.id))
        achievements = _rows(Achievement.select().order_by(Achievement.name))
    category_names = {row["id"]: row["name"] for row in categories}
    sign_names = {row["id"]: row["name"] for row in signs}
    signs_of: dict[str, list[str]] = {row["id"]: [] for row in lessons}
    for place in places:
        signs_of[place["lesson"]].append(sign_names[place["sign"]])
    lessons_of: dict[str, Rows] = {row["id"]: [] for row in modules}
    for lesson in lessons:
        part = _part(PackLesson, lesson, signs=signs_of[lesson["id"]])
        lessons_of[lesson["module"]].append(part)
    return {
        "categories": [_part(PackCategory, row) for row in categories],
        "signs": [_part(PackSign, row, category=category_names[row["category"]]) for row in signs],
        "modules": [_part(PackModule, row, lessons=lessons_of[row["id"]]) for row in modules],
        "achievements": [_part(PackAchievement, row) for row in achievements],
    }


def _rows(query: Any) -> Rows:
    return list(query.dicts())


def _part(kind: type[Input], row: dict[str, Any], **linked: Any) -> dict[str, Any]:
    """Build a part of a pack from the fields of a row and values from other rows."""
    given = row | linked
    values = {name: given[name] for name in kind.model_fields}
    return {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, StrEnum) else value


def _to_json(content: dict[str, Rows]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _to_yaml(content: dict[str, Rows]) -> str:
    yaml = import_yaml()
    if yaml is None:
        raise InvalidInputError("path", YAML_MISSING)
    text: str = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=100)
    return text


def _replace(path: Path, text: str) -> None:
    with NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
    ) as file:
        try:
            file.write(text)
            file.close()
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
