"""What a request replaces in a live partner's record, and which approvals that needs, as findings for approvers."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from workflows.core.checks.findings import Finding, Severity
from workflows.core.partners.approval_policy import Chain, is_as_strict, is_live
from workflows.core.partners.partnership import Partnership
from workflows.core.plans.closing import only_narrows
from workflows.core.plans.plan import Plan
from workflows.core.policy.template import Template

_SOURCE = "Gatehouse's records"


def replacement_findings(
    known: Partnership | None, plan: Plan, template: Template, stages: Chain, duration: timedelta, now: datetime
) -> tuple[Finding, ...]:
    """State which template, end and review interval a plan replaces, and why it needs additional approvals.

    Empty when there is no live partner, and for a plan that only reduces access: that plan keeps all of it.
    """
    if known is None or not is_live(known) or only_narrows(plan):
        return ()
    return tuple(_findings(known, template, stages, now + duration))


def _findings(known: Partnership, template: Template, stages: Chain, ends_at: datetime) -> Iterator[Finding]:
    if known.template != template.name:
        was = _day(known.ends_at)
        yield Finding(
            code="replaces_template",
            severity=Severity.WARNING,
            text=f"It replaces “{known.template_title}” by “{template.title}”. End: {was} before, about "
            f"{_day(ends_at)} after. Review: {_interval(known.review_interval)} before, "
            f"{_interval(template.review_interval)} after.",
            source=_SOURCE,
        )
    if stages != template.stages and is_as_strict(stages, template.stages):
        yield Finding(
            code="keeps_approval_policy",
            severity=Severity.NOTE,
            text=f"“{template.title}” alone asks for {_chain(template.stages)}. This partner stands under a stricter "
            f"approval policy, or the risk of all that stands after is higher, so it needs {_chain(stages)}.",
            source=_SOURCE,
        )


def _chain(stages: Chain) -> str:
    return " and ".join(f"{stage.quorum} of “{stage.title}”" for stage in stages)


def _day(moment: datetime | None) -> str:
    return "none" if moment is None else f"{moment:%Y-%m-%d}"


def _interval(interval: timedelta | None) -> str:
    return "none" if interval is None else f"every {interval.days} days"
