"""Measure each surface: words, blocks, and pixels in a browser at three widths.

`uv run python -m tests.bench.surfaces [--pictures FOLDER] [--only NAME]` prints one line of JSON a surface and width.
"""

import argparse
import asyncio
import json
import shutil
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, async_playwright

from bot.slack.blocks.blocks import Json, within_limits
from bot.slack.blocks.modal import modal
from bot.slack.cards.approval.approval_card import approval_blocks
from bot.slack.cards.approval.card_context import CardContext
from bot.slack.cards.approval.closed_card import closed_card
from bot.slack.cards.approval.details import details_blocks
from bot.slack.cards.approval.new_approval import new_approval_message
from bot.slack.cards.approval.reminder import expired_message, reminder_message
from bot.slack.cards.approval.requester_and_sponsor import requester_card, sponsor_card
from bot.slack.cards.partner_setup.setup_card import setup_card
from bot.slack.cards.review_card import review_card
from bot.slack.flows.home.view import home_view
from bot.slack.flows.request_access.form import RequestForm, request_view
from bot.slack.flows.request_access.partner_result import LookupResult
from bot.slack.people.approvers import StageApprovers
from tests.bench.access_test_surfaces import access_test_messages, access_test_windows
from tests.bench.account_surfaces import account_messages, account_windows
from tests.bench.asked_change_surfaces import asked_change_messages, asked_change_windows
from tests.bench.batch_surfaces import batch_homes, batch_messages, batch_windows
from tests.bench.campaign_surfaces import campaign_messages, campaign_windows
from tests.bench.changing_surfaces import changing_forms, changing_messages
from tests.bench.closing_surfaces import closing_windows
from tests.bench.conversation_surfaces import conversation_messages, conversation_windows
from tests.bench.decider_surfaces import decider_messages
from tests.bench.delegation_surfaces import delegation_messages, delegation_windows
from tests.bench.denied_surfaces import denied_messages, denied_windows
from tests.bench.diagnosis_surfaces import diagnosis_messages
from tests.bench.freeze_surfaces import freeze_messages, freeze_windows
from tests.bench.guest_surfaces import guest_messages
from tests.bench.handover_surfaces import handover_messages, handover_windows
from tests.bench.not_believed_surfaces import not_believed_messages, not_believed_windows
from tests.bench.review_surfaces import review_messages, review_windows
from tests.bench.sheet_surfaces import sheet_messages, sheet_windows
from tests.bench.waiting_surfaces import everything_at_once, waiting_cards
from tests.bot.sandbox.page.stage import CHANNELS, PEOPLE, Stage
from tests.bot.shipped_cards import NAMES, waiting, words_of
from tests.workflows.core.builders import AMARA, NOW, RILEY, TENANT, access_plan, approval, identity, partnership
from workflows.app.reads.app_home import AppHome
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.checks.partner_setup.steps import newly_required_steps
from workflows.core.errors.facts import Fact, text_fact
from workflows.core.partners.partnership import PartnershipState, SettingsBasis
from workflows.core.policy.offers import arranged_offers, offers_of
from workflows.core.requests.commands.automatic import RecordPrepared, Replan
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import ObservedPartner, RequestState
from workflows.core.requests.transitions.transition import Situation
from workflows.ports.audit_log import AuditEntry
from workflows.ports.pages import Page
from workflows.ports.records import LimitedList

WIDTHS: Final = {"desktop": (1440, 900), "tablet": (1024, 768), "phone": (390, 844)}
TALL: Final = 6000
"""A window scrolls inside: at this height it is shown whole."""
OPEN_DEFAULT: Final[Json] = {
    "isServiceDefault": True,
    "b2bCollaborationInbound": {
        "usersAndGroups": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]},
        "applications": {
            "accessType": "allowed",
            "targets": [{"target": "AllApplications", "targetType": "application"}],
        },
    },
}
"""Microsoft's own default: guests of every organization."""
HISTORY: Final = (
    AuditEntry(key="2", at=NOW, actor="U-AMARA", command="approve", outcome="accepted", details={}),
    AuditEntry(key="1", at=NOW, actor="gatehouse", command="record_prepared", outcome="accepted", details={}),
    AuditEntry(key="0", at=NOW, actor="U-RILEY", command="submit", outcome="accepted", details={}),
)


def cards() -> dict[str, list[Json]]:
    """Return the approval card of every shipped template."""
    found = {}
    for name, template in load_catalog(SHIPPED).templates.items():
        blocks = approval_blocks(
            waiting(template), holders=NAMES, context=CardContext(is_first=True, others_open=1), now=NOW
        )
        found[name] = within_limits(blocks, "message")
    return found


def messages(template: str = "trusted-partner") -> dict[str, list[Json]]:
    """Return the other messages about a request.

    :param template: by default the one with the most openings that people use every day.
    """
    asked = waiting(load_catalog(SHIPPED).templates[template])
    decided = replace(asked, decisions=(approval(AMARA, 0, digest=asked.plan.digest),))
    at = Situation(now=NOW)
    again = advance(decided, Replan(reason=(Fact(NoteCode.CHANGED_BY_OTHERS),)), at).request
    plan = access_plan({"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": False}})
    again = advance(again, RecordPrepared(prepared=replace(asked.require_prepared(), plan=plan)), at).request
    done = replace(decided, state=RequestState.APPLIED, confirmed_at=NOW)
    written, missing = ["automaticUserConsentSettings"], ["identitySynchronization"]
    values = {"written": [written], "unwritten": [missing], "is_read": True}
    facts = (Fact(NoteCode.PROGRESS, values), text_fact("Invalid property."), Fact(NoteCode.REVIEW_PART))
    part = replace(decided, state=RequestState.FAILED, applied_part=1, note=facts)
    basis = {"basis": SettingsBasis.PARTLY_APPLIED, "not_applied": tuple(missing), "ends_at": NOW}
    review = partnership(state=PartnershipState.REVIEW_DUE, reminders=1, **basis)
    setup = partnership(setup=newly_required_steps(asked.plan, OPEN_DEFAULT))
    return {
        "setup": setup_card(setup, may_confirm=True).blocks,
        "review": review_card(partnership(state=PartnershipState.REVIEW_DUE, reminders=1), now=NOW).blocks,
        "review-partly-applied": review_card(review, now=NOW).blocks,
        "requester-partly-applied": requester_card(part, now=NOW).blocks,
        "again": new_approval_message(
            again, holders=NAMES, context=CardContext(is_first=False), now=NOW, approvers=(AMARA.chat_id,)
        ).blocks,
        "closed": closed_card(done, successor=None, now=NOW).blocks,
        "receipt": closed_card(done, successor=None, now=NOW, reader=AMARA.chat_id).blocks,
        "reminder": reminder_message(LimitedList(items=(asked, asked), count=2), now=NOW).blocks,
        "requester": requester_card(decided, now=NOW).blocks,
        "sponsor": sponsor_card(decided, now=NOW).blocks,
        "expired": expired_message(LimitedList(items=(asked, asked), count=2)).blocks,
    }


def windows() -> dict[str, Json]:
    """Return the windows that people open: Details of each shipped template's request."""
    found = {}
    for name, template in load_catalog(SHIPPED).templates.items():
        blocks = details_blocks(waiting(template), holders=NAMES, history=HISTORY, now=NOW)
        found[f"details-{name}"] = modal("Details", blocks, "decide_request")
    return found


def request_forms() -> dict[str, Json]:
    """Return the request form: empty, and with a partner and each shipped template chosen."""
    offers = arranged_offers(offers_of(load_catalog(SHIPPED).templates.values()), is_closing=False)
    partner = ObservedPartner(identity=identity(), configuration=None, default=OPEN_DEFAULT, at=NOW)
    found = {"form-empty": request_view(RequestForm(offers=offers, requester=RILEY.chat_id))}
    for offer in offers:
        template = offer.template
        view = request_view(
            RequestForm(
                offers=[replace(one, usual_wait=timedelta(days=2)) for one in offers],
                requester=RILEY.chat_id,
                target="contoso.com",
                lookup_result=LookupResult.of(partner, typed_text="contoso.com"),
                template=template.name,
                approvers_by_stage=[
                    StageApprovers(stage=one, approvers=NAMES.get(one.role)) for one in template.stages
                ],
            )
        )
        found[f"form-{template.name}"] = view
    return found


def homes() -> dict[str, Json]:
    """Return App Homes by role: reviewer, approver for whom 200 requests wait, requester and sponsor, admin, nobody."""
    templates = list(load_catalog(SHIPPED).templates.values())
    asked = [waiting(templates[number % len(templates)]) for number in range(10)]
    partners = [partnership() for _ in range(10)]

    def page(records: list[Any], count: int) -> Page[Any]:
        return Page(items=records, count=count, size=len(records), first_cursor=("a", "b"), last_cursor=("c", "d"))

    shown = {
        "reviewer": AppHome(reviews=page(partners, 12)),
        "approver": AppHome(approvals=page(asked, 200)),
        "requester": AppHome(mine=page(asked, 12), ending=page(partners[:2], 2)),
        "admin": AppHome(is_admin=True, overdue=page(partners, 25)),
        "nobody": AppHome(),
    }
    return {f"home-{name}": home_view(home, now=NOW) for name, home in shown.items()}


async def measure(browser: Browser, name: str, shown: list[Json] | Json, folder: Path | None) -> list[Json]:
    """Measure one message or window at each width, and take a picture of it into `folder`.

    :param shown: the blocks of a message, or a view.
    """
    found: list[Json] = []
    is_message, blocks = isinstance(shown, list), shown if isinstance(shown, list) else shown["blocks"]
    channel, where = "partner-access", "message" if is_message else "modal"
    if not isinstance(shown, list) and shown["type"] == "home":
        channel, where = "home", "home-view"
    with tempfile.TemporaryDirectory() as scratch:
        stage = Stage(Path(scratch))
        if isinstance(shown, list):
            stage.post(CHANNELS["partner-access"], name, blocks=blocks)
        elif shown["type"] == "home":
            stage.slack.views.homes[PEOPLE["approver1"]] = {"id": "V0HOME", **shown}
        else:
            stage.slack.views.open[PEOPLE["approver1"]] = shown
        await stage.change()
        async with TestServer(stage.app()) as server:
            for label, (width, height) in WIDTHS.items():
                page = await browser.new_page(viewport={"width": width, "height": height if is_message else TALL})
                await page.goto(str(server.make_url(f"/?as=approver1&channel={channel}")))
                place = page.get_by_test_id(where).last
                box = await place.bounding_box()
                assert box is not None
                if folder is not None:
                    # The page's own bar would cover the top of a message that is taller than the screen.
                    await page.set_viewport_size({"width": width, "height": max(TALL, round(box["height"]) + height)})
                    await place.screenshot(path=folder / f"{name}-{label}.png")
                found.append(
                    {
                        "surface": name,
                        "width": width,
                        "words": words_of(blocks),
                        "blocks": len(blocks),
                        "height": round(box["height"]),
                        "screens": round(box["height"] / height, 2),
                    }
                )
                await page.close()
    return found


async def main(folder: Path | None, only: str) -> None:
    """Measure every surface whose name contains `only`, and print the results."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-background-networking"]
        )
        surfaces: dict[str, list[Json] | Json] = {
            **cards(),
            **messages(),
            **changing_messages(),
            **asked_change_messages(),
            **asked_change_windows(),
            **batch_messages(),
            **batch_windows(),
            **sheet_messages(),
            **sheet_windows(),
            **review_messages(),
            **review_windows(),
            **closing_windows(),
            **windows(),
            **request_forms(),
            **changing_forms(),
            **homes(),
            **batch_homes(),
            **freeze_windows() | conversation_windows(),
            **freeze_messages() | conversation_messages(),
            **delegation_windows(),
            **delegation_messages(),
            **waiting_cards("trusted-partner"),
            "card-everything": everything_at_once(),
            **handover_windows(),
            **handover_messages(),
            **guest_messages(),
            **account_messages(),
            **account_windows(),
            **campaign_windows(),
            **campaign_messages(),
            **diagnosis_messages(),
            **decider_messages(),
            **denied_messages(),
            **denied_windows(),
            **access_test_messages(),
            **access_test_windows(),
            **not_believed_messages(),
            **not_believed_windows(),
        }
        for name, shown in ((name, shown) for name, shown in surfaces.items() if only in name):
            for line in await measure(browser, name, shown, folder):
                print(json.dumps(line), flush=True)
        await browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=Path, help="write a picture of each surface into this folder")
    parser.add_argument("--only", default="", help="measure only surfaces whose name contains this")
    arguments = parser.parse_args()
    if arguments.pictures:
        arguments.pictures.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(arguments.pictures, arguments.only))
