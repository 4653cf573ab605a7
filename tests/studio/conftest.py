"""The studio as its user runs it, and a real browser in front of it."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
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


class Studio(NamedTuple):
    """A studio that runs.

    Attributes:
        address: Where, without the token.
        token: What lets a browser in.
        said: What it has printed.
        process: The command.
    """

    address: str
    token: str
    said: str
    process: "subprocess.Popen[str]"


Serve = Callable[..., AbstractContextManager[Studio]]


@pytest.fixture
def serve(triosigno_command: list[str]) -> Serve:
    """Run `triosigno-db studio` until the block ends."""

    @contextmanager
    def run(url: str, *options: str) -> Iterator[Studio]:
        command = [*triosigno_command, "studio", "--port=0", f"--url={url}", *options]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if "Ctrl-C" in line:
                break
        found = re.search(r"(http://127\.0\.0\.1:\d+)/\?token=(\S+)", said)
        assert found, said
        try:
            yield Studio(found[1], found[2], said, process)
        finally:
            process.kill()
            process.communicate()

    return run


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
