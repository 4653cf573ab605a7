"""The functions under load: a call with arguments drawn at random, and its statement as SQL."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, NamedTuple
from uuid import uuid4

import triosigno_db as db
from tests.benchmarks.data import MODULES, PROGRESS_PER_USER, USERS, a_module, a_sign, a_user
from triosigno_db.database.lifecycle import current_database
from triosigno_db.database.statements import CompiledStatement, Statement
from triosigno_db.repositories.accounts.preferences import select_user_with_preferences
from triosigno_db.repositories.content.trees import select_module_tree
from triosigno_db.repositories.learning.attempts import upsert_progress


class Rows(NamedTuple):
    """How many rows there are to draw from."""

    users: int = USERS
    progress_per_user: int = PROGRESS_PER_USER


class Called(NamedTuple):
    """A function of the library that is called at random.

    Attributes:
        name: The function's name.
        call: Calls it with arguments drawn from the rows.
        parameters: Draws the values of the statement's parameters from the rows.
        statement: What the library runs for it.
        values: The same arguments as SQL, where `:user`, `:sign` and `:module` are numbers.
    """

    name: str
    call: Callable[[Random, Rows], object]
    parameters: Callable[[Random, Rows], dict[str, Any]]
    statement: Statement
    values: Mapping[str, str]

    def compiled(self) -> CompiledStatement:
        """Give the text that the connected library sends."""
        database = current_database()
        return self.statement.compile(database, database.settings.schema_name)


# The ids are computed by the server from numbers, as it did when it made the rows.
USER, SIGN, MODULE = (
    f"md5('{each}' || :{each})::uuid::text" for each in ("user", "sign", "module")
)

HOT = {
    called.name: called
    for called in (
        Called(
            "get_user_with_preferences",
            lambda choice, rows: db.get_user_with_preferences(a_user(choice, rows.users)),
            lambda choice, rows: {"user_id": a_user(choice, rows.users)},
            select_user_with_preferences(db.UserWithPreferences.selection()),
            {"user_id": USER},
        ),
        Called(
            "get_module_tree",
            lambda choice, _: db.get_module_tree(a_module(choice)),
            lambda choice, _: {"module_id": a_module(choice)},
            select_module_tree(db.ModuleTree.selection()),
            {"module_id": MODULE},
        ),
        Called(
            "record_attempt",
            lambda choice, rows: db.record_attempt(
                a_user(choice, rows.users),
                a_sign(choice, rows.progress_per_user),
                is_correct=True,
            ),
            lambda choice, rows: {
                "progress_id": str(uuid4()),
                "user_id": a_user(choice, rows.users),
                "sign_id": a_sign(choice, rows.progress_per_user),
                "is_correct": True,
                "mastery_level": None,
            },
            upsert_progress(db.ProgressRecord.selection()),
            {
                "progress_id": "gen_random_uuid()::text",
                "user_id": USER,
                "sign_id": SIGN,
                "is_correct": "true",
                "mastery_level": "NULL",
            },
        ),
    )
}


def numbers(rows: Rows) -> dict[str, int]:
    """How far each number goes that the values are computed from."""
    return {"user": rows.users, "sign": rows.progress_per_user, "module": MODULES}
