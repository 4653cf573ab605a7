"""Calls drawn from a seed: any public function, with arguments that are right, nearly right or odd.

What a parameter takes is read from its annotation, so that a function that is new is called as
well, without anything being added here.
"""

import inspect
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from enum import Enum
from itertools import islice
from random import Random
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import SecretStr

import triosigno_db as db
from tests.fuzz import hostile
from tests.fuzz.hostile import MARK
from tests.fuzz.rows import Known
from triosigno_db.repositories.names import SPELLINGS
from triosigno_db.repositories.search import MAX_WORDS

FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: getattr(db, name) for name in db.__all__ if inspect.isfunction(getattr(db, name))
}
"""Every public function; a class is none."""

INPUTS: dict[str, type[db.Input]] = {
    name: getattr(db, name)
    for name in db.__all__
    if inspect.isclass(getattr(db, name)) and issubclass(getattr(db, name), db.Input)
}

LISTS = [each for name, each in FUNCTIONS.items() if name.startswith(("list_", "search_"))]
"""The functions that return pages."""

MAX_ITERATED = 500
"""How many records are read of a list, at most."""

NEVER_CALLED_RIGHT = {"drop_schema"}
"""What would take away what the other calls work on."""

# A host name that can be looked up would be: none of these leaves the machine.
_HOSTS = ("127.0.0.1", "/nowhere", f"/{MARK}", "/a\0b", "/\ud800", "", 7, None)

_ORDINARY = 0.75
"""How often an argument is of the kind that its parameter takes, if not always a right one."""


class Call(NamedTuple):
    """A function and its arguments."""

    name: str
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]

    @property
    def is_well_formed(self) -> bool:
        """Whether the arguments fit the function's signature."""
        function, arguments = FUNCTIONS[self.name], self.arguments
        if self.name == "iterate" and arguments[:1] and arguments[0] in LISTS:
            function, arguments = arguments[0], arguments[1:]
        try:
            inspect.signature(function).bind(*arguments, **self.keywords)
        except TypeError:
            return False
        return True

    def make(self) -> Any:
        """Make the call; what it gives to be entered is entered, what gives an end is ended."""
        answer = FUNCTIONS[self.name](*self.arguments, **self.keywords)
        if hasattr(answer, "__enter__"):
            with answer:
                db.count_users()
        elif inspect.isfunction(answer):
            answer()
        elif isinstance(answer, Iterator):
            return [*islice(answer, MAX_ITERATED)]
        return answer


def draw_call(choice: Random, known: Known) -> Call:
    """Draw a call; an input that is refused when it is made ends the drawing by its error."""
    drawing = _Drawing(choice, known)
    if choice.random() < 0.1:
        # Inputs are made most often by what calls the library, and are public as well.
        drawing.input(choice.choice([*INPUTS.values()]))
    name = choice.choice([*FUNCTIONS])
    if name == "iterate":
        # Its first argument has no name; the others are those of the function that it calls.
        called = choice.choice([*LISTS, db.count_users, db.get_user])
        call = Call(name, (called,), drawing.keywords(called))
    else:
        call = Call(name, (), drawing.keywords(FUNCTIONS[name]))
    is_wrong = name in NEVER_CALLED_RIGHT or choice.random() < 0.02
    return drawing.disturbed(call) if is_wrong else call


class _Drawing:
    """Draws the arguments of one call."""

    def __init__(self, choice: Random, known: Known) -> None:
        self._choice = choice
        self._known = known
        self._function = ""

    def keywords(self, function: Callable[..., Any]) -> dict[str, Any]:
        self._function = function.__name__
        hints = typing.get_type_hints(function)
        drawn: dict[str, Any] = {}
        for name, parameter in inspect.signature(function).parameters.items():
            if parameter.kind is parameter.VAR_KEYWORD:
                drawn |= self._settings()
            elif parameter.default is parameter.empty or self._choice.random() < 0.4:
                drawn[name] = self._argument(name, hints.get(name, Any))
        return drawn

    def disturbed(self, call: Call) -> Call:
        """Make a call that the signature does not allow."""
        may_leave_out = call.name not in {"connect", *NEVER_CALLED_RIGHT}
        if call.keywords and may_leave_out and self._choice.random() < 0.5:
            left_out = self._choice.choice([*call.keywords])
            fewer = {name: value for name, value in call.keywords.items() if name != left_out}
            return call._replace(keywords=fewer)
        return call._replace(arguments=(hostile.anything(self._choice),) * 20)

    def input(self, kind: type[db.Input]) -> db.Input:
        """Make an input of fields that are right or not; some skip the checks by being copied."""
        fields = kind.model_fields
        is_partial = issubclass(kind, db.Changes)
        wanted = [name for name in fields if not is_partial or self._choice.random() < 0.5]
        values = {name: self._of_kind(name, fields[name].annotation) for name in wanted}
        spoiled = self._choice.choice([*fields, ""])
        if spoiled and self._choice.random() < 0.4:
            value = self._argument(spoiled, fields[spoiled].annotation)
            if self._choice.random() < 0.5:
                # As pydantic allows, with a value that nobody has checked.
                return kind(**values).model_copy(update={spoiled: value})
            values[spoiled] = value
        return kind(**values)

    def _argument(self, name: str, annotation: Any) -> Any:
        is_ordinary = self._choice.random() < _ORDINARY or _is_callable(annotation)
        drawn = self._of_kind(name, annotation) if is_ordinary else hostile.anything(self._choice)
        if SecretStr in _atoms(annotation) and isinstance(drawn, str | bytes):
            return hostile.password(self._choice)
        return drawn

    def _of_kind(self, name: str, annotation: Any) -> Any:
        """Draw what the annotation of a parameter or of a field asks for."""
        choice = self._choice
        atoms = _atoms(annotation)
        if type(None) in atoms and choice.random() < 0.2:
            return None
        if _is_callable(annotation):
            made = (lambda *_: None, lambda *_: db.count_users(), lambda *_: db.get_user(MARK))
            return choice.choice(made)
        if typing.get_origin(annotation) is Sequence:
            return self._list(name, typing.get_args(annotation)[0])
        if typing.get_origin(annotation) is type:
            return choice.choice(hostile.SHAPES)
        return self._of_class(name, atoms)

    def _of_class(self, name: str, atoms: Sequence[Any]) -> Any:
        """Draw a value of the first of some classes that is known here, or one of some labels."""
        for each in (atom for atom in atoms if isinstance(atom, type)):
            if issubclass(each, db.Input):
                return self.input(each)
            if issubclass(each, Enum):
                labels = [*each, *map(str, each), hostile.text(self._choice)]
                return self._choice.choice(labels)
            if each in _DRAWN_BY_TYPE:
                return _DRAWN_BY_TYPE[each](self, name)
        labels = [each for each in atoms if isinstance(each, str)]
        return self._choice.choice(labels) if labels else self._text(name)

    def _list(self, name: str, item: Any) -> Any:
        choice = self._choice
        length = choice.choice((0, 1, 2, 3, 3, 4, 300))
        drawn = [self._of_kind(name.removesuffix("s"), item) for _ in range(length)]
        if UUID in _atoms(item) and choice.random() < 0.6:
            there = self._known.of(name.removesuffix("s"))
            drawn = choice.sample(there, choice.choice((1, 2, len(there), len(there))))
        if choice.random() < 0.15:
            drawn.append(hostile.anything(choice))
        return choice.choice((drawn, drawn, drawn, tuple(drawn), iter(drawn)))

    def _id(self, name: str) -> Any:
        if self._choice.random() < 0.15:
            return hostile.uuid(self._choice)
        drawn = self._choice.choice(self._known.of(name))
        as_uuid = self._choice.random() < 0.2 and drawn not in self._known.names
        return UUID(drawn) if as_uuid else drawn

    def _number(self, name: str) -> Any:
        del name
        choice = self._choice
        return choice.choice(hostile.NUMBERS) if choice.random() < 0.3 else choice.randrange(1, 100)

    def _flag(self, name: str) -> Any:
        del name
        return self._choice.choice((True, False, True, False, 0, 1, "true", None))

    def _moment(self, name: str) -> Any:
        del name
        return self._choice.choice(hostile.MOMENTS)

    def _zone(self, name: str) -> Any:
        del name
        return self._choice.choice(hostile.ZONES)

    def _password(self, name: str) -> Any:
        del name
        return hostile.password(self._choice)

    def _text(self, name: str) -> Any:
        choice = self._choice
        if name == "cursor":
            return self._known.cursors.draw(choice, self._function)
        if name == "url":
            return self._address()
        if "email" in name and choice.random() < 0.6:
            fresh = f"{MARK}{choice.random()}@example.org"
            return choice.choice((*self._known.emails, *[fresh] * 12))
        if ("url" in name or "picture" in name) and choice.random() < 0.6:
            return f"https://media.example.org/{MARK}"
        if "name" in name and choice.random() < 0.3:
            return choice.choice(self._known.names)
        return hostile.text(choice)

    def _address(self) -> Any:
        text = hostile.text(self._choice)
        nowhere = f"postgresql://u:{hostile.SECRET}@127.0.0.1:1/d"
        return self._choice.choice(
            (
                self._known.url,
                f"{self._known.url}?schema={text}",
                f"{self._known.url}?{text}=1",
                f"{self._known.url}{text[:1_000]}",
                f"{nowhere}?sslmode={text}",
                f"{nowhere}{text}",
                f"postgresql://u:{hostile.SECRET}{text}",
                f"postgresql:///{text}",
                f"mysql://u:{hostile.SECRET}@127.0.0.1/{text}",
            )
        )

    def _settings(self) -> dict[str, Any]:
        choice = self._choice
        names = choice.sample([*db.Settings.model_fields, MARK], choice.randrange(3))
        drawn = {name: hostile.anything(choice) for name in names}
        if "host" in drawn:
            drawn["host"] = choice.choice(_HOSTS)
        return drawn | {name: hostile.SECRET for name in drawn if name == "password"}


_DRAWN_BY_TYPE: dict[type, Callable[[_Drawing, str], Any]] = {
    UUID: _Drawing._id,
    SecretStr: _Drawing._password,
    ZoneInfo: _Drawing._zone,
    datetime: _Drawing._moment,
    bool: _Drawing._flag,
    int: _Drawing._number,
    float: _Drawing._number,
}


def _atoms(annotation: Any) -> list[Any]:
    """List the classes and labels that an annotation such as `str | UUID | None` allows."""
    origin = typing.get_origin(annotation)
    if origin is typing.Literal:
        return [*typing.get_args(annotation)]
    if origin is typing.Annotated:
        return _atoms(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return [atom for each in typing.get_args(annotation) for atom in _atoms(each)]
    return [annotation]


def _is_callable(annotation: Any) -> bool:
    return typing.get_origin(annotation) is Callable


def words_of_the_code(models: Iterable[Any]) -> set[str]:
    """List what a statement may be chosen by: columns, attributes, parameters and their labels."""
    words = {*SPELLINGS, *(f"word_{number}" for number in range(1, MAX_WORDS + 1))}
    for model in models:
        words |= {*model._meta.columns, *model._meta.fields, *model._meta.combined}
    for kind in (*hostile.RECORDS, *INPUTS.values()):
        words |= {*kind.model_fields, *(str(each.alias) for each in kind.model_fields.values())}
    for function in FUNCTIONS.values():
        words |= {*inspect.signature(function).parameters}
        hints = typing.get_type_hints(function).values()
        words |= {each for hint in hints for each in _atoms(hint) if isinstance(each, str)}
    return words
