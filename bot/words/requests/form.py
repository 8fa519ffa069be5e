"""The sentences of the request form: what is offered, who decides, what applies already, what the partner must send."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Final

from bot.words.plans.changes import duration_words
from bot.words.plans.consequences import STAYS_UNTIL_REVOKED
from bot.words.plans.risk import risk_level_words
from bot.words.refusals.ids import id_request_words
from bot.words.sentences import counted, day, last_day, or_list
from workflows.app.requests.forms import RefillCode
from workflows.core.errors.facts import Fact
from workflows.core.plans.plan import AtEnd
from workflows.core.policy.offers import Offer
from workflows.core.policy.placeholders import Placeholder
from workflows.core.policy.risk import RiskLevel
from workflows.core.policy.template import MayRequestFor, Stage, Template
from workflows.core.requests.request import RequestFields
from workflows.core.settings.id_owner import Owner
from workflows.core.settings.open_access import AccessState

WHAT_THEY_NEED: Final = "What do they need?"
NOT_CHOSEN: Final = "The form then shows who decides."
OTHER_PURPOSES: Final = "Other access"
NOT_ADDED: Final = (
    "Not a partner yet. A tenant of another Microsoft cloud is blocked until it is added here, whatever the tenant's "
    "default says."
)
NOT_A_PARTNER: Final = "Not a partner yet: the tenant's defaults apply to it."
EDITED_PARTNER: Final = "For another partner, send a new request."
EDIT_UNCHECKED: Final = "Your edit can be sent once this can be looked up. The request that waits is unchanged."
CLOSE_EARLY_EFFECT: Final = (
    "After one approval, Gatehouse blocks all access between us and this partner, in both directions."
)
CANNOT_APPROVE: Final = "The requester and chosen sponsor cannot approve."
_GUESTS: Final = {
    AccessState.OPEN: (
        "Guests of this partner can come in already, by the tenant's default. Ask only if they need more, or less."
    ),
    AccessState.PARTLY: (
        "Some guests of this partner can come in already, by the tenant's default. Ask only if they need more, or less."
    ),
}
STAYS_IN_WINDOW: Final = "What you typed stays in this window, so that you can copy it."


SUPPORT_EFFECT: Final = (
    "Approvers see your name and your reason. You can never decide on this request. You get a message when it ends."
)
SUPPORT_HINT: Final = "Why you need this access, too. At most 500 characters."
FOR_PERSON_HINTS: Final = {
    MayRequestFor.REPORTS: "Choose yourself, or a person whose manager in Entra you are. Neither of you can approve.",
    MayRequestFor.MEMBERS: "Choose yourself, or the person who needs it. Neither of you can approve.",
}


def not_offered_words(templates: Sequence[Template]) -> str:
    """Name the templates that only other people may request, each with the roles of these people."""
    named = "; ".join(
        f"“{template.title}” (role {or_list([f'“{role}”' for role in template.may_request])})" for template in templates
    )
    return f"Only other people can request {named}. Ask one of them, or an admin. /partner policy shows who they are."


def need_words(offer: Offer) -> str:
    """Return the need for which people choose this template."""
    return offer.template.need or offer.template.title


def offer_words(offer: Offer, max_characters: int) -> str:
    """Return the title of a template, its risk, the approvers and the usual waiting time.

    Cards and lists name the template by its title, so whoever chooses it by the need reads the title as well.

    :param max_characters: the most characters of the text. The stages are counted when their names are too long. If
        that is still too long, the waiting time is left out, and then the title.
    """
    stages = offer.template.stages
    people = sum(stage.quorum for stage in stages)
    stage_titles = ", ".join(stage.title for stage in stages)
    number = f"{counted(people, 'approver', 'approvers')}"
    risk = _highest_risk(offer)
    wait = [] if offer.usual_wait is None else [f"usually {wait_words(offer.usual_wait)}"]
    title = [offer.template.title] if offer.template.need else []
    parts_by_length = (
        [*title, risk, stage_titles, *wait],
        [*title, risk, number, *wait],
        [*title, risk, number],
        [risk, number, *wait],
    )
    for parts in parts_by_length:
        text = " · ".join(parts)
        if len(text) <= max_characters:
            return text
    return f"{risk} · {number}"


def _highest_risk(offer: Offer) -> str:
    """Return the highest risk that a request with a template can have; its card shows the risk of its own plan."""
    word = risk_level_words(offer.level)
    return f"{word.capitalize()} risk" if offer.level is RiskLevel.LOW else f"Up to {word} risk"


def wait_words(wait: timedelta) -> str:
    """Return a waiting time in whole hours or days: "under an hour", "5 hours", "3 days"."""
    hours = wait / timedelta(hours=1)
    if hours < 1:
        return "under an hour"
    if hours < 48:
        return counted(round(hours), "hour", "hours")
    return counted(round(hours / 24), "day", "days")


def stage_words(stage: Stage) -> str:
    """Return one stage and how many people of it must approve: "Data owners, 2 approvals"."""
    return f"{stage.title}, {counted(stage.quorum, 'approval', 'approvals')}"


def no_approvers_words(stage: Stage) -> str:
    """State that nobody could decide on a stage, and what to do."""
    return f"nobody. It cannot be sent until an admin adds people to the role “{stage.role}”."


def guests_words(access_state: AccessState) -> str:
    """State that the tenant's default lets guests in already; empty when it does not, or when that is not known."""
    return _GUESTS.get(access_state, "")


def partner_question(placeholders: Iterable[Placeholder]) -> str:
    """Return a text for the partner's administrator: which IDs to send, and where to find them. Empty for none."""
    lines = [
        f"{number}. {_sentence_case(id_request_words(their_placeholder.kind.value, their_placeholder.label))}"
        for number, their_placeholder in enumerate(
            (placeholder for placeholder in placeholders if placeholder.owner is Owner.THEIRS), 1
        )
    ]
    if not lines:
        return ""
    intro = "We prepare access between our organizations in Microsoft Entra. Please send us from your tenant:"
    return "\n".join([intro, *lines, "These IDs are not secret."])


def _sentence_case(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def access_duration_words(fields: RequestFields, *, is_short: bool = False) -> str:
    """Return how long a request's access shall last: "180 days from approval", "until Dec 31, 2026"; empty for none.

    With a start: "180 days from Dec 15, 2026", "from Dec 15, 2026 until Dec 31, 2026".

    :param is_short: whether it is left out from when on days count.
    """
    start = "" if fields.starts_at is None else day(fields.starts_at)
    if fields.ends_at is not None:
        return f"{f'from {start} ' if start and not is_short else ''}until {last_day(fields.ends_at)}"
    lasts = "" if fields.duration is None else duration_words(fields.duration)
    return f"{lasts} from {start or 'approval'}" if lasts and not is_short else lasts


def edit_effect_words(approval_count: int) -> tuple[str, ...]:
    """State what happens when an edit is sent, one or two sentences for each line.

    :param approval_count: how many people have approved so far.
    """
    count = counted(approval_count, "approval")
    void = f"Sending this voids {count}. " if approval_count else ""
    return (
        f"{void}Approvers get a message with what is different, and decide on the new plan.",
        "The time to decide starts again. Who edits a request cannot approve it.",
    )


def losses_words(*, is_closing: bool, can_be_edited: bool) -> str:
    """State what less access means for the people who use it, and what the requester can do.

    :param is_closing: whether the whole partner is closed.
    """
    if is_closing:
        return "Everybody who uses this access loses it. Withdraw this if they still need it."
    remedy = "Edit or withdraw this" if can_be_edited else "Withdraw this"
    return f"People who use more lose it. {remedy} if they still need it."


def refill_note_words(note: Fact) -> str:
    """State how the form differs from the earlier request, and what the requester can do."""
    values = {**note.values, "day": day(note.values["day"])} if "day" in note.values else note.values
    return _REFILL_NOTES[note.code].format_map(values)


_REFILL_NOTES: Final[Mapping[str, str]] = {
    RefillCode.GIVES_LESS: (
        "Certainly less access than now: {templates}. One approver decides, and the approved end stays or comes "
        "earlier. Once applied, the review is answered."
    ),
    RefillCode.CHANGES_REQUESTED: "{name} asked for changes: “{text}”",
    RefillCode.TEMPLATE_GONE: "The template “{template}” does not exist any more. Choose another one.",
    RefillCode.TEMPLATE_CHANGED: (
        "The template “{template}” changed since that request. Check what it gives now, and who decides."
    ),
    RefillCode.DURATION_GONE: "“{template}” does not offer {days} days any more. Check the duration.",
    RefillCode.END_DATE_OVER: "The end date of that request, {day}, cannot be chosen any more. Choose a new end.",
}


def start_date_hint(days: int) -> str:
    """Return which days the field for the start accepts, and what happens without one."""
    return f"Leave empty to start when it is approved. At most {days} days from today; the day begins at 00:00 UTC."


def end_date_hint(days: int, at_end: AtEnd) -> str:
    """Return which days the field for the end date accepts, and what happens after the last one."""
    after = "is blocked" if at_end is AtEnd.BLOCK else STAYS_UNTIL_REVOKED
    return f"The last day (UTC), at most {days} days from today, instead of the duration. Then access {after}."
