"""Slack's requests to the bot: received, parsed, dispatched."""
