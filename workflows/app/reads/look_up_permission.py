"""Who may look up partners: full members, with a limit per hour. Every lookup and every refusal is recorded."""

from dataclasses import dataclass
from typing import Protocol

from workflows.app.limits import LimitedAction, Limits
from workflows.app.service import Service
from workflows.core.people import ChatId, is_chat_user


class MembershipCheck(Protocol):
    """The check whether somebody is a full member."""

    async def require_member(self, chat_id: ChatId) -> None:
        """Check that the user is a full member.

        :raises Refused: when the person is not a full member.
        :raises PeopleDirectoryUnavailable: when this cannot be read now.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupPermission:
    """The check before every lookup of a partner."""

    members: MembershipCheck
    service: Service
    limits: Limits | None = None

    async def require(self, actor: ChatId, target: str, *, key: str, command_name: str) -> None:
        """Allow one more lookup and record it. Close to the limit a person in the chat is told how many are left.

        :param key: the key of the click or command. A lookup whose key is recorded already is not counted again.
        :param command_name: the command or button that was used.
        :raises Refused: for a person who is no full member, and above the limit; the caller records that.
        :raises PeopleDirectoryUnavailable: when it cannot be read now whether this is a full member.
        """
        await self.members.require_member(actor)
        look = f"look:{key}"
        if self.limits is not None and await self.limits.store.is_known(look):
            return  # delivered again
        allowance = None if self.limits is None else await self.limits.require(LimitedAction.LOOK_UPS, actor)
        await self.service.record_lookup(actor, target, key=look, command_name=command_name)
        if allowance is None or self.limits is None:
            return
        if is_chat_user(actor) and allowance.is_first_warning and (warning := allowance.warning) is not None:
            await self.service.send_message(warning, key=f"left:{key}", person=actor)
        await self.limits.alarm_when_used_up(allowance, actor)
