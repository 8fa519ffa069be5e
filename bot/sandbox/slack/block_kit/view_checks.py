"""Check a view (modal or App Home) as views.open, views.update, views.push and views.publish do."""

import json
from typing import Any

from bot.sandbox.slack.block_kit.blocks import problems
from bot.sandbox.slack.block_kit.composition import plain_text
from bot.sandbox.slack.block_kit.schema import Check, anything, boolean, json_object, object_by_type, problem, string

MAX_VIEW_BYTES = 250_000
"""Bytes of JSON; a larger view is refused with `view_too_large`."""

_COMMON: dict[str, Check] = {
    "private_metadata": string(3000),
    "callback_id": string(255),
    "external_id": string(255),
}
_MODAL = json_object(
    {"title": plain_text(24), "blocks": anything},
    {
        **_COMMON,
        "submit": plain_text(24),
        "close": plain_text(24),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
    },
)
_HOME = json_object({"blocks": anything}, _COMMON)
_MODAL_VIEW = object_by_type({"modal": _MODAL})
_HOME_VIEW = object_by_type({"home": _HOME})


def view_problems(view: object, kind: str) -> list[str]:
    """List everything that Slack would refuse in a view of this `kind` (`modal` or `home`)."""
    view_problems_found = list((_HOME_VIEW if kind == "home" else _MODAL_VIEW)(view, "/view"))
    if not isinstance(view, dict) or "blocks" not in view:
        return view_problems_found
    view_problems_found += problems(view["blocks"], "home" if kind == "home" else "modal", "/view/blocks")
    if not view_problems_found and kind == "modal" and "submit" not in view and _has_inputs(view):
        view_problems_found.append(
            problem("missing required field: submit, because the view has input blocks", "/view")
        )
    return view_problems_found


def is_too_large(view: dict[str, Any]) -> bool:
    """Return whether Slack would answer `view_too_large`."""
    return len(json.dumps(view, ensure_ascii=False).encode()) > MAX_VIEW_BYTES


def _has_inputs(view: dict[str, Any]) -> bool:
    return any(block["type"] == "input" for block in view["blocks"])
