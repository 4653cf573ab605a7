"""`triosigno-db doctor`, as a user types it; what it finds is tested in `tests/doctor`."""

import io
import json
import re

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from triosigno_db.cli import doctor
from triosigno_db.cli.app import app
from triosigno_db.doctor import Diagnosis, Finding
from triosigno_db.errors import InvalidInputError


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(app, ["doctor", *arguments], env=environment)


def test_its_json_has_a_stable_shape(triosigno_url: str) -> None:
    document = json.loads(run("--url", triosigno_url, "--json").stdout)
    assert list(document) == ["database", "level", "findings", "constraints"]
    assert document["database"] == triosigno_url.rpartition("/")[2]
    for finding in document["findings"]:
        assert list(finding) == ["subject", "level", "summary", "advice", "details"]
    assert list(document["constraints"][0]) == [
        "name", "table", "condition", "broken", "examples", "is_present", "is_validated",
    ]  # fmt: skip


def test_without_a_url_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert isinstance(run().exception, InvalidInputError)


@pytest.mark.parametrize("option", ["--long-after", "--unused-after"])
def test_an_option_out_of_bounds_is_a_mistake_of_usage(option: str) -> None:
    assert run(option, "-1").exit_code == 2


def test_it_sums_up_in_the_last_line(triosigno_url: str) -> None:
    assert run("--url", triosigno_url).stdout.splitlines()[-1].endswith(": no errors, 1 warning.")


@pytest.mark.parametrize("width", [60, 80, 120])
def test_it_keeps_to_the_terminal_s_width(triosigno_url: str, width: int) -> None:
    lines = run("--url", triosigno_url, COLUMNS=f"{width}").stdout.splitlines()
    assert max(len(line) for line in lines) <= width


def test_colours_are_for_terminals() -> None:
    findings = (
        Finding("indexes", "error", "1 index is [bold]missing[/].", "Make it.", ("a",) * 12),
        Finding("rows", "ok", "All is well.", details=("unshown",)),
    )
    shown = [show(findings, is_terminal=is_terminal) for is_terminal in (True, False)]
    assert "\x1b[1;31merror" in shown[0]
    assert "\x1b" not in shown[1]
    assert re.sub(r"\x1b\[[0-9;]*m", "", shown[0]) == shown[1]
    # What a database holds is never read as markup.
    assert "[bold]missing[/]" in shown[1]
    assert "and 2 more" in shown[1]
    assert "unshown" not in shown[1]


def show(findings: tuple[Finding, ...], *, is_terminal: bool) -> str:
    console = Console(
        file=io.StringIO(),
        force_terminal=is_terminal,
        color_system="standard" if is_terminal else "auto",
        width=100,
    )
    console.print(doctor.draw(Diagnosis(findings, ())))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()
