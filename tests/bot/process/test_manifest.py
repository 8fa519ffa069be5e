"""The manifest, the scopes and the listeners say the same, and ask for no more than is used."""

import ast
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast

import jsonschema
import pytest
import yaml
from slack_sdk.web.async_client import AsyncWebClient

import bot
from bot.process.assembly.external_systems import ExternalSystems
from bot.process.assembly.flows import make_flows
from bot.sandbox.slack.workspace.credentials import SCOPES as GRANTED
from bot.slack.flows.entry_point_types import (
    UNKNOWN_SUBCOMMAND,
    Action,
    Card,
    CommandButton,
    EntryPoint,
    Shortcut,
    Subcommand,
    Submission,
)
from bot.slack.inbound.guard import Guard
from bot.slack.partner_commands import SUBCOMMANDS
from bot.terminal.doctor import SCOPES
from workflows.catalog.catalog import SHIPPED, load_catalog

ROOT: Final = Path(bot.__file__).parents[1]
SCHEMA: Final = ROOT.parent / "shared" / "contracts" / "slack-manifest.schema.json"
MANIFEST: Final[dict[str, Any]] = yaml.safe_load((ROOT / "manifest.yml").read_text())

NEEDS: Final = {
    # Web API method: the bot scope it needs; None where it needs none (Slack: the method's page, "Required scopes")
    "apps.connections.open": None,  # an app-level token with connections:write
    "api.test": None,
    "auth.test": None,
    "bots.info": "users:read",
    "chat.postEphemeral": "chat:write",
    "chat.postMessage": "chat:write",
    "chat.scheduledMessages.list": None,
    "chat.update": "chat:write",
    "conversations.info": "groups:read",  # of a private channel; a public one is refused unseen
    "conversations.open": "im:write",
    "files.completeUploadExternal": "files:write",
    "files.getUploadURLExternal": "files:write",
    "files.info": "files:read",  # and for the file itself, whose address takes the token
    "usergroups.list": "usergroups:read",
    "users.info": "users:read",
    "users.list": "users:read",
    "users.lookupByEmail": "users:read.email",
    "views.open": None,
    "views.publish": None,
    "views.update": None,
}
STORED: Final = {
    "access_fails": "want_answer_access_test",
    "access_failure": "want_answer_access_test",
    "access_not_tried": "want_answer_access_test",
    "access_works": "want_answer_access_test",
    "accounts_confirm": "want_confirm",
    "accounts_disable": "want_change_guests",
    "accounts_enable": "want_change_guests",
    "accounts_form": "want_change_guests",
    "accounts_undo": "want_change_guests",
    "ask_access_test": "want_request_access_test",
    "confirm_accounts": "want_confirm",
    "undo_accounts_form": "want_change_guests",
    "ask": "want_ask",
    "answer": "want_answer",
    "comment": "want_comment",
    "ask_question": "want_ask",
    "answer_question": "want_answer",
    "add_comment": "want_comment",
    "request_partner_access": "shortcut",
    "open_request": "open_request",
    "request_named": "open_request",
    "target": "target",
    "template": "template",
    "restores": "restores",
    "restore_partner": "restore_partner",
    "review_request": "review_request",
    "show_notes": "review_request",
    "show_part": "review_request",
    "part_previous": "review_request",
    "part_next": "review_request",
    "show_partner_part": "show_partner_part",
    "partner_part_previous": "show_partner_part",
    "partner_part_next": "show_partner_part",
    "show_restore_issues": "show_restore_issues",
    "restore_issues_previous": "show_restore_issues",
    "restore_issues_next": "show_restore_issues",
    "show_deciders": "show_deciders",
    "deciders_previous": "show_deciders",
    "deciders_next": "show_deciders",
    "show_absences": "show_absences",
    "absences_previous": "show_absences",
    "absences_next": "show_absences",
    "approve": "want_approve",
    "approve_again": "want_approve",
    "edit_asked": "edit",
    "request_changes": "want_request_changes",
    "changes_form": "want_request_changes",
    "propose_less": "want_propose_less",
    "less_form": "want_propose_less",
    "accept_proposal": "want_accept_proposal",
    "decline_proposal": "want_decline_proposal",
    "decline_proposal_form": "want_decline_proposal",
    "support": "want_support",
    "support_form": "want_support",
    "reject": "want_reject",
    "reject_reason": "want_reject",
    "withdraw": "withdraw",
    "remind": "remind_approvers",
    "keep": "want_keep",
    "keep_reason": "want_keep",
    "reduce": "reduce",
    "review_details": "review_details",
    "change_sponsor": "want_propose_sponsor",
    "propose_sponsor": "want_propose_sponsor",
    "accept_sponsorship": "want_accept_sponsorship",
    "decline_sponsorship": "want_decline_sponsorship",
    "withdraw_sponsorship": "want_withdraw_sponsorship",
    "revoke_review": "want_revoke",
    "confirm_revoke": "want_revoke",
    "confirm_suspend": "want_revoke",
    "lift_form": "submit",
    "lift_partner": "lift",
    "request_access": "submit",
    "restore_access": "submit",
    "adopt_settings": "submit",
    "show_checklist": "show_checklist",
    "confirm_half": "want_confirm_half",
    "unconfirm_half": "want_unconfirm_half",
    "remind_half": "want_remind_half",
    "retry_effect": "want_retry_effect",
    "drop_effect": "want_drop_effect",
    "review_partner": "review_partner",
    "request_again": "open_request",
    "edit": "edit",
    "edit_request": "edit",
    "close_early": "close_early",
    "close_partner": "submit",
    "revoke_partner": "want_revoke",
    "block_partner": "want_revoke",
    "adopt_partner": "/partner adopt",
    "name_partner": "want_revoke",
    "open_posture": "open_posture",
    "home_previous": "home_page",
    "home_next": "home_page",
    "home_search": "home_search",
    "home_clear": "home_search",
    "search_requests": "search_requests",
    "search_form": "search_requests",
    "read_request": "read_request",
    "read_history": "read_history",
    "history_earlier": "read_history",
    "history_later": "read_history",
    "read_partner": "read_partner",
    "restore_approved": "/partner restore",
    "accept_drift": "want_accept_drift",
    "accept_drift_form": "want_accept_drift",
    "show_denied": "show_denied",
    "dismiss_denied": "want_dismiss_denied_sign_ins",
    "absence_form": "want_set_absence",
    "end_absence": "want_end_absence",
    "reassign": "want_reassign",
    "reassign_form": "want_reassign",
    "freeze_form": "want_freeze",
    "unfreeze_form": "want_unfreeze",
    "open_unfreeze": "want_unfreeze",
    "keep_frozen": "want_keep_frozen",
    "choose_campaign": "want_start_campaign",
    "campaign_form": "want_start_campaign",
    "withdraw_campaign": "want_withdraw_campaign",
    "approve_batch": "want_approve_batch",
    "reject_batch": "want_reject_batch",
    "reject_batch_reason": "want_reject_batch",
    "withdraw_batch": "want_withdraw_batch",
    "review_batch": "review_batch",
    "batch_previous": "review_batch",
    "batch_next": "review_batch",
    "confirm_draft": "confirm_draft",
    "answer_halt": "want_answer_halt",
    "continue_batch": "want_answer_halt",
    "end_batch": "want_answer_halt",
    "choose_columns": "choose_columns",
    "discard_draft": "want_withdraw_batch",
    "import_choices": "want_import_sheet",
    "import_file": "want_import_sheet",
    "open_draft": "/partner import",
    "show_draft_rows": "confirm_draft",
    "draft_rows_previous": "confirm_draft",
    "draft_rows_next": "confirm_draft",
    "show_drift": "show_drift",
    "show_drifts": "show_drifts",
    "drifts_previous": "show_drifts",
    "drifts_next": "show_drifts",
    "guests_page": "/partner guests",
    "guests_next": "/partner guests",
    "guests_only": "/partner guests",
    "guests_count": "/partner guests",
    "list_previous": "/partner list",
    "list_next": "/partner list",
}
"""The name in the audit log of a refused button, window or shortcut, by its id."""
FAMILIES: Final = frozenset({name.partition("_")[0] for name in vars(AsyncWebClient) if not name.startswith("_")})


def sources() -> Iterator[ast.Module]:
    """The bot's own modules, without the simulator."""
    for file in sorted(set((ROOT / "bot").rglob("*.py")) - set((ROOT / "bot" / "sandbox").rglob("*.py"))):
        yield ast.parse(file.read_text())


def named_methods() -> set[str]:
    """Every Web API method that the source names: `client.views_open(…)` or the text "users.info"."""
    found = set()
    for node in (node for module in sources() for node in ast.walk(module)):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value).rpartition(".")[2] in ("client", "_client"):
            found.add(node.attr.replace("_", "."))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    found.discard("api.call")  # the client's own way to call any method; which one stands beside it as text
    return {name for name in found if name.partition(".")[0] in FAMILIES and "." in name and " " not in name}


@dataclass(slots=True)
class RecordingApp:
    """Replaces Bolt; `names` contains the registered listeners, by kind."""

    names: dict[str, list[str]] = field(default_factory=dict)

    def __getattr__(self, kind: str) -> Callable[[str], Callable[[object], None]]:
        return lambda name: lambda _: self.names.setdefault(kind, []).append(name)


def entry_points() -> list[EntryPoint]:
    """What leads to any of the flows that the bot makes."""
    nothing: Any = None
    settings: Any = SimpleNamespace(
        slack_team_id="T0",
        slack_api_url="https://slack.com/api/",
        graph_url="https://graph.microsoft.com/v1.0",
        gatehouse_lift_within_days=30,
    )
    systems = ExternalSystems(
        settings=settings,
        catalog=load_catalog(SHIPPED),
        clock=nothing,
        client=nothing,
        store=cast(Any, SimpleNamespace(shared_notes=None)),
        audit_keys=nothing,
        tenant=nothing,
        background=nothing,
        held=nothing,
        pinned=nothing,
        guest_accounts=cast(Any, SimpleNamespace(is_configured=True)),
    )
    return [point for flow in make_flows(systems, *[nothing] * 6) for point in flow.entry_points()]


@pytest.fixture(scope="module")
def registered() -> dict[str, list[str]]:
    """What is registered with Bolt."""
    nothing: Any = None
    app = RecordingApp()
    guard = Guard(recorder=nothing, replaced_cards=nothing, pinned=nothing, is_given=nothing, ids_of=nothing)
    guard.register(cast(Any, app), entry_points())
    return app.names


@pytest.mark.skipif(
    not SCHEMA.is_file(),
    reason="../shared/contracts with Slack's schema of manifests is not there; that scopes, commands, shortcuts, "
    "events and addresses are those that the bot has, and that no text is too long, holds in every clone",
)
def test_the_manifest_is_valid() -> None:
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    assert [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(MANIFEST)] == []


def test_no_text_of_the_manifest_is_too_long() -> None:
    """Slack: the manifest's reference page."""
    shown, features = MANIFEST["display_information"], MANIFEST["features"]
    assert 0 < len(shown["name"]) <= 35
    assert 0 < len(shown["description"]) <= 140
    assert len(features["bot_user"]["display_name"]) <= 80
    for command in features["slash_commands"]:
        assert command["command"].startswith("/")
        assert len(command["command"]) <= 32
        assert 0 < len(command["description"]) <= 2000
        assert len(command["usage_hint"]) <= 1000
    for shortcut in features["shortcuts"]:
        assert 0 < len(shortcut["name"]) <= 24
        assert 0 < len(shortcut["description"]) <= 150
        assert 0 < len(shortcut["callback_id"]) <= 255


def test_the_manifest_asks_for_what_the_doctor_looks_for() -> None:
    scopes = MANIFEST["oauth_config"]["scopes"]
    assert set(scopes) == {"bot"}, "nobody's own token is asked for"
    assert len(scopes["bot"]) == len(set(scopes["bot"]))
    assert set(scopes["bot"]) == SCOPES


def test_the_simulator_grants_what_the_manifest_asks_for() -> None:
    """A scope too many there would hide one that is missing here."""
    assert GRANTED == SCOPES


def test_every_method_that_is_called_is_known_here() -> None:
    assert named_methods() == set(NEEDS)


def test_the_scopes_are_the_least() -> None:
    """`commands` is what slash commands and shortcuts need; every other scope is some method's."""
    assert {scope for scope in NEEDS.values() if scope} | {"commands"} == SCOPES


def test_the_commands_are_the_listeners(registered: dict[str, list[str]]) -> None:
    assert [command["command"] for command in MANIFEST["features"]["slash_commands"]] == registered["command"]


def test_the_shortcuts_are_the_listeners(registered: dict[str, list[str]]) -> None:
    shortcuts = [(shortcut["type"], shortcut["callback_id"]) for shortcut in MANIFEST["features"]["shortcuts"]]
    assert shortcuts == [("global", name) for name in registered["shortcut"]]


def test_the_events_are_the_listeners(registered: dict[str, list[str]]) -> None:
    assert MANIFEST["settings"]["event_subscriptions"]["bot_events"] == registered["event"]
    assert MANIFEST["features"]["app_home"]["home_tab_enabled"] is True


def test_nothing_is_registered_twice_or_of_another_kind(registered: dict[str, list[str]]) -> None:
    assert set(registered) == {"command", "shortcut", "action", "options", "view", "event"}
    for names in registered.values():
        assert len(names) == len(set(names))
    # Bolt makes the arguments of every listener that it asks about a click.
    assert {kind: len(names) for kind, names in registered.items() if kind in ("action", "view")} == {
        "action": 1,
        "view": 1,
    }


def test_a_name_reaches_its_own_listener_and_no_other(registered: dict[str, list[Any]]) -> None:
    buttons = Action | CommandButton
    points = [one for one in entry_points() if isinstance(one, buttons | Submission)]
    names = [one.action_id if isinstance(one, buttons) else one.callback_id for one in points]
    assert len(names) > 20
    assert len(names) == len(set(names)), "the first one would hide the others"
    for pattern, kind in ((registered["action"][0], buttons), (registered["view"][0], Submission)):
        mine = [name for name, point in zip(names, points, strict=True) if isinstance(point, kind)]
        for name in mine:
            assert pattern.search(name)
            assert not pattern.search(f"{name}_x")
            assert not pattern.search(f"x{name}")
            assert not pattern.search(f"{name}\n")


def test_every_subcommand_has_one_flow_and_a_line_in_the_help() -> None:
    """The subcommand that is none is for whatever else is typed."""
    subcommands = [point.name for point in entry_points() if isinstance(point, Subcommand)]
    assert len(subcommands) == len(set(subcommands))
    assert set(subcommands) == {*SUBCOMMANDS, UNKNOWN_SUBCOMMAND}


def test_what_is_clicked_is_stored_under_a_name_that_stays() -> None:
    """Whoever reads the audit log looks for these names; a stored name is never changed."""
    stored = {
        point.action_id if isinstance(point, Action | CommandButton) else point.callback_id: point.audit_name
        for point in entry_points()
        if isinstance(point, Action | CommandButton | Submission | Shortcut) and point.audit_name
    }
    assert stored == STORED


def test_every_button_that_decides_says_on_which_card_it_is() -> None:
    """Without that, a click on a copy that does not count any more would count."""
    buttons = [point for point in entry_points() if isinstance(point, Action | CommandButton)]
    cards = {button.action_id: button.card for button in buttons if button.card}
    assert cards == {
        "approve": Card.REQUEST,
        "ask": Card.REQUEST,
        "reject": Card.REQUEST,
        "withdraw": Card.REQUESTER,
        "remind": Card.REQUESTER,
        "edit": Card.REQUESTER,
        "keep": Card.REVIEW,
        "revoke_review": Card.REVIEW,
        "confirm_half": Card.SETUP,
        "unconfirm_half": Card.SETUP,
        "remind_half": Card.SETUP,
        "accept_sponsorship": Card.HANDOVER,
        "decline_sponsorship": Card.HANDOVER,
        "withdraw_sponsorship": Card.HANDOVER,
        "approve_batch": Card.BATCH,
        "reject_batch": Card.BATCH,
        "continue_batch": Card.BATCH,
        "end_batch": Card.BATCH,
        "access_fails": Card.ACCESS_TEST,
        "access_not_tried": Card.ACCESS_TEST,
        "access_works": Card.ACCESS_TEST,
        "accounts_confirm": Card.REQUESTER,
        "accounts_undo": Card.REQUESTER,
    }


def test_every_address_is_the_same() -> None:
    settings = MANIFEST["settings"]
    urls = {
        settings["event_subscriptions"]["request_url"],
        settings["interactivity"]["request_url"],
        settings["interactivity"]["message_menu_options_url"],
        *(command["url"] for command in MANIFEST["features"]["slash_commands"]),
    }
    assert urls == {"https://gatehouse.example.com/slack/events"}


def test_names_are_not_turned_into_links() -> None:
    """Escaping would hand `<http://contoso.com|contoso.com>` to the bot where somebody typed a domain."""
    assert [command["should_escape"] for command in MANIFEST["features"]["slash_commands"]] == [False]
