"""How far a list of guests was read, so that a later page continues there. Names and addresses are not kept.

The links are Graph's own, from its answers. They stay in this process.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from workflows.core.partners.reviewing.evidence.guest_listing import SeenAccounts
from workflows.core.partners.reviewing.evidence.usage import SourceRead
from workflows.core.people import PersonId


class ListPart(StrEnum):
    """What is read for a list, in this order."""

    GUESTS = "guests"
    OWN_ACCOUNTS = "own_accounts"
    """Accounts of our own with an address of the partner."""
    SIGN_INS = "sign_ins"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Where a page of Graph begins."""

    place: int
    """How many accounts of the list come before it."""
    part: ListPart
    link: str | None = None
    """Graph's link to this page; None for the first page of a part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who signed in from the partner's tenant and was not in the list before, with the last time of each."""

    people: Sequence[tuple[PersonId, datetime | None]]
    source: SourceRead


@dataclass(slots=True, kw_only=True)
class ListPlaces:
    """The places of one list."""

    seen: SeenAccounts = field(default_factory=SeenAccounts)
    marks: list[Mark] = field(default_factory=list)
    activity: SourceRead | None = None
    """Why the last sign-in of guests is not read; None when it is."""
    signed_in: SignedIn | None = None
    """None until the log was read."""

    @property
    def is_begun(self) -> bool:
        """Return whether the first page of Graph was read."""
        return len(self.marks) > 1

    def parts_from(self, place: int) -> Sequence[ListPart]:
        """Return the parts to read from a place on."""
        reached = [mark.part for mark in self.marks if mark.place <= place]
        parts = list(ListPart)
        return parts[parts.index(reached[-1]) :] if reached else parts

    def reach(self, part: ListPart, place: int) -> int:
        """Return the number of the mark from which a part is read, for the accounts from a place on.

        A part that was not reached before begins now.
        """
        numbers = [number for number, mark in enumerate(self.marks) if mark.part is part]
        if not numbers:
            self.marks.append(Mark(place=self.seen.count, part=part))
            return len(self.marks) - 1
        return max((number for number in numbers if self.marks[number].place <= place), default=numbers[0])

    def begin_of(self, part: ListPart) -> int:
        """Return how many accounts come before a part that was reached."""
        return next(mark.place for mark in self.marks if mark.part is part)

    def after(self, number: int, link: str) -> int | None:
        """Return the number of the mark after one whose page was read; set it where it was not reached before.

        None where the list cannot go on: the link leads back, or the part ended here before.
        """
        part = self.marks[number].part
        if number + 1 < len(self.marks):
            return number + 1 if self.marks[number + 1].part is part else None
        if any(mark.link == link and mark.part is part for mark in self.marks):
            return None
        self.marks.append(Mark(place=self.seen.count, part=part, link=link))
        return number + 1
