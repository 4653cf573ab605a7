"""What a content pack holds, and reading one from a file."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator

from triosigno_db.enums import DifficultyLevel
from triosigno_db.errors import InvalidInputError
from triosigno_db.records.base import Description, Input, Name, Url, invalid_input


class PackCategory(Input):
    """A category of the pack; signs name it."""

    name: Name
    description: Description
    image_url: Url | None = None


class PackSign(Input):
    """A sign of the pack; `category` is the name of one of the pack's categories."""

    name: Name
    category: Name
    difficulty: DifficultyLevel
    description: Description
    video_url: Url
    image_url: Url | None = None


class PackLesson(Input):
    """A lesson; `signs` are names of the pack's signs, in order, each once."""

    title: Name
    description: Description
    signs: tuple[Name, ...]


class PackModule(Input):
    """A module with its lessons in order."""

    title: Name
    description: Description
    image_url: Url | None = None
    lessons: tuple[PackLesson, ...]


class ContentPack(Input):
    """Modules, lessons, signs and categories that belong together."""

    categories: tuple[PackCategory, ...] = Field(min_length=1)
    signs: tuple[PackSign, ...]
    modules: tuple[PackModule, ...]

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        wrong = [*self._repeated_names(), *self._unknown_names()]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def _repeated_names(self) -> Iterator[str]:
        yield from _repeated("category", (category.name for category in self.categories))
        yield from _repeated("sign", (sign.name for sign in self.signs))
        for module in self.modules:
            for lesson in module.lessons:
                yield from _repeated(f"sign of the lesson {lesson.title!r}", lesson.signs)

    def _unknown_names(self) -> Iterator[str]:
        categories = {category.name for category in self.categories}
        signs = {sign.name for sign in self.signs}
        for sign in self.signs:
            if sign.category not in categories:
                yield f"the sign {sign.name!r} names no category of the pack: {sign.category!r}"
        for module in self.modules:
            for lesson in module.lessons:
                for name in lesson.signs:
                    if name not in signs:
                        yield f"the lesson {lesson.title!r} names no sign of the pack: {name!r}"

    def count_rows(self) -> int:
        """Count what loading the pack makes.

        Returns:
            The number of categories, signs, modules and lessons.
        """
        lessons = sum(len(module.lessons) for module in self.modules)
        return len(self.categories) + len(self.signs) + len(self.modules) + lessons


def read_pack(path: Path) -> ContentPack:
    """Read a pack from a JSON file.

    Args:
        path: The file, in UTF-8.

    Returns:
        The validated pack.

    Raises:
        InvalidInputError: The file can't be read, is no JSON, or something in it is wrong; every
            wrong place is named.
    """
    try:
        text = path.read_bytes().decode()
    except OSError as exc:
        raise InvalidInputError(str(path), f"can't be read: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise InvalidInputError(str(path), f"is not UTF-8 at byte {exc.start}") from exc
    return _parse(text, str(path))


def starter_pack() -> ContentPack:
    """Read the pack that ships with the package.

    Returns:
        The manual alphabet, numbers, greetings, family, colours and days of LSF.
    """
    name = "starter.json"
    return _parse(resources.files(__package__).joinpath(name).read_text(encoding="utf-8"), name)


def _parse(text: str, name: str) -> ContentPack:
    try:
        content: Any = json.loads(text)
    except json.JSONDecodeError as exc:
        raise InvalidInputError(name, f"is no JSON: line {exc.lineno}, {exc.msg}") from exc
    try:
        return ContentPack.model_validate(content)
    except ValidationError as exc:
        raise invalid_input(exc, ContentPack) from None


def _repeated(what: str, names: Iterable[str]) -> Iterator[str]:
    for name, times in Counter(names).items():
        if times > 1:
            yield f"the {what} {name!r} is there {times} times"
