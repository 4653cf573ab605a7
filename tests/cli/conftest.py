"""What the commands' tests share."""

import sys

import pytest


@pytest.fixture
def triosigno_command() -> list[str]:
    """The command in a process of its own."""
    return [sys.executable, "-c", "import sys; from triosigno_db.cli import main; sys.exit(main())"]
