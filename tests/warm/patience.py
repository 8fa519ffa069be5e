"""A patient Slack, for the stories: on a slow machine, a bot that only computes may take longer than real people wait.

What waits for another service is still noticed: in the stories, a service that hangs does so for a minute or longer.
How soon the bot answers is measured in tests/bench; that it waits for nobody is tested with what it waits for.
"""

from collections.abc import Callable
from typing import Final

from bot.sandbox import server
from bot.sandbox.slack.delivery import delivery, http_transport, socket_mode
from bot.sandbox.slack.workspace import triggers
from bot.slack.answers import windows
from bot.slack.people import members
from tests.stores.choice import is_postgres
from workflows.partner_lookup import lookup
from workflows.store.postgres.opening import server as postgres_server

ACKNOWLEDGE_SECONDS: Final = 20.0
SETTLE_SECONDS: Final = 6.0
"""How long the sandbox waits after a click for what follows, where each step asks a server."""
POOL_SECONDS: Final = ACKNOWLEDGE_SECONDS - 1
"""How long work waits for one of the connections to PostgreSQL."""
_PATIENT_MODULES: Final = (delivery, http_transport, socket_mode)
"""Each of them has the time within which Slack wants an answer."""


def be_patient(put: Callable[[object, str, object], None] = setattr) -> None:
    """Let this process wait longer: the simulated Slack for the bot, and the bot for a window.

    :param put: sets an attribute; `monkeypatch.setattr` where a test that comes later waits as usual.
    """
    for module in _PATIENT_MODULES:
        put(module, "ACKNOWLEDGE_SECONDS", ACKNOWLEDGE_SECONDS)
    if is_postgres():
        put(server, "SETTLE_SECONDS", SETTLE_SECONDS)
        # Otherwise many clicks in a second are refused by a bot that cannot store them as fast as usual.
        put(postgres_server, "_POOL_WAIT_SECONDS", POOL_SECONDS)
    put(triggers, "LIFETIME_SECONDS", ACKNOWLEDGE_SECONDS)
    put(windows, "_TRIGGER_SECONDS", ACKNOWLEDGE_SECONDS)
    # Otherwise a window with records is refused, "Slack does not say who you are", when the machine computes too long.
    put(members, "_STRICT_SECONDS", ACKNOWLEDGE_SECONDS / 2)
    # Otherwise a revocation also blocks what the default does not say, when the default is read too late.
    put(lookup, "DEFAULT_SECONDS", ACKNOWLEDGE_SECONDS / 2)
