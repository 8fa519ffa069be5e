"""Whether the database's file is on a disk that is thrown away with its container or machine.

A bot there loses every record at its next deployment, and nothing else would say so before. Sources: proc(5),
"mountinfo"; Heroku, "Dynos: ephemeral filesystem"; Google Cloud Run, "Container runtime contract: file system".
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import structlog

_MOUNTS: Final = Path("/proc/self/mountinfo")
_NOT_KEPT: Final = frozenset({"overlay", "aufs", "tmpfs", "ramfs"})
"""Kinds of file systems that end with the container, or with the machine's power."""
_PLATFORMS: Final = {"DYNO": "Heroku", "K_SERVICE": "Google Cloud Run"}
"""A variable that a platform sets, and the platform's name. Its own disk is never kept; a mounted volume is."""
_OCTAL: Final = re.compile(r"\\([0-7]{3})")
_ADVICE: Final = "name a PostgreSQL, or a file on a volume that is kept, in DATABASE_URL"

_log = structlog.get_logger()


def warn_of_lost_disk(path: Path, environment: Mapping[str, str]) -> None:
    """Log when the database will not be there after the next deployment."""
    if reason := why_not_kept(path, environment):
        _log.warning("database_is_not_kept", path=str(path), reason=reason, advice=_ADVICE)


def why_not_kept(path: Path, environment: Mapping[str, str], mounts: Path = _MOUNTS) -> str:
    """Return why a file is on a disk that is thrown away; empty when nothing says so.

    :param mounts: the list of mounts in the format of Linux; where there is none, only the platform is known.
    """
    place, kind = _mount_of(path.absolute(), mounts)
    for variable, platform in _PLATFORMS.items():
        if environment.get(variable) and place in ("", "/", "/app"):
            return f"{platform} does not keep this disk"
    return f"{place} is of the kind {kind}, which ends with the container" if kind in _NOT_KEPT else ""


def disk_finding(path: Path, environment: Mapping[str, str]) -> tuple[str, str]:
    """Return what `gatehouse doctor` says about the disk, and the advice, which is empty when there is no problem."""
    reason = why_not_kept(path, environment)
    return (reason, _ADVICE[0].upper() + _ADVICE[1:]) if reason else ("nothing says that its disk is thrown away", "")


def _mount_of(path: Path, mounts: Path) -> tuple[str, str]:
    """Return the mount point that a path is below, and its kind; both empty when that is not known."""
    found = [(place, kind) for place, kind in _listed(mounts) if path.is_relative_to(place)]
    # NB. of two mounts in one place, the later one is seen.
    return max(enumerate(found), key=lambda one: (len(one[1][0]), one[0]))[1] if found else ("", "")


def _listed(mounts: Path) -> Iterator[tuple[str, str]]:
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return
    for line in lines:
        before, _, after = line.partition(" - ")
        fields, kinds = before.split(" "), after.split(" ")
        if len(fields) > 4:
            yield _OCTAL.sub(lambda code: chr(int(code[1], 8)), fields[4]), kinds[0]
