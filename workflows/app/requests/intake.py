"""Check the request form before anything is stored, and file it.

What is known at once is shown at the field. What Entra does not answer in time is checked while preparing. The request
is then stored and waits, because losing it would be worse.

This file is long because all checks of one form stand here, in their order.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from workflows.app.identifiers import derived_request_id
from workflows.app.limits import Limits
from workflows.app.requests.named_ids import NamedIds, NamesToShow, has_names, look_up_names
from workflows.app.requests.open_request import open_request_about
from workflows.app.requests.placeholder_checks import unknown_ids
from workflows.app.requests.proposing import (
    access_plan,
    chain_of,
    checked,
    current_template,
    require_chain,
    require_no_other_request,
)
from workflows.app.requests.request_limit import Filing
from workflows.app.service import Service
from workflows.catalog.catalog import Catalog
from workflows.catalog.current_policy import current_policy
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import InvalidField, NothingToChange, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, PersonId
from workflows.core.policy.placeholders import parse_placeholder
from workflows.core.policy.template import Stage, Template
from workflows.core.requests.request import AccessRequest, ObservedPartner, Particulars, RequestId, RequestKind
from workflows.core.settings.model import TenantId
from workflows.partner_lookup.lookup import look_up
from workflows.partner_lookup.target import FIELD, normalize_target
from workflows.ports.clock import Clock
from workflows.ports.directory import Directory, DirectoryRefused, DirectoryUnavailable
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable

TIMEOUT_SECONDS: Final = 1.8
"""Seconds that the form waits for the directory. The chat system allows a few seconds for the whole answer."""
NAMES_TIMEOUT_SECONDS: Final = 0.8
"""Seconds that it first waits for the lookup of names, if they were not looked up before."""
JUSTIFICATION_LIMIT: Final = 2000
_SEEN_FOR: Final = timedelta(minutes=1)
_MOST_SEEN: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The values that a person filled in, as typed."""

    requester: ChatId
    target: str
    template: str
    justification: str
    sponsor: ChatId
    days: int
    placeholders: Mapping[str, str] = field(default_factory=dict)
    """The values typed for the template's placeholders, by name; empty when the fields are not shown."""
    shown: Mapping[str, str] = field(default_factory=dict)
    """The ID that the form shows for a name which is still in the field, by the placeholder's name."""

    @property
    def with_ids(self) -> Mapping[str, str]:
        """Return the values of the fields, with the IDs that the form shows in place of names."""
        return {**self.placeholders, **self.shown}


class InvalidForm(Exception):
    """The form cannot be filed. `problems` says for each field what is wrong."""

    def __init__(self, problems: dict[str, Fact]) -> None:
        super().__init__("; ".join(f"{field}: {problem}" for field, problem in problems.items()))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Looks up partners for the form, and files requests."""

    service: Service
    store: Store
    tenant: Tenant
    directory: Directory
    catalog: Catalog
    clock: Clock
    limits: Limits | None = None
    """The limit of requests per hour for one person; None: no limit."""
    _seen: dict[str, ObservedPartner] = field(default_factory=dict)
    """What the form has just shown, for the one request that follows from it."""

    async def look_up(self, typed: str) -> ObservedPartner:
        """Resolve the text of the target field, for display.

        :raises InvalidField: with the text for the field.
        :raises TenantUnavailable, TenantRefused: when Entra does not give the answer.
        """
        target = normalize_target(typed)
        observation = await look_up(target, tenant=self.tenant, clock=self.clock, register=self.store)
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        self._seen[target] = observation
        return observation

    async def open_request(self, tenant_id: TenantId) -> AccessRequest | None:
        """Return the open request about this tenant; None when there is none.

        A second request would have to wait for it.
        """
        return await open_request_about(tenant_id, register=self.store)

    async def names_in(self, form: Form, template: Template) -> NamedIds:
        """Look up the names in fields for which the form shows no IDs yet; only for full members."""
        if not has_names(template, form.with_ids):
            return NamedIds()
        now = asyncio.get_running_loop().time
        until = now() + NAMES_TIMEOUT_SECONDS
        try:
            async with asyncio.timeout_at(until):
                if not await self.directory.is_member(form.requester):
                    return NamedIds()
        except (TenantUnavailable, TenantRefused, DirectoryUnavailable, TimeoutError):
            return NamedIds()
        return await look_up_names(template, form.with_ids, tenant=self.tenant, timeout_seconds=until - now())

    async def file(self, form: Form, *, key: str) -> RequestId:
        """Check the form and store the request. From then on nothing is lost.

        :raises InvalidForm: naming every field that must change; nothing is stored.
        :raises NamesToShow: when the object found for a name was not shown yet; nothing is stored.
        """
        request_id = derived_request_id(key)
        if await self.store.request(request_id) is not None:
            return request_id  # delivered again
        filing = Filing(service=self.service, limits=self.limits)
        await require_within_limits(filing, form.requester, FIELD, key=key)
        problems: dict[str, Fact] = {}
        justification = checked_justification(form.justification, problems, is_restore=False)
        template = self._template(form, problems)
        named = NamedIds() if template is None else await self.names_in(form, template)
        placeholders = None if template is None else _placeholders(form, template, named, problems)
        target = self._target(form, problems)
        if named.found and not problems:
            # All other questions follow when it is sent again: the form waits only as long as for one of the two.
            raise NamesToShow(named.found)
        observation, account = None, None
        if target is not None:
            observation, account = await self._ask_the_directory(form, target, template, placeholders, problems)
        if problems or target is None or template is None or placeholders is None:
            raise InvalidForm(problems)
        await require_within_limits(filing, form.requester, FIELD, key=key, account=account)
        await self.service.submit(
            request_id,
            Particulars(
                kind=RequestKind.ACCESS,
                requester=form.requester,
                sponsor=form.sponsor,
                target=target if observation is None else observation.identity.asked,
                template=template.name,
                justification=justification,
                duration=timedelta(days=form.days),
                placeholders=placeholders,
            ),
            key=key,
            decide_within=template.decide_within,
            observation=observation,
            account=account,
        )
        await filing.done(key=key)
        return request_id

    def _template(self, form: Form, problems: dict[str, Fact]) -> Template | None:
        try:
            template = current_template(self.catalog, form.template)
        except InvalidField as error:
            problems[error.field] = error.fact
            return None
        allowed = [duration.days for duration in template.durations]
        if form.days not in allowed:
            problems["duration"] = Fact(RefusalCode.DURATION_NOT_OFFERED, {"template": template.title, "days": allowed})
        return template

    def _target(self, form: Form, problems: dict[str, Fact]) -> str | None:
        try:
            return normalize_target(form.target)
        except InvalidField as error:
            problems[error.field] = error.fact
            return None

    async def _ask_the_directory(
        self,
        form: Form,
        target: str,
        template: Template | None,
        placeholders: Mapping[str, str] | None,
        problems: dict[str, Fact],
    ) -> tuple[ObservedPartner | None, PersonId | None]:
        """Ask about the tenant and the people in parallel, within the time that the form waits.

        :returns: the observation of the tenant, and the requester's account, as far as they are known in time.
        """
        async with asyncio.TaskGroup() as group:
            observed = group.create_task(self._observe(form, target, template, placeholders, problems))
            people = group.create_task(
                check_people(form.requester, form.sponsor, FIELD, problems, directory=self.directory)
            )
            if template is not None and placeholders is not None:
                group.create_task(self._ids(template, placeholders, problems))
            if template is not None:
                chain = group.create_task(self._chain_problem(form, template.stages))
        observation, stages = observed.result()
        if template is not None and (problem := chain.result()):
            if stages not in (None, template.stages):
                problem = await self._chain_problem(form, stages or ())
            if problem:
                problems["template"] = problem
        return observation, people.result()

    async def _observe(
        self,
        form: Form,
        target: str,
        template: Template | None,
        placeholders: Mapping[str, str] | None,
        problems: dict[str, Fact],
    ) -> tuple[ObservedPartner | None, tuple[Stage, ...] | None]:
        """Look up the tenant; return the observation, and the chain that the plan would need."""
        stages = None
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                observation = self._just_seen(target) or await look_up(
                    target, tenant=self.tenant, clock=self.clock, register=self.store
                )
            await require_no_other_request(self.store, observation, None, form.requester, self.directory)
            if template is not None and placeholders is not None:
                known = await self.store.partnership(observation.identity.tenant_id)
                days = timedelta(days=form.days)
                plan = access_plan(observation, template, days, placeholders, known=known, now=self.clock.now())
                policy = await current_policy(known, past=self.store, catalog=self.catalog)
                stages = chain_of(plan, template, observation, policy)
                checked(observation, plan, stages)
        except InvalidField as error:
            problems.setdefault(error.field, error.fact)
        except NothingToChange as error:
            problems.setdefault(FIELD, error.fact)
        except TenantRefused as error:
            problems.setdefault(FIELD, lookups_refused(error))
        except (TenantUnavailable, TimeoutError):
            return None, None
        else:
            return observation, stages
        return None, None

    def _just_seen(self, target: str) -> ObservedPartner | None:
        """Return what the form showed shortly before. Applying reads the tenant again, so this only saves a call."""
        seen = self._seen.pop(target, None)
        return seen if seen is not None and self.clock.now() - seen.at < _SEEN_FOR else None

    async def _ids(self, template: Template, placeholders: Mapping[str, str], problems: dict[str, Fact]) -> None:
        problems.update(await unknown_ids(template, placeholders, tenant=self.tenant, timeout_seconds=TIMEOUT_SECONDS))

    async def _chain_problem(self, form: Form, stages: tuple[Stage, ...]) -> Fact | None:
        return await chain_problem(stages, {form.requester, form.sponsor}, directory=self.directory)


def lookups_refused(error: TenantRefused) -> Fact:
    """Return that Entra refuses every lookup until an admin repairs that; nothing can be sent before."""
    return Fact(RefusalCode.LOOKUPS_REFUSED, {"answer": str(error)})


def checked_justification(typed: str, problems: dict[str, Fact], *, is_restore: bool) -> str:
    """Return a justification as it is stored; add what is wrong with it to `problems`."""
    justification = typed.strip()
    if not any(character.isprintable() and not character.isspace() for character in justification):
        problems["justification"] = Fact(RefusalCode.JUSTIFICATION_MISSING, {"is_restore": is_restore})
    elif len(justification) > JUSTIFICATION_LIMIT:
        problems["justification"] = Fact(RefusalCode.JUSTIFICATION_TOO_LONG, {"limit": JUSTIFICATION_LIMIT})
    return justification


async def require_within_limits(
    filing: Filing, requester: ChatId, place: str, *, key: str, account: PersonId | None = None
) -> None:
    """Check that one more request is within the limit.

    :param place: the field that shows the refusal.
    :raises InvalidForm: when the requester has sent as many requests as one person may in an hour.
    """
    try:
        await filing.require(requester, key=key, account=account)
    except Refused as refused:
        raise InvalidForm({place: refused.fact}) from refused


async def check_people(
    requester: ChatId, sponsor: ChatId, place: str, problems: dict[str, Fact], *, directory: Directory
) -> PersonId | None:
    """Add to `problems` who cannot take part; nothing when that is not known in time.

    :param place: the field that shows a problem with the requester.
    :returns: the requester's account, when it is known.
    """
    found: dict[ChatId, PersonId] = {}
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            for person, field in {sponsor: "sponsor", requester: place}.items():
                try:
                    found[person] = (await directory.identify(person)).id
                except Refused as refused:
                    if person == requester:
                        problems[field] = refused.fact  # replaces findings about somebody else
                    else:
                        about = {"refused": refused.fact.as_value()}
                        problems.setdefault(field, Fact(RefusalCode.SPONSOR_REFUSED, about))
    except (TenantUnavailable, TenantRefused, DirectoryUnavailable, TimeoutError):
        pass
    return found.get(requester)


async def chain_problem(stages: tuple[Stage, ...], excluded: set[ChatId], *, directory: Directory) -> Fact | None:
    """Return why nobody could complete the chain; None when somebody can, or when it is not known in time."""
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await require_chain(directory, stages, await directory.all_ids(excluded))
    except InvalidField as error:
        return error.fact
    except (TenantUnavailable, TenantRefused, DirectoryUnavailable, DirectoryRefused, TimeoutError):
        pass
    return None


def _placeholders(form: Form, template: Template, named: NamedIds, problems: dict[str, Fact]) -> dict[str, str] | None:
    """Read the ids for the template's placeholders; None when one is missing or wrong.

    A field that is not shown cannot show an error. What is missing there is shown at the template.
    """
    values, unseen, is_sound = {}, [], True
    given = {**form.with_ids, **{name: one.id for name, one in named.found.items()}}
    for placeholder in template.placeholders:
        if said := named.problems.get(placeholder.name):
            problems[placeholder.field], is_sound = said, False
            continue
        try:
            values[placeholder.name] = parse_placeholder(placeholder, given.get(placeholder.name, ""))
        except InvalidField as error:
            is_sound = False
            if placeholder.name in form.placeholders:
                problems[error.field] = error.fact
            else:
                unseen.append(placeholder.label)
    if unseen:
        problems["template"] = Fact(RefusalCode.TEMPLATE_ASKS_MORE, {"template": template.title, "labels": unseen})
    return {name: value for name, value in values.items() if value} if is_sound else None
