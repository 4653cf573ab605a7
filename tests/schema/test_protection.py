"""Which databases a test run may destroy."""

from typing import Any

import pytest

import triosigno_db as db
from triosigno_db.schema.protection import (
    TEST_RUN_VARIABLE,
    is_test_database,
    is_test_run,
    refuse_in_tests,
)
from triosigno_db.testing import DatabaseServer, plugin

SETTINGS = db.Settings.load("postgresql://someone:hidden@db.example.org/app")


def answering(name: str, throwaway: str | None) -> Any:
    return lambda _: [(name, throwaway)]


def test_the_plugin_protects_this_test_run() -> None:
    assert is_test_run()
    assert plugin._TEST_RUN_VARIABLE == TEST_RUN_VARIABLE


def test_the_plugins_names_are_known(triosigno_server: DatabaseServer) -> None:
    assert is_test_database(triosigno_server.new_name())
    for name in ("app", "triosigno", "triosigno_test", "triosigno_test_1", "test", ""):
        assert not is_test_database(name)


@pytest.mark.parametrize(
    ("name", "throwaway", "allowed"),
    [
        ("app", "on", ""),
        ("triosigno_test_0123456789ab_1", None, ""),
        ("app", None, "db.example.org:5432/app"),
        ("app", None, "localhost:5432/x db.example.org:5432/app"),
    ],
)
def test_what_was_made_for_tests_or_is_allowed_may_be_destroyed(
    name: str, throwaway: str | None, allowed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TEST_RUN_VARIABLE, allowed)
    refuse_in_tests(answering(name, throwaway), SETTINGS)


@pytest.mark.parametrize("throwaway", [None, "", "off"])
@pytest.mark.parametrize("allowed", ["", "db.example.org/app", "app", "db.example.org:5432/app2"])
def test_what_was_not_is_refused(
    throwaway: str | None, allowed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TEST_RUN_VARIABLE, allowed)
    with pytest.raises(db.ProtectedDatabaseError) as caught:
        refuse_in_tests(answering("app", throwaway), SETTINGS)
    assert str(caught.value).endswith("--triosigno-allow=db.example.org:5432/app")
    assert "hidden" not in str(caught.value)


def test_nothing_is_asked_outside_of_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TEST_RUN_VARIABLE)

    def fail(_: str) -> Any:
        raise AssertionError

    refuse_in_tests(fail, SETTINGS)
