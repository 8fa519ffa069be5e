"""Evaluate the tenant's default configuration, which applies to every partner without its own settings."""

from collections.abc import Iterator, Sequence
from typing import Final

from workflows.core.errors.facts import Facts, as_values
from workflows.core.posture.access_concerns import access_kind_values, b2b_access_of, trust_of, unreadable_settings
from workflows.core.posture.concern_codes import ConcernCode
from workflows.core.posture.model import B2BAccess, Concern, ConcernSeverity, DefaultPosture, sorted_concerns
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.effective import effective_settings
from workflows.core.settings.model import Property
from workflows.core.settings.open_access import AccessCategory, AccessKind, AccessState, access_kinds, possibly_open

_OPEN_CODES: Final = {
    Property.B2B_COLLABORATION_INBOUND: ConcernCode.DEFAULT_OPEN_B2B_COLLABORATION_INBOUND,
    Property.B2B_COLLABORATION_OUTBOUND: ConcernCode.DEFAULT_OPEN_B2B_COLLABORATION_OUTBOUND,
    Property.B2B_DIRECT_CONNECT_INBOUND: ConcernCode.DEFAULT_OPEN_B2B_DIRECT_CONNECT_INBOUND,
    Property.B2B_DIRECT_CONNECT_OUTBOUND: ConcernCode.DEFAULT_OPEN_B2B_DIRECT_CONNECT_OUTBOUND,
}


def default_posture(document: JsonObject | None, unread_reasons: Facts = ()) -> DefaultPosture:
    """Return the posture of the default with its concerns.

    :param document: the default configuration; None when it could not be read. `unread_reasons` then says why.
    """
    effective = effective_settings(None, document)
    b2b_access, access_kinds_found = b2b_access_of(effective), access_kinds(None, document)
    return DefaultPosture(
        is_read=document is not None,
        is_service_default=(document or {}).get("isServiceDefault") is True,
        b2b_access=b2b_access,
        trust=trust_of(effective),
        document=document,
        access_kinds=access_kinds_found,
        concerns=sorted_concerns(
            [_unread_concern(unread_reasons)]
            if document is None
            else _concerns(document, b2b_access, _trusted_claims(document), access_kinds_found)
        ),
    )


def _trusted_claims(document: JsonObject) -> list[str]:
    flags = trust_of(effective_settings(None, document))
    return [key for key, flag in flags.items() if flag.value is True]


def _concerns(
    document: JsonObject,
    b2b_access: dict[Property, B2BAccess],
    trusted_flags: Sequence[str],
    access_kinds: Sequence[AccessKind],
) -> Iterator[Concern]:
    if trusted_flags:
        yield Concern(
            code=ConcernCode.DEFAULT_TRUSTS_EVERYBODY,
            severity=ConcernSeverity.ALERT,
            values={"flags": list(trusted_flags)},
        )
    for name, code in _OPEN_CODES.items():
        if b2b_access[name].opening in (AccessState.OPEN, AccessState.PARTLY):
            is_whole = b2b_access[name].opening is AccessState.OPEN
            yield Concern(code=code, severity=ConcernSeverity.WARNING, values={"is_whole": is_whole})
    unreadable = unreadable_settings(document)
    others = [
        kind
        for kind in possibly_open(access_kinds)
        if kind.category in (AccessCategory.SERVICE, AccessCategory.UNDOCUMENTED) and kind.setting not in unreadable
    ]
    if open_kinds := [kind for kind in others if kind.opening is not AccessState.UNKNOWN]:
        values = {"ways": access_kind_values(open_kinds)}
        yield Concern(code=ConcernCode.DEFAULT_ALSO_OPEN, severity=ConcernSeverity.WARNING, values=values)
    if unknown := [kind for kind in others if kind.opening is AccessState.UNKNOWN]:
        values = {"ways": access_kind_values(unknown)}
        yield Concern(code=ConcernCode.DEFAULT_NOT_KNOWN_CLOSED, severity=ConcernSeverity.UNCHECKED, values=values)
    if unreadable:
        yield Concern(
            code=ConcernCode.DEFAULT_SETTINGS_UNREADABLE,
            severity=ConcernSeverity.UNCHECKED,
            values={"settings": list(unreadable)},
        )
    if document.get("isServiceDefault") is True:
        yield Concern(code=ConcernCode.DEFAULT_IS_MICROSOFTS, severity=ConcernSeverity.NOTE)


def _unread_concern(reason: Facts) -> Concern:
    return Concern(
        code=ConcernCode.DEFAULT_UNREADABLE, severity=ConcernSeverity.UNCHECKED, values={"reason": as_values(reason)}
    )
