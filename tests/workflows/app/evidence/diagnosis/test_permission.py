"""Who may ask why somebody cannot get in: a person who may not learns nothing, whatever they ask about."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.workflows.app.evidence.diagnosis.recorded import Recorded
from tests.workflows.core.builders import DANA, RILEY, SAM, partnership
from tests.workflows.fakes import FakeTenant, FixedClock
from workflows.app.evidence.diagnosis.gathering import Diagnoser
from workflows.app.evidence.diagnosis.permission import DiagnosisLevel, DiagnosisPermission
from workflows.app.evidence.diagnosis.subject import Subject, parse_subject
from workflows.core.errors.raised import InvalidField, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership
from workflows.core.people import ADMIN, HELPDESK, ChatId, CurrentRoles, Person, Role
from workflows.core.posture.diagnosis.steps import Note, StepResult
from workflows.ports.people_directory import PeopleDirectoryUnavailable


@dataclass
class Directory:
    """Knows one person with one role."""

    person: Person
    role: Role | None = None
    is_down: bool = False
    refused: list[str] = field(default_factory=list)

    def for_one_check(self, **_: Any) -> "Directory":
        """This directory."""
        return self

    def read_groups_again(self) -> bool:
        """Nothing is old here."""
        return False

    async def identify(self, _: ChatId) -> Person:
        """The person."""
        if self.is_down:
            raise PeopleDirectoryUnavailable("down")
        return self.person

    async def current_roles(self, _: Sequence[Person]) -> CurrentRoles:
        """The role."""
        return CurrentRoles(roles={self.person.id: frozenset({self.role} if self.role else ())})


RECORD = partnership(sponsor=SAM)


async def find_records(name: str) -> list[Partnership]:
    """Contoso is the only partner."""
    identity = RECORD.identity
    return [RECORD] if name in (identity.tenant_id, identity.default_domain) else []


def permission(person: Person, role: Role | None = None, *, is_down: bool = False) -> DiagnosisPermission:
    directory: Any = Directory(person, role, is_down)
    return DiagnosisPermission(directory=directory, find_records=find_records)


CONTOSO = parse_subject("maria@contoso.com")
ASKED = [
    *("contoso.com", "maria@contoso.com", "fabrikam.com", "nobody@nowhere.example.com", "gmail.com", "woodgrove.com"),
    RECORD.identity.tenant_id,
]


@pytest.mark.parametrize(
    ("person", "role", "level"),
    [
        (DANA, ADMIN, DiagnosisLevel.WHOLE),
        (DANA, HELPDESK, DiagnosisLevel.STEPS),
        (SAM, None, DiagnosisLevel.SIDE),
        (SAM, ADMIN, DiagnosisLevel.WHOLE),
    ],
)
async def test_roles_see_as_much_as_they_need(person: Person, role: Role | None, level: DiagnosisLevel) -> None:
    assert await permission(person, role).level(person.chat_id, CONTOSO) is level


async def test_a_person_who_may_not_ask_gets_one_answer_in_any_of_twenty_tries() -> None:
    answers = set()
    subjects: list[Subject | None] = [None, *map(parse_subject, ASKED)]
    for number in range(20):
        with pytest.raises(Refused) as error:
            await permission(RILEY).level(RILEY.chat_id, subjects[number % len(subjects)])
        answers.add(str(error.value))
    assert answers == {str(Refused(RefusalCode.NO_DIAGNOSIS_FOR_YOU))}


async def test_a_sponsor_may_ask_about_no_other_partner() -> None:
    for name in ("fabrikam.com", "nobody@nowhere.example.com", "someone@gmail.com"):
        with pytest.raises(Refused) as error:
            await permission(SAM).level(SAM.chat_id, parse_subject(name))
        assert error.value.code is RefusalCode.NO_DIAGNOSIS_FOR_YOU


async def test_while_the_right_cannot_be_read_nothing_is_shown() -> None:
    with pytest.raises(Refused) as error:
        await permission(DANA, ADMIN, is_down=True).level(DANA.chat_id, CONTOSO)
    assert error.value.code is RefusalCode.DIAGNOSIS_RIGHT_UNKNOWN


@pytest.mark.parametrize(
    ("typed", "address", "domain"),
    [
        ("Maria+Test@CONTOSO.com", "maria+test@contoso.com", "contoso.com"),
        ("<mailto:maria@contoso.com|maria@contoso.com>", "maria@contoso.com", "contoso.com"),
        ("<mailto:maria@contoso.com>", "maria@contoso.com", "contoso.com"),
        ("https://www.contoso.com/x", "", "contoso.com"),
        ("maria@gmail.com", "maria@gmail.com", "gmail.com"),
    ],
)
def test_an_address_is_read_as_it_is_typed(typed: str, address: str, domain: str) -> None:
    subject = parse_subject(typed)
    assert (subject.address, subject.domain, subject.text) == (address, domain, address or domain)


@pytest.mark.parametrize("typed", ["", "contoso", "maria@", "a@b@c"])
def test_what_names_nothing_is_refused(typed: str) -> None:
    with pytest.raises(InvalidField):
        parse_subject(typed)


async def test_every_step_runs_for_an_address_without_a_tenant() -> None:
    tenant = FakeTenant()
    diagnoser = Diagnoser(tenant=tenant, records=Recorded(), clock=FixedClock())
    for address, code in (("a@nowhere.example.com", Note.NO_ORGANIZATION), ("a@gmail.com", Note.PERSONAL_ACCOUNT)):
        found = await diagnoser.diagnose(parse_subject(address))
        assert (len(found.steps), found.steps[0].notes[0].code) == (8, code)
        assert found.steps[1].result is StepResult.PASSES
        assert found.first is not None
        assert found.first.cause is not None
        assert found.first.cause.code == "no_account"
