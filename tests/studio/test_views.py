"""The studio's pages in a real browser, against a real database."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

import triosigno_db as db
from tests.plain_sql import run_plain
from tests.promises.racing import before_the_commit
from tests.studio.browsing import enter, open_table
from tests.studio.serving import Serve, Studio
from triosigno_db.models import Sign
from triosigno_db.studio import create_studio
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_lesson, make_module, make_sign, make_user

pytestmark = pytest.mark.xdist_group("browser")
READ_ONLY = 403


@pytest.fixture
def writing_studio(
    serve: Serve, triosigno_db: IsolatedDatabase, learner: db.UserRecord
) -> Iterator[Studio]:
    with serve(triosigno_db.url, "--write") as studio:
        yield studio


def test_it_lists_all_tables_and_says_which_database(page: Page, studio: Studio) -> None:
    enter(page, studio)
    assert "token" not in page.url
    expect(page.locator(".list-group-item")).to_have_count(11)
    banner = page.locator("#studio")
    expect(banner).to_contain_text("on this machine, read-only")
    expect(banner).to_have_css("background-color", "rgb(46, 125, 50)")
    assert "read-only" in studio.said


def test_it_searches(page: Page, studio: Studio) -> None:
    enter(page, studio)
    open_table(page, "Sign")
    search = page.locator("input[name=search]")
    search.fill("bonj")
    search.press("Enter")
    rows = page.locator("table.model-list tbody tr")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("Bonjour")


def test_references_are_followed_both_ways(page: Page, studio: Studio) -> None:
    enter(page, studio)
    open_table(page, "Progress")
    page.get_by_role("link", name="lea", exact=True).click()
    expect(page.locator("table.searchable")).to_contain_text("Léa")
    page.locator("#related").get_by_role("link", name="Progress.userId").click()
    rows = page.locator("table.model-list tbody tr")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("Bonjour")


def test_nothing_can_be_written_where_it_is_read_only(
    page: Page, studio: Studio, learner: db.UserRecord
) -> None:
    enter(page, studio)
    open_table(page, "User")
    for label in ("Create", "Edit", "Delete record"):
        expect(page.get_by_role("link", name=label, exact=True)).to_have_count(0)
        expect(page.get_by_title(label, exact=True)).to_have_count(0)
    for path, form in (
        ("/User/delete/", {"id": learner.id}),
        (f"/User/edit/?id={learner.id}", {"username": "changed"}),
        ("/Module/new/", {"title": "new", "description": "", "order": "1"}),
        ("/User/action/", {"action": "delete", "rowid": learner.id}),
    ):
        answer = page.request.post(studio.address + path, form=form)
        assert answer.status == READ_ONLY
    page.goto(f"{studio.address}/User/edit/?id={learner.id}")
    expect(page.locator("form[method=POST]")).to_have_count(0)
    assert db.get_user(learner.id).username == "lea"
    assert db.list_modules().items == ()


def test_a_row_is_changed_made_and_deleted(
    page: Page, writing_studio: Studio, learner: db.UserRecord
) -> None:
    enter(page, writing_studio)
    expect(page.locator("#studio")).to_contain_text("rows can be changed")
    page.goto(f"{writing_studio.address}/User/edit/?id={learner.id}")
    page.locator("#first_name").fill("Zoé")
    page.locator("#role").select_option("ADMIN")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".alert-success")).to_be_visible()
    changed = db.get_user(learner.id)
    assert (changed.first_name, changed.role) == ("Zoé", db.UserRole.ADMIN)
    assert changed.profile_picture is None
    assert changed.updated_at > learner.updated_at
    assert db.authenticate("lea", "a secret").id == learner.id

    module = make_module(lessons=0, title="Premiers pas")
    open_table(page, "Lesson")
    page.get_by_role("link", name="Create", exact=True).click()
    page.locator("#title").fill("Saluer")
    page.locator("#description").fill("Se saluer")
    page.locator("#order").fill("1")
    page.locator(".select2-container").click()
    page.keyboard.type("premiers")
    page.get_by_text("Premiers pas").last.click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".alert-success")).to_be_visible()
    (lesson,) = db.list_lessons(module_id=module.id).items
    assert lesson.title == "Saluer"

    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_title("Delete record").click()
    expect(page.locator(".alert-success")).to_be_visible()
    assert db.list_lessons(module_id=module.id).items == ()


def test_a_forged_form_is_refused(
    page: Page, writing_studio: Studio, learner: db.UserRecord
) -> None:
    enter(page, writing_studio)
    page.request.post(f"{writing_studio.address}/User/delete/", form={"id": learner.id})
    page.request.post(
        f"{writing_studio.address}/User/edit/?id={learner.id}",
        form={"username": "changed", "email": "a@b.org", "role": "ADMIN"},
    )
    assert db.get_user(learner.id).username == "lea"


def test_a_row_that_others_refer_to_is_kept(page: Page, writing_studio: Studio) -> None:
    lesson = make_lesson(signs=0)
    enter(page, writing_studio)
    open_table(page, "Module")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_title("Delete record").click()
    expect(page.locator(".alert-danger")).to_contain_text("1 of Lesson")
    assert db.get_lesson(lesson.id).id == lesson.id


def test_the_password_is_neither_shown_nor_found(
    page: Page, writing_studio: Studio, learner: db.UserRecord, triosigno_db: IsolatedDatabase
) -> None:
    ((stored,),) = run_plain(
        triosigno_db.url, 'SELECT password FROM "User" WHERE id = %s', (learner.id,)
    )
    enter(page, writing_studio)
    for path in (
        "/",
        "/User/",
        f"/User/details/?id={learner.id}",
        f"/User/edit/?id={learner.id}",
        "/Progress/",
        "/Progress/new/",
        "/Progress/ajax/lookup/?name=user&query=lea&limit=10&offset=0",
        "/User/?flt0_password_equals=x",
        "/User/?sort=password",
        "/User/export/csv/",
    ):
        page.goto(writing_studio.address + path)
        shown = page.content()
        assert stored not in shown, path
        assert "$2b$" not in shown, path
        if path != "/":
            assert not re.search("password", shown, re.IGNORECASE), path
    for text in (stored, stored[:10]):
        page.goto(f"{writing_studio.address}/User/?search={text}")
        expect(page.locator("table.model-list")).not_to_contain_text("lea")
    page.goto(f"{writing_studio.address}/User/new/")
    expect(page.locator("form.admin-form")).to_have_count(0)


def test_what_is_wrong_is_told(page: Page, studio: Studio) -> None:
    enter(page, studio)
    for path in ("/User/details/?id=nonsense", "/User/?page=x", "/Sign/?flt0_id_equals=x"):
        answer = page.goto(studio.address + path)
        assert answer is not None
        assert answer.status < 500


def test_a_row_that_another_begins_to_refer_to_is_kept(triosigno_db: IsolatedDatabase) -> None:
    sign, user = make_sign(), make_user()
    studio = create_studio("token", write=True)
    (view,) = [each for each in studio.extensions["admin"][0]._views if each.name == "Sign"]

    def delete() -> bool:
        with studio.test_request_context():
            return bool(view.delete_model(Sign.get_by_id(sign.id)))

    _, is_deleted = before_the_commit(
        triosigno_db.url, lambda: db.record_attempt(user.id, sign.id, is_correct=True), delete
    )
    assert not is_deleted
    assert len(db.list_progress(user.id)) == 1
