"""Which part performs which effect."""

from dataclasses import dataclass

from workflows.applying import Applying
from workflows.core.effects import Apply, Effect, Judge, Prepare, ShowHome, ShowRequest, ShowReview, Tell
from workflows.judging import Judging
from workflows.ports import Notifier, Store
from workflows.preparing import Preparing


@dataclass(frozen=True, slots=True, kw_only=True)
class Performer:
    """Dispatches an effect. What it raises decides between retry and parking; see the outbox."""

    judging: Judging
    preparing: Preparing
    applying: Applying
    notifier: Notifier
    store: Store

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
            case ShowHome():
                await self.notifier.show_home(effect.person)
            case Tell():
                await self.notifier.tell(effect.person, effect.text, channel=effect.channel)
