"""`/partner posture`: the default, the counts, and the partners that need attention, as one message."""

from collections.abc import Iterator, Sequence
from typing import Final

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack.blocks.blocks import (
    DOMAIN_LIMIT,
    TextRun,
    bullets,
    cleaned_text,
    fixed_text,
    header,
    local_time,
    paragraph,
    rich_text,
    small_text,
)
from bot.slack.blocks.freeze_banner import freeze_banner
from bot.slack.blocks.message import Message, message
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.concerns import concern_elements
from bot.words.plans.risk import OF_ALL_ACCESS, all_access_level_words
from bot.words.posture.concerns import concern_words
from bot.words.posture.summary import B2B_DIRECTIONS, counts_words, not_adopted_words, record_words, trust_words
from bot.words.settings.open_access import ACCESS_STATE_WORDS
from workflows.core.policy.stops.freeze import Freeze
from workflows.core.posture.model import ConcernSeverity, DefaultPosture, PartnerPosture, Posture
from workflows.core.settings.model import Property
from workflows.core.settings.open_access import AccessState

MAX_PARTNERS: Final = 12
"""With their warnings they certainly fit into one message."""
MAX_CONCERNS: Final = 4
MAX_DEFAULT_CONCERNS: Final = 8
_WHOLE: Final = "the whole posture: gatehouse posture on the command line, or gatehouse posture --json"


def posture_message(posture: Posture, freeze: Freeze | None = None) -> Message:
    """Return a posture as a message. Partners that do not fit are counted.

    :param freeze: the freeze in force.
    """
    shown_partners = posture.partners[:MAX_PARTNERS]
    blocks: list[Block] = [
        header("Current settings of the tenant"),
        *freeze_banner(freeze, is_short=True),
        rich_text(*_default_elements(posture.default)),
        rich_text(
            paragraph(
                fixed_text(counts_words(posture), bold=True),
                *([fixed_text(f" {said}")] if (said := not_adopted_words(len(posture.not_adopted))) else []),
                fixed_text(" Read "),
                local_time(posture.read_at),
                fixed_text("."),
            )
        ),
        *(rich_text(*_partner_elements(posture, partner)) for partner in shown_partners),
    ]
    other_partners = posture.partners[len(shown_partners) :]
    if other_partners:
        serious = sum(
            partner.severity in (ConcernSeverity.ALERT, ConcernSeverity.WARNING) for partner in other_partners
        )
        blocks.append(
            small_text(f"and {len(other_partners):,} more partners, {serious:,} of them with warnings. For {_WHOLE}")
        )
    else:
        blocks.append(small_text(f"As just read. For {_WHOLE}"))
    return message(f"Current tenant settings: {counts_words(posture)} {_summary(shown_partners)}", blocks)


def _default_elements(default: DefaultPosture) -> Iterator[RichTextElement]:
    yield paragraph(fixed_text("The default, for every tenant without settings of its own", bold=True))
    if default.is_read:
        trusted = ", ".join(trust_words(default)) or "nothing"
        directions = [
            [fixed_text(f"{name}: "), *_both(default, inbound, outbound)] for name, inbound, outbound in B2B_DIRECTIONS
        ]
        yield bullets([*directions, [fixed_text("Trusted: "), fixed_text(trusted)]])
    yield from concern_elements(default.concerns, MAX_DEFAULT_CONCERNS, full_list_command="gatehouse posture")


def _partner_elements(posture: Posture, partner: PartnerPosture) -> Iterator[RichTextElement]:
    yield paragraph(*_title(partner))
    facts: list[list[TextRun]] = [
        [fixed_text(f"{name}: "), *_both(partner, inbound, outbound)] for name, inbound, outbound in B2B_DIRECTIONS
    ]
    trusted = ", ".join(trust_words(partner))
    risk = all_access_level_words(partner.risk.level, is_certain=partner.is_risk_certain)
    facts.append(
        [
            fixed_text(f"{OF_ALL_ACCESS}: {risk}; trusts {trusted or 'nothing'}; "),
            cleaned_text(record_words(partner, posture.read_at), 150),
        ]
    )
    yield bullets(facts)
    yield from concern_elements(partner.concerns, MAX_CONCERNS, full_list_command=f"/partner show {partner.name}")


def _title(partner: PartnerPosture) -> Iterator[TextRun]:
    yield cleaned_text(partner.name, DOMAIN_LIMIT, bold=True)
    if partner.name != partner.tenant_id:
        yield fixed_text("  ")
        yield cleaned_text(partner.tenant_id, code=True)
    if not partner.has_settings:
        yield fixed_text("  no settings in the tenant")


def _both(posture: PartnerPosture | DefaultPosture, inbound: Property, outbound: Property) -> Iterator[TextRun]:
    for word, name in (("in ", inbound), (", out ", outbound)):
        access_state = posture.b2b_access[name].opening
        yield fixed_text(word)
        yield fixed_text(ACCESS_STATE_WORDS[access_state], bold=access_state is not AccessState.CLOSED)


def _summary(partners: Sequence[PartnerPosture]) -> str:
    serious = [partner for partner in partners if partner.severity in (ConcernSeverity.ALERT, ConcernSeverity.WARNING)]
    return " ".join(f"{clean(partner.name, 60)}: {concern_words(partner.concerns[0])}" for partner in serious[:3])
