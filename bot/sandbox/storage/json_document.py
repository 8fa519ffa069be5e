"""Keep one JSON document on disk, written whole and at once.

The boundary to the disk.
"""

import json
import os
from pathlib import Path
from typing import Any


def load_document(path: Path) -> dict[str, Any] | None:
    """Read the document; None when there is none yet."""
    if not path.exists():
        return None
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def save_document(path: Path, document: dict[str, Any]) -> None:
    """Write the document: a reader, or a start after a kill, finds the old one or the new one, never half of one."""
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    os.replace(temporary, path)
