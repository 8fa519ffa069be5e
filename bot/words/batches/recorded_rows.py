"""The words of a file that lists what is in force: why a partner has no row, and what else a row cannot say."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from bot.words.refusals.sentences import fact_words
from bot.words.refusals.sheets import problem_words
from bot.words.sentences import Sentence, comma_list, fill_in, minute
from workflows.app.batches.importing.recorded_rows import WhyNotInFile
from workflows.core.errors.facts import Fact, fact_from_value
from workflows.core.partners.partnership import ClosedAs

_WHY: Final[Mapping[WhyNotInFile, Sentence]] = {
    WhyNotInFile.CLOSED: lambda values: (
        "The partner is blocked."
        if values["state"] == ClosedAs.BLOCKED
        else f"The partner is {values['state']}, and blocked."
    ),
    WhyNotInFile.DRIFTED: "Its settings differ from what was approved. Restore, accept or revoke them first.",
    WhyNotInFile.NOT_AS_APPROVED: "Nobody approved its settings as they are.",
    WhyNotInFile.REQUEST_MISSING: "Its request is missing, or cannot be read.",
    WhyNotInFile.PARTS_LEFT_OUT: lambda values: (
        f"Parts of its template were not asked for, and a row would ask for them: {comma_list(values['parts'])}."
    ),
    WhyNotInFile.NO_TEMPLATE: "No template gives its settings.",
    WhyNotInFile.TEMPLATE_GONE: "Its template {template} is not there any more.",
    WhyNotInFile.TEMPLATE_CHANGED: "Its template {template} changed since the approval, and gives other settings now.",
    WhyNotInFile.OTHER_SETTINGS: "Its template {template} gives other settings than were approved.",
    WhyNotInFile.REFUSED: lambda values: (
        "A row would be refused: "
        + problem_words(str(values["column"]), fact_words(fact_from_value(values["problem"])))
    ),
}
WRITTEN_BY: Final = (
    "The partners whose access is in force, as it was approved. Written by gatehouse export --format toml.",
    "gatehouse plan FILE shows what is different now. Right after the export it changes nothing.",
)
NOT_WRITTEN: Final = "These partners have no row, because gatehouse plan would change them. Why stands below each:"
SPONSOR_NOT_KNOWN: Final = "This row names no sponsor: Entra has no mail address that belongs to {} alone."
DROPPED: Final = "This row has no {}, because gatehouse plan would refuse what is on record."


def header_words(tenant_id: str, made_at: datetime, templates: Mapping[str, str]) -> Iterator[str]:
    """Yield what the file says of itself.

    :param templates: the content hash of each template that a row names, by its name.
    """
    yield from WRITTEN_BY
    yield f"Our tenant: {tenant_id}"
    yield f"Time: {minute(made_at)}"
    yield from (f"Template {name}, SHA-256 of its content: {one}" for name, one in sorted(templates.items()))


def why_not_words(facts: Iterable[Fact]) -> str:
    """Say why a partner has no row."""
    return " ".join(fill_in(_WHY[WhyNotInFile(fact.code)], fact.values) for fact in facts)
