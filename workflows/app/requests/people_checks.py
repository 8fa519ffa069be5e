"""Check the people that a form names, within the time that the form waits.

A check without an answer in time adds no problem; it is made again while the request is prepared.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from workflows.app.approvers.managers import read_relations_of
from workflows.app.approvers.possible_chain import require_chain
from workflows.app.approvers.role_refusals import check_with_new_groups
from workflows.app.requests.filing import RequestLimitCheck
from workflows.app.requests.forms import InvalidForm
from workflows.core.errors.facts import Fact, as_values
from workflows.core.errors.raised import InvalidField, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ADMIN, ChatId, Person, PersonId, Role
from workflows.core.plans.closing import only_reduces_access
from workflows.core.plans.plan import Plan
from workflows.core.policy.relations import Relations
from workflows.core.policy.template import MayRequestFor, Stage, Template
from workflows.core.requests.eligibility import eligibility
from workflows.core.requests.request import AccessRequest, Support
from workflows.ports.people_directory import PeopleDirectory, PeopleDirectoryRefused, PeopleDirectoryUnavailable
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable

TIMEOUT_SECONDS: Final = 1.8
"""Seconds that the form waits for the answer who people are. The chat system allows three for the whole form."""


FOR_PERSON: Final = "for_person"
"""The name of the form's field for the person on whose behalf the request is sent."""


def lookups_refused(error: TenantRefused) -> Fact:
    """Return the problem that Entra refuses every lookup. The form cannot be sent until an admin repairs that."""
    return Fact(RefusalCode.ALL_LOOKUPS_REFUSED, {"answer": as_values(error.facts)})


async def require_within_limits(
    filing: RequestLimitCheck, requester: ChatId, field: str, *, key: str, account: PersonId | None = None
) -> None:
    """Check that one more request is within the limit.

    :param field: the name of the form's field that shows the refusal.
    :raises InvalidForm: when the requester has sent as many requests as one person may in an hour.
    """
    try:
        await filing.require(requester, key=key, account=account)
    except Refused as refused:
        raise InvalidForm({field: refused.fact}) from refused


async def check_people(
    requester: ChatId, sponsor: ChatId, requester_field: str, problems: dict[str, Fact], *, directory: PeopleDirectory
) -> PersonId | None:
    """Check the requester and the sponsor, and add to `problems` why one of them cannot take part.

    Nothing is added when it is not known in time.

    :param requester_field: the name of the form's field that shows a problem with the requester.
    :returns: the requester's account, when it is known.
    """
    accounts: dict[ChatId, PersonId] = {}
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            for person, field in {sponsor: "sponsor", requester: requester_field}.items():
                try:
                    accounts[person] = (await directory.identify(person)).id
                except Refused as refused:
                    if person == requester:
                        problems[field] = refused.fact  # replaces findings about somebody else
                    else:
                        about = {"refused": refused.fact.as_value()}
                        problems.setdefault(field, Fact(RefusalCode.SPONSOR_REFUSED, about))
    except (TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable, TimeoutError):
        pass
    return accounts.get(requester)


async def identify_requester(
    requester: ChatId, submitter: ChatId | None, *, directory: PeopleDirectory
) -> tuple[Person, Person | None]:
    """Return the requester, and who sent the request on their behalf; None when that is the same person.

    :raises InvalidField: when one of two different people cannot send requests.
    :raises Refused: when a person cannot send requests for themselves.
    """
    if submitter is None:
        return await directory.identify(requester), None
    people = []
    for person in (requester, submitter):
        try:
            people.append(await directory.identify(person))
        except PeopleDirectoryRefused:
            raise
        except Refused as refused:
            raise InvalidField(
                FOR_PERSON, RefusalCode.PERSON_NAMED_REFUSED, is_submitter=person == submitter
            ) from refused
    return people[0], None if people[0].id == people[1].id else people[1]


async def require_may_request(
    template: Template, requester: Person, submitter: Person | None, *, directory: PeopleDirectory, tenant: Tenant
) -> None:
    """Check that who sends a request may do so: for the template, and for the requester. Both are read now.

    :param submitter: who sends it on behalf of the requester; None when the requester does.
    :raises InvalidField: when they may not; the error names the roles that may.
    """
    await require_may_send(template, submitter or requester, directory=directory)
    if submitter is None or template.may_request_for is MayRequestFor.MEMBERS:
        return
    if template.may_request_for is MayRequestFor.REPORTS:
        manager = (await tenant.managers([requester.id])).get(requester.id)
        if manager is not None and manager.id == submitter.id:
            return
    may_for = template.may_request_for.value
    raise InvalidField(FOR_PERSON, RefusalCode.MAY_NOT_REQUEST_FOR, template=template.title, may_for=may_for)


async def require_may_send(template: Template, sender: Person, *, directory: PeopleDirectory) -> None:
    """Check that a person may send requests with a template, for themselves.

    :raises InvalidField: when they may not; the error names the roles that may.
    """
    if template.may_request:
        await check_with_new_groups(lambda: _require_role(template, sender, directory, template.may_request), directory)


async def require_may_restore_or_adopt(template: Template, requester: Person, *, directory: PeopleDirectory) -> None:
    """Check that a person may ask to restore or adopt settings: who may request the template that decides, and admins.

    See docs/decisions/0040-who-may-restore-and-adopt.md. A lift has a rule of its own, see `require_may_lift`.

    :param template: the template whose approval chain decides.
    :raises InvalidField: when they may not; the error names the roles that may.
    """
    if template.may_request:
        allowed, code = (*template.may_request, ADMIN), RefusalCode.MAY_NOT_RESTORE_OR_ADOPT
        await check_with_new_groups(lambda: _require_role(template, requester, directory, allowed, code), directory)


async def _require_role(
    template: Template,
    sender: Person,
    directory: PeopleDirectory,
    allowed: Sequence[Role],
    code: RefusalCode = RefusalCode.MAY_NOT_REQUEST,
) -> None:
    roles = await directory.current_roles([sender])
    if not any(roles.holds(sender.id, role) for role in allowed):
        raise InvalidField("template", code, template=template.title, roles=list(template.may_request))


async def restoring_problem(
    template: Template, plan: Plan, requester: ChatId, *, directory: PeopleDirectory
) -> Fact | None:
    """Return why a person may not ask to restore or adopt settings; None when they may, or it is not known in time."""
    if only_reduces_access(plan):
        return None
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            person = await directory.identify(requester)
            await require_may_restore_or_adopt(template, person, directory=directory)
    except InvalidField as error:
        return error.fact
    except (Refused, TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable, TimeoutError):
        pass  # a person who is refused is reported by `check_people`
    return None


async def may_request_problem(
    template: Template,
    requester: ChatId,
    submitter: ChatId | None,
    problems: dict[str, Fact],
    *,
    directory: PeopleDirectory,
    tenant: Tenant,
) -> PersonId | None:
    """Add to `problems` why the request may not be sent. Nothing is added when it is not known in time.

    :returns: the account of the submitter, when there is one and it is known.
    """
    if submitter is None and not template.may_request:
        return None
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            person, sent_by = await identify_requester(requester, submitter, directory=directory)
            await require_may_request(template, person, sent_by, directory=directory, tenant=tenant)
            return None if sent_by is None else sent_by.id
    except InvalidField as error:
        problems.setdefault(error.field, error.fact)
    except (Refused, TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable, TimeoutError):
        pass  # a person who is refused is reported by `check_people`
    return None


async def approval_chain_problem(
    stages: tuple[Stage, ...],
    excluded: tuple[ChatId, ChatId],
    *,
    directory: PeopleDirectory,
    submitter: ChatId | None = None,
) -> Fact | None:
    """Return why the approval chain cannot be completed; None when it can, or when it is not known in time.

    :param excluded: the requester and the sponsor, who may not decide.
    :param submitter: who sends the request on behalf of the requester, and may not decide either.
    """
    requester, sponsor = excluded
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            requester_ids = await directory.all_ids({requester})
            sending = requester_ids if submitter is None else await directory.all_ids({submitter})
            others = await directory.all_ids({sponsor}) - requester_ids - sending
            roles = [stage.role for stage in stages]
            relations = await read_relations_of(requester, sponsor, roles, directory=directory)
            taken = requester_ids | sending | others
            try:
                await require_chain(directory, stages, taken, others, relations=relations)
            except InvalidField as error:
                if not (named := requester_ids - sending):
                    return error.fact
                return await _named_or_lacking(error, directory, stages, taken - named, relations)
    except (TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable, Refused, TimeoutError):
        pass  # a person who is refused is named at another field
    return None


async def _named_or_lacking(
    error: InvalidField,
    directory: PeopleDirectory,
    stages: tuple[Stage, ...],
    others: frozenset[ChatId],
    relations: Relations,
) -> Fact:
    """Return why the chain cannot be completed, and whether only because of the person whom somebody sends it for.

    :param others: who may not decide besides that person.
    """
    if error.fact.code != RefusalCode.STAGE_WITHOUT_PEOPLE:
        return error.fact
    try:
        await require_chain(directory, stages, others, relations=relations)
    except InvalidField:
        return error.fact
    return Fact(error.fact.code, {**error.fact.values, "is_for_lack_of_the_named": True})


async def require_chain_without(
    request: AccessRequest,
    person: Person,
    *,
    directory: PeopleDirectory,
    code: RefusalCode = RefusalCode.SUPPORTER_IS_NEEDED,
) -> None:
    """Check that enough people are left to decide when a person with a role of the chain does not decide any more.

    :param code: the refusal. The usual one is for who supports the request.
    :raises Refused: when there are not.
    """
    prepared = request.require_prepared()
    held = await directory.current_roles([person])
    relations = prepared.relations
    if not any(
        held.holds(person.id, stage.role) or person.chat_id in relations.chat_ids(stage.role)
        for stage in prepared.stages
    ):
        return
    supported = replace(request, supports=(*request.supports, Support(person=person, at=request.changed_at)))
    excluded = await directory.all_ids(eligibility(supported).chat_ids)
    try:
        await require_chain(directory, _missing_stages(supported), excluded, relations=relations)
    except InvalidField as error:
        values = {name: error.fact.values.get(name, "") for name in ("stage", "role")}
        raise Refused(code, **values) from error


def _missing_stages(request: AccessRequest) -> tuple[Stage, ...]:
    """Return the stages that still need approvals, each with only as many as it needs."""
    stages, counted = request.require_prepared().stages, request.verdict().counted_people
    pairs = zip(stages, counted, strict=True)
    return tuple(
        replace(stage, quorum=stage.quorum - len(people)) for stage, people in pairs if len(people) < stage.quorum
    )
