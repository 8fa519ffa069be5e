"""Secrets are removed in every notation: the known ones, and everything that looks like a token."""

import html
import json
from pathlib import Path
from typing import Final
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.process.logs.redactor import Redactor, secrets_of
from bot.process.settings import Settings, TenantSettings
from workflows.core.errors.facts import redact_value

SECRET: Final = "Pa$$ 'wörd'\\ <&> +/=?\"~1"

GUID: Final = "6f1d2a34-9b0c-4f6e-8a57-2c1d0e9f4b11"
INNOCENT: Final = [
    "flexapp-cloud.com",
    "taxapp-online.de",
    "flexapp-1-A0CLOUD-0123456789.com",
    "admin@xapp-online.de",
    "foxoxb-1234567890.com",
    "xoxo-chocolates.com",
    "Ring Bearer Logistics",
    "Bearer of good news",
    "eyJoy.partners.example",
]
TOKENS: Final = [
    "xoxb-1234567890-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx",
    "xapp-1-A0GATEHOUSE-1234567890-0123456789abcdef0123456789abcdef",
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJncmFwaCJ9.c2lnbmF0dXJl-_x",
]


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        html.escape(SECRET),
        repr(SECRET),
        json.dumps(repr(SECRET)),
        json.dumps(html.escape(SECRET)),
    ],
)
def test_a_known_secret_is_replaced_however_it_is_written(written: str) -> None:
    clean = Redactor([SECRET])(f"before {written} after")
    assert "wörd" not in clean
    assert "w%C3%B6rd" not in clean
    assert "w\\u00f6rd" not in clean
    assert clean.startswith("before ")
    assert clean.endswith(" after")


@given(secret=st.text(min_size=8, max_size=60), around=st.text(max_size=20))
def test_any_known_secret_is_replaced_in_any_text(secret: str, around: str) -> None:
    assert secret not in Redactor([secret])(f"{around}{secret}{around}").replace("[redacted]", "")


def test_what_is_too_short_to_be_a_secret_leaves_the_words_whole() -> None:
    assert Redactor(["", "a", "request"])("a request") == "a request"


def test_the_longer_of_two_secrets_is_replaced_whole() -> None:
    assert Redactor(["12345678", "1234567890"])("1234567890") == "[redacted]"


def test_a_secret_learnt_later_counts_from_then_on() -> None:
    redactor = Redactor()
    assert redactor("hunter2hunter2") == "hunter2hunter2"
    redactor.learn(["hunter2hunter2"])
    assert redactor("hunter2hunter2") == "[redacted]"


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "http_proxy", "ALL_PROXY"])
def test_the_proxys_password_is_replaced(bare_environment: Path, name: str) -> None:
    tenant = TenantSettings(azure_tenant_id=GUID, azure_client_id=GUID)
    address = "http://proxy-user:proxy%2Fword@10.0.0.1:8080/"
    redactor = Redactor(secrets_of(tenant, {name: address}))
    assert redactor(f"via {address}") == "via http://[redacted]@10.0.0.1:8080/"
    assert redactor("it said proxy/word") == "it said [redacted]"


def test_an_address_that_is_no_proxys_stays() -> None:
    assert Redactor()("see https://a:b@contoso.com/") == "see https://a:b@contoso.com/"


@pytest.mark.parametrize("text", INNOCENT)
def test_a_name_that_looks_like_a_token_stays(text: str) -> None:
    assert Redactor()(text) == text
    assert Redactor(["hunter2hunter2"])(json.dumps({"text": text})) == json.dumps({"text": text})


@pytest.mark.parametrize("before", ["\n", "\t", '"', "\x1b", " ", "=", "/", ":", "("])
@pytest.mark.parametrize("token", TOKENS)
def test_a_token_is_replaced_after_any_sign_also_as_json_and_addresses_write_it(before: str, token: str) -> None:
    text = f"word{before}{token}"
    for written in (text, json.dumps(text), quote(text, safe="")):
        assert token not in Redactor()(written)


def test_what_only_looks_like_a_token_is_not_known() -> None:
    redactor = Redactor(["hunter2hunter2"])
    assert redactor.without_known_secrets(f"{TOKENS[0]} hunter2hunter2") == f"{TOKENS[0]} [redacted]"
    assert Redactor().without_known_secrets(TOKENS[0]) == TOKENS[0]


def test_values_are_cleaned_and_names_stay() -> None:
    given = {"reasonable": ["unreasonable", 3, None, {"a": "reasonable"}]}
    clean = redact_value(given, Redactor(["reasonable"]))
    assert clean == {"reasonable": ["un[redacted]", 3, None, {"a": "[redacted]"}]}


def test_every_secret_setting_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets that azure-identity reads itself are known too."""
    environment = {
        "SLACK_BOT_TOKEN": "canary-bot-token",
        "SLACK_APP_TOKEN": "canary-app-token",
        "SLACK_SIGNING_SECRET": "canary-signing-secret",
        "AZURE_CLIENT_SECRET": "canary-client-secret",
        "AZURE_CLIENT_CERTIFICATE_PASSWORD": "canary-certificate-password",
        "IDENTITY_HEADER": "canary-identity-header",
    }
    ids = {
        "SLACK_CHANNEL": "C0PARTNERAC",
        "SLACK_TEAM_ID": "T0WOODGROVE",
        "AZURE_TENANT_ID": "6f1d2a34-9b0c-4f6e-8a57-2c1d0e9f4b11",
        "AZURE_CLIENT_ID": "3b8c5f0e-7a41-4d0e-9c55-5de7c2f0a6d2",
    }
    for name, value in (environment | ids).items():
        monkeypatch.setenv(name, value)
    redactor = Redactor(secrets_of(Settings(), environment))
    assert redactor(json.dumps(environment)).count("[redacted]") == len(environment)
