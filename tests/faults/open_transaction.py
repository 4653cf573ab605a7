"""A client with a transaction that it never ends, run as a module to be killed."""

import sys
import threading

import triosigno_db as db


def main(url: str, user_id: str, sign_id: str) -> None:
    db.connect(url)
    with db.transaction():
        print("begun", flush=True)
        db.record_attempt(user_id, sign_id, is_correct=True)
        print("attempted", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
