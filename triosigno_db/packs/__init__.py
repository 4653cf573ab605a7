"""Content packs: modules, lessons, signs, categories and achievements in one file.

The starter pack of the package is the file `starter.json` in this folder.
"""

from triosigno_db.packs.loading import PackChange, PackReport, load_pack, preview_pack
from triosigno_db.packs.pack import ContentPack
from triosigno_db.packs.reading import read_pack, starter_pack
from triosigno_db.packs.writing import export_pack

__all__ = [
    "ContentPack",
    "PackChange",
    "PackReport",
    "export_pack",
    "load_pack",
    "preview_pack",
    "read_pack",
    "starter_pack",
]
