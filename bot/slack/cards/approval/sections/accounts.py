"""The guest accounts of a request on its messages and in Details: who is written, who is left alone, the result."""

from collections.abc import Iterator
from typing import Final

from slack_sdk.models.blocks import ActionsBlock, RichTextBlock
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import (
    NAME_LIMIT,
    TextRun,
    actions,
    bullets,
    button,
    cleaned_text,
    fixed_text,
    paragraph,
    preformatted_text,
    rich_text,
)
from bot.words.plans.accounts import (
    CHANGES,
    GROUPS,
    account_name,
    accounts_words,
    left_counts_words,
    left_words,
    limits_words,
    result_words,
)
from bot.words.requests.states import account_end_words
from bot.words.reviews.guests import MATCHES
from bot.words.sentences import counted
from workflows.core.partners.reviewing.evidence.usage import GuestMatch
from workflows.core.plans.accounts import AccountChange, AccountPlan, AccountProgress
from workflows.core.plans.plan import Plan
from workflows.core.requests.request import AccessRequest
from workflows.core.settings.model import TenantId

MAX_SHOWN: Final = 5
"""People whom a message names; the others are counted, and are in Details."""
_MAX_LEFT_CHARACTERS: Final = 400
_MAX_LINE_CHARACTERS: Final = 400
_MAX_END_CHARACTERS: Final = 600
"""Of what came of one account: Microsoft Graph's own reason is part of it."""


def preview_elements(plan: AccountPlan, *, is_titled: bool = True) -> Iterator[RichTextElement]:
    """Return who would be written, the first by name, and how many are left alone for which reason.

    :param is_titled: whether the number stands above.
    """
    shown = [[cleaned_text(account_name(one), 2 * NAME_LIMIT)] for one in plan.accounts[:MAX_SHOWN]]
    if more := len(plan.accounts) - len(shown):
        shown.append([fixed_text(f"and {more:,} more, see Details")])
    if is_titled:
        yield paragraph(fixed_text(f"{accounts_words(plan)} to {CHANGES[plan.change].verb}", bold=True))
    yield bullets(shown)
    yield from left_elements(plan)


def approver_elements(plan: AccountPlan) -> Iterator[RichTextElement]:
    """Return the change for those who decide: how many accounts, without a name, because the channel reads it too."""
    words = CHANGES[plan.change]
    sign, label = ("➖", "Less access") if plan.change is AccountChange.DISABLE else ("➕", "More access")
    yield paragraph(fixed_text(label, bold=True))
    yield paragraph(fixed_text(f"{sign} {accounts_words(plan)} {words.done}, see Details"))
    yield from left_elements(plan)
    yield paragraph(fixed_text(words.after))


def left_elements(plan: AccountPlan) -> Iterator[RichTextElement]:
    """Return how many accounts are left alone for which reason, and what the preview does not contain."""
    if left := left_counts_words(plan.left_counts, plan.change):
        yield paragraph(fixed_text("Left alone: ", bold=True), cleaned_text(left, _MAX_LEFT_CHARACTERS))
    if limits := " ".join(limits_words(plan)):
        yield paragraph(fixed_text(f"⚠️ {limits}"))


def result_elements(plan: AccountPlan, progress: AccountProgress) -> Iterator[RichTextElement]:
    """Return what came of the accounts so far, in numbers."""
    yield paragraph(cleaned_text(result_words(plan, progress), _MAX_LINE_CHARACTERS))


def account_items(request: AccessRequest) -> Iterator[list[TextRun]]:
    """Return every account of a request: who is written, with what came of it, then who is left alone."""
    plan, progress = request.plan.accounts, request.accounts
    for one in () if plan is None else plan.accounts:
        words = f"found {MATCHES[GuestMatch(one.why)]}"
        if plan is not None and progress is not None:
            words = f"{account_end_words(plan, progress, one)}; {words}"
        name = cleaned_text(account_name(one), 2 * NAME_LIMIT, bold=True)
        yield [name, cleaned_text(f": {words}", _MAX_END_CHARACTERS)]
    for left in () if plan is None else plan.left_alone:
        words = left_words(left, plan.change) if plan is not None else ""
        yield [cleaned_text(account_name(left), 2 * NAME_LIMIT), cleaned_text(f": left alone, {words}", 300)]


def account_buttons(tenant_id: TenantId, *, may_enable: bool) -> ActionsBlock:
    """Return Disable and Enable for the guests of a partner. Each opens a window, and nothing is written by a click.

    :param may_enable: whether the partner is not blocked, as far as that is known.
    """
    buttons = [button("Disable accounts…", ids.ACCOUNTS_DISABLE, tenant_id)]
    if may_enable:
        buttons.append(button("Enable accounts…", ids.ACCOUNTS_ENABLE, tenant_id))
    return actions("accounts", *buttons)


def account_operations_block(plan: Plan) -> RichTextBlock:
    """Return the call of Microsoft Graph that is made for each account, and the Change ID.

    :raises ValueError: for a plan without accounts.
    """
    if plan.accounts is None:
        raise ValueError("a plan of accounts is needed")
    is_enabled = "true" if plan.accounts.change is AccountChange.ENABLE else "false"
    call = f'PATCH /users/{{object ID}}\n{{"accountEnabled": {is_enabled}}}'
    return rich_text(
        preformatted_text(call),
        paragraph(fixed_text(f"For each of the {accounts_words(plan.accounts)}, {GROUPS}.")),
        paragraph(fixed_text("Change ID: "), cleaned_text(plan.digest, code=True)),
    )


def account_row_words(plan: AccountPlan) -> str:
    """Return the line that leads to the list of accounts in Details."""
    left = sum(plan.left_counts.values())
    return f"{accounts_words(plan)}" + (f", {counted(left, 'account')} left alone" if left else "")
