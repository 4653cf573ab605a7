"""The domain in plain Python: what the functions promise, without a database."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import triosigno_db as db

FIRST_CORRECT, STEP_UP, STEP_DOWN, MOST = 10, 10, -5, 100


@dataclass
class Session:
    user: str
    lesson: str
    state: str = "open"
    xp: int = 0


@dataclass
class DomainModel:
    """Rows by id; each method does what the function of its name does, or raises its error."""

    users: dict[str, str] = field(default_factory=dict)
    categories: dict[str, str] = field(default_factory=dict)
    signs: dict[str, tuple[str, str]] = field(default_factory=dict)
    modules: list[str] = field(default_factory=list)
    lessons: dict[str, list[str]] = field(default_factory=dict)
    places: dict[str, list[str]] = field(default_factory=dict)
    progress: dict[tuple[str, str], tuple[int, int, int]] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    achievements: dict[str, tuple[str, int]] = field(default_factory=dict)
    awards: set[tuple[str, str]] = field(default_factory=set)

    # -- accounts ---------------------------------------------------------------------------

    def create_user(self, key: str, name: str) -> None:
        self._refuse_taken("User", name, self.users.values())
        self.users[key] = name

    def rename_user(self, key: str, name: str) -> None:
        self._require("User", key, self.users)
        self._refuse_taken("User", name, [n for k, n in self.users.items() if k != key])
        self.users[key] = name

    def delete_user(self, key: str) -> None:
        self._require("User", key, self.users)
        del self.users[key]
        self.progress = {k: v for k, v in self.progress.items() if k[0] != key}
        self.sessions = {k: v for k, v in self.sessions.items() if v.user != key}
        self.awards = {award for award in self.awards if award[0] != key}

    # -- content ----------------------------------------------------------------------------

    def create_category(self, key: str, name: str) -> None:
        self._refuse_taken("SignCategory", name, self.categories.values())
        self.categories[key] = name

    def delete_category(self, key: str) -> None:
        self._refuse_used({"Sign": sum(owner == key for _, owner in self.signs.values())})
        self._require("SignCategory", key, self.categories)
        del self.categories[key]

    def create_sign(self, key: str, name: str, category: str) -> None:
        self._refuse_taken("Sign", name, [sign for sign, _ in self.signs.values()])
        self._require("SignCategory", category, self.categories)
        self.signs[key] = (name, category)

    def delete_sign(self, key: str, cascade: bool) -> None:
        if not cascade:
            places = sum(key in signs for signs in self.places.values())
            practised = sum(sign == key for _, sign in self.progress)
            self._refuse_used({"LessonSign": places, "Progress": practised})
        self._require("Sign", key, self.signs)
        del self.signs[key]
        for signs in self.places.values():
            if key in signs:
                signs.remove(key)
        self.progress = {k: v for k, v in self.progress.items() if k[1] != key}

    def create_module(self, key: str) -> None:
        self.modules.append(key)
        self.lessons[key] = []

    def delete_module(self, key: str) -> None:
        self._refuse_used({"Lesson": len(self.lessons.get(key, ()))})
        self._require("Module", key, self.modules)
        self.modules.remove(key)
        del self.lessons[key]

    def reorder_modules(self, keys: list[str]) -> None:
        self._refuse_other_set(keys, self.modules)
        self.modules = list(keys)

    def create_lesson(self, key: str, module: str) -> None:
        self._require("Module", module, self.modules)
        self.lessons[module].append(key)
        self.places[key] = []

    def delete_lesson(self, key: str) -> None:
        sat = sum(session.lesson == key for session in self.sessions.values())
        self._refuse_used({"LearningSession": sat})
        self._require("Lesson", key, self.places)
        del self.places[key]
        for lessons in self.lessons.values():
            if key in lessons:
                lessons.remove(key)

    def reorder_lessons(self, module: str, keys: list[str]) -> None:
        self._require("Module", module, self.modules)
        self._refuse_other_set(keys, self.lessons[module])
        self.lessons[module] = list(keys)

    def set_lesson_signs(self, lesson: str, signs: list[str]) -> None:
        self._require("Lesson", lesson, self.places)
        for sign in signs:
            self._require("Sign", sign, self.signs)
        self.places[lesson] = list(signs)

    def add_sign_to_lesson(self, lesson: str, sign: str, position: int | None) -> None:
        self._require("Lesson", lesson, self.places)
        self._require("Sign", sign, self.signs)
        signs = self.places[lesson]
        self._refuse_taken("LessonSign", sign, signs)
        signs.insert(len(signs) if position is None else position - 1, sign)

    def remove_sign_from_lesson(self, lesson: str, sign: str) -> None:
        self._require("Lesson", lesson, self.places)
        self._require("LessonSign", sign, self.places[lesson])
        self.places[lesson].remove(sign)

    # -- learning ---------------------------------------------------------------------------

    def record_attempts(self, user: str, attempts: list[tuple[str, bool, int | None]]) -> None:
        """Count attempts in their order; the mastery moves within 0 to 100."""
        for sign, _, _ in attempts:
            self._require("Sign", sign, self.signs)
        self._require("User", user, self.users)
        for sign, is_correct, mastery in attempts:
            earlier = self.progress.get((user, sign))
            if earlier is None:
                self.progress[user, sign] = (FIRST_CORRECT * is_correct, int(is_correct), 1)
                continue
            level, correct, total = earlier
            step = STEP_UP if is_correct else STEP_DOWN
            moved = min(MOST, max(0, level + step)) if mastery is None else mastery
            self.progress[user, sign] = (moved, correct + is_correct, total + 1)

    def start_session(self, key: str, user: str, lesson: str) -> None:
        if user not in self.users or lesson not in self.places:
            raise db.NotFoundError("User or Lesson")
        self.sessions[key] = Session(user, lesson)

    def end_session(
        self, key: str, state: str, xp: int, attempts: list[tuple[str, bool, int | None]]
    ) -> None:
        self._require("LearningSession", key, self.sessions)
        session = self.sessions[key]
        if session.state != "open":
            raise db.ConflictError(session.state)
        self.record_attempts(session.user, attempts)
        session.state, session.xp = state, xp

    # -- gamification -----------------------------------------------------------------------

    def create_achievement(self, key: str, name: str, xp: int) -> None:
        self._refuse_taken("Achievement", name, [each for each, _ in self.achievements.values()])
        self.achievements[key] = (name, xp)

    def delete_achievement(self, key: str, cascade: bool) -> None:
        if not cascade:
            self._refuse_used({"UserAchievement": sum(each == key for _, each in self.awards)})
        self._require("Achievement", key, self.achievements)
        del self.achievements[key]
        self.awards = {award for award in self.awards if award[1] != key}

    def award_achievement(self, user: str, key: str) -> bool:
        self._require("Achievement", key, self.achievements)
        self._require("User", user, self.users)
        is_new = (user, key) not in self.awards
        self.awards.add((user, key))
        return is_new

    def revoke_achievement(self, user: str, key: str) -> None:
        self._require("Achievement", key, self.achievements)
        self._require("UserAchievement", (user, key), self.awards)
        self.awards.remove((user, key))

    # -- what it comes to -------------------------------------------------------------------

    def xp(self) -> Counter[str]:
        """Add up each user's XP."""
        earned: Counter[str] = Counter()
        for session in self.sessions.values():
            earned[session.user] += session.xp
        for user, achievement in self.awards:
            earned[user] += self.achievements[achievement][1]
        return earned

    def tree(self, module: str) -> list[tuple[str, list[str]]]:
        """List a module's lessons with their signs."""
        return [(lesson, self.places[lesson]) for lesson in self.lessons[module]]

    @staticmethod
    def _require(entity: str, key: Any, there: Any) -> None:
        if key not in there:
            raise db.NotFoundError(entity, key)

    @staticmethod
    def _refuse_taken(entity: str, value: Any, there: Any) -> None:
        if value in there:
            raise db.AlreadyExistsError(entity, "name", value)

    @staticmethod
    def _refuse_used(uses: dict[str, int]) -> None:
        if found := {entity: count for entity, count in uses.items() if count}:
            raise db.InUseError("used", found)

    @staticmethod
    def _refuse_other_set(keys: list[str], there: list[str]) -> None:
        if sorted(keys) != sorted(there):
            raise db.InvalidInputError("ids", "must be all")
