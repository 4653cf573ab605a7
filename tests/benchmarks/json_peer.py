"""Reading by psycopg2 and writing by orjson, as one would write it by hand."""

from typing import Any

import orjson
import psycopg2

USER = ("id", "email", "username", "firstName", "lastName", "role", "profilePicture")
USER += ("createdAt", "updatedAt", "isActive")
PREFERENCES = ("id", "userId", "language", "notifications", "darkMode", "learningGoal", "updatedAt")
MODULE = ("id", "title", "description", "order", "imageUrl", "createdAt", "updatedAt")
LESSON = ("id", "title", "description", "order", "moduleId", "createdAt", "updatedAt")
PLACE = ("id", "lessonId", "signId", "order", "createdAt", "updatedAt")
SIGN = ("id", "name", "description", "videoUrl", "imageUrl", "difficulty", "categoryId")
SIGN += ("createdAt", "updatedAt")


def _columns(alias: str, names: tuple[str, ...]) -> str:
    return ", ".join(f'{alias}."{name}"' for name in names)


SELECT_USER = f"""
SELECT {_columns("u", USER)}, {_columns("p", PREFERENCES)}
FROM "User" u LEFT JOIN "UserPreference" p ON p."userId" = u."id" WHERE u."id" = %s
"""
SELECT_TREE = f"""
SELECT {_columns("m", MODULE)}, {_columns("l", LESSON)},
    {_columns("x", PLACE)}, {_columns("s", SIGN)}
FROM "Module" m
LEFT JOIN "Lesson" l ON l."moduleId" = m."id"
LEFT JOIN "LessonSign" x ON x."lessonId" = l."id"
LEFT JOIN "Sign" s ON s."id" = x."signId"
WHERE m."id" = %s ORDER BY l."order", l."id", x."order", x."id"
"""
SELECT_SIGNS = f'SELECT {_columns("s", SIGN)} FROM "Sign" s ORDER BY s."name" LIMIT %s'


class Orjson:
    """One open connection, one hand-written statement a call, dictionaries, orjson."""

    def __init__(self, connection: psycopg2.extensions.connection) -> None:
        self._connection = connection

    def get_user(self, user_id: str) -> bytes:
        (row,) = self._run(SELECT_USER, user_id)
        user = dict(zip(USER, row, strict=False))
        user["userPreferences"] = dict(zip(PREFERENCES, row[len(USER) :], strict=True))
        return orjson.dumps(user, option=orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z)

    def get_tree(self, module_id: str) -> bytes:
        rows = self._run(SELECT_TREE, module_id)
        lesson_at = len(MODULE)
        place_at = lesson_at + len(LESSON)
        sign_at = place_at + len(PLACE)
        lessons: dict[str, dict[str, Any]] = {}
        for row in rows:
            if row[lesson_at] is None:
                continue
            lesson = lessons.get(row[lesson_at])
            if lesson is None:
                lesson = dict(zip(LESSON, row[lesson_at:place_at], strict=True))
                lesson["lessonSigns"] = []
                lessons[row[lesson_at]] = lesson
            if row[place_at] is not None:
                place = dict(zip(PLACE, row[place_at:sign_at], strict=True))
                place["sign"] = dict(zip(SIGN, row[sign_at:], strict=True))
                lesson["lessonSigns"].append(place)
        module = dict(zip(MODULE, rows[0], strict=False))
        module["lessons"] = list(lessons.values())
        return orjson.dumps(module, option=orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z)

    def list_signs(self, limit: int) -> bytes:
        rows = self._run(SELECT_SIGNS, limit)
        signs = [dict(zip(SIGN, row, strict=True)) for row in rows]
        return orjson.dumps(signs, option=orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z)

    def _run(self, sql: str, *values: Any) -> list[Any]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall()
