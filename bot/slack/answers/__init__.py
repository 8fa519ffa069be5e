"""Answers to a click or command after its acknowledgement: in a window that is filled, or in a message."""
