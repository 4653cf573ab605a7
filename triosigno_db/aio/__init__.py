"""The same functions as coroutines, with the same arguments, records and errors.

    from triosigno_db import aio as db

    async with db.connect():                            # once, reads DATABASE_URL
        tree = await db.get_module_tree(module_id)      # an immutable record

What sends nothing, `on_statement` and `pool_status`, is called as there, without `await`. The names
that are no functions are those of `triosigno_db` itself: a service that is asynchronous
throughout imports this module alone.
"""

import triosigno_db as _blocking
from triosigno_db import (
    AccountInactiveError,
    AchievementChanges,
    AchievementRecord,
    AlreadyExistsError,
    Attempt,
    Award,
    CategoryChanges,
    CategoryRecord,
    CategoryWithCounts,
    Changes,
    ConflictError,
    DatabaseUnavailableError,
    DataLossError,
    DifficultyLevel,
    ExportedAchievement,
    ExportedProgress,
    ExportedSession,
    Input,
    InUseError,
    InvalidCredentialsError,
    InvalidInputError,
    Isolation,
    Leaderboard,
    LeaderboardEntry,
    LearnerSummary,
    LessonChanges,
    LessonProgress,
    LessonRecord,
    LessonSignRecord,
    LessonSignWithSign,
    LessonWithSigns,
    MigrationError,
    MigrationFailedError,
    MigrationLockedError,
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
    NotConnectedError,
    NotFoundError,
    OutcomeUnknownError,
    Page,
    Period,
    PermissionDeniedError,
    PoolStatus,
    PoolTimeoutError,
    PreferenceChanges,
    PreferencesRecord,
    ProgressRecord,
    QueryTimeoutError,
    ReadOnlyError,
    Record,
    SchemaMismatchError,
    SessionRecord,
    Settings,
    SignChanges,
    SignRecord,
    SignToReview,
    StatementEvent,
    TrioSignoDBError,
    UserAchievementRecord,
    UserAchievementWithAchievement,
    UserChanges,
    UserExport,
    UserRecord,
    UserRole,
    UserWithPreferences,
    __version__,
    on_statement,
    pool_status,
)
from triosigno_db.aio.scopes import (
    connect,
    connection,
    coroutine,
    disconnect,
    ping,
    reading_from_replica,
    run_in_transaction,
    transaction,
)

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
    "PoolStatus",
    "PoolTimeoutError",
    "PreferenceChanges",
    "PreferencesRecord",
    "ProgressRecord",
    "QueryTimeoutError",
    "ReadOnlyError",
    "Record",
    "SchemaMismatchError",
    "SessionRecord",
    "Settings",
    "SignChanges",
    "SignRecord",
    "SignToReview",
    "StatementEvent",
    "TrioSignoDBError",
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

# -- accounts ---------------------------------------------------------------------------------

authenticate = coroutine(_blocking.authenticate)
change_password = coroutine(_blocking.change_password)
count_users = coroutine(_blocking.count_users)
create_user = coroutine(_blocking.create_user)
deactivate_user = coroutine(_blocking.deactivate_user)
delete_user = coroutine(_blocking.delete_user)
export_user = coroutine(_blocking.export_user)
find_user_by_email = coroutine(_blocking.find_user_by_email)
find_user_by_username = coroutine(_blocking.find_user_by_username)
get_preferences = coroutine(_blocking.get_preferences)
get_user = coroutine(_blocking.get_user)
get_user_with_preferences = coroutine(_blocking.get_user_with_preferences)
list_users = coroutine(_blocking.list_users)
reactivate_user = coroutine(_blocking.reactivate_user)
set_password = coroutine(_blocking.set_password)
set_role = coroutine(_blocking.set_role)
update_preferences = coroutine(_blocking.update_preferences)
update_user = coroutine(_blocking.update_user)

# -- content ----------------------------------------------------------------------------------

add_sign_to_lesson = coroutine(_blocking.add_sign_to_lesson)
create_category = coroutine(_blocking.create_category)
create_lesson = coroutine(_blocking.create_lesson)
create_module = coroutine(_blocking.create_module)
create_sign = coroutine(_blocking.create_sign)
delete_category = coroutine(_blocking.delete_category)
delete_lesson = coroutine(_blocking.delete_lesson)
delete_module = coroutine(_blocking.delete_module)
delete_sign = coroutine(_blocking.delete_sign)
find_sign_by_name = coroutine(_blocking.find_sign_by_name)
get_category = coroutine(_blocking.get_category)
get_lesson = coroutine(_blocking.get_lesson)
get_module = coroutine(_blocking.get_module)
get_module_tree = coroutine(_blocking.get_module_tree)
get_sign = coroutine(_blocking.get_sign)
list_categories = coroutine(_blocking.list_categories)
list_lessons = coroutine(_blocking.list_lessons)
list_module_trees = coroutine(_blocking.list_module_trees)
list_modules = coroutine(_blocking.list_modules)
list_signs = coroutine(_blocking.list_signs)
remove_sign_from_lesson = coroutine(_blocking.remove_sign_from_lesson)
reorder_lesson_signs = coroutine(_blocking.reorder_lesson_signs)
reorder_lessons = coroutine(_blocking.reorder_lessons)
reorder_modules = coroutine(_blocking.reorder_modules)
search_signs = coroutine(_blocking.search_signs)
set_lesson_signs = coroutine(_blocking.set_lesson_signs)
update_category = coroutine(_blocking.update_category)
update_lesson = coroutine(_blocking.update_lesson)
update_module = coroutine(_blocking.update_module)
update_sign = coroutine(_blocking.update_sign)

# -- learning ---------------------------------------------------------------------------------

abandon_session = coroutine(_blocking.abandon_session)
complete_session = coroutine(_blocking.complete_session)
get_module_progress = coroutine(_blocking.get_module_progress)
get_progress = coroutine(_blocking.get_progress)
get_session = coroutine(_blocking.get_session)
list_progress = coroutine(_blocking.list_progress)
list_sessions = coroutine(_blocking.list_sessions)
list_signs_to_review = coroutine(_blocking.list_signs_to_review)
record_attempt = coroutine(_blocking.record_attempt)
delete_idempotency_keys = coroutine(_blocking.delete_idempotency_keys)
record_attempts = coroutine(_blocking.record_attempts)
start_session = coroutine(_blocking.start_session)

# -- gamification -----------------------------------------------------------------------------

award_achievement = coroutine(_blocking.award_achievement)
create_achievement = coroutine(_blocking.create_achievement)
delete_achievement = coroutine(_blocking.delete_achievement)
get_achievement = coroutine(_blocking.get_achievement)
get_leaderboard = coroutine(_blocking.get_leaderboard)
get_learner_summary = coroutine(_blocking.get_learner_summary)
list_achievements = coroutine(_blocking.list_achievements)
list_user_achievements = coroutine(_blocking.list_user_achievements)
revoke_achievement = coroutine(_blocking.revoke_achievement)
update_achievement = coroutine(_blocking.update_achievement)

# -- schema -----------------------------------------------------------------------------------

create_schema = coroutine(_blocking.create_schema)
drop_schema = coroutine(_blocking.drop_schema)
