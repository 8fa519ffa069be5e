"""Make the findings for approvers about what a request replaces in a partner's record."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from workflows.core.checks.findings import Finding, FindingCode, Severity, Source, require_no_errors
from workflows.core.partners.approval_policy import ApprovalChain, is_as_strict, is_live
from workflows.core.partners.partnership import Partnership
from workflows.core.plans.closing import only_reduces_access
from workflows.core.plans.plan import Plan
from workflows.core.policy.template import Template
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.capabilities import is_list_missing, known_names, without_switched_off
from workflows.core.settings.model import Capabilities, Property, Setting


def replacement_findings(
    record: Partnership | None,
    plan: Plan,
    template: Template,
    stages: ApprovalChain,
    duration: timedelta,
    now: datetime,
) -> tuple[Finding, ...]:
    """Report which template, end and review interval a plan replaces, and why it needs additional approvals.

    The result is empty when there is no live partner. It is also empty for a plan that only reduces access, because
    such a plan replaces nothing.
    """
    if record is None or not is_live(record) or only_reduces_access(plan):
        return ()
    return tuple(_findings(record, template, stages, now + duration))


def with_end_of_capabilities(
    settings: Mapping[Property, Setting],
    template: Template,
    record: Partnership | None,
    configuration: JsonObject | None,
) -> Mapping[Property, Setting]:
    """Return the settings of a request for a live partner, with the capabilities that stand switched off.

    Calendars leave no sign-ins, so nobody would see that capabilities of the replaced template, or of an earlier
    version of the same one, are still used. A template that names capabilities says itself which are on.

    :param settings: the settings that the request asks for.
    """
    is_named = Property.M365_CAPABILITIES in template.settings
    if is_named or record is None or not is_live(record):
        return settings
    if not any(True for _ in known_names(without_switched_off((configuration or {}).get(Property.M365_CAPABILITIES)))):
        return settings
    return {**settings, Property.M365_CAPABILITIES: Capabilities(items=())}


def require_capabilities_read(record: Partnership | None, recorded_plan: Plan | None, plan: Plan) -> None:
    """Check that approved Microsoft 365 capabilities could be read before something else is approved.

    Otherwise they would stay as they are, and nobody would have approved them.

    :param recorded_plan: the plan of the record's request; None when it cannot be read.
    :raises PlanBreaksRules: with what to do, when their list is missing.
    """
    if recorded_plan is None or not is_live(record) or only_reduces_access(plan):
        return
    if is_list_missing(recorded_plan.approved_settings.configuration, plan.before):
        unread = Finding(code=FindingCode.CAPABILITIES_UNAVAILABLE, severity=Severity.ERROR, source=Source.RECORDS)
        require_no_errors([unread], "template")


def adoption_replacement_findings(
    record: Partnership | None, plan: Plan, decides: Template, duration: timedelta, now: datetime
) -> tuple[Finding, ...]:
    """Report which template, end and review interval the adoption of settings of no template replaces.

    :param decides: the template whose approval chain decides, which also sets the reviews.
    """
    if record is None or not is_live(record):
        return ()
    before = _values(record.template_title, record.ends_at, record.review_interval)
    after = _values("", now + duration, decides.review_interval)
    values = {
        "before": {**before, "at_end": record.at_end.value},
        "after": {**after, "at_end": plan.at_end.value},
    }
    return (
        Finding(code=FindingCode.REPLACES_TEMPLATE, severity=Severity.WARNING, source=Source.RECORDS, values=values),
    )


def _findings(record: Partnership, template: Template, stages: ApprovalChain, ends_at: datetime) -> Iterator[Finding]:
    if record.template != template.name:
        yield Finding(
            code=FindingCode.REPLACES_TEMPLATE,
            severity=Severity.WARNING,
            source=Source.RECORDS,
            values={
                "before": _values(record.template_title, record.ends_at, record.review_interval),
                "after": _values(template.title, ends_at, template.review_interval),
            },
        )
    if stages != template.stages and is_as_strict(stages, template.stages):
        yield Finding(
            code=FindingCode.KEEPS_APPROVAL_POLICY,
            severity=Severity.NOTE,
            source=Source.RECORDS,
            values={"template": template.title, "alone": _chain(template.stages), "needed": _chain(stages)},
        )


def _values(title: str, ends_at: datetime | None, review_interval: timedelta | None) -> dict[str, str | int | None]:
    return {
        "title": title,
        "ends_at": None if ends_at is None else ends_at.isoformat(),
        "review_days": None if review_interval is None else review_interval.days,
    }


def _chain(stages: ApprovalChain) -> list[dict[str, str | int]]:
    return [{"title": stage.title, "quorum": stage.quorum} for stage in stages]
