"""The result of a disabling never keeps an Undo that is refused: it is shown anew when that changes."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.bot.slack.outbound.scene import Scene, action_ids, partnership, person
from tests.bot.slack.outbound.test_requested_again import stored, update_others
from tests.bot.surfaces import shown
from tests.workflows.core import builders
from workflows.core.partners.partnership import PartnershipState
from workflows.core.plans.accounts import AccountChange, AccountEnd, AccountProgress, AccountResult
from workflows.core.requests.request import AccessRequest, RequestId, RequestKind, RequestState
from workflows.core.requests.transitions.guest_accounts import UNDO_WITHIN
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit


def ended(
    scene: Scene, name: str, kind: RequestKind, end: AccountEnd = AccountEnd.DONE, **fields: Any
) -> AccessRequest:
    """A change of three accounts that is read back."""
    change = AccountChange.ENABLE if kind is RequestKind.ENABLE_GUESTS else AccountChange.DISABLE
    now, admin = scene.world.clock.now(), person("admin")
    usual = builders.request(RequestState.APPLIED, kind)
    plan = builders.accounts_plan(change)
    results = tuple(AccountResult(id=one.id, end=end, at=now) for one in builders.planned_accounts(3))
    return replace(
        usual,
        id=RequestId(name),
        version=1,
        fields=replace(usual.fields, requester=admin.chat_id, sponsor=admin.chat_id, target=builders.TENANT, **fields),
        prepared=builders.prepared(kind, plan=plan, requester=admin, sponsor=admin, stages=()),
        decisions=(),
        accounts=AccountProgress(results=results),
        created_at=now,
        changed_at=now,
        confirmed_at=now,
    )


def result(scene: Scene) -> dict[str, Any]:
    """The admin's message about the disabling, which was sent first."""
    return min(scene.messages("@admin"), key=lambda one: str(one["ts"]))


async def test_an_undo_is_shown_on_the_result_and_takes_its_button(scene: Scene) -> None:
    await stored(scene, ended(scene, "r-1", RequestKind.DISABLE_GUESTS))
    assert "accounts_undo" in action_ids(result(scene))
    failed = ended(scene, "r-2", RequestKind.ENABLE_GUESTS, AccountEnd.REFUSED, undoes=RequestId("r-1"))
    await stored(scene, failed)
    assert "accounts_undo" in action_ids(result(scene)), "nobody was enabled"
    other = ended(scene, "r-3", RequestKind.ENABLE_GUESTS)
    await stored(scene, other)
    assert "accounts_undo" in action_ids(result(scene)), "that was no undo"
    await stored(scene, ended(scene, "r-4", RequestKind.ENABLE_GUESTS, undoes=RequestId("r-1")))
    assert action_ids(result(scene)) == ["review_request"]
    said = shown(result(scene)["blocks"])
    assert f"Undone by {person('admin').name} on " in said
    assert ": 3 accounts enabled (r-4)." in said
    assert "You can undo this" not in said


async def test_a_block_of_the_partner_takes_undo_and_its_end_gives_it_back(scene: Scene) -> None:
    await stored(scene, ended(scene, "r-1", RequestKind.DISABLE_GUESTS))
    await stored(scene, ended(scene, "r-2", RequestKind.DISABLE_GUESTS, AccountEnd.GONE))
    now, admin = scene.world.clock.now(), person("admin")
    for number, state in enumerate((PartnershipState.REVOKED, PartnershipState.ACTIVE)):
        record = partnership(state=state, version=number + 1)
        entry = AuditEntry(key=f"p{number}", at=now, actor="t", command="put", outcome="accepted", details={})
        await scene.store.commit(Commit(entry=entry, partnership=record))
        usual = builders.request(RequestState.APPLIED, RequestKind.REVOCATION)
        fields = replace(usual.fields, requester=admin.chat_id, sponsor=admin.chat_id)
        closing = replace(usual, id=RequestId(f"c-{number}"), version=1, fields=fields, changed_at=now)
        await stored(scene, closing)
        is_open = state is PartnershipState.ACTIVE
        assert ("accounts_undo" in action_ids(result(scene))) is is_open
        assert ("no account of it can be enabled" in shown(result(scene)["blocks"])) is not is_open


async def test_an_old_request_updates_nothing(scene: Scene) -> None:
    await stored(scene, ended(scene, "r-1", RequestKind.DISABLE_GUESTS))
    old = ended(scene, "r-2", RequestKind.ENABLE_GUESTS, undoes=RequestId("r-1"))
    await scene.notifier().show_request(replace(old, changed_at=old.changed_at - UNDO_WITHIN - timedelta(seconds=1)))
    assert RequestId("r-1") not in await update_others(scene)
