"""Ctrl-C: the server stops at once, and the command says what was kept."""

import signal
import socket
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import triosigno_db as db
from tests.cli.running import Start, holding, until
from tests.plain_sql import run_plain
from tests.sampling import mostly_slow
from triosigno_db.packs import export_pack
from triosigno_db.testing.factories import make_module, make_user

READING = [
    ["users", "list"],
    ["users", "list", "--json"],
    ["users", "export", "lea"],
    ["content", "export", "{folder}/pack.json"],
    ["doctor", "--no-validate"],
]
NOTHING = "Nothing was changed."


@pytest.mark.parametrize("command", mostly_slow(READING, 1), ids=" ".join)
def test_a_command_that_reads_has_changed_nothing(
    triosigno_url: str, start: Start, tmp_path: Path, command: list[str]
) -> None:
    with holding(triosigno_url, 'LOCK TABLE "User", "Sign", "Progress" IN ACCESS EXCLUSIVE MODE'):
        running = start(triosigno_url, *(each.format(folder=tmp_path) for each in command))
        running.wait_until_active()
        assert running.interrupt() == (130, f"Interrupted. {NOTHING}\n")
    assert list(tmp_path.iterdir()) == []


def test_the_doctor_says_that_it_may_have_validated(triosigno_url: str, start: Start) -> None:
    with holding(triosigno_url, 'LOCK TABLE "User", "Progress" IN ACCESS EXCLUSIVE MODE'):
        doctor = start(triosigno_url, "doctor")
        doctor.wait_until_active()
        code, said = doctor.interrupt()
    assert (code, said) == (
        130,
        "Interrupted. Nothing was changed, except constraints that it has validated.\n",
    )


WRITING = [
    ["users", "create", "new@example.org", "new", "--password-stdin"],
    ["users", "set-password", "lea", "--password-stdin"],
    ["users", "deactivate", "lea"],
    ["users", "reactivate", "lea"],
    ["content", "import", "{pack}"],
    ["roles", "apply", "--owner={role}_owner", "--app={role}_app", "--reader={role}_reader"],
]


@pytest.mark.parametrize(
    "command", mostly_slow(WRITING, 2), ids=lambda command: " ".join(command[:2])
)
def test_a_command_that_writes_has_stored_nothing(
    triosigno_url: str, start: Start, tmp_path: Path, command: list[str]
) -> None:
    db.connect(triosigno_url)
    make_user(username="lea")
    make_module()
    pack, role = tmp_path / "pack.json", triosigno_url.rpartition("/")[2]
    export_pack(pack)
    db.disconnect()
    tables = '"User", "Sign", "Module"'
    before = rows_of(triosigno_url)
    with holding(triosigno_url, f"LOCK TABLE {tables} IN SHARE MODE"):
        arguments = [each.format(pack=pack, role=role) for each in command]
        running = start(triosigno_url, *arguments)
        assert running.process.stdin is not None
        running.process.stdin.write("another secret\n")
        running.process.stdin.flush()
        running.wait_until_active()
        assert running.interrupt() == (130, f"Interrupted. {NOTHING}\n")
    assert rows_of(triosigno_url) == before


def rows_of(url: str) -> list[Any]:
    return [
        *run_plain(url, 'SELECT * FROM "User" ORDER BY id'),
        *run_plain(url, "SELECT rolname FROM pg_roles ORDER BY 1"),
    ]


def test_sigterm_does_the_same(triosigno_url: str, start: Start) -> None:
    with holding(triosigno_url, 'LOCK TABLE "User" IN ACCESS EXCLUSIVE MODE'):
        running = start(triosigno_url, "users", "list")
        running.wait_until_active()
        assert running.interrupt(signal.SIGTERM) == (143, f"Interrupted. {NOTHING}\n")


def test_a_server_that_does_not_answer_is_waited_for_no_longer(start: Start) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"postgresql://a:b@127.0.0.1:{silent.getsockname()[1]}/c"
        for command in (["users", "list"], ["migrate", "deploy"], ["doctor"]):
            running = start(url, *command)
            connection, _ = silent.accept()
            with closing(connection):
                assert connection.recv(1)
                running.process.send_signal(signal.SIGINT)
                sent = time.monotonic()
                assert running.end() == (130, f"Interrupted. {NOTHING}\n")
                assert time.monotonic() - sent < 3


ADDED = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
import os, sys, time
from triosigno_db.cli import interruption
from triosigno_db.cli.app import app, run

@app.command()
def late():
    with interruption.writing("It was done."):
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000):
            pass
    print("never")

@app.command()
def afterwards():
    with interruption.writing("It was done."):
        pass
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)

@app.command()
def deaf():
    with interruption.writing("It was done."):
        print("begun", flush=True)
        time.sleep(60)

@app.command()
def asking():
    import typer
    print("begun", flush=True)
    typer.prompt("Go on?")

run()
"""


@pytest.mark.parametrize("command", ["late", "afterwards"])
def test_a_signal_that_comes_too_late_says_that_it_was_done(start: Start, command: str) -> None:
    assert start("", command, program=ADDED).end() == (130, "Interrupted. It was done.\n")


def test_a_second_signal_ends_the_command_at_once(start: Start) -> None:
    running = start("", "deaf", program=ADDED)
    assert running.process.stdout is not None
    assert running.process.stdout.readline() == "begun\n"
    running.process.send_signal(signal.SIGINT)
    until(lambda: running.process.send_signal(signal.SIGINT) or running.process.poll() is not None)
    assert running.end() == (-signal.SIGINT, "")


def test_a_question_is_left_without_an_answer(start: Start) -> None:
    running = start("", "asking", program=ADDED)
    assert running.process.stdout is not None
    assert running.process.stdout.readline() == "begun\n"
    running.process.send_signal(signal.SIGINT)
    code, said = running.end()
    assert code == 130
    assert said.endswith(f"Interrupted. {NOTHING}\n")
