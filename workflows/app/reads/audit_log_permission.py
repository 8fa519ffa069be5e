"""Who may search all requests and read their history: auditors. The right is read again for each window and search.

Only the button of the search on an App Home uses the members of roles that are kept for display.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from workflows.app.approvers.role_refusals import check_with_new_groups
from workflows.app.reads.waiting_requests import ids_of
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ADMIN, AUDITOR, ChatId, Person, Role
from workflows.ports.people_directory import PeopleDirectory, PeopleDirectoryRefused, PeopleDirectoryUnavailable
from workflows.ports.tenant import TenantRefused, TenantUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLogPermission:
    """Checks before every search, every history and every audit report whether the person may see it."""

    directory: PeopleDirectory
    """Reads the person again for each check; user groups may be a minute old, except to refuse."""

    async def require(self, actor: ChatId) -> Person:
        """Return the person behind a chat user, if they have the role of auditors now.

        :raises Refused: when the chat user is a guest; when there is not exactly one Entra account of this person, or
            it is disabled or a guest account; when the person does not have the role; when any of this cannot be read
            now.
        """
        return await self._require(actor, (AUDITOR,), RefusalCode.NOT_AN_AUDITOR)

    async def require_report_reader(self, actor: ChatId) -> Person:
        """Return the person behind a chat user, if they are an auditor or an admin now, and so may get an audit report.

        :raises Refused: as `require` does.
        """
        return await self._require(actor, (AUDITOR, ADMIN), RefusalCode.NO_REPORT_FOR_YOU)

    async def _require(self, actor: ChatId, roles: Sequence[Role], refusal: RefusalCode) -> Person:
        try:
            check = self.directory.for_one_check()
            person = await check.identify(actor)
            await check_with_new_groups(lambda: _require_role(person, check, roles, refusal), check)
        except (PeopleDirectoryUnavailable, TenantUnavailable, TenantRefused) as error:
            raise Refused(RefusalCode.AUDITOR_UNKNOWN) from error
        return person


async def _require_role(
    person: Person, directory: PeopleDirectory, roles: Sequence[Role], refusal: RefusalCode
) -> None:
    current_roles = await directory.current_roles([person])
    if not any(current_roles.holds(person.id, role) for role in roles):
        raise Refused(refusal)


async def is_shown_as_auditor(
    person: ChatId, identified_person: Person | None, directory: PeopleDirectory, *, searches: bool
) -> bool | None:
    """Return whether the App Home of a person shows what auditors see; None when that cannot be read now.

    :param identified_person: the person, if their account could be read. Somebody who only is in a group is no auditor.
    :param searches: whether the App Home shows the result of a search. The right is then read again.
    """
    try:
        if not ids_of(person, identified_person) & await directory.holders(AUDITOR):
            return False
        if searches:
            await AuditLogPermission(directory=directory).require(person)
            return True
        return identified_person is not None or bool(await directory.identify(person))
    except (PeopleDirectoryUnavailable, PeopleDirectoryRefused, TenantUnavailable, TenantRefused):
        return None
    except Refused as refused:
        return None if refused.code is RefusalCode.AUDITOR_UNKNOWN else False
