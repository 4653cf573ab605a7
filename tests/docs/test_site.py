"""The documentation's site: built without a warning, and with every public name in it."""

import re
import sys
import zlib
from pathlib import Path
from types import ModuleType

import pytest

import triosigno_db as db
from tests.docs.pages import ROOT
from tests.processes import run_process
from triosigno_db import doctor, migrator, packs, roles, schema, testing
from triosigno_db.models import MODELS

# One process builds the site for all.
pytestmark = pytest.mark.xdist_group("site")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site; mkdocs.yml makes every warning an error."""
    folder = tmp_path_factory.mktemp("site")
    built = run_process(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert built.returncode == 0, built.stderr
    return folder


@pytest.fixture(scope="module")
def documented(site: Path) -> set[str]:
    """The names in the site's inventory, which other projects' documentation refers to."""
    inventory = (site / "objects.inv").read_bytes()
    lines = zlib.decompress(inventory.partition(b"zlib.\n")[2]).decode().splitlines()
    return {line.split(" ")[0] for line in lines}


@pytest.mark.parametrize("module", [db, doctor, migrator, packs, roles, testing])
def test_every_public_name_is_in_the_reference(module: ModuleType, documented: set[str]) -> None:
    names = {_documented_name(module, name) for name in module.__all__}
    assert sorted(names - {"triosigno_db.__version__"} - documented) == []


def _documented_name(module: ModuleType, name: str) -> str:
    path = f"{module.__name__}.{name}"
    # A function that has the name of its file is documented by its full path.
    is_function_of_file = path in sys.modules and not isinstance(getattr(module, name), ModuleType)
    return f"{path}.{name}" if is_function_of_file else path


def test_the_page_of_the_tables_shows_the_diagram(site: Path) -> None:
    page = (site / "reference" / "tables.html").read_text(encoding="utf-8")
    assert re.search(r'<img [^>]*src="\.\./images/schema\.svg"', page)
    assert (site / "images" / "schema.svg").is_file()


def test_the_diagram_is_drawn_from_the_models() -> None:
    drawn = (ROOT / "docs" / "images" / "schema.svg").read_text(encoding="utf-8")
    assert drawn == schema.to_svg(), "triosigno-db schema erd > docs/images/schema.svg"
    assert [model.__name__ for model in MODELS if f">{model.__name__}<" not in drawn] == []
    assert len(MODELS) == 11


def test_the_readme_s_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    here = [link for link in links if not link.startswith(("http:", "https:"))]
    assert here
    assert [link for link in here if not (ROOT / link).is_file()] == []
