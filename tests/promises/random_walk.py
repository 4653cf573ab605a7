"""A random walk: the same operations on the database and on a plain-Python model of the domain."""

import random
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import triosigno_db as db
from tests.plain_sql import count_rows
from tests.promises.domain_model import DomainModel

IMAGE = "https://example.org/image.webp"

Attempts = list[tuple[str, bool, int | None]]


class Walk:
    """Makes the same random operation on both sides, and compares what comes of it."""

    def __init__(self, seed: int) -> None:
        self.choice = random.Random(seed)
        self.model = DomainModel()
        self.done: list[str] = []
        self.without_preferences: set[str] = set()

    def step(self) -> None:
        """Do one operation: any method whose name starts with `do_`."""
        names = [name for name in dir(self) if name.startswith("do_")]
        name = self.choice.choice(names)
        self.done.append(name)
        getattr(self, name)()

    def both(
        self, call: Callable[[], Any], expect: Callable[[Any], Any], made: bool = False
    ) -> Any:
        """Call the function, then the model with its result; both fail alike or not at all."""
        result, failure = None, None
        try:
            result = call()
        except db.TrioSignoDBError as error:
            failure = error
        expected = None
        try:
            # What was not made has no id; the model fails before it needs one.
            outcome = expect(result if result is not None or not made else _Nothing())
        except db.TrioSignoDBError as error:
            expected, outcome = error, None
        assert type(failure) is type(expected), (self.done, failure, expected)
        if isinstance(failure, db.InUseError):
            assert failure.uses == getattr(expected, "uses", None)
        return outcome

    def pick(self, there: Any) -> str:
        """Pick something that is there, now and then something that is not."""
        known = list(there)
        return self.choice.choice(known) if known and self.choice.random() < 0.95 else str(uuid4())

    def name(self) -> str:
        return f"name {self.choice.randint(1, 15)}"

    def shuffled(self, there: list[str]) -> list[str]:
        keys = self.choice.sample(there, len(there))
        return keys if self.choice.random() < 0.9 else keys[1:]

    def attempts(self) -> Attempts:
        return [
            (
                self.pick(self.model.signs),
                self.choice.random() < 0.6,
                self.choice.choice([None, None, None, 0, 55, 100]),
            )
            for _ in range(self.choice.randint(1, 6))
        ]

    # -- accounts ---------------------------------------------------------------------------

    def do_create_user(self) -> None:
        name = self.name()
        new = db.NewUser(email=f"{uuid4().hex}@example.org", username=name, password="p")
        self.both(lambda: db.create_user(new), lambda u: self.model.create_user(u.id, name), True)

    def do_rename_user(self) -> None:
        key, name = self.pick(self.model.users), self.name()
        changes = db.UserChanges(username=name)
        self.both(lambda: db.update_user(key, changes), lambda _: self.model.rename_user(key, name))

    def do_delete_user(self) -> None:
        if self.choice.random() < 0.3:
            key = self.pick(self.model.users)
            self.both(lambda: db.delete_user(key), lambda _: self.model.delete_user(key))

    # -- content ----------------------------------------------------------------------------

    def do_create_category(self) -> None:
        name = self.name()
        new = db.NewCategory(name=name, description="")
        self.both(
            lambda: db.create_category(new), lambda c: self.model.create_category(c.id, name), True
        )

    def do_delete_category(self) -> None:
        key = self.pick(self.model.categories)
        self.both(lambda: db.delete_category(key), lambda _: self.model.delete_category(key))

    def do_create_sign(self) -> None:
        name, category = self.name(), self.pick(self.model.categories)
        new = db.NewSign(
            name=name,
            description="",
            video_url=IMAGE,
            difficulty=db.DifficultyLevel.BEGINNER,
            category_id=category,
        )
        self.both(
            lambda: db.create_sign(new),
            lambda sign: self.model.create_sign(sign.id, name, category),
            True,
        )

    def do_delete_sign(self) -> None:
        key, cascade = self.pick(self.model.signs), self.choice.random() < 0.2
        self.both(
            lambda: db.delete_sign(key, cascade=cascade),
            lambda _: self.model.delete_sign(key, cascade),
        )

    def do_create_module(self) -> None:
        new = db.NewModule(title=self.name(), description="")
        self.both(lambda: db.create_module(new), lambda m: self.model.create_module(m.id))

    def do_delete_module(self) -> None:
        key = self.pick(self.model.modules)
        self.both(lambda: db.delete_module(key), lambda _: self.model.delete_module(key))

    def do_reorder_modules(self) -> None:
        keys = self.shuffled(self.model.modules)
        self.both(lambda: db.reorder_modules(keys), lambda _: self.model.reorder_modules(keys))

    def do_create_lesson(self) -> None:
        module = self.pick(self.model.modules)
        new = db.NewLesson(title=self.name(), description="", module_id=module)
        self.both(
            lambda: db.create_lesson(new),
            lambda lesson: self.model.create_lesson(lesson.id, module),
            True,
        )

    def do_delete_lesson(self) -> None:
        key = self.pick(self.model.places)
        self.both(lambda: db.delete_lesson(key), lambda _: self.model.delete_lesson(key))

    def do_reorder_lessons(self) -> None:
        module = self.pick(self.model.modules)
        keys = self.shuffled(self.model.lessons.get(module, []))
        self.both(
            lambda: db.reorder_lessons(module, keys),
            lambda _: self.model.reorder_lessons(module, keys),
        )

    def do_set_lesson_signs(self) -> None:
        lesson = self.pick(self.model.places)
        count = self.choice.randint(0, min(4, len(self.model.signs)))
        signs = self.choice.sample(list(self.model.signs), count)
        self.both(
            lambda: db.set_lesson_signs(lesson, signs),
            lambda _: self.model.set_lesson_signs(lesson, signs),
        )

    def do_add_sign_to_lesson(self) -> None:
        lesson, sign = self.pick(self.model.places), self.pick(self.model.signs)
        position = self.choice.choice([None, 1, 2, 9])
        self.both(
            lambda: db.add_sign_to_lesson(lesson, sign, position=position),
            lambda _: self.model.add_sign_to_lesson(lesson, sign, position),
        )

    def do_remove_sign_from_lesson(self) -> None:
        lesson = self.pick(self.model.places)
        sign = self.pick(self.model.places.get(lesson, []))
        self.both(
            lambda: db.remove_sign_from_lesson(lesson, sign),
            lambda _: self.model.remove_sign_from_lesson(lesson, sign),
        )

    # -- learning ---------------------------------------------------------------------------

    def do_record_attempt(self) -> None:
        user, ((sign, is_correct, mastery), *_) = self.pick(self.model.users), self.attempts()
        self.both(
            lambda: db.record_attempt(user, sign, is_correct=is_correct, mastery_level=mastery),
            lambda _: self.model.record_attempts(user, [(sign, is_correct, mastery)]),
        )
        self.compare_progress(user, sign)

    def do_record_attempts(self) -> None:
        user, attempts = self.pick(self.model.users), self.attempts()
        self.both(
            lambda: db.record_attempts(user, to_input(attempts)),
            lambda _: self.model.record_attempts(user, attempts),
        )

    def do_start_session(self) -> None:
        user, lesson = self.pick(self.model.users), self.pick(self.model.places)
        self.both(
            lambda: db.start_session(user, lesson),
            lambda session: self.model.start_session(session.id, user, lesson),
            True,
        )

    def do_complete_session(self) -> None:
        key, xp = self.pick(self.model.sessions), self.choice.randint(0, 50)
        attempts = self.attempts() if self.choice.random() < 0.5 else []
        self.both(
            lambda: db.complete_session(key, score=1, xp_earned=xp, attempts=to_input(attempts)),
            lambda _: self.model.end_session(key, "completed", xp, attempts),
        )

    def do_abandon_session(self) -> None:
        key = self.pick(self.model.sessions)
        self.both(
            lambda: db.abandon_session(key),
            lambda _: self.model.end_session(key, "abandoned", 0, []),
        )

    # -- gamification -----------------------------------------------------------------------

    def do_create_achievement(self) -> None:
        name, xp = self.name(), self.choice.randint(0, 20)
        new = db.NewAchievement(name=name, description="", image_url=IMAGE, xp_reward=xp)
        self.both(
            lambda: db.create_achievement(new),
            lambda each: self.model.create_achievement(each.id, name, xp),
            True,
        )

    def do_delete_achievement(self) -> None:
        key, cascade = self.pick(self.model.achievements), self.choice.random() < 0.3
        self.both(
            lambda: db.delete_achievement(key, cascade=cascade),
            lambda _: self.model.delete_achievement(key, cascade),
        )

    def do_award_achievement(self) -> None:
        user, key = self.pick(self.model.users), self.pick(self.model.achievements)
        self.both(
            lambda: db.award_achievement(user, key),
            lambda award: same(self.model.award_achievement(user, key), award and award.is_new),
        )

    def do_revoke_achievement(self) -> None:
        user, key = self.pick(self.model.users), self.pick(self.model.achievements)
        self.both(
            lambda: db.revoke_achievement(user, key),
            lambda _: self.model.revoke_achievement(user, key),
        )

    # -- what is stored ---------------------------------------------------------------------

    def compare_progress(self, user: str, sign: str) -> None:
        if (user, sign) in self.model.progress:
            row = db.get_progress(user, sign)
            found = (row.mastery_level, row.correct_attempts, row.total_attempts)
            assert found == self.model.progress[user, sign]

    def compare_all(self, url: str) -> None:
        model = self.model
        assert {user.id: user.username for user in every(db.list_users)} == model.users
        assert [module.id for module in every(db.list_modules)] == model.modules
        for tree in every(db.list_module_trees):
            assert [
                (lesson.id, [place.sign_id for place in lesson.lesson_signs])
                for lesson in tree.lessons
            ] == model.tree(tree.id)
        for user, sign in model.progress:
            self.compare_progress(user, sign)
        xp = +model.xp()
        board = db.get_leaderboard(limit=200).entries
        assert {entry.user_id: entry.xp for entry in board} == dict(xp)
        for user in model.users:
            summary = db.get_learner_summary(user)
            practised = [level for (who, _), (level, _, _) in model.progress.items() if who == user]
            assert summary.xp == xp[user]
            assert summary.practiced_count == len(practised)
            assert summary.mastered_count == sum(level >= 80 for level in practised)
            own = db.get_leaderboard(user_id=user).own
            assert own is not None
            assert own.rank == 1 + sum(other > xp[user] for other in xp.values())
        states = {
            session.id: "open"
            if session.end_time is None
            else "completed"
            if session.completed
            else "abandoned"
            for session in every(db.list_sessions)
        }
        assert states == {key: session.state for key, session in model.sessions.items()}
        rows = count_rows(url)
        assert rows["Progress"] == len(model.progress)
        assert rows["UserAchievement"] == len(model.awards)
        assert rows["UserPreference"] == len(model.users.keys() - self.without_preferences)
        assert rows["LessonSign"] == sum(map(len, model.places.values()))


class _Nothing:
    """Stands for a row that was not made."""

    id = ""


def to_input(attempts: Attempts) -> list[db.Attempt]:
    return [
        db.Attempt(sign_id=sign, is_correct=is_correct, mastery_level=mastery)
        for sign, is_correct, mastery in attempts
    ]


def same(expected: object, found: object) -> None:
    assert expected == found


def every(read: Callable[..., db.Page[Any]]) -> list[Any]:
    page = read(limit=200)
    items = list(page.items)
    while page.has_more:
        page = read(limit=200, cursor=page.next_cursor)
        items += page.items
    return items
