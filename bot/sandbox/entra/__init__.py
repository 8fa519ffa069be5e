"""A simulated Entra tenant: the part of Microsoft Graph v1.0 that the bot uses, and its token endpoint."""

from bot.sandbox.entra.simulator import EntraSimulator
from bot.sandbox.entra.tokens.authority import Application, TokenAuthority

__all__ = ["Application", "EntraSimulator", "TokenAuthority"]
