"""The evidence for one review: use, guests, settings, approval and the last answer. Facts only; pure.

What is not known is never reported as unused, as approved, or as nobody locked out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from operator import itemgetter
from typing import Final

from workflows.core.checks.partner_setup.confirmations import needed_steps, open_steps
from workflows.core.checks.tenant_facts import UnreadableReason
from workflows.core.partners.partnership import Attestation, Partnership, result_read_at
from workflows.core.partners.reviewing.evidence.sign_in_counting import later
from workflows.core.partners.reviewing.evidence.usage import (
    EvidenceSource,
    GuestUsage,
    ListedGuest,
    Lockout,
    PartnerUsage,
    SourceRead,
    UsageScan,
)
from workflows.core.people import PersonId
from workflows.core.policy.approval import Choice
from workflows.core.policy.reviews.access_test import AccessAnswer
from workflows.core.requests.request import AccessRequest, RequestId
from workflows.core.requests.transitions.writes import closes
from workflows.core.settings.access_change import is_certainly_blocked
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.effective import Origin, effective_settings
from workflows.core.settings.model import TenantId

_POLICIES: Final = "Policy.Read.All"
"""The permission with which Conditional Access policies are read."""


class UseState(StrEnum):
    """What the scan says about the use of an access."""

    USED = "used"
    UNUSED = "unused"
    """No sign-in in the whole time: the log was read to its end, and reaches back that far."""
    NOT_SEEN = "not_seen"
    """No sign-in in the part of the log that exists and was read. That does not mean that there was none."""
    UNKNOWN = "unknown"
    """There is no scan yet, or the log could not be read."""


class SettingsState(StrEnum):
    """How the current settings compare with what was approved."""

    AS_APPROVED = "as_approved"
    DRIFTED = "drifted"
    DRIFT_ACCEPTED = "drift_accepted"
    """They differ, and admins have accepted that until a date."""
    NOT_APPROVED = "not_approved"
    """Nobody approved the settings as they were read back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsCheck:
    """When the current settings were last compared with what was approved, and the result."""

    state: SettingsState
    checked_at: datetime
    """When a sweep, or the read-back of the write, saw them last; for drift, when it was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """How the partner's people used the access."""

    state: UseState
    last_at: datetime | None = None
    """The last successful sign-in that is known. It may be older than the log when guests' last sign-in was read."""
    people: int = 0
    is_at_least: bool = False
    """Whether there may be more people."""
    failed: int = 0
    """How many sign-ins failed or were interrupted."""
    reaches_back_to: datetime | None = None
    """Since when the log certainly has entries; None when that is not known."""
    unread: UnreadableReason | None = None
    listed: tuple[PersonId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Guests:
    """The partner's guests in our tenant, by a heuristic."""

    usage: GuestUsage
    is_at_least: bool
    """Whether there may be more guests."""
    is_activity_known: bool
    """Whether the last sign-in of guests was read. Otherwise `never_came` counts only open invitations."""
    roles: SourceRead = field(default_factory=SourceRead)
    """Whether their directory roles were read. Otherwise nobody is named with one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Who approved the present access, and why it was asked for."""

    request_id: RequestId
    requester: str
    approvers: tuple[str, ...]
    """The names of the people whose approvals count; empty when the request needed none."""
    at: datetime | None
    """The last approval."""
    justification: str
    """A text of the requester."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerEvidence:
    """Everything that a reviewer sees about one partner."""

    tenant_id: TenantId
    taken_at: datetime | None
    """When the scan was taken; None when there is none yet."""
    use: Use
    guests: Guests | None
    """None when guests could not be read, or not yet."""
    guests_unread: UnreadableReason | None
    settings: SettingsCheck
    lockout: Lockout | None
    """None when it was not checked."""
    setup_needed: int
    """How many steps the partner must do."""
    setup_open: int
    """How many of them nobody has confirmed."""
    approval: Approval | None
    """None when the request is not recorded any more."""
    last_answer: Attestation | None
    """The last answer to a review, also of an earlier approval."""
    tested: AccessAnswer | None = None
    """What somebody who tried the present settings said last; None when nobody has."""
    refused: Mapping[str, tuple[EvidenceSource, ...]] = field(default_factory=dict)
    """What could not be read for each permission of Graph that is missing."""

    has_capabilities: bool = False
    """Whether Microsoft 365 capabilities were approved. Who looks at a calendar of ours leaves no sign-in here."""

    @property
    def is_unused(self) -> bool:
        """Return whether nobody of the partner signed in during the whole time. What is not known is not unused."""
        return self.use.state is UseState.UNUSED and not self.has_capabilities

    @property
    def people_to_name(self) -> tuple[PersonId, ...]:
        """List the accounts that the details name, each once."""
        guests: tuple[ListedGuest, ...] = () if self.guests is None else self.guests.usage.listed
        return tuple(dict.fromkeys((*self.use.listed, *(guest.id for guest in guests))))


def evidence_of(
    partnership: Partnership,
    *,
    request: AccessRequest | None,
    scan: UsageScan | None,
    usage: PartnerUsage | None,
    settings: SettingsCheck,
) -> PartnerEvidence:
    """Return the evidence for a review.

    :param request: the request whose plan is applied now; None when it is not recorded.
    :param scan: the newest scan; None when there is none. One from before this access was recorded counts only when it
        found something: perhaps it did not look for the partner.
    :param usage: what this scan found about the partner; None when it found nothing, or is of an earlier scan.
    """
    tenant_id = partnership.identity.tenant_id
    is_of_scan = scan is not None and usage is not None and usage.taken_at == scan.taken_at
    if scan is not None and not is_of_scan and partnership.since > scan.taken_at:
        scan = None
    nothing = PartnerUsage(tenant_id=tenant_id, taken_at=partnership.since if scan is None else scan.taken_at)
    found = usage if is_of_scan and usage is not None else nothing
    return PartnerEvidence(
        tenant_id=tenant_id,
        taken_at=None if scan is None else scan.taken_at,
        use=_use(scan, found),
        guests=_guests(scan, found),
        guests_unread=None if scan is None else scan.guests.unread,
        settings=settings,
        lockout=found.lockout,
        setup_needed=len(needed_steps(partnership.setup)),
        setup_open=len(open_steps(partnership.setup, partnership.confirmations)),
        approval=None if request is None else approval_of(request),
        last_answer=partnership.attestations[-1] if partnership.attestations else None,
        tested=None if partnership.access_test is None else partnership.access_test.result,
        refused=_refused(scan, found.lockout),
        has_capabilities=request is not None and _has_capabilities(request.plan.approved_settings.configuration),
    )


def was_looked_for(requests: Iterable[AccessRequest], taken_at: datetime) -> bool:
    """Return whether a scan of this time certainly looked for a partner: it had a record then, and was not revoked.

    :param requests: the requests about this partner, in any order.
    """
    results = [(at, one) for one in requests if (at := result_read_at(one)) is not None and at <= taken_at]
    is_recorded = False
    for _, one in sorted(results, key=itemgetter(0)):
        is_recorded = not closes(one) or (is_recorded and one.is_suspension)
    return is_recorded


def _guests(scan: UsageScan | None, found: PartnerUsage) -> Guests | None:
    if scan is None or not scan.guests.is_usable:
        return None
    is_cut, is_known = not scan.guests.is_complete, scan.activity.is_usable
    return Guests(usage=found.guests, is_at_least=is_cut, is_activity_known=is_known, roles=scan.roles)


def _has_capabilities(configuration: JsonObject | None) -> bool:
    """Return whether a configuration has a Microsoft 365 capability that is not certainly off."""
    found = effective_settings(configuration, None).capabilities.values()
    return any(one.origins == (Origin.SET_HERE,) and not is_certainly_blocked(one.setting) for one in found)


def _refused(scan: UsageScan | None, lockout: Lockout | None) -> Mapping[str, tuple[EvidenceSource, ...]]:
    refused = {} if scan is None else dict(scan.refused)
    if lockout is not None and lockout.unread is UnreadableReason.FORBIDDEN:
        refused[_POLICIES] = (EvidenceSource.CONDITIONAL_ACCESS,)
    return refused


def settings_check(
    partnership: Partnership, *, drift_found_at: datetime | None, is_accepted: bool, swept_at: datetime | None
) -> SettingsCheck:
    """Return how the settings compare with what was approved, as far as it is known without reading the tenant.

    :param drift_found_at: when a sweep found that they differ; None when none did.
    :param is_accepted: whether enough admins have accepted this drift.
    :param swept_at: when the last complete sweep began; None when there was none.
    """
    if drift_found_at is not None:
        state = SettingsState.DRIFT_ACCEPTED if is_accepted else SettingsState.DRIFTED
        return SettingsCheck(state=state, checked_at=drift_found_at)
    checked_at = later(partnership.since, swept_at) or partnership.since
    state = SettingsState.AS_APPROVED if partnership.is_as_approved else SettingsState.NOT_APPROVED
    return SettingsCheck(state=state, checked_at=checked_at)


def approval_of(request: AccessRequest) -> Approval:
    """Return who approved a request, and why it was asked for."""
    counted = [
        decision
        for decision in request.decisions
        if decision.choice is Choice.APPROVE
        and request.prepared is not None
        and decision.digest == request.prepared.plan.digest
    ]
    person = request.submitter if request.prepared is None else request.prepared.requester
    return Approval(
        request_id=request.id,
        requester="" if person is None else person.name,
        approvers=tuple(dict.fromkeys(decision.person.name for decision in counted)),
        at=max((decision.at for decision in counted), default=None),
        justification=request.fields.justification,
    )


def _use(scan: UsageScan | None, found: PartnerUsage) -> Use:
    if scan is None:
        return Use(state=UseState.UNKNOWN)
    last_at = later(found.last_sign_in_at, found.guests.last_sign_in_at)
    return Use(
        state=_use_state(scan, found, last_at),
        last_at=last_at,
        people=found.people,
        is_at_least=found.has_more_people or not scan.sign_ins.is_complete,
        failed=found.failed,
        reaches_back_to=scan.reaches_back_to,
        unread=scan.sign_ins.unread,
        listed=found.listed,
    )


def _use_state(scan: UsageScan, found: PartnerUsage, last_at: datetime | None) -> UseState:
    if found.people or (last_at is not None and last_at >= scan.since):
        return UseState.USED
    if scan.covers_window:
        return UseState.UNUSED
    return UseState.NOT_SEEN if scan.sign_ins.is_usable else UseState.UNKNOWN
