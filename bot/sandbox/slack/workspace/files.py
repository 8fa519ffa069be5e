"""The workspace's files: of the app, announced, uploaded and shared in three steps; and of people, from a window."""

import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.sandbox.seed import BOT_USER_ID, TEAM_ID
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
    user: str = BOT_USER_ID
    """Who uploaded it. What a person uploads is no part of a conversation."""
    created: int
    """When it was announced, in seconds since 1970: a file keeps this time."""
    in_payload: dict[str, Any] | None = None
    """What a payload has in place of the whole object, for example of a file in a shared channel; None: the object."""


class Files:
    """All files of the workspace."""

    def __init__(
        self, tables: AppendOnlyTables, *, now: Callable[[], datetime], base_url: Callable[[], str] = str
    ) -> None:
        self._tables = tables
        self._now = now
        self._base_url = base_url

    def announce(self, name: str, length: int) -> StoredFile:
        """Reserve the id and the address of a file that will be uploaded."""
        file = StoredFile(
            id=f"F0{secrets.token_hex(5).upper()}",
            key=secrets.token_urlsafe(24),
            name=name,
            length=length,
            title="",
            content=None,
            created=int(self._now().timestamp()),
        )
        self._keep(file)
        return file

    def choose(self, user_id: str, name: str, content: bytes, in_payload: dict[str, Any] | None = None) -> StoredFile:
        """Store a file that a person chose in a window: Slack's client uploads it at once."""
        announced = self.announce(name, len(content))
        file = replace(announced, title=name, content=content, user=user_id, in_payload=in_payload)
        self._keep(file)
        return file

    def get(self, file_id: str) -> StoredFile | None:
        """Return the file with this id."""
        return self._load(self._tables.get(_TABLE, file_id))

    def upload(self, key: str, content: bytes) -> bool:
        """Store the content of an announced file, once, in the announced length; False when that is refused."""
        file = self.by_key(key)
        if file is None or file.content is not None or len(content) != file.length:
            return False
        self._keep(replace(file, content=content))
        return True

    def share(self, file_id: str, title: str) -> StoredFile | None:
        """Give an uploaded file its title; None when there is no such file, or it was shared already."""
        file = self._load(self._tables.get(_TABLE, file_id))
        if file is None or file.content is None or file.title:
            return None
        shared = replace(file, title=title or file.name)
        self._keep(shared)
        return shared

    def by_key(self, key: str) -> StoredFile | None:
        """Return the file with this secret key."""
        rows = self._tables.rows(_TABLE).values()
        return next((self._load(row) for row in rows if secrets.compare_digest(row["key"], key)), None)

    def in_payload(self, file: StoredFile) -> dict[str, Any]:
        """Return a file as a submitted window has it."""
        return self.file_object(file) if file.in_payload is None else {"id": file.id, **file.in_payload}

    def file_object(self, file: StoredFile) -> dict[str, Any]:
        """Return Slack's file object."""
        base_url, ending = self._base_url(), file.name.rpartition(".")[2].lower()
        return {
            "id": file.id,
            "created": file.created,
            "name": file.name,
            "title": file.title,
            "mimetype": "text/html" if file.name.endswith(".html") else "application/octet-stream",
            "filetype": ending,
            "pretty_type": ending.upper(),
            "user": file.user,
            "user_team": TEAM_ID,
            "editable": False,
            "size": file.length,
            "mode": "hosted",
            "is_external": False,
            "external_type": "",
            "is_public": False,
            "public_url_shared": False,
            "display_as_bot": False,
            "username": "",
            "url_private": f"{base_url}slack/files/{file.key}",
            "url_private_download": f"{base_url}slack/files/{file.key}",
            "permalink": f"{base_url}files/{file.user}/{file.id}",
            "file_access": "visible",
        }

    def _keep(self, file: StoredFile) -> None:
        content = None if file.content is None else b64encode(file.content).decode()
        row: dict[str, Any] = {
            "id": file.id,
            "key": file.key,
            "name": file.name,
            "length": file.length,
            "title": file.title,
        }
        row |= {"user": file.user, "created": file.created, "in_payload": file.in_payload}
        self._tables.put(_TABLE, file.id, {**row, "content": content})

    def _load(self, row: dict[str, Any] | None) -> StoredFile | None:
        if row is None:
            return None
        content = None if row["content"] is None else b64decode(row["content"])
        return StoredFile(**{**row, "content": content})
