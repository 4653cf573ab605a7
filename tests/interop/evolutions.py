"""The kinds of change that the Node side makes to its `schema.prisma`, and what each breaks.

Each can be made and taken back. The judgements are written by hand: `check` has to agree.
"""

from typing import NamedTuple


class Edit(NamedTuple):
    """A text that takes the place of another; without an old one, a line of a block or a block."""

    old: str
    new: str
    block: str = ""

    def apply(self, text: str, *, back: bool) -> str:
        old, new = (self.new, self.old) if back else (self.old, self.new)
        if not old and not self.block:
            return text + new
        if not old:
            old, new = f"{self.block} {{\n", f"{self.block} {{\n{new}"
        assert text.count(old) == 1, old
        return text.replace(old, new)


def added(block: str, line: str) -> Edit:
    return Edit("", f"  {line}\n", block)


def removed(block: str, line: str) -> Edit:
    return Edit(f"  {line}\n", "", block)


def appended(block: str) -> Edit:
    return Edit("", f"\n{block}\n")


class Evolution(NamedTuple):
    """A change of the schema.

    Attributes:
        name: What is changed.
        edits: The edits of the file.
        breaks: What it breaks: the effect by the subject.
        harmless: The subjects of its harmless changes.
        scripts: What a developer writes in place of Prisma's script, to make it and to take it
            back.
        values: The columns whose values it changes.
    """

    name: str
    edits: tuple[Edit, ...]
    breaks: dict[str, str] = {}  # noqa: RUF012 (never changed)
    harmless: frozenset[str] = frozenset()
    scripts: tuple[str, str] | None = None
    values: frozenset[str] = frozenset()

    def edit(self, text: str, *, back: bool) -> str:
        for each in self.edits:
            text = each.apply(text, back=back)
        return text


READS, WRITES = "reads break", "writes break"

NOTE = """
enum NoteKind {
  SHORT
  LONG
  OLD
}

model Note {
  id Int @id @default(autoincrement())
  kind NoteKind @default(SHORT)
}
"""
"""What is the Node side's alone from the beginning."""

NOTES_OF_ITS_OWN = frozenset({'table "Note"', 'enum "NoteKind"'})


def harmless(*subjects: str) -> frozenset[str]:
    return frozenset(subjects)


def column(table: str, name: str) -> str:
    return f'column "{table}"."{name}"'


def index(name: str) -> str:
    return f'index "{name}" of "{name.partition("_")[0]}"'


BADGE = """\
model Badge {
  id String @id
  userId String
  user User @relation(fields: [userId], references: [id], onDelete: Cascade)
}"""
INVOICE = """\
model Invoice {
  id String @id
  payerId String
  payer User @relation("paid", fields: [payerId], references: [id])
}"""
COLOUR = """\
enum Colour {
  RED
  BLUE
}"""

EVOLUTIONS = (
    Evolution(
        "optional column",
        (added("model Sign", "region String?"),),
        harmless=harmless(column("Sign", "region")),
    ),
    Evolution(
        "column with a default",
        (added("model Module", "level Int @default(1)"),),
        harmless=harmless(column("Module", "level")),
    ),
    Evolution(
        "column with a default of the client",
        (added("model Lesson", "token String @default(uuid())"),),
        {column("Lesson", "token"): WRITES},
    ),
    Evolution(
        "required column",
        (added("model SignCategory", "code String"),),
        {column("SignCategory", "code"): WRITES},
    ),
    Evolution(
        "dropped column",
        (removed("model Sign", "videoUrl String"),),
        {column("Sign", "videoUrl"): READS},
    ),
    Evolution(
        "dropped optional column",
        (removed("model User", "profilePicture String?"),),
        {column("User", "profilePicture"): READS},
    ),
    Evolution(
        "renamed column",
        (Edit("  imageUrl String\n  xpReward", "  picture String\n  xpReward"),),
        {column("Achievement", "imageUrl"): READS, column("Achievement", "picture"): WRITES},
        scripts=(
            'ALTER TABLE "Achievement" RENAME COLUMN "imageUrl" TO "picture";',
            'ALTER TABLE "Achievement" RENAME COLUMN "picture" TO "imageUrl";',
        ),
    ),
    Evolution(
        "field renamed in Prisma alone",
        (
            Edit(
                '  language String @default("fr")',
                '  tongue String @map("language") @default("fr")',
            ),
        ),
    ),
    Evolution(
        "table with a foreign key that cascades",
        (appended(BADGE), added("model User", "badges Badge[]")),
        harmless=harmless('table "Badge"'),
    ),
    Evolution(
        "table with a foreign key that restricts",
        (appended(INVOICE), added("model User", 'invoices Invoice[] @relation("paid")')),
        harmless=harmless('table "Invoice"'),
    ),
    Evolution(
        "enum of its own",
        (appended(COLOUR), added("model Note", "colour Colour @default(RED)")),
        harmless=harmless('enum "Colour"'),
    ),
    Evolution(
        "label",
        (added("enum UserRole", "PARENT"),),
        harmless=harmless('enum "UserRole"'),
    ),
    Evolution(
        "dropped label",
        (removed("enum UserRole", "TEACHER"),),
        {'enum "UserRole"': WRITES},
    ),
    Evolution(
        "renamed label",
        (Edit("  ADVANCED\n", "  EXPERT\n"),),
        {'enum "DifficultyLevel"': WRITES},
        harmless('enum "DifficultyLevel"'),
        scripts=(
            "ALTER TYPE \"DifficultyLevel\" RENAME VALUE 'ADVANCED' TO 'EXPERT';",
            "ALTER TYPE \"DifficultyLevel\" RENAME VALUE 'EXPERT' TO 'ADVANCED';",
        ),
    ),
    Evolution("dropped label of its own", (removed("enum NoteKind", "OLD"),)),
    Evolution(
        "index",
        (added("model SignCategory", "@@index([description])"),),
        harmless=harmless(index("SignCategory_description_idx")),
    ),
    Evolution(
        "unique index",
        (added("model Module", "@@unique([title])"),),
        {index("Module_title_key"): WRITES},
    ),
    Evolution(
        "dropped unique index",
        (removed("model Progress", "@@unique([userId, signId])"),),
        {index("Progress_userId_signId_key"): WRITES},
    ),
    Evolution(
        "renamed unique index",
        (
            Edit(
                "  @@unique([userId, achievementId])",
                '  @@unique([userId, achievementId], map: "once")',
            ),
        ),
        harmless=harmless(index("UserAchievement_userId_achievementId_key")),
    ),
    Evolution(
        "renamed foreign key",
        (
            Edit(
                "  module Module @relation(fields: [moduleId], references: [id])",
                '  module Module @relation(fields: [moduleId], references: [id], map: "within")',
            ),
        ),
    ),
    Evolution(
        "action of a foreign key",
        (
            Edit(
                "lesson Lesson @relation(fields: [lessonId], references: [id])",
                "lesson Lesson @relation(fields: [lessonId], references: [id], onDelete: Cascade)",
            ),
        ),
        {'foreign key "LearningSession"(lessonId) to "Lesson"': WRITES},
    ),
    Evolution(
        "dropped foreign key",
        (
            removed(
                "model Sign",
                "category SignCategory @relation(fields: [categoryId], references: [id])",
            ),
            removed("model SignCategory", "signs Sign[]"),
        ),
        {'foreign key "Sign"(categoryId) to "SignCategory"': WRITES},
    ),
    Evolution(
        "wider type",
        (Edit("  xpReward Int\n", "  xpReward BigInt\n"),),
        harmless=harmless(column("Achievement", "xpReward")),
    ),
    Evolution(
        "more precise timestamp",
        (Edit("  endTime DateTime?\n", "  endTime DateTime? @db.Timestamp(6)\n"),),
        harmless=harmless(column("LearningSession", "endTime")),
    ),
    Evolution(
        "shorter text",
        (
            Edit(
                "  description String\n  order Int\n  imageUrl",
                "  description String @db.VarChar(300)\n  order Int\n  imageUrl",
            ),
        ),
        {column("Module", "description"): WRITES},
    ),
    Evolution(
        "narrower type",
        (
            Edit(
                "  masteryLevel Int @default(0)\n",
                "  masteryLevel Int @default(0) @db.SmallInt\n",
            ),
        ),
        {column("Progress", "masteryLevel"): WRITES},
    ),
    Evolution(
        "another default",
        (Edit("  darkMode Boolean @default(false)", "  darkMode Boolean @default(true)"),),
    ),
    Evolution(
        "dropped default that the library does not need",
        (Edit("  role UserRole @default(STUDENT)\n", "  role UserRole\n"),),
        harmless=harmless(column("User", "role")),
    ),
    Evolution(
        "required value",
        (Edit("  firstName String?\n", "  firstName String\n"),),
        {column("User", "firstName"): WRITES},
        scripts=(
            'UPDATE "User" SET "firstName" = \'\' WHERE "firstName" IS NULL;\n'
            'ALTER TABLE "User" ALTER COLUMN "firstName" SET NOT NULL;',
            'ALTER TABLE "User" ALTER COLUMN "firstName" DROP NOT NULL;',
        ),
        values=frozenset({"User.firstName"}),
    ),
    Evolution(
        "optional value",
        (Edit("  learningGoal Int @default(10)", "  learningGoal Int? @default(10)"),),
        {column("UserPreference", "learningGoal"): READS},
    ),
)
