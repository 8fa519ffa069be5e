"""Keep what was looked up in a file, so that an interrupted report goes on where it ended. One line of JSON a name.

People decide by the report, so what is in the file is used only when nobody else can have written it.
"""

import json
import os
import stat
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Self

from workflows.core.plans.plan import TenantIdentity
from workflows.core.settings.model import TenantId, is_tenant_id
from workflows.intervals import LOOKUPS_KEPT_FOR

_OTHERS: Final = 0o077
"""The rights of everybody but the owner."""


class LookupsFile:
    """The names that were looked up, and their tenants. A name without a tenant is looked up again."""

    def __init__(self, path: Path | None, now: datetime, *, home: str) -> None:
        """Read the file, or make it.

        :param path: None to keep nothing.
        :param home: our own tenant. What another tenant looked up is not used: its cloud can be another one.
        :raises OSError: when it cannot be opened, or somebody else could read or write it.
        """
        self._now = now
        self._home = home.lower()
        self._file = None if path is None else _open_private(path)
        content = b"" if self._file is None else self._file.read()
        if self._file is not None and content and not content.endswith(b"\n"):
            self._file.write(b"\n")
        self.known: Mapping[str, TenantIdentity] = dict(
            one for line in content.split(b"\n") if (one := self._kept(line)) is not None
        )

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def keep(self, name: str, identity: TenantIdentity | None) -> None:
        """Write one name with its tenant at once."""
        if self._file is None or identity is None or not identity.is_resolved or name in self.known:
            return
        line = {
            "name": name,
            "tenant_id": identity.tenant_id,
            "display_name": identity.display_name,
            "default_domain": identity.default_domain,
            "at": self._now.isoformat(),
            "home": self._home,
        }
        self._file.write(f"{json.dumps(line, sort_keys=True)}\n".encode())
        self._file.flush()

    def _kept(self, line: bytes) -> tuple[str, TenantIdentity] | None:
        """Return a name and its tenant; None for a line that is none, as after a crash, and for what is too old."""
        try:
            kept: Mapping[str, Any] = json.loads(line)
            name, tenant_id = str(kept["name"]), str(kept["tenant_id"])
            age = self._now - datetime.fromisoformat(kept["at"])
            if kept["home"] != self._home or not timedelta(0) <= age <= LOOKUPS_KEPT_FOR or not is_tenant_id(tenant_id):
                return None
            return name, TenantIdentity(
                tenant_id=TenantId(tenant_id),
                display_name=str(kept["display_name"]),
                default_domain=str(kept["default_domain"]),
                typed_name=name,
            )
        except (ValueError, KeyError, TypeError, RecursionError):
            return None


def _open_private(path: Path) -> BinaryIO:
    """Open a file that only its owner may read, at its beginning; what is written goes to its end.

    :raises OSError: when it is no such file.
    """
    refused = OSError(
        f"{path.name} must be a file of your own that nobody else can read or write, and no link. "
        "Remove it, or name another file."
    )
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags, 0o600)
    except OSError as error:
        if path.is_symlink():
            raise refused from error
        raise
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & _OTHERS:
        os.close(descriptor)
        raise refused
    file = os.fdopen(descriptor, "a+b")
    file.seek(0)
    return file
