"""The windows about the freeze: begin it, see it, ask to end it, confirm that. Pure."""

from datetime import datetime

from slack_sdk.models.blocks import Block

from bot.slack import ids
from bot.slack.blocks.blocks import (
    Json,
    actions,
    button,
    cleaned_text,
    fixed_text,
    local_time,
    paragraph,
    rich_text,
)
from bot.slack.blocks.freeze_banner import freeze_banner
from bot.slack.blocks.modal import input_block, modal, text_area
from bot.slack.payloads.button_values import freeze_code
from bot.slack.words.drift_buttons import freeze_answers
from bot.words.refusals.freeze import ONLY_ONE_ADMIN, RECORDS_ACCEPTED, STILL_POSSIBLE, VOID_ON_RELEASE
from bot.words.sentences import counted
from workflows.core.people import PersonId
from workflows.core.policy.stops.freeze import (
    END_MAY_BE_CONFIRMED_FOR,
    MAX_REASON_CHARACTERS,
    Freeze,
    FreezeStep,
    is_about_records,
)

_MAX_CHARACTERS = 1000


def freeze_view(waiting: int, unreadable: Freeze | None = None, *, can_be_ended: bool = True) -> Json:
    """Return the window that freezes.

    :param waiting: how many open requests would wait.
    :param unreadable: stands for a record that cannot be read, which the new freeze replaces.
    :param can_be_ended: False when there is only one admin now.
    """
    stops = (
        "Nothing that opens, extends or replaces access is sent to Entra from then on, also where it is approved. "
        f"{'It is ended by two admins.' if can_be_ended else ONLY_ONE_ADMIN}"
    )
    waits = f"{counted(waiting, 'open request waits', 'open requests wait')} until then." if waiting else ""
    told = "Everybody who waits is told, with your reason."
    field = text_area(ids.REASON)
    field.max_length = MAX_REASON_CHARACTERS
    blocks: list[Block] = [
        *freeze_banner(unreadable),
        rich_text(
            paragraph(fixed_text(stops, bold=True)),
            paragraph(fixed_text(STILL_POSSIBLE)),
            paragraph(fixed_text(" ".join(filter(None, (waits or "No open request waits now.", told))))),
        ),
        input_block("Why is it frozen?", ids.REASON, field),
    ]
    return modal("Freeze", blocks, ids.FREEZE_FORM, submit="Freeze")


def already_frozen_view(freeze: Freeze) -> Json:
    """Return the window for an admin who wants to freeze what is frozen."""
    since = rich_text(paragraph(fixed_text("Since "), local_time(freeze.since)))
    is_held = freeze.hold is not None
    answers = freeze_answers("window", is_held=is_held)
    title = "Held already" if is_held else "Frozen already"
    return modal(title, [*freeze_banner(freeze), since, answers], ids.MESSAGE_VIEW)


def unfreeze_view(freeze: Freeze, *, reader: PersonId | None, now: datetime, can_be_ended: bool = True) -> Json:
    """Return the window that asks to end the freeze, or confirms that. Its metadata is unverified when it comes back.

    :param reader: the account of the admin who opened it.
    :param can_be_ended: False when there is only one admin now.
    """
    blocks: list[Block] = [*freeze_banner(freeze), rich_text(paragraph(fixed_text("Since "), local_time(freeze.since)))]
    if is_about_records(freeze):
        blocks.append(rich_text(paragraph(fixed_text(RECORDS_ACCEPTED))))
    asked = freeze.valid_end_request(now)
    if asked is None:
        blocks.append(rich_text(paragraph(fixed_text(_FIRST if can_be_ended else _ALONE))))
        return _form(blocks, freeze, FreezeStep.ASK_END, "Ask to end it")
    verb = " asked to end it, " if freeze.hold is None else " asked to release it, "
    who = [cleaned_text(asked.person.name, _MAX_CHARACTERS, bold=True), fixed_text(verb)]
    until = [fixed_text(". It can be confirmed until "), local_time(asked.at + END_MAY_BE_CONFIRMED_FOR)]
    blocks.append(rich_text(paragraph(*who, local_time(asked.at), *until, fixed_text("."))))
    keep = button(
        "Keep frozen" if freeze.hold is None else "Keep held",
        ids.KEEP_FROZEN,
        f"{FreezeStep.KEEP.value}:{freeze.version}",
    )
    blocks.append(actions("keep", keep))
    if asked.person.id == reader:
        blocks.insert(-1, rich_text(paragraph(fixed_text(_OWN if can_be_ended else f"{_OWN} {ONLY_ONE_ADMIN}"))))
        return modal(_title(freeze), blocks, ids.UNFREEZE_FORM)
    second = _SECOND if freeze.hold is None else f"You are the second admin. {VOID_ON_RELEASE}"
    blocks.insert(-1, rich_text(paragraph(fixed_text(second))))
    return _form(blocks, freeze, FreezeStep.END, "End freeze" if freeze.hold is None else "Release")


_FIRST = (
    "Two admins end it. If you ask now, the other admins are told, and one of them must confirm it within 24 hours. "
    "Until then it stays frozen."
)
_ALONE = f"{ONLY_ONE_ADMIN} If you ask now, another admin must confirm it within 24 hours. Until then it stays frozen."
_OWN = "Another admin must confirm that. You cannot."
_SECOND = (
    "You are the second admin. Approved requests are applied as soon as you end it, and every check before that is "
    "made again."
)


def _title(freeze: Freeze) -> str:
    return "End the freeze" if freeze.hold is None else "Release Gatehouse"


def _form(blocks: list[Block], freeze: Freeze, step: FreezeStep, submit: str) -> Json:
    metadata = f"{step.value}:{freeze.version}:{freeze_code(freeze)}"
    return modal(_title(freeze), blocks, ids.UNFREEZE_FORM, submit=submit, metadata=metadata)
