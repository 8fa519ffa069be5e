"""Logs without secrets, with a limit for lines of one kind."""

from bot.process.start_and_end import without_package

with without_package("rich"), without_package("greenlet"):
    # For a developer's screen, structlog imports 60 modules of rich. The bot writes JSON, and has no greenlets.
    import structlog  # noqa: F401
