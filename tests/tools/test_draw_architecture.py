"""The architecture's picture and table say what the contract and the docstrings say."""

import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tools.draw_architecture import (
    PAGE,
    PICTURE,
    ROOT,
    ArchitectureError,
    draw_picture,
    main,
    read_architecture,
    write_table,
)

CONTRACTS = """
[tool.importlinter]
root_package = "shop"

[[tool.importlinter.contracts]]
name = "Down only"
type = "layers"
layers = ["shop.web", "shop.sales | shop.stock", "shop.errors : shop.money"]

[[tool.importlinter.contracts]]
name = "Kinds of sales are apart"
type = "independence"
modules = ["shop.sales.retail", "shop.sales.wholesale"]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with a small package of three layers."""
    (tmp_path / "pyproject.toml").write_text(CONTRACTS)
    for name in ("web", "sales", "stock"):
        (tmp_path / "shop" / name).mkdir(parents=True)
        (tmp_path / "shop" / name / "__init__.py").write_text(f'"""What {name} does.\n\nMore."""\n')
    (tmp_path / "shop" / "__init__.py").write_text("")
    (tmp_path / "shop" / "errors.py").write_text('"""Errors < faults | bugs."""\n')
    (tmp_path / "shop" / "money.py").write_text('"""Amounts."""\n')
    for path in (PICTURE, PAGE):
        (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / PAGE).write_text("Before\n<!-- layers -->\nold\n<!-- end of layers -->\nAfter\n")
    return tmp_path


def test_layers_and_rules_are_the_contracts(project: Path) -> None:
    architecture = read_architecture(project)
    assert [[box.name for box in layer.boxes] for layer in architecture.layers] == [
        ["web"],
        ["sales", "stock"],
        ["errors", "money"],
    ]
    assert [layer.is_open for layer in architecture.layers] == [False, False, True]
    assert architecture.rules == ("Down only", "Kinds of sales are apart")
    sales = architecture.layers[1].boxes[0]
    assert sales.summary == "What sales does."
    assert sales.independent == ("retail", "wholesale")


def test_the_table_numbers_layers_from_the_bottom(project: Path) -> None:
    table = write_table(read_architecture(project)).splitlines()
    assert table[2:5] == [
        "| 3 | `web/` | What web does. |",
        "| 2 | `sales/` | What sales does. |",
        "|  | `stock/` | What stock does. |",
    ]
    assert "| 1 | `errors` | Errors < faults \\| bugs. |" in table
    assert table[-1] == "- Kinds of sales are apart."


def test_the_picture_is_well_formed_and_holds_every_name(project: Path) -> None:
    drawn = ET.fromstring(draw_picture(read_architecture(project)))
    texts = [node.text for node in drawn.iter("{http://www.w3.org/2000/svg}text")]
    names = ["web", "sales", "stock", "errors", "money", "retail", "wholesale"]
    assert [name for name in names if name not in texts] == []
    assert "Errors < faults | bugs." in texts


def test_check_finds_what_is_outdated_and_writes_nothing(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (project / PAGE).read_text()
    assert main(["--check"], project) == 1
    assert str(PAGE) in capsys.readouterr().out
    assert (project / PAGE).read_text() == before
    assert not (project / PICTURE).exists()


def test_what_was_written_is_up_to_date_until_a_docstring_changes(project: Path) -> None:
    assert main([], project) == 0
    assert main(["--check"], project) == 0
    page = (project / PAGE).read_text()
    assert page.startswith("Before\n")
    assert page.endswith("After\n")
    assert "old" not in page
    (project / "shop" / "money.py").write_text('"""Amounts and currencies."""\n')
    assert main(["--check"], project) == 1


def test_a_package_in_no_layer_is_named(project: Path) -> None:
    shutil.copytree(project / "shop" / "stock", project / "shop" / "returns")
    with pytest.raises(ArchitectureError, match="in no layer of the contract: returns"):
        read_architecture(project)


def test_a_layer_without_a_module_is_named(project: Path) -> None:
    (project / "shop" / "money.py").unlink()
    with pytest.raises(ArchitectureError, match="names money, which does not exist"):
        read_architecture(project)


def test_a_page_without_markers_is_refused(project: Path) -> None:
    (project / PAGE).write_text("Nothing\n")
    with pytest.raises(ArchitectureError, match="lacks the lines"):
        main([], project)


def test_every_package_of_the_library_is_in_a_layer() -> None:
    boxes = [box for layer in read_architecture(ROOT).layers for box in layer.boxes]
    assert {"database", "repositories", "errors"} <= {box.name for box in boxes}
    assert [box.name for box in boxes if not box.summary] == []
