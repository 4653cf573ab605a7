"""Checks of arguments: what is taken, in which form, and what is refused by the argument's name."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triosigno_db import arguments
from triosigno_db.enums import DifficultyLevel, UserRole
from triosigno_db.errors import InvalidInputError

ID = "7b1b0f5e-58a4-4b56-9a2c-8c7a4a1f7b11"
PARIS = timezone(timedelta(hours=1))


def refusal(check: Callable[..., Any], *given: Any, **bounds: Any) -> str:
    with pytest.raises(InvalidInputError) as caught:
        check("field", *given, **bounds)
    assert caught.value.field.startswith("field")
    assert len(str(caught.value)) < 300
    return caught.value.why


# -- ids ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [ID, ID.upper(), "user-1", " ", "1", f"{{{ID}}}", f" {ID}\n", '{"a",b}', "\\'\"", "x" * 255],
)
def test_an_id_is_its_text_unchanged(value: str) -> None:
    assert arguments.check_id("field", value) == value


def test_the_id_of_a_uuid_is_its_text_in_lower_case() -> None:
    assert arguments.check_id("field", UUID(ID.upper())) == ID


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x" * 256,
        ID + "\0",
        ID + "\ud800",
        None,
        7,
        ID.encode(),
        [ID],
    ],
)
def test_what_is_not_an_id_is_refused(value: object) -> None:
    refusal(arguments.check_id, value)


def test_ids_keep_their_order() -> None:
    ids = [str(uuid4()) for _ in range(5)]
    assert arguments.check_ids("field", iter(ids)) == ids
    assert arguments.check_ids("field", ()) == []


@pytest.mark.parametrize("value", [ID, None, 7, b"ids"])
def test_what_is_not_a_list_of_ids_is_refused(value: object) -> None:
    refusal(arguments.check_ids, value)


def test_the_wrong_id_of_a_list_is_named_by_its_place() -> None:
    with pytest.raises(InvalidInputError) as caught:
        arguments.check_ids("field", [ID, ""])
    assert caught.value.field == "field[1]"


def test_an_id_in_a_list_twice_is_named() -> None:
    assert ID in refusal(arguments.check_ids, [str(uuid4()), ID, UUID(ID)])


# -- truth, numbers and times ------------------------------------------------------------------


@pytest.mark.parametrize("value", [True, False])
def test_a_truth_value_is_taken(value: bool) -> None:
    assert arguments.check_bool("field", value) is value


@pytest.mark.parametrize("value", [0, 1, "true", "", None])
def test_what_is_only_trueish_is_refused(value: object) -> None:
    refusal(arguments.check_bool, value)


@pytest.mark.parametrize("value", [1, 5, 9])
def test_a_number_within_its_bounds_is_taken(value: int) -> None:
    assert arguments.check_integer("field", value, minimum=1, maximum=9) == value


@pytest.mark.parametrize("value", [0, 10, -1, 2**70])
def test_a_number_out_of_bounds_is_told_the_bounds(value: int) -> None:
    why = refusal(arguments.check_integer, value, minimum=1, maximum=9)
    assert "1" in why
    assert "9" in why


@pytest.mark.parametrize("value", [True, 1.0, "1", None])
def test_what_is_not_a_whole_number_is_refused(value: object) -> None:
    refusal(arguments.check_integer, value, minimum=0, maximum=9)


@pytest.mark.parametrize("value", [0.001, 1, 60, 60.0])
def test_a_length_of_time_is_taken(value: float) -> None:
    assert arguments.check_seconds("field", value, maximum=60) == value


@pytest.mark.parametrize(
    "value", [0, -1, 60.001, True, "1", None, float("nan"), float("inf"), timedelta(seconds=1)]
)
def test_a_wrong_length_of_time_is_refused(value: object) -> None:
    refusal(arguments.check_seconds, value, maximum=60)


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (datetime(2026, 1, 31, 8, tzinfo=UTC), "2026-01-31T08:00:00"),
        (datetime(2026, 1, 31, 0, 30, tzinfo=PARIS), "2026-01-30T23:30:00"),
        (datetime(2026, 7, 1, 8, tzinfo=ZoneInfo("Europe/Paris")), "2026-07-01T06:00:00"),
    ],
)
def test_a_timestamp_is_written_in_utc(value: datetime, stored: str) -> None:
    assert arguments.check_timestamp("field", value).isoformat() == stored


@pytest.mark.parametrize(
    "value",
    [
        datetime(2026, 1, 31),  # noqa: DTZ001 (a naive one is refused)
        datetime.min.replace(tzinfo=PARIS),
        datetime.max.replace(tzinfo=timezone(-timedelta(hours=1))),
        "2026-01-31T08:00:00Z",
        1769846400,
        None,
    ],
)
def test_a_timestamp_that_is_none_is_refused(value: object) -> None:
    refusal(arguments.check_timestamp, value)


@pytest.mark.parametrize("value", ["Europe/Paris", "UTC", ZoneInfo("Asia/Tokyo")])
def test_a_timezone_is_its_name(value: str | ZoneInfo) -> None:
    assert arguments.check_timezone("field", value) == getattr(value, "key", value)


def test_every_timezone_of_python_is_one() -> None:
    for name in available_timezones():
        assert arguments.check_timezone("field", name) == name


@pytest.mark.parametrize(
    "value", ["", "Mars/Olympus", "../etc/passwd", "/etc/passwd", "Europe", "a\0b", 1, None, UTC]
)
def test_what_is_no_timezone_is_refused(value: object) -> None:
    refusal(arguments.check_timezone, value)


# -- texts and labels --------------------------------------------------------------------------


@pytest.mark.parametrize("space", [*arguments.WHITE_SPACE])
def test_a_text_is_trimmed_of_all_that_unicode_calls_white_space(space: str) -> None:
    assert arguments.check_text("field", f"{space}a b{space}", maximum=3) == "a b"


@pytest.mark.parametrize("value", ["", " \n ", "a\0b", "\ud800", "abcd", 7, None, b"abc"])
def test_a_wrong_text_is_refused(value: object) -> None:
    refusal(arguments.check_text, value, maximum=3)


@pytest.mark.parametrize("text", ["a", " a\n", " ", "e\u0301", "@", "x" * 1000])
def test_a_login_is_taken_as_it_stands(text: str) -> None:
    assert arguments.check_login("field", text) is text


@pytest.mark.parametrize("value", ["", "a\0b", "\ud800", "x" * 1001, 7, None, b"abc"])
def test_a_login_that_can_not_be_stored_is_refused(value: object) -> None:
    refusal(arguments.check_login, value)


@pytest.mark.parametrize("value", [UserRole.TEACHER, "TEACHER"])
def test_a_label_is_its_member(value: str) -> None:
    assert arguments.check_enum("field", value, UserRole) is UserRole.TEACHER


@pytest.mark.parametrize("value", ["teacher", "", None, 7, ["ADMIN"], DifficultyLevel.BEGINNER])
def test_another_label_is_told_the_right_ones(value: object) -> None:
    why = refusal(arguments.check_enum, value, UserRole)
    assert "ADMIN, TEACHER, STUDENT" in why


@given(text=st.text())
def test_a_text_is_unicode_unless_it_holds_half_a_character(text: str) -> None:
    assert arguments.is_unicode(text)
    assert not arguments.is_unicode(f"{text}\ud800")
