"""Errors with Slack's own error codes."""

from typing import Any


class SlackError(Exception):
    """A refused Web API call, answered as `{"ok": false, "error": code, …}` with status 200, as in Slack."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.code = code
        self.more = more

    def body(self) -> dict[str, Any]:
        """Return the answer's body."""
        return {"ok": False, "error": self.code, **self.more}


def invalid_blocks(problems: list[str]) -> SlackError:
    """Return the error for blocks, with each problem and its place."""
    return SlackError(
        "invalid_blocks", errors=problems, response_metadata={"messages": [f"[ERROR] {text}" for text in problems]}
    )


def invalid_arguments(*problems: str) -> SlackError:
    """Return the error for arguments, with each problem."""
    return SlackError("invalid_arguments", response_metadata={"messages": [f"[ERROR] {text}" for text in problems]})
