"""An account's export and content packs: they hold each table and column, or it is said why not."""

from typing import Any, get_args

import pytest
from pydantic.alias_generators import to_camel

import triosigno_db as db
from triosigno_db.models import MODELS, BaseModel, LessonSign, User, UserPreference
from triosigno_db.packs.comparison import MODELS as MODELS_OF_KINDS
from triosigno_db.packs.pack import (
    FIELDS_LEFT_OUT,
    MODELS_LEFT_OUT,
    PackAchievement,
    PackCategory,
    PackLesson,
    PackModule,
    PackSign,
)
from triosigno_db.repositories.accounts.export import PARTS
from triosigno_db.repositories.accounts.service_rows import SERVICE_TABLES

PACK_PARTS: dict[str, type[db.Input]] = {
    "category": PackCategory,
    "sign": PackSign,
    "module": PackModule,
    "lesson": PackLesson,
    "achievement": PackAchievement,
}

# What a part of a pack holds beside the fields of its model.
RELATED = {"lesson": {"signs"}, "module": {"lessons"}}


def exported(field: str) -> type[db.Record]:
    """Find the record that a field of an export holds."""
    (found,) = (
        each for name, each in db.UserExport.model_fields.items() if (each.alias or name) == field
    )
    record: type[db.Record] = get_args(found.annotation)[0]
    return record


def name_of(field: Any) -> tuple[str, str]:
    # A field compared with a field is an SQL expression, and true.
    return field.model.__name__, field.name


# -- the export of an account -----------------------------------------------------------------


def test_every_table_that_refers_to_an_account_is_exported() -> None:
    referring = [field for model in MODELS for field in model._meta.refs if field.rel_model is User]
    exported_by = [*(part.owner for part in PARTS), UserPreference.user]
    assert sorted(map(name_of, referring)) == sorted(map(name_of, exported_by))


def test_an_export_has_a_field_for_each_of_them() -> None:
    nested = {name for name, _ in db.UserExport.selection().nested}
    assert nested == {part.field for part in PARTS} | {to_camel(UserPreference.user.backref)}


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.field)
def test_all_columns_of_them_are_exported(part: Any) -> None:
    expected = {*part.owner.model._meta.readable_columns(), *part.labels}
    assert set(exported(part.field).selection().columns) == expected


def test_all_columns_of_an_account_are_exported() -> None:
    columns = {*User._meta.readable_columns(), SERVICE_TABLES}
    assert set(db.UserExport.selection().columns) == columns


# -- packs ------------------------------------------------------------------------------------


def test_a_pack_holds_every_model_or_says_why_not() -> None:
    held = {model.__name__ for model in (*MODELS_OF_KINDS.values(), LessonSign)}
    assert held | set(MODELS_LEFT_OUT) == {model.__name__ for model in MODELS}
    assert held & set(MODELS_LEFT_OUT) == set()
    assert set(PACK_PARTS) == set(MODELS_OF_KINDS)


@pytest.mark.parametrize("kind", PACK_PARTS)
def test_a_pack_holds_every_field_or_says_why_not(kind: str) -> None:
    model: type[BaseModel] = MODELS_OF_KINDS[kind]
    fields = {field.name for field in model._meta.sorted_fields}
    assert fields - set(FIELDS_LEFT_OUT) == set(PACK_PARTS[kind].model_fields) - RELATED.get(
        kind, set()
    )
