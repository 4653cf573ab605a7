"""Every piece of Python in the documentation runs, on a real database."""

import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

import triosigno_db as db
from tests.docs.pages import PAGES, ROOT, SERVICES_PAGE, blocks_of, write_files
from tests.processes import run_process
from tests.sampling import mostly_slow
from triosigno_db.testing import factories

WITH_CODE = [page for page in PAGES if blocks_of(page)]
WITH_FILES = [page for page in WITH_CODE if any(block.file for block in blocks_of(page))]
WITH_FILES.remove(SERVICES_PAGE)  # `test_services_page.py` walks it


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def names_on_every_page(url: str) -> dict[str, Any]:
    """What the reader has: a database with a learner and some content."""
    db.create_achievement(
        db.NewAchievement(
            name="Premier signe",
            description="Le tout premier",
            image_url="https://media.example.org/badge.webp",
            xp_reward=10,
        )
    )
    module = factories.make_module(lessons=2, signs_per_lesson=3)
    lesson = module.lessons[0]
    return {
        "db": db,
        "url": url,
        "user_id": factories.make_user().id,
        "module_id": module.id,
        "lesson_id": lesson.id,
        "sign_id": lesson.lesson_signs[0].sign_id,
        "sign_ids": [placed.sign_id for placed in lesson.lesson_signs],
        "category_id": lesson.lesson_signs[0].sign.category_id,
        "achievement_id": factories.make_achievement().id,
    }


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_piece_is_overlooked(page: Path) -> None:
    fences = re.findall(
        r"^[ >]*(?:`{3,}|~{3,}) *(?:\{ *\.)?py", page.read_text("utf-8"), re.MULTILINE
    )
    assert len(fences) == sum(not block.is_hidden for block in blocks_of(page))


@pytest.mark.parametrize("page", WITH_CODE, ids=name_of)
def test_the_pieces_of_a_page_run_in_their_order(
    page: Path, triosigno_db: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = names_on_every_page(triosigno_db.url)
    monkeypatch.chdir(tmp_path)
    for block in blocks_of(page):
        if block.file is None:
            # Behind as many empty lines as stand before it: a traceback names the page's line.
            source = "\n" * (block.line - 1) + block.source
            exec(compile(source, name_of(page), "exec"), names)


@pytest.mark.parametrize("page", mostly_slow(WITH_FILES, 5), ids=name_of)
def test_the_files_of_a_page_work_together(page: Path, triosigno_db: Any, tmp_path: Path) -> None:
    names = write_files(page, tmp_path)
    tests = [name for name in names if name.startswith("test_")]
    run = (
        [["-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]]
        if tests
        else ([[name] for name in names])
    )
    for arguments in run:
        ended = run_process(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=os.environ | {"REDIS_URL": "memory://"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
