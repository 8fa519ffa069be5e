"""Remove secrets from every text that leaves the process: logs, records, Slack messages, the terminal."""

import html
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Final
from urllib.parse import quote, quote_plus, unquote

from pydantic import SecretStr

from bot.process.settings import TenantSettings

REDACTED: Final = "[redacted]"
_START: Final = r"(?:(?<![\w.-])|(?<=\\[bfnrt])|(?<=\\u[0-9a-f]{4})|(?<=%[0-9A-Fa-f]{2}))"
"""Where a token may begin: not inside a word or a domain name. An escape of JSON or of an address may precede it."""
_LOOKS_SECRET: Final = (
    rf"{_START}(?:xox[abeprs](?:\.xox[a-z])?-\d[A-Za-z0-9-]{{9,}}|xapp-\d-[A-Z0-9]+-[A-Za-z0-9-]{{10,}}"
    r"|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]*)"
    rf"|(?<={_START}Bearer )[\w.~+/-]{{20,}}=*|(?<={_START}client_secret=)[^&\s\"\\]{{8,}}"
)
"""Tokens of Slack and Entra, also temporary ones. A JWT without a signature counts too."""
_NOTHING: Final = re.compile(r"(?!)")
_SECRET_NAMES: Final = (
    *("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"),
    *("AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PASSWORD", "AZURE_PASSWORD"),
    *("GUESTS_AZURE_CLIENT_SECRET", "GUESTS_AZURE_CLIENT_CERTIFICATE_PASSWORD"),
    "AUDIT_KEY",
    *("IDENTITY_HEADER", "MSI_SECRET"),
)
"""Variables that the bot and azure-identity read from the environment and nobody else may read."""
_PROXY_NAMES: Final = tuple(
    name for scheme in ("http", "https", "all") for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper())
)
"""Variables from which HTTP libraries read the proxy's address; they may contain a user name and a password."""
_MIN_SECRET_LENGTH: Final = 8
"""The fewest characters of a secret that is replaced. Shorter ones occur inside ordinary words."""


class Redactor:
    """Replaces texts that look like a token, and every known secret. Calling it returns the clean text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: set[str] = set()
        self._known = _NOTHING
        self.learn(secrets)

    def __call__(self, text: str) -> str:
        """Return the text without secrets."""
        return _pattern_with(self._known.pattern).sub(REDACTED, text)

    def without_known_secrets(self, text: str) -> str:
        """Return the text without known secrets. Text that only looks like a secret stays, because it may be a name."""
        return self._known.sub(REDACTED, text)

    def learn(self, secrets: Iterable[str]) -> None:
        """Replace these secrets from now on, also in the notation of JSON, HTML, Python or URLs."""
        self._secrets.update(secret for secret in secrets if len(secret) >= _MIN_SECRET_LENGTH)
        forms = {form for secret in self._secrets for form in _forms(secret)}
        known = "|".join(map(re.escape, sorted(forms, key=len, reverse=True)))
        self._known = re.compile(known) if known else _NOTHING


@cache
def _pattern_with(known: str) -> re.Pattern[str]:
    """Return the pattern of known secrets and of what looks like one. It is made at first use: that takes milliseconds.

    :param known: the pattern of known secrets. They come first: a text that looks like a token may be a part of one.
    """
    return re.compile(f"{known}|{_LOOKS_SECRET}")


def redactor_of(settings: TenantSettings) -> Redactor:
    """Return a redactor for the secrets in these settings and in the environment."""
    return Redactor(secrets_of(settings, os.environ))


def secrets_of(settings: TenantSettings, environment: Mapping[str, str]) -> Iterator[str]:
    """List the secrets in the settings and in what libraries read from the environment by themselves."""
    for name in type(settings).model_fields:
        if isinstance(value := getattr(settings, name), SecretStr):
            yield value.get_secret_value()
    yield from settings.records.secrets
    # NB. it may hold several keys, and each of them is a secret.
    yield from settings.audit_key.get_secret_value().replace(",", " ").split()
    yield from (environment[name] for name in _SECRET_NAMES if name in environment)
    for name in _PROXY_NAMES:
        yield from _proxy_secrets(environment.get(name, ""))


def _proxy_secrets(address: str) -> Iterator[str]:
    """List the secrets in a proxy's address: user name and password together, and the password alone."""
    given, at, _ = address.rpartition("@")
    login = given.rpartition("//")[2]
    _, colon, password = login.partition(":")
    if at and colon and password:
        yield from (login, unquote(login), password, unquote(password))


def _forms(secret: str) -> set[str]:
    written = {secret, html.escape(secret), quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1]}
    return {
        json.dumps(form, ensure_ascii=ascii_only)[1:-1] for form in written for ascii_only in (True, False)
    } | written
