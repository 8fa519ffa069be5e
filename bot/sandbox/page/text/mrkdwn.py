"""Show Slack's mrkdwn as HTML. Everything that is not its markup is escaped."""

import re

from markupsafe import Markup, escape

from bot.sandbox.page.text.dates import fill_date_template
from bot.sandbox.page.text.display_names import Names
from bot.sandbox.page.text.emoji import with_emoji
from bot.sandbox.page.text.links import link, with_links

_PRE = re.compile(r"```(.+?)```", re.DOTALL)
# NB. the alternatives inside a mark are disjoint by first character, so that no text can make matching slow.
_MARK = r"(?<![\w{c}]){c}(?=\S)(?P<{n}>(?:<[^<>\n]*>|`[^`\n]*`|[^{c}\n<`])+?)(?<=\S){c}(?![\w{c}])"
_INLINE = re.compile(
    "|".join(
        (
            r"`(?P<code>[^`\n]+)`",
            r"<(?P<angle>[^<>\n]+)>",
            _MARK.format(c=r"\*", n="bold"),
            _MARK.format(c="_", n="italic"),
            _MARK.format(c="~", n="strike"),
        )
    )
)
_TAGS = {"bold": Markup("<strong>{}</strong>"), "italic": Markup("<em>{}</em>"), "strike": Markup("<s>{}</s>")}
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
_NOTHING = Markup("")
_BREAK = Markup("<br>")


def decode_entities(text: str) -> str:
    """Return `text` with Slack's three entities decoded. Slack has only these three."""
    for entity, character in _ENTITIES:
        text = text.replace(entity, character)
    return text


def plain(text: str) -> Markup:
    """Return plain text as HTML: escaped, with line breaks, emoji as characters."""
    return _BREAK.join(escape(with_emoji(line)) for line in text.split("\n"))


def mention(label: str) -> Markup:
    """Return the mention of a person, channel or group."""
    return Markup('<span class="mention">{}</span>').format(label)


def mrkdwn(text: str, names: Names) -> Markup:
    """Return Slack's mrkdwn as HTML. The text cannot create any other tag or link."""
    parts = _PRE.split(text)
    pieces = []
    for index, part in enumerate(parts):
        if index % 2:
            pieces.append(Markup('<pre tabindex="0">{}</pre>').format(decode_entities(part.strip("\n"))))
        elif part:
            # NB. a line break next to preformatted text is the one that the block itself makes.
            before = part.removeprefix("\n") if index else part
            after = before.removesuffix("\n") if index < len(parts) - 1 else before
            pieces.append(_lines(after, names))
    return _NOTHING.join(pieces)


def _lines(text: str, names: Names) -> Markup:
    """Return the lines; lines that begin with > become one quote."""
    pieces: list[Markup] = []
    run: list[Markup] = []
    quoted = False

    def close() -> None:
        if run:
            body = _BREAK.join(run)
            pieces.append(Markup("<blockquote>{}</blockquote>").format(body) if quoted else body)
            run.clear()

    for line in text.split("\n"):
        bare = line.replace("&gt;", ">", 1) if line.startswith("&gt;") else line
        is_quote = bare.startswith(">")
        if is_quote != quoted:
            close()
            quoted = is_quote
        run.append(_inline(bare[1:].lstrip(" ") if is_quote else line, names))
    close()
    return _NOTHING.join(pieces)


def _inline(text: str, names: Names) -> Markup:
    pieces: list[Markup] = []
    at = 0
    for match in _INLINE.finditer(text):
        pieces.append(with_links(decode_entities(text[at : match.start()])))
        at = match.end()
        kind = match.lastgroup or ""
        inner = match[kind]
        if kind == "code":
            pieces.append(Markup("<code>{}</code>").format(decode_entities(inner)))
        elif kind == "angle":
            pieces.append(_angle_bracket_html(inner, names))
        else:
            pieces.append(_TAGS[kind].format(_inline(inner, names)))
    pieces.append(with_links(decode_entities(text[at:])))
    return _NOTHING.join(pieces)


def _label_html(text: str) -> Markup:
    return escape(with_emoji(decode_entities(text)))


def _angle_bracket_html(inner: str, names: Names) -> Markup:
    """Render the text between < and >: a mention, a date, a broadcast or a link."""
    target, _, label = inner.partition("|")
    if target.startswith("@"):
        return mention("@" + names.user(target[1:]))
    if target.startswith("#"):
        return mention("#" + names.channel(target[1:]))
    if target.startswith("!"):
        return _command_html(target[1:], decode_entities(label), names)
    url = decode_entities(target)
    return link(url, _label_html(label) if label else escape(url.removeprefix("mailto:")))


def _command_html(command: str, label: str, names: Names) -> Markup:
    kind, _, rest = command.partition("^")
    if kind == "date":
        epoch, _, after = rest.partition("^")
        template, _, url = after.partition("^")
        if not epoch.lstrip("-").isdecimal():
            return escape(label)
        time_element = Markup("<time>{}</time>").format(
            fill_date_template(decode_entities(template), int(epoch), names, label)
        )
        return link(decode_entities(url), time_element) if url else time_element
    if kind == "subteam":
        return mention("@" + names.groups.get(rest, label.removeprefix("@") or rest))
    return mention("@" + (label.removeprefix("@") or kind))
