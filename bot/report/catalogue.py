"""The catalogue of partners: its columns as CSV, and one partner as a JSON object; documented in docs/audit.md."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from bot.report.csv_text import join_values
from bot.report.words import iso, requester_words
from bot.words.requests.titles import partner_title
from workflows.app.evidence.reading import CatalogueEntry
from workflows.core.checks.partner_setup.confirmations import open_steps
from workflows.core.partners.partnership import Attestation, Partnership
from workflows.core.people import Person
from workflows.core.posture.watch.acceptance import accepted_until
from workflows.core.posture.watch.drift import Drift

CATALOGUE_FORMAT: Final = "gatehouse/partners/1"


def _number_open(entry: CatalogueEntry) -> int:
    return len(open_steps(entry.record.setup, entry.record.confirmations))


def _request_text(entry: CatalogueEntry, text: Callable[[Any], str]) -> str:
    return "" if entry.request is None else text(entry.request)


CATALOGUE_COLUMNS: Final[Mapping[str, Callable[[CatalogueEntry], str]]] = {
    "partner_tenant_id": lambda entry: entry.record.identity.tenant_id,
    "partner_domain": lambda entry: entry.record.identity.default_domain,
    "partner_display_name_not_verified": lambda entry: entry.record.identity.display_name,
    "state": lambda entry: entry.record.state.value,
    "settings_basis": lambda entry: entry.record.basis.value,
    "access_template": lambda entry: partner_title(entry.record),
    "request_id": lambda entry: entry.record.request_id,
    "requester": lambda entry: _request_text(entry, requester_words),
    "justification": lambda entry: _request_text(entry, lambda one: str(one.fields.justification)),
    "ticket": lambda entry: _request_text(entry, lambda one: str(one.fields.ticket)),
    "sponsor_name": lambda entry: entry.record.sponsor.name,
    "sponsor_account": lambda entry: entry.record.sponsor.id,
    "sponsor_gone_at": lambda entry: iso(entry.record.sponsor_gone_at),
    "read_back_at": lambda entry: iso(entry.record.since),
    "access_ends_at": lambda entry: iso(entry.record.ends_at),
    "next_review_at": lambda entry: iso(entry.record.next_review_at),
    "last_kept_at": lambda entry: iso(entry.record.attestations[-1].at if entry.record.attestations else None),
    "last_kept_by": lambda entry: entry.record.attestations[-1].person.name if entry.record.attestations else "",
    "last_kept_reason": lambda entry: entry.record.attestations[-1].reason if entry.record.attestations else "",
    "mfa_attested_by": lambda entry: "" if (one := _last_attested(entry.record)) is None else one.person.name,
    "mfa_attested_until": lambda entry: iso(_attested_until(_last_attested(entry.record))),
    "setup_steps": lambda entry: str(len(entry.record.setup)),
    "setup_steps_not_confirmed": lambda entry: str(_number_open(entry)),
    "not_closed": lambda entry: join_values(one.name for one in entry.record.not_closed or ()),
    "not_applied": lambda entry: join_values(entry.record.not_applied),
    "drift": lambda entry: "" if entry.drift is None else entry.drift.found.code.value,
    "drift_found_at": lambda entry: iso(None if entry.drift is None else entry.drift.found_at),
    "drift_accepted_until": lambda entry: iso(None if entry.drift is None else accepted_until(entry.drift)),
}
"""What each column of the export holds, by its name in the first row."""


def catalogue_json(entry: CatalogueEntry) -> dict[str, Any]:
    """Return one partner with its record."""
    record, request = entry.record, entry.request
    return {
        "tenant_id": record.identity.tenant_id,
        "default_domain": record.identity.default_domain or None,
        "display_name_not_verified": record.identity.display_name,
        "as_typed": record.identity.typed_name,
        "state": record.state.value,
        "settings_basis": record.basis.value,
        "access_template": {"name": record.template, "title": partner_title(record)},
        "request_id": record.request_id,
        "requester": None if request is None else requester_words(request),
        "justification": None if request is None else request.fields.justification,
        "ticket": None if request is None else request.fields.ticket,
        "sponsor": _person(record.sponsor),
        "sponsor_gone_at": _moment(record.sponsor_gone_at),
        "read_back_at": _moment(record.since),
        "access_ends_at": _moment(record.ends_at),
        "next_review_at": _moment(record.next_review_at),
        "review_interval_days": None if record.review_interval is None else record.review_interval.days,
        "approval_policy": [{"title": one.title, "role": one.role, "approvals": one.quorum} for one in record.stages],
        "reviews": list(map(_answer, record.attestations)),
        "setup_steps": len(record.setup),
        "setup_steps_not_confirmed": _number_open(entry),
        "not_closed": None
        if record.not_closed is None
        else [{"name": one.name, "opening": one.opening.value} for one in record.not_closed],
        "not_applied": list(record.not_applied),
        "restored_from": record.restored_from,
        "drift": None if entry.drift is None else _drift(entry.drift),
    }


def _drift(drift: Drift) -> dict[str, Any]:
    return {
        "code": drift.found.code.value,
        "settings": list(drift.found.settings),
        "may_give_more_access": drift.found.opens,
        "found_at": _moment(drift.found_at),
        "author": {"state": drift.author.state.value, "name": drift.author.name or None},
        "accepted_until": _moment(accepted_until(drift)),
    }


def _answer(answer: Attestation) -> dict[str, Any]:
    mfa = answer.mfa
    return {
        "at": _moment(answer.at),
        "person": _person(answer.person),
        "reason": answer.reason,
        "reduced_by": answer.reduced_by,
        "mfa": None if mfa is None else {"text": mfa.text.value, "until": _moment(mfa.until)},
    }


def _last_attested(record: Partnership) -> Attestation | None:
    """Return the newest answer that attested the partner's MFA, also when it does not count any more."""
    return next((one for one in reversed(record.attestations) if one.mfa is not None), None)


def _attested_until(answer: Attestation | None) -> datetime | None:
    return None if answer is None or answer.mfa is None else answer.mfa.until


def _person(person: Person) -> dict[str, Any]:
    return {"name": person.name, "chat_id": person.chat_id, "account": person.id}


def _moment(moment: datetime | None) -> str | None:
    return iso(moment) or None
