"""What the service does with recognitions."""

from typing import Any
from uuid import UUID

from pydantic import Field

import triosigno_db as db
from recognition.models import Recognition
from triosigno_db.extending import (
    Input,
    Name,
    Parameter,
    Record,
    Reference,
    Timestamp,
    check_id,
    columns,
    fetch_all,
    new_id,
    new_values,
    statement,
    write,
)

CONFIDENT = 0.8
"""From this confidence on, an attempt counts as correct."""


class NewRecognition(Input):
    """What the model has seen."""

    sign_id: Reference
    confidence: float = Field(ge=0, le=1)
    model_version: Name


class RecognitionRecord(Record, model=Recognition):
    """A row of the table."""

    id: str
    user_id: str
    sign_id: str
    confidence: float
    model_version: str
    created_at: Timestamp


@statement(reads_only=False)
def insert_recognition() -> Any:
    """Insert one recognition."""
    values = new_values(Recognition, "user_id", "sign_id", "confidence", "model_version")
    return Recognition.insert(values).returning(*columns(RecognitionRecord))


@statement(reads_only=True)
def select_recognitions() -> Any:
    """Select the newest recognitions of a learner."""
    return (
        Recognition.select(*columns(RecognitionRecord))
        .where(Recognition.user == Parameter("user_id"))
        .order_by(Recognition.created_at.desc(), Recognition.id)
        .limit(Parameter("limit"))
    )


def add_recognition(user_id: str | UUID, new: NewRecognition) -> RecognitionRecord:
    """Store a recognition, and count it as an attempt, in one transaction."""
    user_id = check_id("user_id", user_id)
    with db.transaction():
        (added,) = write(
            insert_recognition(),
            RecognitionRecord,
            id=new_id(),
            user_id=user_id,
            sign_id=new.sign_id,
            confidence=new.confidence,
            model_version=new.model_version,
        )
        db.record_attempt(user_id, new.sign_id, is_correct=new.confidence >= CONFIDENT)
    return added


def list_recognitions(user_id: str | UUID, *, limit: int = 20) -> tuple[RecognitionRecord, ...]:
    """List the newest recognitions of a learner."""
    user_id = check_id("user_id", user_id)
    return fetch_all(select_recognitions(), RecognitionRecord, user_id=user_id, limit=limit)
