"""Make the values of columns by which records are sorted and searched."""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from workflows.core.partners.partnership import Partnership

_HYPHEN: Final = re.compile("[-\u00ad\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_ID: Final = re.compile(rf"r{_HYPHEN.pattern}[0-9a-z]*|[0-9a-f]*(?:{_HYPHEN.pattern}[0-9a-f]*)+")
"""A request's ID or a tenant ID, or a part of one."""


def text_of(moment: datetime) -> str:
    """Write a time as a text. The order of such texts is the order of the times."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def search_text(*texts: str) -> str:
    """Return the text in which a record is searched: the given texts in one form for upper and lower case."""
    return "\n".join(text.strip().casefold().replace("\n", " ") for text in texts if text)


def typed_search_text(typed_text: str) -> str:
    """Return the search text of what a person typed. An ID is found with any kind of hyphen, as it may be copied."""
    text = search_text(typed_text)
    return _HYPHEN.sub("-", text) if _ID.fullmatch(text) else text


def people_search_text(*texts: str | None, and_of: Iterable[tuple[str, str, str]] = ()) -> str:
    """Return the text in which people are searched: names, chat ids and accounts, each once.

    :param and_of: the name, chat id and account of more people.
    """
    every = (*texts, *(text for column in and_of for text in column))
    return search_text(*dict.fromkeys(text for text in every if text))


def asked_managers_text(partnership: Partnership) -> str:
    """Return every id of the managers who are asked in the open review, as a list in JSON; empty without one."""
    ids = {one_id for manager in partnership.asked_managers for one_id in (manager.chat_id, manager.id)}
    return json.dumps(sorted(ids)) if ids else ""
