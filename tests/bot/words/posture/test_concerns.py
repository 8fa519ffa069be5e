"""Every concern of a posture has its sentence and its source, and the sentence is made of values alone."""

import json
from typing import Any, Final

import pytest

from bot.words.posture.concerns import SEVERITY_WORDS, concern_words
from bot.words.posture.sources import concern_source
from tests.bot.words.findings.conditional_access.test_findings import verdict
from workflows.core.checks.tenant_facts import UnreadableReason
from workflows.core.errors.facts import Values
from workflows.core.posture.concern_codes import ConcernCode
from workflows.core.posture.model import Concern, ConcernSeverity

C: Final = ConcernCode
OPEN: Final = [{"name": "b2bCollaborationInbound", "opening": "open"}]
UNKNOWN_WORDS: Final = "1 setting that Gatehouse does not know (crossCloudMeetingConfiguration)"
UNKNOWN: Final = [{"name": "crossCloudMeetingConfiguration", "opening": "not known"}]
SETTINGS: Final = {"settings": ["inboundTrust", "b2bCollaborationInbound"]}
TITLES: Final = "Inbound trust; B2B collaboration, inbound"
NO_SETTINGS: Final = "but the tenant has no settings for this partner now."
INSTEAD: Final = "The tenant's default applies instead"
GOLDEN: Final[list[tuple[ConcernCode, Values, str]]] = [
    (
        C.UNFINISHED,
        {"request_id": "R-1", "state": "stopped_half_way"},
        "Request R-1 began to change this partner and ended as stopped half way, so no review of "
        "it is due. Request it again, or revoke.",
    ),
    (
        C.UNKNOWN_TO_GATEHOUSE,
        {},
        "This partner is not in Gatehouse's records. It was added outside Gatehouse, or before these records. It has "
        "no sponsor and no reviews. /partner adopt asks to make its settings the record.",
    ),
    (
        C.NOT_COMPARED,
        {"request_id": "R-1"},
        "Whether it is still as approved could not be checked, because request R-1 cannot be read.",
    ),
    (
        C.CAPABILITIES_NOT_READ,
        {},
        "Whether the Microsoft 365 capabilities are still as approved could not be checked, because their list could "
        "not be read. Gatehouse needs the permission Policy.ReadWrite.CrossTenantCapability.",
    ),
    (
        C.DIFFERS_FROM_APPROVED,
        {"request_id": "R-1", "is_overwritten": False, **SETTINGS},
        f"Different from what was last approved and verified (request R-1): {TITLES}. Request approval, adopt the "
        "current settings with /partner adopt, or revoke.",
    ),
    (
        C.DIFFERS_FROM_APPROVED,
        {"request_id": "R-1", "is_overwritten": True, **SETTINGS},
        "The current settings are not the approved ones: request R-1 was sent, and somebody else changed the partner. "
        f"Different from the approved plan: {TITLES}.",
    ),
    (
        C.ABSENT,
        {"is_other_cloud": True, "is_default_read": True, "ways": []},
        f"Recorded as active, {NO_SETTINGS} It is in another Microsoft cloud, "
        "so it is blocked until it is added again.",
    ),
    (
        C.ABSENT,
        {"is_other_cloud": False, "is_default_read": False, "ways": UNKNOWN},
        f"Recorded as active, {NO_SETTINGS} {INSTEAD}. It could not be read.",
    ),
    (
        C.REVOKED_BUT_ABSENT,
        {"is_other_cloud": False, "is_default_read": True, "ways": OPEN},
        f"Revoked earlier, {NO_SETTINGS} {INSTEAD} and allows: B2B collaboration, inbound (open).",
    ),
    (
        C.REVOKED_BUT_ABSENT,
        {"is_other_cloud": False, "is_default_read": True, "ways": []},
        f"Revoked earlier, {NO_SETTINGS} {INSTEAD} and is closed now.",
    ),
    (
        C.REVOKED_BUT_OPEN,
        {"open": OPEN, "unknown": UNKNOWN},
        "Revoked earlier, but open now: B2B collaboration, inbound (open). Maybe also open: "
        f"{UNKNOWN_WORDS}. Revoke it again.",
    ),
    (
        C.REVOKED_BUT_OPEN,
        {"open": OPEN, "unknown": []},
        "Revoked earlier, but open now: B2B collaboration, inbound (open). Revoke it again.",
    ),
    (
        C.REVOKED_BUT_OPEN,
        {"open": [], "unknown": UNKNOWN},
        f"Revoked earlier, but maybe open now: {UNKNOWN_WORDS}. Revoke it again.",
    ),
    (
        C.REVOKED_NOT_KNOWN,
        {"unknown": UNKNOWN},
        f"Revoked earlier, but it is not certain that these are closed: {UNKNOWN_WORDS}. Revoke it again.",
    ),
    (
        C.REVOKED_NOT_EXPLICIT,
        SETTINGS,
        f"Revoked earlier and closed now, but not blocked explicitly: {TITLES}. A change of the default may open "
        "it. Revoke it again.",
    ),
    (
        C.BEING_WRITTEN,
        {},
        "Gatehouse is changing this partner right now, so its settings were not compared with the records. Check "
        "again in a minute.",
    ),
    (
        C.RECORD_UNREADABLE,
        {},
        "Gatehouse has a record of this partner that this version cannot read, so nothing could be compared.",
    ),
    (
        C.TIME_IS_OVER,
        {"ended_at": "2026-03-01T23:30:00-02:00"},
        "The access period ended on Mar 2, 2026. The access stays until somebody revokes it. Revoke it, or request it "
        "again.",
    ),
    (
        C.REVIEW_OVERDUE,
        {"sponsor": "Sam", "reminders": 2, "due_at": None},
        "A review waits for Sam, who was asked twice.",
    ),
    (
        C.REVIEW_OVERDUE,
        {"sponsor": None, "reminders": None, "due_at": "2026-03-01T12:00:00+00:00"},
        "A review was due on Mar 1, 2026, but nobody was asked. Check that the bot runs.",
    ),
    (
        C.SYNCHRONIZATION_ON,
        {},
        "Identity synchronization is allowed: the partner's administrators can create and change user accounts in this "
        "tenant.",
    ),
    (
        C.ALL_TRUST_ALL_APPLICATIONS,
        {"settings": ["b2bCollaborationInbound"]},
        "The partner's MFA and devices are trusted, and its people are not limited to named "
        "applications (B2B collaboration, inbound). So only the partner checks what Conditional "
        "Access requires of them.",
    ),
    (
        C.INHERITS_OPEN_DEFAULT,
        {**SETTINGS, "is_microsofts": True},
        f"Not limited for this partner, and open by Microsoft's own default: {TITLES}. A change of that default "
        "changes what this partner may do.",
    ),
    (
        C.INHERITS_OPEN_DEFAULT,
        {**SETTINGS, "is_microsofts": False},
        f"Not limited for this partner, and open by the tenant's default: {TITLES}. A change of that default changes "
        "what this partner may do.",
    ),
    (C.ALSO_OPEN, {"ways": OPEN}, "Also open: B2B collaboration, inbound (open)."),
    (
        C.NOT_KNOWN_CLOSED,
        {"ways": UNKNOWN},
        f"Set for this partner, with an effect that is not known: {UNKNOWN_WORDS}.",
    ),
    (
        C.NOT_CERTAIN,
        {"setting": "b2bCollaborationInbound", "doubts": ["empty_list", "wrong_type"]},
        "It is not certain what B2B collaboration, inbound allows, so it counts as open: Microsoft does not document "
        "what an empty list means; a target has a type that does not belong in its list.",
    ),
    (
        C.UNREADABLE,
        SETTINGS,
        f"Could not be checked, because this version cannot read the values: {TITLES}.",
    ),
    (
        C.SERVICE_PROVIDER,
        {},
        "This tenant is a service provider of ours (delegated administration). Gatehouse gives it"
        " no access. Its settings belong to that relationship and cannot be removed.",
    ),
    (
        C.MULTI_TENANT_ORGANIZATION,
        {},
        "This tenant is in our multi-tenant organization. The organization's templates also write"
        " its settings, and may overwrite them.",
    ),
    (
        C.MICROSOFT_SUPPORT,
        {},
        "This is the tenant of Microsoft's own support. Microsoft adds it automatically while a "
        "support case is open. Gatehouse gives it no access.",
    ),
    (
        C.CONDITIONAL_ACCESS_UNREADABLE,
        {"why": UnreadableReason.FORBIDDEN.value},
        "What Conditional Access requires of guests could not be checked (permission missing). "
        "Grant the application Policy.Read.All with admin consent, or look in Entra admin center,"
        " Conditional Access, Policies.",
    ),
    (
        C.CONDITIONAL_ACCESS_UNREADABLE,
        {"why": UnreadableReason.THROTTLED.value},
        "What Conditional Access requires of guests could not be checked (throttled). Look in "
        "Entra admin center, Conditional Access, Policies.",
    ),
    (
        C.LOCKED_OUT,
        verdict(meaning="locked_out", remedies=["accept_mfa", "exclude"]),
        "Conditional Access locks out today: guests, by “A” (to fix: accept their MFA, or exclude them).",
    ),
    (
        C.ESTIMATE,
        {"why": UnreadableReason.REFUSED.value, "answered": 0, "left_out": 3},
        "Entra did not evaluate every sign-in (refused). Conditional Access policies were read "
        "instead, so this is an estimate.",
    ),
    (
        C.DEFAULT_UNREADABLE,
        {"reason": "Entra refused."},
        "The default, and everything that partners inherit from it, could not be checked. Entra refused.",
    ),
    (
        C.DEFAULT_TRUSTS_EVERYBODY,
        {"flags": ["mfa", "compliant_device"]},
        "The default trusts every other tenant without settings of its own: Trust in the "
        "partner's MFA; Trust in the partner's compliant devices.",
    ),
    (
        C.DEFAULT_OPEN_B2B_COLLABORATION_INBOUND,
        {"is_whole": True},
        "Inbound B2B collaboration is open by default: people of every other tenant can be "
        "invited as guests, and use every application that they are given.",
    ),
    (
        C.DEFAULT_OPEN_B2B_COLLABORATION_OUTBOUND,
        {"is_whole": True},
        "Outbound B2B collaboration is open by default: our people can be guests in every other tenant, in all of its "
        "applications.",
    ),
    (
        C.DEFAULT_OPEN_B2B_DIRECT_CONNECT_INBOUND,
        {"is_whole": True},
        "Inbound B2B direct connect is open by default: people of every other tenant can work here without an account "
        "of ours, once their tenant allows it.",
    ),
    (
        C.DEFAULT_OPEN_B2B_DIRECT_CONNECT_OUTBOUND,
        {"is_whole": False},
        "Outbound B2B direct connect is partly open by default, for every tenant without settings of its own.",
    ),
    (
        C.DEFAULT_ALSO_OPEN,
        {"ways": OPEN},
        "Also open by default, for every tenant without settings of its own: B2B collaboration, inbound (open).",
    ),
    (
        C.DEFAULT_NOT_KNOWN_CLOSED,
        {"ways": UNKNOWN},
        f"Set in the default, with an effect that is not known: {UNKNOWN_WORDS}.",
    ),
    (
        C.DEFAULT_SETTINGS_UNREADABLE,
        SETTINGS,
        f"Could not be checked, because this version cannot read the default's values: {TITLES}.",
    ),
    (
        C.DEFAULT_CHANGED,
        SETTINGS,
        f"The default is not as it was when a sweep first read it: {TITLES}.",
    ),
    (
        C.DEFAULT_IS_MICROSOFTS,
        {},
        "The default is Microsoft's own. This tenant never changed it. Microsoft may change it.",
    ),
]


@pytest.mark.parametrize(("code", "values", "words"), GOLDEN)
def test_every_concern_has_its_sentence(code: ConcernCode, values: Values, words: str) -> None:
    assert concern_words(Concern(code=code, severity=ConcernSeverity.NOTE, values=values)) == words
    through_json: dict[str, Any] = json.loads(json.dumps(values))
    assert concern_words(Concern(code=code, severity=ConcernSeverity.NOTE, values=through_json)) == words


def test_no_concern_is_without_words_source_or_severity() -> None:
    assert {code for code, _, _ in GOLDEN} == set(ConcernCode)
    assert set(SEVERITY_WORDS) == set(ConcernSeverity)
    assert [SEVERITY_WORDS[one] for one in ConcernSeverity] == ["note", "could not be checked", "warning", "alert"]
    for code, values, _ in GOLDEN:
        assert concern_source(Concern(code=code, severity=ConcernSeverity.NOTE, values=values))


def test_where_a_missing_partner_is_looked_up_depends_on_its_cloud() -> None:
    for is_other_cloud, page in ((True, "Configure Microsoft cloud settings"), (False, "access settings API overview")):
        values = {"is_other_cloud": is_other_cloud, "is_default_read": True, "ways": []}
        source = concern_source(Concern(code=C.ABSENT, severity=ConcernSeverity.WARNING, values=values))
        assert source.startswith("Gatehouse's records, compared with what was just read; ")
        assert page in source
