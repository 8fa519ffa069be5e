"""Where the generation is known outside of the records: a file, or a fixed value that the bot cannot change.

The file must not be restored together with the records. There is one file for each installation, which says where its
records are.
"""

import asyncio
import errno
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import structlog

from workflows.core.policy.stops.generation import Generation, OutsideGeneration, is_installation
from workflows.ports.store import GenerationPlace

_FIXED: Final = re.compile(r"[0-9a-fA-F]{6,}:.*")
"""What is meant as `<installation>:<number>`, perhaps with a mistake; everything else is a folder."""

_log = structlog.get_logger()


def default_folder() -> Path:
    """Return the folder for state of this user (XDG Base Directory Specification: `$XDG_STATE_HOME`).

    :raises RuntimeError: when the user has no home folder.
    """
    chosen = Path(os.environ.get("XDG_STATE_HOME") or "")
    return (chosen if chosen.is_absolute() else Path.home() / ".local" / "state") / "gatehouse"


def place_of(setting: str, database: Path) -> GenerationPlace:
    """Return the place that a setting names: a folder, `<installation>:<number>`, or empty for the default folder.

    :raises ValueError: when it cannot be one, or there is no default.
    """
    if _FIXED.fullmatch(setting):
        return FixedPlace(Generation.parse(setting))
    if setting and not Path(setting).is_absolute():
        raise ValueError("must be a whole path of a folder, or <installation>:<number>")
    try:
        folder = Path(setting) if setting else default_folder()
    except RuntimeError as error:
        raise ValueError("missing, and this user has no home folder; set it to a folder that is kept") from error
    return FilePlace(folder, database)


@dataclass(frozen=True, slots=True)
class FixedPlace:
    """A value from the environment. Records must not be older than it; it never changes while the bot runs."""

    generation: Generation

    @property
    def name(self) -> str:
        """Return how people call this place."""
        return "GATEHOUSE_GENERATION"

    async def read(self, installation: str) -> OutsideGeneration | None:
        """Return the value; see `ports.store`."""
        return OutsideGeneration(generation=self.generation, is_fixed=True)

    async def save(self, outside: OutsideGeneration) -> None:
        """Do nothing: whoever sets the environment changes it."""

    async def require_writable(self) -> None:
        """Do nothing: it is never written."""

    async def has_other_records(self, outside: OutsideGeneration) -> bool:
        """Return False: the value does not say where the records were."""
        return False


@dataclass(frozen=True, slots=True)
class FilePlace:
    """A folder with one file for each installation."""

    folder: Path
    database: Path

    @property
    def name(self) -> str:
        """Return how people call this place."""
        return str(self.folder)

    async def read(self, installation: str) -> OutsideGeneration | None:
        """Read what is known about these records; see `ports.store`."""
        return await asyncio.to_thread(self._read, installation)

    async def save(self, outside: OutsideGeneration) -> None:
        """Replace what is known; see `ports.store`."""
        await asyncio.to_thread(self._save, outside)

    async def require_writable(self) -> None:
        """Create the folder, and check that a file can be written there; see `ports.store`."""
        await asyncio.to_thread(self._require_writable)

    async def has_other_records(self, outside: OutsideGeneration) -> bool:
        """Return whether the place where the records were still has a file, which is not this one."""
        return await asyncio.to_thread(self._has_other_records, outside)

    def _read(self, installation: str) -> OutsideGeneration | None:
        here = str(self.database.resolve())
        known = list(self._files())
        of_these = next((one for one in known if one.generation.installation == installation), None)
        at_this_place = [one for one in known if one.database == here]
        if of_these is not None and (of_these.database == here or not at_this_place):
            return of_these
        return at_this_place[0] if at_this_place else None

    def _files(self) -> Iterator[OutsideGeneration]:
        """Read every file, the newest first."""
        try:
            paths = sorted(self.folder.glob("*.json"), key=lambda path: -path.stat().st_mtime_ns)
        except FileNotFoundError:
            return
        for path in paths:
            try:
                yield _outside_of(json.loads(path.read_bytes()))
            except (ValueError, LookupError, TypeError, AttributeError):
                _log.error("generation_unreadable", file=path.name)

    def _require_writable(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(self.folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self.folder))

    def _save(self, outside: OutsideGeneration) -> None:
        """Write a new file beside the old one, and put it in its place, so that there is always a whole one."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / f"{outside.generation.installation}.json"
        new = path.with_suffix(".new")
        text = json.dumps(asdict(replace(outside, database=str(self.database.resolve()))), indent=1)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
        folder = os.open(self.folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _has_other_records(self, outside: OutsideGeneration) -> bool:
        other = Path(outside.database) if outside.database else self.database
        with suppress(OSError):
            return other.is_file() and other.stat().st_size > 0 and not other.samefile(self.database)
        return False


def _outside_of(record: Mapping[str, Any]) -> OutsideGeneration:
    """Read one file.

    :raises ValueError, LookupError, TypeError: when it is not as it was written.
    """
    taking = record["taking"]
    return OutsideGeneration(
        generation=_generation_of(record["generation"]),
        taking=None if taking is None else _generation_of(taking),
        last_entry=str(record["last_entry"]),
        last_place=str(record.get("last_place", "")),
        database=str(record["database"]),
        is_handed_over=bool(record["is_handed_over"]),
    )


def _generation_of(record: Mapping[str, Any]) -> Generation:
    generation = Generation(
        installation=str(record["installation"]), number=int(record["number"]), token=str(record["token"])
    )
    if not is_installation(generation.installation) or generation.number < 0:
        raise ValueError("no generation")
    return generation
