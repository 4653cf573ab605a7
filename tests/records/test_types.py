"""The types of fields: what each takes, and in which form it keeps it."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from pydantic import TypeAdapter, ValidationError

from triosigno_db.records.types import Description, Name, Order, Reference, Timestamp, Url

ID = "7b1b0f5e-58a4-4b56-9a2c-8c7a4a1f7b11"
EIGHT = datetime(2026, 1, 31, 8, tzinfo=UTC)


def keep(kind: Any, value: object) -> Any:
    return TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        (Name, " Merci\n", "Merci"),
        (Name, "é" * 200, "é" * 200),
        (Name, "e\u0301" * 200, "é" * 200),
        (Name, "a\u0f72\u0f71", "a\u0f71\u0f72"),
        (
            Name,
            "a" + "\u0f71" * 30 + "b" + "\u0f72" * 30,
            "a" + "\u0f71" * 30 + "b" + "\u0f72" * 30,
        ),
        (Name, "\u1f00\u0300\u0345" * 200 + "\n" * 900, "\u1f82" * 200),
        (Description, " ", ""),
        (Description, "e\u0301" * 10_000, "é" * 10_000),
        (Description, "x" * 10_000, "x" * 10_000),
        (Url, " https://example.org/é?a=b#c ", "https://example.org/é?a=b#c"),
        (Url, "http://localhost", "http://localhost"),
        (Reference, ID.upper(), ID.upper()),
        (Reference, UUID(ID), ID),
        (Order, 0, 0),
        (Order, 2**31 - 1, 2**31 - 1),
        (Timestamp, EIGHT, EIGHT),
        (Timestamp, EIGHT.astimezone(timezone(timedelta(hours=9))), EIGHT),
        (Timestamp, "2026-01-31T08:00:00Z", EIGHT),
    ],
)
def test_a_value_is_kept_in_its_form(kind: Any, value: object, kept: object) -> None:
    found = keep(kind, value)
    assert found == kept
    assert type(found) is type(kept)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Name, ""),
        (Name, " "),
        (Name, "x" * 201),
        (Name, "\u0958" * 101),
        (Name, "e\u0301" * 201),
        (Name, "e\u0301" * 100_000),
        (Name, "a\0b"),
        (Name, "a" + "\u0f71" * 31),
        (Description, "\u0301\u0323" * 20_000),
        (Description, "x" * 10_001),
        (Description, "a\0b"),
        (Url, "ftp://example.org"),
        (Url, "https://"),
        (Url, "https://a b"),
        (Url, "javascript:alert(1)"),
        (Url, "https://example.org/" + "x" * 2048),
        (Reference, ""),
        (Reference, None),
        (Order, -1),
        (Order, 2**31),
        (Order, True),
        (Order, "1"),
        (Timestamp, datetime(2026, 1, 31)),  # noqa: DTZ001 (a naive one is refused)
        (Timestamp, datetime.min.replace(tzinfo=timezone(timedelta(hours=1)))),
        (Timestamp, "yesterday"),
    ],
)
def test_a_wrong_value_is_refused(kind: Any, value: object) -> None:
    with pytest.raises(ValidationError):
        keep(kind, value)


def test_a_timestamp_is_utc_itself() -> None:
    assert keep(Timestamp, "2026-01-31T09:00:00+01:00").tzinfo is UTC


def test_a_timestamp_in_json_is_as_javascript_writes_it() -> None:
    written = TypeAdapter(Timestamp).dump_json(EIGHT.replace(microsecond=120_999))
    assert json.loads(written) == "2026-01-31T08:00:00.120Z"
