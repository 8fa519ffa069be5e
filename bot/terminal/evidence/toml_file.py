"""Write what is in force as a file of partners, which `gatehouse plan`, `request` and `import` read.

Each row is read again by the same code before it is kept. What a row cannot say becomes a comment. Text from outside
stands in values, which a library writes, or in comments, on one line and without invisible characters.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

import tomlkit

from bot.report.report_file import ReportFile, ReportHeader
from bot.slack.blocks.untrusted import clean
from bot.words.batches.recorded_rows import DROPPED, NOT_WRITTEN, SPONSOR_NOT_KNOWN, header_words, why_not_words
from workflows.app.batches.importing.recorded_rows import recorded_fields, why_not_in_file
from workflows.app.evidence.reading import CatalogueEntry
from workflows.catalog.catalog import Catalog
from workflows.core.batches.sheets.columns import Column, columns_of
from workflows.core.batches.sheets.rows import SheetRow, read_row
from workflows.core.errors.facts import Facts
from workflows.core.people import PersonId
from workflows.sheets.object_files import PARTNERS, read_toml

_COMMENT: Final = 400
_MAY_BE_DROPPED: Final = (Column.REASON.value, Column.TICKET.value, Column.SPONSOR.value)
"""What a row needs for no plan: it is left out when it cannot be read again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TomlSources:
    """What the file is written from besides the records."""

    catalog: Catalog
    tenant_id: str
    """Our own tenant."""
    mails: Mapping[PersonId, str]
    """The mail address of each sponsor who has one that names only this person."""


async def write_toml(entries: AsyncIterator[CatalogueEntry], header: ReportHeader, sources: TomlSources) -> ReportFile:
    """Write every partner, sorted as the records are: by default domain."""
    written, templates, seen = ReportFile(), dict[str, str](), set[str]()
    with closing(written.new_part_file()) as rows, closing(written.new_part_file()) as others:
        async for entry in entries:
            domain = entry.record.identity.default_domain.lower()
            block = _block(entry, header, sources, is_unique=domain not in seen)
            seen.add(domain)
            if isinstance(block, tuple):
                others.write(f"# {_name(entry)}\n{_comment(f'  {why_not_words(block)}')}")
                others.row_count += 1
            else:
                rows.write(block)
                rows.row_count += 1
                name = entry.record.template
                templates[name] = sources.catalog.templates[name].content_hash
        for line in header_words(sources.tenant_id, header.made_at, templates):
            written.write(_comment(line))
        written.write("\n")
        written.append(rows)
        written.write("" if rows.row_count else f"{PARTNERS} = []\n")
        if others.row_count:
            written.write(f"\n{_comment(NOT_WRITTEN)}#\n")
            written.append(others)
        written.row_count = rows.row_count
    return written


def _block(entry: CatalogueEntry, header: ReportHeader, sources: TomlSources, *, is_unique: bool) -> str | Facts:
    """Return the text of a row, or why there is none."""
    record = entry.record
    fields = recorded_fields(entry, sources.catalog)
    if isinstance(fields, tuple):
        return fields
    mail = sources.mails.get(record.sponsor.id)
    notes = [] if mail is not None else [SPONSOR_NOT_KNOWN.format(record.sponsor.name)]
    fields |= {} if mail is None else {Column.SPONSOR.value: mail}
    if not is_unique:  # as the records say, another tenant has this domain
        fields[Column.PARTNER.value] = record.identity.tenant_id
    wrong = _wrong_keys(fields, sources.catalog)
    for key in _MAY_BE_DROPPED:
        if key in wrong:
            del fields[key]
            notes.append(DROPPED.format(key))
    row = _read_again(fields, sources.catalog)
    if why := why_not_in_file(row, entry, sources.catalog, header.made_at):
        return why
    return f"# {_name(entry)}\n{''.join(map(_comment, notes))}{_text(fields)}\n"


def _wrong_keys(fields: Mapping[str, Any], catalog: Catalog) -> set[str]:
    return {problem.column for problem in _read_again(fields, catalog).problems}


def _read_again(fields: Mapping[str, Any], catalog: Catalog) -> SheetRow:
    """Return the row as it is read from the text of these fields."""
    sheet = read_toml(_text(fields).encode(errors="replace"))
    placeholders = sorted({one.name for template in catalog.templates.values() for one in template.placeholders})
    return read_row(sheet.rows[0], columns_of(sheet, placeholders))


def _text(fields: Mapping[str, Any]) -> str:
    """Return the text of one row."""
    table = tomlkit.table()
    for key, value in fields.items():
        if isinstance(value, Mapping):
            inline = tomlkit.inline_table()
            inline.update(value)
            table.add(key, inline)
        else:
            table.add(key, value)
    rows = tomlkit.aot()
    rows.append(table)
    document = tomlkit.document()
    document.add(PARTNERS, rows)
    return document.as_string()


def _name(entry: CatalogueEntry) -> str:
    """Return the names of a partner for a comment, on one line."""
    identity = entry.record.identity
    name = clean(identity.default_domain or identity.tenant_id, _COMMENT)
    return f"{name}, tenant {clean(identity.tenant_id, _COMMENT)}"


def _comment(text: str) -> str:
    indent = "  " if text.startswith("  ") else ""
    return f"# {indent}{clean(text, _COMMENT)}\n"
