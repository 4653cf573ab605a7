"""A random walk that shares the database: concurrent callers, and rows of other software."""

import threading
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

import triosigno_db as db
from tests.plain_sql import run_plain
from tests.promises.random_walk import Walk

CALLERS = 4
PATIENCE_SECONDS = 60

UNKNOWN_LABELS = {"UserRole": "MODERATOR", "DifficultyLevel": "EXPERT"}

INSERT_USER = """
INSERT INTO "User" (id, email, username, password, role, "updatedAt")
VALUES (%(id)s, %(email)s, %(username)s, 'x', %(role)s, now())
"""
INSERT_SIGN = """
INSERT INTO "Sign" (id, name, description, "videoUrl", difficulty, "categoryId", "updatedAt")
VALUES (%(id)s, %(name)s, '', 'v', %(difficulty)s, %(category)s, now())
"""


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Make calls on a thread each, all at the same time; give what each returns or raises."""
    barrier = threading.Barrier(len(calls))
    outcomes: list[Any] = [None] * len(calls)

    def run(place: int) -> None:
        barrier.wait(PATIENCE_SECONDS)
        try:
            outcomes[place] = calls[place]()
        except db.TrioSignoDBError as error:
            outcomes[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def succeeded(outcomes: list[Any]) -> list[Any]:
    return [each for each in outcomes if not isinstance(each, Exception)]


class WalkBesideOthers(Walk):
    """Adds operations of several callers at once, and rows that Prisma's side has written.

    The model is told what came of it, in an order in which the calls could have run alone.
    """

    def __init__(self, seed: int, url: str) -> None:
        super().__init__(seed)
        self.url = url
        for kind, label in UNKNOWN_LABELS.items():
            run_plain(url, f"ALTER TYPE \"{kind}\" ADD VALUE IF NOT EXISTS '{label}'")

    # -- rows of other software -------------------------------------------------------------

    def foreign_id(self) -> str:
        number = self.choice.randrange(10**6)
        forms = (f"user-{number}", f'{{{number},"}}', f"\\{number}'", str(uuid4()).upper())
        return self.choice.choice(forms)

    def do_insert_user_of_others(self) -> None:
        key, name = self.foreign_id(), f"Other {uuid4().hex}"
        email = f"{uuid4().hex}.Élise@Exemple.FR"
        role = self.choice.choice(["STUDENT", "MODERATOR"])
        parameters = {"id": key, "email": email, "username": name, "role": role}
        run_plain(self.url, INSERT_USER, parameters)
        self.model.create_user(key, name)
        self.without_preferences.add(key)
        found = [db.find_user_by_email(each) for each in (email, email.lower(), email.upper())]
        assert [each and (each.id, each.email, each.role) for each in found] == [
            (key, email, role)
        ] * 3
        for twin in (email.lower(), email.swapcase()):
            new = db.NewUser(email=twin, username=uuid4().hex, password="p")
            self.both(
                lambda new=new: db.create_user(new),
                lambda _: self.model._refuse_taken("User", "email", ["email"]),
            )

    def do_insert_sign_of_others(self) -> None:
        key, category = self.foreign_id(), self.pick(self.model.categories)
        if category in self.model.categories:
            name = f"Other {uuid4().hex}"
            label = self.choice.choice(["BEGINNER", "EXPERT"])
            parameters = {"id": key, "name": name, "difficulty": label, "category": category}
            run_plain(self.url, INSERT_SIGN, parameters)
            self.model.create_sign(key, name, category)
            assert db.get_sign(key).difficulty == label

    # -- several callers at once ------------------------------------------------------------

    def do_attempt_at_once(self) -> None:
        user, sign = self.pick(self.model.users), self.pick(self.model.signs)
        key = uuid4().hex if self.choice.random() < 0.5 else None
        outcomes = at_once(
            [
                lambda: db.record_attempt(user, sign, is_correct=True, idempotency_key=key)
                for _ in range(CALLERS)
            ]
        )
        for _ in range(CALLERS if key is None else 1):
            self.both(
                lambda: self.raised(outcomes[0]),
                lambda _: self.model.record_attempts(user, [(sign, True, None)]),
            )
        self.compare_progress(user, sign)

    def do_create_lessons_at_once(self) -> None:
        module = self.pick(self.model.modules)
        new = db.NewLesson(title="l", description="", module_id=module)
        outcomes = at_once([lambda: db.create_lesson(new)] * CALLERS)
        made = succeeded(outcomes)
        assert len({lesson.order for lesson in made}) == len(made)
        for lesson in sorted(made, key=lambda each: int(each.order)):
            self.model.create_lesson(lesson.id, module)
        assert bool(made) == (module in self.model.modules)

    def do_create_modules_at_once(self) -> None:
        new = db.NewModule(title="m", description="")
        made = succeeded(at_once([lambda: db.create_module(new)] * 2))
        assert len({module.order for module in made}) == 2
        for module in sorted(made, key=lambda each: int(each.order)):
            self.model.create_module(module.id)

    def do_create_twins_at_once(self) -> None:
        address, name = f"é.{uuid4().hex}@exemple.fr", uuid4().hex
        forms = (address, address.upper(), address.title(), address.replace("é", "e\u0301"))
        inputs = [
            db.NewUser(email=form, username=f"{name}{number}", password="p")
            for number, form in enumerate(forms)
        ]
        made = succeeded(at_once([lambda new=new: db.create_user(new) for new in inputs]))
        assert len(made) == 1
        self.model.create_user(made[0].id, made[0].username)

    def do_delete_sign_beside_attempts(self) -> None:
        user, sign = self.pick(self.model.users), self.pick(self.model.signs)
        attempt = lambda: db.record_attempt(user, sign, is_correct=True)  # noqa: E731
        deleted, *attempts = at_once([lambda: db.delete_sign(sign), attempt, attempt])
        for each in succeeded(attempts):
            assert each.sign_id == sign
            self.model.record_attempts(user, [(sign, True, None)])
        # What was acknowledged was not deleted.
        assert not (succeeded(attempts) and deleted is None)
        if deleted is None:
            self.model.delete_sign(sign, cascade=False)
        self.compare_progress(user, sign)

    def do_change_lesson_at_once(self) -> None:
        lesson, sign = self.pick(self.model.places), self.pick(self.model.signs)
        signs = list(self.model.places.get(lesson, []))
        added, moved = at_once(
            [
                lambda: db.add_sign_to_lesson(lesson, sign),
                lambda: db.reorder_lesson_signs(lesson, signs[::-1]),
            ]
        )
        # Either order of the two is right; the new order is refused where it is no longer all.
        if not isinstance(moved, Exception) and lesson in self.model.places:
            self.model.set_lesson_signs(lesson, signs[::-1])
        if not isinstance(added, Exception):
            self.model.add_sign_to_lesson(lesson, sign, None)
        if lesson in self.model.places:
            places = db.get_lesson(lesson).lesson_signs
            assert [place.sign_id for place in places] == self.model.places[lesson]
            orders = [place.order for place in places]
            assert orders == sorted(set(orders))

    def do_complete_session_at_once(self) -> None:
        key, xp = self.pick(self.model.sessions), self.choice.randint(0, 50)
        outcomes = at_once([lambda: db.complete_session(key, score=1, xp_earned=xp)] * CALLERS)
        assert len(succeeded(outcomes)) <= 1
        first = next(iter(succeeded(outcomes)), outcomes[0])
        self.both(
            lambda: self.raised(first),
            lambda _: self.model.end_session(key, "completed", xp, []),
        )

    def do_award_at_once(self) -> None:
        user, key = self.pick(self.model.users), self.pick(self.model.achievements)
        outcomes = at_once([lambda: db.award_achievement(user, key)] * CALLERS)
        is_new = self.both(
            lambda: self.raised(outcomes[0]), lambda _: self.model.award_achievement(user, key)
        )
        if is_new is not None:
            assert sum(each.is_new for each in succeeded(outcomes)) == is_new

    @staticmethod
    def raised(outcome: Any) -> Any:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome
