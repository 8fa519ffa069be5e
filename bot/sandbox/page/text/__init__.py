"""Slack's text for display: mrkdwn, Markdown, rich text, emoji, dates and names as HTML."""
