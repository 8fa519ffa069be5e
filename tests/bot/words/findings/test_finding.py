"""Every finding has its sentence, which says what it always said."""

from typing import Any, Final

import pytest

from bot.words.findings.finding import (
    SEVERITIES,
    SOURCES,
    finding_lines,
    finding_words,
    severity_words,
    source_words,
)
from bot.words.findings.short import SHORT_WORDS, short_issue_words
from bot.words.findings.targets import LIKENESSES
from bot.words.unavailable.not_read import UNREAD_REASON_WORDS
from tests.workflows.core.builders import prepared, request
from workflows.core.checks.findings import Finding, FindingCode, Severity, Source
from workflows.core.checks.tenant_facts import UnreadableReason
from workflows.partner_lookup.lookalikes import Likeness
from workflows.store.codec import REQUEST, dump, load

OPEN_REQUEST: dict[str, Any] = {
    "code": "open_request",
    "values": {
        "id": "R-1",
        "kind": "access",
        "is_own": False,
        "may_withdraw": False,
        "requester": None,
        "asks": "merger",
        "seconds": None,
        "sent_at": "2027-03-01T09:00:00+00:00",
        "state": "preparing",
        "is_waiting": False,
    },
}

C = FindingCode
INBOUND: Final = "b2bCollaborationInbound"
ID: Final = "7a6b0c1d-0001-4d3e-8f90-a1b2c3d4e5f6"
UNREAD: Final[dict[str, Any]] = {"why": "forbidden", "permission": "Policy.Read.All", "days": 30}
WHO = "Gatehouse does not store who they are. Admins find them in Entra's sign-in logs."
SEEN: Final[dict[str, Any]] = {
    "people": 2,
    "applications": ["A", "B"],
    "application_count": 2,
    "is_complete": True,
    "days": 30,
}
LIMIT: Final = "The log contains 30 days at most. Earlier use is not known."
THEIRS: Final = f"2 people of the partner signed in to 2 applications (A, B) during the last 30 days. {LIMIT}"
OURS: Final = f"2 of our people signed in to 2 applications (A, B) at the partner during the last 30 days. {LIMIT}"
GRANT: Final = "(permission missing). Grant the application Policy.Read.All with admin consent, or look in"
LACKS_TRUST: Final = (
    "People who use B2B direct connect have no account here, so they cannot register MFA "
    "here. If Conditional Access requires MFA, they can sign in only if the partner's MFA is "
    "trusted (otherwise: AADSTS90071)."
)
MISMATCH: Final = {"asked": "contoso.com", "tenant_id": ID, "default_domain": "contoso.com"}
DEFAULT: Final = {"settings": [INBOUND, "b2bDirectConnectOutbound"], "is_microsofts": True}
DEFAULT_OPEN: Final = "default does not block B2B collaboration inbound, B2B direct connect outbound."
SENTENCES: Final[tuple[tuple[FindingCode, dict[str, Any], str], ...]] = (
    (C.TEXT, {"text": "An old sentence."}, "An old sentence."),
    (
        C.AUTHOR_UNKNOWN,
        {"why": "log_unreadable"},
        "Entra's audit log cannot be read, so it is not known who made these settings. So it needs one approver more.",
    ),
    (
        C.AUTHOR_UNKNOWN,
        {"why": "too_old"},
        "Entra's audit log does not say who made all of these settings. So it needs one approver more.",
    ),
    (
        C.AUTHOR_UNKNOWN,
        {"why": "not_a_person"},
        "Entra's audit log names an application, or nobody, as author of some settings. So it needs one approver more.",
    ),
    (
        C.AUTHOR_UNKNOWN,
        {"why": "not_in_chat"},
        "The chat system does not know the author of these settings, who may have another account there. "
        "So it needs one approver more.",
    ),
    (
        C.MADE_BY,
        {"names": ["Bruno Keller", "Chie Tanaka"]},
        "Entra's audit log names as author of these settings, who cannot approve: Bruno Keller, Chie Tanaka.",
    ),
    (
        C.EQUALS_NO_TEMPLATE,
        {},
        "No access template gives exactly these settings. So the strongest approval policy decides, and the sponsor is "
        "asked at the end.",
    ),
    (
        C.DRIFT_STAYS,
        {"settings": [INBOUND]},
        "Not all settings of this partner are as approved. This change does not approve what stays different: "
        "B2B collaboration, inbound.",
    ),
    (
        C.DRIFT_STAYS,
        {"settings": []},
        "Not all settings of this partner are as approved. This change does not approve what stays different.",
    ),
    (
        C.HALF_A_BLOCK,
        {"setting": INBOUND},
        "B2B collaboration, inbound: block all people and all applications together, or neither of them.",
    ),
    (
        C.NOBODY_OR_NOTHING,
        {"setting": INBOUND},
        "B2B collaboration, inbound: allowed people need at least one application, and allowed applications need at "
        "least one person.",
    ),
    (
        C.ALL_AND_SOME,
        {"setting": INBOUND, "everything": "AllUsers"},
        "B2B collaboration, inbound: AllUsers cannot be combined with other targets in a list.",
    ),
    (
        C.UNCLEAR_LIST,
        {"setting": INBOUND, "doubt": "empty_list"},
        "B2B collaboration, inbound: it is not certain what this allows: Microsoft does not document what an empty "
        "list means.",
    ),
    (
        C.TWO_DENY_LISTS,
        {"setting": INBOUND},
        "B2B collaboration, inbound: people and applications are both lists of exceptions. "
        "Microsoft's pages do not say whether the named people are blocked from everything, or "
        "only from the named applications.",
    ),
    (
        C.FOREIGN_IDS,
        {"settings": [INBOUND, "tenantRestrictions"]},
        "B2B collaboration, inbound; Tenant restrictions: these users and groups are in the partner's directory, "
        "which nobody here can read. Compare the IDs with those that the partner sent.",
    ),
    (
        C.DIRECT_CONNECT_WITHOUT_TRUST,
        {"asks_for_mfa": True},
        f"{LACKS_TRUST} Choose a template that trusts it.",
    ),
    (
        C.DIRECT_CONNECT_WITHOUT_TRUST,
        {"asks_for_mfa": None},
        f"{LACKS_TRUST} Whether it requires MFA could not be checked.",
    ),
    (
        C.SYNCHRONIZATION_WITHOUT_REDEMPTION,
        {},
        "Synchronization into this tenant requires automatic redemption inbound to be on.",
    ),
    (
        C.CROSS_CLOUD_DIRECT_CONNECT,
        {"settings": ["b2bDirectConnectInbound", "b2bDirectConnectOutbound"]},
        "B2B direct connect, inbound; B2B direct connect, outbound: B2B direct connect does not work with a partner in "
        "another Microsoft cloud.",
    ),
    (
        C.CROSS_CLOUD,
        {},
        "The partner is in another Microsoft cloud. Nothing works until both tenants enable each "
        "other's cloud. Both must also add each other by tenant ID. Removing such a partner "
        "blocks it.",
    ),
    (
        C.ENCRYPTED_MAIL,
        {"application": ID},
        "Encrypted mail of this partner cannot be opened. The allowed outbound applications do not include Microsoft "
        "Rights Management Services.",
    ),
    (
        C.LICENCE_P1,
        {},
        "Single users, groups or applications, and inbound trust, need Microsoft Entra ID P1 in this tenant.",
    ),
    (C.LICENCE_P1_BOTH, {}, "B2B direct connect needs Microsoft Entra ID P1 in both tenants."),
    (
        C.CAPABILITIES_UNAVAILABLE,
        {},
        "The Microsoft 365 capabilities could not be read, so none can be written. Either Gatehouse needs the "
        "permission Policy.ReadWrite.CrossTenantCapability, or Microsoft has not made them available in this tenant "
        "yet. Ask an admin to run the command doctor, which says which of the two it is.",
    ),
    (
        C.CAPABILITIES_UNAVAILABLE,
        {"access": "not_granted"},
        "The Microsoft 365 capabilities could not be read, so none can be written. Gatehouse does not have the "
        "permission Policy.ReadWrite.CrossTenantCapability. An admin can grant it to the bot's application in "
        "Microsoft Entra, with admin consent. Gatehouse sees it within an hour. Then send this again.",
    ),
    (
        C.CAPABILITIES_UNAVAILABLE,
        {"access": "not_available"},
        "The Microsoft 365 capabilities could not be read, so none can be written. Microsoft has not made them "
        "available in this tenant yet. Gatehouse has the permission for them, so there is nothing to grant. Send this "
        "again later: Gatehouse asks every 15 minutes.",
    ),
    (
        C.CAPABILITIES_UNAVAILABLE,
        {"access": "available"},
        "The Microsoft 365 capabilities could not be read, so none can be written. This read failed. Send this again.",
    ),
    (
        C.CAPABILITIES_WITHOUT_COLLABORATION,
        {},
        "Microsoft 365 capabilities need Microsoft 365 collaboration with the partner, and it is blocked.",
    ),
    (
        C.ORGANIZATION_RELATIONSHIPS_UNCHECKED,
        {},
        "Whether Exchange has an organization relationship with this partner could not be checked. One takes priority "
        "over these capabilities until an Exchange administrator disables it. Look in Exchange admin center, "
        "Organization, Sharing.",
    ),
    (
        C.TENANT_MISMATCH,
        {**MISMATCH, "domain_by_id": None},
        f"“contoso.com” belongs to the tenant {ID}, but Entra does not know a tenant with this ID. Ask the partner for "
        "their tenant ID.",
    ),
    (
        C.TENANT_MISMATCH,
        {**MISMATCH, "domain_by_id": "fabrikam.com"},
        f"Entra's two answers differ: “contoso.com” belongs to contoso.com (tenant {ID}), and that ID belongs to "
        "fabrikam.com. Ask the partner.",
    ),
    (
        C.OTHER_CLOUD,
        {"clouds": ["microsoftonline.us"]},
        "Entra does not know this tenant ID in our cloud, so its owner is not verified. Other clouds are enabled here "
        "(microsoftonline.us). Ask the partner for their cloud and to confirm the ID.",
    ),
    (
        C.OTHER_CLOUD,
        {"clouds": []},
        "Entra does not know this tenant ID in our cloud, so its owner is not verified. Other clouds are enabled here "
        "(which ones could not be read). Ask the partner for their cloud and to confirm the ID.",
    ),
    (
        C.OTHER_CLOUD_BLOCKED,
        {},
        "A tenant of another cloud is blocked until it is added here. After it is added, the tenant's default applies "
        "to every setting that the change does not set.",
    ),
    (
        C.DEFAULT_APPLIES,
        DEFAULT,
        f"Microsoft's {DEFAULT_OPEN} This applies to this partner now, and the change does not affect it.",
    ),
    (
        C.DEFAULT_WILL_APPLY,
        {**DEFAULT, "is_microsofts": False},
        f"This tenant's {DEFAULT_OPEN} After the change, this applies to this partner.",
    ),
    (
        C.DEFAULT_OPEN,
        DEFAULT,
        f"Microsoft's {DEFAULT_OPEN} If this partner's settings were removed instead of blocked, this would apply to "
        "them.",
    ),
    (
        C.MFA_REGISTRATION_UNCHECKED,
        {},
        "Whether guests are excluded from the MFA registration policy could not be checked. "
        "Microsoft Graph v1.0 does not show it. If they are not, they must register MFA here, "
        "even if we accept theirs. Look in Entra admin center, ID Protection, Multifactor "
        "authentication registration policy.",
    ),
    (
        C.INVITATIONS,
        {"allowed_for": "none"},
        "Nobody can invite guests in this tenant, so no new guests can be added.",
    ),
    (
        C.INVITATIONS,
        {"allowed_for": "adminsAndGuestInviters"},
        "Only admins and guest inviters can invite the partner's people.",
    ),
    (
        C.INVITATIONS,
        {"allowed_for": "adminsGuestInvitersAndAllMembers"},
        "Every member of this tenant can invite the partner's people.",
    ),
    (
        C.INVITATIONS,
        {"allowed_for": "everyone"},
        "Everybody can invite the partner's people here, even guests.",
    ),
    (
        C.INVITATIONS,
        {"allowed_for": "tomorrow's"},
        'Who may invite guests could not be checked: "tomorrow\'s" is unknown here.',
    ),
    (C.INVITATIONS, {"allowed_for": None}, "Who may invite guests could not be checked: None is unknown here."),
    (C.GUESTS_SEE_ALL, {}, "Guests see this tenant's directory as members do."),
    (
        C.DOMAIN_LIST_UNCHECKED,
        {},
        "The allow and deny list of domains for invitations could not be checked. Microsoft Graph"
        " v1.0 does not show it. It can block invitations that this change allows. Look in Entra "
        "admin center, External Identities, External collaboration settings, Collaboration "
        "restrictions.",
    ),
    (
        C.SHAREPOINT_DISABLED,
        {},
        "SharePoint and OneDrive do not share outside the organization. The change does not affect that.",
    ),
    (
        C.SHAREPOINT_EXISTING_ONLY,
        {},
        "SharePoint and OneDrive share only with guests who are in this directory already.",
    ),
    (
        C.SHAREPOINT_NOT_LISTED,
        {},
        "SharePoint and OneDrive share with listed domains only, and the partner's domain is not on the list.",
    ),
    (
        C.SHAREPOINT_BLOCKED,
        {},
        "SharePoint and OneDrive do not share with the partner's domain, because it is on their block list.",
    ),
    (C.SIGN_INS, SEEN, THEIRS),
    (C.OUTBOUND_SIGN_INS, SEEN, OURS),
    (
        C.OUTBOUND_SIGN_INS,
        {**SEEN, "people": 0, "applications": [], "application_count": 0},
        f"None of our people signed in at the partner successfully during the last 30 days. {LIMIT}",
    ),
    (
        C.OUTBOUND_SIGN_INS,
        {**SEEN, "people": 1, "is_complete": False, "application_count": 7},
        "At least 1 of our people signed in to at least 7 applications (A, B and 5 more) at the partner during the "
        f"last 30 days. {LIMIT}",
    ),
    (C.SIGN_INS_LOST, {**SEEN, "is_certain": False}, f"{THEIRS} These people may lose access. {WHO}"),
    (
        C.OUTBOUND_SIGN_INS_LOST,
        {**SEEN, "is_certain": True},
        f"{OURS} These people lose access where the change reduces it. {WHO}",
    ),
    (C.SIGN_INS_END, SEEN, f"{THEIRS} These people lose access. {WHO}"),
    (C.OUTBOUND_SIGN_INS_END, SEEN, f"{OURS} These people lose access. {WHO}"),
    (
        C.SIGN_INS_END,
        {**SEEN, "people": 0, "applications": [], "application_count": 0},
        f"Nobody of the partner signed in successfully during the last 30 days. {LIMIT}",
    ),
    (
        C.DEFAULT_UNREADABLE,
        UNREAD,
        f"What the tenant's default allows could not be checked {GRANT} Entra admin center, External Identities, "
        "Cross-tenant access settings, Default settings.",
    ),
    (
        C.INVITATIONS_UNREADABLE,
        {**UNREAD, "why": "no_licence"},
        "Who may invite guests could not be checked (no licence). Microsoft Graph shows it only to tenants with Entra "
        "ID P1 or P2. Look in Entra admin center, External Identities, External collaboration settings.",
    ),
    (
        C.CONDITIONAL_ACCESS_UNREADABLE,
        UNREAD,
        f"What Conditional Access requires of guests could not be checked {GRANT} Entra admin center, "
        "Conditional Access, Policies.",
    ),
    (
        C.SHAREPOINT_UNREADABLE,
        UNREAD,
        f"SharePoint's and OneDrive's own sharing settings could not be checked {GRANT} SharePoint admin center, "
        "Policies, Sharing.",
    ),
    (
        C.SIGN_INS_UNREADABLE,
        {**UNREAD, "why": "out_of_time"},
        "Who of the partner signed in during the last 30 days could not be checked (no time left). Look in Entra admin "
        "center, Sign-in logs, filtered by home tenant.",
    ),
    (
        C.OUTBOUND_SIGN_INS_UNREADABLE,
        {**UNREAD, "why": "unreachable"},
        "Who of our people signed in at the partner during the last 30 days could not be checked (no answer). Look in "
        "Entra admin center, Sign-in logs, filtered by resource tenant.",
    ),
    (
        C.TENANT_UNCONFIRMED,
        UNREAD,
        f"Whether Entra also knows the tenant by its ID could not be checked {GRANT} Entra admin center, Cross-tenant "
        "access settings, Add organization.",
    ),
    (
        C.OWN_DOMAINS_UNREADABLE,
        UNREAD,
        f"Whether the domain looks like one of our own could not be checked {GRANT} Entra admin center, Settings, "
        "Domain names.",
    ),
    (
        C.GROUPS_UNREADABLE,
        UNREAD,
        f"Whether the named groups are this tenant's could not be checked {GRANT} Entra admin center, Groups.",
    ),
    (
        C.USERS_UNREADABLE,
        UNREAD,
        f"Whether the named users are this tenant's could not be checked {GRANT} Entra admin center, Users.",
    ),
    (
        C.APPLICATIONS_UNREADABLE,
        UNREAD,
        f"Whether the named applications are this tenant's could not be checked {GRANT} Entra admin center, "
        "Enterprise applications.",
    ),
    (
        C.TARGET_GONE,
        {"setting": INBOUND, "kind": "group", "id": ID},
        f"“B2B collaboration, inbound” listed group {ID} before and lists it after this, but this tenant has no such "
        "group now. It has no effect, unless it was deleted and is restored.",
    ),
    (
        C.TARGET_ABSENT,
        {"setting": INBOUND, "kind": "group", "id": ID, "label": "Pilot group"},
        f"There is no group {ID} (“Pilot group” on the form) in this tenant, where “B2B collaboration, inbound” needs "
        "one of ours. Copy the Object ID from Entra admin center, Groups, the group.",
    ),
    (
        C.TARGET_NOT_INSTALLED,
        {"kind": "application", "id": ID, "label": None},
        f"Application {ID} is one of Microsoft's own, but nobody has used it in this tenant yet.",
    ),
    (
        C.TARGET_IS_OURS,
        {"setting": INBOUND, "kind": "group", "id": ID, "label": None, "name": "Finance"},
        f"Group {ID} is “Finance” in this tenant, but “B2B collaboration, inbound” needs an ID of the partner. It has "
        "no effect there. Ask the partner for the ID of their group.",
    ),
    (
        C.TARGETS_LEFT_OUT,
        {"count": 1, "most": 40},
        "One more ID could not be checked, because at most 40 are looked up for one request.",
    ),
    (
        C.TARGETS_LEFT_OUT,
        {"count": 3, "most": 40},
        "3 more IDs could not be checked, because at most 40 are looked up for one request.",
    ),
    (
        C.TARGETS_NAMED,
        {"targets": [{"kind": "group", "id": ID, "name": "Pilot"}] * 6},
        f"In this tenant, {', '.join([f'group {ID} is “Pilot”'] * 5)} and 1 more.",
    ),
    (
        C.TARGETS_THEIRS,
        {"ids": [ID]},
        f"Only the partner knows application {ID}, because it cannot be looked up here. The ID must come from the "
        "partner.",
    ),
    (
        C.TARGETS_IN_BOTH,
        {"targets": [{"id": ID, "name": "Portal"}]},
        f"This tenant also has some of the partner's applications: application {ID} is “Portal” here. An application "
        "of several tenants has the same ID in all of them. An application of only our tenant would be the wrong one.",
    ),
    (
        C.MICROSOFT_SUPPORT,
        {},
        "This is the tenant of Microsoft's own support. Microsoft adds it automatically while a support case is open. "
        "It cannot be a partner.",
    ),
    (
        C.SERVICE_PROVIDER,
        {},
        "This tenant is a service provider of ours (delegated administration). Its settings "
        "belong to that relationship and cannot be removed, so Gatehouse gives it no access. "
        "Change it in the Microsoft Entra admin center together with the contract.",
    ),
    (
        C.MULTI_TENANT_ORGANIZATION,
        {},
        "This tenant is in our multi-tenant organization. The organization's templates also write"
        " its settings, and may overwrite what is approved here.",
    ),
    (
        C.IDN,
        {"shown": "cöntoso.com", "domain": "xn--cntoso-wxa.com"},
        "The domain is displayed as “cöntoso.com”; its plain form is xn--cntoso-wxa.com.",
    ),
    (
        C.LOOK_ALIKE_SCRIPT,
        {"shown": "соntoso.com", "latin": "contoso.com"},
        "“соntoso.com” is written in another script but reads like “contoso.com”.",
    ),
    (
        C.IMITATES_MICROSOFT,
        {"domain": "contoso-onmicrosoft.com"},
        "“contoso-onmicrosoft.com” looks like a name that Microsoft gives to tenants, but it is a private domain.",
    ),
    (
        C.LOOK_ALIKE,
        {"domain": "c0ntoso.com", "likeness": "looks_the_same", "is_own": True, "other": "contoso.com"},
        "“c0ntoso.com” looks almost the same as this tenant's own domain “contoso.com”. Check which one is meant.",
    ),
    (
        C.LOOK_ALIKE,
        {"domain": "contosa.com", "likeness": "one_letter_off", "is_own": False, "other": "contoso.com"},
        "“contosa.com” resembles a partner's domain “contoso.com”. Check which one is meant.",
    ),
    (
        C.SIGN_INS,
        {**SEEN, "applications": ["", "B"]},
        f"2 people of the partner signed in to 2 applications (an application without a name, B) during the last 30 "
        f"days. {LIMIT}",
    ),
    (
        C.TARGETS_NAMED,
        {"targets": [{"kind": "group", "id": ID, "name": ""}]},
        f"In this tenant, group {ID} is “(no name)”.",
    ),
    (
        C.REPLACES_TEMPLATE,
        {
            "before": {"title": "Guests", "ends_at": None, "review_days": None},
            "after": {"title": "Merger", "ends_at": "2027-01-31T12:00:00+00:00", "review_days": 90},
        },
        "It replaces “Guests” by “Merger”. End: none before, about Jan 31, 2027 after. Review: none before, every 90 "
        "days after.",
    ),
    (
        C.REPLACES_TEMPLATE,
        {
            "before": {
                "title": "Guests",
                "ends_at": "2026-12-31T12:00:00+00:00",
                "review_days": None,
                "at_end": "block",
            },
            "after": {"title": "", "ends_at": "2027-01-31T12:00:00+00:00", "review_days": 90, "at_end": "ask"},
        },
        "It replaces “Guests” by settings of no template. End: Dec 31, 2026 before, about Jan 31, 2027 after. Review: "
        "none before, every 90 days after. At the end: blocked automatically before, people are asked after.",
    ),
    (
        C.KEEPS_APPROVAL_POLICY,
        {
            "template": "Guests",
            "alone": [{"title": "Security", "quorum": 1}],
            "needed": [{"title": "Security", "quorum": 1}, {"title": "Data owners", "quorum": 2}],
        },
        "“Guests” alone needs 1 of “Security”. This partner has a stricter approval policy, or "
        "the risk of all settings after the change is higher. So it needs 1 of “Security” and 2 "
        "of “Data owners”.",
    ),
    (
        C.RESTORES_A_PART,
        {"request_id": "R-FBMG"},
        "R-FBMG ended before it was complete, so maybe only a part was applied. The restore is "
        "planned from the current settings.",
    ),
    (
        C.RESTORES_INHERITANCE,
        {"request_id": "R-FBMG"},
        "This partner had no settings of its own before R-FBMG. It is not deleted: every setting is set to the "
        "default, so the tenant's defaults apply to it, as before.",
    ),
    (
        C.NOT_RESTORED,
        {"request_id": "R-FBMG", "names": ["places", "tenantRestrictions.devices"]},
        "Different from before R-FBMG and not restored: Tenant restrictions, devices; 1 setting that Gatehouse does "
        "not know (places).",
    ),
    (
        C.RECORDS_UNREADABLE,
        {},
        "There are no records here. So open requests for this tenant, and partners with a similar"
        " domain, could not be checked. Set DATABASE_URL to the bot's own database.",
    ),
    (
        C.OPEN_REQUEST,
        {"refusal": OPEN_REQUEST},
        "This request would be refused now: Somebody else has an open access request for this partner: R-1 "
        "(“merger”), sent on Mar 1, 2027, being prepared. Wait until it ends.",
    ),
)
CONDITIONAL_ACCESS: Final = frozenset(code for code in FindingCode if code.startswith("ca_"))
"""They still have their sentence as a value."""


def finding(code: FindingCode, values: dict[str, Any]) -> Finding:
    return Finding(code=code, severity=Severity.NOTE, source="A page", values=values)


def test_every_finding_is_worded_here() -> None:
    assert {code for code, _, _ in SENTENCES} == set(FindingCode) - CONDITIONAL_ACCESS


@pytest.mark.parametrize(("code", "values", "sentence"), SENTENCES)
def test_a_finding_is_worded_and_stored_as_it_is(code: FindingCode, values: dict[str, Any], sentence: str) -> None:
    one = finding(code, values)
    assert finding_words(one) == sentence
    known = request(prepared=prepared(findings=(one,)))
    stored = load(REQUEST, dump(REQUEST, known))
    assert stored == known
    assert [finding_words(read) for read in stored.require_prepared().findings] == [sentence]


@pytest.mark.parametrize("code", sorted(CONDITIONAL_ACCESS))
def test_a_finding_about_conditional_access_has_its_text_and_its_lines(code: FindingCode) -> None:
    told = finding(code, {"text": "Locked out.", "lines": ["One.", "Two."]})
    assert (finding_words(told), finding_lines(told)) == ("Locked out.", ("One.", "Two."))
    assert finding_lines(finding(C.CROSS_CLOUD, {})) == ()


def test_text_from_outside_is_no_format_of_ours() -> None:
    told = finding(C.IMITATES_MICROSOFT, {"domain": "{domain.__class__}"})
    assert "“{domain.__class__}” looks like" in finding_words(told)


def test_severity_source_reason_and_likeness_have_words() -> None:
    assert set(SEVERITIES) == set(Severity)
    assert severity_words(Severity.UNCHECKED) == "could not be checked"
    assert set(SOURCES) == set(Source)
    assert source_words(Source.RECORDS) == "Gatehouse's records"
    assert source_words("Graph: “A page”") == "Graph: “A page”"
    assert set(UNREAD_REASON_WORDS) == set(UnreadableReason)
    assert set(LIKENESSES) == set(Likeness)


def test_equal_findings_are_one() -> None:
    """Lists among the values do not prevent that a finding is told once."""
    same = [finding(C.FOREIGN_IDS, {"settings": [INBOUND]}), finding(C.FOREIGN_IDS, {"settings": [INBOUND]})]
    other = finding(C.FOREIGN_IDS, {"settings": ["tenantRestrictions"]})
    assert list(dict.fromkeys([*same, other])) == [same[0], other]


def test_every_finding_has_a_few_words_for_a_card() -> None:
    assert set(SHORT_WORDS) == set(FindingCode)
    assert max(len(text.split()) for text in SHORT_WORDS.values()) <= 7
    names = ("Conditional", "Gatehouse's", "IDs", "SharePoint", "SharePoint:")
    assert [text for text in SHORT_WORDS.values() if text[0].isupper() and text.split()[0] not in names] == []


@pytest.mark.parametrize(
    ("code", "changes", "words"),
    [
        (C.SIGN_INS_LOST, {"is_certain": True}, "3 people of theirs lose access, see Details"),
        (C.SIGN_INS_LOST, {"is_certain": False, "people": 1}, "1 person of theirs may lose access, see Details"),
        (C.OUTBOUND_SIGN_INS_LOST, {"is_certain": True}, "3 people of ours lose access there, see Details"),
        (C.SIGN_INS_END, {"is_complete": False}, "at least 3 people of theirs lose all access, see Details"),
        (C.OUTBOUND_SIGN_INS_END, {"people": 0}, "our people lose all access there"),
        (C.OPEN_REQUEST, {}, "another request is open"),
    ],
)
def test_a_short_issue_says_how_many_people_lose_access(code: C, changes: dict[str, Any], words: str) -> None:
    values = {**SEEN, "people": 3, "is_complete": True, **changes}
    assert short_issue_words(Finding(code=code, severity=Severity.WARNING, source="Graph", values=values)) == words
