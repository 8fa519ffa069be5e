"""Every record and effect is read from its JSON text unchanged."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, get_args

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflows.core.batches.examples import batch
from tests.workflows.core.builders import NOW, accounts_plan, partnership, planned_accounts, prepared, request
from tests.workflows.core.strategies import DOCUMENTS, GUIDS, TENANT_IDS
from workflows.core.checks.partner_setup.confirmations import Confirmation
from workflows.core.checks.partner_setup.steps import SetupStep, StepKey
from workflows.core.errors.facts import Fact
from workflows.core.partners.partnership import Attestation, Partnership, PartnershipState
from workflows.core.people import ChatId, Person, PersonId, Role
from workflows.core.plans.accounts import (
    AccountChange,
    AccountEnd,
    AccountLeft,
    AccountPlan,
    AccountProgress,
    AccountResult,
    LeftAlone,
)
from workflows.core.plans.plan import CallIds, Operation, Plan, TenantIdentity
from workflows.core.policy.approval import ChainRule, Choice, Decision
from workflows.core.policy.reviews.terms import AttestedText, MfaAttestation
from workflows.core.policy.template import Stage
from workflows.core.requests.commands.batch import ImportSheet
from workflows.core.requests.commands.clicks import AskReminder, Click, DropEffect, RetryEffect
from workflows.core.requests.commands.partner_record import ConfirmSetup, Keep, RemindSetup, Revoke, UnconfirmSetup
from workflows.core.requests.commands.request import Approve, ChangeGuests, CommandSubject, Confirm, Reject
from workflows.core.requests.effects import (
    AdvanceBatch,
    Apply,
    CheckPermission,
    Effect,
    JudgeSheet,
    PostAuditHead,
    Prepare,
    RemindPerson,
    RetryOrDropEffect,
    SendEndNotices,
    SendEscalationMessage,
    SendExpiryMessages,
    SendMessage,
    SendReminders,
    SendReviewReminders,
    ShowAccessTest,
    ShowAlarm,
    ShowBatch,
    ShowBlockAtEnd,
    ShowFreeze,
    ShowHandover,
    ShowHome,
    ShowRequest,
    ShowReview,
    ShowSetup,
    TellEscalation,
    UploadBatchList,
)
from workflows.core.requests.request import (
    AccessRequest,
    BatchId,
    EscalationStep,
    ObservedPartner,
    PreparedRequest,
    RequestFields,
    RequestId,
    RequestKind,
    RequestState,
)
from workflows.core.settings.canonical import Digest
from workflows.effects.batches.waves import WAVE
from workflows.store.codec import (
    ALARM,
    BATCH,
    DRIFT,
    EFFECT,
    PARTNERSHIP,
    REQUEST,
    STORED_NAMES,
    build_adapters,
    dump,
    load,
    load_shared,
)

TEXT: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
CHAT_IDS: Final = TEXT.map(ChatId)
REQUEST_IDS: Final = TEXT.map(RequestId)
BATCH_IDS: Final = TEXT.map(BatchId)
DIGESTS: Final = TEXT.map(Digest)
MOMENTS: Final = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
DURATIONS: Final = st.timedeltas(timedelta(), timedelta(days=3650))
IMAGES: Final = st.none() | DOCUMENTS

PEOPLE: Final = st.builds(Person, id=GUIDS.map(PersonId), chat_id=CHAT_IDS, name=TEXT)
IDENTITIES: Final = st.builds(
    TenantIdentity, tenant_id=TENANT_IDS, display_name=TEXT, default_domain=TEXT, typed_name=TEXT
)
STAGES: Final = st.builds(Stage, title=TEXT, role=TEXT.map(Role), quorum=st.integers(1, 20))
OPERATIONS: Final = st.builds(Operation, method=st.sampled_from(["POST", "PATCH"]), path=TEXT, body=DOCUMENTS)
PLANS: Final = st.builds(
    Plan,
    tenant_id=TENANT_IDS,
    operations=st.lists(OPERATIONS, max_size=2).map(tuple),
    before=IMAGES,
    template=TEXT,
    template_hash=TEXT,
    duration=st.none() | DURATIONS,
    extends=st.booleans(),
)
OBSERVATIONS: Final = st.builds(ObservedPartner, identity=IDENTITIES, configuration=IMAGES, at=MOMENTS)
PARTICULARS: Final = st.builds(
    RequestFields,
    kind=st.sampled_from(RequestKind),
    requester=CHAT_IDS,
    sponsor=CHAT_IDS,
    target=TEXT,
    template=TEXT,
    justification=TEXT,
    restores=st.none() | REQUEST_IDS,
    duration=st.none() | DURATIONS,
)
PREPARED: Final = st.builds(
    PreparedRequest,
    observation=OBSERVATIONS,
    requester=PEOPLE,
    sponsor=PEOPLE,
    plan=PLANS,
    template_title=TEXT,
    stages=st.lists(STAGES, max_size=2).map(tuple),
    review_interval=st.none() | DURATIONS,
    chain_rule=st.none() | st.sampled_from(ChainRule),
)
DECISIONS: Final = st.builds(
    Decision,
    person=PEOPLE,
    choice=st.sampled_from(Choice),
    stage=st.integers(0, 5),
    digest=DIGESTS,
    reason=TEXT,
    at=MOMENTS,
)
FACT: Final = st.builds(Fact, code=TEXT, values=DOCUMENTS)
FACTS: Final = st.lists(FACT, max_size=2).map(tuple)
REQUESTS: Final = st.builds(
    AccessRequest,
    id=REQUEST_IDS,
    version=st.integers(1, 2**31),
    state=st.sampled_from(RequestState),
    fields=PARTICULARS,
    created_at=MOMENTS,
    changed_at=MOMENTS,
    expires_at=MOMENTS,
    lifetime=st.none() | DURATIONS,
    observation=st.none() | OBSERVATIONS,
    prepared=st.none() | PREPARED,
    decisions=st.lists(DECISIONS, max_size=2).map(tuple),
    submitter=st.none() | PEOPLE,
    note=FACTS,
    asked_again=FACTS,
    writing_since=st.none() | MOMENTS,
    earlier_write_at=st.none() | MOMENTS,
    replans=st.integers(0, 2**31),
    not_before=st.none() | MOMENTS,
    confirmed_at=st.none() | MOMENTS,
)
ATTESTED: Final = st.builds(MfaAttestation, text=st.sampled_from(AttestedText), until=MOMENTS)
ATTESTATIONS: Final = st.builds(Attestation, person=PEOPLE, reason=TEXT, at=MOMENTS, mfa=st.none() | ATTESTED)
KEYS: Final = st.sampled_from(StepKey)
STEPS: Final = st.builds(SetupStep, key=KEYS, is_needed=st.booleans(), required_settings=DOCUMENTS)
PARTNERSHIPS: Final = st.builds(
    Partnership,
    identity=IDENTITIES,
    version=st.integers(1, 2**31),
    state=st.sampled_from(PartnershipState),
    sponsor=PEOPLE,
    template=TEXT,
    template_title=TEXT,
    request_id=REQUEST_IDS,
    since=MOMENTS,
    ends_at=st.none() | MOMENTS,
    review_interval=st.none() | DURATIONS,
    next_review_at=st.none() | MOMENTS,
    reminders=st.integers(0, 99),
    attestations=st.lists(ATTESTATIONS, max_size=2).map(tuple),
    setup=st.lists(STEPS, max_size=2).map(tuple),
    confirmations=st.lists(
        st.builds(Confirmation, step=KEYS, step_digest=DIGESTS, person=PEOPLE, at=MOMENTS), max_size=2
    ).map(tuple),
    remind_setup_at=st.none() | MOMENTS,
    setup_reminders=st.integers(0, 9),
    setup_reminder_asked_by=st.none() | PEOPLE,
    setup_reminder_asked_at=st.none() | MOMENTS,
)


def clicks(kind: type[Click], name: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Click]:
    """Clicks of one kind, by anybody, with their stored name."""
    return st.builds(kind, actor=CHAT_IDS, name=st.just(name), **fields)


INTENTS: Final[st.SearchStrategy[Click]] = st.one_of(
    clicks(Approve, "approve", request_id=REQUEST_IDS, digest=DIGESTS, channel=TEXT),
    clicks(Reject, "reject", request_id=REQUEST_IDS, digest=DIGESTS, reason=TEXT, channel=TEXT),
    clicks(AskReminder, "ask_reminder", request_id=REQUEST_IDS, channel=TEXT),
    clicks(
        Keep,
        "keep",
        tenant_id=TENANT_IDS,
        reason=TEXT,
        channel=TEXT,
        attests=st.none() | st.sampled_from(AttestedText),
    ),
    clicks(Revoke, "revoke", target=TEXT, reason=TEXT, channel=TEXT),
    clicks(ConfirmSetup, "confirm_half", tenant_id=TENANT_IDS, step=KEYS, step_digest=DIGESTS, channel=TEXT),
    clicks(UnconfirmSetup, "unconfirm_half", tenant_id=TENANT_IDS, step=KEYS, channel=TEXT),
    clicks(RetryEffect, "retry_effect", effect_id=st.integers(1, 2**62)),
    clicks(DropEffect, "drop_effect", effect_id=st.integers(1, 2**62)),
    clicks(RemindSetup, "remind_half", tenant_id=TENANT_IDS, channel=TEXT),
)
SUBJECTS: Final = st.builds(CommandSubject, request_id=st.none() | REQUEST_IDS, tenant_id=st.none() | TENANT_IDS)
EFFECTS: Final[dict[type[Any], st.SearchStrategy[Any]]] = {
    CheckPermission: st.builds(CheckPermission, kind=st.just("judge"), command=INTENTS, key=TEXT),
    Prepare: st.builds(
        Prepare, kind=st.just("prepare"), request_id=REQUEST_IDS, asked_by=CHAT_IDS, closes=st.booleans()
    ),
    Apply: st.builds(Apply, kind=st.just("apply"), request_id=REQUEST_IDS, tenant_id=TENANT_IDS, closes=st.booleans()),
    ShowRequest: st.builds(ShowRequest, kind=st.just("show_request"), request_id=REQUEST_IDS),
    SendReminders: st.builds(
        SendReminders, kind=st.just("remind"), request_id=REQUEST_IDS, reminded_at=st.none() | MOMENTS
    ),
    RemindPerson: st.just(RemindPerson(person=ChatId("U-AMARA"), not_before=datetime(2027, 3, 1, 9, tzinfo=UTC))),
    TellEscalation: st.builds(
        TellEscalation,
        kind=st.just("tell_escalation"),
        request_id=REQUEST_IDS,
        round=st.integers(0, 5),
        stage=st.integers(0, 5),
        step=st.sampled_from(EscalationStep),
    ),
    SendEscalationMessage: st.builds(
        SendEscalationMessage,
        kind=st.just("send_escalation_message"),
        person=CHAT_IDS,
        request_id=REQUEST_IDS,
        round=st.integers(0, 5),
        stage=st.integers(0, 5),
        step=st.sampled_from(EscalationStep),
        fact=FACT,
        not_before=st.none() | MOMENTS,
    ),
    SendEndNotices: st.builds(
        SendEndNotices, kind=st.just("send_end_notices"), batch=st.text(), blocked=st.integers(0, 10)
    ),
    SendReviewReminders: st.builds(SendReviewReminders, kind=st.just("send_review_reminders"), batch=st.text()),
    ShowBlockAtEnd: st.builds(ShowBlockAtEnd, kind=st.just("show_block_at_end"), request_id=REQUEST_IDS),
    ShowFreeze: st.builds(ShowFreeze, kind=st.just("show_freeze")),
    PostAuditHead: st.builds(PostAuditHead, kind=st.just("post_audit_head")),
    SendExpiryMessages: st.builds(SendExpiryMessages, kind=st.just("tell_expired"), request_id=REQUEST_IDS),
    ShowReview: st.builds(ShowReview, kind=st.just("show_review"), tenant_id=TENANT_IDS, remind=st.booleans()),
    ShowSetup: st.builds(ShowSetup, kind=st.just("show_half"), tenant_id=TENANT_IDS, remind=st.booleans()),
    ShowHandover: st.builds(ShowHandover, kind=st.just("show_handover"), tenant_id=TENANT_IDS),
    ShowAccessTest: st.builds(
        ShowAccessTest,
        kind=st.just("show_access_test"),
        tenant_id=TENANT_IDS,
        not_before=st.none() | MOMENTS,
    ),
    ShowHome: st.builds(ShowHome, kind=st.just("show_home"), person=CHAT_IDS),
    RetryOrDropEffect: st.builds(
        RetryOrDropEffect, kind=st.just("settle_given_up"), effect_id=st.integers(1, 2**62), is_retried=st.booleans()
    ),
    ShowAlarm: st.builds(ShowAlarm, kind=st.just("show_alarm"), alarm_id=TEXT),
    AdvanceBatch: st.builds(AdvanceBatch, kind=st.just("advance_batch"), batch_id=BATCH_IDS),
    ShowBatch: st.builds(ShowBatch, kind=st.just("show_batch"), batch_id=BATCH_IDS),
    UploadBatchList: st.builds(UploadBatchList, kind=st.just("upload_batch_list"), batch_id=BATCH_IDS),
    JudgeSheet: st.builds(
        JudgeSheet,
        kind=st.just("judge_sheet"),
        key=TEXT,
        command=st.builds(
            ImportSheet,
            name=st.just("import_sheet"),
            actor=CHAT_IDS,
            file_id=TEXT,
            template=TEXT,
            sheet=TEXT,
            columns=st.dictionaries(TEXT, st.integers(0, 999), max_size=3),
            sha256=TEXT,
            run=TEXT,
            channel=TEXT,
        ),
    ),
    SendMessage: st.builds(
        SendMessage, kind=st.just("tell"), person=CHAT_IDS, subject=SUBJECTS, fact=FACT, channel=TEXT
    ),
}


@given(REQUESTS)
@settings(max_examples=60, deadline=None)
def test_a_request_is_read_back(record: AccessRequest) -> None:
    back = load(REQUEST, dump(REQUEST, record))
    assert back == record
    if record.prepared is not None:
        assert back.plan.digest == record.prepared.plan.digest


@given(PARTNERSHIPS)
@settings(max_examples=40, deadline=None)
def test_a_partnership_is_read_back(record: Partnership) -> None:
    assert load(PARTNERSHIP, dump(PARTNERSHIP, record)) == record


@pytest.mark.parametrize("kind", EFFECTS, ids=lambda kind: kind.__name__)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_an_effect_is_read_back(kind: type[Any], data: st.DataObject) -> None:
    effect = data.draw(EFFECTS[kind])
    back = load(EFFECT, dump(EFFECT, effect))
    assert type(back) is kind
    assert back == effect
    if isinstance(back, CheckPermission):
        assert type(back.command) is type(effect.command)


def test_no_effect_is_forgotten_here() -> None:
    assert set(EFFECTS) == set(get_args(Effect))


@pytest.mark.parametrize(
    "text",
    ["", "{}", "null", '{"kind":"erase","request_id":"r-1"}', '{"kind":"prepare"}', '{"request_id":"r-1"}'],
)
def test_what_is_no_effect_is_not_guessed(text: str) -> None:
    with pytest.raises(pydantic.ValidationError):
        load(EFFECT, text)


def test_a_record_of_before_is_read_back_without_what_it_did_not_know() -> None:
    text = dump(REQUEST, request())
    for name in ("writing_since", "sent_before", "not_before", "submitter"):
        assert f',"{name}":null' in text
        text = text.replace(f',"{name}":null', "")
    assert load(REQUEST, text) == request()


def test_a_partnership_stored_before_the_partner_setup_was_kept_still_loads() -> None:
    text = dump(PARTNERSHIP, partnership())
    tail = ',"setup":[],"confirmations":[],"remind_setup_at":null,"setup_reminders":0'
    tail += ',"setup_reminder_asked_by":null,"setup_reminder_asked_at":null'
    assert tail in text
    assert load(PARTNERSHIP, text.replace(tail, "")) == partnership()


def test_what_is_no_record_is_not_guessed() -> None:
    for text in (
        dump(REQUEST, request()).replace('"awaiting_approval"', '"approved"'),
        dump(PARTNERSHIP, partnership()),
    ):
        with pytest.raises(pydantic.ValidationError):
            load(REQUEST, text)


def test_a_request_stored_before_templates_had_placeholders_still_loads() -> None:
    whole = request()
    text = dump(REQUEST, whole)
    assert '"placeholders":{},' in text or ',"placeholders":{}' in text
    older = text.replace('"placeholders":{},', "").replace(',"placeholders":{}', "")
    assert load(REQUEST, older) == whole


@pytest.mark.parametrize(("record", "names"), STORED_NAMES.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_a_renamed_field_keeps_the_name_under_which_earlier_versions_stored_it(
    record: type[Any], names: dict[str, str]
) -> None:
    properties = pydantic.TypeAdapter(record).json_schema(mode="serialization")["properties"]
    assert set(names.values()) <= set(properties)
    assert not set(names) & set(properties)


def test_a_record_with_the_same_text_is_the_same_object_and_one_that_changed_is_read() -> None:
    """What was computed for it is not computed again. The text is the store's, so nothing out of date is returned."""
    text = dump(REQUEST, request())
    first = load_shared(REQUEST, text)
    assert first == load(REQUEST, text)
    assert load_shared(REQUEST, "".join(list(text))) is first
    changed = replace(first, version=first.version + 1)
    assert load_shared(REQUEST, dump(REQUEST, changed)) == changed


def test_few_records_are_remembered() -> None:
    text = dump(REQUEST, request())
    first = load_shared(REQUEST, text)
    for version in range(2, 80):
        load_shared(REQUEST, dump(REQUEST, replace(first, version=version)))
    assert load_shared(REQUEST, text) is not first


def test_a_wave_of_a_batch_is_remembered_whole_and_of_batches_two_texts() -> None:
    """A member is read several times in its wave. A batch has a thousand rows, and a new text after each wave."""
    texts = [dump(REQUEST, replace(request(), version=version)) for version in range(1, WAVE + 10)]
    first = [load_shared(REQUEST, text) for text in texts]
    batches = [dump(BATCH, replace(batch(), version=version)) for version in (1, 2, 3)]
    oldest = load_shared(BATCH, batches[0])
    assert load_shared(BATCH, batches[0]) is oldest
    for text in batches:
        load_shared(BATCH, text)
    assert load_shared(BATCH, batches[0]) is not oldest
    assert all(load_shared(REQUEST, text) is one for text, one in zip(texts, first, strict=True))


def test_what_cannot_be_read_is_not_remembered() -> None:
    for _ in range(2):
        with pytest.raises(pydantic.ValidationError):
            load_shared(REQUEST, "{}")


def test_what_reads_records_can_be_built_before_it_is_needed() -> None:
    """In a thread when the bot is ready: the first request that is shown does not wait for it."""
    build_adapters()
    assert all(adapter.pydantic_complete for adapter in (REQUEST, PARTNERSHIP, ALARM, DRIFT))


def test_a_change_of_accounts_is_read_unchanged_and_the_digest_of_other_plans_stays() -> None:
    left = AccountLeft(
        id=PersonId("g-9"), name="Ada", mail="ada@contoso.com", reason=LeftAlone.HAS_ROLE, values={"roles": ["Reader"]}
    )
    plan = accounts_plan()
    accounts = AccountPlan(
        change=AccountChange.DISABLE,
        accounts=planned_accounts(3),
        left_alone=(left,),
        left_counts={LeftAlone.HAS_ROLE: 1, LeftAlone.ALREADY: 2},
        more=7,
        is_complete=False,
    )
    plan = replace(plan, accounts=accounts)
    progress = AccountProgress(
        results=(
            AccountResult(id=PersonId("guest-0"), end=AccountEnd.SENT, at=NOW, ids=CallIds(request_id="c-1")),
            AccountResult(id=PersonId("guest-1"), end=AccountEnd.LEFT_ALONE, at=NOW, left=LeftAlone.CHANGED),
        ),
        sending=(PersonId("guest-2"),),
        sending_since=NOW,
        stop=(Fact("revoked_meanwhile", {"name": "Dana"}),),
    )
    record = request(
        RequestState.APPLYING,
        RequestKind.DISABLE_GUESTS,
        prepared=prepared(RequestKind.DISABLE_GUESTS, plan=plan),
        accounts=progress,
    )
    back = load(REQUEST, dump(REQUEST, record))
    assert back == record
    assert back.plan.digest == record.plan.digest
    assert replace(plan, accounts=replace(accounts, more=8)).digest != plan.digest
    assert replace(plan, accounts=None).digest == replace(accounts_plan(), accounts=None).digest


def test_a_click_about_accounts_is_read_unchanged() -> None:
    asked = ChangeGuests(
        actor=ChatId("U1"),
        target="contoso.com",
        change=AccountChange.ENABLE,
        reason="They came back.",
        accounts=(PersonId("guest-1"),),
        undoes=RequestId("r-1"),
    )
    confirmed: Confirm[ChatId] = Confirm(
        actor=ChatId("U1"), request_id=RequestId("r-2"), digest=accounts_plan().digest, typed="contoso.com 3"
    )
    for click in (asked, confirmed):
        effect = CheckPermission(command=click, key="k")
        assert load(EFFECT, dump(EFFECT, effect)) == effect
