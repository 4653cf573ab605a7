"""Any argument at all: each function answers, or raises an error of the library's own.

A call depends on the seed and its number alone, and finds the rows always the same, so that each
can be made again by itself, as the note on a failure says.
"""

import os
import random
import secrets
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest

import triosigno_db as db
from tests.fuzz import hostile
from tests.fuzz.drawing import (
    FUNCTIONS,
    INPUTS,
    NEVER_CALLED_RIGHT,
    Call,
    draw_call,
    words_of_the_code,
)
from tests.fuzz.rows import Known, Watch, make_rows
from tests.fuzz.statements import (
    compiled_statements,
    record_texts,
    unexplained,
    words_chosen,
)
from triosigno_db.database.lifecycle import current_database
from triosigno_db.models import MODELS
from triosigno_db.schema.catalog import compare, read_catalog
from triosigno_db.testing import IsolatedDatabase

CASES = int(os.environ.get("FUZZ_CASES", "2000"))
FIRST = int(os.environ.get("FUZZ_FIRST", "0"))
SEED = int(os.environ.get("FUZZ_SEED", "0"))

SOAK_PARTS = 4
SOAK_CASES = int(os.environ.get("SOAK_CASES", "200000"))

CALLERS_FAULT = (
    db.AccountInactiveError,
    db.AlreadyExistsError,
    db.ConflictError,
    db.InUseError,
    db.InvalidCredentialsError,
    db.InvalidInputError,
    db.NotFoundError,
)
LONGEST_ERROR = 2_000
ONLY_READS = ("count_", "export_", "find_", "get_", "list_", "search_")
"""How the names of functions begin that write nothing."""


class Run:
    """Makes calls, and looks at what each leaves behind."""

    def __init__(self, known: Known, watch: Watch, seed: int) -> None:
        self._known = known
        self._watch = watch
        self._seed = seed
        password = urlsplit(known.url).password
        assert password
        self._secrets = (hostile.SECRET, password, "$2b$")
        self.outcomes: dict[str, set[str]] = {name: set() for name in FUNCTIONS}

    def case(self, number: int) -> None:
        """Draw one call, make it, and check it."""
        choice = random.Random(f"{self._seed}/{number}")
        call = None
        try:
            try:
                call = draw_call(choice, self._known)
                self._check(call, self._make(call))
            except db.InvalidInputError as refused:
                assert call is None
                self._check_error(refused)
        except Exception as failure:
            failure.add_note(
                f"once more: FUZZ_SEED={self._seed} FUZZ_FIRST={number} FUZZ_CASES=1"
                f" python -m pytest tests/fuzz -k in_short\ncase {number}: {ascii(call)[:600]}"
            )
            raise

    def _make(self, call: Call) -> Exception | None:
        expected: tuple[type[Exception], ...] = CALLERS_FAULT
        if not call.is_well_formed:
            expected = (TypeError,)
        elif call.name == "connect":
            expected += (db.DatabaseUnavailableError,)
        try:
            call.make()
        except expected as error:
            return error
        finally:
            if call.name in ("connect", "disconnect"):
                db.connect(self._known.url, password_cost=4)
        assert call.is_well_formed, "a wrong call was answered"
        return None

    def _check(self, call: Call, error: Exception | None) -> None:
        outcome = "answered" if error is None else type(error).__name__
        self.outcomes[call.name].add(outcome)
        assert current_database().is_closed(), "a connection was kept"
        if error is not None and call.is_well_formed:
            self._check_error(error, is_quoted=isinstance(error, db.DatabaseUnavailableError))
        changed = self._watch.restore()
        if is_misfit(error):
            return
        if error is not None or call.name.startswith(ONLY_READS):
            assert changed == [], f"something was written by what ended in {outcome}"

    def _check_error(self, error: BaseException, *, is_quoted: bool = False) -> None:
        """No secret is in it or in what it came from, and a long text is not given back."""
        shown = str(error)
        # A server that can't be connected to quotes what it was asked for.
        assert is_quoted or len(shown) < LONGEST_ERROR, shown[:LONGEST_ERROR]
        chain: BaseException | None = error
        while chain is not None:
            text = f"{chain} {chain!r} {chain.args!r} {chain.__dict__!r}"
            assert [secret for secret in self._secrets if secret in text] == [], "a secret is shown"
            chain = chain.__cause__ or chain.__context__


def is_misfit(error: Exception | None) -> bool:
    """Whether a row came back that a field of the shape has no type for: a fault of the program.

    It is told once the row is there, and a write is done by then.
    """
    return isinstance(error, db.InvalidInputError) and "does not match the database" in str(error)


@pytest.fixture
def known(triosigno_db: IsolatedDatabase, monkeypatch: pytest.MonkeyPatch) -> Known:
    """Some rows of each kind."""
    return make_rows(triosigno_db.url, monkeypatch)


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """The texts that the driver gets while the test runs."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return record_texts(monkeypatch)


def fuzz(known: Known, texts: set[str], *, seed: int, numbers: range) -> Run:
    """Make the calls of these numbers; then look at the schema and at the statements."""
    schema = read_catalog("public")
    with closing(Watch(known.url)) as watch:
        run = Run(known, watch, seed)
        for number in numbers:
            run.case(number)
    assert compare(schema, read_catalog("public")) == ()
    assert_independent(texts)
    return run


def assert_independent(texts: set[str]) -> None:
    """No statement's text holds anything of what the calls were given."""
    marks = (hostile.MARK, str(hostile.DIGITS), hostile.SECRET)
    assert [text for text in texts if any(mark in text for mark in marks)] == []
    assert unexplained(texts) == []
    words = words_of_the_code(MODELS)
    for statement in compiled_statements():
        assert words_chosen(statement) - words == set(), statement


def test_any_call_is_answered_or_refused_in_short(known: Known, texts: set[str]) -> None:
    run = fuzz(known, texts, seed=SEED, numbers=range(FIRST, FIRST + CASES))
    if CASES >= 2_000:
        assert [name for name, outcomes in run.outcomes.items() if not outcomes] == []


@pytest.mark.soak
@pytest.mark.parametrize("part", range(SOAK_PARTS))
def test_any_call_is_answered_or_refused_at_length(
    known: Known, texts: set[str], part: int, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = SEED or secrets.randbits(32)
    size = SOAK_CASES // SOAK_PARTS
    with capsys.disabled():
        print(f"\nFUZZ_SEED={seed}, calls {part * size} to {(part + 1) * size - 1}")
    run = fuzz(known, texts, seed=seed, numbers=range(part * size, (part + 1) * size))
    # Whatever can be right was so at times.
    unanswered = {name for name, outcomes in run.outcomes.items() if "answered" not in outcomes}
    assert size < 50_000 or unanswered <= NEVER_CALLED_RIGHT


@pytest.mark.parametrize("kind", INPUTS.values(), ids=INPUTS)
def test_every_input_is_made_or_names_its_wrong_fields(kind: type[db.Input]) -> None:
    choice = random.Random(kind.__name__)
    for _ in range(300):
        drawn = {name: hostile.anything(choice) for name in kind.model_fields}
        values: dict[str, Any] = {name: drawn[name] for name in drawn if choice.random() < 0.8}
        wrong: set[str] = set()
        try:
            made = kind(**values)
        except db.InvalidInputError as refused:
            wrong = {field for field, _ in refused.errors}
        else:
            assert made == kind(**values)
        assert wrong <= {*kind.model_fields}
