"""The parts that cards, views and the App Home share: the partner, the change, the exact operations."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from slack_sdk.models.blocks import Block, RichTextBlock
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack.blocks.blocks import DOMAIN, NAME, Part, bullets, paragraph, part, preformatted, rich, words
from bot.slack.blocks.untrusted import clean
from bot.words.findings.finding import finding_words, severity_words, source_words
from bot.words.plans.changes import Line
from bot.words.sentences import counted, place_to_cut
from workflows.core.checks.findings import Finding, FindingCode, Severity
from workflows.core.plans.plan import Operation, Plan, TenantIdentity
from workflows.core.settings.breadth import AccessChange

MOST_LINE: Final = 1200
"""Characters for the words of one setting, which count their targets themselves. JSON and digest cover the rest."""
MOST_LINES: Final = 25
MOST_JSON: Final = 2900
MOST_FINDINGS: Final = 20
MOST_FINDING: Final = 600

_QUOTED: Final = re.compile("“[^”]+”")
_FINDING_ICONS: Final[Mapping[Severity, str]] = {
    Severity.ERROR: "⛔",
    Severity.WARNING: "⚠️",
    Severity.UNCHECKED: "❔",
    Severity.NOTE: "ℹ️",
}


def partner_name(identity: TenantIdentity) -> str:
    """Return the verified name of a partner: its default domain, or its tenant id when there is none."""
    return clean(identity.default_domain, DOMAIN, empty=identity.tenant_id)


def partner_words(identity: TenantIdentity) -> str:
    """Return a partner as one plain text for notifications: domain and display name.

    The tenant ID is in the blocks; it stands here only for a partner without a domain.
    """
    own = clean(identity.display_name, NAME, empty="no name")
    return f"{clean(partner_name(identity), 100)} ({own})"


def identity_block(identity: TenantIdentity) -> RichTextBlock:
    """Return the block with the partner's identity. It comes first wherever somebody decides."""
    return rich(identity_paragraph(identity))


def identity_paragraph(identity: TenantIdentity) -> RichTextElement:
    """Return the partner's identity, and which of its names it chose itself."""
    asked = identity.asked.strip().lower()
    is_new = asked not in ("", identity.default_domain.strip().lower(), identity.tenant_id.lower())
    rows: list[tuple[str, Part, str]] = [
        ("Partner: ", part(partner_name(identity), DOMAIN, bold=True), ""),
        ("\nTenant ID: ", part(identity.tenant_id, code=True), ""),
        ("\nDisplay name: ", part(identity.display_name, NAME), " (not verified)"),
    ]
    if not identity.is_resolved:
        rows.append(("\nCloud: ", words("another one, or the tenant is gone: Entra cannot look it up"), ""))
    if is_new:
        rows.append(("\nAsked for as: ", part(asked, DOMAIN), ""))
    return paragraph(*(piece for label, value, after in rows for piece in _row(label, value, after)))


def change_elements(lines: Sequence[Line], label: str) -> Iterator[RichTextElement]:
    """Return every setting before and after, and whether it increases or reduces access."""
    yield paragraph(words(label, bold=True))
    # When something changes, settings that are written unchanged would only hide it.
    told = [line for line in lines if line.access is not AccessChange.SAME] or lines
    items = [line_parts(line) for line in told[:MOST_LINES]]
    if more := len(told) - len(items):
        items.append([words(f"and {more} more settings; the JSON shows them")])
    if same := len(lines) - len(told):
        text = f"{counted(same, 'setting', 'settings')} set explicitly (no effect today)"
        items.append([words(text)])
    yield bullets(items or [[words("nothing")]])


def consequence_elements(sentences: Sequence[str]) -> Iterator[RichTextElement]:
    """Return the consequences of a plan."""
    if sentences:
        yield paragraph(words("Notes", bold=True))
        yield bullets([words(sentence)] for sentence in sentences)


def finding_elements(
    findings: Sequence[Finding], lines: Sequence[Line] = (), *, is_titled: bool = True
) -> Iterator[RichTextElement]:
    """Return the findings, what could not be checked, and the source of each; the most serious first.

    :param lines: the lines of the change shown with them; names in these lines are not repeated.
    """
    shown = told_findings(findings, lines)
    if shown:
        if is_titled:
            yield paragraph(words("Checks", bold=True))
        yield bullets(finding_parts(finding) for finding in shown[:MOST_FINDINGS])
    if len(shown) > MOST_FINDINGS:
        yield paragraph(words(f"and {len(shown) - MOST_FINDINGS} more"))


def told_findings(findings: Sequence[Finding], lines: Sequence[Line] = ()) -> list[Finding]:
    """Return the findings that are shown, the most serious first.

    :param lines: see `finding_elements`.
    """
    return sorted((one for one in findings if not _is_told(one, lines)), key=_place)


def operations_block(plan: Plan) -> RichTextBlock:
    """Return the exact operations as JSON, and the digest that covers all of it."""
    return rich(
        preformatted(shortened(operations_json(plan.operations), MOST_JSON)),
        paragraph(words("Change ID: "), part(plan.digest, code=True)),
    )


def operations_json(operations: Sequence[Operation]) -> str:
    """Render operations as one JSON array, one setting per line.

    ASCII only: a hidden character in a value is shown as its escape.
    """
    return "[\n" + ",\n".join(map(_operation_json, operations)) + "\n]"


def shortened(text: str, limit: int) -> str:
    """Shorten text that is covered by the digest, and say by how much."""
    if len(text) <= limit:
        return text
    place = place_to_cut(text, limit)
    return f"{text[:place]}\n… {len(text) - place} more characters; the Change ID covers all of them"


def joined(blocks: Sequence[Block | None]) -> list[Block]:
    """Return the blocks without the empty ones."""
    return [block for block in blocks if block is not None]


def _operation_json(operation: Operation) -> str:
    members = ",\n".join(f"    {json.dumps(name)}: {json.dumps(value)}" for name, value in operation.body.items())
    head = f'  "method": {json.dumps(operation.method)},\n  "path": {json.dumps(operation.path)},\n'
    body = f"{{\n{members}\n  }}" if members else "{}"
    return f'{{\n{head}  "body": {body}\n}}'


def _row(label: str, value: Part, after: str) -> Iterator[Part]:
    yield words(label)
    yield value
    if after:
        yield words(after)


def _place(finding: Finding) -> tuple[int, bool]:
    """Return the sort key of a finding: by severity; a missing licence, which is true of every request, comes last."""
    return list(Severity).index(finding.severity), finding.code.startswith("licence")


def _is_told(finding: Finding, lines: Sequence[Line]) -> bool:
    """Return whether a finding only repeats names that the lines of the change contain already."""
    said = " ".join(line.after[:MOST_LINE] for line in lines if line.access is not AccessChange.SAME)
    names = _QUOTED.findall(finding_words(finding))
    return finding.code is FindingCode.TARGETS_NAMED and bool(names) and all(name in said for name in names)


def finding_parts(finding: Finding) -> list[Part]:
    """Return one finding with its severity and its source."""
    label, text = severity_words(finding.severity), finding_words(finding)
    # "Could not be checked: Who may invite could not be checked" would say it twice.
    is_said = finding.severity is Severity.UNCHECKED and label in text.lower()
    opening = [] if is_said else [words(label.capitalize(), bold=True), words(": ")]
    return [
        words(f"{_FINDING_ICONS[finding.severity]} "),
        *opening,
        part(text, MOST_FINDING),
        words(" ("),
        part(source_words(finding.source), 200),
        words(")"),
    ]


def line_parts(line: Line) -> list[Part]:
    """Return one changed setting: now, after, and whether it gives more access."""
    return [
        part(line.setting, 200, bold=True),
        words(": "),
        part(line.before, MOST_LINE),
        words(" → "),
        part(line.after, MOST_LINE),
        words(" ("),
        words(line.effect.lower(), bold=line.opens is not False),
        words(")"),
    ]
