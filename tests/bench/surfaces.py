"""Measure each surface: words, blocks, and pixels in a browser at three widths.

`uv run python -m tests.bench.surfaces [--pictures FOLDER] [--full]` prints one line of JSON a surface and width.
"""

import argparse
import asyncio
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, async_playwright

from bot.slack.blocks.blocks import Json, within_limits
from bot.slack.blocks.modal import modal
from bot.slack.cards.approval_card import Context, approval_blocks
from bot.slack.cards.details import details_blocks
from bot.slack.people.approvers import Approvers
from tests.bot.sandbox.page import samples
from tests.bot.sandbox.page.stage import CHANNELS, PEOPLE, Stage
from tests.workflows.core.builders import NOW, TENANT, particulars, prepared, request
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.checks.findings import Finding, Severity
from workflows.core.people import Role
from workflows.core.plans.plan import plan_access
from workflows.core.policy.template import Template, filled
from workflows.core.requests.request import AccessRequest, Observation
from workflows.ports.records import AuditEntry

WIDTHS: Final = {"desktop": (1440, 900), "tablet": (1024, 768), "phone": (390, 844)}
NAMES: Final = {
    Role("security"): Approvers(names=("Amara Okafor", "Noor Haddad")),
    Role("data-owner"): Approvers(names=("Bruno Keller", "Chie Tanaka")),
    Role("admin"): Approvers(names=("Dana Whitfield",)),
}
FINDINGS: Final = (
    Finding(code="a", severity=Severity.WARNING, text="Guests are locked out by one policy.", source="Entra"),
    Finding(code="b", severity=Severity.UNCHECKED, text="The sign-in log could not be checked.", source="Graph"),
)
TALL: Final = 6000
"""A window scrolls inside: at this height it is shown whole."""
HISTORY: Final = (
    AuditEntry(key="2", at=NOW, actor="U-AMARA", command="approve", outcome="accepted", details={}),
    AuditEntry(key="1", at=NOW, actor="gatehouse", command="record_prepared", outcome="accepted", details={}),
    AuditEntry(key="0", at=NOW, actor="U-RILEY", command="submit", outcome="accepted", details={}),
)


def waiting(template: Template) -> AccessRequest:
    """Return a request for a template that waits for approvals, at a partner without settings of its own."""
    values = {one.name: f"0a1b2c3d-0000-4000-8000-00000000000{n}" for n, one in enumerate(template.placeholders)}
    plan = plan_access(
        tenant_id=TENANT,
        before=None,
        settings=filled(template, values),
        template=template.name,
        template_hash=template.content_hash,
        duration=template.default_duration,
    )
    known = prepared()
    observation = Observation(
        identity=known.observation.identity, configuration=None, at=NOW, default=samples.default_configuration()
    )
    known = replace(
        known,
        plan=plan,
        observation=observation,
        stages=template.stages,
        template_title=template.title,
        findings=FINDINGS,
        requester=replace(known.requester, name="Riley Park"),
        sponsor=replace(known.sponsor, name="Sam Whitfield"),
    )
    asked = replace(
        particulars(),
        template=template.name,
        duration=template.default_duration,
        justification="The bridge project needs their engineers in our Teams until the handover in spring.",
    )
    expires = NOW + template.decide_within
    return request(prepared=known, particulars=asked, expires_at=expires, lifetime=timedelta(days=14))


def cards() -> dict[str, list[Json]]:
    """Return the approval card of every shipped template."""
    found = {}
    for name, template in load_catalog(SHIPPED).templates.items():
        blocks = approval_blocks(
            waiting(template), holders=NAMES, context=Context(is_first=True, others_open=1), now=NOW
        )
        found[name] = within_limits(blocks, "message")
    return found


def words_of(blocks: list[Json]) -> int:
    """Count the words that a reader sees in blocks; signs alone are no words."""
    return sum(any(map(str.isalnum, word)) for text in texts(blocks) for word in text.split())


def texts(node: Any) -> Iterator[str]:
    """List every text that blocks show: of text objects, of rich text, and dates by their fallback."""
    if isinstance(node, list):
        for one in node:
            yield from texts(one)
    elif isinstance(node, Mapping):
        if node.get("type") in ("plain_text", "mrkdwn", "text"):
            yield str(node["text"])
        elif node.get("type") == "date":
            yield str(node.get("fallback", ""))
        for key, value in node.items():
            if key != "confirm":
                yield from texts(value)


def windows() -> dict[str, Json]:
    """Return the windows that people open: Details of each shipped template's request."""
    found = {}
    for name, template in load_catalog(SHIPPED).templates.items():
        blocks = details_blocks(waiting(template), holders=NAMES, history=HISTORY)
        found[f"details-{name}"] = modal("Details", blocks, "decide_request")
    return found


async def measure(browser: Browser, name: str, shown: list[Json] | Json, folder: Path | None) -> list[Json]:
    """Measure one message or window at each width, and take a picture of it into `folder`.

    :param shown: the blocks of a message, or a view.
    """
    found: list[Json] = []
    is_message, blocks = isinstance(shown, list), shown if isinstance(shown, list) else shown["blocks"]
    with tempfile.TemporaryDirectory() as scratch:
        stage = Stage(Path(scratch))
        if isinstance(shown, list):
            stage.post(CHANNELS["partner-access"], name, blocks=blocks)
        else:
            stage.slack.views.open[PEOPLE["approver1"]] = shown
        await stage.change()
        async with TestServer(stage.app()) as server:
            for label, (width, height) in WIDTHS.items():
                page = await browser.new_page(viewport={"width": width, "height": height if is_message else TALL})
                await page.goto(str(server.make_url("/?as=approver1&channel=partner-access")))
                place = page.get_by_test_id("message").last if is_message else page.get_by_test_id("modal")
                box = await place.bounding_box()
                assert box is not None
                if folder is not None:
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


async def main(folder: Path | None) -> None:
    """Measure every surface and print the results."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-background-networking"]
        )
        surfaces: dict[str, list[Json] | Json] = {**cards(), **windows()}
        for name, shown in surfaces.items():
            for line in await measure(browser, name, shown, folder):
                print(json.dumps(line), flush=True)
        await browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=Path, help="write a picture of each surface into this folder")
    arguments = parser.parse_args()
    if arguments.pictures:
        arguments.pictures.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(arguments.pictures))
