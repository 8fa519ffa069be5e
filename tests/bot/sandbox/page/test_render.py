"""Every block and element is shown, with the hooks the script and the tests rely on."""

from datetime import UTC
from typing import Any

import pytest

from bot.sandbox.page.render import render_blocks, render_message, render_view
from bot.sandbox.page.text.display_names import sandbox_names
from tests.bot.sandbox.page.markup import tags_of, text_of, with_data
from tests.bot.sandbox.page.samples import CARD_BLOCKS, button, home_view, message, mrkdwn, option, plain, request_view

NAMES = sandbox_names(UTC)
Json = dict[str, Any]


def show(*blocks: Json, entered: Json | None = None) -> str:
    return str(render_blocks(blocks, NAMES, scope="v", entered=entered))


def field(element: Json, **more: Any) -> Json:
    return {"type": "input", "block_id": "b", "label": plain("Label"), "element": {"action_id": "a", **element}, **more}


OPTIONS = [option("One", "1"), option("Two", "2")]


@pytest.mark.parametrize(
    ("block", "text"),
    [
        ({"type": "section", "text": mrkdwn("*Hello* <@U0ADMIN0001>")}, "Hello @Dana Reyes"),
        ({"type": "section", "fields": [mrkdwn("*A*\n1"), plain("B")]}, "A1B"),
        ({"type": "header", "text": plain("Title")}, "Title"),
        ({"type": "divider"}, ""),
        ({"type": "context", "elements": [mrkdwn("small"), plain("words")]}, "smallwords"),
        (
            {"type": "image", "title": plain("Map"), "alt_text": "a map", "image_url": "https://x.example/y"},
            "Map a map",
        ),
        ({"type": "markdown", "text": "**bold**"}, "bold"),
        ({"type": "alert", "level": "warning", "text": mrkdwn("Mind this")}, "Warning Mind this"),
        ({"type": "video", "title": plain("Film")}, "A “video” block, which the sandbox does not show"),
    ],
)
def test_blocks(block: Json, text: str) -> None:
    assert text_of(show(block)).startswith(text)


def test_table() -> None:
    rows = [
        [{"type": "raw_text", "text": "Name"}, {"type": "raw_text", "text": "<Next>"}],
        [{"type": "raw_text", "text": "C"}],
    ]
    html = show({"type": "table", "rows": rows, "column_settings": [{"align": "right"}]})
    assert [tag.tag for tag in tags_of(html) if tag.tag in ("th", "td")] == ["th", "th", "td"]
    assert text_of(html) == "Name <Next> C"
    assert 'class="align-right"' in html


def test_rich_text() -> None:
    html = show(*CARD_BLOCKS[2:4])
    assert [tag.tag for tag in tags_of(html)] == [
        "div",
        "ul",
        "li",
        "strong",
        "li",
        "strong",
        "li",
        "strong",
        "div",
        "pre",
    ]
    assert "isMfaAccepted" in text_of(html)


def test_rich_text_pieces() -> None:
    pieces = [
        {"type": "text", "text": "<i>", "style": {"italic": True, "strike": True}},
        {"type": "link", "url": "javascript:alert(1)", "text": "press"},
        {"type": "link", "url": "https://x.example"},
        {"type": "user", "user_id": "U0APPROVER1"},
        {"type": "emoji", "name": "tada"},
        {"type": "date", "timestamp": 0, "format": "{date_num}"},
        {"type": "broadcast", "range": "here"},
    ]
    parts = [{"type": "rich_text_quote", "elements": pieces}]
    html = show({"type": "rich_text", "elements": parts})
    assert text_of(html) == "<i>presshttps://x.example@Amara Okafor🎉1970-01-01@here"
    assert [tag.attributes["href"] for tag in tags_of(html) if tag.tag == "a"] == ["https://x.example"]


def test_button_carries_what_a_click_needs() -> None:
    html = show({"type": "actions", "block_id": "b", "elements": [button("Approve", "approve", style="primary")]})
    tag = with_data(html, act="click", action_id="approve", block_id="b", value="r1:abc")
    assert tag.tag == "button"
    assert "btn-primary" in tag.attributes["class"]


def test_button_with_confirm_and_button_with_link() -> None:
    asked = button("Reject", "reject", style="danger", confirm={"title": plain("Sure?"), "text": mrkdwn('"')})
    linked = {**button("Docs", "docs"), "url": "https://x.example/docs"}
    inert = {**button("Bad", "bad"), "url": "javascript:alert(1)"}
    html = show({"type": "actions", "block_id": "b", "elements": [asked, linked, inert]})
    assert '"title"' in with_data(html, action_id="reject").attributes["data-confirm"]
    assert [tag.attributes["href"] for tag in tags_of(html) if tag.tag == "a"] == ["https://x.example/docs"]
    assert with_data(html, action_id="bad").tag == "button"


@pytest.mark.parametrize(
    ("element", "tag", "attributes"),
    [
        (
            {"type": "plain_text_input", "initial_value": "x", "max_length": 5},
            "input",
            {"value": "x", "maxlength": "5"},
        ),
        (
            {"type": "plain_text_input", "multiline": True, "placeholder": plain("Why")},
            "textarea",
            {"placeholder": "Why"},
        ),
        ({"type": "email_text_input"}, "input", {"type": "email"}),
        ({"type": "url_text_input"}, "input", {"type": "url"}),
        ({"type": "number_input", "min_value": "1", "is_decimal_allowed": True}, "input", {"min": "1", "step": "any"}),
        ({"type": "datepicker", "initial_date": "2026-01-02"}, "input", {"type": "date", "value": "2026-01-02"}),
        ({"type": "timepicker", "initial_time": "10:30"}, "input", {"type": "time", "value": "10:30"}),
        ({"type": "static_select", "options": OPTIONS}, "select", {}),
        ({"type": "multi_static_select", "options": OPTIONS}, "select", {"multiple": ""}),
        ({"type": "users_select"}, "select", {}),
        ({"type": "conversations_select"}, "select", {}),
        ({"type": "external_select", "initial_option": OPTIONS[0]}, "input", {"role": "combobox", "value": "One"}),
        ({"type": "multi_external_select"}, "select", {"multiple": ""}),
        ({"type": "radio_buttons", "options": OPTIONS}, "div", {}),
        ({"type": "checkboxes", "options": OPTIONS}, "div", {}),
    ],
)
def test_input_elements(element: Json, tag: str, attributes: dict[str, str]) -> None:
    html = show(field(element, hint=plain("A hint"), optional=True))
    found = with_data(html, element=element["type"], action_id="a", block_id="b")
    assert found.tag == tag
    assert attributes.items() <= found.attributes.items()
    assert "data-dispatch" not in found.attributes
    assert text_of(html).startswith("Label (optional)")
    assert text_of(html).endswith("A hint")
    assert with_data(html, error_for="b").attributes["id"] == "v-b-a-error"


def test_a_label_names_its_control() -> None:
    html = show(field({"type": "users_select"}))
    assert [tag.attributes.get("for") for tag in tags_of(html) if tag.tag == "label"] == ["v-b-a"]
    assert "aria-label" not in with_data(html, element="users_select").attributes


@pytest.mark.parametrize(
    ("config", "dispatch"),
    [({}, "enter"), ({"dispatch_action_config": {"trigger_actions_on": ["on_character_entered"]}}, "typing")],
)
def test_dispatch_action(config: Json, dispatch: str) -> None:
    html = show(field({"type": "plain_text_input", **config}, dispatch_action=True))
    assert with_data(html, element="plain_text_input").attributes["data-dispatch"] == dispatch


def test_selects_outside_inputs_dispatch() -> None:
    select = {"type": "static_select", "action_id": "s", "options": OPTIONS, "placeholder": plain("Pick")}
    html = show({"type": "section", "block_id": "b", "text": plain("x"), "accessory": select})
    assert with_data(html, element="static_select").attributes["data-dispatch"] == "change"
    assert with_data(html, element="static_select").attributes["aria-label"] == "Pick"


def test_overflow() -> None:
    menu = {"type": "overflow", "action_id": "o", "options": OPTIONS}
    html = show({"type": "actions", "block_id": "b", "elements": [menu]})
    assert with_data(html, action_id="o", selected="2").tag == "button"


@pytest.mark.parametrize(
    ("initial", "entered", "selected"),
    [
        ({}, {}, ""),
        ({"initial_option": OPTIONS[0]}, {}, "1"),
        ({"initial_option": OPTIONS[0]}, {"b": {"a": {"type": "static_select", "selected_option": OPTIONS[1]}}}, "2"),
    ],
)
def test_what_was_filled_in_stays(initial: Json, entered: Json, selected: str) -> None:
    html = show(field({"type": "static_select", "options": OPTIONS, **initial}), entered=entered)
    assert [tag.attributes["value"] for tag in tags_of(html) if "selected" in tag.attributes] == [selected]


def test_checkboxes_keep_their_ticks() -> None:
    entered = {"b": {"a": {"type": "checkboxes", "selected_options": OPTIONS}}}
    html = show(field({"type": "checkboxes", "options": OPTIONS}), entered=entered)
    assert sum("checked" in tag.attributes for tag in tags_of(html)) == 2


def test_a_message_without_blocks_shows_its_text() -> None:
    assert text_of(str(render_message(message("1.0", "*Hi* there"), NAMES))) == "Hi there"


def test_a_message_with_an_attachment() -> None:
    shown = render_message(message("1.0", "", attachments=[{"text": "older"}]), NAMES)
    assert text_of(str(shown)) == "older"


def test_views() -> None:
    assert "Justification" in text_of(str(render_view(request_view(), NAMES)))
    assert "next review Jan 15, 2027" in text_of(str(render_view(home_view(), NAMES)))


HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)> </textarea> {{7*7}} <javascript:alert(1)|x>'


def test_hostile_text_is_inert_everywhere() -> None:
    """Text from outside shows as text, wherever a block or element takes one."""
    words = {"text": HOSTILE}
    choice = {"text": {"type": "plain_text", **words}, "value": HOSTILE, "description": {"type": "plain_text", **words}}
    ids = {"action_id": HOSTILE, "placeholder": plain(HOSTILE)}
    elements: list[Json] = [
        {"type": "plain_text_input", "initial_value": HOSTILE, **ids},
        {"type": "plain_text_input", "multiline": True, "initial_value": HOSTILE, **ids},
        {"type": "static_select", "options": [choice], **ids},
        {"type": "radio_buttons", "options": [choice], **ids},
    ]
    blocks: list[Json] = [
        {"type": "header", "text": plain(HOSTILE)},
        {"type": "section", "block_id": HOSTILE, "text": mrkdwn(HOSTILE), "fields": [plain(HOSTILE)]},
        {"type": "context", "elements": [mrkdwn(HOSTILE), {"type": "image", "alt_text": HOSTILE}]},
        {"type": "actions", "block_id": HOSTILE, "elements": [button(HOSTILE, HOSTILE, HOSTILE, confirm=words)]},
        {"type": "actions", "elements": [{"type": "overflow", "action_id": HOSTILE, "options": [choice]}]},
        {"type": "markdown", "text": HOSTILE},
        {
            "type": "rich_text",
            "elements": [{"type": "rich_text_preformatted", "elements": [{"type": "text", **words}]}],
        },
        {"type": "table", "rows": [[{"type": "raw_text", **words}]], "caption": HOSTILE},
        {"type": HOSTILE, "text": HOSTILE},
        *({"type": "input", "block_id": HOSTILE, "label": plain(HOSTILE), "element": one} for one in elements),
    ]
    found = tags_of(show(*blocks))
    assert not {"script", "img"} & {tag.tag for tag in found}
    assert not [name for tag in found for name in tag.attributes if name.startswith("on")]
    assert not [tag for tag in found if tag.attributes.get("href", "https:").lower().startswith("javascript")]
    assert "49" not in text_of(show(*blocks))
