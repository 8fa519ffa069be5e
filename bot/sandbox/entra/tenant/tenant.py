"""The objects of the simulated tenant: one JSON document, changed by Graph calls or from outside."""

import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import datetime
from typing import Any

from bot.sandbox import seed
from bot.sandbox.entra.tenant.audit_entries import Activity, account_entry, audit_entry, by_app, by_user
from bot.sandbox.entra.tenant.initial_state import initial_state
from bot.sandbox.entra.tenant.report_access import ReportLimit
from bot.sandbox.entra.tenant.state_checks import (
    require_same_structure,
    with_lowered_partner_ids,
    with_missing_properties,
)
from bot.sandbox.entra.types.m365_capabilities import CAPABILITIES
from bot.sandbox.storage.json_document import copy_json

_AUDITS_KEPT = 500
_HISTORY_SECONDS = 3600.0


class PartnerHistory:
    """Earlier states of partners, by real time: a moved sandbox clock must not end a read delay."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._earlier: list[tuple[float, str, Any]] = []

    def note(self, tenant_id: str, before: Mapping[str, Any] | None) -> None:
        """Store that `tenant_id` looked like `before` until now (None: it did not exist)."""
        now = self._monotonic()
        self._earlier = [row for row in self._earlier if row[0] > now - _HISTORY_SECONDS]
        self._earlier.append((now, tenant_id, deepcopy(before)))

    def partners_before_lag(self, partners: Mapping[str, Any], lag_seconds: float) -> dict[str, Any]:
        """Return `partners` as they were `lag_seconds` ago (at most an hour)."""
        shown_until = self._monotonic() - lag_seconds
        earlier_partners = dict(partners)
        # The newest first, so that the oldest state within the delay is the one that is used.
        for written_at, tenant_id, before in reversed(self._earlier):
            if written_at <= shown_until:
                break
            if before is None:
                earlier_partners.pop(tenant_id, None)
            else:
                earlier_partners[tenant_id] = before
        return earlier_partners


class Tenant:
    """The tenant's objects. They change by a Graph call, by a merge from outside, or by a restore."""

    def __init__(self, *, now: Callable[[], datetime], on_change: Callable[[], None]) -> None:
        self.now = now
        self.objects = initial_state(now())
        self._on_change = on_change
        self._history = PartnerHistory()
        self._reports = ReportLimit()

    @property
    def own_id(self) -> str:
        """Return the home tenant's id."""
        return str(self.objects["organization"]["id"])

    def app_roles(self, app_id: str) -> tuple[str, ...]:
        """Return the application permissions of an application. A token without an application counts as the bot's."""
        is_for_guests = app_id == seed.GUESTS_CLIENT_ID
        return tuple(map(str, self.objects["guestsAppRoles" if is_for_guests else "appRoles"]))

    @property
    def partners(self) -> dict[str, Any]:
        """Return the partners by tenant id, with every change."""
        partners: dict[str, Any] = self.objects["partners"]
        return partners

    def visible_partners(self) -> dict[str, Any]:
        """Return the partners by tenant id as a read sees them: `readLagSeconds` ago."""
        lag = float(self.objects["readLagSeconds"])
        return self._history.partners_before_lag(self.partners, lag) if lag > 0 else self.partners

    def take_report_turn(self) -> None:
        """Count one request for a report.

        :raises Refusal: 429 when there are more than `reportsPerTenSeconds`.
        """
        self._reports.take(int(self.objects["reportsPerTenSeconds"]))

    def touch(self) -> None:
        """Report that the state changed."""
        self._on_change()

    def set_partner(self, tenant_id: str, after: dict[str, Any] | None, activity: Activity | None, app_id: str) -> None:
        """Store a partner (None: remove it), its earlier state, and the audit entry.

        :param activity: None when Microsoft names no activity for the change: there is no entry.
        """
        before = self.partners.get(tenant_id)
        self._history.note(tenant_id, before)
        if after is None:
            del self.partners[tenant_id]
        else:
            self.partners[tenant_id] = after
        if activity is not None:
            self.record(activity, by_app(app_id), before, after)
        self.touch()

    def record(
        self,
        activity: Activity,
        initiated_by: dict[str, Any],
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any] | None,
    ) -> None:
        """Add an entry to the directory audit log, which contains the newest five hundred entries."""
        log: list[dict[str, Any]] = self.objects["directoryAudits"]
        log.append(audit_entry(activity, at=self.now(), initiated_by=initiated_by, before=before, after=after))
        del log[:-_AUDITS_KEPT]

    def record_account(self, user: Mapping[str, Any], app_id: str) -> None:
        """Add an entry that an application has disabled or enabled an account; `user` is the account after that."""
        log: list[dict[str, Any]] = self.objects["directoryAudits"]
        log.append(account_entry(user, at=self.now(), initiated_by=by_app(app_id)))
        del log[:-_AUDITS_KEPT]

    def merge(self, patch: Mapping[str, Any]) -> dict[str, Any]:
        """Apply a JSON merge patch (RFC 7386) as a change from outside, and return the new state.

        Missing properties of a new partner, user, group or organization are added. Changes of partners and of the
        default are in the audit log as an administrator's changes in the portal. Reads show them at once.

        :raises ValueError: for an unknown top-level key, a value of the wrong kind, or a key that is no id.
        """
        if not isinstance(patch, Mapping):
            raise ValueError("a merge patch of the tenant must be an object")
        merged = with_missing_properties(merge_patch(copy_json(self.objects), with_lowered_partner_ids(patch)))
        require_same_structure(merged, set(patch))
        before, self.objects = self.objects, merged
        self._record_portal_edits(before)
        self.touch()
        return copy_json(self.objects)

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Replace the state by `snapshot`; keys that are missing there get their initial values.

        :raises ValueError: as `merge`.
        """
        restored = initial_state(self.now()) | deepcopy(dict(snapshot))
        require_same_structure(restored, set(snapshot))
        self.objects = restored
        self._history = PartnerHistory()
        self.touch()

    def _record_portal_edits(self, before: Mapping[str, Any]) -> None:
        administrator = next((u for u in self.objects["users"].values() if u.get("mailNickname") == "admin"), None)
        initiator = by_user(administrator) if administrator else {"user": None, "app": None}
        old, new = before["partners"], self.partners
        for tenant_id in sorted({*old, *new}):
            before_change, after_change = old.get(tenant_id), new.get(tenant_id)
            if before_change == after_change:
                continue
            changed, sync_change = _compare_partner(before_change, after_change)
            if changed:
                self.record(_partner_activity(before_change, after_change), initiator, before_change, after_change)
            if sync_change:
                self.record(sync_change, initiator, before_change, after_change)
        if before["default"] != self.objects["default"]:
            if before["default"].get("isServiceDefault") is True:
                self.objects["default"]["isServiceDefault"] = False
            self.record(Activity.DEFAULT_UPDATED, initiator, before["default"], self.objects["default"])


def _partner_activity(before_change: object, after_change: object) -> Activity:
    if before_change is None:
        return Activity.PARTNER_ADDED
    return Activity.PARTNER_DELETED if after_change is None else Activity.PARTNER_UPDATED


def _compare_partner(
    before_change: Mapping[str, Any] | None, after_change: Mapping[str, Any] | None
) -> tuple[bool, Activity | None]:
    """Return whether the partner itself changed, and the audit activity for its synchronization policy, if any."""
    name = "identitySynchronization"
    old_sync, new_sync = (before_change or {}).get(name), (after_change or {}).get(name)
    others, images = (name, CAPABILITIES), (before_change, after_change)
    rest = [{k: v for k, v in image.items() if k not in others} if image else None for image in images]
    if old_sync == new_sync:
        return rest[0] != rest[1], None
    if old_sync is None:
        return rest[0] != rest[1], Activity.SYNC_CREATED
    return rest[0] != rest[1], Activity.SYNC_DELETED if new_sync is None else Activity.SYNC_UPDATED


def merge_patch(target: Any, patch: Any) -> Any:
    """Return `target` changed by `patch`: null removes a member, an object is merged, anything else replaces.

    Source: RFC 7386 (JSON merge patch).
    """
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged
