"""Every action is named by the command that a person types, and what people typed stays as they typed it."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from bot.slack.answers.open_forms import answer_submission
from bot.slack.blocks.message import notice, refusal
from bot.slack.blocks.modal import message_view
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.approval.requester_and_sponsor import requester_card
from bot.slack.flows.decide.views import decision_view
from bot.slack.flows.home.view import home_view
from bot.slack.flows.show.partner_details import partner_details
from bot.words.names.actions import COMMANDS, Action
from bot.words.refusals.sentences import fact_words
from tests.bot.surfaces import card
from tests.workflows.core.builders import AMARA, NOW, identity, request
from workflows.app.reads.app_home import AppHome
from workflows.app.requests.forms import InvalidForm
from workflows.core.errors.facts import Fact
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.policy.approval import Choice, Decision
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import RequestKind, RequestState
from workflows.ports.pages import Page

WORKFLOWS: Final = Path(__file__).parents[4] / "workflows"
REJECTION: Final = Decision(
    choice=Choice.REJECT, person=AMARA, stage=0, at=NOW, digest=request().plan.digest, reason="No contract yet."
)
CHAT_WORDS: Final = re.compile(r"slack|/partner(?![s_])|block_id|mrkdwn|\bts\b", re.IGNORECASE)
RELEASED_SCHEMA: Final = WORKFLOWS / "store" / "sqlite" / "migrations.py"
"""Its released steps are never edited; a later one renames their column."""


def test_every_action_has_a_command() -> None:
    assert set(COMMANDS) == set(Action)


def test_what_people_typed_stays_as_they_typed_it() -> None:
    """Approvers decide on the requester's words, and on no others."""
    typed = "Never “revoke partner” before the handover, see ‹list partners›."
    assert clean(typed, 200) == typed
    for shown in (notice(typed), refusal(typed), message_view("Not possible", typed)):
        assert typed in json.dumps(shown if isinstance(shown, dict) else shown.blocks, ensure_ascii=False)


@pytest.mark.parametrize("kind", list(RequestKind))
@pytest.mark.parametrize("state", list(RequestState))
def test_no_card_names_an_action_without_its_command(state: RequestState, kind: RequestKind) -> None:
    """Each note that the domain gives a request, whatever its state."""
    said, again = (Fact(NoteCode.OVERWRITTEN),), (Fact(NoteCode.SENT_BEFORE),)
    one = request(state, kind, note=said, asked_again=again)
    one = replace(
        one, earlier_write_at=NOW, decisions=(REJECTION,) if state is RequestState.REJECTED else one.decisions
    )
    shown: list[object] = [
        card(one),
        requester_card(one, now=NOW),
        home_view(AppHome(mine=Page(items=[one], count=1, size=1)), now=NOW),
    ]
    if one.prepared is not None:
        shown += [decision_view(one, history=(), now=NOW), partner_details(identity(), {}, {}, None, [one], NOW)]
    for surface in shown:
        assert "‹" not in str(surface)


@pytest.mark.asyncio
async def test_a_fields_problem_is_shown_in_words() -> None:
    answers: list[dict[str, Any]] = []

    async def ack(**answer: Any) -> None:
        answers.append(answer)

    async def submission() -> None:
        raise InvalidForm({"target": Fact(RefusalCode.TARGET_EMPTY)})

    await answer_submission(ack, submission())  # type: ignore[arg-type]
    assert answers == [{"response_action": "errors", "errors": {"target": fact_words(Fact(RefusalCode.TARGET_EMPTY))}}]


def test_the_domain_does_not_know_what_chat_system_it_serves() -> None:
    assert RELEASED_SCHEMA.is_file()
    found = {
        f"{path.relative_to(WORKFLOWS)}:{number}"
        for path in WORKFLOWS.rglob("*")
        if path.suffix in (".py", ".toml", ".txt") and path != RELEASED_SCHEMA
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if CHAT_WORDS.search(line)
    }
    assert found == set()
