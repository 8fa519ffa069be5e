"""The title of a request, and of what a partner's access was approved as: a template, or restored settings."""

from collections.abc import Iterable

from bot.words.plans.accounts import accounts_title
from bot.words.settings.open_access import access_kind_titles
from workflows.core.partners.partnership import Partnership
from workflows.core.requests.request import PreparedRequest, RequestId


def prepared_title(prepared: PreparedRequest) -> str:
    """Return the title of a prepared request."""
    if prepared.plan.accounts is not None:
        return accounts_title(prepared.plan.accounts)
    if prepared.plan.adoption is not None:
        return f"Adopt current settings ({_equal(prepared.template_title)})"
    restored = prepared.restored
    if restored is None or not restored.policy_title:
        return prepared.template_title
    if restored.is_lift:
        return f"Lift of the suspension: what {restored.request_id} approved (“{restored.policy_title}”)"
    if restored.is_result:
        return f"Restore of what {restored.request_id} approved (approval policy of “{restored.policy_title}”)"
    return _restoration_title(restored.request_id, restored.policy_title)


def sent_for_words(prepared: PreparedRequest) -> str:
    """Return for whom a request was sent, and by whom; empty when the requester sent it."""
    submitter = prepared.submitter
    return "" if submitter is None else f"requested for {prepared.requester.name}, sent by {submitter.name}"


def left_out_words(codes: Iterable[str]) -> str:
    """Name the parts of a template that are not asked for; empty for none."""
    return access_kind_titles(codes)


def partner_title(partnership: Partnership) -> str:
    """Return the title of the access that a partner has, or had before it was revoked."""
    without = left_out_words(partnership.left_out)
    return f"{_access_title(partnership)} (without: {without})" if without else _access_title(partnership)


def _access_title(partnership: Partnership) -> str:
    if partnership.is_adopted:
        return f"Adopted settings ({_equal(partnership.template_title)})"
    if partnership.restored_from is None:
        return partnership.template_title
    return _restoration_title(partnership.restored_from, partnership.template_title)


def _equal(template_title: str) -> str:
    return f"same as “{template_title}”" if template_title else "no template"


def _restoration_title(request_id: RequestId, policy_title: str) -> str:
    return f"Restore of {request_id} (approval policy of “{policy_title}”)"
