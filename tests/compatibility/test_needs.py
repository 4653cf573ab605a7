"""What each function needs: what is shipped is what the functions send today."""

import pytest

from tests.compatibility.deriving import FILE, derive_needs, record_statements, to_text
from tests.promises.test_statements_sent import FUNCTIONS
from triosigno_db.compatibility.needs import Need, library_needs
from triosigno_db.testing import IsolatedDatabase


def test_the_shipped_needs_are_those_of_the_statements(
    triosigno_db: IsolatedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    derived = derive_needs(record_statements(monkeypatch), triosigno_db.url)
    assert to_text(derived) == FILE.read_text("utf-8"), "run `make needs`"


def test_every_function_has_its_needs() -> None:
    assert {need.function for need in library_needs().functions} == FUNCTIONS


def names(needs: tuple[Need, ...]) -> set[str]:
    return {need.function for need in needs}


def test_functions_are_found_by_what_they_need() -> None:
    needs = library_needs()
    assert "find_sign_by_name" in names(needs.using("Sign"))
    assert names(needs.using("User", "password")) == {
        "authenticate", "change_password", "create_user", "set_password",
    }  # fmt: skip
    assert names(needs.writing("User", ["role", "password"])) == {
        "change_password", "create_user", "set_password", "set_role",
    }  # fmt: skip
    assert names(needs.omitting("LearningSession", "score")) == {"start_session"}
    assert names(needs.deleting(["Sign", "Lesson"])) == {"delete_lesson", "delete_sign"}
    assert names(needs.sending("UserRole")) == {
        "count_users", "create_user", "list_users", "set_role",
    }  # fmt: skip
    assert "get_lesson" in names(needs.casting("DifficultyLevel"))
