"""Drop the databases of a test run once the process that runs it is gone, however it ended.

Run as a script by `Janitor`: the run's prefix and the server's URL arrive on standard input, and
the end of standard input is the end of the run.
"""

from __future__ import annotations

import sys

from triosigno_db.testing.databases import DatabaseServer


def drop_left(prefix: str, url: str) -> None:
    """Drop every database of a run.

    Args:
        prefix: What the names of the run's databases begin with.
        url: A database of the server that is not dropped.
    """
    with DatabaseServer(url) as server:
        for name in server.list_databases(prefix):
            server.drop_database(name)


def main() -> None:
    """Wait for the end of the run, then tidy up."""
    prefix, url = (sys.stdin.readline().rstrip("\n") for _ in range(2))
    sys.stdin.read()
    if prefix:
        drop_left(prefix, url)


if __name__ == "__main__":
    main()
