"""Slack's Block Kit: checks of blocks and views, the defaults Slack adds, and the values of elements."""
