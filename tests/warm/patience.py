"""A patient Slack, for the stories: on a slow machine, a bot that only computes may take longer than real people wait.

What waits for another service is still noticed: in the stories, a service that hangs does so for a minute or longer.
How soon the bot answers is measured in tests/bench; that it waits for nobody is tested with what it waits for.
"""

from typing import Final

from bot.sandbox import server
from bot.sandbox.slack.delivery import delivery, http_transport, socket_mode
from bot.sandbox.slack.workspace import triggers
from bot.slack.answers import windows
from bot.slack.people import members
from tests.stores.choice import is_postgres
from workflows.partner_lookup import lookup

ACKNOWLEDGE_SECONDS: Final = 20.0
SETTLE_SECONDS: Final = 6.0
"""How long the sandbox waits after a click for what follows, where each step asks a server."""
PATIENT_MODULES: Final = (delivery, http_transport, socket_mode)
"""Each of them has the time within which Slack wants an answer."""


def be_patient() -> None:
    """Let this process wait longer: the simulated Slack for the bot, and the bot for a window."""
    for module in PATIENT_MODULES:
        setattr(module, "ACKNOWLEDGE_SECONDS", ACKNOWLEDGE_SECONDS)  # noqa: B010  # mypy knows it as final elsewhere
    if is_postgres():
        server.SETTLE_SECONDS = SETTLE_SECONDS
    setattr(triggers, "LIFETIME_SECONDS", ACKNOWLEDGE_SECONDS)  # noqa: B010
    setattr(windows, "_TRIGGER_SECONDS", ACKNOWLEDGE_SECONDS)  # noqa: B010
    # Otherwise a window with records is refused, "Slack does not say who you are", when the machine computes too long.
    setattr(members, "_STRICT_SECONDS", ACKNOWLEDGE_SECONDS / 2)  # noqa: B010
    # Otherwise a revocation also blocks what the default does not say, when the default is read too late.
    setattr(lookup, "DEFAULT_SECONDS", ACKNOWLEDGE_SECONDS / 2)  # noqa: B010
