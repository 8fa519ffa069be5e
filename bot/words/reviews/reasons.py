"""Why a review is due, in words. Cards, lists, the App Home and `/partner show` use these and no others."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

from bot.words.plans.risk import LEVELS
from bot.words.posture.drift import short_difference
from bot.words.refusals.freeze import as_sentence
from workflows.core.policy.risk import RiskLevel
from workflows.core.posture.concern_codes import ConcernCode
from workflows.core.requests.commands.partner_record import GoneReason
from workflows.core.requests.commands.review_event import ReviewReason, ReviewReasonCode

_Values = Mapping[str, str]
_C: Final = ReviewReasonCode

_GONE: Final[Mapping[GoneReason, str]] = {
    GoneReason.NO_ACCOUNT: "The sponsor has no account in Entra any more.",
    GoneReason.DISABLED: "The sponsor's account in Entra is disabled.",
    GoneReason.GUEST: "The sponsor is only a guest in Entra now.",
}
_STRICTER: Final[Mapping[str, str]] = {
    "settings": "it gives less access",
    "approvers": "it asks more people",
    "duration": "it allows a shorter period",
}


def _risk_grew(values: _Values) -> str:
    before, after = (LEVELS[RiskLevel[values[name].upper()]] for name in ("before", "after"))
    return f"The tenant's default gives more access now: the risk was {before} when it was approved, and is {after}."


def _drift(code: ConcernCode) -> str:
    is_told_apart = code is not ConcernCode.DIFFERS_FROM_APPROVED
    return f"The settings are not as approved{f': {short_difference(code)}' if is_told_apart else ''}."


def _stricter(values: _Values) -> str:
    changes = ", and ".join(_STRICTER[change] for change in values["changes"].split(","))
    return f"The template “{values['template']}” is stricter now: {changes}."


_SENTENCES: Final[Mapping[ReviewReasonCode, str | Callable[[_Values], str]]] = {
    _C.CALENDAR: "The time until the next review is over.",
    _C.ACCESS_ENDED: "The approved access period is over.",
    _C.NOT_APPROVED: "Nobody approved the current settings as they are.",
    _C.ATTESTATION_ENDED: "The attestation that the partner requires MFA does not count any more.",
    _C.SPONSOR_GONE: lambda values: _GONE[GoneReason(values["cause"])],
    _C.SPONSOR_MOVED: "The sponsor, {sponsor}, moved in Entra from the department “{before}” to “{after}”.",
    _C.NO_SIGN_IN: "Nobody of this partner signed in for {days} days, as far as the sign-in log shows.",
    _C.DRIFT: lambda values: _drift(ConcernCode(values["drift"])),
    _C.RISK_GREW: _risk_grew,
    _C.TEMPLATE_STRICTER: _stricter,
    _C.DOMAIN_MOVED: "The domain {domain} belongs to another tenant now ({tenant_id}). The access is still open for "
    "the tenant that was approved.",
    _C.CAMPAIGN: lambda values: f"{values['by']} asked for a review of several partners: {as_sentence(values['why'])}",
}
_SHORT: Final[Mapping[ReviewReasonCode, str]] = {
    _C.CALENDAR: "regular review",
    _C.ACCESS_ENDED: "access period over",
    _C.NOT_APPROVED: "settings not approved",
    _C.ATTESTATION_ENDED: "MFA to attest again",
    _C.SPONSOR_GONE: "sponsor has no account",
    _C.SPONSOR_MOVED: "sponsor moved",
    _C.NO_SIGN_IN: "no sign-ins",
    _C.DRIFT: "not as approved",
    _C.RISK_GREW: "risk grew",
    _C.TEMPLATE_STRICTER: "template is stricter",
    _C.DOMAIN_MOVED: "domain moved",
    _C.CAMPAIGN: "campaign",
}
_SHOWN_ON_THE_CARD: Final = frozenset(
    {
        _C.CALENDAR,
        _C.ACCESS_ENDED,
        _C.NOT_APPROVED,
        _C.ATTESTATION_ENDED,
        _C.SPONSOR_GONE,
        _C.NO_SIGN_IN,
        _C.DRIFT,
    }
)
"""Reasons of which the card of a review shows the rest: the settings, the last use, or the sponsor."""
_OVER: Final[Mapping[ReviewReasonCode, str]] = {
    _C.DRIFT: "The settings are as approved again, or admins accepted the change. Nobody has to answer this review.",
    _C.RISK_GREW: "The risk is no higher than approved any more. Nobody has to answer this review.",
    _C.CAMPAIGN: "The campaign was withdrawn. Nobody has to answer this review.",
}


def reason_words(reason: ReviewReason) -> str:
    """Return why a review is due, as a sentence. The values may be text from outside."""
    sentence = _SENTENCES[reason.code]
    return sentence.format_map(reason.values) if isinstance(sentence, str) else sentence(reason.values)


def reasons_words(reasons: Iterable[ReviewReason]) -> str:
    """Return why a review is due, with a sentence for each reason; empty when no reason is stored."""
    return " ".join(map(reason_words, reasons))


def short_reasons(reasons: Iterable[ReviewReason]) -> str:
    """Return why a review is due, in a few words for a row of a list; empty when no reason is stored."""
    return ", ".join(dict.fromkeys(_SHORT[reason.code] for reason in reasons))


def card_reasons(reasons: Collection[ReviewReason]) -> str:
    """Return why a review is due, for its card: in a few words where the card shows the rest, else as a sentence."""
    own = [reason for reason in reasons if reason.code not in _SHOWN_ON_THE_CARD]
    short = short_reasons(reason for reason in reasons if reason.code in _SHOWN_ON_THE_CARD)
    return " ".join(filter(None, [f"{short}." if short and own else short, reasons_words(own)]))


def short_reason(code: ReviewReasonCode) -> str:
    """Return one reason in a few words."""
    return _SHORT[code]


def ended_review_words(reason: ReviewReason) -> str:
    """Return why nobody has to answer a review that ended with its reason."""
    return _OVER[reason.code]
