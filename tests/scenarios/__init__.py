"""Whole-bot stories: the real command, a real bot process, real sockets, played through the control API."""
