"""Open the request form with all values filled in: to edit a request, or request it again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.open_forms import answer_submission
from bot.slack.answers.windows import Window
from bot.slack.blocks.blocks import Json
from bot.slack.flows.entry_point_types import Action, Card, EntryPoint, Submission
from bot.slack.flows.request_access.adopt.flow import AdoptFlow
from bot.slack.flows.request_access.flow import RequestAccessFlow
from bot.slack.payloads.button_values import parse_request_id
from bot.slack.payloads.forms import parse_form
from bot.slack.payloads.models import Interaction
from bot.words.requests.form import STAYS_IN_WINDOW
from bot.words.requests.notes import refusal_words
from workflows.app.requests.edits.editing import PARTNER_PROBLEMS_FIELD, RequestEditor
from workflows.app.requests.forms import EditedRequest, Form, Refill, RefillCode, refill
from workflows.app.requests.open_request import account_of_other_chat_id
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership
from workflows.core.people import ADMIN, ChatId
from workflows.core.posture.adoption.adoptable import is_extended_by_adoption
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.request import AccessRequest, RequestId, RequestKind
from workflows.core.settings.model import TenantId, is_tenant_id
from workflows.ports.people_directory import PeopleDirectoryRefused, PeopleDirectoryUnavailable
from workflows.ports.store import Store

_EDIT = "edit"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledFormFlow:
    """Offers what somebody asked for before, to be sent again as it is or changed."""

    request_access: RequestAccessFlow
    editing: RequestEditor
    store: Store
    adopt: AdoptFlow
    """Opens the form that extends settings of no template."""

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Action(ids.EDIT, self.open_edit, audit_name=_EDIT, card=Card.REQUESTER)
        yield Action(ids.EDIT_ASKED, self.open_edit, audit_name=_EDIT)
        yield Submission(ids.EDIT_REQUEST, self.send_edit, audit_name=_EDIT)
        yield Action(ids.REQUEST_AGAIN, self.open_repeat, audit_name="open_request")

    async def open_edit(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the form of a request that waits for approvals, for its requester."""
        request_id = parse_request_id(click.action.value)

        async def build(window: Window) -> Json:
            await self.request_access.members.refuse_known_guests(window.actor)
            request = await self.editing.require_editable(request_id, window.actor)
            filled = self._refill(request, window.actor)
            edits = EditedRequest(request_id=request.id, digest=request.plan.digest)
            answered = request.fields.answers_review_of
            form = replace(filled.form, edited_request=edits, answers_review_of=answered)
            filled = replace(filled, form=form, notes={**filled.notes, **_asked_changes(request)})
            decided = sum(len(people) for people in request.verdict().counted_people)
            return await self.request_access.filled_view(window, filled, approval_count=decided)

        subject = CommandSubject(request_id=request_id)
        await self.request_access.windows.open_and_fill(ack, click, build, command=_EDIT, subject=subject)

    async def send_edit(self, ack: AsyncAck, click: Interaction) -> None:
        """Store the edit. If the request changed after the window was opened, say so in the form.

        The window stays, so that nothing is lost of what was typed.
        """
        await self.request_access.members.refuse_known_guests(click.actor)
        form = parse_form(click)
        try:
            await answer_submission(ack, self.editing.edit(form, key=click.key))
        except Refused as refused:
            await self.request_access.service.record_refusal(
                refused,
                # NB. another key: whoever sends the same text again must not be taken for one whose edit was stored.
                key=f"{click.key}:refused",
                actor=click.actor,
                command=_EDIT,
                subject=CommandSubject(
                    request_id=None if form.edited_request is None else form.edited_request.request_id
                ),
                is_told=True,
            )
            await ack(
                response_action="errors", errors={PARTNER_PROBLEMS_FIELD: f"{refusal_words(refused)} {STAYS_IN_WINDOW}"}
            )

    async def open_repeat(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the form of a new request, filled in from the person's own request, or from that of their partner."""
        button_value = click.action.value
        if is_tenant_id(button_value):
            subject = CommandSubject(tenant_id=TenantId(button_value))
        else:
            subject = CommandSubject(request_id=parse_request_id(button_value))

        async def build(window: Window) -> Json:
            await self.request_access.members.refuse_known_guests(window.actor)
            record = None if subject.tenant_id is None else await self.store.partnership(subject.tenant_id)
            if record is not None and is_extended_by_adoption(record):
                # NB. the settings of any template would overwrite those that were adopted.
                return await self.adopt.extension_view(window, record, await self._reason(record, window.actor))
            return await self.request_access.filled_view(window, await self._earlier_as_form(subject, window.actor))

        await self.request_access.windows.open_and_fill(ack, click, build, command="open_request", subject=subject)

    async def _earlier_as_form(self, subject: CommandSubject, actor: ChatId) -> Refill:
        """Return the earlier request as a new form. Who neither sent nor sponsors it gets the partner only.

        An admin who extends the access of a partner gets everything but the reason.
        """
        request, is_sponsor = await self._earlier(subject, actor)
        if request is None or request.fields.kind is not RequestKind.ACCESS:
            return _form_about_partner(actor, subject.tenant_id or "")
        account = await account_of_other_chat_id(request, actor, self.editing.intake.directory)
        if is_sponsor or request.is_filed_by(actor, account):
            return self._refill(request, actor)
        if subject.tenant_id is not None and await self._is_admin(actor):
            refill = self._refill(request, actor)
            return replace(refill, form=replace(refill.form, justification=""))  # an admin gives a reason of their own
        return _form_about_partner(actor, request.fields.target)

    async def _reason(self, record: Partnership, actor: ChatId) -> str:
        """Return why adopted settings were approved, for their requester and their sponsor; others give their own."""
        request = await self.store.request(record.request_id)
        if request is None or not (record.sponsor.chat_id == actor or request.is_filed_by(actor)):
            return ""
        return request.fields.justification

    async def _is_admin(self, actor: ChatId) -> bool:
        """Return whether a person is an admin; False when that cannot be read now."""
        try:
            return actor in await self.editing.intake.directory.known_holders(ADMIN)
        except (PeopleDirectoryRefused, PeopleDirectoryUnavailable):
            return False

    async def _earlier(self, subject: CommandSubject, actor: ChatId) -> tuple[AccessRequest | None, bool]:
        """Return the request that is named, or the one in force of a partner; and whether the person sponsors it."""
        if subject.request_id is not None:
            return await self._require_request(subject.request_id), False
        partnership = await self.store.partnership(subject.tenant_id or TenantId(""))
        if partnership is None:
            return None, False
        return await self.store.request(partnership.request_id), partnership.sponsor.chat_id == actor

    async def _require_request(self, request_id: RequestId) -> AccessRequest:
        request = await self.store.request(request_id)
        if request is None:
            raise Refused(RefusalCode.UNKNOWN_REQUEST)
        return request

    def _refill(self, request: AccessRequest, actor: ChatId) -> Refill:
        return refill(request, actor, self.request_access.catalog, self.editing.intake.clock.now())


def _asked_changes(request: AccessRequest) -> Mapping[str, Fact]:
    """Return what an approver asked to change, as a note of the form."""
    asked = request.changes_requested
    if asked is None:
        return {}
    values = {"name": asked.person.name, "text": asked.text}
    return {ids.EDITS: Fact(RefillCode.CHANGES_REQUESTED, values)}


def _form_about_partner(actor: ChatId, target: str) -> Refill:
    """Return the form with only the partner filled in."""
    form = Form(requester=actor, target=target, template="", justification="", sponsor=actor, days=0)
    return Refill(form=form, notes={}, template="")
