"""Whatever a model says of its table gets into a migration, and out of it again."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.schema.options_of_peewee import EXPRESSIONS, MadeOption
from tests.schema.peewee_tables import LIBRARY, describe, make_by_library
from tests.schema.test_ddl_columns import COLUMNS
from tests.schema.test_ddl_tables import MADE
from tests.schema.what_models_say import FIELDS, BigParent, Made, Parent, model_with
from tests.server_features import has_nulls_not_distinct
from triosigno_db.database.execution import run_sql
from triosigno_db.database.transactions import transaction
from triosigno_db.migrator.autogenerate.script import write_script
from triosigno_db.models import BaseModel
from triosigno_db.schema.catalog import Catalog, compare, read_catalog, searching

Declare = Callable[[], Sequence[type[BaseModel]]]

NOTHING = Catalog({}, {})


def of_field(field: Callable[[], object]) -> Declare:
    return lambda: [Parent, BigParent, model_with(field())]  # type: ignore[arg-type]


def without_dimensions(schema: str) -> Sequence[Any]:
    """Describe a schema, but for the dimensions of arrays, which PostgreSQL notes and ignores."""
    columns, *others = describe(schema)
    return [[row[:7] + row[8:] for row in columns], *others]


CASES: dict[str, Declare] = {
    **{
        kind.__qualname__: of_field(each.field)
        for kind, each in FIELDS.items()
        if isinstance(each, Made)
    },
    **{f"column: {name}": of_field(field) for name, field in COLUMNS.items()},
    **{
        name: case.models
        for name, case in {**MADE, **EXPRESSIONS}.items()
        if isinstance(case, MadeOption)
    },
}

pytestmark = pytest.mark.filterwarnings("ignore:.*(deprecated|renamed).*:DeprecationWarning")


@pytest.mark.parametrize("case", CASES)
def test_a_migration_makes_and_drops_what_a_model_says(connected: str, case: str) -> None:
    if "nulls_distinct" in case and not has_nulls_not_distinct(connected):
        pytest.skip("this server has no NULLS NOT DISTINCT")
    make_by_library(*CASES[case]())
    made = read_catalog(LIBRARY)
    with transaction():
        run_sql("CREATE SCHEMA migrated")
        with searching("migrated"):
            run_sql(write_script(NOTHING, made))
    migrated = read_catalog("migrated")
    assert compare(made, migrated) == ()
    assert without_dimensions("migrated") == without_dimensions(LIBRARY)
    with transaction(), searching("migrated"):
        run_sql(write_script(made, NOTHING))
    assert read_catalog("migrated").is_empty
    relations = "SELECT relname FROM pg_class WHERE relnamespace = 'migrated'::regnamespace"
    assert run_sql(relations) == []
