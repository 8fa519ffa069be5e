"""The sandbox's web page: a chat workspace, and next to it the tenant's current settings."""

from bot.sandbox.page.routes import page_routes

__all__ = ["page_routes"]
