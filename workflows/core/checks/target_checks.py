"""Judge the ids that a plan names by what our own directory says of them: findings, and names to show beside ids.

Ids of the partner's directory cannot be looked up by anybody here. What can be told is that one of them is ours by
mistake.
"""

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from itertools import islice
from typing import Final

from workflows.core.checks.facts import Unchecked
from workflows.core.checks.findings import Finding, Severity
from workflows.core.checks.unchecked import unread
from workflows.core.plans.named_targets import NamedTarget, current_targets, written_targets
from workflows.core.plans.plan import Plan
from workflows.core.settings.directory_objects import Owner
from workflows.core.settings.model import Target, TargetType
from workflows.core.settings.words import title

MOST_LOOKED_UP: Final = 40
"""How many ids of one plan are looked up, one call each."""
_MOST_LISTED: Final = 5
_SOURCE: Final = "Graph: “crossTenantAccessPolicyTarget resource type”"
_FIRST_PARTY: Final = re.compile(r"0000[0-9a-f]{4}(?:-[0-9a-f]{4}){3}-000000000000")
"""How the application ids of Microsoft's own services look."""
_READS: Final[Mapping[TargetType, str]] = {
    TargetType.GROUP: "groups",
    TargetType.USER: "users",
    TargetType.APPLICATION: "applications",
}
_CURES: Final[Mapping[TargetType, str]] = {
    TargetType.GROUP: "Copy the Object ID from Entra admin center, Groups, the group.",
    TargetType.USER: "Copy the Object ID from Entra admin center, Users, the user.",
    TargetType.APPLICATION: (
        "Copy the Application ID, not the Object ID, from Entra admin center, Enterprise applications, the application."
    ),
}

Names = Mapping[Target, str | Unchecked | None]
"""What our directory says of an id: its name, None where it knows none, or why it could not be asked."""


def to_look_up(targets: Iterable[NamedTarget]) -> tuple[Target, ...]:
    """List the ids to ask our directory for, in their order; no more than `MOST_LOOKED_UP`.

    The partner's applications come last: an application of several tenants has one id in all of them, so that its
    being here proves nothing and is only told.
    """
    wanted = (one.target for one in sorted(targets, key=lambda one: not _can_be_ours(one)))
    return tuple(islice(dict.fromkeys(wanted), MOST_LOOKED_UP))


def known_names(names: Names) -> dict[str, str]:
    """Return the names that were found, by id."""
    return {target.id: name for target, name in names.items() if isinstance(name, str)}


def check_targets(
    plan: Plan, names: Names, asked: Mapping[str, str], *, is_put_back: bool = False
) -> Iterator[Finding]:
    """Hold every id that a plan writes against our directory.

    :param asked: by id, the label of the field of the form that it was typed into.
    :param is_put_back: whether the plan puts an earlier state back, whose ids nobody chose today.
    """
    written = written_targets(plan)
    ours = [one for one in written if one.owner is Owner.OURS]
    theirs = [one for one in written if one.owner is Owner.THEIRS]
    absent = [one for one in ours if names.get(one.target, "") is None]
    kept = ours if is_put_back else current_targets(plan.before)
    yield from _gone([one for one in absent if one in kept])
    yield from _absent([one for one in absent if one not in kept], asked)
    kept = theirs if is_put_back else current_targets(plan.before)
    yield from _on_the_wrong_side(theirs, kept, names, asked)
    yield from _unread(written, names)
    yield from _named(ours, names)
    yield from _only_the_partner_knows(theirs)
    yield from _also_here(theirs, names)


def is_microsofts(target: Target) -> bool:
    """Return whether this is the id of one of Microsoft's own applications, which a tenant need not have used yet."""
    return target.type is TargetType.APPLICATION and _FIRST_PARTY.fullmatch(target.id) is not None


def absent_words(target: Target) -> str:
    """State that our directory knows no such id, and where to find the right one."""
    return f"There is no {target.type.value} with this ID in this tenant. {_CURES[target.type]}"


def where_to_find(kind: TargetType) -> str:
    """State where the ID of one of our own objects stands."""
    return _CURES[kind]


def wrong_side_words(target: Target, name: str) -> str:
    """State that an id that has to be the partner's is one of ours."""
    kind = target.type.value
    return f"This is our own {kind} “{name}”. Ask the partner for the ID of their {kind}: ours finds nobody there."


def _gone(kept: Iterable[NamedTarget]) -> Iterator[Finding]:
    """State which ids that a setting listed before are nobody's now: nobody can mend that in this request."""
    for one in kept:
        if is_microsofts(one.target):
            yield _not_installed(one.target, {})
            continue
        text = (
            f"“{title(one.setting)}” listed {_words(one.target, {}, is_first=False)} before and lists it after this, "
            f"but this tenant has no such {one.target.type.value} now. Nothing comes of it, unless it was deleted and "
            "comes back."
        )
        yield Finding(code="target_gone", severity=Severity.WARNING, text=text, source=_SOURCE)


def _absent(new: Iterable[NamedTarget], asked: Mapping[str, str]) -> Iterator[Finding]:
    for one in new:
        if is_microsofts(one.target):
            yield _not_installed(one.target, asked)
            continue
        text = (
            f"There is no {_words(one.target, asked, is_first=False)} in this tenant, where “{title(one.setting)}” "
            f"needs one of ours. {_CURES[one.target.type]}"
        )
        yield Finding(code="target_absent", severity=Severity.ERROR, text=text, source=_SOURCE)


def _not_installed(target: Target, asked: Mapping[str, str]) -> Finding:
    text = f"{_words(target, asked)} is one of Microsoft's own, and nobody has used it in this tenant yet."
    return Finding(code="target_not_installed", severity=Severity.NOTE, text=text, source=_SOURCE)


def _on_the_wrong_side(
    theirs: Iterable[NamedTarget], kept: Container[NamedTarget], names: Names, asked: Mapping[str, str]
) -> Iterator[Finding]:
    """State which ids of the partner's people are ours: they never match. What was listed before is nobody's choice."""
    for one in theirs:
        name = names.get(one.target)
        if isinstance(name, str) and _can_be_ours(one):
            text = (
                f"{_words(one.target, asked)} is “{name}” in this tenant, but “{title(one.setting)}” names the "
                f"partner's own: it finds nobody there. Ask the partner for the ID of their {one.target.type.value}."
            )
            severity = Severity.WARNING if one in kept else Severity.ERROR
            yield Finding(code="target_is_ours", severity=severity, text=text, source=_SOURCE)


def _unread(written: Iterable[NamedTarget], names: Names) -> Iterator[Finding]:
    asked_for = dict.fromkeys(one.target for one in written if _can_be_ours(one))
    failed = (finding for one in asked_for for finding in unread(_READS[one.type], names.get(one)))
    yield from dict.fromkeys(failed)
    if left := [one for one in asked_for if one not in names]:
        text = f"{_ids(len(left))} could not be checked: no more than {MOST_LOOKED_UP} are looked up for one request."
        yield Finding(code="targets_left_out", severity=Severity.UNCHECKED, text=text, source=_SOURCE)


def _named(ours: Iterable[NamedTarget], names: Names) -> Iterator[Finding]:
    found = {one.target: names[one.target] for one in ours if isinstance(names.get(one.target), str)}
    if found:
        said = [f"{target.type.value} {target.id} is “{name}”" for target, name in found.items()]
        text = f"In this tenant, {_listed(said)}."
        yield Finding(code="targets_named", severity=Severity.NOTE, text=text, source=_SOURCE)


def _only_the_partner_knows(theirs: Iterable[NamedTarget]) -> Iterator[Finding]:
    """Say whose the partner's applications are; that of their users and groups is one of the rules (core/rules.py)."""
    unknown = dict.fromkeys(one.target.id for one in theirs if not _can_be_ours(one))
    if unknown:
        text = (
            f"Only the partner knows what stands behind application {_listed(list(unknown))}: nobody can look up an "
            "application of theirs here. The ID must come from the partner."
        )
        yield Finding(code="targets_theirs", severity=Severity.NOTE, text=text, source=_SOURCE)


def _also_here(theirs: Iterable[NamedTarget], names: Names) -> Iterator[Finding]:
    found = {one.target.id: names.get(one.target) for one in theirs if not _can_be_ours(one)}
    said = [f"application {id} is “{name}” here" for id, name in found.items() if isinstance(name, str)]
    if said:
        text = (
            f"Of the partner's applications, this tenant has some as well: {_listed(said)}. An application of several "
            "tenants has one ID in all of them; one of ours alone would be the wrong ID."
        )
        yield Finding(code="targets_in_both", severity=Severity.NOTE, text=text, source=_SOURCE)


def _can_be_ours(one: NamedTarget) -> bool:
    return one.owner is Owner.OURS or one.target.type is not TargetType.APPLICATION


def _words(target: Target, asked: Mapping[str, str], *, is_first: bool = True) -> str:
    kind = target.type.value.capitalize() if is_first else target.type.value
    label = asked.get(target.id)
    return f"{kind} {target.id}" + (f" (“{label}” on the form)" if label else "")


def _listed(said: list[str]) -> str:
    more = len(said) - _MOST_LISTED
    return ", ".join(said[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")


def _ids(count: int) -> str:
    return "One more ID" if count == 1 else f"{count} more IDs"
