"""What an approver must know besides the settings. Each sentence is true for the given plan.

The facts are Microsoft's: "Cross-tenant access overview", "Cross-tenant access settings API overview", "Configure B2B
collaboration cross-tenant access", "user: revokeSignInSessions".
"""

from collections.abc import Iterator, Sequence
from typing import Final

from workflows.core.errors.raised import UnreadableSetting
from workflows.core.partner_setup.steps import asked_by
from workflows.core.plans.closing import closes_everything, only_narrows
from workflows.core.plans.plan import Plan, changes
from workflows.core.plans.refused_writes import written_names
from workflows.core.plans.renewal import is_renewal
from workflows.core.plans.words import Line, describe, duration_words
from workflows.core.settings.block import not_blocked
from workflows.core.settings.breadth import AccessChange, is_certainly_blocked
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.documents import normalize, parse_setting
from workflows.core.settings.model import (
    ALL_APPLICATIONS,
    ALL_USERS,
    B2B_PROPERTIES,
    CLOSED,
    IDENTITY_SYNCHRONIZATION,
    TARGET_PROPERTIES,
    AccessType,
    AutomaticRedemption,
    B2BSetting,
    IdentitySynchronization,
    InboundTrust,
    Property,
    Setting,
)
from workflows.core.settings.openness import OpenWay, open_ways
from workflows.core.settings.openness_words import way_title, ways_words
from workflows.core.settings.words import INHERITS, NOT_ALLOWED, UNREADABLE, synchronization_words, title
from workflows.core.text import Action, counted

NOT_DELETED: Final = (
    "This blocks the partner and does not delete it: a deleted partner would fall back to the tenant's defaults, which "
    "usually allow B2B collaboration."
)
NOT_DELETED_ELSEWHERE: Final = (
    "The partner is blocked by settings of its own. It is in another Microsoft cloud, where removing it would block it "
    "as well."
)
TOKENS: Final = (
    "Tokens that are already issued usually keep working for up to an hour; longer where a token lifetime policy says "
    "so."
)
GUESTS_STAY: Final = (
    "Guests who are signed in now notice it at their next sign-in or token refresh; their guest accounts stay. "
    "Their sessions belong to their own tenant, and only that tenant can end them."
)
SYNCHRONIZED_STAY: Final = "Users who were already synchronized stay; no further ones come."
SYNCHRONIZATION_THEIRS: Final = (
    "Users come only when the partner also sets its outbound half of automatic redemption and runs a provisioning job. "
    "What that job does with people who leave is set there."
)
KEPT: Final = (
    "The partner's entry is kept, not deleted: a deleted partner would fall back to the tenant's defaults, which "
    "usually allow B2B collaboration."
)
KEPT_ELSEWHERE: Final = (
    "The partner's entry is kept, not deleted. The partner is in another Microsoft cloud, where removing its entry "
    "would block it as well."
)
NOT_CLOSED: Final = "Not closed for certain after this: "
WRITTEN_LAST: Final = "Written last, and Microsoft may refuse it; everything before it stands all the same: "
NOT_TOUCHED: Final = "Set for this partner as well, and not changed by this: "
ENCRYPTED_MAIL: Final = "Blocking every application outbound also blocks encrypted (rights-protected) mail."
TRUST: Final = (
    "Trust does not switch Conditional Access off: what it requires is still required, and the partner's claim "
    "satisfies it."
)
REDEMPTION_INBOUND: Final = (
    "Their people keep seeing the consent prompt until the partner also sets its outbound half of automatic "
    "redemption. Gatehouse cannot see or set that half."
)
REDEMPTION_OUTBOUND: Final = (
    "Our people keep seeing the consent prompt until the partner also sets its inbound half of automatic redemption. "
    "Gatehouse cannot see or set that half."
)
DIRECT_CONNECT: Final = "B2B direct connect works only when the partner sets its half too."
ONLY_NAMED: Final = (
    "Whatever an “only” list does not name is blocked for this partner, even where the tenant's default allows it."
)
DEPENDS_ON_DEFAULT: Final = (
    "Where a setting inherits the tenant's default before or after, it depends on that default whether the change "
    "opens or narrows it."
)
NOTHING_OF_ITS_OWN: Final = (
    "No setting of its own is left to this partner: the tenant's defaults apply to it. Its entry stays; it is not "
    "deleted."
)
UNKNOWN_VALUES: Final = (
    "Some values cannot be read by this version of Gatehouse; whether they open or close anything is not known."
)

_NOT_CLOSED: Final = tuple(name for name in TARGET_PROPERTIES if name not in B2B_PROPERTIES)
_SETTINGS: Final = tuple(name for name in Property if name is not Property.IDENTITY_SYNCHRONIZATION)
_B2B_TITLES: Final = frozenset(title(name) for name in B2B_PROPERTIES)


def consequences(
    plan: Plan,
    default: JsonObject | None = None,
    *,
    is_applied: bool = False,
    not_closed: Sequence[OpenWay] | None = None,
) -> tuple[str, ...]:
    """List the consequences of `plan` in complete sentences, those of closing first.

    :param default: the tenant's default configuration; None when it is not known.
    :param is_applied: whether the plan was applied already.
    :param not_closed: what the read-back after a closing showed as open; None when there was no such read-back.
    """
    if not_closed is None:
        not_closed = open_ways(plan.image_after() or {}, default)
    lines = describe(plan, default)
    target_lists = _when_two_sided(plan, default, is_applied=is_applied)
    said = [
        *_when_closing(plan, lines, not_closed),
        *(() if is_applied else _when_refusable(plan)),
        *_when_opening(plan),
        *_when_inheriting(plan),
        *target_lists,
        *_when_unsure(lines),
        *_at_the_end(plan),
    ]
    return tuple(dict.fromkeys(said))


def _when_closing(plan: Plan, lines: Sequence[Line], left: Sequence[OpenWay]) -> Iterator[str]:
    settings = dict(_settings(plan))
    after = plan.image_after() or {}
    if not set(not_blocked(after)) & set(CLOSED):
        if plan.is_cross_cloud:
            yield KEPT_ELSEWHERE if left else NOT_DELETED_ELSEWHERE
        else:
            yield KEPT if left else NOT_DELETED
        if left:
            yield f"{NOT_CLOSED}{ways_words(left)}."
        written = {change.name for change in changes(plan)}
        if others := [title(name) for name in _NOT_CLOSED if after.get(name) is not None and name not in written]:
            yield f"{NOT_TOUCHED}{', '.join(others)}."
    if any(line.opens is False and (line.setting in _B2B_TITLES or line.before != INHERITS) for line in lines):
        yield TOKENS
    if any(line.opens is False and line.setting == title(Property.B2B_COLLABORATION_INBOUND) for line in lines):
        yield GUESTS_STAY
    synchronization = (change for change in changes(plan) if change.name == IDENTITY_SYNCHRONIZATION)
    if any(synchronization_words(change.after) == NOT_ALLOWED for change in synchronization):
        yield SYNCHRONIZED_STAY
    outbound = settings.get(Property.B2B_COLLABORATION_OUTBOUND)
    if isinstance(outbound, B2BSetting) and is_certainly_blocked(outbound):
        yield ENCRYPTED_MAIL


def _when_refusable(plan: Plan) -> Iterator[str]:
    if plan.further:
        names = dict.fromkeys(name for operation in plan.further for name in written_names(operation))
        yield f"{WRITTEN_LAST}{'; '.join(map(way_title, names))}."


def _when_opening(plan: Plan) -> Iterator[str]:
    for name, setting in _settings(plan):
        match setting:
            case InboundTrust() if setting.mfa or setting.compliant_device or setting.hybrid_joined_device:
                yield TRUST
            case AutomaticRedemption():
                if setting.inbound:
                    yield REDEMPTION_INBOUND
                if setting.outbound:
                    yield REDEMPTION_OUTBOUND
            case IdentitySynchronization(is_allowed=True):
                yield SYNCHRONIZATION_THEIRS
            case B2BSetting() if not is_certainly_blocked(setting):
                if name in (Property.B2B_DIRECT_CONNECT_INBOUND, Property.B2B_DIRECT_CONNECT_OUTBOUND):
                    yield DIRECT_CONNECT
                if _has_only_list(setting):
                    yield ONLY_NAMED


def _when_two_sided(plan: Plan, default: JsonObject | None, *, is_applied: bool) -> Iterator[str]:
    needed = sum(step.is_needed for step in asked_by(plan, default))
    if needed:
        yield (
            f"Ours is one half: {counted(needed, 'step')} for the partner's administrator, unknown to Gatehouse until "
            f"the sponsor confirms them. {Action.CHECKLIST} has them{'' if is_applied else ' once this is applied'}."
        )


def _when_inheriting(plan: Plan) -> Iterator[str]:
    after = plan.image_after() or {}
    names = (change.name for change in changes(plan))
    if any(name in TARGET_PROPERTIES for name in names) and not any(normalize(after.get(name)) for name in _SETTINGS):
        yield NOTHING_OF_ITS_OWN


def _when_unsure(lines: Sequence[Line]) -> Iterator[str]:
    if any(line.effect == AccessChange.UNKNOWN and INHERITS in line.before + line.after for line in lines):
        yield DEPENDS_ON_DEFAULT
    if any(UNREADABLE in line.before + line.after for line in lines):
        yield UNKNOWN_VALUES


def _at_the_end(plan: Plan) -> Iterator[str]:
    if is_renewal(plan) and plan.duration is not None:
        yield (
            "Nothing is written to the tenant: all that stands for this partner is approved for another "
            f"{duration_words(plan.duration)}, counted from the last approval."
        )
    if plan.duration is not None and not closes_everything(plan) and not only_narrows(plan):
        yield (
            f"Nothing closes by itself after {duration_words(plan.duration)}: the sponsor is then asked to revoke the "
            "access or to have a new request approved."
        )


def _settings(plan: Plan) -> Iterator[tuple[Property, Setting]]:
    """Return the settings that the plan writes, as far as this version can read them."""
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
