"""`/partner diagnose` in Slack: the help desk learns no name of our own objects that it does not know."""

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from bot.slack import ids
from bot.slack.blocks.message import Message
from bot.slack.flows.revoke.guest_form import accounts_view
from bot.slack.flows.show.diagnose import DiagnoseFlow
from bot.slack.flows.show.diagnosis import diagnosis_message, side_message
from bot.slack.payloads.button_values import parse_accounts_value
from tests.workflows.app.evidence.diagnosis.recorded import Recorded
from tests.workflows.core.builders import DANA, NOW, TENANT, identity, partnership, request
from tests.workflows.core.posture.diagnosis.read_facts import DEFAULT, MARIA, both, facts, log, read, signed_in
from tests.workflows.fakes import HOME, FakeTenant, FixedClock
from workflows.app.evidence.diagnosis.gathering import Diagnoser
from workflows.app.evidence.diagnosis.permission import DiagnosisLevel
from workflows.core.partners.partnership import Partnership
from workflows.core.people import ChatId
from workflows.core.plans.accounts import AccountChange
from workflows.core.policy.reviews.access_test import AccessAnswer, AccessFailure, AccessOutcome, AccessTest
from workflows.core.policy.reviews.terms import USUAL_LIMITS
from workflows.core.policy.risk import RiskLevel
from workflows.core.posture.diagnosis.diagnosing import diagnose
from workflows.core.posture.diagnosis.facts import OfferedTemplate, PartnerRecord
from workflows.core.requests.request import RequestState
from workflows.core.settings.model import TargetType, TenantId
from workflows.ports.tenant_settings import FoundObject, ObjectKind

NAMES = ("Contractor portal", "Contractor payroll", "Archive")


class Answers:
    """Keeps the answer."""

    def __init__(self) -> None:
        self.answer = ""
        self.named = ""

    async def answer_later(self, _: Any, command: Any, build: Any) -> None:
        """Build the answer at once."""
        message: Message = await build(command)
        self.answer = json.dumps([message.text, message.blocks], ensure_ascii=False)

    async def answer_click(self, _: Any, click: Any, build: Any, *, target: TenantId, named: str) -> None:
        """Build the answer at once, and keep what the lookup is recorded to be about."""
        await self.answer_later(None, click, lambda _: build())
        self.named = named or target


class Permission:
    """Gives everybody one level."""

    def __init__(self, level: DiagnosisLevel, *records: Partnership) -> None:
        self._level = level
        self._records = records

    async def find_records(self, _: str) -> tuple[Partnership, ...]:
        """The records of the partner."""
        return self._records

    async def level(self, *_: Any) -> DiagnosisLevel:
        """The level."""
        return self._level

    async def admins(self) -> frozenset[ChatId]:
        """Two."""
        return frozenset({ChatId("U0AMARA"), ChatId("U0BRUNO")})


async def answer(
    level: DiagnosisLevel,
    application: str,
    *,
    address: str = "maria@contoso.com",
    records: Recorded = Recorded(),  # noqa: B008 - frozen
) -> str:
    tenant, answers, permission = FakeTenant(), Answers(), Permission(level)
    tenant.tenant_settings.objects[TargetType.APPLICATION] = [
        FoundObject(id=f"5f0a1b2c-000{number}-4d3e-8f90-a1b2c3d4e5f6", name=name, mail="", kind=ObjectKind.APPLICATION)
        for number, name in enumerate(NAMES)
    ]
    tenant.add_tenant(identity(), "contoso.com")
    tenant.default = {**DEFAULT}
    diagnoser = Diagnoser(tenant=tenant, records=records, clock=FixedClock())
    inside: Any = {"answers": answers, "permission": permission, "diagnoser": diagnoser}
    command: Any = SimpleNamespace(actor=DANA.chat_id, argument=f"{address} {application}")
    await DiagnoseFlow(**inside).diagnose(inside, command)
    return answers.answer


@pytest.mark.parametrize("typed", ["Con", "Contractor p", "Portal", "Arch", "x", ""])
async def test_the_help_desk_does_not_learn_names_by_how_they_begin(typed: str) -> None:
    said = await answer(DiagnosisLevel.STEPS, typed)
    assert [name for name in NAMES if name in said and name != typed] == []


async def test_an_application_is_found_by_its_whole_name_and_for_admins_by_how_it_begins() -> None:
    for level in (DiagnosisLevel.WHOLE, DiagnosisLevel.STEPS):
        assert "Contractor portal" in await answer(level, "contractor PORTAL")
    assert "Archive" in await answer(DiagnosisLevel.WHOLE, "arch")
    several = await answer(DiagnosisLevel.WHOLE, "contractor")
    assert all(name in several for name in NAMES[:2])


async def test_what_was_taken_for_the_typed_name_is_said() -> None:
    said = await answer(DiagnosisLevel.WHOLE, "the portals of contractors")
    assert "Did you mean Contractor portal" in said
    assert "Contractor portal (you wrote “the Contractor-Portal”)" in await answer(
        DiagnosisLevel.STEPS, "the Contractor-Portal"
    )


async def test_a_mistyped_domain_names_the_partner_to_admins_and_the_help_desk_only() -> None:
    meant = "Did you mean contoso.com? Ask again: /partner diagnose maria@contoso.com"
    for level in DiagnosisLevel:
        said = await answer(level, "", address="maria@contoso.co", records=Recorded(partnerships=[partnership()]))
        assert (meant in said) is (level is not DiagnosisLevel.SIDE)


def buttons(message: Message) -> list[str]:
    """The labels of the buttons."""
    rows = [block["elements"] for block in message.blocks if block["type"] == "actions"]
    return [element["text"]["text"] for row in rows for element in row]


BLOCKED = {"configuration": read({"b2bCollaborationInbound": both("blocked")})}
DISABLED = {"accounts": read((replace(MARIA, is_enabled=False),))}
WAITING = {"waiting": (request(RequestState.AWAITING_APPROVAL),)}


@pytest.mark.parametrize(
    ("changes", "for_admin", "for_help_desk"),
    [
        (BLOCKED, ["Request access"], ["Request access"]),
        ({**BLOCKED, **WAITING}, ["Details of the request"], ["Details of the request"]),
        ({**BLOCKED, "waiting": (request(RequestState.PREPARING),)}, [], []),
        ({**BLOCKED, "record": PartnerRecord(closed_state="suspended")}, ["Lift suspension"], []),
        ({**BLOCKED, "record": PartnerRecord(closed_state="revoked")}, ["Request access"], ["Request access"]),
        ({**BLOCKED, "record": PartnerRecord(has_drifted=True)}, ["Restore"], ["Restore"]),
        (DISABLED, ["Show guests"], []),
        ({**DISABLED, "enables_accounts": True}, ["Enable account…", "Show guests"], []),
        (
            {**DISABLED, "enables_accounts": True, "enabling": (request(RequestState.AWAITING_APPROVAL),)},
            ["Details of the request", "Show guests"],
            ["Details of the request"],
        ),
        ({**DISABLED, "enabling": (request(RequestState.PREPARING),)}, ["Show guests"], []),
        ({"sign_ins": read(log(signed_in(500212)))}, ["Partner setup"], ["Partner setup"]),
        ({"sign_ins": read(log(signed_in(90071)))}, ["Request access"], ["Request access"]),
        ({"sign_ins": read(log())}, ["Partner setup"], ["Partner setup"]),
        ({}, [], []),
        ({"accounts": read(())}, [], []),
    ],
)
def test_the_button_for_the_first_cause_is_there_where_this_person_can_use_it(
    changes: dict[str, Any], for_admin: list[str], for_help_desk: list[str]
) -> None:
    diagnosis = diagnose(facts(**changes))
    assert buttons(diagnosis_message(diagnosis, is_admin=True)) == for_admin
    assert buttons(diagnosis_message(diagnosis, is_admin=False)) == for_help_desk


def test_a_disabled_account_is_enabled_in_a_window_about_this_person_only() -> None:
    shown = diagnosis_message(diagnose(facts(**DISABLED, enables_accounts=True)), is_admin=True)
    (row,) = [block for block in shown.blocks if block["type"] == "actions"]
    assert row["elements"][0]["action_id"] == ids.ACCOUNTS_ENABLE
    tenant_id, address = parse_accounts_value(row["elements"][0]["value"])
    assert (tenant_id, address) == (TENANT, "maria@contoso.com")
    view = accounts_view(identity(), AccountChange.ENABLE, USUAL_LIMITS, address=address)
    blocks = {block.get("block_id"): block for block in view["blocks"]}
    assert blocks[ids.ACCOUNTS_WHICH]["element"]["initial_option"]["value"] == "listed"
    assert blocks[ids.ACCOUNTS_LIST]["element"]["initial_value"] == "maria@contoso.com"
    assert parse_accounts_value(TENANT) == (TENANT, "")
    usual = str(accounts_view(identity(), AccountChange.ENABLE, USUAL_LIMITS))
    assert "initial_value" not in usual


@pytest.mark.parametrize(
    ("count", "named", "counted"), [(1, 1, ""), (3, 3, ""), (4, 0, "(4 people)"), (0, 0, ""), (None, 0, "")]
)
def test_an_admin_reads_who_the_admins_are(count: int | None, named: int, counted: str) -> None:
    """Only where an admin is the one who can change it."""
    admins = None if count is None else frozenset(ChatId(f"U{number}") for number in range(count))
    shown = json.dumps(diagnosis_message(diagnose(facts(**DISABLED)), is_admin=True, admins=admins).blocks)
    assert shown.count("user_id") == named
    assert counted in shown
    blocked = json.dumps(diagnosis_message(diagnose(facts(**BLOCKED)), is_admin=True, admins=admins).blocks)
    assert "user_id" not in blocked


def test_a_sponsor_sees_what_waits_and_no_cause() -> None:
    shown = side_message(diagnose(facts(**BLOCKED, **WAITING)))
    assert buttons(shown) == ["Details of the request"]
    assert "is open: waiting for approval" in json.dumps(shown.blocks)
    assert "blocked" not in json.dumps(shown.blocks)


async def find_the_cause(level: DiagnosisLevel, address: str) -> tuple[str, str]:
    """Click on Find the cause of a failure that names an address. Return the answer, and what is recorded."""
    tenant, answers = FakeTenant(), Answers()
    tenant.add_tenant(identity(), "contoso.com")
    tenant.add_tenant(replace(identity(), tenant_id=HOME, default_domain="fourthcoffee.com"), "fourthcoffee.com")
    tenant.default = {**DEFAULT}
    failure = AccessFailure(what="They cannot sign in.", address=address)
    no = AccessAnswer(question=1, outcome=AccessOutcome.FAILS, person=DANA, at=NOW, failure=failure)
    record = partnership(access_test=AccessTest(question=1, asked_at=NOW, answers=(no,)))
    diagnoser = Diagnoser(tenant=tenant, records=Recorded(), clock=FixedClock())
    inside: Any = {"answers": answers, "permission": Permission(level, record), "diagnoser": diagnoser}
    click: Any = SimpleNamespace(actor=DANA.chat_id, action=SimpleNamespace(value=f"{TENANT}:1"))
    await DiagnoseFlow(**inside).diagnose_failure(inside, click)
    return answers.answer, answers.named


async def test_the_cause_is_looked_for_and_recorded_for_the_person_whom_somebody_named() -> None:
    said, recorded = await find_the_cause(DiagnosisLevel.WHOLE, "maria@contoso.com")
    assert "maria@contoso.com" in said
    assert recorded == "maria@contoso.com"
    assert (await find_the_cause(DiagnosisLevel.WHOLE, ""))[1] == TENANT
    assert "maria@" not in (await find_the_cause(DiagnosisLevel.SIDE, "maria@contoso.com"))[0]


@pytest.mark.parametrize("address", ["dana@fourthcoffee.com", "maria@"])
async def test_with_an_address_of_our_own_domain_the_cause_is_that_of_the_partner(address: str) -> None:
    said, recorded = await find_the_cause(DiagnosisLevel.WHOLE, address)
    assert "contoso.com" in said
    assert recorded == address, "what was asked"


def test_request_access_names_the_access_that_removes_the_cause_and_none_where_none_is_known() -> None:
    def value(**known: Any) -> str:
        blocks = diagnosis_message(diagnose(facts(**known)), is_admin=True).blocks
        [asks] = [
            one for block in blocks for one in block.get("elements", []) if one.get("action_id") == "request_named"
        ]
        return str(asks["value"])

    weak = OfferedTemplate(name="Documents and chat as guests", applications=frozenset({"office365"}))
    strong = OfferedTemplate(name="Everything", applications=frozenset({"allapplications"}), risk=RiskLevel.HIGH)
    blocked = read({**DEFAULT, "b2bCollaborationInbound": both("blocked")})
    assert value(default=blocked, templates=(strong, weak)) == "contoso.com Documents and chat as guests"
    assert value(default=blocked) == "contoso.com"
    assert value(configuration=read({"b2bCollaborationInbound": both("blocked")}), templates=(weak,)) == "contoso.com"
