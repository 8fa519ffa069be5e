"""Check what is typed for `gatehouse audit report` and `gatehouse export`, and take the text."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

import typer

from bot.process.logs.logs import configure_terminal_logs
from bot.process.logs.redactor import Redactor
from bot.process.opening.readers import open_clock, open_tenant
from bot.process.run import WRONG_SETTINGS, print_problems
from bot.process.settings import SettingsProblems, TenantSettings, load_tenant_settings
from bot.report.file_formats import FileFormat, write_catalogue, write_report
from bot.report.report_file import ReportHeader
from bot.terminal.evidence.report_table import write_table
from bot.terminal.evidence.taking import Evidence, EvidenceRequester, take_evidence
from bot.terminal.evidence.toml_file import TomlSources, write_toml
from bot.terminal.printing import print_error
from bot.words.requests.notes import refusal_words
from workflows.app.batches.importing.sponsors import sponsor_mails
from workflows.app.evidence.reading import EvidenceReader
from workflows.app.evidence.recording import EvidenceFile, EvidenceKind
from workflows.catalog.catalog import CatalogProblems, load_catalog
from workflows.core.errors.raised import InvalidField, Refused
from workflows.core.partners.history.days import DayProblem, Days, WrongDay, parse_days
from workflows.core.people import PersonId
from workflows.core.settings.model import TenantId
from workflows.intervals import Pauses
from workflows.ports.tenant import TenantRefused, TenantUnavailable

TOML: Final = "toml"
TABLE: Final = "table"
"""The format for a person at a terminal; the others are files."""


def take_report(partner: str | None, first: str | None, last: str | None, format_: str) -> int:
    """Print an audit report. Returns the exit status, see `take_evidence`.

    :param partner: a domain or a tenant id, as typed; None for all partners.
    :raises typer.BadParameter: for a day or a partner that cannot be used.
    """
    settings, days = _settings(), _days(first, last)
    taker = EvidenceRequester.now()

    async def make(reader: EvidenceReader) -> Evidence:
        tenants = None if partner is None else await _tenants(reader, partner)
        header = ReportHeader(
            made_at=reader.clock.now(), made_by=taker.user, key=taker.key, partner=partner or "", days=days
        )
        stories = reader.stories(days, tenants, partner or "")
        if format_ == TABLE:
            written = await write_table(stories, header, reader)
        else:
            written = await write_report(stories, header, FileFormat(format_), reader)
        evidence_file = EvidenceFile(
            kind=EvidenceKind.REPORT,
            format=format_,
            sha256=written.sha256,
            row_count=written.row_count,
            unreadable=reader.unreadable,
            partner=partner or "",
            days=days,
        )
        return Evidence(written=written, evidence_file=evidence_file, tenants=tenants or frozenset())

    return asyncio.run(take_evidence(settings.records, open_clock(settings), taker, make))


def take_catalogue(format_: str) -> int:
    """Print the catalogue of partners as CSV or JSON. Returns the exit status, see `take_evidence`."""
    settings, taker = _settings(), EvidenceRequester.now()

    async def make(reader: EvidenceReader) -> Evidence:
        header = ReportHeader(made_at=reader.clock.now(), made_by=taker.user, key=taker.key)
        written = await write_catalogue(reader.catalogue(), header, FileFormat(format_), reader)
        evidence_file = EvidenceFile(
            kind=EvidenceKind.EXPORT,
            format=format_,
            sha256=written.sha256,
            row_count=written.row_count,
            unreadable=reader.unreadable,
        )
        return Evidence(written=written, evidence_file=evidence_file)

    return asyncio.run(take_evidence(settings.records, open_clock(settings), taker, make))


def take_toml(pauses: Pauses) -> int:
    """Print the partners in force as a file of partners. Returns the exit status, see `take_evidence`."""
    settings, taker = _settings(), EvidenceRequester.now()
    try:
        catalog = load_catalog(settings.gatehouse_templates)
    except CatalogProblems as error:
        print_problems(SettingsProblems(error.problems))
        return WRONG_SETTINGS

    async def make(reader: EvidenceReader) -> Evidence:
        header = ReportHeader(made_at=reader.clock.now(), made_by=taker.user, key=taker.key)
        sponsors = {entry.record.sponsor.id async for entry in replace(reader).catalogue()}
        sources = TomlSources(
            catalog=catalog,
            tenant_id=str(settings.azure_tenant_id),
            mails=await _mails(sponsors, settings, pauses),
        )
        written = await write_toml(reader.catalogue(), header, sources)
        evidence_file = EvidenceFile(
            kind=EvidenceKind.EXPORT,
            format=TOML,
            sha256=written.sha256,
            row_count=written.row_count,
            unreadable=reader.unreadable,
        )
        return Evidence(written=written, evidence_file=evidence_file)

    return asyncio.run(take_evidence(settings.records, open_clock(settings), taker, make))


async def _mails(sponsors: Collection[PersonId], settings: TenantSettings, pauses: Pauses) -> Mapping[PersonId, str]:
    """Return the mail address of each sponsor, as Entra knows it now; none of them when Entra does not answer."""
    tenant = await asyncio.to_thread(open_tenant, settings, pauses)
    try:
        return await sponsor_mails(sponsors, tenant=tenant)
    except (TenantUnavailable, TenantRefused) as error:
        print_error("The mail addresses of the sponsors are not known:", refusal_words(error))
        return {}
    finally:
        await tenant.close()


def _settings() -> TenantSettings:
    configure_terminal_logs(Redactor())
    try:
        return load_tenant_settings()
    except SettingsProblems as error:
        print_problems(error)
        raise typer.Exit(WRONG_SETTINGS) from None


def _days(first: str | None, last: str | None) -> Days:
    try:
        return parse_days(first, last)
    except WrongDay as error:
        option, typed = ("--to", last) if error.is_last else ("--from", first)
        says = {
            DayProblem.NO_DAY: f"“{typed}” is no day. Write it as in 2026-11-27.",
            DayProblem.LAST_BEFORE_FIRST: f"{last} is before {first}. Give the day of --from or a later one.",
        }
        raise typer.BadParameter(says[error.problem], param_hint=option) from None


async def _tenants(reader: EvidenceReader, partner: str) -> frozenset[TenantId]:
    try:
        return await reader.tenants_named(partner)
    except (InvalidField, Refused) as error:
        raise typer.BadParameter(refusal_words(error), param_hint="--partner") from None
