"""What reports and the last sign-in of users need: a licence, a permission, and no more than a few requests.

A boundary: logs and users are different parts of Graph with the same conditions.
"""

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

from bot.sandbox.entra.odata.calls import Refusal

ACTIVITY = "signInActivity"
_SECONDS = 10.0


class ReportLimit:
    """Counts requests for reports, by real time: a moved sandbox clock must not end the pause."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._taken: list[float] = []

    def take(self, limit: int) -> None:
        """Count one request.

        :param limit: how many are answered within ten seconds; 0: any number.
        :raises Refusal: 429 when there are more.
        """
        now = self._monotonic()
        self._taken = [at for at in self._taken if at > now - _SECONDS]
        if limit and len(self._taken) >= limit:
            wait = math.ceil(self._taken[-limit] + _SECONDS - now)
            raise Refusal(429, "TooManyRequests", "Too many requests.", headers={"Retry-After": str(wait)})
        self._taken.append(now)


def require_premium(objects: Mapping[str, Any]) -> None:
    """Check that the tenant has Entra ID P1 or P2.

    :raises Refusal: 403.
    """
    if not objects["hasPremiumLicence"]:
        code = "Authentication_RequestFromNonPremiumTenantOrB2CTenant"
        raise Refusal(403, code, "Neither tenant is B2C or tenant doesn't have premium license")


def require_activity_access(objects: Mapping[str, Any]) -> None:
    """Check that the last sign-in of users may be read.

    :raises Refusal: 403.
    """
    if "AuditLog.Read.All" not in objects["appRoles"]:
        message = (
            "The principal does not have required Microsoft Graph permission(s): AuditLog.Read.All to call this API. "
            "For more information about Microsoft Graph permissions, please visit "
            "https://learn.microsoft.com/en-us/graph/permissions-overview."
        )
        raise Refusal(403, "Authentication_MSGraphPermissionMissing", message)
    require_premium(objects)
