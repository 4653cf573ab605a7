"""Access to TrioSigno's PostgreSQL database for Python services.

    import triosigno_db as db

    db.connect()                                    # once, reads DATABASE_URL
    user = db.get_user_with_preferences(user_id)    # an immutable record

Importing it opens no connection. `db.aio` has the same functions as coroutines. `db.migrator`,
`db.doctor`, `db.packs`, `db.roles` and `db.schema` are for operators; each is imported on use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from triosigno_db.database.events import StatementEvent, on_statement
from triosigno_db.database.health import ping, pool_stats, pool_status
from triosigno_db.database.lifecycle import connect, disconnect
from triosigno_db.database.pool import PoolStats, PoolStatus
from triosigno_db.database.transactions import (
    Isolation,
    connection,
    reading_from_replica,
    run_in_transaction,
    transaction,
)
from triosigno_db.enums import DifficultyLevel, UserRole
from triosigno_db.errors import (
    AccountInactiveError,
    AlreadyExistsError,
    ConflictError,
    DatabaseUnavailableError,
    DataLossError,
    InUseError,
    InvalidCredentialsError,
    InvalidInputError,
    MigrationBlockedError,
    MigrationError,
    MigrationFailedError,
    MigrationLockedError,
    NotConnectedError,
    NotFoundError,
    OutcomeUnknownError,
    PermissionDeniedError,
    PoolTimeoutError,
    ProtectedDatabaseError,
    QueryTimeoutError,
    ReadOnlyError,
    SchemaMismatchError,
    TrioSignoDBError,
    UnreadableRowError,
)
from triosigno_db.records import (
    AchievementChanges,
    AchievementRecord,
    Attempt,
    Award,
    CategoryChanges,
    CategoryRecord,
    CategoryWithCounts,
    Changes,
    ExportedAchievement,
    ExportedProgress,
    ExportedSession,
    Input,
    Leaderboard,
    LeaderboardEntry,
    LearnerSummary,
    LessonChanges,
    LessonProgress,
    LessonRecord,
    LessonSignRecord,
    LessonSignWithSign,
    LessonWithSigns,
    ModuleChanges,
    ModuleProgress,
    ModuleRecord,
    ModuleTree,
    ModuleWithCounts,
    NewAchievement,
    NewCategory,
    NewLesson,
    NewModule,
    NewSign,
    NewUser,
    Page,
    PreferenceChanges,
    PreferencesRecord,
    ProgressRecord,
    PublicAttempt,
    Record,
    SessionRecord,
    SignChanges,
    SignRecord,
    SignToReview,
    SignUp,
    UserAchievementRecord,
    UserAchievementWithAchievement,
    UserChanges,
    UserExport,
    UserRecord,
    UserWithPreferences,
)
from triosigno_db.repositories.accounts.credentials import (
    authenticate,
    change_password,
    set_password,
)
from triosigno_db.repositories.accounts.export import (
    export_user,
)
from triosigno_db.repositories.accounts.logins import find_user_by_email, find_user_by_username
from triosigno_db.repositories.accounts.preferences import (
    get_preferences,
    get_user_with_preferences,
    update_preferences,
)
from triosigno_db.repositories.accounts.users import (
    count_users,
    create_user,
    deactivate_user,
    delete_user,
    get_user,
    list_users,
    reactivate_user,
    set_role,
    update_user,
)
from triosigno_db.repositories.content.categories import (
    create_category,
    delete_category,
    get_category,
    list_categories,
    update_category,
)
from triosigno_db.repositories.content.lesson_signs import (
    add_sign_to_lesson,
    remove_sign_from_lesson,
    reorder_lesson_signs,
    set_lesson_signs,
)
from triosigno_db.repositories.content.lessons import (
    create_lesson,
    delete_lesson,
    list_lessons,
    reorder_lessons,
    update_lesson,
)
from triosigno_db.repositories.content.modules import (
    create_module,
    delete_module,
    get_module,
    list_modules,
    reorder_modules,
    update_module,
)
from triosigno_db.repositories.content.signs import (
    create_sign,
    delete_sign,
    find_sign_by_name,
    get_sign,
    list_signs,
    search_signs,
    update_sign,
)
from triosigno_db.repositories.content.trees import (
    get_lesson,
    get_module_tree,
    list_module_trees,
)
from triosigno_db.repositories.gamification.achievements import (
    create_achievement,
    delete_achievement,
    get_achievement,
    list_achievements,
    update_achievement,
)
from triosigno_db.repositories.gamification.awards import (
    award_achievement,
    list_user_achievements,
    revoke_achievement,
)
from triosigno_db.repositories.gamification.leaderboard import (
    Period,
    get_leaderboard,
)
from triosigno_db.repositories.gamification.summary import (
    get_learner_summary,
)
from triosigno_db.repositories.iteration import iterate
from triosigno_db.repositories.learning.attempts import (
    record_attempt,
    record_attempts,
)
from triosigno_db.repositories.learning.keys import (
    delete_idempotency_keys,
)
from triosigno_db.repositories.learning.progress import (
    get_module_progress,
    get_progress,
    list_progress,
    list_signs_to_review,
)
from triosigno_db.repositories.learning.sessions import (
    abandon_session,
    complete_session,
    get_session,
    list_sessions,
    start_session,
)
from triosigno_db.schema.create import create_schema
from triosigno_db.schema.drop import drop_schema
from triosigno_db.settings import Settings

__version__ = "0.1.0"

__all__ = [
    "AccountInactiveError",
    "AchievementChanges",
    "AchievementRecord",
    "AlreadyExistsError",
    "Attempt",
    "Award",
    "CategoryChanges",
    "CategoryRecord",
    "CategoryWithCounts",
    "Changes",
    "ConflictError",
    "DataLossError",
    "DatabaseUnavailableError",
    "DifficultyLevel",
    "ExportedAchievement",
    "ExportedProgress",
    "ExportedSession",
    "InUseError",
    "Input",
    "InvalidCredentialsError",
    "InvalidInputError",
    "Isolation",
    "Leaderboard",
    "LeaderboardEntry",
    "LearnerSummary",
    "LessonChanges",
    "LessonProgress",
    "LessonRecord",
    "LessonSignRecord",
    "LessonSignWithSign",
    "LessonWithSigns",
    "MigrationBlockedError",
    "MigrationError",
    "MigrationFailedError",
    "MigrationLockedError",
    "ModuleChanges",
    "ModuleProgress",
    "ModuleRecord",
    "ModuleTree",
    "ModuleWithCounts",
    "NewAchievement",
    "NewCategory",
    "NewLesson",
    "NewModule",
    "NewSign",
    "NewUser",
    "NotConnectedError",
    "NotFoundError",
    "OutcomeUnknownError",
    "Page",
    "Period",
    "PermissionDeniedError",
    "PoolStats",
    "PoolStatus",
    "PoolTimeoutError",
    "PreferenceChanges",
    "PreferencesRecord",
    "ProgressRecord",
    "ProtectedDatabaseError",
    "PublicAttempt",
    "QueryTimeoutError",
    "ReadOnlyError",
    "Record",
    "SchemaMismatchError",
    "SessionRecord",
    "Settings",
    "SignChanges",
    "SignRecord",
    "SignToReview",
    "SignUp",
    "StatementEvent",
    "TrioSignoDBError",
    "UnreadableRowError",
    "UserAchievementRecord",
    "UserAchievementWithAchievement",
    "UserChanges",
    "UserExport",
    "UserRecord",
    "UserRole",
    "UserWithPreferences",
    "__version__",
    "abandon_session",
    "add_sign_to_lesson",
    "authenticate",
    "award_achievement",
    "change_password",
    "complete_session",
    "connect",
    "connection",
    "count_users",
    "create_achievement",
    "create_category",
    "create_lesson",
    "create_module",
    "create_schema",
    "create_sign",
    "create_user",
    "deactivate_user",
    "delete_achievement",
    "delete_category",
    "delete_idempotency_keys",
    "delete_lesson",
    "delete_module",
    "delete_sign",
    "delete_user",
    "disconnect",
    "drop_schema",
    "export_user",
    "find_sign_by_name",
    "find_user_by_email",
    "find_user_by_username",
    "get_achievement",
    "get_category",
    "get_leaderboard",
    "get_learner_summary",
    "get_lesson",
    "get_module",
    "get_module_progress",
    "get_module_tree",
    "get_preferences",
    "get_progress",
    "get_session",
    "get_sign",
    "get_user",
    "get_user_with_preferences",
    "iterate",
    "list_achievements",
    "list_categories",
    "list_lessons",
    "list_module_trees",
    "list_modules",
    "list_progress",
    "list_sessions",
    "list_signs",
    "list_signs_to_review",
    "list_user_achievements",
    "list_users",
    "on_statement",
    "ping",
    "pool_stats",
    "pool_status",
    "reactivate_user",
    "reading_from_replica",
    "record_attempt",
    "record_attempts",
    "remove_sign_from_lesson",
    "reorder_lesson_signs",
    "reorder_lessons",
    "reorder_modules",
    "revoke_achievement",
    "run_in_transaction",
    "search_signs",
    "set_lesson_signs",
    "set_password",
    "set_role",
    "start_session",
    "transaction",
    "update_achievement",
    "update_category",
    "update_lesson",
    "update_module",
    "update_preferences",
    "update_sign",
    "update_user",
]

if TYPE_CHECKING:
    from triosigno_db import aio as aio
    from triosigno_db import doctor as doctor
    from triosigno_db import migrator as migrator
    from triosigno_db import packs as packs
    from triosigno_db import roles as roles
    from triosigno_db import schema as schema
else:
    # With __getattr__, type checkers would accept any name.
    _PACKAGES = ("aio", "doctor", "migrator", "packs", "roles", "schema")

    def __getattr__(name: str) -> Any:
        if name in _PACKAGES:
            return import_module(f"{__name__}.{name}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted((*__all__, *_PACKAGES))
