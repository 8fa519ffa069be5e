"""Keep what was looked up in a file, so that an interrupted report goes on where it ended. One line of JSON a name."""

import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from workflows.core.plans.plan import TenantIdentity
from workflows.core.settings.model import TenantId
from workflows.intervals import LOOKUPS_KEPT_FOR


class LookupsFile:
    """The names that were looked up, and their tenants. A name without a tenant is looked up again."""

    def __init__(self, path: Path | None, now: datetime) -> None:
        """Read the file.

        :param path: None to keep nothing.
        """
        self._now = now
        self.known: Mapping[str, TenantIdentity] = {} if path is None else _read(path, now)
        self._file = None if path is None else open(_private(path), "a", encoding="utf-8")  # noqa: SIM115

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
        }
        self._file.write(f"{json.dumps(line, sort_keys=True)}\n")
        self._file.flush()


def _private(path: Path) -> int:
    """Open a file that only its owner may read, and return its descriptor."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def _read(path: Path, now: datetime) -> Mapping[str, TenantIdentity]:
    """Return the names that were looked up not too long ago. A line that is none is left out, as after a crash."""
    if not path.exists():
        return {}
    found: dict[str, TenantIdentity] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            kept = json.loads(line)
            if now - datetime.fromisoformat(kept["at"]) > LOOKUPS_KEPT_FOR:
                continue
            found[str(kept["name"])] = TenantIdentity(
                tenant_id=TenantId(str(kept["tenant_id"])),
                display_name=str(kept["display_name"]),
                default_domain=str(kept["default_domain"]),
                typed_name=str(kept["name"]),
            )
        except (ValueError, KeyError, TypeError):
            continue
    return found
