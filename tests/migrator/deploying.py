"""Run by tests as a process of its own: deploys a history and prints what it applied."""

import sys
from pathlib import Path

import triosigno_db as db
from triosigno_db.migrator import deploy

if __name__ == "__main__":
    url, folder = sys.argv[1:]
    db.connect(url)
    print("ready", flush=True)
    print(*deploy(history=Path(folder)))
