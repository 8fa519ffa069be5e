"""Check `rich_text` blocks: sections, lists, quotes and preformatted text, with their inline elements."""

from bot.sandbox.slack.block_kit.schema import Check, choice, flag, integer, items, shape, string, typed

_STYLE = shape(
    {},
    {
        "bold": flag,
        "italic": flag,
        "strike": flag,
        "code": flag,
        "underline": flag,
        "highlight": flag,
        "client_highlight": flag,
        "unlink": flag,
    },
)
_ID = string(255, minimum=1)
_STYLED = {"style": _STYLE}

_INLINE: dict[str, Check] = {
    "text": shape({"text": string(12_000, minimum=1)}, _STYLED),
    "link": shape({"url": string(3000, minimum=1)}, {"text": string(12_000), "unsafe": flag, **_STYLED}),
    "user": shape({"user_id": _ID}, _STYLED),
    "usergroup": shape({"usergroup_id": _ID}, _STYLED),
    "channel": shape({"channel_id": _ID}, _STYLED),
    "team": shape({"team_id": _ID}, _STYLED),
    "emoji": shape({"name": _ID}, {"unicode": _ID, "skin_tone": integer(1, 6), "url": string(3000), **_STYLED}),
    "broadcast": shape({"range": choice("here", "channel", "everyone")}, _STYLED),
    "color": shape({"value": string(20, minimum=1)}),
    "date": shape(
        {"timestamp": integer(0, 2**53), "format": string(255, minimum=1)},
        {"url": string(3000), "fallback": string(255), **_STYLED},
    ),
}
_RUN = items(typed(_INLINE), minimum=0, maximum=10_000)
_SECTION = shape({"elements": _RUN})
_BORDER = integer(0, 1)

RICH_TEXT_ELEMENTS: dict[str, Check] = {
    "rich_text_section": _SECTION,
    "rich_text_list": shape(
        {"style": choice("bullet", "ordered"), "elements": items(typed({"rich_text_section": _SECTION}), maximum=1000)},
        {"indent": integer(0, 8), "offset": integer(0, 10_000), "border": _BORDER},
    ),
    "rich_text_preformatted": shape({"elements": _RUN}, {"border": _BORDER, "language": string(100)}),
    "rich_text_quote": shape({"elements": _RUN}, {"border": _BORDER}),
}
