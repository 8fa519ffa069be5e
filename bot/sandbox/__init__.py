"""A stand-in Slack workspace and a stand-in Entra tenant: none of their code is shared with the bot."""
