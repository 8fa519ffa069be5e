"""Which records these are: an installation, and the number of their last start. Pure.

Both are stored in the records and outside of them. Each start takes the next number. Where the two places differ, the
records are an older backup, a copy, or others than before, and the bot starts held; see docs/decisions/0055.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self

_INSTALLATION: Final = re.compile(r"[0-9a-f]{32}")
_TEXT: Final = re.compile(r"(?P<installation>[0-9a-f]{32}):(?P<number>0|[1-9][0-9]{0,11})(?::(?P<token>[0-9a-f]{16}))?")
OLD_CLICKS_REFUSED_FOR: Final = timedelta(minutes=10)
"""How long after a held start nothing is accepted that was sent before it: which of it was stored is forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One start of one installation."""

    installation: str
    """32 hexadecimal digits, chosen at the first start."""
    number: int
    """Counts the starts from 1; 0 only outside of the records, before the first start."""
    token: str = ""
    """16 hexadecimal digits, chosen at each start: two copies may take the same number. Empty when it is not known."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `<installation>:<number>` or `<installation>:<number>:<token>`.

        :raises ValueError: for anything else.
        """
        found = _TEXT.fullmatch(text.strip())
        if found is None:
            raise ValueError("must look like <installation>:<number>, as gatehouse generation prints it")
        return cls(installation=found["installation"], number=int(found["number"]), token=found["token"] or "")

    @property
    def public(self) -> str:
        """Return `<installation>:<number>`, as it is shown and handed over."""
        return f"{self.installation}:{self.number}"

    @property
    def stored(self) -> str:
        """Return the text with the token, as the records have it."""
        return f"{self.public}:{self.token}" if self.token else self.public

    def is_same_start(self, other: "Generation") -> bool:
        """Return whether both are the same start; a token that is not known counts as the same."""
        is_token_same = not self.token or not other.token or self.token == other.token
        return (self.installation, self.number) == (other.installation, other.number) and is_token_same


def is_installation(text: str) -> bool:
    """Return whether a text is the id of an installation."""
    return _INSTALLATION.fullmatch(text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideGeneration:
    """What is known outside of the records."""

    generation: Generation
    taking: Generation | None = None
    """What a start began to take. It counts once the records have it."""
    last_entry: str = ""
    """The key of the newest audit entry that was seen; empty when that is not known."""
    last_place: str = ""
    """Number and signature of an entry that was the newest one then, as `17:9f86…`; empty when that is not known."""
    database: str = ""
    """Where the records were; empty when that is not known."""
    is_handed_over: bool = False
    """Whether another place goes on with the records."""
    is_fixed: bool = False
    """Whether the bot cannot change it, so that it is only the lowest number that the records may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InsideGeneration:
    """What the records say, and what is found around them."""

    generation: Generation | None
    has_last_entry: bool
    """Whether they have the newest audit entry that was seen outside, as it was signed; True when none is known."""
    is_other_file_there: bool
    """Whether the place where the records were still has other records."""


class HoldCause(StrEnum):
    """Why the bot starts held. The values are stored."""

    RESTORED = "restored"
    """The records are older than what was seen outside: a backup was restored."""
    FORKED = "forked"
    """The records went on elsewhere, or two copies took the same number."""
    COPIED = "copied"
    """The records are a copy: those at the place before are still there."""
    HANDED_OVER = "handed_over"
    """Another place was told to go on with these records."""
    OTHER_INSTALLATION = "other_installation"
    """The records are of another installation than the one that was here."""
    NOT_HANDED_OVER = "not_handed_over"
    """Nothing outside says that these records are the newest: another machine, or that was lost."""
    RECORDS_LOST = "records_lost"
    """The records are new or older than generations, and there were others here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Why a start is held, and what was compared."""

    cause: HoldCause
    inside: str
    """The generation in the records, as it is stored; empty when they have none."""
    outside: str
    """The generation outside, as it is stored; empty when there is none."""
    last_entry: str
    """See `OutsideGeneration.last_entry`."""
    last_ran_at: datetime | None
    """When the records were last used, as they say; None when they do not say it. What followed is not in them."""

    def is_same_as(self, other: "Hold") -> bool:
        """Return whether both are about the same two places, so that a release of one is a release of the other."""
        return (self.cause, self.inside, self.outside, self.last_entry) == (
            *(other.cause, other.inside, other.outside),
            other.last_entry,
        )


def hold_of(
    inside: InsideGeneration, outside: OutsideGeneration | None, *, last_ran_at: datetime | None
) -> Hold | None:
    """Compare the records with what is known outside; return why the start is held, None when they belong together."""
    cause = _cause(inside, outside)
    if cause is None:
        return None
    return Hold(
        cause=cause,
        inside="" if inside.generation is None else inside.generation.stored,
        outside="" if outside is None else outside.generation.stored,
        last_entry="" if outside is None else outside.last_entry,
        last_ran_at=last_ran_at,
    )


def _cause(inside: InsideGeneration, outside: OutsideGeneration | None) -> HoldCause | None:
    known = inside.generation
    if outside is None:
        return None if known is None else HoldCause.NOT_HANDED_OVER
    if known is None:
        return _cause_without_inside(outside)
    if known.installation != outside.generation.installation:
        return HoldCause.OTHER_INSTALLATION
    is_taken = outside.taking is not None and known.is_same_start(outside.taking)
    if known.number < outside.generation.number:
        return HoldCause.RESTORED
    if not (outside.is_fixed or is_taken or known.is_same_start(outside.generation)):
        return HoldCause.FORKED
    if not inside.has_last_entry:
        return HoldCause.RESTORED
    if outside.is_handed_over:
        return HoldCause.HANDED_OVER
    return HoldCause.COPIED if inside.is_other_file_there else None


def _cause_without_inside(outside: OutsideGeneration) -> HoldCause | None:
    """Return why a start is held whose records never had a generation.

    The first start of all may have ended before the records had its number; then nothing was seen in them yet.
    """
    is_first = outside.generation.number == 0 and not outside.last_entry
    return None if is_first and not outside.is_handed_over else HoldCause.RECORDS_LOST


def next_generation(
    inside: Generation | None, outside: OutsideGeneration | None, *, new_installation: str, token: str
) -> Generation:
    """Return what a start takes: higher than both places have, of the installation that was here.

    :param new_installation: the id for a first start.
    """
    places = [one for one in (None if outside is None else outside.generation, inside) if one is not None]
    if outside is not None and outside.taking is not None:
        places.append(outside.taking)
    installation = places[0].installation if places else new_installation
    number = max((one.number for one in places if one.installation == installation), default=0) + 1
    return Generation(installation=installation, number=number, token=token)


def is_sent_before_hold(sent_at: datetime, since: datetime, now: datetime) -> bool:
    """Return whether something was sent before a held start, and arrives in the minutes in which that is refused."""
    return sent_at < since and timedelta() <= now - since < OLD_CLICKS_REFUSED_FOR
