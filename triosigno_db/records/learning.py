"""Learning: what comes out."""

from triosigno_db.records.base import Record, Timestamp


class ProgressRecord(Record):
    """One user's progress with one sign; `mastery_level` is 0 to 100."""

    id: str
    user_id: str
    sign_id: str
    mastery_level: int
    last_practiced: Timestamp | None
    correct_attempts: int
    total_attempts: int
    created_at: Timestamp
    updated_at: Timestamp
