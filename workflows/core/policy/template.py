"""Templates. Each describes one kind of access that can be requested."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import Final

from workflows.core.people import Role
from workflows.core.plans.plan import AtEnd, OnSilence
from workflows.core.policy.left_out import without_parts
from workflows.core.policy.placeholders import Placeholder, fill
from workflows.core.policy.reviews.terms import USUAL_LIMITS, GuestLimits
from workflows.core.settings.access_change import AccessChange
from workflows.core.settings.model import Property, Setting

USUAL_REMINDERS: Final = (1, 3, 5)
"""After how many working days approvers are reminded, when the template does not say it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of an approval chain: `quorum` distinct people who have `role` must approve."""

    title: str
    role: Role
    quorum: int
    alternates: Role | None = None
    """Whose members may approve as well, once the stage has waited for `escalate_after`; None for nobody."""
    escalate_after: int | None = field(default=None, compare=False)
    """After how many working days others are asked or told; None for never. It decides nothing, so it is not compared.
    """


class MayRequestFor(StrEnum):
    """For whom a request of a template may be sent besides oneself. The values are those of the template's file."""

    NOBODY = "nobody"
    REPORTS = "reports"
    """For people whose manager in Entra is the person who sends the request."""
    MEMBERS = "members"
    """For every full member of the workspace."""


class DisablingGuests(StrEnum):
    """Who decides that guest accounts of an open partner are disabled. The values are those of the template's file."""

    ADMIN = "admin"
    """The admin who asks for it, alone."""
    CHAIN = "chain"
    """One approver of the first stage, as for every change that only reduces access."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRule:
    """The rule for the ticket number that a request must or may contain."""

    pattern: str
    """A regular expression that the whole ticket number must match."""
    hint: str = ""
    is_required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One kind of access: what a request writes, who decides on it, and how often it is reviewed."""

    name: str
    title: str
    description: str
    settings: Mapping[Property, Setting]
    """The settings to write; None returns a setting to the tenant's default. For placeholders see `filled_settings`."""
    stages: tuple[Stage, ...]
    review_interval: timedelta
    durations: tuple[timedelta, ...]
    """The durations that the requester may choose from, shortest first."""
    default_duration: timedelta
    decide_within: timedelta
    """How long a request of this kind may stay undecided."""
    content_hash: str
    """The SHA-256 of the template's meaning. When it changes, open requests need a new approval."""
    placeholders: tuple[Placeholder, ...] = ()
    """The ids that the requester enters, in the order of the form."""
    need: str = ""
    """The need for which people choose this template, in simple words; empty when the title says it."""
    purpose: str = ""
    """The title of the group in which the form offers the template; empty for no group."""
    ticket: TicketRule | None = None
    """None when the form does not ask for a ticket."""
    may_end_on_date: bool = True
    """Whether the requester may choose the day of the end, instead of one of the durations. A block has no end."""
    at_end: AtEnd = AtEnd.ASK
    """What happens at the end of the access."""
    attest_mfa_for: timedelta | None = None
    """How long an attestation counts that the partner enforces MFA. Who keeps the access must give it; None: nobody."""
    on_silence: OnSilence = OnSilence.ESCALATE
    """What happens when nobody answers a review of the access."""
    may_request: tuple[Role, ...] = ()
    """Who may send a request: people with one of these roles. Empty: every full member."""
    may_request_for: MayRequestFor = MayRequestFor.NOBODY
    """For whom they may send it besides themselves."""
    guest_limits: GuestLimits = USUAL_LIMITS
    """From when on guests of a partner are findings of its review."""
    disabling_guests: DisablingGuests = DisablingGuests.ADMIN
    """Who decides that guest accounts of a partner are disabled, while it is not blocked."""
    remind_after: tuple[int, ...] = USUAL_REMINDERS
    """After how many working days approvers are reminded, counted from when their stage opened."""

    @property
    def longest(self) -> timedelta:
        """Return the longest duration that can be requested."""
        return self.durations[-1]


def filled_settings(
    template: Template, values: Mapping[str, str], left_out: tuple[str, ...] = ()
) -> Mapping[Property, Setting]:
    """Return the template's settings as a request asks for them, with its ids in place of the placeholders.

    :param values: the typed text of each placeholder, by its name.
    :param left_out: the parts that the request does not ask for, see `left_out`.
    :raises InvalidField: for the first placeholder with a missing or wrong value; the error names its field.
    """
    return fill(without_parts(template.settings, left_out), template.placeholders, values)


def roles_of(stages: Sequence[Stage]) -> tuple[Role, ...]:
    """Return every role that decides in a chain, or may later: those of the stages, and of their alternates."""
    return tuple(role for stage in stages for role in (stage.role, stage.alternates) if role is not None)


def one_approver(chain: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """Return the approval chain for a certain reduction of access: one approver of the first stage of `chain`."""
    return (replace(chain[0], quorum=1),)


def stages_for(access: AccessChange, template: Template) -> tuple[Stage, ...]:
    """Return the approval chain that a plan of this template needs. Closing access needs fewer approvals than opening
    it.

    :param access: the effect of the whole plan. Only a certain reduction of access needs the shorter chain.
    """
    if access in (AccessChange.REDUCES, AccessChange.CLOSES):
        return one_approver(template.stages)
    return template.stages
