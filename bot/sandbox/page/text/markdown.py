"""Show Slack's markdown block, a small part of Markdown, as HTML. Everything else is shown as text."""

import re

from markupsafe import Markup, escape

from bot.sandbox.page.text.display_names import Names
from bot.sandbox.page.text.emoji import with_emoji
from bot.sandbox.page.text.links import link

_FENCE = re.compile(r"```[^\n]*\n(.*?)(?:\n```|\Z)", re.DOTALL)
_BULLET = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+(.*)")
_HEADING = re.compile(r"(#{1,6})\s+(.*)")
# NB. the alternatives are disjoint by first character, so that no text can make matching slow.
_INLINE = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|\[(?P<label>[^\]\[\n]+)\]\((?P<url>[^()\s]+)\)"
    r"|\*\*(?P<bold>[^*\n]+)\*\*|~~(?P<strike>[^~\n]+)~~"
    r"|(?<![\w*])\*(?P<star>[^*\s][^*\n]*)\*|(?<!\w)_(?P<italic>[^_\s][^_\n]*)_(?!\w)"
)
_TAGS = {
    "bold": Markup("<strong>{}</strong>"),
    "strike": Markup("<s>{}</s>"),
    "star": Markup("<em>{}</em>"),
    "italic": Markup("<em>{}</em>"),
}
_NOTHING = Markup("")


def markdown(text: str, names: Names) -> Markup:
    """Return headings, lists, quotes, code and inline formatting as HTML; raw HTML in it stays text."""
    del names  # Standard Markdown has no mentions; the signature is that of mrkdwn().
    pieces = []
    for index, part in enumerate(_FENCE.split(text)):
        if index % 2:
            pieces.append(Markup('<pre tabindex="0">{}</pre>').format(part))
        else:
            pieces.extend(_line(line) for line in part.split("\n") if line.strip())
    return _NOTHING.join(pieces)


def _line(line: str) -> Markup:
    if heading := _HEADING.fullmatch(line):
        return Markup('<p class="md-heading">{}</p>').format(_inline(heading[2]))
    if bullet := _BULLET.fullmatch(line):
        return Markup("<ul><li>{}</li></ul>").format(_inline(bullet[1]))
    if line.startswith(">"):
        return Markup("<blockquote>{}</blockquote>").format(_inline(line[1:].strip()))
    return Markup('<p class="rich">{}</p>').format(_inline(line))


def _inline(text: str) -> Markup:
    pieces: list[Markup] = []
    at = 0
    for match in _INLINE.finditer(text):
        pieces.append(escape(with_emoji(text[at : match.start()])))
        at = match.end()
        kind = match.lastgroup or ""
        if kind == "url":
            pieces.append(link(match["url"], _inline(match["label"])))
        elif kind == "code":
            pieces.append(Markup("<code>{}</code>").format(match["code"]))
        else:
            pieces.append(_TAGS[kind].format(_inline(match[kind])))
    pieces.append(escape(with_emoji(text[at:])))
    return _NOTHING.join(pieces)
