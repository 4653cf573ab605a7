"""Accounts: records and inputs."""

from typing import TYPE_CHECKING, Annotated

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    StrictBool,
    StringConstraints,
    validate_email,
)
from typing_extensions import TypeVar

from triosigno_db.arguments import MAX_EMAIL
from triosigno_db.enums import UserRole
from triosigno_db.errors import InvalidInputError
from triosigno_db.passwords import check_password_length
from triosigno_db.records.gamification import UserAchievementRecord
from triosigno_db.records.input import UNCHANGED, Changes, Input
from triosigno_db.records.learning import ProgressRecord, SessionRecord
from triosigno_db.records.record import Record
from triosigno_db.records.types import Name, Timestamp, Url


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


def _check_email(text: str) -> str:
    # pydantic's `EmailStr` does the same, but looks for its validator's version on the disk first,
    # while the library is being imported.
    return validate_email(text)[1].lower()


Email = Annotated[
    str,
    AfterValidator(_check_email),
    Field(max_length=MAX_EMAIL, json_schema_extra={"format": "email"}),
]
"""An e-mail address, in lower case."""

Language = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")
]
"""A language tag such as `fr` or `fr-FR`: https://www.rfc-editor.org/info/bcp47"""

LearningGoal = Annotated[int, Field(strict=True, ge=1, le=1440)]
"""Minutes of practice per day."""


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


class ExportedProgress(ProgressRecord):
    """One user's progress with one sign, with the sign's name."""

    sign_name: str


class ExportedSession(SessionRecord):
    """One sitting of a user with a lesson, with the lesson's title."""

    lesson_title: str


class ExportedAchievement(UserAchievementRecord):
    """A badge that one user has earned, with its name."""

    achievement_name: str


class UserExport(UserWithPreferences):
    """Everything that is stored about one person, less the password's hash; oldest rows first."""

    progress: tuple[ExportedProgress, ...]
    sessions: tuple[ExportedSession, ...]
    achievements: tuple[ExportedAchievement, ...]


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


class UserChanges(Changes):
    """What to change about an account; fields that are not set stay as they are.

    Attributes:
        email: A valid address, at most 254 characters; stored in lower case.
        username: 1 to 200 characters, trimmed.
        first_name: At most 200 characters; `None` clears it.
        last_name: At most 200 characters; `None` clears it.
        profile_picture: An http or https URL; `None` clears it.
    """

    email: Email = UNCHANGED
    username: Name = UNCHANGED
    first_name: Name | None = UNCHANGED
    last_name: Name | None = UNCHANGED
    profile_picture: Url | None = UNCHANGED


class PreferenceChanges(Changes):
    """What to change about preferences; fields that are not set stay as they are.

    Attributes:
        language: A language tag such as `fr` or `fr-FR`.
        notifications: Whether the learner wants any.
        dark_mode: Whether the learner wants it.
        learning_goal: Minutes of practice per day, 1 to 1440.
    """

    language: Language = UNCHANGED
    notifications: StrictBool = UNCHANGED
    dark_mode: StrictBool = UNCHANGED
    learning_goal: LearningGoal = UNCHANGED


UserT = TypeVar("UserT", bound=Record, default=UserRecord)
UserWithPreferencesT = TypeVar("UserWithPreferencesT", bound=Record, default=UserWithPreferences)
PreferencesT = TypeVar("PreferencesT", bound=Record, default=PreferencesRecord)
UserExportT = TypeVar("UserExportT", bound=Record, default=UserExport)
