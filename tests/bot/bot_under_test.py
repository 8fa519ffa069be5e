"""Talk to a running bot as Slack does, and look at what it stored and posted."""

import asyncio
import contextlib
import json
import os
import secrets
import socket
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp

from bot.process.settings import Settings
from bot.sandbox.seed import PEOPLE, TEAM_ID
from bot.sandbox.server import Sandbox
from bot.slack.payloads.stamps import Stamps
from tests.bot.sandbox.control_client import Control
from tests.bot.signing import FORM, interaction_body, signed
from tests.waiting import LONGEST_WAIT
from workflows.core.audit.chain import ChainKey, KeyRing
from workflows.core.people import ChatId
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.request import AccessRequest
from workflows.ports.audit_log import AuditEntry
from workflows.ports.store import Store
from workflows.store.audit_keys import GivenKeys

SLACK_IDS = {person.handle: person.slack_id for person in PEOPLE}
SOME_STAMPS: Final = Stamps(keys=GivenKeys(KeyRing((ChainKey(b"k" * 32),))), now=lambda: datetime.now(UTC))
"""Stamps of a bot of which only a part is there."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bot answered."""

    status: int
    text: str

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class BotUnderTest:
    """A running bot, the world it lives in, and its records."""

    world: Sandbox
    settings: Settings
    session: aiohttp.ClientSession
    store: Store
    url: str

    @property
    def health_url(self) -> str:
        """Where it tells about itself."""
        return health_url_of(self.settings)

    @property
    def control(self) -> Control:
        """The world's control API."""
        return Control(session=self.session, url=self.world.url)

    async def post(self, body: bytes, content_type: str = FORM) -> Answer:
        """Send raw bytes, signed."""
        secret = self.settings.slack_signing_secret.get_secret_value()
        at = self.world.clock.now().timestamp()
        headers = signed(body, secret=secret, at=at, content_type=content_type)
        async with self.session.post(f"{self.url}/slack/events", data=body, headers=headers) as response:
            return Answer(response.status, await response.text())

    async def interact(self, payload: dict[str, Any]) -> Answer:
        """Send an interaction, signed. A window in it is taken as one that the bot gave to the person."""
        return await self.forge(self.as_given(payload))

    async def forge(self, payload: dict[str, Any]) -> Answer:
        """Send an interaction as somebody can who has the signing secret: signed, and otherwise as it is."""
        return await self.post(interaction_body(payload))

    def as_given(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Return a payload in which the window has the stamp that the bot gives it."""
        view, user = payload.get("view"), payload.get("user")
        if not isinstance(view, dict) or not isinstance(user, dict):
            return payload
        stamps = Stamps(keys=self.settings.records.audit_keys, now=self.world.clock.now)
        return payload | {"view": stamps.stamped({"type": "modal"} | view, ChatId(str(user.get("id"))))}

    async def command(self, text: str, **changes: str) -> Answer:
        """Send `/partner text`, signed; a fresh trigger id unless told otherwise."""
        usual = {
            "command": "/partner",
            "text": text,
            "team_id": TEAM_ID,
            "user_id": SLACK_IDS["requester"],
            "channel_id": self.settings.slack_channel,
            "trigger_id": secrets.token_hex(8),
            "response_url": f"{self.world.url}slack/response/none",
        }
        return await self.post(urlencode({**usual, **changes}).encode())

    async def idle(self) -> None:
        """Wait until nothing is left to do."""
        assert await self.world.status.idle(LONGEST_WAIT), "the bot is still busy"

    async def history(self) -> list[AuditEntry]:
        """Give the audit log, oldest first."""
        return list(reversed(await self.store.history()))

    async def outcomes(self, actor: str = "") -> list[tuple[str, str]]:
        """Give (command, outcome) of the audit log, of one person only when a handle is given."""
        entries = await self.history()
        return [(e.command, e.outcome) for e in entries if not actor or e.actor == SLACK_IDS[actor]]

    async def readiness(self) -> tuple[int, str]:
        """Ask whether the bot is ready."""
        async with self.session.get(f"{self.health_url}/readyz") as response:
            return response.status, await response.text()

    async def is_ready(self) -> bool:
        """Tell whether it says so."""
        return (await self.readiness())[0] == 200

    async def has_alarm(self, code: AlarmCode) -> bool:
        """Tell whether such an alarm is open."""
        return code in [alarm.code for alarm in await self.store.open_alarms()]

    async def told(self, person: str) -> str:
        """Give everything that a person can read in the approval channel and in direct messages."""
        texts = []
        for channel in (self.settings.slack_channel, f"@{person}"):
            answer = await self.control.get("messages", channel=channel, user=person)
            texts += [json.dumps(message, ensure_ascii=False) for message in answer["messages"]]
        return "\n".join(texts)

    async def file_request(self, domain: str = "contoso.com", template: str = "trusted-partner") -> AccessRequest:
        """Let the requester ask for a partner, and wait until the card is posted."""
        opened = await self.control.post("command", user="requester", text=f"request {domain}")
        await self.idle()
        values = request_values(domain, template)
        answer = await self.control.post("submit", user="requester", view_id=opened["view_id"], values=values)
        assert not answer.get("errors"), answer
        await self.idle()
        return (await self.store.open_requests())[-1]


def health_url_of(settings: Settings) -> str:
    """Return where a bot with these settings tells about itself."""
    return f"http://127.0.0.1:{settings.gatehouse_health_port}"


def request_values(domain: str, template: str, justification: str = "Joint project") -> dict[str, Any]:
    """Fill in the request form."""
    return {
        "target": {"target": {"value": domain}},
        "template": {"template": {"selected_option": {"value": template}}},
        "justification": {"justification": {"value": justification}},
        "sponsor": {"sponsor": {"selected_user": SLACK_IDS["requester"]}},
        "duration": {"duration": {"selected_option": {"value": "180"}}},
    }


def click(person: str, action_id: str, value: str, **changes: Any) -> dict[str, Any]:
    """Build the payload of a button on a request's card in the approval channel."""
    return {
        "type": "block_actions",
        "user": {"id": SLACK_IDS[person], "team_id": TEAM_ID},
        "team": {"id": TEAM_ID, "domain": "woodgrove"},
        "trigger_id": secrets.token_hex(8),
        "container": {"type": "message", "channel_id": "C0PARTNERAC"},
        "response_url": "",
        "actions": [
            {
                "type": "button",
                "action_id": action_id,
                "block_id": "decision",
                "value": value,
                "action_ts": f"{time.time():.6f}",
            }
        ],
        **changes,
    }


def submission(person: str, callback_id: str, metadata: str, values: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Build the payload of a submitted view."""
    view = {
        "id": "V" + secrets.token_hex(5).upper(),
        "type": "modal",
        "callback_id": callback_id,
        "hash": secrets.token_hex(4),
        "private_metadata": metadata,
        "app_installed_team_id": TEAM_ID,
        "state": {"values": values},
    }
    return {
        "type": "view_submission",
        "user": {"id": SLACK_IDS[person], "team_id": TEAM_ID},
        "team": {"id": TEAM_ID, "domain": "woodgrove"},
        "trigger_id": secrets.token_hex(8),
        "view": view,
        **changes,
    }


async def window_shown(gatehouse: BotUnderTest, text: str, user: str = "admin") -> tuple[str, str]:
    """Give the id of the view that a command opens, and what it shows when it has settled."""
    answer = await gatehouse.control.post("command", user=user, text=text)
    await gatehouse.idle()
    [view] = (await gatehouse.control.get("views", user=user))["views"]
    return str(answer["view_id"]), json.dumps(view, ensure_ascii=False)


async def eventually(ask: Callable[[], Awaitable[bool]], seconds: float = LONGEST_WAIT) -> None:
    """Ask again and again until the answer is yes."""
    deadline = time.monotonic() + seconds
    while not await ask():
        assert time.monotonic() < deadline, "it did not come to that"
        await asyncio.sleep(0.05)


_MAX_RESERVED: Final = 200
_RESERVED: Final[deque[socket.socket]] = deque()
"""What holds the names of the ports that were given out last, until they are bound."""


def free_port() -> int:
    """Return a free port for this test process, below Linux's range for outgoing connections (32768 and above)."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 8
    for port in secrets.SystemRandom().sample(range(20_000 + 1_500 * worker, 20_000 + 1_500 * (worker + 1)), 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            _reserve(port)
            return port
    raise OSError("no port is free")


def _reserve(port: int) -> None:
    """Keep a port from being given out again, also by another run of tests on this machine, before it is bound.

    :raises OSError: when it was given out already.
    """
    name = socket.socket(socket.AF_UNIX)
    try:
        name.bind(f"\0gatehouse-test-port-{port}")  # Linux forgets the name with this process
    except OSError:
        name.close()
        raise
    _RESERVED.append(name)
    if len(_RESERVED) > _MAX_RESERVED:
        _RESERVED.popleft().close()
