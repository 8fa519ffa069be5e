"""Which part performs which effect."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from workflows.applying import Applying
from workflows.core.commands import RecordDelayed
from workflows.core.effects import (
    Apply,
    Effect,
    Judge,
    Prepare,
    ShowAlarm,
    ShowHalf,
    ShowHome,
    ShowRequest,
    ShowReview,
    Tell,
)
from workflows.core.errors import Refused
from workflows.judging import Judging
from workflows.ports import Notifier, Store
from workflows.preparing import Preparing
from workflows.service import Service

_ADMIN: Final = "Nothing more happens by itself: an admin has to look (gatehouse doctor lists what was given up)."


@dataclass(frozen=True, slots=True, kw_only=True)
class Performer:
    """Dispatches an effect. What it raises decides between retry and parking; see the outbox."""

    judging: Judging
    preparing: Preparing
    applying: Applying
    notifier: Notifier
    store: Store
    service: Service

    async def perform(self, effect: Effect) -> None:
        """Perform one effect with the records as they stand now, not as they stood when it was stored."""
        match effect:
            case Judge():
                await self.judging.judge(effect)
            case Prepare():
                await self.preparing.prepare(effect.request_id)
            case Apply():
                await self.applying.apply(effect.request_id)
            case ShowRequest():
                request = await self.store.request(effect.request_id)
                if request is not None:
                    await self.notifier.show_request(request)
            case ShowReview():
                partnership = await self.store.partnership(effect.tenant_id)
                if partnership is not None:
                    await self.notifier.show_review(partnership, remind=effect.remind)
            case ShowHalf():
                partnership = await self.store.partnership(effect.tenant_id)
                if partnership is not None:
                    await self.notifier.show_half(partnership, remind=effect.remind)
            case ShowHome():
                await self.notifier.show_home(effect.person)
            case ShowAlarm():
                alarm = await self.store.alarm(effect.alarm_id)
                if alarm is not None:
                    await self.notifier.show_alarm(alarm)
            case Tell():
                await self.notifier.tell(effect.person, effect.text, channel=effect.channel)

    async def gave_up(self, effect: Effect) -> None:
        """Say that an effect was given up, to whom it concerns: parked work must not be silent."""
        match effect:
            case Judge():
                await self.service.say(
                    f"Something went wrong inside Gatehouse, and your click was not judged. {_ADMIN}",
                    key=f"parked:{effect.key}",
                    person=effect.intent.actor,
                    channel=effect.intent.channel,
                )
            case Prepare() | Apply():
                with suppress(Refused):
                    reason = f"Something went wrong inside Gatehouse. {_ADMIN}"
                    await self.service.advance(effect.request_id, RecordDelayed(reason=reason))
