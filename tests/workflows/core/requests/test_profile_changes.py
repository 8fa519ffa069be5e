"""A profile that changed shortly before an approval is kept with it, and the other approvers are told."""

from datetime import timedelta

from tests.workflows.core.builders import AMARA, BRUNO, CHIE, NOW, REQUEST, access_plan, request, situation
from workflows.core.policy.delegation.profiles import ProfileChange, ProfilePart
from workflows.core.requests.commands.request import Approve
from workflows.core.requests.effects import MessageCode, SendMessage
from workflows.core.requests.lifecycle import advance

CHANGE = ProfileChange(
    part=next(iter(ProfilePart)),
    before="amara@woodgrove.com",
    after="amara2@woodgrove.com",
    unchanged_at=NOW - timedelta(days=3),
    noticed_at=NOW - timedelta(days=2),
)


def test_the_change_is_kept_with_the_approval_recorded_and_told_to_each_other_approver() -> None:
    command = Approve(
        actor=AMARA,
        request_id=REQUEST,
        digest=access_plan().digest,
        profile_changes=(CHANGE,),
        others=(BRUNO.chat_id, CHIE.chat_id),
    )
    done = advance(request(), command, situation())
    assert done.request is not None
    assert done.request.decisions[-1].profile_changes == (CHANGE,)
    told = [one for one in done.effects if isinstance(one, SendMessage)]
    assert [one.person for one in told] == [BRUNO.chat_id, CHIE.chat_id]
    assert {one.fact.code for one in told} == {MessageCode.PROFILE_CHANGED}
    [change] = told[0].fact.values["changes"]
    assert (change["part"], change["noticed_at"]) == (CHANGE.part.value, CHANGE.noticed_at.isoformat())
    assert command.audit_details(done.request)["profile_changes"] == [CHANGE.part.value]


def test_without_a_change_nobody_is_told_and_nothing_is_recorded() -> None:
    command = Approve(actor=AMARA, request_id=REQUEST, digest=access_plan().digest, others=(BRUNO.chat_id,))
    done = advance(request(), command, situation())
    assert not [one for one in done.effects if isinstance(one, SendMessage)]
    assert "profile_changes" not in command.audit_details(done.request)
