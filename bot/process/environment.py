"""Load the `.env` file into the environment, and find unknown names in it that look like settings."""

import re
from collections.abc import Iterable, Mapping, Set
from difflib import get_close_matches
from io import StringIO
from pathlib import Path
from typing import Final

from dotenv import load_dotenv

_OURS: Final = ("GATEHOUSE_", "SLACK_", "GUESTS_AZURE_")
_PLATFORM_NAME: Final = re.compile(r"\w+_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)")
"""Variables that Kubernetes and Docker add for a service called `gatehouse` or `slack-…`."""
_ADDRESS: Final = re.compile(r"(?:tcp|udp|sctp)://")


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
    similar = get_close_matches(name.upper(), sorted(known_names), n=1, cutoff=0.6)
    advice = f"did you mean {similar[0]}?" if similar else "remove it"
    return f"{name}: Gatehouse knows no such setting; {advice}"
