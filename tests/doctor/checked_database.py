"""A database under the doctor's eyes, looked at as an operator does."""

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


class Patient:
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


class Seen:
    """What the command showed, its text and its JSON held against each other."""

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


def look(url: str, *options: str) -> Seen:
    """Run the command twice; whatever JSON tells of what is not well stands in the text too."""
    shown = _run("doctor", "--url", url, *options)
    told = _run("doctor", "--url", url, "--json", *options)
    assert shown.exit_code == told.exit_code
    assert "\x1b" not in shown.stdout
    document = json.loads(told.stdout)
    findings = [
        Finding(**{**each, "details": tuple(each["details"])}) for each in document["findings"]
    ]
    text = _without_numbers(shown.stdout)
    for finding in findings:
        lines = [finding.summary]
        if finding.level != "ok":
            lines += [*finding.details[:10], finding.advice]
        for line in lines:
            assert _without_numbers(line) in text
    return Seen(findings, told.exit_code, document)


def look_until(url: str, is_seen: Callable[[Seen], Any], *options: str) -> Seen:
    """Look again until something is seen that the server itself notices only after a moment."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        seen = look(url, *options)
        if is_seen(seen):
            return seen
        assert time.monotonic() < deadline, seen.findings


def wait_until(url: str, condition: str) -> None:
    """Wait until an SQL condition holds, seen from a connection of its own."""
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
