"""The words for a finding: its sentence, its details, its severity, and its source."""

from collections.abc import Callable, Mapping
from typing import Final

from bot.words.findings import home_tenant, records, rules, targets, unchecked
from bot.words.findings.conditional_access.findings import access_finding_lines, access_finding_words
from workflows.core.checks.findings import Finding, FindingCode, Severity, Source
from workflows.core.errors.facts import Values

SEVERITIES: Final[Mapping[Severity, str]] = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.UNCHECKED: "could not be checked",
    Severity.NOTE: "note",
}
SOURCES: Final[Mapping[Source, str]] = {
    Source.OWN_RULE: "Gatehouse's own rule: Microsoft does not document what such a list means",
    Source.RECORDS: "Gatehouse's records",
}
_FORMATS: Final[Mapping[FindingCode, str]] = {**home_tenant.SENTENCES, **targets.FORMATS, **records.FORMATS}
_FUNCTIONS: Final[Mapping[FindingCode, Callable[[Values], str]]] = {
    **rules.FUNCTIONS,
    **home_tenant.FUNCTIONS,
    **targets.FUNCTIONS,
    **records.FUNCTIONS,
}


def finding_words(finding: Finding) -> str:
    """Return the complete sentence for a finding, with the correction where there is one.

    It may contain text from the tenant: show it as plain text.
    """
    return _words(finding.code, finding.values)


def finding_lines(finding: Finding) -> tuple[str, ...]:
    """Return the complete list, line by line, when the sentence is a summary."""
    if "lines" in finding.values:  # stored by an earlier version
        return tuple(finding.values["lines"])
    is_about_access = finding.code.value.startswith("ca_") and "text" not in finding.values
    return access_finding_lines(finding.code, finding.values) if is_about_access else ()


def severity_words(severity: Severity) -> str:
    """Return the word for a finding's severity."""
    return SEVERITIES[severity]


def source_words(source: str) -> str:
    """Return the source of a finding. The title of a vendor's page is returned unchanged."""
    return SOURCES[Source(source)] if source in set(Source) else source


def _words(code: FindingCode, values: Values) -> str:
    if "text" in values:  # stored by an earlier version
        return str(values["text"])
    if code.value.startswith("ca_"):
        return access_finding_words(code, values)
    if code in rules.FORMATS:
        return rules.rule_words(code, values)
    if code in unchecked.SUBJECTS:
        return unchecked.unchecked_words(code, values)
    return _FORMATS[code].format_map(values) if code in _FORMATS else _FUNCTIONS[code](values)
