"""Hiding variables of the environment, from several threads and over a fork."""

import os
import threading

import pytest

from triosigno_db.database.environment import hidden_variables

NAMES = ("TRIOSIGNO_TEST_ONE", "TRIOSIGNO_TEST_OTHER")


@pytest.fixture(autouse=True)
def _variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAMES[0], "1")
    monkeypatch.delenv(NAMES[1], raising=False)


def values() -> list[str | None]:
    return [os.environ.get(name) for name in NAMES]


def test_they_are_hidden_for_the_block() -> None:
    with hidden_variables(NAMES):
        assert values() == [None, None]
        with hidden_variables(NAMES):
            assert values() == [None, None]
        assert values() == [None, None]
    assert values() == ["1", None]


def test_they_come_back_after_an_error() -> None:
    with pytest.raises(KeyError), hidden_variables(NAMES):
        raise KeyError
    assert values() == ["1", None]


def test_what_was_set_in_the_meantime_is_kept() -> None:
    with hidden_variables(NAMES):
        os.environ[NAMES[0]] = "2"
        with hidden_variables(NAMES):
            assert values() == [None, None]
    assert values() == ["2", None]


def test_they_are_hidden_until_the_last_thread_leaves() -> None:
    entered, left = threading.Event(), threading.Event()

    def hide() -> None:
        with hidden_variables(NAMES):
            entered.set()
            left.wait(30)

    thread = threading.Thread(target=hide)
    thread.start()
    entered.wait(30)
    with hidden_variables(NAMES):
        assert values() == [None, None]
    assert values() == [None, None]
    left.set()
    thread.join()
    assert values() == ["1", None]


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
def test_a_forked_child_has_them() -> None:
    with hidden_variables(NAMES):
        process = os.fork()
        if process == 0:
            os._exit(0 if values() == ["1", None] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
