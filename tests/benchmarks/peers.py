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


REVIEW = """
SELECT p.*, s.*, coalesce(p."lastPracticed", p."createdAt") + make_interval(days => d.days) AS due
FROM "Progress" p
JOIN "Sign" s ON s."id" = p."signId"
CROSS JOIN LATERAL (SELECT CASE
    WHEN p."masteryLevel" < 1 THEN 0 WHEN p."masteryLevel" < 40 THEN 1
    WHEN p."masteryLevel" < 70 THEN 3 WHEN p."masteryLevel" < 90 THEN 7 ELSE 21 END) d(days)
WHERE p."userId" = %s
  AND coalesce(p."lastPracticed", p."createdAt") + make_interval(days => d.days)
      <= timezone('UTC', now())
ORDER BY due, p."signId" LIMIT 51
"""
SUMMARY = """
SELECT count(*), count(*) FILTER (WHERE "masteryLevel" >= 80), sum("correctAttempts"),
       sum("totalAttempts"), u."id", f."learningGoal", s.*, a.*, r.*
FROM "User" u
LEFT JOIN "UserPreference" f ON f."userId" = u."id"
LEFT JOIN "Progress" p ON p."userId" = u."id"
CROSS JOIN LATERAL (
    SELECT coalesce(sum("xpEarned"), 0) AS xp,
        coalesce(sum(extract(epoch FROM "endTime" - "startTime"))
        FILTER (WHERE "startTime" > timezone('UTC', date_trunc('day', now(), 'Europe/Paris'))), 0)
    FROM "LearningSession" WHERE "userId" = u."id" AND "completed") s
CROSS JOIN LATERAL (
    SELECT coalesce(sum(b."xpReward"), 0) AS reward FROM "UserAchievement" w
    JOIN "Achievement" b ON b."id" = w."achievementId" WHERE w."userId" = u."id") a
CROSS JOIN LATERAL (
    SELECT coalesce(max(n), 0) AS longest, max(n) FILTER (WHERE last >= current_date - 1) AS present
    FROM (SELECT count(*) AS n, max(day) AS last FROM (
        SELECT day, day - (row_number() OVER (ORDER BY day))::int AS run FROM (
            SELECT DISTINCT ("endTime" AT TIME ZONE 'UTC' AT TIME ZONE 'Europe/Paris')::date AS day
            FROM "LearningSession" WHERE "userId" = u."id" AND "completed") d) e
        GROUP BY run) g) r
WHERE u."id" = %s
GROUP BY u."id", f."learningGoal", s.xp, s.coalesce, a.reward, r.longest, r.present
"""
SEARCH = """
SELECT * FROM "Sign" WHERE "name" ILIKE %s OR "description" ILIKE %s
ORDER BY length("name"), "name" LIMIT 51
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

    def list_review(self, user_id: str) -> list[Any]:
        return self._run(REVIEW, user_id)

    def get_summary(self, user_id: str) -> list[Any]:
        return self._run(SUMMARY, user_id)

    def search(self, text: str) -> list[Any]:
        return self._run(SEARCH, f"%{text}%", f"%{text}%")

    def _run(self, sql: str, *values: str) -> list[Any]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall()
