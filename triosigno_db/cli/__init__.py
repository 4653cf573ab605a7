"""The `triosigno-db` command: parses, calls, prints."""

import sys


def main() -> None:
    """Run the command."""
    try:
        from triosigno_db.cli.app import run  # noqa: PLC0415 (needs an extra)
    except ModuleNotFoundError as exc:
        if exc.name not in ("typer", "rich"):
            raise
        sys.exit("The command needs more than the library: pip install 'triosigno-db[cli]'")
    run()
