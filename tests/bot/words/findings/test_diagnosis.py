"""The words of a diagnosis: every code has a sentence, and one list makes the page and the answers."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.words.findings.diagnosis.notes import CAUSES, NOTES, note_words
from bot.words.findings.diagnosis.sign_in_codes import CODE_WORDS, GONE, code_name
from bot.words.findings.diagnosis.steps import (
    NOTHING_KNOWN,
    as_json,
    first_cause,
    read_words,
    side_words,
    step_rows,
    without_policy_names,
)
from tests.code_table import PAGE, written_page
from tests.workflows.core.builders import NOW, identity, request
from tests.workflows.core.posture.diagnosis.read_facts import (
    DEFAULT,
    MARIA,
    PORTAL,
    UNREAD,
    application,
    both,
    facts,
    log,
    read,
    signed_in,
)
from tests.workflows.core.posture.diagnosis.test_later_steps import access, verdict
from workflows.core.checks.conditional_access.controls import (
    InboundTrustFlags,
    PolicyEffect,
    PolicyReason,
    ReasonCode,
    Remedy,
)
from workflows.core.checks.conditional_access.policy import ControlKind
from workflows.core.checks.conditional_access.scope import ConditionType, PolicyCondition
from workflows.core.checks.tenant_facts import AccountDisabling, UnreadableFact, UnreadableReason
from workflows.core.errors.facts import Fact
from workflows.core.policy.risk import RiskLevel
from workflows.core.posture.diagnosis.diagnosing import diagnose
from workflows.core.posture.diagnosis.facts import (
    Disabling,
    Home,
    HomeKind,
    ListedApplications,
    OfferedTemplate,
    PartnerRecord,
)
from workflows.core.posture.diagnosis.sign_in_codes import SIGN_IN_CODES
from workflows.core.posture.diagnosis.steps import Cause, Note, StepResult
from workflows.core.requests.request import RequestId, RequestState

THROTTLED = UnreadableFact(reason=UnreadableReason.THROTTLED)


def test_what_was_asked_too_often_can_be_asked_again() -> None:
    throttled = step_rows(diagnose(facts(sign_ins=read(THROTTLED))))[-1].text
    assert "could not be read (throttled). Ask again in a minute. Look in" in throttled
    assert "Ask again" not in step_rows(diagnose(facts(sign_ins=read(UNREAD))))[-1].text


def test_every_code_has_words() -> None:
    assert NOTES.keys() == set(Note)
    assert CAUSES.keys() == set(Cause)
    assert CODE_WORDS.keys() == SIGN_IN_CODES.keys()


def test_the_page_has_the_codes_of_the_list() -> None:
    assert PAGE.read_text() == written_page(PAGE.read_text()), "write them again: uv run poe codes"


@pytest.mark.parametrize("number", SIGN_IN_CODES)
def test_each_code_is_explained_with_who_can_change_it(number: int) -> None:
    unread = {"accounts": read(UNREAD), "access": read(UNREAD), "configuration": read(UNREAD)}
    diagnosis = diagnose(facts(sign_ins=read(log(signed_in(number))), application=application(), **unread))
    if SIGN_IN_CODES[number].is_interrupt:
        assert code_name(number) in step_rows(diagnosis)[-1].text
        return
    first = first_cause(diagnosis)
    assert f"{code_name(number)}. {CODE_WORDS[number].meaning}" in first.text
    assert first.who
    assert first.how
    assert "exclude" not in first.how, "no policy was judged"


def test_a_refusal_without_an_application_is_asked_again_and_offers_no_remedy() -> None:
    refused = diagnose(facts(sign_ins=read(log(signed_in(53003)))))
    first = first_cause(refused)
    assert (first.text.startswith(NOTHING_KNOWN), first.who, first.how) == (True, "", "")
    assert first.next == (
        "Ask again with the application that refused them: /partner diagnose maria@contoso.com Portal"
    )
    assert step_rows(refused)[-1].text == (
        "Refused for Portal on Mar 1, 2027 at 09:00 UTC with AADSTS53003 BlockedByConditionalAccess. "
        "Whether that still stops them is not known."
    )
    hidden = without_policy_names(refused)
    assert first_cause(hidden).next.endswith("maria@contoso.com NAME")
    assert step_rows(hidden)[-1].text.startswith("Refused for an application on")


def test_an_error_is_named_with_the_id_by_which_the_partner_finds_it() -> None:
    entry = replace(signed_in(65001), correlation_id="c0ffee00-0000-4000-8000-000000000001")
    assert "Correlation ID: c0ffee00-" in first_cause(diagnose(facts(sign_ins=read(log(entry))))).text


def test_the_first_cause_is_said_with_the_place_of_the_change() -> None:
    first = first_cause(diagnose(facts(accounts=read(()))))
    assert (first.who, first.how) == ("Anybody in our tenant", "Entra admin center, Users, Invite external user")
    nothing = first_cause(diagnose(facts(sign_ins=read(log()))))
    assert nothing.text == f"{NOTHING_KNOWN} Not known here: Their side and Sign-ins."
    assert nothing.next == "Ask the partner's administrator about their side: /partner checklist contoso.com"


def test_after_a_success_or_a_repair_nobody_is_sent_to_the_partner() -> None:
    got_in = first_cause(diagnose(facts()))
    assert got_in.next == "They got in on Mar 1, 2027 at 09:00 UTC. If it fails again, ask them for the error code."
    repaired = diagnose(facts(sign_ins=read(log(signed_in(50057)))))
    assert first_cause(repaired).next == ("Ask them to try again: the account was disabled then, and that passes now.")
    assert step_rows(repaired)[-1].text == (
        "A sign-in to Portal failed on Mar 1, 2027 at 09:00 UTC with AADSTS50057 UserDisabled. "
        "The account was disabled then: that passes now."
    )


@pytest.mark.parametrize("asked", [None, application()])
def test_a_refusal_from_before_our_settings_changed_is_no_cause_and_is_tried_again(asked: Any) -> None:
    """Office 365 is allowed since a minute ago. Whether it contains the application is not known."""
    suite = {"configuration": read({"b2bCollaborationInbound": both("allowed", application="Office365")})}
    listed = ListedApplications(is_allow_list=True, ids=("office365",), names=("Office 365",))
    refused = log(signed_in(500213, minutes=9))
    since = PartnerRecord(settings_since=NOW - timedelta(minutes=1))
    diagnosis = diagnose(facts(sign_ins=read(refused), record=since, application=asked, listed=listed, **suite))
    assert diagnosis.first is None
    first = first_cause(diagnosis)
    assert first.next == "Ask them to try again: the refusal is older than our settings of Mar 1, 2027 at 08:59 UTC."
    assert step_rows(diagnosis)[-1].text.endswith("Our settings are newer: Mar 1, 2027 at 08:59 UTC.")
    assert "Office365" not in " ".join(row.text for row in step_rows(diagnosis))


def test_which_application_to_name_is_said_once() -> None:
    listed = ListedApplications(is_allow_list=True, ids=("office365",), names=("Office 365",))
    first = first_cause(diagnose(facts(sign_ins=read(log(signed_in(500213))), listed=listed)))
    assert first.text == "Allowed: only Office 365."
    assert first.next.endswith("/partner diagnose maria@contoso.com Portal")
    nameless = log(replace(signed_in(500213), application=""))
    first = first_cause(diagnose(facts(sign_ins=read(nameless), listed=listed)))
    assert first.text == "Allowed: only Office 365. Name the application: /partner diagnose maria@contoso.com NAME."


def test_whether_our_settings_name_the_person_is_asked_before_anything_about_their_side() -> None:
    group = both("allowed", people="5f0a1b2c-0099-4d3e-8f90-a1b2c3d4e5f6")["usersAndGroups"]
    named = {"configuration": read({"b2bCollaborationInbound": {**both("allowed"), "usersAndGroups": group}})}
    first = first_cause(diagnose(facts(sign_ins=read(log()), **named)))
    assert first.next == (
        "Ask the partner's administrator whether our settings name this person: "
        "/partner show contoso.com lists the people and groups"
    )


def test_a_refusal_names_its_application_to_admins_and_to_whoever_typed_it() -> None:
    refused = {"sign_ins": read(log(signed_in(65001)))}
    assert "Sign-in to Portal failed on" in first_cause(diagnose(facts(**refused))).text
    assert "Sign-in failed on" in first_cause(without_policy_names(diagnose(facts(**refused)))).text
    typed = diagnose(facts(**refused, application=application()))
    assert "Sign-in to Portal failed on" in first_cause(without_policy_names(typed)).text


@pytest.mark.parametrize(
    ("may_invite", "who"),
    [
        ("adminsAndGuestInviters", "An admin, or a person with the Entra role Guest Inviter"),
        ("adminsGuestInvitersAndAllMembers", "Any member of our tenant"),
        (None, "An admin, or who may invite guests: that is not known here"),
    ],
)
def test_who_may_invite_is_named_by_role(may_invite: str | None, who: str) -> None:
    authorization = read(UNREAD) if may_invite is None else read({"allowInvitesFrom": may_invite})
    assert first_cause(diagnose(facts(accounts=read(()), authorization=authorization))).who == who


def test_an_admin_hears_how_many_admins_there_are() -> None:
    disabled = diagnose(facts(accounts=read((replace(MARIA, is_enabled=False),))))
    assert first_cause(disabled).who == "An admin of our tenant"
    assert first_cause(disabled, admins=1).who == "An admin of our tenant (1 person)"
    assert first_cause(disabled, admins=3).who == "An admin of our tenant (3 people)"
    blocked = diagnose(facts(configuration=read({"b2bCollaborationInbound": both("blocked")})))
    assert first_cause(blocked, admins=3).who == "The approvers of a request to Gatehouse"


@pytest.mark.parametrize(
    ("people", "applications", "words"),
    [
        ("all_allowed", "all_allowed", "Everybody may use every application (Microsoft's default)."),
        (
            "not_named_blocked",
            "named_allowed",
            "Everybody but the blocked people may use an application of the list of allowed ones"
            " (Microsoft's default).",
        ),
        (
            "suite",
            "all_allowed",
            "Allowed by Microsoft's default: Microsoft does not list what belongs to a suite and all applications are"
            " allowed.",
        ),
    ],
)
def test_who_is_let_in_is_a_sentence(people: str, applications: str, words: str) -> None:
    rules = [
        {"code": people, "values": {"list": "people"}},
        {"code": applications, "values": {"list": "applications"}},
    ]
    assert note_words(Fact(Note.ALLOWED, {"origin": "Microsoft's default", "rules": rules})) == words


def test_the_time_is_said_once_where_everything_was_read_within_a_minute() -> None:
    diagnosis = diagnose(facts())
    assert read_words(diagnosis) == "Read Mar 1, 2027 at 09:00 UTC."
    assert {row.read for row in step_rows(diagnosis)} == {""}
    late = replace(facts().sharepoint, at=NOW + timedelta(minutes=2))
    apart = diagnose(facts(sharepoint=late, access=None))
    assert read_words(apart) == ""
    assert [row.read for row in step_rows(apart)][4:7] == [
        "read Mar 1, 2027 at 09:00 UTC",
        "",
        "read Mar 1, 2027 at 09:02 UTC",
    ]


def test_a_second_cause_is_named_below_the_first_and_a_failed_sign_in_is_none() -> None:
    off = {"sharepoint": read({"sharingCapability": "disabled"})}
    failed = {"sign_ins": read(log(signed_in(65001)))}
    blocked = {"configuration": read({"b2bCollaborationInbound": both("blocked")})}
    assert first_cause(diagnose(facts(**blocked))).then == ""
    assert first_cause(diagnose(facts(**blocked, **failed))).then == ""
    two = first_cause(diagnose(facts(**blocked, accounts=read(())))).then
    assert two == "There is no account of this address here. Settings alone create none. Can change it: " + (
        "Anybody in our tenant."
    )
    three = first_cause(diagnose(facts(**blocked, **off, accounts=read(())))).then
    assert three == f"{two} 1 more step below."


PHISHING = PolicyReason(code=ReasonCode.NO_METHOD, kind=ControlKind.STRENGTH, name="Phishing-resistant MFA")
APP = PolicyReason(code=ReasonCode.NOT_SUPPORTED, kind=ControlKind.APPROVED_APP)
ODD = PolicyReason(code=ReasonCode.NOT_SUPPORTED, kind=ControlKind.CUSTOM)


@pytest.mark.parametrize(
    ("reasons", "remedies", "words"),
    [
        (
            (PolicyReason(code=ReasonCode.BLOCKS, kind=ControlKind.BLOCK),),
            (Remedy.EXCLUDE, Remedy.OTHER_CONTROL),
            "Conditional Access blocks this sign-in: “P”.",
        ),
        ((), (Remedy.EXCLUDE,), "Conditional Access blocks this sign-in: “P”."),
        (
            (PHISHING,),
            (Remedy.ACCEPT_MFA, Remedy.EXCLUDE),
            "Conditional Access asks for “Phishing-resistant MFA”, by “P”. They cannot give it here. "
            "Theirs would count if we trusted it.",
        ),
        (
            (APP, ODD),
            (Remedy.EXCLUDE, Remedy.OTHER_CONTROL),
            "Conditional Access asks for an approved client app and a control that Gatehouse does not know, by “P”. "
            "People from outside cannot give it.",
        ),
    ],
)
def test_a_policy_says_what_it_asks_for_and_what_blocks_is_told_apart(
    reasons: tuple[PolicyReason, ...], remedies: tuple[Remedy, ...], words: str
) -> None:
    locked = replace(verdict(PolicyEffect.LOCKED_OUT), remedies=remedies, reasons=reasons)
    diagnosis = diagnose(facts(access=access(locked)))
    assert first_cause(diagnosis).text == words
    hidden = first_cause(without_policy_names(diagnosis)).text
    assert "Phishing" not in hidden, "the name of a strength is ours"


def test_each_way_out_of_a_policy_has_its_price() -> None:
    """The weakest template is named with its risk and with what it ends; without one, who makes it."""
    asks = replace(verdict(PolicyEffect.LOCKED_OUT), remedies=(Remedy.ACCEPT_MFA,), reasons=(PHISHING,))
    exclude = "Or exclude them in Entra admin center: the policy then does not protect from them"
    ask = "Ask the partner first: do their people have “Phishing-resistant MFA”?"
    none = first_cause(diagnose(facts(access=access(asks), application=application()))).how
    assert none == (
        f"{ask} Trust their MFA, for all people of contoso.com: no template here does it and opens Portal. "
        f"An admin makes one. All applications are allowed now: that template ends those that it leaves out. {exclude}"
    )
    some = {"configuration": read({"b2bCollaborationInbound": ONLY_ARCHIVE})}
    listed = diagnose(facts(access=access(asks), **some))
    assert "An admin makes one. That template ends the applications that it leaves out." in first_cause(listed).how
    mfa = frozenset({Remedy.ACCEPT_MFA})
    strong = OfferedTemplate(
        name="Merger", accepts=mfa, applications=frozenset({"office365"}), risk=RiskLevel.HIGH, settings=6
    )
    weak = replace(strong, name="Trusted", settings=3)
    named = first_cause(diagnose(facts(access=access(asks), templates=(strong, weak)))).how
    assert named == (
        f"{ask} Trust their MFA, for all people of contoso.com: /partner request contoso.com, with “Trusted” "
        f"(high risk; ends everything but Office 365), or 1 other template. {exclude}"
    )
    ids = replace(strong, applications=frozenset({PORTAL, "5f0a1b2c-0014-4d3e-8f90-a1b2c3d4e5f6"}))
    unnamed = first_cause(diagnose(facts(access=access(asks), templates=(ids,)))).how
    assert "(high risk; ends everything but 2 applications)" in unnamed, "nobody reads raw IDs"
    chosen = replace(strong, applications=frozenset(), placeholders=1, risk=RiskLevel.LOW)
    assert (
        "(low risk; ends everything but 1 application)"
        in first_cause(diagnose(facts(access=access(asks), templates=(chosen,)))).how
    )
    elevated = replace(strong, applications=frozenset({"allapplications"}), risk=RiskLevel.ELEVATED)
    kept = first_cause(diagnose(facts(access=access(asks), templates=(elevated,)))).how
    assert "with “Merger” (elevated risk). Or" in kept, "also where it ends nothing"
    blocks = first_cause(diagnose(facts(access=access(verdict(PolicyEffect.LOCKED_OUT))))).how
    assert blocks == (
        "Ask the owner of the policy whether it may exclude them: Entra admin center, Conditional Access. "
        "It then does not protect from them"
    )


@pytest.mark.parametrize(
    ("kinds", "remedy", "words"),
    [
        ((ControlKind.MFA, ControlKind.APPROVED_APP), Remedy.ACCEPT_MFA, "MFA"),
        ((ControlKind.COMPLIANT_DEVICE,), Remedy.ACCEPT_COMPLIANT_DEVICES, "compliant devices"),
        ((ControlKind.HYBRID_DEVICE,), Remedy.ACCEPT_HYBRID_DEVICES, "hybrid joined devices"),
        ((ControlKind.STRENGTH,), Remedy.ACCEPT_MFA, "MFA of the strength that the policy asks for"),
        ((), Remedy.ACCEPT_MFA, "MFA"),
    ],
)
def test_before_settings_are_changed_the_partner_is_asked_whether_it_would_help(
    kinds: tuple[ControlKind, ...], remedy: Remedy, words: str
) -> None:
    reasons = tuple(PolicyReason(code=ReasonCode.NO_METHOD, kind=kind, name="") for kind in kinds)
    asks = replace(verdict(PolicyEffect.LOCKED_OUT), remedies=(remedy,), reasons=reasons)
    template = OfferedTemplate(name="Trusted", accepts=frozenset({remedy}), applications=frozenset({PORTAL}))
    for templates in ((), (template,)):
        how = first_cause(diagnose(facts(access=access(asks), templates=templates))).how
        assert how.startswith(f"Ask the partner first: do their people have {words}? Trust their ")


def test_an_old_refusal_of_another_step_is_no_answer_to_an_open_question() -> None:
    strong = replace(
        verdict(PolicyEffect.REQUIRED_IN_PARTNER_TENANT, control=ControlKind.STRENGTH), reasons=(PHISHING,)
    )
    repaired = diagnose(facts(access=access(strong), sign_ins=read(log(signed_in(50057))), application=application()))
    assert first_cause(repaired).next == (
        "Ask the partner's administrator: do their people have “Phishing-resistant MFA” at home?"
    )
    assert step_rows(repaired)[-1].text.endswith("The account was disabled then: that passes now.")


def test_every_refusal_that_can_be_over_says_what_it_was_about() -> None:
    assert GONE.keys() == {one.number for one in SIGN_IN_CODES.values() if one.is_read and not one.is_interrupt}


def test_where_only_the_partner_knows_about_strong_mfa_that_is_the_question() -> None:
    strong = replace(
        verdict(PolicyEffect.REQUIRED_IN_PARTNER_TENANT, control=ControlKind.STRENGTH), reasons=(PHISHING,)
    )
    diagnosis = diagnose(facts(access=access(strong), sign_ins=read(log())))
    question = "Ask the partner's administrator: do their people have “Phishing-resistant MFA” at home?"
    assert first_cause(diagnosis).next == question
    assert first_cause(without_policy_names(diagnosis)).next == (
        "Ask the partner's administrator: do their people have MFA of the strength that the policy asks for at home?"
    )
    refused = diagnose(facts(access=access(strong), sign_ins=read(log(signed_in(53003))), application=application()))
    assert first_cause(refused).how == question
    blocked = verdict(PolicyEffect.LOCKED_OUT)
    assert "at home" not in first_cause(diagnose(facts(access=access(strong, blocked)))).how
    got_in = first_cause(diagnose(facts(access=access(strong)))).next
    assert got_in.startswith("They got in on"), "they have it"


def test_a_domain_near_a_partners_is_asked_back_before_anybody_is_invited() -> None:
    home = read(Home(kind=HomeKind.NO_TENANT, similar=("contoso.com",)))
    nobody: dict[str, Any] = {
        "home": home,
        "subject": "maria@contoso.co",
        "domain": "contoso.co",
        "configuration": None,
    }
    mistyped = diagnose(facts(**nobody, accounts=read(()), access=None, sign_ins=None))
    first = first_cause(mistyped)
    assert first.meant == "Did you mean contoso.com? Ask again: /partner diagnose maria@contoso.com"
    assert first.how == "Only if the domain is right: Entra admin center, Users, Invite external user"
    assert step_rows(mistyped)[0].text == "This cloud knows no tenant of the domain."
    assert step_rows(mistyped)[0].result is StepResult.NOT_KNOWN
    whole = {**nobody, "subject": "contoso.co", "is_person": False, "accounts": None}
    organization = first_cause(diagnose(facts(**whole, access=None, sign_ins=None)))
    assert (organization.meant, organization.next) == (
        "Did you mean contoso.com? Ask again: /partner diagnose contoso.com",
        "",
    )
    has_account = diagnose(facts(**nobody, access=None, sign_ins=None))
    assert first_cause(has_account).meant == "", "who has an account did not mistype it"
    unread = diagnose(facts(**nobody, accounts=read(UNREAD), access=None, sign_ins=None))
    assert first_cause(unread).meant


def test_an_account_that_gatehouse_disabled_names_its_request_and_the_way_back() -> None:
    disabled = facts(
        accounts=read((replace(MARIA, is_enabled=False),)), disabled_by=Disabling(request=RequestId("R-ONE"), at=NOW)
    )
    first = first_cause(diagnose(disabled))
    assert first.text == "The account is disabled here, by R-ONE on Mar 1, 2027."
    assert first.how.startswith("Ask first why it was disabled. Then /partner guests contoso.com, Enable accounts")


@pytest.mark.parametrize(
    ("logged", "said"),
    [
        (
            AccountDisabling(by="chie@woodgrove.com", at=NOW),
            "The account is disabled here, by chie@woodgrove.com on Mar 1, 2027.",
        ),
        (AccountDisabling(by="", at=None), "The account is disabled here, by somebody whom this answer does not name."),
        (None, "The account is disabled here. Entra's audit log does not say by whom: it is only some weeks long."),
        (UNREAD, "The account is disabled here. By whom could not be read (permission missing)."),
        (
            THROTTLED,
            "The account is disabled here. By whom could not be read (throttled). Ask again in a minute.",
        ),
    ],
)
def test_who_disabled_the_account_is_said_as_far_as_it_is_known(logged: Any, said: str) -> None:
    disabled = diagnose(
        facts(accounts=read((replace(MARIA, is_enabled=False),)), disabled_in_log=read(logged), enables_accounts=True)
    )
    first = first_cause(disabled)
    assert first.text == said
    assert first.who == "An admin of our tenant"
    assert first.how == (
        "Ask first why it was disabled. Then /partner guests contoso.com, Enable accounts: you confirm a preview, then "
        "the approvers decide. "
        "Or Entra admin center, Users, Account enabled"
    )
    assert "chie" not in first_cause(without_policy_names(disabled)).text, "names are for admins"


def test_an_open_request_to_enable_the_account_is_named_in_place_of_the_way_to_make_one() -> None:
    open_one = request(RequestState.AWAITING_APPROVAL)
    disabled = {"accounts": read((replace(MARIA, is_enabled=False),)), "enables_accounts": True}
    diagnosis = diagnose(facts(**disabled, enabling=(open_one,)))
    how = f"Ask first why it was disabled. Request {open_one.id} to enable this account is open: waiting for approval"
    assert first_cause(diagnosis).how == how
    assert as_json(diagnosis)["waiting"] == [{"request": open_one.id, "state": "awaiting_approval"}]
    assert "Enable accounts" in first_cause(diagnose(facts(**disabled, waiting=(open_one,)))).how


def test_an_invitation_says_since_when_it_waits() -> None:
    waiting = replace(MARIA, state="PendingAcceptance", state_since=NOW)
    said = first_cause(diagnose(facts(accounts=read((waiting,))))).text
    assert said == "The invitation waits since Mar 1, 2027: it was not accepted yet."
    unknown = first_cause(diagnose(facts(accounts=read((replace(waiting, state_since=None),)))))
    assert unknown.text == "The invitation was not accepted yet."


ONLY_ARCHIVE = {
    **both("allowed"),
    "applications": both("allowed", application="c5f0a1b2-0004-4d3e-8f90-a1b2c3d4e5f6")["applications"],
}


@pytest.mark.parametrize(
    ("names", "ends"),
    [(("Archive",), "Archive and trust in their MFA"), ((), "1 application and trust in their MFA")],
)
def test_where_no_template_adds_the_application_that_is_said_with_what_the_nearest_would_end(
    names: tuple[str, ...], ends: str
) -> None:
    one = OfferedTemplate(name="One application", placeholders=1, refuses=frozenset({Remedy.ACCEPT_MFA}))
    blocked = facts(
        configuration=read({"b2bCollaborationInbound": ONLY_ARCHIVE}),
        application=application(),
        listed=ListedApplications(is_allow_list=True, ids=("a",), names=names),
        access=access(trust=InboundTrustFlags(mfa=True, compliant_device=False, hybrid_joined_device=False)),
        templates=(one,),
    )
    none = "No template here adds Portal and keeps what is allowed now. An admin makes one."
    assert first_cause(diagnose(blocked)).how == f"{none} “One application” (low risk) would end: {ends}"
    assert first_cause(diagnose(blocked)).who == "An admin of our tenant"
    assert first_cause(diagnose(replace(blocked, templates=()))).how == none
    adds = replace(one, name="Both", placeholders=0, applications=frozenset({"a", PORTAL}))
    added = first_cause(diagnose(replace(blocked, templates=(one, adds)))).how
    assert added == "/partner request contoso.com, for Portal, with “Both” (low risk; ends trust in their MFA)"
    beside = replace(one, name="Two", applications=frozenset({PORTAL}), refuses=frozenset())
    filled = first_cause(diagnose(replace(blocked, templates=(beside,)))).how
    for_archive = " for Archive" if names else ""
    assert filled == f"/partner request contoso.com, for Portal, with “Two”{for_archive} (low risk)"


def test_a_name_that_nobody_knows_is_the_whole_answer() -> None:
    """What may be meant, and nothing that sounds like a result. The steps do not repeat it."""
    listed = ListedApplications(is_allow_list=False, ids=("a", "b"))
    unknown = application("", name="", typed="the portal", similar=("Contractor portal",))
    meant = diagnose(facts(application=unknown, listed=listed))
    first = first_cause(meant)
    assert (first.text, first.next) == (
        "No application of this name: “the portal”. Did you mean Contractor portal?",
        "",
    )
    assert "the portal" not in step_rows(meant)[1].text
    nothing_like_it = diagnose(facts(application=application("", name="", typed="the portal"), listed=listed))
    assert first_cause(nothing_like_it).text == (
        "No application of this name: “the portal”. Allowed: every application but 2 applications. "
        "Name the application: /partner diagnose maria@contoso.com NAME."
    )
    several = application("", name="", typed="contractor", others=("Contractor payroll", "Contractor portal"))
    assert first_cause(diagnose(facts(application=several))).text == (
        "Several applications match: Contractor payroll and Contractor portal. Name one."
    )


def test_a_policy_for_single_applications_asks_for_the_application_first() -> None:
    report = access(verdict(PolicyEffect.DEPENDS, ConditionType.APPLICATIONS))
    assert first_cause(diagnose(facts(access=report))).text == (
        "“P” is for some applications only. Name the application: /partner diagnose maria@contoso.com NAME."
    )


@pytest.mark.parametrize(
    ("ids", "names", "words"),
    [
        ((PORTAL,), {PORTAL: "Invoice desk"}, "for Invoice desk only"),
        ((PORTAL, "Office365"), {PORTAL: "Invoice desk"}, "for Invoice desk and Office 365 only"),
        ((PORTAL,), {}, "for 1 application only"),
        (("a", "b", "c", "d"), {}, "for 4 applications only"),
    ],
)
def test_a_policy_is_told_for_the_applications_that_it_is_about(
    ids: tuple[str, ...], names: dict[str, str], words: str
) -> None:
    """Nobody is asked about MFA for an application that may not be theirs."""
    conditions = (PolicyCondition(kind=ConditionType.APPLICATIONS, values=ids),)
    there = verdict(PolicyEffect.REQUIRED_IN_PARTNER_TENANT, control=ControlKind.STRENGTH)
    strong = replace(there, reasons=(PHISHING,), conditions=conditions)
    diagnosis = diagnose(facts(access=access(strong), template_names=names, sign_ins=read(log())))
    first = first_cause(diagnosis)
    name_it = "Name the application: /partner diagnose maria@contoso.com NAME."
    assert (first.text, first.next) == (f"“P” is {words}. {name_it}", "")
    hidden = first_cause(without_policy_names(diagnosis)).text
    assert hidden == f"a policy (admins see its name) is for some applications only. {name_it}"
    two = diagnose(facts(access=access(strong, replace(strong, policy="Q")), template_names=names))
    assert first_cause(two).text.startswith(f"“P” and “Q” are {words}.")
    mfa = replace(verdict(PolicyEffect.REQUIRED_IN_OUR_TENANT), conditions=conditions)
    accepted = replace(verdict(PolicyEffect.REQUIRED_IN_PARTNER_TENANT), conditions=conditions)
    both_told = step_rows(diagnose(facts(access=access(mfa, accepted), template_names=names)))[5].text
    assert both_told == (
        f"“P” asks for MFA here {words}. Theirs does not count, so they do it twice. "
        f"MFA is required {words}, and theirs is accepted: they do it once, at home."
    )


def test_the_first_cause_is_said_once() -> None:
    diagnosis = diagnose(facts(accounts=read(()), sharepoint=read({"sharingCapability": "disabled"})))
    rows = step_rows(diagnosis)
    assert rows[3].text == "See above."
    assert rows[6].text.startswith("SharePoint and OneDrive do not share")


def test_a_sponsor_hears_only_the_side() -> None:
    assert side_words(diagnose(facts(accounts=read(())))) == "Our side"
    assert side_words(diagnose(facts(sign_ins=read(log(signed_in(500212)))))) == "Their side"
    assert side_words(diagnose(facts())) == "Not known"


def test_names_of_policies_can_be_left_out() -> None:
    diagnosis = diagnose(facts(access=access(verdict(PolicyEffect.LOCKED_OUT), verdict(PolicyEffect.DEPENDS))))
    assert "“P”" in first_cause(diagnosis).text
    hidden = without_policy_names(diagnosis)
    assert "“P”" not in " ".join(row.text for row in step_rows(hidden))
    assert "a policy (admins see its name)" in first_cause(hidden).text
    assert as_json(hidden)["first"] is not None


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\v", "\x85", "\u2028"])
def test_a_name_from_outside_stays_on_one_line_inside_its_quotation_marks(line_break: str) -> None:
    """Partners choose the name of their tenant."""
    chosen = f'Contoso” (verified).{line_break}3. Account: "✓ Passes“'
    home = read(Home(kind=HomeKind.ORGANIZATION, identity=replace(identity(), display_name=chosen)))
    said = step_rows(diagnose(facts(home=home)))[0].text
    assert "“Contoso' (verified). 3. Account: '✓ Passes'” (not verified)" in said
    assert len(said.splitlines()) == 1
    locked = replace(verdict(PolicyEffect.LOCKED_OUT), policy=chosen)
    assert "“Contoso' (verified). 3. Account: '✓ Passes'”" in first_cause(diagnose(facts(access=access(locked)))).text


def test_asked_for_mfa_twice_is_answered_on_the_same_page() -> None:
    rows = step_rows(diagnose(facts(access=access(verdict(PolicyEffect.REQUIRED_IN_OUR_TENANT)))))
    assert rows[5].text == "“P” asks for MFA here. Theirs does not count, so they do it twice."


@pytest.mark.parametrize("is_named", [False, True])
def test_where_nobody_comes_in_now_no_template_is_said_to_end_anything(*, is_named: bool) -> None:
    blocked = read({**DEFAULT, "b2bCollaborationInbound": both("blocked")})
    weak = OfferedTemplate(name="Guest collaboration", applications=frozenset({"office365", PORTAL}))
    asked = application() if is_named else None
    said = first_cause(diagnose(facts(default=blocked, templates=(weak,), application=asked))).how
    assert said == "/partner request contoso.com, with “Guest collaboration” (low risk)"
