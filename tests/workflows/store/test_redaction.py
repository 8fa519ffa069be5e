"""Stored values stay exactly as they are, whatever they look like; only texts of errors are cleaned."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.process.logs.redactor import Redactor
from tests.workflows.core.builders import (
    NOW,
    access_plan,
    identity,
    noted,
    partnership,
    prepared,
    request,
)
from tests.workflows.fakes import FixedClock
from tests.workflows.store.test_codec import EFFECTS, PARTNERSHIPS, REQUESTS
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, PersonId
from workflows.core.plans.accounts import AccountEnd, AccountProgress, AccountResult
from workflows.core.plans.writes.refused_writes import RefusedWrite
from workflows.core.requests.alarms import Alarm, AlarmCode, AlarmId
from workflows.core.requests.commands.partner_record import Revoke
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.effects import CheckPermission, Effect, SendMessage
from workflows.core.requests.request import AccessRequest, ObservedPartner, RequestKind, RequestState
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit
from workflows.store.codec import ALARM, DETAILS, EFFECT, PARTNERSHIP, REQUEST, load
from workflows.store.redaction import RecordRedactor
from workflows.store.sqlite.store import open_store

TOKEN: Final = "xoxb-1234567890-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx"
KNOWN: Final = "hunter2-hunter2"
REDACTOR: Final = Redactor([KNOWN])
CLEAN: Final = RecordRedactor(error=REDACTOR, known=REDACTOR.without_known_secrets)
LOOKS: Final = ["flexapp-cloud.com", "taxapp-online.de", "Ring Bearer Logistics", "https://a:b@contoso.com/", TOKEN]


def about(text: str) -> AccessRequest:
    """A request that has a text wherever a partner or a person may write one."""
    plan = replace(access_plan({"displayName": text}), template=text)
    partner = replace(identity(text), display_name=text, default_domain=text)
    seen = ObservedPartner(identity=partner, configuration={"displayName": text}, at=NOW)
    plain = request()
    return replace(
        plain,
        version=1,
        fields=replace(plain.fields, target=text, justification=text, placeholders={"name": text}),
        observation=seen,
        prepared=prepared(plan=plan, observation=seen),
    )


@pytest.mark.parametrize("text", LOOKS)
async def test_a_request_is_stored_by_the_letter(tmp_path: Path, text: str) -> None:
    store = await open_store(tmp_path / "gatehouse.db", FixedClock(), REDACTOR, REDACTOR.without_known_secrets)
    meant = about(text)
    entry = AuditEntry(key="k", at=NOW, actor="a", command="c", outcome="accepted", details={"target": text})
    await store.commit(Commit(entry=entry, request=meant))
    stored = await store.request(meant.id)
    (known,) = await store.history()
    await store.close()
    assert stored == meant
    assert stored.plan.digest == meant.plan.digest
    assert known.details == {"target": text}


@given(meant=REQUESTS)
def test_any_request_without_known_secrets_is_read_back_unchanged(meant: AccessRequest) -> None:
    stored = load(REQUEST, CLEAN.request(meant))
    assert stored == meant
    if meant.prepared is not None:
        assert stored.plan.digest == meant.prepared.plan.digest


@given(text=st.one_of(st.sampled_from(LOOKS), st.from_regex(r"(xox[a-z]|xapp|Bearer |eyJ|://a:b@)[-.0-9A-Za-z]{0,40}")))
def test_a_request_is_read_back_unchanged_whatever_its_texts_look_like(text: str) -> None:
    meant = about(text)
    stored = load(REQUEST, CLEAN.request(meant))
    assert stored == meant
    assert stored.plan.digest == meant.plan.digest


@given(meant=PARTNERSHIPS.map(lambda one: replace(one, template_title=TOKEN)))
def test_any_partnership_is_read_back_unchanged(meant: object) -> None:
    assert load(PARTNERSHIP, CLEAN.partnership(meant)) == meant  # type: ignore[arg-type]


@given(meant=st.one_of(*EFFECTS.values()))
def test_any_effect_is_read_back_unchanged(meant: Effect) -> None:
    assert load(EFFECT, CLEAN.effect(meant)) == meant


def test_what_somebody_asked_for_is_kept_until_it_is_checked() -> None:
    wanted = Revoke(actor=ChatId("U1"), target="taxapp-online.de", reason=TOKEN, channel="")
    meant = CheckPermission(command=wanted, key="k")
    assert load(EFFECT, CLEAN.effect(meant)) == meant


def test_texts_of_errors_are_cleaned_of_what_looks_like_a_token() -> None:
    refused = (RefusedWrite(names=("a",), reason=noted(f"It said {TOKEN}.")),)
    deep = Fact("ended", {"note": [{"code": "text", "values": {"text": f"It said {TOKEN}."}}]})
    meant = replace(request(), note=noted(f"It said {TOKEN}."), asked_again=(deep,), refused=refused)
    stored = load(REQUEST, CLEAN.request(meant))
    clean = Fact("ended", {"note": [{"code": "text", "values": {"text": "It said [redacted]."}}]})
    assert stored.note == noted("It said [redacted].")
    assert stored.asked_again == (clean,)
    assert stored.refused[0].reason == noted("It said [redacted].")
    told = load(EFFECT, CLEAN.effect(SendMessage(person=ChatId("U1"), subject=CommandSubject(), fact=deep)))
    assert isinstance(told, SendMessage)
    assert told.fact == clean
    alarm = Alarm(
        id=AlarmId("A-1"), code=AlarmCode.CARD_NOT_POSTED, subject="R-1", values={"reason": TOKEN}, raised_at=NOW
    )
    assert load(ALARM, CLEAN.alarm(alarm)).values == {"reason": "[redacted]"}
    fact = Refused(RefusalCode.CANNOT_BE_CHECKED, answer=f"It said {TOKEN}.").fact
    stored_refusal = load(DETAILS, CLEAN.details(fact.as_value()))
    assert stored_refusal == {"code": "cannot_be_judged", "values": {"answer": "It said [redacted]."}}
    told = load(EFFECT, CLEAN.effect(SendMessage(person=ChatId("U1"), subject=CommandSubject(), fact=fact)))
    assert isinstance(told, SendMessage)
    assert told.fact == Fact(fact.code, {"answer": "It said [redacted]."})
    details = {"reason": TOKEN, "refused": [{"names": ["a"], "reason": TOKEN}], "image": {"reason": TOKEN}}
    assert load(DETAILS, CLEAN.details(details)) == {
        "reason": "[redacted]",
        "refused": [{"names": ["a"], "reason": "[redacted]"}],
        "image": {"reason": TOKEN},
    }


def test_a_known_secret_is_removed_from_everything() -> None:
    for doc in (
        CLEAN.request(about(KNOWN)),
        CLEAN.partnership(partnership(template_title=KNOWN)),
        CLEAN.effect(
            CheckPermission(command=Revoke(actor=ChatId("U1"), target=KNOWN, reason=KNOWN, channel=""), key="k")
        ),
        CLEAN.details({"image": {"a": [KNOWN]}}),
    ):
        assert KNOWN not in doc
        assert "[redacted]" in doc


def test_what_graph_says_about_an_account_is_cleaned_and_the_account_is_not() -> None:
    person = PersonId("guest-0")
    refused = AccountResult(id=person, end=AccountEnd.REFUSED, at=NOW, reason=noted(f"Token {TOKEN} refused"))
    done = AccountResult(id=PersonId("guest-1"), end=AccountEnd.DONE, at=NOW)
    progress = AccountProgress(results=(refused, done), stop=noted(f"Token {TOKEN} refused"))
    text = CLEAN.request(request(RequestState.APPLYING, RequestKind.DISABLE_GUESTS, accounts=progress))
    assert TOKEN not in text
    stored = load(REQUEST, text).accounts
    assert stored is not None
    assert [one.id for one in stored.results] == [person, "guest-1"]
    assert stored.results[1] == done
