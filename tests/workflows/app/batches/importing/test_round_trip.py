"""What is in force, written as a file and planned again, changes nothing: for any partners, and with hostile texts."""

import random
import tomllib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from bot.report.report_file import ReportFile, ReportHeader
from bot.terminal.evidence.toml_file import TomlSources, write_toml
from tests.workflows.app.batches.importing.test_judging import known, tenant_id
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, SAM, TENANT
from tests.workflows.world import CATALOG, CONTOSO, World
from workflows.app.batches.importing.judging import SheetJudging
from workflows.app.batches.importing.sponsors import sponsor_mails
from workflows.app.evidence.reading import EvidenceReader
from workflows.catalog.catalog import Catalog
from workflows.core.batches.sheets.columns import columns_of
from workflows.core.batches.sheets.judged import JudgedRow, RowVerdict
from workflows.core.batches.sheets.rows import read_row
from workflows.core.partners.partnership import PartnershipState, SettingsBasis
from workflows.core.people import PersonId
from workflows.core.plans.plan import TenantIdentity
from workflows.core.requests.commands.partner_record import Revoke
from workflows.core.requests.request import AccessRequest, Closing, RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.tenant import Account
from workflows.sheets.reading import read_sheet

GROUP: Final = "1b4f7c2e-0a5d-4f3b-9c61-2d8e7f5a9b03"
PLACEHOLDERS: Final = {
    "regulated-project": {
        "pilot_group": GROUP,
        "project_group": GROUP.replace("1b4f", "2c5f"),
        "partner_application": GROUP.replace("1b4f", "3d6f"),
    },
    "contractor-portal": {"portal_application": GROUP.replace("1b4f", "4e7f")},
}
TEMPLATES: Final = ("guest-collaboration", "trusted-partner", "teams-shared-channels", *PLACEHOLDERS)
REASONS: Final = (
    "Joint launch",
    'Say "yes"\n\n[[partners]]\npartner = "evil.example"',
    "# no comment",
    "Hidden \u202e text",
    "=FORMULA()",
    "Ünïcode 😀 '''\"\"\"",
)


def content(written: ReportFile) -> str:
    with closing(written):
        return b"".join(written.pieces()).decode()


async def exported(world: World, catalog: Catalog = CATALOG) -> str:
    """The file of what is in force."""
    reader = EvidenceReader(store=world.store, clock=world.clock)
    records = await world.store.records()
    mails = await sponsor_mails({one.sponsor.id for one in records.partnerships.values()}, tenant=world.tenant)
    header = ReportHeader(made_at=world.clock.now(), made_by="os:root", key="k")
    sources = TomlSources(catalog=catalog, tenant_id="home", mails=mails)
    written = await write_toml(reader.catalogue(), header, sources)
    return content(written)


async def planned(world: World, text: str, catalog: Catalog = CATALOG) -> Sequence[JudgedRow]:
    """What a plan of the file says of each row."""
    sheet = read_sheet("partners.toml", text.encode()).sheet
    names = {one.name for template in catalog.templates.values() for one in template.placeholders}
    rows = [read_row(raw, columns_of(sheet, sorted(names))) for raw in sheet.rows]
    judging = SheetJudging(tenant=world.tenant, catalog=catalog, clock=world.clock, records=await world.store.records())
    return [one async for one in judging.judge(rows, await judging.read_tenant())]


async def assert_nothing_changes(world: World, catalog: Catalog = CATALOG, *, about: str = "") -> str:
    """Write the file, plan it, and return its text."""
    text = await exported(world, catalog)
    for one in await planned(world, text, catalog):
        assert one.verdict is RowVerdict.UNCHANGED, (about, one.row, one.problems, text)
    return text


def rows_of(text: str) -> list[dict[str, Any]]:
    return list(tomllib.loads(text)["partners"])


async def opened(world: World, domain: str, template: str, **form: Any) -> AccessRequest:
    """Open a partner with the approvals that it needs."""
    theirs = PLACEHOLDERS["regulated-project"]
    world.tenant.tenant_settings.names |= {theirs["pilot_group"]: None, theirs["partner_application"]: None}
    usual = {"placeholders": PLACEHOLDERS.get(template, {}), "days": CATALOG.templates[template].default_duration.days}
    request = await world.settled(await world.file(target=domain, template=template, **{**usual, **form}))
    for person in (AMARA, BRUNO, CHIE):
        if request.state is RequestState.AWAITING_APPROVAL:
            await world.approve(request, person)
            request = await world.request(request.id)
    return request


def knows_sam(world: World, mail: str = "sam@woodgrove.example", **more: Any) -> None:
    usual = {"id": SAM.id, "name": SAM.name, "mail": mail, "is_enabled": True, "is_member": True}
    world.tenant.accounts.append(Account(**{**usual, **more}))


async def test_one_row_says_what_was_approved(world: World) -> None:
    knows_sam(world)
    end = (world.clock.now() + timedelta(days=60)).date()
    await opened(world, "contoso.com", "regulated-project", ends_on=end.isoformat())
    text = await assert_nothing_changes(world)
    assert rows_of(text) == [
        {
            "partner": "contoso.com",
            "template": "regulated-project",
            "ends_on": end,
            "sponsor": "sam@woodgrove.example",
            "reason": "Joint launch",
            "placeholders": PLACEHOLDERS["regulated-project"],
        }
    ]
    template = CATALOG.templates["regulated-project"]
    assert f"# Template regulated-project, SHA-256 of its content: {template.content_hash}\n" in text
    assert f"# contoso.com, tenant {TENANT}\n" in text


async def test_the_file_is_the_same_again(world: World) -> None:
    known(world, "fabrikam.com", "adatum.com")
    for domain in ("fabrikam.com", "contoso.com", "adatum.com"):
        await opened(world, domain, "guest-collaboration")
    text = await assert_nothing_changes(world)
    assert [row["partner"] for row in rows_of(text)] == ["adatum.com", "contoso.com", "fabrikam.com"]
    assert await exported(world) == text


async def test_no_partner_is_an_empty_file_that_can_be_read(world: World) -> None:
    assert rows_of(await assert_nothing_changes(world)) == []


@pytest.mark.parametrize("kind", Closing)
async def test_a_blocked_partner_is_a_comment(world: World, kind: Closing) -> None:
    await opened(world, "contoso.com", "guest-collaboration")
    await world.click(Revoke(actor=DANA.chat_id, target=TENANT, reason="Ended", closing=kind))
    text = await assert_nothing_changes(world)
    assert rows_of(text) == []
    assert "#   The partner is " in text


async def test_parts_that_were_left_out_are_not_asked_for(world: World) -> None:
    request = await opened(world, "contoso.com", "trusted-partner", left_out=("inboundTrust.isMfaAccepted",))
    assert request.plan.left_out
    text = await assert_nothing_changes(world)
    assert "a row would ask for them: inboundTrust.isMfaAccepted." in text


async def test_a_drifted_partner_is_a_comment_until_the_drift_is_answered(world: World) -> None:
    await opened(world, "contoso.com", "guest-collaboration")
    world.tenant.edit(TENANT, inboundTrust={"isMfaAccepted": True})
    await world.sweep()
    text = await assert_nothing_changes(world)
    assert "Its settings differ from what was approved." in text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"basis": SettingsBasis.OVERWRITTEN}, "Nobody approved its settings as they are."),
        ({"template": ""}, "No template gives its settings."),
        ({"template": "gone"}, "Its template gone is not there any more."),
        ({"template": "trusted-partner"}, "Its template trusted-partner gives other settings than were approved."),
        ({"request_id": "R-NONE"}, "Its request is missing, or cannot be read."),
    ],
)
async def test_what_a_row_cannot_say_is_a_comment_with_why(world: World, changes: dict[str, Any], words: str) -> None:
    await opened(world, "contoso.com", "guest-collaboration")
    record = await world.store.partnership(TENANT)
    assert record is not None

    class Changed(EvidenceReader):
        async def catalogue(self) -> Any:
            async for entry in super().catalogue():
                request = None if "request_id" in changes else entry.request
                yield replace(entry, record=replace(entry.record, **changes), request=request)

    reader = Changed(store=world.store, clock=world.clock)
    header = ReportHeader(made_at=world.clock.now(), made_by="os:root", key="k")
    written = await write_toml(reader.catalogue(), header, TomlSources(catalog=CATALOG, tenant_id="home", mails={}))
    text = content(written)
    assert rows_of(text) == []
    assert f"#   {words}" in text


async def test_a_template_that_changed_since_is_a_comment(world: World) -> None:
    await opened(world, "contoso.com", "guest-collaboration")
    wider = replace(
        CATALOG.templates["guest-collaboration"],
        settings=CATALOG.templates["trusted-partner"].settings,
        content_hash="new",
    )
    catalog = replace(CATALOG, templates={**CATALOG.templates, wider.name: wider})
    text = await assert_nothing_changes(world, catalog)
    assert "Its template guest-collaboration changed since the approval, and gives other settings now." in text


async def test_a_template_with_another_chain_and_the_same_settings_is_a_row(world: World) -> None:
    await opened(world, "contoso.com", "guest-collaboration")
    other = replace(CATALOG.templates["guest-collaboration"], content_hash="new", description="Other words")
    catalog = replace(CATALOG, templates={**CATALOG.templates, other.name: other})
    assert len(rows_of(await assert_nothing_changes(world, catalog))) == 1


async def test_an_access_that_has_ended_is_a_comment(world: World) -> None:
    await opened(world, "contoso.com", "merger", days=365)
    world.clock.advance(days=400)
    text = await assert_nothing_changes(world)
    assert "A row would be refused: ends_on: " in text


async def test_a_partner_with_an_open_request_has_its_row(world: World) -> None:
    await opened(world, "contoso.com", "guest-collaboration")
    await world.file(target="contoso.com", template="trusted-partner")
    await world.settle()
    assert len(rows_of(await assert_nothing_changes(world))) == 1


@pytest.mark.parametrize("reason", REASONS)
async def test_texts_of_people_stay_values(world: World, reason: str) -> None:
    await opened(world, "contoso.com", "guest-collaboration", justification=reason)
    text = await assert_nothing_changes(world)
    (row,) = rows_of(text)
    assert row["partner"] == "contoso.com"
    if "reason" in row:
        assert row["reason"].split() == reason.split()
    else:
        assert "# This row has no reason, because gatehouse plan would refuse what is on record." in text


@pytest.mark.parametrize(
    "name",
    [
        "a\n[[partners]]\npartner = 'evil.example'",
        "x\r\n# y",
        "\u202eevil",
        "a\x00b\x1b[31m",
        "",
        "no domain at all",
        "é",
    ],
)
async def test_names_that_others_choose_stay_in_values_and_comments(world: World, name: str) -> None:
    await opened(world, "contoso.com", "guest-collaboration")
    hostile = TenantIdentity(tenant_id=TENANT, display_name=name, default_domain=name, typed_name=name)

    class Named(EvidenceReader):
        async def catalogue(self) -> Any:
            async for entry in super().catalogue():
                sponsor = replace(entry.record.sponsor, name=name)
                yield replace(entry, record=replace(entry.record, identity=hostile, sponsor=sponsor))

    reader = Named(store=world.store, clock=world.clock)
    header = ReportHeader(made_at=world.clock.now(), made_by="os:root", key="k")
    written = await write_toml(reader.catalogue(), header, TomlSources(catalog=CATALOG, tenant_id="home", mails={}))
    text = content(written)
    (row,) = rows_of(text)
    assert row["partner"] == TENANT
    assert "\u202e" not in text


async def test_two_tenants_with_one_domain_are_named_by_their_ids(world: World) -> None:
    await opened(world, "contoso.com", "guest-collaboration")

    class Doubled(EvidenceReader):
        async def catalogue(self) -> Any:
            async for entry in super().catalogue():
                yield entry
                other = replace(entry.record.identity, tenant_id=tenant_id(7))
                yield replace(entry, record=replace(entry.record, identity=other))

    reader = Doubled(store=world.store, clock=world.clock)
    header = ReportHeader(made_at=world.clock.now(), made_by="os:root", key="k")
    written = await write_toml(reader.catalogue(), header, TomlSources(catalog=CATALOG, tenant_id="home", mails={}))
    rows = rows_of(content(written))
    assert [row["partner"] for row in rows] == ["contoso.com", tenant_id(7)]


@pytest.mark.parametrize(
    "more",
    [{"is_enabled": False}, {"is_member": False}, {"mail": "no address"}, {"id": PersonId("other")}],
    ids=["disabled", "guest", "no address", "another person"],
)
async def test_a_sponsor_without_one_working_address_is_a_comment(world: World, more: dict[str, Any]) -> None:
    knows_sam(world, **more)
    await opened(world, "contoso.com", "guest-collaboration")
    text = await assert_nothing_changes(world)
    assert "sponsor" not in rows_of(text)[0]
    assert f"# This row names no sponsor: Entra has no mail address that belongs to {SAM.name} alone." in text


async def changed(world: World, tenant: TenantId, domain: str, template: str, chosen: random.Random) -> str:
    """Do something to an active partner, and return what."""
    match what := chosen.choice(["nothing", "revoke", "suspend", "drift", "other template", "days", "open request"]):
        case "revoke" | "suspend":
            await world.click(Revoke(actor=DANA.chat_id, target=tenant, reason="Ended", closing=Closing(what)))
        case "drift":
            world.tenant.edit(tenant, inboundTrust={"isMfaAccepted": chosen.random() < 0.5})
            await world.sweep()
        case "other template":
            await opened(world, domain, chosen.choice([one for one in TEMPLATES if one != template]))
        case "days":
            world.clock.advance(days=chosen.randint(1, 200))
        case "open request":
            await world.settled(await world.file(target=domain, template="merger", days=365))
    return what


@pytest.mark.parametrize("seed", [*range(8), random.SystemRandom().randrange(10**6)], ids=lambda seed: "seed")
async def test_any_partners_written_and_planned_again_change_nothing(world: World, seed: int) -> None:
    chosen = random.Random(seed)
    print(f"seed {seed}")
    knows_sam(world)
    domains = [f"partner{number}.example" for number in range(chosen.randint(1, 5))]
    known(world, *domains)
    done: list[str] = []
    for domain in domains:
        template = chosen.choice(TEMPLATES)
        form: dict[str, Any] = {"justification": chosen.choice(REASONS)}
        if chosen.random() < 0.4:
            longest = CATALOG.templates[template].longest.days
            last = world.clock.now() + timedelta(days=chosen.randint(2, longest))
            form["ends_on"] = last.date().isoformat()
        else:
            form["days"] = chosen.choice(CATALOG.templates[template].durations).days
        if template == "trusted-partner" and chosen.random() < 0.4:
            form["left_out"] = ("inboundTrust.isMfaAccepted",)
        request = await opened(world, domain, template, **form)
        assert request.state is RequestState.APPLIED, (seed, request.note)
        world.clock.advance(hours=chosen.randint(0, 48))
        identity = world.tenant.tenants[domain]
        done.append(f"{template} {form} {await changed(world, identity.tenant_id, domain, template, chosen)}")
    text = await assert_nothing_changes(world, about=f"seed {seed}: {done}")
    records = (await world.store.records()).partnerships.values()
    active = [one for one in records if one.state not in (PartnershipState.REVOKED, PartnershipState.SUSPENDED)]
    assert len(rows_of(text)) <= len(active)
    assert all(one.identity.tenant_id in text for one in records)
    assert CONTOSO.default_domain not in text
