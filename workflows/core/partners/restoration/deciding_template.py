"""Choose the template whose approval chain decides on a restoration."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from workflows.core.errors.raised import InvalidField
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.extension import at_end_of, on_silence_of
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.restoration.restorable import FIELD, ended_at
from workflows.core.partners.restoration.restoration_plan import is_same_configuration
from workflows.core.plans.changes import plan_access_change
from workflows.core.plans.plan import Plan
from workflows.core.policy.risk import risk_for_approval, weakness_of
from workflows.core.policy.template import Template, stages_for
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.core.settings.canonical import JsonObject


def deciding_template(
    plan: Plan,
    earlier_configuration: JsonObject | None,
    *,
    requests: Sequence[AccessRequest],
    templates: Mapping[str, Template],
    default: JsonObject | None = None,
) -> Template:
    """Choose the template whose approval chain decides on a restoration.

    The first choice is the template with which exactly these settings were approved before. It must still exist, and
    its chain must be strong enough for all settings after the restoration. Otherwise the template with the strongest
    chain is chosen.

    :param earlier_configuration: the settings to restore; None for a partner without its own configuration.
    :param requests: every known request about this partner, in any order.
    :param default: the tenant's default configuration; None when it is not known.
    :raises InvalidField: when even the strongest chain is too weak.
    """
    access, level = plan_access_change(plan), risk_for_approval(plan, default).level
    candidates = likely_templates(earlier_configuration, requests=requests, templates=templates)
    for template in candidates:
        weak = weakness_of(stages_for(access, template), level)
        if weak is None:
            return template
    raise InvalidField(
        FIELD,
        RefusalCode.RESTORE_APPROVAL_POLICY_TOO_WEAK,
        template=candidates[-1].title,
        weakness=None if weak is None else weak.as_value(),
    )


def likely_templates(
    earlier_configuration: JsonObject | None, *, requests: Sequence[AccessRequest], templates: Mapping[str, Template]
) -> tuple[Template, ...]:
    """List the templates whose approval chains may decide on restoring an earlier configuration, first choice first."""
    strongest = max(templates.values(), key=_strength)
    return (*_template_approved_earlier(earlier_configuration, requests, templates), strongest)


def with_deciding_template(plan: Plan, template: Template, record: Partnership | None) -> Plan:
    """Return the plan with the name and hash of the template whose approval chain decides on it, and its end.

    When the template changes, decisions on the plan become invalid.

    :param record: the partner's record, if there is one.
    """
    at_end, on_silence = at_end_of(plan, record, template), on_silence_of(plan, record, template)
    return replace(
        plan,
        template=template.name,
        template_hash=template.content_hash,
        at_end=at_end,
        on_silence=on_silence,
    )


def _template_approved_earlier(
    earlier_configuration: JsonObject | None, requests: Sequence[AccessRequest], templates: Mapping[str, Template]
) -> Iterator[Template]:
    """Return the template of the newest access request or adoption that led to a configuration, if it still exists."""
    for request in sorted(requests, key=ended_at, reverse=True):
        is_approved_kind = request.fields.kind in (RequestKind.ACCESS, RequestKind.ADOPTION)
        if request.state is not RequestState.APPLIED or not is_approved_kind or request.plan.kept_approval:
            continue
        plan = request.plan
        if is_same_configuration(plan.tenant_id, plan.configuration_after(), earlier_configuration):
            if plan.template in templates:
                yield templates[plan.template]
            return


def _strength(template: Template) -> tuple[int, int, str]:
    return sum(stage.quorum for stage in template.stages), len(template.stages), template.name
