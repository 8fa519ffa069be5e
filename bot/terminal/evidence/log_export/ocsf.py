"""An entry of the audit log as an event in OCSF 1.3.0 (Open Cybersecurity Schema Framework, schema.ocsf.io).

Writes in Entra are API Activity (6003), everything else is Entity Management (3004). The texts of the entry are in
`unmapped` exactly as they are stored. Where some are personal, what is signed and the salts stand beside them. So
whoever has the key can verify each event. An erased text is the pseudonym of its person.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from workflows.core.audit.chain import ChainedRow
from workflows.core.people import GATEHOUSE, ChatId, is_chat_user
from workflows.ports.audit_log import RECEIVED

OCSF_VERSION: Final = "1.3.0"
ENTITY_MANAGEMENT: Final = 3004
API_ACTIVITY: Final = 6003

_CREATE, _READ, _UPDATE, _OTHER = 1, 2, 3, 99
_SUCCESS, _FAILURE, _UNKNOWN = 1, 2, 0
_INFORMATIONAL, _LOW, _HIGH = 1, 2, 4
_WRITES: Final[Mapping[str, int]] = {
    "record_writing": _UNKNOWN,
    "record_resent": _UNKNOWN,
    "record_unseen": _UNKNOWN,
    "record_applied": _SUCCESS,
    "record_overwritten": _FAILURE,
    "record_refusal": _FAILURE,
    "record_apply_failed": _FAILURE,
}
"""The commands that are about writes in Entra, with what each says about the write (`status_id`)."""
_ACTIVITIES: Final[Mapping[str, int]] = {
    "submit": _CREATE,
    "import_sheet": _CREATE,
    "look_up": _READ,
    "search_own": _READ,
    "scan_usage": _READ,
    "sweep": _READ,
    "audit_report": _READ,
    "audit_export": _READ,
    "export": _READ,
    "approve": _UPDATE,
    "reject": _UPDATE,
    "withdraw": _UPDATE,
    "expire": _UPDATE,
    "replan": _UPDATE,
    "edit": _UPDATE,
    "keep": _UPDATE,
}
"""Commands with an activity of the class; the name of any other command is its `activity_name`."""
_ALARM: Final = "raise_alarm"


def ocsf_line(row: ChainedRow, product_version: str) -> str:
    """Return an entry as one line of JSON, with everything outside ASCII escaped, and a line break at its end."""
    return json.dumps(ocsf_event(row, product_version), sort_keys=True, separators=(",", ":")) + "\n"


def ocsf_event(row: ChainedRow, product_version: str) -> dict[str, Any]:
    """Return an entry as an event. An entry of which a part cannot be read is an event as well."""
    entry = row.entry
    command, outcome = entry["command"] or "", entry["outcome"] or ""
    is_write = command in _WRITES
    class_uid = API_ACTIVITY if is_write else ENTITY_MANAGEMENT
    activity = _UPDATE if is_write else _ACTIVITIES.get(command, _OTHER)
    return {
        "activity_id": activity,
        "activity_name": command,
        "actor": _actor(entry),
        "category_uid": class_uid // 1000,
        "class_uid": class_uid,
        "message": f"{command}: {outcome}",
        "metadata": _metadata(row, product_version),
        "severity_id": _severity(command, outcome),
        "time": _milliseconds(entry["at"]),
        "type_uid": class_uid * 100 + activity,
        "unmapped": {"details": _details(entry), "entry": dict(entry), **_chain(row)},
        **_status(command, outcome),
        **(_api(entry) if is_write else {"entity": _entity(entry)}),
    }


def _metadata(row: ChainedRow, product_version: str) -> dict[str, Any]:
    entry = row.entry
    return {
        "event_code": entry["command"] or "",
        "log_name": "audit",
        "original_time": entry["at"] or "",
        "product": {"name": "Gatehouse", "vendor_name": "Gatehouse", "version": product_version},
        "sequence": row.seq,
        "uid": entry["key"] or "",
        "version": OCSF_VERSION,
        **({"correlation_uid": entry["request_id"]} if entry["request_id"] else {}),
    }


def _chain(row: ChainedRow) -> dict[str, Any]:
    chain = {"key_id": row.key_id, "mac": None if row.mac is None else row.mac.hex(), "seq": row.seq}
    texts = {} if row.references is None else {"signed": dict(row.signed), "salts": row.salts}
    return {**chain, **texts, **({} if row.records is None else {"records": row.records})}


def _actor(entry: Mapping[str, str | None]) -> dict[str, Any]:
    """Return who acted: the bot as an application, everybody else as a user."""
    name = entry["actor"] or ""
    if name == GATEHOUSE.chat_id:
        return {"app_name": GATEHOUSE.name}
    kind = 1 if is_chat_user(ChatId(name)) else 99
    user = {"name": name, "type": "User" if kind == 1 else "User of the operating system", "type_id": kind}
    return {"user": user | ({"uid": entry["account"]} if entry["account"] else {})}


def _entity(entry: Mapping[str, str | None]) -> dict[str, Any]:
    """Return what it is about: the request, otherwise the partner, otherwise Gatehouse itself."""
    if entry["request_id"]:
        kind, name = "Request", entry["request_id"]
    elif entry["tenant_id"]:
        kind, name = "Partner", entry["tenant_id"]
    else:
        kind, name = "Gatehouse", GATEHOUSE.name
    return {"name": name, "type": kind, "uid": name, "type_id": 99}


def _api(entry: Mapping[str, str | None]) -> dict[str, Any]:
    about = [("Partner", entry["tenant_id"]), ("Request", entry["request_id"])]
    return {
        "api": {"operation": entry["command"] or "", "service": {"name": "Microsoft Graph"}},
        "resources": [{"type": kind, "uid": uid} for kind, uid in about if uid],
        "src_endpoint": {"svc_name": "gatehouse"},
    }


def _severity(command: str, outcome: str) -> int:
    if command == _ALARM:
        return _HIGH
    return _INFORMATIONAL if outcome in ("accepted", RECEIVED) else _LOW


def _status(command: str, outcome: str) -> dict[str, Any]:
    """Return the result: of a write, what was found about the write itself."""
    if outcome == RECEIVED:
        return {"status": outcome, "status_id": 99}
    if outcome != "accepted":
        return {"status_code": outcome, "status_id": _FAILURE}
    return {"status_id": _WRITES.get(command, _SUCCESS)}


def _milliseconds(text: str | None) -> int:
    """Return a stored time in milliseconds since 1970; 0 for one that cannot be read."""
    try:
        return round(datetime.fromisoformat(text or "").timestamp() * 1000)
    except ValueError:
        return 0


def _details(entry: Mapping[str, str | None]) -> Any:
    """Return the details as values; None when they cannot be read. `unmapped.entry` has the text."""
    try:
        return json.loads(entry["details"] or "")
    except (ValueError, RecursionError):
        return None
