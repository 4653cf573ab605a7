"""Accounts: what goes in and comes out."""

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, EmailStr, Field, SecretStr

from triosigno_db.enums import UserRole
from triosigno_db.errors import InvalidInputError
from triosigno_db.passwords import check_password_length
from triosigno_db.records.base import Input, Name, Record, Timestamp, Url


def _check_password(password: SecretStr) -> SecretStr:
    try:
        check_password_length(password.get_secret_value())
    except InvalidInputError as exc:
        raise ValueError(exc.why) from None
    return password


if TYPE_CHECKING:
    Password = str | SecretStr
else:
    Password = Annotated[SecretStr, AfterValidator(_check_password)]
"""A password in the clear, 1 to 72 bytes of UTF-8; a `SecretStr` once it is checked."""

Email = Annotated[EmailStr, Field(max_length=254), AfterValidator(str.lower)]
"""An e-mail address, in lower case."""


class UserRecord(Record):
    """An account, without its password."""

    id: str
    email: str
    username: str
    first_name: str | None
    last_name: str | None
    role: UserRole
    profile_picture: str | None
    created_at: Timestamp
    updated_at: Timestamp
    is_active: bool


class PreferencesRecord(Record):
    """The preferences of one account; `learning_goal` is in minutes per day."""

    id: str
    user_id: str
    language: str
    notifications: bool
    dark_mode: bool
    learning_goal: int
    updated_at: Timestamp


class UserWithPreferences(UserRecord):
    """An account with its preferences, `None` where it has no such row."""

    preferences: PreferencesRecord | None = Field(alias="userPreferences")


class NewUser(Input):
    """An account to make.

    Attributes:
        email: A valid address, at most 254 characters; stored in lower case.
        username: 1 to 200 characters, trimmed.
        password: In the clear, 1 to 72 bytes of UTF-8.
        first_name: At most 200 characters.
        last_name: At most 200 characters.
        role: What the account may do.
        profile_picture: An http or https URL.
    """

    email: Email
    username: Name
    password: Password
    first_name: Name | None = None
    last_name: Name | None = None
    role: UserRole = UserRole.STUDENT
    profile_picture: Url | None = None
