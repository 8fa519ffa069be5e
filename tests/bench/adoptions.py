"""What it costs to adopt many partners with one decision: processor time of the bot's process, and calls of Graph."""

import asyncio
import json
import sys
from collections import Counter
from contextlib import suppress
from typing import Any, Final

from tests.bench.stage.processes import World, world

COUNT: Final = 1_000
HIGH: Final = 100
"""How many of them have high risk, and are decided alone."""
_EVERYONE: Final = [{"target": "AllUsers", "targetType": "user"}]
_INBOUND: Final = {
    "usersAndGroups": {"accessType": "allowed", "targets": _EVERYONE},
    "applications": {"accessType": "allowed", "targets": [{"target": "Office365", "targetType": "application"}]},
}
_TRUST: Final = dict.fromkeys(
    ("isMfaAccepted", "isCompliantDeviceAccepted", "isHybridAzureADJoinedDeviceAccepted"), False
)
_APPROVERS: Final = ("approver1", "approver2", "approver3", "admin")
_WAITS: Final = 5
_CHANNEL: Final = "partner-access"


def tenant_number(number: int) -> str:
    """A tenant id that shows its number."""
    return f"0badcafe-0000-4000-8000-{number:012d}"


async def configure(stage: World, count: int, high: int) -> None:
    """Configure partners in the portal: for guests, and the last ones with trust in everything of theirs."""
    numbers = range(1, count + 1)
    wide = {"b2bCollaborationInbound": _INBOUND, "inboundTrust": dict.fromkeys(_TRUST, True)}
    guests = {"b2bCollaborationInbound": _INBOUND, "inboundTrust": _TRUST}
    organizations = {
        tenant_number(number): {
            "displayName": f"Partner {number}",
            "domains": [f"partner{number:04d}.example"],
            "defaultDomainName": f"partner{number:04d}.example",
        }
        for number in numbers
    }
    partners = {tenant_number(number): wide if number > count - high else guests for number in numbers}
    # Graph gives as many entries of a report as are asked for, and takes five such requests in ten seconds.
    pages = {"pageSize": 500}
    await stage.control.call("PATCH", "graph/state", {"organizations": organizations, "partners": partners, **pages})
    state = (await stage.control.get("graph/state"))["state"]
    author = next(one for one in state["users"].values() if one["mailNickname"] == "requester")
    user = {"id": author["id"], "displayName": None, "userPrincipalName": author["userPrincipalName"]}
    # The services keep only the newest entries. Each partner has one: it was added, by the requester.
    pattern = next(one for one in state["directoryAudits"] if tenant_number(count) in json.dumps(one))
    text = json.dumps({**pattern, "initiatedBy": {"app": None, "user": user}})
    log = [json.loads(text.replace(tenant_number(count), tenant_number(number))) for number in numbers]
    await stage.control.call("PATCH", "graph/state", {"directoryAudits": log})


async def settled(stage: World) -> None:
    """Wait until the bot has nothing due, however long."""
    for _ in range(_WAITS):
        with suppress(AssertionError):  # the services wait for 290 seconds at most
            return await stage.idle(290)
    raise TimeoutError("the bot is still busy")


async def drafted(stage: World) -> dict[str, Any]:
    """Draft the batch at the command line, beside the running bot."""
    database = f"sqlite:///{stage.folder / 'many.db'}"
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "adopt", "--all", "--format", "json"),
        cwd=stage.folder,
        stdout=asyncio.subprocess.PIPE,
        env=stage.environment(DATABASE_URL=database),
    )
    out, _ = await command.communicate()
    found: dict[str, Any] = json.loads(out)
    return found


async def confirm(stage: World, batch_id: str) -> None:
    """Open the draft in Slack and send it; wait until everything is planned."""
    await stage.control.post("command", user="requester", text=f"/partner adopt {batch_id}")
    await stage.idle()
    view = (await stage.control.get("views", user="requester"))["views"][-1]
    fields = {"justification": "Since 2024", "sponsor": "requester", "duration": "180"}
    values = {name: {name: value} for name, value in fields.items()}
    answer = await stage.control.post("submit", user="requester", view_id=view["id"], values=values)
    assert not answer.get("errors"), answer
    await settled(stage)


async def decide(stage: World) -> None:
    """Approve the batch by everybody who has to; wait until everything is recorded."""
    for approver in _APPROVERS:
        messages = (await stage.control.get("messages", channel=_CHANNEL, user=approver))["messages"]
        cards = [one for one in messages if "approve_batch" in json.dumps(one)]
        if not cards:
            return
        await stage.control.post(
            "click", user=approver, action_id="approve_batch", channel=_CHANNEL, ts=cards[-1]["ts"]
        )
        await settled(stage)


async def adopt(count: int = COUNT, high: int = HIGH) -> dict[str, object]:
    """Adopt partners that were configured by hand, most of them with one decision."""
    async with world() as stage:
        await configure(stage, count, high)
        bot = await stage.bot(stage.folder / "many.db")
        await stage.idle()
        await asyncio.sleep(1)
        found = await drafted(stage)
        steps = [bot.processor_seconds]
        await confirm(stage, found["batch"])
        steps.append(bot.processor_seconds)
        await decide(stage)
        steps.append(bot.processor_seconds)
        graph = await stage.log("graph")
        adopted = await _adopted(stage)
        return {
            "partners": count,
            "drafted": dict(Counter(row["state"] for row in found["partners"])),
            "adopted": adopted,
            "prepare_s": round(steps[1] - steps[0], 1),
            "decide_and_record_s": round(steps[2] - steps[1], 1),
            "processor_s": round(steps[2] - steps[0], 1),
            "graph_calls": len(graph),
            "slack_calls": len(await stage.log("slack")),
            "resident_mb": round(bot.resident_megabytes),
        }


async def _adopted(stage: World) -> str:
    """Return the last message to the requester, which says how many were adopted."""
    messages = (await stage.control.get("messages", channel="@requester", user="requester"))["messages"]
    return next((str(one["text"]) for one in reversed(messages) if "adopted" in str(one["text"])), "")
