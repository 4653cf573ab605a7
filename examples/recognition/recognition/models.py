"""What the service stores."""

from triosigno_db.extending import (
    BaseModel,
    CreatedAtField,
    FloatField,
    ForeignKey,
    IdField,
    TextField,
)
from triosigno_db.models import Sign, User


class Recognition(BaseModel):
    """A sign that was recognised in a learner's video."""

    id = IdField()
    user = ForeignKey(User, backref="recognitions", on_delete="CASCADE")
    user_id: str
    sign = ForeignKey(Sign, backref="recognitions", on_delete="CASCADE", index=True)
    sign_id: str
    confidence = FloatField()
    model_version = TextField()
    created_at = CreatedAtField()

    class Meta:
        """Indexes and constraints."""

        indexes = ((("user", "created_at"), False),)
        checks = (("Recognition_confidence_check", '"confidence" BETWEEN 0 AND 1'),)
