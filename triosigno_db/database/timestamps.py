"""The psycopg2 cast from `timestamp` columns to aware datetimes in UTC."""

from datetime import datetime
from typing import Any

import psycopg2
from psycopg2.extensions import new_type

_TIMESTAMP_OID = 1114

_MAX_KNOWN_TIMESTAMPS = 4096
_known_timestamps: dict[str, datetime] = {}


def _read_timestamp(text: Any, _: Any) -> datetime | None:
    # Rows that are written together share their timestamps, so most are found here.
    timestamp = _known_timestamps.get(text)
    return _parse(text) if timestamp is None and text is not None else timestamp


def _parse(text: str) -> datetime:
    try:
        timestamp = datetime.fromisoformat(text + "+00:00")
    except ValueError:
        raise psycopg2.DataError(f"the timestamp {text} is out of range for datetime") from None
    if len(_known_timestamps) >= _MAX_KNOWN_TIMESTAMPS:
        _known_timestamps.clear()
    _known_timestamps[text] = timestamp
    return timestamp


UTC_TIMESTAMP = new_type((_TIMESTAMP_OID,), "UTC_TIMESTAMP", _read_timestamp)
"""Converts `timestamp` columns to aware datetimes, on connections that register it."""
