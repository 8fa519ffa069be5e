"""Read the input of a control call. An error names the wrong field."""

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from bot.sandbox.refusals import Refused
from bot.sandbox.seed import PEOPLE, Person
from bot.sandbox.slack.workspace.people import find_person


class Input(BaseModel):
    """The body or query of a control call; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


Model = TypeVar("Model", bound=BaseModel)


async def read_json(request: web.Request) -> Any:
    """Read a JSON body.

    :raises Refused: `bad_json`.
    """
    try:
        return json.loads(await request.text() or "{}")
    except ValueError as error:
        raise Refused("bad_json", f"body: send JSON ({error})") from error


async def read_body(request: web.Request, model: type[Model]) -> Model:
    """Read a JSON body as `model`.

    :raises Refused: `bad_json`, `bad_field`.
    """
    return parse_input(await read_json(request), model)


def read_query(request: web.Request, model: type[Model]) -> Model:
    """Read a query as `model`.

    :raises Refused: `bad_field`.
    """
    return parse_input(dict(request.query), model)


def parse_input(body: Mapping[str, Any], model: type[Model]) -> Model:
    """Check the input, and report each wrong field.

    :raises Refused: `bad_field`.
    """
    try:
        return model.model_validate(body)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, problem['loc'])) or 'body'}: {problem['msg']}" for problem in error.errors()]
        raise Refused("bad_field", "; ".join(problems)) from error


def person_of(reference: str) -> Person:
    """Find a person by handle or Slack id.

    :raises Refused: `no_such_person`.
    """
    person = find_person(reference)
    if person is None:
        handles = ", ".join(seed_person.handle for seed_person in PEOPLE)
        raise Refused("no_such_person", f"user: nobody is called {reference}; people are {handles}", 404)
    return person


def answer(**content: Any) -> web.Response:
    """Return the answer of a successful call."""
    return web.json_response({"ok": True, **content})
