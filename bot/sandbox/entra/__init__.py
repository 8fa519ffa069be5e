"""A simulated Entra tenant: the part of Microsoft Graph v1.0 that the bot uses, and its token endpoint."""

from bot.sandbox.entra.stand_in import EntraStandIn
from bot.sandbox.entra.tokens.authority import TokenAuthority

__all__ = ["EntraStandIn", "TokenAuthority"]
