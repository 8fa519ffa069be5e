"""Messages about ends of access: one a person and batch, who counts as told, and the result of a block."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from tests.bot.slack.outbound.scene import Scene, action_ids, partnership, person, request
from tests.bot.surfaces import shown
from tests.workflows.app.evidence.reviews.stored_guests import store_guests
from tests.workflows.core import builders
from workflows.core.partners.access_end.decision import EndStep
from workflows.core.partners.partnership import PartnershipState, Suspension
from workflows.core.people import ADMIN, GATEHOUSE, ChatId
from workflows.core.plans.plan import AtEnd
from workflows.core.requests.request import AccessRequest, Closing, RequestId, RequestKind, RequestState
from workflows.core.settings.model import Property, TenantId
from workflows.core.settings.open_access import AccessState, OpenAccess
from workflows.ports.audit_log import AuditEntry
from workflows.ports.notifier import AnnouncedEnd, NotAllNotified, NotifierRefused, NotifierUnavailable
from workflows.ports.records import Commit

END: Final = builders.NOW + timedelta(days=90)


def announced(number: int = 0, sponsor: str = "requester", **changes: Any) -> AnnouncedEnd:
    """A notice of 30 days about a partner of its own."""
    tenant_id = TenantId(str(UUID(int=number + 1)))
    named = replace(builders.identity(), tenant_id=tenant_id, default_domain=f"p{number:03}.com")
    record = partnership(identity=named, sponsor=person(sponsor), at_end=AtEnd.BLOCK, ends_at=END)
    return AnnouncedEnd(**{"record": record, "ends_at": END, "days": 30, **changes})


def tenant(number: int) -> TenantId:
    return TenantId(str(UUID(int=number + 1)))


async def test_the_sponsor_gets_one_message_about_all_and_the_admins_get_the_last_notices(scene: Scene) -> None:
    ends = [announced(0), announced(1, days=3), announced(2, sponsor="approver1")]
    told = await scene.notifier().send_end_notices(ends, batch="b", blocked=0)
    assert scene.counts() == {"@requester": 1, "@approver1": 1, "@admin": 1}
    [message] = scene.messages("@requester")
    assert "p000.com" in shown(message)
    assert "p001.com" in shown(message)
    assert "p002.com" not in shown(message)
    assert "Blocked automatically on" in shown(message)
    assert action_ids(message) == ["request_again", "close_early"] * 2
    [admins] = scene.messages("@admin")
    assert "p001.com" in shown(admins)
    assert "p000.com" not in shown(admins)
    requester, admin = person("requester").chat_id, person("admin").chat_id
    assert told[tenant(0)] == (requester,)
    assert set(told[tenant(1)]) == {requester, admin}


async def test_a_repetition_sends_nothing_twice_and_still_says_who_was_told(scene: Scene) -> None:
    ends = [announced(0, days=1)]
    first = await scene.notifier().send_end_notices(ends, batch="b", blocked=0)
    again = await scene.notifier().send_end_notices(ends, batch="b", blocked=0)
    assert first == again
    assert scene.counts() == {"@requester": 1, "@admin": 1}


async def test_after_a_failure_only_who_has_no_message_gets_it(scene: Scene) -> None:
    ends = [announced(0), announced(1, sponsor="approver1")]
    scene.fail("chat.postMessage", status=503, times=1)
    with pytest.raises(NotifierUnavailable):
        await scene.notifier().send_end_notices(ends, batch="b", blocked=0)
    await scene.notifier().send_end_notices(ends, batch="b", blocked=0)
    assert scene.counts() == {"@requester": 1, "@approver1": 1}


async def test_one_person_whom_slack_does_not_reach_now_does_not_delay_the_others(scene: Scene) -> None:
    """The first of them waits, with the partner that is theirs; everybody else gets the message, and counts."""
    ends = [announced(0, sponsor="approver1"), announced(1), announced(2, days=3)]
    scene.fail("conversations.open", status=503, match=person("approver1").chat_id, times=20)
    for _ in range(2):
        with pytest.raises(NotAllNotified) as error:
            await scene.notifier().send_end_notices(ends, batch="b", blocked=0)
    assert error.value.waiting == {tenant(0)}
    requester, admin = person("requester").chat_id, person("admin").chat_id
    assert (error.value.told[tenant(0)], error.value.told[tenant(1)]) == ((), (requester,))
    assert set(error.value.told[tenant(2)]) == {requester, admin}
    assert scene.counts() == {"@requester": 1, "@admin": 1}


async def test_an_admin_whom_slack_does_not_reach_now_delays_only_what_admins_get(scene: Scene) -> None:
    ends = [announced(0), announced(1, days=3), announced(2, sponsor="admin")]
    scene.fail("conversations.open", status=503, match=person("admin").chat_id, times=20)
    with pytest.raises(NotAllNotified) as error:
        await scene.notifier().send_end_notices(ends, batch="b", blocked=0)
    assert error.value.waiting == {tenant(1), tenant(2)}
    assert error.value.told[tenant(1)] == (person("requester").chat_id,)


async def test_where_slack_accepts_nothing_not_everybody_is_tried(scene: Scene) -> None:
    people = [replace(person("requester"), chat_id=ChatId(f"U{number:04}")) for number in range(30)]
    ends = [
        announced(number, record=replace(announced(number).record, sponsor=one)) for number, one in enumerate(people)
    ]
    scene.fail("conversations.open", status=503, times=1000)
    with pytest.raises(NotifierUnavailable) as error:
        await scene.notifier().send_end_notices(ends, batch="b", blocked=0)
    assert not isinstance(error.value, NotAllNotified)


async def test_where_a_sponsor_left_the_admins_get_every_notice_and_count_as_told(scene: Scene) -> None:
    scene.fail("conversations.open", "user_disabled", match=person("requester").chat_id, times=1)
    told = await scene.notifier().send_end_notices([announced(0)], batch="b", blocked=0)
    assert told[tenant(0)] == (person("admin").chat_id,)
    assert scene.counts() == {"@admin": 1}


async def test_a_sponsor_without_an_account_is_not_asked(scene: Scene) -> None:
    record = replace(announced(0).record, sponsor_gone_at=builders.NOW)
    told = await scene.notifier().send_end_notices([announced(0, record=record)], batch="b", blocked=0)
    assert told[tenant(0)] == (person("admin").chat_id,)


async def test_nobody_reached_is_not_delivered(scene: Scene) -> None:
    scene.fail("conversations.open", "user_disabled", times=10)
    told = await scene.notifier().send_end_notices([announced(0, days=1)], batch="b", blocked=0)
    assert told == {tenant(0): ()}


async def test_an_admin_who_sponsors_and_left_leaves_it_to_the_other_admins(scene: Scene) -> None:
    scene.directory.roles[ADMIN] = ("admin", "approver3")
    scene.fail("conversations.open", "user_disabled", match=person("admin").chat_id, times=10)
    told = await scene.notifier().send_end_notices([announced(0, sponsor="admin")], batch="b", blocked=0)
    assert told[tenant(0)] == (person("approver3").chat_id,)


async def test_only_partners_that_the_message_names_count_as_announced(scene: Scene) -> None:
    ends = [announced(number) for number in range(103)]
    told = await scene.notifier().send_end_notices(ends, batch="b", blocked=0)
    assert scene.counts() == {"@requester": 1}
    [message] = scene.messages("@requester")
    assert "p099.com" in shown(message)
    assert "p100.com" not in shown(message)
    assert "and 3 more" in shown(message)
    assert len(action_ids(message)) == 20
    assert told[tenant(99)]
    assert told[tenant(102)] == (), "so the end asks, and blocks nobody"


async def test_at_the_end_an_admin_can_block_and_everybody_reads_why_and_until_when(scene: Scene) -> None:
    waits = request()
    ends = [
        announced(0, days=0, step=EndStep.NOT_ANNOUNCED, blocked_at=END + timedelta(days=7)),
        announced(1, days=0, step=EndStep.EXTENSION_OPEN, extension=waits, blocked_at=END + timedelta(days=5)),
        announced(2, days=0, step=EndStep.TOO_MANY),
    ]
    await scene.notifier().send_end_notices(ends, batch="b", blocked=10)
    [admins], [sponsors] = scene.messages("@admin"), scene.messages("@requester")
    assert "13 partners end; 10 are being blocked, 3 wait for you" in shown(admins)
    assert action_ids(admins) == ["request_again", "revoke_partner"] * 3
    assert action_ids(sponsors) == ["request_again", "close_early"] * 3
    assert f"({waits.id}, requested by {waits.require_prepared().requester.name})." in shown(admins)
    assert "no notice was delivered in time" in shown(sponsors)
    assert "or earlier if that request ends without more time" in shown(sponsors)
    assert shown(sponsors).count("unless it is extended or blocked before") == 2, "a rejection blocks at once"


def blocked(**changes: Any) -> AccessRequest:
    usual = builders.request(RequestState.APPLIED, RequestKind.REVOCATION)
    fields = replace(
        usual.fields, requester=GATEHOUSE.chat_id, sponsor=person("requester").chat_id, period_ended_at=END
    )
    prepared = replace(usual.require_prepared(), requester=GATEHOUSE, sponsor=person("requester"))
    return replace(usual, **{"fields": fields, "prepared": prepared, "not_closed": (), **changes})


async def test_the_result_of_a_block_goes_once_to_sponsor_and_admins(scene: Scene) -> None:
    for _ in range(2):
        await scene.notifier().show_block_at_end(blocked())
    assert scene.counts() == {"@requester": 1, "@admin": 1}
    [message] = scene.messages("@requester")
    assert "blocked at the end of its access period" in shown(message)
    assert "Nothing else is open" in shown(message)
    assert "Only the partner can end sessions" in shown(message)
    assert "until about" in shown(message)
    assert "How many guest accounts of the partner there are is not known." in shown(message)
    assert action_ids(message) == ["restore_partner"]


async def test_the_result_of_a_block_counts_the_guests_that_stay(scene: Scene) -> None:
    await store_guests(scene.store, builders.TENANT, 12, is_complete=False)
    await scene.notifier().show_block_at_end(blocked())
    assert "At least 12 guest accounts of the partner, as of" in shown(scene.messages("@requester")[0])


@pytest.mark.parametrize(
    ("changes_guests", "count", "is_recorded", "offered"),
    [
        (True, 12, True, ["accounts_disable"]),
        (True, 0, True, []),
        (True, 0, False, ["accounts_disable"]),
        (False, 12, True, []),
    ],
)
async def test_the_result_of_a_block_offers_admins_to_disable_the_guests_that_stay(
    scene: Scene, changes_guests: bool, count: int, is_recorded: bool, offered: list[str]
) -> None:
    """Also where the scan did not look for the partner, because it had no record yet."""
    await store_guests(scene.store, builders.TENANT, count, is_complete=True)
    if is_recorded:
        opened = builders.request(RequestState.APPLIED, version=1)
        entry = AuditEntry(key="k", at=builders.NOW, actor="a", command="c", outcome="accepted", details={})
        assert await scene.store.commit(Commit(entry=entry, request=opened))
    await scene.notifier(changes_guests=changes_guests).show_block_at_end(blocked())
    assert action_ids(scene.messages("@admin")[0]) == ["restore_partner", *offered]
    assert action_ids(scene.messages("@requester")[0]) == ["restore_partner"], "a sponsor disables nobody"


@pytest.mark.parametrize(
    ("opened_by", "days_ago", "offered"),
    [
        (RequestId("r-opened"), 0, "lift_partner"),
        (None, 0, "restore_partner"),
        (RequestId("r-opened"), 8, "restore_partner"),
    ],
)
async def test_a_suspension_offers_to_lift_it_where_that_is_possible(
    scene: Scene, opened_by: RequestId | None, days_ago: int, offered: str
) -> None:
    """A suspension can be lifted for as many days as the settings say; here it is a week."""
    done = blocked()
    fields = replace(done.fields, period_ended_at=None, silent_since=builders.NOW, closing=Closing.SUSPEND)
    request = replace(done, fields=fields)
    record = partnership(
        request_id=request.id,
        state=PartnershipState.SUSPENDED,
        suspension=Suspension(at=scene.world.clock.now() - timedelta(days=days_ago), request_id=opened_by),
        next_review_at=None,
        ends_at=END,
    )
    entry = AuditEntry(key="k", at=builders.NOW, actor="a", command="c", outcome="accepted", details={})
    assert await scene.store.commit(
        Commit(entry=entry, request=replace(request, version=1), partnership=replace(record, version=1))
    )
    await scene.notifier(lift_within=timedelta(days=7)).show_block_at_end(request)
    [message] = scene.messages("@admin")
    assert action_ids(message) == [offered]


@pytest.mark.parametrize(
    ("opening", "said"),
    [
        (AccessState.PARTLY, "access period ended, not everything closed"),
        (AccessState.UNKNOWN, "access period ended, not known if everything is closed"),
    ],
)
async def test_what_is_not_certainly_closed_is_not_called_blocked(
    scene: Scene, opening: AccessState, said: str
) -> None:
    left = OpenAccess(name=Property.M365_COLLABORATION_INBOUND.value, opening=opening)
    await scene.notifier().show_block_at_end(blocked(not_closed=(left,)))
    message = shown(scene.messages("@admin")[0])
    assert "⚠️" in message
    assert said in message
    assert "blocked at the end" not in message


async def test_a_result_of_which_nobody_can_be_told_is_given_up_and_alarms(scene: Scene) -> None:
    scene.fail("conversations.open", "user_disabled", times=10)
    with pytest.raises(NotifierRefused):
        await scene.notifier().show_block_at_end(blocked())
