"""Models of services: known from their definition on, and refused where a name is taken."""

from typing import Any

import pytest

import triosigno_db as db
from tests.service_models import Handedness, define_recognition
from triosigno_db.extending import BaseModel, EnumField, FloatField, ForeignKey, IdField, LabelEnum
from triosigno_db.models import CONSTRAINT_TARGETS, MODELS, User, all_models, service_models
from triosigno_db.models.services import forget


def backrefs() -> dict[str, str]:
    return {field.backref: model.__name__ for field, model in User._meta.backrefs.items()}


def test_a_model_is_known_from_its_definition_on() -> None:
    assert service_models() == ()
    model = define_recognition()
    assert service_models() == (model,)
    assert all_models() == (*MODELS, model)
    assert CONSTRAINT_TARGETS["Recognition_userId_fkey"] == ("User", "user_id")
    assert backrefs()["recognitions"] == "Recognition"


def test_a_model_is_named_as_those_of_the_library(triosigno_db: object) -> None:
    model = define_recognition()
    assert model._meta.table_name == "Recognition"
    assert model._meta.columns["modelVersion"].name == "model_version"
    assert set(model._meta.indexes_by_name()) == {
        "Recognition_userId_idx",
        "Recognition_signId_idx",
        "Recognition_modelVersion_userId_signId_key",
    }


def test_a_model_that_is_forgotten_leaves_nothing() -> None:
    before = dict(CONSTRAINT_TARGETS), backrefs(), dict(vars(User))
    forget(define_recognition())
    assert (dict(CONSTRAINT_TARGETS), backrefs(), dict(vars(User))) == before
    assert service_models() == ()


def test_a_model_that_is_defined_again_replaces_the_earlier_one() -> None:
    define_recognition()
    model = define_recognition(exported=False)
    assert service_models() == (model,)
    assert list(User._meta.backrefs.values()).count(model) == 1
    assert not model._meta.exported
    define_recognition(on_delete="SET NULL")
    assert len(service_models()) == 1


def test_a_model_that_is_defined_after_connect_is_in_its_schema(empty_url: str) -> None:
    db.connect(f"{empty_url}?schema=lsf")
    assert define_recognition()._meta.schema == "lsf"
    db.disconnect()
    db.connect(empty_url)
    assert service_models()[0]._meta.schema == "public"


def define_user() -> Any:
    class User(BaseModel):
        id = IdField()

    return User


def define_other_recognition() -> Any:
    class Recognition(BaseModel):
        id = IdField()

    return Recognition


def define_role() -> Any:
    class UserRole(LabelEnum):
        GUEST = "GUEST"

    class Guest(BaseModel):
        id = IdField()
        role = EnumField(UserRole)

    return Guest


def define_backref() -> Any:
    class Try(BaseModel):
        id = IdField()
        first = ForeignKey(User, backref="tries", on_delete="CASCADE")
        user = ForeignKey(User, backref="progress", on_delete="CASCADE")

    return Try


@pytest.mark.parametrize(
    ("define", "message"),
    [
        (define_user, r"User: the table User already belongs to triosigno_db\.models\..*\.User"),
        (define_other_recognition, r"the table Recognition already belongs to tests\.service_mod"),
        (define_role, r"Guest: the enum type UserRole already belongs to triosigno_db\."),
        (define_backref, r"Try: the name progress already belongs to triosigno_db\.models\."),
    ],
)
def test_a_name_of_another_model_is_refused(define: Any, message: str) -> None:
    recognition = define_recognition()
    before = dict(CONSTRAINT_TARGETS), backrefs(), dict(vars(User))
    with pytest.raises(db.InvalidInputError, match=message):
        define()
    assert service_models() == (recognition,)
    assert (dict(CONSTRAINT_TARGETS), backrefs(), dict(vars(User))) == before


def test_two_models_may_share_an_enum() -> None:
    define_recognition()

    class Gesture(BaseModel):
        id = IdField()
        hand = EnumField(Handedness)

    assert Gesture in service_models()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "0.5", True])
def test_a_number_that_is_no_number_is_refused(value: object) -> None:
    field = FloatField()
    field.name = "confidence"
    with pytest.raises(db.InvalidInputError, match="confidence"):
        field.db_value(value)
    assert field.db_value(1) == 1.0
    assert field.db_value(None) is None
