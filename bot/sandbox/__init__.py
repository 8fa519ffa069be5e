"""A stand-in Slack workspace and a stand-in Entra tenant: a stranger that shares no code with the bot."""
