"""What a person does in the browser."""

from playwright.sync_api import Page

from tests.studio.serving import Studio


def enter(page: Page, studio: Studio) -> None:
    page.goto(f"{studio.address}/?token={studio.token}")


def open_table(page: Page, name: str) -> None:
    with page.expect_navigation():  # until it is loaded its menus are dead
        page.locator(".navbar").get_by_role("link", name=name, exact=True).click()
