"""The guide: what a first visitor can do next, and what is done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.sandbox.page.tenant.settings_table import has_own_settings, is_blocked

Json = Mapping[str, Any]
SHORTCUT = "request_partner_access"
CHANNEL = "partner-access"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepButton:
    """One button of a step: it changes to a person and a conversation, and then does something there."""

    label: str
    person: str = ""
    channel: str = ""
    command: str = ""
    shortcut: str = ""
    advance: int = 0
    """Seconds by which the clock is moved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the guide."""

    number: int
    title: str
    text: str
    done: bool
    buttons: tuple[StepButton, ...] = ()


def steps(
    *, asked: bool, state: Json, graph_log: Sequence[Json], clock_moved: bool, people: Mapping[str, str]
) -> tuple[Step, ...]:
    """Return the five steps of the guide.

    :param asked: whether there is a card in the channel.
    :param people: first names by handle.
    """
    partners: Json = state.get("partners") or {}
    opened = any(has_own_settings(raw) for raw in partners.values()) or _was_partner_added(graph_log)
    revoked = any(is_blocked(raw) for raw in partners.values())
    return (
        _request_step(people, done=asked or opened),
        _approve_step(people, done=opened),
        Step(
            number=3,
            title="Watch the tenant change",
            text="The partner's settings appear on the right. Each change is marked, each request to Graph is listed.",
            done=opened,
        ),
        Step(
            number=4,
            title="Move the clock",
            text="When a review is due, the sponsor is asked whether the access is still needed.",
            done=clock_moved,
            buttons=(StepButton(label="+90 days", advance=90 * 86400),),
        ),
        _revoke_step(people, command=_revoke_command(state), done=revoked),
    )


def _request_step(people: Mapping[str, str], *, done: bool) -> Step:
    name = people["requester"]
    return Step(
        number=1,
        title="Request access for a partner",
        text=f"{name}, a project manager, requests access for Contoso. Its domain is contoso.com.",
        done=done,
        buttons=(StepButton(label=f"Request as {name}", person="requester", channel=CHANNEL, shortcut=SHORTCUT),),
    )


def _approve_step(people: Mapping[str, str], *, done: bool) -> Step:
    return Step(
        number=2,
        title="Approve the request",
        text="The card shows what would change and who must approve. The requester cannot approve.",
        done=done,
        buttons=tuple(
            StepButton(label=f"Act as {people[handle]}", person=handle, channel=CHANNEL)
            for handle in ("approver1", "approver2", "approver3")
        ),
    )


def _revoke_step(people: Mapping[str, str], *, command: str, done: bool) -> Step:
    name = people["admin"]
    return Step(
        number=5,
        title="Revoke the access",
        text=f"{name}, an admin, blocks the partner. Gatehouse reads the block back from the tenant.",
        done=done,
        buttons=(StepButton(label=f"Revoke as {name}", person="admin", channel=CHANNEL, command=command),),
    )


def _was_partner_added(graph_log: Sequence[Json]) -> bool:
    return any(
        entry["method"] == "POST" and str(entry["path"]).endswith("/partners") and entry["status"] == 201
        for entry in graph_log
    )


def _revoke_command(state: Json) -> str:
    """Return the command that revokes the newest partner that is not blocked; else the list of partners."""
    partners: Json = state.get("partners") or {}
    organizations: Json = state.get("organizations") or {}
    for tenant_id, raw in reversed(list(partners.items())):
        if not is_blocked(raw):
            domain = (organizations.get(tenant_id) or {}).get("defaultDomainName")
            return f"/partner revoke {domain or tenant_id}"
    return "/partner list"
