"""The service's tests, on a real database."""

import pytest
from fastapi.testclient import TestClient

import triosigno_db as db
from recognition.app import app
from recognition.models import Recognition
from recognition.recognitions import NewRecognition, add_recognition, list_recognitions
from triosigno_db.testing import IsolatedDatabase, factories


def seen(sign_id: str, confidence: float) -> NewRecognition:
    return NewRecognition(sign_id=sign_id, confidence=confidence, model_version="2026.1")


def test_a_recognition_is_stored_and_counts(triosigno_db: IsolatedDatabase) -> None:
    user, sign = factories.make_user(), factories.make_sign()
    added = add_recognition(user.id, seen(sign.id, 0.9))
    assert list_recognitions(user.id) == (added,)
    assert db.get_progress(user.id, sign.id).correct_attempts == 1


def test_nothing_is_stored_of_a_sign_that_is_not_there(triosigno_db: IsolatedDatabase) -> None:
    user = factories.make_user()
    with pytest.raises(db.NotFoundError, match="Sign"):
        add_recognition(user.id, seen("nowhere", 0.9))
    assert list_recognitions(user.id) == ()


def test_what_is_stored_of_a_person_is_exported_and_erased(triosigno_db: IsolatedDatabase) -> None:
    row = factories.make_row(Recognition)
    (exported,) = db.export_user(row.user_id).service_tables["Recognition"]
    assert exported["signId"] == row.sign_id
    db.delete_user(row.user_id)
    assert list_recognitions(row.user_id) == ()


def test_the_service_answers(triosigno_db: IsolatedDatabase) -> None:
    user, sign = factories.make_user(), factories.make_sign()
    path = f"/users/{user.id}/recognitions"
    with TestClient(app) as client:
        new = {"signId": sign.id, "confidence": 0.75, "modelVersion": "2026.1"}
        added = client.post(path, json=new)
        assert added.status_code == 201
        assert client.get(path).json() == [added.json()]
        assert client.post(path, json=new | {"signId": "nowhere"}).status_code == 404
        assert client.post(path, json=new | {"confidence": 2}).status_code == 422
