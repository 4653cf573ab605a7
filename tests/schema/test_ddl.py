"""The schema as SQL."""

import peewee

import triosigno_db as db
from tests.plain_sql import count_rows
from tests.schema.peewee_tables import LIBRARY, make_by_library, table
from tests.schema.what_models_say import Mood
from triosigno_db.database.execution import run_sql
from triosigno_db.migrator import read_history
from triosigno_db.models import MODELS, User
from triosigno_db.models.fields import EnumField, ForeignKey, IdField
from triosigno_db.schema import to_sql
from triosigno_db.schema.catalog import read_catalog
from triosigno_db.schema.ddl import enums


def test_the_sql_makes_what_create_schema_makes(connected: str) -> None:
    run_sql(to_sql())
    db.create_schema()  # raises where what is there is not the same
    assert set(count_rows(connected)) == {model._meta.table_name for model in MODELS}


def test_the_sql_is_ascii() -> None:
    assert to_sql().isascii()
    assert all(each.script.isascii() and (each.down or "").isascii() for each in read_history())


def test_other_models_come_without_the_library_s_own_objects(connected: str) -> None:
    thing = table("Thing", id=IdField(), mood=EnumField(Mood, default=Mood.SAD))
    make_by_library(thing)
    made = read_catalog(LIBRARY)
    assert (list(made.tables), made.enums) == (["Thing"], {"Mood": ("it's", "100%")})
    assert made.tables["Thing"].columns[1].default == "'100%'::\"Mood\""
    assert run_sql("SELECT to_regnamespace('triosigno_db') IS NULL") == [(True,)]


def test_other_models_may_refer_to_those_of_the_library(connected: str) -> None:
    db.create_schema()
    note = table("Note", id=IdField(), user=ForeignKey(User, on_delete="CASCADE", backref="+"))
    try:
        run_sql(to_sql([note]))
        assert read_catalog('"public"').tables["Note"].constraints["Note_userId_fkey"] == (
            'FOREIGN KEY ("userId") REFERENCES "User"(id) ON UPDATE CASCADE ON DELETE CASCADE'
        )
    finally:
        User._meta.backrefs.pop(note.user, None)
        User._meta.model_backrefs.pop(note, None)


def test_the_enums_of_arrays_are_found() -> None:
    from playhouse.postgres_ext import ArrayField  # noqa: PLC0415

    moods = table("Moods", all=ArrayField(EnumField, {"enum": Mood}), one=peewee.TextField())
    assert enums([moods]) == (Mood,)
