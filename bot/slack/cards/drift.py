"""The part of a card that shows an outside change of a partner: in words, and in Graph's own values."""

import json
from collections.abc import Iterator

from slack_sdk.models.blocks import RichTextBlock
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack.blocks.blocks import TextRun, bullets, cleaned_text, fixed_text, paragraph, preformatted_text, rich_text
from bot.slack.cards.partner_and_plan import MAX_JSON_CHARACTERS, MAX_LINES, MAX_SETTING_CHARACTERS, shorten
from bot.words.plans.drift import DefaultLine, DriftLine, default_lines, drift_lines
from workflows.core.plans.drift import Drift
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.core.settings.canonical import JsonObject


def drift_blocks(request: AccessRequest) -> Iterator[RichTextBlock]:
    """Return the changes made outside Gatehouse, while the stopped request needs new approval; else nothing."""
    if (drift := shown_drift(request)) is not None:
        title = paragraph(fixed_text("Changed outside Gatehouse", bold=True))
        yield rich_text(title, *outside_change_elements(drift, default_of(request), with_graph_names=True))


def drift_json_blocks(request: AccessRequest) -> Iterator[RichTextBlock]:
    """Return the same in Microsoft Graph's own values."""
    if (drift := shown_drift(request)) is not None:
        yield rich_text(preformatted_text(shorten(drift_json(drift), MAX_JSON_CHARACTERS)))


def shown_drift(request: AccessRequest) -> Drift | None:
    """Return the drift of a stopped request while it needs new approval; None otherwise."""
    return request.drift if request.state in (RequestState.PREPARING, RequestState.AWAITING_APPROVAL) else None


def outside_change_elements(
    drift: Drift, default: JsonObject | None, *, with_graph_names: bool = False
) -> Iterator[RichTextElement]:
    """List what changed in the tenant since the plan was made: each setting as it was and as it is now.

    :param default: the tenant's default configuration, for values that are not set; None when it is not known.
    :param with_graph_names: see `drift_lines`.
    """
    items = changed_items(drift, default, with_graph_names=with_graph_names)
    shown_items = items[:MAX_LINES]
    if more := len(items) - len(shown_items):
        shown_items.append([fixed_text(f"and {more} more settings")])
    yield bullets(shown_items or [[fixed_text("nothing that this version can show")]])


def changed_items(drift: Drift, default: JsonObject | None, *, with_graph_names: bool = False) -> list[list[TextRun]]:
    """Return every setting that changed, as it was and as it is now.

    :param default: see `outside_change_elements`.
    :param with_graph_names: see `drift_lines`.
    """
    lines = drift_lines(drift, default, with_graph_names=with_graph_names)
    return [*map(_default_parts, default_lines(drift)), *map(_line_parts, lines)]


def default_of(request: AccessRequest) -> JsonObject | None:
    """Return the tenant's default as it was read last for a request; None when it is not known."""
    observed = request.observation if request.prepared is None else request.prepared.observation
    return None if observed is None else observed.default


def drift_json(drift: Drift) -> str:
    """Render a drift as JSON, one line for each side of a setting. ASCII only: hidden characters show as escapes."""
    members = [
        f"  {json.dumps(setting.name)}: {{\n"
        f'    "approvedFrom": {json.dumps(setting.approved_from)},\n'
        f'    "approvedTo": {json.dumps(setting.approved_to)},\n'
        f'    "now": {json.dumps(setting.now)}\n  }}'
        for setting in drift.settings
    ]
    members += [
        f"  {json.dumps(f'default.{default.name}')}: {{\n"
        f'    "before": {json.dumps(default.before)},\n'
        f'    "now": {json.dumps(default.now)}\n  }}'
        for default in drift.defaults
    ]
    return "{{\n{}\n}}".format(",\n".join(members)) if members else "{}"


def _default_parts(line: DefaultLine) -> list[TextRun]:
    return [
        cleaned_text(line.setting, 200, bold=True),
        fixed_text(", by the tenant's default: was "),
        cleaned_text(line.before, MAX_SETTING_CHARACTERS),
        fixed_text("; now "),
        cleaned_text(line.now, MAX_SETTING_CHARACTERS, bold=True),
    ]


def _line_parts(line: DriftLine) -> list[TextRun]:
    parts = [
        cleaned_text(line.setting, 200, bold=True),
        fixed_text(": was "),
        cleaned_text(line.before, MAX_SETTING_CHARACTERS),
        fixed_text("; now "),
        cleaned_text(line.now, MAX_SETTING_CHARACTERS, bold=True),
    ]
    if line.planned_value is None:
        return parts
    return [*parts, fixed_text("; approved: "), cleaned_text(line.planned_value, MAX_SETTING_CHARACTERS)]
