"""Read blocks as tests need them: every text by its kind, and hostile text to put into outside fields."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from hypothesis import strategies as st
from slack_sdk.models.views import View

from bot.sandbox.slack.block_kit.blocks import problems
from bot.sandbox.slack.block_kit.view_checks import is_too_large, view_problems
from bot.slack.blocks.message import Message, message
from bot.slack.cards.approval.card_context import CardContext
from bot.slack.cards.approval.details import details_blocks
from bot.slack.cards.approval.request_card import request_card
from tests.workflows.core.builders import NOW, RILEY, SAM, access_plan, identity, noted, particulars, prepared, request
from workflows.core.partners.partnership import Attestation
from workflows.core.people import ChatId, Person, PersonId
from workflows.core.plans.plan import TenantIdentity
from workflows.core.policy.approval import Choice, Decision
from workflows.core.requests.request import (
    AccessRequest,
    ObservedPartner,
    RequestId,
    RequestKind,
    RequestState,
    Restored,
)
from workflows.ports.pages import Page

Json = dict[str, Any]

MARK: Final = "h0stile"
"""Stands in every hostile text, so that its way can be followed."""

_TIME: Final = (
    r"(Asked|Sent|[Dd]ecide by|Access period ended|Not as approved since|Blocked automatically on|Asked on) "
    r"<!date\^\d+\^\{date_short_pretty\}( at \{time\})?\|[A-Z][a-z]{2} \d{1,2}, \d{4} at \d\d:\d\d UTC>"
)
TIME: Final = re.compile(rf"{_TIME}( · {_TIME})*( · the time to decide is over)?|No end date")
"""The only markup in a view: constant labels and times, which Slack shows in the reader's zone."""

hostile: Final[st.SearchStrategy[str]] = st.sampled_from(
    [
        f"{MARK} <!channel> <!here>",
        f"{MARK} <@U0ADMIN0001> <#C0GENERAL01>",
        f"<https://evil.example/{MARK}|Approve>",
        f"*{MARK} Approved by CISO* `code` ```pre``` :white_check_mark:",
        f"{MARK} " + "long " * 8000,
        "\n" * 5000 + MARK,
        f"\u202e{MARK}\u202c moc.osotnoc",
        "\u200b\u200d\ufeff" * 400 + MARK,
        MARK + "\u0300" * 3000,
        f"{MARK}\x00\x1b[31m\r\nline\u2028line",
        f"{MARK}\ud800",
        f"&lt;!channel&gt; {MARK} & < > \" ' \\",
    ]
) | st.text(max_size=200).map(lambda text: MARK + text)

hostile_or_blank: Final = hostile | st.sampled_from(["", " ", "\u200b", "\u3164\n"])


_RUNS: Final = ("text", "date", "user")
"""Pieces of rich text that stand on one line."""


def dicts(value: Any) -> Iterator[Json]:
    """Every object inside a JSON value, outermost first."""
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from dicts(item)
    elif isinstance(value, list):
        for item in value:
            yield from dicts(item)


def texts(value: Any, kind: str) -> list[str]:
    """Every text of one kind: `plain_text`, `mrkdwn`, or `text` for runs of rich text."""
    return [str(item["text"]) for item in dicts(value) if item.get("type") == kind]


def shown(value: Any) -> str:
    """Everything a person reads, in order, in one string; the hyphen of a short ID as it is typed."""
    return "".join(_read(value)).replace("R\u2011", "R-")


def buttons(value: Any) -> dict[str, str]:
    """Action ids and values of every button."""
    return {item["action_id"]: item["value"] for item in dicts(value) if item.get("type") == "button"}


def element(view: Json, block_id: str) -> Json:
    """The input element of one block of a view."""
    return next(dict(block["element"]) for block in view["blocks"] if block.get("block_id") == block_id)


def assert_sound(view: Json, kind: str = "modal") -> None:
    """Assert that Slack and its SDK accept the view, and that nothing in it is markup."""
    assert view_problems(view, kind) == []
    assert View(**view).to_dict() == view
    assert not is_too_large(view)
    assert [text for text in texts(view, "mrkdwn") if not TIME.fullmatch(text)] == []
    json.dumps(view, ensure_ascii=False).encode()


def assert_sound_message(message: Message) -> None:
    """Assert that Slack accepts a message, and reads nothing from outside in it as markup."""
    assert problems(message.blocks, "message") == []
    assert len(message.text) <= 4000
    assert "<" not in message.text
    for text in texts(message.blocks, "mrkdwn"):
        assert MARK not in text
    for emoji in (item.get("emoji") for item in dicts(message.blocks) if item.get("type") == "plain_text"):
        assert emoji is False
    json.dumps(message.blocks, ensure_ascii=False).encode()


def all_of(records: list[Any]) -> Page[Any]:
    """A list that fits on one page."""
    return Page(items=records, count=len(records), size=len(records))


def card(asked: AccessRequest, **changes: Any) -> Message:
    """A request's card, with nobody known by name, at NOW, unless `changes` say otherwise."""
    usual: dict[str, Any] = {"holders": {}, "context": CardContext(is_first=True), "now": NOW}
    return request_card(asked, **{**usual, **changes})


def details(asked: AccessRequest, **changes: Any) -> Message:
    """The details of a request, as a message so that tests read both alike."""
    usual: dict[str, Any] = {"holders": {}, "history": (), "now": NOW}
    return message(asked.id, details_blocks(asked, **{**usual, **changes}))


def hostile_identity(text: str) -> TenantIdentity:
    """A partner whose names are hostile."""
    return replace(identity(), display_name=text, typed_name=text)


def hostile_person(text: str) -> Person:
    """A person whose name is hostile."""
    return Person(id=PersonId("id-hostile"), chat_id=ChatId("U0HOSTILE"), name=text)


def hostile_request(state: RequestState, kind: RequestKind, text: str) -> AccessRequest:
    """A request with hostile text in every outside field."""
    person = hostile_person(text)
    value = text.encode(errors="replace").decode()  # a plan with a lone surrogate has no digest
    before = {"tenantId": identity().tenant_id, "inboundTrust": {"isMfaAccepted": value, value: value}}
    known = prepared(
        kind,
        requester=replace(RILEY, name=text),
        sponsor=replace(SAM, name=text),
        observation=ObservedPartner(identity=hostile_identity(text), configuration=None, at=NOW),
        **({"plan": access_plan(before)} if kind is not RequestKind.REVOCATION else {}),
        template_title=text,
        restored=Restored(request_id=RequestId(text), kind=kind, title=text, person=person, at=NOW)
        if kind is RequestKind.RESTORATION
        else None,
    )
    choice = Choice.REJECT if state is RequestState.REJECTED else Choice.APPROVE
    decision = Decision(person=person, choice=choice, stage=0, digest=known.plan.digest, reason=text, at=NOW)
    return request(
        state,
        kind,
        prepared=None if state is RequestState.PREPARING else known,
        fields=replace(particulars(kind), justification=text, target=text, template=text, restores=RequestId(text)),
        decisions=(decision,) if kind is not RequestKind.REVOCATION else (),
        note=noted(text),
    )


def hostile_attestation(text: str) -> Attestation:
    """An attestation with hostile text."""
    return Attestation(person=hostile_person(text), reason=text, at=NOW)


def _read(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _read(item)
            yield "" if isinstance(item, dict) and item.get("type") in _RUNS else " "
    elif isinstance(value, dict):
        if isinstance(value.get("text"), str):
            yield value["text"]
        elif value.get("type") == "date":
            yield value["fallback"]
        for key in ("title", "text", "label", "hint", "fields", "elements", "element", "options", "blocks", "submit"):
            if isinstance(value.get(key), dict | list):
                yield from _read(value[key])
