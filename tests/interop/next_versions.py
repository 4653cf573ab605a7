"""Later versions of the library, each with one more migration."""

from pathlib import Path
from shutil import copytree

from triosigno_db.migrator import shipped_history

NEXT = {
    "20270601000000_streaks": (
        'CREATE TABLE "Streak" ("id" TEXT NOT NULL, CONSTRAINT "Streak_pkey" PRIMARY KEY ("id"));',
        'DROP TABLE "Streak";',
    ),
    "20270602000000_streak_owners": (
        'ALTER TABLE "Streak" ADD COLUMN "userId" TEXT;\n'
        'CREATE INDEX "Streak_userId_idx" ON "Streak"("userId");',
        'ALTER TABLE "Streak" DROP COLUMN "userId";',
    ),
}
"""The name of each migration, with its script and its down.sql."""

FIRST_NEXT = next(iter(NEXT))


def write_version(folder: Path, number: int) -> Path:
    """Write the history of a later version.

    Args:
        folder: Where to write it; it must not exist.
        number: How many migrations it has more, 0 or more.
    """
    copytree(shipped_history(), folder)
    for name, (script, down) in list(NEXT.items())[:number]:
        (folder / name).mkdir()
        (folder / name / "migration.sql").write_text(script)
        (folder / name / "down.sql").write_text(down)
    return folder
