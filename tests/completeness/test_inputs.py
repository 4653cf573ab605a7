"""Inputs: each column of a model can be given and changed, or it is said why not."""

import inspect
from collections.abc import Mapping

import pytest
from pydantic.alias_generators import to_camel

import triosigno_db as db
from triosigno_db import models
from triosigno_db.cli import users
from triosigno_db.models import MODELS, BaseModel

BY_LIBRARY = {
    "id": "the library makes it",
    "createdAt": "the library sets it",
    "updatedAt": "the library sets it",
}

NEW: dict[type[BaseModel], tuple[type[db.Input], Mapping[str, str]]] = {
    models.User: (db.NewUser, BY_LIBRARY | {"isActive": "a new account is active"}),
    models.Sign: (db.NewSign, BY_LIBRARY),
    models.SignCategory: (db.NewCategory, BY_LIBRARY),
    models.Lesson: (db.NewLesson, BY_LIBRARY),
    models.Module: (db.NewModule, BY_LIBRARY),
    models.Achievement: (db.NewAchievement, BY_LIBRARY),
}

CHANGES: dict[type[BaseModel], tuple[type[db.Changes], Mapping[str, str]]] = {
    models.User: (
        db.UserChanges,
        BY_LIBRARY
        | {
            "password": "change_password and set_password do",
            "role": "set_role does",
            "isActive": "deactivate_user and reactivate_user do",
        },
    ),
    models.UserPreference: (
        db.PreferenceChanges,
        BY_LIBRARY | {"userId": "preferences stay their account's"},
    ),
    models.Sign: (db.SignChanges, BY_LIBRARY),
    models.SignCategory: (db.CategoryChanges, BY_LIBRARY),
    models.Lesson: (db.LessonChanges, BY_LIBRARY),
    models.Module: (db.ModuleChanges, BY_LIBRARY),
    models.Achievement: (db.AchievementChanges, BY_LIBRARY),
}

WITHOUT_NEW = {
    models.UserPreference: "create_user makes them, by their defaults",
    models.LessonSign: "set_lesson_signs and add_sign_to_lesson make it",
    models.Progress: "record_attempt makes it",
    models.LearningSession: "start_session makes it",
    models.UserAchievement: "award_achievement makes it",
}

WITHOUT_CHANGES = {
    models.LessonSign: "reorder_lesson_signs moves it",
    models.Progress: "record_attempt changes it",
    models.LearningSession: "complete_session and abandon_session end it",
    models.UserAchievement: "it is awarded or revoked",
}


# Fields of a new account that the command line does not ask for.
NOT_ON_THE_COMMAND_LINE = {
    "password": "it is asked for, or read from standard input",
    "profile_picture": "the applications store it",
}
OF_THE_COMMAND = {"password_stdin", "as_json", "url"}


def columns_of(input_class: type[db.Input]) -> set[str]:
    return {to_camel(name) for name in input_class.model_fields}


def test_every_model_has_inputs_or_a_reason() -> None:
    assert {*NEW, *WITHOUT_NEW} == set(MODELS)
    assert {*CHANGES, *WITHOUT_CHANGES} == set(MODELS)
    assert [model for model in NEW if model in WITHOUT_NEW] == []
    assert [model for model in CHANGES if model in WITHOUT_CHANGES] == []


@pytest.mark.parametrize("model", NEW)
def test_a_new_row_takes_every_column(model: type[BaseModel]) -> None:
    new, left_out = NEW[model]
    assert set(model._meta.columns) - set(left_out) == columns_of(new)


@pytest.mark.parametrize("model", CHANGES)
def test_every_column_can_be_changed(model: type[BaseModel]) -> None:
    changes, left_out = CHANGES[model]
    assert set(model._meta.columns) - set(left_out) == columns_of(changes)


def test_the_command_line_takes_every_field_of_a_new_account() -> None:
    options = set(inspect.signature(users.create).parameters) - OF_THE_COMMAND
    assert set(db.NewUser.model_fields) - set(NOT_ON_THE_COMMAND_LINE) == options
