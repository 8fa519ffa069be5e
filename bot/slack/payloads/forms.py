"""Parse the filled-in windows: the request form and the restore form."""

import json
import re

from bot.slack import ids
from bot.slack.payloads.button_values import REQUEST_ID, parse_tenant_id
from bot.slack.payloads.models import Interaction, View
from workflows.app.requests.intake import Form
from workflows.app.requests.restore_intake import RestoreForm
from workflows.core.people import ChatId
from workflows.partner_lookup.target import is_tenant_id


def parse_form(interaction: Interaction) -> Form:
    """Read the request form. Missing values stay empty; the intake reports them."""
    view = interaction.the_view
    return Form(
        requester=interaction.actor,
        target=view.value(ids.TARGET),
        template=view.value(ids.TEMPLATE),
        justification=view.value(ids.JUSTIFICATION),
        sponsor=ChatId(view.value(ids.SPONSOR) or interaction.actor),
        days=_chosen_days(view),
        placeholders=(placeholders := _typed_placeholders(view)),
        shown=_shown_ids(view, placeholders),
    )


def parse_restore_form(interaction: Interaction) -> RestoreForm:
    """Read the restore form. Missing values stay empty; the intake reports them.

    :raises Refused: when its metadata names no tenant.
    """
    view = interaction.the_view
    restores = view.value(ids.RESTORES)
    return RestoreForm(
        requester=interaction.actor,
        tenant_id=parse_tenant_id(view.private_metadata),
        restores=restores if re.fullmatch(REQUEST_ID, restores) else "",
        justification=view.value(ids.JUSTIFICATION),
        sponsor=ChatId(view.value(ids.SPONSOR) or interaction.actor),
        days=_chosen_days(view),
    )


def _chosen_days(view: View) -> int:
    days = view.value(ids.DURATION)
    return int(days) if days.isascii() and days.isdecimal() and len(days) < 6 else 0


def _shown_ids(view: View, placeholders: dict[str, str]) -> dict[str, str]:
    """Read which IDs the form shows for names, for fields that still contain the same name.

    It is unverified, like all typed values: a person who could forge it could also type the ID.
    """
    named = _metadata(view).get(ids.NAMED)
    claimed = named.items() if isinstance(named, dict) else ()
    return {
        name: id
        for name, said in claimed
        for typed, _, id in [str(said).partition(":")]
        if typed == ids.fingerprint(placeholders.get(name, "")) and is_tenant_id(id)
    }


def _metadata(view: View) -> dict[str, object]:
    try:
        metadata = json.loads(view.private_metadata or "{}")
    except ValueError:
        return {}
    return metadata if isinstance(metadata, dict) else {}


def _typed_placeholders(view: View) -> dict[str, str]:
    """Read the placeholders' fields, by the placeholder's name; empty when they belong to another template."""
    if _metadata(view).get(ids.PLACEHOLDERS_OF) != view.value(ids.TEMPLATE):
        return {}
    fields = (block_id for block_id in view.state.values if block_id.startswith(ids.PLACEHOLDER))
    return {block_id.removeprefix(ids.PLACEHOLDER): view.value(block_id) for block_id in fields}
