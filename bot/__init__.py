"""Slack, the command line and the process."""
