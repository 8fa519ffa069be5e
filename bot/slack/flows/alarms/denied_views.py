"""The window about denied sign-ins: one tenant, or the first of many. Pure."""

from collections.abc import Iterator
from typing import Final

from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import (
    NAME_LIMIT,
    Json,
    bullets,
    cleaned_text,
    fixed_text,
    local_time,
    paragraph,
    rich_text,
)
from bot.slack.blocks.modal import message_view, modal
from bot.slack.words.denied_sign_ins import tenant_lines, tenant_runs
from bot.words.posture.denied_sign_ins import (
    HOW_TO_ASK,
    NOT_ALL_READ,
    STAYS_OUT,
    WHY_ONE,
    code_lines,
    people_words,
    sign_ins_words,
)
from bot.words.sentences import counted
from workflows.app.evidence.denied.notice_records import alarm_values
from workflows.core.posture.watch.denied_notice import MANY, DeniedNotice

_TITLE: Final = "Refused sign-ins"
_LINE: Final = 300


def denied_view(notice: DeniedNotice | None) -> Json:
    """Return the window about one notice, for an admin."""
    if notice is None or not notice.is_open:
        return message_view(_TITLE, "This message is over: it was dismissed, or the tenant has an entry now.")
    about = _about_many(notice) if notice.subject == MANY else _about_one(notice)
    return modal(_TITLE, [rich_text(*about, *_ending(notice))], ids.DENIED)


def _about_one(notice: DeniedNotice) -> Iterator[RichTextElement]:
    (tenant,), (values,) = notice.tenants, alarm_values(notice)["tenants"]
    yield paragraph(fixed_text("Tenant "), *tenant_runs(values))
    if tenant.display_name:
        shown = cleaned_text(tenant.display_name, NAME_LIMIT, code=True)
        yield paragraph(fixed_text("Display name "), shown, fixed_text(" (chosen by that tenant, not verified)"))
    numbers = f"{sign_ins_words(alarm_values(notice))} of {people_words(values)} on {counted(tenant.days, 'day')}"
    yield paragraph(fixed_text(f"Refused: {numbers}"))
    yield paragraph(
        fixed_text("First "), local_time(tenant.first_at), fixed_text(" · last "), local_time(tenant.last_at)
    )
    yield bullets([cleaned_text(line, _LINE)] for line in code_lines(tenant.codes))


def _about_many(notice: DeniedNotice) -> Iterator[RichTextElement]:
    values = alarm_values(notice)
    least = "at least " if notice.is_at_least else ""
    yield paragraph(fixed_text(f"Refused: {sign_ins_words(values)} of {least}{counted(notice.count, 'tenant')}"))
    yield bullets(tenant_lines(list(values["tenants"]), notice.count, with_people=True))
    yield paragraph(fixed_text("Microsoft's codes of the listed tenants:"))
    codes = dict.fromkeys(code for one in notice.tenants for code in one.codes)
    yield bullets([cleaned_text(line, _LINE)] for line in code_lines(tuple(codes)))


def _ending(notice: DeniedNotice) -> Iterator[RichTextElement]:
    """State what is not known, and how access is asked for. Nothing here opens a form."""
    if notice.is_at_least:
        yield paragraph(fixed_text(NOT_ALL_READ))
    yield paragraph(fixed_text(STAYS_OUT))
    yield paragraph(fixed_text(HOW_TO_ASK if notice.subject == MANY else f"{HOW_TO_ASK} {WHY_ONE}"))
