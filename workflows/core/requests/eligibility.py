"""Find who may decide on a request now. Cards, App Home, messages, role checks and decisions use this result.

People are compared by account where it is known. The members of a role are compared by chat id.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import Enum, auto

from workflows.core.people import ChatId, CurrentRoles, Person, PersonId, Role
from workflows.core.policy.approval import Verdict
from workflows.core.policy.delegation.asking import StandIn, stand_ins_of
from workflows.core.policy.relations import NO_RELATIONS, Relations, waiting_key
from workflows.core.policy.template import Stage
from workflows.core.requests.request import AccessRequest, RequestState


class IneligibleReason(Enum):
    """Why somebody may not decide, whatever roles they have."""

    REQUESTER = auto()
    SPONSOR = auto()
    PARTNER_SPONSOR = auto()
    """They are the partner's sponsor on record, or were in the last 90 days."""
    AUTHOR = auto()
    """They made the settings that the request adopts."""
    REASSIGNER = auto()
    """They are an admin who reassigned an approval of the request, or named a manager's delegate."""
    SUBMITTER = auto()
    """They sent the request on behalf of the requester."""
    DRAFTER = auto()
    """They gave the file for which somebody else asks."""
    SUPPORTER = auto()
    """They support the request, because they asked for the same partner."""
    COUNTED = auto()
    """Their approval counts already. Each person can approve once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenStage:
    """A stage that still needs approvals."""

    role: Role
    title: str
    missing: int
    """How many approvals it needs; 0 for a later stage that has enough already."""
    alternates: Role | None = None
    """Whose members may decide as well, because the stage waited too long; None while nobody else may."""

    @property
    def roles(self) -> tuple[Role, ...]:
        """Return the roles whose members may decide now."""
        return (self.role,) if self.alternates is None else (self.role, self.alternates)


@dataclass(frozen=True, slots=True, kw_only=True)
class Eligibility:
    """Who is asked to decide on a request, and who may not decide."""

    stages: tuple[Stage, ...]
    verdict: Verdict
    requester: frozenset[ChatId | PersonId]
    """Every known id of the requester, and of everybody who edited the request."""
    sponsor: frozenset[ChatId | PersonId]
    """Every known id of the sponsor."""
    chat_ids: frozenset[ChatId]
    """Every known chat id of the people who may not decide."""
    authors: frozenset[ChatId | PersonId] = frozenset()
    """Every known id of the people who made the settings that are adopted."""
    partner_sponsors: frozenset[ChatId | PersonId] = frozenset()
    """Every known id of the people who are the partner's sponsor on record, or were in the last 90 days."""
    reassigners: frozenset[ChatId | PersonId] = frozenset()
    """Every known id of the admins who reassigned an approval."""
    stand_ins: tuple[StandIn, ...] = ()
    """Who is asked in place of whom in the open stage, because an admin reassigned it."""
    submitter: frozenset[ChatId | PersonId] = frozenset()
    """Every known id of who sent the request on behalf of the requester."""
    supporters: frozenset[ChatId | PersonId] = frozenset()
    """Every known id of the people who support the request."""
    drafter: frozenset[ChatId | PersonId] = frozenset()
    """Every known id of who gave the file for which somebody else asks."""
    relations: Relations = NO_RELATIONS
    """Who has the relation roles of the stages."""
    escalated: tuple[int, ...] = ()
    """The indexes of the stages whose alternates were asked. Nobody else's alternates may decide."""

    @property
    def waits_for(self) -> Role | None:
        """Return what the open stage waits for, with a space between several; None when the chain is complete.

        Each part is what `waiting_key` returns: for its role, and for its alternates once they were asked.
        """
        stages = self.open_stages
        return Role(" ".join(waiting_key(role, self.relations) for role in stages[0].roles)) if stages else None

    @property
    def open_stages(self) -> tuple[OpenStage, ...]:
        """Return the stages from the open one to the last; empty when the approval chain is complete."""
        start = self.verdict.open_stage
        if start is None:
            return ()
        pairs = list(zip(self.stages, self.verdict.counted_people, strict=True))[start:]
        return tuple(
            OpenStage(
                role=stage.role,
                title=stage.title,
                missing=max(0, stage.quorum - len(counted)),
                alternates=stage.alternates if index in self.escalated else None,
            )
            for index, (stage, counted) in enumerate(pairs, start)
        )

    @property
    def all_roles(self) -> tuple[Role, ...]:
        """Return the roles of all stages, each once, with those of the alternates that were asked."""
        stages = enumerate(self.stages)
        pairs = [(stage.role, stage.alternates if index in self.escalated else None) for index, stage in stages]
        return tuple(dict.fromkeys(role for pair in pairs for role in pair if role is not None))

    @property
    def excluded_ids(self) -> frozenset[ChatId | PersonId]:
        """Return every known id of the people who may not decide: accounts and chat ids."""
        counted = {
            known_id
            for people in self.verdict.counted_people
            for person in people
            for known_id in (person.id, person.chat_id)
        }
        asking = self.requester | self.sponsor | self.submitter | self.supporters | self.drafter
        return asking | self.partner_sponsors | self.authors | self.reassigners | counted

    def ineligible_reason(self, chat_id: ChatId, account: PersonId | None = None) -> IneligibleReason | None:
        """Return why a person may not decide, whatever roles they have; None when there is no such reason."""
        who = chat_id if account is None else account
        by_reason = {
            IneligibleReason.REQUESTER: self.requester,
            IneligibleReason.SUBMITTER: self.submitter,
            IneligibleReason.SPONSOR: self.sponsor,
            IneligibleReason.PARTNER_SPONSOR: self.partner_sponsors,
            IneligibleReason.AUTHOR: self.authors,
            IneligibleReason.DRAFTER: self.drafter,
            IneligibleReason.SUPPORTER: self.supporters,
            IneligibleReason.REASSIGNER: self.reassigners,
            IneligibleReason.COUNTED: self.excluded_ids,
        }
        return next((reason for reason, ids in by_reason.items() if who in ids), None)

    def approved_stage(self, account: PersonId) -> int | None:
        """Return the index of the stage in which a person's approval counts; None when it counts in none."""
        stages = enumerate(self.verdict.counted_people)
        return next((index for index, people in stages if any(account == person.id for person in people)), None)

    def eligible_members(self, holders: Iterable[ChatId], taken: Collection[ChatId] = ()) -> frozenset[ChatId]:
        """Return the members of a role who may decide.

        :param holders: the chat ids of the members.
        :param taken: more chat ids of people who may not decide.
        """
        return frozenset(holder for holder in holders if holder not in taken and self.ineligible_reason(holder) is None)


def eligibility(request: AccessRequest, current_roles: CurrentRoles | None = None) -> Eligibility:
    """Compute who may decide on a request, from its people and decisions. Pure.

    :param current_roles: the current roles. None counts every decision without checking roles, which is only for
        display.
    :raises Refused: while the request has no plan.
    """
    prepared, fields, verdict = request.require_prepared(), request.fields, request.verdict(current_roles)
    counted = (person.chat_id for people in verdict.counted_people for person in people)
    editors, submitter = request.editors, () if prepared.submitter is None else (prepared.submitter,)
    sent_by = ids_of(submitter).union(() if fields.submitter is None else (fields.submitter,))
    chat_ids = (prepared.requester.chat_id, fields.requester, prepared.sponsor.chat_id, fields.sponsor)
    named_by = (admin for holder in prepared.relations.holders for admin in holder.named_by)
    reassigners = (*(reassignment.by for reassignment in request.reassignments), *named_by)
    asking_people = (*editors, *submitter, *request.drafters, *request.supporters)
    excluded_people = (*asking_people, *prepared.authors, *prepared.partner_sponsors, *reassigners)
    return Eligibility(
        stages=prepared.stages,
        verdict=verdict,
        requester=_ids(prepared.requester, fields.requester).union(
            *(_ids(editor, editor.chat_id) for editor in editors)
        ),
        sponsor=_ids(prepared.sponsor, fields.sponsor),
        chat_ids=frozenset(
            (*chat_ids, *(person.chat_id for person in excluded_people), fields.submitter or ChatId(""), *counted)
        )
        - {ChatId("")},
        authors=ids_of(prepared.authors),
        partner_sponsors=ids_of(prepared.partner_sponsors),
        submitter=sent_by,
        supporters=ids_of(request.supporters),
        drafter=ids_of(request.drafters),
        reassigners=ids_of(reassigners),
        stand_ins=stand_ins_of(request.reassignments, stage=verdict.open_stage, round=request.round),
        relations=prepared.relations,
        escalated=request.escalated,
    )


def ids_of(people: Iterable[Person]) -> frozenset[ChatId | PersonId]:
    """Return every known id of these people. Who has no chat user has an empty chat id, which is left out."""
    return frozenset(known_id for person in people for known_id in (person.id, person.chat_id) if known_id)


def _ids(person: Person, chat_id: ChatId) -> frozenset[ChatId | PersonId]:
    return frozenset({person.id, person.chat_id, chat_id})


def eligibility_at_expiry(request: AccessRequest) -> Eligibility | None:
    """Return who could have decided on a request that expired; None when it did not expire, or had no plan."""
    if request.state is not RequestState.EXPIRED or request.prepared is None:
        return None
    who = eligibility(request)
    return who if who.open_stages else None


def current_eligibility(request: AccessRequest) -> Eligibility | None:
    """Return who may decide on a request that waits for approvals; None for any other request.

    Nobody decides on a member of a batch: they decide on the batch.
    """
    if request.state is not RequestState.AWAITING_APPROVAL or request.batch is not None:
        return None
    who = eligibility(request)
    return who if who.open_stages else None
