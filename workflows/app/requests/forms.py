"""The values of the request form, as typed, and the error that names its wrong fields."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from workflows.core.errors.facts import Fact
from workflows.core.people import ChatId


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The values that a person filled in, as typed."""

    requester: ChatId
    target: str
    template: str
    justification: str
    sponsor: ChatId
    days: int
    ends_on: str = ""
    """The day of the end as an ISO date; empty when `days` counts."""
    ticket: str = ""
    placeholders: Mapping[str, str] = field(default_factory=dict)
    """The values for the template's placeholders, by name; empty when the fields are not shown."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """The text of the option that was chosen for a placeholder, by name; only for display."""


class InvalidForm(Exception):
    """The form cannot be filed. `problems` contains the problem of each wrong field, by the name of the field."""

    def __init__(self, problems: dict[str, Fact]) -> None:
        super().__init__("; ".join(f"{field}: {problem}" for field, problem in problems.items()))
        self.problems = problems
