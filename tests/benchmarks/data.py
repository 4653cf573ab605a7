"""The rows that benchmarks read: made on the server, the same in every run."""

import hashlib
import random
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import triosigno_db as db
from triosigno_db.database.execution import run_sql

MODULES = 20
LESSONS = 10
SIGNS = 10
USERS = 20_000
PROGRESS_PER_USER = 10

# The ids are hashes of what a row stands for, so that they can be computed here and there.
CONTENT = f"""
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
"""
# Learners practise at the same time, so the rows of each are scattered: each sign of all learners
# before the next one. That the inner series depends on the outer one keeps that order.
LEARNERS = f"""
INSERT INTO "User"
SELECT md5('user' || u)::uuid, 'learner' || u || '@example.org', 'learner' || u,
       '$2b$12$' || repeat('x', 53), 'Camille', 'Moreau', 'STUDENT', NULL, now(), now(), true
FROM generate_series(1, %(users)s) u;
INSERT INTO "UserPreference"
SELECT md5('preference' || u)::uuid, md5('user' || u)::uuid, 'fr', true, false, 10, now()
FROM generate_series(1, %(users)s) u;
INSERT INTO "Progress"
SELECT md5('progress' || u || '-' || s)::uuid, md5('user' || u)::uuid, md5('sign' || s)::uuid,
       20, now() - interval '3 days', 1, 1, now(), now()
FROM generate_series(1, %(progress_per_user)s) s,
     LATERAL generate_series(1, %(users)s + 0 * s) u;
INSERT INTO "LearningSession"
SELECT md5('session' || u || '-' || n)::uuid, md5('user' || u)::uuid, md5('lesson1-' || n)::uuid,
       now() - n * interval '1 day', now() - n * interval '1 day' + interval '10 minutes',
       80, 10, true
FROM generate_series(1, {LESSONS}) n, LATERAL generate_series(1, %(users)s + 0 * n) u;
"""


def load(url: str, users: int = USERS, progress_per_user: int = PROGRESS_PER_USER) -> None:
    """Create the schema and the rows in an empty database, and connect to it.

    Args:
        url: The database's URL, for a superuser.
        users: How many learners there are, each with preferences and ten sessions.
        progress_per_user: How many signs each of them has practised, the same ones for all: 1 to
            2,000.
    """
    db.connect(url, statement_timeout=0, slow_statement=0)
    db.create_schema()
    with db.connection():
        # The keys are right by construction: checking each would take most of the time.
        run_sql("SET session_replication_role = replica")
        run_sql(CONTENT)
        with indexed_afterwards("Progress"), indexed_afterwards("LearningSession"):
            run_sql(LEARNERS, users=users, progress_per_user=progress_per_user)
        run_sql("VACUUM ANALYZE")
    db.connect(url)


@contextmanager
def indexed_afterwards(table: str) -> Iterator[None]:
    """Take a table's indexes away, and make them when it is full: of millions of rows, faster."""
    ((key, definition),) = run_sql(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        f""" WHERE conrelid = '"{table}"'::regclass AND contype = 'p'"""
    )
    run_sql(f'ALTER TABLE "{table}" DROP CONSTRAINT "{key}"')
    indexes = run_sql(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %(table)s", table=table
    )
    for name, _ in indexes:
        run_sql(f'DROP INDEX "{name}"')
    yield
    run_sql(f'ALTER TABLE "{table}" ADD CONSTRAINT "{key}" {definition}')
    for _, statement in indexes:
        run_sql(statement)


def an_id(text: str) -> str:
    return str(UUID(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()))


def a_user(choice: random.Random, users: int = USERS) -> str:
    return an_id(f"user{choice.randint(1, users)}")


def a_module(choice: random.Random) -> str:
    return an_id(f"module{choice.randint(1, MODULES)}")


def a_sign(choice: random.Random, progress_per_user: int = PROGRESS_PER_USER) -> str:
    return an_id(f"sign{choice.randint(1, progress_per_user)}")
