"""Making the roles: by the script and by the library, on any database, as often as one likes."""

import pytest

import triosigno_db as db
from tests.plain_sql import run_plain
from tests.processes import run_process
from tests.programs import find_program
from tests.roles.logins import DUMP, PASSWORD, url_as
from tests.roles.test_purposes_application import UndoneError, undo
from triosigno_db import migrator
from triosigno_db.database.execution import run_sql
from triosigno_db.roles import Deviation, RoleNames, apply_roles, check_roles, role_script
from triosigno_db.testing import IsolatedDatabase


@pytest.mark.skipif(find_program("psql") is None, reason="there is no psql here")
def test_psql_runs_the_script_as_the_library_does(admin_url: str, names: RoleNames) -> None:
    before = run_plain(admin_url, DUMP)
    run_plain(admin_url, 'GRANT ALL ON "User" TO PUBLIC; GRANT CREATE ON SCHEMA public TO PUBLIC')
    assert run_plain(admin_url, DUMP) != before
    ended = run_process(
        ["psql", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--dbname", admin_url],
        input=role_script(names), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "DO\n", "")
    assert run_plain(admin_url, DUMP) == before


def test_a_database_that_somebody_else_made_is_handed_over(
    triosigno_db: IsolatedDatabase, triosigno_url: str, names: RoleNames
) -> None:
    db.connect(triosigno_url)
    assert {each.deviation for each in check_roles(names)} == {*Deviation}
    assert apply_roles(names) == ()
    owners = run_sql(
        "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class"
        " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    assert owners == [(names.owner,)]
    db.connect(url_as(triosigno_url, names.owner))
    db.drop_schema(accept_data_loss=True)


def test_the_owner_undoes_and_applies_the_whole_history(admin_url: str, names: RoleNames) -> None:
    db.connect(url_as(admin_url, names.owner))
    steps = len(migrator.status().migrations)
    assert len(migrator.rollback(steps=steps)) == steps
    assert len(migrator.deploy()) == steps
    db.create_schema()  # it would tell what is different
    # What is new in the schema is the application's again; the reader waits for the next run.
    findings = check_roles(names)
    assert {each.deviation for each in findings} == {Deviation.LACK}
    assert {each.role for each in findings if "triosigno_db" not in each.target} == {names.reader}
    db.connect(url_as(admin_url, names.reader))
    with pytest.raises(db.TrioSignoDBError):
        run_sql('SELECT password FROM "User"')


def test_before_the_second_run_nothing_is_open_that_should_not_be(
    empty_url: str, names: RoleNames, migrated: str
) -> None:
    db.connect(empty_url)
    assert apply_roles(names) == ()
    db.connect(url_as(empty_url, names.owner))
    migrator.deploy()
    findings = check_roles(names)
    assert {each.role for each in findings} == {names.application, names.reader}
    assert {each.deviation for each in findings} == {Deviation.LACK}


def test_another_schema_has_roles_of_its_own(
    empty_url: str, names: RoleNames, migrated: str
) -> None:
    other = f"{empty_url}?schema=l'%22autre%22"
    db.connect(other)
    apply_roles(names)
    db.connect(url_as(empty_url, names.owner) + "?schema=l'%22autre%22")
    migrator.deploy()
    db.connect(other)
    assert apply_roles(names) == ()
    db.connect(url_as(empty_url, names.application) + "?schema=l'%22autre%22")
    db.create_category(db.NewCategory(name="Politesse", description=""))
    db.connect(url_as(empty_url, names.reader) + "?schema=l'%22autre%22")
    assert [each.name for each in db.list_categories().items] == ["Politesse"]


@pytest.mark.parametrize("schema", ["public", "other"])
def test_the_script_satisfies_its_check_where_everybody_may_create_objects(
    empty_url: str, names: RoleNames, schema: str
) -> None:
    """As everybody may up to PostgreSQL 14."""
    run_plain(empty_url, "GRANT CREATE ON SCHEMA public TO PUBLIC")
    db.connect(empty_url, schema_name=schema)
    assert apply_roles(names) == ()
    db.create_schema()
    assert apply_roles(names) == ()


def test_a_reader_creates_no_large_object_and_blocks_no_deployment(
    admin_url: str, names: RoleNames
) -> None:
    for role, may in ((names.owner, True), (names.application, True), (names.reader, False)):
        db.connect(url_as(admin_url, role))
        if may:
            run_sql("SELECT pg_advisory_lock(72707369), pg_advisory_unlock(72707369)")
        else:
            with pytest.raises(db.PermissionDeniedError):
                run_sql("SELECT pg_advisory_lock(72707369)")
    for role in (names.application, names.reader):
        db.connect(url_as(admin_url, role))
        for creation in ("lo_create(0)", "lo_creat(-1)", "lo_from_bytea(0, 'a')"):
            with pytest.raises(db.PermissionDeniedError):
                run_sql(f"SELECT {creation}")
    db.connect(url_as(admin_url, names.owner))
    assert migrator.deploy() == ()


def test_functions_that_somebody_put_in_the_way_are_not_called(
    empty_url: str, names: RoleNames
) -> None:
    run_plain(
        empty_url,
        "CREATE FUNCTION format(text, name, name) RETURNS text LANGUAGE sql AS"
        " $$SELECT 'ALTER ROLE postgres CREATEROLE NOT A STATEMENT'$$;"
        "CREATE FUNCTION pg_has_role(name, text) RETURNS bool LANGUAGE sql AS 'SELECT 1 / 0 = 1'",
    )
    db.connect(empty_url)
    with db.transaction():
        before = run_sql("SHOW search_path")
        assert apply_roles(names) == ()
        assert run_sql("SHOW search_path") == before


def test_roles_are_made_without_a_password(admin_url: str, names: RoleNames) -> None:
    assert PASSWORD not in role_script(names)
    own = RoleNames(*(f"{name} 3" for name in names))
    db.connect(admin_url)
    with pytest.raises(UndoneError), db.transaction():
        apply_roles(own)
        made = run_sql(
            "SELECT rolcanlogin, rolpassword FROM pg_authid WHERE rolname = ANY (%(own)s)",
            own=list(own),
        )
        undo()
    assert made == [(True, None)] * 3


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (RoleNames(owner=""), "owner"),
        (RoleNames(owner="a\0b"), "owner"),
        (RoleNames(application="\ud800"), "application"),
        (RoleNames(application="pg_mine"), "application"),
        (RoleNames(reader="public"), "reader"),
        (RoleNames(reader="é" * 32), "reader"),
        (RoleNames(reader=5), "reader"),  # type: ignore[arg-type]
        (RoleNames(owner="one", reader="one"), "names"),
    ],
)
def test_a_name_that_can_not_be_is_refused(wrong: RoleNames, field: str) -> None:
    for use in (role_script, check_roles, apply_roles):
        with pytest.raises(db.InvalidInputError) as caught:
            use(wrong)
        assert caught.value.field == field


def test_a_schema_s_name_is_checked_too() -> None:
    with pytest.raises(db.InvalidInputError) as caught:
        role_script(schema_name="")
    assert caught.value.field == "schema_name"
