"""Guest accounts in memory. Each write is counted, and can be refused, throttled, or left without an answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from tests.workflows.core.builders import NOW
from tests.workflows.fakes import FixedClock, Script
from workflows.core.errors.facts import Fact
from workflows.core.partners.reviewing.evidence.guest_state import GuestAccount
from workflows.core.people import PersonId
from workflows.core.plans.accounts import AccountOutcome, AccountState, AccountWritten
from workflows.ports.guest_accounts import MAX_WRITES, AccountRoles, GuestAccounts
from workflows.ports.tenant import ask_before_write

Answer = Callable[[PersonId], AccountOutcome]


def guest(number: int, /, **changes: object) -> AccountState:
    """A guest of Contoso as Graph returns it."""
    usual = AccountState(
        id=PersonId(f"guest-{number}"),
        name=f"Guest {number}",
        mail=f"guest{number}@contoso.com",
        principal_name=f"guest{number}_contoso.com#EXT#@us.example",
        user_type="guest",
        is_enabled=True,
        is_synchronized=False,
        created_at=NOW - timedelta(days=400),
    )
    return replace(usual, **changes)  # type: ignore[arg-type]


def listed(state: AccountState, /, **changes: object) -> GuestAccount:
    """The same account in the list of all guests."""
    usual = GuestAccount(
        id=state.id,
        name=state.name,
        mail=state.mail,
        principal_name=state.principal_name,
        state="Accepted",
        created_at=state.created_at,
        user_type=state.user_type,
        is_enabled=state.is_enabled,
        is_synchronized=state.is_synchronized,
    )
    return replace(usual, **changes)  # type: ignore[arg-type]


@dataclass(slots=True)
class FakeGuestAccounts:
    """The accounts of our tenant. Reads are never older than the writes."""

    clock: FixedClock
    script: Script = field(default_factory=Script)
    states: dict[PersonId, AccountState] = field(default_factory=dict)
    role_names: dict[PersonId, tuple[str, ...]] = field(default_factory=dict)
    lacking: list[str] = field(default_factory=list)
    is_configured: bool = True
    granted: frozenset[str] | None = None
    answer: Answer = lambda _: AccountOutcome.ACCEPTED
    takes_unknown: Callable[[PersonId], bool] = lambda _: True
    """Whether a write without an answer took effect."""
    hidden: set[PersonId] = field(default_factory=set)
    """Accounts that do not show what was accepted."""
    sent: list[tuple[PersonId, ...]] = field(default_factory=list)
    """The groups that were sent."""
    effective: list[PersonId] = field(default_factory=list)
    """The accounts whose state a write changed, once for each change."""
    repeated: list[PersonId] = field(default_factory=list)
    """The accounts that were sent although they were in the wished state."""

    def put(self, *states: AccountState) -> None:
        """Set accounts as somebody else would."""
        self.states.update((one.id, one) for one in states)

    def change(self, person: PersonId, **changes: object) -> None:
        """Change one account as somebody else would."""
        self.states[person] = replace(self.states[person], **changes)  # type: ignore[arg-type]

    async def granted_permissions(self) -> frozenset[str] | None:
        """What the token says; here nothing."""
        return self.granted

    async def missing_permissions(self) -> Sequence[str]:
        """What the credential lacks."""
        await self.script.begin("accounts.missing_permissions")
        return self.lacking

    async def read(self, ids: Sequence[PersonId]) -> Mapping[PersonId, AccountState]:
        """Read accounts."""
        fault = await self.script.begin("accounts.read")
        found = {person: self.states[person] for person in ids if person in self.states}
        self.script.end(fault)
        return found

    async def roles(self) -> Mapping[PersonId, AccountRoles]:
        """Who has a directory role."""
        fault = await self.script.begin("accounts.roles")
        self.script.end(fault)
        return {person: AccountRoles(names=names) for person, names in self.role_names.items()}

    async def set_enabled(self, ids: Sequence[PersonId], *, is_enabled: bool) -> Sequence[AccountWritten]:
        """Write a group."""
        assert 0 < len(ids) == len(set(ids)) <= MAX_WRITES
        await ask_before_write()
        fault = await self.script.begin("accounts.set_enabled")
        self.sent.append(tuple(ids))
        written = [self._write(person, is_enabled=is_enabled) for person in ids]
        self.script.end(fault)
        return written

    def _write(self, person: PersonId, *, is_enabled: bool) -> AccountWritten:
        outcome = self.answer(person)
        if person not in self.states:
            outcome = AccountOutcome.GONE
        is_taken = outcome is AccountOutcome.ACCEPTED or (
            outcome is AccountOutcome.UNKNOWN and self.takes_unknown(person)
        )
        if is_taken and self.states[person].is_enabled is is_enabled:
            self.repeated.append(person)
        elif is_taken:
            self.effective.append(person)
            if person not in self.hidden:
                self.change(person, is_enabled=is_enabled)
        reason = () if outcome is AccountOutcome.ACCEPTED else (Fact("text", {"text": f"Graph says {outcome.value}."}),)
        pause = 3.0 if outcome is AccountOutcome.LATER else None
        return AccountWritten(id=person, outcome=outcome, at=self.clock.now(), reason=reason, retry_after_seconds=pause)


_CHECKED: type[GuestAccounts] = FakeGuestAccounts
