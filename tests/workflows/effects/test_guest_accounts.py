"""Guest accounts are shown, confirmed, written group by group, read back, and enabled again."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.words.requests.notes import note_words
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, RILEY, TENANT
from tests.workflows.guest_accounts import guest, listed
from tests.workflows.world import World
from workflows.app.schedule.ticker import tick
from workflows.app.storing.identifiers import derived_request_id, verdict_key
from workflows.core.people import Person, PersonId
from workflows.core.plans.accounts import AccountChange, AccountEnd, AccountOutcome, AccountState, LeftAlone
from workflows.core.policy.stops.freeze import FreezeStep
from workflows.core.policy.template import DisablingGuests
from workflows.core.requests.commands.freeze import ChangeFreeze
from workflows.core.requests.commands.partner_record import Revoke
from workflows.core.requests.commands.request import ChangeGuests, Confirm, Withdraw
from workflows.core.requests.effects import Apply
from workflows.core.requests.notes import NoteCode, state_to_display
from workflows.core.requests.request import AccessRequest, RequestId, RequestKind, RequestState
from workflows.core.requests.transitions.guest_accounts import confirmation_text, progress_of
from workflows.ports.tenant import TenantRefused, TenantUnavailable

S = RequestState


def put_guests(world: World, states: Iterable[AccountState]) -> None:
    """Let the tenant have these accounts, as they are listed and as they are read."""
    states = list(states)
    world.guest_accounts.put(*states)
    world.tenant.tenant_settings.guest_pages = [[listed(one) for one in states]]


async def change(
    world: World, kind: AccountChange = AccountChange.DISABLE, actor: Person = DANA, **asked: Any
) -> AccessRequest | None:
    """Ask for a change of guest accounts, and prepare it; None when it was refused."""
    key, usual = world.key(), {"target": "contoso.com", "reason": "The project is over."}
    click = ChangeGuests(actor=actor.chat_id, change=kind, **{**usual, **asked})
    await world.click(click, key=key)
    return await world.store.request(derived_request_id(verdict_key(key)))


async def asked(world: World, *args: Any, **changes: Any) -> AccessRequest:
    """The same for a request that is shown."""
    request = await change(world, *args, **changes)
    assert request is not None, await world.refusals()
    assert request.state is S.AWAITING_CONFIRMATION, note_words(request.note)
    return request


async def confirm(
    world: World, request: AccessRequest, actor: Person = DANA, *, typed: str = "", but: type | None = None
) -> AccessRequest:
    """Confirm what was shown, and let what follows be done."""
    text = typed or confirmation_text(request)
    click = Confirm(actor=actor.chat_id, request_id=request.id, digest=request.plan.digest, typed=text)
    await world.click(click, but=but)
    return await world.request(request.id)


async def finish(world: World, request_id: RequestId, *, rounds: int = 60) -> AccessRequest:
    """Let time pass until a request has ended."""
    for _ in range(rounds):
        request = await world.settled(request_id)
        if request.is_terminal:
            return request
        world.clock.advance(seconds=61)
    raise AssertionError(f"{request.state}: {note_words(request.note)}")


def ends(request: AccessRequest) -> dict[AccountEnd, int]:
    """How many accounts ended in each way."""
    return {end: number for end in AccountEnd if (number := progress_of(request).count(end))}


async def test_an_admin_disables_the_guests_of_a_partner_after_typing_their_number(world: World) -> None:
    put_guests(world, map(guest, range(45)))
    shown = await asked(world)
    assert confirmation_text(shown) == "contoso.com 45"
    assert world.guest_accounts.sent == []
    done = await confirm(world, shown)
    assert done.state is S.APPLIED, note_words(done.note)
    assert ends(done) == {AccountEnd.DONE: 45}
    assert [len(group) for group in world.guest_accounts.sent] == [20, 20, 5]
    assert not any(one.is_enabled for one in world.guest_accounts.states.values())
    assert state_to_display(done).value == "guests_disabled"
    assert note_words(done.note) == "45 guest accounts are disabled (verified)."
    names = [command for _, command, outcome in await world.log(of=done.id) if outcome == "accepted"]
    assert names == [
        "submit",
        "record_prepared",
        "confirm",
        *["record_accounts_sending", "record_account_results"] * 3,
        "record_accounts_read",
    ]
    assert await world.store.partnership(TENANT) is None, "the partner's record does not change"


async def test_who_must_not_be_written_is_shown_with_the_reason(world: World) -> None:
    twin = guest(5, mail="Guest4@contoso.com")
    odd = {
        "member": guest(1, user_type="member"),
        "synchronized": guest(2, is_synchronized=True),
        "already": guest(3, is_enabled=False),
    }
    put_guests(world, [guest(0), *odd.values(), guest(4), twin, guest(6), guest(7), guest(8), guest(9)])
    pages = world.tenant.tenant_settings.guest_pages
    pages[0].append(listed(guest(10), principal_name="guest10@us.example", state=""))
    world.guest_accounts.put(guest(10), guest(8, user_type=""))
    world.guest_accounts.role_names[PersonId("guest-6")] = ("Global Reader",)
    del world.guest_accounts.states[PersonId("guest-9")]
    shown = await asked(world)
    plan = shown.plan.accounts
    assert plan is not None
    assert [one.id for one in plan.accounts] == ["guest-0", "guest-7"]
    assert {one.id: one.reason for one in plan.left_alone} == {
        "guest-1": LeftAlone.MEMBER,
        "guest-2": LeftAlone.SYNCHRONIZED,
        "guest-3": LeftAlone.ALREADY,
        "guest-4": LeftAlone.SAME_ADDRESS,
        "guest-5": LeftAlone.SAME_ADDRESS,
        "guest-6": LeftAlone.HAS_ROLE,
        "guest-8": LeftAlone.MEMBER,
        "guest-9": LeftAlone.GONE,
        "guest-10": LeftAlone.MADE_HERE,
    }
    done = await confirm(world, shown)
    assert [*world.guest_accounts.sent] == [("guest-0", "guest-7")]
    assert done.state is S.APPLIED


async def test_a_chosen_account_is_written_although_its_address_is_shared_and_nobody_else_is(world: World) -> None:
    put_guests(world, [guest(0), guest(1, mail="guest0@contoso.com"), guest(2)])
    shown = await asked(world, accounts=(PersonId("guest-1"), PersonId("stranger")))
    plan = shown.plan.accounts
    assert plan is not None
    assert [one.id for one in plan.accounts] == ["guest-1"]
    assert [(one.id, one.reason) for one in plan.left_alone] == [("stranger", LeftAlone.NOT_FOUND)]


async def test_only_what_a_review_finds_is_written_when_that_is_asked_for(world: World) -> None:
    put_guests(world, [guest(0), guest(1)])
    pending = listed(guest(1), state="PendingAcceptance", state_since=world.clock.now() - timedelta(days=200))
    world.tenant.tenant_settings.guest_pages = [[listed(guest(0)), pending]]
    shown = await asked(world, only_found=True)
    assert [one.id for one in shown.plan.accounts.accounts] == ["guest-1"]  # type: ignore[union-attr]


async def test_more_than_a_thousand_need_a_second_plan_which_is_said(world: World) -> None:
    put_guests(world, map(guest, range(1003)))
    shown = await asked(world)
    plan = shown.plan.accounts
    assert plan is not None
    assert (len(plan.accounts), plan.more) == (1000, 3)


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({"user_type": "member"}, LeftAlone.MEMBER),
        ({"is_synchronized": True}, LeftAlone.SYNCHRONIZED),
        ({"mail": "other@contoso.com"}, LeftAlone.CHANGED),
        ({"principal_name": "other@us.example"}, LeftAlone.CHANGED),
        ({"is_enabled": False}, LeftAlone.ALREADY),
    ],
)
async def test_who_changed_after_the_preview_is_left_alone(
    world: World, changes: dict[str, Any], left: LeftAlone
) -> None:
    put_guests(world, map(guest, range(3)))
    shown = await asked(world)
    world.guest_accounts.change(PersonId("guest-1"), **changes)
    done = await confirm(world, shown)
    assert done.state is S.APPLIED
    result = next(one for one in progress_of(done).results if one.id == "guest-1")
    assert (result.end, result.left) == (AccountEnd.LEFT_ALONE, left)
    assert world.guest_accounts.sent == [("guest-0", "guest-2")]


async def test_who_got_a_role_or_is_gone_after_the_preview_is_left_alone(world: World) -> None:
    put_guests(world, map(guest, range(3)))
    shown = await asked(world)
    world.guest_accounts.role_names[PersonId("guest-0")] = ("User Administrator",)
    del world.guest_accounts.states[PersonId("guest-1")]
    done = await confirm(world, shown)
    assert ends(done) == {AccountEnd.DONE: 1, AccountEnd.LEFT_ALONE: 1, AccountEnd.GONE: 1}
    assert world.guest_accounts.sent == [("guest-2",)]


async def test_when_everybody_changed_nothing_is_sent_and_that_is_said(world: World) -> None:
    put_guests(world, map(guest, range(25)))
    shown = await asked(world)
    for number in range(25):
        world.guest_accounts.change(PersonId(f"guest-{number}"), user_type="member")
    done = await finish(world, (await confirm(world, shown)).id)
    assert (done.state, ends(done)) == (S.STOPPED, {AccountEnd.LEFT_ALONE: 25})
    assert note_words(done.note) == "No guest account was disabled: 25 left alone, because they changed."
    assert state_to_display(done).value == "stopped"
    assert world.guest_accounts.sent == []


@pytest.mark.parametrize(
    ("actor", "asked_for", "code"),
    [
        (AMARA, {}, "only_admins_change_guests"),
        (DANA, {"reason": " "}, "guest_reason_missing"),
        (DANA, {"target": "nowhere.example"}, "unknown_tenant"),
        (DANA, {"kind": AccountChange.ENABLE, "undoes": RequestId("R-NONE")}, "nothing_to_undo"),
    ],
)
async def test_a_change_that_is_not_possible_is_refused_and_recorded(
    world: World, actor: Person, asked_for: dict[str, Any], code: str
) -> None:
    put_guests(world, map(guest, range(3)))
    kind = asked_for.pop("kind", AccountChange.DISABLE)
    assert await change(world, kind, actor, **asked_for) is None
    assert await world.refusals() == [(actor.chat_id, code)]


async def test_without_the_credential_nothing_is_filed(world: World) -> None:
    world.guest_accounts.is_configured = False
    assert await change(world) is None
    assert await world.refusals() == [(DANA.chat_id, "guests_not_configured")]


async def test_a_missing_permission_is_named(world: World) -> None:
    put_guests(world, map(guest, range(3)))
    world.guest_accounts.lacking = ["RoleManagement.Read.Directory"]
    request = await change(world)
    assert request is not None
    assert request.state is S.UNFIT
    assert "RoleManagement.Read.Directory" in note_words(request.note)


async def test_nobody_to_disable_ends_with_the_reasons(world: World) -> None:
    put_guests(world, [guest(0, is_enabled=False)])
    request = await change(world)
    assert request is not None
    assert request.state is S.UNFIT
    assert "1 already disabled" in note_words(request.note)


async def test_while_roles_cannot_be_read_nobody_is_shown_or_written(world: World) -> None:
    put_guests(world, map(guest, range(3)))
    world.script.fail("accounts.roles", TenantRefused(403, "Forbidden", "No."))
    request = await change(world)
    assert request is not None
    assert request.state is S.PREPARING
    world.clock.advance(minutes=2)
    request = await world.settled(request.id)
    assert request.state is S.AWAITING_CONFIRMATION
    world.script.fail("accounts.roles", TenantUnavailable("No answer."))
    waiting = await confirm(world, request)
    assert (waiting.state, world.guest_accounts.sent) == (S.APPLYING, [])
    assert (await finish(world, request.id)).state is S.APPLIED


@pytest.mark.parametrize(
    ("typed", "actor", "code"),
    [
        ("contoso.com 2", DANA, "confirmation_differs"),
        ("fabrikam.com 3", DANA, "confirmation_differs"),
        ("contoso.com 3", RILEY, "not_the_confirmer"),
    ],
)
async def test_only_the_admin_who_asked_confirms_with_the_right_text(
    world: World, typed: str, actor: Person, code: str
) -> None:
    put_guests(world, map(guest, range(3)))
    shown = await asked(world)
    after = await confirm(world, shown, actor, typed=typed)
    assert (after.state, world.guest_accounts.sent) == (S.AWAITING_CONFIRMATION, [])
    assert await world.refusals() == [(actor.chat_id, code)]


async def test_an_admin_who_lost_the_role_confirms_nothing(world: World) -> None:
    put_guests(world, map(guest, range(3)))
    shown = await asked(world)
    world.directory.assign(DANA, "")
    assert (await confirm(world, shown)).state is S.AWAITING_CONFIRMATION
    assert await world.refusals() == [(DANA.chat_id, "only_admins_change_guests")]


async def test_what_is_not_confirmed_within_an_hour_expires_and_can_be_withdrawn_before(world: World) -> None:
    put_guests(world, map(guest, range(3)))
    shown = await asked(world)
    world.clock.advance(minutes=61)
    assert (await confirm(world, shown)).state is S.AWAITING_CONFIRMATION
    assert (await world.refusals())[-1] == (DANA.chat_id, "expired")
    await tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock)
    ended = await world.settled(shown.id)
    assert ended.state is S.EXPIRED
    assert "not confirmed in time" in note_words(ended.note)
    again = await asked(world)
    await world.click(Withdraw(actor=DANA.chat_id, request_id=again.id))
    assert (await world.request(again.id)).state is S.WITHDRAWN


async def test_one_change_of_a_partners_accounts_at_a_time(world: World) -> None:
    put_guests(world, map(guest, range(3)))
    shown = await asked(world)
    assert await change(world, AccountChange.ENABLE) is None
    assert await world.refusals() == [(DANA.chat_id, "guest_change_running")]
    opened = await world.opened()
    assert opened.state is S.APPLIED, "a change of settings is not held up"
    assert (await confirm(world, shown)).state is S.APPLIED


async def test_the_partners_chain_decides_as_well_where_its_template_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.opened()
    template = world.catalog.templates["trusted-partner"]
    chain = replace(template, disabling_guests=DisablingGuests.CHAIN)
    monkeypatch.setitem(world.catalog.templates, "trusted-partner", chain)
    put_guests(world, map(guest, range(3)))
    shown = await asked(world)
    waiting = await confirm(world, shown)
    assert waiting.state is S.AWAITING_APPROVAL
    assert [(stage.role, stage.quorum) for stage in waiting.require_prepared().stages] == [("security", 1)]
    assert waiting.expires_at - world.clock.now() == template.decide_within
    await world.approve(waiting, AMARA)
    assert (await world.request(shown.id)).state is S.APPLIED


async def test_a_blocked_partner_needs_no_chain_to_disable_and_cannot_be_enabled(world: World) -> None:
    await world.opened()
    await world.revoke(DANA)
    put_guests(world, map(guest, range(3)))
    done = await confirm(world, await asked(world))
    assert done.state is S.APPLIED
    assert await change(world, AccountChange.ENABLE, undoes=done.id) is None
    assert (await world.refusals())[-1] == (DANA.chat_id, "guests_of_blocked_partner")


async def disabled(world: World, count: int = 3) -> AccessRequest:
    """Disable guests of an open partner."""
    await world.opened()
    put_guests(world, map(guest, range(count)))
    done = await confirm(world, await asked(world))
    assert done.state is S.APPLIED, (done.note, done.accounts)
    return done


async def test_an_own_batch_is_undone_exactly_within_a_day(world: World) -> None:
    done = await disabled(world, 4)
    world.guest_accounts.change(PersonId("guest-1"), mail="else@contoso.com")
    world.guest_accounts.change(PersonId("guest-2"), is_enabled=True)
    world.clock.advance(hours=23)
    shown = await asked(world, AccountChange.ENABLE, undoes=done.id)
    assert shown.require_prepared().stages == ()
    undone = await confirm(world, shown)
    assert (undone.state, ends(undone)) == (S.APPLIED, {AccountEnd.DONE: 2})
    assert world.guest_accounts.sent[-1] == ("guest-0", "guest-3")


async def test_an_undo_comes_too_late_after_a_day_and_is_not_for_others(world: World) -> None:
    done = await disabled(world)
    world.directory.assign(AMARA, "admin security")
    assert await change(world, AccountChange.ENABLE, AMARA, undoes=done.id) is None
    assert (await world.refusals())[-1] == (AMARA.chat_id, "undo_of_others")
    world.clock.advance(hours=25)
    assert await change(world, AccountChange.ENABLE, undoes=done.id) is None
    assert (await world.refusals())[-1] == (DANA.chat_id, "undo_too_late")


async def test_enabling_needs_the_whole_chain(world: World) -> None:
    done = await disabled(world)
    world.tenant.tenant_settings.guest_pages = [[listed(one) for one in world.guest_accounts.states.values()]]
    shown = await asked(world, AccountChange.ENABLE)
    waiting = await confirm(world, shown)
    assert waiting.state is S.AWAITING_APPROVAL
    opened = await world.store.partnership(TENANT)
    assert opened is not None
    assert waiting.require_prepared().stages == opened.stages
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(waiting, person)
    enabled = await world.request(shown.id)
    assert (enabled.state, ends(enabled)) == (S.APPLIED, {AccountEnd.DONE: 3})
    assert done.id != enabled.id


async def freeze(world: World) -> None:
    """Freeze what opens access."""
    await world.click(ChangeFreeze(actor=DANA.chat_id, step=FreezeStep.FREEZE, reason="An incident."))


async def test_a_freeze_stops_enabling_and_not_disabling(world: World) -> None:
    done = await disabled(world)
    shown = await asked(world, AccountChange.ENABLE, undoes=done.id)
    await freeze(world)
    assert (await confirm(world, shown)).state is S.AWAITING_CONFIRMATION
    assert (await world.refusals())[-1] == (DANA.chat_id, "undo_during_freeze")
    await world.click(Withdraw(actor=DANA.chat_id, request_id=shown.id))
    put_guests(world, [guest(7)])
    assert (await confirm(world, await asked(world))).state is S.APPLIED


async def test_a_freeze_holds_an_enabling_that_is_confirmed(world: World) -> None:
    done = await disabled(world)
    shown = await asked(world, AccountChange.ENABLE, undoes=done.id)
    await confirm(world, shown, but=Apply)
    await freeze(world)
    held = await world.settled(shown.id)
    assert held.state is S.APPLYING
    assert [fact.code for fact in held.note] == [NoteCode.FROZEN]
    assert len(world.guest_accounts.sent) == 1


@pytest.mark.parametrize("is_written", [False, True])
async def test_a_revocation_stops_enabling_and_what_was_written_is_read_back(world: World, is_written: bool) -> None:
    done = await disabled(world, 25)
    shown = await asked(world, AccountChange.ENABLE, undoes=done.id)

    async def revoke() -> None:
        await world.service.store_click(_revocation(), key=world.key())
        await _perform_click(world)

    if is_written:
        world.script.during_next_call("accounts.set_enabled", revoke)
        ended = await finish(world, (await confirm(world, shown)).id)
        assert ends(ended) == {AccountEnd.DONE: 20}
    else:
        await confirm(world, shown, but=Apply)
        await world.revoke(DANA)
        ended = await finish(world, shown.id)
        assert ends(ended) == {}
    assert ended.state is S.STOPPED, note_words(ended.note)
    record = await world.store.partnership(TENANT)
    assert record is not None
    assert record.is_closed


def _revocation() -> Revoke:
    return Revoke(actor=DANA.chat_id, target=TENANT, reason="Contract ended")


async def _perform_click(world: World) -> None:
    """Perform the check of the newest click, as another worker would meanwhile."""
    due = [one for one in await world.store.pending(world.clock.now(), 100) if one.lane.startswith("judge:")]
    for pending in due:
        await world.performer.perform(pending.effect)
        await world.store.mark_done(pending.id)


async def test_a_revocation_goes_before_the_next_group_and_disabling_goes_on(world: World) -> None:
    await world.opened()
    put_guests(world, map(guest, range(45)))
    shown = await asked(world)

    async def revoke() -> None:
        await world.service.store_click(_revocation(), key=world.key())
        await _perform_click(world)

    world.script.during_next_call("accounts.set_enabled", revoke)
    done = await finish(world, (await confirm(world, shown)).id)
    assert (done.state, ends(done)) == (S.APPLIED, {AccountEnd.DONE: 45})
    calls = [one for one in world.script.calls if one in ("tenant.write", "accounts.set_enabled")]
    block = len(calls) - 1 - calls[::-1].index("tenant.write")
    assert calls[block:].count("accounts.set_enabled") >= 1, calls


async def test_a_throttled_account_is_sent_again_and_nobody_else_twice(world: World) -> None:
    put_guests(world, map(guest, range(25)))
    throttled = {PersonId("guest-3"), PersonId("guest-7")}

    def answer(person: PersonId) -> AccountOutcome:
        if person in throttled:
            throttled.remove(person)
            return AccountOutcome.LATER
        return AccountOutcome.ACCEPTED

    world.guest_accounts.answer = answer
    done = await finish(world, (await confirm(world, await asked(world))).id)
    assert (done.state, ends(done)) == (S.APPLIED, {AccountEnd.DONE: 25})
    assert world.guest_accounts.repeated == []
    assert sum(len(group) for group in world.guest_accounts.sent) == 27
    told = [one for _, one, _ in await world.log(of=done.id) if one == "record_delayed"]
    assert told == [], "nobody is told of a pause of seconds"


@pytest.mark.parametrize("is_taken", [True, False])
async def test_what_has_no_answer_is_read_before_it_is_sent_again(world: World, is_taken: bool) -> None:
    put_guests(world, map(guest, range(3)))
    lost = [PersonId("guest-1")]
    accounts = world.guest_accounts
    accounts.takes_unknown = lambda _: is_taken

    def answer(person: PersonId) -> AccountOutcome:
        if person in lost:
            lost.remove(person)
            return AccountOutcome.UNKNOWN
        return AccountOutcome.ACCEPTED

    accounts.answer = answer
    done = await finish(world, (await confirm(world, await asked(world))).id)
    assert (done.state, ends(done)) == (S.APPLIED, {AccountEnd.DONE: 3})
    assert accounts.repeated == []
    assert [group.count(PersonId("guest-1")) for group in accounts.sent] == ([1] if is_taken else [1, 1])


async def test_one_that_is_refused_does_not_stop_the_rest(world: World) -> None:
    put_guests(world, map(guest, range(25)))
    world.guest_accounts.answer = lambda person: (
        AccountOutcome.REFUSED if person == "guest-3" else AccountOutcome.ACCEPTED
    )
    done = await finish(world, (await confirm(world, await asked(world))).id)
    assert (done.state, ends(done)) == (S.APPLIED, {AccountEnd.DONE: 24, AccountEnd.REFUSED: 1})
    assert state_to_display(done).value == "partly_applied"


async def test_a_refusal_of_a_whole_group_stops_with_a_note(world: World) -> None:
    put_guests(world, map(guest, range(45)))
    world.guest_accounts.answer = lambda _: AccountOutcome.REFUSED
    done = await finish(world, (await confirm(world, await asked(world))).id)
    assert (done.state, ends(done)) == (S.STOPPED, {AccountEnd.REFUSED: 20})
    assert len(world.guest_accounts.sent) == 1
    assert "permission" in note_words(done.note)


async def test_a_single_refused_account_ends_as_failed(world: World) -> None:
    put_guests(world, [guest(0)])
    world.guest_accounts.answer = lambda _: AccountOutcome.REFUSED
    done = await finish(world, (await confirm(world, await asked(world))).id)
    assert (done.state, ends(done)) == (S.FAILED, {AccountEnd.REFUSED: 1})


async def test_what_is_not_shown_is_read_again_and_then_said(world: World) -> None:
    put_guests(world, map(guest, range(3)))
    world.guest_accounts.hidden = {PersonId("guest-2")}
    waiting = await confirm(world, await asked(world))
    assert waiting.state is S.UNCONFIRMED
    done = await finish(world, waiting.id)
    assert (done.state, ends(done)) == (S.APPLIED, {AccountEnd.DONE: 2, AccountEnd.NOT_SHOWN: 1})
    assert state_to_display(done).value == "partly_applied"


async def test_an_error_of_the_whole_group_sends_it_again_and_a_lost_credential_waits(world: World) -> None:
    put_guests(world, map(guest, range(3)))
    shown = await asked(world)
    world.script.fail("accounts.set_enabled", TenantUnavailable("No connection."))
    world.script.fail("accounts.set_enabled", TenantRefused(403, "Forbidden", "No."), on=2)
    assert (await confirm(world, shown)).state is S.APPLYING
    world.clock.advance(seconds=61)
    waiting = await world.settled(shown.id)
    assert NoteCode.WAITS_FOR_ADMIN in [fact.code for fact in waiting.note]
    world.guest_accounts.is_configured = False
    world.clock.advance(seconds=61)
    waiting = await world.settled(shown.id)
    assert "guests_not_configured" in [fact.code for fact in waiting.note]
    world.guest_accounts.is_configured = True
    done = await finish(world, shown.id)
    assert (done.state, ends(done)) == (S.APPLIED, {AccountEnd.DONE: 3})
    assert world.guest_accounts.repeated == []


BAD = TenantRefused(400, "BadRequest", "Not like this.")


@pytest.mark.parametrize("call", ["accounts.roles", "accounts.read", "accounts.set_enabled"])
async def test_what_graph_refuses_for_good_ends(world: World, call: str) -> None:
    put_guests(world, map(guest, range(3)))
    shown = await asked(world)
    world.script.fail(call, BAD, times=100)
    ended = await confirm(world, shown)
    assert (ended.state, world.guest_accounts.sent) == (S.STOPPED, [])
    assert "Not like this." in note_words(ended.note)
    assert await change(world) is not None, "and another one can be asked for"


async def test_a_later_group_that_graph_refuses_for_good_ends_with_what_was_written(world: World) -> None:
    put_guests(world, map(guest, range(25)))
    world.script.fail("accounts.set_enabled", BAD, on=2)
    ended = await finish(world, (await confirm(world, await asked(world))).id)
    assert (ended.state, ends(ended)) == (S.STOPPED, {AccountEnd.DONE: 20})
    assert "Not like this. 20 guest accounts are disabled (verified). Others: 5 not sent." in note_words(ended.note)


@pytest.mark.parametrize("is_lost", [False, True])
async def test_what_graph_refuses_to_read_back_is_tried_for_some_minutes_and_ends_unverified(
    world: World, is_lost: bool
) -> None:
    put_guests(world, map(guest, range(3)))
    shown = await asked(world)
    if is_lost:
        world.guest_accounts.answer = lambda _: AccountOutcome.UNKNOWN
    world.script.fail("accounts.read", BAD, on=2, times=100)
    await confirm(world, shown)
    world.clock.advance(minutes=5)
    waiting = await world.settled(shown.id)
    assert waiting.state is S.APPLYING
    ended = await finish(world, shown.id)
    assert ended.state is S.STOPPED
    assert "No guest account is verified as disabled: 3 sent" in note_words(ended.note)
    assert len(world.guest_accounts.sent) == 1


async def test_a_request_of_accounts_never_takes_a_result_of_settings(world: World) -> None:
    put_guests(world, map(guest, range(3)))
    shown = await asked(world)
    assert shown.fields.kind is RequestKind.DISABLE_GUESTS
    assert shown.plan.operations == ()
