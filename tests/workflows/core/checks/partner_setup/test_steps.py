"""The partner's steps: exactly those that our settings need, as commands that are safe to copy."""

import json
import re
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.words.partner_setup.checklist import first_section, partner_notes, step_sections
from bot.words.partner_setup.state import missing_until, setup_words, usually_open_words
from bot.words.sentences import counted
from tests.workflows.core.builders import DANA, NOW, REDEEM_STEP, SAM, TENANT, access_plan
from tests.workflows.core.strategies import PROPERTY, partner_documents
from workflows.core.checks.consequences import Consequence, consequences
from workflows.core.checks.partner_setup.checklist import GraphCall, OurTenant, call_of, call_to_add_our_tenant, groups
from workflows.core.checks.partner_setup.clouds import CLOUDS, GLOBAL, cloud_of
from workflows.core.checks.partner_setup.confirmations import (
    Confirmation,
    confirmation_of,
    needed_steps,
    open_steps,
    valid_confirmations,
)
from workflows.core.checks.partner_setup.powershell import literal, quote
from workflows.core.checks.partner_setup.steps import PartnerSetup, StepKey, newly_required_steps, setup_of
from workflows.core.errors.facts import Fact
from workflows.core.settings.access_change import is_certainly_blocked
from workflows.core.settings.certainty import setting_doubts
from workflows.core.settings.documents import parse_setting, parse_targets, to_document
from workflows.core.settings.model import BLOCK_ALL, CLOSED, Property, TenantId

K = StepKey
ID: Final = "1b4f7c2e-0a5d-4f3b-9c61-2d8e7f5a9b03"
OTHER: Final = "1b4f7c2e-0a5d-4f3b-9c61-2d8e7f5a9b04"
US: Final = TenantId("6f1d2a34-9b0c-4f6e-8a57-2c1d0e9f4b11")
HOME: Final = OurTenant(tenant_id=US, domain="woodgrove.com", cloud=GLOBAL)
MICROSOFTS: Final[dict[str, Any]] = {"isServiceDefault": True}


def b2b(people: str = "AllUsers", application: str = "Office365", access: str = "allowed") -> dict[str, Any]:
    kind = "user" if people == "AllUsers" else "group"
    return {
        "usersAndGroups": {"accessType": access, "targets": [{"target": people, "targetType": kind}]},
        "applications": {"accessType": access, "targets": [{"target": application, "targetType": "application"}]},
    }


def keys(setup: PartnerSetup) -> list[StepKey]:
    return [step.key for step in setup.steps]


def the_step(setup: PartnerSetup, key: StepKey) -> Any:
    return next(step.required_settings for step in setup.steps if step.key is key)


@pytest.mark.parametrize(
    ("ours", "key", "theirs", "is_needed"),
    [
        ("b2bDirectConnectInbound", K.B2B_DIRECT_CONNECT_OUTBOUND, "b2bDirectConnectOutbound", True),
        ("b2bDirectConnectOutbound", K.B2B_DIRECT_CONNECT_INBOUND, "b2bDirectConnectInbound", True),
        ("b2bCollaborationInbound", K.B2B_COLLABORATION_OUTBOUND, "b2bCollaborationOutbound", False),
        ("b2bCollaborationOutbound", K.B2B_COLLABORATION_INBOUND, "b2bCollaborationInbound", False),
    ],
)
def test_what_we_open_for_named_people_and_applications_they_open_for_the_same(
    ours: str, key: StepKey, theirs: str, is_needed: bool
) -> None:
    setup = setup_of({ours: b2b(ID, OTHER)}, MICROSOFTS)
    [step] = setup.steps
    assert (step.key, step.is_needed, step.required_settings) == (key, is_needed, {theirs: b2b(ID, OTHER)})
    assert setup.unreadable == ()
    assert setup.partner_object_ids == ((ID,) if ours.endswith("Inbound") else (OTHER,))
    assert setup_of({ours: b2b(access="blocked", application="AllApplications")}, MICROSOFTS) == PartnerSetup(steps=())


@pytest.mark.parametrize(
    ("flag", "key", "theirs"),
    [
        ("inboundAllowed", K.AUTOMATIC_REDEMPTION_OUTBOUND, "outboundAllowed"),
        ("outboundAllowed", K.AUTOMATIC_REDEMPTION_INBOUND, "inboundAllowed"),
    ],
)
def test_automatic_redemption_needs_the_opposite_flag(flag: str, key: StepKey, theirs: str) -> None:
    [step] = setup_of({"automaticUserConsentSettings": {flag: True}}, None).steps
    assert (step.key, step.is_needed) == (key, True)
    assert step.required_settings == {"automaticUserConsentSettings": {theirs: True}}
    assert setup_of({"automaticUserConsentSettings": {flag: False}}, MICROSOFTS).steps == ()


def test_synchronization_needs_their_outbound_redemption_and_a_job_whatever_our_own_flag_says() -> None:
    document = {"identitySynchronization": {"userSyncInbound": {"isSyncAllowed": True}}}
    assert keys(setup_of(document, MICROSOFTS)) == [K.AUTOMATIC_REDEMPTION_OUTBOUND, K.PROVISIONING_JOB]


def test_trust_is_one_sided_and_only_a_remark() -> None:
    setup = setup_of({"inboundTrust": {"isMfaAccepted": True, "isCompliantDeviceAccepted": False}}, MICROSOFTS)
    assert (setup.steps, setup.trusts) == ((), ("mfa",))
    [said] = partner_notes(setup)
    assert "You do not need to set anything for this" in said
    assert "multifactor authentication" in said


def test_what_is_inherited_asks_for_nothing_and_an_open_direct_connect_is_a_remark_to_us() -> None:
    """Nobody approved for this partner what our default opens to everybody."""
    default = {"b2bCollaborationInbound": b2b(), "b2bDirectConnectInbound": b2b()}
    setup = setup_of(None, default)
    assert (setup.steps, setup.opened_by_default) == ((), ("b2bDirectConnectInbound",))
    assert setup.unreadable_defaults == ("b2bDirectConnectOutbound",)
    nothing = {"tenantId": TENANT, "b2bDirectConnectInbound": {"usersAndGroups": None, "applications": None}}
    assert setup_of(nothing, {**MICROSOFTS, **default}).steps == ()
    assert setup_of(None, MICROSOFTS) == PartnerSetup(steps=())
    assert setup_of({"b2bCollaborationInbound": None}, {**MICROSOFTS, "b2bCollaborationInbound": b2b()}).steps == ()
    own = setup_of({"b2bDirectConnectInbound": b2b()}, {**MICROSOFTS, **default})
    assert (keys(own), own.opened_by_default) == ([K.B2B_DIRECT_CONNECT_OUTBOUND], ())
    closed = setup_of({"b2bDirectConnectInbound": to_document(BLOCK_ALL)}, {**MICROSOFTS, **default})
    assert (closed.steps, closed.opened_by_default) == ((), ())
    shut = {name: to_document(BLOCK_ALL) for name in ("b2bDirectConnectInbound", "b2bDirectConnectOutbound")}
    assert setup_of(None, shut) == PartnerSetup(steps=())


def test_what_could_not_be_read_is_said_and_never_nothing_to_do() -> None:
    connect = ("b2bDirectConnectInbound", "b2bDirectConnectOutbound")
    assert (setup_of(None, None).unreadable, setup_of(None, None).unreadable_defaults) == ((), connect)
    odd = {
        "b2bCollaborationInbound": {"usersAndGroups": "everybody"},
        "b2bDirectConnectInbound": to_document(BLOCK_ALL),
        "b2bDirectConnectOutbound": to_document(BLOCK_ALL),
        "automaticUserConsentSettings": {"inboundAllowed": "yes"},
        "identitySynchronization": {"userSyncInbound": "yes"},
    }
    setup = setup_of(odd, MICROSOFTS)
    assert setup.steps == ()
    assert set(setup.unreadable) == {
        "automaticUserConsentSettings.inbound",
        "automaticUserConsentSettings.outbound",
        "identitySynchronization",
        "b2bCollaborationInbound",
    }


@pytest.mark.parametrize("id", ["'; Remove-Item C:\\ #", "\u2019$(whoami)", "everybody"])
def test_an_id_that_is_none_never_becomes_a_command(id: str) -> None:
    setup = setup_of({"b2bDirectConnectInbound": b2b(application=id)}, MICROSOFTS)
    assert (setup.steps, setup.unreadable) == ((), ("b2bDirectConnectInbound",))
    empty = {**b2b(), "applications": {"accessType": "blocked", "targets": []}}
    assert setup_of({"b2bDirectConnectInbound": empty}, MICROSOFTS).unreadable == ("b2bDirectConnectInbound",)


def test_the_same_ids_in_another_order_or_case_want_the_same() -> None:
    rows = [{"target": one, "targetType": "application"} for one in (ID, OTHER)]
    one, other = (
        setup_of(
            {"b2bDirectConnectInbound": {**b2b(), "applications": {"accessType": "allowed", "targets": targets}}},
            MICROSOFTS,
        ).steps[0]
        for targets in (rows, [{**row, "target": row["target"].upper()} for row in reversed(rows)])
    )
    assert one.digest == other.digest
    assert one.digest != setup_of({"b2bDirectConnectInbound": b2b()}, MICROSOFTS).steps[0].digest


def test_a_partner_in_another_cloud_enables_ours_and_has_no_direct_connect() -> None:
    document = {"b2bDirectConnectInbound": b2b(), "b2bCollaborationInbound": b2b()}
    assert keys(setup_of(document, MICROSOFTS, is_cross_cloud=True)) == [
        K.MICROSOFT_CLOUD,
        K.B2B_COLLABORATION_OUTBOUND,
    ]
    closed = {name.value: to_document(setting) for name, setting in CLOSED.items()}
    assert setup_of(closed, MICROSOFTS, is_cross_cloud=True) == PartnerSetup(steps=())
    assert setup_of(None, MICROSOFTS, is_cross_cloud=True) == PartnerSetup(steps=()), "not added: nobody asked"
    assert keys(setup_of({"tenantId": TENANT}, MICROSOFTS, is_cross_cloud=True)) == [K.MICROSOFT_CLOUD]


def test_a_plan_asks_only_for_what_was_not_wanted_before() -> None:
    assert newly_required_steps(access_plan(), None) == (REDEEM_STEP,)
    wanted_already = {"tenantId": TENANT, "automaticUserConsentSettings": {"inboundAllowed": True}}
    assert newly_required_steps(access_plan(wanted_already), None) == ()


@PROPERTY
@given(partner_documents(TENANT))
def test_a_step_appears_exactly_where_our_side_is_open(document: dict[str, Any]) -> None:
    setup = setup_of(document, MICROSOFTS)
    found = set(keys(setup))
    for ours, key in (
        (Property.B2B_DIRECT_CONNECT_INBOUND, K.B2B_DIRECT_CONNECT_OUTBOUND),
        (Property.B2B_DIRECT_CONNECT_OUTBOUND, K.B2B_DIRECT_CONNECT_INBOUND),
        (Property.B2B_COLLABORATION_INBOUND, K.B2B_COLLABORATION_OUTBOUND),
        (Property.B2B_COLLABORATION_OUTBOUND, K.B2B_COLLABORATION_INBOUND),
    ):
        setting = parse_targets(ours, document[ours])
        is_unsure = bool(setting_doubts(setting))
        assert (key in found) is (setting is not None and not is_certainly_blocked(setting) and not is_unsure)
        assert (ours in setup.unreadable) is is_unsure
    redemption = document[Property.AUTOMATIC_REDEMPTION] or {}
    is_synchronized = (document[Property.IDENTITY_SYNCHRONIZATION] or {}).get("userSyncInbound") == {
        "isSyncAllowed": True
    }
    is_inbound = redemption.get("inboundAllowed") is True
    assert (K.AUTOMATIC_REDEMPTION_OUTBOUND in found) is (is_inbound or is_synchronized)
    assert (K.AUTOMATIC_REDEMPTION_INBOUND in found) is (redemption.get("outboundAllowed") is True)
    assert (K.PROVISIONING_JOB in found) is is_synchronized
    assert set(setup.unreadable) <= {name.value for name in Property}


@PROPERTY
@given(partner_documents(TENANT), st.booleans())
def test_every_call_is_one_that_this_program_could_read_back(document: dict[str, Any], is_abroad: bool) -> None:
    """Settings have Graph's names and concern only us; the text contains the same bytes."""
    setup = setup_of(document, MICROSOFTS, is_cross_cloud=is_abroad)
    written = step_sections(setup, HOME, is_cross_cloud=is_abroad)
    found = groups(setup.steps)
    has_usual = any(not step.is_needed for step in setup.steps)
    assert len(written) == len(found) + has_usual
    assert [step for group in found for step in group] == list(needed_steps(setup.steps))
    for group, section in zip(found, written, strict=False):
        call = call_of(group, HOME)
        assert json.dumps(call.body) in section.lines
        assert literal(call.body).isascii()
        for name, value in call.body.items():
            if group[0].required_settings:
                assert call.path.endswith(f"/partners/{US}")
                assert parse_setting(Property(name), value) is not None


def test_both_flags_of_automatic_redemption_are_one_section_and_one_call() -> None:
    document = {
        "automaticUserConsentSettings": {"inboundAllowed": True, "outboundAllowed": True},
        "b2bDirectConnectInbound": b2b(),
    }
    setup = setup_of(document, MICROSOFTS)
    both = {"automaticUserConsentSettings": {"outboundAllowed": True, "inboundAllowed": True}}
    redemption, _ = groups(setup.steps)
    assert call_of(redemption, HOME) == GraphCall("PATCH", f"/policies/crossTenantAccessPolicy/partners/{US}", both)
    written = step_sections(setup, HOME, is_cross_cloud=False)
    assert [one.heading for one in written] == [
        "1 and 2. Automatic redemption, outbound and Automatic redemption, inbound (needed)",
        "3. B2B direct connect, outbound (needed)",
    ]
    assert written[0].text.count("PATCH ") == 1
    assert "send both" not in written[0].text, "it is in the call"
    assert "Outbound access > Trust settings" in written[0].text
    assert "Inbound access > Trust settings" in written[0].text
    one_way = setup_of({"automaticUserConsentSettings": {"inboundAllowed": True}}, MICROSOFTS)
    [alone] = step_sections(one_way, HOME, is_cross_cloud=False)
    assert "send both" in alone.text


def test_what_is_usually_open_gets_no_call_that_would_narrow_it() -> None:
    setup = setup_of({"b2bCollaborationInbound": b2b(), "b2bCollaborationOutbound": b2b()}, MICROSOFTS)
    [usual] = step_sections(setup, HOME, is_cross_cloud=False)
    assert usual.heading == "Only if something does not work"
    assert not {"PATCH", "POST", "Update-Mg", "Graph:"} & set(re.findall(r"PATCH|POST|Update-Mg|Graph:", usual.text))
    assert "Organizational settings > woodgrove.com > Outbound access > B2B collaboration" in usual.text
    assert "Applications: must allow application Office365" in usual.text
    first = first_section(HOME, TENANT, is_cross_cloud=False, has_calls=False).text
    assert "Nothing has to be set on your side." in first
    assert "POST" not in first
    assert partner_notes(setup) == ()


@pytest.mark.parametrize("key", [key for key in K if not key.value.startswith("b2b_collaboration")])
def test_each_needed_step_says_what_is_missing_until_then(key: StepKey) -> None:
    step = replace(REDEEM_STEP, key=key)
    assert missing_until(step, (step,)).startswith("Until they set it, ")
    assert ("access works without it" in missing_until(step, (step,))) is key.value.startswith("automatic_redemption")
    job = replace(REDEEM_STEP, key=K.PROVISIONING_JOB)
    assert "synchronized" in missing_until(REDEEM_STEP, (REDEEM_STEP, job))


def test_the_checklist_says_where_in_the_portal_and_what_in_graph_and_powershell() -> None:
    document = {
        "b2bDirectConnectInbound": b2b(application=ID),
        "b2bCollaborationOutbound": b2b("AllUsers", "AllApplications"),
        "identitySynchronization": {"userSyncInbound": {"isSyncAllowed": True}},
    }
    setup = setup_of(document, MICROSOFTS)
    first = first_section(HOME, TENANT, is_cross_cloud=False).text
    assert "Settings for woodgrove.com in your Microsoft Entra tenant" in first
    assert f"Your tenant ID: {TENANT}" in first
    assert "Connect-MgGraph -Environment Global" in first
    assert call_to_add_our_tenant(HOME).body == {"tenantId": US}
    written = [section.text for section in step_sections(setup, HOME, is_cross_cloud=False)]
    _, connect, job, usual = written
    assert "(needed)" in connect
    assert "Organizational settings > woodgrove.com > Outbound access > B2B direct connect" in connect
    assert f"Applications: Allow access; applies to application {ID}" in connect
    assert "Users and groups: Allow access; applies to all users" in connect
    assert (
        f"Update-MgPolicyCrossTenantAccessPolicyPartner -CrossTenantAccessPolicyConfigurationPartnerTenantId '{US}'"
    ) in connect
    assert "By Microsoft's default your tenant allows this" in usual
    assert "must allow all applications" in usual
    assert "Cross-tenant synchronization > Configurations" in job
    assert f"CompanyId {US}" in job
    said = " ".join(partner_notes(setup))
    assert "P1 in both tenants" in said
    assert "Invoke-MgGraphRequest" in said
    assert partner_notes(PartnerSetup(steps=())) == ()
    named = setup_of({"b2bDirectConnectInbound": b2b(people=ID)}, MICROSOFTS)
    assert ID in " ".join(partner_notes(named))


def test_another_cloud_is_told_which_root_and_which_list_are_its_own() -> None:
    setup = setup_of({"b2bCollaborationInbound": b2b()}, MICROSOFTS, is_cross_cloud=True)
    home = replace(HOME, domain="", cloud=cloud_of("https://graph.microsoft.us/v1.0"))
    first, cloud = (
        first_section(home, TENANT, is_cross_cloud=True).text,
        step_sections(setup, home, is_cross_cloud=True)[0].text,
    )
    assert first.startswith(f"Settings for {US} in your")
    assert "https://YOUR-GRAPH/v1.0" in first
    assert "partner.microsoftonline" not in cloud
    assert '{"allowedCloudEndpoints": ["microsoftonline.us"]}' in cloud
    assert "Microsoft cloud settings > Microsoft Azure Government" in cloud
    assert (
        "Update-MgPolicyCrossTenantAccessPolicy -BodyParameter @{ allowedCloudEndpoints = @('microsoftonline.us') }"
        in cloud
    )
    assert "keep every cloud" in cloud


def test_a_cloud_is_known_by_its_graph_address() -> None:
    assert [cloud_of(f"{cloud.graph}/v1.0") for cloud in CLOUDS] == list(CLOUDS)
    assert cloud_of("http://127.0.0.1:8080/graph/v1.0") is GLOBAL


def test_powershell_literals_hold_what_is_inside_them() -> None:
    assert literal({"a": True, "b": [False, "x"]}) == "@{ a = $true; b = @($false, 'x') }"
    assert quote("it's \u2019$(x)\u2018") == "'it''s \u2019\u2019$(x)\u2018\u2018'"
    assert re.fullmatch(r"'[^']*'", quote("$(Get-Date) `n"))
    with pytest.raises(TypeError, match="no PowerShell literal for int"):
        literal({"a": 1})


def test_a_confirmation_counts_for_exactly_what_was_confirmed() -> None:
    [wide] = setup_of({"b2bDirectConnectInbound": b2b()}, MICROSOFTS).steps
    [narrow] = setup_of({"b2bDirectConnectInbound": b2b(application=ID)}, MICROSOFTS).steps
    said = Confirmation(step=wide.key, step_digest=wide.digest, person=SAM, at=NOW)
    assert confirmation_of(wide, (said,)) is said
    assert confirmation_of(narrow, (said,)) is None
    assert valid_confirmations((narrow,), (said,)) == ()
    assert valid_confirmations((wide,), (said,)) == (said,)
    assert open_steps((wide, REDEEM_STEP), (said,)) == (REDEEM_STEP,)


def test_the_state_is_said_in_one_line() -> None:
    [guests] = setup_of({"b2bCollaborationInbound": b2b()}, MICROSOFTS).steps
    said = Confirmation(step=REDEEM_STEP.key, step_digest=REDEEM_STEP.digest, person=DANA, at=NOW)
    assert setup_words((), ()) == ""
    assert setup_words((REDEEM_STEP,), ()) == (
        "Our side: done. Partner's side: not confirmed, 1 step (Gatehouse cannot see it)"
    )
    assert setup_words((REDEEM_STEP,), (said,)) == "Our side: done. Partner's side: confirmed (Gatehouse cannot see it)"
    assert setup_words((REDEEM_STEP, guests), (said,)) == setup_words((REDEEM_STEP,), (said,))
    assert setup_words((REDEEM_STEP, guests), ()) == setup_words((REDEEM_STEP,), ())
    assert setup_words((guests,), ()) == ""
    assert open_steps((guests,), ()) == ()
    job = replace(REDEEM_STEP, key=K.PROVISIONING_JOB)
    assert setup_words((REDEEM_STEP, job), (said,)) == (
        "Our side: done. Partner's side: 1 of 2 steps confirmed (Gatehouse cannot see it)"
    )
    assert usually_open_words((REDEEM_STEP, guests)) == (
        "Also open by Microsoft's default: their B2B collaboration, outbound. Check them if something does not work."
    )
    assert usually_open_words((REDEEM_STEP,)) == ""
    assert counted(1, "step") == "1 step"


def test_adding_a_partner_of_another_cloud_asks_for_the_cloud_too() -> None:
    """Until it is added it is blocked, whatever our default allows, so no step was needed before."""
    plan = replace(access_plan(), is_cross_cloud=True)
    for default in ({**MICROSOFTS, "b2bCollaborationInbound": b2b()}, MICROSOFTS, None):
        asked = [step.key for step in newly_required_steps(plan, default)]
        assert asked == [K.MICROSOFT_CLOUD, K.AUTOMATIC_REDEMPTION_OUTBOUND]
        assert Fact(Consequence.PARTNER_STEPS, {"count": 2, "is_applied": False}) in consequences(plan, default)
        added = replace(access_plan({"tenantId": TENANT}), is_cross_cloud=True)
        assert K.MICROSOFT_CLOUD not in [step.key for step in newly_required_steps(added, default)]
