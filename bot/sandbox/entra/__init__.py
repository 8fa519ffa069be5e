"""A stand-in Entra tenant: the slice of Microsoft Graph v1.0 that a partner bot meets, and its token endpoint."""

from bot.sandbox.entra.stand_in import EntraStandIn
from bot.sandbox.entra.tokens.authority import TokenAuthority

__all__ = ["EntraStandIn", "TokenAuthority"]
