"""Make the rows of PostgreSQL: those of every store, and a column for whatever is asked about a document.

Documents stay texts, because their checksum is over their exact bytes. No query reads inside of them, so one that
cannot be read breaks no list.

A boundary: no other store has these columns.
"""

from collections.abc import Callable
from typing import Any

from workflows.core.partners.partnership import Partnership
from workflows.core.policy.approval import Choice
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.store.common import rows
from workflows.store.common.rows import text_of
from workflows.store.redaction import RecordRedactor


def request_row(request: AccessRequest, clean: RecordRedactor) -> rows.Row:
    """Return the row of a request."""
    return {**rows.request_row(request, clean), **request_columns(request)}


def request_columns(request: AccessRequest) -> rows.Row:
    """Return the columns of a request that only PostgreSQL has."""
    approved = [decision.at for decision in request.decisions if decision.choice is Choice.APPROVE]
    counts = approved and request.state is not RequestState.EXPIRED
    return {
        "kind": request.fields.kind.value,
        "target": request.fields.target,
        "template_name": request.fields.template,
        "changed_at": text_of(request.changed_at),
        "approved_at": text_of(max(approved)) if counts else None,
        "read_at": text_of(request.confirmed_at or request.changed_at),
        "is_sent": int((request.writing_since or request.earlier_write_at) is not None),
    }


def partnership_row(partnership: Partnership, clean: RecordRedactor) -> rows.Row:
    """Return the row of a partnership."""
    return {**rows.partnership_row(partnership, clean), **partnership_columns(partnership)}


def partnership_columns(partnership: Partnership) -> rows.Row:
    """Return the columns of a partnership that only PostgreSQL has."""
    return {
        "since": text_of(partnership.since),
        "named": partnership.identity.typed_name,
        "has_setup": int(bool(partnership.setup)),
        "request_id": partnership.request_id,
    }


def rewritten_columns(clean: RecordRedactor) -> dict[str, Callable[[Any], rows.Row]]:
    """Return what makes the columns of a record that an erasure rewrites, by table."""
    own = {
        "requests": lambda one: request_row(one, clean),
        "partnerships": lambda one: partnership_row(one, clean),
    }
    return {**rows.rewritten_columns(clean), **own}
