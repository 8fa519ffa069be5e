"""The parts that cards, views and the App Home share: the partner, the change, the exact operations."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from slack_sdk.models.blocks import Block, RichTextBlock
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack.blocks.blocks import (
    DOMAIN_LIMIT,
    NAME_LIMIT,
    TextRun,
    bullets,
    cleaned_text,
    fixed_text,
    local_time,
    paragraph,
    preformatted_text,
    rich_text,
)
from bot.slack.blocks.message import Message, message
from bot.slack.blocks.untrusted import clean
from bot.words.findings.finding import finding_words, severity_words, source_words
from bot.words.names.partners import notified_name
from bot.words.plans.changes import ChangeLine
from bot.words.plans.sent_writes import SENT_HINT, sent_ids
from bot.words.sentences import counted, place_to_cut
from workflows.core.checks.findings import Finding, FindingCode, Severity
from workflows.core.plans.plan import Operation, Plan, SentWrite, TenantIdentity
from workflows.core.requests.request import RequestId
from workflows.core.settings.access_change import AccessChange

MAX_SETTING_CHARACTERS: Final = 1200
"""Characters for the words of one setting, which count their targets themselves. JSON and digest cover the rest."""
MAX_LINES: Final = 25
MAX_SENT: Final = 10
"""Accepted writes that are shown; more are counted."""
_MAX_ID_CHARACTERS: Final = 100
MAX_JSON_CHARACTERS: Final = 2900
MAX_FINDINGS: Final = 20
MAX_FINDING_CHARACTERS: Final = 600

_OTHER_CLOUD: Final = "another one, or the tenant is gone: Entra cannot look it up"
_QUOTED: Final = re.compile("“[^”]+”")
_FINDING_ICONS: Final[Mapping[Severity, str]] = {
    Severity.ERROR: "⛔",
    Severity.WARNING: "⚠️",
    Severity.UNCHECKED: "❔",
    Severity.NOTE: "ℹ️",
}


def partner_name(identity: TenantIdentity) -> str:
    """Return the verified name of a partner: its default domain, or its tenant id when there is none."""
    return clean(identity.default_domain, DOMAIN_LIMIT, empty=identity.tenant_id)


def notified_partner(identity: TenantIdentity) -> str:
    """Return the name of a partner for a notification: its domain, or words when it has none."""
    return notified_name(clean(partner_name(identity), 90))


def closed_line(
    icon: str,
    target: str,
    summary: str,
    request_id: RequestId,
    *,
    line: Sequence[TextRun] = (),
    after: Sequence[TextRun] = (),
) -> Message:
    """Return the last content of a message that a newer one replaced: one line without buttons, which stays true.

    :param target: the partner: its domain, or its tenant ID when there is none.
    :param summary: why the message asks nothing any more, in a few words; also for notifications.
    :param line: the text of the line, when it is longer than `summary`.
    :param after: texts for further lines, for example a receipt.
    """
    line_runs = list(line) or [cleaned_text(summary, 300)]
    name = [fixed_text(f"{icon} "), cleaned_text(target, DOMAIN_LIMIT, bold=True), fixed_text(": ")]
    blocks = [rich_text(paragraph(*name, *line_runs, fixed_text(f" · {request_id}"), *after))]
    return message(f"{notified_name(clean(target, 90))}: {summary} ({request_id}).", blocks)


def identity_block(identity: TenantIdentity) -> RichTextBlock:
    """Return the block with the partner's identity. It comes first wherever somebody decides."""
    return rich_text(identity_paragraph(identity))


def names_beside(identity: TenantIdentity) -> Iterator[TextRun]:
    """Return the name that was asked for, where it is another one, and that Entra cannot look the partner up."""
    if _is_other_name(identity):
        yield from (fixed_text("Asked for as "), cleaned_text(identity.typed_name, DOMAIN_LIMIT), fixed_text(". "))
    if not identity.is_resolved:
        yield fixed_text(f"Cloud: {_OTHER_CLOUD}. ")


def _is_other_name(identity: TenantIdentity) -> bool:
    typed_name = identity.typed_name.strip().lower()
    return typed_name not in ("", identity.default_domain.strip().lower(), identity.tenant_id.lower())


def identity_paragraph(identity: TenantIdentity) -> RichTextElement:
    """Return the partner's identity, and which of its names it chose itself."""
    rows: list[tuple[str, TextRun, str]] = [
        ("Partner: ", cleaned_text(partner_name(identity), DOMAIN_LIMIT, bold=True), ""),
        ("\nTenant ID: ", cleaned_text(identity.tenant_id, code=True), ""),
        ("\nDisplay name: ", cleaned_text(identity.display_name, NAME_LIMIT), " (not verified)"),
    ]
    if not identity.is_resolved:
        rows.append(("\nCloud: ", fixed_text(_OTHER_CLOUD), ""))
    if _is_other_name(identity):
        rows.append(("\nAsked for as: ", cleaned_text(identity.typed_name.strip().lower(), DOMAIN_LIMIT), ""))
    return paragraph(*(piece for label, value, after in rows for piece in _row(label, value, after)))


def change_elements(lines: Sequence[ChangeLine], label: str, *, is_closing: bool = False) -> Iterator[RichTextElement]:
    """Return every setting before and after, and whether it increases or reduces access.

    :param is_closing: whether all of it closes a partner. What opens nothing then has no effect beside it.
    """
    yield paragraph(fixed_text(label, bold=True))
    # When something changes, settings that are written unchanged would only hide it.
    shown_lines = [line for line in lines if line.access is not AccessChange.SAME] or lines
    shown = shown_lines[:MAX_LINES]
    items = [line_parts(line, with_effect=not is_closing or line.opens is not False) for line in shown]
    if more := len(shown_lines) - len(items):
        items.append([fixed_text(f"and {more} more settings")])
    if same := len(lines) - len(shown_lines):
        text = f"{counted(same, 'setting', 'settings')} set explicitly (no effect today)"
        items.append([fixed_text(text)])
    yield bullets(items or [[fixed_text("nothing")]])


def consequence_elements(sentences: Sequence[str]) -> Iterator[RichTextElement]:
    """Return the consequences of a plan."""
    if sentences:
        yield paragraph(fixed_text("Notes", bold=True))
        yield bullets([fixed_text(sentence)] for sentence in sentences)


def finding_elements(
    findings: Sequence[Finding], lines: Sequence[ChangeLine] = (), *, is_titled: bool = True
) -> Iterator[RichTextElement]:
    """Return the findings, what could not be checked, and the source of each; the most serious first.

    :param lines: the lines of the change shown with them; names in these lines are not repeated.
    """
    sorted_findings = shown_findings(findings, lines)
    if sorted_findings:
        if is_titled:
            yield paragraph(fixed_text("Checks", bold=True))
        yield bullets(finding_parts(finding) for finding in sorted_findings[:MAX_FINDINGS])
    if len(sorted_findings) > MAX_FINDINGS:
        yield paragraph(fixed_text(f"and {len(sorted_findings) - MAX_FINDINGS} more"))


def shown_findings(findings: Sequence[Finding], lines: Sequence[ChangeLine] = ()) -> list[Finding]:
    """Return the findings that are shown, the most serious first.

    :param lines: see `finding_elements`.
    """
    return sorted((finding for finding in findings if not _repeats_named_targets(finding, lines)), key=_sort_key)


def operations_block(plan: Plan) -> RichTextBlock:
    """Return the exact operations as JSON, and the digest that covers all of it."""
    return rich_text(
        preformatted_text(shorten(operations_json(plan.operations), MAX_JSON_CHARACTERS)),
        paragraph(fixed_text("Change ID: "), cleaned_text(plan.digest, code=True)),
    )


def operations_json(operations: Sequence[Operation]) -> str:
    """Render operations as one JSON array, one setting per line.

    ASCII only: a hidden character in a value is shown as its escape.
    """
    return "[\n" + ",\n".join(map(_operation_json, operations)) + "\n]"


def shorten(text: str, limit: int) -> str:
    """Shorten text that is covered by the digest, and say by how much."""
    if len(text) <= limit:
        return text
    length = place_to_cut(text, limit)
    return f"{text[:length]}\n… {len(text) - length} more characters; the Change ID covers all of them"


def without_empty(blocks: Sequence[Block | None]) -> list[Block]:
    """Return the blocks without the empty ones."""
    return [block for block in blocks if block is not None]


def _operation_json(operation: Operation) -> str:
    members = ",\n".join(f"    {json.dumps(name)}: {json.dumps(value)}" for name, value in operation.body.items())
    head = f'  "method": {json.dumps(operation.method)},\n  "path": {json.dumps(operation.path)},\n'
    body = f"{{\n{members}\n  }}" if members else "{}"
    return f'{{\n{head}  "body": {body}\n}}'


def _row(label: str, value: TextRun, after: str) -> Iterator[TextRun]:
    yield fixed_text(label)
    yield value
    if after:
        yield fixed_text(after)


def _sort_key(finding: Finding) -> tuple[int, bool]:
    """Return the sort key of a finding: by severity; a missing licence, which is true of every request, comes last."""
    return list(Severity).index(finding.severity), finding.code.startswith("licence")


def _repeats_named_targets(finding: Finding, lines: Sequence[ChangeLine]) -> bool:
    """Return whether a finding only repeats names that the lines of the change contain already."""
    change_texts = " ".join(
        line.after[:MAX_SETTING_CHARACTERS] for line in lines if line.access is not AccessChange.SAME
    )
    names = _QUOTED.findall(finding_words(finding))
    return finding.code is FindingCode.TARGETS_NAMED and bool(names) and all(name in change_texts for name in names)


def finding_parts(finding: Finding) -> list[TextRun]:
    """Return one finding with its severity and its source."""
    label, text = severity_words(finding.severity), finding_words(finding)
    # "Could not be checked: Who may invite could not be checked" would say it twice.
    is_said = finding.severity is Severity.UNCHECKED and label in text.lower()
    label_parts = [] if is_said else [fixed_text(label.capitalize(), bold=True), fixed_text(": ")]
    return [
        fixed_text(f"{_FINDING_ICONS[finding.severity]} "),
        *label_parts,
        cleaned_text(text, MAX_FINDING_CHARACTERS),
        fixed_text(" ("),
        cleaned_text(source_words(finding.source), 200),
        fixed_text(")"),
    ]


def line_parts(line: ChangeLine, *, with_effect: bool = True) -> list[TextRun]:
    """Return one changed setting: its value before and after, and whether it gives more access."""
    effect = [fixed_text(" ("), fixed_text(line.effect.lower(), bold=line.opens is not False), fixed_text(")")]
    return [
        cleaned_text(line.setting, 200, bold=True),
        fixed_text(": "),
        cleaned_text(line.before, MAX_SETTING_CHARACTERS),
        fixed_text(" → "),
        cleaned_text(line.after, MAX_SETTING_CHARACTERS),
        *(effect if with_effect else []),
    ]


def sent_write_elements(sent_writes: Sequence[SentWrite]) -> Iterator[RichTextElement]:
    """Return the ids of the accepted writes, the newest last."""
    shown_writes = sent_writes[-MAX_SENT:]
    yield paragraph(fixed_text("Correlation IDs", bold=True), fixed_text(f". {SENT_HINT}"))
    yield bullets(_sent_parts(sent_write) for sent_write in shown_writes)
    if (more := len(sent_writes) - len(shown_writes)) > 0:
        yield paragraph(fixed_text(f"and {counted(more, 'earlier write')}"))


def _sent_parts(sent_write: SentWrite) -> list[TextRun]:
    parts: list[TextRun] = [fixed_text(f"{sent_write.method}, "), local_time(sent_write.at)]
    for name, value in sent_ids(sent_write):
        parts += [fixed_text(f"; {name}: "), cleaned_text(value, _MAX_ID_CHARACTERS, code=True)]
    return parts
