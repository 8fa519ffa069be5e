"""Single questions, answered from the stand-in tenant over a socket: MFA twice, and what people type."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from bot.words.findings.diagnosis.steps import first_cause
from tests.workflows.app.evidence.diagnosis.conftest import AskedTenant
from tests.workflows.app.evidence.diagnosis.planted import (
    ARCHIVE,
    PARTNER,
    PORTAL,
    SIGN_INS,
    THEIR_APPLICATION,
    Case,
    account,
    add_policy,
    everything,
    from_outside,
    partner,
    second_account,
)
from tests.workflows.app.evidence.diagnosis.plants import open_case
from workflows.core.errors.raised import InvalidField
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.policy.template import Template
from workflows.core.posture.diagnosis.steps import Cause, Note, Step, StepKey, StepResult
from workflows.core.settings.model import B2BSetting, Property, Target, TargetType

PHISHING_RESISTANT = {
    "id": "00000000-0000-0000-0000-000000000004",
    "displayName": "Phishing-resistant MFA",
    "policyType": "builtIn",
    "requirementsSatisfied": "mfa",
    "allowedCombinations": ["windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor"],
}
PASSES, STOPS, NOT_KNOWN = StepResult.PASSES, StepResult.STOPS, StepResult.NOT_KNOWN


def usual(*, trusts_mfa: bool = False) -> Case:
    """A tenant that stops nobody and asks for nothing."""
    case = open_case(Random(1))
    case.state["conditionalAccessPolicies"] = {}
    case.state["default"]["inboundTrust"]["isMfaAccepted"] = trusts_mfa
    case.maria["userType"] = "Guest"
    return case


async def step(asked: AskedTenant, case: Case, key: StepKey, unread: frozenset[str] = frozenset()) -> Step:
    """Return one step of the answer."""
    return next(one for one in (await asked.diagnosed(case, unread)).steps if one.key is key)


def codes(one: Step) -> list[str]:
    return [note.code for note in one.notes]


@pytest.mark.parametrize(
    ("trusts_mfa", "asks_strength", "result", "notes"),
    [
        (False, False, PASSES, [Note.MFA_HERE]),
        (True, False, PASSES, [Note.MFA_THERE, Note.MFA_REGISTRATION]),
        (False, True, STOPS, []),
        (True, True, NOT_KNOWN, [Note.MFA_THERE, Note.STRENGTH_THERE, Note.MFA_REGISTRATION]),
    ],
)
async def test_why_they_are_asked_for_mfa_twice(
    asked: AskedTenant, *, trusts_mfa: bool, asks_strength: bool, result: StepResult, notes: list[Note]
) -> None:
    """With trust they do it once, at home. Guests cannot register a phishing-resistant method here."""
    case = usual(trusts_mfa=trusts_mfa)
    add_policy(case, {"includeUsers": ["All"]}, "mfa")
    if asks_strength:
        (policy,) = case.state["conditionalAccessPolicies"].values()
        controls = {"operator": "OR", "builtInControls": [], "authenticationStrength": PHISHING_RESISTANT}
        policy["grantControls"] = controls
    found = await step(asked, case, StepKey.CONDITIONAL_ACCESS)
    assert (found.result, codes(found)) == (result, notes)
    if found.cause is not None:
        assert found.cause.values["remedies"] == ["accept_mfa", "exclude"]


@pytest.mark.parametrize(
    ("application", "templates"),
    [
        ("Contractor portal", []),
        ("SharePoint Online", ["Guests with their own MFA and devices"]),
    ],
)
async def test_a_template_is_named_only_where_it_opens_the_application_too(
    asked: AskedTenant, application: str, templates: list[str]
) -> None:
    case = usual()
    case.application = application
    add_policy(case, {"includeUsers": ["All"]}, "compliantDevice")
    diagnosis = await asked.diagnosed(case)
    how = first_cause(diagnosis).how
    assert ("/partner request" in how) is bool(templates)
    price = "(high risk; ends everything but Office 365), or 2 other templates"
    assert [name for name in templates if f"“{name}” {price}" not in how] == []
    assert "merge" not in how, "one guest does not need a merger"


@pytest.mark.parametrize(
    ("completes_names", "ends"),
    [
        (True, "ends everything but Contractor portal and Drawings archive"),
        (False, "ends everything but 2 applications"),
    ],
)
async def test_what_a_template_would_end_is_said_by_names_and_never_by_ids(
    asked: AskedTenant, *, completes_names: bool, ends: str
) -> None:
    """The partner may use every application. One template narrows that, and the one that does not comes first."""
    trusting = next(one for one in asked.templates if one.need == "Guests with their own MFA and devices")
    setting = trusting.settings[Property.B2B_COLLABORATION_INBOUND]
    assert isinstance(setting, B2BSetting)
    allowed = setting.applications
    assert allowed is not None

    def opening(name: str, *application_ids: str) -> Template:
        targets = tuple(Target(type=TargetType.APPLICATION, id=each) for each in application_ids)
        applications = replace(allowed, targets=targets)
        settings = {Property.B2B_COLLABORATION_INBOUND: replace(setting, applications=applications)}
        return replace(trusting, need=name, settings={**trusting.settings, **settings})

    case, asked.completes_names = usual(), completes_names
    case.application = "Contractor portal"
    add_policy(case, {"includeUsers": ["All"]}, "compliantDevice")
    asked.templates = (opening("Two", PORTAL, ARCHIVE),)
    assert ends in first_cause(await asked.diagnosed(case)).how
    asked.templates = (opening("Two", PORTAL, ARCHIVE), opening("Zero", "AllApplications"))
    how = first_cause(await asked.diagnosed(case)).how
    assert "“Zero” (high risk), or 1 other template" in how


async def test_a_policy_that_was_changed_a_moment_ago_counts_at_once(asked: AskedTenant) -> None:
    case, entra = usual(), asked.entra()
    assert (await asked.diagnosed(case, entra=entra)).first is None
    add_policy(case, {"includeUsers": ["All"]}, "block")
    diagnosis = await asked.diagnosed(case, entra=entra)
    assert diagnosis.first is not None
    assert diagnosis.first.key is StepKey.CONDITIONAL_ACCESS
    case.state["conditionalAccessPolicies"] = {}
    assert (await asked.diagnosed(case, entra=entra)).first is None


async def test_a_trust_that_could_not_be_read_is_not_off(asked: AskedTenant) -> None:
    case = usual()
    case.state["partners"] = {}
    add_policy(case, {"includeUsers": ["All"]}, "mfa")
    found = await step(asked, case, StepKey.CONDITIONAL_ACCESS, frozenset({"AccessPolicy/default"}))
    assert (found.result, codes(found)) == (NOT_KNOWN, [Note.POLICY_MAY_APPLY])


def addressed(mail: str) -> Callable[[Case], None]:
    def plant(case: Case) -> None:
        case.maria.update(mail=mail, otherMails=[mail], proxyAddresses=[f"SMTP:{mail}"])

    return plant


def also_an_employee(case: Case) -> None:
    """An employee of ours has the address, too."""
    employee = {"id": "90000000-0000-4000-8000-000000000003", "userPrincipalName": "maria@woodgrove.com"}
    case.state["users"][employee["id"]] = {**case.maria, **employee, "userType": "Member"}


@pytest.mark.parametrize(
    ("typed", "change", "cause"),
    [
        ("Maria+New@CONTOSO.com", addressed("Maria+New@contoso.com"), None),
        ("maria+new@contoso.com", addressed("maria@contoso.com"), Cause.NO_ACCOUNT),
        ("MARIA@CONTOSO.COM", None, None),
        ("maria@contoso.com", lambda case: second_account(case, Random(1)), Cause.SEVERAL_ACCOUNTS),
        ("maria@contoso.com", also_an_employee, Cause.SEVERAL_ACCOUNTS),
    ],
)
async def test_an_account_is_found_as_the_address_is_typed(
    asked: AskedTenant, typed: str, change: Callable[[Case], None] | None, cause: Cause | None
) -> None:
    case = usual()
    if change is not None:
        change(case)
    case.subject = typed
    found = await step(asked, case, StepKey.ACCOUNT)
    assert (None if found.cause is None else found.cause.code) == cause


@pytest.mark.parametrize(
    ("domain", "note"), [("unmanaged.example.com", Note.NO_ORGANIZATION), ("outlook.com", Note.PERSONAL_ACCOUNT)]
)
async def test_settings_of_a_tenant_say_nothing_about_people_without_one(
    asked: AskedTenant, domain: str, note: Note
) -> None:
    case = usual()
    from_outside(domain)(case, Random(1))
    case.maria["externalUserState"] = "Accepted"
    diagnosis = await asked.diagnosed(case)
    assert codes(diagnosis.steps[0]) == [note]
    assert [codes(one) for one in diagnosis.steps[1:3]] == [[Note.DOES_NOT_APPLY], [Note.DOES_NOT_APPLY]]
    assert (diagnosis.steps[3].result, diagnosis.tenant_id) == (PASSES, None)


@pytest.mark.parametrize(
    ("typed", "result", "note"),
    [
        ("No such application", NOT_KNOWN, Note.ALLOWED),
        ("the portal", NOT_KNOWN, Note.ALLOWED),
        ("SharePoint Online", PASSES, Note.ALLOWED),
        ("teams", PASSES, Note.ALLOWED),
        (THEIR_APPLICATION, STOPS, None),
        ("Contractor portal", PASSES, Note.ALLOWED),
        ("drawings", PASSES, Note.ALLOWED),
        ("", PASSES, Note.ALLOWED),
    ],
)
async def test_an_application_that_does_not_exist_or_is_theirs_is_named(
    asked: AskedTenant, typed: str, result: StepResult, note: Note | None
) -> None:
    case = usual()
    case.application = typed
    found = await step(asked, case, StepKey.OUR_SETTINGS)
    assert (found.result, codes(found)[:1]) == (result, [note] if note else [])
    if found.cause is not None:
        assert (found.cause.code, found.cause.values["application"]) == (Cause.APPLICATION_NOT_OURS, typed)


@pytest.mark.parametrize(
    ("typed", "similar"),
    [
        ("the portal", ["Contractor portal"]),
        ("Contractors archive", ["Contractor portal", "Drawings archive"]),
        ("contractor site", ["Contractor portal"]),
    ],
)
async def test_a_name_in_their_own_words_finds_what_may_be_meant_and_no_cause(
    asked: AskedTenant, typed: str, similar: list[str]
) -> None:
    case = usual()
    case.state["partners"][PARTNER] = partner(
        b2bCollaborationInbound={**everything("allowed"), "applications": everything("allowed", PORTAL)["applications"]}
    )
    case.application = typed
    account(accountEnabled=False)(case, Random(1))
    diagnosis = await asked.diagnosed(case)
    (unknown,) = [note for note in diagnosis.steps[1].notes if note.code == Note.UNKNOWN_APPLICATION]
    assert unknown.values == {"application": typed, "similar": similar}
    assert diagnosis.first is not None
    assert diagnosis.first.key is StepKey.ACCOUNT


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("the drawings archive", "Drawings archive"),
        ("in Drawings archive", "Drawings archive"),
        ("drawing archive", "Drawings archive"),
        ("Drawings-Archive", "Drawings archive"),
        ("the SharePoint", "SharePoint Online"),
        ("DRAWINGS ARCHIVE", "Drawings archive"),
    ],
)
async def test_a_name_is_understood_in_any_spelling_and_the_answer_says_what_was_taken(
    asked: AskedTenant, typed: str, name: str
) -> None:
    case = usual()
    case.application = typed
    diagnosis = await asked.diagnosed(case)
    assert diagnosis.application == name
    assert diagnosis.typed_application == ("" if typed.isupper() else typed)


@pytest.mark.parametrize(
    ("typed", "first_line"),
    [
        ("archive", "No application of this name: “archive”. Did you mean Drawings archive?"),
        (
            "office 365",
            "Several applications match: SharePoint Online, Microsoft Teams and Exchange Online. Name one.",
        ),
        (
            "Office365",
            "Several applications match: SharePoint Online, Microsoft Teams and Exchange Online. Name one.",
        ),
    ],
)
async def test_a_part_of_a_name_and_a_suite_are_asked_back_and_nothing_else_is_said_first(
    asked: AskedTenant, typed: str, first_line: str
) -> None:
    case = usual()
    case.state["signIns"] = []
    case.application = typed
    diagnosis = await asked.diagnosed(case)
    first = first_cause(diagnosis)
    assert (first.text, first.next, diagnosis.asks_them_first) == (first_line, "", False)


async def test_without_an_application_the_allowed_ones_are_named_first(asked: AskedTenant) -> None:
    case = usual()
    case.state["partners"][PARTNER] = partner(
        b2bCollaborationInbound={**everything("allowed"), "applications": everything("allowed", PORTAL)["applications"]}
    )
    case.application = ""
    diagnosis = await asked.diagnosed(case)
    assert first_cause(diagnosis).text == (
        "Allowed: only Contractor portal. Name the application: /partner diagnose maria@contoso.com NAME."
    )
    assert codes(diagnosis.steps[6])[0] == Note.SHARING_NOT_LISTED


@pytest.mark.parametrize(
    ("is_refused", "result", "note"),
    [(True, StepResult.NOT_READABLE, Note.UNREADABLE), (False, NOT_KNOWN, Note.NO_SIGN_INS)],
)
async def test_a_log_that_is_refused_or_empty_is_no_proof(
    asked: AskedTenant, *, is_refused: bool, result: StepResult, note: Note
) -> None:
    case = usual()
    case.state["signIns"] = []
    found = await step(asked, case, StepKey.SIGN_INS, frozenset({SIGN_INS} if is_refused else ()))
    assert (found.result, codes(found)) == (result, [note])


async def test_our_own_people_are_refused_by_name(asked: AskedTenant) -> None:
    case = usual()
    case.subject = "requester@woodgrove.com"
    with pytest.raises(InvalidField) as error:
        await asked.diagnosed(case)
    assert error.value.code is RefusalCode.TARGET_IS_OUR_TENANT
