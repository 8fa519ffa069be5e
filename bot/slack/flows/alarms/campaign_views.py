"""The windows of a campaign of reviews, and its progress on the App Home. Pure."""

from collections.abc import Iterator, Sequence
from typing import Final

from slack_sdk.models.blocks import Block, PlainTextInputElement, StaticSelectElement, UserSelectElement
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import (
    Json,
    Limit,
    actions,
    bullets,
    button,
    cleaned_text,
    confirm_dialog,
    fixed_text,
    header,
    local_time,
    paragraph,
    plain_text,
    rich_text,
    small_text,
)
from bot.slack.blocks.modal import input_block, modal, option, text_area
from bot.slack.blocks.untrusted import clean
from bot.words.plans.risk import LEVELS
from bot.words.reviews.campaigns import campaign_title, progress_words, skip_counts_words, skipped_words
from bot.words.sentences import counted
from workflows.core.partners.reviewing.campaigns import MAX_REASON_CHARACTERS, Campaign, CampaignState, Selection
from workflows.core.policy.template import Template
from workflows.core.requests.commands.campaign import CampaignScope

TITLE: Final = "Review partners"
MAX_MEMBERS: Final = 40
"""How many members the window names; the others are counted."""
MAX_SKIPPED: Final = 15
MAX_CAMPAIGNS: Final = 3
"""How many campaigns an App Home shows; the others are counted."""
_NAME_LIMIT: Final = 120
_WHAT_HAPPENS: Final = "Each sponsor is asked whether the access is still needed. Nothing is closed by this."


def choose_view(templates: Sequence[Template]) -> Json:
    """Return the window that asks which partners to review."""
    # NB. Slack accepts at most a hundred options.
    titles = [option(template.title, template.name) for template in templates][:100]
    levels = [option(words, level.word) for level, words in LEVELS.items()]
    fields = (
        ("All partners of a template", ids.TEMPLATE, StaticSelectElement(action_id=ids.TEMPLATE, options=titles)),
        ("All partners of a sponsor", ids.SPONSOR, UserSelectElement(action_id=ids.SPONSOR)),
        ("All partners with a risk, as approved", "risk", StaticSelectElement(action_id="risk", options=levels)),
        ("One partner: domain or tenant ID", ids.TARGET, PlainTextInputElement(action_id=ids.TARGET, max_length=300)),
    )
    blocks: list[Block] = [
        rich_text(paragraph(fixed_text("Choose one. The next step shows who is asked, and asks you to confirm."))),
        *(input_block(label, name, field, is_optional=True) for label, name, field in fields),
    ]
    return modal(TITLE, blocks, ids.CHOOSE_CAMPAIGN, submit="Continue")


def preview_view(scope: CampaignScope, value: str, selection: Selection) -> Json:
    """Return the window with the partners of a campaign, which asks why they are reviewed."""
    about = campaign_title(scope, selection.label)
    count = counted(len(selection.members), "partner")
    field = text_area(ids.REASON)
    field.max_length = MAX_REASON_CHARACTERS
    field.placeholder = plain_text("For example: yearly check before the audit", Limit.OPTION)
    blocks: list[Block] = [
        rich_text(
            paragraph(
                fixed_text(f"{count} reviewed now", bold=True), fixed_text(": "), cleaned_text(about, _NAME_LIMIT)
            ),
            paragraph(fixed_text(_WHAT_HAPPENS)),
            paragraph(cleaned_text(_member_names(selection), Limit.PLAIN)),
        )
    ]
    if selection.skipped:
        left_out = counted(len(selection.skipped), "partner is", "partners are")
        heading = paragraph(fixed_text(f"{left_out} left out:", bold=True))
        blocks.append(rich_text(heading, _skipped(skipped_words(selection.skipped))))
    hint = "Everybody who is asked reads it."
    blocks.append(input_block("Why are they reviewed now?", ids.REASON, field, hint=hint))
    return modal(TITLE, blocks, ids.CAMPAIGN_FORM, submit="Start", metadata=f"{scope.value}:{value}")


def _member_names(selection: Selection) -> str:
    """Return the first names in one line: a long list would push the question out of sight."""
    names = [clean(member.name, _NAME_LIMIT) for member in selection.members[:MAX_MEMBERS]]
    more = len(selection.members) - len(names)
    return ", ".join([*names, f"and {more} more"] if more else names)


def _skipped(names: Sequence[str]) -> RichTextElement:
    shown = [[cleaned_text(name, _NAME_LIMIT)] for name in names[:MAX_SKIPPED]]
    if more := len(names) - len(shown):
        shown.append([fixed_text(f"and {more} more")])
    return bullets(shown)


def campaign_rows(campaigns: Sequence[Campaign]) -> Iterator[Block]:
    """Return the open campaigns on an admin's App Home: progress, who started it, why, and Withdraw."""
    if not campaigns:
        return
    yield header(f"Campaigns of reviews: {len(campaigns)}")
    for campaign in campaigns[:MAX_CAMPAIGNS]:
        is_running = campaign.state is CampaignState.RUNNING
        about = campaign_title(campaign.scope, campaign.label)
        progress = progress_words(campaign) if is_running else "withdrawn, the open reviews are ended now"
        skipped = skip_counts_words(campaign.skipped)
        yield rich_text(
            paragraph(
                cleaned_text(f"{about[0].upper()}{about[1:]}", _NAME_LIMIT, bold=True),
                fixed_text(f" · {campaign.id}\n{progress}"),
                *([fixed_text(f"\nLeft out: {skipped}")] if skipped else []),
                fixed_text("\nStarted by "),
                cleaned_text(campaign.by.name, _NAME_LIMIT),
                fixed_text(" on "),
                local_time(campaign.at),
                fixed_text(": "),
                cleaned_text(campaign.reason, MAX_REASON_CHARACTERS),
            )
        )
        if is_running:
            sure = confirm_dialog(
                "Withdraw this campaign?",
                "Reviews that only this campaign started end without an answer. What was answered stays.",
                "Withdraw",
            )
            withdraw = button("Withdraw", ids.WITHDRAW_CAMPAIGN, campaign.id, confirm=sure)
            yield actions(f"campaign:{campaign.id}", withdraw)
    if len(campaigns) > MAX_CAMPAIGNS:
        yield small_text(f"and {counted(len(campaigns) - MAX_CAMPAIGNS, 'more campaign')}")
