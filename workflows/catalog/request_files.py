"""What a file asks for one partner, with the limits of its fields. `workflows.sheets` reads files."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from pydantic import Field, StrictInt, StringConstraints, ValidationError

from workflows.catalog.settings_table import FileModel
from workflows.core.errors.raised import DomainError


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
