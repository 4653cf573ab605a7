"""Accounts that are the same person's twice, as only other software can make them."""

from tests.doctor.checked_database import CheckedDatabase, run_doctor

INSERT = """
INSERT INTO "User" ("id", "email", "username", "password", "createdAt", "updatedAt")
SELECT id, email, username, 'x', now() - age * interval '1 day', now()
FROM (VALUES {rows}) AS made (id, email, username, age)
"""


def insert(checked: CheckedDatabase, *users: tuple[str, str, str]) -> None:
    rows = ", ".join(
        f"('{key}', '{email}', '{username}', {age})"
        for age, (key, email, username) in enumerate(users)
    )
    checked.run(INSERT.format(rows=rows))


def test_different_accounts_are_fine(checked: CheckedDatabase) -> None:
    insert(
        checked,
        ("one", "ss@example.org", "Ana"),
        ("two", "ß@example.org", "ana"),
        ("three", "admin@localhost", "admin"),
        ("four", "a@exämple.fr", "xn--"),
        ("five", "a@xn--invalid-.fr", "é"),
    )
    assert run_doctor(checked.url).one("accounts", "ok").details == ()


def test_the_same_address_in_another_case_and_form(checked: CheckedDatabase) -> None:
    insert(
        checked,
        ("alone", "alone@example.org", "alone"),
        ("newer", "Zoe\u0301@example.org", "a"),
        ("older", "ZO\u00c9@example.org", "b"),
        ("punycode", "ana@xn--exmple-cua.fr", "c"),
        ("unicode", "Ana@ex\u00e4mple.fr", "d"),
        ("dots", "bob@example\u3002org", "e"),
        ("plain", "bob@example.org", "f"),
    )
    run = run_doctor(checked.url)
    finding = run.one("accounts", "warning")
    assert finding.summary == (
        "6 accounts have the e-mail address of another one, but for its case or form."
    )
    assert finding.details == ("unicode", "punycode", "plain", "dots", "older")
    assert run.exit_code == 0


def test_the_same_username_in_another_normal_form(checked: CheckedDatabase) -> None:
    insert(checked, ("nfc", "a@example.org", "l\u00e9a"), ("nfd", "b@example.org", "le\u0301a"))
    finding = run_doctor(checked.url).one("accounts", "warning")
    assert finding.summary == (
        "2 accounts have the username of another one, but for its normal form."
    )
    assert finding.details == ("nfd", "nfc")


def test_a_database_without_accounts(checked: CheckedDatabase) -> None:
    checked.run('DROP TABLE "User" CASCADE')
    assert run_doctor(checked.url).of("accounts", "unknown")


def test_a_role_that_may_not_read_them(checked: CheckedDatabase, service: CheckedDatabase) -> None:
    assert run_doctor(service.url).of("accounts", "ok")
    ((role,),) = service.run("SELECT current_user")
    checked.run(f'REVOKE SELECT ON "User" FROM {role}')
    assert "lacks a privilege" in run_doctor(service.url).one("accounts", "unknown").summary
