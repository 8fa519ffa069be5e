"""Read the managers of sponsors, and find out who of them can be asked about a review."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import structlog

from workflows.core.people import ChatId, Person, PersonId
from workflows.core.policy.reviews.silence import ManagerSkipped
from workflows.ports.people_directory import PeopleDirectory, PeopleDirectoryRefused, PeopleDirectoryUnavailable
from workflows.ports.tenant import Account, Tenant, TenantRefused, TenantUnavailable

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class SponsorsManager:
    """The manager of a sponsor who can be asked, or why there is none."""

    person: Person | None = None
    skipped: ManagerSkipped | None = None


async def read_managers(
    sponsors: Collection[PersonId],
    *,
    admins: frozenset[ChatId],
    tenant: Tenant,
    directory: PeopleDirectory,
) -> Mapping[PersonId, SponsorsManager]:
    """Return the manager of each sponsor, by the sponsor's account. All of them are read together.

    A manager who could not answer is skipped: one without an enabled member account or a chat user. So is one who is
    asked anyway, as the sponsor or as an admin. While they cannot be read, all of them are skipped.
    """
    if not sponsors:
        return {}
    try:
        accounts = await tenant.managers(sorted(sponsors))
        able = {
            account.id
            for sponsor, account in accounts.items()
            if account is not None and not _problem(account, sponsor)
        }
        people = {person.id: person for person in (await directory.people_of(sorted(able)) if able else ())}
    except (TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable, PeopleDirectoryRefused) as error:
        _log.warning("managers_not_read", reason=str(error))
        return dict.fromkeys(sponsors, SponsorsManager(skipped=ManagerSkipped.UNREADABLE))
    return {sponsor: _manager(accounts.get(sponsor), sponsor, people, admins) for sponsor in sponsors}


def _manager(
    account: Account | None, sponsor: PersonId, people: Mapping[PersonId, Person], admins: frozenset[ChatId]
) -> SponsorsManager:
    if account is None:
        return SponsorsManager(skipped=ManagerSkipped.NONE)
    if (problem := _problem(account, sponsor)) is not None:
        return SponsorsManager(skipped=problem)
    person = people.get(account.id)
    if person is None or not person.chat_id:
        return SponsorsManager(skipped=ManagerSkipped.NOT_IN_CHAT)
    if person.chat_id in admins:
        return SponsorsManager(skipped=ManagerSkipped.IS_ADMIN)
    return SponsorsManager(person=person)


def _problem(account: Account, sponsor: PersonId) -> ManagerSkipped | None:
    if account.id == sponsor:
        return ManagerSkipped.IS_SPONSOR
    if not account.is_enabled:
        return ManagerSkipped.DISABLED
    return None if account.is_member else ManagerSkipped.GUEST
