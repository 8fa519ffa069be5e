"""The front end in Slack."""
