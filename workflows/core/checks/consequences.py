"""What an approver must know about a plan besides its settings, as facts.

Sources (Microsoft): "Cross-tenant access overview", "Cross-tenant access settings API overview", "Configure B2B
collaboration cross-tenant access", "user: revokeSignInSessions". It is long because every kind of plan has its own.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC
from enum import StrEnum
from typing import Any, Final

from workflows.core.checks.partner_setup.steps import newly_required_steps
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import UnreadableSetting
from workflows.core.plans.changes import BeforeAfter, SettingChange, SettingPart, setting_changes
from workflows.core.plans.closing import (
    blocks_default_guests_at_end,
    closes_everything,
    has_default_guests,
    only_reduces_access,
)
from workflows.core.plans.plan import AtEnd, Plan, changes
from workflows.core.plans.renewal import is_extension
from workflows.core.plans.writes.capability_writes import opens_capabilities
from workflows.core.plans.writes.refused_writes import written_names
from workflows.core.settings.access_change import AccessChange, is_certainly_blocked
from workflows.core.settings.block import unblocked_settings
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.capabilities import without_switched_off
from workflows.core.settings.documents import normalize, parse_setting, parse_targets
from workflows.core.settings.effective import EffectiveSettings, Origin
from workflows.core.settings.model import (
    ALL_APPLICATIONS,
    ALL_USERS,
    B2B_PROPERTIES,
    CLOSED,
    TARGET_PROPERTIES,
    AccessType,
    AutomaticRedemption,
    B2BSetting,
    IdentitySynchronization,
    InboundTrust,
    Property,
    Setting,
    configurations,
)
from workflows.core.settings.open_access import OpenAccess, open_access


class Consequence(StrEnum):
    """One consequence of a plan, besides the settings that it writes."""

    NOT_DELETED = "not_deleted"
    """The partner is blocked and not deleted."""
    NOT_DELETED_ELSEWHERE = "not_deleted_elsewhere"
    """A partner of another cloud is blocked by settings of its own."""
    KEPT = "kept"
    """The partner's entry is kept, and not everything is closed for certain."""
    KEPT_ELSEWHERE = "kept_elsewhere"
    """The entry of a partner of another cloud is kept, and not everything is closed for certain."""
    NOT_CLOSED = "not_closed"
    """Some access is not closed. Values: `ways`, a list of objects with `name` and `opening`."""
    NOT_TOUCHED = "not_touched"
    """Other settings of a closed partner are not changed. Values: `settings`."""
    TOKENS = "tokens"
    """Tokens that are already issued keep working for a time."""
    GUESTS_STAY = "guests_stay"
    """Sessions and accounts of guests stay."""
    SYNCHRONIZED_STAY = "synchronized_stay"
    """Users who were already synchronized stay."""
    ENCRYPTED_MAIL = "encrypted_mail"
    """A full outbound block also blocks encrypted mail."""
    WRITTEN_LAST = "written_last"
    """Microsoft may refuse a write. Values: `names`."""
    TRUST = "trust"
    """Conditional Access still applies."""
    REDEMPTION_INBOUND = "redemption_inbound"
    """The partner must set automatic redemption outbound."""
    REDEMPTION_OUTBOUND = "redemption_outbound"
    """The partner must set automatic redemption inbound."""
    SYNCHRONIZATION_THEIRS = "synchronization_theirs"
    """The partner must set up synchronization too."""
    DIRECT_CONNECT = "direct_connect"
    """The partner must set B2B direct connect too."""
    UNMANAGED_UNKNOWN = "unmanaged_unknown"
    """Whether an administrator manages the partner's tenant is not known: Graph's tenantInformation does not say it."""
    ONLY_NAMED = "only_named"
    """A user or application that a list does not name is blocked, whatever the default says."""
    NOTHING_OF_ITS_OWN = "nothing_of_its_own"
    """The tenant's defaults apply to the partner."""
    PARTNER_STEPS = "partner_steps"
    """The partner's administrator has steps to do. Values: `count`, `is_applied`."""
    DEPENDS_ON_DEFAULT = "depends_on_default"
    """The effect depends on a default that is not known."""
    UNKNOWN_VALUES = "unknown_values"
    """Some values cannot be read by this version."""
    EXTENDS = "extends"
    """A renewal writes nothing. Values: `seconds`, the approved period."""
    BLOCKED_AT_END = "blocked_at_end"
    """Values: those of `STAYS_OPEN`."""
    ONE_WAY = "one_way"
    """Microsoft 365 capabilities show our data to the partner, and not the partner's to us."""
    EXCHANGE_UNCHECKED = "exchange_unchecked"
    """Calendars are closed in Entra; what an organization relationship in Exchange still shows cannot be read."""
    DEFAULT_GUESTS_END = "default_guests_end"
    """The block also ends guest access that the default gave without a request. Values: `is_at_end`."""
    STAYS_OPEN = "stays_open"
    """The access stays open after its end, until somebody closes it. Values: `seconds`, the approved period."""


_NOT_CLOSED: Final = tuple(name for name in TARGET_PROPERTIES if name not in B2B_PROPERTIES)
_SETTINGS: Final = tuple(name for name in Property if name is not Property.IDENTITY_SYNCHRONIZATION)


def consequences(
    plan: Plan,
    default: JsonObject | None = None,
    *,
    is_applied: bool = False,
    not_closed: Sequence[OpenAccess] | None = None,
) -> tuple[Fact, ...]:
    """List the consequences of a plan; the consequences of closing come first.

    :param default: the tenant's default configuration; None when it is not known.
    :param is_applied: whether the plan was applied already.
    :param not_closed: the access that was still open after closing; None when it was not read back.
    """
    if not_closed is None:
        not_closed = open_access(plan.configuration_after() or {}, default)
    items, states = setting_changes(plan, default), BeforeAfter.of(plan, default)
    target_lists = _when_two_sided(plan, default, is_applied=is_applied)
    facts = [
        *_when_closing(plan, default, not_closed),
        *(() if is_applied else _when_refusable(plan)),
        *_when_opening(plan),
        *((Fact(Consequence.UNMANAGED_UNKNOWN),) if plan.operations and not only_reduces_access(plan) else ()),
        *_when_inheriting(plan),
        *target_lists,
        *_when_unsure(items, states),
        *_at_the_end(plan, default),
    ]
    return tuple(dict.fromkeys(facts))


def _when_closing(plan: Plan, default: JsonObject | None, not_closed: Sequence[OpenAccess]) -> Iterator[Fact]:
    items, states = setting_changes(plan, default), BeforeAfter.of(plan, default)
    settings = dict(_settings(plan))
    after = plan.configuration_after() or {}
    if not set(unblocked_settings(after)) & set(CLOSED):
        if plan.is_cross_cloud:
            yield Fact(Consequence.KEPT_ELSEWHERE if not_closed else Consequence.NOT_DELETED_ELSEWHERE)
        else:
            yield Fact(Consequence.KEPT if not_closed else Consequence.NOT_DELETED)
        if not_closed:
            kinds = [{"name": kind.name, "opening": kind.opening.value} for kind in not_closed]
            yield Fact(Consequence.NOT_CLOSED, {"ways": kinds})
        written = {change.name for change in changes(plan)}
        if others := [name.value for name in _NOT_CLOSED if after.get(name) is not None and name not in written]:
            yield Fact(Consequence.NOT_TOUCHED, {"settings": others})
    if closes_everything(plan) and without_switched_off((plan.before or {}).get(Property.M365_CAPABILITIES)):
        yield Fact(Consequence.EXCHANGE_UNCHECKED)
    if closes_everything(plan) and has_default_guests(plan.before, default, is_cross_cloud=plan.is_cross_cloud):
        yield Fact(Consequence.DEFAULT_GUESTS_END, {"is_at_end": False})
    closing = [item for item in items if item.access.opens is False]
    if any(item.name in B2B_PROPERTIES or not _was_only_inherited(item, states) for item in closing):
        yield Fact(Consequence.TOKENS)
    if any(item.name == Property.B2B_COLLABORATION_INBOUND for item in closing):
        yield Fact(Consequence.GUESTS_STAY)
    if settings.get(Property.IDENTITY_SYNCHRONIZATION) == IdentitySynchronization(is_allowed=False):
        yield Fact(Consequence.SYNCHRONIZED_STAY)
    outbound = settings.get(Property.B2B_COLLABORATION_OUTBOUND)
    if isinstance(outbound, B2BSetting) and is_certainly_blocked(outbound):
        yield Fact(Consequence.ENCRYPTED_MAIL)


def _when_refusable(plan: Plan) -> Iterator[Fact]:
    if plan.optional:
        names = dict.fromkeys(name for operation in plan.optional for name in written_names(operation))
        yield Fact(Consequence.WRITTEN_LAST, {"names": list(names)})


def _when_opening(plan: Plan) -> Iterator[Fact]:
    if opens_capabilities(plan):
        yield Fact(Consequence.ONE_WAY)
    for name, setting in _settings(plan):
        match setting:
            case InboundTrust() if setting.mfa or setting.compliant_device or setting.hybrid_joined_device:
                yield Fact(Consequence.TRUST)
            case AutomaticRedemption():
                if setting.inbound:
                    yield Fact(Consequence.REDEMPTION_INBOUND)
                if setting.outbound:
                    yield Fact(Consequence.REDEMPTION_OUTBOUND)
            case IdentitySynchronization(is_allowed=True):
                yield Fact(Consequence.SYNCHRONIZATION_THEIRS)
            case B2BSetting() if not is_certainly_blocked(setting):
                if name in (Property.B2B_DIRECT_CONNECT_INBOUND, Property.B2B_DIRECT_CONNECT_OUTBOUND):
                    yield Fact(Consequence.DIRECT_CONNECT)
                if _has_only_list(setting):
                    yield Fact(Consequence.ONLY_NAMED)


def _when_two_sided(plan: Plan, default: JsonObject | None, *, is_applied: bool) -> Iterator[Fact]:
    needed = sum(step.is_needed for step in newly_required_steps(plan, default))
    if needed:
        yield Fact(Consequence.PARTNER_STEPS, {"count": needed, "is_applied": is_applied})


def _when_inheriting(plan: Plan) -> Iterator[Fact]:
    after = plan.configuration_after() or {}
    names = (change.name for change in changes(plan))
    if any(name in TARGET_PROPERTIES for name in names) and not any(normalize(after.get(name)) for name in _SETTINGS):
        yield Fact(Consequence.NOTHING_OF_ITS_OWN)


def _when_unsure(items: Sequence[SettingChange], states: BeforeAfter) -> Iterator[Fact]:
    unsure = [item for item in items if item.access is AccessChange.UNKNOWN]
    if any(
        _inherits_unknown(item, item.before, states.before) or _inherits_unknown(item, item.after, states.after)
        for item in unsure
    ):
        yield Fact(Consequence.DEPENDS_ON_DEFAULT)
    if any(item.part in (SettingPart.UNREADABLE, SettingPart.UNKNOWN_MEMBERS) for item in items):
        yield Fact(Consequence.UNKNOWN_VALUES)


def _at_the_end(plan: Plan, default: JsonObject | None) -> Iterator[Fact]:
    if plan.duration is None:
        return
    lasts: dict[str, int | str] = {"seconds": int(plan.duration.total_seconds())}
    if plan.ends_at is not None:
        lasts["ends_at"] = plan.ends_at.astimezone(UTC).isoformat()
    if is_extension(plan):
        yield Fact(Consequence.EXTENDS, lasts)
    if not closes_everything(plan) and (plan.extends or not only_reduces_access(plan)):
        after = Consequence.STAYS_OPEN if plan.at_end is AtEnd.ASK else Consequence.BLOCKED_AT_END
        yield Fact(after, lasts)
    if blocks_default_guests_at_end(plan, default):
        yield Fact(Consequence.DEFAULT_GUESTS_END, {"is_at_end": True})


def _was_only_inherited(item: SettingChange, states: BeforeAfter) -> bool:
    """Return whether the partner had no own value before the plan, and the inherited value is not known."""
    return item.before is None and _inherits_unknown(item, None, states.before)


def _inherits_unknown(item: SettingChange, own_value: Any, effective: EffectiveSettings) -> bool:
    """Return whether a setting inherits a value that is not known, before or after a plan.

    :param own_value: the partner's own value at that time.
    :param effective: the effective settings at that time.
    """
    match item.part:
        case SettingPart.TARGETS:
            name = Property(item.name)
            return _has_unknown_list(name, parse_targets(name, own_value), effective)
        case SettingPart.FLAG if item.name == Property.INBOUND_TRUST:
            return own_value is None and effective.flags[Property.INBOUND_TRUST, item.key].value is None
        case SettingPart.UNREADABLE:
            return _readable_side_inherits(item.name, own_value)
        case _:
            return False


def _has_unknown_list(name: Property, own_value: Any, effective: EffectiveSettings) -> bool:
    targets = effective.targets[name]
    target_lists = configurations(targets.setting)
    lists = (None,) * len(target_lists) if own_value is None else configurations(own_value)
    return any(
        mine is None and (applied is None or origin is Origin.UNREADABLE)
        for mine, applied, origin in zip(lists, target_lists, targets.origins, strict=True)
    )


def _readable_side_inherits(name: str, own_value: Any) -> bool:
    """Return whether a value can be read and inherits; for a change whose other value cannot be read."""
    try:
        setting = parse_setting(Property(name), own_value)
    except (UnreadableSetting, ValueError):
        return False
    if name in TARGET_PROPERTIES:
        lists = parse_targets(Property(name), own_value)
        return lists is None or None in configurations(lists)
    if isinstance(setting, InboundTrust):
        return None in (setting.mfa, setting.compliant_device, setting.hybrid_joined_device)
    return setting is None and name == Property.INBOUND_TRUST


def _settings(plan: Plan) -> Iterator[tuple[Property, Setting]]:
    """Return the settings that the plan writes, without those that this version cannot read."""
    for change in changes(plan):
        try:
            name = Property(change.name)
            yield name, parse_setting(name, change.after)
        except (UnreadableSetting, ValueError):
            continue


def _has_only_list(setting: B2BSetting) -> bool:
    target_lists = (setting.users_and_groups, setting.applications)
    return any(
        target_list is not None
        and target_list.access is AccessType.ALLOWED
        and not {ALL_USERS, ALL_APPLICATIONS} & {target.id for target in target_list.targets}
        for target_list in target_lists
    )
