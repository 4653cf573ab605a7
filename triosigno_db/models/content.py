"""Content: the models of signs, categories, modules and lessons."""

from triosigno_db.enums import DifficultyLevel
from triosigno_db.models.base import BaseModel
from triosigno_db.models.fields import (
    CreatedAtField,
    EnumField,
    ForeignKey,
    IdField,
    IntegerField,
    TextField,
    UpdatedAtField,
)


class SignCategory(BaseModel):
    """A theme that signs belong to."""

    id = IdField()
    name = TextField(unique=True)
    description = TextField()
    image_url = TextField(null=True)
    created_at = CreatedAtField()
    updated_at = UpdatedAtField()


class Sign(BaseModel):
    """A sign of LSF, shown in a video."""

    id = IdField()
    name = TextField(unique=True)
    description = TextField()
    video_url = TextField()
    image_url = TextField(null=True)
    difficulty = EnumField(DifficultyLevel)
    category = ForeignKey(SignCategory, backref="signs", on_delete="RESTRICT", index=True)
    category_id: str
    created_at = CreatedAtField()
    updated_at = UpdatedAtField()


class Module(BaseModel):
    """A thematic set of lessons."""

    id = IdField()
    title = TextField()
    description = TextField()
    order = IntegerField()
    image_url = TextField(null=True)
    created_at = CreatedAtField()
    updated_at = UpdatedAtField()

    class Meta:
        """Peewee's options."""

        indexes = ((("order", "id"), False),)
        checks = (("Module_order_check", '"order" >= 0'),)


class Lesson(BaseModel):
    """A lesson of a module."""

    id = IdField()
    title = TextField()
    description = TextField()
    order = IntegerField()
    module = ForeignKey(Module, backref="lessons", on_delete="RESTRICT")
    module_id: str
    created_at = CreatedAtField()
    updated_at = UpdatedAtField()

    class Meta:
        """Peewee's options."""

        indexes = ((("module", "order", "id"), False),)
        checks = (("Lesson_order_check", '"order" >= 0'),)


class LessonSign(BaseModel):
    """The position of a sign in a lesson."""

    id = IdField()
    lesson = ForeignKey(Lesson, backref="lesson_signs", on_delete="CASCADE")
    lesson_id: str
    sign = ForeignKey(Sign, backref="lesson_signs", on_delete="CASCADE", index=True)
    sign_id: str
    order = IntegerField()
    created_at = CreatedAtField()
    updated_at = UpdatedAtField()

    class Meta:
        """Peewee's options."""

        indexes = ((("lesson", "sign"), True),)
        checks = (("LessonSign_order_check", '"order" >= 0'),)
