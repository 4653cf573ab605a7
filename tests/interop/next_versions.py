"""Later versions of the library, each with one more migration."""

from pathlib import Path
from shutil import copytree

from triosigno_db.migrator import shipped_history

# Prisma does not see an index on an expression: a table that no model names, it would drop.
NEXT = {
    "20270601000000_titles": (
        'CREATE INDEX "Lesson_title_lower_idx" ON "Lesson"(lower("title"));',
        'DROP INDEX "Lesson_title_lower_idx";',
    ),
    "20270602000000_names": (
        'CREATE INDEX "Achievement_name_lower_idx" ON "Achievement"(lower("name"));',
        'DROP INDEX "Achievement_name_lower_idx";',
    ),
}
"""The name of each migration, with its script and its down.sql."""

NEXT_INDEXES = {
    "20270601000000_titles": 'index "Lesson_title_lower_idx" of "Lesson"',
    "20270602000000_names": 'index "Achievement_name_lower_idx" of "Achievement"',
}
"""What each of them makes, as `check` names it."""


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
