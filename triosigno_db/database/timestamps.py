"""The psycopg2 cast from `timestamp` columns to aware datetimes in UTC."""

from datetime import datetime
from typing import Any

from psycopg2.extensions import new_type

_TIMESTAMP_OID = 1114

_MAX_KNOWN_TIMESTAMPS = 16_384
_known_timestamps: dict[str, datetime] = {}


def _read_timestamp(text: Any, _: Any) -> datetime | str | None:
    # Rows that are written together share their timestamps, so most are found here.
    timestamp = _known_timestamps.get(text)
    return _parse(text) if timestamp is None and text is not None else timestamp


def _parse(text: str) -> datetime | str:
    try:
        timestamp = datetime.fromisoformat(text + "+00:00")
    except ValueError:
        # `infinity`, or a year that Python does not have. An error here would hide the other rows
        # and the outcome of a write: what reads the column refuses the text and names the row.
        return text
    if len(_known_timestamps) >= _MAX_KNOWN_TIMESTAMPS:
        _known_timestamps.clear()
    _known_timestamps[text] = timestamp
    return timestamp


UTC_TIMESTAMP = new_type((_TIMESTAMP_OID,), "UTC_TIMESTAMP", _read_timestamp)
"""Converts `timestamp` columns to aware datetimes, on connections that register it.

A timestamp outside the years 1 to 9999 stays text.
"""
