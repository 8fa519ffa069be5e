"""The data of the Slack workspace: people, conversations, messages, views, tokens and trigger ids."""
