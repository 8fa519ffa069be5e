"""Write the version of a release into the changelog, pyproject.toml and uv.lock; see docs/releasing.md."""

import argparse
import re
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).parents[1]
_UNRELEASED: Final = "## [Unreleased]"
_VERSION: Final = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")


class NotReleased(Exception):
    """The release cannot be written; the text says why, and what to do."""


def with_release(changelog: str, version: str, day: date) -> str:
    """Return the changelog with what was unreleased under a version.

    :raises NotReleased: when the version is wrong, not newer, or has no changes.
    """
    if not _VERSION.fullmatch(version):
        raise NotReleased(f"{version} is no version; write three numbers, for example 0.2.0")
    before, found, after = changelog.partition(_UNRELEASED)
    if not found:
        raise NotReleased(f"the changelog has no heading {_UNRELEASED}; write it above the newest changes")
    changes, _, _ = after.partition("\n## [")
    if "\n- " not in changes:
        raise NotReleased("nothing is under Unreleased; write what users notice first")
    released = re.findall(r"^## \[([0-9.]+)\]", changelog, re.MULTILINE)
    if any(_numbers(version) <= _numbers(one) for one in released):
        raise NotReleased(f"{version} is not newer than {max(released, key=_numbers)}; choose a newer version")
    return f"{before}{_UNRELEASED}\n\n## [{version}] - {day.isoformat()}{after}"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def main(version: str) -> None:
    """Write the release, or nothing."""
    path = PROJECT / "CHANGELOG.md"
    try:
        text = with_release(path.read_text(), version, datetime.now(UTC).date())
    except NotReleased as error:
        sys.exit(f"Nothing was written: {error}.")
    subprocess.run(["uv", "version", version], cwd=PROJECT, check=True)
    path.write_text(text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version", help="the new version, for example 0.2.0")
    main(parser.parse_args().version)
