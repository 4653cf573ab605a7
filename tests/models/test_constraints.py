"""What each constraint speaks about: all of the database's are known, by the models' names."""

import peewee
import pytest

from tests.plain_sql import run_plain
from triosigno_db.models import CONSTRAINT_TARGETS, MODELS, BaseModel
from triosigno_db.models.constraints import ConstraintTarget, constraint_targets
from triosigno_db.testing import IsolatedDatabase

IN_THE_DATABASE = """
SELECT conname FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
WHERE c.connamespace = 'public'::regnamespace AND contype IN ('f', 'c')
    AND t.relname = ANY(%(tables)s)
UNION
SELECT i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
    JOIN pg_class t ON t.oid = x.indrelid
WHERE t.relnamespace = 'public'::regnamespace AND indisunique AND NOT indisprimary
    AND t.relname = ANY(%(tables)s)
"""


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("User_email_key", ("User", "email")),
        ("User_username_key", ("User", "username")),
        ("SignCategory_name_key", ("SignCategory", "name")),
        ("Lesson_moduleId_fkey", ("Module", "module_id")),
        ("Progress_userId_fkey", ("User", "user_id")),
        ("Progress_userId_signId_key", ("Progress", "user_id, sign_id")),
        ("Progress_masteryLevel_check", ("Progress", "mastery_level")),
        ("Progress.masteryLevel", ("Progress", "mastery_level")),
        ("Sign.categoryId", ("Sign", "category_id")),
    ],
)
def test_a_constraint_names_the_entity_and_the_attribute(
    name: str, target: tuple[str, str]
) -> None:
    assert CONSTRAINT_TARGETS[name] == ConstraintTarget(*target)


def test_every_constraint_of_the_database_is_known(triosigno_db: IsolatedDatabase) -> None:
    tables = [model._meta.table_name for model in MODELS]
    stored = {name for (name,) in run_plain(triosigno_db.url, IN_THE_DATABASE, {"tables": tables})}
    # A NOT NULL has no name: it is known by its table and column.
    assert stored == {name for name in CONSTRAINT_TARGETS if "." not in name}


def test_every_attribute_is_one_of_its_model() -> None:
    for model in MODELS:
        attributes = {field.name for field in model._meta.sorted_fields}
        attributes |= {field.object_id_name for field in model._meta.refs}
        for name, target in constraint_targets([model]).items():
            # A check may be on several columns: then it is named by what it is about.
            if not name.endswith("_check"):
                assert {*target.field.split(", ")} <= attributes, name


def test_a_unique_index_on_an_expression_names_its_columns_or_itself() -> None:
    class Thing(BaseModel):
        one = peewee.TextField()
        two = peewee.TextField()

    Thing.add_index(peewee.fn.lower(Thing.one), Thing.two, unique=True, name="both")
    Thing.add_index(peewee.fn.lower(Thing.one), unique=True, name="folded")
    targets = constraint_targets([Thing])
    assert targets["both"] == ConstraintTarget("Thing", "two")
    assert targets["folded"] == ConstraintTarget("Thing", "folded")
