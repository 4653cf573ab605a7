"""The one door through which Python services reach TrioSigno's PostgreSQL database.

    import triosigno_db as db

    db.connect()                                    # once, reads DATABASE_URL
    user = db.get_user_with_preferences(user_id)    # an immutable record

Importing the package opens nothing.
"""

from triosigno_db.database import Isolation, connect, connection, disconnect, transaction
from triosigno_db.enums import DifficultyLevel, UserRole
from triosigno_db.errors import (
    AlreadyExistsError,
    ConflictError,
    DatabaseUnavailableError,
    DataLossError,
    InUseError,
    InvalidInputError,
    MigrationError,
    MigrationFailedError,
    MigrationLockedError,
    NotConnectedError,
    NotFoundError,
    PoolTimeoutError,
    QueryTimeoutError,
    SchemaMismatchError,
    TrioSignoDBError,
)
from triosigno_db.records import (
    CategoryRecord,
    Input,
    LessonRecord,
    LessonSignRecord,
    LessonSignWithSign,
    LessonWithSigns,
    ModuleRecord,
    ModuleTree,
    NewCategory,
    NewLesson,
    NewModule,
    NewSign,
    NewUser,
    PreferencesRecord,
    ProgressRecord,
    Record,
    SignRecord,
    UserRecord,
    UserWithPreferences,
)
from triosigno_db.repositories.accounts import create_user, get_user_with_preferences
from triosigno_db.repositories.content import (
    create_category,
    create_lesson,
    create_module,
    create_sign,
    get_module_tree,
    set_lesson_signs,
)
from triosigno_db.repositories.learning import record_attempt
from triosigno_db.schema import create_schema, drop_schema
from triosigno_db.settings import Settings

__version__ = "0.1.0"

__all__ = [
    "AlreadyExistsError",
    "CategoryRecord",
    "ConflictError",
    "DataLossError",
    "DatabaseUnavailableError",
    "DifficultyLevel",
    "InUseError",
    "Input",
    "InvalidInputError",
    "Isolation",
    "LessonRecord",
    "LessonSignRecord",
    "LessonSignWithSign",
    "LessonWithSigns",
    "MigrationError",
    "MigrationFailedError",
    "MigrationLockedError",
    "ModuleRecord",
    "ModuleTree",
    "NewCategory",
    "NewLesson",
    "NewModule",
    "NewSign",
    "NewUser",
    "NotConnectedError",
    "NotFoundError",
    "PoolTimeoutError",
    "PreferencesRecord",
    "ProgressRecord",
    "QueryTimeoutError",
    "Record",
    "SchemaMismatchError",
    "Settings",
    "SignRecord",
    "TrioSignoDBError",
    "UserRecord",
    "UserRole",
    "UserWithPreferences",
    "__version__",
    "connect",
    "connection",
    "create_category",
    "create_lesson",
    "create_module",
    "create_schema",
    "create_sign",
    "create_user",
    "disconnect",
    "drop_schema",
    "get_module_tree",
    "get_user_with_preferences",
    "record_attempt",
    "set_lesson_signs",
    "transaction",
]
