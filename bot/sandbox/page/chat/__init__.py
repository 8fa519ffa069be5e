"""The chat side of the page: conversations and unread counts."""
