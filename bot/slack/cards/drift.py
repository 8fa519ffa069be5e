"""The part of a card that shows an outside change of a partner: in words, and in Graph's own values."""

import json
from collections.abc import Iterator

from slack_sdk.models.blocks import RichTextBlock
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack.blocks.blocks import TextRun, bullets, cleaned_text, fixed_text, paragraph, preformatted, rich_text
from bot.slack.cards.partner_and_plan import MAX_JSON_CHARACTERS, MAX_LINES, MAX_SETTING_CHARACTERS, shortened
from bot.words.plans.drift import DefaultLine, DriftLine, default_lines, drift_lines
from workflows.core.plans.drift import Drift
from workflows.core.requests.request import AccessRequest, RequestState


def drift_blocks(request: AccessRequest) -> Iterator[RichTextBlock]:
    """Return the three-way difference while the stopped request needs new approval; otherwise nothing."""
    drift = request.drift
    if drift is None or request.state not in (RequestState.PREPARING, RequestState.AWAITING_APPROVAL):
        return
    yield rich_text(
        paragraph(fixed_text("What changed behind the approved plan", bold=True)),
        *outside_change_elements(drift),
        preformatted(shortened(drift_json(drift), MAX_JSON_CHARACTERS)),
    )


def outside_change_elements(drift: Drift) -> Iterator[RichTextElement]:
    """List what changed in the tenant since the plan was approved: each setting as approved and as it is now."""
    lines = drift_lines(drift)
    items = [_default_parts(line) for line in default_lines(drift)]
    items += [_line_parts(line) for line in lines[:MAX_LINES]]
    if (more := len(lines) - MAX_LINES) > 0:
        items.append([fixed_text(f"and {more} more settings; the JSON shows them")])
    yield bullets(items or [[fixed_text("nothing that this version can show")]])


def drift_json(drift: Drift) -> str:
    """Render a drift as JSON, one line for each side of a setting. ASCII only: hidden characters show as escapes."""
    members = [
        f"  {json.dumps(one.name)}: {{\n"
        f'    "approvedFrom": {json.dumps(one.approved_from)},\n'
        f'    "approvedTo": {json.dumps(one.approved_to)},\n'
        f'    "standsNow": {json.dumps(one.now)}\n  }}'
        for one in drift.settings
    ]
    members += [
        f"  {json.dumps(f'default.{one.name}')}: {{\n"
        f'    "whenShown": {json.dumps(one.shown)},\n'
        f'    "standsNow": {json.dumps(one.now)}\n  }}'
        for one in drift.defaults
    ]
    return "{{\n{}\n}}".format(",\n".join(members)) if members else "{}"


def _default_parts(line: DefaultLine) -> list[TextRun]:
    return [
        cleaned_text(line.setting, 200, bold=True),
        fixed_text(", inherited from the tenant's default: was "),
        cleaned_text(line.shown, MAX_SETTING_CHARACTERS),
        fixed_text(" when it was shown; now: "),
        cleaned_text(line.now, MAX_SETTING_CHARACTERS, bold=True),
    ]


def _line_parts(line: DriftLine) -> list[TextRun]:
    return [
        cleaned_text(line.setting, 200, bold=True),
        fixed_text(": approved from "),
        cleaned_text(line.approved_from, MAX_SETTING_CHARACTERS),
        fixed_text(" to "),
        cleaned_text(line.approved_to, MAX_SETTING_CHARACTERS),
        fixed_text("; now: "),
        cleaned_text(line.now, MAX_SETTING_CHARACTERS, bold=True),
    ]
