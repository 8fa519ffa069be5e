"""Call the sandbox's control API in tests."""

from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """The control API of one sandbox; answers come as (status, body)."""

    session: ClientSession
    url: str

    async def call(self, method: str, path: str, body: Any = None, **query: str) -> tuple[int, dict[str, Any]]:
        """Call, whatever comes of it."""
        async with self.session.request(method, f"{self.url}control/{path}", json=body, params=query) as response:
            return response.status, await response.json()

    async def post(self, path: str, **body: Any) -> dict[str, Any]:
        """POST something that has to go well."""
        status, answer = await self.call("POST", path, body)
        assert status == 200, answer
        assert answer["ok"] is True
        return answer

    async def get(self, path: str, **query: str) -> dict[str, Any]:
        """GET something that has to go well."""
        status, answer = await self.call("GET", path, **query)
        assert status == 200, answer
        assert answer["ok"] is True
        return answer
