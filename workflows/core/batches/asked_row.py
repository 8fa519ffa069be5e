"""What a row of a sheet asks for, and from which file it came. Data only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from workflows.core.people import Person
from workflows.core.settings.canonical import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedAccess:
    """The access that one row of a sheet asks for. It was judged when the draft was made, and is judged again later.

    A row for which nothing is asked has only its number, its partner and its template, as far as they can be read.
    """

    row: int
    """The number of the row in the sheet."""
    target: str
    """The partner's domain or tenant id, normalized; as typed where nothing is asked. Text from outside."""
    template: str = ""
    """The name of the template; as typed where nothing is asked."""
    duration: timedelta | None = None
    """None where nothing is asked."""
    ends_at: datetime | None = None
    """When the access shall end, if the row has a day; `duration` then counts the days to it."""
    starts_at: datetime | None = None
    """When the access shall start, if the row has a later day; None: when it is approved."""
    placeholders: Mapping[str, str] = field(default_factory=dict)
    """The value of each placeholder of the template, by name."""
    sponsor: Person | None = None
    """The sponsor that the row names by a mail address; its chat id is empty until it is looked up. None: the sponsor
    of the batch."""
    reason: str = ""
    """The reason in the row; empty: the reason of the batch."""
    ticket: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSheet:
    """The file that a draft was made of. It is not kept: the draft holds everything that was read."""

    name: str
    """The name of the file. Text from outside."""
    sha256: Digest
    """Of the bytes of the file, in lower-case hexadecimal."""
    sheet: str = ""
    """The name of the sheet in a workbook; empty for other files."""
    rows: int = 0
    """How many rows the sheet has, without its titles."""
