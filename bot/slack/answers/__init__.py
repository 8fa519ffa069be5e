"""Answers to a click or command after its acknowledgement: in a window, or in a message."""
