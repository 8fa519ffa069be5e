"""Convert records to JSON text for storage, without secrets.

Text that only looks like a secret is removed only from texts of errors. Plans, settings, names and typed texts are not
changed. The digest of a plan depends on them, and a partner's name may look like a secret.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from workflows.core.batches.batch import Batch
from workflows.core.errors.facts import Fact, Facts, redact_value
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.reviewing.campaigns import Campaign
from workflows.core.policy.delegation.absence import Absence
from workflows.core.policy.stops.freeze import Freeze
from workflows.core.posture.watch.denied_notice import DeniedNotice
from workflows.core.posture.watch.drift import Drift
from workflows.core.requests.alarms import Alarm
from workflows.core.requests.effects import Effect, SendMessage
from workflows.core.requests.request import AccessRequest
from workflows.store.codec import (
    ABSENCE,
    ALARM,
    BATCH,
    CAMPAIGN,
    DENIED_NOTICE,
    DETAILS,
    DRIFT,
    EFFECT,
    FACTS,
    FREEZE,
    PARTNERSHIP,
    REQUEST,
    dump,
    with_checksum,
)

_FROM_ERRORS: Final = frozenset({"reason", "error", "message", "note", "problem", "refused", "said", "values"})
"""The details of an audit entry that may contain texts of another system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRedactor:
    """Converts records to text without secrets."""

    error: Callable[[str], str] = str
    """Removes from a text of an error everything that is a secret or looks like one."""
    known: Callable[[str], str] = str
    """Removes only known secrets from a text."""

    def details(self, details: Mapping[str, Any]) -> str:
        """Return the details of an audit entry as text."""
        values = json.loads(dump(DETAILS, dict(details)))
        for name in _FROM_ERRORS & values.keys():
            values[name] = redact_value(values[name], self.error)
        return self._without_known(dump(DETAILS, values))

    def request(self, request: AccessRequest) -> str:
        """Return a request as text."""
        refused = tuple(
            replace(refused_write, reason=self._facts(refused_write.reason)) for refused_write in request.refused
        )
        note, asked_again = self._facts(request.note), self._facts(request.asked_again)
        clean = replace(request, note=note, asked_again=asked_again, refused=refused)
        if (progress := clean.accounts) is not None:
            results = tuple(
                replace(one, reason=self._facts(one.reason)) if one.reason else one for one in progress.results
            )
            clean = replace(clean, accounts=replace(progress, results=results, stop=self._facts(progress.stop)))
        return with_checksum(self._without_known(dump(REQUEST, clean)))

    def partnership(self, partnership: Partnership) -> str:
        """Return a partnership as text."""
        return with_checksum(self._without_known(dump(PARTNERSHIP, partnership)))

    def drift(self, drift: Drift) -> str:
        """Return a record of drift as text."""
        return self._without_known(dump(DRIFT, drift))

    def freeze(self, freeze: Freeze) -> str:
        """Return the freeze as text."""
        return with_checksum(self._without_known(dump(FREEZE, freeze)))

    def batch(self, batch: Batch) -> str:
        """Return a batch as text. Its rows hold no text of an error but that of a refusal by Entra."""
        rows = tuple(replace(row, reason=self._facts(row.reason)) if row.reason else row for row in batch.rows)
        clean = replace(batch, rows=rows, note=self._facts(batch.note), list_problem=self._facts(batch.list_problem))
        return with_checksum(self._without_known(dump(BATCH, clean)))

    def campaign(self, campaign: Campaign) -> str:
        """Return a campaign as text."""
        return self._without_known(dump(CAMPAIGN, campaign))

    def absence(self, absence: Absence) -> str:
        """Return an absence as text."""
        return self._without_known(dump(ABSENCE, absence))

    def denied_notice(self, notice: DeniedNotice) -> str:
        """Return a notice about denied sign-ins as text."""
        return self._without_known(dump(DENIED_NOTICE, notice))

    def effect(self, effect: Effect) -> str:
        """Return an effect as text."""
        if isinstance(effect, SendMessage):
            effect = replace(effect, fact=self._fact(effect.fact))
        return self._without_known(dump(EFFECT, effect))

    def alarm(self, alarm: Alarm) -> str:
        """Return an alarm as text."""
        return self._without_known(dump(ALARM, replace(alarm, values=redact_value(alarm.values, self.error))))

    def facts_text(self, facts: Facts) -> str:
        """Return the facts why an effect waits or was given up as text."""
        return self._without_known(dump(FACTS, self._facts(facts)))

    def _facts(self, facts: Facts) -> Facts:
        return tuple(map(self._fact, facts))

    def _fact(self, fact: Fact) -> Fact:
        """Return a fact without texts in its values that are secrets or look like them."""
        return replace(fact, values=redact_value(fact.values, self.error))

    def _without_known(self, doc: str) -> str:
        """Return a JSON document without known secrets in its values."""
        return (
            doc if self.known(doc) == doc else json.dumps(redact_value(json.loads(doc), self.known), ensure_ascii=False)
        )
