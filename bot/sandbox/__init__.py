"""A simulated Slack workspace and a simulated Entra tenant. They share no code with the bot."""
