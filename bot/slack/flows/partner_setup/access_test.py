"""Ask and say whether an access works: the buttons of the question, and the window of what does not work."""

from collections.abc import Iterator
from dataclasses import dataclass

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.windows import ModalWindows
from bot.slack.flows.entry_point_types import Action, Card, CommandButton, EntryPoint, Submission
from bot.slack.flows.partner_setup.access_test_views import failure_view, how_to_test_view
from bot.slack.payloads.button_values import parse_handover_value, parse_tenant_id
from bot.slack.payloads.models import Interaction
from workflows.app.evidence.diagnosis.subject import parse_subject
from workflows.app.service import Service
from workflows.core.errors.raised import InvalidField
from workflows.core.people import ChatId
from workflows.core.policy.reviews.access_test import AccessFailure, AccessOutcome
from workflows.core.requests.commands.review_event import AnswerAccessTest, RequestAccessTest
from workflows.core.settings.model import TenantId
from workflows.ports.store import Store

_SOME_PARTNER = "This partner"
_NO_ADDRESS = "Enter one mail address, for example maria@contoso.com, or leave it empty."


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessTestFlow:
    """Stores that somebody wants to know, and what people say. Their right is checked afterwards."""

    service: Service
    windows: ModalWindows
    store: Store

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        answers = "want_answer_access_test"
        yield Action(ids.ASK_ACCESS_TEST, self.ask, audit_name="want_request_access_test")
        yield CommandButton(ids.ACCESS_WORKS, works, answers, Card.ACCESS_TEST)
        yield CommandButton(ids.ACCESS_NOT_TRIED, not_tried, answers, Card.ACCESS_TEST)
        yield Action(ids.ACCESS_FAILS, self.open_failure, audit_name=answers, card=Card.ACCESS_TEST)
        yield Submission(ids.ACCESS_FAILURE, self.report_failure, audit_name=answers)
        yield Action(ids.HOW_TO_TEST, self.show_how_to_test)

    async def ask(self, ack: AsyncAck, click: Interaction) -> None:
        """Store that the question shall be asked now."""
        tenant_id = parse_tenant_id(click.action.value)
        command = RequestAccessTest(actor=click.actor, tenant_id=tenant_id, channel=click.channel)
        await self.service.store_click(command, key=click.key)
        await ack()

    async def open_failure(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the window that asks what happened."""
        tenant_id, question = parse_handover_value(click.action.value)
        name = await self._name_known_to(click.actor, tenant_id)
        await self.windows.open(click, failure_view(tenant_id, question, name))
        await ack()

    async def _name_known_to(self, person: ChatId, tenant_id: TenantId) -> str:
        """Return the name of the partner for somebody to whom a question about it was posted.

        Nobody's right was checked yet. Without such a question, the window says neither whether the tenant is
        recorded, nor its name.
        """
        copies = await self.store.copies(f"access_test:{tenant_id}")
        # NB. a card without a number was stored because this person clicked on it. That proves nothing.
        if not any(copy.audience == person and copy.occasion for copy in copies):
            return _SOME_PARTNER
        partnership = await self.store.partnership(tenant_id)
        return _SOME_PARTNER if partnership is None else partnership.identity.name

    async def report_failure(self, ack: AsyncAck, click: Interaction) -> None:
        """Store what does not work. An address that is none is refused at its field."""
        view = click.required_view
        tenant_id, question = parse_handover_value(view.private_metadata)
        address = view.value(ids.FAILED_ADDRESS).strip()
        if address and not _is_address(address):
            await ack(response_action="errors", errors={ids.FAILED_ADDRESS: _NO_ADDRESS})
            return
        failure = AccessFailure(
            what=view.value(ids.WHAT_FAILED),
            address=address,
            application=view.value(ids.FAILED_APPLICATION),
            code=view.value(ids.ERROR_CODE),
            correlation_id=view.value(ids.CORRELATION_ID),
            time=view.value(ids.FAILED_AT),
        )
        command = AnswerAccessTest(
            actor=click.actor, tenant_id=tenant_id, question=question, outcome=AccessOutcome.FAILS, failure=failure
        )
        await self.service.store_click(command, key=click.key)
        await ack(response_action="clear")

    async def show_how_to_test(self, ack: AsyncAck, click: Interaction) -> None:
        """Show how to test both directions with one account of each side."""
        await self.windows.open(click, how_to_test_view())
        await ack()


def works(click: Interaction) -> AnswerAccessTest[ChatId]:
    """Return the answer that the access works."""
    return _answer(click, AccessOutcome.WORKS)


def not_tried(click: Interaction) -> AnswerAccessTest[ChatId]:
    """Return the answer that nobody has tried it yet."""
    return _answer(click, AccessOutcome.NOT_TRIED)


def _answer(click: Interaction, outcome: AccessOutcome) -> AnswerAccessTest[ChatId]:
    tenant_id, question = parse_handover_value(click.action.value)
    return AnswerAccessTest(
        actor=click.actor, tenant_id=tenant_id, question=question, outcome=outcome, channel=click.channel
    )


def _is_address(text: str) -> bool:
    try:
        return bool(parse_subject(text).address)
    except InvalidField:
        return False
