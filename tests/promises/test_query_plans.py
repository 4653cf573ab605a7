"""Plans on large tables: whatever a function sends finds its rows by index.

The server's own auto_explain tells the plan of each statement that is really run.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2
import pytest

import triosigno_db as db
from tests.plain_sql import end_sessions, run_plain
from tests.promises import large_data
from tests.promises.large_data import an_id
from tests.promises.one_of_each import make_one_of_each
from tests.server_features import has_trigrams
from triosigno_db.database.lifecycle import current_database
from triosigno_db.models import MODELS
from triosigno_db.testing import ThrowawayPostgres

pytestmark = pytest.mark.slow

LARGE = {"User", "Sign", "Progress", "LearningSession", "UserAchievement", "LessonSign"}

USER, SIGN, LESSON, MODULE = (an_id(each) for each in ("user7", "sign77", "lesson7-7", "module7"))
CATEGORY, ACHIEVEMENT = an_id("category3"), an_id("achievement3")
LESSON_SIGNS = [an_id(f"sign{660 + n}") for n in range(1, 11)]
VETERAN = an_id(f"user{large_data.VETERAN}")
BATCH = [db.Attempt(sign_id=an_id(f"sign{n}"), is_correct=True) for n in range(1, 201)]


def long_ago(days: int) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


def complete() -> None:
    session = db.start_session(USER, LESSON)
    db.complete_session(session.id, score=1, xp_earned=2, attempts=BATCH[:5])


def award_and_revoke() -> None:
    db.award_achievement(USER, "achievement 33")
    db.award_achievement(USER, "achievement 33")
    db.revoke_achievement(USER, "achievement 33")


def remove_and_add() -> None:
    db.remove_sign_from_lesson(LESSON, LESSON_SIGNS[3])
    db.add_sign_to_lesson(LESSON, LESSON_SIGNS[3])
    db.reorder_lesson_signs(LESSON, [place.sign_id for place in db.get_lesson(LESSON).lesson_signs])


def make_and_delete() -> None:
    user = db.create_user(db.NewUser(email="new@example.org", username="new", password="new"))
    db.record_attempts(user.id, BATCH)
    db.change_password(user.id, "new", "newer")
    db.set_password(user.id, "new")
    db.update_preferences(user.id, db.PreferenceChanges(dark_mode=True))
    db.delete_user(user.id)


CALLS: dict[str, Callable[[], Any]] = {
    "get_user": lambda: db.get_user(USER),
    "get_user_with_preferences": lambda: db.get_user_with_preferences(USER),
    "find_user_by_email": lambda: db.find_user_by_email("LEARNER7@example.org"),
    "find_user_by_email, a form": lambda: db.find_user_by_email("Zo\u00c9@ex\u00c4mple.org"),
    "find_user_by_username, a form": lambda: db.find_user_by_username(" le\u0301a "),
    "authenticate, a form": lambda: refused(lambda: db.authenticate("\u00c9@\u00c4b.org", "p")),
    "find_user_by_username": lambda: db.find_user_by_username("learner7"),
    "authenticate": lambda: refused(lambda: db.authenticate("learner7", "wrong")),
    "list_users": db.list_users,
    "list_users, a role": lambda: db.list_users(role=db.UserRole.TEACHER),
    "list_users, an unused role": lambda: db.list_users(role=db.UserRole.ADMIN),
    "list_users, inactive": lambda: db.list_users(is_active=False),
    "list_users, search": lambda: db.list_users(search="moreau77"),
    "count_users, a role": lambda: db.count_users(role=db.UserRole.TEACHER),
    "count_users, search": lambda: db.count_users(search="learner9999"),
    "update_user": lambda: db.update_user(USER, db.UserChanges(first_name="Zoé")),
    "update_user, a login": lambda: db.update_user(
        USER, db.UserChanges(email="LEARNER7@example.org", username="learner7")
    ),
    "export_user": lambda: db.export_user(USER),
    "an account's life": make_and_delete,
    "list_categories": db.list_categories,
    "get_sign": lambda: db.get_sign(SIGN),
    "find_sign_by_name": lambda: db.find_sign_by_name("signe 5"),
    "list_signs": db.list_signs,
    "list_signs, a category": lambda: db.list_signs(category_id=CATEGORY),
    "search_signs": lambda: db.search_signs("signe 777"),
    "search_signs, a category": lambda: db.search_signs("SIGNÉ 777", category_id=CATEGORY),
    "update_sign": lambda: db.update_sign(SIGN, db.SignChanges(image_url=None)),
    "delete_sign": lambda: refused(lambda: db.delete_sign(SIGN)),
    "delete_category": lambda: refused(lambda: db.delete_category(CATEGORY)),
    "list_modules": db.list_modules,
    "get_module_tree": lambda: db.get_module_tree(MODULE),
    "list_module_trees": lambda: db.list_module_trees(limit=20),
    "get_lesson": lambda: db.get_lesson(LESSON),
    "list_lessons": lambda: db.list_lessons(module_id=MODULE),
    "set_lesson_signs": lambda: db.set_lesson_signs(LESSON, LESSON_SIGNS),
    "changes of a lesson": remove_and_add,
    "delete_lesson": lambda: refused(lambda: db.delete_lesson(LESSON)),
    "record_attempt": lambda: db.record_attempt(USER, SIGN, is_correct=True),
    "record_attempts": lambda: db.record_attempts(USER, BATCH),
    "get_progress": lambda: db.get_progress(USER, an_id("sign63")),
    "list_progress": lambda: db.list_progress(USER),
    "list_progress, a lesson": lambda: db.list_progress(USER, lesson_id=LESSON, min_mastery=5),
    "list_progress, a module": lambda: db.list_progress(USER, module_id=MODULE),
    "get_module_progress": lambda: db.get_module_progress(USER, MODULE),
    "list_signs_to_review": lambda: db.list_signs_to_review(USER),
    "complete_session": complete,
    "abandon_session": lambda: db.abandon_session(db.start_session(USER, LESSON).id),
    "list_sessions": db.list_sessions,
    "list_sessions, a user": lambda: db.list_sessions(user_id=USER),
    "list_sessions, a veteran": lambda: db.list_sessions(user_id=VETERAN),
    "list_sessions, completed": lambda: db.list_sessions(user_id=USER, completed=True),
    "list_sessions, a lesson": lambda: db.list_sessions(lesson_id=LESSON),
    "list_sessions, a period": lambda: db.list_sessions(since=long_ago(100), until=long_ago(99)),
    "awards": award_and_revoke,
    "list_user_achievements": lambda: db.list_user_achievements(USER),
    "delete_achievement": lambda: refused(lambda: db.delete_achievement(ACHIEVEMENT)),
    "get_learner_summary": lambda: db.get_learner_summary(USER),
    "get_leaderboard, a day": lambda: db.get_leaderboard("day", user_id=USER),
}

LISTS: dict[str, Callable[..., db.Page[Any]]] = {
    "list_users": db.list_users,
    "list_users, a role": lambda **page: db.list_users(role=db.UserRole.STUDENT, **page),
    "list_signs": db.list_signs,
    "list_sessions": db.list_sessions,
    "list_sessions, a lesson": lambda **page: db.list_sessions(lesson_id=LESSON, **page),
    "search_signs": lambda **page: db.search_signs("signe 77", **page),
}


FOLDING = "pg_catalog.normalize($1, 'NFKD')"
"""Part of the function of searches, which the planner calls for the words of a search."""


def refused(call: Callable[[], Any]) -> None:
    with pytest.raises((db.InUseError, db.InvalidCredentialsError)):
        call()


@pytest.fixture(scope="module")
def large_server() -> Iterator[ThrowawayPostgres]:
    with ThrowawayPostgres() as server:
        try:
            run_plain(server.url, "LOAD 'auto_explain'")
        except psycopg2.errors.UndefinedFile:
            pytest.skip("this server ships no auto_explain: nothing tells its plans")
        db.connect(server.url, statement_timeout=0)
        large_data.load()
        db.disconnect()
        explained = (
            "session_preload_libraries = 'auto_explain'",
            "client_min_messages = 'log'",
            "auto_explain.log_min_duration = 0",
            "auto_explain.log_nested_statements = off",
            "auto_explain.log_analyze = on",
            "auto_explain.log_buffers = on",
            "auto_explain.log_timing = off",
        )
        for setting in explained:
            run_plain(server.url, f"ALTER ROLE CURRENT_USER SET {setting}")
        yield server


def plans_of(call: Callable[[], Any]) -> list[str]:
    """Run a call and give the plans of its statements."""
    with db.connection():
        # The driver keeps what the server said on the connection that this thread holds.
        notices = current_database()._state.conn.notices
        notices.clear()
        call()
        return [text for text in notices if "plan:" in text and FOLDING not in text]


@pytest.mark.parametrize("plan", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("name", CALLS)
def test_no_large_table_is_read_whole(
    large_server: ThrowawayPostgres, name: str, plan: str
) -> None:
    if "search" in name and not has_trigrams(large_server.url):
        pytest.skip("this server ships no pg_trgm: its searches read the table")
    run_plain(large_server.url, f"ALTER ROLE CURRENT_USER SET plan_cache_mode = {plan}")
    db.connect(large_server.url, password_cost=4)
    plans = plans_of(CALLS[name])
    assert plans
    for text in plans:
        read_whole = set(re.findall(r'Seq Scan on "?(\w+)"?', text))
        assert not read_whole & LARGE, text


UNUSED = """
SELECT indexrelname FROM pg_stat_user_indexes JOIN pg_index USING (indexrelid)
WHERE relname = ANY(%s) AND NOT indisunique AND idx_scan = 0 ORDER BY 1
"""


def test_each_index_is_used(large_server: ThrowawayPostgres) -> None:
    """By a function, or by a foreign key when a row is deleted; unique ones are Prisma's."""
    if not has_trigrams(large_server.url):
        pytest.skip("this server ships no pg_trgm: it has no indexes of searches")
    run_plain(large_server.url, 'CREATE INDEX "unused" ON "Sign"("videoUrl")')
    try:
        db.connect(large_server.url, password_cost=4)
        for call in CALLS.values():
            call()
        db.get_leaderboard("all")
        made = make_one_of_each()
        db.delete_sign(made["Sign"], cascade=True)
        db.delete_achievement(made["Achievement"], cascade=True)
        db.delete_user(made["User"])
        # Sessions report what they have counted when they end, at the latest.
        db.disconnect()
        end_sessions(large_server.url, "backend_type = 'client backend'")
        tables = ([model._meta.table_name for model in MODELS],)
        unused = [name for (name,) in run_plain(large_server.url, UNUSED, tables)]
        assert unused == ["unused"]
    finally:
        run_plain(large_server.url, 'DROP INDEX "unused"')


def test_the_leaderboard_of_all_time_reads_the_sessions_index_only(
    large_server: ThrowawayPostgres,
) -> None:
    db.connect(large_server.url)
    (plan,) = plans_of(lambda: db.get_leaderboard("all", user_id=USER))
    assert 'Index Only Scan using "LearningSession_userId_completed_xpEarned_idx"' in plan
    # Those that end in the future are read by their ends.
    assert 'Scan using "LearningSession_endTime_idx"' in plan


def buffers_of(call: Callable[[], Any]) -> int:
    (plan,) = plans_of(call)
    read = re.search(r"Buffers: shared (.*)", plan)
    assert read
    return sum(int(number) for number in re.findall(r"(?:hit|read)=(\d+)", read.group(1)))


@pytest.mark.parametrize("name", LISTS)
def test_a_page_deep_in_a_list_costs_what_the_first_one_costs(
    large_server: ThrowawayPostgres, name: str
) -> None:
    db.connect(large_server.url)
    read = LISTS[name]
    page, cursors = read(limit=200), []
    while page.has_more:
        cursors.append(page.next_cursor)
        page = read(limit=200, cursor=page.next_cursor)
    first = buffers_of(lambda: read(limit=50))
    deep = buffers_of(lambda: read(limit=50, cursor=cursors[-2]))
    assert deep <= 2 * first + 20
