"""What is secret leaves in no form: the process knows its own secrets and the look of tokens."""

import html
import json
from typing import Final
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.redactor import Redactor, secrets_of
from bot.settings import Settings

SECRET: Final = "Pa$$ 'wörd'\\ <&> +/=?\"~1"


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


def test_the_password_in_an_address_is_replaced() -> None:
    assert Redactor()("via http://proxy-user:proxy-word@10.0.0.1:8080/") == "via http://[redacted]@10.0.0.1:8080/"


def test_values_are_cleaned_and_names_stay() -> None:
    clean = Redactor(["reasonable"]).values({"reasonable": ["unreasonable", 3, None, {"a": "reasonable"}]})
    assert clean == {"reasonable": ["un[redacted]", 3, None, {"a": "[redacted]"}]}


def test_every_secret_setting_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what azure-identity reads by itself."""
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
