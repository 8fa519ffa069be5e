"""The settings of the connection to Entra: addresses and the configured tenant."""

from collections.abc import Callable
from dataclasses import dataclass, field

from workflows.intervals import USUAL_PAUSES, Pauses


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationCredential:
    """An application of our tenant with a credential of its own: a secret, or a certificate."""

    client_id: str
    client_secret: str = field(default="", repr=False)
    """Empty when there is a certificate."""
    certificate_path: str = ""
    certificate_password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntraSettings:
    """The settings of the connection to Entra: addresses and the configured tenant.

    azure-identity reads the bot's credentials from its own environment variables (`AZURE_CLIENT_ID`…).
    """

    graph_url: str = "https://graph.microsoft.com/v1.0"
    authority_host: str | None = None
    """None for `AZURE_AUTHORITY_HOST`, or else the public cloud's host."""
    tenant_id: str | None = None
    """The configured tenant. While Graph answers for another tenant, nothing is written. None for every tenant."""
    client_id: str | None = None
    """The id of the bot's application, by which the bot's changes are recognised in Entra's audit log."""
    permissions: frozenset[str] | None = None
    """The permissions that the application may have. With others, nothing that opens access is written. None: all."""
    redact: Callable[[str], str] = str
    """Removes secrets from Entra's error texts, which may contain what was sent."""
    observe_date: Callable[[str, float], None] | None = None
    """Takes the `Date` header of each answer of Graph, and the seconds since its request was sent."""
    pauses: Pauses = USUAL_PAUSES
    """How long to wait to stay within Graph's limits."""
    application: ApplicationCredential | None = None
    """The application for guest accounts. None for the bot's own, whose credential azure-identity finds."""
    use_environment_proxy: bool = False
    """Whether Graph and the authority are reached through `HTTPS_PROXY`."""
