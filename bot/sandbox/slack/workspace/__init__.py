"""What the Slack workspace holds: people, conversations, messages, views, tokens and trigger ids."""
