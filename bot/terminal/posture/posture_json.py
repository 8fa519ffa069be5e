"""A posture as JSON with stable keys; documented in docs/posture.md."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from bot.terminal.posture.guest_policy import guest_policy_json
from bot.words.findings.conditional_access.report import report_values
from bot.words.plans.current_settings import CurrentLine, describe_current
from bot.words.plans.risk import risk_reason_words
from bot.words.posture.concerns import concern_words
from bot.words.posture.sources import concern_source
from workflows.core.partners.partnership import Partnership
from workflows.core.policy.stops.freeze import Freeze
from workflows.core.posture.model import B2BAccess, Concern, ConcernSeverity, DefaultPosture, PartnerPosture, Posture
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.effective import EffectiveFlag, Origin
from workflows.core.settings.open_access import AccessKind

FORMAT: Final = "gatehouse/posture/1"
_NOT_SET: Final = "Neither the partner nor the default sets it in a form that this version can read."
_UNKNOWN: Final = {
    Origin.UNREADABLE: "The value could not be read, or stands beside values that this version does not know.",
    Origin.SET_HERE: _NOT_SET,
    Origin.TENANT_DEFAULT: _NOT_SET,
    Origin.MICROSOFT_DEFAULT: _NOT_SET,
}
_COUNTS: Final = {
    ConcernSeverity.ALERT: "alerts",
    ConcernSeverity.WARNING: "warnings",
    ConcernSeverity.UNCHECKED: "unchecked",
    ConcernSeverity.NOTE: "notes",
}


def posture_json(posture: Posture, freeze: Freeze | None = None, guests: JsonObject | None = None) -> Iterator[str]:
    """Render a posture, in pieces: the whole is one JSON object, with one partner a line.

    Keys are sorted, and everything outside ASCII is escaped, so that hidden characters are visible.

    :param freeze: the newest freeze; one without a name stands for a record that cannot be read.
    :param guests: the tenant's authorization policy; None when it could not be read.
    """
    default = posture.default
    members: dict[str, Any] = {
        "counts": {
            "partners": posture.partner_count,
            "lookups_without_answer": posture.unanswered,
            "not_adopted": len(posture.not_adopted),
            **{name: posture.count(severity) for severity, name in _COUNTS.items()},
        },
        "default": _default(default),
        "format": FORMAT,
        "freeze": _freeze(freeze),
        "guest_policy": guest_policy_json(guests),
        "home_tenant_id": posture.home,
    }
    # NB. an indented document is encoded by Python's own code, ten times slower.
    yield "{\n"
    for name, value in members.items():
        yield f"{json.dumps(name)}: {json.dumps(value, sort_keys=True)},\n"
    lines_of = _SettingsLines(default.document)
    yield '"partners": ['
    for number, partner in enumerate(posture.partners):
        yield ",\n" if number else "\n"
        yield json.dumps(_partner(partner, lines_of), sort_keys=True)
    yield "\n],\n"
    yield f'"read_at": {json.dumps(_moment(posture.read_at))},\n'
    yield f'"records_read": {json.dumps(posture.records_are_read)}\n}}\n'


def _default(default: DefaultPosture) -> dict[str, Any]:
    return {
        "read": default.is_read,
        "is_service_default": default.is_service_default if default.is_read else None,
        "access": _b2b_access(default.b2b_access),
        "inbound_trust": _flags(default.trust),
        "ways": _access_kinds(default.access_kinds),
        "settings": _current_settings(describe_current(None, default.document)),
        "concerns": _concerns(default.concerns),
    }


def _freeze(freeze: Freeze | None) -> dict[str, Any] | None:
    """Return the freeze in force; null when nothing is frozen."""
    if freeze is None or not freeze.is_frozen:
        return None
    if not freeze.by:
        return {"read": False}
    return {"read": True, "by": freeze.by, "reason": freeze.reason, "since": _moment(freeze.since)}


class _SettingsLines:
    """The current settings in words, worded once for all partners with the same settings."""

    def __init__(self, default: JsonObject | None) -> None:
        self._default = default
        self._worded: dict[str, list[dict[str, Any]]] = {}

    def __call__(self, partner: PartnerPosture) -> list[dict[str, Any]]:
        if partner.is_blocked_until_added:
            return []
        configuration = partner.configuration
        settings = None if configuration is None else {k: v for k, v in configuration.items() if k != "tenantId"}
        written = repr(settings)
        if written not in self._worded:
            self._worded[written] = _current_settings(describe_current(settings, self._default))
        return self._worded[written]


def _partner(partner: PartnerPosture, lines_of: _SettingsLines) -> dict[str, Any]:
    identity = partner.identity
    return {
        "tenant_id": partner.tenant_id,
        "default_domain": None if identity is None else identity.default_domain or None,
        "display_name": None if identity is None else identity.display_name,
        "has_settings": partner.has_settings,
        "access": _b2b_access(partner.b2b_access),
        "inbound_trust": _flags(partner.trust),
        "automatic_redemption": _flags(partner.redemption),
        "identity_synchronization": _flag(partner.synchronization),
        "ways": _access_kinds(partner.access_kinds),
        "settings": lines_of(partner),
        "unmanaged": list(partner.unmanaged_settings),
        "risk": {
            "level": partner.risk.level.word,
            "is_certain": partner.is_risk_certain,
            "reasons": [risk_reason_words(reason) for reason in partner.risk.reasons],
        },
        "record_state": partner.record_state.value,
        "record": None if partner.record is None else _record(partner.record),
        "conditional_access": None if partner.access is None else report_values(partner.access),
        "concerns": _concerns(partner.concerns),
    }


def _record(record: Partnership) -> dict[str, Any]:
    return {
        "state": record.state.value,
        "template": record.template,
        "template_title": record.template_title,
        "request_id": record.request_id,
        "sponsor": record.sponsor.name,
        "since": _moment(record.since),
        "ends_at": _moment(record.ends_at),
        "at_end": record.at_end.value,
        "on_silence": record.on_silence.value,
        "next_review_at": _moment(record.review_due_at),
    }


def _b2b_access(b2b_access: Mapping[Any, B2BAccess]) -> dict[str, Any]:
    return {
        name.value: {
            "opening": direction.opening.value,
            "origins": [origin.value for origin in direction.targets.origins],
        }
        for name, direction in b2b_access.items()
    }


def _flags(flags: Mapping[str, EffectiveFlag]) -> dict[str, Any]:
    return {name: _flag(flag) for name, flag in flags.items()}


def _flag(flag: EffectiveFlag) -> dict[str, Any]:
    reason = None if flag.value is not None else _UNKNOWN[flag.origin]
    return {"value": flag.value, "origin": flag.origin.value, "reason": reason}


def _access_kinds(access_kinds: Sequence[AccessKind]) -> list[dict[str, Any]]:
    return [
        {
            "name": kind.name,
            "kind": kind.category.name.lower(),
            "opening": kind.opening.value,
            "is_explicit": kind.is_explicit,
        }
        for kind in access_kinds
    ]


def _current_settings(lines: Sequence[CurrentLine]) -> list[dict[str, Any]]:
    return [{"setting": line.setting, "words": line.words, "origin": line.fact.origin.value} for line in lines]


def _concerns(concerns: Sequence[Concern]) -> list[dict[str, Any]]:
    return [
        {
            "code": concern.code.value,
            "weight": _key(concern.severity),
            "text": concern_words(concern),
            "source": concern_source(concern),
        }
        for concern in concerns
    ]


def _key(severity: ConcernSeverity) -> str:
    return severity.name.lower()


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds")
