"""What Slack is sent: cards, direct messages, App Homes."""
