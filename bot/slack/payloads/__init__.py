"""Parse what Slack sends, once: only what the bot uses, only in the forms that it knows."""
