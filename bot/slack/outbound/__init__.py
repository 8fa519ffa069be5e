"""The bot's messages to Slack: cards, direct messages, App Homes."""
