"""Sentences about Conditional Access: whom which policy locks out or asks for more, and what helps."""
