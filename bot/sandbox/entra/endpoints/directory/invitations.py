"""Answer `POST /invitations`: invite a guest, unless a cross-tenant setting blocks it."""

import re
import uuid
from typing import Any

from bot.sandbox.entra.odata.calls import Answer, Call, Refusal, json_object
from bot.sandbox.entra.odata.query import entity, require_options
from bot.sandbox.entra.odata.timestamps import stamp
from bot.sandbox.entra.tenant.blank_objects import guest_user
from bot.sandbox.entra.tenant.tenant import Tenant
from bot.sandbox.entra.types.property_checks import (
    anything,
    boolean,
    check_properties,
    many,
    nullable,
    one_of,
    read_only,
    text,
)

_ADDRESS = re.compile(r"[^@\s]{1,64}@([A-Za-z0-9-]+\.)+[A-Za-z0-9-]+")
_BODY = {
    "invitedUserDisplayName": nullable(text),
    "invitedUserEmailAddress": text,
    "invitedUserMessageInfo": nullable(anything),
    "invitedUserType": nullable(one_of("Guest", "Member")),
    "inviteRedirectUrl": text,
    "resetRedemption": nullable(boolean),
    "sendInvitationMessage": nullable(boolean),
    "invitedUser": nullable(anything),
    "invitedUserSponsors": many(anything),
    "inviteRedeemUrl": read_only,
    "status": read_only,
    "id": read_only,
}


def invite(tenant: Tenant, call: Call) -> Answer:
    """Create a guest, or invite an existing guest again (POST): 201 and the invitation."""
    require_options(call, ())
    body = json_object(call)
    check_properties(body, "invitation", _BODY)
    for name in ("invitedUserEmailAddress", "inviteRedirectUrl"):
        if not body.get(name):
            raise Refusal(400, "BadRequest", f"Property '{name}' is required.")
    mail = body["invitedUserEmailAddress"]
    if not _ADDRESS.fullmatch(mail):
        raise Refusal(400, "BadRequest", f"The invited user email address '{mail}' is invalid.")
    if not body["inviteRedirectUrl"].startswith(("https://", "http://")):
        raise Refusal(400, "BadRequest", "Invalid inviteRedirectUrl.")
    if _is_blocked(tenant, mail.partition("@")[2].lower()):
        raise Refusal(
            400,
            "BadRequest",
            "This invitation is blocked by cross-tenant access settings. Admins in both your organization and the "
            "invited user's organization must configure cross-tenant access settings to allow the invitation.",
        )
    invitation = _invitation(body, _invited_user(tenant, body, mail))
    tenant.objects["invitations"].append(invitation)
    tenant.touch()
    return Answer(status=201, body=entity(call, "invitations/$entity", invitation))


def _invited_user(tenant: Tenant, body: dict[str, Any], mail: str) -> dict[str, Any]:
    for user in tenant.objects["users"].values():
        if str(user.get("mail")).casefold() != mail.casefold():
            continue
        if user.get("userType") != "Guest":
            raise Refusal(
                400, "BadRequest", f"The invited user already exists in the directory as object ID: {user['id']}."
            )
        return dict(user)
    guest = guest_user(str(uuid.uuid4()), body.get("invitedUserDisplayName"), mail) | {
        "createdDateTime": stamp(tenant.now()),
        "externalUserState": "PendingAcceptance",
        "externalUserStateChangeDateTime": stamp(tenant.now()),
        "userType": body.get("invitedUserType") or "Guest",
    }
    tenant.objects["users"][guest["id"]] = guest
    return guest


def _invitation(body: dict[str, Any], user: dict[str, Any]) -> dict[str, Any]:
    state = user.get("externalUserState")
    return {
        "id": str(uuid.uuid4()),
        "inviteRedeemUrl": f"https://login.microsoftonline.com/redeem?rd={uuid.uuid4().hex}",
        "invitedUserDisplayName": body.get("invitedUserDisplayName"),
        "invitedUserEmailAddress": body["invitedUserEmailAddress"],
        "invitedUserType": body.get("invitedUserType") or "Guest",
        "inviteRedirectUrl": body["inviteRedirectUrl"],
        "resetRedemption": bool(body.get("resetRedemption")),
        "sendInvitationMessage": bool(body.get("sendInvitationMessage")),
        "status": "Completed" if state == "Accepted" and not body.get("resetRedemption") else "PendingAcceptance",
        "invitedUser": {"id": user["id"]},
    }


def _is_blocked(tenant: Tenant, domain: str) -> bool:
    organizations = tenant.objects["organizations"].items()
    home = next((tenant_id for tenant_id, row in organizations if domain in (row.get("domains") or ())), None)
    partner = tenant.partners.get(str(home)) or {}
    setting = partner.get("b2bCollaborationInbound") or tenant.objects["default"].get("b2bCollaborationInbound") or {}
    users = setting.get("usersAndGroups") or {}
    names = [row.get("target") for row in users.get("targets") or ()]
    return users.get("accessType") == "blocked" and "AllUsers" in names
