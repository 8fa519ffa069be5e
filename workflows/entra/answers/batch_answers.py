"""Read the answer to a `$batch`: one answer for each request in it (Graph: "Combine multiple HTTP requests using JSON
batching").

The status of the whole says nothing about its parts, and the order is free. The SDK's classes are not used: they keep
one of two answers with the same id without a word, and return bodies that are no JSON any more.
"""

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

from workflows.core.errors.facts import Fact
from workflows.core.errors.tenant_problems import TenantCode
from workflows.entra.answers.answers import Answer, GraphCall, json_object, unavailable
from workflows.ports.tenant import TenantRefused, TenantUnavailable, WrongTenant


def inner_answers(
    call: GraphCall, answer: Answer, ids: Collection[str], *, redact: Callable[[str], str] = str
) -> dict[str, Answer]:
    """Return the answer to each request of a batch, by its id.

    :param answer: the successful answer to the whole.
    :param redact: removes secrets from the body of an error.
    :raises TenantUnavailable: when it does not contain exactly one answer for each request. No part is used then: an
        answer that is missing, doubled or about something else shows that the others cannot be trusted.
    """
    rows = json_object(call, answer).get("responses")
    inner_answers_by_id: dict[str, Answer] = {}
    if isinstance(rows, list) and len(rows) == len(ids):
        inner_answers_by_id = {
            name: inner_answer
            for name, inner_answer in (_inner_answer(row, redact) for row in rows)
            if inner_answer is not None
        }
    if inner_answers_by_id.keys() != set(ids):
        raise unavailable(TenantCode.UNREADABLE_ANSWER, call=call.as_value, request_id=answer.request_id)
    return inner_answers_by_id


def problem_about(call: GraphCall, error: TenantUnavailable | TenantRefused) -> TenantUnavailable | TenantRefused:
    """Return the error of a whole batch as the error of one request in it."""
    if isinstance(error, WrongTenant):
        return error
    facts = tuple(
        Fact(fact.code, {**fact.values, "call": call.as_value}) if "call" in fact.values else fact
        for fact in error.facts
    )
    if isinstance(error, TenantRefused):
        return TenantRefused(error.status, error.code, facts)
    return TenantUnavailable(facts, error.retry_after, is_throttled=error.is_throttled)


def _inner_answer(row: Any, redact: Callable[[str], str]) -> tuple[str, Answer | None]:
    if not isinstance(row, dict):
        return "", None
    status, headers = row.get("status"), row.get("headers") or {}
    if type(status) is not int or not 100 <= status <= 599 or not isinstance(headers, Mapping):
        return "", None
    body = row.get("body")
    content = "" if body is None else json.dumps(body)
    if not 200 <= status < 300:
        content = redact(content)
    header_values = {str(name).lower(): str(value) for name, value in headers.items()}
    return str(row.get("id")), Answer(status=status, headers=header_values, body=content.encode())
