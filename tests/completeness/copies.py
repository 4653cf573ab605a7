"""Copies of the package, changed as a contributor would change it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import triosigno_db
from tests.processes import run_process

PACKAGE = Path(triosigno_db.__file__).parent
TESTS = Path(__file__).parent

NOTE_MODEL = '''

class Note(BaseModel):
    """What a user has written about a sign."""

    id = IdField()
    user = ForeignKey(User, backref="notes", on_delete="CASCADE", index=True)
    user_id: str
    sign = ForeignKey(Sign, backref="notes", on_delete="CASCADE", index=True)
    sign_id: str
    text = TextField()
    created_at = CreatedAtField()
    updated_at = UpdatedAtField()
'''
NOTE_RECORD = '''

class NoteRecord(Record):
    """What a user has written about a sign."""

    id: str
    user_id: str
    sign_id: str
    text: str
    created_at: Timestamp
    updated_at: Timestamp
'''
EXPORTED_NOTE = '''class ExportedNote(NoteRecord):
    """A note with the sign's name."""

    sign_name: str


'''


class Copy:
    """A copy of the package and of the tests in this folder.

    Args:
        folder: Where to put it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.package = folder / "triosigno_db"
        shutil.copytree(PACKAGE, self.package, ignore=shutil.ignore_patterns("__pycache__"))
        tests = folder / "tests" / TESTS.name
        shutil.copytree(TESTS, tests, ignore=shutil.ignore_patterns("__pycache__", "test_added.py"))
        (folder / "tests" / "__init__.py").touch()

    def replace(self, file: str, old: str, new: str, *, times: int = 1) -> None:
        """Replace a text that a file has so many times."""
        path = self.package / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == times, (file, old)
        path.write_text(text.replace(old, new), encoding="utf-8")

    def append(self, file: str, text: str) -> None:
        """Write a text at the end of a file."""
        with (self.package / file).open("a", encoding="utf-8") as opened:
            opened.write(text)

    def add_columns(self) -> None:
        """Add the column `bio` to the model of accounts, and `hint` to that of signs."""
        picture = "    profile_picture = TextField(null=True)\n"
        self.replace("models/accounts.py", picture, picture + "    bio = TextField(null=True)\n")
        video = "    video_url = TextField()\n"
        self.replace("models/content.py", video, video + "    hint = TextField(null=True)\n")

    def add_table(self) -> None:
        """Add a model of notes."""
        fields = "    IntegerField,\n"
        self.replace("models/learning.py", fields, fields + "    TextField,\n")
        self.append("models/learning.py", NOTE_MODEL)
        for file in ("models/__init__.py", "models/library.py"):
            self.replace(file, "LearningSession, Progress", "LearningSession, Note, Progress")
        self.replace("models/library.py", "    Progress,\n", "    Progress,\n    Note,\n")
        self.replace("models/__init__.py", '    "Module",\n', '    "Module",\n    "Note",\n')

    def add_fields(self) -> None:
        """Add the columns to records, inputs and packs."""
        accounts, content = "records/accounts.py", "records/content.py"
        self.replace(
            accounts, "import Known, Name, Timestamp", "import Description, Known, Name, Timestamp"
        )
        for old, new in {
            "    profile_picture: str | None\n": "    bio: str | None\n",
            "    profile_picture: Url | None = None\n": "    bio: Description | None = None\n",
            "    profile_picture: Url | None = UNCHANGED\n": (
                "    bio: Description | None = UNCHANGED\n"
            ),
        }.items():
            self.replace(accounts, old, old + new)
        for old, new in {
            "    video_url: str\n": "    hint: str | None\n",
            "    video_url: Url\n": "    hint: Description | None = None\n",
            "    video_url: Url = UNCHANGED\n": "    hint: Description | None = UNCHANGED\n",
        }.items():
            self.replace(content, old, old + new)
        video = "    video_url: Url\n"
        self.replace("packs/pack.py", video, video + "    hint: Description | None = None\n")

    def add_exported_table(self) -> None:
        """Add the notes to the export of an account."""
        accounts = "records/accounts.py"
        self.append("records/learning.py", NOTE_RECORD)
        self.replace(accounts, "import ProgressRecord", "import NoteRecord, ProgressRecord")
        export = "class UserExport("
        self.replace(accounts, export, EXPORTED_NOTE + export)
        sessions = "    sessions: tuple[ExportedSession, ...]\n"
        self.replace(accounts, sessions, sessions + "    notes: tuple[ExportedNote, ...]\n")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Python with the copy in the place of the package."""
        return run_process(
            [sys.executable, *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
