"""The rows that benchmarks read: made on the server, the same in every run."""

import triosigno_db as db
from triosigno_db.database import run_sql

MODULES = 20
LESSONS = 10
SIGNS = 10
USERS = 20_000
PROGRESS_PER_USER = 10

# The ids are hashes of what a row stands for, so that they can be computed here and there.
ROWS = f"""
INSERT INTO "User"
SELECT md5('user' || u)::uuid, 'learner' || u || '@example.org', 'learner' || u,
       '$2b$12$' || repeat('x', 53), 'Camille', 'Moreau', 'STUDENT', NULL, now(), now(), true
FROM generate_series(1, {USERS}) u;
INSERT INTO "UserPreference"
SELECT md5('preference' || u)::uuid, md5('user' || u)::uuid, 'fr', true, false, 10, now()
FROM generate_series(1, {USERS}) u;
INSERT INTO "SignCategory" VALUES (md5('category')::uuid, 'category', '', NULL, now(), now());
INSERT INTO "Sign"
SELECT md5('sign' || s)::uuid, 'sign ' || s,
       'La main ouverte, paume vers soi, monte vers le visage en tournant.',
       'https://media.example.org/lsf/sign-' || s || '.mp4', NULL, 'BEGINNER',
       md5('category')::uuid, now(), now()
FROM generate_series(1, {MODULES * LESSONS * SIGNS}) s;
INSERT INTO "Module"
SELECT md5('module' || m)::uuid, 'Module ' || m, 'Seize signes', m, NULL, now(), now()
FROM generate_series(1, {MODULES}) m;
INSERT INTO "Lesson"
SELECT md5('lesson' || m || '-' || l)::uuid, 'Leçon ' || l, 'Dix signes', l,
       md5('module' || m)::uuid, now(), now()
FROM generate_series(1, {MODULES}) m, generate_series(1, {LESSONS}) l;
INSERT INTO "LessonSign"
SELECT md5('place' || m || '-' || l || '-' || s)::uuid, md5('lesson' || m || '-' || l)::uuid,
       md5('sign' || ((m - 1) * {LESSONS} + l - 1) * {SIGNS} + s)::uuid, s, now(), now()
FROM generate_series(1, {MODULES}) m, generate_series(1, {LESSONS}) l,
     generate_series(1, {SIGNS}) s;
INSERT INTO "Progress"
SELECT md5('progress' || u || '-' || s)::uuid, md5('user' || u)::uuid, md5('sign' || s)::uuid,
       10, now(), 1, 1, now(), now()
FROM generate_series(1, {USERS}) u, generate_series(1, {PROGRESS_PER_USER}) s;
UPDATE "Progress" SET "lastPracticed" = "lastPracticed" - interval '3 days', "masteryLevel" = 20;
INSERT INTO "LearningSession"
SELECT md5('session' || u || '-' || n)::uuid, md5('user' || u)::uuid, md5('lesson1-' || n)::uuid,
       now() - n * interval '1 day', now() - n * interval '1 day' + interval '10 minutes',
       80, 10, true
FROM generate_series(1, {USERS}) u, generate_series(1, {LESSONS}) n;
"""


def load() -> None:
    """Create the schema and the rows in the connected, empty database."""
    db.create_schema()
    with db.connection():
        run_sql("SET statement_timeout = 0")
        run_sql(ROWS)
        run_sql("VACUUM ANALYZE")
