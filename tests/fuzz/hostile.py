"""Hostile values: texts, numbers, moments, ids and objects that a caller may hand in.

Every text carries `MARK` where it can, and every huge number the digits `DIGITS`, so that whatever
reaches a statement's text by another way than a parameter is seen there. What is drawn depends on
the random numbers alone, and is made anew at each call.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import SecretStr

import triosigno_db as db

MARK = "zqmarkqz"
DIGITS = 7313731373
SECRET = "hunter2-in-the-clear"
"""Part of every password; no error may show it."""

TEXTS = (
    MARK,
    f"{MARK}\0",
    f"\0{MARK}",
    f"{MARK}\ud800",
    f"\udfff{MARK}",
    f"{MARK}\u0301\u0301",
    f"\u0301{MARK}",
    f"\u202e{MARK}\u202c",
    f"\u2066{MARK}\u2069\ufeff",
    f"{MARK}\u2028\u2029\x85",
    f"{MARK}\x01\x08\x1b\x7f",
    f"İß{MARK}\u017fK",
    f"🤟🏽{MARK}👨‍👩‍👧‍👦",
    f"手話 {MARK} ١٢٣",
    f"'{MARK}'",
    f"''{MARK}",
    f'"{MARK}"',
    f"\\{MARK}\\",
    f"\\'; {MARK} --",
    f'\'; DROP TABLE "User"; -- {MARK}',
    f"{MARK}' OR '1'='1",
    f'{MARK}\') UNION SELECT password FROM "User" --',
    f"$$ {MARK} $tag$ $1",
    f"E'\\x00{MARK}'",
    f"/* {MARK} */ -- ;",
    f"%{MARK}%",
    f"_{MARK}_",
    f"%s {MARK} %(id)s %% %",
    f"{{0}} {{{MARK}}} {{}}",
    f"{{a,{MARK}}} [1] (2) NULL",
    f"\\N{MARK}\t\r\n",
    f"<script>{MARK}</script>",
    f"../../etc/{MARK}",
    f"https://media.example.org/{MARK}?q='\"\\&x=%s",
    f"https://{MARK}.example.org/\0",
    f"javascript:{MARK}",
    f"{MARK}@example.org",
    f"o'{MARK}@example.org",
    f"{MARK}@b@example.org",
    MARK + "x" * 300,
    MARK + "é" * 20_000,
    "x" * 100_000 + MARK,
    (MARK + " ") * 2_000,
)

PLAIN_TEXTS = (
    "",
    " ",
    "\t\n",
    "%",
    "_",
    "\\",
    "'",
    "null",
    "NaN",
    "é",
    "a",
    "A B",
    "0",
    "-1",
    "{}",
)

NUMBERS: tuple[Any, ...] = (
    *(0, 1, -1, 2, 50, 100, 101, 200, 201, 1440, 10_000),
    *(2**31 - 1, 2**31, -(2**31), 2**63, DIGITS, -DIGITS, DIGITS * 10**30, 10**5_000),
    *(0.0, 1.0, 1.5, -0.0, float("nan"), float("inf"), float("-inf"), 1e308, DIGITS + 0.5),
    *(Decimal(1), Decimal("NaN"), 1j, True, False),
)

MOMENTS: tuple[Any, ...] = (
    datetime(2026, 1, 31, 8, tzinfo=UTC),
    datetime(2026, 1, 31, 8),  # noqa: DTZ001 (a naive one is hostile)
    datetime(2026, 3, 29, 2, 30, tzinfo=ZoneInfo("Europe/Paris")),
    datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Paris")),
    datetime(2026, 1, 31, 8, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=-23, minutes=-59))),
    datetime.max.replace(tzinfo=UTC),
    datetime.min.replace(tzinfo=UTC),
    datetime.max.replace(tzinfo=timezone(timedelta(hours=-14))),
    datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
    datetime.max,  # noqa: DTZ901 (a naive one is hostile)
    date(2026, 1, 31),
    time(8),
    timedelta(days=1),
    "2026-01-31T08:00:00Z",
    "infinity",
    1_769_846_400,
)

ZONES: tuple[Any, ...] = (
    *("UTC", "Europe/Paris", "America/Argentina/Buenos_Aires", ZoneInfo("Asia/Kathmandu")),
    *(
        "localtime",
        "Europe",
        "../zone",
        "/etc/passwd",
        f"Europe/{MARK}",
        "UTC\0",
        "\ud800",
        "",
        ".",
    ),
    *(UTC, timezone(timedelta(hours=5))),
)


class OneField(db.Record):
    id: str


class NoField(db.Record):
    pass


class Secret(db.Record):
    id: str
    password: str


class Unknown(db.Record):
    nickname: str


class WrongType(db.Record):
    id: int


class Nested(db.Record):
    id: str
    user: Secret


class Everything(db.Record):
    id: str
    password: str | None = None
    lessons: tuple[Secret, ...] = ()
    achievement: Unknown | None = None


class Recursing(db.ModuleTree):
    tree: db.ModuleTree


RECORDS: tuple[type[db.Record], ...] = tuple(
    each
    for name in db.__all__
    if isinstance(each := getattr(db, name), type) and issubclass(each, db.Record)
)

SHAPES: tuple[Any, ...] = (
    *(OneField, NoField, Secret, Unknown, WrongType, Nested, Everything, Recursing),
    *(
        *RECORDS,
        dict,
        object,
        int,
        db.Input,
        db.NewUser,
        None,
        "UserRecord",
        MARK,
        OneField(id=MARK),
    ),
)

_MAKERS: tuple[Callable[[], Any], ...] = (
    list,
    dict,
    set,
    object,
    bytes,
    lambda: [1],
    lambda: {"a": MARK},
    lambda: iter([1, MARK]),
    lambda: (each for each in (MARK,)),
    lambda: range(3),
    lambda: [[[[[MARK]]]]],
    MARK.encode,
    lambda: bytearray(b"\0\xff"),
    lambda: memoryview(b"x"),
    lambda: len,
    lambda: ...,
    lambda: NotImplemented,
    lambda: type("Text", (str,), {})(MARK),
    lambda: type("Number", (int,), {})(7),
    lambda: SecretStr(MARK),
    lambda: ValueError(MARK),
    lambda: UUID(int=0),
    lambda: db.UserRole.ADMIN,
    lambda: db.DifficultyLevel.BEGINNER,
    db.UserChanges,
    lambda: db.UserChanges(first_name=None),
    lambda: db.PreferenceChanges(learning_goal=5),
    lambda: db.SignChanges(image_url=None),
    lambda: db.ModuleChanges(order=2**31 - 1),
    lambda: db.LessonChanges(title=MARK),
    db.Input,
    db.Changes,
)


def text(choice: Random) -> str:
    """Draw a text, or several in one."""
    if choice.random() < 0.1:
        return choice.choice(PLAIN_TEXTS)
    drawn = choice.choice(TEXTS)
    return drawn + choice.choice(TEXTS) if choice.random() < 0.1 else drawn


def password(choice: Random) -> Any:
    """Draw a password, mostly one that could be hashed."""
    end = choice.choice(("", "", "\0", "\ud800", "'; --", "%s", "é" * 40, "x" * 100_000))
    drawn: Any = SECRET + end
    if choice.random() < 0.1:
        return choice.choice(([drawn], drawn.encode(errors="replace"), {"plain": drawn}, None, 7))
    return SecretStr(drawn) if choice.random() < 0.3 else drawn


def uuid(choice: Random) -> Any:
    """Draw what is, or nearly is, a UUID."""
    drawn = UUID(int=choice.getrandbits(128))
    return choice.choice(
        (
            drawn,
            str(drawn),
            str(drawn).upper(),
            drawn.hex,
            drawn.int,
            drawn.bytes,
            f"{{{drawn}}}",
            f"urn:uuid:{drawn}",
            f"{drawn}\n",
            f"{drawn}\0",
            f"{str(drawn)[:-1]}٣",
            f"{str(drawn)[:-1]}\ud800",
            str(drawn)[:-1],
            [str(drawn)],
        )
    )


def anything(choice: Random) -> Any:
    """Draw a value of any kind."""
    kind = choice.randrange(7)
    if kind == 0:
        return choice.choice(_MAKERS)()
    if kind == 1:
        return uuid(choice)
    if kind == 2:
        return None
    if kind == 3:
        return text(choice)
    return choice.choice((NUMBERS, MOMENTS, ZONES, SHAPES)[choice.randrange(4)])
