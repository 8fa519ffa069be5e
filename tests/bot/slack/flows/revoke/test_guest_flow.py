"""The window that confirms guest accounts names people, so it is only for who is an admin when it is filled."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bot.slack import ids
from bot.slack.answers.windows import Window
from bot.slack.flows.revoke.guest_flow import GuestAccountsFlow
from bot.slack.payloads.models import Interaction
from tests.bench.account_surfaces import account_request
from tests.bot.bot_under_test import click
from tests.workflows.core.builders import SAM
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ADMIN, ChatId, CurrentRoles, Person
from workflows.core.plans.accounts import AccountChange
from workflows.core.requests.request import AccessRequest, RequestId


@dataclass(slots=True)
class World:
    """A window that is filled at once, a store with one request, and a directory with one person."""

    request: AccessRequest
    roles: CurrentRoles
    view: dict[str, Any] = field(default_factory=dict)

    async def open_and_fill(self, _ack: object, event: Interaction, build: Any, *, command: str, **_: Any) -> None:
        """Fill the window."""
        self.view = await build(Window(id="V1", actor=event.actor, key="key", command=command))

    async def refuse_known_guests(self, _: ChatId) -> None:
        """Refuse nobody."""

    async def identify(self, _: ChatId) -> Person:
        """Return who clicked."""
        return SAM

    async def current_roles(self, _: object) -> CurrentRoles:
        """Return the roles of now."""
        return self.roles


@dataclass(slots=True)
class OneRequest:
    """A store."""

    stored: AccessRequest

    async def request(self, _: str) -> AccessRequest:
        """Return the request."""
        return self.stored

    async def partnership(self, _: str) -> None:
        """Return no record of the partner."""


async def confirm_window(world: World, *, changes_guests: bool = True) -> str:
    """Press the button of the preview. Returns the window."""
    parts: dict[str, Any] = {
        **dict.fromkeys(("service", "catalog", "tenant", "clock")),
        **dict.fromkeys(("windows", "members", "directory"), world),
        "store": OneRequest(world.request),
    }
    flow = GuestAccountsFlow(**parts, changes_guests=changes_guests)
    pressed = click("admin", ids.ACCOUNTS_CONFIRM, ids.decision_value(world.request))
    await flow.open_confirm(None, Interaction.model_validate(pressed))  # type: ignore[arg-type]
    return str(world.view)


AN_ADMIN = CurrentRoles(roles={SAM.id: frozenset({ADMIN})})


async def test_an_admin_sees_whom_they_confirm() -> None:
    request = replace(account_request(AccountChange.DISABLE), id=RequestId("R-ACCTACCT22"))
    plan = request.plan.accounts
    assert plan is not None
    assert plan.accounts[0].mail in await confirm_window(World(request, AN_ADMIN))


@pytest.mark.parametrize(
    ("roles", "changes_guests", "code"),
    [
        (CurrentRoles(), True, RefusalCode.ONLY_ADMINS_CHANGE_GUESTS),
        (AN_ADMIN, False, RefusalCode.GUESTS_NOT_CONFIGURED),
    ],
)
async def test_who_is_no_admin_any_more_sees_no_name(
    roles: CurrentRoles, changes_guests: bool, code: RefusalCode
) -> None:
    world = World(replace(account_request(AccountChange.DISABLE), id=RequestId("R-ACCTACCT22")), roles)
    with pytest.raises(Refused) as refused:
        await confirm_window(world, changes_guests=changes_guests)
    assert (refused.value.code, world.view) == (code, {})
