"""Store the open forms, so that a slow lookup does not undo a later choice, and update them in order.

Slack keeps what is typed. But a view is updated as a whole, so an update must know the other fields. A form that is not
stored here (after a restart, or in another process) is looked up again. Where several processes share the store, the
one that got the newest event of a form updates it; the others leave it alone.
"""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from slack_bolt.async_app import AsyncAck

from bot.slack.answers.windows import ModalWindows
from bot.slack.blocks.blocks import Json
from bot.words.refusals.sentences import fact_words
from workflows.app.requests.forms import InvalidForm
from workflows.core.errors.facts import Fact
from workflows.core.people import ChatId
from workflows.intervals import OPEN_FORM_NOTED_FOR
from workflows.ports.records import StoreNotWritable
from workflows.ports.store import SharedNotes

_MAX_FORMS: Final = 1000
_FORM: Final = "form:"
"""How the name of a note begins about an open form."""

FormValues = TypeVar("FormValues")
"""The values that a person filled in, as typed."""


@dataclass(slots=True, kw_only=True)
class OpenForm(Generic[FormValues]):
    """One open form. `lock` is held during an update, so that updates arrive in order."""

    form: FormValues
    """The values of the form at its last event."""
    noted: asyncio.Task[None] | None = None
    """Notes for other processes that this one got an event of the form."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


OpenFormType = TypeVar("OpenFormType", bound=OpenForm[Any])


class OpenForms(Generic[FormValues, OpenFormType]):
    """The most recent open forms of one kind, by view id; the oldest are removed."""

    def __init__(
        self,
        windows: ModalWindows,
        create_open_form: Callable[[FormValues], OpenFormType],
        notes: SharedNotes | None = None,
    ) -> None:
        """Create it; no form is open.

        :param notes: where the processes note which of them has the newest event; None when there is only one.
        """
        self._windows = windows
        self._create_open_form = create_open_form
        self._notes = notes
        self._process = secrets.token_hex(4)
        self._forms: OrderedDict[str, OpenFormType] = OrderedDict()

    def update_values(self, view_id: str, form: FormValues) -> OpenFormType:
        """Store the present values of a form, and return everything known about it."""
        open_form = self._forms.pop(view_id, None) or self._create_open_form(form)
        open_form.form = form
        self._forms[view_id] = open_form
        while len(self._forms) > _MAX_FORMS:
            self._forms.popitem(last=False)
        if self._notes is not None:
            note = self._notes.put(f"{_FORM}{view_id}", self._process, kept_for=OPEN_FORM_NOTED_FOR)
            open_form.noted = asyncio.create_task(note)
            open_form.noted.add_done_callback(
                lambda task: task.cancelled() or task.exception()
            )  # seen when it is shown
        return open_form

    async def _is_newest_here(self, view_id: str, open_form: OpenFormType) -> bool:
        """Return whether no other process got a later event of a form. While that is not known, it is shown."""
        if self._notes is None or open_form.noted is None:
            return True
        try:
            await asyncio.shield(open_form.noted)
            return (await self._notes.read(f"{_FORM}{view_id}")).get(f"{_FORM}{view_id}", "") in ("", self._process)
        except StoreNotWritable:
            return True

    async def show(
        self, view_id: str, open_form: OpenFormType, view: Callable[[], Json | None], *, person: ChatId
    ) -> None:
        """Update a form after the update that is running.

        :param person: whose form it is.
        :param view: called when this update begins, so that it uses the newest data; None when it came too late.
        """
        async with open_form.lock:
            if (current := view()) is not None and await self._is_newest_here(view_id, open_form):
                await self._windows.update(view_id, current, person=person)


async def answer_submission(ack: AsyncAck, submission: Awaitable[object]) -> Mapping[str, Fact]:
    """Submit a form, then close it. Fields with a problem show it.

    :returns: the problems by field; empty when the form is submitted.
    """
    try:
        await submission
    except InvalidForm as error:
        await ack(
            response_action="errors", errors={field: fact_words(problem) for field, problem in error.problems.items()}
        )
        return error.problems
    await ack(response_action="clear")
    return {}
