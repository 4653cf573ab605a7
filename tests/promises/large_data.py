"""A large database: made on the server, the same in every run, indexed once it is full."""

import hashlib
from uuid import UUID

import triosigno_db as db
from triosigno_db.database.execution import run_sql
from triosigno_db.migrator import read_history, shipped_history

USERS = 100_000
LEARNERS = 20_000
SIGNS = 100_000
CATEGORIES = 50
MODULES = 1_000
LESSONS = 10
SIGNS_PER_LESSON = 10
PROGRESS_PER_LEARNER = 50
SESSIONS = 500_000
VETERAN, VETERAN_SESSIONS = 1, 5_000
"""The number of a learner who has practised for years, and how many more sessions."""

ACHIEVEMENTS = 50
AWARDS_PER_LEARNER = 10

ROWS = f"""
INSERT INTO "User"
SELECT md5('user' || u)::uuid, 'learner' || u || '@example.org', 'learner' || u, 'x', 'Camille',
       'Moreau' || u % 1000, (CASE WHEN u % 100 = 0 THEN 'TEACHER' ELSE 'STUDENT' END)::"UserRole",
       NULL, now() - u * interval '1 min', now(), u % 50 <> 0
FROM generate_series(1, {USERS}) u;
INSERT INTO "UserPreference"
SELECT md5('preference' || u)::uuid, md5('user' || u)::uuid, 'fr', true, false, 10, now()
FROM generate_series(1, {USERS}) u;
INSERT INTO "SignCategory"
SELECT md5('category' || c)::uuid, 'category ' || c, '', NULL, now(), now()
FROM generate_series(1, {CATEGORIES}) c;
INSERT INTO "Sign"
SELECT md5('sign' || s)::uuid, 'signe ' || s, md5(s::text) || ' monte vers le visage',
       'https://media.example.org/' || s, NULL,
       (ARRAY['BEGINNER', 'INTERMEDIATE', 'ADVANCED'])[1 + s % 3]::"DifficultyLevel",
       md5('category' || 1 + s % {CATEGORIES})::uuid, now(), now()
FROM generate_series(1, {SIGNS}) s;
INSERT INTO "Module"
SELECT md5('module' || m)::uuid, 'Module ' || m, '', m, NULL, now(), now()
FROM generate_series(1, {MODULES}) m;
INSERT INTO "Lesson"
SELECT md5('lesson' || m || '-' || l)::uuid, 'Leçon ' || l, '', l, md5('module' || m)::uuid,
       now(), now()
FROM generate_series(1, {MODULES}) m, generate_series(1, {LESSONS}) l;
INSERT INTO "LessonSign"
SELECT gen_random_uuid(), md5('lesson' || m || '-' || l)::uuid,
       md5('sign' || ((m - 1) * {LESSONS} + l - 1) * {SIGNS_PER_LESSON} + s)::uuid, s, now(), now()
FROM generate_series(1, {MODULES}) m, generate_series(1, {LESSONS}) l,
     generate_series(1, {SIGNS_PER_LESSON}) s;
INSERT INTO "Progress"
SELECT gen_random_uuid(), md5('user' || u)::uuid,
       md5('sign' || (u * 7 + s * 13) % {SIGNS} + 1)::uuid, u * s % 101,
       now() - u * s % 40 * interval '1 day', 1, 1, now(), now()
FROM generate_series(1, {LEARNERS}) u, generate_series(1, {PROGRESS_PER_LEARNER}) s;
INSERT INTO "LearningSession"
SELECT gen_random_uuid(), md5('user' || 1 + s % {LEARNERS})::uuid,
       md5('lesson' || 1 + s % {MODULES} || '-' || 1 + s % {LESSONS})::uuid,
       now() - s * interval '1 min', now() - s * interval '1 min' + interval '10 min', 80, 10,
       s % 10 <> 0
FROM generate_series(1, {SESSIONS}) s;
INSERT INTO "LearningSession"
SELECT gen_random_uuid(), md5('user' || {VETERAN})::uuid, md5('lesson1-1')::uuid,
       now() - s * interval '1 hour', now() - s * interval '1 hour' + interval '10 min', 80, 10,
       true
FROM generate_series(1, {VETERAN_SESSIONS}) s;
INSERT INTO "Achievement"
SELECT md5('achievement' || a)::uuid, 'achievement ' || a, '', 'https://example.org/' || a, 10,
       now(), now()
FROM generate_series(1, {ACHIEVEMENTS}) a;
INSERT INTO "UserAchievement"
SELECT gen_random_uuid(), md5('user' || u)::uuid, md5('achievement' || a)::uuid,
       now() - u * a % 100000 * interval '1 min'
FROM generate_series(1, {LEARNERS}) u, generate_series(1, {AWARDS_PER_LEARNER}) a;
"""


def an_id(text: str) -> str:
    """Give the id of a row: a hash of what it stands for, such as `user7` or `lesson3-1`."""
    return str(UUID(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()))


def load() -> None:
    """Fill the connected, empty database by the shipped history, rows after the first migration."""
    first, *others = read_history(shipped_history())
    with db.connection():
        run_sql("SET statement_timeout = 0; SET maintenance_work_mem = '256MB'")
        run_sql(first.script)
        run_sql("SET session_replication_role = replica")  # the rows are known to be right
        run_sql(ROWS)
        run_sql("SET session_replication_role = DEFAULT")
        for migration in others:
            run_sql(migration.script)
        run_sql("VACUUM ANALYZE")
