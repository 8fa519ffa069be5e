"""A file that somebody gave is loaded, judged and drafted; an interrupted import begins again and makes one draft."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from tests.workflows.app.batches.importing.test_drafting import stored
from tests.workflows.app.batches.importing.test_judging import known
from tests.workflows.core.builders import DANA, RILEY, TENANT
from tests.workflows.fakes import HOME
from tests.workflows.sheets.files import workbook
from tests.workflows.world import World
from workflows.app.batches.importing.opening import SheetChoices, distinct_titles
from workflows.app.limits import LimitedAction, Limits
from workflows.core.batches.batch import BY_PERSON, BatchState, RowState
from workflows.core.batches.commands import ConfirmDraft
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import SheetUnusable
from workflows.core.batches.sheets.judged import RowVerdict
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.plans.plan import TenantIdentity
from workflows.core.requests.commands.batch import ImportSheet
from workflows.core.requests.effects import AdvanceBatch, CheckPermission, JudgeSheet
from workflows.effects.batches.sheet_imports import SheetImports
from workflows.intervals import LOOKUPS_KEPT_FOR
from workflows.ports.notifier import ImportStep, NotifierUnavailable, ShownImport
from workflows.ports.tenant import TenantUnavailable
from workflows.sheets.received import ReceivedFile, ReceivedFileCode
from workflows.store.common.records import BatchRecords

CSV: Final = b"Domain,Template,Days\nfabrikam.com,guest-collaboration,90\nnobody.example,guest-collaboration,90\n"
KEY: Final = "verdict:view_submission:1"


def given(world: World, content: bytes = CSV, name: str = "partners.csv") -> None:
    """Let Riley have uploaded a file."""
    known(world, "fabrikam.com")
    world.files.given["F1"] = ReceivedFile(name=name, content=content)


def effect(**chosen: Any) -> JudgeSheet:
    """The stored effect of a file that Riley gave."""
    return JudgeSheet(command=ImportSheet(actor=RILEY.chat_id, file_id="F1", **chosen), key=KEY)


async def performed(world: World, **chosen: Any) -> ShownImport:
    """Perform the effect; the last state that was shown."""
    await world.performer.perform(effect(**chosen))
    return world.notifier.imports[-1]


async def test_a_click_is_stored_and_leads_to_the_import(world: World) -> None:
    command = ImportSheet(actor=RILEY.chat_id, file_id="F1")
    check = await world.received(command, key="view_submission:1")
    for _ in range(2):  # the bot ended before the first check was marked as done
        await world.permission_check.check_click(check)
    effects = [one.effect for one in await world.store.pending(world.clock.now(), 20)]
    [judging] = [one for one in effects if isinstance(one, JudgeSheet)]
    assert judging.command == command
    assert (await world.log())[-1] == (RILEY.chat_id, "import_sheet", "accepted")


async def test_a_guest_imports_nothing(world: World) -> None:
    command = ImportSheet(actor=RILEY.chat_id, file_id="F1")
    world.directory.refusals[RILEY.chat_id] = Refused(RefusalCode.WORKSPACE_GUEST)
    await world.permission_check.check_click(CheckPermission(command=command, key="k"))
    effects = [one.effect for one in await world.store.pending(world.clock.now(), 20)]
    assert not any(isinstance(one, JudgeSheet) for one in effects)


async def test_a_file_becomes_a_draft_and_its_progress_is_shown(world: World) -> None:
    given(world)
    shown = await performed(world)
    assert [one.step for one in world.notifier.imports] == [ImportStep.READING, ImportStep.JUDGING, ImportStep.DONE]
    assert (shown.name, shown.total, shown.header) == ("partners.csv", 2, ("Domain", "Template", "Days"))
    assert {verdict: count for verdict, count in shown.counts.items() if count} == {
        RowVerdict.ADD: 1,
        RowVerdict.REFUSED: 1,
    }
    assert shown.rows == b"2 add\n3 refused"
    assert shown.batch is not None
    stored = await world.store.batch(shown.batch.id)
    assert stored is not None
    assert (stored.state, stored.drafted_by) == (BatchState.DRAFT, f"{BY_PERSON}{RILEY.chat_id}")
    assert stored.sheet is not None
    assert stored.sheet.sha256 == shown.sha256


async def test_an_import_that_is_performed_again_makes_no_second_draft(world: World) -> None:
    given(world)
    first, second = await performed(world), await performed(world)
    assert first.batch is not None
    assert second.batch == first.batch


async def test_while_entra_does_not_answer_it_says_so_and_is_tried_again(world: World) -> None:
    given(world)
    world.tenant.script.fail("tenant.read_partners", TenantUnavailable("Graph is away"))
    with pytest.raises(TenantUnavailable):
        await performed(world)
    assert world.notifier.imports[-1].step is ImportStep.WAITING
    assert (await performed(world)).step is ImportStep.DONE


async def test_a_file_that_is_not_given_now_is_tried_again(world: World) -> None:
    given(world)
    world.files.errors.append(NotifierUnavailable("Slack is away"))
    with pytest.raises(NotifierUnavailable):
        await performed(world)
    assert (await performed(world)).step is ImportStep.DONE


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"%PDF-1.7", ReceivedFileCode.OTHER_CONTENT),
        (b"Domain,Template\n", SheetCode.NO_ROWS),
        (b"Domain\ncontoso.com\xe4\n", SheetCode.WRONG_ENCODING),
    ],
)
async def test_a_file_that_cannot_be_used_is_said(world: World, content: bytes, code: str) -> None:
    given(world, content)
    shown = await performed(world)
    assert (shown.step, [fact.code for fact in shown.facts]) == (ImportStep.UNUSABLE, [code])
    assert shown.batch is None


async def test_a_file_that_is_gone_is_said(world: World) -> None:
    shown = await performed(world)
    assert (shown.step, [fact.code for fact in shown.facts]) == (ImportStep.UNUSABLE, [ReceivedFileCode.GONE])


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (workbook(sheets={"Old": "visible"}), SheetCode.SEVERAL_SHEETS),
        (b"Company,Who\nContoso,fabrikam.com\n", SheetCode.NO_PARTNER_COLUMN),
        (b"Domain,Tenant\nfabrikam.com,fabrikam.com\n", SheetCode.COLUMN_TWICE),
        (b"Domain,Domain\nfabrikam.com,contoso.com\n", SheetCode.COLUMN_TWICE),
        (b"Domain,Days\nfabrikam.com,180\n", SheetCode.NO_TEMPLATE),
    ],
    ids=["workbook", "no_partner", "column_twice", "title_twice", "no_template"],  # a workbook has the time in it
)
async def test_what_is_not_certain_is_asked(world: World, content: bytes, code: str) -> None:
    given(world, content)
    shown = await performed(world)
    assert (shown.step, [fact.code for fact in shown.facts]) == (ImportStep.CHOICE, [code])


async def choices(world: World, **chosen: Any) -> SheetChoices:
    return await world.performer.sheet_imports.opening.choices(effect(**chosen).command)


async def test_the_columns_are_chosen_by_their_place_also_of_two_with_one_title(world: World) -> None:
    given(world, b"Domain,Domain,What\nold.example,fabrikam.com,guest-collaboration\n")
    offered = await choices(world)
    assert offered.header == ("Domain", "Domain (column 2)", "What")
    assert offered.recognised == {}, "either of the two can be the partner"
    shown = await performed(world, columns={"partner": 1, "template": 2}, sha256=offered.sha256)
    assert shown.counts[RowVerdict.ADD] == 1
    assert shown.columns is not None
    assert shown.columns.unused == ("Domain",)


async def test_what_was_not_chosen_is_not_used_also_where_its_title_is_known(world: World) -> None:
    given(world, b"Domain,Template,Days\nfabrikam.com,guest-collaboration,7\n")
    shown = await performed(world, columns={"partner": 0, "template": 1})
    assert shown.columns is not None
    assert (dict(shown.columns.fields), shown.columns.unused) == ({"partner": 0, "template": 1}, ("Days",))
    assert shown.counts[RowVerdict.ADD] == 1, "7 days are offered by no template"


async def test_a_sheet_is_chosen_and_then_its_columns(world: World) -> None:
    given(world, workbook(sheets={"Old": "visible"}), "partners.xlsx")
    offered = await choices(world)
    assert (offered.sheets, offered.recognised) == (("Partners", "Old"), None)
    offered = await choices(world, sheet="Partners")
    assert offered.recognised == {"partner": 0, "template": 1, "ends_on": 2}
    assert "placeholders.pilot_group" in offered.fields
    shown = await performed(world, sheet="Partners")
    assert shown.step is ImportStep.DONE


@pytest.mark.parametrize(
    ("header", "recognised"),
    [
        (b"Company,Who", {}),
        (b"Who,Template,Days,Owner,Why,pilot_group", {1: "template", 2: "duration_days", 3: "sponsor", 4: "reason"}),
        (b"Domain,Template,Sponsor,Owner,Until", {0: "partner", 1: "template", 4: "ends_on"}),
    ],
    ids=["none", "no_partner", "two_sponsors"],
)
async def test_where_one_column_is_not_certain_the_others_are_preset(
    world: World, header: bytes, recognised: dict[int, str]
) -> None:
    given(world, header + b"\nfabrikam.com,guest-collaboration\n")
    offered = (await choices(world)).recognised or {}
    preset = {place: name for name, place in offered.items() if not name.startswith("placeholders.")}
    assert preset == recognised
    assert (offered.get("placeholders.pilot_group") == 5) is (b"pilot_group" in header)


async def test_a_template_for_all_rows_is_chosen_where_no_column_has_one(world: World) -> None:
    given(world, b"Domain,Days\nfabrikam.com,180\n")
    assert (await choices(world)).needs_template
    assert not (await choices(world, template="guest-collaboration")).needs_template
    shown = await performed(world, columns={"partner": 0, "duration_days": 1}, template="guest-collaboration")
    assert shown.counts[RowVerdict.ADD] == 1


async def test_a_damaged_file_has_no_choices(world: World) -> None:
    given(world, b"PK\x03\x04 no workbook", "partners.xlsx")
    with pytest.raises(SheetUnusable):
        await choices(world)


async def test_another_file_than_the_columns_were_chosen_in_is_refused(world: World) -> None:
    given(world)
    shown = await performed(world, sha256="0" * 64, columns={"partner": 0})
    assert (shown.step, [fact.code for fact in shown.facts]) == (ImportStep.UNUSABLE, [SheetCode.OTHER_FILE])


async def test_a_sheet_of_which_nothing_can_be_asked_makes_no_draft(world: World) -> None:
    given(world, b"Domain,Template\nnobody.example,guest-collaboration\n")
    shown = await performed(world)
    assert (shown.step, shown.batch) == (ImportStep.DONE, None)


async def test_the_message_may_be_away_while_names_are_looked_up(world: World) -> None:
    given(world)
    await world.notifier.show_import(ShownImport(effect=effect(), step=ImportStep.READING))
    world.notifier.script.fail("notifier.show_import", NotifierUnavailable("Slack is away"), on=2)
    assert (await performed(world)).step is ImportStep.DONE


async def test_a_choice_updates_the_same_message() -> None:
    again = replace(effect(run=KEY), key="verdict:view_submission:2")
    assert again.run == effect().run


def test_titles_are_distinct_as_they_are_recognised() -> None:
    header = ("A", "a", "", "A (column 2)", "B", "B (column 7)", "b")
    assert distinct_titles(header) == (
        *("A", "a (column 2)", "(column 3)", "A (column 2) (column 4)"),
        *("B", "B (column 7)", "b (column 7) (column 7)"),
    )


def limited(world: World, maximum: int) -> SheetImports:
    """What imports files for people who may look up so much in an hour."""
    limits = Limits(
        store=world.store, alarms=world.alarms, clock=world.clock, maximums={LimitedAction.LOOK_UPS: maximum}
    )
    return replace(world.performer.sheet_imports, limits=limits)


def rows_of(number: int) -> bytes:
    """A file with so many rows about one partner."""
    return b"Domain,Template,Days\n" + b"fabrikam.com,guest-collaboration,90\n" * number


async def test_a_file_counts_as_a_look_up_for_every_two_hundred_rows_and_once_when_it_begins_again(
    world: World,
) -> None:
    given(world, rows_of(601))
    for _ in range(2):
        await limited(world, 10).perform(effect())
    assert world.notifier.imports[-1].step is ImportStep.DONE
    [entry] = [one for one in await world.store.history() if one.command == "import_rows"]
    assert (entry.actor, entry.details["rows"], entry.details["counts_as"]) == (RILEY.chat_id, 601, 3)
    limits = limited(world, 10).limits
    assert limits is not None
    assert (await limits.require(LimitedAction.LOOK_UPS, RILEY.chat_id)).remaining == 6


async def test_nothing_is_looked_up_when_too_few_look_ups_are_left(world: World) -> None:
    given(world, rows_of(601))
    await limited(world, 4).perform(effect())
    begun = len(world.script.calls)
    await limited(world, 4).perform(replace(effect(), key="another"))
    shown = world.notifier.imports[-1]
    assert (shown.step, shown.facts[0].code) == (ImportStep.UNUSABLE, RefusalCode.LIMIT_REACHED)
    assert [one for one in world.script.calls[begun:] if one.startswith("tenant.")] == []
    world.clock.advance(hours=1, minutes=1)
    await limited(world, 4).perform(replace(effect(), key="another"))
    assert world.notifier.imports[-1].step is ImportStep.DONE


async def test_a_large_file_needs_no_more_than_the_look_ups_of_an_hour(world: World) -> None:
    given(world, rows_of(2001))
    await limited(world, 3).perform(effect())
    first = world.notifier.imports[-1].step
    await limited(world, 3).perform(replace(effect(), key="small"))
    assert (first, world.notifier.imports[-1].step) == (ImportStep.DONE, ImportStep.UNUSABLE)


async def test_a_small_file_counts_as_the_import_alone(world: World) -> None:
    given(world, rows_of(200))
    await limited(world, 1).perform(effect())
    assert world.notifier.imports[-1].step is ImportStep.DONE
    assert "import_rows" not in [one.command for one in await world.store.history()]


async def test_the_message_loses_its_buttons_when_the_draft_is_discarded_or_confirmed(world: World) -> None:
    given(world)
    shown = await performed(world)
    assert shown.batch is not None
    advance = AdvanceBatch(batch_id=shown.batch.id)
    await world.performer.perform(advance)
    assert world.notifier.closed_imports == [], "it waits to be confirmed"
    await world.batches.withdraw(shown.batch.id, RILEY.chat_id, key="click:1")
    world.script.fail("notifier.close_import", NotifierUnavailable("Slack is away"))
    with pytest.raises(NotifierUnavailable):
        await world.performer.perform(advance)
    await world.performer.perform(advance)
    assert [one.state for one in world.notifier.closed_imports] == [BatchState.WITHDRAWN]


async def test_partners_do_not_wait_for_the_message_about_their_import(world: World) -> None:
    given(world)
    shown = await performed(world)
    assert shown.batch is not None
    confirm = ConfirmDraft(
        actor=RILEY,
        batch_id=shown.batch.id,
        shown_version=shown.batch.version,
        sponsor=DANA,
        justification="They build the new portal with us",
        duration=None,
        lifetime=timedelta(days=7),
    )
    await world.batches.advance(confirm, key="click:1")
    world.script.fail("notifier.close_import", NotifierUnavailable("Slack is away"))
    await world.performer.perform(AdvanceBatch(batch_id=shown.batch.id))
    batch = await world.batches.load(shown.batch.id)
    assert batch.rows[0].state is RowState.PLANNED


async def test_a_draft_of_the_command_line_has_no_message_about_an_import(world: World) -> None:
    given(world)
    batch = await stored(world, ("fabrikam.com", "guest-collaboration"))
    await world.batches.withdraw(batch.id, RILEY.chat_id, key="click:1")
    await world.performer.perform(AdvanceBatch(batch_id=batch.id))
    assert world.notifier.closed_imports == []


LIST: Final = b'[[partners]]\npartner = "fabrikam.com"\ntemplate = "guest-collaboration"\n'


@pytest.mark.parametrize(
    ("key", "code"),
    [(b"duration_day = 90\n", SheetCode.KEY_UNKNOWN), (b"duration_days = 90\n", None), (b'"days" = 90\n', None)],
)
async def test_a_list_for_gatehouse_is_read_as_strictly_as_on_the_command_line(
    world: World, key: bytes, code: str | None
) -> None:
    given(world, LIST + key, "partners.toml")
    shown = await performed(world)
    assert [fact.code for fact in shown.facts] == ([] if code is None else [code])
    assert shown.step is (ImportStep.DONE if code is None else ImportStep.UNUSABLE)


async def test_a_list_without_a_partner_is_refused_and_nothing_is_offered_to_choose(world: World) -> None:
    given(world, b'[[partners]]\ntemplate = "guest-collaboration"\n')
    shown = await performed(world)
    assert (shown.step, [fact.code for fact in shown.facts]) == (ImportStep.UNUSABLE, [SheetCode.KEY_MISSING])


async def test_a_file_that_was_edited_after_its_draft_was_stored_does_not_describe_the_draft(world: World) -> None:
    """The bot was killed before it could show the result; a snippet of text can be edited meanwhile."""
    given(world)
    first = await performed(world)
    world.files.given["F1"] = ReceivedFile(name="partners.csv", content=CSV.replace(b",90", b",180"))
    again = await performed(world)
    assert (again.step, [fact.code for fact in again.facts]) == (ImportStep.UNUSABLE, [SheetCode.OTHER_FILE])
    assert (again.batch, again.rows) == (None, b"")
    assert first.batch is not None
    assert await world.store.batch(first.batch.id) == first.batch


async def test_an_import_that_is_killed_looks_up_only_the_other_names_when_it_begins_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was looked up is kept after each group of names, so it survives the end of the process."""
    names = [f"partner{number:02d}.example" for number in range(30)]
    known(world, *names)
    content = "Domain,Template,Days\n" + "".join(f"{name},guest-collaboration,90\n" for name in names)
    world.files.given["F1"] = ReceivedFile(name="partners.csv", content=content.encode())
    keep = world.batches.store.keep_lookups

    async def keep_and_die(*values: Any, **more: Any) -> None:
        await keep(*values, **more)
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(BatchRecords, "keep_lookups", lambda _, *values, **more: keep_and_die(*values, **more))
        with pytest.raises(RuntimeError):
            await performed(world)
    looked_up = [one for one in world.script.calls if one.startswith("tenant.find")]
    assert len(looked_up) == 20
    first = await performed(world)
    looked_up = [one for one in world.script.calls if one.startswith("tenant.find")]
    assert (first.step, len(looked_up)) == (ImportStep.DONE, 30)
    assert set(await world.store.kept_lookups(HOME, world.clock.now() - LOOKUPS_KEPT_FOR)) == set(names)
    world.script.calls.clear()
    world.notifier.imports.clear()
    await world.performer.perform(replace(effect(), key="verdict:view_submission:2"))
    assert [one for one in world.script.calls if one.startswith("tenant.find")] == []


async def test_what_was_looked_up_a_day_ago_or_by_another_tenant_is_looked_up_again(world: World) -> None:
    identity = TenantIdentity(tenant_id=TENANT, display_name="", default_domain="a.example", typed_name="a.example")
    now = world.clock.now()
    await world.store.keep_lookups(HOME, {"a.example": identity}, now, forget_before=now - LOOKUPS_KEPT_FOR)
    assert await world.store.kept_lookups(HOME, now) == {"a.example": identity}
    assert await world.store.kept_lookups(TENANT, now) == {}
    later = now + LOOKUPS_KEPT_FOR + timedelta(seconds=1)
    assert await world.store.kept_lookups(HOME, later - LOOKUPS_KEPT_FOR) == {}
    await world.store.keep_lookups(HOME, {}, later, forget_before=later - LOOKUPS_KEPT_FOR)
    assert await world.store.kept_lookups(HOME, now - LOOKUPS_KEPT_FOR) == {}


async def test_the_same_content_has_one_open_draft_wherever_it_is_given(world: World) -> None:
    given(world)
    first = await performed(world)
    assert (first.is_new, first.batch is not None) == (True, True)
    world.files.given["F1"] = ReceivedFile(name="renamed.csv", content=CSV)
    await world.performer.perform(replace(effect(), key="verdict:view_submission:2"))
    second = world.notifier.imports[-1]
    assert first.batch is not None
    assert second.batch is not None
    assert (second.is_new, second.batch.id, second.others) == (False, first.batch.id, ())
    assert [one.id for one in await world.store.open_batches()] == [first.batch.id]


async def test_a_draft_of_the_same_content_that_asks_for_something_else_is_named(world: World) -> None:
    """With another template of rows that name none, the same file asks for something else."""
    content = b"Domain,Days\nfabrikam.com,90\n"
    given(world, content)
    first = await performed(world, template="guest-collaboration")
    command = ImportSheet(actor=RILEY.chat_id, file_id="F1", template="teams-shared-channels")
    await world.performer.perform(JudgeSheet(command=command, key="verdict:view_submission:2"))
    second = world.notifier.imports[-1]
    assert first.batch is not None
    assert second.batch is not None
    assert (second.is_new, [one.id for one in second.others]) == (True, [first.batch.id])
    assert second.batch.id != first.batch.id


async def test_an_import_that_is_delivered_again_is_its_own_draft_and_new(world: World) -> None:
    given(world)
    first, second = await performed(world), await performed(world)
    assert first.batch is not None
    assert (second.is_new, second.batch and second.batch.id, second.others) == (True, first.batch.id, ())
