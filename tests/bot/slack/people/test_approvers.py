"""The approvers named on a card: who can still decide, names that differ, and no look-up of other people."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import pytest

from bot.slack.cards.approval.details_parts import whole_part
from bot.slack.ids import DetailsPart
from bot.slack.people.approvers import (
    MAX_NAMED_APPROVERS,
    Approvers,
    able_to_decide,
    deciders_by_stage,
    may_decide,
    name_approvers,
    name_stages,
)
from tests.workflows.core.builders import (
    AMARA,
    BRUNO,
    CHIE,
    DANA,
    DATA_OWNER,
    RILEY,
    SAM,
    SECURITY,
    STAGES,
    approval,
    prepared,
    request,
)
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, Person, Role
from workflows.core.policy.delegation.asking import StandIn
from workflows.core.requests.eligibility import current_eligibility, eligibility
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.ports.people_directory import PeopleDirectoryUnavailable


@dataclass(slots=True)
class FakeShown:
    """Names and addresses by chat id."""

    names: dict[ChatId, str] = field(default_factory=dict)
    mails: dict[ChatId, str] = field(default_factory=dict)
    asked: list[ChatId] = field(default_factory=list)
    trouble: Exception | None = None
    same: frozenset[ChatId] = frozenset()
    """The ids of one person."""
    members: frozenset[ChatId] = frozenset()
    """Who has each role."""
    holding: dict[Role, frozenset[ChatId]] = field(default_factory=dict)
    """Who has a role, where the roles differ."""
    known: Person | None = None
    """The person whom an account is found for."""
    away: tuple[StandIn, ...] = ()
    """Who is away, with who is asked in their place."""

    async def stand_ins(self) -> tuple[StandIn, ...]:
        """Return who is away now."""
        return self.away

    async def holders(self, role: Role) -> frozenset[ChatId]:
        if self.trouble is not None:
            raise self.trouble
        return self.holding.get(role, self.members)

    async def known_person(self, chat_id: ChatId) -> Person | None:
        return self.known

    async def all_ids(self, chat_ids: Iterable[ChatId]) -> frozenset[ChatId]:
        if self.trouble is not None:
            raise self.trouble
        asked = frozenset(chat_ids)
        return asked | self.same if asked & self.same else asked

    async def name_of(self, chat_id: ChatId) -> str:
        self.asked.append(chat_id)
        if self.trouble is not None:
            raise self.trouble
        if chat_id not in self.names:
            raise Refused(RefusalCode.UNKNOWN_USER)
        return self.names[chat_id]

    async def mail_of(self, chat_id: ChatId) -> str:
        return self.mails.get(chat_id, "")


def ids(*people: object) -> frozenset[ChatId]:
    return frozenset(person.chat_id for person in people)  # type: ignore[attr-defined]


async def named(shown: FakeShown, *holders: ChatId) -> Approvers:
    answer = await name_approvers(request(), {SECURITY: frozenset(holders)}, shown)  # type: ignore[arg-type]
    return answer[SECURITY]


async def free(shown: FakeShown, *holders: ChatId) -> frozenset[ChatId]:
    """Who can still decide on what Amara and Bruno have approved."""
    half_way = request(decisions=(approval(AMARA, 0), approval(BRUNO, 1)))
    return await able_to_decide(eligibility(half_way), frozenset(holders), shown)  # type: ignore[arg-type]


async def test_the_requester_the_sponsor_and_who_approved_are_not_among_those_who_can_decide() -> None:
    assert await free(FakeShown(), *ids(RILEY, SAM, AMARA, BRUNO, CHIE)) == ids(CHIE)


@pytest.mark.parametrize("who", [RILEY, SAM, AMARA, BRUNO], ids=lambda who: str(who.name))
async def test_nor_are_they_under_their_other_id(who: Person) -> None:
    other = ChatId("W-OTHER")
    assert await free(FakeShown(same=frozenset({who.chat_id, other})), other, CHIE.chat_id) == ids(CHIE)


async def test_where_slack_does_not_say_who_is_one_the_ids_that_are_known_are_left_out() -> None:
    shown = FakeShown(trouble=PeopleDirectoryUnavailable("Slack does not answer."))
    assert await free(shown, *ids(RILEY, AMARA, CHIE)) == ids(CHIE)


async def may(shown: FakeShown, reader: ChatId, asked: AccessRequest | None = None) -> bool | None:
    return await may_decide(asked or request(), reader, shown)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("reader", "expected"), [(RILEY, False), (SAM, False), (AMARA, True), (BRUNO, False)], ids=lambda one: str(one)
)
async def test_only_a_free_member_of_the_open_stage_may_decide_now(reader: Person, expected: bool) -> None:
    assert await may(FakeShown(members=ids(RILEY, SAM, AMARA)), reader.chat_id) is expected


async def test_who_approved_can_still_reject_and_a_complete_chain_that_waits_is_decided_by_a_click() -> None:
    """The stored approvals are enough, but one of them does not count any more: only a check of the roles knows."""
    shown = FakeShown(members=ids(AMARA, DANA))
    assert await may(shown, AMARA.chat_id, request(decisions=(approval(AMARA, 0),))) is None
    complete = request(decisions=(approval(AMARA, 0), approval(BRUNO, 1), approval(CHIE, 1)))
    assert current_eligibility(complete) is None
    assert await may(shown, DANA.chat_id, complete) is None


async def test_who_approved_can_reject_while_the_approved_request_waits_for_its_start() -> None:
    complete = (approval(AMARA, 0), approval(BRUNO, 1), approval(CHIE, 1))
    waits = request(RequestState.SCHEDULED, decisions=complete)
    assert await may(FakeShown(members=ids(AMARA, DANA)), AMARA.chat_id, waits) is True
    assert await may(FakeShown(members=ids(AMARA, DANA)), DANA.chat_id, waits) is False
    assert await may(FakeShown(), ChatId("W-OTHER"), waits) is False


async def test_until_a_write_is_stored_everybody_may_reject_an_approved_request_who_could_decide_on_it() -> None:
    complete = (approval(AMARA, 0), approval(BRUNO, 1), approval(CHIE, 1))
    waits = request(RequestState.APPLYING, decisions=complete)
    shown = FakeShown(holding={SECURITY: ids(AMARA, RILEY), DATA_OWNER: ids(DANA, BRUNO)})
    may_reject = {AMARA: True, BRUNO: True, DANA: True, RILEY: False, SAM: False}
    assert {who: await may(shown, who.chat_id, waits) for who in may_reject} == may_reject
    assert await may(shown, ChatId("W-OTHER"), waits) is False
    assert await may(replace(shown, known=DANA), ChatId("W-OTHER"), waits) is True
    assert await may(replace(shown, trouble=PeopleDirectoryUnavailable("No answer.")), DANA.chat_id, waits) is None
    written = replace(waits, writing_since=waits.created_at)
    assert await may(shown, AMARA.chat_id, written) is False, "it cannot be rejected any more"


async def test_nobody_decides_on_a_closed_request_nor_under_another_id() -> None:
    other = ChatId("W-OTHER")
    shown = FakeShown(members=ids(AMARA, CHIE) | {other})
    assert await may(shown, CHIE.chat_id, request(RequestState.REJECTED)) is False
    assert await may(replace(shown, known=RILEY), other) is False
    assert await may(replace(shown, same=frozenset({RILEY.chat_id, other})), other) is False


async def test_where_the_roles_cannot_be_read_only_what_the_request_says_is_known() -> None:
    shown = FakeShown(trouble=PeopleDirectoryUnavailable("Slack does not answer."))
    assert await may(shown, RILEY.chat_id) is False
    assert await may(shown, AMARA.chat_id) is None


async def test_two_people_of_one_name_are_distinguished() -> None:
    one, other, third = map(ChatId, ("U1", "U2", "U3"))
    shown = FakeShown({one: "Kim Lee", other: "Kim Lee", third: "Ada"}, {one: "kim@x.com"})
    assert (await named(shown, one, other, third)).names == (
        "Kim Lee (kim@x.com)",
        "Kim Lee (U2)",
        "Ada",
    )


async def test_a_namesake_of_the_requester_is_named() -> None:
    twin = replace(RILEY, chat_id=ChatId("U-TWIN"))
    shown = FakeShown({twin.chat_id: RILEY.name})
    assert (await named(shown, RILEY.chat_id, twin.chat_id)).names == (RILEY.name,)


async def test_only_who_is_named_is_looked_up() -> None:
    crowd = [ChatId(f"U{number:03}") for number in range(160)]
    shown = FakeShown({one: f"Person {one}" for one in crowd})
    answer = await named(shown, *crowd)
    assert (len(answer.names), answer.other_count) == (MAX_NAMED_APPROVERS, 160 - MAX_NAMED_APPROVERS)
    assert len(shown.asked) == MAX_NAMED_APPROVERS


async def test_one_unknown_user_hides_nobody_elses_name() -> None:
    answer = await named(FakeShown({ChatId("U2"): "Kim Lee"}), ChatId("U1"), ChatId("U2"))
    assert answer == Approvers(names=("Kim Lee",), other_count=1)


async def test_names_that_cannot_be_read_are_left_out() -> None:
    shown = FakeShown(trouble=PeopleDirectoryUnavailable("Slack does not answer."))
    answer = await name_approvers(request(), {DATA_OWNER: ids(CHIE)}, shown)  # type: ignore[arg-type]
    assert answer == {DATA_OWNER: Approvers()}


async def test_two_stages_with_the_same_title_are_both_listed() -> None:
    """A template may name two stages alike; each keeps its own people."""
    known = prepared()
    alike = tuple(replace(stage, title="Approval") for stage in known.stages)
    asked = request(RequestState.AWAITING_APPROVAL, prepared=replace(known, stages=alike))
    shown = FakeShown({}, holding={SECURITY: ids(AMARA), DATA_OWNER: ids(BRUNO, CHIE)})
    found = await deciders_by_stage(asked, shown)  # type: ignore[arg-type]
    assert [(stage.title, set(people)) for stage, people in found] == [
        ("Approval", set(ids(AMARA))),
        ("Approval", set(ids(BRUNO, CHIE))),
    ]
    rows = whole_part(asked, DetailsPart.APPROVERS, approvers=found)
    assert len(rows) == 3


async def test_before_a_request_is_sent_who_is_away_is_named_as_on_its_card() -> None:
    people = (AMARA, BRUNO, CHIE)
    names = {person.chat_id: person.name for person in people}
    stand_in = StandIn(person=AMARA.chat_id, name=AMARA.name, delegate=BRUNO.chat_id)
    shown = FakeShown(names=names, members=ids(*people), away=(stand_in,))
    stages = [replace(STAGES[0], quorum=quorum) for quorum in (1, 3)]
    one, all_of_them = await name_stages(stages, (), shown, requester=RILEY.chat_id, sponsor=SAM.chat_id)  # type: ignore[arg-type]
    assert one.approvers == Approvers(names=("Bruno for Amara", "Chie"))
    assert all_of_them.approvers == Approvers(names=("Amara (away)", "Bruno", "Chie")), "each decides for themselves"
