"""Messages about the people who decide, and a card and its details with a changed profile."""

from dataclasses import replace
from datetime import timedelta

from bot.slack.blocks.blocks import Json, within_limits
from bot.slack.cards.approval.approval_card import approval_blocks
from bot.slack.cards.approval.card_context import CardContext
from bot.slack.cards.decisions import profile_changed_message, weekly_list_message
from bot.slack.words.alarms import alarm_message
from tests.bot.shipped_cards import NAMES, waiting
from tests.bot.slack.cards.every_message import ALARM_VALUES
from tests.bot.words.requests.test_messages import GOLDEN
from tests.workflows.core.builders import AMARA, NOW
from workflows.app.alarms import new_alarm
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.errors.facts import Fact
from workflows.core.policy.approval import Choice, Decision
from workflows.core.policy.delegation.profiles import ProfileChange, ProfilePart
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.effects import MessageCode
from workflows.core.requests.request import AccessRequest


def with_changed_profile() -> AccessRequest:
    """Return a high-risk request that somebody approved whose mail address was changed shortly before."""
    asked = waiting(load_catalog(SHIPPED).templates["trusted-partner"])
    change = ProfileChange(
        part=ProfilePart.CHAT_MAIL,
        before="amara@woodgrove.com",
        after="amara@elsewhere.example",
        unchanged_at=NOW - timedelta(days=9),
        noticed_at=NOW - timedelta(days=2),
    )
    decision = Decision(
        person=AMARA,
        choice=Choice.APPROVE,
        stage=0,
        digest=asked.plan.digest,
        reason="",
        at=NOW,
        profile_changes=(change,),
    )
    return replace(asked, decisions=(decision,))


def decider_messages() -> dict[str, list[Json]]:
    """Return the card, and the messages to other approvers, to deciders and to admins."""
    values = {code: values for code, values, _ in GOLDEN}
    card = approval_blocks(with_changed_profile(), holders=NAMES, context=CardContext(is_first=True), now=NOW)
    profile = Fact(MessageCode.PROFILE_CHANGED, values[MessageCode.PROFILE_CHANGED])
    week = Fact(MessageCode.DECIDED_IN_YOUR_NAME, values[MessageCode.DECIDED_IN_YOUR_NAME])
    alarm = new_alarm(AlarmCode.UNUSUAL_DECISIONS, "1", ALARM_VALUES[AlarmCode.UNUSUAL_DECISIONS], NOW)
    return {
        "decider-card": within_limits(card, "message"),
        "decider-profile": profile_changed_message(profile).blocks,
        "decider-week": weekly_list_message(week).blocks,
        "decider-alarm": alarm_message(alarm, is_admin=True).blocks,
    }
