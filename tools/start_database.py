"""Start a throwaway PostgreSQL with the history that ships, for work on the models.

    python -m tools.start_database

It prints the URL for `DATABASE_URL`, runs until Ctrl-C, and leaves nothing behind. The migrations
are applied as SQL, so it does not matter whether the models were edited already.
"""

import signal
import sys

from triosigno_db import migrator
from triosigno_db.testing import ThrowawayPostgres
from triosigno_db.testing.environment import environment_ignored

ENDING = {signal.SIGINT, signal.SIGTERM}


def main() -> int:
    """Run the server until it is told to end.

    Returns:
        The exit code.
    """
    # Blocked before the server starts, so that none of them is lost before it is waited for.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    with ThrowawayPostgres(in_memory=True) as server:
        with environment_ignored():
            migrator.deploy(server.url)
        print(f"export DATABASE_URL={server.url}")
        print("Ctrl-C stops it.", file=sys.stderr)
        sys.stdout.flush()
        signal.sigwait(ENDING)
    return 0


if __name__ == "__main__":
    sys.exit(main())
