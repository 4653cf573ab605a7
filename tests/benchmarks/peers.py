"""The hot functions as one would write them by hand on one open psycopg2 connection."""

from typing import Any
from uuid import uuid4

import psycopg2

USER = """
SELECT u."id", u."email", u."username", u."firstName", u."lastName", u."role",
       u."profilePicture", u."createdAt", u."updatedAt", u."isActive",
       p."id", p."userId", p."language", p."notifications", p."darkMode", p."learningGoal",
       p."updatedAt"
FROM "User" u LEFT JOIN "UserPreference" p ON p."userId" = u."id"
WHERE u."id" = %s
"""
TREE = """
SELECT m.*, l.*, ls.*, s.*
FROM "Module" m
LEFT JOIN "Lesson" l ON l."moduleId" = m."id"
LEFT JOIN "LessonSign" ls ON ls."lessonId" = l."id"
LEFT JOIN "Sign" s ON s."id" = ls."signId"
WHERE m."id" = %s
ORDER BY l."order", l."id", ls."order", ls."id"
"""
ATTEMPT = """
INSERT INTO "Progress" ("id", "userId", "signId", "masteryLevel", "lastPracticed",
                        "correctAttempts", "totalAttempts", "createdAt", "updatedAt")
VALUES (%s, %s, %s, 10, timezone('UTC', now()), 1, 1, timezone('UTC', now()),
        timezone('UTC', now()))
ON CONFLICT ("userId", "signId") DO UPDATE
SET "masteryLevel" = LEAST(100, GREATEST(0, "Progress"."masteryLevel" + 10)),
    "lastPracticed" = timezone('UTC', now()),
    "correctAttempts" = "Progress"."correctAttempts" + 1,
    "totalAttempts" = "Progress"."totalAttempts" + 1,
    "updatedAt" = timezone('UTC', now())
RETURNING *
"""


class RawPsycopg2:
    """One open connection, one hand-written statement a call, rows as tuples."""

    def __init__(self, connection: psycopg2.extensions.connection) -> None:
        self._connection = connection

    def get_user(self, user_id: str) -> list[Any]:
        return self._run(USER, user_id)

    def get_tree(self, module_id: str) -> list[Any]:
        return self._run(TREE, module_id)

    def record_attempt(self, user_id: str, sign_id: str) -> list[Any]:
        return self._run(ATTEMPT, str(uuid4()), user_id, sign_id)

    def _run(self, sql: str, *values: str) -> list[Any]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall()
