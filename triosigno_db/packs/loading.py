"""Writing a content pack into the database."""

from collections.abc import Callable

from triosigno_db.database import transaction
from triosigno_db.packs.pack import ContentPack, PackModule
from triosigno_db.records import ModuleRecord, NewCategory, NewLesson, NewModule, NewSign
from triosigno_db.repositories.content.categories import create_category
from triosigno_db.repositories.content.lesson_signs import set_lesson_signs
from triosigno_db.repositories.content.lessons import create_lesson
from triosigno_db.repositories.content.modules import create_module
from triosigno_db.repositories.content.signs import create_sign

OnRow = Callable[[str], None]


def _ignore(name: str) -> None:
    del name


def load_pack(pack: ContentPack, on_row: OnRow = _ignore) -> tuple[ModuleRecord, ...]:
    """Write a pack in one transaction.

    Args:
        pack: What to write.
        on_row: Called with the name of each category, sign, module and lesson once it is written.

    Returns:
        The modules made, in order.

    Raises:
        AlreadyExistsError: There is a category or sign of one of the names; nothing was written.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    with transaction():
        category_ids = {}
        for category in pack.categories:
            made = create_category(NewCategory(**category.model_dump()))
            category_ids[category.name] = made.id
            on_row(category.name)
        sign_ids = {}
        for sign in pack.signs:
            values = sign.model_dump(exclude={"category"})
            new = NewSign(**values, category_id=category_ids[sign.category])
            sign_ids[sign.name] = create_sign(new).id
            on_row(sign.name)
        return tuple(_load_module(module, sign_ids, on_row) for module in pack.modules)


def _load_module(module: PackModule, sign_ids: dict[str, str], on_row: OnRow) -> ModuleRecord:
    made = create_module(NewModule(**module.model_dump(exclude={"lessons"})))
    on_row(module.title)
    for lesson in module.lessons:
        new = NewLesson(title=lesson.title, description=lesson.description, module_id=made.id)
        set_lesson_signs(create_lesson(new).id, [sign_ids[name] for name in lesson.signs])
        on_row(lesson.title)
    return made
