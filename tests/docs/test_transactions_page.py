"""The page on transactions: it lists every function that calls at the same time concern."""

import re
from pathlib import Path

import pytest

import triosigno_db as db
from tests.docs.pages import ROOT
from tests.promises.test_statements_sent import FUNCTIONS, ONE, SEVERAL, ids
from triosigno_db import packs
from triosigno_db.testing import IsolatedDatabase, counting_statements

__all__ = ["ids"]

PAGE = (ROOT / "docs/explanation/transactions.md").read_text(encoding="utf-8")
RACES = "".join(
    path.read_text(encoding="utf-8")
    for path in sorted(Path(ROOT, "tests/promises").glob("test_races_*.py"))
)
ONLY_READS = ("count_", "export_", "find_", "get_", "list_", "search_")


def rows_of(title: str) -> dict[str, list[str]]:
    """Read the table under a title: the cells after the first one, by each function in that."""
    section = PAGE.partition(f"### {title}\n")[2].partition("\n### ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:3] == "| `"]
    return {name: cells for first, *cells in rows for name in re.findall(r"`([\w.]+)`", first)}


LOCKING = rows_of("Functions that send several statements")
DECIDING = rows_of("Functions that decide by what they read, in one statement")


def test_the_functions_are_those_of_the_package() -> None:
    assert {name for name in {*LOCKING, *DECIDING} if "." not in name} <= {*db.__all__}
    named = {name.removeprefix("packs.") for name in LOCKING if name.startswith("packs.")}
    assert named <= {*packs.__all__}
    assert LOCKING.keys() & DECIDING.keys() == set()


def test_every_function_that_writes_is_listed() -> None:
    writing = {name for name in FUNCTIONS if not name.startswith(ONLY_READS)}
    assert writing - {*LOCKING, *DECIDING} == set()


@pytest.mark.parametrize("name", sorted({*ONE, *SEVERAL}))
@pytest.mark.usefixtures("triosigno_db")
def test_the_number_of_statements_is_as_listed(ids: dict[str, str], name: str) -> None:
    call = ONE.get(name) or SEVERAL[name][1]
    if name == "revoke_achievement":
        db.award_achievement(ids["user"], "first")
        call = lambda ids: db.revoke_achievement(ids["user"], "first")  # noqa: E731
    elif name == "delete_sign":
        call = lambda ids: db.delete_sign(ids["other_sign"])  # noqa: E731
    with counting_statements() as sent:
        call(ids)
    if name in LOCKING:
        assert LOCKING[name][0].startswith(str(len(sent)))
    else:
        assert len(sent) == 1


def test_a_second_statement_is_sent_where_the_page_says_so(
    triosigno_db: IsolatedDatabase, ids: dict[str, str]
) -> None:
    def attempt() -> object:
        return db.record_attempt(ids["user"], ids["sign"], is_correct=True, idempotency_key="k")

    attempt()
    attempts = [db.Attempt(sign_id=ids["sign"], is_correct=True)]
    db.connect(triosigno_db.url, password_cost=5)
    db.set_password(ids["user"], "old")
    db.connect(triosigno_db.url, password_cost=6)
    second = {
        "record_attempt": attempt,
        "complete_session": lambda: db.complete_session(
            ids["session"], score=1, xp_earned=1, attempts=attempts
        ),
        "authenticate": lambda: db.authenticate(ids["username"], "old"),
    }
    assert {*second} == {name for name, (number, *_) in LOCKING.items() if number == "1 or 2"}
    for name, call in second.items():
        with counting_statements() as sent:
            call()
        assert (name, len(sent)) == (name, 2)


def test_the_statements_of_an_export_are_counted(
    triosigno_db: IsolatedDatabase, tmp_path: Path
) -> None:
    with counting_statements() as sent:
        packs.export_pack(tmp_path / "pack.json")
    assert LOCKING["packs.export_pack"][0] == str(len(sent))


@pytest.mark.parametrize("name", sorted({*LOCKING, *DECIDING}))
def test_every_function_has_a_race(name: str) -> None:
    name = name.removeprefix("packs.")
    factory = name.replace("create_", "make_")
    assert re.search(rf"\b({name}|{factory})\b", RACES)
