"""The expected structure is that of the tables which the library creates."""

from triosigno_db.compatibility.expected import expected_structure
from triosigno_db.compatibility.from_catalog import from_catalog
from triosigno_db.schema.catalog import read_catalog
from triosigno_db.testing import IsolatedDatabase


def test_the_models_have_the_structure_of_the_created_tables(
    triosigno_db: IsolatedDatabase,
) -> None:
    expected, created = expected_structure(), from_catalog(read_catalog('"public"'))
    assert expected.enums == created.enums
    assert expected.tables.keys() == created.tables.keys()
    for name, table in created.tables.items():
        wanted = expected.tables[name]
        assert wanted.columns == table.columns
        assert wanted.references == table.references
        assert wanted.checks.keys() == table.checks.keys()
        plain = {index: each for index, each in table.indexes.items() if each.is_plain}
        assert {index: each for index, each in wanted.indexes.items() if each.is_plain} == plain
        # Whether a server has the indexes of searches depends on its extensions.
        assert wanted.indexes.keys() >= table.indexes.keys()
