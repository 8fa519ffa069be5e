"""Who may see the guests of a partner: admins each of them, its sponsor only how many. Everybody else gets one answer.

The answer to others is the same for a partner that is known, for one that is not, and for any other text.
"""

from dataclasses import dataclass
from enum import StrEnum

from workflows.app.approvers.role_refusals import check_with_new_groups
from workflows.core.errors.raised import InvalidField, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership
from workflows.core.people import ADMIN, ChatId, Person
from workflows.partner_lookup.target import target_candidates
from workflows.ports.people_directory import PeopleDirectory, PeopleDirectoryUnavailable
from workflows.ports.store import Store
from workflows.ports.tenant import TenantRefused, TenantUnavailable


class GuestsView(StrEnum):
    """What somebody sees of a partner's guests."""

    PEOPLE = "people"
    COUNTS = "counts"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestsPermission:
    """Checks before every reading, with roles that are read anew."""

    directory: PeopleDirectory
    store: Store

    async def require(self, actor: ChatId, typed_text: str) -> GuestsView:
        """Return what a chat user may see of the guests of the partner with this domain or tenant id.

        :raises Refused: for everybody but admins and the partner's sponsor, and while it cannot be read who this is.
        """
        try:
            check = self.directory.for_one_check()
            person = await check.identify(actor)
            return await check_with_new_groups(lambda: self._view_of(person, check, typed_text), check)
        except (PeopleDirectoryUnavailable, TenantUnavailable, TenantRefused) as error:
            raise Refused(RefusalCode.PERSON_NOT_READABLE_NOW) from error

    async def _view_of(self, person: Person, directory: PeopleDirectory, typed_text: str) -> GuestsView:
        current_roles = await directory.current_roles([person])
        if current_roles.holds(person.id, ADMIN):
            return GuestsView.PEOPLE
        partners = await self._recorded(typed_text)
        if any(one.sponsor.id == person.id for one in partners):
            return GuestsView.COUNTS
        raise Refused(RefusalCode.NO_GUESTS_FOR_YOU)

    async def _recorded(self, typed_text: str) -> list[Partnership]:
        """Return the recorded partners that a typed text names; none for a text that names nothing."""
        try:
            names = target_candidates(typed_text)
        except InvalidField:
            return []
        return [partner for name in names for partner in await self.store.partnerships_named(name)]
