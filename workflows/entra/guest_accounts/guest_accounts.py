"""Guest accounts in Graph (implements `ports.GuestAccounts`): read them again, know their roles, write one property."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from kiota_abstractions.method import Method

from workflows.core.errors.tenant_problems import Purpose, TenantCode
from workflows.core.people import PersonId
from workflows.core.plans.accounts import AccountState, AccountWritten
from workflows.core.settings.model import TenantId, is_guid
from workflows.entra.addresses import request_to
from workflows.entra.answers.answers import Answer, GraphCall, chunks, is_not_found, json_object, read_call, unavailable
from workflows.entra.answers.failed_calls import failure
from workflows.entra.guest_accounts.account_writes import not_yet, send_writes
from workflows.entra.guest_accounts.request_guard import request_guard
from workflows.entra.guest_accounts.role_holders import load_builders, read_role_holders
from workflows.entra.settings import EntraSettings
from workflows.entra.transport.connection import Connection
from workflows.entra.transport.opening import open_connection
from workflows.entra.transport.own_tenant_guard import OwnTenantGuard, read_home
from workflows.entra.transport.traffic.traffic import Traffic
from workflows.intervals import DIRECTORY_ROLES_KEPT_FOR, Pauses
from workflows.ports.guest_accounts import MAX_WRITES, PERMISSIONS, AccountRoles
from workflows.ports.tenant import SurplusPermissions, TenantRefused, TenantUnavailable, WrongTenant
from workflows.tasks import Cache

_LONGEST_WAIT_SECONDS: Final = 5.0
"""How long a group waits for its turn. Then it is told as not sent yet, so that other work goes on."""
_PROPERTIES: Final = (
    "id",
    "displayName",
    "mail",
    "userPrincipalName",
    "userType",
    "accountEnabled",
    "onPremisesSyncEnabled",
    "createdDateTime",
)


def connect_guest_accounts(
    settings: EntraSettings, now: Callable[[], datetime], traffic: Traffic | None = None
) -> "GraphGuestAccounts":
    """Create the gateway to guest accounts. Nothing is sent before its first call.

    :param settings: with the application for guest accounts, and the id of our tenant.
    :param now: returns the present time, for what came of a write.
    :param traffic: what it shares with other connections to Graph; None: it shares nothing.
    :raises ValueError: when a setting cannot be used.
    """
    if settings.application is None or settings.tenant_id is None:
        raise ValueError("guest accounts need an application and a tenant of their own")
    expected = TenantId(settings.tenant_id.lower())
    connection = open_connection(settings, request_guard(settings.graph_url.rstrip("/"), expected), traffic)
    load_builders(connection)
    return GraphGuestAccounts(
        connection,
        expected=expected,
        permissions=settings.permissions,
        pauses=settings.pauses,
        now=now,
        redact=settings.redact,
    )


class GraphGuestAccounts:
    """The accounts of our guests in Graph. Implements `ports.GuestAccounts`."""

    is_configured: Final = True

    def __init__(
        self,
        connection: Connection,
        *,
        expected: TenantId,
        permissions: frozenset[str] | None,
        pauses: Pauses,
        now: Callable[[], datetime],
        redact: Callable[[str], str],
    ) -> None:
        self._connection = connection
        self._permissions = permissions
        self._guard = OwnTenantGuard(read=self._read_home, expected=expected)
        self._home_problem: TenantUnavailable | TenantRefused | None = None
        """Why Graph did not say for which tenant it answers."""
        self._reads = connection.rate_limit(*pauses.account_reads)
        self._writes = connection.rate_limit(*pauses.account_writes, longest_wait=_LONGEST_WAIT_SECONDS)
        self._now = now
        self._redact = redact
        self._roles: Cache[None, Mapping[PersonId, AccountRoles]] = Cache(
            read=lambda _: read_role_holders(connection), kept_for=lambda _: DIRECTORY_ROLES_KEPT_FOR, max_entries=1
        )

    async def close(self) -> None:
        """Close every connection. The gateway cannot be used afterwards."""
        await self._connection.close()

    async def granted_permissions(self) -> frozenset[str] | None:
        """Return the application permissions in the token; None when they cannot be read."""
        return await self._connection.granted_permissions()

    async def missing_permissions(self) -> Sequence[str]:
        """List the permissions that the token lacks. Empty when it has all, and when they cannot be read."""
        granted = await self.granted_permissions()
        return () if granted is None else tuple(sorted(PERMISSIONS - granted))

    async def verify_permissions(self) -> None:
        """Check that the token has no permission that it does not need.

        :raises SurplusPermissions: when it has one that no setting allows by name.
        """
        if surplus := await self._connection.surplus_permissions(self._permissions):
            raise SurplusPermissions(surplus, is_for_guests=True)

    async def _read_home(self) -> TenantId:
        try:
            return await read_home(self._connection, "User.Read.All")
        except (TenantUnavailable, TenantRefused) as error:
            self._home_problem = error
            raise

    async def _verify_home(self) -> None:
        """Check that Graph answers for our tenant. It is asked at most every few minutes.

        :raises WrongTenant: while Graph answers for another tenant.
        :raises TenantUnavailable, TenantRefused: when it has never answered. The reason is that of its last answer.
        """
        try:
            await self._guard.verify(must_be_known=True)
        except WrongTenant:
            raise
        except TenantUnavailable as error:
            raise self._home_problem or error from error

    async def read(self, ids: Sequence[PersonId]) -> Mapping[PersonId, AccountState]:
        """Read accounts anew, in groups of 20, each in one `$batch`. An account that does not exist is left out."""
        people = list(dict.fromkeys(_guids(ids)))
        await self._verify_home()
        states: dict[PersonId, AccountState] = {}
        for chunk in chunks(people, MAX_WRITES):
            async with self._reads.turn(), self._connection.together() as reads:
                started = [reads.start(_read_account(self._connection, PersonId(person))) for person in chunk]
                found = [await one for one in started]
            states |= {state.id: state for state in found if state is not None}
        return states

    async def roles(self) -> Mapping[PersonId, AccountRoles]:
        """Return every account with a directory role; see the interface. The answer is at most 30 seconds old."""
        await self._verify_home()
        return await self._roles.get(None)

    async def set_enabled(self, ids: Sequence[PersonId], *, is_enabled: bool) -> Sequence[AccountWritten]:
        """Enable or disable accounts in one request; see the interface."""
        people = _guids(ids)
        if not 0 < len(people) <= MAX_WRITES or len(set(people)) != len(people):
            raise ValueError(f"between 1 and {MAX_WRITES} different accounts are written together, not {people}")
        await self._verify_home()
        if is_enabled:
            await self.verify_permissions()
        try:
            async with self._writes.turn():
                return await send_writes(
                    self._connection, people, is_enabled=is_enabled, now=self._now, redact=self._redact
                )
        except TenantUnavailable as error:
            if any(fact.code == TenantCode.OUT_OF_TURN for fact in error.facts):
                return not_yet(people, error, self._now())
            raise


async def _read_account(connection: Connection, person: PersonId) -> AccountState | None:
    """Read one account; None when there is none with this id."""
    call = read_call(f"/users/{person}", Purpose.READ_GUEST_ACCOUNT, "User.Read.All", object_name=person)
    builder = connection.graph.users.by_user_id(person)
    answer = await connection.send(call, request_to(Method.GET, builder, select=list(_PROPERTIES)))
    if is_not_found(answer):
        return None
    if not answer.is_success:
        raise failure(call, answer)
    return _state_of(call, answer, person)


def _state_of(call: GraphCall, answer: Answer, person: PersonId) -> AccountState:
    """Read what decides whether an account may be written.

    :raises TenantUnavailable: when it is not said whose account it is, whether it is enabled, or whether it is
        synchronized.
    """
    document = json_object(call, answer)
    principal_name, user_type = str(document.get("userPrincipalName") or ""), document.get("userType")
    is_enabled, is_synchronized = document.get("accountEnabled"), document.get("onPremisesSyncEnabled", "not said")
    if (
        str(document.get("id") or "").lower() != person
        or not isinstance(is_enabled, bool)
        or not isinstance(is_synchronized, bool | None)
    ):
        # NB. otherwise every JSON object would count as an account that nobody else keeps.
        raise unavailable(TenantCode.UNREADABLE_ANSWER, call=call.as_value, request_id=answer.request_id)
    return AccountState(
        id=person,
        name=str(document.get("displayName") or principal_name),
        mail=str(document.get("mail") or ""),
        principal_name=principal_name,
        user_type=user_type.lower() if isinstance(user_type, str) else "",
        is_enabled=is_enabled,
        is_synchronized=is_synchronized is True,
        created_at=_moment(document.get("createdDateTime")),
    )


def _moment(text: object) -> datetime | None:
    """Read a time of Graph; None when there is none, or it cannot be read."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _guids(ids: Sequence[PersonId]) -> Sequence[PersonId]:
    """Return the ids in lower case.

    :raises ValueError: for a text that is no object id. Graph would take it for a name.
    """
    people = [PersonId(person.lower()) for person in ids]
    if wrong := [person for person in people if not is_guid(person)]:
        raise ValueError(f"not object ids: {wrong}")
    return people
