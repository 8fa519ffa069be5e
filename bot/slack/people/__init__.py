"""Who people are: Slack users, their Entra accounts, their roles."""
