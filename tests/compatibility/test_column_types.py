"""Types of columns: which take and give what the library sends and reads."""

import pytest

from triosigno_db.compatibility.column_types import fit_of

ENUMS = {"UserRole": ("ADMIN", "STUDENT")}
FOUND = {**ENUMS, "Role": ("GUEST", "STUDENT", "ADMIN"), "Less": ("ADMIN",)}


@pytest.mark.parametrize(
    ("expected", "found", "fit"),
    [
        ("text", "text", "same"),
        ("text", "character varying", "same"),
        ("text", "character varying(191)", "narrower"),
        ("text", "character(36)", "narrower"),
        ("text", "uuid", "other"),
        ("text", "text[]", "other"),
        ("integer", "bigint", "wider"),
        ("integer", "smallint", "narrower"),
        ("integer", "numeric(65,30)", "other"),
        ("integer", "text", "other"),
        ("boolean", "integer", "other"),
        ("timestamp(3) without time zone", "timestamp without time zone", "wider"),
        ("timestamp(3) without time zone", "timestamp(6) without time zone", "wider"),
        ("timestamp(3) without time zone", "timestamp(0) without time zone", "narrower"),
        ("timestamp(3) without time zone", "timestamp(3) with time zone", "other"),
        ("timestamp(3) without time zone", "date", "other"),
        ("UserRole", "UserRole", "same"),
        ("UserRole", "Role", "wider"),
        ("UserRole", "Less", "other"),
        ("UserRole", "text", "wider"),
        ("UserRole", "integer", "other"),
    ],
)
def test_a_type_is_compared(expected: str, found: str, fit: str) -> None:
    assert fit_of(expected, found, ENUMS, FOUND) == fit
