"""The registry of models: all there are, each with a record that has all its columns."""

from typing import Any

import pytest

import triosigno_db as db
from triosigno_db import models
from triosigno_db.models import MODELS, BaseModel
from triosigno_db.models.fields import TextField
from triosigno_db.models.search import SIGN_TEXT, USER_TEXT
from triosigno_db.models.services import ServiceModel

RECORDS: dict[type[BaseModel], type[db.Record]] = {
    models.User: db.UserRecord,
    models.UserPreference: db.PreferencesRecord,
    models.Sign: db.SignRecord,
    models.SignCategory: db.CategoryRecord,
    models.Lesson: db.LessonRecord,
    models.LessonSign: db.LessonSignRecord,
    models.Module: db.ModuleRecord,
    models.Progress: db.ProgressRecord,
    models.LearningSession: db.SessionRecord,
    models.Achievement: db.AchievementRecord,
    models.UserAchievement: db.UserAchievementRecord,
}

SECRETS = {("User", "password"): "a hash that somebody could guess the password by"}

# Texts of what can be searched that a search does not look through.
NOT_SEARCHED = {
    "id": "it is looked up",
    "password": "it is secret",
    "videoUrl": "nobody looks for an address",
    "imageUrl": "nobody looks for an address",
    "profilePicture": "nobody looks for an address",
    "categoryId": "it is a filter",
}


def subclasses(model: type[BaseModel]) -> set[type[BaseModel]]:
    found = {each for each in model.__subclasses__() if each.__module__.startswith("triosigno_db.")}
    return found.union(*map(subclasses, found))


def test_the_registry_holds_every_model() -> None:
    assert set(MODELS) == subclasses(BaseModel) - {ServiceModel}
    assert len(MODELS) == len(set(MODELS))


def test_every_model_is_exported() -> None:
    assert {model.__name__ for model in MODELS} <= set(models.__all__)


def test_every_model_has_a_record() -> None:
    assert set(RECORDS) == set(MODELS)


@pytest.mark.parametrize("model", MODELS)
def test_a_record_has_every_column_but_secrets(model: type[BaseModel]) -> None:
    assert list(RECORDS[model].selection().columns) == list(model._meta.readable_columns())


@pytest.mark.parametrize("model", MODELS)
def test_a_record_names_its_table(model: type[BaseModel]) -> None:
    assert RECORDS[model].table() == model._meta.table_name


def test_every_secret_has_a_reason() -> None:
    secrets = {(model.__name__, name) for model in MODELS for name in model._meta.secret}
    assert secrets == set(SECRETS)


@pytest.mark.parametrize(
    ("model", "searched"),
    [(models.Sign, SIGN_TEXT), (models.User, USER_TEXT)],
    ids=["Sign", "User"],
)
def test_a_search_looks_through_every_text(model: Any, searched: str) -> None:
    texts = [
        field.column_name for field in model._meta.sorted_fields if isinstance(field, TextField)
    ]
    taken = [name for name in texts if f'"{name}"' in searched]
    assert [name for name in texts if name not in NOT_SEARCHED] == taken
