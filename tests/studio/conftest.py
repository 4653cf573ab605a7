"""The studio as its user runs it, and a real browser in front of it."""

from collections.abc import Iterator
from functools import partial

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

import triosigno_db as db
from tests.programs import find_program
from tests.studio.serving import Serve, Studio, serving
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_category, make_sign, make_user

CHROMIUM = find_program("chromium", "chromium-browser")

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
def serve(triosigno_command: list[str]) -> Serve:
    """Run `triosigno-db studio` until the block ends."""
    return partial(serving, triosigno_command)


# Playwright's event loop runs in this thread while the browser is open: not beyond this file.
@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A headless Chromium, Debian's."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page without any cookie."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def learner(triosigno_db: IsolatedDatabase) -> db.UserWithPreferences:
    """A learner with progress, beside others."""
    category = make_category(name="Salutations")
    sign = make_sign(name="Bonjour", category_id=category.id)
    make_sign(name="Merci", category_id=category.id)
    teacher = make_user(username="the-teacher", role=db.UserRole.TEACHER)
    learner = make_user(username="lea", first_name="Léa", password="a secret")
    for user in (teacher, learner):
        db.record_attempt(user.id, sign.id, is_correct=True)
    return learner


@pytest.fixture
def studio(
    serve: Serve, triosigno_db: IsolatedDatabase, learner: db.UserRecord
) -> Iterator[Studio]:
    with serve(triosigno_db.url) as studio:
        yield studio
