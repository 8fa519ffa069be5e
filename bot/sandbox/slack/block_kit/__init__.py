"""Slack's Block Kit: checks of blocks and views, defaults that Slack adds, and the values of elements."""
