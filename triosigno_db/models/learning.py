"""Learning: the models of the progress of users and of their learning sessions."""

from triosigno_db.models.accounts import User
from triosigno_db.models.base import BaseModel
from triosigno_db.models.content import Lesson, Sign
from triosigno_db.models.fields import (
    BooleanField,
    CreatedAtField,
    ForeignKey,
    IdField,
    IntegerField,
    TimestampField,
    UpdatedAtField,
)


class Progress(BaseModel):
    """The progress of a user with a sign."""

    id = IdField()
    user = ForeignKey(User, backref="progress", on_delete="CASCADE")
    user_id: str
    sign = ForeignKey(Sign, backref="progress", on_delete="CASCADE", index=True)
    sign_id: str
    mastery_level = IntegerField(default=0, help_text="0-100")
    last_practiced = TimestampField(null=True)
    correct_attempts = IntegerField(default=0)
    total_attempts = IntegerField(default=0)
    created_at = CreatedAtField()
    updated_at = UpdatedAtField()

    class Meta:
        """Peewee's options."""

        indexes = ((("user", "sign"), True),)
        fillfactor = 90  # what `make bench WHAT=progress_storage` found
        checks = (
            ("Progress_masteryLevel_check", '"masteryLevel" BETWEEN 0 AND 100'),
            (
                "Progress_attempts_check",
                '"correctAttempts" >= 0 AND "correctAttempts" <= "totalAttempts"',
            ),
        )


class LearningSession(BaseModel):
    """A learning session of a user with a lesson."""

    id = IdField()
    user = ForeignKey(User, backref="sessions", on_delete="CASCADE")
    user_id: str
    lesson = ForeignKey(Lesson, backref="sessions", on_delete="RESTRICT")
    lesson_id: str
    start_time = CreatedAtField()
    end_time = TimestampField(null=True, index=True)
    score = IntegerField(null=True)
    xp_earned = IntegerField(null=True)
    completed = BooleanField(default=False)

    class Meta:
        """Peewee's options."""

        indexes = (
            (("user", "start_time"), False),
            (("lesson", "start_time", "id"), False),
            (("start_time", "id"), False),
            (("user", "completed", "xp_earned"), False),
        )
        checks = (
            ("LearningSession_endTime_check", '"endTime" >= "startTime"'),
            ("LearningSession_score_check", '"score" >= 0'),
            ("LearningSession_xpEarned_check", '"xpEarned" >= 0'),
        )
