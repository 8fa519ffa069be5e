"""What a person wants, before it is known who that person is: a verified click names a chat user and no more."""

from dataclasses import dataclass, field
from typing import Literal

from workflows.core.partner_setup.steps import StepKey
from workflows.core.people import ChatId
from workflows.core.requests.request import RequestId
from workflows.core.settings.canonical import Digest
from workflows.core.settings.model import TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class WantApprove:
    """Approve was clicked on a card that showed this digest."""

    name: Literal["want_approve"] = field(default="want_approve")
    actor: ChatId
    request_id: RequestId
    digest: Digest
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantReject:
    """Reject was clicked on a card that showed this digest, and a reason given."""

    name: Literal["want_reject"] = field(default="want_reject")
    actor: ChatId
    request_id: RequestId
    digest: Digest
    reason: str
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantWithdraw:
    """Withdraw was clicked under another chat id than the requester's: it may be the same person's second one."""

    name: Literal["want_withdraw"] = field(default="want_withdraw")
    actor: ChatId
    request_id: RequestId
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantKeep:
    """Keep was chosen in a review, with a reason."""

    name: Literal["want_keep"] = field(default="want_keep")
    actor: ChatId
    tenant_id: TenantId
    reason: str
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantRevoke:
    """A revocation was confirmed by typing the partner's domain."""

    name: Literal["want_revoke"] = field(default="want_revoke")
    actor: ChatId
    target: str
    """Normalized domain or tenant id."""
    reason: str
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantConfirmHalf:
    """Confirmed was clicked beside a step of the partner's half, as it was shown."""

    name: Literal["want_confirm_half"] = field(default="want_confirm_half")
    actor: ChatId
    tenant_id: TenantId
    step: StepKey
    wanted: Digest
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantUnconfirmHalf:
    """A confirmation of the partner's half is to be taken back."""

    name: Literal["want_unconfirm_half"] = field(default="want_unconfirm_half")
    actor: ChatId
    tenant_id: TenantId
    step: StepKey
    wanted: Digest = field(default=Digest(""))
    """What the step was when it was shown; empty in what was stored before this was kept."""
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantRemindHalf:
    """A reminder of the partner's half was asked for."""

    name: Literal["want_remind_half"] = field(default="want_remind_half")
    actor: ChatId
    tenant_id: TenantId
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantRetryEffect:
    """Try again was clicked beside a given up effect."""

    name: Literal["want_retry_effect"] = field(default="want_retry_effect")
    actor: ChatId
    effect_id: int
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantDropEffect:
    """Give up was clicked beside a given up effect: it is to be forgotten."""

    name: Literal["want_drop_effect"] = field(default="want_drop_effect")
    actor: ChatId
    effect_id: int
    channel: str = ""


HalfIntent = WantConfirmHalf | WantUnconfirmHalf | WantRemindHalf

EffectIntent = WantRetryEffect | WantDropEffect

Intent = WantApprove | WantReject | WantWithdraw | WantKeep | WantRevoke | HalfIntent | EffectIntent
