"""The question whether an opened access works: which settings are tested, who is asked, and what an answer changes.

Pure. An answer is what a person says. It is recorded as that, and changes no access.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any, assert_never

from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership
from workflows.core.people import ADMIN, CurrentRoles, Person, is_chat_user
from workflows.core.plans.changes import plan_access_change
from workflows.core.policy.reviews.access_test import (
    AccessAnswer,
    AccessFailure,
    AccessOutcome,
    AccessTest,
    answered,
    asked,
    ended_test,
    new_test,
)
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.commands.review_event import (
    AccessTestCommand,
    AnswerAccessTest,
    AskAccessTest,
    RequestAccessTest,
)
from workflows.core.requests.effects import Effect, MessageCode, SendMessage, ShowAccessTest
from workflows.core.requests.request import AccessRequest, RequestKind
from workflows.core.settings.access_change import AccessChange


def with_access_test(record: Partnership, earlier: Partnership | None, request: AccessRequest) -> Partnership:
    """Return a record that was just read back, with the test of its settings.

    Settings that open access are tested anew. What only reduces, extends or adopts leaves the test as it is, and a
    block ends it. So do settings that nobody approved.

    :param earlier: the partner's record before; None when there is none.
    """
    known = None if earlier is None else earlier.access_test
    if record.is_closed or not record.is_as_approved:
        return replace(record, access_test=ended_test(known))
    if _opens_access(request):
        return replace(record, access_test=new_test(known, _testers(request), record.since))
    return replace(record, access_test=known)


def _opens_access(request: AccessRequest) -> bool:
    if request.fields.kind is RequestKind.ADOPTION or not request.plan.operations:
        return False
    return plan_access_change(request.plan) in (AccessChange.OPENS, AccessChange.UNKNOWN)


def _testers(request: AccessRequest) -> tuple[Person, ...]:
    """Return the requester, and who sent the request for them, as far as they are people of the chat system."""
    prepared = request.require_prepared()
    people = (prepared.requester, *(() if prepared.submitter is None else (prepared.submitter,)))
    return tuple({one.id: one for one in people if is_chat_user(one.chat_id)}.values())


def show_replaced_test(record: Partnership, earlier: Partnership | None) -> tuple[ShowAccessTest, ...]:
    """Return the update of the messages that asked about settings that do not apply any more."""
    was_asked = earlier is not None and earlier.access_test is not None and earlier.access_test.asked_at is not None
    if earlier is None or not was_asked or record.access_test == earlier.access_test:
        return ()
    return (ShowAccessTest(tenant_id=record.identity.tenant_id),)


def may_test(partnership: Partnership, person: Person, current_roles: CurrentRoles) -> bool:
    """Return whether a person may ask and say whether the access works: requester, sender, sponsor and admins."""
    test = partnership.access_test
    testers = () if test is None else test.testers
    is_named = person.id in {partnership.sponsor.id, *(tester.id for tester in testers)}
    return is_named or current_roles.holds(person.id, ADMIN)


def is_testable(partnership: Partnership, now: datetime) -> bool:
    """Return whether there is an approved access that somebody can try now."""
    return not partnership.is_closed and partnership.is_as_approved and not partnership.is_past_its_end(now)


def advance_access_test(
    partnership: Partnership, command: AccessTestCommand, *, current_roles: CurrentRoles, now: datetime
) -> Partnership:
    """Ask whether the access works, or record the answer. Pure.

    :raises Refused: when it is not possible now or for this person; nothing changes.
    """
    test = partnership.access_test
    match command:
        case AskAccessTest():
            due_at = partnership.access_test_due_at
            if due_at is None or now < due_at:
                raise Refused(RefusalCode.NOT_DUE_YET, what="access_test")
            changed = asked(test, now, None)
        case RequestAccessTest():
            _require_may_test(partnership, command.actor, current_roles)
            _require_testable(partnership, now)
            changed = asked(test, now, command.actor)
        case AnswerAccessTest():
            changed = _answered(partnership, command, current_roles, now)
        case _:
            assert_never(command)
    return replace(partnership, version=partnership.version + 1, access_test=changed)


def access_test_effects(after: Partnership, command: AccessTestCommand) -> tuple[Effect, ...]:
    """Return the effects of a command about the test: the question or its update, and who is told of it."""
    test, tenant_id = after.access_test or AccessTest(), after.identity.tenant_id
    shown: tuple[Effect, ...] = (ShowAccessTest(tenant_id=tenant_id),)
    if not isinstance(command, RequestAccessTest) or command.actor.id in {one.id for one in test.testers}:
        return shown  # who asked for it and is asked, has the question
    values: dict[str, Any] = {"partner": after.identity.name, "people": [one.name for one in _asked_people(after)]}
    told = SendMessage(
        person=command.actor.chat_id,
        subject=CommandSubject(tenant_id=tenant_id),
        fact=Fact(MessageCode.ACCESS_TEST_ASKED, values),
        channel=command.channel,
    )
    return (*shown, told)


def _asked_people(partnership: Partnership) -> tuple[Person, ...]:
    test = partnership.access_test
    return test.testers if test is not None and test.testers else (partnership.sponsor,)


def _require_may_test(partnership: Partnership, person: Person, current_roles: CurrentRoles) -> None:
    if not may_test(partnership, person, current_roles):
        raise Refused(RefusalCode.MAY_NOT_TEST_ACCESS, sponsor=partnership.sponsor.name)


def _require_testable(partnership: Partnership, now: datetime) -> None:
    """Check that there is something to test, and that nobody was asked within a day, unless there was a repair.

    :raises Refused: when that is not so.
    """
    if not is_testable(partnership, now):
        raise Refused(RefusalCode.ACCESS_NOT_TESTABLE)
    possible_at = None if partnership.access_test is None else partnership.access_test.possible_at
    if possible_at is not None and now < possible_at:
        raise Refused(RefusalCode.ACCESS_TEST_OPEN, possible_at=possible_at.isoformat())


def _answered(
    partnership: Partnership, command: AnswerAccessTest[Person], current_roles: CurrentRoles, now: datetime
) -> AccessTest:
    """Return the test with an answer.

    :raises Refused: for somebody who is not asked, for an earlier question, and when it has an answer.
    """
    _require_may_test(partnership, command.actor, current_roles)
    test = partnership.access_test
    if test is None or test.asked_at is None or test.question != command.question:
        raise Refused(RefusalCode.ACCESS_TEST_OVER)
    if (known := test.answer) is not None:
        values = {"by": known.person.name, "outcome": known.outcome.value, "at": known.at.isoformat()}
        raise Refused(RefusalCode.ACCESS_TEST_ANSWERED, **values)
    answer = AccessAnswer(
        question=command.question,
        outcome=command.outcome,
        person=command.actor,
        at=now,
        failure=_failure(command),
    )
    return answered(test, answer)


def _failure(command: AnswerAccessTest[Person]) -> AccessFailure | None:
    """Return what does not work. Who says that it does not work says what happens.

    :raises Refused: when nothing was written.
    """
    if command.outcome is not AccessOutcome.FAILS:
        return None
    said = command.failure
    if said is None or not said.what.strip():
        raise Refused(RefusalCode.ACCESS_FAILURE_UNKNOWN)
    return AccessFailure(
        what=said.what.strip(),
        address=said.address.strip(),
        application=said.application.strip(),
        code=said.code.strip(),
        correlation_id=said.correlation_id.strip(),
        time=said.time.strip(),
    )
