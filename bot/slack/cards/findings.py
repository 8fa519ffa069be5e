"""The complete findings of the checks, for the window that shows a whole request. Cards contain summaries.

A boundary: what a window shows is separate from the flow that opens it.
"""

from collections.abc import Sequence
from typing import Final

from slack_sdk.models.blocks import Block

from bot.slack.blocks.blocks import Part, bullets, paragraph, part, rich, words
from bot.words.findings.finding import finding_lines
from workflows.core.checks.findings import Finding

MOST_LINES: Final = 30
"""For all findings together: with the request itself they fit into one window."""
_MOST_LINE: Final = 400


def full_findings(findings: Sequence[Finding]) -> list[Block]:
    """Return every line of findings that are summaries.

    What is cut is counted; Details have a button for all of them.
    """
    items = policy_items(findings)
    if not items:
        return []
    shown = items[:MOST_LINES]
    if more := len(items) - len(shown):
        shown.append([words(f"and {more} more")])
    return [rich(paragraph(words("Conditional Access, policy by policy", bold=True)), bullets(shown))]


def policy_items(findings: Sequence[Finding]) -> list[list[Part]]:
    """Return every line of findings that are summaries."""
    return [[part(line, _MOST_LINE)] for finding in findings for line in finding_lines(finding)]
