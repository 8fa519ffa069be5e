"""What is different since the plan that an approver saw, in words."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.words.requests.revision import RevisedLine, revision_lines
from tests.workflows.core.builders import DANA, STAGES, TENANT, access_plan, particulars, prepared, request
from tests.workflows.core.partners.test_adopted import adopted, adoption, adoption_plan
from workflows.core.plans.drift import DefaultDrift, Drift
from workflows.core.requests.request import PreparedRequest
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.documents import to_document
from workflows.core.settings.model import BLOCK_ALL

TRUST = "Trust in the partner's MFA"


def test_a_first_plan_and_an_unchanged_one_have_no_difference() -> None:
    assert revision_lines(request()) == ()
    assert revision_lines(request(previously_shown=prepared())) == ()


def test_a_setting_that_somebody_changed_is_told_as_seen_and_as_it_is() -> None:
    plan = access_plan({"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": False}})
    [line] = revision_lines(request(previously_shown=prepared(), prepared=prepared(plan=plan)))
    assert line == RevisedLine(TRUST, "the tenant's default (value not known)", "not trusted", "trusted")


def test_what_is_set_already_is_not_changed_by_the_new_plan() -> None:
    plan = access_plan({"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": True}})
    lines = revision_lines(request(previously_shown=prepared(), prepared=prepared(plan=plan)))
    assert (lines[0].subject, lines[0].now) == (TRUST, "not in the plan")


def test_what_others_opened_and_no_plan_writes_is_told() -> None:
    """It stays after the approval, and no line of the plan shows it."""
    opened = {
        "usersAndGroups": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]},
        "applications": {
            "accessType": "allowed",
            "targets": [{"target": "AllApplications", "targetType": "application"}],
        },
    }
    default = {"b2bDirectConnectInbound": to_document(BLOCK_ALL), "inboundTrust": {"isMfaAccepted": False}}
    configuration = {"tenantId": TENANT, "b2bDirectConnectInbound": opened}
    was = prepared(observation=replace(prepared().observation, default=default))
    now = prepared(observation=replace(was.observation, configuration=configuration), plan=access_plan(configuration))
    [line] = revision_lines(request(previously_shown=was, prepared=now))
    assert line == RevisedLine(
        "B2B direct connect, inbound (changed outside Gatehouse, stays if you approve)",
        "blocked for everyone",
        "everyone from the partner may use every application",
        stays_open=True,
    )


def test_a_group_with_another_name_is_no_change() -> None:
    group = "b6b7c8d9-0000-4000-8000-000000000001"
    configuration = {
        "tenantId": TENANT,
        "b2bCollaborationOutbound": {
            "usersAndGroups": {"accessType": "allowed", "targets": [{"target": group, "targetType": "group"}]},
            "applications": {
                "accessType": "allowed",
                "targets": [{"target": "AllApplications", "targetType": "application"}],
            },
        },
    }
    observed = replace(prepared().observation, configuration=configuration)
    was = prepared(observation=observed, plan=access_plan(configuration), names={group: "Bridge project"})
    now = replace(was, names={group: "Bridge"})
    assert [line.subject for line in revision_lines(request(previously_shown=was, prepared=now))] == []


def test_a_changed_default_is_told_once() -> None:
    """Its line names the default; it is no change of the partner's own settings."""
    was = prepared(observation=replace(prepared().observation, default={"isServiceDefault": True}))
    default = {"isServiceDefault": True, "b2bDirectConnectInbound": to_document(BLOCK_ALL)}
    now = prepared(observation=replace(was.observation, default=default))
    assert [line.subject for line in revision_lines(request(previously_shown=was, prepared=now))] == []


def test_chain_template_duration_and_a_changed_default_are_told() -> None:
    now = prepared(
        stages=STAGES[:1],
        template_title="Guests",
        plan=replace(access_plan(), duration=None, ends_at=datetime(2027, 6, 1, tzinfo=UTC)),
    )
    drift = Drift(
        existed=True,
        exists=True,
        settings=(),
        defaults=(DefaultDrift(name="inboundTrust", before={"isMfaAccepted": False}, now={"isMfaAccepted": True}),),
    )
    found = revision_lines(request(previously_shown=prepared(), prepared=now, drift=drift))
    lines = {line.subject: (line.before, line.now) for line in found}
    assert lines["Approval policy"] == ("Security (1), then Data owners (2)", "Security (1)")
    assert lines["Access template"] == ("Trusted partner", "Guests")
    assert lines["Last day"] == ("not set", "May 31, 2027")
    assert lines["Duration"] == ("90 days", "no end")
    assert any(about.endswith("by the tenant's default") for about in lines)


def test_what_an_edit_changed_besides_the_settings_is_told() -> None:
    asked = replace(particulars(), justification=" ".join(f"w{at}" for at in range(40)), ticket="PRJ-1")
    wanted = replace(asked, justification=asked.justification.replace("w9", "other"), ticket="")
    edited = request(
        previously_shown=prepared(), prepared=prepared(sponsor=DANA), fields=wanted, previous_fields=asked, edits=()
    )
    lines = {line.subject: (line.before, line.now) for line in revision_lines(edited)}
    assert lines["Sponsor"] == ("Sam", "Dana")
    assert lines["Ticket"] == ("PRJ-1", "none")
    seen, now = lines["Justification"]
    assert seen.startswith("“… w6 w7 w8 w9 w10")
    assert now.startswith("“… w6 w7 w8 other w10")
    assert now.endswith("w30 …” (6 words before, 9 words after)")


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ("For May", "For June", ("“For May”", "“For June”")),
        ("For May", "For May and June", ("“For May”", "“For May and June”")),
        (
            " ".join(["same"] * 26),
            " ".join(["same"] * 27),
            (
                "“… same same same” (23 words before)",
                "“… same same same same” (23 words before)",
            ),
        ),
    ],
)
def test_a_long_justification_is_shown_from_where_it_differs(before: str, after: str, lines: tuple[str, str]) -> None:
    asked = replace(particulars(), justification=before)
    edited = request(previously_shown=prepared(), fields=replace(asked, justification=after), previous_fields=asked)
    assert revision_lines(edited) == (RevisedLine("Justification", *lines),)


@pytest.mark.parametrize("is_open_now", [True, False])
def test_an_adoption_tells_what_stood_and_what_stands(is_open_now: bool) -> None:
    """Its plan writes nothing, so no line of the plan has the setting."""

    def stands(is_trusted: bool) -> PreparedRequest:
        settings: JsonObject = {"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": is_trusted}}
        plan = adoption_plan(before=settings)
        return replace(adopted(), plan=plan, observation=replace(adopted().observation, configuration=settings))

    changed = adoption(previously_shown=stands(not is_open_now), prepared=stands(is_open_now))
    words = ("not trusted", "trusted") if is_open_now else ("trusted", "not trusted")
    assert RevisedLine(TRUST, *words) in revision_lines(changed)
    assert all("not in the plan" not in f"{line}" for line in revision_lines(changed))
