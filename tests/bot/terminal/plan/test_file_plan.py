"""The plan of a file in every format: the exact change of each partner, the totals, and no markup from outside."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.terminal.plan.formats.many import WRITERS
from bot.terminal.plan.formats.markdown import MAX_CHARACTERS
from bot.terminal.plan.formats.markdown_text import code, prose, size
from bot.terminal.plan.planned_partner import PlannedPartner, Totals
from bot.words.batches.file_plan import ACCESS_NOT_ASKED, NOBODY_COMES_IN, NOTHING_DONE
from tests.bot.surfaces import hostile
from tests.bot.terminal.test_plan import planned
from tests.workflows.core.builders import TENANT
from workflows.app.requests.files.parsed_request import PlanImpossible
from workflows.core.batches.sheets.cells import RawSheet
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.judged import JudgedRow, RowVerdict, refused_if_shorter
from workflows.core.batches.sheets.rows import CellProblem, SheetRow
from workflows.core.checks.conditional_access.controls import VisitorType
from workflows.core.checks.conditional_access.verdicts import AccessReport
from workflows.core.checks.findings import Finding, FindingCode, Severity, Source
from workflows.core.checks.tenant_facts import UnreadableFact, UnreadableReason
from workflows.core.errors.facts import Fact
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.plans.plan import TenantIdentity
from workflows.sheets.reading import SheetFile

HOSTILE: Final = (
    "@everyone please approve",
    "<img src=x onerror=alert(1)>",
    "</summary></details><script>alert(1)</script>",
    "[Approve](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "https://evil.example www.evil.example evil@evil.example",
    "a | b | c",
    "`code` ``more`` `",
    "\\| \\` \\",
    "# heading",
    "1. list",
    "- list",
    "> quote",
    "| --- | --- |",
    "--- \n\n# new line",
    "#1 GH-1 PROJ-12 0123abcdef0123abcdef evil/repo#1 :tada: $`x`$ $x$",
    "&lt;b&gt; &#64;admin",
    "*bold* __bold__ ~~no~~ **all approved**",
)


def file_named(name: str) -> SheetFile:
    return SheetFile(name=name, digest="ab" * 32, sheet=RawSheet(header=(), rows=()))


def partner(number: int = 2, name: str = "contoso.com", **changes: Any) -> PlannedPartner:
    """A row that would be added."""
    identity = TenantIdentity(tenant_id=TENANT, display_name=name, default_domain=name, typed_name=name)
    request = planned("trusted-partner")
    request = replace(request, observation=replace(request.observation, identity=identity), findings=())
    found = PlannedPartner.of_request(SheetRow(number=number, partner=name, template="trusted-partner"), request)
    return replace(found, judged=replace(found.judged, **{"access": None, **changes}))


def refused(number: int = 3, name: str = "nobody.example") -> PlannedPartner:
    problem = CellProblem("template", Fact(SheetCode.CELL_NOT_TEXT, {"typed": name}))
    row = SheetRow(number=number, partner=name)
    return PlannedPartner(judged=JudgedRow(row=row, verdict=RowVerdict.REFUSED, problems=(problem,)))


def unchanged(number: int = 4) -> PlannedPartner:
    row = SheetRow(number=number, partner="same.example")
    return PlannedPartner(judged=JudgedRow(row=row, verdict=RowVerdict.UNCHANGED))


def written(file_format: str, *partners: PlannedPartner, name: str = "partners.toml") -> str:
    pieces: list[str] = []
    writer, totals = WRITERS[file_format](pieces.append), Totals()
    writer.begin(file_named(name))
    for one in partners:
        totals.add(one)
        writer.take(one)
    writer.finish(totals)
    return "".join(pieces)


def tokens(markdown: str) -> list[Token]:
    """What a reader of Markdown with tables and HTML makes of it."""
    found: list[Token] = []
    for token in MarkdownIt("commonmark", {"html": True}).enable("table").parse(markdown):
        found += [token, *(token.children or ())]
    return found


def test_text_has_each_partner_with_its_exact_change_and_the_totals() -> None:
    one = partner()
    assert one.judged.plan is not None
    text = written("text", one, refused(), unchanged())
    lines = text.splitlines()
    assert lines[0] == f"partners.toml, SHA-256 {'ab' * 32}"
    assert f"Row 2: contoso.com (tenant {TENANT}): would be added" in lines
    assert "    Access      trusted-partner, 180 days" in lines
    assert "    Risk        high" in lines
    assert "    Decided by  Security (1 approval) → Data owners (2 approvals)" in lines
    assert f"    People      {ACCESS_NOT_ASKED}" in lines
    assert f"    Change ID   {one.judged.plan.digest}" in lines
    assert "Row 3: nobody.example: would be refused" in lines
    assert "    Note        template: is not a text: nobody.example" in lines
    assert "3 partners: 1 would be added; 1 would stay the same; 1 would be refused." in lines
    assert "Risk: 1 high." in lines
    assert lines[-1] == NOTHING_DONE


def test_json_has_the_plan_of_each_partner_and_the_totals() -> None:
    alone = partner(5, alone=(Fact("high_risk"),))
    document = json.loads(written("json", partner(), refused(), unchanged(), alone))
    assert (document["format"], document["sha256"]) == ("gatehouse/plans/1", "ab" * 32)
    first, second, third, fourth = document["partners"]
    assert first["changes"][0].keys() == {"setting", "before", "after", "effect"}
    assert first["operations"][0]["method"] == "POST"
    assert first["conditional_access"] is None
    assert first["chain"][0]["role"] == "security"
    assert second["problems"] == [
        {"column": "template", "code": "cell_not_text", "values": {"typed": "nobody.example"}}
    ]
    assert "operations" not in third
    assert fourth["is_decided_alone"] is True
    assert document["counts"] == {"add": 2, "change": 0, "unchanged": 1, "refused": 1, "not_read": 0}
    assert document["risks"] == {"low": 0, "elevated": 0, "high": 2}
    assert document["decided_alone"] == 1


def test_markdown_has_a_table_and_a_part_for_each_partner_that_would_change() -> None:
    text = written("markdown", partner(), refused(), unchanged())
    assert text.startswith("### Gatehouse plan for `partners.toml`\n\n**3 partners: 1 would be added;")
    assert "| 3 | `nobody.example` | template: is not a text: nobody.example |" in text
    assert "| 2 | `contoso.com` | would be added | trusted-partner, 180 days |" in text
    assert "same.example" not in text
    assert "<details><summary>Row 2: <code>contoso.com</code>, would be added, high risk</summary>" in text
    assert "Security (1 approval) → Data owners (2 approvals)" in text
    kinds = [token.type for token in tokens(text)]
    assert kinds.count("table_open") == 3
    assert kinds.count("html_block") == 2


def test_markdown_of_nothing_to_change_has_no_table() -> None:
    text = written("markdown", unchanged(), unchanged(5))
    assert "2 partners: 2 would stay the same." in text
    assert "|" not in text


def harmless(markdown: str, html: Sequence[str]) -> None:
    """Nothing from outside became markup: no link, picture, heading or emphasis, and no HTML but our own."""
    found = tokens(markdown)
    assert [one.content for one in found if one.type == "heading_open"] == [""]
    assert not [
        one for one in found if one.type in ("link_open", "image", "em_open", "blockquote_open", "hr", "s_open")
    ]
    assert not [one for one in found if one.type in ("ordered_list_open", "fence", "code_block")]
    for one in found:
        if one.type == "html_inline":
            assert one.content == "<br>"
        if one.type == "html_block":
            assert re.sub(r"<code>[^<>]*</code>", "<code/>", one.content.strip()) in html, one.content
        if one.type == "text":
            assert not re.search(r"[@#<>\[\]`$|]|https?:|www\.|\bevil@|:tada:|GH-1", one.content), one.content


OURS: Final = (
    "<details><summary>Row 2: <code/>, would be added, high risk</summary>",
    "<details><summary>Row 2: <code/>, would be added, high risk</summary>\n\n</details>",
    "</details>",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_that_others_choose_are_no_markup_in_markdown(name: str) -> None:
    finding = Finding(code=FindingCode.TEXT, severity=Severity.WARNING, values={"text": name}, source=Source.RECORDS)
    one = partner(2, name, findings=(finding,))
    one = replace(one, judged=replace(one.judged, row=replace(one.judged.row, template=name)))
    harmless(written("markdown", one, refused(3, name), name=name), OURS)


@given(hostile | st.text(max_size=80))
@settings(max_examples=60, deadline=None)
def test_no_text_is_markup_in_markdown(text: str) -> None:
    name = text.encode(errors="replace").decode()
    harmless(written("markdown", partner(2, name), refused(3, name), name=name), OURS)


@given(st.text(alphabet="`|\\ a@#<", min_size=1, max_size=30))
def test_code_is_one_code_span_whatever_is_in_it(text: str) -> None:
    (found,) = [one for one in tokens(f"x {code(text, 100)} y") if one.type == "code_inline"]
    assert found.content.strip() == " ".join(text.replace("|", "¦").split()) or not text.strip()


def test_plain_sentences_stay_as_they_are() -> None:
    for sentence in ("The domain looks like another partner's (see Details).", "Access ends on 2027-06-30."):
        assert prose(sentence, 100) == sentence
    assert prose("1. Ask @bob about GH-12 now", 100) == "`1.` Ask `@bob` about `GH-12` now"


def test_a_long_plan_is_cut_at_a_row_and_keeps_its_totals() -> None:
    many = [partner(number, f"partner{number}.example") for number in range(2, 1002)]
    text = written("markdown", *many, refused(1002))
    assert size(text) <= MAX_CHARACTERS
    assert "1,001 partners: 1,000 would be added; 1 would be refused." in text
    rows = re.findall(r"^\| (\d+) \| `partner\d+\.example` \|", text, re.MULTILINE)
    assert [int(row) for row in rows] == list(range(2, 2 + len(rows)))
    assert f"**{1000 - len(rows)} more** rows do not fit here." in text
    parts = text.count("<details>")
    assert parts == text.count("</details>") > 0
    assert f"Details of {1000 - parts} more partners do not fit here." in text
    assert "| 1002 | `nobody.example` |" in text
    assert text.endswith(f"SHA-256 of the file: `{'ab' * 32}`\n")


def test_characters_outside_the_usual_plane_count_twice() -> None:
    many = [partner(number, "𝕏" * 60) for number in range(2, 402)]
    text = written("markdown", *many)
    assert len(text.encode("utf-16-le")) // 2 == size(text) <= MAX_CHARACTERS


def ending_before() -> PlannedPartner:
    """A partner whose access lasts longer than its row says."""
    nothing = Fact(
        RefusalCode.ACCESS_NOT_EXTENDED,
        {
            "template": "Guest collaboration",
            "is_revoked": False,
            "ends_at": "2027-08-28T00:00:00+00:00",
            "days": 30,
            "days_now": [180],
            "asked_from": "2027-07-30T00:00:00+00:00",
        },
    )
    row = SheetRow(number=2, partner="contoso.com", template="guest-collaboration", ends_on=date(2027, 3, 31))
    return PlannedPartner(judged=refused_if_shorter(JudgedRow(row=row, verdict=RowVerdict.UNCHANGED, nothing=nothing)))


def test_a_row_that_ends_before_the_access_says_that_no_file_shortens_it() -> None:
    text = written("text", ending_before())
    assert "ends_on: This day comes before the end of the access, and no file shortens an access." in text
    assert "1 partner: 1 would be refused." in text
    assert "would change nothing" not in text


def test_text_only_counts_what_stays_the_same() -> None:
    text = written("text", unchanged(), unchanged(5))
    assert "Row" not in text
    assert "2 partners: 2 would stay the same." in text


@pytest.mark.parametrize(
    ("partners", "status"),
    [
        ((), 0),
        ((unchanged(),), 0),
        ((unchanged(), partner()), 2),
        ((partner(), refused()), 1),
        ((PlannedPartner(judged=JudgedRow(row=SheetRow(number=2), verdict=RowVerdict.NOT_READ)),), 1),
        ((ending_before(),), 1),
    ],
)
def test_the_exit_status_says_whether_something_would_change(partners: Sequence[PlannedPartner], status: int) -> None:
    totals = Totals()
    for one in partners:
        totals.add(one)
    assert totals.exit_status == status


def test_a_single_request_that_would_be_refused_now_is_not_clear() -> None:
    finding = Finding(
        code=FindingCode.OPEN_REQUEST, severity=Severity.WARNING, source=Source.RECORDS, values={"refusal": {}}
    )
    totals = Totals()
    totals.add(PlannedPartner.of_request(SheetRow(number=1), planned(findings=(finding,))))
    assert totals.exit_status == 1
    nothing = PlannedPartner.of_request(SheetRow(number=1), planned(plan=None, digest=None, stages=(), findings=()))
    assert nothing.judged.verdict is RowVerdict.UNCHANGED
    impossible = PlannedPartner.impossible(SheetRow(number=1), PlanImpossible({"partner": Fact("x")}))
    assert impossible.judged.problems == (CellProblem("partner", Fact("x")),)


def test_conditional_access_is_said_with_what_it_is_based_on() -> None:
    found = AccessReport(
        visitors=(VisitorType.GUEST,), unanswered_because=UnreadableFact(reason=UnreadableReason.THROTTLED)
    )
    asked = partner(access=found)
    words = "Conditional Access (estimate from the policies; Entra did not evaluate every sign-in): "
    assert f"    People      {words}" in written("text", asked)
    assert "\nConditional Access (estimate from the policies; Entra did not evaluate" in written("markdown", asked)
    value = json.loads(written("json", asked))["partners"][0]["conditional_access"]
    assert (value["basis"], value["is_estimate"]) == ("policies", True)
    assert NOBODY_COMES_IN in written("text", partner(access=AccessReport()))


def test_a_terminal_gets_long_lines_below_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    lines = written("text", partner()).splitlines()
    fields = [line for line in lines if line.startswith(" ") and "Change ID" not in line]
    assert max(map(len, fields)) <= 60
    after = lines[next(place for place, line in enumerate(lines) if "People" in line) + 1]
    assert after.startswith(" " * 16)
