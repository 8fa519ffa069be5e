"""Steps 4 and 5: the account of the address in our tenant, and who may invite."""

from collections.abc import Sequence
from typing import Final

from workflows.core.checks.tenant_facts import AddressAccount, UnreadableFact
from workflows.core.errors.facts import Fact
from workflows.core.posture.diagnosis.facts import DiagnosisFacts
from workflows.core.posture.diagnosis.settings_steps import opens_direct_connect, unreadable
from workflows.core.posture.diagnosis.steps import Cause, Note, Step, StepKey, StepResult

_NOBODY: Final = "none"
"""Graph's value of `allowInvitesFrom` with which nobody may invite."""


def account_step(facts: DiagnosisFacts) -> Step:
    """Say whether the person has one usable account here."""
    if facts.accounts is None:
        notes = (Fact(Note.NO_PERSON),)
        return Step(key=StepKey.ACCOUNT, result=StepResult.NOT_KNOWN, read_at=None, notes=notes)
    accounts, at = facts.accounts.value, facts.accounts.at
    if isinstance(accounts, UnreadableFact):
        notes = (unreadable("account", accounts),)
        return Step(key=StepKey.ACCOUNT, result=StepResult.NOT_READABLE, read_at=at, notes=notes)
    if not accounts and opens_direct_connect(facts):
        notes = (Fact(Note.DIRECT_CONNECT_ONLY),)
        return Step(key=StepKey.ACCOUNT, result=StepResult.NOT_KNOWN, read_at=at, notes=notes)
    if (cause := _cause(accounts)) is not None:
        return Step(key=StepKey.ACCOUNT, result=StepResult.STOPS, read_at=at, cause=cause)
    ready = Fact(Note.ACCOUNT_READY, {"name": accounts[0].name, "is_member": accounts[0].is_member})
    return Step(key=StepKey.ACCOUNT, result=StepResult.PASSES, read_at=at, notes=(ready,))


def _cause(accounts: Sequence[AddressAccount]) -> Fact | None:
    if not accounts:
        return Fact(Cause.NO_ACCOUNT)
    external = [account for account in accounts if account.is_external]
    if not external:
        return Fact(Cause.INTERNAL_ACCOUNT)
    if not any(account.is_enabled for account in external):
        return Fact(Cause.ACCOUNT_DISABLED)
    if len(accounts) > 1:
        return Fact(Cause.SEVERAL_ACCOUNTS, {"count": len(accounts)})
    return Fact(Cause.INVITATION_PENDING) if external[0].is_pending else None


def invitation_step(facts: DiagnosisFacts) -> Step:
    """Say who may invite. The lists of domains are not readable here, so a new invitation may still be refused."""
    policy, at = facts.authorization.value, facts.authorization.at
    lists = Fact(Note.DOMAIN_LISTS)
    if isinstance(policy, UnreadableFact):
        notes = (unreadable("invitations", policy), lists)
        return Step(key=StepKey.INVITATIONS, result=StepResult.NOT_READABLE, read_at=at, notes=notes)
    who = policy.get("allowInvitesFrom")
    notes = (Fact(Note.INVITERS, {"who": who if isinstance(who, str) else ""}), lists)
    accounts = None if facts.accounts is None else facts.accounts.value
    if who == _NOBODY and accounts == ():
        cause = Fact(Cause.INVITATIONS_OFF)
        return Step(key=StepKey.INVITATIONS, result=StepResult.STOPS, read_at=at, notes=notes, cause=cause)
    # The lists decide about new invitations. Who has accepted one does not need another.
    is_accepted = isinstance(accounts, tuple) and any(one.is_external and not one.is_pending for one in accounts)
    result = StepResult.PASSES if is_accepted else StepResult.NOT_READABLE
    return Step(key=StepKey.INVITATIONS, result=result, read_at=at, notes=notes)
