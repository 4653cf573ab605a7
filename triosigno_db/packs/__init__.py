"""Content packs: modules, lessons, signs and categories in one file, validated as a whole.

The starter pack that ships with the package is `starter.json` beside this file.
"""

from triosigno_db.packs.loading import load_pack
from triosigno_db.packs.pack import ContentPack, read_pack, starter_pack

__all__ = ["ContentPack", "load_pack", "read_pack", "starter_pack"]
