"""The user interface in Slack."""
