"""Load the `.env` file and files with secrets, and find unknown names in the environment that look like settings."""

import re
from collections.abc import Iterable, Mapping, MutableMapping, Set
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any, Final

from dotenv import load_dotenv

_OURS: Final = ("GATEHOUSE_", "SLACK_", "GUESTS_AZURE_")
_PLATFORM_NAME: Final = re.compile(r"\w+_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)")
"""Variables that Kubernetes and Docker add for a service called `gatehouse` or `slack-…`."""
_ADDRESS: Final = re.compile(r"(?:tcp|udp|sctp)://")
_FILE: Final = "_FILE"
_READ_ELSEWHERE: Final = frozenset({"AUDIT_KEY_FILE"})
"""Files with several keys, which are read again while the bot runs."""
_SIGNING_SECRET: Final = "SLACK_SIGNING_SECRET"  # noqa: S105  # the name of a setting
_SECRET: Final = re.compile(r"[!-~]{8,4096}")
"""Printable ASCII without spaces: so are all tokens and secrets of Slack and Entra."""
_MAX_FILE_BYTES: Final = 16 * 1024
_OLD: Final = re.compile(r"(?P<secret>\S+) until (?P<until>\S+)")


class SecretFileProblem(Exception):
    """A file with a secret cannot be used. Its text says why, and never repeats what the file contains."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretFile:
    """What a file with a secret contains.

    The first line is the secret. The file of the signing secret may have a second line: the old secret, the word
    `until`, and the moment from which on it is refused, in ISO 8601 with a time zone.
    """

    secret: str
    old_secret: str = ""
    old_until: datetime | None = None
    """Set exactly when there is an old secret."""


def read_secret_file(path: Path, *, may_have_old: bool = False) -> SecretFile:
    """Read a file with a secret.

    :param may_have_old: whether it is the file of the signing secret, which may have a second line.
    :raises SecretFileProblem: when it cannot be read, or does not contain exactly what it may contain.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_FILE_BYTES + 1)
        lines = content.decode("utf-8-sig").split("\n")
    except OSError as error:
        raise SecretFileProblem(f"cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise SecretFileProblem("is not UTF-8 text") from None
    lines = [line.removesuffix("\r") for line in lines]
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        raise SecretFileProblem("is empty")
    if len(lines) > 1 + may_have_old:
        raise SecretFileProblem("has too many lines")
    if not _SECRET.fullmatch(lines[0]):
        raise SecretFileProblem("its first line is no secret: at least 8 characters, without spaces")
    return SecretFile(secret=lines[0]) if len(lines) == 1 else _with_old(*lines)


def _with_old(secret: str, second_line: str) -> SecretFile:
    old = _OLD.fullmatch(second_line)
    try:
        until = None if old is None else datetime.fromisoformat(old["until"])
    except ValueError:
        until = None
    if old is None or until is None or until.tzinfo is None or not _SECRET.fullmatch(old["secret"]):
        raise SecretFileProblem("its second line must be: the old secret, until, 2026-11-28T19:00:00Z")
    if old["secret"] == secret:
        raise SecretFileProblem("the old secret is the present one")
    return SecretFile(secret=secret, old_secret=old["secret"], old_until=until)


def read_secret_files(
    environment: MutableMapping[str, str], names: Iterable[str]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Read the files that settings name with `…_FILE`.

    What azure-identity reads from the environment by itself is put there.

    :param names: of all settings, in capitals.
    :returns: the settings from files, by their names in small letters, and the problems.
    """
    values: dict[str, Any] = {}
    problems: list[str] = []
    known = frozenset(names)
    for name in sorted(known - _READ_ELSEWHERE):
        setting, path = name.removesuffix(_FILE), environment.get(name, "")
        if setting == name or not path or not (setting in known or setting.startswith("AZURE_")):
            continue
        try:
            found = read_secret_file(Path(path), may_have_old=setting == _SIGNING_SECRET)
        except SecretFileProblem as problem:
            problems.append(f"{name}: {problem}")
            continue
        if environment.get(setting, found.secret) not in ("", found.secret):
            problems.append(f"{name}: {setting} is set too, to another value; remove one of them")
            continue
        if setting not in known:
            environment[setting] = found.secret
            continue
        values[setting.lower()] = found.secret
        if found.old_secret:
            values |= {f"{setting}_old".lower(): found.old_secret, f"{setting}_old_until".lower(): found.old_until}
    return values, tuple(problems)


def load_env_file(path: Path) -> str:
    """Load the settings of a `.env` file into the environment, which has priority.

    azure-identity reads the environment itself, so the file must be loaded into it.

    :returns: the problems of the file; empty when there are none.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"{path}: cannot be read ({error.strerror})"
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        return f"{path}: is not UTF-8 text; save it again in the encoding UTF-8 (editors and PowerShell may use UTF-16)"
    load_dotenv(stream=StringIO(text), override=False)
    return ""


def unknown_names(environment: Mapping[str, str], known_names: Set[str]) -> tuple[str, ...]:
    """Return each unknown name that looks like one of our settings, with the nearest known name; never a value."""
    unknown_names = sorted(
        name for name in environment if name.upper().startswith(_OURS) and name.upper() not in known_names
    )
    return tuple(
        _problem(name, known_names) for name in unknown_names if not _is_set_by_platform(name, environment[name])
    )


def _is_set_by_platform(name: str, value: str) -> bool:
    return bool(_PLATFORM_NAME.fullmatch(name) or (name.endswith("_PORT") and _ADDRESS.match(value)))


def _problem(name: str, known_names: Iterable[str]) -> str:
    from difflib import get_close_matches  # a start with right settings does not need it

    similar = get_close_matches(name.upper(), sorted(known_names), n=1, cutoff=0.6)
    advice = f"did you mean {similar[0]}?" if similar else "remove it"
    return f"{name}: Gatehouse knows no such setting; {advice}"
