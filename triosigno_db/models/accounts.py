"""Accounts: the models of users and their preferences."""

import peewee

from triosigno_db.enums import UserRole
from triosigno_db.models.base import BaseModel
from triosigno_db.models.fields import (
    BooleanField,
    CreatedAtField,
    EnumField,
    ForeignKey,
    IdField,
    IntegerField,
    TextField,
    UpdatedAtField,
)
from triosigno_db.models.logins import EMAIL_KEY, USERNAME_KEY


class User(BaseModel):
    """An account; `password` is a bcrypt hash."""

    id = IdField()
    email = TextField(unique=True)
    username = TextField(unique=True)
    password = TextField()
    first_name = TextField(null=True)
    last_name = TextField(null=True)
    role = EnumField(UserRole, default=UserRole.STUDENT)
    profile_picture = TextField(null=True)
    created_at = CreatedAtField()
    updated_at = UpdatedAtField()
    is_active = BooleanField(default=True)

    class Meta:
        """Peewee's options."""

        indexes = (
            (("created_at", "id"), False),
            (("role", "created_at", "id"), False),
            (("is_active", "created_at", "id"), False),
        )
        secret = ("password",)


User.add_index(peewee.ModelIndex(User, [peewee.SQL(EMAIL_KEY)], name="User_folded_email_idx"))
User.add_index(peewee.ModelIndex(User, [peewee.SQL(USERNAME_KEY)], name="User_nfc_username_idx"))


class UserPreference(BaseModel):
    """The preferences of an account; an account has at most one row."""

    id = IdField()
    user = ForeignKey(User, backref="user_preferences", on_delete="CASCADE", unique=True)
    user_id: str
    language = TextField(default="fr")
    notifications = BooleanField(default=True)
    dark_mode = BooleanField(default=False)
    learning_goal = IntegerField(default=10, help_text="in minutes per day")
    updated_at = UpdatedAtField()

    class Meta:
        """Peewee's options."""

        checks = (("UserPreference_learningGoal_check", '"learningGoal" BETWEEN 1 AND 1440'),)
