"""Name what Slack refuses, by Slack's own error codes."""

from typing import Any


class SlackError(Exception):
    """A Web API method refuses: answered as `{"ok": false, "error": code, …}` with status 200, as Slack does."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.code = code
        self.more = more

    def body(self) -> dict[str, Any]:
        """What goes over the wire."""
        return {"ok": False, "error": self.code, **self.more}


def invalid_blocks(problems: list[str]) -> SlackError:
    """Refuse blocks, naming each problem and its place."""
    return SlackError(
        "invalid_blocks", errors=problems, response_metadata={"messages": [f"[ERROR] {text}" for text in problems]}
    )


def invalid_arguments(*problems: str) -> SlackError:
    """Refuse arguments, naming each problem."""
    return SlackError("invalid_arguments", response_metadata={"messages": [f"[ERROR] {text}" for text in problems]})
