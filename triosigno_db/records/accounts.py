"""Accounts: records and inputs."""

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field, JsonValue, SecretStr, StrictBool, StringConstraints
from typing_extensions import TypeVar

from triosigno_db.arguments import MAX_EMAIL, MAX_LOGIN, MAX_NAME, canonical, is_invisible
from triosigno_db.enums import UserRole
from triosigno_db.passwords import password_fault
from triosigno_db.records.emails import canonical_email
from triosigno_db.records.gamification import UserAchievementRecord
from triosigno_db.records.input import UNCHANGED, Changes, Input
from triosigno_db.records.learning import ProgressRecord, SessionRecord
from triosigno_db.records.record import Record
from triosigno_db.records.types import Known, Name, Timestamp, Url


def _check_password(password: SecretStr) -> SecretStr:
    fault = password_fault(password)
    if fault is not None:
        raise ValueError(fault)
    return password


if TYPE_CHECKING:
    Password = str | SecretStr
else:
    Password = Annotated[SecretStr, AfterValidator(_check_password)]
"""A plain-text password, 1 to 72 bytes of UTF-8; validation converts it to a `SecretStr`."""


Email = Annotated[
    str,
    AfterValidator(canonical_email),
    Field(max_length=MAX_EMAIL, json_schema_extra={"format": "email"}),
]
"""An e-mail address; validation converts it to its canonical form, in lower case."""


def _check_username(text: str) -> str:
    username = canonical(text)
    if not 0 < len(username) <= MAX_NAME:
        raise ValueError(f"must have 1 to {MAX_NAME} characters")
    if "@" in username:
        raise ValueError("must not contain @, as only e-mail addresses do")
    if any(map(is_invisible, username)):
        raise ValueError("must not contain control, format or line characters")
    return username


Username = Annotated[
    str,
    # Before anything else: the time to normalize a text may grow with the square of its length.
    Field(max_length=MAX_LOGIN),
    AfterValidator(_check_username),
    Field(json_schema_extra={"minLength": 1, "maxLength": MAX_NAME}),
]
"""A username, 1 to 200 characters in normal form C, trimmed, without @ and invisible characters."""

Language = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")
]
"""A language tag such as `fr` or `fr-FR`: https://www.rfc-editor.org/info/bcp47"""

LearningGoal = Annotated[int, Field(strict=True, ge=1, le=1440)]
"""Minutes of practice per day."""


class UserRecord(Record):
    """An account, without its password."""

    _table = "User"

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
    """The preferences of an account; `learning_goal` is in minutes per day."""

    _table = "UserPreference"

    id: str
    user_id: str
    language: str
    notifications: bool
    dark_mode: bool
    learning_goal: int
    updated_at: Timestamp


class UserWithPreferences(UserRecord):
    """An account with its preferences, or `None` if it has none."""

    preferences: PreferencesRecord | None = Field(alias="userPreferences")


class ExportedProgress(ProgressRecord):
    """The progress of a user with a sign, with the name of the sign."""

    sign_name: str


class ExportedSession(SessionRecord):
    """A learning session of a user with a lesson, with the title of the lesson."""

    lesson_title: str


class ExportedAchievement(UserAchievementRecord):
    """A badge that a user has earned, with its name."""

    achievement_name: str


class UserExport(UserWithPreferences):
    """Everything that is stored about one person except the password hash; oldest rows first.

    Attributes:
        service_tables: The rows of services' tables that refer to the account, by table; each row
            has its columns as JSON. Of the services whose models are imported.
    """

    progress: tuple[ExportedProgress, ...]
    sessions: tuple[ExportedSession, ...]
    achievements: tuple[ExportedAchievement, ...]
    service_tables: dict[str, tuple[dict[str, JsonValue], ...]]


class SignUp(Input):
    """The values of a new account that anyone may send; its role is `STUDENT`.

    Attributes:
        email: A valid address, at most 254 characters; stored in its canonical form: in lower
            case and in normal form C, with the domain in Unicode instead of punycode.
        username: 1 to 200 characters, trimmed and in normal form C; without `@` and without
            control, format and line characters.
        password: Plain text, 1 to 72 bytes of UTF-8; it is left out of a dump and of the `repr`.
        first_name: At most 200 characters.
        last_name: At most 200 characters.
        profile_picture: An http or https URL.
    """

    email: Email
    username: Username
    password: Password = Field(exclude=True, repr=False)
    first_name: Name | None = None
    last_name: Name | None = None
    profile_picture: Url | None = None


class NewUser(SignUp):
    """The values of a new account with any role; for callers that may create administrators.

    Attributes:
        role: The role of the account.
    """

    role: Known[UserRole] = UserRole.STUDENT


class UserChanges(Changes):
    """Changes to an account; fields that are not set keep their values.

    Attributes:
        email: A valid address, at most 254 characters; stored in its canonical form: in lower
            case and in normal form C, with the domain in Unicode instead of punycode.
        username: 1 to 200 characters, trimmed and in normal form C; without `@` and without
            control, format and line characters.
        first_name: At most 200 characters; `None` clears it.
        last_name: At most 200 characters; `None` clears it.
        profile_picture: An http or https URL; `None` clears it.
    """

    email: Email = UNCHANGED
    username: Username = UNCHANGED
    first_name: Name | None = UNCHANGED
    last_name: Name | None = UNCHANGED
    profile_picture: Url | None = UNCHANGED


class PreferenceChanges(Changes):
    """Changes to preferences; fields that are not set keep their values.

    Attributes:
        language: A language tag such as `fr` or `fr-FR`.
        notifications: Whether notifications are enabled.
        dark_mode: Whether dark mode is enabled.
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
