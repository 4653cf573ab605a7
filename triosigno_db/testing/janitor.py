"""Drop the databases of a test run after its process has ended, for any reason.

`Janitor` runs this module as a script. It reads the run's prefix and the server's URL from standard
input; the end of standard input means that the run has ended.
"""

from __future__ import annotations

import sys

from triosigno_db.testing.databases import DatabaseServer


def drop_databases(prefix: str, url: str) -> None:
    """Drop every database of a run.

    Args:
        prefix: The prefix of the names of the run's databases.
        url: The URL of a database on the server that is not dropped.
    """
    with DatabaseServer(url) as server:
        for name in server.list_databases(prefix):
            server.drop_database(name)


def main() -> None:
    """Wait for the end of the run, then drop its databases."""
    # As bytes: the encoding of the locale may be another than the sender's.
    requests = sys.stdin.buffer
    prefix, url = (requests.readline().decode().rstrip("\n") for _ in range(2))
    requests.read()
    if prefix:
        drop_databases(prefix, url)


if __name__ == "__main__":
    main()
