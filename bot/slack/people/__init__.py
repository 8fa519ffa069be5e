"""People: Slack users, their Entra accounts, their roles."""
