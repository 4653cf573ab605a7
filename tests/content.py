"""Rows for tests, made through the public functions."""

from itertools import count
from typing import Any
from uuid import uuid4

import triosigno_db as db

_numbers = count(1)


def make_user(**values: Any) -> db.UserWithPreferences:
    number = next(_numbers)
    defaults = {
        "email": f"learner{number}-{uuid4().hex}@example.org",
        "username": f"learner{number}-{uuid4().hex}",
        "password": "a learner's password",
    }
    return db.create_user(db.NewUser(**{**defaults, **values}))


def make_category(**values: Any) -> db.CategoryRecord:
    defaults = {"name": f"category {next(_numbers)}", "description": "a theme"}
    return db.create_category(db.NewCategory(**{**defaults, **values}))


def make_sign(**values: Any) -> db.SignRecord:
    defaults = {
        "name": f"sign {next(_numbers)}",
        "description": "the hand opens",
        "video_url": "https://media.example.org/sign.mp4",
        "difficulty": db.DifficultyLevel.BEGINNER,
    }
    if "category_id" not in values:
        values["category_id"] = make_category().id
    return db.create_sign(db.NewSign(**{**defaults, **values}))


def make_module(**values: Any) -> db.ModuleRecord:
    defaults = {"title": f"module {next(_numbers)}", "description": "lessons"}
    return db.create_module(db.NewModule(**{**defaults, **values}))


def make_lesson(**values: Any) -> db.LessonRecord:
    defaults = {"title": f"lesson {next(_numbers)}", "description": "signs"}
    if "module_id" not in values:
        values["module_id"] = make_module().id
    return db.create_lesson(db.NewLesson(**{**defaults, **values}))
