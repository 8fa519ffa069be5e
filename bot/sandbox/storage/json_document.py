"""Store one JSON document in a file. A boundary: the sandbox writes whole files only here."""

import json
import os
from pathlib import Path
from typing import Any, TypeVar

Document = TypeVar("Document", dict[str, Any], list[dict[str, Any]])


def load_document(path: Path) -> dict[str, Any] | None:
    """Read the document; None when there is none yet."""
    if not path.exists():
        return None
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def copy_json(document: Document) -> Document:
    """Return a deep copy of JSON, several times as fast as `copy.deepcopy`."""
    copy: Document = json.loads(json.dumps(document))
    return copy


def save_document(path: Path, document: dict[str, Any]) -> None:
    """Write the document. After a kill, the file contains either the old or the new document, never a part."""
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    os.replace(temporary, path)
