"""Steps 4 and 5: the account of the address here, and who may invite."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.workflows.core.builders import NOW, request
from tests.workflows.core.posture.diagnosis.read_facts import DEFAULT, MARIA, UNREAD, both, codes, facts, read, step
from workflows.core.checks.tenant_facts import AccountDisabling
from workflows.core.errors.facts import Fact
from workflows.core.people import PersonId
from workflows.core.plans.accounts import (
    AccountChange,
    AccountEnd,
    AccountPlan,
    AccountProgress,
    AccountResult,
    PlannedAccount,
)
from workflows.core.posture.diagnosis.account_steps import disabling_of, is_enabling
from workflows.core.posture.diagnosis.diagnosing import change_for, diagnose
from workflows.core.posture.diagnosis.facts import Disabling, Home, HomeKind
from workflows.core.posture.diagnosis.steps import Action, Cause, Changer, Note, Step, StepKey, StepResult
from workflows.core.requests.request import AccessRequest, RequestId, RequestKind, RequestState

EMPLOYEE = replace(MARIA, id=PersonId("m2"), principal_name="maria@woodgrove.com", is_member=True)


def found(key: StepKey, **changes: Any) -> Step:
    return step(diagnose(facts(**changes)), key)


def cause(one: Step) -> str | None:
    assert (one.cause is not None) == (one.result is StepResult.STOPS)
    return None if one.cause is None else one.cause.code


@pytest.mark.parametrize(
    ("accounts", "code"),
    [
        ((), Cause.NO_ACCOUNT),
        ((EMPLOYEE,), Cause.INTERNAL_ACCOUNT),
        ((replace(MARIA, is_enabled=False),), Cause.ACCOUNT_DISABLED),
        ((MARIA, EMPLOYEE), Cause.SEVERAL_ACCOUNTS),
        ((replace(MARIA, state="PendingAcceptance"),), Cause.INVITATION_PENDING),
        ((MARIA,), None),
    ],
)
def test_the_account_stops_them(accounts: Any, code: Cause | None) -> None:
    assert cause(found(StepKey.ACCOUNT, accounts=read(accounts))) == code


def test_an_account_that_gatehouse_disabled_names_the_request_and_its_approvers() -> None:
    by = Disabling(request=RequestId("R-ONE"), at=NOW)
    disabled = {"accounts": read((replace(MARIA, is_enabled=False),))}
    for disabled_by, values, changer in (
        (by, {"request": "R-ONE", "at": NOW.isoformat()}, Changer.APPROVERS),
        (None, {}, Changer.OUR_ADMINS),
    ):
        one = found(StepKey.ACCOUNT, disabled_by=disabled_by, **disabled)
        assert one.cause == Fact(Cause.ACCOUNT_DISABLED, {**values, "enables": False})
        assert change_for(one.cause).changer is changer


@pytest.mark.parametrize("is_ours", [True, False])
@pytest.mark.parametrize(
    ("logged", "values"),
    [
        (AccountDisabling(by="chie", at=NOW - timedelta(days=1)), {"by": "chie", "at": None}),
        (AccountDisabling(by="chie", at=NOW + timedelta(days=1)), {"by": "chie", "at": None}),
        (AccountDisabling(by="app", at=NOW + timedelta(days=1), is_by_application=True), {"by": "app", "at": None}),
        (AccountDisabling(by="", at=None), {"by": "", "at": None}),
        (UNREAD, {"unread": "forbidden"}),
        (None, {}),
    ],
)
def test_who_disabled_an_account_is_what_was_written_last(
    logged: Any, values: dict[str, Any], *, is_ours: bool
) -> None:
    """By Gatehouse's own request, or by a person after it. The entry of Gatehouse's own write is by an application."""
    entry = logged if isinstance(logged, AccountDisabling) else None
    if entry is not None:
        values = {**values, "at": None if entry.at is None else entry.at.isoformat()}
    is_later = entry is not None and entry.at is not None and entry.at > NOW and not entry.is_by_application
    ours = {"request": "R-ONE", "at": NOW.isoformat()}
    one = found(
        StepKey.ACCOUNT,
        accounts=read((replace(MARIA, is_enabled=False),)),
        disabled_by=Disabling(request=RequestId("R-ONE"), at=NOW) if is_ours else None,
        disabled_in_log=read(logged),
        enables_accounts=True,
    )
    assert one.cause is not None
    assert one.cause.values == {**(ours if is_ours and not is_later else values), "enables": True}
    expected = Action.ENABLE_BY_REQUEST if is_ours and not is_later else Action.ENABLE_WITH_APPROVAL
    assert change_for(one.cause).action is expected


def written(number: int, kind: RequestKind, *ends: AccountEnd) -> AccessRequest:
    """A request that wrote the account of Maria so many minutes ago."""
    results = tuple(AccountResult(id=MARIA.id, end=end, at=NOW - timedelta(minutes=number)) for end in ends)
    usual = request(RequestState.APPLIED)
    progress = AccountProgress(results=results)
    return replace(usual, id=RequestId(f"R-{number}"), fields=replace(usual.fields, kind=kind), accounts=progress)


def test_the_newest_request_that_changed_an_account_says_who_disabled_it() -> None:
    disabling = written(5, RequestKind.DISABLE_GUESTS, AccountEnd.DONE)
    by = Disabling(request=RequestId("R-5"), at=NOW - timedelta(minutes=5))
    refused = written(1, RequestKind.ENABLE_GUESTS, AccountEnd.REFUSED)
    usual = request(RequestState.APPLIED)
    assert disabling_of(MARIA.id, [refused, disabling, usual]) == by
    assert disabling_of(PersonId("other"), [disabling]) is None
    assert disabling_of(MARIA.id, [disabling, written(2, RequestKind.ENABLE_GUESTS, AccountEnd.DONE)]) is None


def test_an_open_request_enables_the_accounts_of_its_plan_or_before_it_the_chosen_ones() -> None:
    usual = request(RequestState.AWAITING_APPROVAL)
    planned = PlannedAccount(id=MARIA.id, name="Maria", mail="", principal_name="", why="", was_enabled=False)

    def asking(kind: RequestKind, accounts: tuple[PlannedAccount, ...] | None, *chosen: PersonId) -> AccessRequest:
        fields = replace(usual.fields, kind=kind, accounts=chosen)
        if accounts is None:
            return replace(usual, fields=fields, prepared=None)
        prepared = usual.require_prepared()
        plan = replace(prepared.plan, accounts=AccountPlan(change=AccountChange.ENABLE, accounts=accounts))
        return replace(usual, fields=fields, prepared=replace(prepared, plan=plan))

    enable, other = RequestKind.ENABLE_GUESTS, replace(planned, id=PersonId("other"))
    assert is_enabling(MARIA.id, asking(enable, (other, planned)))
    assert is_enabling(MARIA.id, asking(enable, None, MARIA.id))
    assert not is_enabling(MARIA.id, asking(enable, (other,), MARIA.id)), "the plan says what is written"
    assert not is_enabling(MARIA.id, asking(enable, None)), "whom it enables is not known yet"
    assert not is_enabling(MARIA.id, asking(RequestKind.DISABLE_GUESTS, (planned,)))
    assert not is_enabling(MARIA.id, usual)


def issued_by(*issuers: str) -> Any:
    return read((replace(MARIA, issuers=issuers),))


@pytest.mark.parametrize(
    ("issuers", "identity"),
    [
        (("MicrosoftAccount",), "personal"),
        (("mail",), "passcode"),
        (("google.com", "woodgrove.onmicrosoft.com"), "social"),
        (("ExternalAzureAD",), None),
        (("mail", "ExternalAzureAD"), None),
        (("https://idp.contoso.com",), None),
        ((), None),
    ],
)
def test_an_account_of_another_identity_does_not_take_their_work_account(
    issuers: tuple[str, ...], identity: str | None
) -> None:
    one = found(StepKey.ACCOUNT, accounts=issued_by(*issuers))
    expected = None if identity is None else Fact(Cause.OTHER_IDENTITY, {"identity": identity})
    assert one.cause == expected
    for kind in (HomeKind.NO_TENANT, HomeKind.PERSONAL):
        passed = found(StepKey.ACCOUNT, accounts=issued_by(*issuers), home=read(Home(kind=kind)))
        assert passed.result is StepResult.PASSES
    unread = found(StepKey.ACCOUNT, accounts=issued_by(*issuers), home=read(UNREAD))
    assert unread.result is (StepResult.PASSES if identity is None else StepResult.NOT_KNOWN)


def test_without_an_account_invitations_that_are_off_are_the_cause() -> None:
    """To say "invite them" is wrong where nobody may."""
    off = read({"allowInvitesFrom": "none"})
    assert cause(found(StepKey.ACCOUNT, accounts=read(()), authorization=off)) == Cause.INVITATIONS_OFF
    for other in (read({"allowInvitesFrom": "everyone"}), read(UNREAD)):
        assert cause(found(StepKey.ACCOUNT, accounts=read(()), authorization=other)) == Cause.NO_ACCOUNT


def test_without_an_address_or_an_answer_the_account_is_not_known() -> None:
    assert codes(found(StepKey.ACCOUNT, accounts=None)) == [Note.NO_PERSON]
    assert found(StepKey.ACCOUNT, accounts=read(UNREAD)).result is StepResult.NOT_READABLE


def test_shared_channels_need_no_account() -> None:
    opened = read({**DEFAULT, "b2bDirectConnectInbound": both("allowed")})
    one = found(StepKey.ACCOUNT, accounts=read(()), default=opened)
    assert (one.result, codes(one)) == (StepResult.NOT_KNOWN, [Note.DIRECT_CONNECT_ONLY])
    for unknown in (None, read(UNREAD)):
        assert cause(found(StepKey.ACCOUNT, accounts=read(()), default=opened, configuration=unknown)) == "no_account"


@pytest.mark.parametrize(
    ("who", "accounts", "result"),
    [
        ("everyone", read((MARIA,)), StepResult.PASSES),
        ("none", read((MARIA,)), StepResult.PASSES),
        ("none", read(()), StepResult.STOPS),
        ("none", None, StepResult.NOT_READABLE),
        (7, read(()), StepResult.NOT_READABLE),
        ("everyone", read(UNREAD), StepResult.NOT_READABLE),
        ("everyone", read((replace(MARIA, state="PendingAcceptance"),)), StepResult.NOT_READABLE),
    ],
)
def test_the_lists_of_domains_are_not_readable_and_decide_about_new_invitations(
    who: Any, accounts: Any, result: StepResult
) -> None:
    one = found(StepKey.INVITATIONS, authorization=read({"allowInvitesFrom": who}), accounts=accounts)
    lists = [] if result is StepResult.PASSES else [Note.DOMAIN_LISTS]
    assert (one.result, codes(one)) == (result, [Note.INVITERS, *lists])
    unread = found(StepKey.INVITATIONS, authorization=read(UNREAD), accounts=accounts)
    assert (unread.result, codes(unread)) == (StepResult.NOT_READABLE, [Note.UNREADABLE, Note.DOMAIN_LISTS])
