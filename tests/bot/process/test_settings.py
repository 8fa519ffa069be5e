"""Settings: everything that is missing or wrong is named at once, and nothing secret prints."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from bot.process.settings import Settings, SettingsProblems, load_settings, load_tenant_settings
from workflows.catalog.catalog import SHIPPED

GOOD: Final = {
    "SLACK_BOT_TOKEN": "xoxb-canary-bot-token",
    "SLACK_SIGNING_SECRET": "canary-signing-secret",
    "SLACK_CHANNEL": "C0PARTNERAC",
    "SLACK_TEAM_ID": "T0WOODGROVE",
    "AZURE_TENANT_ID": "6F1D2A34-9B0C-4F6E-8A57-2C1D0E9F4B11",
    "AZURE_CLIENT_ID": "3b8c5f0e-7a41-4d0e-9c55-5de7c2f0a6d2",
}
CANARIES: Final = ("xoxb-canary-bot-token", "canary-signing-secret", "xapp-canary-app-token")

Given = Mapping[str, str | None]


@pytest.fixture
def given(bare_environment: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Good settings in the environment, to be changed by the test."""
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def problems() -> tuple[str, ...]:
    """Return the problems for which the settings in the environment are refused."""
    with pytest.raises(SettingsProblems) as refused:
        load_settings()
    assert str(refused.value) == "\n".join(refused.value.problems)
    return refused.value.problems


def test_the_least_that_has_to_be_said(given: pytest.MonkeyPatch) -> None:
    settings = load_settings()
    assert settings.slack_api_url == "https://slack.com/api/"
    assert settings.graph_url == "https://graph.microsoft.com/v1.0"
    assert settings.azure_authority_host == "https://login.microsoftonline.com"
    assert settings.records.path == Path("gatehouse.db")
    assert settings.gatehouse_templates == SHIPPED
    assert (settings.host, settings.port) == ("0.0.0.0", 3000)
    assert settings.azure_tenant_id == GOOD["AZURE_TENANT_ID"].lower()
    assert not settings.is_socket_mode


def test_the_limits_of_an_hour_that_nobody_has_set(given: pytest.MonkeyPatch) -> None:
    """What docs/operations.md promises."""
    settings = load_settings()
    assert settings.gatehouse_max_requests_per_hour == 20
    assert settings.gatehouse_max_approvals_per_hour == 6
    assert settings.gatehouse_max_lookups_per_hour == 60


@pytest.mark.parametrize("value", [None, ""])
@pytest.mark.parametrize("name", GOOD)
def test_each_missing_setting_is_named_with_its_cure(given: pytest.MonkeyPatch, name: str, value: str | None) -> None:
    """An empty setting is a missing one."""
    if value is None:
        given.delenv(name)
    else:
        given.setenv(name, value)
    (problem,) = problems()
    assert problem.startswith(f"{name}: missing; set it to ")


WRONG: Final = {
    "SLACK_BOT_TOKEN": ["short"],
    "SLACK_CHANNEL": ["#partner-access", "c0partnerac", "D0000000", "C0PARTNERAC ", "C0PARTNERAC\n", "C"],
    "SLACK_TEAM_ID": ["woodgrove", "E0WOODGROVE", "T0 WOOD", "T0WOODGROVE\n"],
    "AZURE_TENANT_ID": ["woodgrove.com", "6f1d2a34", "{6f1d2a34-9b0c-4f6e-8a57-2c1d0e9f4b11}"],
    "AZURE_CLIENT_ID": ["3b8c5f0e7a414d0e9c555de7c2f0a6d2", "common"],
    "SLACK_API_URL": ["http://slack.com/api/", "ftp://slack.com", "https://", "http://127.0.0.1.evil.example/"],
    "GRAPH_URL": ["http://graph.microsoft.com/v1.0", "http://localhost.evil.example/", "http://10.0.0.1/"],
    "AZURE_AUTHORITY_HOST": ["http://login.microsoftonline.com", "https:///x"],
    "AUDIT_KEY": ["not base64", "c2hvcnQ=", ","],
    "DATABASE_URL": ["gatehouse.db", "sqlite:///", "mysql://x/y", "sqlite://gatehouse.db"],
    "GATEHOUSE_GENERATION": ["state", "../state", "0123456789abcdef:1", f"{'a' * 32}:x"],
    "GATEHOUSE_STOP_SECONDS": ["-1", "601", "soon"],
    "GATEHOUSE_TICK_SECONDS": ["0", "-1", "61", "soon", "nan"],
    "GATEHOUSE_MAX_BLOCKS_AT_END_PER_DAY": ["-1", "10001", "many"],
    "GATEHOUSE_BATCH_HALT_PERCENT": ["-1", "101", "ten"],
    "PORT": ["0", "65536", "http", "3000.5"],
}


@pytest.mark.threats("F12")
@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_each_wrong_setting_is_named(given: pytest.MonkeyPatch, name: str, value: str) -> None:
    given.setenv(name, value)
    (problem,) = problems()
    assert problem.startswith(f"{name}: ")
    assert problem != f"{name}: "


def test_everything_wrong_is_said_at_once(bare_environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, values in WRONG.items():
        monkeypatch.setenv(name, values[0])
    named = {problem.partition(":")[0] for problem in problems()}
    assert named == {*WRONG, "SLACK_SIGNING_SECRET"}


@pytest.mark.parametrize("folder", ["", "/"])
def test_a_folder_is_no_database(given: pytest.MonkeyPatch, tmp_path: Path, folder: str) -> None:
    """It is said before the store would try to make the folder its own."""
    given.setenv("DATABASE_URL", f"sqlite:///{tmp_path}{folder}")
    (problem,) = problems()
    assert problem.startswith("DATABASE_URL: names a folder; name a file in it, as in sqlite:///")


def test_wrong_templates_are_said_with_the_wrong_settings(given: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever mends a setting must not learn about the next problem at the next start."""
    (tmp_path / "one.toml").write_text("title = 1\n")
    (tmp_path / "two.toml").write_text("= not toml\n")
    given.setenv("GATEHOUSE_TEMPLATES", str(tmp_path))
    assert load_settings().gatehouse_templates == tmp_path
    given.delenv("SLACK_CHANNEL")
    first, *others = problems()
    assert first.startswith("SLACK_CHANNEL: missing")
    assert any("one.toml" in problem for problem in others)
    assert any("two.toml" in problem for problem in others)


def test_templates_that_are_not_there_are_said_with_the_wrong_settings(
    given: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given.setenv("GATEHOUSE_TEMPLATES", str(tmp_path / "none"))
    given.setenv("PORT", "0")
    assert [problem.partition(":")[0] for problem in problems()] == ["PORT", "GATEHOUSE_TEMPLATES"]


def test_an_empty_environment_names_all_that_is_needed(bare_environment: Path) -> None:
    assert {problem.partition(":")[0] for problem in problems()} == set(GOOD)


def test_problems_do_not_repeat_values(given: pytest.MonkeyPatch) -> None:
    """A token in the wrong variable must not end up in a log."""
    for name in ("SLACK_CHANNEL", "SLACK_TEAM_ID", "AZURE_TENANT_ID", "GRAPH_URL", "DATABASE_URL", "PORT"):
        given.setenv(name, "xoxb-canary-bot-token")
    assert not [problem for problem in problems() if "canary" in problem]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_plain_http_is_for_this_machine_only(given: pytest.MonkeyPatch, host: str) -> None:
    given.setenv("SLACK_API_URL", f"http://{host}:8420/slack/api/")
    given.setenv("GRAPH_URL", f"http://{host}:8420/graph/v1.0")
    assert load_settings().graph_url == f"http://{host}:8420/graph/v1.0"


def test_the_authority_may_be_named_without_a_scheme(given: pytest.MonkeyPatch) -> None:
    """azure-identity's own variable contains a host name without a scheme."""
    given.setenv("AZURE_AUTHORITY_HOST", "login.microsoftonline.us")
    assert load_settings().azure_authority_host == "https://login.microsoftonline.us"


LOCAL: Final = {"SLACK_API_URL": "http://127.0.0.1:1/slack/api/", "GRAPH_URL": "http://127.0.0.1:1/graph/v1.0"}


@pytest.mark.parametrize("real", ["SLACK_API_URL", "GRAPH_URL", "neither"])
def test_a_clock_file_is_for_rehearsals_only(given: pytest.MonkeyPatch, real: str) -> None:
    """A moved clock with a real workspace or tenant would skip reviews."""
    given.setenv("GATEHOUSE_CLOCK_FILE", "clock")
    for name, value in LOCAL.items():
        if name != real:
            given.setenv(name, value)
    if real == "neither":
        assert load_settings().gatehouse_clock_file == Path("clock")
    else:
        (problem,) = problems()
        assert problem.startswith("GATEHOUSE_CLOCK_FILE: ")


def test_socket_mode_needs_no_signing_secret(given: pytest.MonkeyPatch) -> None:
    given.delenv("SLACK_SIGNING_SECRET")
    given.setenv("SLACK_APP_TOKEN", "xapp-canary-app-token")
    assert load_settings().is_socket_mode


def test_secrets_do_not_print(given: pytest.MonkeyPatch) -> None:
    given.setenv("SLACK_APP_TOKEN", "xapp-canary-app-token")
    settings = load_settings()
    printed = f"{settings!r} {settings!s} {settings.model_dump()} {settings.model_dump_json()}"
    assert not [canary for canary in CANARIES if canary in printed]


def test_settings_do_not_change(given: pytest.MonkeyPatch) -> None:
    settings = load_settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1  # type: ignore[misc]
    assert isinstance(settings, Settings)


def test_dot_env_reaches_the_settings_and_the_environment(
    bare_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """azure-identity reads its variables from the environment, so `.env` must be loaded into it."""
    lines = [f'{name}="{value}"' for name, value in GOOD.items()]
    (bare_environment / ".env").write_text("\n".join([*lines, "AZURE_CLIENT_SECRET=canary", "PORT=4000"]))
    monkeypatch.setenv("PORT", "5000")
    for name in (*GOOD, "AZURE_CLIENT_SECRET"):
        # Set and taken away again, so that what the file puts there does not outlive the test.
        monkeypatch.setenv(name, "x")
        monkeypatch.delenv(name)
    settings = load_settings()
    assert settings.slack_team_id == GOOD["SLACK_TEAM_ID"]
    assert settings.port == 5000, "what stands in the environment wins"
    assert os.environ["AZURE_CLIENT_SECRET"] == "canary"


# --- without Slack ---


def test_the_commands_without_slack_need_no_slack(given: pytest.MonkeyPatch) -> None:
    for name in GOOD:
        if name.startswith("SLACK_"):
            given.delenv(name)
    settings = load_tenant_settings()
    assert settings.graph_url == "https://graph.microsoft.com/v1.0"
    assert settings.records.path == Path("gatehouse.db")


def test_what_they_need_is_named_at_once(bare_environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPH_URL", "http://10.0.0.1/")
    monkeypatch.setenv("DATABASE_URL", "mysql://x/y")
    with pytest.raises(SettingsProblems) as refused:
        load_tenant_settings()
    named = [problem.partition(":")[0] for problem in refused.value.problems]
    assert named == ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "GRAPH_URL", "DATABASE_URL"]


@pytest.mark.parametrize("is_local", [True, False])
def test_their_clock_file_is_for_rehearsals_too(given: pytest.MonkeyPatch, is_local: bool) -> None:
    """What Slack's address is does not matter to what reads no Slack."""
    given.setenv("GATEHOUSE_CLOCK_FILE", "clock")
    if is_local:
        given.setenv("GRAPH_URL", LOCAL["GRAPH_URL"])
        assert load_tenant_settings().gatehouse_clock_file == Path("clock")
    else:
        with pytest.raises(SettingsProblems, match="only with GRAPH_URL on this machine"):
            load_tenant_settings()


# --- the file, and names that are none ---


@pytest.mark.parametrize(
    "content",
    [
        "SLACK_CHANNEL=C0OTHER\n".encode("utf-16"),
        "SLACK_CHANNEL=C0OTHER\n".encode("utf-16-le"),
        "# Büro\nSLACK_CHANNEL=C0OTHER\n".encode("latin-1"),
        b"SLACK_CHANNEL=C0\0OTHER\n",
    ],
    ids=["UTF-16 with a mark", "UTF-16 without one", "Latin-1", "a zero byte"],
)
def test_an_env_file_in_another_encoding_is_one_named_problem(
    bare_environment: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    """No other problem is reported: the missing settings may be in that file."""
    (bare_environment / ".env").write_bytes(content)
    (problem,) = problems()
    assert problem.startswith(".env: is not UTF-8 text; save it again in the encoding UTF-8")
    assert "C0OTHER" not in problem


def test_an_env_file_with_a_byte_order_mark_is_read(given: pytest.MonkeyPatch, bare_environment: Path) -> None:
    given.delenv("SLACK_CHANNEL")
    (bare_environment / ".env").write_bytes(b"\xef\xbb\xbfSLACK_CHANNEL=C0OTHER\n")
    assert load_settings().slack_channel == "C0OTHER"
    given.delenv("SLACK_CHANNEL")


def test_an_env_file_that_is_a_folder_is_named(given: pytest.MonkeyPatch, bare_environment: Path) -> None:
    (bare_environment / ".env").mkdir()
    (problem,) = problems()
    assert problem.startswith(".env: cannot be read (")


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("GATEHOUSE_TEMPLATE", "did you mean GATEHOUSE_TEMPLATES?"),
        ("GATEHOUSE_TICK_SECOND", "did you mean GATEHOUSE_TICK_SECONDS?"),
        ("SLACK_BOT_TOKENS", "did you mean SLACK_BOT_TOKEN?"),
        ("SLACK_SIGNING_KEY", "did you mean SLACK_SIGNING_SECRET?"),
        ("slack_chanel", "did you mean SLACK_CHANNEL?"),
        ("GATEHOUSE_XYZZY", "remove it"),
    ],
)
def test_a_name_that_is_no_setting_is_refused_with_the_nearest_one(
    given: pytest.MonkeyPatch, name: str, near: str
) -> None:
    given.setenv(name, "canary-value")
    (problem,) = problems()
    assert problem == f"{name}: Gatehouse knows no such setting; {near}"
    with pytest.raises(SettingsProblems, match=name):
        load_tenant_settings()


def test_a_name_that_is_no_setting_is_said_with_everything_else(given: pytest.MonkeyPatch) -> None:
    given.setenv("GATEHOUSE_TEMPLATE", "/x")
    given.delenv("SLACK_CHANNEL")
    assert [problem.partition(":")[0] for problem in problems()] == ["GATEHOUSE_TEMPLATE", "SLACK_CHANNEL"]


def test_what_a_platform_puts_into_the_environment_is_no_setting(given: pytest.MonkeyPatch) -> None:
    """A service called `gatehouse` adds such variables to every pod (Kubernetes: "Service", environment)."""
    for name, value in {
        "GATEHOUSE_SERVICE_HOST": "10.0.0.11",
        "GATEHOUSE_SERVICE_PORT": "3000",
        "GATEHOUSE_SERVICE_PORT_HTTP": "3000",
        "GATEHOUSE_PORT": "tcp://10.0.0.11:3000",
        "GATEHOUSE_PORT_3000_TCP": "tcp://10.0.0.11:3000",
        "GATEHOUSE_PORT_3000_TCP_PROTO": "tcp",
        "GATEHOUSE_PORT_3000_TCP_ADDR": "10.0.0.11",
    }.items():
        given.setenv(name, value)
    assert load_settings().port == 3000
    given.setenv("GATEHOUSE_PORT", "3000")
    assert problems()[0].startswith("GATEHOUSE_PORT: Gatehouse knows no such setting; ")


GUESTS: Final = "8d2e6f10-4c3b-4a79-b1d8-6f0a9c5e7b23"


def test_without_an_application_for_guest_accounts(given: pytest.MonkeyPatch) -> None:
    assert load_settings().guests_azure_client_id is None
    given.setenv("GUESTS_AZURE_CLIENT_ID", "")
    assert load_settings().guests_azure_client_id is None


@pytest.mark.parametrize("name", ["GUESTS_AZURE_CLIENT_SECRET", "GUESTS_AZURE_CLIENT_CERTIFICATE_PATH"])
def test_an_application_for_guest_accounts(given: pytest.MonkeyPatch, name: str) -> None:
    given.setenv("GUESTS_AZURE_CLIENT_ID", GUESTS.upper())
    given.setenv(name, "canary-guests")
    settings = load_settings()
    assert settings.guests_azure_client_id == GUESTS
    if name.endswith("SECRET"):
        assert settings.guests_azure_client_secret.get_secret_value() == "canary-guests"
        assert "canary-guests" not in repr(settings)
    else:
        assert settings.guests_azure_client_certificate_path == "canary-guests"
    assert load_tenant_settings().guests_azure_client_id == GUESTS


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"ID": GUESTS}, "its secret or certificate is missing"),
        ({"ID": GUESTS, "CERTIFICATE_PASSWORD": "canary-guests"}, "its secret or certificate is missing"),
        ({"SECRET": "canary-guests"}, "missing, but its secret or certificate is set"),
        ({"CERTIFICATE_PATH": "canary-guests"}, "missing, but its secret or certificate is set"),
        ({"CERTIFICATE_PASSWORD": "canary-guests"}, "missing, but its secret or certificate is set"),
        ({"ID": GUESTS, "SECRET": "canary-guests", "CERTIFICATE_PATH": "canary-guests"}, "set only"),
        ({"ID": "guests", "SECRET": "canary-guests"}, "this value cannot be used"),
    ],
)
def test_half_an_application_for_guest_accounts_is_refused(
    given: pytest.MonkeyPatch, settings: Mapping[str, str], problem: str
) -> None:
    for name, value in settings.items():
        given.setenv(f"GUESTS_AZURE_CLIENT_{name}", value)
    (found,) = problems()
    assert found.startswith("GUESTS_AZURE_CLIENT_ID: ")
    assert problem in found
    assert "canary" not in found


def test_a_name_like_those_of_the_application_for_guest_accounts(given: pytest.MonkeyPatch) -> None:
    given.setenv("GUESTS_AZURE_SECRET", "canary-guests")
    (found,) = problems()
    assert found == ("GUESTS_AZURE_SECRET: Gatehouse knows no such setting; did you mean GUESTS_AZURE_CLIENT_SECRET?")
