"""Shapes: records with fewer fields, for which no more is read."""

import inspect
from typing import Any, Literal

import pytest

import triosigno_db as db
from triosigno_db.database.lifecycle import current_database
from triosigno_db.database.statements import Statement
from triosigno_db.testing import IsolatedDatabase, counting_statements
from triosigno_db.testing.factories import (
    make_category,
    make_lesson,
    make_module,
    make_sign,
    make_user,
)

RETURN_NO_RECORD = {
    "change_password",
    "connect",
    "connection",
    "count_users",
    "create_schema",
    "disconnect",
    "drop_schema",
    "iterate",
    "on_statement",
    "ping",
    "pool_stats",
    "pool_status",
    "revoke_achievement",
    "reading_from_replica",
    "run_in_transaction",
    "set_password",
    "transaction",
}


class Name(db.Record):
    name: str


class Title(db.Record):
    title: str


class Username(db.Record):
    username: str


def test_every_function_that_returns_records_takes_a_shape() -> None:
    functions = {name for name in db.__all__ if inspect.isfunction(getattr(db, name))}
    shaped = {
        name for name in functions if "shape" in inspect.signature(getattr(db, name)).parameters
    }
    assert functions - shaped == RETURN_NO_RECORD | {
        n for n in functions if n.startswith("delete_")
    }
    for name in shaped:
        parameter = inspect.signature(getattr(db, name)).parameters["shape"]
        assert parameter.kind is parameter.KEYWORD_ONLY
        assert issubclass(parameter.default, db.Record)


def test_a_shape_holds_just_its_fields(triosigno_db: IsolatedDatabase) -> None:
    sign, user = make_sign(name="Être"), make_user(username="camille")
    assert db.get_sign(sign.id, shape=Name) == Name(name="Être")
    assert db.find_sign_by_name("Être", shape=Name) == Name(name="Être")
    assert db.list_signs(shape=Name).items == (Name(name="Être"),)
    assert db.search_signs("etre", shape=Name).items == (Name(name="Être"),)
    assert db.find_user_by_email(user.email, shape=Username) == Username(username="camille")
    assert db.authenticate("camille", "mot de passe", shape=Username).username == "camille"
    assert db.update_user(user.id, db.UserChanges(username="c"), shape=Username).username == "c"
    new = db.NewUser(email="a@example.org", username="a", password="b")
    assert db.create_user(new, shape=Username) == Username(username="a")


def test_no_more_is_read_than_the_shape_has(
    triosigno_db: IsolatedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    compile_statement = Statement.compile

    def note(self: Statement, *arguments: Any) -> Any:
        compiled = compile_statement(self, *arguments)
        sent.append(compiled.sql)
        return compiled

    # Nothing but the text shows which columns are asked for.
    monkeypatch.setattr(Statement, "compile", note)
    sign = make_sign()
    for read in (
        lambda: db.get_sign(sign.id, shape=Name),
        lambda: db.list_signs(shape=Name),
        lambda: db.update_sign(sign.id, db.SignChanges(name="new"), shape=Name),
    ):
        sent.clear()
        read()
        (sql,) = sent
        for column in ("videoUrl", "imageUrl", "difficulty", "categoryId", "createdAt"):
            assert f'"{column}"' not in sql


def test_records_inside_have_shapes_too(triosigno_db: IsolatedDatabase) -> None:
    class Place(db.Record):
        order: int
        sign: Name

    class Lesson(db.Record):
        lesson_signs: tuple[Place, ...]
        title: str

    class Outline(db.Record):
        lessons: tuple[Lesson, ...]

    module = make_module(lessons=0)
    lesson = make_lesson(signs=0, module_id=module.id, title="Saluer")
    db.set_lesson_signs(lesson.id, [make_sign(name=name).id for name in "ba"])
    places = tuple(Place(order=n, sign=Name(name=name)) for n, name in enumerate("ba", start=1))
    expected = Outline(lessons=(Lesson(title="Saluer", lesson_signs=places),))
    assert db.get_module_tree(module.id, shape=Outline) == expected
    assert db.list_module_trees(shape=Outline).items == (expected,)
    assert db.get_lesson(lesson.id, shape=Lesson) == expected.lessons[0]


def test_records_inside_may_be_of_either_kind(triosigno_db: IsolatedDatabase) -> None:
    class First(db.Record):
        order: Literal[1]

    class Ordered(db.Record):
        order: int

    class Outline(db.Record):
        lessons: tuple[First, ...] | tuple[Ordered, ...]

    module = make_module(lessons=0)
    for _ in range(2):
        make_lesson(signs=0, module_id=module.id)
    expected = Outline(lessons=(Ordered(order=1), Ordered(order=2)))
    assert db.get_module_tree(module.id, shape=Outline) == expected
    assert db.list_module_trees(shape=Outline).items == (expected,)


def test_what_a_shape_leaves_out_is_not_asked_for(triosigno_db: IsolatedDatabase) -> None:
    module = make_module(lessons=0, title="m")
    make_lesson(signs=0, module_id=module.id)
    with counting_statements() as sent:
        assert db.list_module_trees(shape=Title).items == (Title(title="m"),)
    assert sent.names == ["select_modules_of_trees"]
    assert db.get_module_tree(module.id, shape=Title) == Title(title="m")


def test_nested_shapes_of_the_other_functions(triosigno_db: IsolatedDatabase) -> None:
    class Goal(db.Record):
        learning_goal: int

    class Learner(db.Record):
        username: str
        preferences: Goal | None

    class Account(db.Record):
        user_preferences: Goal | None
        username: str

    class Earned(db.Record):
        achievement: Name

    class Due(db.Record):
        sign: Name

    class Entry(db.Record):
        xp: int
        rank: int

    class Best(db.Record):
        entries: tuple[Entry, ...]

    class Summary(db.Record):
        xp: int
        current_streak: int

    class Progressed(db.Record):
        lessons: tuple[Title, ...]
        sign_count: int

    user, sign, lesson = (
        make_user(username="c"),
        make_sign(name="s"),
        make_lesson(signs=0, title="l"),
    )
    with pytest.raises(db.InvalidInputError, match="User has no field preferences"):
        db.get_user_with_preferences(user.id, shape=Learner)
    account = db.get_user_with_preferences(user.id, shape=Account)
    assert account == Account(username="c", user_preferences=Goal(learning_goal=10))
    db.create_achievement(
        db.NewAchievement(name="a", description="", image_url="https://a.example", xp_reward=5)
    )
    assert db.award_achievement(user.id, "a", shape=Earned) == Earned(achievement=Name(name="a"))
    assert db.list_user_achievements(user.id, shape=Earned).items == (
        Earned(achievement=Name(name="a")),
    )
    db.record_attempt(user.id, sign.id, is_correct=False)
    assert db.list_signs_to_review(user.id, shape=Due).items == (Due(sign=Name(name="s")),)
    assert db.get_leaderboard(shape=Best) == Best(entries=(Entry(rank=1, xp=5),))
    assert db.get_learner_summary(user.id, shape=Summary) == Summary(xp=5, current_streak=0)
    progress = db.get_module_progress(user.id, lesson.module_id, shape=Progressed)
    assert progress == Progressed(sign_count=0, lessons=(Title(title="l"),))


def test_a_field_that_is_not_there_is_named(triosigno_db: IsolatedDatabase) -> None:
    class Nickname(db.Record):
        username: str
        nick_name: str = "none"

    class Deep(db.Record):
        lessons: tuple[Nickname, ...]

    user = make_user()
    for call in (
        lambda: db.get_user(user.id, shape=Nickname),
        lambda: db.list_users(shape=Nickname),
        lambda: db.find_user_by_username("x", shape=Nickname),
        lambda: db.set_role(user.id, db.UserRole.ADMIN, shape=Nickname),
        lambda: db.export_user(user.id, shape=Nickname),
    ):
        for _ in range(2):
            with pytest.raises(db.InvalidInputError, match="shape: User has no field nick_name"):
                call()
    assert db.get_user(user.id).role is db.UserRole.STUDENT
    with pytest.raises(db.InvalidInputError, match="Lesson has no field username, nick_name"):
        db.get_module_tree(make_module(lessons=0).id, shape=Deep)


def test_no_shape_can_have_the_password(triosigno_db: IsolatedDatabase) -> None:
    class Secret(db.Record):
        password: str

    class Inner(db.Record):
        id: str
        password: str

    user = make_user()
    for call in (
        lambda shape: db.get_user(user.id, shape=shape),
        lambda shape: db.list_users(shape=shape),
        lambda shape: db.authenticate(user.username, "mot de passe", shape=shape),
        lambda shape: db.get_user_with_preferences(user.id, shape=shape),
        lambda shape: db.export_user(user.id, shape=shape),
        lambda shape: db.create_user(
            db.NewUser(email="a@example.org", username="a", password="b"), shape=shape
        ),
    ):
        for shape in (Secret, Inner):
            with pytest.raises(db.InvalidInputError, match="User has no field password"):
                call(shape)
    assert db.count_users() == 1


@pytest.mark.parametrize("shape", [dict, str, object, None, 1, "UserRecord", db.Record, db.NewUser])
def test_what_is_no_shape_is_refused(triosigno_db: IsolatedDatabase, shape: Any) -> None:
    category = make_category()
    for call in (db.get_category, lambda key, **options: db.list_categories(**options)):
        with pytest.raises(db.InvalidInputError, match=r"^shape: |shape: Record has no field"):
            call(category.id, shape=shape)


def test_equal_columns_share_a_statement(triosigno_db: IsolatedDatabase) -> None:
    class One(db.Record):
        name: str

    category = make_category()
    with db.connection():
        prepared = current_database()._state.conn.prepared
        db.get_category(category.id, shape=One)
        before = len(prepared)
        assert type(db.get_category(category.id, shape=Name)) is Name
        assert len(prepared) == before
