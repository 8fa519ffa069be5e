"""The surfaces of changing one's mind: edit, request again, a second request, close early, restore, show."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.slack.blocks.blocks import Json
from bot.slack.cards.approval.card_context import CardContext
from bot.slack.cards.approval.new_approval import new_approval_message
from bot.slack.flows.request_access.close_early import close_early_view
from bot.slack.flows.request_access.form import RequestForm, request_view
from bot.slack.flows.request_access.partner_result import LookupResult
from bot.slack.flows.restore.form import Preview, RestoreFormContent, restore_view
from bot.slack.flows.show.partner_details import partner_details
from bot.slack.people.approvers import StageApprovers
from tests.bot.sandbox.page import samples
from tests.bot.shipped_cards import FINDINGS, NAMES, waiting
from tests.workflows.core.builders import AMARA, NOW, RILEY, SAM, TENANT, access_plan, approval, identity, partnership
from workflows.app.requests.forms import EditedRequest, RefillCode
from workflows.app.requests.restore_intake import RestoreForm
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.errors.facts import Fact
from workflows.core.policy.offers import arranged_offers, offers_of
from workflows.core.policy.template import one_approver
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, ObservedPartner, RequestId, RequestState

_LONG = (
    "The bridge project needs their engineers in our Teams until the handover in autumn, because the second phase was "
    "added in the last steering meeting and the three new sites are in scope now."
)
_TEMPLATES = load_catalog(SHIPPED).templates


def _asked() -> AccessRequest:
    asked = waiting(_TEMPLATES["trusted-partner"])
    return replace(asked, decisions=(approval(AMARA, 0, digest=asked.plan.digest),))


def again_justification() -> list[Json]:
    """Return the message about a new round in which only the justification is different."""
    before = _asked()
    asked = replace(before.fields, justification=_LONG)
    again = replace(
        before,
        fields=asked,
        decisions=(),
        void_decisions=before.decisions,
        round=1,
        previously_shown=replace(before.require_prepared()),
        previous_fields=before.fields,
        asked_again=(Fact(NoteCode.EDITED, {"name": "Riley Park"}),),
    )
    return new_approval_message(again, holders=NAMES, context=CardContext(is_first=False), now=NOW).blocks


def changing_messages() -> dict[str, list[Json]]:
    """Return the messages that people get when a request or a partner changes."""
    return {"again-justification": again_justification(), "show": _show()}


def changing_forms() -> dict[str, Json]:
    """Return the forms that are filled in from something earlier."""
    asked = _asked()
    edits = EditedRequest(request_id=asked.id, digest=asked.plan.digest)
    partner = ObservedPartner(identity=identity(), configuration=None, default=samples.default_configuration(), at=NOW)
    found = LookupResult.of(partner, typed_text="contoso.com")
    taken = LookupResult.of(partner, typed_text="contoso.com", open_request=asked)
    gone = Fact(RefillCode.DURATION_GONE, {"template": "Trusted partner", "days": 400})
    return {
        "edit": _form(
            found, edited_request=edits, approval_count=1, justification=asked.fields.justification, days=180
        ),
        "request-again": _form(found, justification=asked.fields.justification, notes={"duration": gone}),
        "second-request": _form(taken, justification=_LONG),
        "close-early": close_early_view(
            identity(),
            [
                StageApprovers(stage=one, approvers=NAMES.get(one.role))
                for one in one_approver(_TEMPLATES["block"].stages)
            ],
        ),
        "restore": _restore(),
    }


def _form(found: LookupResult, template: str = "trusted-partner", *, closing: bool = False, **values: Any) -> Json:
    offers = arranged_offers(offers_of(_TEMPLATES.values()), is_closing=closing)
    chosen = _TEMPLATES[template]
    form = RequestForm(
        offers=[replace(one, usual_wait=timedelta(days=2)) for one in offers],
        requester=RILEY.chat_id,
        target="contoso.com",
        lookup_result=found,
        template=template,
        approvers_by_stage=[StageApprovers(stage=one, approvers=NAMES.get(one.role)) for one in chosen.stages],
        **values,
    )
    return request_view(form)


def _changes() -> Iterable[AccessRequest]:
    done = replace(_asked(), state=RequestState.APPLIED, confirmed_at=NOW)
    return [replace(done, id=RequestId(f"R-{number:010}")) for number in range(3)]


def _restore() -> Json:
    template = _TEMPLATES["trusted-partner"]
    before = {"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": False, "isCompliantDeviceAccepted": True}}
    preview = Preview(
        plan=access_plan(before),
        default=samples.default_configuration(),
        template=template,
        stages=template.stages,
        findings=FINDINGS,
    )
    changes = list(_changes())
    form = RestoreForm(
        requester=RILEY.chat_id,
        tenant_id=TENANT,
        restored_request_id=changes[0].id,
        justification="",
        sponsor=SAM.chat_id,
        days=0,
    )
    return restore_view(
        RestoreFormContent(identity=identity(), changes=changes, templates=(template,), form=form, preview=preview)
    )


def _show() -> list[Json]:
    [current, *older] = _changes()
    configuration = {"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": True, "isCompliantDeviceAccepted": True}}
    record = replace(partnership(), request_id=current.id)
    return partner_details(
        identity(),
        configuration,
        samples.default_configuration(),
        record,
        [current, *older],
        NOW,
        reader=frozenset({record.sponsor.id}),
    ).blocks
