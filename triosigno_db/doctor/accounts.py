"""Check the accounts: e-mail addresses and usernames that differ in case or form only."""

from collections.abc import Iterator

from triosigno_db.doctor.context import CheckContext
from triosigno_db.doctor.findings import Finding
from triosigno_db.doctor.rows import EXAMPLES
from triosigno_db.migrator.ledger import Ledger
from triosigno_db.migrator.session import Session
from triosigno_db.models import User
from triosigno_db.models.logins import EMAIL_KEY, USERNAME_KEY, email_key
from triosigno_db.records.emails import canonical_email

SUBJECT = "accounts"

_ADVICE = (
    "Let the person whose account it is choose one, and change the others with update_user(), or "
    "delete them. Until then a look-up prefers the same text, then the oldest account, and a "
    "login compares the password of each."
)
# The SQL expression does not know punycode and the other forms of a domain.
_OTHER_FORMS = f"""
SELECT "id", "email" FROM {{table}}
WHERE octet_length("email") > char_length("email") OR {EMAIL_KEY} LIKE '%@%xn--%'
"""  # noqa: S608 (a constant of the models)
_SAME_EMAIL = f"""
SELECT "id", "createdAt", coalesce("canonical"."key", {EMAIL_KEY}) AS "key"
FROM {{table}} LEFT JOIN unnest(%(ids)s::text[], %(keys)s::text[]) AS "canonical"("of", "key")
ON "of" = "id"
"""  # noqa: S608 (a constant of the models)
_SAME_USERNAME = f'SELECT "id", "createdAt", {USERNAME_KEY} AS "key" FROM {{table}}'  # noqa: S608
_SHARED = """
SELECT count(*), (array_agg("id" ORDER BY "key", "createdAt", "id"))[:{examples}]
FROM (SELECT *, count(*) OVER (PARTITION BY "key") AS "number" FROM ({keys}) AS "keys") AS "counted"
WHERE "number" > 1
"""


def check_accounts(context: CheckContext) -> Iterator[Finding]:
    """Find accounts whose login differs from that of another in case or form only.

    Args:
        context: The context of the checks.

    Yields:
        The findings.
    """
    with context.reading() as session:
        if User._meta.table_name not in Ledger(session).other_tables():
            yield Finding(SUBJECT, "unknown", "There is no table of accounts.")
            return
        # Every account is read.
        session.run("SET LOCAL statement_timeout = 0")
        forms = _canonical_keys(session)
        by_email = _shared(session, _SAME_EMAIL, ids=[*forms], keys=[*forms.values()])
        by_username = _shared(session, _SAME_USERNAME)
    if by_email:
        yield _report("e-mail address", "case or form", *by_email)
    if by_username:
        yield _report("username", "normal form", *by_username)
    if not (by_email or by_username):
        yield Finding(SUBJECT, "ok", "No two accounts have the same e-mail address or username.")


def _canonical_keys(session: Session) -> dict[str, str]:
    keys: dict[str, str] = {}
    for user_id, email in session.run(_OTHER_FORMS.format(table=_table(session))):
        try:
            keys[user_id] = email_key(canonical_email(email))
        except ValueError:
            continue  # the text is no address, and has no other form
    return keys


def _shared(
    session: Session, select_keys: str, **parameters: object
) -> tuple[int, list[str]] | None:
    table = _table(session).replace("%", "%%") if parameters else _table(session)
    sql = _SHARED.format(examples=EXAMPLES, keys=select_keys.format(table=table))
    ((number, ids),) = session.run(sql, **parameters)
    return (number, ids) if number else None


def _table(session: Session) -> str:
    return session.table(User._meta.table_name)


def _report(what: str, differing: str, number: int, ids: list[str]) -> Finding:
    return Finding(
        SUBJECT,
        "warning",
        f"{number:,} accounts have the {what} of another one, but for its {differing}.",
        _ADVICE,
        tuple(ids),
    )
