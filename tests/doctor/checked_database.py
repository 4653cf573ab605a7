"""A database that the doctor checks, and the doctor run as an operator runs it."""

import json
import re
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import psycopg2
from typer.testing import CliRunner

from triosigno_db.cli.app import app
from triosigno_db.doctor import Finding

DEADLINE_SECONDS = 30.0
ATTEMPTS = 3


class CheckedDatabase:
    """A database.

    Args:
        url: How to reach it.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection: psycopg2.extensions.connection | None = None

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Run statements, each on its own where it is alone."""
        if self._connection is None:
            self._connection = psycopg2.connect(self.url)
            self._connection.autocommit = True
        with self._connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def leave(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def as_role(self, role: str, password: str) -> str:
        """Give the URL with another login."""
        parts = urlsplit(self.url)
        return self.url.replace(f"{parts.username}:{parts.password}@", f"{role}:{password}@")


class DoctorRun:
    """What the command printed, with its text compared to its JSON."""

    def __init__(self, findings: list[Finding], exit_code: int, document: dict[str, Any]) -> None:
        self.findings = findings
        self.exit_code = exit_code
        self.document = document

    def levels(self) -> dict[str, set[str]]:
        """Give the levels of each subject."""
        levels: dict[str, set[str]] = {}
        for finding in self.findings:
            levels.setdefault(finding.subject, set()).add(finding.level)
        return levels

    def of(self, subject: str, level: str) -> list[Finding]:
        """Give the findings of a subject and a level."""
        return [each for each in self.findings if (each.subject, each.level) == (subject, level)]

    def one(self, subject: str, level: str) -> Finding:
        """Give the only one of a subject and a level."""
        (finding,) = self.of(subject, level)
        return finding


def run_doctor(url: str, *options: str) -> DoctorRun:
    """Run the command for text and for JSON; all that JSON reports stands in the text too."""
    for _ in range(ATTEMPTS):
        text = _run("doctor", "--url", url, *options)
        assert "\x1b" not in text.stdout
        written = _run("doctor", "--url", url, "--json", *options)
        document = json.loads(written.stdout)
        findings = [
            Finding(**{**each, "details": tuple(each["details"])}) for each in document["findings"]
        ]
        missing = _missing_lines(findings, _without_numbers(text.stdout))
        # Statistics that the server flushes between the two runs change what is found.
        if not missing and text.exit_code == written.exit_code:
            break
    assert missing == []
    assert text.exit_code == written.exit_code
    return DoctorRun(findings, written.exit_code, document)


def _missing_lines(findings: list[Finding], text: str) -> list[str]:
    lines: list[str] = []
    for finding in findings:
        lines.append(finding.summary)
        if finding.level != "ok":
            lines += [*finding.details[:10], finding.advice]
    return [line for line in lines if _without_numbers(line) not in text]


def run_doctor_until(url: str, is_found: Callable[[DoctorRun], Any], *options: str) -> DoctorRun:
    """Run the doctor again until it finds what the server reports with a delay."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        run = run_doctor(url, *options)
        if is_found(run):
            return run
        assert time.monotonic() < deadline, run.findings


def wait_until(url: str, condition: str) -> None:
    """Wait until an SQL condition holds, asked on a connection of its own."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            while True:
                cursor.execute(f"SELECT {condition}")
                if cursor.fetchone() == (True,):
                    return
                assert time.monotonic() < deadline, condition


def _run(*arguments: str) -> Any:
    ended = CliRunner().invoke(app, arguments, env={"COLUMNS": "1000"})
    assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
    return ended


def _without_numbers(text: str) -> str:
    # Ages differ between the two runs.
    return re.sub(r"[\d.,]+", "#", text)
