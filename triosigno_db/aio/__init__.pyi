from collections.abc import Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import SecretStr

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
    MigrationBlockedError,
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
    PoolStats,
    PoolStatus,
    PoolTimeoutError,
    PreferenceChanges,
    PreferencesRecord,
    ProgressRecord,
    ProtectedDatabaseError,
    PublicAttempt,
    QueryTimeoutError,
    ReadOnlyError,
    Record,
    SchemaMismatchError,
    SessionRecord,
    Settings,
    SignChanges,
    SignRecord,
    SignToReview,
    SignUp,
    StatementEvent,
    TrioSignoDBError,
    UnreadableRowError,
    UserAchievementRecord,
    UserAchievementWithAchievement,
    UserChanges,
    UserExport,
    UserRecord,
    UserRole,
    UserWithPreferences,
    __version__,
    on_statement,
    pool_stats,
    pool_status,
)
from triosigno_db.aio.scopes import (
    connect,
    connection,
    disconnect,
    iterate,
    ping,
    reading_from_replica,
    run_in_transaction,
    transaction,
)
from triosigno_db.records.accounts import PreferencesT, UserExportT, UserT, UserWithPreferencesT
from triosigno_db.records.content import (
    CategoryT,
    CategoryWithCountsT,
    LessonSignT,
    LessonT,
    LessonWithSignsT,
    ModuleT,
    ModuleTreeT,
    ModuleWithCountsT,
    SignT,
)
from triosigno_db.records.gamification import (
    AchievementT,
    AwardT,
    LeaderboardT,
    LearnerSummaryT,
    UserAchievementT,
)
from triosigno_db.records.learning import ModuleProgressT, ProgressT, SessionT, SignToReviewT

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

async def abandon_session(session_id: str | UUID, *, shape: type[SessionT] = ...) -> SessionT: ...
async def add_sign_to_lesson(
    lesson_id: str | UUID,
    sign_id: str | UUID,
    *,
    position: int | None = ...,
    shape: type[LessonWithSignsT] = ...,
) -> LessonWithSignsT: ...
async def authenticate(
    email_or_username: str, password: str | SecretStr, *, shape: type[UserT] = ...
) -> UserT: ...
async def award_achievement(
    user_id: str | UUID, name_or_id: str | UUID, *, shape: type[AwardT] = ...
) -> AwardT: ...
async def change_password(
    user_id: str | UUID, current: str | SecretStr, new: str | SecretStr
) -> None: ...
async def complete_session(
    session_id: str | UUID,
    *,
    score: int,
    xp_earned: int,
    attempts: Sequence[PublicAttempt] = ...,
    idempotency_key: str | None = ...,
    shape: type[SessionT] = ...,
) -> SessionT: ...
async def count_users(
    *, role: UserRole | None = ..., is_active: bool | None = ..., search: str | None = ...
) -> int: ...
async def create_achievement(
    new: NewAchievement, *, shape: type[AchievementT] = ...
) -> AchievementT: ...
async def create_category(new: NewCategory, *, shape: type[CategoryT] = ...) -> CategoryT: ...
async def create_lesson(new: NewLesson, *, shape: type[LessonT] = ...) -> LessonT: ...
async def create_module(new: NewModule, *, shape: type[ModuleT] = ...) -> ModuleT: ...
async def create_schema() -> None: ...
async def create_sign(new: NewSign, *, shape: type[SignT] = ...) -> SignT: ...
async def create_user(
    new: SignUp, *, shape: type[UserWithPreferencesT] = ...
) -> UserWithPreferencesT: ...
async def deactivate_user(user_id: str | UUID, *, shape: type[UserT] = ...) -> UserT: ...
async def delete_achievement(achievement_id: str | UUID, *, cascade: bool = ...) -> None: ...
async def delete_category(category_id: str | UUID) -> None: ...
async def delete_idempotency_keys(*, before: datetime) -> int: ...
async def delete_lesson(lesson_id: str | UUID) -> None: ...
async def delete_module(module_id: str | UUID) -> None: ...
async def delete_sign(sign_id: str | UUID, *, cascade: bool = ...) -> None: ...
async def delete_user(user_id: str | UUID) -> None: ...
async def drop_schema(*, accept_data_loss: bool = ...) -> None: ...
async def export_user(user_id: str | UUID, *, shape: type[UserExportT] = ...) -> UserExportT: ...
async def find_sign_by_name(name: str, *, shape: type[SignT] = ...) -> SignT | None: ...
async def find_user_by_email(email: str, *, shape: type[UserT] = ...) -> UserT | None: ...
async def find_user_by_username(username: str, *, shape: type[UserT] = ...) -> UserT | None: ...
async def get_achievement(
    achievement_id: str | UUID, *, shape: type[AchievementT] = ...
) -> AchievementT: ...
async def get_category(category_id: str | UUID, *, shape: type[CategoryT] = ...) -> CategoryT: ...
async def get_leaderboard(
    period: Period = ...,
    *,
    limit: int = ...,
    user_id: str | UUID | None = ...,
    timezone: str | ZoneInfo = ...,
    shape: type[LeaderboardT] = ...,
) -> LeaderboardT: ...
async def get_learner_summary(
    user_id: str | UUID, *, timezone: str | ZoneInfo = ..., shape: type[LearnerSummaryT] = ...
) -> LearnerSummaryT: ...
async def get_lesson(
    lesson_id: str | UUID, *, shape: type[LessonWithSignsT] = ...
) -> LessonWithSignsT: ...
async def get_module(module_id: str | UUID, *, shape: type[ModuleT] = ...) -> ModuleT: ...
async def get_module_progress(
    user_id: str | UUID, module_id: str | UUID, *, shape: type[ModuleProgressT] = ...
) -> ModuleProgressT: ...
async def get_module_tree(
    module_id: str | UUID, *, shape: type[ModuleTreeT] = ...
) -> ModuleTreeT: ...
async def get_preferences(
    user_id: str | UUID, *, shape: type[PreferencesT] = ...
) -> PreferencesT: ...
async def get_progress(
    user_id: str | UUID, sign_id: str | UUID, *, shape: type[ProgressT] = ...
) -> ProgressT: ...
async def get_session(session_id: str | UUID, *, shape: type[SessionT] = ...) -> SessionT: ...
async def get_sign(sign_id: str | UUID, *, shape: type[SignT] = ...) -> SignT: ...
async def get_user(user_id: str | UUID, *, shape: type[UserT] = ...) -> UserT: ...
async def get_user_with_preferences(
    user_id: str | UUID, *, shape: type[UserWithPreferencesT] = ...
) -> UserWithPreferencesT: ...
async def list_achievements(
    *, limit: int = ..., cursor: str | None = ..., shape: type[AchievementT] = ...
) -> Page[AchievementT]: ...
async def list_categories(
    *, limit: int = ..., cursor: str | None = ..., shape: type[CategoryWithCountsT] = ...
) -> Page[CategoryWithCountsT]: ...
async def list_lessons(
    *,
    module_id: str | UUID | None = ...,
    limit: int = ...,
    cursor: str | None = ...,
    shape: type[LessonT] = ...,
) -> Page[LessonT]: ...
async def list_module_trees(
    *, limit: int = ..., cursor: str | None = ..., shape: type[ModuleTreeT] = ...
) -> Page[ModuleTreeT]: ...
async def list_modules(
    *, limit: int = ..., cursor: str | None = ..., shape: type[ModuleWithCountsT] = ...
) -> Page[ModuleWithCountsT]: ...
async def list_progress(
    user_id: str | UUID,
    *,
    module_id: str | UUID | None = ...,
    lesson_id: str | UUID | None = ...,
    min_mastery: int | None = ...,
    max_mastery: int | None = ...,
    limit: int = ...,
    cursor: str | None = ...,
    shape: type[ProgressT] = ...,
) -> Page[ProgressT]: ...
async def list_sessions(
    *,
    user_id: str | UUID | None = ...,
    lesson_id: str | UUID | None = ...,
    completed: bool | None = ...,
    since: datetime | None = ...,
    until: datetime | None = ...,
    limit: int = ...,
    cursor: str | None = ...,
    shape: type[SessionT] = ...,
) -> Page[SessionT]: ...
async def list_signs(
    *,
    category_id: str | UUID | None = ...,
    difficulty: DifficultyLevel | None = ...,
    limit: int = ...,
    cursor: str | None = ...,
    shape: type[SignT] = ...,
) -> Page[SignT]: ...
async def list_signs_to_review(
    user_id: str | UUID,
    *,
    limit: int = ...,
    cursor: str | None = ...,
    shape: type[SignToReviewT] = ...,
) -> Page[SignToReviewT]: ...
async def list_user_achievements(
    user_id: str | UUID,
    *,
    limit: int = ...,
    cursor: str | None = ...,
    shape: type[UserAchievementT] = ...,
) -> Page[UserAchievementT]: ...
async def list_users(
    *,
    role: UserRole | None = ...,
    is_active: bool | None = ...,
    search: str | None = ...,
    limit: int = ...,
    cursor: str | None = ...,
    shape: type[UserT] = ...,
) -> Page[UserT]: ...
async def reactivate_user(user_id: str | UUID, *, shape: type[UserT] = ...) -> UserT: ...
async def record_attempt(
    user_id: str | UUID,
    sign_id: str | UUID,
    *,
    is_correct: bool,
    mastery_level: int | None = ...,
    idempotency_key: str | None = ...,
    shape: type[ProgressT] = ...,
) -> ProgressT: ...
async def record_attempts(
    user_id: str | UUID, attempts: Sequence[PublicAttempt], *, shape: type[ProgressT] = ...
) -> tuple[ProgressT, ...]: ...
async def remove_sign_from_lesson(
    lesson_id: str | UUID, sign_id: str | UUID, *, shape: type[LessonWithSignsT] = ...
) -> LessonWithSignsT: ...
async def reorder_lesson_signs(
    lesson_id: str | UUID, sign_ids: Sequence[str | UUID], *, shape: type[LessonSignT] = ...
) -> tuple[LessonSignT, ...]: ...
async def reorder_lessons(
    module_id: str | UUID, lesson_ids: Sequence[str | UUID], *, shape: type[LessonT] = ...
) -> tuple[LessonT, ...]: ...
async def reorder_modules(
    module_ids: Sequence[str | UUID], *, shape: type[ModuleT] = ...
) -> tuple[ModuleT, ...]: ...
async def revoke_achievement(user_id: str | UUID, name_or_id: str | UUID) -> None: ...
async def search_signs(
    text: str,
    *,
    category_id: str | UUID | None = ...,
    difficulty: DifficultyLevel | None = ...,
    limit: int = ...,
    cursor: str | None = ...,
    shape: type[SignT] = ...,
) -> Page[SignT]: ...
async def set_lesson_signs(
    lesson_id: str | UUID, sign_ids: Sequence[str | UUID], *, shape: type[LessonWithSignsT] = ...
) -> LessonWithSignsT: ...
async def set_password(user_id: str | UUID, password: str | SecretStr) -> None: ...
async def set_role(user_id: str | UUID, role: UserRole, *, shape: type[UserT] = ...) -> UserT: ...
async def start_session(
    user_id: str | UUID, lesson_id: str | UUID, *, shape: type[SessionT] = ...
) -> SessionT: ...
async def update_achievement(
    achievement_id: str | UUID, changes: AchievementChanges, *, shape: type[AchievementT] = ...
) -> AchievementT: ...
async def update_category(
    category_id: str | UUID, changes: CategoryChanges, *, shape: type[CategoryT] = ...
) -> CategoryT: ...
async def update_lesson(
    lesson_id: str | UUID, changes: LessonChanges, *, shape: type[LessonT] = ...
) -> LessonT: ...
async def update_module(
    module_id: str | UUID, changes: ModuleChanges, *, shape: type[ModuleT] = ...
) -> ModuleT: ...
async def update_preferences(
    user_id: str | UUID, changes: PreferenceChanges, *, shape: type[PreferencesT] = ...
) -> PreferencesT: ...
async def update_sign(
    sign_id: str | UUID, changes: SignChanges, *, shape: type[SignT] = ...
) -> SignT: ...
async def update_user(
    user_id: str | UUID, changes: UserChanges, *, shape: type[UserT] = ...
) -> UserT: ...
