"""The words about Conditional Access: one line for each effect, with complete details, and nothing uncertain."""

import json
from typing import Any, Final

import pytest

from bot.words.findings.conditional_access.findings import (
    MAX_LINES,
    access_finding_lines,
    access_finding_words,
    locked_out_words,
    question_words,
)
from bot.words.findings.conditional_access.report import report_values
from bot.words.findings.conditional_access.verdicts import MEANINGS, VISITORS
from bot.words.unavailable.not_read import UNREAD_REASON_WORDS
from tests.workflows.core.checks.conditional_access.test_verdicts import (
    GUESTS,
    TENANT,
    report,
    report_with_every_meaning,
    says,
)
from tests.workflows.core.policies import EVERYTHING, policy
from workflows.core.checks.conditional_access.application_coverage import ALL
from workflows.core.checks.conditional_access.controls import PolicyEffect, ReasonCode, Remedy, VisitorType
from workflows.core.checks.conditional_access.findings import access_findings, locked_out_values, question_values
from workflows.core.checks.conditional_access.policy import ControlKind
from workflows.core.checks.conditional_access.questions import Question
from workflows.core.checks.conditional_access.scope import ClientApp, ConditionType
from workflows.core.checks.conditional_access.verdicts import AccessReport, Source
from workflows.core.checks.findings import FindingCode
from workflows.core.checks.tenant_facts import UnreadableFact, UnreadableReason
from workflows.core.errors.facts import Values

VERDICT: Final[dict[str, Any]] = {
    "policy_id": "1",
    "policy": "A",
    "is_enforced": True,
    "visitors": ["b2bCollaborationGuest"],
    "meaning": "asked_here",
    "where_it_applies": "asked_here",
    "reasons": [{"because": "done_here", "control": "mfa", "name": None}],
    "conditions": [],
    "remedies": [],
    "source": "entra",
}


def verdict(**changes: Any) -> dict[str, Any]:
    """The values of one policy."""
    return {"verdicts": [{**VERDICT, **changes}]}


GOLDEN: Final[dict[FindingCode, tuple[Values, str]]] = {
    FindingCode.CA_LOCKED_OUT: (
        verdict(meaning="locked_out", remedies=["accept_mfa", "exclude"]),
        "Locked out: guests, by “A” (to fix: accept their MFA, or exclude them).",
    ),
    FindingCode.CA_NOT_KNOWN: (
        verdict(reasons=[{"because": "custom_control", "control": "customAuthenticationFactors", "name": "Duo"}]),
        "Not known: guests, by “A” (custom control “Duo”: trust settings do not cover custom controls).",
    ),
    FindingCode.CA_DEPENDS: (
        verdict(conditions=[{"when": "locations", "values": ["a", "b", "c", "d", "e"], "count": 5}], reasons=[]),
        "Depends on conditions: guests, by “A”, in some locations (a, b, c and 2 more).",
    ),
    FindingCode.CA_REQUIRED_IN_OUR_TENANT: (
        verdict(),
        "Required in this tenant: guests, by “A” (MFA: they register and use it in this tenant).",
    ),
    FindingCode.CA_REQUIRED_IN_PARTNER_TENANT: (
        verdict(reasons=[{"because": "trusted", "control": "compliantDevice", "name": None}]),
        "Required in the partner's tenant: guests, by “A” (compliant device: theirs is accepted).",
    ),
    FindingCode.CA_WORKS: (
        verdict(reasons=[{"because": "supported", "control": "termsOfUse", "name": None}]),
        "Works, with conditions: guests, by “A” (terms of use).",
    ),
    FindingCode.CA_REPORT_ONLY: (
        verdict(is_enforced=False, meaning="locked_out", remedies=["exclude", "other_control"]),
        "Report-only policies are not enforced. If they were enforced: locked out: guests, by “A” "
        "(to fix: exclude them, or require another control).",
    ),
    FindingCode.CA_ESTIMATE: (
        {"why": None, "answered": 12, "left_out": 9, "questions": []},
        "9 of 21 kinds of sign-in were not checked with Entra, which takes one request a second. "
        "For these, Conditional Access policies were read instead, so this is an estimate.",
    ),
    FindingCode.CA_SHARED: (
        {},
        "The effect of Conditional Access is an estimate, as for every partner with this access. "
        "No policy names this tenant, so Entra was not asked about it alone.",
    ),
    FindingCode.CA_UNLISTED: (
        {"policies": ["Ghost"], "count": 1},
        "Entra's evaluation names policies that its list of policies does not have: “Ghost”.",
    ),
}


@pytest.mark.parametrize("code", [one for one in FindingCode if one.value.startswith("ca_")])
def test_every_code_has_its_sentence(code: FindingCode) -> None:
    values, words = GOLDEN[code]
    assert access_finding_words(code, values) == words
    assert access_finding_words(code.value, json.loads(json.dumps(values))) == words


def test_a_policy_without_a_name_is_called_so() -> None:
    assert "by “a policy without a name”" in access_finding_words(
        FindingCode.CA_REQUIRED_IN_OUR_TENANT, verdict(policy="")
    )


def test_every_value_of_a_verdict_has_words() -> None:
    assert set(MEANINGS) == set(PolicyEffect)
    assert set(VISITORS) == set(VisitorType)
    changes: list[dict[str, Any]] = [
        *({"reasons": [{"because": one, "control": None, "name": None}]} for one in ReasonCode),
        *({"reasons": [{"because": "blocks", "control": one, "name": None}]} for one in ControlKind),
        *({"conditions": [{"when": one, "values": [], "count": 0}]} for one in ConditionType),
        *({"conditions": [{"when": one, "values": ["x"], "count": 1}]} for one in ConditionType),
        *({"remedies": [one]} for one in Remedy),
        *({"source": one} for one in Source),
    ]
    for change in changes:
        values = verdict(**change)
        for code in (FindingCode.CA_WORKS, FindingCode.CA_REPORT_ONLY):
            assert access_finding_words(code, values)
            assert access_finding_lines(code, values)


def texts(found: AccessReport) -> dict[str, tuple[str, tuple[str, ...]]]:
    """The sentence and the lines of each fact, by code; through JSON, as they are stored."""
    return {
        one.code: (access_finding_words(one.code, values), access_finding_lines(one.code, values))
        for one in access_findings(found)
        for values in [json.loads(json.dumps(one.values))]
    }


def test_one_line_for_each_meaning_and_the_whole_behind_it() -> None:
    found = texts(report_with_every_meaning())
    assert list(found) == ["ca_locked_out", "ca_depends", "ca_asked_here", "ca_works", "ca_report_only", "ca_estimate"]
    assert found["ca_locked_out"][0] == (
        "Locked out: guests, synchronized members and B2B direct connect users, by “A” (to fix: exclude them, or "
        "require another control); B2B direct connect users, by “B” (to fix: accept their MFA, or exclude them); B2B "
        "direct connect users, by “C” (to fix: exclude them, or require another control)."
    )
    assert found["ca_depends"][1] == (
        "Depends on conditions (locked out where it applies): guests and synchronized members, by “E” (blocks "
        "access), if it names their account, group or role. To fix: exclude them, or require another "
        "control. This is an estimate.",
    )


def test_a_hundred_policies_and_long_names_are_cut_and_counted() -> None:
    many = [policy("block", name=f"{number} {'x' * 500}\n<!here>") for number in range(200)]
    words, lines = texts(report(*many))["ca_locked_out"]
    assert "and 198 more" in words
    assert len(words) < 600
    assert "\n" not in words
    assert (len(lines), lines[-1]) == (MAX_LINES + 1, "and 100 more.")


def test_nobody_is_said_to_be_locked_out_by_what_only_reports_or_depends() -> None:
    assert locked_out_values(report(policy("block", state="enabledForReportingButNotEnforced"))) is None
    assert locked_out_values(report(policy("block", users={"includeGroups": ["g"]}))) is None
    values = locked_out_values(report(policy("block")))
    assert values is not None
    assert "by “Policy”" in locked_out_words(values)


def test_every_question_and_every_value_has_words() -> None:
    risky = Question(
        tenant_id=TENANT, visitor=VisitorType.MEMBER, application=ALL, client=ClientApp.APPS, user_risk="high"
    )
    assert question_words(question_values(risky)) == (
        "synchronized members in mobile apps and desktop clients to all applications at high user risk"
    )
    values = report_values(report(policy("mfa"), trust=EVERYTHING))
    assert values["meaning"] == {"b2bCollaborationGuest": "asked_there"}
    assert values["verdicts"][0]["remedies"] == []  # type: ignore[index]


def test_every_condition_is_said_and_what_is_cut_is_counted() -> None:
    conditions: list[dict[str, Any]] = [
        {"clientAppTypes": ["browser"]},
        {"platforms": {"includePlatforms": ["android", "iOS"]}},
        {"locations": {"includeLocations": ["All"], "excludeLocations": ["office"]}},
        {"insiderRiskLevels": "elevated"},
        {"userRiskLevels": ["high"], "signInRiskLevels": ["high"]},
        {"times": {"from": "dusk"}},
    ]
    many = [policy("block", name=f"P{n}", conditions=one) for n, one in enumerate(conditions)]
    excluding = policy("block", name="P9", users={"includeUsers": ["All"], "excludeRoles": ["r"]})
    found = texts(report(*many, excluding))
    told = " ".join(line for _, lines in found.values() for line in lines)
    for words in (
        "by “P0” (blocks access), in browsers",
        "by “P1” (blocks access), on some platforms (android and iOS)",
        "in some locations (All)",
        "at elevated insider risk",
        "at high user risk, at high sign-in risk",
        "on a condition that Gatehouse does not know (times)",
        "except people whom it excludes",
    ):
        assert words in told
    assert found["ca_depends"][0].endswith("and by 1 more policy.")


def test_why_nothing_is_known_of_a_policy_is_said() -> None:
    unclear = policy("mfa", "compliantApplication", operator="XOR")
    ((_, lines), *_) = texts(report(unclear, answers=says(unclear, True))).values()
    assert "(“XOR”: whether one control suffices or all are required could not be read)" in lines[0]


@pytest.mark.parametrize("why", UnreadableReason)
def test_why_entra_was_not_asked_is_said(why: UnreadableReason) -> None:
    found = report(policy("block"), answers={GUESTS: UnreadableFact(reason=why)})
    assert f"({UNREAD_REASON_WORDS[why]})" in texts(found)["ca_estimate"][0]
    assert report_values(found)["not_evaluated"] == UNREAD_REASON_WORDS[why]


def test_a_sign_in_that_was_not_checked_is_a_line_and_what_is_cut_is_counted() -> None:
    question = question_values(GUESTS)
    values = {"why": "refused", "answered": 0, "left_out": 3, "questions": [question]}
    assert access_finding_lines(FindingCode.CA_ESTIMATE, values) == (
        "Not checked: guests in browsers to Office365.",
        "and 2 more.",
    )
