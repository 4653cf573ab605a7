"""An added column and an added table: they work throughout, and what forgets them is a red test."""

from pathlib import Path

import pytest

from tests.completeness.copies import Copy

USES = """
import json, sys
from pathlib import Path

import triosigno_db as db
from triosigno_db.models import Note

url, folder = sys.argv[1:]
assert Path(db.__file__).is_relative_to(folder)
db.connect(url, password_cost=4)
db.create_schema()
db.create_schema()  # the second time compares

# The column `bio` of an account.
new = db.NewUser(email="lea@example.org", username="lea", password="secret", bio="Bonjour")
user = db.create_user(new)
assert user.bio == "Bonjour"
assert db.get_user(user.id).bio == "Bonjour"
assert db.update_user(user.id, db.UserChanges(bio="Salut")).bio == "Salut"
assert db.list_users().items[0].bio == "Salut"
assert db.export_user(user.id).bio == "Salut"

# The column `hint` of a sign.
category = db.create_category(db.NewCategory(name="Mots", description=""))
sign = db.create_sign(db.NewSign(
    name="Oui", description="", video_url="https://example.org/v.mp4", hint="Le poing",
    difficulty=db.DifficultyLevel.BEGINNER, category_id=category.id,
))
assert db.get_sign(sign.id).hint == "Le poing"
pack = Path(folder, "pack.json")
db.packs.export_pack(pack)
content = json.loads(pack.read_text("utf-8"))
assert content["signs"][0]["hint"] == "Le poing"
content["signs"][0]["hint"] = "La main"
pack.write_text(json.dumps(content), "utf-8")
(change,) = db.packs.load_pack(db.packs.read_pack(pack)).changes
assert change.fields == ("hint",)
assert db.get_sign(sign.id).hint == "La main"

# The table of notes.
with db.connection():
    for text in ("first", "second"):
        Note.create(user=user.id, sign=sign.id, text=text)
notes = db.export_user(user.id).notes
assert {note.text: note.sign_name for note in notes} == {"first": "Oui", "second": "Oui"}
try:
    db.delete_sign(sign.id)
except db.InUseError as exc:
    assert exc.uses == {"Note": 2}, exc.uses
else:
    raise AssertionError("a sign with notes was deleted")
db.delete_user(user.id)
with db.connection():
    assert Note.select().count() == 0

# What is written of the schema, and the roles.
texts = (db.schema.to_sql(), db.schema.to_prisma(), db.schema.to_svg())
assert all(name in text for text in texts for name in ("Note", "bio", "hint"))
assert all(name in db.roles.role_script() for name in ("Note", "bio"))
db.drop_schema(accept_data_loss=True)
print("done")
"""


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


def failures(copy: Copy) -> set[str]:
    """Run the copied tests, and tell which fail."""
    options = ("-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-rf", "--tb=no")
    done = copy.run("-m", "pytest", "tests", *options)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    failed = (line for line in done.stdout.splitlines() if line.startswith("FAILED "))
    return {line.removeprefix("FAILED ").split(" - ")[0].rpartition("::")[2] for line in failed}


def test_a_column_and_a_table_work_throughout(copy: Copy, empty_url: str) -> None:
    copy.add_columns()
    copy.add_table()
    copy.add_fields()
    copy.add_exported_table()
    done = copy.run("-c", USES, empty_url, str(copy.folder))
    assert done.stdout == "done\n", done.stderr


def test_every_place_that_forgets_a_column_is_named(copy: Copy) -> None:
    copy.add_columns()
    forgetting = {
        "test_a_record_has_every_column_but_secrets",
        "test_a_new_row_takes_every_column",
        "test_every_column_can_be_changed",
        "test_a_search_looks_through_every_text",
    }
    assert failures(copy) == {
        *(f"{test}[{model}]" for test in forgetting for model in ("User", "Sign")),
        "test_all_columns_of_an_account_are_exported",
        "test_a_pack_holds_every_field_or_says_why_not[sign]",
    }


def test_every_place_that_forgets_a_table_is_named(copy: Copy) -> None:
    copy.add_table()
    assert failures(copy) == {
        "test_every_model_has_a_record",
        "test_a_record_has_every_column_but_secrets[Note]",
        "test_a_record_names_its_table[Note]",
        "test_every_model_has_inputs_or_a_reason",
        "test_an_export_has_a_field_for_each_of_them",
        "test_all_columns_of_them_are_exported[notes]",
        "test_a_pack_holds_every_model_or_says_why_not",
    }


def test_a_model_that_is_not_registered_is_named(copy: Copy) -> None:
    copy.add_table()
    copy.replace("models/library.py", "    Note,\n", "")
    assert "test_the_registry_holds_every_model" in failures(copy)
