"""Create the page's parts for one person and one conversation: named fragments of HTML."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.sandbox import seed
from bot.sandbox.page.chat.conversation import arranged_messages
from bot.sandbox.page.chat.unread_counts import ReadMarks, messages_of
from bot.sandbox.page.guide import SHORTCUT, steps
from bot.sandbox.page.ports import Sandbox, Workspace
from bot.sandbox.page.render import environment, render_view
from bot.sandbox.page.request_list import log_lines
from bot.sandbox.page.tab_location import CHANNELS, DIRECT, TabLocation, channels_of
from bot.sandbox.page.tenant.settings_watch import SettingsWatch
from bot.sandbox.page.text.display_names import Names

Json = Mapping[str, Any]

FRAGMENT_NAMES = ("people", "nav", "head", "guide", "messages", "composer", "modal", "clock", "tenant", "log")
MAX_MESSAGES = 100
"""The most messages shown in a conversation: the page is rendered again at every change."""
CLOCK_STEPS = (
    ("1h", "+1 hour", 3600),
    ("1d", "+1 day", 86400),
    ("1w", "+1 week", 7 * 86400),
    ("30d", "+30 days", 30 * 86400),
    ("90d", "+90 days", 90 * 86400),
)
COMMANDS = (
    ("/partner request", "Request access for a partner"),
    ("/partner list", "Every partner and its state"),
    ("/partner show", "One partner's settings: add a domain"),
    ("/partner revoke", "Revoke a partner's access: add a domain (admins)"),
    ("/partner help", "All commands"),
)
FIRST_NAMES = {person.handle: person.name.split()[0] for person in seed.PEOPLE}


@dataclass(frozen=True, slots=True)
class PageState:
    """The state that the page keeps between two renderings; all other data is read again."""

    watch: SettingsWatch
    read_marks: ReadMarks


def fragments(sandbox: Sandbox, place: TabLocation, names: Names, memory: PageState) -> dict[str, str]:
    """Return all parts of the page by name, for one place."""
    context = _page_values(sandbox, place, names, memory) | _workspace_values(sandbox.slack, place, names, memory)
    context["steps"] = steps(
        asked=_has_request_card(sandbox.slack),
        state=context["state"],
        graph_log=sandbox.graph_log.entries,
        clock_moved=sandbox.clock.offset > timedelta(0),
        people=FIRST_NAMES,
    )
    return {part: environment().get_template(f"parts/{part}.html").render(context) for part in FRAGMENT_NAMES}


def title(place: TabLocation) -> str:
    """Return the title of the browser tab."""
    title = {"dm": "Gatehouse", "home": "Gatehouse home"}.get(place.kind, f"#{place.channel}")
    return f"{title} · {FIRST_NAMES[place.person.handle]} · {seed.TEAM_NAME}"


def _page_values(sandbox: Sandbox, place: TabLocation, names: Names, memory: PageState) -> dict[str, Any]:
    """Return the values for everything outside the workspace: people, clock, tenant and requests."""
    state = sandbox.entra.state() if sandbox.entra else {}
    graph, slack = sandbox.graph_log.entries, sandbox.slack_log.entries
    return {
        "place": place,
        "names": names,
        "people": seed.PEOPLE,
        "first_names": FIRST_NAMES,
        "state": state,
        "pane": memory.watch.observe(state, graph) if sandbox.entra else None,
        "lines": log_lines(graph, slack, place.log, names),
        "now": names.local(sandbox.clock.now()),
        "days_ahead": sandbox.clock.offset.days,
        "offset": int(sandbox.clock.offset.total_seconds()),
        "clock_steps": CLOCK_STEPS,
    }


def _workspace_values(slack: Workspace | None, place: TabLocation, names: Names, memory: PageState) -> dict[str, Any]:
    """Return the values for what the person sees in Slack."""
    common = {"channels": channels_of(place.person), "commands": COMMANDS, "shortcut": SHORTCUT, "team": seed.TEAM_NAME}
    if slack is None:
        return common | {"slack": False, "messages": (), "unread": {}, "modal": None, "home": None}
    messages: Sequence[Json] = () if place.kind == "home" else messages_of(slack, place.person, place.channel)
    modals = slack.views.modals(place.person.slack_id)
    home = slack.views.home(place.person.slack_id) if place.kind == "home" else None
    return common | {
        "slack": True,
        "messages": arranged_messages(messages[-MAX_MESSAGES:], names),
        "earlier": max(0, len(messages) - MAX_MESSAGES),
        "unread": memory.read_marks.unread(slack, place.person, place.channel),
        "modal": (view := modals[-1].to_slack() if modals else None),
        "modal_body": render_view(view, names) if view else "",
        "modal_has_fields": any("element" in block for block in (view or {}).get("blocks", ())),
        "home": (view := home.to_slack() if home else None),
        "home_body": render_view(view, names) if view else "",
        "topic": next((channel.topic for channel in seed.CHANNELS if channel.name == place.channel), ""),
        "DIRECT": DIRECT,
        "CHANNELS": CHANNELS,
    }


def _has_request_card(slack: Workspace | None) -> bool:
    """Return whether the bot has posted a message in the approval channel that everybody sees."""
    channel = slack.find("partner-access") if slack else None
    return bool(slack and channel and slack.messages(channel.id))
