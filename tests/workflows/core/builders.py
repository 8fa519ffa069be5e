"""Build the people, plans and requests that tests of the core start from: plain functions over literal data."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, get_args, get_origin

from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.checks.partner_setup.steps import SetupStep, StepKey
from workflows.core.conversation.remarks import Remark, RemarkId, RemarkKind
from workflows.core.errors.facts import Fact
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.people import ADMIN, ChatId, CurrentRoles, Person, PersonId, Role
from workflows.core.plans.accounts import AccountChange, AccountPlan, PlannedAccount
from workflows.core.plans.plan import Plan, TenantIdentity
from workflows.core.plans.planning import plan_access, plan_revocation
from workflows.core.policy.approval import Choice, Decision
from workflows.core.policy.template import Stage
from workflows.core.requests.commands.automatic import AcceptBatchDecisions
from workflows.core.requests.commands.request import Edit
from workflows.core.requests.effects import MessageCode
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import (
    CHANGE_OF_KIND,
    AccessRequest,
    BatchId,
    ObservedPartner,
    PreparedRequest,
    RequestFields,
    RequestId,
    RequestKind,
    RequestState,
)
from workflows.core.requests.transitions.transition import Situation
from workflows.core.settings.canonical import Digest, JsonObject
from workflows.core.settings.documents import to_document
from workflows.core.settings.model import CLOSED, AutomaticRedemption, InboundTrust, Property, TenantId

NOW: Final = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
LIFETIME: Final = timedelta(days=7)
EXPIRY: Final = NOW + LIFETIME
MILLISECOND: Final = timedelta(milliseconds=1)
REQUEST: Final = RequestId("r-1")
BATCH: Final = BatchId("B-1")
HASHES: Final = {name: template.content_hash for name, template in load_catalog(SHIPPED).templates.items()}
"""What the shipped templates say: a plan of another hash is not written any more."""
TENANT: Final = TenantId("5a5e1f50-1c1f-4a8a-9d30-1d2f00c0ffee")

SECURITY: Final = Role("security")
DATA_OWNER: Final = Role("data-owner")
STAGES: Final = (
    Stage(title="Security", role=SECURITY, quorum=1),
    Stage(title="Data owners", role=DATA_OWNER, quorum=2),
)


def classes(union: object) -> list[type[Any]]:
    """The classes of a union, in order; of a class that is generic in its actor, the class."""
    return [get_origin(member) or member for member in get_args(union)]


def person(name: str) -> Person:
    """Name somebody; account id and chat id follow from the name."""
    return Person(id=PersonId(f"id-{name.lower()}"), chat_id=ChatId(f"U-{name.upper()}"), name=name)


RILEY, SAM = person("Riley"), person("Sam")
"""The requester and the sponsor. Both hold every approver's role in CURRENT_ROLES, and still may not decide."""
AMARA, BRUNO, CHIE, DANA, MALLORY = map(person, ("Amara", "Bruno", "Chie", "Dana", "Mallory"))
"""Security; two data owners; an admin; somebody without any role."""


def current_roles(**roles: str) -> CurrentRoles:
    """Give roles by name: `current_roles(amara="security data-owner")`."""
    return CurrentRoles(
        roles={PersonId(f"id-{name}"): frozenset(map(Role, text.split())) for name, text in roles.items()}
    )


def everybody(**changes: str) -> CurrentRoles:
    """The usual roles with some people's roles changed."""
    usual = {
        "riley": "security data-owner admin",
        "sam": "security data-owner admin",
        "amara": "security",
        "bruno": "data-owner",
        "chie": "data-owner",
        "dana": ADMIN,
    }
    return current_roles(**{**usual, **changes})


def situation(now: datetime = NOW, /, **roles: str) -> Situation:
    """A moment, with the usual roles or some people's roles changed."""
    return Situation(now=now, current_roles=everybody(**roles))


def identity(asked: str = "contoso.com") -> TenantIdentity:
    """The partner Contoso."""
    return TenantIdentity(tenant_id=TENANT, display_name="Contoso Ltd", default_domain="contoso.com", typed_name=asked)


NO_TRUST: Final = InboundTrust(mfa=False)


def access_plan(before: JsonObject | None = None, *, template_hash: str = HASHES["trusted-partner"]) -> Plan:
    """A plan that turns on MFA trust and inbound automatic redemption for 90 days."""
    return plan_access(
        tenant_id=TENANT,
        before=before,
        settings={
            Property.INBOUND_TRUST: InboundTrust(mfa=True),
            Property.AUTOMATIC_REDEMPTION: AutomaticRedemption(inbound=True),
        },
        template="trusted-partner",
        template_hash=template_hash,
        duration=timedelta(days=90),
    )


def reduction_plan(before: JsonObject | None = None, trust: InboundTrust = NO_TRUST, *, extends: bool = False) -> Plan:
    """A plan of 90 days that only trusts less; the partner's MFA is trusted now, unless told otherwise.

    :param extends: whether it gives more time as well.
    """
    plan = plan_access(
        tenant_id=TENANT,
        before=before or {"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": True}},
        settings={Property.INBOUND_TRUST: trust},
        template="guest-collaboration",
        template_hash=HASHES["guest-collaboration"],
        duration=timedelta(days=90),
    )
    return replace(plan, extends=extends)


def planned_accounts(count: int, *, was_enabled: bool = True) -> tuple[PlannedAccount, ...]:
    """Guests of Contoso, numbered from 0."""
    return tuple(
        PlannedAccount(
            id=PersonId(f"guest-{number}"),
            name=f"Guest {number}",
            mail=f"guest{number}@contoso.com",
            principal_name=f"guest{number}_contoso.com#EXT#@us.example",
            why="mail",
            was_enabled=was_enabled,
            created_at=NOW - timedelta(days=400),
        )
        for number in range(count)
    )


def accounts_plan(change: AccountChange = AccountChange.DISABLE, count: int = 3) -> Plan:
    """A plan that disables or enables guests of Contoso."""
    accounts = planned_accounts(count, was_enabled=change is AccountChange.DISABLE)
    return Plan(
        tenant_id=TENANT,
        operations=(),
        before=None,
        template="trusted-partner",
        template_hash=HASHES["trusted-partner"],
        duration=None,
        accounts=AccountPlan(change=change, accounts=accounts),
    )


def prepared(kind: RequestKind = RequestKind.ACCESS, /, **changes: Any) -> PreparedRequest:
    """What preparing found out: a new partner with two stages, or an open partner to be closed."""
    is_access = kind is not RequestKind.REVOCATION
    usual = PreparedRequest(
        observation=ObservedPartner(identity=identity(), configuration=None, at=NOW, default=None if is_access else {}),
        requester=RILEY,
        sponsor=SAM,
        plan=access_plan() if is_access else plan_revocation(tenant_id=TENANT, default={}, before={"tenantId": TENANT}),
        template_title="Trusted partner" if is_access else "Revoke",
        stages=STAGES if is_access else (),
        review_interval=timedelta(days=30) if is_access else None,
    )
    if (change := CHANGE_OF_KIND.get(kind)) is not None:
        usual = replace(usual, plan=accounts_plan(change), stages=STAGES, review_interval=None)
    return replace(usual, **changes)


def particulars(kind: RequestKind = RequestKind.ACCESS) -> RequestFields:
    """What Riley filled in."""
    is_access = kind is not RequestKind.REVOCATION
    return RequestFields(
        kind=kind,
        requester=RILEY.chat_id,
        sponsor=SAM.chat_id,
        target="contoso.com",
        template="trusted-partner" if is_access else "revoke",
        justification="Joint launch in May",
        duration=timedelta(days=90) if is_access else None,
    )


def approval(
    actor: Person, stage: int, *, digest: str | None = None, choice: Choice = Choice.APPROVE, at: datetime = NOW
) -> Decision:
    """A decision of `actor`, on the usual plan unless told otherwise."""
    shown = access_plan().digest if digest is None else Digest(digest)
    return Decision(person=actor, choice=choice, stage=stage, digest=shown, reason="", at=at)


REDEEM_STEP: Final = SetupStep(
    key=StepKey.AUTOMATIC_REDEMPTION_OUTBOUND,
    is_needed=True,
    required_settings={"automaticUserConsentSettings": {"outboundAllowed": True}},
)
"""What the usual plan wants from the partner."""

WHOLE_CHAIN: Final = (approval(AMARA, 0), approval(BRUNO, 1), approval(CHIE, 1))


def request(
    state: RequestState = RequestState.AWAITING_APPROVAL, kind: RequestKind = RequestKind.ACCESS, /, **changes: Any
) -> AccessRequest:
    """Return a request in `state`, as the lifecycle would have left it; version 5."""
    is_access = kind is not RequestKind.REVOCATION
    is_decided = state not in (
        RequestState.PREPARING,
        RequestState.AWAITING_CONFIRMATION,
        RequestState.AWAITING_APPROVAL,
    )
    known = prepared(kind)
    decisions = tuple(replace(decision, digest=known.plan.digest) for decision in WHOLE_CHAIN)
    usual = AccessRequest(
        id=REQUEST,
        version=5,
        state=state,
        fields=particulars(kind),
        created_at=NOW,
        changed_at=NOW,
        expires_at=EXPIRY,
        prepared=None if state is RequestState.PREPARING else known,
        decisions=decisions if is_access and is_decided else (),
    )
    return replace(usual, **changes)


def batch_decisions(**changes: Any) -> AcceptBatchDecisions:
    """The decisions on the usual batch, which contains the usual plan."""
    usual: dict[str, Any] = {
        "batch": BATCH,
        "batch_digest": Digest("ba" * 32),
        "plan_digest": access_plan().digest,
        "stages": STAGES,
        "roles": {},
        "decisions": WHOLE_CHAIN,
    }
    return AcceptBatchDecisions(**{**usual, **changes})


def edit(actor: Person = RILEY, /, *, digest: Digest | None = None, **wanted: Any) -> Edit:
    """An edit of the usual request: its justification, unless told otherwise."""
    return Edit(
        actor=actor,
        request_id=REQUEST,
        digest=access_plan().digest if digest is None else digest,
        new_fields=replace(particulars(), **(wanted or {"justification": "Joint launch in June"})),
        observation=prepared().observation,
        lifetime=LIFETIME,
    )


QUESTION: Final = Remark(
    id=RemarkId("1"),
    kind=RemarkKind.QUESTION,
    person=AMARA,
    text="Which sites do they need?",
    at=NOW,
    asked=(RILEY,),
)
"""What Amara, who may decide, asks Riley."""


def noted(text: str) -> tuple[Fact, ...]:
    """A note that consists of a text; none for an empty one."""
    return (Fact(NoteCode.TEXT, {"text": text}),) if text else ()


def text_message(text: str) -> Fact:
    """A private message that consists of a text."""
    return Fact(MessageCode.TEXT, {"text": text})


def partnership(**changes: Any) -> Partnership:
    """An active partnership of Sam's: opened at NOW for 90 days, looked at every 30; version 3."""
    usual = Partnership(
        identity=identity(),
        version=3,
        state=PartnershipState.ACTIVE,
        sponsor=SAM,
        template="trusted-partner",
        template_title="Trusted partner",
        request_id=REQUEST,
        since=NOW,
        ends_at=NOW + timedelta(days=90),
        review_interval=timedelta(days=30),
        next_review_at=NOW + timedelta(days=30),
        stages=STAGES,
    )
    return replace(usual, **changes)


def closed_document() -> dict[str, Any]:
    """A partner that is blocked in every respect, as Graph would show it."""
    return {"tenantId": TENANT, **{name.value: to_document(setting) for name, setting in CLOSED.items()}}
