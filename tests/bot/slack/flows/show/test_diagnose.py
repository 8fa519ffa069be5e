"""`/partner diagnose` in Slack: the help desk learns no name of our own objects that it does not know."""

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from bot.slack.blocks.message import Message
from bot.slack.flows.show.diagnose import DiagnoseFlow
from bot.slack.flows.show.diagnosis import diagnosis_message, side_message
from tests.workflows.app.evidence.diagnosis.recorded import Recorded
from tests.workflows.core.builders import DANA, identity, request
from tests.workflows.core.posture.diagnosis.read_facts import DEFAULT, MARIA, both, facts, log, read, signed_in
from tests.workflows.fakes import FakeTenant, FixedClock
from workflows.app.evidence.diagnosis.gathering import Diagnoser
from workflows.app.evidence.diagnosis.permission import DiagnosisLevel
from workflows.core.posture.diagnosis.diagnosing import diagnose
from workflows.core.posture.diagnosis.facts import PartnerRecord
from workflows.core.requests.request import RequestState
from workflows.core.settings.model import TargetType
from workflows.ports.tenant_settings import FoundObject, ObjectKind

NAMES = ("Contractor portal", "Contractor payroll", "Archive")


class Answers:
    """Keeps the answer."""

    def __init__(self) -> None:
        self.answer = ""

    async def answer_later(self, _: Any, command: Any, build: Any) -> None:
        """Build the answer at once."""
        message: Message = await build(command)
        self.answer = json.dumps([message.text, message.blocks], ensure_ascii=False)


class Permission:
    """Gives everybody one level."""

    def __init__(self, level: DiagnosisLevel) -> None:
        self._level = level

    async def level(self, *_: Any) -> DiagnosisLevel:
        """The level."""
        return self._level

    async def count_admins(self) -> int:
        """Two."""
        return 2


async def answer(level: DiagnosisLevel, application: str) -> str:
    tenant, answers, permission = FakeTenant(), Answers(), Permission(level)
    tenant.tenant_settings.objects[TargetType.APPLICATION] = [
        FoundObject(id=f"5f0a1b2c-000{number}-4d3e-8f90-a1b2c3d4e5f6", name=name, mail="", kind=ObjectKind.APPLICATION)
        for number, name in enumerate(NAMES)
    ]
    tenant.add_tenant(identity(), "contoso.com")
    tenant.default = {**DEFAULT}
    diagnoser = Diagnoser(tenant=tenant, records=Recorded(), clock=FixedClock())
    inside: Any = {"answers": answers, "permission": permission, "diagnoser": diagnoser}
    command: Any = SimpleNamespace(actor=DANA.chat_id, argument=f"maria@contoso.com {application}")
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
        ({"sign_ins": read(log(signed_in(500212)))}, ["Partner setup"], ["Partner setup"]),
        ({"sign_ins": read(log(signed_in(90071)))}, ["Request access"], ["Request access"]),
        ({}, ["Partner setup"], ["Partner setup"]),
        ({"accounts": read(())}, [], []),
    ],
)
def test_the_button_for_the_first_cause_is_there_where_this_person_can_use_it(
    changes: dict[str, Any], for_admin: list[str], for_help_desk: list[str]
) -> None:
    diagnosis = diagnose(facts(**changes))
    assert buttons(diagnosis_message(diagnosis, is_admin=True)) == for_admin
    assert buttons(diagnosis_message(diagnosis, is_admin=False)) == for_help_desk


def test_a_sponsor_sees_what_waits_and_no_cause() -> None:
    shown = side_message(diagnose(facts(**BLOCKED, **WAITING)))
    assert buttons(shown) == ["Details of the request"]
    assert "is open: waiting for approval" in json.dumps(shown.blocks)
    assert "blocked" not in json.dumps(shown.blocks)
