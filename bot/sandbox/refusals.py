"""The error of a refused control call, with its code and status."""

from typing import Any


class Refused(Exception):
    """A refused control call, answered as `{"ok": false, "error": code, "message": …}` with `status`."""

    def __init__(self, code: str, message: str, status: int = 400, **more: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.more = more
