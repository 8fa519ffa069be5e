"""Read sign-ins and guest accounts of a scan. A member that is missing or of another form counts as absent."""

from datetime import UTC, datetime
from typing import Any

from workflows.core.checks.tenant_facts import AccountDisabling, AddressAccount, LoggedSignIn
from workflows.core.partners.reviewing.evidence.guest_state import GUEST, GuestAccount, GuestActivity
from workflows.core.partners.reviewing.evidence.sign_in_counting import SignIn, later
from workflows.core.people import PersonId
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import TenantId


def sign_in_of(row: JsonObject) -> SignIn:
    """Read one sign-in. Only `status.errorCode` 0 is a success."""
    code = _error_code(row)
    return SignIn(
        user_id=PersonId(_text(row.get("userId")).lower()),
        home=TenantId(_text(row.get("homeTenantId")).lower()),
        at=_moment(row.get("createdDateTime")),
        is_success=code == 0,
        code=code,
    )


def logged_sign_in_of(row: JsonObject) -> LoggedSignIn:
    """Read one sign-in with Microsoft's code of its result."""
    return LoggedSignIn(
        user_id=PersonId(_text(row.get("userId")).lower()),
        address=_text(row.get("userPrincipalName")).lower(),
        at=_moment(row.get("createdDateTime")),
        code=_error_code(row),
        application=_text(row.get("appDisplayName")),
        correlation_id=_text(row.get("correlationId")),
    )


def address_account_of(row: JsonObject) -> AddressAccount:
    """Read one account of a mail address."""
    return AddressAccount(
        id=PersonId(_text(row.get("id")).lower()),
        name=_text(row.get("displayName")),
        principal_name=_text(row.get("userPrincipalName")),
        issuers=_issuers(row),
        state=_text(row.get("externalUserState")),
        is_enabled=row.get("accountEnabled") is not False,
        is_member=_text(row.get("userType")).lower() != "guest",
        state_since=_moment(row.get("externalUserStateChangeDateTime")),
    )


def disabling_of(row: JsonObject) -> AccountDisabling:
    """Read an entry of the audit log that an account was disabled: by a person, or by an application."""
    by = row.get("initiatedBy")
    by = by if isinstance(by, dict) else {}
    user, application = (by.get(name) if isinstance(by.get(name), dict) else None for name in ("user", "app"))
    names = [
        _text(one.get(name))
        for one in (user, application)
        if one is not None
        for name in ("userPrincipalName", "displayName")
    ]
    return AccountDisabling(
        by=next(filter(None, names), ""),
        at=_moment(row.get("activityDateTime")),
        is_by_application=user is None and application is not None,
    )


def guest_of(row: JsonObject, *, has_activity: bool, usual_type: str = GUEST) -> GuestAccount:
    """Read one guest account.

    :param has_activity: whether the last sign-in was asked for. Graph then leaves it out for who never signed in.
    :param usual_type: the user type of an account without one. Accounts that are synchronized may have none.
    """
    return GuestAccount(
        id=PersonId(_text(row.get("id")).lower()),
        name=_text(row.get("displayName")),
        mail=_text(row.get("mail")),
        principal_name=_text(row.get("userPrincipalName")),
        issuers=_issuers(row),
        state=_text(row.get("externalUserState")),
        state_since=_moment(row.get("externalUserStateChangeDateTime")),
        created_at=_moment(row.get("createdDateTime")),
        user_type=_text(row.get("userType")).lower() or usual_type,
        is_enabled=row.get("accountEnabled") is not False,
        is_synchronized=row.get("onPremisesSyncEnabled") is True,
        activity=_activity(row.get("signInActivity")) if has_activity else None,
    )


def _error_code(row: JsonObject) -> int | None:
    status = row.get("status")
    code = status.get("errorCode") if isinstance(status, dict) else None
    return code if isinstance(code, int) else None


def _issuers(row: JsonObject) -> tuple[str, ...]:
    identities = row.get("identities")
    issuers = [one.get("issuer") for one in identities if isinstance(one, dict)] if isinstance(identities, list) else []
    return tuple(filter(None, map(_text, issuers)))


def _activity(value: Any) -> GuestActivity:
    times = value if isinstance(value, dict) else {}
    tried = (_moment(times.get(name)) for name in ("lastSignInDateTime", "lastNonInteractiveSignInDateTime"))
    return GuestActivity(succeeded_at=_moment(times.get("lastSuccessfulSignInDateTime")), tried_at=later(*tried))


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):  # the last one is before the year 1 in UTC, or after 9999
        return None
    # NB. Graph writes the year 1 for accounts that never signed in.
    return moment if moment.year > 1 else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
