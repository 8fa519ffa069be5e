"""The App Home of one person: first what waits for them, then what is theirs, then the tasks of admins."""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Final

from slack_sdk.models.blocks import Block, ButtonElement, PlainTextInputElement

from bot.slack import ids
from bot.slack.blocks.absence_rows import absence_rows
from bot.slack.blocks.blocks import (
    MAX_BLOCKS,
    Json,
    actions,
    bullets,
    button,
    cleaned_text,
    fixed_text,
    header,
    local_time,
    paragraph,
    rich_text,
    row,
    small_text,
    within_limits,
)
from bot.slack.blocks.freeze_banner import freeze_banner
from bot.slack.blocks.modal import input_block
from bot.slack.flows.alarms.campaign_views import campaign_rows
from bot.slack.flows.home.batch_rows import batch_rows, own_batch_rows
from bot.slack.flows.home.paged_list import section
from bot.slack.flows.home.paging import MAX_SEARCH_CHARACTERS
from bot.slack.flows.home.rows import (
    alarm_row,
    approval_row,
    ending_row,
    found_row,
    own_row,
    partner_entry,
    review_row,
    sponsored_row,
)
from bot.slack.words.drift_buttons import freeze_answers
from bot.words.posture.summary import not_adopted_words
from bot.words.requests.search import condition_words
from bot.words.sentences import counted
from workflows.app.reads.app_home import AppHome, HomeList
from workflows.app.reads.found_requests import FoundRequests, Today
from workflows.app.reads.newer_requests import NOT_OVER
from workflows.ports.pages import RequestFilter

ABOUT: Final = (
    "Gatehouse opens this company's Microsoft Entra tenant to a partner organization, after the right people approved "
    "it. It asks again and again whether the access is still needed. It closes the access when an admin revokes it."
)
_AUDITOR_UNKNOWN: Final = (
    "It cannot be read now whether you are an auditor. Open this tab again in a minute to search all requests."
)
MAX_ADOPT_BUTTONS: Final = 3
"""Buttons that adopt one of the partners without a record."""
_NO_TODAY: Final = Today()
_NOTHING_WAITS: Final = "Nothing waits for you. You're all caught up."
_ALERTS_ONLY: Final = "Nothing to approve, and no review of your own to answer. See the alerts below."
"""Not that nothing waits: admins are asked about overdue reviews, too."""
_AS_RECORDED: Final = "As last recorded. /partner show with a domain reads the current settings."


def home_view(home: AppHome, *, now: datetime) -> Json:
    """Return one person's App Home. What is not on this page of a list is counted, and its buttons show it."""
    blocks: list[Block] = [*_freeze(home), actions("home", *_buttons(home)), *_absences(home, now)]
    unknown = [small_text(_AUDITOR_UNKNOWN)] if home.is_auditor is None else []
    if home.request_filter is not None:
        return _view([*blocks, *_searched_sections(home.request_filter, home.found_requests), small_text(_AS_RECORDED)])
    if home.has_nothing_to_show:
        blocks += [rich_text(paragraph(fixed_text(ABOUT)), paragraph(fixed_text("Nothing waits for you."))), *unknown]
        return _view(blocks)
    rest = [
        *_own_sections(home, now),
        *_admin_sections(home, now),
        *_partner_sections(home, now),
        *([header("Requests")] if home.found_requests.page.count else []),
        *_found_sections(home.found_requests),
        small_text(_AS_RECORDED),
        *unknown,
    ]
    blocks += _search(home)
    waiting = list(_waiting_sections(home, now))
    if len(blocks) + len(waiting) + len(rest) > MAX_BLOCKS["home"]:
        waiting = list(_waiting_sections(home, now, has_times_below=False))
    return _view([*blocks, *waiting, *rest])


def closed_home() -> Json:
    """Return the view that tells a person who is no full member why there is nothing to see."""
    return _view(
        [
            rich_text(
                paragraph(fixed_text("Only full members of this workspace ask for partners, look at them and decide."))
            )
        ]
    )


def _view(blocks: list[Block]) -> Json:
    # Without slack_sdk's View, which would parse and check every block a second time.
    return {"type": "home", "callback_id": ids.HOME, "blocks": within_limits(blocks, "home")}


def _buttons(home: AppHome) -> Iterator[ButtonElement]:
    yield button("New request", ids.OPEN_REQUEST, "home", "primary")
    if home.is_admin:
        yield button("Block a partner", ids.BLOCK_PARTNER, "home", "danger")
        yield button("Current tenant settings", ids.OPEN_POSTURE, "home")
    if home.is_auditor:
        yield button(
            "Search all requests" if home.request_filter is None else "Change search", ids.SEARCH_REQUESTS, "home"
        )


def _freeze(home: AppHome) -> Iterator[Block]:
    """Return that writing is frozen, for everybody; with the way to end it for admins."""
    yield from freeze_banner(home.freeze)
    if home.freeze is not None and home.is_admin:
        yield freeze_answers("home", is_held=home.freeze.hold is not None)


def _absences(home: AppHome, now: datetime) -> Iterator[Block]:
    """Return the reader's own absence; for admins how many others are away."""
    yield from absence_rows(home.absences.own[:1], now, is_own=True)
    if home.absences.others:
        yield small_text(
            f"{counted(home.absences.others, 'other person is', 'others are')} away. /partner away lists them."
        )


def _search(home: AppHome) -> Iterator[Block]:
    field = PlainTextInputElement(
        action_id=ids.HOME_SEARCH, max_length=MAX_SEARCH_CHARACTERS, initial_value=home.text or None
    )
    # NB. another block id for another text: Slack keeps what is typed in a block that keeps its id.
    block_id = f"search:{hashlib.sha256(home.text.encode()).hexdigest()[:16]}"
    place = "this page and all partners" if home.is_admin or home.is_auditor else "this page"
    label = f"Search {place} by domain, name, template or ID"
    yield input_block(label, block_id, field, is_optional=True, is_dispatched=True)
    if home.text:
        lists = (
            home.reviews,
            home.approvals,
            home.mine,
            home.ending,
            home.sponsored,
            home.overdue,
            home.partners,
            home.found_requests.page,
        )
        found = (
            "Nothing here contains" if not any(home_list.count for home_list in lists) else "Showing only what contains"
        )
        yield rich_text(
            paragraph(
                fixed_text(f"{found} “"), cleaned_text(home.text, MAX_SEARCH_CHARACTERS, bold=True), fixed_text("”.")
            )
        )
        yield actions("search", button("Show everything", ids.HOME_CLEAR, "home"))


def _waiting_sections(home: AppHome, now: datetime, *, has_times_below: bool = True) -> Iterator[Block]:
    """Return the reviews and approvals that wait for this person.

    :param has_times_below: False when many other lists are full too: a row then takes one block instead of two.
    """
    count = home.reviews.count + home.approvals.count + home.batches.waiting.count
    if not count:
        if not home.text:
            is_adopting = home.not_adopted is not None and bool(home.not_adopted.tenant_ids)
            has_alerts = bool(home.alarms.count or home.overdue.count or is_adopting)
            yield rich_text(paragraph(fixed_text(_ALERTS_ONLY if has_alerts else _NOTHING_WAITS, bold=True)))
        return
    yield header(f"Waiting for me: {count}")
    reviews, approvals = (
        partial(review_row, now=now, has_times_below=has_times_below),
        partial(approval_row, now=now, has_times_below=has_times_below),
    )
    yield from section("Reviews due", HomeList.REVIEWS, home.reviews, reviews)
    yield from batch_rows(home.batches.waiting, now)
    yield from section("Approvals", HomeList.APPROVALS, home.approvals, approvals)


def _own_sections(home: AppHome, now: datetime) -> Iterator[Block]:
    if home.mine.count or home.ending.count or home.sponsored.count or home.batches.own.count:
        yield header("My requests and partners")
    yield from own_batch_rows(home.batches.own)
    sponsored = home.sponsored
    yield from section(
        "My requests, open ones first",
        HomeList.MINE,
        home.mine,
        lambda request: own_row(
            request,
            now,
            today=home.today.get(request.id, _NO_TODAY),
            after_end=home.after_end.get(request.id, NOT_OVER),
            setup=home.setups.get(request.id),
        ),
    )
    yield from section(
        "My partners whose period ends soon",
        HomeList.ENDING,
        home.ending,
        lambda partnership: ending_row(
            partnership,
            home.extensions.get(partnership.identity.tenant_id),
            has_drifted=home.has_drifted(partnership),
        ),
    )
    yield from section(
        "My partners with active access",
        HomeList.SPONSORED,
        sponsored,
        lambda partnership: sponsored_row(partnership, now, has_drifted=home.has_drifted(partnership)),
    )


def _admin_sections(home: AppHome, now: datetime) -> Iterator[Block]:
    if not home.is_admin:
        return
    if home.alarms.count or home.overdue.count:
        yield header(f"Alerts: {counted(home.alarms.count + home.overdue.count, 'entry', 'entries')}")
    yield from section("Alarms", HomeList.ALARMS, home.alarms, alarm_row)
    yield from campaign_rows(home.campaigns)
    overdue = "Overdue reviews and ended access"
    yield from _not_adopted(home)
    yield from section(
        overdue,
        HomeList.OVERDUE,
        home.overdue,
        lambda partnership: partner_entry(partnership, now, "overdue", has_drifted=home.has_drifted(partnership)),
    )


def _not_adopted(home: AppHome) -> Iterator[Block]:
    """Return how many partners are not adopted yet, and the buttons for the first of them."""
    found = home.not_adopted
    if found is None or not (said := not_adopted_words(len(found.tenant_ids))):
        return
    yield rich_text(
        paragraph(
            fixed_text(said, bold=True),
            fixed_text(" Read "),
            local_time(found.read_at),
            fixed_text(". “Current tenant settings” reads again and names all of them."),
        )
    )
    for one in found.tenant_ids[:MAX_ADOPT_BUTTONS]:
        yield row(f"Tenant {one}", f"adopt:{one}", button("Adopt settings", ids.ADOPT_PARTNER, one))


def _partner_sections(home: AppHome, now: datetime) -> Iterator[Block]:
    if home.partners.count:
        yield header("Partners")
    yield from section(
        "Partners found",
        HomeList.PARTNERS,
        home.partners,
        lambda partnership: partner_entry(
            partnership, now, "found", can_revoke=home.is_admin, has_drifted=home.has_drifted(partnership)
        ),
    )


def _searched_sections(request_filter: RequestFilter, found_requests: FoundRequests) -> Iterator[Block]:
    """Return the search text of an auditor, and the requests that match it."""
    yield header("Search of requests")
    conditions = list(condition_words(request_filter)) or [("Conditions", "none, so all requests are shown")]
    yield rich_text(
        bullets(
            [fixed_text(f"{label}: "), cleaned_text(condition, MAX_SEARCH_CHARACTERS, bold=True)]
            for label, condition in conditions
        )
    )
    yield actions("search", button("Close search", ids.HOME_CLEAR, "home"))
    if not found_requests.page.count:
        yield rich_text(paragraph(fixed_text("No request matches all of these conditions.")))
    yield from _found_sections(found_requests)


def _found_sections(found_requests: FoundRequests) -> Iterator[Block]:
    yield from section(
        "All requests found, newest first",
        HomeList.REQUESTS,
        found_requests.page,
        lambda request: found_row(request, found_requests.today.get(request.id, _NO_TODAY)),
    )
