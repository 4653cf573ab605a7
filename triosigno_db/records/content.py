"""Content: records and inputs."""

from typing_extensions import TypeVar

from triosigno_db.enums import DifficultyLevel
from triosigno_db.records.input import UNCHANGED, Changes, Input
from triosigno_db.records.record import Record
from triosigno_db.records.types import Description, Name, Order, Reference, Timestamp, Url


class CategoryRecord(Record):
    """A theme that signs belong to."""

    id: str
    name: str
    description: str
    image_url: str | None
    created_at: Timestamp
    updated_at: Timestamp


class CategoryWithCounts(CategoryRecord):
    """A theme, with the number of its signs."""

    sign_count: int


class SignRecord(Record):
    """A sign of LSF, shown in a video."""

    id: str
    name: str
    description: str
    video_url: str
    image_url: str | None
    difficulty: DifficultyLevel
    category_id: str
    created_at: Timestamp
    updated_at: Timestamp


class ModuleRecord(Record):
    """A thematic set of lessons."""

    id: str
    title: str
    description: str
    order: int
    image_url: str | None
    created_at: Timestamp
    updated_at: Timestamp


class ModuleWithCounts(ModuleRecord):
    """A set of lessons, with their number and that of the different signs in them."""

    lesson_count: int
    sign_count: int


class LessonRecord(Record):
    """A lesson of a module."""

    id: str
    title: str
    description: str
    order: int
    module_id: str
    created_at: Timestamp
    updated_at: Timestamp


class LessonSignRecord(Record):
    """A sign's place in a lesson."""

    id: str
    lesson_id: str
    sign_id: str
    order: int
    created_at: Timestamp
    updated_at: Timestamp


class LessonSignWithSign(LessonSignRecord):
    """A sign's place in a lesson, with the sign."""

    sign: SignRecord


class LessonWithSigns(LessonRecord):
    """A lesson with its signs in order."""

    lesson_signs: tuple[LessonSignWithSign, ...]


class ModuleTree(ModuleRecord):
    """A module with its lessons in order, each with its signs in order."""

    lessons: tuple[LessonWithSigns, ...]


class NewCategory(Input):
    """A category to make.

    Attributes:
        name: 1 to 200 characters; no other category may have it.
        description: At most 10,000 characters.
        image_url: An http or https URL.
    """

    name: Name
    description: Description
    image_url: Url | None = None


class NewSign(Input):
    """A sign to make.

    Attributes:
        name: 1 to 200 characters; no other sign may have it.
        description: How it is signed, at most 10,000 characters.
        video_url: An http or https URL.
        image_url: An http or https URL.
        difficulty: How hard it is to learn.
        category_id: The category it belongs to.
    """

    name: Name
    description: Description
    video_url: Url
    image_url: Url | None = None
    difficulty: DifficultyLevel
    category_id: Reference


class NewModule(Input):
    """A module to make.

    Attributes:
        title: 1 to 200 characters.
        description: At most 10,000 characters.
        order: Its place, 0 or more; after the last module where it is missing.
        image_url: An http or https URL.
    """

    title: Name
    description: Description
    order: Order | None = None
    image_url: Url | None = None


class NewLesson(Input):
    """A lesson to make.

    Attributes:
        title: 1 to 200 characters.
        description: At most 10,000 characters.
        order: Its place in the module, 0 or more; after the last lesson where it is missing.
        module_id: The module it belongs to.
    """

    title: Name
    description: Description
    order: Order | None = None
    module_id: Reference


class CategoryChanges(Changes):
    """What to change about a category; fields that are not set stay as they are.

    Attributes:
        name: 1 to 200 characters; no other category may have it.
        description: At most 10,000 characters.
        image_url: An http or https URL; `None` clears it.
    """

    name: Name = UNCHANGED
    description: Description = UNCHANGED
    image_url: Url | None = UNCHANGED


class SignChanges(Changes):
    """What to change about a sign; fields that are not set stay as they are.

    Attributes:
        name: 1 to 200 characters; no other sign may have it.
        description: How it is signed, at most 10,000 characters.
        video_url: An http or https URL.
        image_url: An http or https URL; `None` clears it.
        difficulty: How hard it is to learn.
        category_id: The category it belongs to.
    """

    name: Name = UNCHANGED
    description: Description = UNCHANGED
    video_url: Url = UNCHANGED
    image_url: Url | None = UNCHANGED
    difficulty: DifficultyLevel = UNCHANGED
    category_id: Reference = UNCHANGED


class ModuleChanges(Changes):
    """What to change about a module; fields that are not set stay as they are.

    Attributes:
        title: 1 to 200 characters.
        description: At most 10,000 characters.
        order: Its place, 0 or more.
        image_url: An http or https URL; `None` clears it.
    """

    title: Name = UNCHANGED
    description: Description = UNCHANGED
    order: Order = UNCHANGED
    image_url: Url | None = UNCHANGED


class LessonChanges(Changes):
    """What to change about a lesson; fields that are not set stay as they are.

    Attributes:
        title: 1 to 200 characters.
        description: At most 10,000 characters.
        order: Its place in the module, 0 or more.
        module_id: The module it belongs to.
    """

    title: Name = UNCHANGED
    description: Description = UNCHANGED
    order: Order = UNCHANGED
    module_id: Reference = UNCHANGED


CategoryT = TypeVar("CategoryT", bound=Record, default=CategoryRecord)
CategoryWithCountsT = TypeVar("CategoryWithCountsT", bound=Record, default=CategoryWithCounts)
SignT = TypeVar("SignT", bound=Record, default=SignRecord)
ModuleT = TypeVar("ModuleT", bound=Record, default=ModuleRecord)
ModuleWithCountsT = TypeVar("ModuleWithCountsT", bound=Record, default=ModuleWithCounts)
ModuleTreeT = TypeVar("ModuleTreeT", bound=Record, default=ModuleTree)
LessonT = TypeVar("LessonT", bound=Record, default=LessonRecord)
LessonSignT = TypeVar("LessonSignT", bound=Record, default=LessonSignRecord)
LessonWithSignsT = TypeVar("LessonWithSignsT", bound=Record, default=LessonWithSigns)
