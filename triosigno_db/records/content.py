"""Content: records and inputs."""

from typing_extensions import TypeVar

from triosigno_db.enums import DifficultyLevel
from triosigno_db.records.input import UNCHANGED, Changes, Input
from triosigno_db.records.record import Record
from triosigno_db.records.types import Description, Known, Name, Order, Reference, Timestamp, Url


class CategoryRecord(Record):
    """A theme that signs belong to."""

    _table = "SignCategory"

    id: str
    name: str
    description: str
    image_url: str | None
    created_at: Timestamp
    updated_at: Timestamp


class CategoryWithCounts(CategoryRecord):
    """A category with the number of its signs."""

    sign_count: int


class SignRecord(Record):
    """A sign of LSF, shown in a video."""

    _table = "Sign"

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

    _table = "Module"

    id: str
    title: str
    description: str
    order: int
    image_url: str | None
    created_at: Timestamp
    updated_at: Timestamp


class ModuleWithCounts(ModuleRecord):
    """A module with the number of its lessons and of the distinct signs in them."""

    lesson_count: int
    sign_count: int


class LessonRecord(Record):
    """A lesson of a module."""

    _table = "Lesson"

    id: str
    title: str
    description: str
    order: int
    module_id: str
    created_at: Timestamp
    updated_at: Timestamp


class LessonSignRecord(Record):
    """The position of a sign in a lesson."""

    _table = "LessonSign"

    id: str
    lesson_id: str
    sign_id: str
    order: int
    created_at: Timestamp
    updated_at: Timestamp


class LessonSignWithSign(LessonSignRecord):
    """The position of a sign in a lesson, with the sign."""

    sign: SignRecord


class LessonWithSigns(LessonRecord):
    """A lesson with its signs in order."""

    lesson_signs: tuple[LessonSignWithSign, ...]


class ModuleTree(ModuleRecord):
    """A module with its lessons in order, each with its signs in order."""

    lessons: tuple[LessonWithSigns, ...]


class NewCategory(Input):
    """The values of a new category.

    Attributes:
        name: 1 to 200 characters, unique among categories.
        description: At most 10,000 characters.
        image_url: An http or https URL.
    """

    name: Name
    description: Description
    image_url: Url | None = None


class NewSign(Input):
    """The values of a new sign.

    Attributes:
        name: 1 to 200 characters, unique among signs.
        description: How to perform the sign, at most 10,000 characters.
        video_url: An http or https URL.
        image_url: An http or https URL.
        difficulty: The difficulty of the sign.
        category_id: The id of its category.
    """

    name: Name
    description: Description
    video_url: Url
    image_url: Url | None = None
    difficulty: Known[DifficultyLevel]
    category_id: Reference


class NewModule(Input):
    """The values of a new module.

    Attributes:
        title: 1 to 200 characters.
        description: At most 10,000 characters.
        order: The position of the module, 0 or more; by default after the last one.
        image_url: An http or https URL.
    """

    title: Name
    description: Description
    order: Order | None = None
    image_url: Url | None = None


class NewLesson(Input):
    """The values of a new lesson.

    Attributes:
        title: 1 to 200 characters.
        description: At most 10,000 characters.
        order: The position in its module, 0 or more; by default after the last lesson.
        module_id: The id of its module.
    """

    title: Name
    description: Description
    order: Order | None = None
    module_id: Reference


class CategoryChanges(Changes):
    """Changes to a category; fields that are not set keep their values.

    Attributes:
        name: 1 to 200 characters, unique among categories.
        description: At most 10,000 characters.
        image_url: An http or https URL; `None` clears it.
    """

    name: Name = UNCHANGED
    description: Description = UNCHANGED
    image_url: Url | None = UNCHANGED


class SignChanges(Changes):
    """Changes to a sign; fields that are not set keep their values.

    Attributes:
        name: 1 to 200 characters, unique among signs.
        description: How to perform the sign, at most 10,000 characters.
        video_url: An http or https URL.
        image_url: An http or https URL; `None` clears it.
        difficulty: The difficulty of the sign.
        category_id: The id of its category.
    """

    name: Name = UNCHANGED
    description: Description = UNCHANGED
    video_url: Url = UNCHANGED
    image_url: Url | None = UNCHANGED
    difficulty: Known[DifficultyLevel] = UNCHANGED
    category_id: Reference = UNCHANGED


class ModuleChanges(Changes):
    """Changes to a module; fields that are not set keep their values.

    Attributes:
        title: 1 to 200 characters.
        description: At most 10,000 characters.
        order: The position of the module, 0 or more.
        image_url: An http or https URL; `None` clears it.
    """

    title: Name = UNCHANGED
    description: Description = UNCHANGED
    order: Order = UNCHANGED
    image_url: Url | None = UNCHANGED


class LessonChanges(Changes):
    """Changes to a lesson; fields that are not set keep their values.

    Attributes:
        title: 1 to 200 characters.
        description: At most 10,000 characters.
        order: The position in its module, 0 or more.
        module_id: The id of its module.
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
