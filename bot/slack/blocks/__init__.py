"""Builders of Slack blocks, modals and messages, and Slack's limits."""
