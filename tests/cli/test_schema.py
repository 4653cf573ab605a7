"""`triosigno-db schema`, as a user types it."""

from collections.abc import Callable

import pytest
from typer.testing import CliRunner

from tests.processes import run_process
from triosigno_db.cli.app import app
from triosigno_db.schema import to_prisma, to_sql, to_svg


def schema(name: str) -> str:
    ended = CliRunner().invoke(app, ["schema", name])
    assert ended.exit_code == 0
    return ended.stdout


@pytest.mark.parametrize(
    ("name", "written"), [("sql", to_sql), ("prisma", to_prisma), ("erd", to_svg)]
)
def test_each_form_is_printed(name: str, written: Callable[[], str]) -> None:
    assert schema(name).rstrip("\n") == written().rstrip("\n")


def test_prisma_6_has_the_url_in_its_schema() -> None:
    ended = CliRunner().invoke(app, ["schema", "prisma", "--prisma", "6"])
    assert ended.stdout == to_prisma(prisma=6)


def test_a_pipe_that_closes_early_is_no_error(triosigno_command: list[str]) -> None:
    command = " ".join([*triosigno_command, "schema", "sql"])
    ended = run_process(
        ["bash", "-c", f"set -o pipefail; {command} | head -1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in ended.stderr
