"""Payloads: recorded ones are parsed, repeated ones have the same key, and invalid ones are refused without a crash."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.slack.payloads.button_values import parse_card_value, parse_setup_value, parse_tenant_id
from bot.slack.payloads.forms import parse_form
from bot.slack.payloads.models import Interaction, SlashCommand
from bot.slack.payloads.reading import read_payload
from tests.bot.bot_under_test import click, request_values, submission
from tests.bot.words.refused import worded_refusal
from workflows.app.requests.forms import Form
from workflows.core.checks.partner_setup.steps import StepKey
from workflows.core.errors.raised import Refused

SAMPLES: Final = Path(__file__).parents[4].parent / "shared" / "samples" / "slack"
INTERACTIONS: Final = ("block_actions", "view_submission", "view_closed", "block_suggestion", "shortcut")
REQUEST_ID: Final = "R-ABCDEFGHI2"
DIGEST: Final = "0123456789abcdef" * 4
TENANT: Final = "c0a1b2c3-1111-4aaa-8bbb-0123456789a1"

samples_there = pytest.mark.skipif(
    not SAMPLES.is_dir(),
    reason="../shared/samples with Slack's recorded payloads is not there; that every kind of payload of the sandbox, "
    "which Bolt takes for what it is, is parsed holds in every clone",
)


def recorded() -> list[tuple[str, dict[str, Any]]]:
    """Every recorded payload by file name."""
    files = sorted(SAMPLES.glob("*.json")) if SAMPLES.is_dir() else []
    return [(file.stem, json.loads(file.read_text())) for file in files]


@samples_there
def test_recorded_interactions_parse() -> None:
    found = [(name, body) for name, body in recorded() if body.get("type") in INTERACTIONS]
    assert len(found) >= 6
    for name, body in found:
        parsed = Interaction.model_validate(body)
        assert parsed.actor == body["user"]["id"], name
        assert len(parsed.actions) == len(body.get("actions", [])), name
        assert parsed.key.startswith(f"{body['type']}:"), name
        if "view" in body:
            assert parsed.required_view.id == body["view"]["id"], name


@samples_there
def test_recorded_commands_parse() -> None:
    found = [body for _, body in recorded() if "command" in body]
    assert found
    for body in found:
        parsed = SlashCommand.model_validate(body)
        assert (parsed.actor, parsed.team_id, parsed.text) == (body["user_id"], body["team_id"], body["text"])


# --- keys ---


def key(payload: dict[str, Any]) -> str:
    """Name the act of a payload."""
    return Interaction.model_validate(payload).key


def changed(payload: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Copy a payload with one value changed; `path` is dotted, a number is an index."""
    copy = json.loads(json.dumps(payload))
    *parents, last = [int(step) if step.isdecimal() else step for step in path.split(".")]
    inside = copy
    for step in parents:
        inside = inside[step]
    inside[last] = value
    return dict(copy)


CLICK: Final = click("approver1", "approve", f"{REQUEST_ID}:{DIGEST}")
SUBMISSION: Final = submission("requester", "request_access", "", request_values("contoso.com", "trusted-partner"))
SHORTCUT: Final = {"type": "shortcut", "user": {"id": "U1"}, "trigger_id": "1.2.3"}


@pytest.mark.parametrize("payload", [CLICK, SUBMISSION, SHORTCUT], ids=["click", "submission", "shortcut"])
def test_the_same_delivery_has_the_same_key(payload: dict[str, Any]) -> None:
    again = json.loads(json.dumps(payload, sort_keys=True)) | {"token": "rotated", "unknown": [1]}
    assert key(again) == key(payload)


@pytest.mark.parametrize(
    ("payload", "path", "value"),
    [
        (CLICK, "user.id", "U0APPROVER2"),
        (CLICK, "actions.0.action_ts", "1.0"),
        (CLICK, "actions.0.action_id", "reject"),
        (CLICK, "actions.0.block_id", "other"),
        (CLICK, "actions.0.value", f"{REQUEST_ID}:{DIGEST[::-1]}"),
        (CLICK, "container.channel_id", "C0GENERAL01"),
        (CLICK, "container.message_ts", "1.2"),
        (CLICK, "container.view_id", "V1"),
        (SUBMISSION, "user.id", "U0APPROVER2"),
        (SUBMISSION, "view.id", "V2"),
        (SUBMISSION, "view.hash", "another"),
        (SHORTCUT, "trigger_id", "4.5.6"),
        (SHORTCUT, "user.id", "U2"),
    ],
)
def test_another_act_has_another_key(payload: dict[str, Any], path: str, value: str) -> None:
    assert key(changed(payload, path, value)) != key(payload)


def test_what_a_person_types_cannot_forge_another_acts_key() -> None:
    """The parts of a key are joined: a line end moved between two parts must give another key."""
    one = changed(changed(CLICK, "actions.0.action_id", "a\nb"), "actions.0.block_id", "c")
    other = changed(changed(CLICK, "actions.0.action_id", "a"), "actions.0.block_id", "b\nc")
    assert key(one) != key(other)


# --- values that a button or a view carries ---


def test_a_card_value_is_a_request_and_a_digest() -> None:
    assert parse_card_value(f"{REQUEST_ID}:{DIGEST}") == (REQUEST_ID, DIGEST)


@pytest.mark.parametrize(
    "value",
    [
        "",
        ":",
        REQUEST_ID,
        f"{REQUEST_ID}:",
        f":{DIGEST}",
        f"{REQUEST_ID}:{DIGEST}:",
        f"{REQUEST_ID}:{DIGEST}\n",
        f"\n{REQUEST_ID}:{DIGEST}",
        f"{REQUEST_ID}:{DIGEST.upper()}",
        f"{REQUEST_ID}:{DIGEST[:-1]}",
        f"{REQUEST_ID}:{DIGEST}0",
        f"{REQUEST_ID.lower()}:{DIGEST}",
        f"R-ABCDEFGHI1:{DIGEST}",
        f"R-АBCDEFGHI2:{DIGEST}",
        f"{REQUEST_ID};{DIGEST}",
        '{"__proto__": {}}',
        "x" * 3001,
    ],
)
def test_any_other_card_value_is_refused(value: str) -> None:
    with worded_refusal(Refused, match="Gatehouse does not know this button") as refused:
        parse_card_value(value)
    assert refused.value.code == "malformed"


@pytest.mark.parametrize(
    "value", ["", "contoso.com", TENANT + "\n", TENANT[:-1], TENANT.replace("-", ""), "../default"]
)
def test_any_other_tenant_id_is_refused(value: str) -> None:
    with worded_refusal(Refused, match="Gatehouse does not know this button"):
        parse_tenant_id(value)


def test_a_tenant_id_is_accepted() -> None:
    assert parse_tenant_id(TENANT) == TENANT


HALF = f"{TENANT}:provisioning_job:{'0' * 64}"


def test_a_step_of_a_partner_setup_is_accepted() -> None:
    assert parse_setup_value(HALF) == (TENANT, StepKey.PROVISIONING_JOB, "0" * 64)


@pytest.mark.parametrize("value", ["", TENANT, HALF[1:], HALF[:-1], HALF.replace("job", "jobs"), f"{HALF}:more"])
def test_any_other_step_is_refused(value: str) -> None:
    with worded_refusal(Refused, match="Gatehouse does not know this button") as refused:
        parse_setup_value(value)
    assert refused.value.code == "malformed"


# --- the form ---


def test_the_form_is_read() -> None:
    form = parse_form(Interaction.model_validate(SUBMISSION))
    assert (form.requester, form.sponsor) == ("U0REQUESTER", "U0REQUESTER")
    assert (form.target, form.template, form.justification) == ("contoso.com", "trusted-partner", "Joint project")
    assert form.days == 180


@pytest.mark.parametrize("days", ["", "-1", "1.5", "1e2", "٣", "99999999", "180 days"])
def test_days_that_are_no_number_are_none(days: str) -> None:
    values = request_values("contoso.com", "x") | {"duration": {"duration": {"selected_option": {"value": days}}}}
    assert parse_form(Interaction.model_validate(submission("requester", "request_access", "", values))).days == 0


def with_placeholders(metadata: str, **typed: str) -> Interaction:
    """A submitted form that shows placeholders."""
    values = request_values("contoso.com", "contractor-portal")
    values |= {f"hole_{name}": {f"hole_{name}": {"value": value}} for name, value in typed.items()}
    return Interaction.model_validate(submission("requester", "request_access", metadata, values))


def test_the_ids_that_were_typed_are_read_by_the_placeholders_names() -> None:
    metadata = json.dumps({"looked_up": "", "holes_of": "contractor-portal"})
    assert parse_form(with_placeholders(metadata, portal="x", empty="")).placeholders == {"portal": "x", "empty": ""}


@pytest.mark.parametrize("metadata", ["", "{}", "[]", "junk", '{"holes_of": "merger"}', '{"holes_of": 1}'])
def test_ids_that_were_typed_for_another_template_are_not_accepted(metadata: str) -> None:
    """A placeholder of the same name may mean something else there."""
    assert parse_form(with_placeholders(metadata, portal="x")).placeholders == {}


@pytest.mark.parametrize(
    ("text", "subcommand", "argument"),
    [
        ("", "home", ""),
        ("   ", "home", ""),
        ("list", "list", ""),
        ("LIST", "list", ""),
        ("request contoso.com", "request", "contoso.com"),
        ("  Revoke   contoso.com  now ", "revoke", "contoso.com  now"),
        ("show\tcontoso.com", "show", "contoso.com"),
        ("request\u00a0contoso.com", "request", "contoso.com"),
    ],
)
def test_what_is_typed_is_a_subcommand_and_the_rest(text: str, subcommand: str, argument: str) -> None:
    parsed = SlashCommand(user_id="U1", team_id="T1", text=text, trigger_id="1")
    assert (parsed.subcommand, parsed.argument) == (subcommand, argument)


# --- junk ---

json_values: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
paths: Final = st.sampled_from(
    [
        *("type", "user", "user.id", "user.team_id", "team", "team.id", "trigger_id", "container", "response_url"),
        *("container.channel_id", "container.message_ts", "actions", "actions.0", "actions.0.value"),
        *("actions.0.action_id", "actions.0.action_ts", "view", "view.id", "view.hash", "view.private_metadata"),
        *("view.state", "view.state.values", "view.state.values.target", "view.state.values.target.target"),
        *("view.state.values.duration.duration", "view.state.values.duration.duration.selected_option"),
        *("view.state.values.sponsor.sponsor.selected_user", "view.app_installed_team_id"),
    ]
)


def read_everything(payload: Any) -> None:
    """Read whatever a listener would read."""
    parsed = Interaction.model_validate(payload)
    for read in (
        lambda: parsed.key,
        lambda: parsed.actor,
        lambda: parsed.channel,
        lambda: parse_form(parsed),
        lambda: parse_card_value(parsed.required_view.private_metadata),
        lambda: parse_tenant_id(parsed.required_view.private_metadata),
        lambda: [parse_card_value(action.value) for action in parsed.actions],
        lambda: parsed.required_view.value("reason"),
    ):
        try:
            read()
        except Refused:
            continue


@given(json_values)
def test_invalid_input_is_no_interaction(payload: Any) -> None:
    with pytest.raises(ValidationError):
        Interaction.model_validate(payload)


@given(paths, json_values)
def test_invalid_values_inside_an_interaction_is_refused_or_harmless(path: str, value: Any) -> None:
    whole = {**CLICK, "view": SUBMISSION["view"]}
    for kind in ("block_actions", "view_submission", "shortcut"):
        try:
            read_everything(changed_in_place({**whole, "type": kind}, path, value))
        except ValidationError:
            continue


@given(st.text(max_size=200))
def test_invalid_values_are_refused(text: str) -> None:
    with pytest.raises(Refused):
        parse_card_value(text)
    with pytest.raises(Refused):
        parse_tenant_id(text)
    with pytest.raises(Refused):
        parse_setup_value(text)


@given(st.dictionaries(st.sampled_from(["user_id", "team_id", "text", "trigger_id", "channel_id"]), json_values))
def test_invalid_input_is_no_command(fields: dict[str, Any]) -> None:
    try:
        parsed = SlashCommand.model_validate(fields)
    except ValidationError:
        return
    assert parsed.subcommand
    assert parsed.argument == parsed.argument.strip()


def changed_in_place(payload: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Like `changed`, for values that JSON text cannot contain."""
    copy = json.loads(json.dumps(payload))
    *parents, last = [int(step) if step.isdecimal() else step for step in path.split(".")]
    inside = copy
    for step in parents:
        inside = inside[step]
    inside[last] = value
    return dict(copy)


def test_a_chosen_object_is_read_with_the_text_that_the_person_saw() -> None:
    """Fields of another template are ignored; a date and a ticket are read unchanged."""
    chosen = {"text": {"type": "plain_text", "text": "Portal"}, "value": "1b4f7c2e-0a5d-4f3b-9c61-2d8e7f5a9b03"}
    values = {
        "template": {"template": {"selected_option": {"value": "contractor-portal"}}},
        "hole_portal": {"hole_portal": {"selected_option": chosen}},
        "end_date": {"end_date": {"selected_date": "2027-03-31"}},
        "ticket": {"ticket": {"value": "PRJ-1"}},
    }

    def parsed(metadata: dict[str, str]) -> Form:
        view = {"id": "V1", "private_metadata": json.dumps(metadata), "state": {"values": values}}
        return parse_form(Interaction.model_validate({"type": "view_submission", "user": {"id": "U1"}, "view": view}))

    form = parsed({"holes_of": "contractor-portal"})
    assert (form.placeholders, form.labels) == ({"portal": chosen["value"]}, {"portal": "Portal"})
    assert (form.ends_on, form.ticket) == ("2027-03-31", "PRJ-1")
    other = parsed({"holes_of": "merger"})
    assert (other.placeholders, other.labels) == ({}, {})


def test_parts_that_nothing_reads_are_left_out_and_nothing_else() -> None:
    """Slack sends the whole message with a click on its button, and the whole window. A field may have any name."""
    pressed = click("approver1", "approve", "v", message={"blocks": [{"type": "divider"}]})
    body, _ = read_payload(pressed)
    assert body == {name: value for name, value in pressed.items() if name != "message"}
    values = {"blocks": {"message": {"type": "plain_text_input", "value": "typed"}}}
    form = submission("approver1", "reject_reason", "v", values)
    body, parsed = read_payload({**form, "view": {**form["view"], "blocks": [{"type": "divider"}]}})
    assert body == form
    assert isinstance(parsed, Interaction)
    assert parsed.required_view.value("blocks") == "typed"


def test_nulls_and_half_characters_are_removed_everywhere() -> None:
    values = {"reason": {"reason": {"value": "\ud83d \u2013", "selected_user": None}}}
    _, parsed = read_payload(submission("approver1", "reject_reason", "v", values))
    assert isinstance(parsed, Interaction)
    assert parsed.required_view.value("reason") == "\ufffd \u2013"
