"""Slack's text for reading: mrkdwn, Markdown, rich text, emoji, dates and names as HTML."""
