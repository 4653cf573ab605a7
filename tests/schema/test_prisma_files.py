"""The files of a Prisma schema."""

from tests.schema.node_schema import files
from triosigno_db.schema.prisma_files import models_by_table


def test_models_are_found_by_their_tables_in_all_files() -> None:
    found = models_by_table(
        files('model A {\n  @@map("t")\n}\n\nmodel B {\n}\n', '\nmodel C {\n@@map("t")\n}')
    )
    assert {table: [each.place for each in models] for table, models in found.items()} == {
        "t": ["a.prisma:1", "b.prisma:2"],
        "B": ["a.prisma:5"],
    }
