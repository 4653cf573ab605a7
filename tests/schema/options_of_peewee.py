"""The parameters of Peewee's fields, indexes and tables, and what becomes of each."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import peewee

from tests.schema.peewee_tables import table
from tests.schema.what_models_say import Parent
from triosigno_db.models import BaseModel

Models = Sequence[type[BaseModel]]


class MadeOption(NamedTuple):
    """Models with an option that is made exactly as Peewee makes it."""

    models: Callable[[], Models]


class RefusedOption(NamedTuple):
    """Models with an option that is refused, and the error."""

    models: Callable[[], Models]
    error: str


class PythonOption(NamedTuple):
    """An option that says nothing of the table."""


Options = dict[str, MadeOption | RefusedOption | PythonOption]

PYTHON = PythonOption()


def field(**options: Any) -> MadeOption:
    """A column of text with an option."""
    return MadeOption(lambda: [table("Thing", one=peewee.TextField(**options))])


def refused_field(error: str, **options: Any) -> RefusedOption:
    return RefusedOption(field(**options).models, error)


FIELD_OPTIONS: Options = {
    "null": field(null=True),
    "index": field(index=True),
    "unique": field(unique=True),
    "column_name": field(column_name="order"),
    "default": PYTHON,  # constants are defaults of the column as well: test_ddl_values.py
    "primary_key": field(primary_key=True),
    "constraints": field(constraints=[peewee.Check("one <> ''", "named"), peewee.Default("'a'")]),
    "sequence": refused_field(
        "Thing.one: sequence= is not supported: use AutoField, BigAutoField or IdentityField",
        sequence="numbers",
    ),
    "collation": field(collation='"C"'),
    "unindexed": refused_field("Thing.one: unindexed= is of SQLite: leave it out", unindexed=True),
    "choices": PYTHON,
    "help_text": PYTHON,
    "verbose_name": PYTHON,
    "index_type": field(index=True, index_type="HASH"),
    "db_column": field(db_column="order"),
    "_hidden": PYTHON,
}


def key(*arguments: Any, **options: Any) -> MadeOption:
    """A foreign key with an option."""
    declare = lambda: peewee.ForeignKeyField(*arguments, **{"backref": "+", **options})  # noqa: E731
    return MadeOption(lambda: [Parent, table("Thing", one=declare())])


def deferred() -> Models:
    thing = table("Thing", one=peewee.DeferredForeignKey("Afterwards", on_delete="CASCADE"))
    return [thing, table("Afterwards", of=peewee.ForeignKeyField(thing, null=True))]


FOREIGN_KEY_OPTIONS: Options = {
    "model": key(Parent),
    "field": key(Parent, field="name"),
    "backref": PYTHON,
    "on_delete": key(Parent, on_delete="SET NULL", null=True),
    "on_update": key(Parent, on_update="CASCADE"),
    "deferrable": key(Parent, deferrable="INITIALLY DEFERRED"),
    "_deferred": MadeOption(deferred),
    "rel_model": key(None, rel_model=Parent),
    "to_field": key(Parent, to_field="name"),
    "object_id_name": PYTHON,
    "lazy_load": PYTHON,
    "constraint_name": key(Parent, constraint_name="of the parent"),
    "related_name": PYTHON,
}


def index(*parts: Any, **options: Any) -> MadeOption:
    """A table with an index."""

    def declare() -> Models:
        thing = table("Thing", one=peewee.TextField(), two=peewee.IntegerField())
        found = [part(thing) if callable(part) else part for part in parts]
        thing.add_index(
            thing.index(
                *found,
                **{name: each(thing) if callable(each) else each for name, each in options.items()},
            )
        )
        return [thing]

    return MadeOption(declare)


def one(thing: Any) -> Any:
    return thing.one


INDEX_OPTIONS: Options = {
    "model": index(one),
    "fields": index(one, lambda thing: thing.two.desc(nulls="LAST")),
    "unique": index(one, unique=True),
    "safe": PYTHON,
    "where": index(one, where=lambda thing: (thing.two > 3) & (thing.one == "it's 100%")),
    "using": index(one, using="HASH"),
    "name": index(one, name="order"),
    "nulls_distinct": index(one, unique=True, nulls_distinct=False),
}

EXPRESSIONS: dict[str, MadeOption] = {
    "ascending": index(lambda thing: thing.one.asc()),
    "with a collation": index(lambda thing: peewee.Desc(thing.one, collation='"C"')),
    "SQL": index(peewee.SQL('lower("one") text_pattern_ops DESC'), name="lower"),
    "text": index("one DESC NULLS LAST"),
    "a function": index(lambda thing: peewee.fn.lower(thing.one), name="lower"),
    "a number": index(lambda thing: peewee.fn.coalesce(thing.two, 7), name="two"),
    "a partial unique one": index(one, unique=True, where=lambda thing: thing.two.is_null()),
    "an operator class": index(peewee.SQL('"one" varchar_pattern_ops'), name="classed"),
}


def meta(**options: Any) -> MadeOption:
    """A table with an option."""
    return MadeOption(
        lambda: [table("Thing", options, one=peewee.TextField(), two=peewee.IntegerField())]
    )


def refused_meta(error: str, **options: Any) -> RefusedOption:
    (option,) = options
    return RefusedOption(meta(**options).models, f"Thing Meta.{option}: {error}: leave it out")


TABLE_OPTIONS: Options = {
    "model": meta(),
    "database": PYTHON,
    "table_name": meta(table_name="order"),
    "indexes": meta(indexes=((("one", "two"), True), (("two",), False))),
    "primary_key": meta(primary_key=peewee.CompositeKey("two", "one")),
    "constraints": meta(
        constraints=[peewee.Check("two %% 2 = 0", "even"), peewee.SQL("UNIQUE (one)")]
    ),
    "schema": refused_meta("all tables are in the schema of the URL", schema="other"),
    "only_save_dirty": PYTHON,
    "depends_on": meta(depends_on=[Parent]),
    "options": refused_meta("options of a table are of SQLite", options={"tokenize": "x"}),
    "db_table": meta(db_table="order"),
    "table_function": meta(table_function=lambda model: f"the {model.__name__}"),
    "table_settings": refused_meta(
        "write storage parameters in a migration of your own",
        table_settings=["WITH (fillfactor=80)"],
    ),
    "without_rowid": refused_meta("it is of SQLite", without_rowid=True),
    "temporary": refused_meta("a migration can't make a temporary table", temporary=True),
    "strict_tables": refused_meta("it is of SQLite", strict_tables=True),
    "legacy_table_names": PYTHON,
}

OWN_PARAMETERS = {
    # What the type is made of: in FIELDS and in the cases of test_ddl_columns.py.
    *("max_length", "max_digits", "decimal_places", "generate_always"),
    *("field_class", "field_kwargs", "dimensions", "rel_model_name"),
    # What Python makes of values.
    *("adapt", "algorithm", "auto_round", "compression_level", "convert_values", "dumps"),
    *("enum_class", "formats", "loads", "rounding"),
    # A many-to-many field, which is refused or no column.
    *("prevent_unsaved", "through_model", "_is_backref"),
}
"""The parameters that only some classes of fields have."""
