"""What an onboarding costs: calls of Microsoft Graph and Slack, and processor time of the bot's process.

An onboarding is a request with the template trusted-partner from the command to the applied change, approved by three
people, an hour apart.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.bench.stage.processes import Served, World, world
from tests.bench.stage.statistics import median
from tests.bot.bot_under_test import request_values

HOUR: Final = 3_600
APPROVERS: Final = ("approver1", "approver2", "approver3")
DOMAINS: Final = ("contoso.com", "northwind.com", "tailspin.com", "litware.com", "adatum.com")
_CHANNEL: Final = "partner-access"
_EVALUATION: Final = "/identity/conditionalAccess/evaluate"
_SWEEP: Final = ("/crossTenantAccessPolicy/default", "/crossTenantAccessPolicy/partners")
"""What the hourly sweep of the whole tenant reads by itself. An onboarding reads the default in a batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """What was called during an onboarding."""

    graph: Counter[str]
    """Requests by method and path; a `$batch` counts once."""
    inner: Counter[str]
    """The requests inside of the `$batch` requests."""
    evaluations: int
    """Conditional Access evaluations, which are counted apart: one for each kind of visitor."""
    sweeps: int
    """The requests of the hourly sweeps of the whole tenant, which are counted apart: two each."""
    slack: Counter[str]
    """Calls by method."""


async def onboard(stage: World, domain: str, *, pause_seconds: int = HOUR) -> None:
    """Ask for a partner, and approve it by everybody who has to."""
    opened = await stage.control.post("command", user="requester", text=f"request {domain}")
    await stage.idle()
    values = request_values(domain, "trusted-partner")
    answer = await stage.control.post("submit", user="requester", view_id=opened["view_id"], values=values)
    assert not answer.get("errors"), answer
    await stage.idle()
    card = (await stage.control.get("messages", channel=_CHANNEL, user="approver1"))["messages"][-1]
    for approver in APPROVERS:
        if pause_seconds:
            await stage.control.post("clock", advance_seconds=pause_seconds)
            await stage.idle()
        await stage.control.post("click", user=approver, action_id="approve", channel=_CHANNEL, ts=card["ts"])
        await stage.idle()
    partners = (await stage.control.get("graph/state"))["state"]["partners"]
    assert partners, "nothing was applied"


async def calls() -> dict[str, object]:
    """Count the calls of a first onboarding, and of another one when the conversations are known."""
    async with world() as stage:
        await stage.bot()
        await stage.idle()
        first = await _counted(stage, DOMAINS[0])
        again = await _counted(stage, DOMAINS[1])
    return {
        "graph": first.graph.total(),
        "graph_inner": first.inner.total(),
        "slack": first.slack.total(),
        "slack_again": again.slack.total(),
        "graph_again": again.graph.total(),
        "evaluations": first.evaluations,
        "sweeps": first.sweeps,
        "graph_calls": dict(first.graph.most_common()),
        "inner_calls": dict(first.inner.most_common()),
        "slack_calls": dict(first.slack.most_common()),
        "slack_calls_again": dict(again.slack.most_common()),
    }


async def _counted(stage: World, domain: str) -> Calls:
    before = {service: len(await stage.log(service)) for service in ("graph", "slack")}
    await onboard(stage, domain)
    logs = {service: (await stage.log(service))[count:] for service, count in before.items()}
    return _calls(logs["graph"], logs["slack"])


def _calls(graph: Sequence[dict[str, Any]], slack: Sequence[dict[str, Any]]) -> Calls:
    asked = [one for one in graph if not str(one["path"]).endswith(_EVALUATION) and not _is_of_a_sweep(one)]
    inside = [
        f"{one['method']} {str(one['url']).partition('?')[0]}"
        for entry in asked
        if str(entry["path"]).endswith("/$batch") and isinstance(entry["body"], dict)
        for one in entry["body"]["requests"]
    ]
    return Calls(
        graph=Counter(f"{one['method']} {str(one['path']).removeprefix('/graph/v1.0')}" for one in asked),
        inner=Counter(one for one in inside if not one.endswith(_EVALUATION)),
        evaluations=sum(str(one["path"]).endswith(_EVALUATION) for one in graph)
        + sum(one.endswith(_EVALUATION) for one in inside),
        sweeps=sum(map(_is_of_a_sweep, graph)),
        slack=Counter(str(one["path"]).rpartition("/")[2] for one in slack),
    )


def _is_of_a_sweep(entry: dict[str, Any]) -> bool:
    return entry["method"] == "GET" and str(entry["path"]).endswith(_SWEEP)


async def onboarding() -> dict[str, object]:
    """Measure the processor time of the bot's process, an onboarding; the first one, which imports and connects, apart.

    What it uses when nobody asks for anything is measured, too, and not subtracted.
    """
    async with world() as stage:
        bot = await stage.bot()
        await stage.idle()
        took = [await _processor_time(stage, bot, domain) for domain in DOMAINS]
    return {
        "processor_ms": round(median(took[1:]) * 1000),
        "first_ms": round(took[0] * 1000),
        "each_ms": [round(one * 1000) for one in took[1:]],
        "ratio_first": took[0] / median(took[1:]),
    }


async def _processor_time(stage: World, bot: Served, domain: str) -> float:
    before = bot.processor_seconds
    await onboard(stage, domain, pause_seconds=0)
    return bot.processor_seconds - before
