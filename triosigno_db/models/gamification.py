"""Gamification: the models of achievements and of the awards of users."""

from triosigno_db.models.accounts import User
from triosigno_db.models.base import BaseModel
from triosigno_db.models.fields import (
    CreatedAtField,
    ForeignKey,
    IdField,
    IntegerField,
    TextField,
    UpdatedAtField,
)


class Achievement(BaseModel):
    """A badge that users can earn."""

    id = IdField()
    name = TextField(unique=True)
    description = TextField()
    image_url = TextField()
    xp_reward = IntegerField()
    created_at = CreatedAtField()
    updated_at = UpdatedAtField()

    class Meta:
        """Peewee's options."""

        checks = (("Achievement_xpReward_check", '"xpReward" >= 0'),)


class UserAchievement(BaseModel):
    """A badge that a user has earned."""

    id = IdField()
    user = ForeignKey(User, backref="achievements", on_delete="CASCADE")
    user_id: str
    achievement = ForeignKey(Achievement, backref="users", on_delete="CASCADE", index=True)
    achievement_id: str
    achieved_at = CreatedAtField(index=True)

    class Meta:
        """Peewee's options."""

        indexes = ((("user", "achievement"), True),)
