"""The audit tells a vulnerability from a service that gives no answer."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.package.environments import PROJECT
from tools.audit_dependencies import (
    NOT_FOR_USERS,
    Answer,
    AuditBrokenError,
    ask,
    audit,
    read_answer,
    users_requirements,
)

PINS = ["peewee==4.5.3", "pydantic==2.14.4"]
FOUND = {
    "id": "PYSEC-2026-1",
    "summary": "a hole",
    "affected": [],
    "modified": "2026-01-31T08:00:00Z",
}


class Service(ThreadingHTTPServer):
    """A service that speaks OSV's protocol, on this machine.

    Attributes:
        status: What it answers with.
        vulnerable: The names of packages that it knows a vulnerability of.
        asked: The names that it was asked about.
    """

    status = 200
    vulnerable: tuple[str, ...] = ()

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []

    @property
    def options(self) -> list[str]:
        url = f"http://127.0.0.1:{self.server_port}/v1/query"
        return ["--vulnerability-service", "osv", "--osv-url", url]


class Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = asked["package"]["name"]
        self.server.asked.append(name)
        found = {"vulns": [FOUND]} if name in self.server.vulnerable else {}
        body = json.dumps(found).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        """Say nothing of it."""


@pytest.fixture
def service() -> Iterator[Service]:
    """A service that knows no vulnerability."""
    with Service() as service:
        thread = threading.Thread(target=service.serve_forever)
        thread.start()
        yield service
        service.shutdown()
        thread.join()


@pytest.fixture
def nowhere() -> list[str]:
    """The options for a service at a port where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    return ["--vulnerability-service", "osv", "--osv-url", f"http://127.0.0.1:{port}/v1/query"]


def test_packages_without_a_vulnerability_pass(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit(PINS, [service.options]) == 0
    assert sorted(service.asked) == ["peewee", "pydantic"]
    assert "answers for 2 of 2 packages, none of them vulnerable" in capsys.readouterr().out


def test_a_known_vulnerability_fails(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    service.vulnerable = ("peewee",)
    assert audit(PINS, [service.options]) == 1
    printed = capsys.readouterr().out
    assert "peewee 4.5.3: PYSEC-2026-1 (fixed in no version yet)" in printed
    assert "NOT AUDITED" not in printed


def test_a_service_that_is_not_there_is_told_and_passes(
    nowhere: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit(PINS, [nowhere]) == 0
    printed = capsys.readouterr().out
    assert "can't be reached" in printed
    assert "NOT AUDITED, as no service answers for these 2: peewee==4.5.3" in printed
    assert "none of them vulnerable" not in printed


def test_a_service_that_fails_gives_no_answer(service: Service) -> None:
    service.status = 500
    assert ask(PINS, *service.options) is None


def test_the_next_service_is_asked_where_one_is_not_there(
    service: Service, nowhere: list[str]
) -> None:
    service.vulnerable = ("pydantic",)
    assert audit(PINS, [nowhere, service.options]) == 1


def test_a_package_that_a_service_does_not_know_is_no_package_without_vulnerabilities() -> None:
    known = {"name": "peewee", "version": "4.5.3", "vulns": []}
    unknown = {"name": "pydantic", "skip_reason": "Dependency not found on PyPI"}
    printed = json.dumps({"dependencies": [known, unknown], "fixes": []})
    assert read_answer(printed, "") == Answer((), 1, ("pydantic",))


def test_an_audit_that_is_broken_by_itself_is_no_unreachable_service() -> None:
    with pytest.raises(AuditBrokenError):
        ask(PINS, "--no-such-option")


def test_what_users_install_is_audited_and_nothing_else() -> None:
    names = {each.partition("==")[0] for each in users_requirements()}
    assert names >= {"peewee", "psycopg2-binary", "bcrypt", "pydantic", "pydantic-core", "flask"}
    assert names.isdisjoint({"ruff", "mypy", "hypothesis", "pip-audit", "mkdocs", "triosigno-db"})
    assert {*PROJECT["optional-dependencies"]} >= NOT_FOR_USERS
