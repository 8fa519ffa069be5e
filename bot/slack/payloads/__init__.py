"""What Slack sends, parsed once, at the entry: only what the bot uses, only in the shapes it understands."""
