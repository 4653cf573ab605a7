"""Names and descriptions: one form of Unicode, whatever form is given."""

import time
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

import triosigno_db as db
from triosigno_db.records.types import MAX_DESCRIPTION, Description, Name

TEXTS = st.text(
    st.one_of(
        st.sampled_from("e\u0301\u0327\u1e09\u212b\u00c5가\u1100\u1161\u2000 \u0958\u0345\u1f82"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    ),
    max_size=80,
)
INPUTS = [
    each
    for each in vars(db).values()
    if isinstance(each, type) and issubclass(each, db.Input) and each is not db.Input
]


@pytest.mark.parametrize("kind", [Name, Description])
@given(text=TEXTS)
def test_equivalent_texts_are_one(kind: Any, text: str) -> None:
    def keep(given: str) -> str:
        try:
            kept: str = TypeAdapter(kind).validate_python(given)
        except ValidationError:
            return "refused"
        return kept

    kept = keep(text)
    assert (
        kept == keep(unicodedata.normalize("NFC", text)) == keep(unicodedata.normalize("NFD", text))
    )
    assert keep(kept) == kept
    assert unicodedata.is_normalized("NFC", kept)


def test_every_input_keeps_names_and_descriptions_in_one_form() -> None:
    seen = set()
    for kind in INPUTS:
        for field in ("name", "title", "description"):
            if field in kind.model_fields:
                changed = kind.model_validate(valid(kind) | {field: " e\u0301 "})
                assert getattr(changed, field) == "é", kind
                seen.add(kind.__name__)
    assert {"NewSign", "SignChanges", "NewModule", "LessonChanges", "NewAchievement"} <= seen


def valid(kind: type[db.Input]) -> dict[str, Any]:
    """Values for the required fields of an input with a name."""
    known = {
        "difficulty": "BEGINNER",
        "category_id": "one",
        "module_id": "one",
        "xp_reward": 1,
    }
    return {
        name: known.get(name, "https://example.org/a")
        for name, field in kind.model_fields.items()
        if field.is_required()
    }


def test_a_text_that_is_far_too_long_is_refused_at_once() -> None:
    # Sorting so many marks takes minutes.
    text = "a" + "\u0301\u0323" * 500_000
    started = time.process_time()
    for kind in (Name, Description):
        with pytest.raises(ValidationError, match="at most"):
            TypeAdapter(kind).validate_python(text)
    assert time.process_time() - started < 1
    assert len(text) > MAX_DESCRIPTION
