"""Answers to a click or command after its acknowledgement: in a window (Slack: modal), or in a message."""
