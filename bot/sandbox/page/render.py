"""Show Slack's messages and views as HTML. Only this module uses the block templates. Pure."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import ChainableUndefined, Environment, PackageLoader
from markupsafe import Markup

from bot.sandbox import seed
from bot.sandbox.page.text.display_names import Names
from bot.sandbox.page.text.emoji import with_emoji
from bot.sandbox.page.text.links import LINKABLE, location_of_link
from bot.sandbox.page.text.markdown import markdown
from bot.sandbox.page.text.mrkdwn import mrkdwn, plain
from bot.sandbox.page.text.rich_text import rich_text

Json = Mapping[str, Any]

_SPACE = re.compile(r"\s+")
_SELECTED = ("selected_user", "selected_channel", "selected_conversation")
_INITIAL = ("initial_user", "initial_channel", "initial_conversation")
_TYPED = ("value", "selected_date", "selected_time", "selected_date_time")
_INITIALLY_TYPED = ("initial_value", "initial_date", "initial_time", "initial_date_time")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """Where blocks are shown: the names of ids, what the reader has entered, and a prefix for unique element ids."""

    names: Names
    scope: str
    entered: Json
    """Slack's `view.state.values`: by block_id, by action_id."""


def text_object(value: Any, names: Names) -> Markup:
    """Return a Slack text object (or a string, shown as plain text) as HTML."""
    if not value:
        return Markup("")
    if isinstance(value, str):
        return plain(value)
    text = str(value.get("text", ""))
    return mrkdwn(text, names) if value.get("type") == "mrkdwn" else plain(text)


def label_text(value: Any) -> str:
    """Return a text object's words without markup, for places without HTML (option labels, attributes)."""
    text = value if isinstance(value, str) else str((value or {}).get("text", ""))
    return with_emoji(text).replace("\n", " ")


def entered_value(element: Json, block_id: str, surface: Surface) -> Json:
    """Return the value that the reader has entered in this element; empty when there is none."""
    entered: Json = (surface.entered.get(block_id) or {}).get(element.get("action_id", "")) or {}
    return entered


def text_of_element(element: Json, block_id: str, surface: Surface) -> str:
    """Return the text (or date, or time) of the element: what was entered, otherwise its initial value."""
    entered = entered_value(element, block_id, surface)
    texts = [entered[key] for key in _TYPED if entered.get(key) is not None]
    texts += [element[key] for key in _INITIALLY_TYPED if element.get(key) is not None]
    return str(texts[0]) if texts else ""


def selected_values(element: Json, block_id: str, surface: Surface) -> frozenset[str]:
    """Return the values of the selected options: what was entered, otherwise the initial ones."""
    entered = entered_value(element, block_id, surface)
    return _selection(entered, "selected", _SELECTED) or _selection(element, "initial", _INITIAL)


def picked_option(element: Json, block_id: str, surface: Surface) -> Json | None:
    """Return the option that an external select shows: the chosen one, otherwise its initial one."""
    entered = entered_value(element, block_id, surface)
    option: Json | None = entered.get("selected_option") if entered else element.get("initial_option")
    return option


def _selection(source: Json, prefix: str, single: Sequence[str]) -> frozenset[str]:
    single_option = source.get(f"{prefix}_option")
    values = [str(single_option.get("value"))] if isinstance(single_option, Mapping) else []
    values += [str(option.get("value")) for option in source.get(f"{prefix}_options") or ()]
    values += [str(source[key]) for key in single if source.get(key)]
    for key in (f"{prefix}_users", f"{prefix}_channels", f"{prefix}_conversations"):
        values += [str(item) for item in source.get(key) or ()]
    return frozenset(values)


def element_id(element: Json, block_id: str, surface: Surface) -> str:
    """Return an id for the element that is unique on the page and the same in every rendering."""
    return _SPACE.sub("-", f"{surface.scope}-{block_id}-{element.get('action_id', '')}")


def safe_url(url: Any) -> str:
    """Return `url` when it is safe in a link, otherwise an empty text."""
    text = str(url or "")
    return text if text.split(":", 1)[0].lower() in LINKABLE and ":" in text else ""


def as_json(value: Any) -> str:
    """Return compact JSON for a data attribute (the template escapes it)."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def pretty_json(value: Any) -> str:
    """Return JSON in a form for people."""
    return json.dumps(value, ensure_ascii=False, indent=2)


@cache
def environment() -> Environment:
    """Return the page's templates: escaped by default; a property that Slack leaves out is empty."""
    environment = Environment(
        loader=PackageLoader("bot.sandbox.page"),
        autoescape=True,
        undefined=ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        text=text_object,
        label=label_text,
        rich=rich_text,
        plain=plain,
        markdown=markdown,
        data=as_json,
        pretty=pretty_json,
    )
    environment.globals.update(
        typed=text_of_element,
        chosen=selected_values,
        picked_option=picked_option,
        element_id=element_id,
        safe_url=safe_url,
        place_of_link=location_of_link,
        people=seed.PEOPLE,
        channels=seed.CHANNELS,
    )
    return environment


def render_blocks(blocks: Sequence[Json], names: Names, *, scope: str, entered: Json | None = None) -> Markup:
    """Return Slack blocks as HTML. An unknown block is shown as its name and JSON."""
    surface = Surface(names=names, scope=scope, entered=entered or {})
    macro: Any = environment().get_template("blocks.html").module
    return Markup("").join(macro.block(block, surface) for block in blocks)


def render_message(message: Json, names: Names) -> Markup:
    """Return a message's body: its blocks, or its text when it has none, then its attachments."""
    scope = f"m{message.get('ts', '')}"
    blocks = message.get("blocks") or ()
    body = render_blocks(blocks, names, scope=scope) if blocks else _text_only(message, names)
    attachments = (item for item in message.get("attachments") or () if isinstance(item, Mapping))
    return Markup("").join((body, *(_attachment(item, names, scope) for item in attachments)))


def _text_only(message: Json, names: Names) -> Markup:
    return Markup('<div class="b-section"><div class="prose">{}</div></div>').format(
        mrkdwn(str(message.get("text") or ""), names)
    )


def _attachment(attachment: Json, names: Names, scope: str) -> Markup:
    blocks = attachment.get("blocks") or ()
    text = str(attachment.get("text") or attachment.get("fallback") or "")
    inner = render_blocks(blocks, names, scope=scope) if blocks else mrkdwn(text, names)
    return Markup('<div class="attachment">{}</div>').format(inner)


def render_view(view: Json, names: Names) -> Markup:
    """Return the blocks of a modal or an App Home, with what the reader has entered."""
    entered: Json = (view.get("state") or {}).get("values") or {}
    return render_blocks(view.get("blocks") or (), names, scope=str(view.get("id", "view")), entered=entered)
