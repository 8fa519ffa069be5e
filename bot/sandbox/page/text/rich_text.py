"""Show Slack's rich_text blocks as HTML."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from bot.sandbox.page.text.dates import fill_date_template
from bot.sandbox.page.text.display_names import Names
from bot.sandbox.page.text.emoji import SHORT_NAMES
from bot.sandbox.page.text.links import link
from bot.sandbox.page.text.mrkdwn import mention, plain

Json = Mapping[str, Any]

_NOTHING = Markup("")
_STYLES = (
    ("code", Markup("<code>{}</code>")),
    ("bold", Markup("<strong>{}</strong>")),
    ("italic", Markup("<em>{}</em>")),
    ("strike", Markup("<s>{}</s>")),
    ("underline", Markup("<u>{}</u>")),
)


def rich_text(block: Json, names: Names) -> Markup:
    """Return one rich_text block as HTML: sections, lists, preformatted text and quotes."""
    return _NOTHING.join(_block_element(part, names) for part in block.get("elements", ()))


def _block_element(part: Json, names: Names) -> Markup:
    inner = _NOTHING.join(_inline_element(piece, names) for piece in part.get("elements", ()) if "type" in piece)
    match part.get("type"):
        case "rich_text_list":
            return _list(part, names)
        case "rich_text_preformatted":
            text = "".join(str(piece.get("text") or piece.get("url") or "") for piece in part.get("elements", ()))
            return Markup('<pre tabindex="0">{}</pre>').format(text)
        case "rich_text_quote":
            return Markup("<blockquote>{}</blockquote>").format(inner)
        case _:
            return Markup('<p class="rich">{}</p>').format(inner)


def _list(part: Json, names: Names) -> Markup:
    indent = min(max(int(part.get("indent") or 0), 0), 8)
    items = _NOTHING.join(Markup("<li>{}</li>").format(_item(item, names)) for item in part.get("elements", ()))
    if part.get("style") == "ordered":
        start = int(part.get("offset") or 0) + 1
        return Markup('<ol class="indent-{}" start="{}">{}</ol>').format(indent, start, items)
    return Markup('<ul class="indent-{}">{}</ul>').format(indent, items)


def _item(item: Json, names: Names) -> Markup:
    """Return a list item. Its text is directly in the item, without a paragraph."""
    pieces: Sequence[Json] = item.get("elements", ())
    return _NOTHING.join(_inline_element(piece, names) for piece in pieces)


def _inline_element(piece: Json, names: Names) -> Markup:
    markup = _piece_without_style(piece, names)
    style: Json = piece.get("style") or {}
    for name, tag in _STYLES:
        if style.get(name):
            markup = tag.format(markup)
    return markup


def _piece_without_style(piece: Json, names: Names) -> Markup:
    match piece.get("type"):
        case "text":
            return plain(str(piece.get("text", "")))
        case "link":
            url = str(piece.get("url", ""))
            return link(url, plain(str(piece.get("text") or url)))
        case "user":
            return mention("@" + names.user(str(piece.get("user_id"))))
        case "usergroup":
            group = str(piece.get("usergroup_id"))
            return mention("@" + names.groups.get(group, group))
        case "channel":
            return mention("#" + names.channel(str(piece.get("channel_id"))))
        case "broadcast":
            return mention("@" + str(piece.get("range")))
        case "emoji":
            name = str(piece.get("name"))
            return escape(SHORT_NAMES.get(name, f":{name}:"))
        case "date":
            date_text = fill_date_template(
                str(piece.get("format", "")), int(piece.get("timestamp") or 0), names, str(piece.get("fallback", ""))
            )
            return Markup("<time>{}</time>").format(date_text)
        case _:
            return plain(str(piece.get("text", "")))
