"""The interface to our tenant's other settings and logs: policies, sign-ins, names. Read only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from workflows.core.checks.tenant_facts import AccountDisabling, AddressAccount, SignInLog, SignIns
from workflows.core.people import PersonId
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import Target, TargetType, TenantId
from workflows.core.settings.partner_changes import LoggedChange, PartnerChange

if TYPE_CHECKING:
    # A start does not wait for the checks and the evidence: this interface is known before them.
    from workflows.core.checks.conditional_access.questions import Question
    from workflows.core.partners.reviewing.evidence.guest_state import GuestAccount
    from workflows.core.partners.reviewing.evidence.sign_in_counting import SignIn


class ObjectKind(StrEnum):
    """The kind of a user, group or application."""

    MICROSOFT_365_GROUP = "microsoft_365_group"
    MAIL_ENABLED_SECURITY_GROUP = "mail_enabled_security_group"
    DISTRIBUTION_LIST = "distribution_list"
    SECURITY_GROUP = "security_group"
    GUEST = "guest"
    MEMBER = "member"
    APPLICATION = "application"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundObject:
    """One of our own users, groups or applications, found by its name."""

    id: str
    """The id that settings use: the object id, or the application id of an application. Lower case."""
    name: str
    mail: str
    """Empty when there is none."""
    kind: ObjectKind
    """The kind, which distinguishes objects with the same name."""
    is_disabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPage:
    """One page of a list of accounts."""

    accounts: "Sequence[GuestAccount]"
    next_link: str | None
    """The link of the next page; None when this is the last one. It is Graph's own, and stays in this process."""


class TenantSettings(Protocol):
    """Reads other settings and logs of our tenant. A failed read does not stop a request.

    Every method can raise TenantUnavailable and TenantRefused.
    """

    async def verified_domains(self) -> Sequence[str]:
        """List the tenant's own verified domains, lower case."""

    async def read_access_policy(self) -> JsonObject:
        """Read the cross-tenant access policy itself: `allowedCloudEndpoints`."""

    async def read_authorization(self) -> JsonObject:
        """Read the authorization policy: who may invite, what guests see."""

    async def read_sharepoint(self) -> JsonObject:
        """Read SharePoint's sharing settings."""

    async def read_conditional_access(self, *, fresh: bool = False) -> Sequence[JsonObject]:
        """Read every Conditional Access policy.

        :param fresh: read them now; otherwise the answer may be up to a minute old.
        """

    async def evaluate_access(self, question: "Question", *, fresh: bool = False) -> Sequence[JsonObject]:
        """Ask Entra which Conditional Access policies apply to a sign-in. This changes nothing.

        :param fresh: ask now; otherwise the answer may be up to a minute old.
        :returns: every policy, each with whether it applies, or why not.
        """

    async def read_sign_ins(self, tenant_id: TenantId, since: datetime, *, home: TenantId | None = None) -> SignIns:
        """Count the people, and list the applications, of the sign-ins since a time.

        :param home: None for the partner's people in our tenant; our tenant id for our people in the partner's tenant.
        """

    async def recent_sign_ins(self, home: TenantId, since: datetime) -> SignInLog:
        """List the newest sign-ins of one tenant's people to our tenant, with Microsoft's code of each result."""

    async def accounts_of(self, address: str) -> Sequence[AddressAccount]:
        """List our tenant's accounts of a mail address: by mail, name, further addresses, and the name of a guest.

        :param address: in lower case.
        """

    async def last_disabling(self, account: PersonId) -> AccountDisabling | None:
        """Return who disabled an account last, and when; None when Entra's audit log has no entry of it.

        The log goes back 7 or 30 days, depending on the licence, and is written some minutes late.
        """

    async def read_foreign_sign_ins(
        self,
        home: TenantId,
        since: datetime,
        take: Callable[[Sequence["SignIn"]], bool],
        *,
        partner: TenantId | None = None,
    ) -> bool:
        """Read the sign-ins of people of other tenants since a time, page by page, slowly: nobody waits for it.

        What was read before an error counts: `take` has got it.

        :param home: our own tenant id.
        :param take: called with each page; returns whether to read on.
        :param partner: the tenant whose people's sign-ins are read; None: of every other tenant.
        :returns: whether the log was read to its end.
        """

    async def has_sign_ins(self, since: datetime, until: datetime) -> bool:
        """Return whether the log has any sign-in between two times, of anybody: so how far back it reaches."""

    async def read_guests(self, take: Callable[[Sequence["GuestAccount"]], bool], with_activity: bool) -> bool:
        """Read all guest accounts, page by page; see `read_foreign_sign_ins`.

        :param with_activity: whether their last sign-in is read, which needs a permission and a licence more.
        """

    async def guest_page(self, link: str | None, with_activity: bool) -> AccountPage:
        """Read one page of all guest accounts, and of accounts that were invited and count as members.

        :param link: the link of an earlier page; None for the first one. A link to another server is not used.
        :param with_activity: see `read_guests`; the same for each page of a list.
        """

    async def own_account_page(self, link: str | None, domains: Sequence[str]) -> AccountPage:
        """Read one page of the accounts that are no guests and have a mail address in one of these domains.

        Their last sign-in is not read.

        :param link: see `guest_page`.
        :param domains: at least one.
        """

    async def read_partner_changes(self, tenant_id: TenantId, since: datetime) -> Sequence[PartnerChange]:
        """List the changes of one partner's own configuration since a time, from Entra's audit log.

        A part of the list is never returned. NB. Entra writes its log some minutes late.
        """

    async def recent_partner_changes(self, tenant_id: TenantId, since: datetime) -> Sequence[PartnerChange]:
        """List the same, and perhaps more at the beginning. An answer may be up to a minute old.

        Only to make a plan: the log is read again before an approval counts, and before anything is recorded.
        """

    async def read_access_changes(self, since: datetime) -> Sequence[LoggedChange]:
        """List the changes of all partners and of the default since a time; see `read_partner_changes`."""

    async def find_by_prefix(self, kind: TargetType, prefix: str, limit: int) -> Sequence[FoundObject]:
        """List our own users, groups or applications whose name begins with a text; users also by mail address.

        Upper and lower case make no difference. Groups with hidden membership are left out.

        :param limit: the most objects to return, sorted by name.
        """

    async def applications_with(self, words: Sequence[str]) -> Sequence[FoundObject]:
        """List our own applications with one of these words in their name; at most one page, sorted by name.

        :param words: letters and digits only, at least one word.
        """

    async def name_of(self, target: Target, *, fresh: bool = False) -> str | None:
        """Return the name of one of our own users or groups (by object id) or applications (by application id).

        The name may be empty. None when there is no object of this kind with this id.

        :param fresh: read it now; otherwise the answer may be up to a minute old.
        """
