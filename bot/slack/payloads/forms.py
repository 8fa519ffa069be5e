"""Parse the filled-in windows: the request form and the restore form."""

import json
import re
from collections.abc import Mapping

from bot.slack import ids
from bot.slack.payloads.button_values import (
    REQUEST_ID,
    parse_batch_page,
    parse_card_value,
    parse_settings_value,
    parse_tenant_id,
)
from bot.slack.payloads.models import Interaction, View
from workflows.app.adoption.adopt_intake import AdoptForm
from workflows.app.batches.confirming import BatchForm
from workflows.app.requests.forms import EditedRequest, Form
from workflows.app.requests.restoration.restore_intake import RestoreForm
from workflows.core.people import ChatId
from workflows.core.requests.commands.editing import LessAsked
from workflows.core.requests.request import RequestId
from workflows.core.settings.canonical import Digest
from workflows.core.settings.model import TenantId, is_tenant_id


def parse_form(interaction: Interaction) -> Form:
    """Read the request form, also the one that edits a request. Missing values stay empty; the intake reports them.

    :raises Refused: when its metadata names what it edits in another form.
    """
    view = interaction.required_view
    metadata = _metadata(view)
    edits = None
    if ids.EDITS in metadata:
        request_id, digest = parse_card_value(str(metadata[ids.EDITS]))
        edits = EditedRequest(request_id=request_id, digest=digest)
    return Form(
        requester=interaction.actor,
        # The form of an edit has no field for the partner, which cannot be changed.
        target=view.value(ids.TARGET) if edits is None else str(metadata.get(ids.LOOKED_UP, "")),
        template=view.value(ids.TEMPLATE),
        justification=view.value(ids.JUSTIFICATION),
        sponsor=ChatId(view.value(ids.SPONSOR) or interaction.actor),
        days=_chosen_days(view),
        ends_on=view.value(ids.END_DATE),
        starts_on=view.value(ids.START_DATE),
        ticket=view.value(ids.TICKET),
        placeholders=(placeholders := _typed_placeholders(view)),
        labels={name: label for name in placeholders if (label := view.label(f"{ids.PLACEHOLDER_PREFIX}{name}"))},
        edited_request=edits,
        answers_review_of=_answered_review(metadata),
        for_person=ChatId(for_person) if (for_person := view.value(ids.FOR_PERSON)) else None,
        left_out=tuple(sorted(view.ticked(ids.LEFT_OUT))),
    )


def parse_less_form(interaction: Interaction) -> tuple[RequestId, Digest, LessAsked, str]:
    """Read the window of a proposal: the request, the shown plan, what is proposed, and why.

    :raises Refused: when its metadata names no request.
    """
    view = interaction.required_view
    request_id, digest = parse_card_value(view.private_metadata)
    request_template = view.value(ids.TEMPLATE)
    less = LessAsked(
        template=request_template,
        days=_chosen_days(view),
        ends_on=view.value(ids.END_DATE),
        left_out=tuple(sorted(view.ticked(ids.LEFT_OUT))),
        empty_placeholders=tuple(sorted(view.ticked(ids.EMPTY_PLACEHOLDERS))),
    )
    return request_id, digest, less, view.value(ids.REASON)


def _answered_review(metadata: Mapping[str, object]) -> TenantId | None:
    """Return the partner whose review the form answers; None for any other form. A review is only answered by a request
    about this partner.
    """
    tenant_id = str(metadata.get(ids.ANSWERS_REVIEW, ""))
    return TenantId(tenant_id) if is_tenant_id(tenant_id) else None


def searched_template(interaction: Interaction) -> str:
    """Return the template whose fields the request form shows; empty when it shows none. It is not verified."""
    return str(_metadata(interaction.required_view).get(ids.PLACEHOLDERS_OF, ""))


def parse_restore_form(interaction: Interaction) -> RestoreForm:
    """Read the restore form. Missing values stay empty; the intake reports them.

    :raises Refused: when its metadata names no tenant.
    """
    view = interaction.required_view
    restores = view.value(ids.RESTORES)
    is_result = restores.startswith(ids.APPROVED_PREFIX)
    restores = restores.removeprefix(ids.APPROVED_PREFIX)
    return RestoreForm(
        requester=interaction.actor,
        tenant_id=parse_tenant_id(view.private_metadata),
        restored_request_id=restores if re.fullmatch(REQUEST_ID, restores) else "",
        justification=view.value(ids.JUSTIFICATION),
        sponsor=ChatId(view.value(ids.SPONSOR) or interaction.actor),
        days=_chosen_days(view),
        restores_result=is_result,
    )


def parse_adopt_form(interaction: Interaction) -> AdoptForm:
    """Read the form that adopts current settings. Missing values stay empty; the intake reports them.

    :raises Refused: when its metadata names no tenant and no settings.
    """
    view = interaction.required_view
    tenant_id, shown_settings = parse_settings_value(view.private_metadata)
    return AdoptForm(
        requester=interaction.actor,
        tenant_id=tenant_id,
        shown_settings=shown_settings,
        justification=view.value(ids.JUSTIFICATION),
        sponsor=ChatId(view.value(ids.SPONSOR) or interaction.actor),
        days=_chosen_days(view),
    )


def parse_draft_form(interaction: Interaction) -> BatchForm:
    """Read the form that confirms a draft. Missing values stay empty; the intake reports them.

    :raises Refused: when its metadata names no draft.
    """
    view = interaction.required_view
    batch_id, shown_version = parse_batch_page(view.private_metadata)
    return BatchForm(
        requester=interaction.actor,
        batch_id=batch_id,
        shown_version=shown_version,
        justification=view.value(ids.JUSTIFICATION),
        sponsor=ChatId(view.value(ids.SPONSOR) or interaction.actor),
        days=_chosen_days(view),
    )


def _chosen_days(view: View) -> int:
    days = view.value(ids.DURATION)
    return int(days) if days.isascii() and days.isdecimal() and len(days) < 6 else 0


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
    fields = (block_id for block_id in view.state.values if block_id.startswith(ids.PLACEHOLDER_PREFIX))
    return {block_id.removeprefix(ids.PLACEHOLDER_PREFIX): view.value(block_id) for block_id in fields}
