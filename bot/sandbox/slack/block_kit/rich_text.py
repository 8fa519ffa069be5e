"""Check `rich_text` blocks: sections, lists, quotes and preformatted text, with their inline elements."""

from bot.sandbox.slack.block_kit.schema import (
    Check,
    array_of,
    boolean,
    integer,
    json_object,
    object_by_type,
    one_of,
    string,
)

_STYLE = json_object(
    {},
    {
        "bold": boolean,
        "italic": boolean,
        "strike": boolean,
        "code": boolean,
        "underline": boolean,
        "highlight": boolean,
        "client_highlight": boolean,
        "unlink": boolean,
    },
)
_ID = string(255, minimum=1)
_STYLED = {"style": _STYLE}

_INLINE: dict[str, Check] = {
    "text": json_object({"text": string(12_000, minimum=1)}, _STYLED),
    "link": json_object({"url": string(3000, minimum=1)}, {"text": string(12_000), "unsafe": boolean, **_STYLED}),
    "user": json_object({"user_id": _ID}, _STYLED),
    "usergroup": json_object({"usergroup_id": _ID}, _STYLED),
    "channel": json_object({"channel_id": _ID}, _STYLED),
    "team": json_object({"team_id": _ID}, _STYLED),
    "emoji": json_object({"name": _ID}, {"unicode": _ID, "skin_tone": integer(1, 6), "url": string(3000), **_STYLED}),
    "broadcast": json_object({"range": one_of("here", "channel", "everyone")}, _STYLED),
    "color": json_object({"value": string(20, minimum=1)}),
    "date": json_object(
        {"timestamp": integer(0, 2**53), "format": string(255, minimum=1)},
        {"url": string(3000), "fallback": string(255), **_STYLED},
    ),
}
_RUN = array_of(object_by_type(_INLINE), minimum=0, maximum=10_000)
_SECTION = json_object({"elements": _RUN})
_BORDER = integer(0, 1)

RICH_TEXT_ELEMENTS: dict[str, Check] = {
    "rich_text_section": _SECTION,
    "rich_text_list": json_object(
        {
            "style": one_of("bullet", "ordered"),
            "elements": array_of(object_by_type({"rich_text_section": _SECTION}), maximum=1000),
        },
        {"indent": integer(0, 8), "offset": integer(0, 10_000), "border": _BORDER},
    ),
    "rich_text_preformatted": json_object({"elements": _RUN}, {"border": _BORDER, "language": string(100)}),
    "rich_text_quote": json_object({"elements": _RUN}, {"border": _BORDER}),
}
