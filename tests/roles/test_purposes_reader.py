"""The reader's role: everything may be read but passwords, and nothing is written."""

import pytest

import triosigno_db as db
from tests.plain_sql import count_rows, run_plain
from tests.promises.test_statements_sent import Call, Ids, ids
from tests.roles.logins import url_as
from tests.roles.test_purposes_application import CALLS, DENIED
from triosigno_db.database.execution import run_sql
from triosigno_db.models import MODELS
from triosigno_db.roles import RoleNames
from triosigno_db.testing import IsolatedDatabase

__all__ = ["ids"]

READS = tuple(
    name
    for name in CALLS
    if name.startswith(("count_", "export_", "find_", "get_", "list_", "search_"))
)
OTHERS: dict[str, Call] = {
    **{name: call for name, call in CALLS.items() if name not in READS},
    # Without a change it reads.
    "update_module": lambda ids: db.update_module(ids["module"], db.ModuleChanges(title="new")),
}
COLUMNS = [
    (model._meta.table_name, column)
    for model in MODELS
    for column in model._meta.columns
    if column not in model._meta.secret
]


@pytest.fixture
def reading(ids: Ids, admin_url: str, names: RoleNames) -> Ids:
    """The library, connected as the reader to a database with rows."""
    db.connect(url_as(admin_url, names.reader), password_cost=4)
    return ids


def test_every_function_that_reads_works(reading: Ids) -> None:
    for name in READS:
        try:
            CALLS[name](reading)
        except Exception as error:
            error.add_note(name)
            raise


def test_every_other_function_is_refused(reading: Ids, triosigno_db: IsolatedDatabase) -> None:
    before = count_rows(triosigno_db.url)
    codes = {}
    for name, call in OTHERS.items():
        try:
            call(reading)
        except db.TrioSignoDBError as error:
            codes[name] = error.prisma_code
    assert codes == dict.fromkeys(OTHERS, DENIED)
    assert count_rows(triosigno_db.url) == before


def test_every_column_but_the_password_is_read(reading: Ids) -> None:
    for table, column in COLUMNS:
        run_sql(f'SELECT "{column}" FROM "{table}"')
    assert len(run_sql('SELECT count(*) FROM "User"')) == 1


@pytest.mark.parametrize(
    "statement",
    [
        'SELECT password FROM "User"',
        'SELECT * FROM "User"',
        'SELECT "User" FROM "User"',
        'SELECT to_jsonb("User") FROM "User"',
        "SELECT id FROM \"User\" WHERE password LIKE '$2b$%'",
        'SELECT id FROM "User" ORDER BY password',
        'COPY "User" TO STDOUT',
        'TABLE "User"',
        'UPDATE "User" SET "firstName" = password',
        'SELECT count(*) FROM "_prisma_migrations"',
        'SELECT id FROM "User" FOR SHARE',
        "CREATE TABLE mine ()",
        "CREATE TEMPORARY TABLE mine ()",
    ],
)
def test_the_password_is_out_of_reach(reading: Ids, statement: str) -> None:
    with pytest.raises(db.TrioSignoDBError) as caught:
        run_sql(statement)
    assert caught.value.prisma_code == DENIED


def test_statistics_do_not_tell_either(reading: Ids, admin_url: str) -> None:
    run_plain(admin_url, 'ANALYZE "User"')
    columns = run_sql("SELECT attname FROM pg_stats WHERE tablename = 'User'")
    assert ("username",) in columns
    assert ("password",) not in columns
