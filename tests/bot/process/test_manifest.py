"""The manifest, the scopes and the listeners say the same, and ask for no more than is used."""

import ast
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import jsonschema
import pytest
import yaml
from slack_sdk.web.async_client import AsyncWebClient

import bot
from bot.sandbox.slack.credentials import SCOPES as GRANTED
from bot.slack.flows.decisions import Decisions
from bot.slack.inbound.listeners import Listeners
from bot.terminal.doctor import SCOPES

ROOT: Final = Path(bot.__file__).parents[1]
SCHEMA: Final = ROOT.parent / "shared" / "contracts" / "slack-manifest.schema.json"
MANIFEST: Final[dict[str, Any]] = yaml.safe_load((ROOT / "manifest.yml").read_text())

NEEDS: Final = {
    # Web API method: the bot scope it needs; None where it needs none (Slack: the method's page, "Required scopes")
    "apps.connections.open": None,  # an app-level token with connections:write
    "auth.test": None,
    "chat.postEphemeral": "chat:write",
    "chat.postMessage": "chat:write",
    "chat.scheduledMessages.list": None,
    "chat.update": "chat:write",
    "conversations.info": "groups:read",  # of a private channel; a public one is refused unseen
    "conversations.open": "im:write",
    "usergroups.list": "usergroups:read",
    "users.info": "users:read",
    "users.lookupByEmail": "users:read.email",
    "views.open": None,
    "views.publish": None,
    "views.update": None,
}
FAMILIES: Final = frozenset({name.partition("_")[0] for name in vars(AsyncWebClient) if not name.startswith("_")})


def sources() -> Iterator[ast.Module]:
    """The bot's own modules, without the stand-in."""
    for file in sorted(one for one in (ROOT / "bot").rglob("*.py") if "sandbox" not in one.parts):
        yield ast.parse(file.read_text())


def called() -> set[str]:
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
    """Stands where Bolt stands; `names` is what was registered, by kind."""

    names: dict[str, list[str]] = field(default_factory=dict)

    def __getattr__(self, kind: str) -> Callable[[str], Callable[[object], None]]:
        return lambda name: lambda _: self.names.setdefault(kind, []).append(name)


@pytest.fixture(scope="module")
def registered() -> dict[str, list[str]]:
    """What the listeners register."""
    nothing: Any = None
    listeners = Listeners(
        service=nothing,
        intake=nothing,
        store=nothing,
        notifier=nothing,
        windows=nothing,
        restores=nothing,
        commands=nothing,
        decisions=Decisions(
            service=nothing, store=nothing, windows=nothing, directory=nothing, background=nothing, clock=nothing
        ),
        background=nothing,
        old_cards=nothing,
        team_id="T0",
    )
    app = RecordingApp()
    listeners.register(cast(Any, app))
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


def test_the_stand_in_grants_what_the_manifest_asks_for() -> None:
    """A scope too many there would hide one that is missing here."""
    assert GRANTED == SCOPES


def test_every_method_that_is_called_is_known_here() -> None:
    assert called() == set(NEEDS)


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
    assert set(registered) == {"command", "shortcut", "action", "view", "event"}
    for names in registered.values():
        assert len(names) == len(set(names))


def test_every_address_is_the_one_door() -> None:
    settings = MANIFEST["settings"]
    urls = {
        settings["event_subscriptions"]["request_url"],
        settings["interactivity"]["request_url"],
        *(command["url"] for command in MANIFEST["features"]["slash_commands"]),
    }
    assert urls == {"https://gatehouse.example.com/slack/events"}


def test_names_are_not_turned_into_links() -> None:
    """Escaping would hand `<http://contoso.com|contoso.com>` to the bot where somebody typed a domain."""
    assert [command["should_escape"] for command in MANIFEST["features"]["slash_commands"]] == [False]
