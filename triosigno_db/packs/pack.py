"""The content of a pack."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, Self

from pydantic import ConfigDict, PrivateAttr, ValidationInfo, model_validator

from triosigno_db.enums import DifficultyLevel
from triosigno_db.records.gamification import Xp
from triosigno_db.records.input import Input, check_input
from triosigno_db.records.types import Description, Name, Url

Location = tuple[str | int, ...]
"""A location in a pack, such as `("signs", 3, "category")`."""

MODELS_LEFT_OUT = {
    "User": "an account",
    "UserPreference": "part of an account",
    "Progress": "the progress of one learner",
    "LearningSession": "the progress of one learner",
    "UserAchievement": "the awards of one learner",
}
"""The models that are not part of a pack, and the reasons."""

FIELDS_LEFT_OUT = {
    "id": "each database has its own ids; a row is identified by its name or title",
    "module": "a lesson is nested in its module",
    "order": "the position in the list is the order",
    "created_at": "each database has its own timestamps",
    "updated_at": "each database has its own timestamps",
}
"""The fields of the content models that are not part of a pack, and the reasons."""

PROBLEMS = "problems"
"""The key in the validation context for a list that collects problems instead of raising them."""


class Problem(NamedTuple):
    """An error in a pack and its location."""

    location: Location
    why: str


class _Part(Input):
    """A part of a pack, which is validated again with the pack."""

    model_config = ConfigDict(revalidate_instances="always")


class PackCategory(_Part):
    """A category; its name is its key."""

    name: Name
    description: Description
    image_url: Url | None = None


class PackSign(_Part):
    """A sign; its name is its key, `category` names a category in the pack or the database."""

    name: Name
    category: Name
    difficulty: DifficultyLevel
    description: Description
    video_url: Url
    image_url: Url | None = None


class PackLesson(_Part):
    """A lesson; its title is its key in its module, `signs` names its signs in order."""

    title: Name
    description: Description
    signs: tuple[Name, ...]


class PackModule(_Part):
    """A module with its lessons in order; its title is its key."""

    title: Name
    description: Description
    image_url: Url | None = None
    lessons: tuple[PackLesson, ...] = ()


class PackAchievement(_Part):
    """An achievement; its name is its key."""

    name: Name
    description: Description
    image_url: Url
    xp_reward: Xp


class ContentPack(_Part):
    """A selection of modules, lessons, signs, categories and achievements."""

    categories: tuple[PackCategory, ...] = ()
    signs: tuple[PackSign, ...] = ()
    modules: tuple[PackModule, ...] = ()
    achievements: tuple[PackAchievement, ...] = ()

    _describe: Callable[[Location], str] | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _check_keys(self, info: ValidationInfo) -> Self:
        problems = list(self._repeated_keys())
        if isinstance(info.context, dict) and PROBLEMS in info.context:
            info.context[PROBLEMS].extend(problems)
        elif problems:
            raise ValueError("; ".join(problem.why for problem in problems))
        return self

    def _repeated_keys(self) -> Iterator[Problem]:
        for kind in ("categories", "signs", "achievements"):
            yield from _repeated((kind,), "name", (each.name for each in getattr(self, kind)))
        yield from _repeated(("modules",), "title", (module.title for module in self.modules))
        for number, module in enumerate(self.modules):
            place: Location = ("modules", number, "lessons")
            yield from _repeated(place, "title", (lesson.title for lesson in module.lessons))
            for index, lesson in enumerate(module.lessons):
                yield from _repeated((*place, index, "signs"), "", lesson.signs)

    def __eq__(self, other: object) -> bool:
        # The source file is not compared.
        return isinstance(other, ContentPack) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((self.categories, self.signs, self.modules, self.achievements))

    def describe(self, location: Location) -> str:
        """Describe a location, with the line number if the pack was read from a file.

        Args:
            location: The location in the pack.

        Returns:
            The description, such as `content.yaml, line 12: signs[3].category`.
        """
        return self._describe(location) if self._describe else write_location(location)

    def count_rows(self) -> int:
        """Count the rows of the pack.

        Returns:
            The number of categories, signs, modules, lessons and achievements.
        """
        lessons = sum(len(module.lessons) for module in self.modules)
        rows = (self.categories, self.signs, self.modules, self.achievements)
        return sum(map(len, rows)) + lessons


def check_pack(pack: object) -> ContentPack:
    """Check a pack, and validate it again.

    Args:
        pack: The pack.

    Returns:
        The validated pack.

    Raises:
        InvalidInputError: It is not a pack, or is invalid.
    """
    checked = check_input("pack", pack, ContentPack)
    if isinstance(pack, ContentPack):
        checked._describe = pack._describe
    return checked


def write_location(location: Location) -> str:
    """Format a location as a Python expression.

    Args:
        location: The location.

    Returns:
        The expression, such as `signs[3].category`; empty for the whole pack.
    """
    written = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return written.removeprefix(".")


def _repeated(place: Location, key: str, values: Iterable[Any]) -> Iterator[Problem]:
    values = list(values)
    for value, times in Counter(values).items():
        if times > 1:
            last = len(values) - 1 - values[::-1].index(value)
            where = (*place, last, key) if key else (*place, last)
            yield Problem(where, f"{value!r} occurs {times} times; it must be unique")
