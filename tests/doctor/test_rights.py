"""Rights beyond what a service needs."""

import pytest

from tests.doctor.checked_database import CheckedDatabase, run_doctor


def role_of(checked: CheckedDatabase) -> str:
    ((role,),) = checked.run("SELECT current_user")
    return str(role)


def test_a_superuser_may_do_everything(checked: CheckedDatabase) -> None:
    assert run_doctor(checked.url).one("roles", "warning").details == ("is a superuser",)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("ALTER ROLE {} CREATEDB", "may create databases"),
        ("ALTER ROLE {} CREATEROLE", "may create roles"),
        ("ALTER ROLE {} REPLICATION", "may replicate"),
        ("ALTER ROLE {} BYPASSRLS", "bypasses row-level security"),
        ("GRANT pg_read_server_files TO {}", "is a member of pg_read_server_files"),
        ('ALTER TABLE "Sign" OWNER TO {}', "owns 1 table, and may drop them"),
        ("GRANT CREATE ON SCHEMA public TO {}", "may create objects in the schema"),
        ('GRANT TRUNCATE ON "Sign", "Module" TO {}', "may truncate 2 tables"),
        ('GRANT TRIGGER ON "Sign" TO {}', "may create triggers on 1 table"),
        ('GRANT SELECT ON "_prisma_migrations" TO {}', "may read the ledger of migrations"),
    ],
)
def test_each_right_is_told(
    checked: CheckedDatabase, service: CheckedDatabase, statement: str, told: str
) -> None:
    checked.run(statement.format(role_of(service)))
    try:
        assert run_doctor(service.url).one("roles", "warning").details == (told,)
    finally:
        checked.run('ALTER TABLE "Sign" OWNER TO postgres')
