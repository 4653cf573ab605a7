"""The `triosigno-db` command: parses arguments, calls the library, prints the result."""

import sys


def main() -> None:
    """Run the command."""
    try:
        from triosigno_db.cli.app import run  # noqa: PLC0415 (needs an extra)
    except ModuleNotFoundError as exc:
        if exc.name not in ("typer", "rich"):
            raise
        sys.exit("The command needs an extra: run pip install 'triosigno-db[cli]'")
    run()
