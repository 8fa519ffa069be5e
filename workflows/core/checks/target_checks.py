"""Look up the ids of a plan in our tenant: findings about wrong ids, and names to show.

Ids of the partner's tenant cannot be looked up. The check only finds an id of our tenant among them.
"""

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from workflows.core.checks.findings import Finding, FindingCode, Severity
from workflows.core.checks.tenant_facts import UnreadableFact
from workflows.core.checks.unreadable_facts import unreadable_finding
from workflows.core.plans.named_targets import NamedTarget, current_targets, written_targets
from workflows.core.plans.plan import Plan
from workflows.core.settings.id_owner import Owner
from workflows.core.settings.model import Target, TargetType

MAX_LOOKED_UP: Final = 40
"""The most ids of one plan that are looked up. Each needs one call."""
_SOURCE: Final = "Graph: “crossTenantAccessPolicyTarget resource type”"
_FIRST_PARTY: Final = re.compile(r"0000[0-9a-f]{4}(?:-[0-9a-f]{4}){3}-000000000000")
"""The pattern of the application ids of Microsoft's own services."""
_READS: Final[Mapping[TargetType, str]] = {
    TargetType.GROUP: "groups",
    TargetType.USER: "users",
    TargetType.APPLICATION: "applications",
}

_MAX_NAME_LENGTH: Final = 60

Names = Mapping[Target, str | UnreadableFact | None]
"""The result for each id: its name (may be empty), None when there is none, or why it was not read."""


def ids_to_look_up(targets: Iterable[NamedTarget]) -> tuple[Target, ...]:
    """List the ids to look up in our tenant, in order, at most `MAX_LOOKED_UP`.

    The partner's applications come last. An application has the same id in every tenant that uses it. So it is no
    error when our tenant has it, too; this is only reported.
    """
    targets_by_priority = (target.target for target in sorted(targets, key=lambda target: not _can_be_ours(target)))
    return tuple(islice(dict.fromkeys(targets_by_priority), MAX_LOOKED_UP))


def shown_name(name: str) -> str:
    """Return a name for use in quotation marks: one line of at most 60 characters, without quotation marks."""
    line = " ".join(name.replace("“", '"').replace("”", '"').split())
    return line if len(line) <= _MAX_NAME_LENGTH else f"{line[: _MAX_NAME_LENGTH - 1]}…"


def known_names(names: Names) -> dict[str, str]:
    """Return the names that were found, by id."""
    return {target.id: name for target, name in names.items() if isinstance(name, str)}


def check_targets(
    plan: Plan, names: Names, labels: Mapping[str, str], *, is_restoration: bool = False
) -> Iterator[Finding]:
    """Check every id that a plan writes against our tenant.

    :param labels: the label of the form's field for each id that was typed there.
    :param is_restoration: whether the plan restores previous settings, whose ids were not typed for this request.
    """
    written = written_targets(plan)
    ours = [partner_target for partner_target in written if partner_target.owner is Owner.OURS]
    partner_targets = [partner_target for partner_target in written if partner_target.owner is Owner.THEIRS]
    missing = [target for target in ours if names.get(target.target, "") is None]
    before = current_targets(plan.before)
    ours_before, theirs_before = (ours, partner_targets) if is_restoration else (before, before)
    yield from _no_longer_existing([partner_target for partner_target in missing if partner_target in ours_before])
    yield from _not_existing(
        [partner_target for partner_target in missing if partner_target not in ours_before], labels
    )
    yield from _ours_in_place_of_theirs(partner_targets, theirs_before, names, labels)
    yield from _unreadable(written, names)
    yield from _name_findings(ours, names)
    yield from _partner_only_findings(partner_targets)
    yield from _in_both_tenants(partner_targets, names)


def is_microsoft_application(target: Target) -> bool:
    """Return whether this is one of Microsoft's own applications. A tenant may not have it before its first use."""
    return target.type is TargetType.APPLICATION and _FIRST_PARTY.fullmatch(target.id) is not None


def _no_longer_existing(targets: Iterable[NamedTarget]) -> Iterator[Finding]:
    """Report ids that a setting contained before and that no longer exist. This request cannot correct them."""
    for target in targets:
        if is_microsoft_application(target.target):
            yield _not_installed(target.target, {})
            continue
        yield _finding(FindingCode.TARGET_GONE, Severity.WARNING, setting=target.setting, **_kind_and_id(target.target))


def _not_existing(new: Iterable[NamedTarget], labels: Mapping[str, str]) -> Iterator[Finding]:
    for partner_target in new:
        if is_microsoft_application(partner_target.target):
            yield _not_installed(partner_target.target, labels)
            continue
        values = {
            "setting": partner_target.setting,
            **_kind_and_id(partner_target.target),
            "label": labels.get(partner_target.target.id),
        }
        yield _finding(FindingCode.TARGET_ABSENT, Severity.ERROR, **values)


def _not_installed(target: Target, labels: Mapping[str, str]) -> Finding:
    values = {**_kind_and_id(target), "label": labels.get(target.id)}
    return _finding(FindingCode.TARGET_NOT_INSTALLED, Severity.NOTE, **values)


def _ours_in_place_of_theirs(
    partner_targets: Iterable[NamedTarget], ids_before: Container[NamedTarget], names: Names, labels: Mapping[str, str]
) -> Iterator[Finding]:
    """Report ids of our tenant in a place for ids of the partner's tenant. Such an id never matches anybody.

    An id that the setting contained before gives only a warning, because this request did not add it.
    """
    for partner_target in partner_targets:
        name = names.get(partner_target.target)
        if isinstance(name, str) and _can_be_ours(partner_target):
            severity = Severity.WARNING if partner_target in ids_before else Severity.ERROR
            values = {
                "setting": partner_target.setting,
                **_kind_and_id(partner_target.target),
                "label": labels.get(partner_target.target.id),
                "name": name,
            }
            yield _finding(FindingCode.TARGET_IS_OURS, severity, **values)


def _unreadable(targets: Iterable[NamedTarget], names: Names) -> Iterator[Finding]:
    asked_for = dict.fromkeys(target.target for target in targets if _can_be_ours(target))
    failed = (finding for target in asked_for for finding in unreadable_finding(_READS[target.type], names.get(target)))
    yield from dict.fromkeys(failed)
    if not_looked_up := [target for target in asked_for if target not in names]:
        yield _finding(FindingCode.TARGETS_LEFT_OUT, Severity.UNCHECKED, count=len(not_looked_up), most=MAX_LOOKED_UP)


def _name_findings(ours: Iterable[NamedTarget], names: Names) -> Iterator[Finding]:
    names_by_target = {
        named_target.target: names[named_target.target]
        for named_target in ours
        if isinstance(names.get(named_target.target), str)
    }
    if names_by_target:
        targets = [{**_kind_and_id(target), "name": name} for target, name in names_by_target.items()]
        yield _finding(FindingCode.TARGETS_NAMED, Severity.NOTE, targets=targets)


def _partner_only_findings(partner_targets: Iterable[NamedTarget]) -> Iterator[Finding]:
    """Report application ids that only the partner can verify. `rules` does this for users and groups."""
    unknown = dict.fromkeys(
        partner_target.target.id for partner_target in partner_targets if not _can_be_ours(partner_target)
    )
    if unknown:
        yield _finding(FindingCode.TARGETS_THEIRS, Severity.NOTE, ids=list(unknown))


def _in_both_tenants(partner_targets: Iterable[NamedTarget], names: Names) -> Iterator[Finding]:
    found_targets = {
        partner_target.target.id: names.get(partner_target.target)
        for partner_target in partner_targets
        if not _can_be_ours(partner_target)
    }
    targets = [{"id": id, "name": name} for id, name in found_targets.items() if isinstance(name, str)]
    if targets:
        yield _finding(FindingCode.TARGETS_IN_BOTH, Severity.NOTE, targets=targets)


def _can_be_ours(named_target: NamedTarget) -> bool:
    return named_target.owner is Owner.OURS or named_target.target.type is not TargetType.APPLICATION


def _kind_and_id(target: Target) -> dict[str, str]:
    return {"kind": target.type.value, "id": target.id}


def _finding(code: FindingCode, severity: Severity, **values: Any) -> Finding:
    return Finding(code=code, severity=severity, source=_SOURCE, values=values)
