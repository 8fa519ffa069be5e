"""Which templates would open one application more, and what each would end."""

from dataclasses import replace
from typing import Any

import pytest

from tests.workflows.core.posture.diagnosis.read_facts import (
    NO_TRUST,
    PORTAL,
    UNREAD,
    application,
    both,
    facts,
    read,
    step,
)
from workflows.core.checks.conditional_access.controls import Remedy
from workflows.core.checks.conditional_access.verdicts import AccessReport
from workflows.core.policy.risk import RiskLevel
from workflows.core.posture.diagnosis.diagnosing import change_for, diagnose
from workflows.core.posture.diagnosis.facts import ListedApplications, OfferedTemplate
from workflows.core.posture.diagnosis.offers import accepting_offers, unnamed_applications
from workflows.core.posture.diagnosis.steps import Action, Cause, Changer, StepKey

ARCHIVE = "5f0a1b2c-0014-4d3e-8f90-a1b2c3d4e5f6"
MFA = frozenset({Remedy.ACCEPT_MFA})
ONE = OfferedTemplate(name="One", placeholders=1, refuses=MFA | {Remedy.ACCEPT_HYBRID_DEVICES})
BOTH = OfferedTemplate(name="Both", applications=frozenset({PORTAL, ARCHIVE}), risk=RiskLevel.HIGH)
ALL = OfferedTemplate(name="All", applications=frozenset({"allapplications"}), risk=RiskLevel.HIGH, settings=9)
SUITE = OfferedTemplate(name="Suite", applications=frozenset({"office365"}))


def asked(*templates: OfferedTemplate, **changes: Any) -> Any:
    """The cause for the archive, where only the portal is allowed."""
    only = {**both("allowed"), "applications": both("allowed", application=PORTAL)["applications"]}
    usual: dict[str, Any] = {
        "configuration": read({"b2bCollaborationInbound": only}),
        "application": application(ARCHIVE, name="Archive"),
        "listed": ListedApplications(is_allow_list=True, ids=(PORTAL,), names=("Portal",)),
        "templates": templates,
    }
    return step(diagnose(facts(**{**usual, **changes})), StepKey.OUR_SETTINGS).cause


def test_a_template_that_adds_the_application_is_named_the_weakest_first() -> None:
    cause = asked(SUITE, ALL, BOTH, ONE)
    assert [offer["name"] for offer in cause.values["templates"]] == ["Both", "All"]
    assert change_for(cause) == (Changer.APPROVERS, Action.REQUEST_ACCESS)
    assert cause.values["templates"][0]["is_high_risk"]


def test_where_none_adds_it_the_nearest_is_named_with_all_that_it_would_end() -> None:
    trusted = read(AccessReport(trust=replace(NO_TRUST, mfa=True)))
    cause = asked(SUITE, ONE, access=trusted)
    assert cause.code == Cause.APPLICATION_BLOCKED
    assert (cause.values["templates"], change_for(cause)) == ([], (Changer.OUR_ADMINS, Action.ADD_APPLICATION))
    assert cause.values["nearest"] == {
        "name": "One",
        "risk": "low",
        "is_high_risk": False,
        "ends": ["Portal"],
        "ends_count": 1,
        "only": [],
        "ends_trust": ["accept_mfa"],
        "fills": [],
    }
    assert asked(SUITE).values["nearest"] is None


@pytest.mark.parametrize("access", [None, read(UNREAD), read(AccessReport())])
def test_a_trust_that_is_not_known_is_not_said_to_end(access: Any) -> None:
    hidden = ListedApplications(is_allow_list=True, ids=(PORTAL,))
    nearest = asked(ONE, access=access, listed=hidden).values["nearest"]
    assert (nearest["ends_trust"], nearest["ends"], nearest["ends_count"]) == ([], [], 1)


@pytest.mark.parametrize(
    ("template", "only"), [(SUITE, ["office365"]), (ONE, ["Portal"]), (ALL, []), (OfferedTemplate(name="N"), [])]
)
def test_where_all_are_allowed_a_template_for_some_narrows(template: OfferedTemplate, only: list[str]) -> None:
    accepting = replace(template, accepts=MFA, opens_channels=True)
    about = {"application": application()} if only == ["Portal"] else {}
    offers = accepting_offers(facts(templates=(accepting,), **about), [MFA])
    assert [offer["only"] for offer in offers] == ([only] if template.name != "N" else [])
    for offer in offers:
        assert (offer["ends"], offer["ends_count"]) == ((["AllApplications"], None) if only else ([], 0))


def test_what_takes_nothing_away_comes_first_also_with_more_risk() -> None:
    """The others say all that they would end, by name."""
    archive = OfferedTemplate(name="Archive", accepts=MFA, applications=frozenset({PORTAL, ARCHIVE}))
    weak = OfferedTemplate(name="Weak", accepts=MFA, applications=frozenset({PORTAL}), settings=1)
    every = replace(ALL, accepts=MFA)
    named = {"template_names": {ARCHIVE: "Archive"}, "application": application()}
    offers = accepting_offers(facts(templates=(archive, weak, every), **named), [MFA])
    assert [(one["name"], one["only"]) for one in offers] == [
        ("All", []),
        ("Archive", ["Portal", "Archive"]),
        ("Weak", ["Portal"]),
    ]
    unnamed = accepting_offers(facts(templates=(archive, weak), application=application()), [MFA])
    assert unnamed_applications({"templates": unnamed, "nearest": unnamed[0]}) == (ARCHIVE,)
    assert unnamed_applications({}) == ()
    chosen = replace(ONE, accepts=MFA)
    assert accepting_offers(facts(templates=(chosen,)), [MFA])[0]["only"] == [""], "which one, the requester says"


def test_a_placeholder_beside_fixed_applications_keeps_what_is_allowed_now() -> None:
    """It is filled with the application asked about, or with an allowed one that the template does not name."""
    beside = OfferedTemplate(name="Beside", applications=frozenset({ARCHIVE}), placeholders=1)
    (offer,) = asked(beside).values["templates"]
    assert (offer["name"], offer["fills"], offer["ends"]) == ("Beside", ["Portal"], [])
    fixed = OfferedTemplate(name="Fixed", applications=frozenset({PORTAL}), placeholders=1)
    (offer,) = asked(fixed).values["templates"]
    assert (offer["fills"], offer["ends"]) == ([], [])
    both_listed = ListedApplications(is_allow_list=True, ids=(PORTAL, "0a"), names=("Portal", "Other"))
    cause = asked(beside, listed=both_listed)
    assert (cause.values["templates"], cause.values["nearest"]["ends"]) == ([], ["Other"])
    two = replace(beside, placeholders=2)
    assert asked(two, listed=both_listed).values["templates"][0]["fills"] == ["Portal", "Other"]


def test_a_list_of_blocked_applications_names_no_templates() -> None:
    listed = ListedApplications(is_allow_list=False, ids=(ARCHIVE,))
    blocked = {**both("allowed"), "applications": both("blocked", application=ARCHIVE)["applications"]}
    cause = asked(ONE, listed=listed, configuration=read({"b2bCollaborationInbound": blocked}))
    assert cause.code == Cause.APPLICATION_BLOCKED
    assert "templates" not in cause.values
    assert change_for(cause).action is Action.REQUEST_ACCESS
