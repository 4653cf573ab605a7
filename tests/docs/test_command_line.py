"""The page of the command line names every command and every option."""

import re

import pytest
import typer

from tests.cli.test_app import ALL
from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")
SECTIONS = dict(
    re.findall(r"^## `triosigno-db (\w+)`\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
)
EVERYWHERE = {"--help", "--url"}
"""Said once, above the groups."""


def test_every_group_has_a_section() -> None:
    assert sorted(SECTIONS) == sorted({path[0] for path in ALL})


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_a_command_and_its_options_are_there(path: tuple[str, ...]) -> None:
    section = SECTIONS[path[0]]
    row = section
    if len(path) > 1:
        found = re.search(rf"^\| `{path[1]}[ `].*$", section, re.MULTILINE)
        assert found, path
        for_all = section.partition("\n| command |")[0]
        row = for_all + found[0]
    options = {
        name
        for parameter in ALL[path].params
        if isinstance(parameter, typer.core.TyperOption)
        # Of a switch that is on, the way to put it off.
        for name in (parameter.secondary_opts if parameter.default is True else parameter.opts)
    }
    missing = [name for name in sorted(options - EVERYWHERE) if f"`{name}" not in row]
    assert missing == []
