"""The workspace's files: announced, then uploaded, then shared, as with Slack's own upload in three steps."""

import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.sandbox.seed import BOT_USER_ID
from bot.sandbox.storage.tables import AppendOnlyTables

_TABLE = "files"
MAX_BYTES = 1_000_000_000
"""The largest file that Slack takes ("Add files to Slack")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """One file. `content` is None until it is uploaded, `title` is empty until it is shared."""

    id: str
    key: str
    """The secret part of its addresses."""
    name: str
    length: int
    title: str
    content: bytes | None


class Files:
    """All files of the workspace."""

    def __init__(self, tables: AppendOnlyTables, *, now: Callable[[], datetime]) -> None:
        self._tables = tables
        self._now = now

    def announce(self, name: str, length: int) -> StoredFile:
        """Reserve the id and the address of a file that will be uploaded."""
        file = StoredFile(
            id=f"F0{secrets.token_hex(5).upper()}",
            key=secrets.token_urlsafe(24),
            name=name,
            length=length,
            title="",
            content=None,
        )
        self._keep(file)
        return file

    def upload(self, key: str, content: bytes) -> bool:
        """Store the content of an announced file, once, in the announced length; False when that is refused."""
        file = self.by_key(key)
        if file is None or file.content is not None or len(content) != file.length:
            return False
        self._keep(_with_changes(file, content=content))
        return True

    def share(self, file_id: str, title: str) -> StoredFile | None:
        """Give an uploaded file its title; None when there is no such file, or it was shared already."""
        file = self._load(self._tables.get(_TABLE, file_id))
        if file is None or file.content is None or file.title:
            return None
        shared = _with_changes(file, title=title or file.name)
        self._keep(shared)
        return shared

    def by_key(self, key: str) -> StoredFile | None:
        """Return the file with this secret key."""
        rows = self._tables.rows(_TABLE).values()
        return next((self._load(row) for row in rows if secrets.compare_digest(row["key"], key)), None)

    def file_object(self, file: StoredFile, base_url: str) -> dict[str, Any]:
        """Return Slack's file object."""
        return {
            "id": file.id,
            "created": int(self._now().timestamp()),
            "name": file.name,
            "title": file.title,
            "mimetype": "text/html" if file.name.endswith(".html") else "application/octet-stream",
            "user": BOT_USER_ID,
            "size": file.length,
            "mode": "hosted",
            "is_external": False,
            "is_public": False,
            "url_private": f"{base_url}slack/files/{file.key}",
            "permalink": f"{base_url}files/{BOT_USER_ID}/{file.id}",
        }

    def _keep(self, file: StoredFile) -> None:
        content = None if file.content is None else b64encode(file.content).decode()
        row = {"id": file.id, "key": file.key, "name": file.name, "length": file.length, "title": file.title}
        self._tables.put(_TABLE, file.id, {**row, "content": content})

    def _load(self, row: dict[str, Any] | None) -> StoredFile | None:
        if row is None:
            return None
        content = None if row["content"] is None else b64decode(row["content"])
        return StoredFile(**{**row, "content": content})


def _with_changes(file: StoredFile, *, content: bytes | None = None, title: str = "") -> StoredFile:
    return StoredFile(
        id=file.id,
        key=file.key,
        name=file.name,
        length=file.length,
        title=title or file.title,
        content=file.content if content is None else content,
    )
