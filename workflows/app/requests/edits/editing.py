"""Edit a request that waits for approvals. The form is checked again, and the request gets a new plan.

When something cannot be read now, the edit is refused, and the request stays as it is.
"""

import asyncio
from dataclasses import dataclass, replace

from workflows.app.requests import people_checks
from workflows.app.requests.filing import RequestLimitCheck
from workflows.app.requests.forms import Form, InvalidForm
from workflows.app.requests.intake import CheckedForm, Intake
from workflows.app.requests.people_checks import require_within_limits
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, Person
from workflows.core.requests.commands.editing import changed_field_names, require_may_edit, with_edited_values
from workflows.core.requests.commands.request import Edit
from workflows.core.requests.request import AccessRequest, RequestId
from workflows.partner_lookup.target import FIELD
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.tenant import TenantRefused, TenantUnavailable

PARTNER_PROBLEMS_FIELD = "template"
"""The name of the field that shows problems with the partner, because this form has no field for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestEditor:
    """Lets requesters edit their own requests."""

    intake: Intake

    async def require_editable(self, request_id: RequestId, actor: ChatId) -> AccessRequest:
        """Return the current request for the form that edits it, if this person may edit it.

        :raises Refused: when this person cannot edit it now.
        :raises PeopleDirectoryUnavailable, TenantUnavailable, TenantRefused: when the person cannot be identified now.
        """
        request = await self._load(request_id)
        digest = "" if request.prepared is None else request.prepared.plan.digest
        person = await self.intake.directory.identify(actor)
        require_may_edit(request, person, digest, self.intake.clock.now())
        return request

    async def edit(self, form: Form, *, key: str) -> None:
        """Check the form and store the edit. A repeated click (same `key`) changes nothing.

        :raises InvalidForm: naming every field that must change; nothing is stored.
        :raises Refused: when the request cannot be edited any more, or not by this person.
        """
        if form.edited_request is None or await self.intake.store.is_known(key):
            return
        request, digest = await self._load(form.edited_request.request_id), form.edited_request.digest
        person = await self._identify(form.requester)
        require_may_edit(request, person, digest, self.intake.clock.now())
        filing = RequestLimitCheck(service=self.intake.service, limits=self.intake.limits, is_new=False)
        await require_within_limits(filing, form.requester, PARTNER_PROBLEMS_FIELD, key=key, account=person.id)
        checked = await self._check_form(form, request)
        if not changed_field_names(request.fields, with_edited_values(request.fields, checked.fields)):
            raise InvalidForm({PARTNER_PROBLEMS_FIELD: Fact(RefusalCode.NOTHING_EDITED)})
        if checked.observation is None:
            raise InvalidForm({PARTNER_PROBLEMS_FIELD: Fact(RefusalCode.EDIT_NOT_CHECKED)})
        command = Edit(
            actor=person,
            request_id=request.id,
            digest=digest,
            new_fields=checked.fields,
            observation=checked.observation,
            lifetime=checked.template.decide_within,
        )
        await self.intake.service.advance(request.id, command, key=key)
        await filing.tell_when_few_are_left(key=key)

    async def _check_form(self, form: Form, request: AccessRequest) -> CheckedForm:
        fields = request.fields
        # NB. an edit changes neither the requester nor who sent the request. Only these two may edit it.
        filled = replace(
            form,
            target=fields.target,
            requester=fields.submitter or fields.requester,
            for_person=None if fields.submitter is None else fields.requester,
        )
        try:
            return await self.intake.check_form(filled, edited_id=request.id)
        except InvalidForm as invalid:
            shown_problems = {field: problem for field, problem in invalid.problems.items() if field != FIELD}
            if FIELD in invalid.problems:
                shown_problems.setdefault(PARTNER_PROBLEMS_FIELD, invalid.problems[FIELD])
            raise InvalidForm(shown_problems) from invalid

    async def _load(self, request_id: RequestId) -> AccessRequest:
        request = await self.intake.store.request(request_id)
        if request is None:
            raise Refused(RefusalCode.UNKNOWN_REQUEST)
        return request

    async def _identify(self, actor: ChatId) -> Person:
        try:
            async with asyncio.timeout(people_checks.TIMEOUT_SECONDS):
                return await self.intake.directory.identify(actor)
        except (PeopleDirectoryUnavailable, TenantUnavailable, TenantRefused, TimeoutError) as error:
            raise InvalidForm({PARTNER_PROBLEMS_FIELD: Fact(RefusalCode.EDIT_NOT_CHECKED)}) from error
