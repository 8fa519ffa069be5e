"""Read a request from a TOML file; report every problem at once, each with its key and the correction."""

import json
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, StrictInt, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from workflows.catalog.settings_table import RENAMED_KEYS, FileModel
from workflows.core.errors.raised import DomainError
from workflows.core.policy.graph_examples import corrections, is_graph_example

MAX_BYTES: Final = 65_536
_NO_REQUEST: Final = (
    "these are settings of Microsoft Graph, not a request; name a partner and a template instead, whose settings are "
    "written in its own file (docs/templates.md). What is wrong in them:"
)
_CURES: Final = {
    "partner": 'write the partner\'s domain or tenant ID, as in partner = "contoso.com"',
    "template": 'write the name of a template, as in template = "guest-collaboration"',
    "duration_days": "write a whole number of days, as in duration_days = 90",
    "ends_on": "write a day without quotation marks, as in ends_on = 2027-06-30",
    "starts_on": "write a day without quotation marks, as in starts_on = 2026-12-15",
    "placeholders": "write a table of IDs by the names of the template's placeholders, each in quotation marks",
}


class RequestFileProblems(DomainError):
    """The file is not a valid request. `problems` lists every wrong key, with the correction."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class RequestFieldsWrong(DomainError):
    """Values are none of a request. `problems` says of each wrong key why."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("\n".join(f"{key}: {why}" for key, why in problems.items()))
        self.problems = dict(problems)


class RequestFile(FileModel):
    """The content of a request's file."""

    partner: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
    template: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    duration_days: Annotated[StrictInt, Field(ge=1, le=3650)] | None = None
    """The duration in days; None for the template's default, and for an access that ends on a day."""
    ends_on: date | None = None
    """The last day of the access; None: `duration_days` says how long it lasts."""
    starts_on: date | None = None
    """The day on which the access starts; None: when it is approved."""
    placeholders: dict[str, Annotated[str, StringConstraints(max_length=300)]] = Field(
        default_factory=dict, max_length=50
    )


def request_of_fields(**fields: object) -> RequestFile:
    """Return the request of values that were read elsewhere, with the limits of a file.

    :raises RequestFieldsWrong: naming each wrong key.
    """
    try:
        return RequestFile.model_validate(fields)
    except ValidationError as error:
        problems = {".".join(str(part) for part in item["loc"]): item["msg"] for item in error.errors()}
        raise RequestFieldsWrong(problems) from error


def load_request_file(path: Path) -> RequestFile:
    """Read a request from the file at `path`.

    :raises RequestFileProblems: when it is no valid request; the error lists every problem.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise RequestFileProblems((f"{path.name}: larger than {MAX_BYTES} bytes, which no request is",))
        document = _parse(content.decode("utf-8"))
        if is_graph_example(document):
            corrected = corrections(document) or ("nothing",)
            raise RequestFileProblems((f"{path.name}: {_NO_REQUEST}", *corrected))
        return RequestFile.model_validate(document)
    except OSError as error:
        raise RequestFileProblems((f"{path.name}: cannot be read ({error.strerror})",)) from error
    except ValidationError as error:
        raise RequestFileProblems(tuple(f"{path.name}: {_problem(item)}" for item in error.errors())) from error
    except (ValueError, RecursionError) as error:  # invalid TOML or UTF-8, or a number too long for Python
        raise RequestFileProblems((f"{path.name}: not readable as TOML: {error}",)) from error


def _parse(text: str) -> object:
    """Read TOML. JSON is read too when it is an example of Microsoft Graph, so that its errors can be explained.

    :raises ValueError: when the text is neither TOML nor such an example.
    """
    try:
        return tomllib.loads(text)
    except ValueError:
        with suppress(ValueError, RecursionError):
            if is_graph_example(document := json.loads(text)):
                return document
        raise


def _problem(item: ErrorDetails) -> str:
    key = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        if new := RENAMED_KEYS.get(key):
            return f"{key}: this key is called {new} now; write [{new}] in place of [{key}]"
        return f"{key}: no such key; remove it, or write one of {', '.join(RequestFile.model_fields)}"
    cure = _CURES[str(item["loc"][0])]
    if item["type"] == "missing":
        return f"{key}: missing; {cure}"
    return f"{key}: {item['msg']}; {cure}"
