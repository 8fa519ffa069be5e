"""Every private message has its sentences; these are the sentences that people read."""

from typing import Any, Final

import pytest

from bot.words.requests.messages import message_words, missing_groups_words
from workflows.core.errors.facts import Fact, as_values
from workflows.core.requests.effects import MessageCode
from workflows.core.requests.notes import NoteCode

AWAY = {
    "person": "Amara Okafor",
    "delegate": "Bruno Keller",
    "from": "2027-05-01T08:00:00+00:00",
    "until": "2027-05-08T22:00:00+00:00",
}
NOTE: Final = [
    {"code": "text", "values": {"text": "No answer."}},
    {"code": "keeps_trying", "values": {}},
]
SHORTAGE: Final = {"stage": "Security", "role": "security", "people": 0, "needed": 1, "missing_groups": ["sec"]}
OTHER_SHORTAGE: Final = {"stage": "Data", "role": "data", "people": 1, "needed": 2, "missing_groups": []}
BLOCKED: Final = (
    "B2B collaboration and direct connect are blocked explicitly in both directions. Trust, automatic redemption and "
    "synchronization are off. This was verified in the tenant."
)
CAPABILITIES_OFF = "Calendars and other Microsoft 365 capabilities are off. Nothing else is open in Microsoft Entra. "
TOKENS: Final = (
    "Issued tokens usually work for up to one more hour. A token lifetime policy can make this longer. Guest accounts "
    "stay. Only the partner can end sessions in its own tenant."
)
LISTED: Final = "Admins list them with /partner guests contoso.com."

HANDOVER: Final = {
    "partner": "contoso.com",
    "proposed": "Amara",
    "proposed_by": "Dana",
    "sponsor": "Sam",
    "expires_at": "2027-03-08T09:00:00+00:00",
}
WAITS = {
    "partner": "contoso.com",
    "request": "R-1",
    "stage": "Security",
    "expires_at": "2026-12-10T09:00:00+00:00",
}
SKIPPED_ROLE = {"code": "role_empty", "values": {"role": "deputy"}}
MANAGERS = ("no_manager", "disabled", "guest", "not_in_chat", "excluded", "unreadable")
GOLDEN: Final[tuple[tuple[MessageCode, dict[str, Any], str], ...]] = (
    (MessageCode.TEXT, {"text": "As {before}."}, "As {before}."),
    (MessageCode.REFUSED, {"reasons": NOTE[:1]}, "No answer."),
    (
        MessageCode.REQUEST_WAITS,
        {"partner": "contoso.com", "request": "R-1", "note": NOTE},
        "contoso.com: your request R-1 waits. No answer. Gatehouse keeps trying.",
    ),
    (
        MessageCode.ASKED_AGAIN,
        {"partner": "contoso.com", "request": "R-1", "note": NOTE},
        "contoso.com: your approved request R-1 is not active. No answer. Gatehouse keeps trying. Approval is "
        "requested again. You can still withdraw it.",
    ),
    (
        MessageCode.YOU_WITHDREW,
        {"partner": "contoso.com", "note": []},
        "contoso.com: you withdrew your request.",
    ),
    (
        MessageCode.ENDED,
        {"partner": "contoso.com", "request": "R-1", "state": "unfit", "note": NOTE[:1]},
        "contoso.com: your request R-1 could not be carried out. No answer.",
    ),
    (
        MessageCode.OVERWRITTEN,
        {"partner": "contoso.com", "request": "R-1", "note": NOTE[:1]},
        "contoso.com (request R-1): No answer.",
    ),
    (
        MessageCode.BATCH_ASKED,
        {"batch": "B-1", "members": 40, "alone": 0, "ended": 0},
        "Batch B-1: the approvers are asked to decide on 40 partners together.",
    ),
    (
        MessageCode.BATCH_ASKED,
        {"batch": "B-1", "members": 1, "alone": 1, "ended": 2},
        "Batch B-1: the approvers are asked to decide on 1 partner together. 1 partner is decided alone. 2 partners "
        "are not asked for: see Details of the batch on your Home tab.",
    ),
    (
        MessageCode.BATCH_ENDED,
        {"batch": "B-1", "state": "done", "applied": 39, "left": 1, "ended": 1, "note": []},
        "Batch B-1: 39 partners are adopted (verified). 1 partner goes on with its own request. "
        "1 partner is not adopted: see Details of the batch on your Home tab.",
    ),
    (
        MessageCode.BATCH_ENDED,
        {"batch": "B-1", "state": "done", "applied": 0, "left": 1, "ended": 0, "note": []},
        "Batch B-1: no partner is adopted by it. 1 partner goes on with its own request.",
    ),
    (
        MessageCode.BATCH_ENDED,
        {"batch": "B-1", "state": "rejected", "applied": 0, "left": 0, "ended": 1, "note": []},
        "Batch B-1 is closed. Nothing is adopted by it. A new draft without some partners: gatehouse adopt --all "
        "--except DOMAIN.",
    ),
    (
        MessageCode.BATCH_ENDED,
        {"batch": "B-1", "state": "withdrawn", "applied": 0, "left": 0, "ended": 0, "note": NOTE[:1]},
        "Batch B-1 was withdrawn. Nothing is adopted by it. No answer.",
    ),
    (
        MessageCode.BATCH_ENDED,
        {
            "batch": "B-1",
            "state": "stopped",
            "applied": 17,
            "left": 0,
            "ended": 3,
            "note": [],
            "is_sheet": True,
        },
        "Batch B-1 was stopped. 17 partners stay applied (verified).",
    ),
    (
        MessageCode.BATCH_ENDED,
        {"batch": "B-1", "state": "expired", "applied": 1, "left": 0, "ended": 3, "note": []},
        "Batch B-1 expired. 1 partner stays adopted (verified).",
    ),
    (
        MessageCode.BATCH_ENDED,
        {
            "batch": "B-1",
            "state": "done",
            "applied": 17,
            "left": 1,
            "ended": 0,
            "scheduled": 2,
            "note": [],
            "is_sheet": True,
        },
        "Batch B-1: 17 partners are applied (verified). 1 partner goes on with its own request. "
        "2 partners start on a later day.",
    ),
    (
        MessageCode.CAMPAIGN_STARTED,
        {"label": "Trusted partner", "members": 2, "skipped": 1},
        "The campaign for “Trusted partner” is started: the sponsors of 2 partners are asked now. 1 partner is left "
        "out. Your Home tab shows the progress.",
    ),
    (
        MessageCode.CAMPAIGN_ENDED,
        {"label": "Trusted partner", "members": 2, "kept": 1, "revoked": 1},
        "The campaign for “Trusted partner” is complete. 2 partners: 1 kept, 1 revoked.",
    ),
    (
        MessageCode.ABSENCE_SET,
        {**AWAY, "by": "Amara Okafor", "is_own": True, "stand_in": "Bruno Keller", "note": ""},
        "Amara Okafor is away from May 1, 2027 at 08:00 UTC until May 8, 2027 at 22:00 UTC. Bruno Keller is asked "
        "instead. Amara Okafor can still decide. /partner away shows it and ends it.",
    ),
    (
        MessageCode.ABSENCE_SET,
        {**AWAY, "by": "Dana Reyes", "is_own": False, "stand_in": "Chie Tanaka", "note": ""},
        "Amara Okafor is away from May 1, 2027 at 08:00 UTC until May 8, 2027 at 22:00 UTC. Bruno Keller is away too, "
        "so Chie Tanaka is asked instead. Set by Dana Reyes. Amara Okafor can still decide. /partner away shows it and "
        "ends it.",
    ),
    (
        MessageCode.ABSENCE_SET,
        {**AWAY, "by": "Amara Okafor", "is_own": True, "stand_in": None, "note": ""},
        "Amara Okafor is away from May 1, 2027 at 08:00 UTC until May 8, 2027 at 22:00 UTC. Bruno Keller is away too, "
        "and nobody stands in. Amara Okafor is still asked. Amara Okafor can still decide. /partner away shows it and "
        "ends it.",
    ),
    (
        MessageCode.ABSENCE_SET,
        {
            **AWAY,
            "by": "Amara Okafor",
            "is_own": True,
            "stand_in": "Bruno Keller",
            "note": "",
            "needed": [{"partner": "contoso.com", "request": "r-1"}, {"partner": "fabrikam.com", "request": "r-2"}],
            "needed_count": 4,
        },
        "Amara Okafor is away from May 1, 2027 at 08:00 UTC until May 8, 2027 at 22:00 UTC. Bruno Keller is asked "
        "instead. Amara Okafor can still decide. But 4 waiting requests cannot be approved without Amara Okafor, "
        "because too few others can: contoso.com (r-1); fabrikam.com (r-2); and 2 more. Amara Okafor is still asked "
        "there. Otherwise an admin must add somebody to the role: its group, or roles.toml. /partner away shows it and "
        "ends it.",
    ),
    (
        MessageCode.YOU_STAND_IN,
        {**AWAY, "by": "Amara Okafor", "note": "At the sea"},
        "You stand in for Amara Okafor from May 1, 2027 at 08:00 UTC until May 8, 2027 at 22:00 UTC. You are asked to "
        "decide in their place, as far as you hold the role and are not excluded. The record names both of you. Note: "
        "At the sea",
    ),
    (
        MessageCode.ABSENCE_ENDED,
        {**AWAY, "by": "Dana Reyes"},
        "Dana Reyes ended the absence of Amara Okafor. Bruno Keller does not stand in any more.",
    ),
    (
        MessageCode.REASSIGNED_TO_YOU,
        {"partner": "contoso.com", "request": "R-1", "by": "Dana Reyes", "from": "Amara Okafor", "reason": "On a trip"},
        "contoso.com: Dana Reyes asks you to decide on the request R-1 in place of Amara Okafor: On a trip. Your Home "
        "tab has it under “Waiting for me”.",
    ),
    (
        MessageCode.REASSIGNED_TO_YOU,
        {"partner": "contoso.com", "request": "R-1", "by": "Dana", "from": "Bruno", "reason": "Bruno is away."},
        "contoso.com: Dana asks you to decide on the request R-1 in place of Bruno: Bruno is away. Your Home tab has "
        "it under “Waiting for me”.",
    ),
    (
        MessageCode.CLOSED,
        {"partner": "contoso.com", "request": "R-1", "is_all": True, "note": []},
        f"contoso.com is blocked (request R-1): {BLOCKED} Nothing else is open. {TOKENS}",
    ),
    *(
        (
            MessageCode.CLOSED,
            {"partner": "contoso.com", "is_all": is_all, "note": [], "had_capabilities": True},
            f"contoso.com{' is blocked' * is_all}: {BLOCKED} {CAPABILITIES_OFF * is_all}Whether an organization "
            f"relationship in Exchange still shows free times could not be checked. {TOKENS}",
        )
        for is_all in (True, False)
    ),
    (
        MessageCode.CLOSED,
        {"partner": "contoso.com", "is_all": False, "note": NOTE[:1]},
        f"contoso.com: {BLOCKED} No answer. {TOKENS}",
    ),
    (
        MessageCode.CLOSED,
        {
            "partner": "contoso.com",
            "request": "R-1",
            "is_all": True,
            "note": [],
            "is_suspended": True,
            "was_synchronized": True,
            "tokens_until": "2026-11-28T01:20:00+00:00",
        },
        f"contoso.com is suspended (request R-1): {BLOCKED} Nothing else is open. Issued tokens usually work for up to "
        "one more hour, until about Nov 28, 2026 at 01:20 UTC. A token lifetime policy can make this longer. Guest "
        "accounts stay. Only the partner can end sessions in its own tenant. Accounts "
        "that were synchronized stay as well. Lift it with /partner lift.",
    ),
    (
        MessageCode.CLOSED,
        {
            "partner": "contoso.com",
            "request": "R-1",
            "is_all": True,
            "note": [],
            "by": "Dana",
            "reason": "Contract over",
        },
        "contoso.com is blocked (request R-1): Requested by Dana, because: “Contract over”. "
        f"{BLOCKED} Nothing else is open. {TOKENS}",
    ),
    (
        MessageCode.CLOSED,
        {"partner": "contoso.com", "request": "R-1", "is_all": True, "note": [], "by": "Dana", "reason": " "},
        f"contoso.com is blocked (request R-1): Requested by Dana. {BLOCKED} Nothing else is open. {TOKENS}",
    ),
    *(
        (
            MessageCode.CLOSED,
            {"partner": "contoso.com", "is_all": False, "note": NOTE[:1], **guests},
            f"contoso.com: {BLOCKED} No answer. {TOKENS} {said}",
        )
        for guests, said in (
            ({"guests": None}, f"How many guest accounts of the partner there are is not known. {LISTED}"),
            (
                {"guests": 0, "is_at_least": False, "guests_read_at": "2026-11-28T01:20:00+00:00"},
                "No guest account of the partner was found, as of Nov 28, 2026 at 01:20 UTC, an estimate.",
            ),
            (
                {"guests": 12, "is_at_least": True, "guests_read_at": "2026-11-28T01:20:00+00:00"},
                f"At least 12 guest accounts of the partner, as of Nov 28, 2026 at 01:20 UTC, an estimate. {LISTED}",
            ),
        )
    ),
    (
        MessageCode.LIFTED,
        {"partner": "contoso.com", "request": "R-2", "restores": "R-1", "note": []},
        "contoso.com (request R-2): the suspension is lifted. What R-1 approved is active again (verified), until the "
        "same end.",
    ),
    (
        MessageCode.OPENED,
        {"partner": "contoso.com", "request": "R-1", "note": []},
        "contoso.com: the access of your request R-1 is active (verified).",
    ),
    (
        MessageCode.PUT_BACK,
        {"partner": "contoso.com", "request": "R-2", "restores": "R-1", "note": NOTE[:1]},
        "contoso.com (request R-2): the settings from before R-1 are restored (verified). No answer.",
    ),
    (
        MessageCode.ADOPTED,
        {"partner": "contoso.com", "request": "R-2", "note": NOTE[:1]},
        "contoso.com (request R-2): the current settings are adopted (verified). Nothing was changed in the tenant. "
        "No answer.",
    ),
    (
        MessageCode.ACCOUNTS_CHANGED,
        {
            "partner": "contoso.com",
            "request": "R-2",
            "note": as_values(
                [Fact(NoteCode.ACCOUNTS_RESULT, {"change": "disable", "done": 36, "left_alone": 1, "unwritten": 0})]
            ),
        },
        "contoso.com (request R-2): 36 guest accounts are disabled (verified). Others: 1 left alone, because they "
        "changed.",
    ),
    (
        MessageCode.APPROVED_AGAIN,
        {"partner": "contoso.com", "request": "R-2", "restores": "R-1", "note": NOTE[:1]},
        "contoso.com (request R-2): the settings that R-1 approved are restored (verified). No answer.",
    ),
    (
        MessageCode.PROPOSAL_DECLINED,
        {"partner": "contoso.com", "request": "R-1", "name": "Riley", "reason": "We need it."},
        "contoso.com (request R-1): Riley declined your proposal to ask for less. Reason: We need it. The request is "
        "unchanged. You can decide on it, or propose something else.",
    ),
    (
        MessageCode.DRIFT_FOUND,
        {"partners": ["contoso.com", "fabrikam.com"], "count": 30},
        "A sweep found settings that are not as approved, for 30 partners: contoso.com, fabrikam.com. The admins know. "
        "/partner show with a domain shows what differs.",
    ),
    (
        MessageCode.OUR_SIDE_SET,
        {"partner": "contoso.com", "steps": 2, "note": []},
        "contoso.com: our side of the access is done (verified). Partner's side: 2 steps, not confirmed. Gatehouse "
        "cannot see the partner's tenant, so the sponsor confirms them. The partner setup card has the checklist.",
    ),
    (
        MessageCode.ROLE_EMPTY,
        {"partner": "contoso.com", "request": "R-1", "shortages": [SHORTAGE, OTHER_SHORTAGE]},
        "contoso.com: your request R-1 cannot be approved now. “Security” needs 1 approval from the role “security”, "
        "and nobody with this role can give one now. The user group @sec does not exist or is off. “Data” needs 2 "
        "approvals from the role “data”, and 1 person with this role can give one now. The admins are told. You do not "
        "need to do anything. The request continues when there are enough approvers.",
    ),
    (
        MessageCode.EXPIRES_SOON,
        {"partner": "contoso.com", "request": "R-1", "expires_at": "2026-12-10T09:00:00+00:00"},
        "contoso.com: your request R-1 is not decided yet. It expires on Dec 10, 2026 at 09:00 UTC. Those who can "
        "still decide are told. You can ask them, or edit the request for a new time.",
    ),
    (
        MessageCode.BATCH_HALTED,
        {
            "batch": "B-1",
            "tried": 20,
            "failed": 3,
            "applied": 17,
            "left": 30,
            "expires_at": "2027-03-15T09:00:00+00:00",
        },
        "Batch B-1 stopped by itself: 3 of the 20 partners tried could not be applied as approved. Not written yet: "
        "30. An admin continues or ends it. Without an answer, it ends on Mar 15, 2027 at 09:00 UTC.",
    ),
    (
        MessageCode.BATCH_EXPIRES_SOON,
        {"batch": "B-1", "expires_at": "2026-12-10T09:00:00+00:00"},
        "Batch B-1 is not decided yet. It expires on Dec 10, 2026 at 09:00 UTC. Those who can still decide are told. "
        "You can ask them.",
    ),
    (
        MessageCode.MANAGER_TOLD,
        {**WAITS, "names": ["Amara Okafor", "Bruno Keller"]},
        "contoso.com: the request R-1 waits for “Security”, and expires on Dec 10, 2026 at 09:00 UTC. You are told "
        "because you manage Amara Okafor and Bruno Keller. This gives you no right to decide. Please ask them to "
        "decide, or to name somebody who can.",
    ),
    (
        MessageCode.ADMIN_TOLD,
        {**WAITS, "skipped": [SKIPPED_ROLE, *({"code": code, "values": {"name": "Amara"}} for code in MANAGERS)]},
        "contoso.com: the request R-1 waits for “Security”, and expires on Dec 10, 2026 at 09:00 UTC. Nobody with the "
        "role “deputy” may decide. Entra names no manager of Amara. The manager of Amara has a disabled account. The "
        "manager of Amara is a guest. The manager of Amara is not in this workspace. The manager of Amara takes part "
        "in this request. The managers of the approvers could not be read. Please ask the approvers to decide, or "
        "repair the role in roles.toml.",
    ),
    (
        MessageCode.CARD_NOT_POSTED,
        {"partner": "contoso.com", "request": "R-1"},
        "contoso.com: the approval card of your request R-1 cannot be posted in the channel. The admins know. Until "
        "then, approvers get the card as a direct message.",
    ),
    (
        MessageCode.SETUP_CONFIRMED,
        {"partner": "contoso.com", "step": "automatic_redemption_outbound", "left": ["provisioning_job"]},
        "contoso.com: confirmed, recorded under your name: automatic redemption, outbound. Not confirmed yet, 1 "
        "step: provisioning job.",
    ),
    (
        MessageCode.SETUP_UNCONFIRMED,
        {"partner": "contoso.com", "step": "automatic_redemption_outbound", "left": []},
        "contoso.com: not confirmed any more: automatic redemption, outbound. Every step is confirmed now.",
    ),
    (
        MessageCode.HANDOVER_ASKED,
        HANDOVER,
        "contoso.com: Dana asked Amara to be the sponsor. Until Amara accepts, the sponsor is Sam. The question ends "
        "on Mar 8, 2027 at 09:00 UTC.",
    ),
    (MessageCode.HANDOVER_ACCEPTED, HANDOVER, "contoso.com: Amara is the sponsor now, in place of Sam."),
    (
        MessageCode.HANDOVER_DECLINED,
        HANDOVER,
        "contoso.com: Amara declined to be the sponsor. The sponsor is still Sam. /partner sponsor asks somebody else.",
    ),
    (
        MessageCode.HANDOVER_WITHDRAWN,
        HANDOVER,
        "contoso.com: Dana withdrew the question to Amara. The sponsor is still Sam. "
        "/partner sponsor asks somebody else.",
    ),
    (
        MessageCode.HANDOVER_EXPIRED,
        HANDOVER,
        "contoso.com: Amara did not answer in time. The sponsor is still Sam. /partner sponsor asks somebody else.",
    ),
    (
        MessageCode.ACCESS_TEST_ASKED,
        {"partner": "contoso.com", "people": ["Riley"]},
        "contoso.com: Riley is asked whether the access works, in their working hours. /partner show has the answer.",
    ),
    (
        MessageCode.ACCESS_TEST_ASKED,
        {"partner": "contoso.com", "people": ["Riley", "Amara"]},
        "contoso.com: Riley and Amara are asked whether the access works, in their working hours. /partner show has "
        "the answer.",
    ),
    (
        MessageCode.CLICK_WAITS,
        {},
        "Your click is received. Still checking your permission, because an answer from the chat system or Microsoft "
        "Entra is missing. Gatehouse keeps trying and tells you the result. You do not need to click again.",
    ),
    (
        MessageCode.CLICK_NOT_CHECKED,
        {},
        "Your click was not processed, because of an error in Gatehouse. It is not tried again automatically. Ask an "
        "admin to run gatehouse doctor.",
    ),
    (
        MessageCode.START_AFTER_GAP,
        {
            "partner": "contoso.com",
            "request": "R-1",
            "starts_at": "2026-12-15T00:00:00+00:00",
            "since": "2026-12-01T02:00:00+00:00",
            "until": "2026-12-01T14:00:00+00:00",
        },
        "contoso.com: the approved request R-1 starts on Dec 15, 2026 at 00:00 UTC at the earliest. Gatehouse was not "
        "running until Dec 1, 2026 at 14:00 UTC. What you did since Dec 1, 2026 at 02:00 UTC may be lost. If you "
        "withdrew or rejected the request, do it again.",
    ),
    (
        MessageCode.START_AFTER_GAP,
        {
            "partner": "contoso.com",
            "request": "R-1",
            "starts_at": "2026-12-15T00:00:00+00:00",
            "since": None,
            "until": "2026-12-01T14:00:00+00:00",
        },
        "contoso.com: the approved request R-1 starts on Dec 15, 2026 at 00:00 UTC at the earliest. Gatehouse was not "
        "running until Dec 1, 2026 at 14:00 UTC. What you did before may be lost. If you withdrew or rejected the "
        "request, do it again.",
    ),
    (
        MessageCode.SUPPORT_RECORDED,
        {"partner": "contoso.com", "request": "r-1", "requester": "Riley"},
        "contoso.com: you support request r-1 of Riley. You cannot decide on it. You get a message when it ends.",
    ),
    (
        MessageCode.SUPPORTED_ENDED,
        {"partner": "contoso.com", "request": "r-1", "state": "applied", "part": 0, "note": []},
        "contoso.com: request r-1, which you support, is approved and applied (verified).",
    ),
    (
        MessageCode.SUPPORTED_ENDED,
        {"partner": "contoso.com", "request": "r-1", "state": "failed", "part": 2, "note": []},
        "contoso.com: request r-1, which you support, is only partly applied (verified).",
    ),
    (
        MessageCode.SECOND_LOOK,
        {
            "partner": "contoso.com",
            "request": "r-3",
            "digest": "d",
            "minutes": 10,
            "approved": [{"partner": "fabrikam.com", "request": "r-1"}],
        },
        "contoso.com: your approval of r-3 is not counted yet. You approved 1 other high risk request within "
        "10 minutes: fabrikam.com (r-1). Look at Details once more. Approve below if you mean it. If you did not "
        "click, tell an admin.",
    ),
    (
        MessageCode.SECOND_LOOK,
        {"partner": "contoso.com", "request": "r-3", "digest": "d", "minutes": 10, "approved": []},
        "contoso.com: your approval of r-3 is not counted yet. High risk is approved in two steps. Look at Details "
        "once more. Approve below if you mean it. If you did not click, tell an admin.",
    ),
    (
        MessageCode.PROFILE_CHANGED,
        {
            "partner": "contoso.com",
            "request": "r-1",
            "digest": "d",
            "name": "Amara",
            "changes": [
                {
                    "part": "chat_mail",
                    "unchanged_at": "2027-02-20T10:00:00+00:00",
                    "noticed_at": "2027-02-27T10:00:00+00:00",
                },
                {
                    "part": "account_name",
                    "unchanged_at": "2027-02-28T09:00:00+00:00",
                    "noticed_at": "2027-02-28T10:00:00+00:00",
                },
            ],
        },
        "contoso.com: Amara approved r-1 (high risk). Amara's mail address in the chat system was changed between "
        "Feb 20, 2027 and Feb 27, 2027. Amara's Entra display name was changed on Feb 28, 2027. Ask Amara in person or "
        "by phone whether this was meant. If it was not, tell an admin.",
    ),
    (
        MessageCode.DECIDED_IN_YOUR_NAME,
        {
            "first": "2027-03-01",
            "last": "2027-03-07",
            "decisions": [
                {
                    "choice": "approve",
                    "at": "2027-03-02T10:00:00+00:00",
                    "partner": "contoso.com",
                    "template": "Trusted partner",
                    "request": "r-1",
                    "state": "applied",
                    "digest": "d",
                    "is_batch": False,
                },
                {
                    "choice": "reject",
                    "at": "2027-03-03T10:00:00+00:00",
                    "partner": "",
                    "template": "",
                    "request": "r-2",
                    "state": "",
                    "digest": "",
                    "is_batch": False,
                },
                {
                    "choice": "approve",
                    "at": "2027-03-04T10:00:00+00:00",
                    "partner": "",
                    "template": "",
                    "request": "B-1",
                    "state": "",
                    "digest": "",
                    "is_batch": True,
                },
            ],
            "others": 2,
        },
        "What was decided in your name from Mar 1, 2027 to Mar 7, 2027: Approved contoso.com: Trusted partner (r-1), "
        "recorded as active (verified); Rejected r-2; Approved batch B-1. And 2 others. Not you? Tell an admin at "
        "once. An admin stops everything that opens access with /partner freeze, and closes a partner with "
        "/partner revoke.",
    ),
    (
        MessageCode.LIMIT_NEAR,
        {"what": "daily approvals", "left": 1, "maximum": 20, "more_at": "2027-03-01T10:05:00+00:00"},
        "You have 1 more approval on this day. The limit for one person is 20. The next one is possible at "
        "Mar 1, 2027 at 10:05 UTC.",
    ),
    (
        MessageCode.LIMIT_NEAR,
        {"what": "requests", "left": 2, "maximum": 10, "more_at": "2027-03-01T10:05:00+00:00"},
        "You have 2 more requests in this hour. The limit for one person is 10. The next one is possible at "
        "Mar 1, 2027 at 10:05 UTC.",
    ),
    (
        MessageCode.LIMIT_NEAR,
        {"what": "approvals", "left": 1, "maximum": 6, "more_at": "2027-03-01T10:05:00+00:00"},
        "You have 1 more approval in this hour. The limit for one person is 6. The next one is possible at "
        "Mar 1, 2027 at 10:05 UTC.",
    ),
    (
        MessageCode.LIMIT_NEAR,
        {"what": "searches", "left": 0, "maximum": 6, "more_at": "2027-03-01T10:05:00+00:00"},
        "This was your last search in this hour. The limit for one person is 6. The next one is possible at "
        "Mar 1, 2027 at 10:05 UTC.",
    ),
    (
        MessageCode.VIEW_NOT_OPENED,
        {},
        "The window did not open in time. Nothing was stored or changed. Click the button again.",
    ),
    (
        MessageCode.VIEW_NOT_FILLED,
        {},
        "The window could not be shown. Nothing was stored or changed. Close it and open it again.",
    ),
    (
        MessageCode.DECISION_RECEIVED,
        {"choice": "approval"},
        "Your approval is received. The window could not show it.",
    ),
)


def test_every_code_has_a_sentence_here() -> None:
    assert {code for code, _, _ in GOLDEN} == set(MessageCode)


@pytest.mark.parametrize(("code", "values", "sentence"), GOLDEN)
def test_a_message_reads_as_always(code: MessageCode, values: dict[str, Any], sentence: str) -> None:
    assert message_words(Fact(code.value, values)) == sentence


@pytest.mark.parametrize(
    ("code", "values", "sentence"),
    [
        (
            MessageCode.OPENED,
            {"note": []},
            "contoso.com: the access of your request is active (verified).",
        ),
        (MessageCode.CARD_NOT_POSTED, {}, "contoso.com: the approval card of your request cannot be posted"),
        (MessageCode.CLOSED, {"is_all": True, "note": []}, "contoso.com is blocked: B2B"),
        (MessageCode.ENDED, {"state": "rejected", "note": NOTE[:1]}, "contoso.com: your request is closed. No"),
    ],
)
def test_what_an_earlier_version_stored_without_a_request_is_read(
    code: MessageCode, values: dict[str, Any], sentence: str
) -> None:
    assert message_words(Fact(code.value, {"partner": "contoso.com", **values})).startswith(sentence)
    role = message_words(Fact(MessageCode.ROLE_EMPTY, {"request": "R-1", "lacks": [SHORTAGE]}))
    assert role.startswith("Your request R-1 cannot be approved now. “Security” needs 1 approval")


def test_several_missing_groups_are_named_in_one_sentence() -> None:
    assert missing_groups_words(()) == ""
    assert missing_groups_words(("a", "b")) == "The user groups @a, @b do not exist or are off."
