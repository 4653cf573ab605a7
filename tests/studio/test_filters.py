"""The studio's filters."""

import pytest
from playwright.sync_api import Page, expect

from tests.studio.browsing import enter, open_table
from tests.studio.serving import Studio

pytestmark = pytest.mark.xdist_group("browser")


def test_it_lists_and_filters(page: Page, studio: Studio) -> None:
    enter(page, studio)
    open_table(page, "User")
    rows = page.locator("table.model-list tbody tr")
    expect(rows).to_have_count(2)
    page.get_by_role("link", name="Add Filter").click()
    page.locator(".field-filters").get_by_text("role", exact=True).click()
    page.locator("select.filter-val").select_option("TEACHER", force=True)
    page.get_by_role("button", name="Apply").click()
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("the-teacher")
