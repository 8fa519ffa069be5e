"""The list of a batch has a row for each member, is safe in a spreadsheet, and the same members give the same bytes."""

import csv
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO

import pytest

from bot.report.batch_list import COLUMNS, SHEET_COLUMNS, BatchLists
from tests.bot.sample_sheets import sheet_row
from tests.workflows.core.builders import CHIE, SAM, TENANT, identity, prepared, request
from workflows.core.checks.findings import Finding, FindingCode, Severity, Source
from workflows.core.people import PersonId
from workflows.core.plans.plan import Adoption
from workflows.core.requests.request import AccessRequest

SETTINGS = {
    "tenantId": TENANT,
    "b2bCollaborationInbound": {
        "usersAndGroups": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]},
        "applications": {"accessType": "allowed", "targets": [{"target": "Office365", "targetType": "application"}]},
    },
}


def member(display_name: str = "Contoso Ltd") -> AccessRequest:
    """The request of one member."""
    usual = prepared()
    adoption = Adoption(owner=PersonId("id-riley"), sponsor=PersonId("id-sam"), authors=(CHIE.id,))
    plan = replace(usual.plan, operations=(), before=SETTINGS, adoption=adoption)
    observation = replace(usual.observation, identity=replace(identity(), display_name=display_name), default={})
    unknown = Finding(
        code=FindingCode.AUTHOR_UNKNOWN, severity=Severity.WARNING, source=Source.RECORDS, values={"why": "too_old"}
    )
    mine = replace(usual, plan=plan, observation=observation, template_title="", authors=(CHIE,), findings=(unknown,))
    return request(prepared=mine)


async def rows_of(*members: AccessRequest) -> tuple[list[dict[str, str]], bytes, str]:
    """Write the list of some members, and read it as a spreadsheet does."""

    async def each() -> AsyncIterator[AccessRequest]:
        for one in members:
            yield one

    rendered = await BatchLists()(each())
    text = rendered.content.decode("utf-8-sig")
    return list(csv.DictReader(StringIO(text))), rendered.content, rendered.sha256


async def test_each_member_has_a_row_with_exactly_what_is_decided() -> None:
    one = member()
    [row], content, sha256 = await rows_of(one)
    assert list(row) == [*COLUMNS, "request_id", "change_id"]
    assert row["partner_domain"] == "contoso.com"
    assert row["same_as_template"] == ""
    assert row["open_now"].startswith("Their guests: ")
    assert row["settings_made_by"] == CHIE.name
    assert row["every_author_known"] == "no"
    assert row["issues"]
    assert (row["request_id"], row["change_id"]) == (one.id, one.plan.digest)
    assert (row["access_days"], row["at_the_end"]) == ("90", "asked")
    assert sha256 == hashlib.sha256(content).hexdigest()


async def test_the_same_members_give_the_same_bytes_and_other_members_others() -> None:
    _, content, sha256 = await rows_of(member())
    assert (await rows_of(member()))[1:] == (content, sha256)
    assert (await rows_of(member(), member()))[2] != sha256


@pytest.mark.threats("E4")
async def test_a_name_from_outside_is_no_formula() -> None:
    [row], _, _ = await rows_of(member('=HYPERLINK("https://evil.example")'))
    assert row["partner_display_name_not_verified"].startswith("'=")


async def test_the_list_of_a_sheet_has_what_each_row_asks_for_and_would_change() -> None:
    one = replace(request(), fields=replace(request().fields, justification="=1+1"))
    row = replace(sheet_row(3), template="trusted-partner")

    async def each() -> AsyncIterator[AccessRequest]:
        yield one

    rendered = await BatchLists()(each(), sheet={one.id: row})
    [found] = csv.DictReader(StringIO(rendered.content.decode("utf-8-sig")))
    assert list(found) == [*SHEET_COLUMNS, "request_id", "change_id"]
    assert (found["row"], found["ticket"], found["template"]) == ("5", "CHG-3", "Trusted partner")
    assert (found["partner_domain"], found["access_days"], found["sponsor"]) == ("contoso.com", "90", SAM.name)
    assert found["changes"].startswith("'+ Accept their MFA | ")
    assert (found["starts_on"], found["ends_on"]) == ("", "")
    assert found["reason"] == "'=1+1", "a spreadsheet does not compute it"
    assert (found["request_id"], found["change_id"]) == (one.id, one.plan.digest)


async def test_the_list_of_a_sheet_has_the_first_and_the_last_day_of_each_row() -> None:
    first, end = datetime(2027, 4, 1, tzinfo=UTC), datetime(2027, 7, 1, tzinfo=UTC)
    one = request()
    made = replace(one.require_prepared(), plan=replace(one.plan, starts_at=first, ends_at=end))

    async def each() -> AsyncIterator[AccessRequest]:
        yield replace(one, prepared=made)

    rendered = await BatchLists()(each(), sheet={one.id: sheet_row(1)})
    [found] = csv.DictReader(StringIO(rendered.content.decode("utf-8-sig")))
    assert (found["starts_on"], found["ends_on"]) == ("2027-04-01", "2027-06-30")
