"""Carry out the clicks about questions, answers and comments: identify who is asked, and record what was written."""

from dataclasses import dataclass
from datetime import datetime

from workflows.app.approvers.stage_holders import roles_at
from workflows.app.service import Service
from workflows.core.conversation.remarks import MAX_ASKED
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, CurrentRoles, Person
from workflows.core.requests.commands.clicks import RemarkClick, with_person
from workflows.core.requests.commands.request import Answer, Ask, Comment
from workflows.core.requests.request import AccessRequest
from workflows.ports.clock import Clock
from workflows.ports.people_directory import PeopleDirectory
from workflows.ports.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversations:
    """Records questions, answers and comments, each once."""

    service: Service
    store: Store
    directory: PeopleDirectory
    clock: Clock

    async def carry_out(self, click: RemarkClick, actor: Person, *, key: str, received_at: datetime | None) -> None:
        """Record what somebody wrote about a request.

        :raises Refused: when this is not possible now, or for this person.
        :raises TenantUnavailable, PeopleDirectoryUnavailable: when somebody cannot be identified now.
        """
        command = await self._command(click, actor)

        async def current_roles_of(request: AccessRequest) -> CurrentRoles:
            at = received_at or self.clock.now()
            return await roles_at(request, [actor], at, directory=self.directory, store=self.store)

        await self.service.advance(
            click.request_id, command, key=key, current_roles_of=current_roles_of, received_at=received_at
        )

    async def _command(self, click: RemarkClick, actor: Person) -> Ask[Person] | Answer[Person] | Comment[Person]:
        match click:
            case Ask():
                asked = [await self._asked(chat_id, actor) for chat_id in dict.fromkeys(click.asked[: MAX_ASKED + 1])]
                people = tuple({person.id: person for person in asked}.values())
                return Ask(
                    actor=actor, request_id=click.request_id, text=click.text, asked=people, channel=click.channel
                )
            case Answer():
                return with_person(click, actor)
            case Comment():
                return with_person(click, actor)

    async def _asked(self, chat_id: ChatId, actor: Person) -> Person:
        """Identify a person who is asked.

        :raises Refused: for a guest, a bot, a deactivated or external user, and without exactly one account.
        """
        if chat_id == actor.chat_id:
            return actor
        try:
            return await self.directory.identify(chat_id)
        except Refused as refused:
            raise Refused(RefusalCode.CANNOT_BE_ASKED, refused=refused.fact.as_value()) from refused
