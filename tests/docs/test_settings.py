"""The page of the settings: each one with its environment variable and its default."""

import re

from tests.docs.pages import ROOT
from triosigno_db.settings import Settings

PAGE = ROOT / "docs" / "reference" / "settings.md"
ROW = re.compile(
    r"^\| `(?P<name>\w+)` \|[^|]*\| `TRIOSIGNO_DB_(?P<variable>\w+)` \|(?P<default>[^|]*)\|",
    re.MULTILINE,
)
PARTS_OF_THE_URL = {"host", "port", "ports", "user", "password", "database"}


def test_the_page_has_each_setting_with_its_variable_and_default() -> None:
    rows = [match.groupdict() for match in ROW.finditer(PAGE.read_text())]
    documented = {row["name"]: row["default"].strip().strip("`") for row in rows}
    assert [row["variable"].lower() for row in rows] == list(documented)
    assert documented == {
        name: _printed(field.default)
        for name, field in Settings.model_fields.items()
        if name not in PARTS_OF_THE_URL
    }


def _printed(default: object) -> str:
    if default is None:
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, float) else str(default)
