"""Records in JSON: byte for byte what JSON.stringify makes of what Prisma's client reads."""

import re
from pathlib import Path

import pytest

import triosigno_db as db
from tests.interop.conftest import generate_client
from tests.interop.node import NEEDS_NODE, ask_node
from triosigno_db.models import UserPreference
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_lesson, make_module, make_sign, make_user

pytestmark = NEEDS_NODE

ANY_TEXT = "Zoé \u2028\"\\/\x01\x1f\x7f<é𝄞>'\n\t"


@pytest.fixture(scope="session")
def client_folder(node_folder: Path) -> Path:
    """The same folder, with a client that is generated from the exported schema."""
    generate_client(node_folder)
    return node_folder


def read_with_prisma(folder: Path, url: str, users: list[str], modules: list[str]) -> list[str]:
    request = {"url": url, "users": users, "modules": modules}
    printed = ask_node(folder, "read_rows.mjs", request)
    # JavaScript ends no line at a line separator, which Python's splitlines would.
    return printed.rstrip("\n").split("\n")


def without_password(line: str) -> str:
    return re.sub(r'"password":"[^"]*",', "", line)


def test_json_is_what_prisma_sends(triosigno_db: IsolatedDatabase, client_folder: Path) -> None:
    full = make_user(
        first_name=ANY_TEXT,
        last_name="Moreau",
        role=db.UserRole.TEACHER,
        profile_picture="https://example.org/é?a=1&b='2'",
    )
    without = make_user()
    UserPreference.delete().where(UserPreference.user == without.id).execute()
    module, empty = make_module(lessons=0, description=ANY_TEXT), make_module(lessons=0)
    lessons = [make_lesson(signs=0, module_id=module.id, title=f"{n}") for n in range(3)]
    signs = [make_sign(), make_sign(image_url="https://example.org/a.webp")]
    db.set_lesson_signs(lessons[0].id, [sign.id for sign in signs])
    db.set_lesson_signs(lessons[2].id, [signs[1].id])
    progress = db.record_attempt(full.id, signs[0].id, is_correct=True)
    session = db.complete_session(
        db.start_session(full.id, lessons[0].id).id, score=80, xp_earned=2**31 - 1
    )
    open_session = db.start_session(without.id, lessons[1].id)
    achievement = db.create_achievement(
        db.NewAchievement(
            name="first", description=ANY_TEXT, image_url="https://example.org/é", xp_reward=0
        )
    )
    db.award_achievement(full.id, achievement.name)
    ours = [
        *(db.get_user_with_preferences(each.id) for each in (full, without)),
        *(db.get_module_tree(each.id) for each in (module, empty)),
        progress,
        session,
        open_session,
        *db.list_user_achievements(full.id).items,
    ]
    theirs = read_with_prisma(
        client_folder, triosigno_db.url, [full.id, without.id], [module.id, empty.id]
    )
    assert [record.model_dump_json() for record in ours] == [*map(without_password, theirs)]
