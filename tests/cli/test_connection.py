"""The connection of a command: there for its length, and closed however it ends."""

import pytest

import triosigno_db as db
from triosigno_db.cli.connection import connected


def test_a_command_is_connected_for_its_length(triosigno_url: str) -> None:
    with connected(triosigno_url):
        assert db.count_users() == 0
    with pytest.raises(db.NotConnectedError):
        db.count_users()


def test_without_a_url_the_environment_s_is_taken(
    triosigno_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", triosigno_url)
    with connected(None):
        assert db.count_users() == 0


def test_a_failed_command_is_disconnected(triosigno_url: str) -> None:
    with pytest.raises(ZeroDivisionError), connected(triosigno_url):
        1 / 0  # noqa: B018
    with pytest.raises(db.NotConnectedError):
        db.count_users()
