"""What a bot could post: an approval card, a modal, an App Home, a tenant's state. Made up for the page's tests."""

from typing import Any

Json = dict[str, Any]
CONTOSO = "c0a1b2c3-1111-4aaa-8bbb-0123456789a1"


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text, "emoji": True}


def option(text: str, value: str) -> Json:
    return {"text": plain(text), "value": value}


def button(label: str, action_id: str, value: str = "r1:abc", **more: Any) -> Json:
    return {"type": "button", "text": plain(label), "action_id": action_id, "value": value, **more}


def bullets(*items: tuple[str, str]) -> Json:
    def item(label: str, text: str) -> Json:
        pieces = [{"type": "text", "text": label, "style": {"bold": True}}, {"type": "text", "text": text}]
        return {"type": "rich_text_section", "elements": pieces}

    rows = [item(*each) for each in items]
    return {
        "type": "rich_text",
        "block_id": "changes",
        "elements": [{"type": "rich_text_list", "style": "bullet", "indent": 0, "elements": rows}],
    }


def preformatted(text: str) -> Json:
    part = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "block_id": "json", "elements": [part]}


CARD_BLOCKS: list[Json] = [
    {"type": "header", "block_id": "h", "text": plain("Partner access requested: Contoso")},
    {
        "type": "section",
        "block_id": "f",
        "fields": [
            mrkdwn(f"*Partner*\ncontoso.com\n`{CONTOSO}`"),
            mrkdwn("*Requested by*\n<@U0REQUESTER>"),
            mrkdwn("*Template*\nTrusted partner"),
            mrkdwn("*Duration*\n90 days"),
        ],
    },
    bullets(
        ("B2B collaboration, inbound: ", "all users may reach Office 365"),
        ("Inbound trust: ", "MFA and compliant devices of Contoso are accepted"),
        ("Automatic redemption: ", "inbound on; Contoso must switch outbound on"),
    ),
    preformatted('{\n  "inboundTrust": {"isMfaAccepted": true, "isCompliantDeviceAccepted": true}\n}'),
    {
        "type": "context",
        "block_id": "c",
        "elements": [mrkdwn("Stage 1 of 2: *Security*, one of <!subteam^S0SECURITY1>. Requested :hourglass: now.")],
    },
    {
        "type": "actions",
        "block_id": "a",
        "elements": [
            button("Approve", "approve", style="primary"),
            button(
                "Reject",
                "reject",
                style="danger",
                confirm={
                    "title": plain("Reject this request?"),
                    "text": plain("Riley is told."),
                    "confirm": plain("Reject"),
                    "deny": plain("Back"),
                    "style": "danger",
                },
            ),
        ],
    },
]


def message(ts: str, text: str, **more: Any) -> Json:
    return {"type": "message", "user": "U0GATEHOUSE", "bot_id": "B0GATEHOUSE", "ts": ts, "text": text, **more}


def request_view(resolved: str = "") -> Json:
    """The modal with five fields; `resolved` is what Enter in the domain field brought."""
    blocks: list[Json] = [
        {
            "type": "input",
            "block_id": "domain",
            "label": plain("Partner domain or tenant ID"),
            "dispatch_action": True,
            "hint": plain("Such as contoso.com"),
            "element": {"type": "plain_text_input", "action_id": "domain", "placeholder": plain("contoso.com")},
        },
        *([{"type": "section", "block_id": "resolved", "text": mrkdwn(resolved)}] if resolved else []),
        {
            "type": "input",
            "block_id": "template",
            "label": plain("Access template"),
            "element": {
                "type": "static_select",
                "action_id": "template",
                "options": [option("Guest collaboration", "guest-collaboration"), option("Trusted partner", "trusted")],
            },
        },
        {
            "type": "input",
            "block_id": "why",
            "label": plain("Justification"),
            "element": {"type": "plain_text_input", "action_id": "why", "multiline": True, "max_length": 500},
        },
        {
            "type": "input",
            "block_id": "sponsor",
            "label": plain("Sponsor"),
            "element": {"type": "users_select", "action_id": "sponsor", "initial_user": "U0REQUESTER"},
        },
        {
            "type": "input",
            "block_id": "duration",
            "label": plain("Duration"),
            "optional": True,
            "element": {
                "type": "static_select",
                "action_id": "duration",
                "options": [option("90 days", "90"), option("180 days", "180")],
                "initial_option": option("90 days", "90"),
            },
        },
    ]
    return {
        "id": "V0REQUEST",
        "type": "modal",
        "callback_id": "request",
        "hash": "1.a",
        "title": plain("Request partner access"),
        "submit": plain("Send request"),
        "close": plain("Cancel"),
        "blocks": blocks,
        "state": {"values": {}},
    }


HOME_BLOCKS: list[Json] = [
    {"type": "header", "text": plain("Waiting for me")},
    {
        "type": "section",
        "block_id": "w",
        "text": mrkdwn("*Contoso* — Trusted partner, asked by <@U0REQUESTER>"),
        "accessory": button("Open", "open"),
    },
    {"type": "divider"},
    {"type": "header", "text": plain("My requests")},
    {"type": "context", "elements": [mrkdwn("You have asked for nothing yet.")]},
    {"type": "divider"},
    {"type": "header", "text": plain("Partners")},
    {
        "type": "section",
        "block_id": "p",
        "text": mrkdwn("*Fabrikam, Inc.* — next review <!date^1800000000^{date_short}|soon>"),
    },
    {"type": "actions", "block_id": "n", "elements": [button("Request partner access", "new", style="primary")]},
]


def home_view() -> Json:
    return {"id": "V0HOME", "type": "home", "hash": "1.h", "blocks": HOME_BLOCKS}


def everybody(access: str, users: str = "AllUsers", applications: str = "AllApplications") -> Json:
    return {
        "usersAndGroups": {"accessType": access, "targets": [{"target": users, "targetType": "user"}]},
        "applications": {"accessType": access, "targets": [{"target": applications, "targetType": "application"}]},
    }


def default_configuration() -> Json:
    return {
        "isServiceDefault": True,
        "b2bCollaborationInbound": everybody("allowed"),
        "b2bCollaborationOutbound": everybody("allowed"),
        "b2bDirectConnectInbound": everybody("blocked"),
        "b2bDirectConnectOutbound": everybody("blocked"),
        "inboundTrust": {
            "isMfaAccepted": False,
            "isCompliantDeviceAccepted": False,
            "isHybridAzureADJoinedDeviceAccepted": False,
        },
        "automaticUserConsentSettings": {"inboundAllowed": False, "outboundAllowed": False},
    }


def trusted_partner() -> Json:
    return {
        "tenantId": CONTOSO,
        "b2bCollaborationInbound": everybody("allowed", applications="Office365"),
        "b2bCollaborationOutbound": None,
        "b2bDirectConnectInbound": None,
        "b2bDirectConnectOutbound": None,
        "inboundTrust": {
            "isMfaAccepted": True,
            "isCompliantDeviceAccepted": True,
            "isHybridAzureADJoinedDeviceAccepted": None,
        },
        "automaticUserConsentSettings": {"inboundAllowed": True, "outboundAllowed": None},
    }


def blocked_partner() -> Json:
    off = {"isMfaAccepted": False, "isCompliantDeviceAccepted": False, "isHybridAzureADJoinedDeviceAccepted": False}
    return {
        "tenantId": CONTOSO,
        "b2bCollaborationInbound": everybody("blocked"),
        "b2bCollaborationOutbound": everybody("blocked"),
        "b2bDirectConnectInbound": everybody("blocked"),
        "b2bDirectConnectOutbound": everybody("blocked"),
        "inboundTrust": off,
        "automaticUserConsentSettings": {"inboundAllowed": False, "outboundAllowed": False},
    }


def organizations() -> Json:
    return {CONTOSO: {"displayName": "Contoso", "domains": ["contoso.com"], "defaultDomainName": "contoso.com"}}
