"""Tables: as wide as the terminal for people, a line for each row in a pipe."""

import io
import re
import sys

import pytest
from rich.table import Table

from triosigno_db.cli.tables import print_table, visible


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def table() -> Table:
    table = Table("name", "description")
    table.add_row("Bonjour", "x" * 300)
    return table


def test_in_a_pipe_each_row_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    print_table(table())
    (row,) = [line for line in capsys.readouterr().out.splitlines() if "Bonjour" in line]
    assert "x" * 300 in row


def test_in_a_terminal_nothing_is_wider_than_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    print_table(table())
    lines = re.sub(r"\x1b\[[\d;]*m", "", terminal.getvalue()).splitlines()
    assert max(map(len, lines)) <= 40
    assert "Bonjour" in terminal.getvalue()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Léa 👋", "Léa 👋"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("a\nb\r\t", "a\\nb\\r\\t"),
        ("\u202eabc\u200b", "\\u202eabc\\u200b"),
        ("\x9b31m\x7f", "\\x9b31m\\x7f"),
        (7, "7"),
    ],
)
def test_a_stored_text_can_not_control_the_terminal(text: object, shown: str) -> None:
    assert visible(text) == shown
