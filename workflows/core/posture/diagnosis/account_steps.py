"""Steps 4 and 5: the account of the address in our tenant, and who may invite."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from workflows.core.checks.tenant_facts import AddressAccount, UnreadableFact
from workflows.core.errors.facts import Fact
from workflows.core.people import PersonId
from workflows.core.plans.accounts import AccountChange, AccountEnd
from workflows.core.posture.diagnosis.facts import DiagnosisFacts, Disabling, HomeKind
from workflows.core.posture.diagnosis.settings_steps import opens_direct_connect, unreadable
from workflows.core.posture.diagnosis.steps import Cause, Note, Step, StepKey, StepResult
from workflows.core.requests.request import AccessRequest

_NOBODY: Final = "none"
"""Graph's value of `allowInvitesFrom` with which nobody may invite."""
_THEIR_TENANT: Final = "externalazuread"
_OTHER_IDENTITIES: Final[Mapping[str, str]] = {
    "microsoftaccount": "personal",
    "mail": "passcode",
    "google.com": "social",
    "facebook.com": "social",
}
"""Who confirms the identity of a guest that is no account of an Entra tenant, by Graph's `issuer` in lower case.

Source: Microsoft, "Properties of a B2B guest user". Other issuers are not explained there.
"""


_WRITTEN: Final = frozenset({AccountEnd.SENT, AccountEnd.DONE})


def disabling_of(account: PersonId, requests: Iterable[AccessRequest]) -> Disabling | None:
    """Return the newest request that changed an account, where it disabled it; None otherwise.

    :param requests: the requests about the partner.
    """
    written = [
        (result.at, request)
        for request in requests
        for result in (() if request.accounts is None else request.accounts.results)
        if result.id == account and result.end in _WRITTEN
    ]
    if not written:
        return None
    at, newest = max(written, key=lambda each: each[0])
    return Disabling(request=newest.id, at=at) if newest.fields.account_change is AccountChange.DISABLE else None


def is_enabling(account: PersonId, request: AccessRequest) -> bool:
    """Return whether an open request enables an account: by its plan, or by what was chosen before there is one."""
    if request.fields.account_change is not AccountChange.ENABLE:
        return False
    plan = None if request.prepared is None else request.prepared.plan.accounts
    if plan is not None:
        return any(one.id == account for one in plan.accounts)
    return account in request.fields.accounts


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
        channels = (Fact(Note.DIRECT_CONNECT_ONLY),)
        return Step(key=StepKey.ACCOUNT, result=StepResult.NOT_KNOWN, read_at=at, notes=channels)
    if (cause := _cause(facts, accounts)) is not None:
        return Step(key=StepKey.ACCOUNT, result=StepResult.STOPS, read_at=at, cause=cause)
    ready = Fact(Note.ACCOUNT_READY, {"name": accounts[0].name, "is_member": accounts[0].is_member})
    identity = _other_identity(accounts[0])
    if identity and isinstance(facts.home.value, UnreadableFact):
        # NB. whether they have a work account is not known, so neither is whether this account is the right one.
        doubtful = (ready, Fact(Note.OTHER_IDENTITY, {"identity": identity}))
        return Step(key=StepKey.ACCOUNT, result=StepResult.NOT_KNOWN, read_at=at, notes=doubtful)
    return Step(key=StepKey.ACCOUNT, result=StepResult.PASSES, read_at=at, notes=(ready,))


def _cause(facts: DiagnosisFacts, accounts: Sequence[AddressAccount]) -> Fact | None:
    if not accounts:
        # NB. "invite them" is no answer where nobody may.
        return Fact(Cause.INVITATIONS_OFF if _inviters(facts) == _NOBODY else Cause.NO_ACCOUNT)
    external = [account for account in accounts if account.is_external]
    if not external:
        return Fact(Cause.INTERNAL_ACCOUNT)
    if not any(account.is_enabled for account in external):
        return Fact(Cause.ACCOUNT_DISABLED, {**_disabling(facts), "enables": facts.enables_accounts})
    if len(accounts) > 1:
        return Fact(Cause.SEVERAL_ACCOUNTS, {"count": len(accounts)})
    if external[0].is_pending:
        since = external[0].state_since
        return Fact(Cause.INVITATION_PENDING, {"since": None if since is None else since.isoformat()})
    home = facts.home.value
    has_tenant = not isinstance(home, UnreadableFact) and home.kind is HomeKind.ORGANIZATION
    identity = _other_identity(external[0])
    return Fact(Cause.OTHER_IDENTITY, {"identity": identity}) if has_tenant and identity else None


def _disabling(facts: DiagnosisFacts) -> dict[str, Any]:
    """Return who disabled the account and when, as far as it is known: Gatehouse's request, or Entra's log."""
    ours, logged = facts.disabled_by, None if facts.disabled_in_log is None else facts.disabled_in_log.value
    entry = None if logged is None or isinstance(logged, UnreadableFact) else logged
    is_later = ours is None or (
        # NB. the entry of Gatehouse's own write is by an application.
        entry is not None and entry.at is not None and not entry.is_by_application and entry.at > ours.at
    )
    if ours is not None and not is_later:
        return {"request": ours.request, "at": ours.at.isoformat()}
    if entry is not None:
        return {"by": entry.by, "at": None if entry.at is None else entry.at.isoformat()}
    return {"unread": logged.reason.value} if isinstance(logged, UnreadableFact) else {}


def _other_identity(account: AddressAccount) -> str:
    """Return the kind of the only identities with which a guest can sign in; empty for that of their tenant."""
    issuers = {issuer.lower() for issuer in account.issuers}
    found = sorted(_OTHER_IDENTITIES[issuer] for issuer in issuers & _OTHER_IDENTITIES.keys())
    return found[0] if found and _THEIR_TENANT not in issuers else ""


def _inviters(facts: DiagnosisFacts) -> object:
    policy = facts.authorization.value
    return None if isinstance(policy, UnreadableFact) else policy.get("allowInvitesFrom")


def invitation_step(facts: DiagnosisFacts) -> Step:
    """Say who may invite. The lists of domains are not readable here, so a new invitation may still be refused."""
    policy, at = facts.authorization.value, facts.authorization.at
    lists = Fact(Note.DOMAIN_LISTS)
    if isinstance(policy, UnreadableFact):
        notes = (unreadable("invitations", policy), lists)
        return Step(key=StepKey.INVITATIONS, result=StepResult.NOT_READABLE, read_at=at, notes=notes)
    who = policy.get("allowInvitesFrom")
    inviters = Fact(Note.INVITERS, {"who": who if isinstance(who, str) else ""})
    notes = (inviters, lists)
    accounts = None if facts.accounts is None else facts.accounts.value
    if who == _NOBODY and accounts == ():
        cause = Fact(Cause.INVITATIONS_OFF)
        return Step(key=StepKey.INVITATIONS, result=StepResult.STOPS, read_at=at, notes=notes, cause=cause)
    # The lists decide about new invitations. Who has accepted one does not need another.
    is_accepted = isinstance(accounts, tuple) and any(one.is_external and not one.is_pending for one in accounts)
    if is_accepted:
        return Step(key=StepKey.INVITATIONS, result=StepResult.PASSES, read_at=at, notes=(inviters,))
    return Step(key=StepKey.INVITATIONS, result=StepResult.NOT_READABLE, read_at=at, notes=notes)
