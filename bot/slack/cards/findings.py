"""The complete findings of the checks, for the window that shows a whole request. Cards contain summaries.

A boundary: what a window shows is separate from the flow that opens it.
"""

from collections.abc import Sequence
from typing import Final

from slack_sdk.models.blocks import Block

from bot.slack.blocks.blocks import TextRun, bullets, cleaned_text, fixed_text, paragraph, rich_text
from bot.words.findings.finding import finding_lines
from workflows.core.checks.findings import Finding

MAX_LINES: Final = 30
"""For all findings together: with the request itself they fit into one window."""
_MAX_LINE_CHARACTERS: Final = 400


def policy_findings(findings: Sequence[Finding]) -> list[Block]:
    """Return the findings about Conditional Access, policy by policy.

    Lines that are left out are counted; a button in Details shows all of them.
    """
    items = policy_items(findings)
    if not items:
        return []
    shown_items = items[:MAX_LINES]
    if more := len(items) - len(shown_items):
        shown_items.append([fixed_text(f"and {more} more")])
    return [rich_text(paragraph(fixed_text("Conditional Access, policy by policy", bold=True)), bullets(shown_items))]


def policy_items(findings: Sequence[Finding]) -> list[list[TextRun]]:
    """Return every line of findings that are summaries."""
    return [[cleaned_text(line, _MAX_LINE_CHARACTERS)] for finding in findings for line in finding_lines(finding)]
