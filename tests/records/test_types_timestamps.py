"""The JSON of timestamps: what `JSON.stringify` makes of a `Date`, however often it is written."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter

from triosigno_db.records.types import Timestamp

EIGHT = datetime(2026, 1, 31, 8, tzinfo=UTC)
TIMESTAMPS = TypeAdapter(list[Timestamp])


class Row(BaseModel):
    at: Timestamp


def in_javascript(timestamp: datetime) -> str:
    """The text of `Date.prototype.toISOString`, for years of four digits."""
    date = f"{timestamp.year:04}-{timestamp.month:02}-{timestamp.day:02}"
    time = f"{timestamp.hour:02}:{timestamp.minute:02}:{timestamp.second:02}"
    return f"{date}T{time}.{timestamp.microsecond // 1000:03}Z"


@given(st.lists(st.datetimes(timezones=st.just(UTC)), max_size=5))
def test_any_time_has_three_digits_of_a_second(timestamps: list[datetime]) -> None:
    for _ in range(2):
        written = TIMESTAMPS.dump_python(timestamps, mode="json")
        assert written == [in_javascript(each) for each in timestamps]


def test_more_times_than_are_kept_are_all_written() -> None:
    timestamps = [EIGHT + timedelta(milliseconds=number) for number in range(20_000)]
    for _ in range(2):
        written = TIMESTAMPS.dump_python(timestamps, mode="json")
        assert written == [in_javascript(each) for each in timestamps]


def test_an_equal_time_that_was_not_validated_changes_nothing() -> None:
    noon = EIGHT + timedelta(hours=4)
    elsewhere = noon.astimezone(timezone(timedelta(hours=9)))
    assert elsewhere == noon
    for timestamp in (elsewhere, noon):
        written = Row.model_construct(at=timestamp).model_dump_json()
        assert written == '{"at":"2026-01-31T12:00:00.000Z"}'
