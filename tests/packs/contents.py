"""Packs of the tests, as objects and as files."""

import json
from pathlib import Path
from typing import Any

import yaml

from triosigno_db.packs import (
    ContentPack,
)

YAML = """\
categories:
  - name: Politesse
    description: Saluer, remercier
signs:
  - name: Bonjour
    category: Politesse
    difficulty: BEGINNER
    description: La main part du menton
    video_url: https://media.example.org/bonjour.mp4
  - name: Merci
    category: Politesse
    difficulty: BEGINNER
    description: ''
    video_url: https://media.example.org/merci.mp4
    image_url: https://media.example.org/merci.webp
modules:
  - title: Premiers pas
    description: Pour commencer
    lessons:
      - title: Saluer
        description: Le matin
        signs: [Merci, Bonjour]
      - title: Remercier
        description: ''
        signs: [Merci]
achievements:
  - name: Premier signe
    description: Le tout premier
    image_url: https://media.example.org/badge.webp
    xp_reward: 10
"""


def pack(text: str = YAML, **changes: Any) -> ContentPack:
    return ContentPack.model_validate({**yaml.safe_load(text), **changes})


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def small_pack(**changes: Any) -> dict[str, Any]:
    video = "https://media.example.org/oui.mp4"
    sign = {"category": "Mots", "difficulty": "BEGINNER", "description": "", "videoUrl": video}
    pack = {
        "categories": [{"name": "Mots", "description": ""}],
        "signs": [{"name": "Oui", **sign}, {"name": "Non", **sign}],
        "modules": [
            {
                "title": "Répondre",
                "description": "",
                "lessons": [{"title": "Oui ou non", "description": "", "signs": ["Non", "Oui"]}],
            }
        ],
    }
    return {**pack, **changes}


def written(folder: Path, content: Any) -> Path:
    path = folder / "pack.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path
