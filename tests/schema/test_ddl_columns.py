"""The columns of models: each field of Peewee is made as Peewee makes it, or refused by name."""

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import peewee
import playhouse.fields
import pytest
from playhouse import postgres_ext

import triosigno_db as db
from tests.schema.peewee_tables import assert_made_alike, fields_of, make_by_library, table
from triosigno_db.enums import LabelEnum
from triosigno_db.models import fields as own_fields
from triosigno_db.schema import to_sql


class Mood(LabelEnum):
    """Labels that need to be quoted."""

    GLAD = "it's"
    SAD = "100%"


class Parent(db.models.BaseModel):
    """What others refer to."""

    name = peewee.CharField(40, unique=True)


class BigParent(db.models.BaseModel):
    """A key of 64 bits."""

    id = peewee.BigAutoField()
