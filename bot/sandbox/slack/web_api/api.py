"""Answer `/slack/api/<method>`: read the arguments, check the token and its scopes, call the method."""

import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.web_api.calls import Answer, Call, Method
from bot.sandbox.slack.web_api.methods import app, chat, conversations, files, users, views
from bot.sandbox.slack.web_api.rate_limits import RateLimited, RateLimits
from bot.sandbox.slack.workspace.credentials import Credentials
from bot.sandbox.slack.workspace.triggers import Triggers
from bot.sandbox.slack.workspace.workspace import Workspace

METHODS: dict[str, Method] = {
    **app.METHODS,
    **chat.METHODS,
    **conversations.METHODS,
    **files.METHODS,
    **users.METHODS,
    **views.METHODS,
}
PREFIX = "/slack/api/"


class WebApi:
    """The Web API of one workspace."""

    def __init__(
        self,
        *,
        workspace: Workspace,
        triggers: Triggers,
        credentials: Credentials,
        scopes: frozenset[str],
        base_url: Callable[[], str],
        socket_url: Callable[[], str],
        limits: RateLimits,
    ) -> None:
        self._workspace = workspace
        self._triggers = triggers
        self._credentials = credentials
        self._scopes = scopes
        self._base_url = base_url
        self._socket_url = socket_url
        self._limits = limits

    def routes(self) -> list[web.RouteDef]:
        """Return a route for each method, for GET and POST, and the addresses of files."""
        path = PREFIX + "{method}"
        addresses = files.FileAddresses(self._workspace.files, self._may_read_files)
        return [web.get(path, self._handle, allow_head=False), web.post(path, self._handle), *addresses.routes()]

    def _may_read_files(self, token: str) -> bool:
        return token == self._credentials.bot_token and "files:read" in self._scopes

    async def _handle(self, request: web.Request) -> web.Response:
        status, headers = 200, {"x-oauth-scopes": ",".join(sorted(self._scopes))}
        try:
            body: Answer = {"ok": True, **await self._answer(request)}
        except RateLimited as error:
            body, status = error.body(), 429
            headers["Retry-After"] = str(error.retry_after)
        except SlackError as error:
            body = error.body()
        return web.json_response(body, status=status, headers=headers)

    async def _answer(self, request: web.Request) -> Answer:
        name = request.match_info["method"]
        arguments = await read_arguments(request)
        call = Call(
            arguments=arguments,
            workspace=self._workspace,
            triggers=self._triggers,
            scopes=self._scopes,
            base_url=self._base_url(),
            socket_url=self._socket_url,
        )
        method = METHODS.get(name)
        if method is None:
            raise SlackError("unknown_method", req_method=name)
        self._check_token(_token(request, arguments), method)
        self._limits.take(name, arguments)
        return method.run(call)

    def _check_token(self, token: str | None, method: Method) -> None:
        """Check the token and its scopes.

        :raises SlackError: `not_authed`, `invalid_auth`, `not_allowed_token_type`, `missing_scope`.
        """
        tokens = {self._credentials.bot_token: False, self._credentials.app_token: True}
        if not token:
            raise SlackError("not_authed")
        if token not in tokens:
            raise SlackError("invalid_auth")
        if tokens[token] != method.app_level:
            raise SlackError("not_allowed_token_type")
        if method.scopes and not self._scopes.intersection(method.scopes):
            provided = ",".join(sorted(self._scopes))
            raise SlackError("missing_scope", needed=",".join(method.scopes), provided=provided)


async def read_arguments(request: web.Request) -> dict[str, Any]:
    """Read a call's arguments from the query and a JSON or form body; form values stay strings.

    :raises SlackError: `invalid_json`, `json_not_object`.
    """
    arguments: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.text() or "{}")
        except ValueError as error:
            raise SlackError("invalid_json") from error
        if not isinstance(body, dict):
            raise SlackError("json_not_object")
        # NB. Slack does not look for the token in a JSON body.
        return {**arguments, **{name: value for name, value in body.items() if name != "token"}}
    form = await request.post()
    return {**arguments, **{name: value for name, value in form.items() if isinstance(value, str)}}


def _token(request: web.Request, arguments: dict[str, Any]) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    value = arguments.get("token")
    return str(value) if value else None
