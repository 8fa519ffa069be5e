"""Who may ask why somebody cannot get in, and how much they see. The right is read again for each question.

Whoever may not ask gets one answer, whatever they ask about: no name is looked up for them.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from workflows.app.approvers.role_refusals import check_with_new_groups
from workflows.app.evidence.diagnosis.subject import Subject
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership
from workflows.core.people import ADMIN, HELPDESK, ChatId, Person
from workflows.ports.people_directory import PeopleDirectory, PeopleDirectoryUnavailable
from workflows.ports.tenant import TenantRefused, TenantUnavailable


class DiagnosisLevel(StrEnum):
    """How much of a diagnosis a person sees."""

    WHOLE = "whole"
    """Admins: every step, with the names of policies, and of applications whose names begin as typed."""
    STEPS = "steps"
    """The role of the help desk: every step, without these names. They name an application whole."""
    SIDE = "side"
    """The sponsor of the partner: only on which side the cause is, and never about one person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosisPermission:
    """Checks before every diagnosis who asks."""

    directory: PeopleDirectory
    find_records: Callable[[str], Awaitable[Sequence[Partnership]]]

    async def level(self, actor: ChatId, subject: Subject | None) -> DiagnosisLevel:
        """Return how much this person sees of a diagnosis.

        :param subject: what is asked about; None when the text names nothing.
        :raises Refused: when the person may not ask, or when this cannot be read now.
        """
        try:
            check = self.directory.for_one_check()
            person = await check.identify(actor)
            return await check_with_new_groups(lambda: self._level(person, check, subject), check)
        except (PeopleDirectoryUnavailable, TenantUnavailable, TenantRefused) as error:
            raise Refused(RefusalCode.DIAGNOSIS_RIGHT_UNKNOWN) from error

    async def admins(self) -> frozenset[ChatId] | None:
        """Return who holds the role of admin; None when that cannot be read now."""
        try:
            return await self.directory.known_holders(ADMIN)
        except (PeopleDirectoryUnavailable, TenantUnavailable, TenantRefused):
            return None

    async def _level(self, person: Person, check: PeopleDirectory, subject: Subject | None) -> DiagnosisLevel:
        roles = await check.current_roles([person])
        if roles.holds(person.id, ADMIN):
            return DiagnosisLevel.WHOLE
        if roles.holds(person.id, HELPDESK):
            return DiagnosisLevel.STEPS
        names = () if subject is None else subject.names
        records = [record for name in names for record in await self.find_records(name)]
        if any(record.sponsor.id == person.id for record in records):
            return DiagnosisLevel.SIDE
        raise Refused(RefusalCode.NO_DIAGNOSIS_FOR_YOU)
