"""Microsoft's codes of sign-in errors: which step they belong to, and who can change the cause. The one list.

Source: Microsoft, "Microsoft Entra authentication and authorization error codes" and "Troubleshooting Microsoft Entra
B2B collaboration". The sentences are in `bot/words/findings/diagnosis/sign_in_codes.py`; the table in
docs/troubleshooting.md is generated from both.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from workflows.core.posture.diagnosis.steps import Action, Changer, Side, StepKey


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInCode:
    """One code of Microsoft."""

    number: int
    name: str
    step: StepKey
    """The step that looks at the cause."""
    side: Side
    changer: Changer
    action: Action
    is_interrupt: bool = False
    """Whether the person was only asked for something more. Alone it stops nobody."""
    is_read: bool = True
    """Whether the step reads what causes the code, so that its passing proves that the cause is gone."""


def _code(
    number: int,
    name: str,
    step: StepKey,
    changer: Changer,
    action: Action,
    *,
    is_interrupt: bool = False,
    is_read: bool = True,
) -> SignInCode:
    return SignInCode(
        number=number,
        name=name,
        step=step,
        side=changer.side,
        changer=changer,
        action=action,
        is_interrupt=is_interrupt,
        is_read=is_read,
    )


_ALL: Final = (
    _code(
        500212,
        "NotAllowedByOutboundPolicyTenant",
        StepKey.THEIR_SETTINGS,
        Changer.PARTNER_ADMINS,
        Action.SEND_CHECKLIST,
        is_read=False,
    ),
    _code(500213, "NotAllowedByInboundPolicyTenant", StepKey.OUR_SETTINGS, Changer.APPROVERS, Action.REQUEST_ACCESS),
    _code(90071, "", StepKey.CONDITIONAL_ACCESS, Changer.APPROVERS, Action.TRUST_MFA),
    _code(50020, "UserUnauthorized", StepKey.ACCOUNT, Changer.INVITERS, Action.INVITE),
    _code(50034, "UserAccountNotFound", StepKey.ACCOUNT, Changer.INVITERS, Action.INVITE),
    _code(50057, "UserDisabled", StepKey.ACCOUNT, Changer.OUR_ADMINS, Action.ENABLE_ACCOUNT),
    _code(90072, "PassThroughUserMfaError", StepKey.ACCOUNT, Changer.INVITERS, Action.INVITE),
    _code(
        50105,
        "EntitlementGrantsNotFound",
        StepKey.OUR_SETTINGS,
        Changer.OUR_ADMINS,
        Action.ASSIGN_APPLICATION,
        is_read=False,
    ),
    _code(53000, "DeviceNotCompliant", StepKey.CONDITIONAL_ACCESS, Changer.OUR_ADMINS, Action.ACCEPT_CLAIMS),
    _code(53001, "DeviceNotDomainJoined", StepKey.CONDITIONAL_ACCESS, Changer.OUR_ADMINS, Action.ACCEPT_CLAIMS),
    _code(53003, "BlockedByConditionalAccess", StepKey.CONDITIONAL_ACCESS, Changer.OUR_ADMINS, Action.CHANGE_POLICY),
    _code(
        50074,
        "UserStrongAuthClientAuthNRequiredInterrupt",
        StepKey.CONDITIONAL_ACCESS,
        Changer.PERSON,
        Action.COMPLETE_MFA,
        is_interrupt=True,
    ),
    _code(
        50076,
        "UserStrongAuthClientAuthNRequired",
        StepKey.CONDITIONAL_ACCESS,
        Changer.PERSON,
        Action.COMPLETE_MFA,
        is_interrupt=True,
    ),
    _code(
        50079,
        "UserStrongAuthEnrollmentRequired",
        StepKey.CONDITIONAL_ACCESS,
        Changer.PERSON,
        Action.COMPLETE_MFA,
        is_interrupt=True,
    ),
    _code(500121, "", StepKey.CONDITIONAL_ACCESS, Changer.PERSON, Action.COMPLETE_MFA, is_read=False),
    _code(
        65001,
        "DelegationDoesNotExist",
        StepKey.OUR_SETTINGS,
        Changer.OUR_ADMINS,
        Action.GRANT_CONSENT,
        is_read=False,
    ),
    _code(
        1000104,
        "XCB2BResourceCloudNotAllowedOnIdentityTenant",
        StepKey.THEIR_SETTINGS,
        Changer.PARTNER_ADMINS,
        Action.ENABLE_THEIR_CLOUD,
        is_read=False,
    ),
)
SIGN_IN_CODES: Final[Mapping[int, SignInCode]] = {code.number: code for code in _ALL}
"""The codes that Gatehouse explains, by number, in the order of the documentation."""
