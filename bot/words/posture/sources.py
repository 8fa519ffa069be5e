"""The sources of a posture's concerns: the vendor's page, or our own records."""

from collections.abc import Mapping
from typing import Final

from workflows.core.posture.concern_codes import ConcernCode
from workflows.core.posture.model import Concern

_RECORDS: Final = "Gatehouse's records"
_COMPARED: Final = "Gatehouse's records, compared with what was just read"
_CLOUDS: Final = "Entra: “Configure Microsoft cloud settings for B2B collaboration”"
_OVERVIEW: Final = "Graph: “Cross-tenant access settings API overview”"
_TRUST: Final = "Entra: “Cross-tenant access overview”, trust settings"
_DEFAULT: Final = "Graph: “crossTenantAccessPolicyConfigurationDefault”"
_PARTNER: Final = "Graph: “crossTenantAccessPolicyConfigurationPartner”"
_FOR_GUESTS: Final = "Entra: “Authentication and Conditional Access for B2B users”"
_C: Final = ConcernCode

_SOURCES: Final[Mapping[ConcernCode, str]] = {
    **dict.fromkeys(
        (
            *(_C.UNFINISHED, _C.UNKNOWN_TO_GATEHOUSE, _C.DIFFERS_FROM_APPROVED),
            *(
                _C.CAPABILITIES_NOT_READ,
                _C.REVOKED_BUT_OPEN,
                _C.REVOKED_NOT_KNOWN,
                _C.REVOKED_NOT_EXPLICIT,
                _C.DEFAULT_CHANGED,
            ),
        ),
        _COMPARED,
    ),
    **dict.fromkeys(
        (_C.NOT_COMPARED, _C.BEING_WRITTEN, _C.RECORD_UNREADABLE, _C.TIME_IS_OVER, _C.REVIEW_OVERDUE), _RECORDS
    ),
    **dict.fromkeys(
        (
            *(_C.INHERITS_OPEN_DEFAULT, _C.ALSO_OPEN, _C.NOT_KNOWN_CLOSED, _C.NOT_CERTAIN, _C.UNREADABLE),
            *(_C.DEFAULT_OPEN_B2B_COLLABORATION_INBOUND, _C.DEFAULT_OPEN_B2B_COLLABORATION_OUTBOUND),
            *(_C.DEFAULT_OPEN_B2B_DIRECT_CONNECT_INBOUND, _C.DEFAULT_OPEN_B2B_DIRECT_CONNECT_OUTBOUND),
        ),
        _OVERVIEW,
    ),
    _C.SYNCHRONIZATION_ON: "Entra: “What is cross-tenant synchronization?”",
    **dict.fromkeys((_C.ALL_TRUST_ALL_APPLICATIONS, _C.DEFAULT_TRUSTS_EVERYBODY), _TRUST),
    **dict.fromkeys((_C.SERVICE_PROVIDER, _C.MULTI_TENANT_ORGANIZATION), _PARTNER),
    _C.MICROSOFT_SUPPORT: "Entra: “Cross-tenant access overview”",
    **dict.fromkeys((_C.CONDITIONAL_ACCESS_UNREADABLE, _C.LOCKED_OUT), _FOR_GUESTS),
    _C.ESTIMATE: "Graph: “conditionalAccessRoot: evaluate”",
    **dict.fromkeys(
        (
            *(_C.DEFAULT_UNREADABLE, _C.DEFAULT_ALSO_OPEN, _C.DEFAULT_NOT_KNOWN_CLOSED),
            *(_C.DEFAULT_SETTINGS_UNREADABLE, _C.DEFAULT_IS_MICROSOFTS),
        ),
        _DEFAULT,
    ),
}


def concern_source(concern: Concern) -> str:
    """Return the source of a concern: the vendor's page, or the place in our own records."""
    if concern.code in (ConcernCode.ABSENT, ConcernCode.REVOKED_BUT_ABSENT):
        return f"{_COMPARED}; {_CLOUDS if concern.values['is_other_cloud'] else _OVERVIEW}"
    return _SOURCES[concern.code]
