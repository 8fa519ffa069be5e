"""What a diagnosis reads: also our records of the partner, and the sign-in of a person of a shared channel."""

from dataclasses import replace
from typing import Any

import pytest

from tests.workflows.app.evidence.diagnosis.recorded import Recorded
from tests.workflows.core.builders import NOW, TENANT, identity, partnership, request
from tests.workflows.core.posture.diagnosis.read_facts import DEFAULT, MARIA, both
from tests.workflows.core.posture.watch.drifts import drift
from tests.workflows.fakes import FakeTenant, FixedClock
from workflows.app.evidence.diagnosis.gathering import Diagnoser
from workflows.app.evidence.diagnosis.subject import parse_subject
from workflows.core.checks.conditional_access.controls import VisitorType
from workflows.core.checks.tenant_facts import AccountDisabling
from workflows.core.errors.facts import Fact
from workflows.core.posture.diagnosis.diagnosing import change_for
from workflows.core.posture.diagnosis.steps import Action, Cause, Diagnosis, Note, StepResult
from workflows.core.requests.request import RequestKind, RequestState
from workflows.core.settings.model import TenantId


def contoso(**settings: Any) -> FakeTenant:
    """A tenant with these settings for Contoso."""
    tenant = FakeTenant()
    tenant.add_tenant(identity(), "contoso.com")
    tenant.default = dict(DEFAULT)
    tenant.partners[TENANT] = {"tenantId": TENANT, **settings}
    return tenant


async def diagnosed(tenant: FakeTenant, records: Recorded, subject: str = "maria@contoso.com") -> Diagnosis:
    diagnoser = Diagnoser(tenant=tenant, records=records, clock=FixedClock())
    return await diagnoser.diagnose(parse_subject(subject))


BLOCKED = {"b2bCollaborationInbound": both("blocked")}


@pytest.mark.parametrize(
    ("records", "action"),
    [
        (Recorded(), Action.REQUEST_ACCESS),
        (Recorded(found=drift()), Action.REQUEST_ACCESS),
        (Recorded(partnerships=[partnership()]), Action.REQUEST_ACCESS),
        (Recorded(partnerships=[partnership()], found=drift()), Action.RESTORE),
        (Recorded(partnerships=[partnership()], found=replace(drift(), ended_at=NOW)), Action.REQUEST_ACCESS),
    ],
)
async def test_settings_that_were_changed_after_the_approval_are_restored(records: Recorded, action: Action) -> None:
    diagnosis = await diagnosed(contoso(**BLOCKED), records)
    assert diagnosis.first is not None
    assert diagnosis.first.cause is not None
    assert change_for(diagnosis.first.cause).action is action


async def test_what_waits_for_the_partner_is_mentioned_also_for_a_new_one() -> None:
    waiting = request(RequestState.AWAITING_APPROVAL)
    diagnosis = await diagnosed(contoso(**BLOCKED), Recorded(requests=[waiting]))
    assert diagnosis.waiting == (waiting,)
    elsewhere = await diagnosed(contoso(), Recorded(requests=[waiting]), "a@nowhere.example.com")
    assert elsewhere.waiting == ()


async def test_requests_of_others_and_changes_of_accounts_do_not_wait_for_this_partner() -> None:
    """One without a plan may be about any partner; only what was read for it says about which."""
    waiting = request(RequestState.AWAITING_APPROVAL)
    read = waiting.require_prepared().observation
    unread = request(RequestState.PREPARING, prepared=None, observation=None)
    seen = replace(unread, observation=read)
    other = replace(identity(), tenant_id=TenantId("99999999-1c1f-4a8a-9d30-1d2f00c0ffee"))
    elsewhere = replace(unread, observation=replace(read, identity=other))
    accounts = replace(waiting, fields=replace(waiting.fields, kind=RequestKind.ENABLE_GUESTS))
    records = Recorded(requests=[unread, elsewhere, accounts, seen])
    assert (await diagnosed(contoso(**BLOCKED), records)).waiting == (seen,)


async def test_a_person_of_a_shared_channel_signs_in_without_an_account() -> None:
    tenant = contoso(**BLOCKED, b2bDirectConnectInbound=both("allowed"))
    tenant.tenant_settings.policies.append(
        {
            "id": "p",
            "displayName": "MFA",
            "state": "enabled",
            "conditions": {"users": {"includeUsers": ["All"]}, "applications": {"includeApplications": ["All"]}},
            "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
        }
    )
    diagnosis = await diagnosed(tenant, Recorded())
    assert {question.visitor for question in tenant.tenant_settings.evaluated} == {VisitorType.DIRECT_CONNECT}
    assert [note.code for note in diagnosis.steps[1].notes] == [Note.CHANNELS_ONLY, Note.ANY_APPLICATION]
    assert diagnosis.steps[3].result is StepResult.NOT_KNOWN


async def test_entras_log_is_asked_who_disabled_an_account_and_only_then() -> None:
    tenant = contoso()
    maria = replace(MARIA, is_enabled=False)
    tenant.tenant_settings.address_accounts = [maria]
    tenant.tenant_settings.disabling = AccountDisabling(by="chie@woodgrove.com", at=NOW)
    first = (await diagnosed(tenant, Recorded())).first
    assert first is not None
    assert first.cause == Fact(
        Cause.ACCOUNT_DISABLED, {"by": "chie@woodgrove.com", "at": NOW.isoformat(), "enables": False}
    )
    tenant.tenant_settings.address_accounts = [MARIA]
    assert (await diagnosed(tenant, Recorded())).first is None


async def test_an_open_request_to_enable_the_account_is_found_while_it_is_disabled() -> None:
    usual = request(RequestState.PREPARING, prepared=None, observation=None)
    fields = replace(usual.fields, kind=RequestKind.ENABLE_GUESTS, target=TENANT, accounts=(MARIA.id,))
    enabling = replace(usual, fields=fields)
    tenant = contoso()
    tenant.tenant_settings.address_accounts = [replace(MARIA, is_enabled=False)]
    diagnosis = await diagnosed(tenant, Recorded(requests=[enabling, usual]))
    assert (diagnosis.enabling, diagnosis.waiting) == ((enabling,), ())
    tenant.tenant_settings.address_accounts = [MARIA]
    assert (await diagnosed(tenant, Recorded(requests=[enabling]))).enabling == ()


async def test_the_name_of_an_application_is_read_that_a_policy_is_about() -> None:
    tenant = contoso()
    app_id = "5f0a1b2c-0077-4d3e-8f90-a1b2c3d4e5f6"
    tenant.tenant_settings.names[app_id] = "Invoice desk"
    tenant.tenant_settings.policies.append(
        {
            "id": "p",
            "displayName": "Desk",
            "state": "enabled",
            "conditions": {"users": {"includeUsers": ["All"]}, "applications": {"includeApplications": [app_id]}},
            "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
        }
    )
    notes = (await diagnosed(tenant, Recorded())).steps[5].notes
    assert [one.values["applications"] for one in notes if "applications" in one.values] == [["Invoice desk"]], notes


@pytest.mark.parametrize(
    ("subject", "suggests", "meant"),
    [
        ("maria@contoso.co", True, ("contoso.com",)),
        ("maria@contosso.com", True, ("contoso.com",)),
        ("contoso.co", True, ("contoso.com",)),
        ("maria@unlike.example.com", True, ()),
        ("maria@contoso.co", False, ()),
        ("maria@contoso.com", True, ()),
    ],
)
async def test_a_domain_that_nobody_has_may_be_a_mistyped_one_of_a_partner(
    subject: str, *, suggests: bool, meant: tuple[str, ...]
) -> None:
    records = Recorded(partnerships=[partnership()])
    diagnoser = Diagnoser(tenant=contoso(), records=records, clock=FixedClock(), suggests_partners=suggests)
    assert (await diagnoser.diagnose(parse_subject(subject))).meant_domains == meant
