"""The database for work on the models has the history, and ends with its program."""

import signal
import subprocess
import sys

import psycopg2
import pytest

import triosigno_db as db
from tests.docs.pages import ROOT
from tests.processes import Process
from triosigno_db.migrator import status


def test_it_has_the_history_and_leaves_nothing_behind() -> None:
    command = [sys.executable, "-m", "tools.start_database"]
    with Process(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout
        name, _, url = program.stdout.readline().strip().partition("=")
        assert name == "export DATABASE_URL"
        db.connect(url)
        assert status().exit_code == 0
        db.disconnect()
        program.send_signal(signal.SIGINT)
        assert program.wait(timeout=60) == 0
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(url)
