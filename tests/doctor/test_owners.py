"""Objects of other roles, and a ledger that runs code."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.doctor.checked_database import CheckedDatabase, run_doctor
from triosigno_db.doctor.owners import MOST_LISTED


@pytest.fixture
def neighbour(checked: CheckedDatabase) -> Iterator[str]:
    """A role that may create objects in the schema."""
    role = f"neighbour_{uuid4().hex}"
    checked.run(f"CREATE ROLE {role}; GRANT CREATE ON SCHEMA public TO {role}")
    yield role
    checked.run(f"RESET ROLE; DROP OWNED BY {role} CASCADE; DROP ROLE {role}")


def test_nobody_else_owns_anything(checked: CheckedDatabase, service: CheckedDatabase) -> None:
    for url in (checked.url, service.url):
        summary = run_doctor(url).one("owners", "ok").summary
        assert summary == "No other role owns anything in the schemas public and triosigno_db."


def test_objects_of_another_role_are_told(checked: CheckedDatabase, neighbour: str) -> None:
    checked.run(
        f"SET ROLE {neighbour}; CREATE TABLE planted ();"
        "CREATE FUNCTION format(text, name) RETURNS text LANGUAGE sql AS 'SELECT $1'; RESET ROLE"
    )
    finding = run_doctor(checked.url).one("owners", "warning")
    where = "in the schemas public and triosigno_db"
    assert finding.summary == f"2 objects belong {where} to {neighbour}."
    assert finding.details == (
        f"function public.format(pg_catalog.text,pg_catalog.name), of {neighbour}",
        f"table public.planted, of {neighbour}",
    )


def test_many_objects_are_counted(checked: CheckedDatabase, neighbour: str) -> None:
    tables = ";".join(f"CREATE TABLE planted_{number:02} ()" for number in range(MOST_LISTED + 2))
    checked.run(f"SET ROLE {neighbour}; {tables}; RESET ROLE")
    details = run_doctor(checked.url).one("owners", "warning").details
    assert len(details) == MOST_LISTED + 1
    assert details[-1] == "and 2 more"


def test_a_ledger_with_a_trigger_is_an_error(checked: CheckedDatabase) -> None:
    checked.run(
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        'CREATE TRIGGER t BEFORE INSERT ON "_prisma_migrations" FOR EACH ROW EXECUTE FUNCTION f()'
    )
    run = run_doctor(checked.url)
    assert run.one("owners", "error").details == ("it has triggers: drop them.",)
    assert "is not safe to use" in run.one("history", "error").summary


def test_a_ledger_that_is_a_view_is_not_read(checked: CheckedDatabase) -> None:
    checked.run(
        "ALTER TABLE _prisma_migrations RENAME TO other;"
        "CREATE FUNCTION boom() RETURNS int LANGUAGE plpgsql AS $$BEGIN RAISE 'it ran'; END$$;"
        "CREATE VIEW _prisma_migrations AS SELECT *, boom() FROM other"
    )
    run = run_doctor(checked.url)
    assert "it ran" not in str(run.findings)
    assert "it is not a plain table: rename or drop it." in run.one("owners", "error").details


def test_a_constraint_of_a_table_of_another_role_is_not_validated(
    checked: CheckedDatabase, neighbour: str
) -> None:
    checked.run(f'ALTER TABLE "Module" OWNER TO {neighbour}')
    details = run_doctor(checked.url).one("rows", "warning").details
    assert details == ("Module_order_check",)
