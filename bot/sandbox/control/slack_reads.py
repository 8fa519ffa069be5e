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
        query = read_query(request, Messages)
        conversation = workspace.find(query.channel)
        if conversation is None:
            raise Refused("channel_not_found", f"channel: there is no {query.channel}; see GET /control/channels", 404)
        viewer = person_of(query.user).slack_id if query.user else None
        if viewer is None and conversation.kind == "im":
            viewer = conversation.members[0]
        return answer(messages=workspace.messages(conversation.id, viewer))

    async def views(request: web.Request) -> web.Response:
        person = person_of(read_query(request, PersonQuery).user)
        return answer(views=[modal.to_slack() for modal in workspace.views.modals(person.slack_id)])

    async def home(request: web.Request) -> web.Response:
        home_view = await entry_points.open_home(client, person_of(read_query(request, PersonQuery).user))
        return answer(home=home_view, view=home_view)

    async def channels(_: web.Request) -> web.Response:
        handles = {person.slack_id: person.handle for person in PEOPLE}
        listed = [
            {
                "id": conversation.id,
                "name": f"@{conversation.name}" if conversation.kind == "im" else conversation.name,
                "kind": conversation.kind,
                "topic": conversation.topic,
                "members": [handles[member] for member in conversation.members],
            }
            for conversation in workspace.conversations.values()
        ]
        return answer(channels=listed)

    async def people(_: web.Request) -> web.Response:
        return answer(people=[_person(person) for person in PEOPLE])

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
