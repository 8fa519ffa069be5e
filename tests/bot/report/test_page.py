"""The page of an audit report: everything escaped, nothing loaded, and incomplete is said as incomplete."""

import csv
import hashlib
import io
import json
import re
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.report.file_formats import FileFormat, write_report
from bot.report.report_file import ReportHeader
from bot.report.slack_report import ChatReports
from bot.report.story_columns import COLUMNS
from bot.report.story_json import story_json
from bot.report.words import kind_name, standing_words, state_in_words
from bot.slack.flows.audit_log.report import SHOWN_REQUESTS
from tests.workflows.core.builders import NOW, RILEY, TENANT, partnership, request
from tests.workflows.core.partners.test_adopted import adoption
from tests.workflows.fakes import FixedClock
from workflows.app.evidence.reading import EvidenceReader
from workflows.core.partners.history.days import parse_days
from workflows.core.partners.history.story import RequestStory, StorySource, request_story
from workflows.core.partners.partnership import PartnershipState
from workflows.core.plans.plan import CallIds, SentWrite
from workflows.core.plans.writes.refused_writes import RefusedWrite
from workflows.core.requests.request import EditRecord, RequestId, RequestKind, RequestState
from workflows.core.settings.open_access import AccessState, OpenAccess
from workflows.ports.audit_log import AuditEntry

HOSTILE = "</bdi><script>alert(1)</script><img src=x onerror=alert(1)>\u202e{{ 7*7 }}"


def entry(command: str, **details: object) -> AuditEntry:
    return AuditEntry(
        key=command, at=NOW, actor=HOSTILE, command=command, outcome="accepted", details=details, account=None
    )


def story(text: str = HOSTILE) -> RequestStory:
    asked = request(RequestState.APPLIED, confirmed_at=NOW + timedelta(minutes=3), writing_since=NOW)
    asked = replace(
        asked,
        fields=replace(asked.fields, justification=text, ticket=text, target=text),
        decisions=tuple(replace(one, reason=text) for one in asked.decisions),
        sent=(
            SentWrite(method="POST", path="/partners", at=NOW, ids=CallIds(request_id=text, client_request_id=text)),
        ),
    )
    entries = (
        entry("submit", reason=text),
        entry("record_applied", image={"tenantId": TENANT, text: text}, digest=asked.plan.digest),
        entry("keep", reason=text),
        entry("find_own_write", writes=[{"correlation_id": text, "entra_at": NOW.isoformat(), "entra_entry": "e"}]),
        entry("replan", drift={"settings": [], "defaults": [{"name": text, "shown": 1, "now": 2}]}),
    )
    handovers = (
        replace(entry("propose_sponsor", proposed=text), at=NOW + timedelta(hours=1)),
        replace(entry("accept_sponsorship"), at=NOW + timedelta(hours=2)),
    )
    source = StorySource(
        request=asked, record=partnership(), entries=entries, entry_count=10, handover_entries=handovers
    )
    return request_story(source, NOW)


async def written(file_format: FileFormat, *stories: RequestStory, unreadable: int = 0, partner: str = "") -> str:
    async def each() -> AsyncIterator[RequestStory]:
        for one in stories:
            yield one

    reader = EvidenceReader(store=None, clock=FixedClock())  # type: ignore[arg-type]
    reader.unreadable = unreadable
    header = ReportHeader(
        made_at=NOW, made_by=HOSTILE, key="key-1", partner=partner, days=parse_days("2027-03-01", "2027-03-31")
    )
    file = await write_report(each(), header, file_format, reader)
    try:
        content = b"".join(file.pieces())
    finally:
        file.close()
    assert (hashlib.sha256(content).hexdigest(), len(content)) == (file.sha256, file.size)
    assert file.row_count == len(stories)
    return content.decode()


async def test_everything_from_outside_is_escaped_and_nothing_is_loaded() -> None:
    page = await written(FileFormat.HTML, story(), partner=HOSTILE)
    assert "<script" not in page
    assert "<img" not in page
    assert "\u202e" not in page
    assert "{{ 7*7 }}" in page, "no text is a template"
    assert not re.search(r"\b(?:src|srcset|onload|action)=", page.replace("img src=x", ""))
    assert set(re.findall(r'href="([^"]*)"', page)) == {"#r-1"}
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.replace("&#39;", "'") == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


async def test_the_page_tells_the_story_and_what_it_does_not_prove() -> None:
    page = await written(FileFormat.HTML, story("Joint launch"), unreadable=2)
    for said in (
        "Incomplete: 2 records could not be read.",
        "The tenant was not read for it",
        "Active, as approved. As of the read-back on Mar 1, 2027 at 09:03 UTC.",
        "Mar 31, 2027 (included)",
        "after 3 min",
        "Joint launch",
        story().request.plan.digest,
        "It showed the complete change.",
        "ClientRequestId: Joint launch",
        "5 later entries are not listed here.",
        "key-1",
    ):
        assert said in page, said


async def test_every_actor_has_a_name_and_edits_have_one_heading() -> None:
    told = story("Joint launch")
    edits = tuple(EditRecord(person=RILEY, at=NOW + timedelta(minutes=minutes)) for minutes in (1, 2))
    entries = (
        replace(entry("edit"), actor=RILEY.chat_id, account=RILEY.id),
        replace(entry("replan"), actor="gatehouse"),
    )
    page = await written(FileFormat.HTML, replace(told, request=replace(told.request, edits=edits), entries=entries))
    assert page.count("<dt>Edited by</dt>") == 1
    assert page.count("(U-RILEY), Mar 1, 2027") == 2
    assert f"Riley (U-RILEY, account {RILEY.id})" in page
    assert "gatehouse</td>" in page.replace("</bdi>", "")


async def test_what_no_longer_stands_is_not_called_active() -> None:
    asked = request(RequestState.APPLIED, confirmed_at=NOW)
    record = partnership()
    stands = request_story(StorySource(request=asked, record=record), NOW)
    assert state_in_words(stands).startswith("active (verified")
    later = request(RequestState.APPLIED, RequestKind.REVOCATION, id=RequestId("r-2"), confirmed_at=NOW, not_closed=())
    replaced = request_story(StorySource(request=asked, record=record, later=later), NOW)
    assert state_in_words(replaced).startswith("applied (verified")
    assert standing_words(replaced) == "Revoked later (r-2). As of the read-back on Mar 1, 2027 at 09:00 UTC."
    assert "active" not in await written(FileFormat.HTML, replaced)
    reopened = request_story(StorySource(request=later, record=record, later=asked), NOW)
    assert state_in_words(reopened).startswith("block applied (verified")


@pytest.mark.parametrize(
    ("opening", "said"),
    [
        (AccessState.OPEN, "Blocked, not everything closed (1 kind of access)."),
        (AccessState.UNKNOWN, "Blocked, not known if everything is closed (1 kind of access)."),
    ],
)
def test_what_a_closing_left_open_is_told_from_what_is_only_not_known(opening: AccessState, said: str) -> None:
    left = (OpenAccess(name="m365CollaborationInbound", opening=opening),)
    closed = request(RequestState.APPLIED, RequestKind.REVOCATION, confirmed_at=NOW, not_closed=left)
    record = partnership(state=PartnershipState.REVOKED, request_id=closed.id, not_closed=left)
    told = request_story(StorySource(request=closed, record=record), NOW)
    assert standing_words(told).startswith(said)


async def test_what_a_sweep_found_since_is_on_the_page_with_author_and_acceptance() -> None:
    """The read-back proves what was written, not what is there today. What the watch knows is not left out."""
    details = {
        "drift": "differs_from_approved",
        "settings": ["b2bDirectConnectInbound"],
        "opens": True,
        "found_at": (NOW + timedelta(hours=1)).isoformat(),
        "author": HOSTILE,
        "author_state": "known",
        "author_at": (NOW + timedelta(minutes=50)).isoformat(),
        "acceptances": [{"name": "Dana", "account": "a", "until": NOW.isoformat(), "reason": HOSTILE}],
    }
    asked = story("Joint launch")
    told = request_story(
        StorySource(
            request=asked.request,
            record=partnership(),
            entries=asked.entries,
            sweep_entries=(entry("record_drift", **details),),
        ),
        NOW,
    )
    page = await written(FileFormat.HTML, told)
    for said in (
        "Not as approved. A sweep found it different on Mar 1, 2027 at 10:00 UTC.",
        "a sweep: the settings are not the approved ones. Different: ",
        "There may be more access than was approved.",
        "Accepted by Dana (account a) until Mar 1, 2027 at 09:00 UTC",
        "It is still so.",
        "applied (verified",
    ):
        assert said in page, said
    assert "Active, as approved" not in page
    assert "<script" not in page
    (change,) = [one for one in story_json(told)["changes_by_others"] if one["drift"]]
    assert (change["kind"], change["drift"], change["ended_at"]) == ("found_by_sweep", "differs_from_approved", None)
    assert change["author"] == {"state": "known", "name": HOSTILE, "at": "2027-03-01T09:50:00Z"}
    assert COLUMNS["result_code"](told) == "drifted"
    around, _ = story_json(told)["changes_by_others"]
    assert (around["kind"], around["author"]) == ("before_write", None)


@pytest.mark.parametrize("state", [RequestState.APPLIED, RequestState.AWAITING_APPROVAL, RequestState.PREPARING])
async def test_an_adoption_is_told_with_what_was_open_and_never_as_a_change(state: RequestState) -> None:
    is_done = state is RequestState.APPLIED
    asked = adoption(state, **({"confirmed_at": NOW} if is_done else {}))
    told = request_story(StorySource(request=asked, record=partnership()), NOW)
    for file_format in FileFormat:
        text = await written(file_format, told)
        assert "adoption of current settings" in text
        if is_done and file_format is FileFormat.HTML:
            assert "What was adopted" in text
            assert "<dt>Authors</dt><dd><bdi>Bruno (U-BRUNO, account id-bruno)</bdi></dd>" in text
            assert "<li><bdi>We accept their MFA</bdi></li>" in text
            assert "The plan changes no setting" not in text
            assert "The exact Microsoft Graph operations" not in text
    assert bool(story_json(told)["adopted"]) is (asked.prepared is not None)


@pytest.mark.parametrize("kind", RequestKind)
async def test_every_kind_of_request_has_its_words(kind: RequestKind) -> None:
    asked = request(RequestState.PREPARING, kind)
    assert kind_name(asked)


async def test_an_empty_report_says_so() -> None:
    assert "No request was sent in this time." in await written(FileFormat.HTML)
    assert json.loads(await written(FileFormat.JSON))["requests"] == []
    assert len((await written(FileFormat.CSV)).splitlines()) == 1


async def test_json_has_sorted_keys_one_request_a_line_and_only_ascii() -> None:
    text = await written(FileFormat.JSON, story(), story())
    document = json.loads(text)
    assert text.isascii()
    assert list(document) == sorted(document)
    assert len(text.splitlines()) == len(document) + 5
    assert document["requests"][0] == json.loads(json.dumps(story_json(story())))
    assert document["requests"][0]["entry_count"] == 10


@pytest.mark.parametrize("name", COLUMNS)
def test_each_column_is_a_text_also_while_a_request_has_no_plan(name: str) -> None:
    unprepared = request_story(StorySource(request=request(RequestState.PREPARING)), NOW)
    for one in (story(), unprepared):
        assert isinstance(COLUMNS[name](one), str)
    json.dumps(story_json(unprepared))


async def test_a_page_of_a_request_without_a_plan_says_so() -> None:
    unprepared = request_story(StorySource(request=request(RequestState.PREPARING)), NOW)
    page = await written(FileFormat.HTML, unprepared)
    for said in ("No plan was made.", "No read-back is recorded.", "Nobody has decided."):
        assert said in page


async def test_the_short_story_says_what_stands_and_where_nothing_does_the_state() -> None:
    waiting = request_story(StorySource(request=request(id=RequestId("r-0"))), NOW)

    async def each() -> AsyncIterator[RequestStory]:
        yield waiting
        for _ in range(SHOWN_REQUESTS):
            yield story()

    reader = EvidenceReader(store=None, clock=FixedClock())  # type: ignore[arg-type]
    made = await ChatReports(redact=lambda text: text.replace("Riley", "R…"))(
        each(), reader, made_by="Dana", key="key-1", partner="contoso.com"
    )
    assert made.row_count == SHOWN_REQUESTS + 1
    assert len(made.newest) == SHOWN_REQUESTS
    first, second, *_ = made.newest
    assert (
        first
        == "r-0: Trusted partner, waiting for approval. Requested by Riley on Mar 1, 2027. The request is still open."
    )
    assert second.startswith("r-1: Trusted partner. Requested by Riley on Mar 1, 2027, approved by Amara, Bruno, Chie")
    assert "Active, as approved." in second
    assert b"Riley" not in made.content, "known secrets are removed from the file"
    assert hashlib.sha256(made.content).hexdigest() == made.sha256


async def test_nothing_is_called_changed_or_complete_that_was_not() -> None:
    rejected = request_story(StorySource(request=request(RequestState.REJECTED)), NOW)
    page = await written(FileFormat.HTML, rejected)
    assert "What the plan would change (not verified)" in page
    assert "What was changed" not in page
    applied = story("Joint launch")
    refused = (RefusedWrite(names=("tenantRestrictions",), reason=()),)
    page = await written(FileFormat.HTML, replace(applied, request=replace(applied.request, refused=refused)))
    assert "What was changed" in page
    assert "It showed the change, except for what Microsoft refused." in page
    assert "It showed the complete change." not in page


async def test_every_format_tells_who_was_asked_to_be_the_sponsor() -> None:
    told = story("Amara")
    page = await written(FileFormat.HTML, told)
    assert "<h3>Sponsor</h3>" in page
    assert "asked Amara to be the sponsor" in page
    assert "accepted, and is the sponsor since" in page
    assert COLUMNS["sponsor_handovers"](told).count("sponsor") == 2
    proposal, accepted = story_json(told)["sponsor_handovers"]
    assert (proposal["step"], proposal["proposed"], proposal["at"]) == (
        "propose_sponsor",
        "Amara",
        "2027-03-01T10:00:00Z",
    )
    assert (accepted["step"], accepted["proposed"], accepted["name"]) == ("accept_sponsorship", None, None)


async def test_a_report_has_entras_correlation_ids_where_they_are_known() -> None:
    known = story("c0ffee")
    page = await written(FileFormat.HTML, known)
    assert "CorrelationId: c0ffee" in page
    (row,) = json.loads(await written(FileFormat.JSON, known))["requests"]
    assert [one["correlation_id"] for one in row["entra_entries"]] == ["c0ffee"]
    header, values = csv.reader(io.StringIO(await written(FileFormat.CSV, known)))
    assert values[header.index("entra_correlation_ids")] == "c0ffee"
