"""Where the keys of the audit log come from: a setting, or a file. No key is ever stored in the database, or logged.

A boundary: it reads and writes files.
"""

import os
import secrets
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog

from workflows.core.audit.chain import MIN_KEY_BYTES, ChainKey, KeyRing, WrongKeys, parse_keys, written_key
from workflows.ports.records import StoreUnusable

_log = structlog.get_logger()
_ONE_CREATES: Final = threading.Lock()
_HEADER: Final = (
    "# The key of Gatehouse's audit log, see docs/audit.md. Keep it, and keep it secret.\n"
    "# To change it, add a line with a new key. Never remove a line: old entries need it.\n"
)


def new_key() -> ChainKey:
    """Return a new random key."""
    return ChainKey(secrets.token_bytes(MIN_KEY_BYTES))


def own_key_file(database: Path) -> Path:
    """Return the file of the key that Gatehouse makes where no setting names one: beside the database."""
    return Path(f"{database.resolve()}.audit-key")


@dataclass(frozen=True, slots=True)
class GivenKeys:
    """Keys from the setting AUDIT_KEY."""

    keys: KeyRing

    def ring(self, *, may_create: bool) -> KeyRing:  # these were given
        """Return the keys."""
        return self.keys


@dataclass(slots=True)
class KeyFile:
    """Keys in a file, one on each line. It is read again when it was changed, so that a new key needs no restart."""

    path: Path
    is_own: bool
    """Whether Gatehouse makes the file where there is none."""
    _known: KeyRing | None = field(default=None, init=False, repr=False)
    _version: tuple[int, int] | None = field(default=None, init=False, repr=False)

    def ring(self, *, may_create: bool) -> KeyRing:
        """Return the keys of the file; those that were read before, while it is missing.

        :raises StoreUnusable: when there is no key, or it cannot be read.
        """
        try:
            status = self.path.stat()
        except OSError as error:
            return self._without_file(error, may_create=may_create)
        version = (status.st_ino, status.st_mtime_ns)
        if self._known is None:
            self._known, self._version = self._read(), version
        elif version != self._version:
            self._version = version
            try:
                self._known = self._read()
            except StoreUnusable as error:
                # NB. a mistake in the file must not stop a running bot, which may have to revoke.
                _log.error("audit_key_not_read_again", reason=str(error))
        return self._known

    def _without_file(self, error: OSError, *, may_create: bool) -> KeyRing:
        if self._known is not None:
            return self._known
        if self.is_own and may_create and isinstance(error, FileNotFoundError):
            # NB. threads of the store may come here at once. Entries of a second key could never be checked.
            with _ONE_CREATES:
                self._known = self._read() if self.path.exists() else KeyRing((self._create(),))
            return self._known
        raise StoreUnusable(
            f"the key of the audit log cannot be read ({self.path}: {error.strerror}); put the file back from its "
            "copy, or set AUDIT_KEY or AUDIT_KEY_FILE as for the bot"
        ) from error

    def _read(self) -> KeyRing:
        try:
            return parse_keys(self.path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, WrongKeys) as error:
            why = error.problem.value if isinstance(error, WrongKeys) else type(error).__name__
            raise StoreUnusable(
                f"{self.path} has no key of the audit log that can be used ({why}); each line must be one key in "
                "base64, of at least 32 bytes, as openssl rand -base64 32 prints it"
            ) from None

    def _create(self) -> ChainKey:
        """Write a new key, so that a file with a part of it is never read."""
        key, new = new_key(), Path(f"{self.path}.{os.getpid()}.new")
        try:
            with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                file.write(f"{_HEADER}{written_key(key)}\n")
                file.flush()
                os.fsync(file.fileno())
            new.rename(self.path)
        except OSError as error:
            raise StoreUnusable(
                f"the key of the audit log cannot be written ({self.path}: {error.strerror})"
            ) from error
        return key
