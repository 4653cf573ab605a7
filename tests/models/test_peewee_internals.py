"""That the installed Peewee has everything that the library uses of it beyond its interface."""

import ast
from pathlib import Path

import peewee
import pytest
from playhouse.postgres_ext import ArrayField

import triosigno_db
from triosigno_db.models import Sign, User
from triosigno_db.models.peewee_internals import (
    PRIVATE_NAMES,
    column_type,
    element_field,
    has_generated_name,
    index_parts,
    is_backref,
    is_read_from_database,
    locks_rows,
    rename_index,
    render,
    updated_values,
)

DATABASE = peewee.PostgresqlDatabase("none")
OWNERS = {
    "module": peewee,
    "_ConnectionLocal()": peewee._ConnectionLocal(),
    "PostgresqlDatabase": peewee.PostgresqlDatabase,
    "PostgresqlDatabase()": DATABASE,
    "ArrayField()": ArrayField(),
    "ManyToManyField()": peewee.ManyToManyField(User),
    "ModelIndex()": peewee.ModelIndex(User, [User.email]),
    "Index()": User._meta.fields_to_index()[0],
    "Select()": Sign.select(),
    "Update()": Sign.update(name="x"),
}
PACKAGE = Path(triosigno_db.__file__).parent


@pytest.mark.parametrize(
    ("owner", "name"), [(owner, name) for owner, names in PRIVATE_NAMES.items() for name in names]
)
def test_peewee_has(owner: str, name: str) -> None:
    assert hasattr(OWNERS[owner], name), f"Peewee {peewee.__version__} lacks {owner}.{name}"


def test_a_thread_s_state_is_all_that_a_fork_has_to_replace() -> None:
    """A lock or a thread's state that a release adds would be inherited locked by a child."""
    lock = type(DATABASE._lock)
    found = {
        name
        for name, value in vars(DATABASE).items()
        if isinstance(value, lock | peewee._ConnectionLocal)
    }
    assert found == {"_lock", "_state"}


def test_a_row_that_was_read_is_known_by_what_the_constructor_gets() -> None:
    assert is_read_from_database({"__no_default__": 1})
    assert not is_read_from_database({"name": "x"})


def test_what_queries_and_indexes_hold() -> None:
    assert locks_rows(Sign.select().for_update())
    assert not locks_rows(Sign.select())
    assert updated_values(Sign.update(name="x"))[Sign.name] == "x"
    unique = index_parts(next(each for each in User._meta.fields_to_index() if each._unique))
    assert unique == ("User_email_key", True, (User.email,), None, None, None)


def test_whether_the_model_or_peewee_has_named_an_index() -> None:
    generated = peewee.ModelIndex(User, [User.email, User.id])
    assert has_generated_name(generated)
    renamed = rename_index(generated, "another")
    assert (generated._name, renamed._name) == ("user_email_id", "another")
    assert not has_generated_name(renamed)
    assert not has_generated_name(peewee.ModelIndex(User, [peewee.SQL("1")], name="one"))
    assert not has_generated_name(peewee.SQL("CREATE INDEX a ON b (c)"))


def test_what_fields_and_nodes_are_written_as() -> None:
    of_texts = ArrayField(peewee.CharField, {"max_length": 4}, dimensions=2)
    assert column_type(of_texts) == "VARCHAR(4)[][]"
    assert column_type(element_field(of_texts)) == "VARCHAR(4)"
    assert element_field(User.email) is User.email
    assert column_type(peewee.BareField()) == ""
    assert render(User.email == "a") == ('("email" = %s)', ["a"])
    assert not is_backref(peewee.ManyToManyField(User))


def test_no_other_module_touches_what_is_private_in_peewee() -> None:
    private = {
        name for names in PRIVATE_NAMES.values() for name in names if name.startswith("_")
    } | {"__no_default__"}
    found = [
        f"{path.relative_to(PACKAGE)}:{node.lineno} {node.attr}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name != "peewee_internals.py"
        for node in _foreign_attributes(path.read_text(encoding="utf-8"))
        if node.attr in private
    ]
    assert found == []


def _foreign_attributes(source: str) -> list[ast.Attribute]:
    """List the attributes that may be Peewee's; `self` is one of its classes in some modules."""
    is_derived = "peewee_internals" in source
    attributes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)]
    return [
        node
        for node in attributes
        if is_derived or not (isinstance(node.value, ast.Name) and node.value.id == "self")
    ]
