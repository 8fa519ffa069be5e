"""Serve the control calls that read Slack: messages, views, App Home, channels, people."""

from aiohttp import web

from bot.sandbox.control.input import Input, answer, person_of, read_query
from bot.sandbox.refusals import Refused
from bot.sandbox.seed import PEOPLE, TEAM_ID, Person
from bot.sandbox.slack.client import entry_points
from bot.sandbox.slack.simulator import SlackSimulator


class Messages(Input):
    """Which conversation to read, and as which person. For direct messages (`@handle`) the default is that person."""

    channel: str
    user: str | None = None


class PersonQuery(Input):
    """A person."""

    user: str


def read_routes(slack: SlackSimulator) -> list[web.RouteDef]:
    """Return the routes that show the simulated Slack: messages, views, channels, people."""
    workspace, client = slack.workspace, slack.client

    async def messages(request: web.Request) -> web.Response:
        given = read_query(request, Messages)
        conversation = workspace.find(given.channel)
        if conversation is None:
            raise Refused("channel_not_found", f"channel: there is no {given.channel}; see GET /control/channels", 404)
        viewer = person_of(given.user).slack_id if given.user else None
        if viewer is None and conversation.kind == "im":
            viewer = conversation.members[0]
        return answer(messages=workspace.messages(conversation.id, viewer))

    async def views(request: web.Request) -> web.Response:
        person = person_of(read_query(request, PersonQuery).user)
        return answer(views=[one.to_slack() for one in workspace.views.modals(person.slack_id)])

    async def home(request: web.Request) -> web.Response:
        shown = await entry_points.open_home(client, person_of(read_query(request, PersonQuery).user))
        return answer(home=shown, view=shown)

    async def channels(_: web.Request) -> web.Response:
        handles = {person.slack_id: person.handle for person in PEOPLE}
        listed = [
            {
                "id": one.id,
                "name": f"@{one.name}" if one.kind == "im" else one.name,
                "kind": one.kind,
                "topic": one.topic,
                "members": [handles[member] for member in one.members],
            }
            for one in workspace.conversations.values()
        ]
        return answer(channels=listed)

    async def people(_: web.Request) -> web.Response:
        return answer(people=[_person(one) for one in PEOPLE])

    return [web.get(f"/control/{read.__name__}", read) for read in (messages, views, home, channels, people)]


def _person(person: Person) -> dict[str, object]:
    kind = "outsider" if person.team_id != TEAM_ID else "guest" if person.is_restricted else "member"
    return {
        "handle": person.handle,
        "id": person.slack_id,
        "name": person.name,
        "title": person.title,
        "kind": kind,
        "team_id": person.team_id,
        "is_admin": person.is_admin,
        "mail": person.mail,
        "entra_id": person.entra_id,
    }
