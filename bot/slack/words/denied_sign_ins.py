"""The tenants of an alarm about denied sign-ins, in a message: ids and domains as code, and Microsoft's codes.

A boundary: what a tenant names is shown as code only, so that it never reads as a name that Gatehouse has checked.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack.blocks.blocks import DOMAIN_LIMIT, TextRun, bullets, cleaned_text, fixed_text, paragraph
from bot.words.posture.denied_sign_ins import NO_DOMAIN, code_lines, people_words, sign_ins_words
from bot.words.sentences import counted
from workflows.core.requests.alarms import Alarm, AlarmCode

DENIED: Final = (AlarmCode.SIGN_INS_DENIED, AlarmCode.SIGN_INS_DENIED_TO_MANY)
_LINE: Final = 300


def denied_elements(alarm: Alarm) -> Iterator[RichTextElement]:
    """Return the tenants of an alarm while it is open, the one tenant also afterwards; nothing for other alarms."""
    if alarm.code is AlarmCode.SIGN_INS_DENIED:
        (tenant,) = alarm.values["tenants"]
        yield paragraph(fixed_text("Tenant "), *tenant_runs(tenant))
        for line in code_lines(tenant["codes"]) if alarm.is_open else ():
            yield paragraph(cleaned_text(line, _LINE))
    elif alarm.code is AlarmCode.SIGN_INS_DENIED_TO_MANY and alarm.is_open:
        yield bullets(tenant_lines(alarm.values["tenants"], alarm.values["count"]))


def tenant_runs(tenant: Mapping[str, Any]) -> list[TextRun]:
    """Return the id and the domain of a tenant."""
    domain = tenant["domain"]
    shown = cleaned_text(domain, DOMAIN_LIMIT, code=True) if domain else fixed_text(NO_DOMAIN)
    return [cleaned_text(tenant["tenant"], code=True), fixed_text(" · domain "), shown]


def tenant_lines(tenants: list[Mapping[str, Any]], count: int, *, with_people: bool = False) -> list[list[TextRun]]:
    """Return a line for each listed tenant with its numbers, and how many more there are."""
    lines = []
    for one in tenants:
        people = f" of {people_words(one)}" if with_people else ""
        lines.append([*tenant_runs(one), fixed_text(f" · {sign_ins_words(one)}{people}")])
    more = count - len(tenants)
    return [*lines, [fixed_text(f"{counted(more, 'more tenant')}")]] if more else lines
