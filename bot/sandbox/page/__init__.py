"""The sandbox's web page: a chat workspace, and beside it the tenant's live settings."""

from bot.sandbox.page.routes import page_routes

__all__ = ["page_routes"]
