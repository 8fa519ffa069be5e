"""Store what needs no decision: clicks, whose permission is checked later, refusals, lookups and messages.

A start waits for this module and not for the rules of requests and partners, which only the `Service` needs.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any, Final

import structlog

from workflows.app.storing.new_audit_entry import GATEHOUSE, entry_of
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.people import ChatId, Person
from workflows.core.requests.commands.batch import ImportSheet
from workflows.core.requests.commands.clicks import Click, received_name, subject_of
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.effects import (
    CheckPermission,
    Effect,
    JudgeSheet,
    RetryOrDropEffect,
    SendEscalationMessage,
    SendMessage,
    ShowBatch,
    ShowRequest,
    refusal_message,
)
from workflows.core.requests.request import RequestId
from workflows.ports.clock import Clock
from workflows.ports.message_copies import ClickedCard
from workflows.ports.records import Commit
from workflows.ports.store import Store

_log = structlog.get_logger()

LOOK_UP: Final = "look_up"
"""The name of a partner lookup in the audit log."""
SEARCH: Final = "search_own"
"""The name of a search in our own directory in the audit log."""
IMPORT: Final = "import_sheet"
"""The name of an import of a file of partners in the audit log."""
IMPORT_ROWS: Final = "import_rows"
"""The name of the entry that says how many look-ups the rows of an import count as, besides the import itself."""


class Recorder:
    """Stores entries of the audit log with their effects; the queue worker performs these."""

    def __init__(self, *, store: Store, clock: Clock, wake: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake

    async def store_click(self, click: Click, *, key: str, card: ClickedCard | None = None) -> None:
        """Store a click, and the effect that checks its permission. A repeated click (same `key`) changes nothing.

        :raises CardNotCurrent: when the clicked card is given and does not count.
        """
        # The request's tenant is not read here: a click is stored even when other records cannot be read.
        subject, now = subject_of(click), self._clock.now()
        entry = entry_of(
            key,
            now,
            click.actor,
            received_name(click),
            click.audit_details(),
            request_id=subject.request_id,
            tenant_id=subject.tenant_id,
        )
        check = CheckPermission(command=click, key=key, received_at=now)
        commit = Commit(entry=replace(entry, outcome="received"), effects=(check,), clicked_card=card)
        is_new = await self._commit(commit)
        _log.info(
            "click_stored" if is_new else "click_repeated", click=key, command=entry.command, request=subject.request_id
        )

    async def record_refusal(
        self,
        refused: Refused,
        *,
        key: str,
        actor: ChatId,
        command: str,
        subject: CommandSubject,
        channel: str = "",
        text: str = "",
        is_told: bool = False,
        effects: tuple[Effect, ...] = (),
    ) -> None:
        """Record a refusal, and tell the refused person why and what they can do.

        :param text: what the person wrote, which the message shows back so that it is not lost.
        :param is_told: whether the caller shows the refusal, so that it is only recorded here.
        :param effects: effects to store with the refusal.
        """
        entry = entry_of(
            key,
            self._clock.now(),
            actor,
            command,
            refused.fact.as_value(),
            request_id=subject.request_id,
            tenant_id=subject.tenant_id,
        )
        message = SendMessage(person=actor, subject=subject, fact=refusal_message(refused, text), channel=channel)
        stored = effects if is_told else (message, *effects)
        await self._commit(Commit(entry=replace(entry, outcome=refused.code), effects=stored))

    async def retry_or_drop(self, effect_id: int, *, is_retried: bool, key: str, actor: str, account: str) -> None:
        """Store the decision of an admin about a given-up effect: retry it, or drop it.

        :param account: the Entra account of the admin; empty at the command line.
        """
        command = "retry_effect" if is_retried else "drop_effect"
        details = {"effect": effect_id, **({"account": account} if account else {})}
        entry = entry_of(key, self._clock.now(), actor, command, details)
        effect = RetryOrDropEffect(effect_id=effect_id, is_retried=is_retried)
        await self._commit(Commit(entry=entry, effects=(effect,)))

    async def record_lookup(self, actor: ChatId, target: str, *, key: str, command_name: str) -> None:
        """Record in the audit log that somebody looked up a partner.

        :param command_name: the command or button that was used.
        """
        details = {"target": target, "by": command_name}
        await self._commit(Commit(entry=entry_of(key, self._clock.now(), actor, LOOK_UP, details)))

    async def begin_import(self, click: ImportSheet, actor: Person, *, key: str) -> None:
        """Record that a person imports a file of partners, and have it judged; once for each `key`."""
        entry = entry_of(key, self._clock.now(), actor, click.name, click.audit_details())
        await self._commit(Commit(entry=entry, effects=(JudgeSheet(command=click, key=key),)))

    async def record_search(self, actor: ChatId, typed_text: str, *, key: str, kind: str, template: str) -> None:
        """Record in the audit log that somebody searched our own users, groups or applications by name.

        :param kind: the kind of object that was searched for.
        :param template: the name of the template whose field was filled in.
        """
        details = {"typed": typed_text, "kind": kind, "template": template}
        await self._commit(Commit(entry=entry_of(key, self._clock.now(), actor, SEARCH, details)))

    async def update_cards(self, show: ShowRequest | ShowBatch, *, key: str, channel: str) -> None:
        """Update the cards of a request or of a batch because one left a channel; once for each `key`."""
        request_id = show.request_id if isinstance(show, ShowRequest) else None
        entry = entry_of(key, self._clock.now(), GATEHOUSE, "move_card", {"from": channel}, request_id=request_id)
        await self._commit(Commit(entry=entry, effects=(show,)))

    async def send_message(self, fact: Fact, *, key: str, person: ChatId, channel: str = "") -> None:
        """Send one person a message, once for each `key`."""
        entry = entry_of(key, self._clock.now(), GATEHOUSE, "tell", {"to": person, "said": asdict(fact)})
        message = SendMessage(person=person, subject=CommandSubject(), fact=fact, channel=channel)
        await self._commit(Commit(entry=entry, effects=(message,)))

    async def send_messages_about(
        self,
        request_id: RequestId,
        messages: tuple[SendMessage, ...],
        *,
        key: str,
        command: str,
        details: Mapping[str, Any],
    ) -> None:
        """Send people messages about a request, once for each `key`."""
        entry = entry_of(key, self._clock.now(), GATEHOUSE, command, details, request_id=request_id)
        await self._commit(Commit(entry=entry, effects=messages))

    async def send_escalation_message(self, message: SendEscalationMessage, *, key: str) -> None:
        """Send one person a message in their working hours, once for each `key`."""
        details = {"to": message.person, "said": asdict(message.fact)}
        entry = entry_of(key, self._clock.now(), GATEHOUSE, "tell", details)
        await self._commit(Commit(entry=entry, effects=(message,)))

    async def _commit(self, commit: Commit) -> bool:
        is_stored = await self._store.commit(commit)
        self._wake()
        return is_stored
