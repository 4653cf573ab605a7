"""What goes in and comes out: immutable Pydantic objects that know no database."""

from triosigno_db.records.accounts import (
    NewUser,
    PreferencesRecord,
    UserRecord,
    UserWithPreferences,
)
from triosigno_db.records.base import Input, Record
from triosigno_db.records.content import (
    CategoryRecord,
    LessonRecord,
    LessonSignRecord,
    LessonSignWithSign,
    LessonWithSigns,
    ModuleRecord,
    ModuleTree,
    NewCategory,
    NewLesson,
    NewModule,
    NewSign,
    SignRecord,
)
from triosigno_db.records.learning import ProgressRecord

__all__ = [
    "CategoryRecord",
    "Input",
    "LessonRecord",
    "LessonSignRecord",
    "LessonSignWithSign",
    "LessonWithSigns",
    "ModuleRecord",
    "ModuleTree",
    "NewCategory",
    "NewLesson",
    "NewModule",
    "NewSign",
    "NewUser",
    "PreferencesRecord",
    "ProgressRecord",
    "Record",
    "SignRecord",
    "UserRecord",
    "UserWithPreferences",
]
