"""The restore form: what can be put back, the difference from now and who decides; hostile text stays text."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from hypothesis import given, settings

from bot.slack import ids
from bot.slack.cards.partner_and_plan import MAX_FINDINGS
from bot.slack.flows.restore.form import (
    MAX_GROUP,
    Preview,
    RestoreFormContent,
    change_words,
    issues_view,
    restore_view,
)
from bot.slack.payloads.button_values import parse_restore_issues
from bot.slack.payloads.forms import parse_restore_form
from bot.slack.payloads.models import Interaction
from tests.bot import surfaces
from tests.bot.bot_under_test import SLACK_IDS, submission
from tests.bot.surfaces import Json, assert_sound, buttons, element, hostile_or_blank, hostile_request, shown
from tests.workflows.core.builders import NOW, RILEY, TENANT, closed_document, identity, request
from tests.workflows.core.partners.test_restoration import STRONG, template
from workflows.app.requests.restoration.restore_intake import RestoreForm
from workflows.core.checks.findings import Finding, FindingCode, Severity
from workflows.core.errors.raised import Refused
from workflows.core.partners.restoration.restoration_plan import plan_restoration
from workflows.core.plans.changes import plan_access_change
from workflows.core.plans.plan import TenantIdentity
from workflows.core.policy.template import stages_for
from workflows.core.requests.request import AccessRequest, RequestId, RequestKind, RequestState
from workflows.core.settings.canonical import JsonObject

CHANGE = request(RequestState.APPLIED, id=RequestId("R-AAAAAAAAAA"), confirmed_at=NOW)
BLANK = RestoreForm(
    requester=RILEY.chat_id, tenant_id=TENANT, restored_request_id="", justification="", sponsor=RILEY.chat_id, days=0
)
TRUSTED: JsonObject = {"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": True}}


def preview(now: JsonObject | None, earlier: JsonObject | None, *findings: Finding) -> Preview:
    plan = plan_restoration(tenant_id=TENANT, current_configuration=now, earlier_configuration=earlier)
    stages = stages_for(plan_access_change(plan), STRONG)
    return Preview(plan=plan, default=None, template=STRONG, stages=stages, findings=findings)


def view(*changes: AccessRequest, named: TenantIdentity | None = None, **more: Any) -> Json:
    usual = {"templates": (template("weak"), STRONG), "form": BLANK}
    return restore_view(
        RestoreFormContent(identity=named or identity(), changes=changes or (CHANGE,), **{**usual, **more})
    )


def test_the_form_names_the_target_first_and_asks_as_the_request_form_does() -> None:
    form = view()
    assert_sound(form)
    assert "Partner: contoso.com" in shown(form["blocks"][0])
    labels = [block["label"]["text"] for block in form["blocks"] if block["type"] == "input"]
    assert labels == ["Change to undo", "Justification", "Sponsor", "Duration"]
    assert (form["callback_id"], form["private_metadata"]) == (ids.RESTORE_ACCESS, TENANT)
    assert element(form, "sponsor")["initial_user"] == RILEY.chat_id
    [option] = element(form, "restores")["options"]
    assert shown(option["text"]) == "R-AAAAAAAAAA, applied Mar 1, 2027, Trusted partner, by Riley"
    assert "Choose a change" in shown(form["blocks"])


@pytest.mark.parametrize(
    ("state", "ended"),
    [
        (RequestState.FAILED, "failed, partly applied Mar 1, 2027"),
        (RequestState.STOPPED, "stopped, partly applied Mar 1, 2027"),
        (RequestState.OVERWRITTEN, "overwritten Mar 1, 2027"),
    ],
)
def test_how_a_change_ended_is_said_in_its_line(state: RequestState, ended: str) -> None:
    assert change_words(replace(CHANGE, state=state, confirmed_at=None)).startswith(f"R-AAAAAAAAAA, {ended}, ")


def test_without_a_change_there_is_nothing_to_send() -> None:
    empty = restore_view(RestoreFormContent(identity=identity(), changes=(), templates=(STRONG,), form=BLANK))
    assert_sound(empty)
    assert empty.get("submit") is None
    assert "no change of this partner to restore" in shown(empty["blocks"])


def test_the_difference_its_risk_and_who_decides_stand_below_the_choice() -> None:
    warning = Finding(
        code=FindingCode.TEXT, severity=Severity.WARNING, values={"text": "Left as it is."}, source="Graph"
    )
    form = view(
        form=replace(BLANK, restored_request_id=CHANGE.id, days=90),
        preview=preview(closed_document(), TRUSTED, warning),
    )
    assert_sound(form)
    said = shown(form["blocks"])
    for expected in (
        "Risk of this change: ",
        "What would change from now",
        "not trusted → trusted",
        "Left as it is.",
        "Security",
    ):
        assert expected in said
    assert "one approval is enough" not in said
    assert element(form, "restores")["initial_option"]["value"] == CHANGE.id
    assert element(form, "duration")["initial_option"]["value"] == "90"


def test_a_narrowing_says_that_one_approval_is_enough() -> None:
    open_now = {**closed_document(), "inboundTrust": {"isMfaAccepted": True}}
    assert "one approval is enough" in shown(view(preview=preview(open_now, closed_document()))["blocks"])


def test_the_durations_are_those_of_the_chain_that_decides() -> None:
    long = replace(template("weak"), durations=(timedelta(days=7), timedelta(days=90)))
    before = view(templates=(long, STRONG))
    assert [option["value"] for option in element(before, "duration")["options"]] == ["7", "90"]
    after = view(templates=(long, STRONG), preview=preview(closed_document(), TRUSTED))
    assert [option["value"] for option in element(after, "duration")["options"]] == ["90"]
    assert element(after, "duration")["initial_option"]["value"] == "90", "the default of that chain"


def test_every_change_can_be_chosen_in_groups_that_slack_accepts() -> None:
    many = [replace(CHANGE, id=RequestId(f"R-{number:010}")) for number in range(1000)]
    form = view(*many, form=replace(BLANK, restored_request_id=many[-1].id))
    assert_sound(form)
    groups = element(form, "restores")["option_groups"]
    assert [len(group["options"]) for group in groups] == [MAX_GROUP] * 10
    assert groups[1]["label"]["text"] == "Changes 101 to 200 of 1000, newest first"
    assert element(form, "restores")["initial_option"]["value"] == many[-1].id
    assert "options" not in element(form, "restores")
    assert len(element(view(*many[:MAX_GROUP]), "restores")["options"]) == MAX_GROUP


def test_findings_that_the_form_only_counts_can_be_opened_page_by_page() -> None:
    warnings = [
        Finding(code=FindingCode.TEXT, severity=Severity.WARNING, values={"text": f"Result {n}."}, source="Graph")
        for n in range(MAX_FINDINGS + 5)
    ]
    chosen = replace(BLANK, restored_request_id=CHANGE.id)
    few = view(form=chosen, preview=preview(closed_document(), TRUSTED, *warnings[:MAX_FINDINGS]))
    assert ids.SHOW_RESTORE_ISSUES not in buttons(few["blocks"])
    form = view(form=chosen, preview=preview(closed_document(), TRUSTED, *warnings))
    assert_sound(form)
    assert "and 5 more" in shown(form["blocks"])
    value = buttons(form["blocks"])[ids.SHOW_RESTORE_ISSUES]
    assert parse_restore_issues(value) == (TENANT, CHANGE.id, False, 0)
    told = ""
    for page in (0, 1):
        opened = issues_view(identity(), chosen, warnings, page)
        assert_sound(opened)
        told += shown(opened["blocks"])
    assert all(f"Result {n}." in told for n in range(len(warnings)))
    assert parse_restore_issues(buttons(opened["blocks"])[ids.RESTORE_ISSUES_PREVIOUS])[3] == 0
    for wrong in ("", TENANT, f"{TENANT}:R-1:0", f"{TENANT}:{CHANGE.id}:-1", f"x:{CHANGE.id}:0"):
        with pytest.raises(Refused):
            parse_restore_issues(wrong)


@settings(max_examples=60, deadline=None)
@given(text=hostile_or_blank)
def test_hostile_text_stays_text(text: str) -> None:
    change = replace(hostile_request(RequestState.APPLIED, RequestKind.RESTORATION, text), id=RequestId("R-AAAAAAAAAA"))
    named = surfaces.hostile_identity(text)
    form = replace(BLANK, restored_request_id=change.id, justification=text)
    finding = Finding(code=FindingCode.TEXT, severity=Severity.WARNING, values={"text": text}, source=text)
    for more in ({"problem": text}, {"preview": preview(closed_document(), TRUSTED, finding)}):
        assert_sound(view(change, named=named, form=form, **more))
    assert len(change_words(change)) < 5000 + len(text)


# --- what comes back ---


def restore_click(restores: str, metadata: str = TENANT) -> Interaction:
    values = {
        "restores": {"restores": {"selected_option": {"value": restores}}},
        "justification": {"justification": {"value": "By mistake"}},
        "sponsor": {"sponsor": {"selected_user": SLACK_IDS["approver1"]}},
        "duration": {"duration": {"selected_option": {"value": "90"}}},
    }
    return Interaction.model_validate(submission("requester", ids.RESTORE_ACCESS, metadata, values))


def test_the_form_is_read_as_it_was_filled_in() -> None:
    assert parse_restore_form(restore_click("R-AAAAAAAAAA")) == RestoreForm(
        requester=cast(Any, SLACK_IDS["requester"]),
        tenant_id=TENANT,
        restored_request_id="R-AAAAAAAAAA",
        justification="By mistake",
        sponsor=cast(Any, SLACK_IDS["approver1"]),
        days=90,
    )


@pytest.mark.parametrize("said", ["", "R-1", "r-aaaaaaaaaa", "R-AAAAAAAAAA; drop table", "<!channel>"])
def test_what_is_no_request_is_not_treated_as_one(said: str) -> None:
    assert parse_restore_form(restore_click(said)).restored_request_id == ""


def test_a_window_that_names_no_tenant_is_refused() -> None:
    with pytest.raises(Refused):
        parse_restore_form(restore_click("R-AAAAAAAAAA", "not a tenant"))


def test_the_cloud_of_a_partner_in_another_one_is_counted_among_its_steps() -> None:
    shared: JsonObject = {"tenantId": TENANT, "automaticUserConsentSettings": {"inboundAllowed": True}}
    here = preview(closed_document(), shared)
    abroad = replace(here, plan=replace(here.plan, is_cross_cloud=True))
    said = shown(view(form=replace(BLANK, restored_request_id=CHANGE.id), preview=abroad)["blocks"])
    assert "Partner setup: 2 steps for the partner's administrator" in said
