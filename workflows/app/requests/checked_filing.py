"""File a form whose plan starts from what stands: check it and its people together, then store the request.

The forms that restore and that adopt settings are filed in this way.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final, Protocol

from workflows.app.requests.field_checks import checked_justification
from workflows.app.requests.filing import FormServices, RequestLimitCheck
from workflows.app.requests.forms import InvalidForm
from workflows.app.requests.people_checks import check_people, require_within_limits
from workflows.app.storing.identifiers import derived_request_id
from workflows.core.errors.facts import Fact
from workflows.core.people import ChatId
from workflows.core.policy.template import Template
from workflows.core.requests.request import ObservedPartner, RequestFields, RequestId, RequestKind
from workflows.core.settings.model import TenantId

_FIELDS: Final = frozenset({"justification", "sponsor", "duration"})
"""The fields that every such form has. A form has one more, where problems with the partner are shown."""

Proposed = tuple[Template | None, ObservedPartner | None]
"""The template whose approval chain decides, and the observed partner; each is None when it is not known."""


class FiledForm(Protocol):
    """What such a form contains, as typed."""

    @property
    def requester(self) -> ChatId:
        """Return who filled it in."""

    @property
    def tenant_id(self) -> TenantId:
        """Return the partner, which was found before the form was shown."""

    @property
    def justification(self) -> str:
        """Return the reason."""

    @property
    def sponsor(self) -> ChatId:
        """Return the sponsor."""

    @property
    def days(self) -> int:
        """Return for how many days it is requested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedFiling:
    """How one kind of form is filed."""

    field: str
    """The field that shows problems with the partner or its plan."""
    kind: RequestKind
    propose: Callable[[dict[str, Fact]], Coroutine[Any, Any, Proposed]]
    """Plans it, and adds the problems of the fields."""


async def file_checked(
    form: FiledForm, filing: CheckedFiling, services: FormServices, *, key: str, **more: Any
) -> RequestId:
    """Check the form and store the request.

    :param more: the fields of the request that only this kind has.
    :raises InvalidForm: naming every field that must change; nothing is stored.
    """
    request_id, field = derived_request_id(key), filing.field
    if await services.store.request(request_id) is not None:
        return request_id  # delivered again
    limit = RequestLimitCheck(service=services.service, limits=services.limits)
    await require_within_limits(limit, form.requester, field, key=key)
    problems: dict[str, Fact] = {}
    is_restore = filing.kind is RequestKind.RESTORATION
    justification = checked_justification(form.justification, problems, is_restore=is_restore)
    async with asyncio.TaskGroup() as group:
        people = group.create_task(
            check_people(form.requester, form.sponsor, field, problems, directory=services.directory)
        )
        proposed = group.create_task(filing.propose(problems))
    template, observation = proposed.result()
    if problems or template is None:
        if await services.store.request(request_id) is not None:
            return request_id  # delivered again, and the other delivery was stored first
        raise InvalidForm({name if name in _FIELDS else field: problem for name, problem in problems.items()})
    await require_within_limits(limit, form.requester, field, key=key, account=people.result())
    await services.service.submit(
        request_id,
        replace(_fields_of(form, filing.kind, template, justification), **more),
        key=key,
        decide_within=template.decide_within,
        observation=observation,
        account=people.result(),
    )
    await limit.tell_when_few_are_left(key=key)
    return request_id


def _fields_of(form: FiledForm, kind: RequestKind, template: Template, justification: str) -> RequestFields:
    return RequestFields(
        kind=kind,
        requester=form.requester,
        sponsor=form.sponsor,
        target=form.tenant_id,
        template=template.name,
        justification=justification,
        duration=timedelta(days=form.days),
    )
