"""A service's model, as one defines it for tables of its own; each test defines it again."""

from typing import Any

from triosigno_db.extending import (
    BaseModel,
    CreatedAtField,
    EnumField,
    FloatField,
    ForeignKey,
    IdField,
    LabelEnum,
    TextField,
    UpdatedAtField,
)
from triosigno_db.models import Sign, User


class Handedness(LabelEnum):
    """The hand that was seen."""

    LEFT = "LEFT"
    RIGHT = "RIGHT"


def define_recognition(*, on_delete: str = "CASCADE", exported: bool = True) -> Any:
    """Define the model of what a recognition service stores."""
    is_exported = exported

    class Recognition(BaseModel):
        id = IdField()
        user = ForeignKey(
            User,
            backref="recognitions",
            on_delete=on_delete,
            index=True,
            null=on_delete == "SET NULL",
        )
        user_id: str
        sign = ForeignKey(Sign, backref="recognitions", on_delete="CASCADE", index=True)
        sign_id: str
        confidence = FloatField()
        model_version = TextField()
        hand = EnumField(Handedness, null=True)
        created_at = CreatedAtField()
        updated_at = UpdatedAtField()

        class Meta:
            checks = (("Recognition_confidence_check", '"confidence" BETWEEN 0 AND 1'),)
            indexes = ((("model_version", "user", "sign"), True),)
            exported = is_exported

    return Recognition
