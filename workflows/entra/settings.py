"""Where Entra is."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EntraSettings:
    """Where Entra is. Who the bot is, azure-identity reads from its own environment variables (`AZURE_CLIENT_ID`…)."""

    graph_url: str = "https://graph.microsoft.com/v1.0"
    authority_host: str | None = None
    """None: `AZURE_AUTHORITY_HOST`, or the public cloud's."""
    tenant_id: str | None = None
    """The tenant that is meant; while Graph answers for another one nothing is written. None: any."""
    client_id: str | None = None
    """The application that the bot signs in as: what it did itself is recognised by it in Entra's audit log."""
    redact: Callable[[str], str] = str
    """Takes what is secret out of what Entra says of an error: it may repeat what it was sent."""
    use_environment_proxy: bool = False
    """Whether Graph and the authority are reached through `HTTPS_PROXY`."""
