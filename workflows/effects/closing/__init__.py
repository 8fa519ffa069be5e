"""Closing a partner: file it, perform it without the rest of the bot, and rehearse it."""
